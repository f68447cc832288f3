//! One CORS policy for everything that speaks [tower](https://docs.rs/tower) and
//! [http](https://docs.rs/http) 1.x: axum (0.7 and 0.8), warp, tonic, hyper.
//!
//! For axum and warp there are `cors-axum` and `cors-warp`, with their words, docs and examples.
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
//! let application = service_fn(|_: Request<()>| async {
//!     Ok::<_, std::convert::Infallible>(Response::new(Full::new(Bytes::from("hello"))))
//! });
//! // Outermost: around authentication, so that preflights need none.
//! let service = CorsLayer::new(policy).layer(application);
//!
//! let preflight = Request::options("/")
//!     .header("origin", "https://app.example.com")
//!     .header("access-control-request-method", "PUT")
//!     .body(())?;
//! let response = service.clone().oneshot(preflight).await?;
//! assert_eq!(response.status(), StatusCode::NO_CONTENT);
//! assert_eq!(response.headers()["access-control-allow-methods"], "PUT");
//!
//! let get = Request::get("/").header("origin", "https://evil.example").body(())?;
//! let response = service.oneshot(get).await?;
//! assert_eq!(response.status(), StatusCode::OK);
//! assert!(!response.headers().contains_key("access-control-allow-origin"));
//! assert_eq!(response.headers()["vary"], "Origin");
//! # Ok(())
//! # }
//! ```
//!
//! # What it does
//!
//! - A CORS-preflight request (`OPTIONS` with `Origin` and `Access-Control-Request-Method`) is
//!   answered at once; what is inside never sees it. Any other request always reaches what is inside,
//!   whatever its origin.
//! - Every response from inside gets the policy's fields, whatever its status. An *error* of the inner
//!   service is not a response: turn errors into responses inside.
//! - `Access-Control-Allow-Origin`, `-Allow-Credentials` and `-Expose-Headers` that come from inside
//!   are replaced or removed; `Vary` is one line: the application's, then ours.
//! - Bodies are passed on untouched, and so are protocol upgrades.
//!
//! # Several policies
//!
//! Two policies around one another are a mistake: the outer one decides alone. It replaces or removes what
//! the inner one writes, and the first time it reports that, as an event of `tracing` at level warn. For
//! different origins with different rights, write one policy with several grants. For parts of a
//! server with different policies, put each around its own part, and none around the whole.
//!
//! # Without a service
//!
//! Where there is no tower service to wrap, [`HttpCors`] does the same step by step.
//!
//! # Servers
//!
//! - hyper: `TowerToHyperService::new(layer.layer(service))` of hyper-util.
//! - tonic: `Server::builder().accept_http1(true).layer(layer).layer(GrpcWebLayer::new())`, the first
//!   layer being outermost. Pages that speak gRPC-Web set `content-type`, `x-grpc-web`, `x-user-agent` and
//!   `grpc-timeout`, and read `grpc-status`, `grpc-message` and `grpc-status-details-bin`:
//!   [allow](Grant::allow_headers) the former and [expose](Grant::expose_headers) the latter.
//! - axum 0.7: `layer.layer(router)`. That is around the whole router, and can be served after
//!   `ServiceExt::into_make_service`.
//!
//! # Features
//!
//! - `watch`: `LivePolicy::watch`, a policy that follows its file.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod apply;
mod head;
mod http_cors;
mod layer;
mod service;

pub use cors_core::adapter::{Decision, Verdict, is_preflight};
pub use cors_core::{
    Config, ConfigError, ConfigErrors, DangerouslyAllow, Difference, ErrorCode, Explanation, Grant,
    GrantId, LivePolicy, LoadError, Location, NearMiss, Policy, PolicyFile, PolicySource, Reason,
};
pub use head::Head;
pub use http_cors::{HttpCors, Outcome, ResponseHeaders};
pub use layer::CorsLayer;
pub use service::{CorsFuture, CorsService};
