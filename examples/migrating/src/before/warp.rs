//! warp with its own filter.

use std::sync::mpsc::Sender;
// guide: old
use std::time::Duration;

use warp::Filter as _;
use warp::cors::Cors;
// guide: end
use tokio::net::TcpListener;

use crate::routes::warp::routes;
use crate::server::{ServerError, listen, runtime};

// guide: old

fn cors() -> Cors {
    warp::cors()
        .allow_origins(["https://app.example.com", "https://admin.example.com"])
        .allow_methods(["GET", "POST", "PUT", "DELETE"])
        .allow_headers(["content-type", "authorization"])
        .expose_headers(["x-request-id"])
        .allow_credentials(true)
        .max_age(Duration::from_secs(7200))
        .build()
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

        let app = routes().with(cors());
        warp::serve(app).incoming(listener).run().await;
        // guide: end
        Ok(())
    })
}
