//! CORS for [actix-web](https://docs.rs/actix-web): a policy that is checked when it is loaded, and
//! the middleware that applies it.
//!
//! ```no_run
//! use actix_web::{App, HttpServer, web};
//! use cors_actix::{Cors, Policy};
//!
//! # async fn hello() -> &'static str { "hello" }
//! #[actix_web::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let cors = Cors::new(Policy::from_file("cors.toml")?);
//!     HttpServer::new(move || {
//!         App::new()
//!             .route("/", web::get().to(hello))
//!             .wrap(cors.clone())
//!     })
//!     .bind(("127.0.0.1", 8080))?
//!     .run()
//!     .await?;
//!     Ok(())
//! }
//! ```
//!
//! The policy is a file,
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
//! or a [`Grant`], or a [`Config`] of several:
//!
//! ```
//! use actix_web::http::StatusCode;
//! use actix_web::test::{TestRequest, call_service, init_service};
//! use actix_web::{App, HttpResponse, web};
//! use cors_actix::{Cors, Grant, Policy};
//!
//! # #[actix_web::main]
//! # async fn main() -> Result<(), cors_actix::ConfigErrors> {
//! let policy = Policy::new(Grant::new(["https://app.example.com"]).allow_methods(["PUT"]))?;
//! let app = App::new()
//!     .route("/", web::put().to(HttpResponse::Ok))
//!     .wrap(Cors::new(policy));
//! let app = init_service(app).await;
//!
//! let preflight = TestRequest::with_uri("/")
//!     .method(actix_web::http::Method::OPTIONS)
//!     .insert_header(("origin", "https://app.example.com"))
//!     .insert_header(("access-control-request-method", "PUT"));
//! let response = call_service(&app, preflight.to_request()).await;
//! assert_eq!(response.status(), StatusCode::NO_CONTENT);
//! assert_eq!(response.headers().get("access-control-allow-methods").unwrap(), "PUT");
//!
//! let not_found = TestRequest::with_uri("/nowhere")
//!     .insert_header(("origin", "https://app.example.com"));
//! let response = call_service(&app, not_found.to_request()).await;
//! assert_eq!(response.status(), StatusCode::NOT_FOUND);
//! assert_eq!(
//!     response.headers().get("access-control-allow-origin").unwrap(),
//!     "https://app.example.com",
//! );
//! # Ok(())
//! # }
//! ```
//!
//! # What it does
//!
//! - A CORS-preflight request (`OPTIONS` with `Origin` and `Access-Control-Request-Method`) is
//!   answered at once; routes, guards and other middleware never see it. Any other request always
//!   reaches the application, whatever its origin: CORS is no access control.
//! - Every response gets the policy's fields, whatever its status: the 404 and the 405 of the
//!   router, what an extractor rejects, and the errors of handlers and of inner middleware. An
//!   inner middleware's error stays an error, so that outer middleware still sees its type; the
//!   fields are written when the error is rendered.
//! - `Access-Control-Allow-Origin`, `-Allow-Credentials` and `-Expose-Headers` of the application are
//!   replaced or removed; `Vary` is one line: the application's, then ours.
//! - Bodies are passed on untouched, streams included, and so are protocol upgrades.
//!
//! # Where to put it
//!
//! Outermost, which for actix-web is the **last** `wrap` of the `App`. (Where the `wrap`s stand among
//! routes and services does not matter.) `Compress` goes inside, too: outside it writes a second `Vary`
//! line, and a cache that reads one line only, as nginx 1.22 does, gives the answer for one origin to
//! another.
//!
//! ```
//! # use actix_web::{App, middleware::{NormalizePath, from_fn}};
//! # use actix_web::{Error, body::MessageBody, dev::{ServiceRequest, ServiceResponse}, middleware::Next};
//! # async fn authenticate(
//! #     request: ServiceRequest,
//! #     next: Next<impl MessageBody>,
//! # ) -> Result<ServiceResponse<impl MessageBody>, Error> {
//! #     next.call(request).await
//! # }
//! # let policy = cors_actix::Policy::new(cors_actix::Grant::new(["*"])).unwrap();
//! # let cors = cors_actix::Cors::new(policy);
//! App::new()
//!     .wrap(from_fn(authenticate))
//!     .wrap(NormalizePath::trim())
//!     .wrap(cors) // right
//! # ;
//! ```
//!
//! With authentication outside of it, browsers are refused before they may say who they are, and no
//! page can read the 401:
//!
//! ```no_run
//! # use actix_web::{App, middleware::from_fn};
//! # use actix_web::{Error, body::MessageBody, dev::{ServiceRequest, ServiceResponse}, middleware::Next};
//! # async fn authenticate(
//! #     request: ServiceRequest,
//! #     next: Next<impl MessageBody>,
//! # ) -> Result<ServiceResponse<impl MessageBody>, Error> {
//! #     next.call(request).await
//! # }
//! # let policy = cors_actix::Policy::new(cors_actix::Grant::new(["*"])).unwrap();
//! # let cors = cors_actix::Cors::new(policy);
//! App::new()
//!     .wrap(cors) // wrong: preflights get a 401
//!     .wrap(from_fn(authenticate))
//! # ;
//! ```
//!
//! Where something has to stay outside, let it pass preflights on, with [`is_preflight`]:
//!
//! ```
//! use actix_web::Error;
//! use actix_web::body::MessageBody;
//! use actix_web::dev::{ServiceRequest, ServiceResponse};
//! use actix_web::error::ErrorUnauthorized;
//! use actix_web::middleware::Next;
//! use cors_actix::{Head, is_preflight};
//!
//! async fn authenticate(
//!     request: ServiceRequest,
//!     next: Next<impl MessageBody>,
//! ) -> Result<ServiceResponse<impl MessageBody>, Error> {
//!     if is_preflight(&Head::from(&request)) || request.headers().contains_key("authorization") {
//!         next.call(request).await
//!     } else {
//!         Err(ErrorUnauthorized("a token is needed"))
//!     }
//! }
//! # actix_web::App::new().wrap(actix_web::middleware::from_fn(authenticate));
//! ```
//!
//! ## Scopes and resources
//!
//! `web::scope("/api").wrap(cors)` covers `/api` and all paths below it, the scope's own 404 and the
//! 405 of its resources included, and answers their preflights. All else is left alone: its
//! preflights get what the router says of `OPTIONS`, and its responses no fields.
//! `web::resource(…).wrap(cors)` is the same for one path. A *route* is too far inside, and so is
//! what stands behind a guard for methods: a preflight is no `GET`, so it never gets there.
//!
//! ## Several policies
//!
//! Two policies around one another are a mistake: the outer one decides alone. It replaces or removes what
//! the inner one writes, and the first time it reports that, as an event of `tracing` at level warn. For
//! different origins with different rights, write one policy with several grants. For
//! parts of the paths with different policies, `wrap` each around a scope of its own, and none around the
//! `App`.
//!
//! # Panics
//!
//! When a handler panics, actix-web closes the connection without a response, with this middleware
//! or without. For a response that the page can read, catch the panic inside:
//!
//! ```
//! use std::panic::AssertUnwindSafe;
//!
//! use actix_web::Error;
//! use actix_web::body::MessageBody;
//! use actix_web::dev::{ServiceRequest, ServiceResponse};
//! use actix_web::error::ErrorInternalServerError;
//! use actix_web::middleware::Next;
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
//! # use actix_web::test::{TestRequest, init_service, try_call_service};
//! # use actix_web::{App, HttpResponse, middleware::from_fn, web};
//! # use cors_actix::{Cors, Grant, Policy};
//! # async fn handler() -> HttpResponse { panic!() }
//! # #[actix_web::main]
//! # async fn main() -> Result<(), cors_actix::ConfigErrors> {
//! # let cors = Cors::new(Policy::new(Grant::new(["*"]))?);
//! let app = App::new()
//!     .route("/", web::get().to(handler)) // panics
//!     .wrap(from_fn(catch_panic))
//!     .wrap(cors);
//! # let app = init_service(app).await;
//! # let error = try_call_service(&app, TestRequest::with_uri("/").to_request()).await.unwrap_err();
//! # let response = error.error_response();
//! # assert_eq!(response.status(), 500);
//! # assert_eq!(response.headers().get("access-control-allow-origin").unwrap(), "*");
//! # Ok(())
//! # }
//! ```
//!
//! # What no middleware of actix-web can do
//!
//! - What cannot be parsed as a request gets actix-web's own 400, without fields.
//! - An outer middleware that makes a response of an error with
//!   [`HttpResponse::from_error`](actix_web::HttpResponse::from_error) loses the fields, as it loses
//!   everything that other middleware adds to errors; [`Error::error_response`](actix_web::Error::error_response)
//!   keeps them.
//!
//! # Features
//!
//! - `watch`: `LivePolicy::watch`, a policy that follows its file.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod apply;
mod head;
mod middleware;

pub use cors_core::adapter::{Decision, Verdict, is_preflight};
pub use cors_core::{
    Config, ConfigError, ConfigErrors, DangerouslyAllow, Difference, ErrorCode, Explanation, Grant,
    GrantId, LivePolicy, LoadError, Location, NearMiss, Policy, PolicyFile, PolicySource, Reason,
};
pub use head::Head;
pub use middleware::{Cors, CorsFuture, CorsMiddleware};
