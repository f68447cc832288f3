//! axum with the layer of tower-http.

use std::sync::mpsc::Sender;
// guide: old
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::CorsLayer;
// guide: end
use axum::Router;
use tokio::net::TcpListener;
// guide: old, csrf
use tower_http::csrf::{ConfigError, CsrfLayer};
// guide: end

use crate::routes::axum::routes;
use crate::server::{ServerError, listen, runtime};

// guide: old

fn cors() -> CorsLayer {
    let origins = ["https://app.example.com", "https://admin.example.com"];
    CorsLayer::new()
        .allow_origin(origins.map(HeaderValue::from_static))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers([header::CONTENT_TYPE, header::AUTHORIZATION])
        .expose_headers([HeaderName::from_static("x-request-id")])
        .allow_credentials(true)
        .max_age(Duration::from_secs(7200))
}
// guide: end

/// Serves the application.
///
/// # Errors
///
/// When it cannot.
pub fn serve(started: Sender<u16>) -> Result<(), ServerError> {
    runtime()?.block_on(async {
        let listener = TcpListener::from_std(listen(&started)?)?;
        // guide: old

        let app = routes().layer(cors());
        axum::serve(listener, app).await?;
        // guide: end
        Ok(())
    })
}

/// Serves the application for everyone.
///
/// # Errors
///
/// When it cannot.
pub fn serve_to_everyone(started: Sender<u16>) -> Result<(), ServerError> {
    runtime()?.block_on(async {
        let listener = TcpListener::from_std(listen(&started)?)?;
        // guide: old, for everyone
        let app = routes().layer(CorsLayer::permissive());
        // guide: end
        axum::serve(listener, app).await?;
        Ok(())
    })
}

// guide: old, csrf

/// The layer that refuses writes of other sites' pages.
pub fn csrf() -> Result<CsrfLayer, ConfigError> {
    let csrf = CsrfLayer::new().add_trusted_origin("https://app.example.com")?;
    Ok(csrf.with_insecure_bypass(|_method, uri| uri.path().starts_with("/hooks/")))
}
// guide: end

/// The application with that layer.
///
/// # Errors
///
/// None: the origin is valid.
pub fn with_csrf() -> Result<Router, ConfigError> {
    // guide: old, csrf

    let app = routes().layer(csrf()?);
    // guide: end
    Ok(app)
}
