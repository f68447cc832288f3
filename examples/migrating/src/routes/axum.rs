//! axum.

use axum::Router;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;

/// The routes.
pub fn routes() -> Router {
    let items = get(items).post(items).put(items).options(options);
    Router::new()
        .route("/items", items)
        .route("/broken", get(broken))
        .route("/own", get(own))
}

async fn items() -> impl IntoResponse {
    ([("x-request-id", "1")], "items")
}

async fn options() -> impl IntoResponse {
    (StatusCode::NO_CONTENT, [("x-request-id", "1")])
}

async fn broken() -> Result<&'static str, StatusCode> {
    Err(StatusCode::INTERNAL_SERVER_ERROR)
}

/// A handler that writes a header which is the middleware's to write.
async fn own() -> impl IntoResponse {
    [
        ("access-control-allow-origin", "*"),
        ("vary", "accept-encoding"),
    ]
}
