//! The warning about CORS headers of another writer. It has a program of its own, because it listens to every event.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use actix_web::rt::System;
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::{App, HttpResponse, web};
use cors_actix::{Cors, Grant, Policy};
use cors_matrix::events::{replaced, warnings};

const ALLOW_ORIGIN: &str = "access-control-allow-origin";
const APP: &str = "https://app.example.com";

/// The warnings while a worker that has just started answers a request.
fn warnings_of(cors: &Cors, path: &str) -> Vec<String> {
    let own = || async {
        HttpResponse::Ok()
            .insert_header((ALLOW_ORIGIN, "*"))
            .finish()
    };
    let public = web::scope("/public").wrap(policy("*"));
    let app = App::new()
        .route("/plain", web::get().to(HttpResponse::Ok))
        .route("/own", web::get().to(own))
        .service(public.route("", web::get().to(HttpResponse::Ok)))
        .wrap(cors.clone());
    let request = TestRequest::with_uri(path).insert_header(("origin", APP));
    warnings(|| {
        System::new().block_on(async {
            let app = init_service(app).await;
            let response = call_service(&app, request.to_request()).await;
            assert_eq!(response.status(), 200);
            assert_eq!(response.headers().get(ALLOW_ORIGIN).unwrap(), APP);
        });
    })
}

fn policy(origin: &str) -> Cors {
    Cors::new(Policy::new(Grant::new([origin])).unwrap())
}

#[test]
fn another_writer_is_reported_once_for_all_workers() {
    let cors = policy(APP);
    assert_eq!(warnings_of(&cors, "/plain"), [""; 0]);
    assert_eq!(warnings_of(&cors, "/own"), [replaced(ALLOW_ORIGIN)]);
    assert_eq!(warnings_of(&cors, "/own"), [""; 0]);
}

#[test]
fn of_two_policies_the_outer_one_reports() {
    let cors = policy(APP);
    assert_eq!(warnings_of(&cors, "/public"), [replaced(ALLOW_ORIGIN)]);
    assert_eq!(warnings_of(&cors, "/public"), [""; 0]);
}
