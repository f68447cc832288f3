//! A policy that is replaced.

use std::convert::Infallible;

use cors_tower::{CorsLayer, Grant, LivePolicy, Policy};
use http::Response;
use tower::{Layer as _, ServiceExt as _, service_fn};

use crate::{ORIGIN, block_on, get, lines};

fn exposing(header: &str) -> Policy {
    Policy::new(Grant::new(["https://app.example.com"]).expose_headers([header])).unwrap()
}

#[test]
fn a_request_sees_one_policy() {
    let live = LivePolicy::new(exposing("x-first"));
    let layer = CorsLayer::new(&live);
    let service = layer.layer(service_fn(async |_| {
        // While the request is being answered.
        live.replace(exposing("x-second"));
        Ok::<_, Infallible>(Response::new(""))
    }));
    for expected in ["x-first", "x-second"] {
        let Ok(response) = block_on(service.clone().oneshot(get(&[ORIGIN])));
        let expected = [
            "access-control-allow-origin: https://app.example.com",
            &format!("access-control-expose-headers: {expected}"),
            "vary: Origin",
        ];
        assert_eq!(lines(response.headers()), expected);
    }
}

#[test]
fn every_service_uses_the_current_policy() {
    let live = LivePolicy::new(exposing("x-first"));
    let layer = CorsLayer::new(live.clone());
    let application = service_fn(async |_| Ok::<_, Infallible>(Response::new("")));
    let early = layer.layer(application);
    live.replace(Policy::new(Grant::new(["*"])).unwrap());
    for service in [early, layer.layer(application)] {
        let Ok(response) = block_on(service.oneshot(get(&[ORIGIN])));
        assert_eq!(
            lines(response.headers()),
            ["access-control-allow-origin: *"]
        );
    }
    let in_force = layer.policy();
    assert_eq!(format!("{in_force:?}"), format!("{:?}", live.current().0));
}
