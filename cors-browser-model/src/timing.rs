//! The [TAO check](https://fetch.spec.whatwg.org/#tao-check).

use crate::header::{Headers, split};

/// Whether `Timing-Allow-Origin` lets a page of another origin see the timing of a response: the
/// [TAO check](https://fetch.spec.whatwg.org/#tao-check). The origin is the request's, serialised.
///
/// # Examples
///
/// ```
/// use cors_browser_model::{Headers, tao_check};
///
/// let headers = Headers::from_iter([("Timing-Allow-Origin", "https://a.example, https://b.example")]);
/// assert!(tao_check("https://b.example", &headers));
/// assert!(!tao_check("https://c.example", &headers));
/// ```
pub fn tao_check(origin: &str, headers: &Headers) -> bool {
    let Some(value) = headers.get("Timing-Allow-Origin") else {
        return false;
    };
    split(&value).any(|value| value == b"*" || value == origin.as_bytes())
}
