//! Applications with axum.

use ::axum::Router;
use ::axum::extract::Request;
use ::axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use ::axum::middleware::{Next, from_fn};
use ::axum::response::{IntoResponse, Redirect, Response};
use ::axum::routing::{get, put};
use cors_axum::{Grant, Policy, WithCors as _};
use cors_test::{Engine, FailureCode, Page};
use tower_http::cors::CorsLayer;

const API: &str = "https://api.example.com";
const APP: &str = "https://app.example.com";

fn policy() -> Policy {
    let grant = Grant::new([APP])
        .allow_methods(["PUT"])
        .allow_headers(["content-type", "authorization"])
        .expose_headers(["x-request-id"])
        .allow_credentials(true);
    Policy::new(grant).unwrap()
}

fn routes() -> Router {
    Router::new()
        .route(
            "/me",
            get(|| async { ([("x-request-id", "1"), ("x-secret", "2")], "Ada") }),
        )
        .route("/items/{id}", put(|body: String| async move { body }))
        .route(
            "/login",
            get(|| async { [(header::SET_COOKIE, "sid=1; SameSite=Lax")] }),
        )
        .route(
            "/echo-cookie",
            get(|headers: HeaderMap| async move {
                headers
                    .get("cookie")
                    .cloned()
                    .map(|cookie| cookie.to_str().unwrap().to_owned())
                    .unwrap_or_default()
            }),
        )
        .route("/old", get(|| async { Redirect::permanent("/me") }))
}

async fn authenticated(request: Request, next: Next) -> Response {
    match request.headers().get(header::AUTHORIZATION) {
        Some(_) => next.run(request).await,
        None => StatusCode::UNAUTHORIZED.into_response(),
    }
}

#[tokio::test]
async fn a_right_application() {
    let mut app = routes().layer(from_fn(authenticated)).with_cors(policy());
    let page = Page::at(APP).engines(Engine::ALL);
    let token = "Bearer secret";
    let seen = page
        .fetch("PUT", "https://api.example.com/items/1")
        .json("{}")
        .header("Authorization", token)
        .credentials()
        .send(&mut app)
        .await;
    seen.assert_readable().status(200).preflights(1);
    assert_eq!(seen.text(), "{}");
    // The preflight is cached.
    let seen = page
        .fetch("PUT", "https://api.example.com/items/1")
        .json("[]")
        .header("Authorization", token)
        .credentials()
        .send(&mut app)
        .await;
    seen.status(200).preflights(0);
    // A 401 can be read.
    page.get(&format!("{API}/me"))
        .send(&mut app)
        .await
        .assert_readable()
        .status(401);
    let seen = page
        .get(&format!("{API}/me"))
        .header("Authorization", token)
        .send(&mut app)
        .await;
    seen.status(200)
        .header("x-request-id")
        .no_header("x-secret");
    assert_eq!(seen.text(), "Ada");
    let evil = Page::at("https://evil.example");
    evil.get(&format!("{API}/me"))
        .credentials()
        .send(&mut app)
        .await
        .assert_blocked_by(FailureCode::AllowOriginMissing);
}

/// The policy does not allow `Last-Event-ID`, which only a script needs to be allowed.
#[tokio::test]
async fn an_event_source_that_connects_again() {
    let mut app = routes().with_cors(policy());
    let page = Page::at(APP).engines(Engine::ALL);
    let (url, id) = (format!("{API}/me"), "\"7");
    let again = page.event_source(&url).header("Last-Event-ID", id);
    again.send(&mut app).await.assert_readable().preflights(0);
    let by_script = page.get(&url).header("Last-Event-ID", id);
    by_script.send(&mut app).await.assert_blocked();
}

#[tokio::test]
async fn authentication_outside() {
    let cors = CorsLayer::new()
        .allow_origin([APP.parse().unwrap()])
        .allow_methods([Method::PUT])
        .allow_headers([HeaderName::from_static("authorization")]);
    let mut app = routes().layer(cors).layer(from_fn(authenticated));
    let page = Page::at(APP);
    let seen = page
        .fetch("PUT", "https://api.example.com/items/1")
        .header("Authorization", "Bearer secret")
        .send(&mut app)
        .await;
    seen.assert_blocked_by(FailureCode::AllowOriginMissing);
    println!("{seen}");
}

#[tokio::test]
async fn cookies() {
    let mut app = routes().with_cors(policy());
    let page = Page::at(APP);
    page.get(&format!("{API}/login"))
        .credentials()
        .send(&mut app)
        .await
        .status(200);
    let echo = format!("{API}/echo-cookie");
    assert_eq!(
        page.get(&echo).credentials().send(&mut app).await.text(),
        "sid=1"
    );
    assert_eq!(page.get(&echo).send(&mut app).await.text(), "");
    page.get(&format!("{API}/old"))
        .send(&mut app)
        .await
        .status(200);
}
