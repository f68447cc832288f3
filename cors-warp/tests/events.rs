//! The warning about CORS headers of another writer. It has a program of its own, because it listens to every event.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::convert::Infallible;

use cors_matrix::events::{replaced, warnings};
use cors_warp::{Cors, Grant, Policy};
use tower::{Service, ServiceExt as _};
use warp::Filter as _;
use warp::filters::BoxedFilter;
use warp::http::Request;
use warp::reply::{Reply, Response};

const ALLOW_ORIGIN: &str = "access-control-allow-origin";
const APP: &str = "https://app.example.com";

/// One route writes the header itself, another has a policy of its own.
fn routes() -> BoxedFilter<(Response,)> {
    let plain = warp::path!("plain").map(|| "plain");
    let own = warp::path!("own").map(|| warp::reply::with_header("own", ALLOW_ORIGIN, "*"));
    let public = cors("*").wrap(warp::any().map(|| "public"));
    let routes = plain.or(own).or(warp::path("public").and(public));
    routes.map(Reply::into_response).boxed()
}

/// The warnings while a request is answered.
fn warnings_of<S>(service: &S, path: &str) -> Vec<String>
where
    S: Service<Request<String>, Response = Response, Error = Infallible> + Clone,
{
    let request = Request::get(path).header("origin", APP);
    let request = request.body(String::new()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    warnings(|| {
        let Ok(response) = runtime.block_on(service.clone().oneshot(request));
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()[ALLOW_ORIGIN], APP);
    })
}

fn cors(origin: &str) -> Cors {
    Cors::new(Policy::new(Grant::new([origin])).unwrap())
}

#[track_caller]
fn check<S>(path: &str, form: impl Fn(Cors) -> S)
where
    S: Service<Request<String>, Response = Response, Error = Infallible> + Clone,
{
    let service = form(cors(APP));
    assert_eq!(warnings_of(&service, "/plain"), [""; 0]);
    assert_eq!(warnings_of(&service, path), [replaced(ALLOW_ORIGIN)]);
    assert_eq!(warnings_of(&service, path), [""; 0]);
}

#[test]
fn another_writer_is_reported_once() {
    check("/own", |cors| warp::service(cors.wrap(routes())));
    check("/own", |cors| cors.layer(warp::service(routes())));
}

#[test]
fn of_two_policies_the_outer_one_reports() {
    check("/public", |cors| warp::service(cors.wrap(routes())));
    check("/public", |cors| cors.layer(warp::service(routes())));
}
