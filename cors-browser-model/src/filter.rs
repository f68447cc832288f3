//! The parts of a response that a script may read.

use std::collections::HashSet;

use crate::engine::Engine;
use crate::header::Headers;
use crate::request::Credentials;

/// The headers that a page of another origin may read:
/// [CORS filtered response](https://fetch.spec.whatwg.org/#concept-filtered-response-cors), with the
/// list of [main fetch](https://fetch.spec.whatwg.org/#main-fetch), step 14. Names are lower-case and
/// sorted, each once.
///
/// # Examples
///
/// ```
/// use cors_browser_model::{Credentials, Engine, Headers, readable_headers};
///
/// let headers = Headers::from_iter([
///     ("Content-Type", "text/plain"),
///     ("X-Request-Id", "7"),
///     ("Set-Cookie", "a=b"),
///     ("Access-Control-Expose-Headers", "*"),
/// ]);
/// let names = |credentials| {
///     let readable = readable_headers(Engine::Standard, credentials, &headers);
///     readable.iter().map(|header| String::from_utf8_lossy(&header.name).into_owned()).collect::<Vec<_>>()
/// };
/// let all = ["access-control-expose-headers", "content-type", "x-request-id"];
/// assert_eq!(names(Credentials::Omit), all);
/// assert_eq!(names(Credentials::Include), ["content-type"]);
/// ```
pub fn readable_headers(engine: Engine, credentials: Credentials, headers: &Headers) -> Headers {
    let profile = engine.profile();
    let list = headers.list("Access-Control-Expose-Headers");
    let failed = list.invalid.is_some();
    let wildcard = credentials != Credentials::Include
        && list.tokens.contains(&b"*".as_slice())
        && (!failed || profile.exposed_wildcard_survives_garbage);
    let exposed: HashSet<_> = match failed {
        true => HashSet::new(),
        false => list
            .tokens
            .iter()
            .map(|token| token.to_ascii_lowercase())
            .collect(),
    };
    seen(engine, headers, |name| {
        let readable = wildcard || is_cors_safelisted(name) || exposed.contains(name);
        readable && !is_forbidden(name)
    })
}

/// A [basic filtered response](https://fetch.spec.whatwg.org/#concept-filtered-response-basic).
pub(crate) fn basic(engine: Engine, headers: &Headers) -> Headers {
    seen(engine, headers, |name| !is_forbidden(name))
}

/// The headers whose lower-case names are kept, as a script sees them.
fn seen(engine: Engine, headers: &Headers, keep: impl Fn(&[u8]) -> bool) -> Headers {
    let profile = engine.profile();
    let combined = headers.combined(profile.joins_empty_lines, keep);
    if !profile.repairs_values {
        return combined;
    }
    combined.map_values(|value| String::from_utf8_lossy(value).into_owned().into_bytes())
}

/// The [CORS-safelisted response-header names](https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name),
/// in lower case: what a script may read of any response that passes the CORS check.
///
/// # Examples
///
/// ```
/// use cors_browser_model::CORS_SAFELISTED_RESPONSE_HEADER_NAMES;
///
/// assert!(CORS_SAFELISTED_RESPONSE_HEADER_NAMES.contains(&"content-type"));
/// assert!(!CORS_SAFELISTED_RESPONSE_HEADER_NAMES.contains(&"etag"));
/// ```
pub const CORS_SAFELISTED_RESPONSE_HEADER_NAMES: [&str; 7] = [
    "cache-control",
    "content-language",
    "content-length",
    "content-type",
    "expires",
    "last-modified",
    "pragma",
];

fn is_cors_safelisted(lower_name: &[u8]) -> bool {
    let mut names = CORS_SAFELISTED_RESPONSE_HEADER_NAMES.iter();
    names.any(|name| name.as_bytes() == lower_name)
}

/// A [forbidden response-header name](https://fetch.spec.whatwg.org/#forbidden-response-header-name).
fn is_forbidden(lower_name: &[u8]) -> bool {
    matches!(lower_name, b"set-cookie" | b"set-cookie2")
}
