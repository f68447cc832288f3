//! The position of the middleware among others, in scopes and in resources.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::ACCEPT_ENCODING;
use actix_web::middleware::{Compress, Next, NormalizePath, from_fn};
use actix_web::test::init_service;
use actix_web::{App, Error, HttpResponse, web};
use cors_actix::{Grant, Head, Policy, is_preflight};
use cors_matrix::placement;
use cors_test::Application;

use crate::harness::{APP, GRANTED, PREFLIGHT, cors, cors_of, deny, get, grant, preflight, routes};

/// Checks what a page can do: see [`placement::check`].
async fn check<D>(mut app: impl Application<D>, requests: &[(&str, u16)], missed: &[&str]) {
    let policy = Policy::new(grant()).unwrap();
    placement::check(&mut app, &policy, requests, missed).await;
}

const UNKNOWN: (&str, u16) = (placement::UNKNOWN, 404);
const UNKNOWN_MISSED: &str = "/cors-test-unknown: GET 404, OPTIONS 404, PATCH 404, preflight 404";
const DENIED: &[(&str, u16)] = &[("/", 401), (placement::UNKNOWN, 401)];

#[actix_web::test]
async fn authentication_inside() {
    let app = App::new().configure(routes);
    let app = app.wrap(from_fn(deny)).wrap(cors());
    check(init_service(app).await, DENIED, &[]).await;
}

/// The wrong order, which the documentation warns about.
#[actix_web::test]
async fn authentication_outside() {
    let app = App::new().configure(routes);
    let app = app.wrap(cors()).wrap(from_fn(deny));
    let missed = [
        "/: GET 401, OPTIONS 401, PATCH 401, preflight 401",
        "/cors-test-unknown: GET 401, OPTIONS 401, PATCH 401, preflight 401",
    ];
    check(init_service(app).await, DENIED, &missed).await;
}

#[actix_web::test]
async fn authentication_outside_that_lets_preflights_pass() {
    let app = App::new().configure(routes);
    let app = app.wrap(cors()).wrap(from_fn(deny_no_preflight));
    let missed = [
        "/: GET 401, OPTIONS 401, PATCH 401",
        "/cors-test-unknown: GET 401, OPTIONS 401, PATCH 401",
    ];
    check(init_service(app).await, DENIED, &missed).await;
}

async fn deny_no_preflight<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    match is_preflight(&Head::from(&request)) {
        true => next.call(request).await,
        false => deny(request, next).await,
    }
}

#[actix_web::test]
async fn order_of_registration() {
    // The order of several `wrap` calls matters; the order of `wrap` and `service` does not.
    let app = App::new().wrap(cors()).configure(routes);
    check(init_service(app).await, &[("/", 200), UNKNOWN], &[]).await;
}

#[actix_web::test]
async fn default_service() {
    let app = App::new()
        .configure(routes)
        .default_service(web::to(HttpResponse::ImATeapot))
        .wrap(cors());
    check(init_service(app).await, &[(placement::UNKNOWN, 418)], &[]).await;
}

#[actix_web::test]
async fn scope() {
    let app = App::new()
        .service(web::scope("/api").configure(routes).wrap(cors()))
        .route("/outside", web::get().to(HttpResponse::Ok));
    let requests = [
        ("/api/", 200),
        ("/api/error", 500),
        ("/api", 404),
        ("/api/nowhere", 404),
        ("PUT /api/", 405),
        ("/apis", 404),
        ("/outside", 200),
        UNKNOWN,
    ];
    let missed = [
        "/apis: GET 404, OPTIONS 404, PATCH 404, preflight 404",
        UNKNOWN_MISSED,
        "/outside: GET 200, OPTIONS 404, PATCH 404, preflight 404",
    ];
    check(init_service(app).await, &requests, &missed).await;
}

#[actix_web::test]
async fn resource() {
    let resource = web::resource("/").route(web::get().to(HttpResponse::Ok));
    let app = App::new().service(resource.wrap(cors()));
    let requests = [("/", 200), ("PUT /", 405), UNKNOWN];
    check(init_service(app).await, &requests, &[UNKNOWN_MISSED]).await;
}

#[actix_web::test]
async fn route() {
    // Too far inside: a preflight is not a GET, so it does not match this route.
    let app = App::new().route("/", web::get().to(HttpResponse::Ok).wrap(cors()));
    let missed = ["/: OPTIONS 404, PATCH 404, preflight 404", UNKNOWN_MISSED];
    check(init_service(app).await, &[("/", 200), UNKNOWN], &missed).await;
}

#[actix_web::test]
async fn nested_policies() {
    // The outer policy decides alone. Use one policy with several grants instead.
    let public = cors_of(Grant::new(["*"]).expose_headers(["*"]));
    let app = App::new()
        .service(web::scope("/public").configure(routes).wrap(public))
        .wrap(cors());
    check(init_service(app).await, &[("/public/", 200)], &[]).await;
}

#[test]
fn other_middleware_inside() {
    let app = || {
        let text = || async { "a text that is worth compressing ".repeat(100) };
        App::new()
            .route("/text", web::get().to(text))
            .wrap(Compress::default())
            .wrap(NormalizePath::trim())
            .wrap(cors())
    };
    // No page reads `Vary`.
    let text = get("/text//", APP).insert_header((ACCEPT_ENCODING, "gzip"));
    let fields = [&GRANTED[..3], &["vary: accept-encoding, Origin"]].concat();
    crate::harness::check(app(), text, 200, &fields);
    crate::harness::check(app(), preflight("/text//", APP), 204, PREFLIGHT);
}
