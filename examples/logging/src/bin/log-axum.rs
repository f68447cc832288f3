//! axum, with `tracing-subscriber` and the `TraceLayer` of tower-http.

use std::error::Error;

use axum::Router;
use axum::routing::get;
use cors_axum::{Policy, WithCors as _};
use tower::Layer as _;
use tower_http::trace::{DefaultMakeSpan, TraceLayer};
use tracing::Level;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().without_time().init();

    let span = DefaultMakeSpan::new().level(Level::INFO);
    let app = Router::new()
        .route("/users", get(async || "[]").put(async || "[]"))
        .with_cors(Policy::from_file("cors.toml")?);
    // Around the policy, so that its events are in the span of the request.
    let mut app = TraceLayer::new_for_http().make_span_with(span).layer(app);
    cors_logging::an_hour(&mut app).await;
    Ok(())
}
