//! A policy that is replaced.

use cors_rocket::LivePolicy;
use rocket::{State, get, routes};

use super::*;

fn exposing(header: &str) -> Policy {
    Policy::new(Grant::new(["https://app.example.com"]).expose_headers([header])).unwrap()
}

#[get("/")]
fn replace(live: &State<LivePolicy>) {
    // While the request is being answered.
    live.replace(exposing("x-second"));
}

#[test]
fn a_request_sees_one_policy() {
    let live = LivePolicy::new(exposing("x-first"));
    let application = crate::build().attach(Cors::new(&live));
    let client = launch(application.manage(live).mount("/", routes![replace]));
    for expected in ["x-first", "x-second"] {
        let expected = format!("access-control-expose-headers: {expected}");
        let fields = [GRANTED[0], &expected, GRANTED[2]];
        check(&client, &["GET /", APP], (200, &fields));
    }
}

#[test]
fn preflights_use_the_current_policy() {
    let live = LivePolicy::new(policy());
    let client = launch(crate::build().attach(Cors::new(live.clone())));
    live.replace(Policy::new(Grant::new(["*"]).max_age(Duration::from_secs(1))).unwrap());
    let fields = [
        "access-control-allow-origin: *",
        "access-control-max-age: 1",
    ];
    check(&client, &["OPTIONS /", APP, PUT], (204, &fields));
}
