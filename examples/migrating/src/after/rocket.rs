//! Rocket with cors-rocket.

use std::sync::mpsc::Sender;

// guide: new
use cors_rocket::{Cors, Policy};
// guide: end

use crate::routes::rocket::{launch, rocket, routes};
use crate::server::ServerError;

/// Serves the application.
///
/// # Errors
///
/// When it cannot.
pub fn serve(started: Sender<u16>) -> Result<(), ServerError> {
    let rocket = rocket(started);
    // guide: new

    let cors = Cors::new(Policy::from_file("refusing.toml")?);
    let app = rocket.attach(cors).mount("/", routes()); // before other fairings
    // guide: end
    launch(app)
}
