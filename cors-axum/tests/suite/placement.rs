//! Checks what the documentation says about placement: which responses are covered and which are not.

use crate::{ALLOWED, cors, lines, preflight, request, send};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse;
use axum::routing::get;
use cors_axum::WithCors as _;
use tower::{Layer as _, Service};
use tower_http::catch_panic::CatchPanicLayer;

const COVERED: bool = true;
const MISSED: bool = false;

/// Sends a request from an allowed origin. If the method of `line` is `preflight`, sends a preflight.
#[track_caller]
fn check<S>(app: &S, line: &str, status: u16, covered: bool)
where
    S: Clone,
    S: Service<Request, Response = axum::response::Response, Error = std::convert::Infallible>,
{
    let request = match line.strip_prefix("preflight ") {
        Some(path) => preflight(path, ALLOWED),
        None => request(line, &[("origin", ALLOWED)]),
    };
    let response = send(app.clone(), request);
    let fields = response.headers();
    assert_eq!(response.status(), status, "{line}: {fields:?}");
    let granted = fields.contains_key("access-control-allow-origin");
    assert_eq!(granted, covered, "{line}: {fields:?}");
    assert_eq!(fields.contains_key("vary"), covered, "{line}: {fields:?}");
}

#[test]
fn around_the_router() {
    let app = router().with_cors(cors());
    check(&app, "preflight /early", 204, COVERED);
    check(&app, "preflight /nowhere", 204, COVERED);
    check(&app, "preflight *", 204, COVERED);
    check(&app, "GET /early", 200, COVERED);
    check(&app, "GET /nowhere", 404, COVERED);
    check(&app, "DELETE /early", 405, COVERED);

    let response = send(app, preflight("/early", ALLOWED));
    assert_eq!(
        lines(response.headers()),
        [
            "access-control-allow-credentials: true",
            "access-control-allow-methods: PUT",
            "access-control-allow-origin: https://app.example.com",
            "access-control-max-age: 86400",
            "vary: Origin",
        ],
    );
}

#[test]
fn last_layer() {
    let app = router().layer(cors());
    check(&app, "preflight /early", 204, COVERED);
    check(&app, "preflight /nowhere", 204, COVERED);
    check(&app, "preflight *", 204, COVERED);
    check(&app, "GET /early", 200, COVERED);
    check(&app, "GET /nowhere", 404, COVERED);
    check(&app, "DELETE /early", 405, COVERED);

    // The router adds the same headers as to its own responses.
    let response = send(app, preflight("/early", ALLOWED));
    assert_eq!(response.headers()["allow"], "GET,HEAD");
}

#[test]
fn layer_before_a_route() {
    let app = router().layer(cors()).route("/late", get(ok));
    check(&app, "preflight /late", 405, MISSED);
    check(&app, "GET /late", 200, MISSED);
    check(&app, "preflight /early", 204, COVERED);
    check(&app, "GET /nowhere", 404, COVERED);
}

#[test]
fn layer_before_a_merge() {
    let app = router()
        .layer(cors())
        .merge(Router::new().route("/late", get(ok)));
    check(&app, "preflight /late", 405, MISSED);
    check(&app, "GET /late", 200, MISSED);
}

#[test]
fn layer_before_a_nest() {
    let app = router()
        .layer(cors())
        .nest("/late", Router::new().route("/", get(ok)));
    check(&app, "preflight /late", 405, MISSED);
    check(&app, "GET /late", 200, MISSED);
}

#[test]
fn layer_before_the_fallback() {
    let app = router().layer(cors()).fallback(async || {
        let body = "no such page";
        (StatusCode::NOT_FOUND, body)
    });
    check(&app, "preflight /nowhere", 404, MISSED);
    check(&app, "GET /nowhere", 404, MISSED);
    check(&app, "preflight /early", 204, COVERED);
}

#[test]
fn layer_before_the_method_not_allowed_fallback() {
    let app = router()
        .layer(cors())
        .method_not_allowed_fallback(async || StatusCode::METHOD_NOT_ALLOWED);
    // It replaces the fallback that the layer covered, on the routes that existed before it.
    check(&app, "preflight /early", 405, MISSED);
    check(&app, "DELETE /early", 405, MISSED);
    check(&app, "GET /early", 200, COVERED);
}

#[test]
fn route_layer() {
    let app = router().route_layer(cors());
    check(&app, "preflight /early", 204, COVERED);
    check(&app, "DELETE /early", 405, COVERED);
    check(&app, "preflight /nowhere", 404, MISSED);
    check(&app, "GET /nowhere", 404, MISSED);
    check(&app, "GET /early", 200, COVERED);
}

#[test]
fn layer_in_a_nested_router() {
    let app = Router::new().nest("/api", router().layer(cors()));
    check(&app, "preflight /api/nowhere", 404, MISSED);
    check(&app, "GET /api/nowhere", 404, MISSED);
    check(&app, "preflight /api/early", 204, COVERED);
    check(&app, "GET /api/early", 200, COVERED);

    let own_fallback = router().fallback(async || StatusCode::NOT_FOUND);
    let app = Router::new().nest("/api", own_fallback.layer(cors()));
    check(&app, "preflight /api/nowhere", 204, COVERED);
    check(&app, "GET /api/nowhere", 404, COVERED);
}

#[test]
fn around_a_nested_router() {
    let app = Router::new()
        .route("/page", get(ok))
        .nest_service("/api", router().with_cors(cors()));
    check(&app, "preflight /api/nowhere", 204, COVERED);
    check(&app, "GET /api/nowhere", 404, COVERED);
    check(&app, "preflight /page", 405, MISSED);
    check(&app, "GET /page", 200, MISSED);
}

#[test]
fn authentication_outside() {
    let app = router().layer(cors()).layer(from_fn(refuse));
    check(&app, "preflight /early", 401, MISSED);
    check(&app, "GET /early", 401, MISSED);
}

#[test]
fn authentication_inside() {
    let app = router().layer(from_fn(refuse)).with_cors(cors());
    check(&app, "preflight /early", 204, COVERED);
    check(&app, "GET /early", 401, COVERED);
    let app = router().layer(from_fn(refuse)).layer(cors());
    check(&app, "preflight /early", 204, COVERED);
    check(&app, "GET /early", 401, COVERED);
}

#[test]
fn layers_outside() {
    let seen = from_fn(async |request: Request, next: Next| {
        let response = next.run(request).await;
        (
            [("x-seen", response.status().as_str().to_owned())],
            response,
        )
            .into_response()
    });
    let app = Router::new()
        .fallback_service(router().with_cors(cors()))
        .layer(seen);
    check(&app, "preflight /early", 204, COVERED);
    check(&app, "GET /early", 200, COVERED);
    check(&app, "GET /nowhere", 404, COVERED);
    let response = send(app, preflight("/early", ALLOWED));
    assert_eq!(response.headers()["x-seen"], "204");
    assert!(!response.headers().contains_key("allow"));
}

#[test]
fn catching_panics_inside() {
    let app = router().layer(CatchPanicLayer::new());
    check(&app.clone().with_cors(cors()), "GET /panic", 500, COVERED);
    check(&app.layer(cors()), "GET /panic", 500, COVERED);
}

#[test]
fn catching_panics_outside() {
    let app = router().layer(cors()).layer(CatchPanicLayer::new());
    check(&app, "GET /panic", 500, MISSED);
}

#[test]
fn one_route_or_any_service() {
    // A layer is not only for routers.
    let app = cors().layer(get(ok));
    check(&app, "GET /", 200, COVERED);
    check(&app, "preflight /", 204, COVERED);
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
