//! The response to a rejection is the same as without the policy, byte for byte.

use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::forms::{COVERED, Form, GRANTED, ORIGIN, OTHER, REFUSED, Routes};
use crate::forms::{boxed, request, send};
use serde_json::Value;
use warp::http::{Request, StatusCode};
use warp::reject::{self, Reject};
use warp::{Filter, Rejection, Reply};

/// Checks that bare routes respond with `status`, and both forms with the same response and the headers.
#[track_caller]
fn check<F, R>(routes: F, request: Request<String>, status: u16)
where
    F: Filter<Extract = (R,)> + Clone + Send + Sync + 'static,
    F::Error: Into<Rejection>,
    R: Reply + 'static,
{
    let routes = boxed(routes);
    let bare = send(Form::Bare, &routes, &request);
    assert_eq!(bare.status, status);
    for form in COVERED {
        for (origin, fields) in [(ORIGIN, GRANTED), (OTHER, REFUSED)] {
            let mut request = request.clone();
            let headers = request.headers_mut();
            headers.insert("origin", origin.parse().unwrap());
            let covered = send(form, &routes, &request);
            assert_eq!(covered.cors_fields(), fields, "{form:?}");
            assert_eq!(covered.without_cors(), bare, "{form:?}");
        }
    }
}

fn get(path: &str) -> Request<String> {
    request("GET", path).body(String::new()).unwrap()
}

fn post(headers: &[(&str, &str)], body: &str) -> Request<String> {
    let request = request("POST", "/");
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    });
    request.body(body.to_owned()).unwrap()
}

#[test]
fn paths_and_methods() {
    let routes = warp::path!("there").and(warp::get()).map(|| "here");
    check(routes, get("/there"), 200);
    check(routes, get("/nowhere"), 404);
    check(routes, post(&[], ""), 404);
    let put = request("PUT", "/there").body(String::new()).unwrap();
    check(routes, put, 405);
    let options = request("OPTIONS", "/there").body(String::new()).unwrap();
    check(routes, options, 405);
}

#[test]
fn header_fields() {
    let number = warp::header::<u32>("x-number").map(|number| format!("{number}"));
    check(number, post(&[("x-number", "7")], ""), 200);
    check(number, post(&[], ""), 400);
    check(number, post(&[("x-number", "seven")], ""), 400);
    let cookie = warp::cookie::<u32>("id").map(|id| format!("{id}"));
    check(cookie, post(&[], ""), 400);
    check(cookie, post(&[("cookie", "id=seven")], ""), 400);
    let query = warp::query::<HashMap<String, u32>>().map(|_| "");
    check(query, get("/?a=seven"), 400);
    let host = warp::host::exact("example.com").map(|| "");
    check(host, post(&[("host", "other.example")], ""), 404);
    check(warp::ext::get::<u32>().map(|_| ""), get("/"), 500);
}

#[test]
fn bodies() {
    let json = warp::body::json().map(|value: Value| value.to_string());
    let is_json = ("content-type", "application/json");
    check(json, post(&[is_json], "{}"), 200);
    check(json, post(&[is_json], "{"), 400);
    check(json, post(&[("content-type", "text/plain")], "{}"), 415);
    let form = warp::body::form().map(|_: HashMap<String, u32>| "");
    let is_form = ("content-type", "application/x-www-form-urlencoded");
    check(form, post(&[is_form], "a=seven"), 400);
    check(form, post(&[is_json], "a=7"), 415);
    let limited = warp::body::content_length_limit(3).map(|| "");
    check(limited, post(&[], ""), 411);
    check(limited, post(&[("content-length", "4")], "four"), 413);
    let twice = warp::body::bytes().and(warp::body::bytes());
    check(twice.map(|_, _| ""), post(&[], "once"), 500);
}

#[test]
fn files() {
    let directory = warp::fs::dir(env!("CARGO_MANIFEST_DIR"));
    check(directory.clone(), get("/src/lib.rs"), 200);
    check(directory.clone(), get("/nowhere"), 404);
    check(directory, get("/..%2f..%2fetc/passwd"), 404);
    // Below a file there is nothing to open.
    let below_a_file = warp::fs::file(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml/x"));
    check(below_a_file, get("/"), 500);
}

#[derive(Debug)]
struct Custom {
    #[expect(dead_code, reason = "`Debug` reads it, and warp renders that")]
    code: u32,
}

impl Reject for Custom {}

#[derive(Debug)]
struct Recovered;

impl Reject for Recovered {}

#[test]
fn customs() {
    let custom = warp::any().and_then(|| async { reject(Custom { code: 7 }) });
    check(custom, get("/"), 500);
    // Some rejections are recovered inside.
    let both = warp::path!("recovered")
        .and_then(|| async { reject(Recovered) })
        .or(custom)
        .recover(recover);
    check(both, get("/recovered"), 418);
    check(both, get("/"), 500);
    // warp's own CORS filter, which rejects other origins.
    let own = warp::any()
        .map(|| "")
        .with(warp::cors().allow_origin("https://own.example"));
    let options = post(&[("origin", "https://third.example")], "");
    let bare = send(Form::Bare, &boxed(own.clone()), &options);
    assert_eq!(bare.status, 403);
    for form in COVERED {
        let covered = send(form, &boxed(own.clone()), &options);
        assert_eq!(
            covered.without_cors(),
            bare.clone().without_cors(),
            "{form:?}"
        );
    }
}

fn reject(with: impl Reject) -> Result<StatusCode, Rejection> {
    Err(reject::custom(with))
}

async fn recover(rejection: Rejection) -> Result<StatusCode, Rejection> {
    match rejection.find::<Recovered>() {
        Some(Recovered) => Ok(StatusCode::IM_A_TEAPOT),
        None => Err(rejection),
    }
}

#[test]
fn combinations() {
    let missing = || warp::header::exact("x-key", "1").map(|| "");
    let method = || warp::put().map(|| "");
    let custom = || warp::any().and_then(|| async { reject(Custom { code: 1 }) });
    let nowhere = || warp::path!("nowhere").map(|| "");
    let length = || warp::body::content_length_limit(3).map(|| "");
    check(nowhere().or(method()), get("/"), 405);
    check(method().or(nowhere()), get("/"), 405);
    check(method().or(missing()), get("/"), 400);
    check(missing().or(method()), get("/"), 400);
    check(missing().or(length()), get("/"), 411);
    check(length().or(missing()), get("/"), 411);
    check(missing().or(custom()).or(length()), get("/"), 500);
    check(nowhere().or(nowhere()), get("/"), 404);
    check(
        nowhere().or(method()).or(missing()).or(nowhere()),
        get("/"),
        400,
    );
    check(
        method().or(missing()).or(warp::any().map(|| "")),
        get("/"),
        200,
    );
}

struct Unprintable;

impl fmt::Debug for Unprintable {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("unprintable")
    }
}

impl Reject for Unprintable {}

#[test]
fn panics() {
    #[track_caller]
    fn check(routes: &Routes, expected: &str) {
        for form in [Form::Bare, Form::Filter, Form::Tower] {
            let sent = catch_unwind(AssertUnwindSafe(|| send(form, routes, &get("/"))));
            let payload: Box<dyn Any + Send> = sent.unwrap_err();
            assert_eq!(payload.downcast_ref(), Some(&expected), "{form:?}");
        }
    }
    let handler = warp::any().map(|| -> StatusCode { panic!("handler") });
    check(&boxed(handler), "handler");
    let rendering = warp::any().and_then(|| async { reject(Unprintable) });
    check(&boxed(rendering), "unprintable");
}
