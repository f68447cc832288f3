//! The policy changes nothing but CORS headers, for every kind of response inside of it.

use crate::{ALLOWED, REFUSED, cors, lines, preflight, request, send};
use std::convert::Infallible;

use axum::body::Body;
use axum::extract::{MatchedPath, OriginalUri, Path, Query, Request};
use axum::http::header::{AUTHORIZATION, LOCATION};
use axum::http::{Response, StatusCode, Uri};
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse;
use axum::routing::{any, get, post};
use axum::{Json, Router};
use cors_axum::{Head, WithCors as _, is_preflight};
use futures_util::{FutureExt as _, stream};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tokio::sync::mpsc;
use tower::{ServiceExt as _, service_fn};

const ACTUAL: [&str; 4] = [
    "access-control-allow-credentials: true",
    "access-control-allow-origin: https://app.example.com",
    "access-control-expose-headers: x-request-id",
    "vary: Origin",
];

const PREFLIGHT: [&str; 5] = [
    "access-control-allow-credentials: true",
    "access-control-allow-methods: PUT",
    "access-control-allow-origin: https://app.example.com",
    "access-control-max-age: 86400",
    "vary: Origin",
];

const VARY: [&str; 1] = ["vary: Origin"];

/// Sends a request to `app` and to `app` with the policy around it: from an allowed origin, from
/// another origin, and without an origin.
#[track_caller]
fn check_everywhere(app: Router, line: &str, fields: &[(&str, &str)], status: u16) {
    let bare = send(app.clone(), request(line, fields));
    assert_eq!(bare.status(), status, "{line}");

    for (origin, expected) in [
        (Some(ALLOWED), &ACTUAL[..]),
        (Some(REFUSED), &VARY),
        (None, &VARY),
    ] {
        let mut fields = fields.to_vec();
        fields.extend(origin.map(|origin| ("origin", origin)));
        let mut expected: Vec<_> = expected.iter().map(|&line| line.to_owned()).collect();
        expected.extend(lines(bare.headers()));
        expected.sort();

        let around = send(app.clone().with_cors(cors()), request(line, &fields));
        let layer = send(app.clone().layer(cors()), request(line, &fields));
        for (way, got) in [("with_cors", around), ("layer", layer)] {
            assert_eq!(got.status(), status, "{way} {line} {origin:?}");
            assert_eq!(got.body(), bare.body(), "{way} {line} {origin:?}");
            assert_eq!(lines(got.headers()), expected, "{way} {line} {origin:?}");
        }
    }

    let (_, path) = line.split_once(' ').unwrap();
    for (origin, status, expected) in [(ALLOWED, 204, &PREFLIGHT[..]), (REFUSED, 403, &VARY)] {
        let got = send(app.clone().with_cors(cors()), preflight(path, origin));
        assert_eq!(got.status(), status, "preflight to {path}");
        assert_eq!(lines(got.headers()), expected, "preflight to {path}");
        assert!(got.body().is_empty(), "preflight to {path}");

        // axum adds `Allow` and `Content-Length` to the responses of a router's layers.
        let mut got = send(app.clone().layer(cors()), preflight(path, origin));
        got.headers_mut().remove("allow");
        got.headers_mut().remove("content-length");
        assert_eq!(got.status(), status, "preflight to {path}");
        assert_eq!(lines(got.headers()), expected, "preflight to {path}");
        assert!(got.body().is_empty(), "preflight to {path}");
    }
}

#[test]
fn routes() {
    #[track_caller]
    fn check(line: &str, status: u16) {
        check_everywhere(app(), line, &[], status);
    }
    check("GET /", 200);
    check("HEAD /", 200);
    check("OPTIONS /", 202);
    check("PURGE /any", 200);
    check("GET /merged", 200);
    check("GET /nested/users/1", 200);
    check("GET /own-fallback/users/1", 200);
    check("GET /service", 200);
    check("GET /service/anything", 200);
    check("GET /redirect", 303);
    check("GET /error", 500);
}

#[test]
fn no_handler_responds() {
    #[track_caller]
    fn check(line: &str, status: u16) {
        check_everywhere(app(), line, &[], status);
    }
    check("GET /nowhere", 404);
    check("OPTIONS /nowhere", 404);
    check("GET /nested/nowhere", 404);
    check("GET /own-fallback/nowhere", 410);
    check("DELETE /", 405);
    check("OPTIONS /merged", 405);
    check("DELETE /nested/users/1", 405);
    check("TRACE /", 405);
}

#[test]
fn fallbacks() {
    #[track_caller]
    fn check(line: &str, status: u16) {
        let app = app()
            .fallback(async || (StatusCode::GONE, "no such page"))
            .method_not_allowed_fallback(async || (StatusCode::IM_A_TEAPOT, "no such method"));
        check_everywhere(app, line, &[], status);
    }
    check("GET /nowhere", 410);
    check("OPTIONS /nowhere", 410);
    check("GET /nested/nowhere", 410);
    check("DELETE /", 418);
    check("OPTIONS /merged", 418);
}

#[test]
fn extractors_reject() {
    #[track_caller]
    fn check(line: &str, fields: &[(&str, &str)], status: u16) {
        check_everywhere(app(), line, fields, status);
    }
    check("POST /json", &[], 415);
    check("POST /json", &[("content-type", "application/json")], 400);
    check("GET /number/1", &[], 200);
    check("GET /number/one", &[], 400);
    check("GET /query?page=1", &[], 200);
    check("GET /query", &[], 400);
}

#[test]
fn middleware_refuses() {
    #[track_caller]
    fn check(line: &str, fields: &[(&str, &str)], status: u16) {
        check_everywhere(app(), line, fields, status);
        let whole = app().layer(from_fn(authenticate));
        check_everywhere(whole, "GET /", fields, status);
    }
    check("GET /private", &[], 401);
    check("OPTIONS /private", &[], 401);
    check("GET /private", &[("authorization", "Bearer secret")], 200);
}

#[test]
fn what_extractors_see() {
    #[track_caller]
    fn check(line: &str, expected: &str) {
        let response = send(app().with_cors(cors()), request(line, &[]));
        assert_eq!(response.body(), expected);
        check_everywhere(app(), line, &[], 200);
    }
    check("GET /paths/1?q", "/paths/{id} /paths/1?q /paths/1?q");
    check(
        "GET /nested/paths/1?q",
        "/nested/paths/{id} /nested/paths/1?q /paths/1?q",
    );
}

#[test]
fn a_policy_of_its_own_for_a_part() {
    #[track_caller]
    fn check(line: &str, status: u16, covered: bool) {
        let api = Router::new().route("/users", get(ok)).with_cors(cors());
        let app = Router::new()
            .route("/page", get(ok))
            .nest_service("/api", api);
        let response = send(app, request(line, &[("origin", ALLOWED)]));
        assert_eq!(response.status(), status, "{line}");
        let field = response.headers().get("access-control-allow-origin");
        assert_eq!(field.is_some(), covered, "{line}");
    }
    check("GET /api/users", 200, true);
    check("GET /api/nowhere", 404, true);
    check("DELETE /api/users", 405, true);
    check("GET /api", 404, true);
    check("GET /api/", 404, true);
    check("GET /page", 200, false);
    check("GET /apis", 404, false);
}

#[test]
fn two_policies() {
    // The outer policy decides: it is the only writer.
    let inner = Router::new().route("/", get(ok)).with_cors(cors());
    let everyone = cors_axum::Policy::new(cors_axum::Grant::new(["*"])).unwrap();
    let app = Router::new()
        .fallback_service(inner)
        .with_cors(cors_axum::CorsLayer::new(everyone));
    let response = send(app, request("GET /", &[("origin", ALLOWED)]));
    let headers = response.headers();
    assert_eq!(headers["access-control-allow-origin"], "*");
    assert!(!headers.contains_key("access-control-allow-credentials"));
    assert!(!headers.contains_key("access-control-expose-headers"));
}

#[test]
fn chunks_pass_one_by_one() {
    let (senders, sender) = std::sync::mpsc::channel();
    let stream = async move || {
        let (sender, chunks) = mpsc::channel(1);
        senders.send(sender).unwrap();
        Body::from_stream(stream::unfold(chunks, async |mut chunks| {
            let chunk = chunks.recv().await?;
            Some((Ok::<_, Infallible>(chunk), chunks))
        }))
    };
    let app = Router::new().route("/", get(stream)).with_cors(cors());

    let response = app.oneshot(request("GET /", &[])).now_or_never();
    let Ok(response) = response.expect("the head does not wait for a chunk");
    let mut body = response.into_body();
    let sender = sender.recv().unwrap();
    assert!(body.frame().now_or_never().is_none(), "nothing was sent");
    for chunk in ["one", "two"] {
        sender.try_send(chunk).unwrap();
        let frame = body
            .frame()
            .now_or_never()
            .expect("the chunk is not buffered");
        assert_eq!(frame.unwrap().unwrap().into_data().unwrap(), chunk);
    }
    drop(sender);
    assert!(
        body.frame()
            .now_or_never()
            .expect("the body ends")
            .is_none()
    );
}

#[test]
fn state() {
    let app = Router::new()
        .route(
            "/",
            get(|state: axum::extract::State<&'static str>| async move { state.0 }),
        )
        .with_state("the state");
    check_everywhere(app, "GET /", &[], 200);
}

fn app() -> Router {
    let nested = Router::new()
        .route("/users/{id}", get(ok))
        .route("/paths/{id}", get(paths));
    let own_fallback = Router::new()
        .route("/users/{id}", get(ok))
        .fallback(async || StatusCode::GONE);
    let service =
        service_fn(async |_: Request| Ok::<_, Infallible>(Response::new("a service".to_owned())));
    Router::new()
        .route("/", get(ok).options(async || StatusCode::ACCEPTED))
        .route("/any", any(ok))
        .route("/json", post(async |Json(value): Json<Value>| Json(value)))
        .route("/number/{n}", get(async |Path(n): Path<u32>| n.to_string()))
        .route("/query", get(async |Query(page): Query<Page>| page.page))
        .route(
            "/redirect",
            get((StatusCode::SEE_OTHER, [(LOCATION, "/elsewhere")])),
        )
        .route("/error", get(StatusCode::INTERNAL_SERVER_ERROR))
        .route("/paths/{id}", get(paths))
        .route("/private", any(ok).layer(from_fn(authenticate)))
        .merge(Router::new().route("/merged", get(ok)))
        .nest("/nested", nested)
        .nest("/own-fallback", own_fallback)
        .nest_service("/service", service)
        .layer(from_fn(no_preflight))
}

#[derive(serde::Deserialize)]
struct Page {
    page: String,
}

async fn ok() -> impl IntoResponse {
    ([("x-handler", "1"), ("x-request-id", "7")], "hello")
}

async fn paths(path: MatchedPath, OriginalUri(original): OriginalUri, uri: Uri) -> String {
    format!("{} {original} {uri}", path.as_str())
}

async fn authenticate(request: Request, next: Next) -> Result<impl IntoResponse, StatusCode> {
    match request.headers().get(AUTHORIZATION) {
        Some(value) if value == "Bearer secret" => Ok(next.run(request).await),
        _ => Err(StatusCode::UNAUTHORIZED),
    }
}

/// Nothing inside of the policy may see a preflight.
async fn no_preflight(request: Request, next: Next) -> impl IntoResponse {
    assert!(!is_preflight(&Head::from(&request)), "{request:?}");
    next.run(request).await
}
