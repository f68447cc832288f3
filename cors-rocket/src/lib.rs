//! CORS for [Rocket](https://docs.rs/rocket/0.5) 0.5: one policy, checked when it is loaded, in a single fairing.
//!
//! # Install
//!
//! ```sh
//! cargo add cors-rocket                   # from the registry
//! cargo add --path ../cors/cors-rocket    # or from a clone of the repository in `../cors`
//! cargo add rocket
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
//! Then attach it. An error in the file ends the program with its line and what to write instead.
//!
//! ```no_run
//! use cors_rocket::{Cors, Policy};
//!
//! #[rocket::get("/")]
//! fn hello() -> &'static str {
//!     "hello"
//! }
//!
//! #[rocket::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let policy = Policy::from_file("cors.toml")?;
//!     rocket::build()
//!         .attach(Cors::new(policy)) // first: before other fairings
//!         .mount("/", rocket::routes![hello])
//!         .launch()
//!         .await?;
//!     Ok(())
//! }
//! ```
//!
//! A policy can also be written in Rust, as a [`Grant`] or as a [`Config`] of several. This is what a preflight
//! and other requests get:
//!
//! ```
//! use cors_rocket::{Cors, Grant, Policy};
//! use rocket::http::{Header, Status};
//! use rocket::local::blocking::Client;
//! use rocket::{put, routes};
//!
//! #[put("/users")]
//! fn store() -> &'static str {
//!     "stored"
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let policy = Policy::new(Grant::new(["https://app.example.com"]).allow_methods(["PUT"]))?;
//! let rocket = rocket::build()
//!     .attach(Cors::new(policy))
//!     .mount("/", routes![store]);
//! let client = Client::untracked(rocket)?;
//! let origin = || Header::new("Origin", "https://app.example.com");
//!
//! // A preflight: the policy responds.
//! let method = Header::new("Access-Control-Request-Method", "PUT");
//! let response = client.options("/users").header(origin()).header(method).dispatch();
//! assert_eq!(response.status(), Status::NoContent);
//! assert_eq!(response.headers().get_one("Access-Control-Allow-Methods"), Some("PUT"));
//!
//! // An error: it has the headers, so the page can read it.
//! let response = client.get("/nowhere").header(origin()).dispatch();
//! assert_eq!(response.status(), Status::NotFound);
//! assert_eq!(
//!     response.headers().get_one("Access-Control-Allow-Origin"),
//!     Some("https://app.example.com"),
//! );
//!
//! // Another origin: the handler runs, but the page cannot read the response.
//! let other = Header::new("Origin", "https://other.example");
//! let response = client.put("/users").header(other).dispatch();
//! assert_eq!(response.status(), Status::Ok);
//! assert!(!response.headers().contains("Access-Control-Allow-Origin"));
//! # Ok(())
//! # }
//! ```
//!
//! # Placement
//!
//! [Attach](rocket::Rocket::attach) one [`Cors`], before all other fairings. Then no fairing can change the
//! method of a preflight before the policy has seen it. The policy covers every path and every response,
//! wherever you mount routes and register catchers.
//!
//! While Rocket ignites, the fairing mounts a route for `OPTIONS /<_..>` with a rank before all others, and
//! attaches a second fairing after all that the application has attached.
//!
//! # What it does
//!
//! - A [CORS-preflight request](https://fetch.spec.whatwg.org/#cors-preflight-request) (`OPTIONS` with `Origin`
//!   and `Access-Control-Request-Method`) is answered before your routes, guards and catchers, on every path:
//!   with 204 and what the policy allows, or with 403 if the origin has no grant. Any other `OPTIONS` request
//!   reaches your routes.
//! - Every other response gets the policy's headers, whatever its status. That includes what catchers make of
//!   guards that fail, of missing routes and of panics.
//! - No actual request is refused, whatever its origin, unless the policy says so with [`refuse`](Config::refuse). CORS is
//!   not access control: it says which pages may *read* a response.
//! - The policy is the only writer: `Access-Control-Allow-Origin`, `-Allow-Credentials` and `-Expose-Headers`
//!   from the application are replaced or removed.
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
//! use cors_rocket::{Config, Cors, Grant, Policy};
//! use rocket::http::Header;
//! use rocket::local::blocking::Client;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let own_site = Grant::new(["https://app.example.com"]).allow_credentials(true);
//! let config = Config::new([own_site]).route("/public", Grant::new(["*"]));
//! let cors = Cors::new(Policy::new(config)?);
//! let client = Client::untracked(rocket::build().attach(cors))?;
//!
//! for (path, allowed) in [
//!     ("/public/prices", "*"),
//!     ("/users", "https://app.example.com"),
//! ] {
//!     let response = client.get(path).header(Header::new("Origin", "https://app.example.com")).dispatch();
//!     assert_eq!(response.headers().get_one("Access-Control-Allow-Origin"), Some(allowed));
//! }
//! # Ok(())
//! # }
//! ```
//!
//! There is one policy for the whole server: a second [`Cors`] is an error when Rocket ignites. A route is compared with the
//! path that the client sent, whatever a fairing after this one makes of it.
//!
//! # Replacing the policy
//!
//! Use a [`LivePolicy`] in place of the [`Policy`]. It can be replaced while the server runs, and every request
//! that arrives after that uses the new policy:
//!
//! ```
//! # use cors_rocket::{Cors, Grant, LivePolicy, Policy};
//! # use rocket::http::Header;
//! # use rocket::local::blocking::Client;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let live = LivePolicy::new(Policy::new(Grant::new(["https://app.example.com"]))?);
//! let client = Client::untracked(rocket::build().attach(Cors::new(&live)))?;
//!
//! // If the new policy has an error, `?` returns it, and nothing is replaced.
//! live.replace(Policy::new(Grant::new(["https://beta.example.com"]))?);
//!
//! let origin = Header::new("Origin", "https://beta.example.com");
//! let response = client.get("/").header(origin).dispatch();
//! assert_eq!(
//!     response.headers().get_one("Access-Control-Allow-Origin"),
//!     Some("https://beta.example.com"),
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
//! Send requests with [`rocket::local`] in `cargo test`, as the examples above do. Tests run in the folder
//! of the package, so `Policy::from_file("cors.toml")` finds the file next to `Cargo.toml`. To test a policy
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
//! | warn | a header of the application was replaced or removed: once for each policy |
//! | warn | the policy allows methods that Rocket does not know: at launch; for a [`LivePolicy`] in [`Cors::new`], and after each replacement |
//! | error | a watched file cannot be read or is invalid, and the old policy stays active |
//!
//! The event of a request names the path, the nearest pattern and how the origin differs. For each reason and route,
//! 20 are emitted at once, and after that one in 10 seconds: [`Policy::log`] has all fields.
//! With the feature `metrics`, requests are counted by outcome for a recorder of [`metrics`](https://docs.rs/metrics).
//!
//! Rocket's own log prints them. A subscriber, such as `tracing-subscriber`, is to be started first in `main`:
//! `rocket::build()` starts Rocket's log, and a program can have only one. Then the subscriber prints Rocket's own lines,
//! too. The events about unknown methods and a second `Cors` have targets that begin with `cors_rocket`.
//!
//! # Wrong placements
//!
//! If the policy is attached later, an earlier fairing can hide a preflight from it. Here `status` sends a
//! preflight of an allowed origin and returns the status.
//!
//! ```
//! use cors_rocket::{Cors, Grant, Policy};
//! use rocket::error::ErrorKind;
//! use rocket::fairing::AdHoc;
//! use rocket::http::{Method, Status};
//! use rocket::local::blocking::Client;
//! # use rocket::http::Header;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let cors = Cors::new(Policy::new(Grant::new(["https://app.example.com"]))?);
//! let reads_only = || {
//!     AdHoc::on_request("reads only", |request, _| {
//!         Box::pin(async { request.set_method(Method::Get) })
//!     })
//! };
//! # let status = |rocket| -> Result<Status, Box<dyn std::error::Error>> {
//! #     let client = Client::untracked(rocket)?;
//! #     let request = client.options("/");
//! #     let request = request.header(Header::new("Origin", "https://app.example.com"));
//! #     let request = request.header(Header::new("Access-Control-Request-Method", "PUT"));
//! #     Ok(request.dispatch().status())
//! # };
//!
//! // Right: first.
//! let rocket = rocket::build().attach(cors.clone()).attach(reads_only());
//! assert_eq!(status(rocket)?, Status::NoContent);
//!
//! // After a fairing that changes the method: what arrives is a `GET`.
//! let rocket = rocket::build().attach(reads_only()).attach(cors.clone());
//! assert_eq!(status(rocket)?, Status::NotFound);
//!
//! // A second policy: the application does not launch.
//! let twice = rocket::build().attach(cors.clone()).attach(cors);
//! let error = Client::untracked(twice).unwrap_err();
//! assert!(matches!(error.kind(), ErrorKind::FailedFairings(_)));
//! # Ok(())
//! # }
//! ```
//!
//! # Limits
//!
//! - Rocket sends 400 before any fairing runs if it cannot parse a request, or does not know its method, such as
//!   `QUERY`, `PROPFIND` or `PURGE`. These responses have no CORS headers. If the policy lists such a method, its preflights are
//!   granted and its requests are not readable, so a warning names it. A `*` in the list names no method.
//! - Rocket has no 405: a path whose routes are all for other methods gets 404.
//! - Rocket drops header lines that are not UTF-8. A request whose only `Origin` or
//!   `Access-Control-Request-Method` is such a line is a request without it, so its preflight is a plain `OPTIONS`
//!   request to the application. Next to another `Origin`, such a line is not counted. What is echoed leaves it
//!   out. (Browsers send ASCII in all of them.)
//! - Rocket drops the host of a target in absolute form (`GET http://api.example.com/ HTTP/1.1`), so `refuse` and `hosts`
//!   look at `Host`. No browser sends such a target to a server.
//! - Response fairings also run on preflights, and the headers that they add stay, such as `Server` and those of
//!   Rocket's [`Shield`](rocket::shield::Shield). But the status, the CORS headers and `Vary` are the policy's. If a
//!   fairing adds a body, everything that fairings added is removed.
//! - A catcher sees our route in [`Request::route`](rocket::Request::route) for an `OPTIONS` request that no route of
//!   the application took.
//! - An `OPTIONS` route of the application with the rank [`isize::MIN`] collides with ours at launch.
//! - A response fairing that another fairing attaches while Rocket ignites may run after ours, and overwrite
//!   the headers.
//!
//! # Guides
//!
//! These are files of the repository:
//!
//! - `docs/migrating.md`: from rocket_cors, or from another framework.
//! - `docs/recipes.md`: what to write for cookies, tokens, previews, mobile applications, WebSockets, and how to
//!   refuse requests of other sites.
//! - `docs/troubleshooting.md`: "blocked by CORS policy".
//! - `docs/deploying.md`: containers, nginx, CDNs, logs.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod apply;
mod fairing;
mod head;
mod route;
mod unknown;

pub use cors_core::adapter::{Decision, Verdict, is_preflight};
pub use cors_core::{
    Config, ConfigError, ConfigErrors, DangerouslyAllow, Difference, ErrorCode, Explanation, Grant,
    GrantId, LivePolicy, LoadError, LoadOptions, Location, NearMiss, OriginLineError, OriginSet,
    OriginSetEntry, OriginSetError, OriginSetSnapshot, OriginSetUse, Part, PathError, Policy,
    PolicyFile, PolicySource, Reason, RefusalReason, Refuse, Route, Variables, list_from_env,
};
pub use fairing::Cors;
pub use head::Head;

/// The code of the README, compiled by `cargo test --doc`.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
