//! The path of a request, as the client sent it, and the routes of a policy.

use std::convert::Infallible;

use cors_matrix::path::{PAGE, Ran, check_handlers, policy_for_handlers};
#[cfg(feature = "server")]
use cors_matrix::{
    message::{Answer, RawRequest, send},
    path::wrongly_granted,
};
use cors_warp::{Config, Cors, Grant, Policy};
#[cfg(feature = "server")]
use tokio::{net::TcpListener, runtime::Runtime};
use tower::{Service, ServiceExt as _};
use warp::Filter as _;
use warp::http::Request;
use warp::reply::{Response, with_header};

use crate::forms::block_on;

fn cors() -> Cors {
    Cors::new(Policy::new(Config::new([]).route("/public", Grant::new(["*"]))).unwrap())
}

/// The path of the request is not what is left of it after filters.
#[test]
fn within_a_prefix() {
    #[track_caller]
    fn check(path: &str, granted: bool) {
        let routes = warp::any().map(warp::reply);
        let inside = warp::path("nest").and(cors().wrap(routes));
        let twice = warp::path("public").and(warp::path("nest").and(cors().wrap(routes)));
        let service = warp::service(inside.or(twice));
        let request = Request::get(path).header("origin", "https://app.example.com");
        let response = block_on(service.oneshot(request.body(String::new()).unwrap()));
        let Ok(response) = response;
        assert_eq!(response.status(), 200, "{path}");
        let found = response
            .headers()
            .contains_key("access-control-allow-origin");
        assert_eq!(found, granted, "{path}");
        assert_eq!(response.headers().contains_key("vary"), !granted, "{path}");
    }
    check("/nest", false);
    check("/nest/", false);
    check("/nest/public", false);
    check("/public/nest", true);
    check("/public/nest/", true);
    check("/public/nest/other", true);
    check("/public/nest//", false);
}

/// Runs `check` with the port of a server.
#[cfg(feature = "server")]
#[track_caller]
fn with_server<S>(serve: impl FnOnce(TcpListener) -> S, check: impl FnOnce(u16))
where
    S: Future<Output = ()> + Send + 'static,
{
    let runtime = Runtime::new().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let port = listener.local_addr().unwrap().port();
    runtime.spawn(serve(listener));
    check(port);
}

#[cfg(feature = "server")]
#[test]
fn grants() {
    #[track_caller]
    fn check<S: Future<Output = ()> + Send + 'static>(serve: impl FnOnce(TcpListener) -> S) {
        with_server(serve, |port| {
            assert_eq!(wrongly_granted(port).unwrap(), [""; 0])
        });
    }
    let prefix = warp::path("public")
        .and(warp::path::tail())
        .map(|_| "public");
    let routes = prefix.or(warp::any().map(warp::reply));
    check(|listener| warp::serve(cors().wrap(routes)).incoming(listener).run());
    let service = cors().layer(warp::service(routes));
    check(|listener| cors_warp::serve(listener, service));
}

/// For warp, the path of such a target is `/`.
#[cfg(feature = "server")]
#[test]
fn without_a_path() {
    #[track_caller]
    fn check<S: Future<Output = ()> + Send + 'static>(serve: impl FnOnce(TcpListener) -> S) {
        let granted = |port, target: &str| {
            let request = RawRequest {
                method: "GET".to_owned(),
                target: target.to_owned(),
                lines: vec![("Origin".to_owned(), b"https://app.example.com".to_vec())],
                body: Vec::new(),
            };
            let Answer::Response(response) = send(port, &request).unwrap() else {
                panic!("{target}: no response");
            };
            assert_eq!(response.status, 200, "{target}");
            response.lines("access-control-allow-origin").count() == 1
        };
        with_server(serve, |port| {
            assert!(granted(port, "/"));
            assert!(granted(port, "http://a.example/"));
            assert!(!granted(port, "a.example:80"));
            assert!(!granted(port, "*"));
        });
    }
    let all = Config::new([]).route("/", Grant::new(["*"]));
    let cors = Cors::new(Policy::new(all).unwrap());
    let routes = warp::any().map(warp::reply);
    let app = cors.wrap(routes);
    check(|listener| warp::serve(app).incoming(listener).run());
    let service = cors.layer(warp::service(routes));
    check(|listener| cors_warp::serve(listener, service));
}

/// Whatever warp makes of a path, no handler's response has the grant of another route.
#[test]
fn handlers() {
    #[track_caller]
    fn check<S>(service: S)
    where
        S: Service<Request<String>, Response = Response, Error = Infallible> + Clone,
    {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let respond = |path: &str| {
            let request = Request::get(path).header("origin", PAGE);
            let request = request.body(String::new()).ok()?;
            let Ok(response) = runtime.block_on(service.clone().oneshot(request));
            let header = |name| Some(response.headers().get(name)?.to_str().unwrap().to_owned());
            Some(Ran {
                handler: header("x-ran"),
                exposed: header("access-control-expose-headers"),
            })
        };
        assert_eq!(check_handlers(respond), Ok(()));
    }
    let cors = Cors::new(Policy::new(policy_for_handlers()).unwrap());
    let ran = |name| move || with_header(warp::reply(), "x-ran", name);
    let root = warp::path::end().map(ran("root"));
    let public = warp::path!("public" / "echo").map(ran("public"));
    let realms = warp::path!("realms" / String / "echo").map(drop);
    let realms = realms.untuple_one().map(ran("realms"));
    let private = warp::path!("private").map(ran("private"));
    let routes = root.or(public).or(realms).or(private);
    check(warp::service(cors.wrap(routes)));
    check(cors.layer(warp::service(routes)));
    // A policy around each part, within prefixes.
    let ran = |name| warp::any().map(ran(name)).boxed();
    let part = |name| cors.wrap(ran(name));
    let public = warp::path!("public" / ..).and(warp::path!("echo").and(part("public")));
    let realms = warp::path!("realms" / String / ..).map(drop).untuple_one();
    let realms = realms.and(warp::path!("echo").and(part("realms")));
    let private = warp::path!("private").and(part("private"));
    check(warp::service(public.or(realms).or(private)));
}
