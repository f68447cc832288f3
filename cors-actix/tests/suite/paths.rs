//! The path of a request, as the client sent it, and the routes of a policy.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::Uri;
use actix_web::middleware::NormalizePath;
use actix_web::rt::System;
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::web::ServiceConfig;
use actix_web::{App, Error, HttpRequest, HttpResponse, HttpServer, rt, web};
use cors_actix::{Config, Cors, Grant, Head, Policy};
use cors_core::adapter::RequestHead as _;
use cors_matrix::path::{
    HANDLERS, PAGE, Ran, check_handlers, not_as_sent, policy_for_handlers, wrongly_granted,
};

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

/// Whatever actix-web makes of a path, no handler's response has the grant of another route.
#[test]
fn handlers() {
    #[track_caller]
    fn check<T, B>(app: App<T>)
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
        let system = System::new();
        let app = system.block_on(init_service(app));
        let respond = |path: &str| {
            // The client for tests panics if it is none.
            path.parse::<Uri>().ok()?;
            let request = TestRequest::with_uri(path).insert_header(("origin", PAGE));
            let response = system.block_on(call_service(&app, request.to_request()));
            let header = |name| Some(response.headers().get(name)?.to_str().unwrap().to_owned());
            Some(Ran {
                handler: header("x-ran"),
                exposed: header("access-control-expose-headers"),
            })
        };
        assert_eq!(check_handlers(respond), Ok(()));
    }
    let cors = || Cors::new(Policy::new(policy_for_handlers()).unwrap());
    let ran = |name: &'static str| {
        web::to(move || async move { HttpResponse::Ok().insert_header(("x-ran", name)).finish() })
    };
    let routes = move |config: &mut ServiceConfig| {
        for (path, name) in HANDLERS {
            config.route(path, ran(name));
        }
    };
    check(App::new().configure(routes).wrap(cors()));
    // It merges slashes, and removes the last one.
    let normalize = NormalizePath::trim();
    check(App::new().configure(routes).wrap(normalize).wrap(cors()));
    // In scopes.
    let public = web::scope("/public").route("/echo", ran("public"));
    let realms = web::scope("/realms/{realm}").route("/echo", ran("realms"));
    let others = web::scope("").route("/", ran("root"));
    let others = others.route("/private", ran("private"));
    let app = App::new().service(public.wrap(cors()));
    check(
        app.service(realms.wrap(cors()))
            .service(others.wrap(cors())),
    );
}
