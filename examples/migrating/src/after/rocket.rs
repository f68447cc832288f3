//! Rocket with cors-rocket.

use std::sync::mpsc::Sender;

// guide: new
use cors_rocket::{Cors, Policy};
// guide: end
// guide: guard
use cors_rocket::{Head, Verdict};
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome, Request};
// guide: end

use crate::routes::rocket::{launch, rocket, routes};
use crate::server::ServerError;

/// Serves the application.
///
/// # Errors
///
/// When it cannot.
pub fn serve(started: Sender<u16>) -> Result<(), ServerError> {
    let rocket = rocket(started).mount("/", rocket::routes![guarded]);
    // guide: new

    let cors = Cors::new(Policy::from_file("cors.toml")?);
    // guide: end
    // guide: guard

    let policy = cors.policy();
    // guide: end
    // guide: new
    let app = rocket.attach(cors).mount("/", routes()); // before other fairings
    // guide: end
    // guide: guard
    let app = app.manage(policy);
    // guide: end
    launch(app)
}

// guide: guard

/// A request that is not from a page of an origin without a grant.
struct KnownOrigin;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for KnownOrigin {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        let Some(policy) = request.rocket().state::<Policy>() else {
            return Outcome::Error((Status::InternalServerError, ()));
        };
        match policy.decide(&Head::from(request)).verdict() {
            Verdict::NoGrant => Outcome::Error((Status::Forbidden, ())),
            Verdict::Granted(_) | Verdict::NoOrigin => Outcome::Success(Self),
        }
    }
}

#[rocket::get("/guarded")]
fn guarded(_origin: KnownOrigin) -> &'static str {
    "guarded"
}
// guide: end
