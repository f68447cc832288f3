//! What is wrong with the responses of a server, with the codes of `codes/servers.md`.
//!
//! # Examples
//!
//! A request, the response of a server, and what is wrong with it: in itself, and compared with a policy.
//!
//! ```
//! use cors_browser_model::{Headers, Kind, Origin, Request, Response, SentRequest, Url};
//! use cors_explain::server::{Comparison, review};
//! use cors_explain::{PolicyAnswer, Simulation};
//!
//! let page = Origin::parse("https://app.example.com").ok_or("no origin")?;
//! let get = Request::new(Url::parse("https://api.example.com/")?, page);
//! let lines = [("Access-Control-Allow-Origin", "https://app.example.com")];
//! let simulation = Simulation::new(&get, &mut |_: &SentRequest| Some(Response::new(200, lines)));
//! let (_, run) = simulation.shown().ok_or("no run")?;
//! let codes = review(&run.exchanges).into_iter().map(|finding| finding.code);
//! assert_eq!(codes.collect::<Vec<_>>(), ["missing-vary"]);
//!
//! let policy = cors_core::Policy::from_toml("allow_origins = ['https://*.example.com']")?;
//! let sent = &run.exchanges.first().ok_or("no exchange")?.sent;
//! let answer = PolicyAnswer::new(&policy, sent);
//! let compare = |response| Comparison::new(Kind::Actual, sent, &response, &answer);
//! let comparison = compare(Response::new(200, lines));
//! assert_eq!(comparison.differences.len(), 1);
//! assert_eq!(comparison.differences.first().map(|difference| difference.field), Some("vary"));
//! assert!(!comparison.nothing_applied);
//! assert!(compare(Response::new(401, Headers::new())).nothing_applied);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod cookies;
mod difference;
mod fault;
mod finding;
mod header;
mod hidden;
mod not_forwarded;
mod review;

pub use cookies::cookies_not_sent;
pub use difference::{Comparison, Difference};
pub use fault::fault;
#[cfg(test)]
pub(crate) use finding::CODES;
pub use finding::Finding;
pub use header::{
    ALLOW_ORIGIN, allows_credentials, names_everybody, names_origin, value, varies_by_origin,
};
pub use hidden::{headers_not_exposed, hidden_headers};
pub use not_forwarded::not_forwarded;
pub use review::{review, wildcard_with_credentials};
