//! Errors that are still errors when they reach the middleware, and panics.

use std::cell::Cell;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::ErrorInternalServerError;
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue, VARY};
use actix_web::middleware::{Next, from_fn};
use actix_web::test::{init_service, try_call_service};
use actix_web::{App, Error, HttpResponse, ResponseError, web};
use futures_util::FutureExt as _;

use crate::harness::{
    APP, EVIL, GRANTED, PREFLIGHT, REFUSED, UNTOUCHED, check, cors, cors_fields, deny, get,
    preflight, routes,
};

#[test]
fn from_middleware() {
    let of_the_application = || {
        App::new()
            .configure(routes)
            .wrap(from_fn(deny))
            .wrap(cors())
    };
    check(of_the_application(), get("/", APP), 401, GRANTED);
    check(of_the_application(), get("/", EVIL), 401, REFUSED);
    check(of_the_application(), get("/nowhere", APP), 401, GRANTED);
    check(of_the_application(), preflight("/", APP), 204, PREFLIGHT);

    let of_a_scope = || {
        App::new()
            .service(web::scope("/api").configure(routes).wrap(from_fn(deny)))
            .wrap(cors())
    };
    check(of_a_scope(), get("/api/", APP), 401, GRANTED);
    check(of_a_scope(), preflight("/api/", APP), 204, PREFLIGHT);
}

#[derive(Debug)]
struct Teapot;

impl fmt::Display for Teapot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no coffee")
    }
}

impl ResponseError for Teapot {
    fn status_code(&self) -> StatusCode {
        StatusCode::IM_A_TEAPOT
    }
}

/// A middleware whose error has headers of its own.
async fn brew<B: MessageBody>(_: ServiceRequest, _: Next<B>) -> Result<ServiceResponse<B>, Error> {
    let mut error = Error::from(Teapot);
    error.add_response_mapper(|mut response| {
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        headers.append(VARY, HeaderValue::from_static("Accept"));
        response
    });
    Err(error)
}

#[actix_web::test]
async fn stay_errors() {
    let seen = Rc::new(Cell::new(0));
    let outside = {
        let seen = Rc::clone(&seen);
        from_fn(move |request: ServiceRequest, next: Next<_>| {
            let seen = Rc::clone(&seen);
            async move {
                let result = next.call(request).await;
                let error = match &result {
                    Ok(response) => response.response().error(),
                    Err(error) => Some(error),
                };
                if error.and_then(Error::as_error::<Teapot>).is_some() {
                    seen.set(seen.get() + 1);
                }
                result
            }
        })
    };
    let app = App::new()
        .service(web::resource("/middleware").wrap(from_fn(brew)))
        .route(
            "/handler",
            web::get().to(|| async { Err::<HttpResponse, _>(Teapot) }),
        )
        .wrap(cors())
        .wrap(outside);
    let app = init_service(app).await;

    let result = try_call_service(&app, get("/middleware", APP).to_request()).await;
    assert_eq!(seen.get(), 1);
    let Err(error) = result else {
        panic!("an error became a response");
    };
    // Rendering it again adds nothing.
    for _ in 0..2 {
        let response = error.error_response();
        assert_eq!(response.status(), StatusCode::IM_A_TEAPOT);
        let expected = [&GRANTED[..3], &["vary: Accept, Origin"]].concat();
        assert_eq!(cors_fields(response.headers()), expected);
    }
    // A limit of actix-web. If actix-web removes it, change the documentation.
    let response = HttpResponse::from_error(error);
    assert_eq!(cors_fields(response.headers()), UNTOUCHED);

    let result = try_call_service(&app, get("/handler", APP).to_request()).await;
    assert_eq!(seen.get(), 2);
    assert_eq!(cors_fields(result.unwrap().headers()), GRANTED);
}

/// A middleware that turns a panic into an error.
async fn catch_panic<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    AssertUnwindSafe(async { next.call(request).await })
        .catch_unwind()
        .await
        .unwrap_or_else(|_| Err(ErrorInternalServerError("panicked")))
}

#[test]
fn caught_panics() {
    async fn handler() -> HttpResponse {
        panic!("as expected");
    }
    let app = || App::new().route("/", web::get().to(handler));
    let inside = app().wrap(from_fn(catch_panic)).wrap(cors());
    check(inside, get("/", APP), 500, GRANTED);
    let outside = app().wrap(cors()).wrap(from_fn(catch_panic));
    check(outside, get("/", APP), 500, UNTOUCHED);
}
