//! CORS for [axum](https://docs.rs/axum/0.8) 0.8: one policy, checked when it is loaded, around a whole
//! [`Router`].
//!
//! # Install
//!
//! ```sh
//! cargo add cors-axum                     # from the registry
//! cargo add --path ../cors/cors-axum      # or from a clone of the repository in `../cors`
//! cargo add axum
//! cargo add tokio --features macros,rt-multi-thread
//! ```
//!
//! It needs Rust 1.89. For axum 0.7 use `cors-tower`. The features:
//!
//! - `http1`, `http2` and `tokio` are those of axum. `http1` and `tokio` are on by default. `axum::serve` needs
//!   `tokio` and one of the other two.
//! - `watch`: [`LivePolicy::watch`](LivePolicy#method.watch) and [`OriginSet::watch`](OriginSet#method.watch): a policy
//!   or a set of origins that is read again when its file changes.
//!
//! # Example
//!
//! Write the policy as a file:
//!
//! ```toml
//! # cors.toml
//! allow_origins     = ["https://app.example.com", "https://admin.example.com"]
//! allow_methods     = ["PUT", "DELETE"]
//! allow_headers     = ["content-type", "authorization"]
//! expose_headers    = ["x-request-id"]
//! allow_credentials = true
//! max_age           = 7200
//! ```
//!
//! Then put it around the router. An error in the file ends the program with its line and what to write
//! instead.
//!
//! ```no_run
//! use axum::Router;
//! use axum::routing::get;
//! use cors_axum::{Policy, WithCors as _};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let policy = Policy::from_file("cors.toml")?;
//!     let app = Router::new()
//!         .route("/", get(|| async { "hello" }))
//!         .with_cors(policy); // last: around everything
//!     let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
//!     axum::serve(listener, app).await?;
//!     Ok(())
//! }
//! ```
//!
//! A policy can also be written in Rust, as a [`Grant`] or as a [`Config`] of several. This is what a preflight
//! and other requests get:
//!
//! ```
//! use axum::Router;
//! use axum::body::Body;
//! use axum::http::{Request, StatusCode};
//! use axum::routing::put;
//! use cors_axum::{Grant, Policy, WithCors as _};
//! use tower::ServiceExt as _; // for `oneshot`
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let policy = Policy::new(Grant::new(["https://app.example.com"]).allow_methods(["PUT"]))?;
//! let app = Router::new()
//!     .route("/users", put(|| async { "stored" }))
//!     .with_cors(policy);
//!
//! // A preflight: the policy responds.
//! let preflight = Request::options("/users")
//!     .header("origin", "https://app.example.com")
//!     .header("access-control-request-method", "PUT")
//!     .body(Body::empty())?;
//! let response = app.clone().oneshot(preflight).await?;
//! assert_eq!(response.status(), StatusCode::NO_CONTENT);
//! assert_eq!(response.headers()["access-control-allow-methods"], "PUT");
//!
//! // An error: it has the headers, so the page can read it.
//! let nowhere = Request::get("/nowhere").header("origin", "https://app.example.com");
//! let response = app.clone().oneshot(nowhere.body(Body::empty())?).await?;
//! assert_eq!(response.status(), StatusCode::NOT_FOUND);
//! assert_eq!(response.headers()["access-control-allow-origin"], "https://app.example.com");
//!
//! // Another origin: the handler runs, but the page cannot read the response.
//! let other = Request::put("/users").header("origin", "https://other.example");
//! let response = app.oneshot(other.body(Body::empty())?).await?;
//! assert_eq!(response.status(), StatusCode::OK);
//! assert!(!response.headers().contains_key("access-control-allow-origin"));
//! # Ok(())
//! # }
//! ```
//!
//! # Placement
//!
//! Call [`with_cors`](WithCors::with_cors) last, on the outermost router. What is outside the policy answers
//! preflights itself, and its responses have no CORS headers. The policy covers everything that the router
//! has: routes, nested routers, layers such as authentication, fallbacks, and axum's own 404 and 405.
//!
//! `with_cors` returns a [`CorsRouter`], which is not a `Router`: a route that the policy would miss does
//! not compile. [Wrong placements](#wrong-placements) has the other ways, and what they miss.
//!
//! # What it does
//!
//! - A [CORS-preflight request](https://fetch.spec.whatwg.org/#cors-preflight-request) (`OPTIONS` with `Origin`
//!   and `Access-Control-Request-Method`) is answered at once, on every path: with 204 and what the policy
//!   allows, or with 403 if the origin has no grant. Routes and layers do not see it. Any other `OPTIONS`
//!   request reaches your routes.
//! - Every other response gets the policy's headers, whatever its status.
//! - No actual request is refused, whatever its origin, unless the policy says so with [`refuse`](Config::refuse). CORS is
//!   not access control: it says which pages may *read* a response.
//! - The policy is the only writer: `Access-Control-Allow-Origin`, `-Allow-Credentials` and `-Expose-Headers`
//!   from inside are replaced or removed.
//! - `Vary` is one line: that of the application, with `Origin` added. (If the policy is one grant to `*`, all
//!   origins get the same response, and nothing is added.)
//! - Bodies, streams and upgrades such as WebSockets are not changed.
//!
//! # Routes
//!
//! For different origins with different permissions, write several grants. For parts of the paths with different
//! rules, write routes in the policy: then they are checked and explained, and move to another framework with it. The most
//! specific route decides, and inherits nothing:
//!
//! ```
//! use axum::Router;
//! use axum::body::Body;
//! use axum::http::Request;
//! use axum::routing::get;
//! use cors_axum::{Config, Grant, Policy, WithCors as _};
//! use tower::ServiceExt as _;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let own_site = Grant::new(["https://app.example.com"]).allow_credentials(true);
//! let config = Config::new([own_site]).route("/public", Grant::new(["*"]));
//! let public = Router::new().route("/prices", get("prices"));
//! let app = Router::new()
//!     .nest("/public", public)
//!     .route("/users", get("users"))
//!     .with_cors(Policy::new(config)?);
//!
//! for (path, allowed) in [
//!     ("/public/prices", "*"),
//!     ("/users", "https://app.example.com"),
//! ] {
//!     let request = Request::get(path).header("origin", "https://app.example.com");
//!     let response = app.clone().oneshot(request.body(Body::empty())?).await?;
//!     assert_eq!(response.headers()["access-control-allow-origin"], allowed);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A route is compared with the path that the client sent, also if the layer is within a router that `nest` has added.
//! A layer that changes the URI before ours sees it, such as `NormalizePathLayer` of tower-http, must be inside.
//!
//! Do not put one policy around another: the outer one decides alone. It replaces or removes the headers of
//! the inner one, and reports that once as a warning.
//!
//! # Replacing the policy
//!
//! Use a [`LivePolicy`] in place of the [`Policy`]. It can be replaced while the server runs, and every request
//! that arrives after that uses the new policy:
//!
//! ```
//! # use axum::Router;
//! # use axum::body::Body;
//! # use axum::http::Request;
//! # use cors_axum::{Grant, LivePolicy, Policy, WithCors as _};
//! # use tower::ServiceExt as _;
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let live = LivePolicy::new(Policy::new(Grant::new(["https://app.example.com"]))?);
//! let app = Router::new().with_cors(&live);
//!
//! // If the new policy has an error, `?` returns it, and nothing is replaced.
//! live.replace(Policy::new(Grant::new(["https://beta.example.com"]))?);
//!
//! let request = Request::get("/").header("origin", "https://beta.example.com");
//! let response = app.oneshot(request.body(Body::empty())?).await?;
//! assert_eq!(response.headers()["access-control-allow-origin"], "https://beta.example.com");
//! # Ok(())
//! # }
//! ```
//!
//! With the feature `watch`, `LivePolicy::watch("cors.toml")?` follows the file. A browser may use an old
//! response to a preflight for up to `max_age` seconds.
//!
//! Origins that change often, such as those that customers register, are an [`OriginSet`]. The policy names it, and a change
//! needs no other policy.
//!
//! # Testing
//!
//! Send requests to the router in `cargo test`, as the examples above do. `oneshot` needs
//! `cargo add --dev tower --features util`. Tests run in the folder of the package, so
//! `Policy::from_file("cors.toml")` finds the file next to `Cargo.toml`. To test a policy without an
//! application, use [`Policy::explain`] with a [`Head`].
//!
//! # Logs
//!
//! These are events of [`tracing`](https://docs.rs/tracing), with targets that begin with `cors_core`. Without a subscriber
//! they go to the logger of the crate [`log`](https://docs.rs/log).
//!
//! | level | event |
//! |---|---|
//! | info | a page cannot read a response: its origin has no grant, or a preflight asks for a method or header that is not allowed |
//! | info | a watched file was loaded |
//! | warn | a request was refused, or would be with `refuse_report_only` |
//! | warn | a header from inside was replaced or removed: once for each policy |
//! | error | a watched file cannot be read or is invalid, and the old policy stays active |
//!
//! The event of a request names the path, the nearest pattern and how the origin differs. For each reason and route,
//! 20 are emitted at once, and after that one in 10 seconds: [`Policy::log`] has all fields.
//! With the feature `metrics`, requests are counted by outcome for a recorder of [`metrics`](https://docs.rs/metrics).
//!
//! The events are in the span of the request if `TraceLayer` of tower-http is outside the policy, as `log` in the last
//! example of the next section.
//!
//! # Wrong placements
//!
//! [`CorsLayer`] is also a tower layer. [`Router::layer`] puts it around what the router has
//! *at that moment*. Added last to the outermost router, it covers as much as `with_cors`. (The only difference:
//! axum adds `Allow` to responses to preflights, which browsers do not read.) Everywhere else it misses
//! something. Here `ask` sends a request of an allowed origin and returns the status, and whether the
//! response has CORS headers: `COVERED` or `MISSED`.
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
//! #     let headers = response.headers();
//! #     (response.status().as_u16(), headers.contains_key("access-control-allow-origin"))
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
//! // Right: the last layer.
//! let app = router().layer(cors());
//! assert_eq!(ask(&app, "GET /nowhere").await, (404, COVERED));
//!
//! // Too early: it misses what is added later, such as a route (also by `merge` or `nest`),
//! let app = router().layer(cors()).route("/late", get("late"));
//! assert_eq!(ask(&app, "preflight /late").await, (405, MISSED));
//! assert_eq!(ask(&app, "GET /late").await, (200, MISSED));
//! // a fallback,
//! let app = router().layer(cors()).fallback(|| async { StatusCode::NOT_FOUND });
//! assert_eq!(ask(&app, "preflight /nowhere").await, (404, MISSED));
//! // or a fallback for methods, which then answers the preflights of earlier routes.
//! let not_allowed = || async { StatusCode::METHOD_NOT_ALLOWED };
//! let app = router().layer(cors()).method_not_allowed_fallback(not_allowed);
//! assert_eq!(ask(&app, "preflight /users").await, (405, MISSED));
//!
//! // `route_layer`: paths without a route are missed.
//! let app = router().route_layer(cors());
//! assert_eq!(ask(&app, "preflight /nowhere").await, (404, MISSED));
//! assert_eq!(ask(&app, "GET /nowhere").await, (404, MISSED));
//!
//! // A layer of a nested router without a fallback: the outer router responds to other paths.
//! let app = Router::new().nest("/api", router().layer(cors()));
//! assert_eq!(ask(&app, "GET /api/nowhere").await, (404, MISSED));
//! // Right, if the policy is for that part only: around the nested router.
//! let app = Router::new().nest_service("/api", router().with_cors(cors()));
//! assert_eq!(ask(&app, "GET /api/nowhere").await, (404, COVERED));
//!
//! // Inside authentication. A preflight has no credentials, so authentication refuses it.
//! let app = router().layer(cors()).layer(from_fn(authenticate));
//! assert_eq!(ask(&app, "preflight /users").await, (401, MISSED));
//! // Right: authentication inside. Pages can also read its 401.
//! let app = router().layer(from_fn(authenticate)).with_cors(cors());
//! assert_eq!(ask(&app, "preflight /users").await, (204, COVERED));
//! assert_eq!(ask(&app, "GET /users").await, (401, COVERED));
//!
//! // Outside is only for what has to see preflights, such as a log of all requests.
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
//! Compression goes inside, too. Outside the policy it writes a second `Vary` line, and a cache that reads one
//! line only, such as nginx 1.22, serves the response for one origin to another.
//!
//! # Limits
//!
//! - A request that hyper cannot parse gets hyper's own 400, without CORS headers.
//! - When a handler panics, axum closes the connection, so there is no response to write to.
//!   `CatchPanicLayer` of tower-http turns the panic into a 500. Put it inside, so that the page can read it:
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
//! # Guides
//!
//! These are files of the repository:
//!
//! - `docs/migrating.md`: from `CorsLayer` of tower-http, or from another framework.
//! - `docs/recipes.md`: what to write for cookies, tokens, previews, mobile applications, WebSockets, and how to
//!   refuse requests of other sites.
//! - `docs/troubleshooting.md`: "blocked by CORS policy".
//! - `docs/deploying.md`: containers, nginx, CDNs, logs.
//!
//! [`Router`]: https://docs.rs/axum/0.8/axum/struct.Router.html
//! [`Router::layer`]: https://docs.rs/axum/0.8/axum/struct.Router.html#method.layer

#![cfg_attr(docsrs, feature(doc_cfg))]

mod head;
mod layer;
mod router;

#[doc(inline)]
pub use cors_tower::{
    Config, ConfigError, ConfigErrors, CorsFuture, CorsService, DangerouslyAllow, Decision,
    Difference, ErrorCode, Explanation, Grant, GrantId, LivePolicy, LoadError, LoadOptions,
    Location, NearMiss, OriginLineError, OriginSet, OriginSetEntry, OriginSetError,
    OriginSetSnapshot, OriginSetUse, Part, PathError, Policy, PolicyFile, PolicySource, Reason,
    RefusalReason, Refuse, Route, Variables, Verdict, is_preflight, list_from_env,
};
pub use head::Head;
pub use layer::CorsLayer;
pub use router::{CorsRouter, WithCors};

/// The code of the README, compiled by `cargo test --doc`.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
