//! The path of a request, as the client sent it, and the routes of a policy.

use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{MethodRouter, any};
use cors_axum::{Config, CorsLayer, Grant, Head, Policy, WithCors as _};
use cors_core::adapter::RequestHead as _;
use cors_matrix::path::{
    HANDLERS, PAGE, Ran, check_handlers, not_as_sent, policy_for_handlers, wrongly_granted,
};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tower::{Layer as _, Service, ServiceBuilder, ServiceExt as _};

use crate::socket::Serve;
use crate::{request, send};

fn cors() -> CorsLayer {
    CorsLayer::new(Policy::new(Config::new([]).route("/public", Grant::new(["*"]))).unwrap())
}

/// Runs `check` with the port of a server.
fn with_server<S: Serve, T>(
    serve: impl FnOnce(TcpListener) -> S,
    check: impl FnOnce(u16) -> T,
) -> T {
    let runtime = Runtime::new().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let port = listener.local_addr().unwrap().port();
    runtime.spawn(serve(listener).into_future());
    check(port)
}

/// Responds with the path.
fn path() -> MethodRouter {
    any(async |request: Request| Head::from(&request).path().map(<[u8]>::to_vec).unwrap())
}

#[test]
fn as_sent() {
    let app = Router::new().fallback(path());
    let wrong = with_server(|listener| axum::serve(listener, app), not_as_sent);
    assert_eq!(wrong.unwrap(), []);
}

#[test]
fn grants() {
    #[track_caller]
    fn check<S: Serve>(serve: impl FnOnce(TcpListener) -> S) {
        assert_eq!(with_server(serve, wrongly_granted).unwrap(), [""; 0]);
    }
    let app = || Router::new().route("/public/a", path()).fallback(path());
    check(|listener| axum::serve(listener, app().with_cors(cors())));
    check(|listener| axum::serve(listener, app().layer(cors())));
}

/// A layer in a nested router, or around it: `nest` strips the prefix from the URI before either.
#[test]
fn nested() {
    /// Requests that reach the nested application have these grants.
    #[track_caller]
    fn check(app: &Router, rows: &[(&str, bool)]) {
        for (path, granted) in rows {
            for line in [format!("GET {path}"), format!("OPTIONS {path}")] {
                let fields = [
                    ("origin", "https://app.example.com"),
                    ("access-control-request-method", "GET"),
                ];
                let response = send(app.clone(), request(&line, &fields));
                let found = response
                    .headers()
                    .contains_key("access-control-allow-origin");
                assert_eq!(found, *granted, "{line}");
                assert_eq!(response.headers().contains_key("vary"), !granted, "{line}");
            }
        }
    }
    let inner = || {
        Router::new()
            .route("/", path())
            .route("/public", path())
            .route("/public/a", path())
            .route("/other", path())
            .fallback(path())
    };
    let stripped = [
        ("/nest", false),
        ("/nest/public", false),
        ("/nest/public/a", false),
        ("/nest/other", false),
        ("/nest/nowhere", false),
    ];
    let kept = [
        ("/public/public", true),
        ("/public/other", true),
        ("/public/nowhere", true),
        ("/public/public//", false),
        ("/public/%6fther", false),
    ];
    for prefix in ["/nest", "/public"] {
        let rows = match prefix {
            "/nest" => stripped.as_slice(),
            _ => &kept,
        };
        let check = |app: Router| check(&app, rows);
        let outer = Router::new;
        check(outer().nest(prefix, inner().layer(cors())));
        check(
            outer().nest(
                prefix,
                inner()
                    .route_layer(cors())
                    .fallback_service(cors().layer(path())),
            ),
        );
        check(outer().nest_service(prefix, inner().layer(cors())));
        check(outer().nest_service(prefix, inner().with_cors(cors())));
        check(outer().nest_service(prefix, ServiceBuilder::new().layer(cors()).service(inner())));
        // Around all of it.
        check(outer().nest(prefix, inner()).layer(cors()));
        check(outer().fallback_service(outer().nest(prefix, inner()).with_cors(cors())));
        // In a merged router, and with a state.
        check(outer().merge(outer().nest(prefix, inner().layer(cors()))));
        check(outer().nest(prefix, inner().layer(cors()).with_state(())));
    }
    // Two nested routers.
    let twice = |inner: Router| Router::new().nest("/a", Router::new().nest("/b", inner));
    check(&twice(inner().layer(cors())), &[("/a/b/public", false)]);
    let twice = |inner: Router| Router::new().nest("/public", Router::new().nest("/b", inner));
    check(&twice(inner().layer(cors())), &[("/public/b/other", true)]);
    // A fallback for all paths strips nothing.
    let app = Router::new().fallback_service(inner().with_cors(cors()));
    check(&app, &[("/public", true), ("/nest/public", false)]);
    // A layer on a handler.
    let app = Router::new().nest(
        "/nest",
        Router::new().route("/public", path().layer(cors())),
    );
    check(&app, &[("/nest/public", false)]);
}

/// A middleware that rewrites the URI between the router and the layer.
#[test]
fn rewritten() {
    async fn to_public(mut request: Request, next: Next) -> Response {
        *request.uri_mut() = "/public".parse().unwrap();
        next.run(request).await
    }
    let inner = Router::new()
        .fallback(path())
        .layer(cors())
        .layer(from_fn(to_public));
    let app = Router::new().fallback_service(inner);
    let fields = [("origin", "https://app.example.com")];
    let response = send(app, request("GET /private", &fields));
    assert_eq!(response.body().as_ref(), b"/private");
    assert!(
        !response
            .headers()
            .contains_key("access-control-allow-origin")
    );
}

/// `Head` of a request that no router has seen has its URI.
#[test]
fn head_without_a_router() {
    let request = Request::get("/a//b?c").body(Body::empty()).unwrap();
    assert_eq!(Head::from(&request).path(), Some(&b"/a//b"[..]));
}

/// Whatever axum makes of a path, no handler's response has the grant of another route.
#[test]
fn handlers() {
    #[track_caller]
    fn check<S>(app: &S)
    where
        S: Service<Request, Response = Response, Error = Infallible> + Clone,
    {
        let runtime = Runtime::new().unwrap();
        let respond = |path: &str| {
            let request = Request::get(path).header("origin", PAGE);
            let request = request.body(Body::empty()).ok()?;
            let Ok(response) = runtime.block_on(app.clone().oneshot(request));
            let header = |name| Some(response.headers().get(name)?.to_str().unwrap().to_owned());
            Some(Ran {
                handler: header("x-ran"),
                exposed: header("access-control-expose-headers"),
            })
        };
        assert_eq!(check_handlers(respond), Ok(()));
    }
    let cors = || CorsLayer::new(Policy::new(policy_for_handlers()).unwrap());
    let router = |handlers: &[(&str, &'static str)]| {
        let routes = handlers.iter();
        routes.fold(Router::new(), |router, (path, name)| {
            router.route(path, any([("x-ran", *name)]))
        })
    };
    let app = router(&HANDLERS);
    check(&app.clone().with_cors(cors()));
    check(&app.layer(cors()));
    // A layer in each nested router.
    let public = router(&[("/echo", "public")]).layer(cors());
    let realms = router(&[("/echo", "realms")]).layer(cors());
    let others = router(&[("/", "root"), ("/private", "private")]);
    let app = others
        .layer(cors())
        .nest("/public", public)
        .nest("/realms/{realm}", realms);
    check(&app);
}
