use std::cell::Cell;

use cors_core::adapter::{RequestHead, RequestHeader, SingleLine};
use http::header::{ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};

/// The head of an [`http::Request`], for the engine.
///
/// # Examples
///
/// ```
/// use cors_tower::{Grant, Head, Policy};
///
/// let policy = Policy::new(Grant::new(["https://app.example.com"]))?;
/// let request = http::Request::get("/").header("origin", "https://app.example.com:8443").body(())?;
/// assert_eq!(
///     policy.explain(&Head::from(&request)).to_string(),
///     "origin `https://app.example.com:8443` is in no grant; \
///      it differs from `https://app.example.com` by the port",
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    method: &'a Method,
    headers: &'a HeaderMap,
}

impl<'a> Head<'a> {
    /// The head of a request with this method and these header fields.
    pub fn new(method: &'a Method, headers: &'a HeaderMap) -> Self {
        Self { method, headers }
    }
}

impl<'a, B> From<&'a Request<B>> for Head<'a> {
    fn from(request: &'a Request<B>) -> Self {
        Self::new(request.method(), request.headers())
    }
}

impl RequestHead for Head<'_> {
    fn method(&self) -> &[u8] {
        self.method.as_str().as_bytes()
    }

    fn lines(&self, name: RequestHeader) -> impl Iterator<Item = &[u8]> {
        let lines = self.headers.get_all(header_name(name));
        lines.iter().map(HeaderValue::as_bytes)
    }
}

/// A head that keeps the `Origin` that the engine has read, so that it is looked up only once.
#[derive(Debug)]
pub(crate) struct CaptureOrigin<'a> {
    head: Head<'a>,
    origin: Cell<Option<&'a HeaderValue>>,
}

impl<'a> CaptureOrigin<'a> {
    pub(crate) fn new(head: Head<'a>) -> Self {
        let origin = Cell::new(None);
        Self { head, origin }
    }

    /// The line that was read, if it is the only one.
    pub(crate) fn origin(&self) -> Option<&'a HeaderValue> {
        self.origin.get()
    }
}

impl RequestHead for CaptureOrigin<'_> {
    fn method(&self) -> &[u8] {
        self.head.method()
    }

    fn lines(&self, name: RequestHeader) -> impl Iterator<Item = &[u8]> {
        self.head.lines(name)
    }

    #[inline]
    fn single_line(&self, name: RequestHeader) -> SingleLine<'_> {
        let headers = self.head.headers;
        let Some(value) = headers.get(header_name(name)) else {
            return SingleLine::Absent;
        };
        // In most requests, no header has several lines.
        if headers.len() != headers.keys_len() && has_several(headers, name) {
            return SingleLine::Repeated;
        }
        if name == RequestHeader::Origin {
            self.origin.set(Some(value));
        }
        SingleLine::One(value.as_bytes())
    }
}

#[cold]
fn has_several(headers: &HeaderMap, name: RequestHeader) -> bool {
    let mut lines = headers.get_all(header_name(name)).iter();
    lines.nth(1).is_some()
}

pub(crate) const fn header_name(name: RequestHeader) -> HeaderName {
    match name {
        RequestHeader::Origin => ORIGIN,
        RequestHeader::AccessControlRequestMethod => ACCESS_CONTROL_REQUEST_METHOD,
        RequestHeader::AccessControlRequestHeaders => ACCESS_CONTROL_REQUEST_HEADERS,
        other => HeaderName::from_static(other.name()),
    }
}
