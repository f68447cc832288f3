//! The applications with our CORS middleware.

pub mod actix;
pub mod axum;
pub mod rocket;
pub mod warp;
