//! warp with cors-warp.

use std::sync::mpsc::Sender;

// guide: new
use cors_warp::{Cors, Policy};
// guide: end
use tokio::net::TcpListener;

use crate::routes::warp::routes;
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

        let cors = Cors::new(Policy::from_file("refusing.toml")?);
        let app = cors.wrap(routes()); // last: around everything
        warp::serve(app).incoming(listener).run().await;
        // guide: end
        Ok(())
    })
}
