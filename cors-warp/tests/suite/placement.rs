//! The policy around everything or around a part, in both forms.

use cors_matrix::placement;
use cors_test::Application;
use warp::http::StatusCode;
use warp::reject::{self, Reject};
use warp::{Filter, Rejection, Reply};

use crate::forms::{block_on, cors, policy};

/// Checks what a page can do: see [`placement::check`].
fn check<D>(mut app: impl Application<D>, requests: &[(&str, u16)], missed: &[&str]) {
    block_on(placement::check(&mut app, &policy(), requests, missed));
}

const ROUTES: &[(&str, u16)] = &[
    ("/early", 200),
    ("PUT /early", 405),
    ("/denied", 500),
    UNKNOWN,
];
const UNKNOWN: (&str, u16) = (placement::UNKNOWN, 404);
const UNKNOWN_MISSED: &str = "/cors-test-unknown: GET 404, OPTIONS 404, PATCH 404, preflight 404";

#[derive(Debug)]
struct Denied;

impl Reject for Denied {}

fn routes() -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    let early = warp::path!("early").and(warp::get()).map(|| "early");
    let denied = async || Err::<&str, _>(reject::custom(Denied));
    early.or(warp::path!("denied").and_then(denied))
}

async fn recover(rejection: Rejection) -> Result<StatusCode, Rejection> {
    match rejection.find::<Denied>() {
        Some(Denied) => Ok(StatusCode::UNAUTHORIZED),
        None => Err(rejection),
    }
}

#[test]
fn around_everything() {
    check(warp::service(cors().wrap(routes())), ROUTES, &[]);
    check(cors().layer(warp::service(routes())), ROUTES, &[]);
}

#[test]
fn recover_inside() {
    let app = || routes().recover(recover);
    check(
        warp::service(cors().wrap(app())),
        &[("/denied", 401), UNKNOWN],
        &[],
    );
    check(
        cors().layer(warp::service(app())),
        &[("/denied", 401), UNKNOWN],
        &[],
    );
}

/// Around a part of the server, it answers for all paths of that part.
#[test]
fn around_a_part() {
    let rest = warp::path!("rest").map(|| "rest");
    let app = warp::path("api")
        .and(cors().wrap(routes()))
        .or(rest)
        .with(warp::log("test"));
    let requests = [
        ("/api/early", 200),
        ("/api/nowhere", 404),
        ("/api/rest", 404),
        ("/rest", 200),
        UNKNOWN,
    ];
    let missed = [
        UNKNOWN_MISSED,
        "/rest: GET 200, OPTIONS 200, PATCH 200, preflight 200",
    ];
    check(warp::service(app), &requests, &missed);
}

/// What a filter before the policy rejects is not covered.
#[test]
fn after_a_filter() {
    let app = warp::get().and(cors().wrap(routes()));
    let missed = [
        "/cors-test-unknown: OPTIONS 405, PATCH 405, preflight 405",
        "/early: OPTIONS 405, PATCH 405, preflight 405",
    ];
    check(warp::service(app), &[("/early", 200), UNKNOWN], &missed);
}
