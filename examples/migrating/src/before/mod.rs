//! The applications with the CORS middleware that they come with.

pub mod actix;
pub mod axum;
pub mod rocket;
pub mod warp;
