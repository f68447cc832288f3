//! The warning about CORS headers of another writer. It has a program of its own, because it listens to every event.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::get;
use cors_axum::{CorsRouter, Grant, Policy, WithCors as _};
use cors_matrix::events::{replaced, warnings};
use tower::ServiceExt as _;

const ALLOW_ORIGIN: &str = "access-control-allow-origin";
const APP: &str = "https://app.example.com";

/// The warnings while a request is answered.
fn warnings_of(app: &CorsRouter, path: &str) -> Vec<String> {
    let request = Request::get(path).header("origin", APP);
    let request = request.body(Body::empty()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    warnings(|| {
        let Ok(response) = runtime.block_on(app.clone().oneshot(request));
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()[ALLOW_ORIGIN], APP);
    })
}

fn policy(origin: &str) -> Policy {
    Policy::new(Grant::new([origin])).unwrap()
}

#[test]
fn another_writer_is_reported_once() {
    let app = Router::new()
        .route("/plain", get(async || "plain"))
        .route("/own", get(async || [(ALLOW_ORIGIN, "*")]))
        .with_cors(policy(APP));
    assert_eq!(warnings_of(&app, "/plain"), [""; 0]);
    assert_eq!(warnings_of(&app, "/own"), [replaced(ALLOW_ORIGIN)]);
    assert_eq!(warnings_of(&app, "/own"), [""; 0]);
}

#[test]
fn of_two_policies_the_outer_one_reports() {
    let public = Router::new().route("/", get(async || "public"));
    let public = public.with_cors(policy("*"));
    let app = Router::new()
        .nest_service("/public", public)
        .with_cors(policy(APP));
    assert_eq!(warnings_of(&app, "/public"), [replaced(ALLOW_ORIGIN)]);
    assert_eq!(warnings_of(&app, "/public"), [""; 0]);
}
