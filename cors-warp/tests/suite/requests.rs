//! Preflights and actual requests, in both forms.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use crate::forms::{COVERED, Form, GRANTED, Message, ORIGIN, OTHER, REFUSED, Routes};
use crate::forms::{block_on, boxed, cors, request, respond, send};
use futures_util::{StreamExt as _, stream};
use http_body_util::BodyExt as _;
use tokio::sync::mpsc;
use warp::Filter as _;
use warp::http::{Request, Response};

/// Each route responds with its name, and rejects other requests.
fn routes() -> Routes {
    let get = warp::path!("get").and(warp::get()).map(|| "get");
    let any = warp::path!("any").map(|| "any");
    let own = warp::path!("options").and(warp::options()).map(|| "own");
    let guarded = warp::path!("guarded")
        .and(warp::header::exact("authorization", "Bearer secret"))
        .map(|| "guarded");
    boxed(get.or(any).or(own).or(guarded))
}

/// Sends a request to both forms.
#[track_caller]
fn each(routes: &Routes, request: &Request<String>) -> Message {
    let [filter, tower] = COVERED.map(|form| send(form, routes, request));
    assert_eq!(filter, tower);
    filter
}

fn lined(method: &str, path: &str, lines: &[(&str, &str)]) -> Request<String> {
    let request = lines.iter().fold(request(method, path), |request, line| {
        request.header(line.0, line.1)
    });
    request.body(String::new()).unwrap()
}

#[test]
fn preflights() {
    const GRANTED: (u16, &[&str]) = (
        204,
        &[
            "access-control-allow-credentials: true",
            "access-control-allow-headers: content-type",
            "access-control-allow-methods: PUT, DELETE",
            "access-control-allow-origin: https://app.example.com",
            "access-control-max-age: 86400",
            "vary: Origin",
        ],
    );
    const REFUSED: (u16, &[&str]) = (403, &["vary: Origin"]);
    #[track_caller]
    fn check(path: &str, origins: &[&str], expected: (u16, &[&str])) {
        let mut lines = vec![("access-control-request-method", "PUT")];
        lines.extend(origins.iter().map(|origin| ("origin", *origin)));
        let response = each(&routes(), &lined("OPTIONS", path, &lines));
        assert_eq!(response.status, expected.0);
        assert_eq!(response.body, "");
        assert_eq!(response.cors_fields(), expected.1);
        let headers = response.without_cors().headers;
        assert!(headers.is_empty(), "{headers:?}");
    }
    for path in ["/get", "/any", "/options", "/guarded", "/nowhere", "/", "*"] {
        check(path, &[ORIGIN], GRANTED);
        check(path, &[OTHER], REFUSED);
    }
    check("/get", &[ORIGIN, ORIGIN], REFUSED);
    check("/get", &[ORIGIN, OTHER], REFUSED);
    check("/get", &["null"], REFUSED);
    check("/get", &[""], REFUSED);
}

#[test]
fn other_requests_reach_the_routes() {
    #[track_caller]
    fn check(path: &str, lines: &[(&str, &str)], status: u16, body: &str) {
        let request = lined("OPTIONS", path, lines);
        let response = each(&routes(), &request);
        assert_eq!(response.status, status);
        assert_eq!(response.body, body);
        let bare = send(Form::Bare, &routes(), &request);
        assert_eq!(response.without_cors(), bare);
    }
    let origin = ("origin", ORIGIN);
    let method = ("access-control-request-method", "PUT");
    check("/options", &[], 200, "own");
    check("/options", &[origin], 200, "own");
    check("/options", &[method], 200, "own");
    check("/any", &[("origin", OTHER)], 200, "any");
    check("/get", &[origin], 405, "HTTP method not allowed");
    check("/nowhere", &[method], 404, "");
    let response = each(&routes(), &lined("GET", "/get", &[origin, method]));
    assert_eq!(response.body, "get");
}

#[test]
fn actual_requests() {
    #[track_caller]
    fn check(origins: &[&str], expected: &[&str]) {
        let lines: Vec<_> = origins.iter().map(|origin| ("origin", *origin)).collect();
        let response = each(&routes(), &lined("GET", "/get", &lines));
        assert_eq!(response.status, 200);
        assert_eq!(response.body, "get");
        assert_eq!(response.cors_fields(), expected);
    }
    check(&[ORIGIN], GRANTED);
    check(&[OTHER], REFUSED);
    check(&[], REFUSED);
    check(&[ORIGIN, ORIGIN], REFUSED);
    check(&[ORIGIN, OTHER], REFUSED);
}

#[test]
fn what_the_application_wrote() {
    const ALLOW_ORIGIN: &str = "access-control-allow-origin";
    const ALLOW_CREDENTIALS: &str = "access-control-allow-credentials";
    #[track_caller]
    fn check(own: &'static [(&str, &str)], origin: &str, expected: &[&str]) {
        let routes = boxed(warp::any().map(|| {
            let response = Response::builder();
            let response = own.iter().fold(response, |response, (name, value)| {
                response.header(*name, *value)
            });
            response.body("").unwrap()
        }));
        let response = each(&routes, &lined("GET", "/", &[("origin", origin)]));
        assert_eq!(response.cors_fields(), expected);
    }
    check(&[(ALLOW_ORIGIN, "*")], ORIGIN, GRANTED);
    check(
        &[(ALLOW_ORIGIN, "*"), (ALLOW_ORIGIN, OTHER)],
        ORIGIN,
        GRANTED,
    );
    check(&[(ALLOW_ORIGIN, OTHER)], OTHER, REFUSED);
    check(&[(ALLOW_CREDENTIALS, "true")], OTHER, REFUSED);
    check(
        &[("vary", "Accept"), ("vary", "Accept-Language")],
        OTHER,
        &["vary: Accept, Accept-Language, Origin"],
    );
    check(
        &[("vary", "Accept, origin")],
        OTHER,
        &["vary: Accept, origin"],
    );
    check(&[("vary", "*")], OTHER, &["vary: *"]);
}

#[test]
fn streams_are_not_buffered() {
    for form in COVERED {
        let (sender, receiver) = mpsc::channel::<&str>(1);
        let receiver = Arc::new(Mutex::new(Some(receiver)));
        let routes = boxed(warp::any().map(move || {
            let receiver = receiver.lock().unwrap().take().unwrap();
            let chunks = stream::unfold(receiver, |mut receiver| async {
                Some((receiver.recv().await?, receiver))
            });
            warp::reply::stream(chunks.map(Ok::<_, Infallible>))
        }));
        block_on(async {
            let request = lined("GET", "/", &[("origin", ORIGIN)]);
            // The head arrives before there is a body, and each chunk before the next exists.
            let response = respond(form, routes, request).await;
            assert_eq!(response.headers()["access-control-allow-origin"], ORIGIN);
            let mut body = response.into_body();
            for chunk in ["one", "two"] {
                sender.send(chunk).await.unwrap();
                let frame = body.frame().await.unwrap().unwrap();
                assert_eq!(frame.into_data().unwrap(), chunk, "{form:?}");
            }
            drop(sender);
            assert!(body.frame().await.is_none());
        });
    }
}

#[test]
fn the_filter_form_is_a_filter() {
    // With warp's own way to wrap a filter.
    let cors = cors();
    let app = warp::any()
        .map(|| "")
        .with(warp::wrap_fn(|routes| cors.wrap(routes)));
    let response = block_on(warp::test::request().reply(&app));
    assert_eq!(response.headers()["vary"], "Origin");
}
