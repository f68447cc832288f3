//! CORS for [tower](https://docs.rs/tower) services that use [http](https://docs.rs/http/1) 1.x: one policy,
//! checked when it is loaded, around a service of tonic, hyper, axum 0.7 and others.
//!
//! For axum 0.8 and warp 0.4 use the crates `cors-axum` and `cors-warp`. They are made of this one.
//!
//! # Install
//!
//! ```sh
//! cargo add cors-tower                    # from the registry
//! cargo add --path ../cors/cors-tower     # or from a clone of the repository in `../cors`
//! ```
//!
//! It needs Rust 1.89. There is one feature:
//!
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
//! Then put it around the service, here one that hyper serves. An error in the file ends the program with its
//! line and what to write instead.
//!
//! ```no_run
//! use std::convert::Infallible;
//!
//! use bytes::Bytes;
//! use cors_tower::{CorsLayer, Policy};
//! use http::{Request, Response};
//! use http_body_util::Full;
//! use hyper::body::Incoming;
//! use hyper::server::conn::http1;
//! use hyper_util::rt::TokioIo;
//! use hyper_util::service::TowerToHyperService;
//! use tokio::net::TcpListener;
//! use tower::{Layer as _, service_fn};
//!
//! async fn hello(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
//!     Ok(Response::new(Full::from("hello")))
//! }
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let policy = Policy::from_file("cors.toml")?;
//!     let app = CorsLayer::new(policy).layer(service_fn(hello)); // around everything
//!     let listener = TcpListener::bind("127.0.0.1:8080").await?;
//!     loop {
//!         let (stream, _) = listener.accept().await?;
//!         let app = TowerToHyperService::new(app.clone());
//!         tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), app));
//!     }
//! }
//! ```
//!
//! A policy can also be written in Rust, as a [`Grant`] or as a [`Config`] of several. This is what a preflight
//! and other requests get:
//!
//! ```
//! use bytes::Bytes;
//! use cors_tower::{CorsLayer, Grant, Policy};
//! use http::{Request, Response, StatusCode};
//! use http_body_util::Full;
//! use tower::{Layer as _, ServiceExt as _, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let policy = Policy::new(Grant::new(["https://app.example.com"]).allow_methods(["PUT"]))?;
//! let hello = service_fn(async |_: Request<()>| {
//!     Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::from("hello")))
//! });
//! let app = CorsLayer::new(policy).layer(hello);
//!
//! // A preflight: the policy responds.
//! let preflight = Request::options("/")
//!     .header("origin", "https://app.example.com")
//!     .header("access-control-request-method", "PUT")
//!     .body(())?;
//! let response = app.clone().oneshot(preflight).await?;
//! assert_eq!(response.status(), StatusCode::NO_CONTENT);
//! assert_eq!(response.headers()["access-control-allow-methods"], "PUT");
//!
//! // An actual request: the page can read the response.
//! let get = Request::get("/").header("origin", "https://app.example.com").body(())?;
//! let response = app.clone().oneshot(get).await?;
//! assert_eq!(response.headers()["access-control-allow-origin"], "https://app.example.com");
//!
//! // Another origin: the service runs, but the page cannot read the response.
//! let get = Request::get("/").header("origin", "https://other.example").body(())?;
//! let response = app.oneshot(get).await?;
//! assert_eq!(response.status(), StatusCode::OK);
//! assert!(!response.headers().contains_key("access-control-allow-origin"));
//! assert_eq!(response.headers()["vary"], "Origin");
//! # Ok(())
//! # }
//! ```
//!
//! # Placement
//!
//! Put [`CorsLayer`] outermost: in a `ServiceBuilder`, that is the first layer. A layer outside of it answers
//! preflights itself, and its own responses have no CORS headers. The policy covers all responses from inside,
//! authentication and other layers included.
//!
//! ## Servers
//!
//! - hyper: `TowerToHyperService::new(layer.layer(service))` of hyper-util, as above.
//! - tonic: `Server::builder().accept_http1(true).layer(layer).layer(GrpcWebLayer::new())`. The first layer is
//!   outermost. Pages that use gRPC-Web set `content-type`, `x-grpc-web`, `x-user-agent` and `grpc-timeout`:
//!   [allow](Grant::allow_headers) these. They read `grpc-status`, `grpc-message` and
//!   `grpc-status-details-bin`: [expose](Grant::expose_headers) these.
//! - axum 0.7: `layer.layer(router)`. It is around the whole router. Serve it with
//!   `ServiceExt::into_make_service`.
//!
//! ## Without a service
//!
//! Where you have a request and a response but not a tower service, use [`HttpCors`]. It does the same in two
//! steps: decide the request, then write the headers to the response.
//!
//! # What it does
//!
//! - A [CORS-preflight request](https://fetch.spec.whatwg.org/#cors-preflight-request) (`OPTIONS` with `Origin`
//!   and `Access-Control-Request-Method`) is answered at once, on every path: with 204 and what the policy
//!   allows, or with 403 if the origin has no grant. The inner service does not see it. Any other `OPTIONS`
//!   request reaches it.
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
//! rules, write routes in the policy, with [`Config::route`] or as `[[route]]`. The most specific route decides, and inherits
//! nothing. A route is compared with the path of the request's URI. Where a router strips a prefix before the layer sees the
//! request, name the original URI with [`CorsLayer::sent_uri`].
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
//! # use cors_tower::{CorsLayer, Grant, LivePolicy, Policy};
//! # use http::{Request, Response};
//! # use tower::{Layer as _, ServiceExt as _, service_fn};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let hello = service_fn(async |_: Request<()>| {
//! #     Ok::<_, std::convert::Infallible>(Response::new("hello"))
//! # });
//! let live = LivePolicy::new(Policy::new(Grant::new(["https://app.example.com"]))?);
//! let app = CorsLayer::new(&live).layer(hello);
//!
//! // If the new policy has an error, `?` returns it, and nothing is replaced.
//! live.replace(Policy::new(Grant::new(["https://beta.example.com"]))?);
//!
//! let request = Request::get("/").header("origin", "https://beta.example.com").body(())?;
//! let response = app.oneshot(request).await?;
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
//! Send requests to the service in `cargo test`, as the examples above do. `oneshot` needs
//! `cargo add --dev tower --features util`. Tests run in the folder of the package, so
//! `Policy::from_file("cors.toml")` finds the file next to `Cargo.toml`. To test a policy without a
//! service, use [`Policy::explain`] with a [`Head`].
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
//! The events are in the span of the request if `TraceLayer` of tower-http is outside the policy.
//!
//! # Wrong placements
//!
//! Outside the policy, authentication refuses every preflight, because browsers send no credentials with one:
//!
//! ```
//! use cors_tower::{CorsLayer, Grant, Policy};
//! use http::{Request, Response, StatusCode};
//! use tower::{Service, ServiceBuilder, ServiceExt as _, service_fn};
//! # use std::convert::Infallible;
//! # use tower::layer::layer_fn;
//! # type Answer = Result<Response<&'static str>, Infallible>;
//! # fn authenticate<S>(
//! #     inner: S,
//! # ) -> impl Service<Request<()>, Response = Response<&'static str>, Error = Infallible>
//! # where
//! #     S: Service<Request<()>, Response = Response<&'static str>, Error = Infallible> + Clone,
//! # {
//! #     service_fn(move |request: Request<()>| {
//! #         let inner = inner.clone();
//! #         async move {
//! #             if request.headers().contains_key("authorization") {
//! #                 return inner.oneshot(request).await;
//! #             }
//! #             let mut response = Response::new("a token is needed");
//! #             *response.status_mut() = StatusCode::UNAUTHORIZED;
//! #             Ok(response)
//! #         }
//! #     })
//! # }
//! # async fn hello(_: Request<()>) -> Answer {
//! #     Ok(Response::new("hello"))
//! # }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!
//! let policy = Policy::new(Grant::new(["https://app.example.com"]).allow_methods(["PUT"]))?;
//! let preflight = || {
//!     Request::options("/")
//!         .header("origin", "https://app.example.com")
//!         .header("access-control-request-method", "PUT")
//!         .body(())
//! };
//!
//! let right = ServiceBuilder::new()
//!     .layer(CorsLayer::new(policy.clone()))
//!     .layer(layer_fn(authenticate))
//!     .service_fn(hello);
//! assert_eq!(right.oneshot(preflight()?).await?.status(), StatusCode::NO_CONTENT);
//!
//! let wrong = ServiceBuilder::new()
//!     .layer(layer_fn(authenticate))
//!     .layer(CorsLayer::new(policy))
//!     .service_fn(hello);
//! let response = wrong.oneshot(preflight()?).await?;
//! assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
//! assert!(!response.headers().contains_key("access-control-allow-origin"));
//! # Ok(())
//! # }
//! ```
//!
//! If a layer must be outside, let it pass what [`is_preflight`] says is a preflight. Compression goes inside, too.
//! Outside the policy it writes a second `Vary` line, and a cache that reads one line only, such as nginx 1.22,
//! serves the response for one origin to another.
//!
//! # Limits
//!
//! - An *error* of the inner service is not a response, so it gets no headers. Turn errors into responses
//!   inside.
//! - The inner service's response body must implement [`Default`], for the responses to preflights. The bodies
//!   of axum, tonic and http-body-util do. Map a body that does not, such as `hyper::body::Incoming` in a proxy.
//! - A request that the server cannot parse does not reach the policy, so the response has no CORS headers.
//!
//! # Guides
//!
//! These are files of the repository:
//!
//! - `docs/migrating.md`: from `CorsLayer` of tower-http, or from another framework.
//! - `docs/recipes.md`: what to write for cookies, tokens, previews, gRPC-Web, WebSockets, and how to refuse
//!   requests of other sites.
//! - `docs/troubleshooting.md`: "blocked by CORS policy".
//! - `docs/deploying.md`: containers, nginx, CDNs, logs.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod apply;
mod head;
mod http_cors;
mod layer;
mod service;

pub use cors_core::adapter::{Decision, Verdict, is_preflight};
pub use cors_core::{
    Config, ConfigError, ConfigErrors, DangerouslyAllow, Difference, ErrorCode, Explanation, Grant,
    GrantId, LivePolicy, LoadError, LoadOptions, Location, NearMiss, OriginLineError, OriginSet,
    OriginSetEntry, OriginSetError, OriginSetSnapshot, OriginSetUse, Part, PathError, Policy,
    PolicyFile, PolicySource, Reason, RefusalReason, Refuse, Route, Variables, list_from_env,
};
pub use head::{Head, SentUri};
pub use http_cors::{HttpCors, Outcome, ResponseHeaders};
pub use layer::CorsLayer;
pub use service::{CorsFuture, CorsService};

/// The code of the README, compiled by `cargo test --doc`.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
