//! A test of an application with the browser of `cors-test`.

use axum::Router;
use axum::routing::put;
use cors_axum::{CorsRouter, Grant, Policy, WithCors as _};

fn app() -> CorsRouter {
    let grant = Grant::new(["https://app.example.com"])
        .allow_methods(["PUT"])
        .allow_headers(["content-type"])
        .allow_credentials(true);
    let routes = Router::new().route("/items/1", put(|body: String| async { body }));
    routes.with_cors(Policy::new(grant).unwrap_or_else(|error| unreachable!("{error}")))
}

// guide: begin
use cors_test::Page;

const ITEM: &str = "https://api.example.com/items/1";

#[tokio::test]
async fn what_pages_can_do() {
    let mut app = app(); // the whole application, as it is served

    let page = Page::at("https://app.example.com");
    let put = page.fetch("PUT", ITEM).json(r#"{"n":1}"#);
    let seen = put.credentials().send(&mut app).await;
    seen.assert_readable().status(200);
    // A page must be able to read errors, too.
    let missing = page.get("https://api.example.com/missing");
    missing.send(&mut app).await.status(404);

    let evil = Page::at("https://evil.example");
    let get = evil.get(ITEM).credentials();
    get.send(&mut app).await.assert_blocked();
}
// guide: end
