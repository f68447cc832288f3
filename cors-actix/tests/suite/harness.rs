//! An application, a policy, and one check for all rows.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::error::{ErrorInternalServerError, ErrorUnauthorized};
use actix_web::http::header::{self, HeaderMap};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::rt::System;
use actix_web::test::{TestRequest, init_service, try_call_service};
use actix_web::web::{self, Json, ServiceConfig};
use actix_web::{App, Error, HttpResponse};
use cors_actix::{Config, Cors, Grant, Policy};
use serde_json::Value;

pub(crate) const APP: &str = "https://app.example.com";
pub(crate) const EVIL: &str = "https://evil.example";

/// The headers of an actual response to [`APP`].
pub(crate) const GRANTED: &[&str] = &[
    "access-control-allow-credentials: true",
    "access-control-allow-origin: https://app.example.com",
    "access-control-expose-headers: x-request-id",
    "vary: Origin",
];
/// The headers of the response to a preflight from [`APP`].
pub(crate) const PREFLIGHT: &[&str] = &[
    "access-control-allow-credentials: true",
    "access-control-allow-headers: content-type, authorization",
    "access-control-allow-methods: GET, PUT",
    "access-control-allow-origin: https://app.example.com",
    "access-control-max-age: 600",
    "vary: Origin",
];
/// The headers of any other response.
pub(crate) const REFUSED: &[&str] = &["vary: Origin"];
/// The headers of a response that the middleware never saw.
pub(crate) const UNTOUCHED: &[&str] = &[];

pub(crate) fn cors() -> Cors {
    cors_of(grant())
}

pub(crate) fn grant() -> Grant {
    Grant::new([APP])
        .allow_methods(["GET", "PUT"])
        .allow_headers(["content-type", "authorization"])
        .expose_headers(["x-request-id"])
        .allow_credentials(true)
        .max_age(std::time::Duration::from_secs(600))
}

pub(crate) fn cors_of(config: impl Into<Config>) -> Cors {
    Cors::new(Policy::new(config).unwrap())
}

pub(crate) fn request(method: Method, path: &str, origin: &str) -> TestRequest {
    TestRequest::with_uri(path)
        .method(method)
        .insert_header((header::ORIGIN, origin))
}

pub(crate) fn get(path: &str, origin: &str) -> TestRequest {
    request(Method::GET, path, origin)
}

pub(crate) fn preflight(path: &str, origin: &str) -> TestRequest {
    request(Method::OPTIONS, path, origin)
        .insert_header((header::ACCESS_CONTROL_REQUEST_METHOD, "PUT"))
}

/// The application of most tests, without the middleware.
pub(crate) fn routes(config: &mut ServiceConfig) {
    let failing = || async { Err::<HttpResponse, Error>(ErrorInternalServerError("failed")) };
    config
        .service(web::resource("/").route(web::get().to(HttpResponse::Ok)))
        .service(web::resource("/any").to(HttpResponse::Ok))
        .service(web::resource("/error").to(failing))
        .service(web::resource("/json").route(web::post().to(take_json)))
        .service(web::redirect("/old", "/"));
}

async fn take_json(_: Json<Value>) -> HttpResponse {
    HttpResponse::Ok().finish()
}

/// A middleware that rejects every request.
pub(crate) async fn deny<B: MessageBody>(
    _: ServiceRequest,
    _: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    Err(ErrorUnauthorized("no"))
}

/// Sends `request` to `app`. Compares the status and all CORS headers, sorted by name, with what is
/// expected.
#[track_caller]
pub(crate) fn check<T, B>(app: App<T>, request: TestRequest, status: u16, fields: &[&str])
where
    T: ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<B>,
            Error = Error,
            InitError = (),
        > + 'static,
    B: MessageBody,
{
    let (actual_status, headers) = System::new().block_on(async {
        let app = init_service(app).await;
        let response = match try_call_service(&app, request.to_request()).await {
            Ok(response) => HttpResponse::from(response).drop_body(),
            // The server does the same.
            Err(error) => error.error_response().drop_body(),
        };
        (response.status(), response.headers().clone())
    });
    assert_eq!(
        (actual_status, cors_fields(&headers)),
        (
            StatusCode::from_u16(status).unwrap(),
            fields.iter().map(ToString::to_string).collect()
        ),
    );
}

pub(crate) fn cors_fields(headers: &HeaderMap) -> Vec<String> {
    let mut names = headers.keys().map(|name| name.as_str()).collect::<Vec<_>>();
    names.retain(|name| {
        name.starts_with("access-control-") || *name == "vary" || *name == "timing-allow-origin"
    });
    names.sort_unstable();
    let lines_of = |name| {
        let lines = headers.get_all(name);
        lines.map(move |line| format!("{name}: {}", line.to_str().unwrap()))
    };
    names.into_iter().flat_map(lines_of).collect()
}
