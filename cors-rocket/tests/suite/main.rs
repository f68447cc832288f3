//! What a client gets from an application with the fairing, without sockets.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test may panic")]

mod actual;
mod hello;
mod live;
mod paths;
mod placement;
mod preflight;

use std::time::Duration;

use cors_rocket::{Cors, Grant, Policy};
use rocket::http::{Header, Method};
use rocket::local::blocking::{Client, LocalResponse};
use rocket::{Build, Rocket};

const APP: &str = "origin: https://app.example.com";
const EVIL: &str = "origin: https://evil.example";
const PUT: &str = "access-control-request-method: PUT";

/// The headers of an actual response to [`APP`].
const GRANTED: [&str; 3] = [
    "access-control-allow-origin: https://app.example.com",
    "access-control-expose-headers: x-request-id",
    "vary: Origin",
];
/// The headers of an actual response to any other origin.
const NOT_GRANTED: [&str; 1] = ["vary: Origin"];

fn policy() -> Policy {
    let grant = Grant::new(["https://app.example.com"])
        .allow_methods(["GET", "PUT"])
        .allow_headers(["content-type", "authorization"])
        .expose_headers(["x-request-id"])
        .max_age(Duration::from_secs(600));
    Policy::new(grant).unwrap()
}

/// An application with the fairing attached first.
fn with_cors() -> Rocket<Build> {
    build().attach(Cors::new(policy()))
}

/// `rocket::build`, but without reading the environment or a `Rocket.toml` in a parent folder.
fn build() -> Rocket<Build> {
    rocket::custom(rocket::Config {
        log_level: rocket::config::LogLevel::Off,
        ..rocket::Config::default()
    })
}

fn launch(application: Rocket<Build>) -> Client {
    Client::untracked(application).unwrap()
}

/// Sends a request: a method and a path, then header lines.
fn send<'c>(client: &'c Client, request: &[&'static str]) -> LocalResponse<'c> {
    let (first, lines) = request.split_first().unwrap();
    let (method, path) = first.split_once(' ').unwrap();
    let mut request = client.req(method.parse::<Method>().unwrap(), path);
    for (name, value) in lines.iter().map(|line| line.split_once(": ").unwrap()) {
        request.add_header(Header::new(name, value));
    }
    request.dispatch()
}

/// The status, then every line that a policy can change, and the lines of the tests' own headers.
fn seen(response: &LocalResponse<'_>) -> Vec<String> {
    let status = response.status().code.to_string();
    let fields = response.headers().iter().filter_map(|field| {
        let name = field.name().as_str().to_ascii_lowercase();
        let shown = ["access-control-", "timing-allow-origin", "vary", "x-"]
            .iter()
            .any(|prefix| name.starts_with(prefix));
        // Rocket's shield.
        let shown = shown && name != "x-content-type-options" && name != "x-frame-options";
        shown.then(|| format!("{name}: {}", field.value()))
    });
    [status].into_iter().chain(fields).collect()
}

#[track_caller]
fn check(client: &Client, request: &[&'static str], expected: (u16, &[&str])) {
    let status = expected.0.to_string();
    let expected: Vec<&str> = [&*status]
        .into_iter()
        .chain(expected.1.iter().copied())
        .collect();
    assert_eq!(seen(&send(client, request)), expected, "{request:?}");
}

/// The same for a response that must be empty.
#[track_caller]
fn check_preflight(client: &Client, request: &[&'static str], expected: (u16, &[&str])) {
    check(client, request, expected);
    let response = send(client, request);
    assert_eq!(response.headers().get_one("content-type"), None);
    assert_eq!(response.into_bytes(), None);
}
