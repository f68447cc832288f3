//! axum: the application, and two wrong placements.

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn;
use cors_axum::{CorsLayer, Policy};
use cors_testing::axum::{app, authenticated, routes};

use crate::failure::check_failure;
use crate::pages::{ask_all, not_found, preflight, unauthorized};
use crate::policy::{AUTHENTICATION_OUTSIDE, check_policy};

#[tokio::test]
async fn right() {
    ask_all(&mut app().unwrap()).await;
}

fn cors() -> CorsLayer {
    CorsLayer::new(Policy::from_file("cors.toml").unwrap())
}

fn authentication_outside() -> Router {
    routes().layer(cors()).layer(from_fn(authenticated))
}

#[tokio::test]
async fn authentication_outside_refuses_preflights() {
    let mut app = authentication_outside();
    check_failure("axum-authentication-outside.txt", preflight(&mut app)).await;
}

#[tokio::test]
async fn authentication_outside_hides_its_401() {
    let mut app = authentication_outside();
    check_policy(&mut app, &[AUTHENTICATION_OUTSIDE]).await;
    check_failure(
        "axum-authentication-outside-401.txt",
        unauthorized(&mut app),
    )
    .await;
}

/// `layer` covers what the router has at that moment.
#[tokio::test]
async fn a_fallback_after_the_layer() {
    let mut app = routes()
        .layer(cors())
        .fallback(async || (StatusCode::NOT_FOUND, "no such page"));
    check_failure("axum-fallback-after-layer.txt", not_found(&mut app)).await;
    let missed = "error[policy-not-applied] OPTIONS /cors-test-unknown (preflight for GET): 404, from https://app.example.com";
    check_policy(&mut app, &[missed]).await;
}
