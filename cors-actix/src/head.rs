use std::cell::Cell;

use actix_web::HttpRequest;
use actix_web::dev::{self, ServiceRequest};
use actix_web::http::header::{
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderName,
    HeaderValue, ORIGIN,
};
use cors_core::adapter::{RequestHead, RequestHeader};

/// The head of a request to actix-web, for the engine.
///
/// # Examples
///
/// ```
/// use actix_web::test::TestRequest;
/// use cors_actix::{Grant, Head, Policy};
///
/// let policy = Policy::new(Grant::new(["https://app.example.com"]))?;
/// let request = TestRequest::default()
///     .insert_header(("origin", "https://app.example.com:8443"))
///     .to_http_request();
/// assert_eq!(
///     policy.explain(&Head::from(&request)).to_string(),
///     "origin `https://app.example.com:8443` is in no grant; \
///      it differs from `https://app.example.com` by the port",
/// );
/// # Ok::<(), cors_actix::ConfigErrors>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Head<'a>(&'a dev::RequestHead);

impl<'a> Head<'a> {
    /// The head of a request, as actix-web has it.
    pub fn new(head: &'a dev::RequestHead) -> Self {
        Self(head)
    }
}

impl<'a> From<&'a ServiceRequest> for Head<'a> {
    fn from(request: &'a ServiceRequest) -> Self {
        Self(request.head())
    }
}

impl<'a> From<&'a HttpRequest> for Head<'a> {
    fn from(request: &'a HttpRequest) -> Self {
        Self(request.head())
    }
}

impl RequestHead for Head<'_> {
    fn method(&self) -> &[u8] {
        self.0.method.as_str().as_bytes()
    }

    fn lines(&self, name: RequestHeader) -> impl Iterator<Item = &[u8]> {
        let lines = self.0.headers.get_all(header_name(name));
        lines.map(HeaderValue::as_bytes)
    }

    fn path(&self) -> Option<&[u8]> {
        Some(self.0.uri.path().as_bytes())
    }

    fn authority(&self) -> Option<&[u8]> {
        let authority = self.0.uri.authority()?;
        Some(authority.as_str().as_bytes())
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

    /// The last line that was read. If the origin has a grant, it is the only line.
    pub(crate) fn origin(&self) -> Option<&'a HeaderValue> {
        self.origin.get()
    }

    pub(crate) fn headers(&self) -> &'a HeaderMap {
        &self.head.0.headers
    }
}

impl RequestHead for CaptureOrigin<'_> {
    fn method(&self) -> &[u8] {
        self.head.method()
    }

    fn lines(&self, name: RequestHeader) -> impl Iterator<Item = &[u8]> {
        let lines = self.headers().get_all(header_name(name));
        lines.map(move |value| {
            if name == RequestHeader::Origin {
                self.origin.set(Some(value));
            }
            value.as_bytes()
        })
    }

    fn path(&self) -> Option<&[u8]> {
        self.head.path()
    }

    fn authority(&self) -> Option<&[u8]> {
        self.head.authority()
    }
}

pub(crate) const fn header_name(name: RequestHeader) -> HeaderName {
    match name {
        RequestHeader::Origin => ORIGIN,
        RequestHeader::AccessControlRequestMethod => ACCESS_CONTROL_REQUEST_METHOD,
        RequestHeader::AccessControlRequestHeaders => ACCESS_CONTROL_REQUEST_HEADERS,
        other => HeaderName::from_static(other.name()),
    }
}
