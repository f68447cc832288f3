//! CORS for [axum](https://docs.rs/axum) 0.8: one policy, checked when it is loaded, around a whole
//! [`Router`](axum::Router).
//!
//! ```no_run
//! use axum::Router;
//! use axum::routing::get;
//! use cors_axum::{CorsLayer, Policy, WithCors as _};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let policy = Policy::from_file("cors.toml")?;
//!     let app = Router::new()
//!         .route("/", get(|| async { "hello" }))
//!         .with_cors(CorsLayer::new(policy)); // last
//!     let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
//!     axum::serve(listener, app).await?;
//!     Ok(())
//! }
//! ```
//!
//! The policy can be written in Rust too: see [`Grant`] and [`Config`]. What the layer does to
//! requests and responses is told in the documentation of
//! [`cors_tower`](cors_tower#what-it-does), and everything that one has is here as well.
//!
//! # Placement
//!
//! [`with_cors`](WithCors::with_cors) is around everything that the router has, what axum itself
//! responds included, and what it returns is no router: nothing can be added that the policy would
//! miss.
//!
//! [`CorsLayer`] is a layer like any other as well. [`Router::layer`](axum::Router::layer) applies it
//! to what the router has *by then*, so add it last, to the outermost router. It then covers as
//! much; the only difference is that axum adds its `Allow` to the answers to preflights, which
//! browsers do not read. Compression goes inside: outside it writes a second `Vary` line, and a cache
//! that reads one line only, as nginx 1.22 does, gives the answer for one origin to another.
//! Everywhere else the layer misses something:
//!
//! ```
//! use axum::Router;
//! use axum::http::StatusCode;
//! use axum::middleware::from_fn;
//! use axum::routing::get;
//! use cors_axum::{CorsLayer, Grant, Policy, WithCors as _};
//! # use axum::body::Body;
//! # use axum::extract::Request;
//! # use axum::middleware::Next;
//! # use axum::response::Response;
//! # use tower::{Service, ServiceExt as _};
//! # const COVERED: bool = true;
//! # const MISSED: bool = false;
//! # async fn ask<S>(app: &S, line: &str) -> (u16, bool)
//! # where
//! #     S: Service<Request, Response = Response, Error = std::convert::Infallible> + Clone,
//! # {
//! #     let request = match line.split_once(' ').unwrap() {
//! #         ("preflight", path) => {
//! #             Request::options(path).header("access-control-request-method", "PUT")
//! #         }
//! #         (method, path) => Request::builder().method(method).uri(path),
//! #     };
//! #     let request = request.header("origin", "https://app.example.com");
//! #     let Ok(response) = app.clone().oneshot(request.body(Body::empty()).unwrap()).await;
//! #     let fields = response.headers();
//! #     (response.status().as_u16(), fields.contains_key("access-control-allow-origin"))
//! # }
//! # async fn authenticate(_: Request, _: Next) -> StatusCode {
//! #     StatusCode::UNAUTHORIZED
//! # }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!
//! let policy = Policy::new(Grant::new(["https://app.example.com"]).allow_methods(["PUT"]))?;
//! let cors = || CorsLayer::new(policy.clone());
//! let router = || Router::new().route("/users", get("users"));
//!
//! // Right: around the router.
//! let app = router().with_cors(cors());
//! assert_eq!(ask(&app, "preflight /users").await, (204, COVERED));
//! assert_eq!(ask(&app, "preflight /nowhere").await, (204, COVERED));
//! assert_eq!(ask(&app, "GET /nowhere").await, (404, COVERED));
//! // Right: its last layer.
//! let app = router().layer(cors());
//! assert_eq!(ask(&app, "GET /nowhere").await, (404, COVERED));
//!
//! // Too early: what is added later is missed. That may be a route (or those of a `merge` or `nest`),
//! let app = router().layer(cors()).route("/late", get("late"));
//! assert_eq!(ask(&app, "preflight /late").await, (405, MISSED));
//! assert_eq!(ask(&app, "GET /late").await, (200, MISSED));
//! // a fallback,
//! let app = router().layer(cors()).fallback(|| async { StatusCode::NOT_FOUND });
//! assert_eq!(ask(&app, "preflight /nowhere").await, (404, MISSED));
//! // or a fallback for methods, which takes the preflights of the earlier routes away.
//! let refuse = || async { StatusCode::METHOD_NOT_ALLOWED };
//! let app = router().layer(cors()).method_not_allowed_fallback(refuse);
//! assert_eq!(ask(&app, "preflight /users").await, (405, MISSED));
//!
//! // `route_layer`: what has no route is missed.
//! let app = router().route_layer(cors());
//! assert_eq!(ask(&app, "preflight /nowhere").await, (404, MISSED));
//! assert_eq!(ask(&app, "GET /nowhere").await, (404, MISSED));
//!
//! // A layer of a nested router: where that has no route and no fallback, the outer one responds.
//! let app = Router::new().nest("/api", router().layer(cors()));
//! assert_eq!(ask(&app, "GET /api/nowhere").await, (404, MISSED));
//! // Right, if the policy is for that part alone: around the nested router.
//! let app = Router::new().nest_service("/api", router().with_cors(cors()));
//! assert_eq!(ask(&app, "GET /api/nowhere").await, (404, COVERED));
//!
//! // Inside of authentication, which refuses all preflights: browsers send no credentials there.
//! let app = router().layer(cors()).layer(from_fn(authenticate));
//! assert_eq!(ask(&app, "preflight /users").await, (401, MISSED));
//! // Right: authentication inside. Pages can read what it responds, too.
//! let app = router().layer(from_fn(authenticate)).with_cors(cors());
//! assert_eq!(ask(&app, "preflight /users").await, (204, COVERED));
//! assert_eq!(ask(&app, "GET /users").await, (401, COVERED));
//!
//! // Outside belongs only what is to see preflights, such as a log of all requests.
//! # async fn log(request: Request, next: Next) -> Response {
//! #     next.run(request).await
//! # }
//! let app = Router::new()
//!     .fallback_service(router().with_cors(cors()))
//!     .layer(from_fn(log));
//! assert_eq!(ask(&app, "preflight /users").await, (204, COVERED));
//! # Ok(())
//! # }
//! ```
//!
//! # Several policies
//!
//! Two policies around one another are a mistake: the outer one decides alone. It replaces or removes what
//! the inner one writes, and the first time it reports that, as an event of `tracing` at level warn. For
//! different origins with different rights, write one policy with several grants. For
//! parts of the paths with different policies, put each around a router of its own, and none around both:
//!
//! ```
//! use axum::Router;
//! use axum::body::Body;
//! use axum::http::Request;
//! use axum::routing::get;
//! use cors_axum::{Grant, Policy, WithCors as _};
//! use tower::ServiceExt as _;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let everybody = Policy::new(Grant::new(["*"]))?;
//! let public = Router::new().route("/prices", get("prices")).with_cors(everybody);
//! let own_site = Policy::new(Grant::new(["https://app.example.com"]).allow_credentials(true))?;
//! let private = Router::new().route("/users", get("users")).with_cors(own_site);
//!
//! let app = Router::new()
//!     .nest_service("/public", public)
//!     .nest_service("/api", private);
//! // axum::serve(listener, app).await?;
//!
//! for (path, allowed) in [
//!     ("/public/prices", "*"),
//!     ("/api/users", "https://app.example.com"),
//! ] {
//!     let request = Request::get(path).header("origin", "https://app.example.com");
//!     let response = app.clone().oneshot(request.body(Body::empty())?).await?;
//!     assert_eq!(response.headers()["access-control-allow-origin"], allowed);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Panics
//!
//! When a handler panics, axum drops the connection. The page sees a network error, with this crate
//! or without it. `CatchPanicLayer` of tower-http makes a 500 of the panic; put it inside, so that the
//! page can read that:
//!
//! ```
//! use axum::Router;
//! use axum::body::Body;
//! use axum::http::{Request, StatusCode};
//! use axum::routing::get;
//! use cors_axum::{CorsLayer, Grant, Policy, WithCors as _};
//! use tower::ServiceExt as _;
//! use tower_http::catch_panic::CatchPanicLayer;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let policy = Policy::new(Grant::new(["https://app.example.com"]))?;
//! async fn panic() {
//!     panic!("a bug");
//! }
//!
//! let cors = CorsLayer::new(policy);
//! let router = Router::new().route("/", get(panic));
//! let request = || Request::get("/").header("origin", "https://app.example.com");
//!
//! let inside = router.clone().layer(CatchPanicLayer::new()).with_cors(cors.clone());
//! let response = inside.oneshot(request().body(Body::empty())?).await?;
//! assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
//! assert_eq!(response.headers()["access-control-allow-origin"], "https://app.example.com");
//!
//! let outside = router.layer(cors).layer(CatchPanicLayer::new());
//! let response = outside.oneshot(request().body(Body::empty())?).await?;
//! assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
//! assert!(!response.headers().contains_key("access-control-allow-origin"));
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! - `http1`, `http2` and `tokio` are axum's; `http1` and `tokio` are on by default. `axum::serve` needs
//!   `tokio` and one of the others.
//! - `watch`: `LivePolicy::watch`, a policy that follows its file.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod router;

#[doc(inline)]
pub use cors_tower::{
    Config, ConfigError, ConfigErrors, CorsFuture, CorsLayer, CorsService, DangerouslyAllow,
    Decision, Difference, ErrorCode, Explanation, Grant, GrantId, Head, LivePolicy, LoadError,
    Location, NearMiss, Policy, PolicyFile, PolicySource, Reason, Verdict, is_preflight,
};
pub use router::{CorsRouter, WithCors};
