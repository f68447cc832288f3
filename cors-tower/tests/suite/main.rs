//! What the layer guarantees, compared with the whole response: nothing else may be in it; and servers that use it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod actual;
mod axum07;
mod http2;
mod http2_client;
mod hyper;
mod live;
mod preflight;

use std::convert::Infallible;
use std::task::Poll;
use std::time::Duration;

use cors_tower::{Config, CorsLayer, Grant, Policy};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use tower::{Layer as _, ServiceExt as _, service_fn};

const ORIGIN: (&str, &str) = ("origin", "https://app.example.com");
const REFUSED: (&str, &str) = ("origin", "https://evil.example");
const ASKED_METHOD: (&str, &str) = ("access-control-request-method", "PUT");

/// Sends a request through the policy to an application that responds with `says` and with
/// `x-handler: 1`. Compares all headers of the response, in any order.
#[track_caller]
fn check_response(
    policy: &Config,
    (method, fields): (&str, &[(&str, &str)]),
    says: &[(&str, &str)],
    (status, expected): (u16, &[&str]),
) {
    let application = service_fn(async |_| {
        let mut response = Response::new("body");
        *response.headers_mut() = headers(says);
        response
            .headers_mut()
            .append("x-handler", "1".parse().unwrap());
        Ok::<_, Infallible>(response)
    });
    let mut request = Request::new(());
    *request.method_mut() = method.parse().unwrap();
    *request.headers_mut() = headers(fields);
    let service = CorsLayer::new(Policy::new(policy.clone()).unwrap()).layer(application);

    let Ok(response) = block_on(service.oneshot(request));
    assert_eq!(response.status(), status);
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(lines(response.headers()), expected);
    let ran = response.headers().contains_key("x-handler");
    assert_eq!(*response.body(), if ran { "body" } else { "" });
}

fn grant() -> Grant {
    Grant::new(["https://app.example.com"])
        .allow_methods(["PUT", "DELETE"])
        .allow_headers(["content-type", "x-custom"])
        .expose_headers(["x-request-id", "x-total"])
        .allow_credentials(true)
        .max_age(Duration::from_secs(600))
}

fn get(fields: &[(&str, &str)]) -> Request<()> {
    let mut request = Request::new(());
    *request.headers_mut() = headers(fields);
    request
}

fn headers(fields: &[(&str, &str)]) -> HeaderMap {
    fields
        .iter()
        .map(|(name, value)| {
            let name: HeaderName = name.parse().unwrap();
            (name, HeaderValue::from_bytes(value.as_bytes()).unwrap())
        })
        .collect()
}

/// The headers as sorted lines, `name: value`.
fn lines(headers: &HeaderMap) -> Vec<String> {
    let mut lines: Vec<_> = headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    lines.sort_unstable();
    lines
}

/// For futures that never wait.
fn block_on<F: Future>(future: F) -> F::Output {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the response waits for something"),
    }
}
