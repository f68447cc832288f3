//! CORS for [warp](https://docs.rs/warp/0.4) 0.4: one policy, checked when it is loaded, around a whole server.
//!
//! # Install
//!
//! ```sh
//! cargo add cors-warp                     # from the registry
//! cargo add --path ../cors/cors-warp      # or from a clone of the repository in `../cors`
//! cargo add warp --features server
//! cargo add tokio --features macros,rt-multi-thread
//! ```
//!
//! It needs Rust 1.89 and tokio. The features:
//!
//! - `server` (on by default): [`serve()`] and [`serve_with_shutdown`], for [the tower form](#the-tower-form).
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
//! Then put it around all routes. An error in the file ends the program with its line and what to write
//! instead.
//!
//! ```no_run
//! use cors_warp::{Cors, Policy};
//! use warp::Filter as _;
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let policy = Policy::from_file("cors.toml")?;
//!     let routes = warp::path::end().map(|| "hello");
//!     let app = Cors::new(policy).wrap(routes); // last: around everything
//!     warp::serve(app).run(([127, 0, 0, 1], 8080)).await;
//!     Ok(())
//! }
//! ```
//!
//! A policy can also be written in Rust, as a [`Grant`] or as a [`Config`] of several. This is what a preflight
//! and other requests get:
//!
//! ```
//! use cors_warp::{Cors, Grant, Policy};
//! use warp::Filter as _;
//! use warp::http::StatusCode;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let policy = Policy::new(Grant::new(["https://app.example.com"]).allow_methods(["PUT"]))?;
//! let routes = warp::path!("items" / u32).and(warp::put()).map(|id| format!("stored {id}"));
//! let app = Cors::new(policy).wrap(routes);
//!
//! // A preflight: the policy responds.
//! let preflight = warp::test::request()
//!     .method("OPTIONS")
//!     .path("/items/7")
//!     .header("origin", "https://app.example.com")
//!     .header("access-control-request-method", "PUT");
//! let response = preflight.reply(&app).await;
//! assert_eq!(response.status(), StatusCode::NO_CONTENT);
//! assert_eq!(response.headers()["access-control-allow-methods"], "PUT");
//!
//! // A rejection: it has the headers, so the page can read it.
//! let put = |path| warp::test::request().method("PUT").path(path);
//! let seven = put("/items/seven").header("origin", "https://app.example.com");
//! let response = seven.reply(&app).await;
//! assert_eq!(response.status(), StatusCode::NOT_FOUND);
//! assert_eq!(response.headers()["access-control-allow-origin"], "https://app.example.com");
//!
//! // Another origin: the handler runs, but the page cannot read the response.
//! let other = put("/items/7").header("origin", "https://other.example");
//! let response = other.reply(&app).await;
//! assert_eq!(response.status(), StatusCode::OK);
//! assert!(!response.headers().contains_key("access-control-allow-origin"));
//! # Ok(())
//! # }
//! ```
//!
//! # Placement
//!
//! Call [`Cors::wrap`] last, with all routes. A filter outside of it answers preflights itself, and what it
//! rejects has no CORS headers. The policy covers everything inside: routes, `recover`, and the rejections that
//! warp turns into responses.
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
//! ## The tower form
//!
//! There are two forms, and both send the same responses. Start with the filter form.
//!
//! | | [`Cors::wrap`], the filter form | [`Cors::layer`], the tower form |
//! |---|---|---|
//! | around | `routes` | `warp::service(routes)` |
//! | served by | `warp::serve`, also by `warp::test` | [`serve()`], and any server for tower services |
//! | `warp::addr::remote()` | the peer's address | `None` |
//! | work in addition to the headers | copies the request's headers, and allocates one future; for a rejection, a task of tokio | none |
//!
//! # What it does
//!
//! - A [CORS-preflight request](https://fetch.spec.whatwg.org/#cors-preflight-request) (`OPTIONS` with `Origin`
//!   and `Access-Control-Request-Method`) is answered at once, on every path: with 204 and what the policy
//!   allows, or with 403 if the origin has no grant. No route is tried. Any other `OPTIONS` request
//!   reaches your routes.
//! - Every other response gets the policy's headers, whatever its status. A rejection becomes the response
//!   that warp itself makes of it, byte for byte.
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
//! use cors_warp::{Config, Cors, Grant, Policy};
//! use warp::Filter as _;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let own_site = Grant::new(["https://app.example.com"]).allow_credentials(true);
//! let config = Config::new([own_site]).route("/public", Grant::new(["*"]));
//! let cors = Cors::new(Policy::new(config)?);
//! let prices = warp::path!("public" / "prices").map(|| "prices");
//! let users = warp::path!("users").map(|| "users");
//! let app = cors.wrap(prices.or(users));
//! // warp::serve(app).run(([127, 0, 0, 1], 8080)).await;
//!
//! for (path, allowed) in [
//!     ("/public/prices", "*"),
//!     ("/users", "https://app.example.com"),
//! ] {
//!     let request = warp::test::request().path(path);
//!     let response = request.header("origin", "https://app.example.com").reply(&app).await;
//!     assert_eq!(response.headers()["access-control-allow-origin"], allowed);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A route is compared with the whole path, wherever the filter is.
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
//! # use cors_warp::{Cors, Grant, LivePolicy, Policy};
//! # use warp::Filter as _;
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let live = LivePolicy::new(Policy::new(Grant::new(["https://app.example.com"]))?);
//! let app = Cors::new(&live).wrap(warp::any().map(|| "hello"));
//!
//! // If the new policy has an error, `?` returns it, and nothing is replaced.
//! live.replace(Policy::new(Grant::new(["https://beta.example.com"]))?);
//!
//! let request = warp::test::request().header("origin", "https://beta.example.com");
//! let response = request.reply(&app).await;
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
//! Send requests with `warp::test::request()` in `cargo test`, as the examples above do. It needs
//! `cargo add --dev warp --features test`. Tests run in the folder of the package, so
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
//! With `cors.wrap(routes).with(warp::trace::request())` they are in the span of the request. [`serve()`] emits events with the target
//! `cors_warp::serve`: a connection ended early (debug), or could not be accepted (error).
//!
//! # Wrong placements
//!
//! A filter before the policy rejects before the policy sees the request, and what it rejects is not covered:
//!
//! ```
//! use cors_warp::{Cors, Grant, Policy};
//! use warp::Filter as _;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let policy = Policy::new(Grant::new(["https://app.example.com"]).allow_methods(["PUT"]))?;
//! let app = warp::get().and(Cors::new(policy).wrap(warp::path!("items").map(|| "items")));
//!
//! let preflight = warp::test::request()
//!     .method("OPTIONS")
//!     .path("/items")
//!     .header("origin", "https://app.example.com")
//!     .header("access-control-request-method", "PUT");
//! let response = preflight.reply(&app).await;
//! assert_eq!(response.status(), 405);
//! assert!(!response.headers().contains_key("access-control-allow-origin"));
//! # Ok(())
//! # }
//! ```
//!
//! Only a policy for one part of the server has a filter before it, as in [several
//! policies](#several-policies): `warp::path("api").and(cors.wrap(api)).or(rest)`.
//!
//! `or` and `recover` after the policy would never run, because the policy rejects nothing. They do not compile:
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
//! Leave out [`warp::cors`]: it answers requests of origins that it does not know with 403, also
//! inside the policy. Compression goes inside. Outside the policy it writes a second `Vary` line, and a
//! cache that reads one line only, such as nginx 1.22, serves the response for one origin to another.
//!
//! # Limits
//!
//! - A request that hyper cannot parse gets hyper's own 400, without CORS headers.
//! - The filter form needs tokio: without a runtime, it panics on a rejection.
//! - The filter form does not see the host of a target in absolute form (`GET http://api.example.com/ HTTP/1.1`), so
//!   `refuse` and `hosts` look at `Host`. No browser sends such a target to a server.
//! - When a handler panics, warp closes the connection, so there is no response to write to.
//!   `CatchPanicLayer` of tower-http turns the panic into a 500. Put it inside, in the tower form, so that the
//!   page can read it:
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
//! let routes = warp::any().map(|| -> &str { panic!("a bug") });
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
//! # Guides
//!
//! These are files of the repository:
//!
//! - `docs/migrating.md`: from `warp::cors`, or from another framework.
//! - `docs/recipes.md`: what to write for cookies, tokens, previews, mobile applications, WebSockets, and how to
//!   refuse requests of other sites.
//! - `docs/troubleshooting.md`: "blocked by CORS policy".
//! - `docs/deploying.md`: containers, nginx, CDNs, logs.
//!
//! [`warp::cors`]: https://docs.rs/warp/0.4/warp/filters/cors/fn.cors.html

#![cfg_attr(docsrs, feature(doc_cfg))]

mod filter;
mod layer;
#[cfg(feature = "server")]
mod serve;

pub use cors_tower::{
    Config, ConfigError, ConfigErrors, CorsFuture, CorsService, DangerouslyAllow, Decision,
    Difference, ErrorCode, Explanation, Grant, GrantId, Head, LivePolicy, LoadError, LoadOptions,
    Location, NearMiss, OriginLineError, OriginSet, OriginSetEntry, OriginSetError,
    OriginSetSnapshot, OriginSetUse, Part, PathError, Policy, PolicyFile, PolicySource, Reason,
    RefusalReason, Refuse, Route, Variables, Verdict, is_preflight, list_from_env,
};
pub use layer::Cors;
#[cfg(feature = "server")]
pub use serve::{serve, serve_with_shutdown};

/// The code of the README, compiled by `cargo test --doc`.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
