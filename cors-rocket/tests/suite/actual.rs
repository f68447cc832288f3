//! Every request that is not a CORS-preflight request reaches the application, and its response gets
//! the headers.

use rocket::http::{Header, Status};
use rocket::local::blocking::Client;
use rocket::request::{FromRequest, Outcome, Request};
use rocket::response::stream::TextStream;
use rocket::response::{Redirect, Responder, Response};
use rocket::serde::json::{Json, Value};
use rocket::{catch, catchers, get, post, routes};

use super::*;

struct Refuse;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Refuse {
    type Error = ();

    async fn from_request(_: &'r Request<'_>) -> Outcome<Self, ()> {
        Outcome::Error((Status::Unauthorized, ()))
    }
}

struct Forward;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Forward {
    type Error = ();

    async fn from_request(_: &'r Request<'_>) -> Outcome<Self, ()> {
        Outcome::Forward(Status::ImATeapot)
    }
}

/// A response with these header lines.
struct Lines(&'static [(&'static str, &'static str)]);

impl<'r> Responder<'r, 'static> for Lines {
    fn respond_to(self, _: &'r Request<'_>) -> rocket::response::Result<'static> {
        let mut response = Response::new();
        for &(name, value) in self.0 {
            response.adjoin_header(Header::new(name, value));
        }
        Ok(response)
    }
}

#[get("/hello")]
fn hello() -> &'static str {
    "hello"
}

#[get("/guarded")]
fn guarded(_refuse: Refuse) {}

#[get("/forwarded")]
fn forwarded(_forward: Forward) {}

#[get("/redirect")]
fn redirect() -> Redirect {
    Redirect::to("/hello")
}

#[get("/error")]
fn error() -> Result<(), rocket::response::Debug<std::fmt::Error>> {
    Err(std::fmt::Error.into())
}

#[get("/panic")]
fn panic() {
    panic!("on purpose")
}

#[post("/json", data = "<value>")]
fn json(value: Json<Value>) -> Json<Value> {
    value
}

#[get("/stream")]
fn stream() -> TextStream![&'static str] {
    TextStream! {
        yield "one, ";
        yield "two";
    }
}

#[get("/caught/401")]
fn caught(_refuse: Refuse) {}

#[catch(401)]
fn unauthorized() -> (Status, Lines) {
    (Status::Unauthorized, Lines(&[("x-catcher", "1")]))
}

#[get("/panicking-catcher/404")]
fn no_content() -> Status {
    Status::NotFound
}

#[catch(404)]
fn panicking() {
    panic!("on purpose")
}

fn application() -> Client {
    let routes = routes![
        hello, guarded, forwarded, redirect, error, panic, json, stream, caught, no_content
    ];
    let application = with_cors().mount("/", routes);
    let application = application.register("/caught", catchers![unauthorized]);
    launch(application.register("/panicking-catcher", catchers![panicking]))
}

#[test]
fn every_status() {
    let client = application();
    #[track_caller]
    fn check_all(client: &Client, request: &'static str, status: u16, own: &[&str]) {
        let granted = [own, &GRANTED].concat();
        let not_granted = [own, &NOT_GRANTED].concat();
        check(client, &[request, APP], (status, &granted));
        check(client, &[request, EVIL], (status, &not_granted));
        check(client, &[request], (status, &not_granted));
        // Neither header alone makes a preflight, nor do both with another method.
        check(client, &[request, PUT], (status, &not_granted));
        check(client, &[request, APP, PUT], (status, &granted));
    }
    check_all(&client, "GET /hello", 200, &[]);
    check_all(&client, "HEAD /hello", 200, &[]);
    check_all(&client, "GET /guarded", 401, &[]);
    check_all(&client, "GET /forwarded", 418, &[]);
    check_all(&client, "GET /redirect", 303, &[]);
    check_all(&client, "GET /error", 500, &[]);
    check_all(&client, "GET /panic", 500, &[]);
    check_all(&client, "POST /json", 400, &[]);
    check_all(&client, "GET /nowhere", 404, &[]);
    check_all(&client, "DELETE /hello", 404, &[]);
    check_all(&client, "GET /stream", 200, &[]);
    check_all(&client, "GET /caught/401", 401, &["x-catcher: 1"]);
    check_all(&client, "GET /panicking-catcher/404", 500, &[]);
}

#[test]
fn bodies() {
    let client = application();
    let body = |request| send(&client, &[request, APP]).into_string();
    assert_eq!(body("GET /hello").as_deref(), Some("hello"));
    assert_eq!(body("GET /stream").as_deref(), Some("one, two"));
}

#[test]
fn origins() {
    let client = application();
    const GET: &str = "GET /hello";
    check(&client, &[GET, APP, APP], (200, &NOT_GRANTED));
    check(&client, &[GET, APP, EVIL], (200, &NOT_GRANTED));
    check(&client, &[GET, EVIL, APP], (200, &NOT_GRANTED));
    check(&client, &[GET, "origin: null"], (200, &NOT_GRANTED));
    check(&client, &[GET, "origin: "], (200, &NOT_GRANTED));
    check(
        &client,
        &[GET, "Origin: https://app.example.com"],
        (200, &GRANTED),
    );
    check(
        &client,
        &[GET, "origin: https://app.example.com."],
        (200, &NOT_GRANTED),
    );
    check(
        &client,
        &[GET, "origin: https://APP.example.com"],
        (200, &NOT_GRANTED),
    );
}

#[test]
fn policies() {
    #[track_caller]
    fn check_policy(grant: Grant, request: &[&'static str], expected: &[&str]) {
        let cors = Cors::new(Policy::new(grant).unwrap());
        let client = launch(crate::build().attach(cors).mount("/", routes![hello]));
        check(&client, request, (200, expected));
    }
    const GET: &str = "GET /hello";
    let everybody = ["access-control-allow-origin: *"];
    check_policy(Grant::new(["*"]), &[GET], &everybody);
    check_policy(Grant::new(["*"]), &[GET, APP], &everybody);
    check_policy(Grant::new(["*"]), &[GET, APP, EVIL], &everybody);

    let grant = Grant::new(["https://*.example.com"])
        .allow_credentials(true)
        .expose_timing(true);
    let expected = [
        "access-control-allow-origin: https://app.example.com",
        "access-control-allow-credentials: true",
        "timing-allow-origin: https://app.example.com",
        "vary: Origin",
    ];
    check_policy(grant, &[GET, APP], &expected);
}

#[get("/own/cors")]
fn own_cors() -> Lines {
    Lines(&[
        ("X-First", "1"),
        ("Access-Control-Allow-Origin", "https://evil.example"),
        ("access-control-allow-origin", "*"),
        ("Access-Control-Allow-Credentials", "true"),
        ("Access-Control-Expose-Headers", "*"),
        // It has no meaning in an actual response.
        ("Access-Control-Max-Age", "5"),
    ])
}

#[get("/own/vary")]
fn own_vary() -> Lines {
    Lines(&[("Vary", "Accept-Encoding"), ("Vary", "Cookie")])
}

#[get("/own/vary-origin")]
fn own_vary_origin() -> Lines {
    Lines(&[("Vary", "Accept, origin"), ("Vary", "Cookie")])
}

#[get("/own/vary-star")]
fn own_vary_star() -> Lines {
    Lines(&[("vary", "*")])
}

#[get("/own/timing")]
fn own_timing() -> Lines {
    Lines(&[
        ("Timing-Allow-Origin", "https://a.example"),
        ("timing-allow-origin", "https://b.example"),
    ])
}

#[test]
fn timing_of_the_application_is_replaced() {
    #[track_caller]
    fn check_policy(origin: &str, expected: &[&str]) {
        let grant = Grant::new([origin]).expose_timing(true);
        let cors = Cors::new(Policy::new(grant).unwrap());
        let client = launch(crate::build().attach(cors).mount("/", routes![own_timing]));
        check(&client, &["GET /own/timing", APP], (200, expected));
    }
    check_policy(
        "*",
        &["timing-allow-origin: *", "access-control-allow-origin: *"],
    );
    check_policy(
        "https://app.example.com",
        &[
            "timing-allow-origin: https://app.example.com",
            "access-control-allow-origin: https://app.example.com",
            "vary: Origin",
        ],
    );
}

#[test]
fn what_the_application_says() {
    let routes = routes![own_cors, own_vary, own_vary_origin, own_vary_star];
    let client = launch(with_cors().mount("/", routes));
    let [origin, expose, _] = GRANTED;

    let kept = ["x-first: 1", "access-control-max-age: 5"];
    let granted = [&kept[..], &GRANTED].concat();
    check(&client, &["GET /own/cors", APP], (200, &granted));
    let not_granted = [&kept[..], &NOT_GRANTED].concat();
    check(&client, &["GET /own/cors", EVIL], (200, &not_granted));
    check(&client, &["GET /own/cors"], (200, &not_granted));

    let lines = ["vary: Accept-Encoding, Cookie, Origin"];
    check(&client, &["GET /own/vary"], (200, &lines));
    let lines = [&lines[..], &[origin, expose]].concat();
    check(&client, &["GET /own/vary", APP], (200, &lines));

    check(
        &client,
        &["GET /own/vary-origin"],
        (200, &["vary: Accept, origin, Cookie"]),
    );
    check(&client, &["GET /own/vary-star"], (200, &["vary: *"]));
}
