//! [CORS-preflight requests](https://fetch.spec.whatwg.org/#cors-preflight-request): when one is sent,
//! and what it looks like.

use std::fmt;

use crate::engine::Engine;
use crate::exchange::SentRequest;
use crate::header::{Headers, encode};
use crate::in_flight::InFlight;
use crate::metadata;
use crate::request::Request;
use crate::safelist::{self, cors_unsafe_request_header_names};

/// What makes a preflight necessary.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The method is not CORS-safelisted.
    Method(String),
    /// These headers are unsafe: lower-case, sorted.
    Headers(Vec<String>),
    /// The use-CORS-preflight flag is set.
    UseCorsPreflight,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Method(method) => write!(f, "the method `{method}`"),
            Self::Headers(names) => {
                let headers = if names.len() == 1 {
                    "header"
                } else {
                    "headers"
                };
                write!(f, "the {headers} `{}`", names.join("`, `"))
            }
            Self::UseCorsPreflight => f.write_str("an upload listener or a stream"),
        }
    }
}

/// What makes a preflight necessary, if the URL has another origin:
/// [main fetch](https://fetch.spec.whatwg.org/#main-fetch), step 12. If the list is empty, no preflight is
/// needed.
///
/// # Examples
///
/// ```
/// use cors_browser_model::{Cause, Engine, Origin, Request, Url, preflight_causes};
///
/// let request = Request::new(Url::parse("https://api.example.com/")?, Origin::Opaque);
/// assert_eq!(preflight_causes(Engine::Standard, &request), []);
///
/// let put = request.method("PUT").header("X-A", "1");
/// let causes = [Cause::Method("PUT".to_owned()), Cause::Headers(vec!["x-a".to_owned()])];
/// assert_eq!(preflight_causes(Engine::Standard, &put), causes);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn preflight_causes(engine: Engine, request: &Request) -> Vec<Cause> {
    let flag = request
        .use_cors_preflight
        .then_some(Cause::UseCorsPreflight);
    if !request.unsafe_request {
        return flag.into_iter().collect();
    }
    let method = &request.method;
    let is_safelisted = safelist::is_cors_safelisted_method(method);
    let names = cors_unsafe_request_header_names(engine, &request.headers);
    let method = (!is_safelisted).then(|| Cause::Method(method.clone()));
    let headers = (!names.is_empty()).then_some(Cause::Headers(names));
    flag.into_iter().chain(method).chain(headers).collect()
}

/// [CORS-preflight fetch](https://fetch.spec.whatwg.org/#cors-preflight-fetch), steps 1 to 5.
pub(crate) fn preflight_request(flight: &InFlight) -> SentRequest {
    let request = &flight.request;
    let mut headers = Headers::new();
    headers.append("Accept", "*/*");
    headers.append("Access-Control-Request-Method", &request.method);
    let names = cors_unsafe_request_header_names(flight.engine, &request.headers);
    if !names.is_empty() {
        // The standard has no space after the comma.
        headers.append("Access-Control-Request-Headers", encode(&names.join(",")));
    }
    headers.append("Origin", flight.preflight_origin());
    metadata::append_to_preflight(flight, &mut headers);
    SentRequest {
        method: "OPTIONS".to_owned(),
        url: request.url.clone(),
        headers,
        credentials: false,
    }
}
