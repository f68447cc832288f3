//! The position of the middleware among others, in scopes and in resources.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::ACCEPT_ENCODING;
use actix_web::middleware::{Compress, Next, NormalizePath, from_fn};
use actix_web::{App, Error, HttpResponse, web};
use cors_actix::{Grant, Head, is_preflight};

use crate::harness::{
    APP, EVIL, GRANTED, PREFLIGHT, REFUSED, UNTOUCHED, check, cors, cors_of, deny, get, preflight,
    request, routes,
};

#[test]
fn authentication() {
    let inside = || {
        App::new()
            .configure(routes)
            .wrap(from_fn(deny))
            .wrap(cors())
    };
    check(inside(), preflight("/", APP), 204, PREFLIGHT);
    check(inside(), preflight("/", EVIL), 403, REFUSED);
    check(inside(), get("/", APP), 401, GRANTED);

    // The wrong order, which the documentation warns about.
    let outside = || {
        App::new()
            .configure(routes)
            .wrap(cors())
            .wrap(from_fn(deny))
    };
    check(outside(), preflight("/", APP), 401, UNTOUCHED);
    check(outside(), get("/", APP), 401, UNTOUCHED);

    let outside_with_care = || {
        App::new()
            .configure(routes)
            .wrap(cors())
            .wrap(from_fn(deny_no_preflight))
    };
    check(outside_with_care(), preflight("/", APP), 204, PREFLIGHT);
    check(outside_with_care(), get("/", APP), 401, UNTOUCHED);
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

#[test]
fn order_of_registration() {
    // The order of several `wrap` calls matters; the order of `wrap` and `service` does not.
    let app = || App::new().wrap(cors()).configure(routes);
    check(app(), get("/", APP), 200, GRANTED);
    check(app(), preflight("/", APP), 204, PREFLIGHT);
}

#[test]
fn default_service() {
    let app = || {
        App::new()
            .configure(routes)
            .default_service(web::to(HttpResponse::ImATeapot))
            .wrap(cors())
    };
    check(app(), get("/nowhere", APP), 418, GRANTED);
    check(app(), preflight("/nowhere", APP), 204, PREFLIGHT);
}

#[test]
fn scope() {
    let app = || {
        App::new()
            .service(web::scope("/api").configure(routes).wrap(cors()))
            .route("/outside", web::get().to(HttpResponse::Ok))
    };
    check(app(), get("/api/", APP), 200, GRANTED);
    check(app(), get("/api/error", APP), 500, GRANTED);
    check(app(), get("/api", APP), 404, GRANTED);
    check(app(), get("/api/nowhere", APP), 404, GRANTED);
    check(app(), request(Method::PUT, "/api/", APP), 405, GRANTED);
    check(app(), preflight("/api", APP), 204, PREFLIGHT);
    check(app(), preflight("/api/", APP), 204, PREFLIGHT);
    check(app(), preflight("/api/nowhere", APP), 204, PREFLIGHT);
    check(app(), get("/apis", APP), 404, UNTOUCHED);
    check(app(), get("/outside", APP), 200, UNTOUCHED);
    check(app(), preflight("/outside", APP), 404, UNTOUCHED);
    check(app(), preflight("/nowhere", APP), 404, UNTOUCHED);
}

#[test]
fn resource() {
    let app = || {
        let resource = web::resource("/").route(web::get().to(HttpResponse::Ok));
        App::new().service(resource.wrap(cors()))
    };
    check(app(), get("/", APP), 200, GRANTED);
    check(app(), request(Method::PUT, "/", APP), 405, GRANTED);
    check(app(), preflight("/", APP), 204, PREFLIGHT);
    check(app(), preflight("/nowhere", APP), 404, UNTOUCHED);
}

#[test]
fn route() {
    // Too far inside: a preflight is not a GET, so it does not match this route.
    let app = || App::new().route("/", web::get().to(HttpResponse::Ok).wrap(cors()));
    check(app(), get("/", APP), 200, GRANTED);
    check(app(), preflight("/", APP), 404, UNTOUCHED);
}

#[test]
fn nested_policies() {
    // The outer policy decides alone. Use one policy with several grants instead.
    let app = || {
        let public = cors_of(Grant::new(["*"]).expose_headers(["*"]));
        App::new()
            .service(web::scope("/public").configure(routes).wrap(public))
            .wrap(cors())
    };
    check(app(), get("/public/", APP), 200, GRANTED);
    check(app(), get("/public/", EVIL), 200, REFUSED);
    check(app(), preflight("/public/", EVIL), 403, REFUSED);
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
    let text = get("/text//", APP).insert_header((ACCEPT_ENCODING, "gzip"));
    let fields = [&GRANTED[..3], &["vary: accept-encoding, Origin"]].concat();
    check(app(), text, 200, &fields);
    check(app(), preflight("/text//", APP), 204, PREFLIGHT);
}
