//! axum.

use axum::Router;
use axum::body::Bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use cors_axum::{CorsRouter, LoadError, Policy, WithCors as _};

use crate::{may_enter, session};

/// The application: the policy is around authentication and the fallback.
///
/// # Errors
///
/// When the policy cannot be read, or is invalid.
pub fn app() -> Result<CorsRouter, LoadError> {
    let app = routes()
        .fallback(async || (StatusCode::NOT_FOUND, "no such page"))
        .layer(from_fn(authenticated));
    Ok(app.with_cors(Policy::from_file("cors.toml")?))
}

/// The routes.
pub fn routes() -> Router {
    let me = async || ([("x-request-id", "1"), ("x-secret", "2")], "Ada");
    let broken = async || (StatusCode::INTERNAL_SERVER_ERROR, "broken");
    let cookie = [(header::SET_COOKIE, "sid=1; SameSite=Lax")];
    let login = async move || (StatusCode::NO_CONTENT, cookie);
    let options = async || (StatusCode::NO_CONTENT, [("x-request-id", "1")]);
    let own = async || ([(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")], "own");
    Router::new()
        .route("/me", get(me))
        .route("/items/{id}", put(async |body: Bytes| body))
        .route("/broken", get(broken))
        .route("/login", post(login))
        .route("/session", get(stored).options(options))
        .route("/own", get(own))
}

async fn stored(headers: HeaderMap) -> String {
    let cookies = headers.get(header::COOKIE);
    session(cookies.map_or(b"", |cookies| cookies.as_bytes()))
}

/// Authentication.
pub async fn authenticated(request: Request, next: Next) -> Response {
    let token = request.headers().get(header::AUTHORIZATION);
    match may_enter(request.uri().path(), token.map(|token| token.as_bytes())) {
        true => next.run(request).await,
        false => (StatusCode::UNAUTHORIZED, "who are you?").into_response(),
    }
}
