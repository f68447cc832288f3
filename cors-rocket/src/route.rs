//! The route that answers CORS-preflight requests, and requests that are refused.

use cors_core::adapter::is_preflight;
use rocket::http::{Method, Status};
use rocket::outcome::Outcome;
use rocket::route::BoxFuture;
use rocket::{Data, Request, Response, Route};

use crate::apply::refused;
use crate::head::Head;

/// A route that is tried before all others. In Rocket, only routes and their guards can answer a request;
/// fairings cannot.
pub(crate) fn preflight() -> Route {
    let mut route = Route::ranked(isize::MIN, Method::Options, "/<_..>", answer_or_forward);
    route.name = Some("CORS-preflight and refused requests".into());
    route
}

fn answer_or_forward<'r>(request: &'r Request<'_>, data: Data<'r>) -> BoxFuture<'r> {
    if is_preflight(&Head::from(request)) || refused(request).is_some() {
        // Do not set the status here: Rocket passes errors to a catcher, which would write a body. The response fairing sets the status and the headers.
        Outcome::Success(Response::new()).pin()
    } else {
        // With the status that Rocket starts routing with, so that this route has no visible effect.
        Outcome::Forward((data, Status::NotFound)).pin()
    }
}
