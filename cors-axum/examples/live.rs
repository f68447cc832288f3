//! An axum application whose CORS policy follows its file; the README shows it.

use axum::{Router, routing::get};
use cors_axum::{CorsLayer, LivePolicy, WithCors as _};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let policy = LivePolicy::watch("cors.toml")?; // read again whenever it changes
    let app = Router::new().route("/", get(|| async { "hello" }));
    let app = app.with_cors(CorsLayer::new(policy));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    Ok(axum::serve(listener, app).await?)
}
