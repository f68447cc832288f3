//! CORS for [actix-web](https://docs.rs/actix-web/4) 4: one policy, checked when it is loaded, and the
//! middleware that applies it to an [`App`].
//!
//! # Install
//!
//! ```sh
//! cargo add cors-actix                    # from the registry
//! cargo add --path ../cors/cors-actix     # or from a clone of the repository in `../cors`
//! cargo add actix-web
//! ```
//!
//! It needs Rust 1.89 and actix-web 4.18. There is one feature:
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
//! Then wrap the `App` in it. An error in the file ends the program with its line and what to write instead.
//!
//! ```no_run
//! use actix_web::{App, HttpServer, web};
//! use cors_actix::{Cors, Policy};
//!
//! #[actix_web::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     // Once, for all workers.
//!     let cors = Cors::new(Policy::from_file("cors.toml")?);
//!     let server = HttpServer::new(move || {
//!         App::new()
//!             .route("/", web::get().to(async || "hello"))
//!             .wrap(cors.clone()) // last: around everything
//!     });
//!     server.bind("127.0.0.1:8080")?.run().await?;
//!     Ok(())
//! }
//! ```
//!
//! A policy can also be written in Rust, as a [`Grant`] or as a [`Config`] of several. This is what a preflight
//! and other requests get:
//!
//! ```
//! use actix_web::http::{Method, StatusCode};
//! use actix_web::test::{TestRequest, call_service, init_service};
//! use actix_web::{App, HttpResponse, web};
//! use cors_actix::{Cors, Grant, Policy};
//!
//! # #[actix_web::main]
//! # async fn main() -> Result<(), cors_actix::ConfigErrors> {
//! let policy = Policy::new(Grant::new(["https://app.example.com"]).allow_methods(["PUT"]))?;
//! let app = App::new()
//!     .route("/users", web::put().to(HttpResponse::Ok))
//!     .wrap(Cors::new(policy));
//! let app = init_service(app).await;
//!
//! // A preflight: the policy responds.
//! let preflight = TestRequest::with_uri("/users")
//!     .method(Method::OPTIONS)
//!     .insert_header(("origin", "https://app.example.com"))
//!     .insert_header(("access-control-request-method", "PUT"));
//! let response = call_service(&app, preflight.to_request()).await;
//! assert_eq!(response.status(), StatusCode::NO_CONTENT);
//! assert_eq!(response.headers().get("access-control-allow-methods").unwrap(), "PUT");
//!
//! // An error: it has the headers, so the page can read it.
//! let nowhere = TestRequest::with_uri("/nowhere")
//!     .insert_header(("origin", "https://app.example.com"));
//! let response = call_service(&app, nowhere.to_request()).await;
//! assert_eq!(response.status(), StatusCode::NOT_FOUND);
//! assert_eq!(
//!     response.headers().get("access-control-allow-origin").unwrap(),
//!     "https://app.example.com",
//! );
//!
//! // Another origin: the handler runs, but the page cannot read the response.
//! let other = TestRequest::put()
//!     .uri("/users")
//!     .insert_header(("origin", "https://other.example"));
//! let response = call_service(&app, other.to_request()).await;
//! assert_eq!(response.status(), StatusCode::OK);
//! assert!(!response.headers().contains_key("access-control-allow-origin"));
//! # Ok(())
//! # }
//! ```
//!
//! # Placement
//!
//! Call [`wrap`] with [`Cors`] last: the last `wrap` is outermost. Middleware outside of it answers preflights
//! itself, and its own responses have no CORS headers. The policy covers everything inside: routes, scopes,
//! authentication and other middleware, and the 404 and 405 of the router.
//!
//! Only the order among the `wrap`s matters. Routes and services may be added before or after it. [Wrong
//! placements](#wrong-placements) shows what the others miss.
//!
//! # What it does
//!
//! - A [CORS-preflight request](https://fetch.spec.whatwg.org/#cors-preflight-request) (`OPTIONS` with `Origin`
//!   and `Access-Control-Request-Method`) is answered at once, on every path: with 204 and what the policy
//!   allows, or with 403 if the origin has no grant. Routes, guards and other middleware do not see it. Any
//!   other `OPTIONS` request reaches your routes.
//! - Every other response gets the policy's headers, whatever its status. An error of inner middleware stays an
//!   error, so that outer middleware sees its type. The headers are written when the error becomes a response.
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
//! use actix_web::test::{TestRequest, call_service, init_service};
//! use actix_web::{App, HttpResponse, web};
//! use cors_actix::{Config, Cors, Grant, Policy};
//!
//! # #[actix_web::main]
//! # async fn main() -> Result<(), cors_actix::ConfigErrors> {
//! let own_site = Grant::new(["https://app.example.com"]).allow_credentials(true);
//! let config = Config::new([own_site]).route("/public", Grant::new(["*"]));
//! let cors = Cors::new(Policy::new(config)?);
//! let app = App::new()
//!     .service(web::scope("/public").route("/prices", web::get().to(HttpResponse::Ok)))
//!     .route("/users", web::get().to(HttpResponse::Ok))
//!     .wrap(cors);
//! let app = init_service(app).await;
//!
//! for (path, allowed) in [
//!     ("/public/prices", "*"),
//!     ("/users", "https://app.example.com"),
//! ] {
//!     let request = TestRequest::with_uri(path)
//!         .insert_header(("origin", "https://app.example.com"));
//!     let response = call_service(&app, request.to_request()).await;
//!     assert_eq!(response.headers().get("access-control-allow-origin").unwrap(), allowed);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A route is compared with the path of the request's URI. Middleware that changes the URI, such as `NormalizePath`, must be
//! inside: it is outside if it is wrapped later.
//!
//! Do not put one policy around another: the outer one decides alone. It replaces or removes the headers of
//! the inner one, and reports that once as a warning.
//!
//! # Replacing the policy
//!
//! Use a [`LivePolicy`] in place of the [`Policy`]. It can be replaced while the server runs, in all workers at
//! once, and every request that arrives after that uses the new policy:
//!
//! ```
//! # use actix_web::test::{TestRequest, call_service, init_service};
//! # use actix_web::App;
//! # use cors_actix::{Cors, Grant, LivePolicy, Policy};
//! # #[actix_web::main]
//! # async fn main() -> Result<(), cors_actix::ConfigErrors> {
//! let live = LivePolicy::new(Policy::new(Grant::new(["https://app.example.com"]))?);
//! let app = init_service(App::new().wrap(Cors::new(&live))).await;
//!
//! // If the new policy has an error, `?` returns it, and nothing is replaced.
//! live.replace(Policy::new(Grant::new(["https://beta.example.com"]))?);
//!
//! let request = TestRequest::default()
//!     .insert_header(("origin", "https://beta.example.com"));
//! let response = call_service(&app, request.to_request()).await;
//! assert_eq!(
//!     response.headers().get("access-control-allow-origin").unwrap(),
//!     "https://beta.example.com",
//! );
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
//! Send requests to the `App` in `cargo test`, with [`actix_web::test`] as the examples above do. Tests run in
//! the folder of the package, so `Policy::from_file("cors.toml")` finds the file next to `Cargo.toml`. If
//! middleware may return an error, use [`try_call_service`], because `call_service` panics then. To test a policy
//! without an application, use [`Policy::explain`] with a [`Head`].
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
//! `env_logger` prints them, as actix-web's own lines. With a subscriber, an event is in the span that middleware outside
//! the policy opened for the request.
//!
//! # Wrong placements
//!
//! Here `ask` sends a request of an allowed origin and returns the status, and whether the response has CORS
//! headers: `COVERED` or `MISSED`. `authenticate` is middleware that returns an error with status 401 if a
//! request has no `Authorization`.
//!
//! ```
//! use actix_web::middleware::from_fn;
//! use actix_web::{App, HttpResponse, web};
//! use cors_actix::{Cors, Grant, Head, Policy, is_preflight};
//! # use actix_web::Error;
//! # use actix_web::body::MessageBody;
//! # use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
//! # use actix_web::error::ErrorUnauthorized;
//! # use actix_web::middleware::Next;
//! # use actix_web::test::{TestRequest, init_service, try_call_service};
//! # const COVERED: bool = true;
//! # const MISSED: bool = false;
//! # async fn ask<T, B>(app: App<T>, line: &str) -> (u16, bool)
//! # where
//! #     T: ServiceFactory<
//! #         ServiceRequest,
//! #         Config = (),
//! #         Response = ServiceResponse<B>,
//! #         Error = Error,
//! #         InitError = (),
//! #     > + 'static,
//! #     B: MessageBody + 'static,
//! # {
//! #     let app = init_service(app).await;
//! #     let request = match line.split_once(' ').unwrap() {
//! #         ("preflight", path) => TestRequest::with_uri(path)
//! #             .method(actix_web::http::Method::OPTIONS)
//! #             .insert_header(("access-control-request-method", "PUT")),
//! #         (_, path) => TestRequest::with_uri(path),
//! #     };
//! #     let request = request.insert_header(("origin", "https://app.example.com")).to_request();
//! #     let (status, headers) = match try_call_service(&app, request).await {
//! #         Ok(response) => (response.status(), response.headers().clone()),
//! #         Err(error) => {
//! #             let response = error.error_response();
//! #             (response.status(), response.headers().clone())
//! #         }
//! #     };
//! #     (status.as_u16(), headers.contains_key("access-control-allow-origin"))
//! # }
//! # async fn authenticate<B: MessageBody>(
//! #     request: ServiceRequest,
//! #     next: Next<B>,
//! # ) -> Result<ServiceResponse<B>, Error> {
//! #     match request.headers().contains_key("authorization") {
//! #         true => next.call(request).await,
//! #         false => Err(ErrorUnauthorized("a token is needed")),
//! #     }
//! # }
//! # #[actix_web::main]
//! # async fn main() -> Result<(), cors_actix::ConfigErrors> {
//!
//! let policy = Policy::new(Grant::new(["https://app.example.com"]).allow_methods(["PUT"]))?;
//! let cors = || Cors::new(policy.clone());
//! let app = || App::new().route("/users", web::get().to(HttpResponse::Ok));
//!
//! // Right: the last `wrap`. Pages can also read the 401.
//! let right = || app().wrap(from_fn(authenticate)).wrap(cors());
//! assert_eq!(ask(right(), "preflight /users").await, (204, COVERED));
//! assert_eq!(ask(right(), "preflight /nowhere").await, (204, COVERED));
//! assert_eq!(ask(right(), "GET /users").await, (401, COVERED));
//!
//! // Inside authentication. A preflight has no credentials, so authentication refuses it.
//! let wrong = || app().wrap(cors()).wrap(from_fn(authenticate));
//! assert_eq!(ask(wrong(), "preflight /users").await, (401, MISSED));
//! assert_eq!(ask(wrong(), "GET /users").await, (401, MISSED));
//!
//! // Better, if it has to be outside: it lets preflights pass.
//! async fn authenticate_others<B: MessageBody>(
//!     request: ServiceRequest,
//!     next: Next<B>,
//! ) -> Result<ServiceResponse<B>, Error> {
//!     if is_preflight(&Head::from(&request)) {
//!         next.call(request).await
//!     } else {
//!         authenticate(request, next).await
//!     }
//! }
//! let better = || app().wrap(cors()).wrap(from_fn(authenticate_others));
//! assert_eq!(ask(better(), "preflight /users").await, (204, COVERED));
//! assert_eq!(ask(better(), "GET /users").await, (401, MISSED));
//!
//! // Around a scope: all other paths are missed.
//! let api = web::scope("/api").wrap(cors());
//! let wrong = app().service(api);
//! assert_eq!(ask(wrong, "preflight /users").await, (404, MISSED));
//!
//! // Around a route: a preflight is not a `GET`, so it does not get there.
//! let route = web::get().to(HttpResponse::Ok).wrap(cors());
//! let wrong = App::new().route("/users", route);
//! assert_eq!(ask(wrong, "preflight /users").await, (404, MISSED));
//! # Ok(())
//! # }
//! ```
//!
//! [`Compress`] goes inside, too. Outside the policy it writes a second `Vary` line, and a cache that reads one
//! line only, such as nginx 1.22, serves the response for one origin to another.
//!
//! # Limits
//!
//! - A request that actix-web cannot parse gets its own 400, without CORS headers.
//! - Outer middleware that turns an error into a response with [`HttpResponse::from_error`] loses the headers,
//!   as it loses everything that other middleware adds to errors. [`Error::error_response`] keeps them.
//! - When a handler panics, actix-web closes the connection, so there is no response to write to. Catch the
//!   panic inside, so that the page can read the 500:
//!
//! ```
//! use std::panic::AssertUnwindSafe;
//!
//! use actix_web::body::MessageBody;
//! use actix_web::dev::{ServiceRequest, ServiceResponse};
//! use actix_web::error::ErrorInternalServerError;
//! use actix_web::middleware::{Next, from_fn};
//! use actix_web::test::{TestRequest, init_service, try_call_service};
//! use actix_web::{App, Error, HttpResponse, web};
//! use futures_util::FutureExt as _;
//!
//! async fn catch_panic(
//!     request: ServiceRequest,
//!     next: Next<impl MessageBody>,
//! ) -> Result<ServiceResponse<impl MessageBody>, Error> {
//!     AssertUnwindSafe(async { next.call(request).await })
//!         .catch_unwind()
//!         .await
//!         .unwrap_or_else(|_| Err(ErrorInternalServerError("internal server error")))
//! }
//!
//! async fn handler() -> HttpResponse {
//!     panic!("a bug")
//! }
//!
//! # use cors_actix::{Cors, Grant, Policy};
//! # #[actix_web::main]
//! # async fn main() -> Result<(), cors_actix::ConfigErrors> {
//! # let cors = Cors::new(Policy::new(Grant::new(["*"]))?);
//! let app = App::new()
//!     .route("/", web::get().to(handler))
//!     .wrap(from_fn(catch_panic))
//!     .wrap(cors);
//! let app = init_service(app).await;
//!
//! let request = TestRequest::with_uri("/").to_request();
//! let error = try_call_service(&app, request).await.unwrap_err();
//! let response = error.error_response();
//! assert_eq!(response.status(), 500);
//! assert_eq!(response.headers().get("access-control-allow-origin").unwrap(), "*");
//! # Ok(())
//! # }
//! ```
//!
//! # Guides
//!
//! These are files of the repository:
//!
//! - `docs/migrating.md`: from actix-cors, or from another framework.
//! - `docs/recipes.md`: what to write for cookies, tokens, previews, mobile applications, WebSockets, and how
//!   to refuse requests of other sites.
//! - `docs/troubleshooting.md`: "blocked by CORS policy".
//! - `docs/deploying.md`: containers, nginx, CDNs, logs.
//!
//! [`App`]: https://docs.rs/actix-web/4/actix_web/struct.App.html
//! [`Compress`]: https://docs.rs/actix-web/4/actix_web/middleware/struct.Compress.html
//! [`Error::error_response`]: https://docs.rs/actix-web/4/actix_web/error/struct.Error.html#method.error_response
//! [`HttpResponse::from_error`]: https://docs.rs/actix-web/4/actix_web/struct.HttpResponse.html#method.from_error
//! [`actix_web::test`]: https://docs.rs/actix-web/4/actix_web/test/index.html
//! [`try_call_service`]: https://docs.rs/actix-web/4/actix_web/test/fn.try_call_service.html
//! [`wrap`]: https://docs.rs/actix-web/4/actix_web/struct.App.html#method.wrap

#![cfg_attr(docsrs, feature(doc_cfg))]

mod apply;
mod head;
mod middleware;

pub use cors_core::adapter::{Decision, Verdict, is_preflight};
pub use cors_core::{
    Config, ConfigError, ConfigErrors, DangerouslyAllow, Difference, ErrorCode, Explanation, Grant,
    GrantId, LivePolicy, LoadError, LoadOptions, Location, NearMiss, OriginLineError, OriginSet,
    OriginSetEntry, OriginSetError, OriginSetSnapshot, OriginSetUse, Part, PathError, Policy,
    PolicyFile, PolicySource, Reason, RefusalReason, Refuse, Route, Variables, list_from_env,
};
pub use head::Head;
pub use middleware::{Cors, CorsFuture, CorsMiddleware};

/// The code of the README, compiled by `cargo test --doc`.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
