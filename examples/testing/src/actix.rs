//! actix-web.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::{ErrorInternalServerError, ErrorUnauthorized};
use actix_web::http::{Method, header};
use actix_web::middleware::Next;
use actix_web::web::{self, Bytes, ServiceConfig};
use actix_web::{Error, HttpRequest, HttpResponse};
use cors_actix::{Cors, LoadError, Policy};

use crate::{may_enter, session};

/// The policy's middleware, for the last `wrap`.
///
/// # Errors
///
/// When the policy cannot be read, or is invalid.
pub fn cors() -> Result<Cors, LoadError> {
    Ok(Cors::new(Policy::from_file("cors.toml")?))
}

/// The routes, and what responds to all other paths.
pub fn routes(config: &mut ServiceConfig) {
    let options = web::method(Method::OPTIONS).to(options);
    config
        .service(web::resource("/me").get(me))
        .service(web::resource("/items/{id}").put(async |body: Bytes| body))
        .service(web::resource("/broken").get(broken))
        .service(web::resource("/login").post(login))
        .service(web::resource("/session").get(stored).route(options))
        .service(web::resource("/own").get(own))
        .default_service(web::to(async || {
            HttpResponse::NotFound().body("no such page")
        }));
}

async fn me() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("x-request-id", "1"))
        .insert_header(("x-secret", "2"))
        .body("Ada")
}

async fn broken() -> Result<HttpResponse, Error> {
    Err(ErrorInternalServerError("broken"))
}

async fn login() -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header((header::SET_COOKIE, "sid=1; SameSite=Lax"))
        .finish()
}

async fn stored(request: HttpRequest) -> String {
    let cookies = request.headers().get(header::COOKIE);
    session(cookies.map_or(b"", |cookies| cookies.as_bytes()))
}

async fn options() -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header(("x-request-id", "1"))
        .finish()
}

async fn own() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .body("own")
}

/// Authentication, for `wrap(from_fn(authenticated))`.
///
/// # Errors
///
/// When the request has no token.
pub async fn authenticated<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let token = request.headers().get(header::AUTHORIZATION);
    match may_enter(request.path(), token.map(|token| token.as_bytes())) {
        true => next.call(request).await,
        false => Err(ErrorUnauthorized("who are you?")),
    }
}
