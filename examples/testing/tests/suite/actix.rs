//! actix-web: the application, and wrong placements.

use actix_web::middleware::from_fn;
use actix_web::test::init_service;
use actix_web::{App, HttpResponse, web};
use cors_testing::actix::{authenticated, cors, routes};

use crate::failure::check_failure;
use crate::pages::{ask_all, not_found, preflight, unauthorized};
use crate::policy::{AUTHENTICATION_OUTSIDE, check_policy};

/// The policy is the last `wrap`, which is the outermost one.
#[actix_web::test]
async fn right() {
    let app = App::new()
        .configure(routes)
        .wrap(from_fn(authenticated))
        .wrap(cors().unwrap());
    ask_all(&mut init_service(app).await).await;
}

#[actix_web::test]
async fn authentication_outside() {
    let app = App::new()
        .configure(routes)
        .wrap(cors().unwrap())
        .wrap(from_fn(authenticated));
    let mut app = init_service(app).await;
    check_policy(&mut app, &[AUTHENTICATION_OUTSIDE]).await;
    check_failure("actix-authentication-outside.txt", preflight(&mut app)).await;
    check_failure(
        "actix-authentication-outside-401.txt",
        unauthorized(&mut app),
    )
    .await;
}

/// A route is chosen by its method, and that of a preflight is OPTIONS.
#[actix_web::test]
async fn around_a_route() {
    let item = web::put().to(async |body: web::Bytes| body);
    let app = App::new().route("/items/{id}", item.wrap(cors().unwrap()));
    let mut app = init_service(app).await;
    check_failure("actix-around-a-route.txt", preflight(&mut app)).await;
}

/// The scope does not have the paths that no scope has.
#[actix_web::test]
async fn around_a_scope() {
    let items = web::get().to(HttpResponse::Ok);
    let scope = web::scope("/items").route("", items).wrap(cors().unwrap());
    let mut app = init_service(App::new().service(scope)).await;
    check_failure("actix-around-a-scope.txt", not_found(&mut app)).await;
}
