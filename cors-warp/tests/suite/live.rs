//! A policy that is replaced.

use cors_warp::{Cors, Grant, LivePolicy, Policy};
use tower::ServiceExt as _;
use warp::Filter as _;

use crate::forms::{ORIGIN, block_on, request};

fn exposing(header: &str) -> Policy {
    Policy::new(Grant::new([ORIGIN]).expose_headers([header])).unwrap()
}

#[test]
fn a_request_sees_one_policy() {
    let live = LivePolicy::new(exposing("x-first"));
    let cors = Cors::new(&live);
    let next = live.clone();
    let routes = warp::any().map(move || {
        // While the request is being answered.
        next.replace(exposing("x-second"));
        "hello"
    });
    let filter = warp::service(cors.wrap(routes.clone()));
    let tower = cors.layer(warp::service(routes));
    let get = || {
        request("GET", "/")
            .header("origin", ORIGIN)
            .body(String::new())
            .unwrap()
    };
    block_on(async {
        for expected in ["x-first", "x-second"] {
            let Ok(response) = filter.clone().oneshot(get()).await;
            assert_eq!(
                response.headers()["access-control-expose-headers"],
                expected
            );
        }
        live.replace(exposing("x-third"));
        for expected in ["x-third", "x-second"] {
            let Ok(response) = tower.clone().oneshot(get()).await;
            assert_eq!(
                response.headers()["access-control-expose-headers"],
                expected
            );
        }
    });
}
