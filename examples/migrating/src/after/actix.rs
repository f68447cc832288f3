//! actix-web with cors-actix.

use std::sync::mpsc::Sender;

use actix_web::rt::System;
use actix_web::{App, HttpServer};
// guide: new
use cors_actix::{Cors, Policy};
// guide: end

use crate::routes::actix::routes;
use crate::server::{ServerError, listen};

/// Serves the application.
///
/// # Errors
///
/// When it cannot.
pub fn serve(started: Sender<u16>) -> Result<(), ServerError> {
    System::new().block_on(async {
        let listener = listen(&started)?;
        // guide: new

        let cors = Cors::new(Policy::from_file("cors.toml")?);
        let server = HttpServer::new(move || {
            let app = App::new().configure(routes);
            app.wrap(cors.clone()) // last: around everything
        });
        // guide: end
        Ok(server.workers(1).listen(listener)?.run().await?)
    })
}
