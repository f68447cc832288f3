//! Methods and headers that need no preflight, and those that a script cannot send:
//! <https://fetch.spec.whatwg.org/#methods> and <https://fetch.spec.whatwg.org/#terminology-headers>.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::engine::Engine;
use crate::header::{Header, Headers, decode, split, trim};
use crate::profile::{Profile, ValueRule};

/// Whether a method is [CORS-safelisted](https://fetch.spec.whatwg.org/#cors-safelisted-method).
///
/// # Examples
///
/// ```
/// use cors_browser_model::is_cors_safelisted_method;
///
/// assert!(is_cors_safelisted_method("POST"));
/// assert!(!is_cors_safelisted_method("post"), "methods are case-sensitive");
/// ```
pub fn is_cors_safelisted_method(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "POST")
}

/// Whether a method is [forbidden](https://fetch.spec.whatwg.org/#forbidden-method).
///
/// # Examples
///
/// ```
/// assert!(cors_browser_model::is_forbidden_method("trace"));
/// ```
pub fn is_forbidden_method(method: &str) -> bool {
    let is = |forbidden: &&str| method.eq_ignore_ascii_case(forbidden);
    ["CONNECT", "TRACE", "TRACK"].iter().any(is)
}

/// [Normalises](https://fetch.spec.whatwg.org/#concept-method-normalize) a method.
///
/// # Examples
///
/// ```
/// use cors_browser_model::normalize_method;
///
/// assert_eq!(normalize_method("put"), "PUT");
/// assert_eq!(normalize_method("patch"), "patch", "PATCH is not among the six");
/// ```
pub fn normalize_method(method: &str) -> String {
    let is = |name: &&str| method.eq_ignore_ascii_case(name);
    let mut normalized = ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"].into_iter();
    normalized.find(is).unwrap_or(method).to_owned()
}

/// Whether a header is [CORS-safelisted](https://fetch.spec.whatwg.org/#cors-safelisted-request-header).
///
/// # Examples
///
/// ```
/// use cors_browser_model::{Engine, is_cors_safelisted_request_header};
///
/// let is_safelisted = |name: &str, value: &str| {
///     is_cors_safelisted_request_header(Engine::Standard, name.as_bytes(), value.as_bytes())
/// };
/// assert!(is_safelisted("Content-Type", "text/plain;charset=UTF-8"));
/// assert!(!is_safelisted("Content-Type", "application/json"));
/// assert!(is_safelisted("Range", "bytes=0-"));
/// assert!(!is_safelisted("Range", "bytes=-500"));
/// assert!(!is_safelisted("Accept", &"a".repeat(129)));
/// ```
pub fn is_cors_safelisted_request_header(engine: Engine, name: &[u8], value: &[u8]) -> bool {
    is_safelisted(engine.profile(), name, value)
}

/// The [CORS-unsafe request-header names](https://fetch.spec.whatwg.org/#cors-unsafe-request-header-names)
/// of a header list: lower-case, sorted, each once. Names that no script can set are left out: in the
/// standard, they are removed before.
///
/// # Examples
///
/// ```
/// use cors_browser_model::{Engine, Headers, cors_unsafe_request_header_names};
///
/// let headers = Headers::from_iter([("X-B", "1"), ("Accept", "*/*"), ("Authorization", "a")]);
/// let names = cors_unsafe_request_header_names(Engine::Standard, &headers);
/// assert_eq!(names, ["authorization", "x-b"]);
/// ```
pub fn cors_unsafe_request_header_names(engine: Engine, headers: &Headers) -> Vec<String> {
    let profile = engine.profile();
    let headers = match profile.joins_request_headers {
        false => Cow::Borrowed(headers),
        true => Cow::Owned(headers.combined(true, |_| true)),
    };
    let mut unsafe_names = BTreeSet::new();
    let mut potentially_unsafe_names = Vec::new();
    let mut safelist_value_size = 0;
    for header in headers.iter() {
        if is_forbidden_request_header(engine, &header.name, &header.value) {
            continue;
        }
        let name = decode(&header.name.to_ascii_lowercase());
        if is_safelisted(profile, &header.name, &header.value) {
            potentially_unsafe_names.push(name);
            safelist_value_size += header.value.len();
        } else {
            unsafe_names.insert(name);
        }
    }
    if safelist_value_size > 1024 && profile.sums_safelisted_values {
        unsafe_names.extend(potentially_unsafe_names);
    }
    unsafe_names.into_iter().collect()
}

/// Whether a name is a
/// [CORS non-wildcard request-header name](https://fetch.spec.whatwg.org/#cors-non-wildcard-request-header-name).
///
/// # Examples
///
/// ```
/// assert!(cors_browser_model::is_cors_non_wildcard_request_header_name(b"authorization"));
/// ```
pub fn is_cors_non_wildcard_request_header_name(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"authorization")
}

/// Whether a header is [forbidden](https://fetch.spec.whatwg.org/#forbidden-request-header): no script
/// can set it.
///
/// # Examples
///
/// ```
/// use cors_browser_model::{Engine, is_forbidden_request_header};
///
/// let is_forbidden = |name: &str, value: &str| {
///     is_forbidden_request_header(Engine::Standard, name.as_bytes(), value.as_bytes())
/// };
/// assert!(is_forbidden("Origin", ""));
/// assert!(is_forbidden("sec-anything", ""));
/// assert!(is_forbidden("X-HTTP-Method-Override", "PUT, trace"));
/// assert!(!is_forbidden("X-HTTP-Method-Override", "PUT"));
///
/// let forbid = |engine: &Engine| is_forbidden_request_header(*engine, b"User-Agent", b"x");
/// assert_eq!(Vec::from_iter(Engine::ALL.into_iter().filter(forbid)), [Engine::Chromium]);
/// ```
pub fn is_forbidden_request_header(engine: Engine, name: &[u8], value: &[u8]) -> bool {
    let name = name.to_ascii_lowercase();
    let extra = engine.profile().extra_forbidden_request_headers;
    if FORBIDDEN
        .iter()
        .chain(extra)
        .any(|forbidden| name == forbidden.as_bytes())
        || name.starts_with(b"proxy-")
        || name.starts_with(b"sec-")
    {
        return true;
    }
    let overrides: [&[u8]; 3] = [
        b"x-http-method",
        b"x-http-method-override",
        b"x-method-override",
    ];
    overrides.contains(&&*name) && split(value).any(|method| is_forbidden_method(&decode(method)))
}

const FORBIDDEN: [&str; 21] = [
    "accept-charset",
    "accept-encoding",
    "access-control-request-headers",
    "access-control-request-method",
    "connection",
    "content-length",
    "cookie",
    "cookie2",
    "date",
    "dnt",
    "expect",
    "host",
    "keep-alive",
    "origin",
    "referer",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
];

/// Whether a header is
/// [no-CORS-safelisted](https://fetch.spec.whatwg.org/#no-cors-safelisted-request-header).
pub(crate) fn is_no_cors_safelisted(header: &Header) -> bool {
    !header.name.eq_ignore_ascii_case(b"range")
        && is_safelisted(Engine::Standard.profile(), &header.name, &header.value)
}

fn is_safelisted(profile: &Profile, name: &[u8], value: &[u8]) -> bool {
    if value.len() > 128 {
        return false;
    }
    let name = name.to_ascii_lowercase();
    match &*name {
        b"accept" => !value.iter().any(is_unsafe_byte),
        b"accept-language" | b"content-language" => value.iter().all(is_language_byte),
        b"content-type" => !value.iter().any(is_unsafe_byte) && is_form_type(value),
        b"range" => is_simple_range(value),
        name => profile
            .extra_safelisted_request_headers
            .iter()
            .any(|(extra, rule)| name == extra.as_bytes() && rule.allows(value)),
    }
}

/// A [CORS-unsafe request-header byte](https://fetch.spec.whatwg.org/#cors-unsafe-request-header-byte).
fn is_unsafe_byte(byte: &u8) -> bool {
    (*byte < 0x20 && *byte != b'\t') || *byte == 0x7F || b"\"():<>?@[\\]{}".contains(byte)
}

fn is_language_byte(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b" *,-.;=".contains(byte)
}

/// Whether the essence of a [MIME type](https://mimesniff.spec.whatwg.org/#parse-a-mime-type) is one
/// that a form can send.
fn is_form_type(value: &[u8]) -> bool {
    // Do not split at commas first, as servers do: a script could then send a value that a server
    // reads as another type.
    let essence = value.split(|byte| *byte == b';').next().unwrap_or_default();
    let essence = trim(essence, b" \t\r\n").to_ascii_lowercase();
    let types: [&[u8]; 3] = [
        b"application/x-www-form-urlencoded",
        b"multipart/form-data",
        b"text/plain",
    ];
    types.contains(&&*essence)
}

/// A [single range](https://fetch.spec.whatwg.org/#simple-range-header-value) with a start and without
/// white space.
fn is_simple_range(value: &[u8]) -> bool {
    let Some(range) = value.strip_prefix(b"bytes=") else {
        return false;
    };
    let mut ends = range.splitn(2, |byte| *byte == b'-');
    let (Some(start), Some(end)) = (ends.next(), ends.next()) else {
        return false;
    };
    let is_number = |digits: &[u8]| digits.iter().all(u8::is_ascii_digit);
    !start.is_empty()
        && is_number(start)
        && is_number(end)
        && (end.is_empty() || !is_greater(start, end))
}

/// Compares numbers of any length.
fn is_greater(a: &[u8], b: &[u8]) -> bool {
    let [a, b] = [a, b].map(|digits| {
        let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
        digits.get(zeros..).unwrap_or_default()
    });
    (a.len(), a) > (b.len(), b)
}

impl ValueRule {
    fn allows(self, value: &[u8]) -> bool {
        let is_number = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
        match self {
            Self::Any => true,
            Self::Integer => is_number(value),
            Self::Decimal => value.splitn(2, |byte| *byte == b'.').all(is_number),
            Self::OneOf(values) => values.iter().any(|one| value == one.as_bytes()),
            Self::IgnoringCase(one) => value.eq_ignore_ascii_case(one.as_bytes()),
        }
    }
}
