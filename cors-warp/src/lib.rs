//! One CORS policy for all of a [warp](https://docs.rs/warp) 0.4 server.
//!
//! ```
//! use cors_warp::{Cors, Policy};
//! use warp::Filter as _;
//! use warp::http::StatusCode;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Or from a file: `Policy::from_file("cors.toml")?`.
//! let policy = Policy::from_toml(r#"
//!     allow_origins = ["https://app.example.com"]
//!     allow_methods = ["PUT"]
//! "#)?;
//! let routes = warp::path!("items" / u32).and(warp::put()).map(|id| format!("stored {id}"));
//! let app = Cors::new(policy).wrap(routes);
//! // warp::serve(app).run(([127, 0, 0, 1], 3030)).await;
//!
//! let preflight = warp::test::request()
//!     .method("OPTIONS")
//!     .path("/items/7")
//!     .header("origin", "https://app.example.com")
//!     .header("access-control-request-method", "PUT");
//! let response = preflight.reply(&app).await;
//! assert_eq!(response.status(), StatusCode::NO_CONTENT);
//! assert_eq!(response.headers()["access-control-allow-methods"], "PUT");
//!
//! let put = warp::test::request()
//!     .method("PUT")
//!     .path("/items/seven")
//!     .header("origin", "https://app.example.com");
//! let response = put.reply(&app).await;
//! assert_eq!(response.status(), StatusCode::NOT_FOUND);
//! assert_eq!(response.headers()["access-control-allow-origin"], "https://app.example.com");
//! # Ok(())
//! # }
//! ```
//!
//! # What it does
//!
//! - A CORS-preflight request (`OPTIONS` with `Origin` and `Access-Control-Request-Method`) is
//!   answered before any route is tried, on every path. Any other request, a plain `OPTIONS`
//!   included, reaches the routes, whatever its origin.
//! - Every response gets the policy's fields, whatever its status. A rejection becomes the response
//!   that warp itself makes of it, to the byte.
//! - `Access-Control-Allow-Origin`, `-Allow-Credentials` and `-Expose-Headers` that a route sets are
//!   replaced or removed; `Vary` is one line: the application's, then ours. Leave out [`warp::cors`](fn@warp::cors): it
//!   rejects requests from origins that it does not know.
//! - Bodies are passed on untouched, and so are WebSocket upgrades.
//!
//! # Placement
//!
//! [`Cors::wrap`] goes around everything: all routes, and `recover` too.
//!
//! ```
//! # use cors_warp::{Cors, Grant, Policy};
//! use warp::http::StatusCode;
//! use warp::{Filter as _, Rejection};
//!
//! # let cors = Cors::new(Policy::new(Grant::new(["https://app.example.com"]))?);
//! async fn handle(rejection: Rejection) -> Result<StatusCode, Rejection> {
//!     if rejection.is_not_found() { Ok(StatusCode::GONE) } else { Err(rejection) }
//! }
//!
//! let first = warp::path!("first").map(|| "1");
//! let second = warp::path!("second").map(|| "2");
//! let app = cors.wrap(first.or(second).recover(handle));
//! # drop(app);
//! # Ok::<(), cors_warp::ConfigErrors>(())
//! ```
//!
//! What it makes rejects nothing, so `or` and `recover` after it, which would never run, do not
//! compile:
//!
//! ```compile_fail,E0271
//! # use cors_warp::{Cors, Grant, Policy};
//! # use warp::Filter as _;
//! # let cors = Cors::new(Policy::new(Grant::new(["https://app.example.com"]))?);
//! let first = warp::path!("first").map(|| "1");
//! let second = warp::path!("second").map(|| "2");
//! let app = cors.wrap(first).or(second);
//! # drop(app);
//! # Ok::<(), cors_warp::ConfigErrors>(())
//! ```
//!
//! ```compile_fail,E0271
//! # use cors_warp::{Cors, Grant, Policy};
//! # use warp::http::StatusCode;
//! # use warp::{Filter as _, Rejection};
//! # let cors = Cors::new(Policy::new(Grant::new(["https://app.example.com"]))?);
//! # async fn handle(rejection: Rejection) -> Result<StatusCode, Rejection> {
//! #     Err(rejection)
//! # }
//! let first = warp::path!("first").map(|| "1");
//! let app = cors.wrap(first).recover(handle);
//! # drop(app);
//! # Ok::<(), cors_warp::ConfigErrors>(())
//! ```
//!
//! A filter *before* it does compile. Then whatever that filter rejects is not covered, preflights
//! included: `warp::get().and(cors.wrap(routes))` answers them with 405. The one use of it is a policy
//! for a part of the server, which takes over all paths below:
//! `warp::path("api").and(cors.wrap(api)).or(rest)`.
//!
//! # Several policies
//!
//! Two policies around one another are a mistake: the outer one decides alone. It replaces or removes what
//! the inner one writes, and the first time it reports that, as an event of `tracing` at level warn. For
//! different origins with different rights, write one policy with several grants. For
//! parts of the paths with different policies, put each around its own part, and none around both:
//!
//! ```
//! use cors_warp::{Cors, Grant, Policy};
//! use warp::Filter as _;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let everybody = Cors::new(Policy::new(Grant::new(["*"]))?);
//! let public = everybody.wrap(warp::path!("prices").map(|| "prices"));
//! let own_site = Grant::new(["https://app.example.com"]).allow_credentials(true);
//! let own_site = Cors::new(Policy::new(own_site)?);
//! let private = own_site.wrap(warp::path!("users").map(|| "users"));
//!
//! let app = warp::path("public").and(public).or(warp::path("api").and(private));
//! // warp::serve(app).run(([127, 0, 0, 1], 3030)).await;
//!
//! for (path, allowed) in [
//!     ("/public/prices", "*"),
//!     ("/api/users", "https://app.example.com"),
//! ] {
//!     let request = warp::test::request().path(path);
//!     let response = request.header("origin", "https://app.example.com").reply(&app).await;
//!     assert_eq!(response.headers()["access-control-allow-origin"], allowed);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Two forms
//!
//! | | [`Cors::wrap`], the filter form | [`Cors::layer`], the tower form |
//! |---|---|---|
//! | around | `routes` | `warp::service(routes)` |
//! | served by | `warp::serve`, also by `warp::test` | [`serve()`], or whatever speaks tower |
//! | `warp::addr::remote()` | the peer's address | `None` |
//! | cost of ours | a copy of the request's header fields, one box, and for a rejection a task of tokio | none but the fields |
//!
//! What they send is the same. Start with the filter form.
//!
//! # Panics
//!
//! When a handler panics, the connection is closed without a response, as it is without this crate.
//! For a response with the fields, catch panics inside, which takes the tower form:
//!
//! ```
//! use cors_warp::{Cors, Grant, Policy};
//! use tower::{Layer as _, ServiceExt as _};
//! use tower_http::catch_panic::CatchPanicLayer;
//! use warp::Filter as _;
//! use warp::http::{Request, StatusCode};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let routes = warp::any().map(|| -> &str { panic!("a handler panics") });
//! let cors = Cors::new(Policy::new(Grant::new(["https://app.example.com"]))?);
//! let service = cors.layer(CatchPanicLayer::new().layer(warp::service(routes)));
//!
//! let request = Request::get("/").header("origin", "https://app.example.com");
//! let response = service.oneshot(request.body(String::new())?).await?;
//! assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
//! assert_eq!(response.headers()["access-control-allow-origin"], "https://app.example.com");
//! # Ok(())
//! # }
//! ```
//!
//! # Limits
//!
//! - What is no HTTP is answered by hyper, below all of this, and has no fields.
//! - The filter form needs a tokio runtime: it panics on a rejection if there is none.
//!
//! # Features
//!
//! - `server` (default): [`serve()`] and [`serve_with_shutdown`].
//! - `watch`: `LivePolicy::watch`, a policy that follows its file.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod filter;
mod layer;
#[cfg(feature = "server")]
mod serve;

pub use cors_tower::{
    Config, ConfigError, ConfigErrors, CorsFuture, CorsService, DangerouslyAllow, Decision,
    Difference, ErrorCode, Explanation, Grant, GrantId, Head, LivePolicy, LoadError, Location,
    NearMiss, Policy, PolicyFile, PolicySource, Reason, Verdict, is_preflight,
};
pub use layer::Cors;
#[cfg(feature = "server")]
pub use serve::{serve, serve_with_shutdown};

/// The README's code, compiled by `cargo test --doc`.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
