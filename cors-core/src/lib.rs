//! A CORS policy that is checked when it is loaded, and an engine that decides requests by it.
//!
//! This crate knows no web framework. If you use one, depend on its adapter instead, which
//! re-exports what you need: `cors-axum`, `cors-actix`, `cors-rocket`, `cors-warp`, or `cors-tower`
//! for everything that speaks tower.
//!
//! # The policy
//!
//! Write it as a file,
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
//! and load it with [`Policy::from_file`], or write it in Rust as a [`Config`] of [`Grant`]s:
//!
//! ```
//! use std::time::Duration;
//!
//! use cors_core::{Grant, Policy};
//!
//! let policy = Policy::new(
//!     Grant::new(["https://app.example.com", "https://admin.example.com"])
//!         .allow_methods(["PUT", "DELETE"])
//!         .allow_headers(["content-type", "authorization"])
//!         .expose_headers(["x-request-id"])
//!         .allow_credentials(true)
//!         .max_age(Duration::from_secs(7200)),
//! )?;
//! # Ok::<(), cors_core::ConfigErrors>(())
//! ```
//!
//! Either way a setting that is unsafe, or that no browser would heed, is an [error](ConfigError)
//! that says where it is and what would be right, and all of them come together.
//!
//! # The engine
//!
//! [`Policy::decide`] reads a [request's head](adapter::RequestHead) and gives a [`Decision`](adapter::Decision): respond to a
//! preflight now, or run the application and then write headers to its response. It allocates nothing,
//! and its cost does not grow with the number of origins. What an adapter needs besides is in
//! [`adapter`].
//!
//! [`Policy::explain`] says why.
//!
//! # What CORS is not
//!
//! No access control: it tells *browsers* which *sites* may read responses. Requests reach the
//! application whatever their origin, and other clients do not care. It is no protection from
//! cross-site request forgery either.
//!
//! # Features
//!
//! - `toml` (default): [`Policy::from_file`] and [`Policy::from_toml`].
//! - `serde`: [`Config`] and [`Policy`] as a part of any configuration format.
//! - `tracing`: an event for refused requests.
//! - `watch`: `LivePolicy::watch`, a policy that follows its file. Includes `toml` and `tracing`.

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod adapter;
mod config;
#[cfg(any(feature = "toml", feature = "serde"))]
mod config_file;
mod decide;
mod decision;
mod domain;
mod error;
mod explain;
mod grant_id;
mod header;
mod live;
mod matching;
mod method;
mod origin;
mod pattern;
mod policy;
mod policy_cache;
mod public_suffix;
mod seen;
mod step;
mod suggest;
#[doc(hidden)]
pub mod text;
mod validate;
#[cfg(feature = "watch")]
mod watch;

pub use config::{Config, DangerouslyAllow, Grant};
#[cfg(feature = "toml")]
pub use config_file::{LoadError, PolicyFile, read_policy};
pub use error::{ConfigError, ConfigErrors, ErrorCode, Location};
pub use explain::{Difference, Explanation, NearMiss, Reason};
pub use grant_id::GrantId;
pub use live::{LivePolicy, PolicySource};
pub use origin::{Origin, OriginError};
pub use pattern::{OriginPattern, PatternError};
pub use policy::Policy;
pub use public_suffix::PublicSuffix;

/// The README's code, compiled by `cargo test --doc`.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
