//! axum with cors-axum.

use std::sync::mpsc::Sender;

// guide: new
use cors_axum::{Policy, WithCors as _};
// guide: end
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
