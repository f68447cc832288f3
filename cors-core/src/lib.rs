//! A CORS policy that is checked when it is loaded, and a function that decides requests according to it, for
//! any web framework.
//!
//! **Do you use a web framework?** Then depend on its adapter, which re-exports what you need: `cors-axum`,
//! `cors-actix` (actix-web), `cors-rocket`, `cors-warp`, or `cors-tower` for other tower services, such as those of
//! tonic and hyper.
//!
//! This crate has two parts. The root is for everyone who writes a policy, loads it or replaces it.
//! [`adapter`] is for those who write an adapter for another framework.
//!
//! # Install
//!
//! ```sh
//! cargo add cors-policy-core          # from the registry; the library is `cors_core`
//! cargo add --path ../cors/cors-core  # or from a clone of the repository in `../cors`
//! ```
//!
//! It needs Rust 1.89. The features:
//!
//! - `toml` (on by default): [`Policy::from_file`](Policy#method.from_file),
//!   [`Policy::from_file_table`](Policy#method.from_file_table) for a table of a larger file, and
//!   [`Policy::from_toml`](Policy#method.from_toml). Every error has its line and column.
//! - `serde`: [`Policy`] and [`Config`] can be read as a part of your own configuration, in any format, and
//!   [`Config`] can be written.
//! - `toml` or `serde`: [`Policy::from_env`](Policy#method.from_env), a policy of environment variables alone.
//! - `tracing`: events that say why a page cannot read a response, and for headers that are replaced. Without a subscriber they
//!   go to the logger of the crate `log`.
//! - `metrics`: a counter of requests by outcome, in the crate `metrics`: [`Policy::log`](Policy#method.log).
//! - `watch`: [`LivePolicy::watch`](LivePolicy#method.watch) and [`OriginSet::watch`](OriginSet#method.watch): a policy or a
//!   set of origins that is read again when its file changes. It includes `toml` and `tracing`.
//!
//! # Example
//!
//! Write the policy as a file, and load it with [`Policy::from_file`](Policy#method.from_file):
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
//! Or write it in Rust, as a [`Grant`] or as a [`Config`] of several:
//!
//! ```
//! use std::time::Duration;
//!
//! use cors_core::{ErrorCode, Grant, Policy};
//!
//! let policy = Policy::new(
//!     Grant::new(["https://app.example.com", "https://admin.example.com"])
//!         .allow_methods(["PUT", "DELETE"])
//!         .allow_headers(["content-type", "authorization"])
//!         .expose_headers(["x-request-id"])
//!         .allow_credentials(true)
//!         .max_age(Duration::from_secs(7200)),
//! )?;
//!
//! // All errors are returned together, each with its place and what to write instead.
//! let wrong = Grant::new(["https://app.example.com/"]).allow_methods(["put"]);
//! let errors = Policy::new(wrong).unwrap_err();
//! let codes: Vec<_> = errors.iter().map(|error| error.code()).collect();
//! assert_eq!(codes, [ErrorCode::InvalidOrigin, ErrorCode::InvalidMethod]);
//! assert!(errors.to_string().contains("did you mean `https://app.example.com`?"));
//! # Ok::<(), cors_core::ConfigErrors>(())
//! ```
//!
//! # Write an adapter
//!
//! An adapter reads a request through [`RequestHead`](adapter::RequestHead), asks [`Policy::decide`], and
//! applies the [`Decision`](adapter::Decision): it sends the response to a preflight, or it runs the application
//! and writes headers to its response. [`adapter`] has all steps.
//!
//! ```
//! use cors_core::adapter::{Decision, HeaderSource, RequestHead, RequestHeader};
//! use cors_core::{Grant, Policy};
//!
//! /// A method and header lines. An adapter has its framework's request here.
//! struct Head<'a>(&'a str, &'a [(&'a str, &'a str)]);
//!
//! impl RequestHead for Head<'_> {
//!     fn method(&self) -> &[u8] {
//!         self.0.as_bytes()
//!     }
//!     fn lines(&self, name: RequestHeader) -> impl Iterator<Item = &[u8]> {
//!         let lines = self.1.iter().filter(move |line| line.0 == name.name());
//!         lines.map(|line| line.1.as_bytes())
//!     }
//! }
//!
//! let policy = Policy::new(Grant::new(["https://app.example.com"]).allow_methods(["PUT"]))?;
//!
//! // A preflight: do not run the application.
//! let decision = policy.decide(&Head("OPTIONS", &[
//!     ("origin", "https://app.example.com"),
//!     ("access-control-request-method", "PUT"),
//! ]));
//! let Decision::Respond(response) = decision else { panic!() };
//! assert_eq!(response.status(), 204);
//! let headers = policy.headers(decision).iter().map(|header| match &header.value {
//!     HeaderSource::Constant(value) => format!("{}: {value}", header.name.name()),
//!     HeaderSource::Echo(name) => format!("{}: that of {}", header.name.name(), name.name()),
//! });
//! assert!(headers.eq([
//!     "access-control-allow-origin: that of origin",
//!     "access-control-allow-methods: PUT",
//!     "access-control-max-age: 86400",
//!     "vary: Origin",
//! ]));
//!
//! // Any other request: run the application, even if the origin has no grant.
//! let decision = policy.decide(&Head("PUT", &[("origin", "https://other.example")]));
//! assert!(matches!(decision, Decision::Forward(_)));
//! assert!(!decision.headers().is_granted());
//! # Ok::<(), cors_core::ConfigErrors>(())
//! ```
//!
//! # What it does
//!
//! - A setting that is unsafe, or that browsers ignore, is a [`ConfigError`]. So a [`Policy`] is always valid, and
//!   there is a decision for every request.
//! - Origins are compared exactly, in the form of the [`Origin`
//!   header](https://fetch.spec.whatwg.org/#origin-header). There are no regular expressions: a pattern such as
//!   `https://*.example.com` is for subdomains, at any depth.
//! - A [`Route`] has grants of its own: a public part of a service and a private one are one policy.
//! - Items of a file's lists can come from environment variables: `"${NAME}"`. See [`Policy::from_file`](Policy#method.from_file).
//! - [`Policy::decide`] allocates nothing, and its cost does not grow with the number of origins.
//! - [`Policy::explain`] says why: for logs, tests and people.
//! - [`LivePolicy`] replaces a policy while a server runs. Requests never wait for it.
//! - An [`OriginSet`] has origins that are added and removed while a server runs, such as those that customers register. With a
//!   key, a tenant's pages have a grant for that tenant's paths only.
//!
//! # Limits
//!
//! - CORS is not access control. It tells *browsers* which *pages* may read a response. Actual requests reach
//!   the application, whatever their origin, and other clients do not use CORS. [`Refuse`] also keeps requests of other
//!   sites' pages from the application: cross-site request forgery, WebSockets, local servers.
//! - The routes of a policy are compared with the path as the client sent it. A path that servers read in several ways has
//!   no grant in a policy with routes; see [`Route`].
//! - The browser checks whether the method and the headers of a preflight are in the policy's lists. The response
//!   has the whole lists.
//! - The public suffix list, by which `https://*.github.io` with credentials is an error, is compiled in. It does
//!   not have every domain below which others can register names.
//! - The headers of one response have at most 64 KiB, a file at most 256 MiB, and `max_age` is at most 24 hours.
//!
//! # Guides
//!
//! These are files of the repository:
//!
//! - `docs/migrating.md`: from tower-http, actix-cors, rocket_cors or `warp::cors`, or from one framework to another.
//! - `docs/recipes.md`: what to write for cookies, tokens, previews, mobile applications, WebSockets, and how to
//!   refuse requests of other sites.
//! - `docs/troubleshooting.md`: "blocked by CORS policy".
//! - `docs/deploying.md`: containers, nginx, CDNs, logs.
//! - `CONTRIBUTING.md`: how to add a framework.

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod adapter;
mod config;
#[cfg(any(feature = "toml", feature = "serde"))]
mod config_file;
mod decide;
mod decision;
mod domain;
mod environment;
mod error;
#[cfg(feature = "tracing")]
mod events;
mod explain;
mod grant_id;
mod header;
mod label_patterns;
mod live;
mod matching;
mod method;
#[cfg(feature = "metrics")]
mod metrics;
mod origin;
mod origin_lines;
mod origin_set;
mod parts;
mod path;
mod pattern;
mod policy;
mod policy_cache;
mod public_suffix;
mod punycode;
mod refuse;
mod regular_expression;
mod routes;
mod seen;
mod step;
mod suggest;
#[doc(hidden)]
pub mod text;
mod validate;
#[cfg(feature = "watch")]
mod watch;
mod written_list;

pub use config::{Config, DangerouslyAllow, Grant, OriginSetUse, Part, Refuse, Route};
#[cfg(any(feature = "toml", feature = "serde"))]
pub use config_file::Variables;
#[cfg(any(feature = "toml", feature = "serde"))]
#[doc(hidden)]
pub use config_file::document;
#[cfg(feature = "toml")]
pub use config_file::{LoadError, LoadOptions, PolicyFile, read_policy};
pub use environment::list_from_env;
pub use error::{ConfigError, ConfigErrors, ErrorCode, Location};
pub use explain::{Difference, Explanation, NearMiss, Reason};
pub use grant_id::GrantId;
pub use live::{LivePolicy, PolicySource};
pub use origin::{Origin, OriginError};
pub use origin_lines::OriginLineError;
pub use origin_set::{OriginSet, OriginSetEntry, OriginSetError, OriginSetSnapshot};
pub use path::PathError;
pub use pattern::{OriginPattern, PatternError};
pub use policy::Policy;
pub use public_suffix::PublicSuffix;
pub use refuse::RefusalReason;

/// The code of the README, compiled by `cargo test --doc`.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
