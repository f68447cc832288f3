//! The path of a request, as the client sent it, and the routes of a policy.

use actix_web::middleware::NormalizePath;
use actix_web::rt::System;
use actix_web::{App, HttpRequest, HttpServer, rt, web};
use cors_actix::{Config, Cors, Grant, Head, Policy};
use cors_core::adapter::RequestHead as _;
use cors_matrix::path::{not_as_sent, wrongly_granted};

use crate::harness::{APP, REFUSED, check, get};

/// The headers of an actual response of the route `/public`.
const EVERYONE: &[&str] = &["access-control-allow-origin: *"];

fn cors() -> Cors {
    Cors::new(Policy::new(Config::new([]).route("/public", Grant::new(["*"]))).unwrap())
}

/// Responds with the path.
async fn path(request: HttpRequest) -> Vec<u8> {
    Head::from(&request).path().unwrap().to_vec()
}

/// Runs `check` with the port of a server.
fn with_server<T: Send + 'static>(check: fn(u16) -> T) -> T {
    System::new().block_on(async {
        let cors = cors();
        let factory = move || {
            App::new()
                .service(web::scope("/public").route("/a", web::get().to(path)))
                .default_service(web::to(path))
                .wrap(cors.clone())
        };
        let server = HttpServer::new(factory).workers(1).disable_signals();
        let server = server.bind(("127.0.0.1", 0)).unwrap();
        let port = server.addrs()[0].port();
        let server = server.run();
        let handle = server.handle();
        let server = rt::spawn(server);
        let result = rt::task::spawn_blocking(move || check(port)).await;
        handle.stop(false).await;
        server.await.unwrap().unwrap();
        result.unwrap()
    })
}

#[test]
fn as_sent() {
    let wrong = with_server(|port| not_as_sent(port).unwrap());
    // actix-web itself refuses it.
    assert_eq!(wrong, [("/\u{fc}", "400".to_owned())]);
}

#[test]
fn grants() {
    let wrong = with_server(|port| wrongly_granted(port).unwrap());
    assert_eq!(wrong, [""; 0]);
}

/// A scope strips nothing from the path.
#[test]
fn in_a_scope() {
    #[track_caller]
    fn check_in_scope(prefix: &str, path_sent: &str, fields: &[&str]) {
        let scope = web::scope(prefix)
            .default_service(web::to(path))
            .wrap(cors());
        check(App::new().service(scope), get(path_sent, APP), 200, fields);
    }
    check_in_scope("/public", "/public/a", EVERYONE);
    check_in_scope("/public", "/public/a//b", REFUSED);
    check_in_scope("/nest", "/nest/public", REFUSED);
    check_in_scope("/{any}", "/nest/public", REFUSED);
    check_in_scope("/{any}", "/public/public", EVERYONE);
}

/// The policy knows what a middleware outside of it has made of the path.
#[test]
fn normalized_outside() {
    let app = || App::new().default_service(web::to(path));
    let normalize = NormalizePath::trim;
    let inside = app().wrap(normalize()).wrap(cors());
    check(inside, get("//public", APP), 200, REFUSED);
    let outside = app().wrap(cors()).wrap(normalize());
    check(outside, get("//public", APP), 200, EVERYONE);
}
