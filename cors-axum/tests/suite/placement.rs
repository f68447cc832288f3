//! Checks what the documentation says about placement: which responses are covered and which are not.

use crate::{ALLOWED, block_on, cors, lines, policy, preflight, send};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse;
use axum::routing::get;
use cors_axum::WithCors as _;
use cors_matrix::placement;
use cors_test::Application;
use tower::Layer as _;
use tower_http::catch_panic::CatchPanicLayer;

/// Checks what a page can do: see [`placement::check`].
fn check<D>(mut app: impl Application<D>, requests: &[(&str, u16)], missed: &[&str]) {
    block_on(placement::check(&mut app, &policy(), requests, missed));
}

const EARLY: (&str, u16) = ("/early", 200);
const LATE: (&str, u16) = ("/late", 200);
const UNKNOWN: (&str, u16) = (placement::UNKNOWN, 404);
const NOT_ALLOWED: (&str, u16) = ("PUT /early", 405);

const LATE_MISSED: &str = "/late: GET 200, OPTIONS 405, PATCH 405, preflight 405";
const UNKNOWN_MISSED: &str = "/cors-test-unknown: GET 404, OPTIONS 404, PATCH 404, preflight 404";

#[test]
fn around_the_router() {
    let app = router().with_cors(cors());
    check(app, &[EARLY, UNKNOWN, NOT_ALLOWED], &[]);
}

#[test]
fn last_layer() {
    let app = router().layer(cors());
    check(app, &[EARLY, UNKNOWN, NOT_ALLOWED], &[]);
}

/// No page sends `*`, or reads these headers.
#[test]
fn preflights_byte_by_byte() {
    let around = router().with_cors(cors());
    let last = router().layer(cors());
    for path in ["/early", "*"] {
        let response = send(around.clone(), preflight(path, ALLOWED));
        assert_eq!(response.status(), 204, "{path}");
        let expected = [
            "access-control-allow-credentials: true",
            "access-control-allow-methods: PUT",
            "access-control-allow-origin: https://app.example.com",
            "access-control-max-age: 86400",
            "vary: Origin",
        ];
        assert_eq!(lines(response.headers()), expected, "{path}");

        let mut response = send(last.clone(), preflight(path, ALLOWED));
        assert_eq!(response.status(), 204, "{path}");
        // The router adds the same headers as to its own responses.
        let allow = response.headers_mut().remove("allow");
        assert_eq!(
            allow.is_some_and(|allow| allow == "GET,HEAD"),
            path == "/early"
        );
        response.headers_mut().remove("content-length");
        assert_eq!(lines(response.headers()), expected, "{path}");
    }
}

#[test]
fn layer_before_a_route() {
    let app = router().layer(cors()).route("/late", get(ok));
    check(app, &[LATE, EARLY, UNKNOWN], &[LATE_MISSED]);
}

#[test]
fn layer_before_a_merge() {
    let late = Router::new().route("/late", get(ok));
    let app = router().layer(cors()).merge(late);
    // The fallback is then that of the merged router.
    let missed = [UNKNOWN_MISSED, LATE_MISSED];
    check(app, &[LATE, EARLY, UNKNOWN], &missed);
}

#[test]
fn layer_before_a_nest() {
    let late = Router::new().route("/", get(ok));
    let app = router().layer(cors()).nest("/late", late);
    check(app, &[LATE, EARLY, UNKNOWN], &[LATE_MISSED]);
}

#[test]
fn layer_before_the_fallback() {
    let fallback = async || (StatusCode::NOT_FOUND, "no such page");
    let app = router().layer(cors()).fallback(fallback);
    check(app, &[EARLY, UNKNOWN], &[UNKNOWN_MISSED]);
}

#[test]
fn layer_before_the_method_not_allowed_fallback() {
    let app = router()
        .layer(cors())
        .method_not_allowed_fallback(async || StatusCode::METHOD_NOT_ALLOWED);
    // It replaces the fallback that the layer covered, on the routes that existed before it.
    let missed = "/early: OPTIONS 405, PATCH 405, PUT 405, preflight 405";
    check(app, &[EARLY, NOT_ALLOWED, UNKNOWN], &[missed]);
}

#[test]
fn route_layer() {
    let app = router().route_layer(cors());
    check(app, &[EARLY, NOT_ALLOWED, UNKNOWN], &[UNKNOWN_MISSED]);
}

#[test]
fn layer_in_a_nested_router() {
    let nested = |router: Router| Router::new().nest("/api", router.layer(cors()));
    let missed = "/api/nowhere: GET 404, OPTIONS 404, PATCH 404, preflight 404";
    let requests = [("/api/early", 200), ("/api/nowhere", 404), UNKNOWN];
    check(nested(router()), &requests, &[missed, UNKNOWN_MISSED]);
    let own_fallback = router().fallback(async || StatusCode::NOT_FOUND);
    check(nested(own_fallback), &requests, &[UNKNOWN_MISSED]);
}

#[test]
fn around_a_nested_router() {
    let app = Router::new()
        .route("/late", get(ok))
        .nest_service("/api", router().with_cors(cors()));
    let missed = [UNKNOWN_MISSED, LATE_MISSED];
    check(app, &[LATE, ("/api/nowhere", 404), UNKNOWN], &missed);
}

#[test]
fn authentication_outside() {
    let app = router().layer(cors()).layer(from_fn(refuse));
    let missed = [
        "/cors-test-unknown: GET 401, OPTIONS 401, preflight 401",
        "/early: GET 401, OPTIONS 401, PATCH 401, preflight 401",
    ];
    check(app, &[("/early", 401)], &missed);
}

#[test]
fn authentication_inside() {
    let app = router().layer(from_fn(refuse));
    check(app.clone().with_cors(cors()), &[("/early", 401)], &[]);
    check(app.layer(cors()), &[("/early", 401)], &[]);
}

#[test]
fn layers_outside() {
    let seen = from_fn(async |request: Request, next: Next| {
        let response = next.run(request).await;
        let seen = response.status().as_str().to_owned();
        ([("x-seen", seen)], response).into_response()
    });
    let app = Router::new()
        .fallback_service(router().with_cors(cors()))
        .layer(seen);
    check(app.clone(), &[EARLY, UNKNOWN], &[]);
    // No page reads the headers of a preflight.
    let response = send(app, preflight("/early", ALLOWED));
    assert_eq!(response.headers()["x-seen"], "204");
    assert!(!response.headers().contains_key("allow"));
}

#[test]
fn catching_panics_inside() {
    let app = router().layer(CatchPanicLayer::new());
    check(app.clone().with_cors(cors()), &[("/panic", 500)], &[]);
    check(app.layer(cors()), &[("/panic", 500)], &[]);
}

#[test]
fn catching_panics_outside() {
    let app = router().layer(cors()).layer(CatchPanicLayer::new());
    check(app, &[("/panic", 500)], &["/panic: GET 500"]);
}

#[test]
fn one_route_or_any_service() {
    // A layer is not only for routers.
    check(cors().layer(get(ok)), &[("/", 200)], &[]);
}

fn router() -> Router {
    Router::new()
        .route("/early", get(ok))
        .route("/panic", get(panic))
}

async fn ok() -> &'static str {
    "hello"
}

async fn panic() {
    panic!("a handler panics");
}

async fn refuse(_: Request, _: Next) -> impl IntoResponse {
    (StatusCode::UNAUTHORIZED, Body::empty())
}
