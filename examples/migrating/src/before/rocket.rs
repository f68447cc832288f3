//! Rocket with rocket_cors.

use std::sync::mpsc::Sender;

// guide: old
use rocket::http::Method;
use rocket_cors::{AllowedHeaders, AllowedOrigins, Cors, CorsOptions, Error};
// guide: end

use crate::routes::rocket::{launch, rocket, routes};
use crate::server::ServerError;

// guide: old

fn cors() -> Result<Cors, Error> {
    let origins = ["https://app.example.com", "https://admin.example.com"];
    let methods = [Method::Get, Method::Post, Method::Put, Method::Delete];
    CorsOptions {
        allowed_origins: AllowedOrigins::some_exact(&origins),
        allowed_methods: methods.into_iter().map(From::from).collect(),
        allowed_headers: AllowedHeaders::some(&["content-type", "authorization"]),
        expose_headers: ["x-request-id".to_owned()].into(),
        allow_credentials: true,
        max_age: Some(7200),
        ..CorsOptions::default()
    }
    .to_cors()
}
// guide: end

/// Serves the application.
///
/// # Errors
///
/// When it cannot.
pub fn serve(started: Sender<u16>) -> Result<(), ServerError> {
    let rocket = rocket(started);
    // guide: old

    let app = rocket.attach(cors()?).mount("/", routes());
    // guide: end
    launch(app)
}
