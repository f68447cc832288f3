//! actix-web with actix-cors.

use std::sync::mpsc::Sender;

// guide: old
use actix_cors::Cors;
use actix_web::http::header;
// guide: end
use actix_web::rt::System;
use actix_web::{App, HttpServer};

use crate::routes::actix::routes;
use crate::server::{ServerError, listen};

// guide: old

fn cors() -> Cors {
    Cors::default()
        .allowed_origin("https://app.example.com")
        .allowed_origin("https://admin.example.com")
        .allowed_methods(["GET", "POST", "PUT", "DELETE"])
        .allowed_headers([header::CONTENT_TYPE, header::AUTHORIZATION])
        .expose_headers(["x-request-id"])
        .supports_credentials()
        .max_age(7200)
}
// guide: end

/// Serves the application.
///
/// # Errors
///
/// When it cannot.
pub fn serve(started: Sender<u16>) -> Result<(), ServerError> {
    System::new().block_on(async {
        let listener = listen(&started)?;
        // guide: old

        let server = HttpServer::new(|| App::new().configure(routes).wrap(cors()));
        // guide: end
        Ok(server.workers(1).listen(listener)?.run().await?)
    })
}
