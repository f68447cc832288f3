//! Applications with the CORS layer of tower-http.

use std::sync::mpsc;
use std::thread;

use axum::Router;
use axum::http::{HeaderValue, Method, header};
use axum::routing::get;
use tower_http::cors::{AllowOrigin, Any, CorsLayer};

use super::server::{APP, Done, probe};

/// Serves an application under a layer, until the test ends.
fn serve(layer: CorsLayer) -> String {
    let (say, hear) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
                .await
                .unwrap();
            say.send(listener.local_addr().unwrap().port()).unwrap();
            let app = Router::new().route("/", get(|| async { "hello" }).put(|| async { "hello" }));
            axum::serve(listener, app.layer(layer)).await.unwrap();
        });
    });
    format!("http://127.0.0.1:{}/", hear.recv().unwrap())
}

fn run(url: &str, args: &str) -> Done {
    probe(&format!("--origin {APP} {args}"), url)
}

#[track_caller]
fn audit(url: &str, status: i32, expected: &[&str]) {
    let done = run(url, "--audit --delay 0 --json");
    assert_eq!(done.findings(), expected, "{}", done.stdout);
    done.has_status(status);
}

#[test]
fn permissive() {
    let url = serve(CorsLayer::permissive());
    run(&url, "-X PUT -H X-A:1")
        .has_status(0)
        .says(&["allowed", "[no-max-age]"]);
    run(&url, "--credentials include")
        .has_status(1)
        .says(&["\nallow-origin-wildcard\n"]);
    audit(&url, 0, &["wildcard-origin"]);
}

#[test]
fn very_permissive() {
    let url = serve(CorsLayer::very_permissive());
    run(&url, "--credentials include")
        .has_status(0)
        .says(&["allowed"]);
    audit(&url, 1, &["reflected-origin-with-credentials"]);
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
    let url = serve(layer);
    run(&url, "-X PUT").has_status(0).says(&["allowed"]);
    let done = run(&url, "-X PUT --credentials include").has_status(1);
    done.says(&[
        "\nallow-credentials-missing\n",
        "send `Access-Control-Allow-Credentials: true`",
    ]);
    run(&url, "-X PUT -H X-A:1")
        .has_status(1)
        .says(&["\nheader-not-allowed\n", "add `x-a`"]);
    audit(&url, 0, &[]);
}

#[test]
fn one_origin() {
    let url = serve(CorsLayer::new().allow_origin(HeaderValue::from_static(APP)));
    run(&url, "").says(&["allowed"]);
    // One request cannot tell that this is for everybody; the audit can.
    audit(&url, 0, &["static-allow-origin"]);
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
    let url = serve(layer);
    // The standard wants it by name; Chromium and WebKit do not yet.
    let done = run(&url, "-H Authorization:Bearer");
    done.has_status(1).says(&["`Authorization`"]);
    let layer = CorsLayer::new()
        .allow_origin(Any)
        .allow_headers([header::AUTHORIZATION]);
    run(&serve(layer), "-H Authorization:Bearer").has_status(0);
}
