//! The result of a fetch.

use url::Url;

use crate::exchange::{Exchange, Kind};
use crate::header::Headers;
use crate::message::ConsoleLine;
use crate::network_error::NetworkError;
use crate::step::Check;

/// A whole fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// What was checked before anything was sent.
    pub checks: Vec<Check>,
    /// What was sent and received, in order.
    pub exchanges: Vec<Exchange>,
    /// What the script gets.
    pub outcome: FetchOutcome,
    /// The lines in the console. None with [`Engine::Standard`](crate::Engine::Standard).
    pub console: Vec<ConsoleLine>,
}

/// What the script gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchOutcome {
    /// A response.
    Response(Box<Readable>),
    /// A `TypeError`.
    Blocked(Box<Blocked>),
}

/// The parts of a response that a script may read: a
/// [filtered response](https://fetch.spec.whatwg.org/#concept-filtered-response).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readable {
    /// How it is filtered.
    pub tainting: Tainting,
    /// The URL that was fetched in the end.
    pub url: Url,
    /// Whether there were redirects.
    pub redirected: bool,
    /// The status; 0 of an opaque response.
    pub status: u16,
    /// The readable headers: lower-case names, sorted, each once.
    pub headers: Headers,
    /// Whether the script may see the fetch's timing, see [`tao_check`](crate::tao_check).
    pub timing_allowed: bool,
}

/// How a response is filtered: the
/// [response tainting](https://fetch.spec.whatwg.org/#concept-request-response-tainting).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Tainting {
    /// Same origin, or a WebSocket: everything but `Set-Cookie` may be read.
    #[default]
    Basic,
    /// CORS: the safelisted and the exposed headers may be read.
    Cors,
    /// Nothing may be read: mode `no-cors`, or a navigation.
    Opaque,
    /// Nothing may be read: redirect mode `manual`.
    OpaqueRedirect,
}

/// The failing step, and its circumstances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// The failing step.
    pub error: NetworkError,
    /// The kind of exchange that failed; `None`: it failed before an exchange.
    pub kind: Option<Kind>,
    /// The URL that was being fetched.
    pub url: Url,
    /// The URL that the script asked for.
    pub first_url: Url,
    /// The origin of the page, serialised.
    pub page: String,
    /// The origin of the request, serialised: that of the page, or `null` because of redirects.
    pub origin: String,
    /// The method.
    pub method: String,
    /// The status of the response, if there was one.
    pub status: Option<u16>,
    /// Where the response redirects to.
    pub location: Option<Url>,
}

/// One response with the result of its checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged<T> {
    /// What was checked, in order.
    pub checks: Vec<Check>,
    /// What it allows, or what failed.
    pub result: Result<T, Box<Blocked>>,
    /// The lines in the console.
    pub console: Vec<ConsoleLine>,
}
