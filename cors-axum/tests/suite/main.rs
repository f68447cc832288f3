//! The tests of what cors-axum adds. The tests of the policy itself are in `cors-tower` and `cors-core`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod coverage;
mod head;
mod hello;
mod http2;
mod paths;
mod placement;
mod socket;

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, Response};
use cors_axum::{CorsLayer, Grant, Policy};
use http_body_util::BodyExt as _;
use tower::{Service, ServiceExt as _};

const ALLOWED: &str = "https://app.example.com";
const REFUSED: &str = "https://evil.example";

/// Gives [`ALLOWED`] a grant that no other origin has: `PUT`, credentials, a header.
fn policy() -> Policy {
    let grant = Grant::new([ALLOWED])
        .allow_methods(["PUT"])
        .expose_headers(["x-request-id"])
        .allow_credentials(true);
    Policy::new(grant).unwrap()
}

fn cors() -> CorsLayer {
    CorsLayer::new(policy())
}

/// A request from its first line, such as `GET /path`, and its headers.
fn request(line: &str, fields: &[(&str, &str)]) -> Request<Body> {
    let (method, path) = line.split_once(' ').unwrap();
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    request.body(Body::empty()).unwrap()
}

/// The CORS-preflight request for a `PUT` to `path`.
fn preflight(path: &str, origin: &str) -> Request<Body> {
    let fields = [("origin", origin), ("access-control-request-method", "PUT")];
    request(&format!("OPTIONS {path}"), &fields)
}

/// Calls `app` with `request`, without a socket.
fn send<S>(app: S, request: Request<Body>) -> Response<Bytes>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
{
    block_on(async {
        let Ok(response) = app.oneshot(request).await;
        let (head, body) = response.into_parts();
        Response::from_parts(head, body.collect().await.unwrap().to_bytes())
    })
}

fn block_on<F: Future>(future: F) -> F::Output {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_io().build().unwrap().block_on(future)
}

/// The headers as sorted lines, `name: value`.
fn lines(headers: &HeaderMap) -> Vec<String> {
    let mut lines: Vec<_> = headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    lines.sort();
    lines
}
