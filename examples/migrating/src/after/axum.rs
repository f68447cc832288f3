//! axum with cors-axum.

use std::sync::mpsc::Sender;

// guide: new
use cors_axum::{Policy, WithCors as _};
// guide: end
use cors_axum::{CorsRouter, LoadError};
use tokio::net::TcpListener;

use crate::routes::axum::routes;
use crate::server::{ServerError, listen, runtime};

/// Serves the application.
///
/// # Errors
///
/// When it cannot.
pub fn serve(started: Sender<u16>) -> Result<(), ServerError> {
    runtime()?.block_on(async {
        let listener = TcpListener::from_std(listen(&started)?)?;
        // guide: new

        let policy = Policy::from_file("cors.toml")?;
        let app = routes().with_cors(policy); // last: around everything
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
        // guide: new, for everyone
        let app = routes().with_cors(Policy::from_file("public.toml")?);
        // guide: end
        axum::serve(listener, app).await?;
        Ok(())
    })
}

/// The application that refuses writes of other sites' pages.
///
/// # Errors
///
/// When the policy cannot be loaded.
pub fn refusing() -> Result<CorsRouter, LoadError> {
    // guide: new, csrf
    let app = routes().with_cors(Policy::from_file("csrf.toml")?);
    // guide: end
    Ok(app)
}
