//! Applications with the CORS layer of tower-http.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use http::{HeaderValue, Method, Request, Response, header};
use tower_http::cors::{AllowOrigin, Any, CorsLayer};
use tower_layer::Layer as _;
use tower_service::Service;

use super::server::{self, APP, Done, Scripted, probe};

/// An application that answers every request with 200.
#[derive(Clone)]
struct Application;

impl Service<Request<()>> for Application {
    type Response = Response<()>;
    type Error = Infallible;
    type Future = Ready<Result<Response<()>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        ready(Ok(Response::new(())))
    }
}

/// Serves the application under a layer. A framework would only add the time to build it.
fn serve(layer: CorsLayer) -> Scripted {
    Scripted::new(move |request| {
        let mut service = layer.layer(Application);
        let mut context = Context::from_waker(Waker::noop());
        // Neither the layer nor the application waits for anything.
        let Poll::Ready(Ok(response)) = pin!(service.call(to_http(request))).poll(&mut context)
        else {
            panic!("the layer waits for something");
        };
        let lines = response.headers().iter();
        let lines = lines.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()));
        (response.status().as_u16(), lines.collect())
    })
}

fn to_http(request: &server::Request) -> Request<()> {
    let builder = Request::builder()
        .method(&*request.method)
        .uri(&*request.target);
    let lines = request.lines.iter();
    let builder = lines.fold(builder, |builder, (name, value)| {
        builder.header(name, value)
    });
    builder.body(()).unwrap()
}

fn run(server: &Scripted, args: &str) -> Done {
    probe(&format!("--origin {APP} {args}"), &server.url())
}

#[track_caller]
fn audit(server: &Scripted, status: i32, expected: &[&str]) {
    let done = run(server, "--audit --delay 0 --json");
    assert_eq!(done.findings(), expected, "{}", done.stdout);
    done.has_status(status);
}

#[test]
fn permissive() {
    let server = serve(CorsLayer::permissive());
    run(&server, "-X PUT -H X-A:1")
        .has_status(0)
        .says(&["allowed", "[no-max-age]"]);
    run(&server, "--credentials include")
        .has_status(1)
        .says(&["\nallow-origin-wildcard\n"]);
    audit(&server, 0, &["wildcard-origin"]);
}

#[test]
fn very_permissive() {
    let server = serve(CorsLayer::very_permissive());
    run(&server, "--credentials include")
        .has_status(0)
        .says(&["allowed"]);
    audit(&server, 1, &["reflected-origin-with-credentials"]);
}

#[test]
fn a_list() {
    let origins = [
        HeaderValue::from_static(APP),
        HeaderValue::from_static("https://b.example.com"),
    ];
    let layer = CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::PUT]);
    let server = serve(layer);
    run(&server, "-X PUT").has_status(0).says(&["allowed"]);
    let done = run(&server, "-X PUT --credentials include").has_status(1);
    done.says(&[
        "\nallow-credentials-missing\n",
        "send `Access-Control-Allow-Credentials: true`",
    ]);
    run(&server, "-X PUT -H X-A:1")
        .has_status(1)
        .says(&["\nheader-not-allowed\n", "add `x-a`"]);
    audit(&server, 0, &[]);
}

#[test]
fn one_origin() {
    let server = serve(CorsLayer::new().allow_origin(HeaderValue::from_static(APP)));
    run(&server, "").says(&["allowed"]);
    // One request cannot tell that this is for everybody; the audit can.
    audit(&server, 0, &["static-allow-origin"]);
}

#[test]
fn a_predicate_that_compares_beginnings() {
    let begins = |origin: &HeaderValue, _: &_| origin.as_bytes().starts_with(APP.as_bytes());
    let layer = CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(begins))
        .allow_credentials(true);
    audit(&serve(layer), 1, &["prefix-match"]);
}

#[test]
fn everything_but_authorization() {
    let layer = CorsLayer::new()
        .allow_origin(Any)
        .allow_headers(Any)
        .allow_methods(Any);
    let server = serve(layer);
    // The standard wants it by name; Chromium and WebKit do not yet.
    let done = run(&server, "-H Authorization:Bearer");
    done.has_status(1).says(&["`Authorization`"]);
    let layer = CorsLayer::new()
        .allow_origin(Any)
        .allow_headers([header::AUTHORIZATION]);
    run(&serve(layer), "-H Authorization:Bearer").has_status(0);
}
