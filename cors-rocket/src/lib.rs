//! One CORS policy for [Rocket](https://rocket.rs) 0.5: a single fairing.
//!
//! ```
//! use cors_rocket::{Cors, Grant, Policy};
//! use rocket::http::{Header, Status};
//! use rocket::local::blocking::Client;
//! use rocket::{put, routes};
//!
//! #[put("/items")]
//! fn put_item() -> &'static str {
//!     "stored"
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Or `Policy::from_file("cors.toml")`.
//! let policy = Policy::new(Grant::new(["https://app.example.com"]).allow_methods(["PUT"]))?;
//! let rocket = rocket::build()
//!     .attach(Cors::new(policy))
//!     .mount("/", routes![put_item]);
//!
//! let client = Client::untracked(rocket)?;
//! let origin = || Header::new("Origin", "https://app.example.com");
//!
//! let asked = Header::new("Access-Control-Request-Method", "PUT");
//! let preflight = client.options("/items").header(origin()).header(asked).dispatch();
//! assert_eq!(preflight.status(), Status::NoContent);
//! assert_eq!(preflight.headers().get_one("Access-Control-Allow-Methods"), Some("PUT"));
//!
//! let not_found = client.get("/elsewhere").header(origin()).dispatch();
//! assert_eq!(not_found.status(), Status::NotFound);
//! assert_eq!(
//!     not_found.headers().get_one("Access-Control-Allow-Origin"),
//!     Some("https://app.example.com"),
//! );
//! # Ok(())
//! # }
//! ```
//!
//! # What it does
//!
//! - A CORS-preflight request (`OPTIONS` with `Origin` and `Access-Control-Request-Method`) is
//!   answered before any route, guard or catcher, on every path. Any other request always reaches the
//!   application, whatever its origin: your own `OPTIONS` routes go on working.
//! - Every response gets the policy's fields, whatever its status: what catchers make of guards that
//!   fail, of missing routes and of panics included.
//! - `Access-Control-Allow-Origin`, `-Allow-Credentials` and `-Expose-Headers` of the application are
//!   replaced or removed, and the first time an event of `tracing` at level warn says so; `Vary` is one
//!   line: the application's, then ours.
//! - Bodies are passed on untouched, and so are protocol upgrades.
//!
//! For it the fairing mounts a route for `OPTIONS /<_..>`, with the rank before all others, and
//! attaches its second half behind all other fairings while Rocket ignites.
//!
//! # Placement
//!
//! Attach it first. The order matters to preflights in one case only: a fairing that was attached
//! earlier and rewrites the *method* of a request has done so before anybody can see what it was.
//!
//! ```
//! # use cors_rocket::{Cors, Grant, Policy};
//! # use rocket::fairing::AdHoc;
//! # use rocket::http::{Header, Method, Status};
//! # use rocket::local::blocking::Client;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let cors = Cors::new(Policy::new(Grant::new(["https://app.example.com"]))?);
//! let reads_only = || {
//!     AdHoc::on_request("reads only", |request, _| {
//!         Box::pin(async { request.set_method(Method::Get) })
//!     })
//! };
//! let right = rocket::build().attach(cors.clone()).attach(reads_only());
//! let wrong = rocket::build().attach(reads_only()).attach(cors);
//! # let status = |rocket| -> Result<Status, Box<dyn std::error::Error>> {
//! #     let client = Client::untracked(rocket)?;
//! #     let request = client.options("/");
//! #     let request = request.header(Header::new("Origin", "https://app.example.com"));
//! #     let request = request.header(Header::new("Access-Control-Request-Method", "PUT"));
//! #     Ok(request.dispatch().status())
//! # };
//!
//! // A preflight to each of them:
//! assert_eq!(status(right)?, Status::NoContent);
//! assert_eq!(status(wrong)?, Status::NotFound);
//! # Ok(())
//! # }
//! ```
//!
//! # What Rocket does not allow
//!
//! - A request with a method that Rocket does not know (such as `PURGE` or `QUERY`), or one that is
//!   malformed, is answered with 400 before any fairing: without CORS fields.
//! - Header lines that are not UTF-8 are dropped by Rocket before anybody can see them. A request
//!   whose only `Origin` or `Access-Control-Request-Method` is such a line is one without: its
//!   preflight is a plain `OPTIONS` request to the application. Beside another `Origin` such a line
//!   does not count, and what is echoed leaves it out. (Browsers send ASCII in all of them.)
//! - Response fairings run on preflights too, and what they add stays, such as `Server` and the
//!   fields of Rocket's [`Shield`](rocket::shield::Shield). But the status, CORS fields and `Vary` are
//!   the policy's, and where a fairing adds a body, nothing of the others stays.
//! - To a catcher, an `OPTIONS` request that no route of the application took has our
//!   [`route`](rocket::Request::route), where it had none.
//! - An `OPTIONS` route of the application with the rank [`isize::MIN`] collides with ours at launch.
//! - A response fairing that another fairing attaches while Rocket ignites may come after ours and
//!   overwrite what we wrote.
//!
//! # Why was it refused?
//!
//! A refused request is an event of the `tracing` crate at level debug. [`Policy::explain`] says the
//! same of any request: see [`Head`].
//!
//! # Features
//!
//! - `watch`: `LivePolicy::watch`, a policy that follows its file.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod apply;
mod fairing;
mod head;
mod route;

pub use cors_core::adapter::{Decision, Verdict, is_preflight};
pub use cors_core::{
    Config, ConfigError, ConfigErrors, DangerouslyAllow, Difference, ErrorCode, Explanation, Grant,
    GrantId, LivePolicy, LoadError, Location, NearMiss, Policy, PolicyFile, PolicySource, Reason,
};
pub use fairing::Cors;
pub use head::Head;
