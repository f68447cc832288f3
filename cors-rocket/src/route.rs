//! The route that answers CORS-preflight requests.

use cors_core::adapter::is_preflight;
use rocket::http::{Method, Status};
use rocket::outcome::Outcome;
use rocket::route::BoxFuture;
use rocket::{Data, Request, Response, Route};

use crate::head::Head;

/// A route before all others, as routes and their guards are the first thing in Rocket that can
/// answer a request: fairings cannot.
pub(crate) fn preflight() -> Route {
    let mut route = Route::ranked(isize::MIN, Method::Options, "/<_..>", answer_or_forward);
    route.name = Some("CORS-preflight requests".into());
    route
}

fn answer_or_forward<'r>(request: &'r Request<'_>, data: Data<'r>) -> BoxFuture<'r> {
    if is_preflight(&Head::from(request)) {
        // Not with the status here: Rocket hands an error to a catcher, which would write a body. The status and the fields are the response half's.
        Outcome::Success(Response::new()).pin()
    } else {
        // With the status that Rocket starts routing with, so that nobody can tell we were asked.
        Outcome::Forward((data, Status::NotFound)).pin()
    }
}
