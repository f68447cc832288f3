#![doc = include_str!("../README.md")]
//!
//! # What is modelled
//!
//! - Requests that a script makes with `fetch()`, to http and https URLs: [`Request`]. Forms, links, frames, images and
//!   WebSockets as far as a server sees where they come from: `Origin`, `Sec-Fetch-*`, and whether there are credentials.
//! - Whether a preflight is needed ([`preflight_causes`]), and what it allows ([`PreflightGrant`]).
//! - The [CORS check](cors_check) on every response, redirects included.
//! - Redirects: the origin that becomes `null`, methods, bodies and `Authorization` that change, user
//!   names, 20 at most.
//! - The [CORS-preflight cache](PreflightCache).
//! - What a script may read: [headers](readable_headers), [timing](tao_check).
//! - What the [console](ConsoleLine) says.
//!
//! The code follows the steps of the [Fetch standard](https://fetch.spec.whatwg.org/) in their order. Each
//! deviation of an engine is a field of its [`Profile`].
//!
//! # What is not
//!
//! - Everything that stops a request before CORS or a response after it: Content Security Policy, mixed
//!   content, Local Network Access, blocked ports, service workers, `Cross-Origin-Resource-Policy`.
//! - The HTTP cache. A 304 that freshens a stored response is not checked itself; the stored response
//!   is.
//! - HTTP authentication prompts, cookies, and other credentials themselves.
//! - What a document, an image or a WebSocket does with its response, except that the status of a handshake is checked.
//! - What users do themselves: `Sec-Fetch-User`, and `Sec-Fetch-Site: none`.
//! - The console messages of `XMLHttpRequest` and of elements, and schemes other than http, https, ws and wss.

mod cache;
mod cors_check;
mod engine;
mod exchange;
mod fetch;
mod filter;
mod grant;
mod header;
mod in_flight;
mod message;
mod metadata;
mod network_error;
mod origin;
mod outcome;
mod preflight;
mod profile;
mod receive;
mod recorded;
mod redirect;
mod request;
mod safelist;
mod step;
mod timing;

pub use cache::PreflightCache;
pub use cors_check::cors_check;
pub use engine::Engine;
pub use exchange::{Exchange, Kind, Response, SentRequest};
pub use fetch::{Server, fetch};
pub use filter::{CORS_SAFELISTED_RESPONSE_HEADER_NAMES, readable_headers};
pub use grant::PreflightGrant;
pub use header::{Header, Headers};
pub use message::{ConsoleLine, console};
pub use metadata::Relation;
pub use network_error::{Malformed, NetworkError, Throws};
pub use origin::{Origin, TupleOrigin};
pub use outcome::{Blocked, FetchOutcome, Judged, Readable, Run, Tainting};
pub use preflight::{Cause, preflight_causes};
pub use profile::{
    CacheClearing, CacheProfile, CacheUpdate, CacheWildcard, CookieProfile, CrossSiteCookies,
    PreflightAgain, Profile, Reconnection, RedirectedPreflight, TaintedKey, ValueRule,
};
pub use recorded::{NotFromPage, Recorded, judge_preflight, judge_response};
pub use request::{Body, Credentials, Destination, Mode, RedirectMode, Request};
pub use safelist::{
    cors_unsafe_request_header_names, is_cors_non_wildcard_request_header_name,
    is_cors_safelisted_method, is_cors_safelisted_request_header, is_forbidden_method,
    is_forbidden_request_header, normalize_method,
};
pub use step::{Check, Step};
pub use timing::tao_check;
pub use url::Url;
