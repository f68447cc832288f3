//! A policy that is replaced.

use actix_web::error::ErrorInternalServerError;
use actix_web::test::{call_service, init_service, try_call_service};
use actix_web::{App, Error, HttpResponse, web};
use cors_actix::{Cors, Grant, LivePolicy, Policy};

use crate::harness::{APP, cors_fields, get};

fn exposing(header: &str) -> Policy {
    Policy::new(Grant::new([APP]).expose_headers([header])).unwrap()
}

fn fields(exposed: &str) -> [String; 3] {
    [
        format!("access-control-allow-origin: {APP}"),
        format!("access-control-expose-headers: {exposed}"),
        "vary: Origin".to_owned(),
    ]
}

#[actix_web::test]
async fn a_request_sees_one_policy() {
    let live = LivePolicy::new(exposing("x-first"));
    let replace = {
        let live = live.clone();
        move || {
            // While the request is being answered.
            live.replace(exposing("x-second"));
            async { HttpResponse::Ok().finish() }
        }
    };
    let app = App::new()
        .route("/", web::get().to(replace))
        .wrap(Cors::new(&live));
    let app = init_service(app).await;
    for expected in ["x-first", "x-second"] {
        let response = call_service(&app, get("/", APP).to_request()).await;
        assert_eq!(cors_fields(response.headers()), fields(expected));
    }
}

#[actix_web::test]
async fn an_error_is_rendered_by_the_policy_of_its_request() {
    let live = LivePolicy::new(exposing("x-first"));
    let failing = |_, _: actix_web::middleware::Next<_>| async {
        Err::<actix_web::dev::ServiceResponse, Error>(ErrorInternalServerError("failed"))
    };
    let app = App::new()
        .wrap(actix_web::middleware::from_fn(failing))
        .wrap(Cors::new(&live));
    let app = init_service(app).await;
    let error = try_call_service(&app, get("/", APP).to_request()).await;
    live.replace(exposing("x-second"));
    let response = error.unwrap_err().error_response();
    assert_eq!(cors_fields(response.headers()), fields("x-first"));
}

#[actix_web::test]
async fn every_worker_has_the_policy_in_force() {
    let live = LivePolicy::new(exposing("x-first"));
    let cors = Cors::new(live.clone());
    let worker = || init_service(App::new().wrap(cors.clone()));
    let workers = [worker().await, worker().await];
    live.replace(exposing("x-second"));
    for worker in workers {
        let response = call_service(&worker, get("/", APP).to_request()).await;
        assert_eq!(cors_fields(response.headers()), fields("x-second"));
    }
}
