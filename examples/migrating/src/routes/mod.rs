//! The routes of the applications, which are the same before and after.

pub mod actix;
pub mod axum;
pub mod rocket;
pub mod warp;
