//! The smallest axum application with a CORS policy; the README shows it.

use axum::{Router, routing::get};
use cors_axum::{CorsLayer, Policy, WithCors as _};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let policy = Policy::from_file("cors.toml")?;
    let app = Router::new().route("/", get(|| async { "hello" }));
    let app = app.with_cors(CorsLayer::new(policy)); // last: around everything
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    Ok(axum::serve(listener, app).await?)
}
