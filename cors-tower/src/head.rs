use std::cell::Cell;

use cors_core::adapter::{RequestHead, RequestHeader, SingleLine};
use http::header::{ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN};
use http::uri::Authority;
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};

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
    target: Target<'a>,
}

/// Where the target of the request is. It is looked for only if the engine asks for it: a policy without routes does not
/// ask for the path, and one that refuses nothing not for the authority.
#[derive(Clone, Copy, Debug)]
enum Target<'a> {
    Known {
        path: &'a str,
        authority: Option<&'a str>,
    },
    Of(&'a Uri, &'a Extensions, SentUri),
}

impl<'a> Target<'a> {
    fn path(self) -> &'a str {
        match self {
            Self::Known { path, .. } => path,
            Self::Of(uri, extensions, sent_uri) => sent_uri(uri, extensions).path(),
        }
    }

    fn authority(self) -> Option<&'a str> {
        match self {
            Self::Known { authority, .. } => authority,
            Self::Of(uri, extensions, sent_uri) => {
                let authority = sent_uri(uri, extensions).authority();
                authority.map(Authority::as_str)
            }
        }
    }
}

/// Finds the URI that the client sent, if a router has changed the one of the request.
///
/// A router that strips a prefix keeps the original URI in an extension of the request, such as `OriginalUri` of axum.
/// [`CorsLayer::sent_uri`](crate::CorsLayer::sent_uri) shows an example.
pub type SentUri = for<'a> fn(&'a Uri, &'a Extensions) -> &'a Uri;

/// That of the request.
pub(crate) const UNCHANGED: SentUri = |uri, _| uri;

impl<'a> Head<'a> {
    /// The head of a request with this method, this path and these headers.
    ///
    /// The path must be the one that the client sent, with its escapes and without the query. If it is not known,
    /// write `""`: then a policy with routes grants nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_tower::{Config, Grant, Head, Policy, Verdict};
    /// use http::header::{HeaderMap, HeaderValue, ORIGIN};
    /// use http::Method;
    ///
    /// let policy = Policy::new(Config::new([]).route("/public", Grant::new(["*"])))?;
    /// let headers = HeaderMap::from_iter([(ORIGIN, HeaderValue::from_static("https://other.example"))]);
    /// let verdict = |path| policy.decide(&Head::new(&Method::GET, path, &headers)).verdict();
    /// assert!(matches!(verdict("/public/a"), Verdict::Granted(_)));
    /// assert_eq!(verdict("/private"), Verdict::NoGrant);
    /// assert_eq!(verdict(""), Verdict::NoGrant);
    /// # Ok::<(), cors_tower::ConfigErrors>(())
    /// ```
    pub fn new(method: &'a Method, path: &'a str, headers: &'a HeaderMap) -> Self {
        Self {
            method,
            headers,
            target: Target::Known {
                path,
                authority: None,
            },
        }
    }

    /// The same with the host and port of the request's target: in HTTP/2 `:authority`. Without it, they are those of
    /// `Host`.
    #[must_use]
    pub fn authority(self, authority: Option<&'a str>) -> Self {
        let path = self.target.path();
        let target = Target::Known { path, authority };
        Self { target, ..self }
    }

    /// The head of a request whose URI a router may have changed.
    pub fn with_sent_uri<B>(request: &'a Request<B>, sent_uri: SentUri) -> Self {
        Self {
            method: request.method(),
            headers: request.headers(),
            target: Target::Of(request.uri(), request.extensions(), sent_uri),
        }
    }

    pub(crate) fn headers(&self) -> &'a HeaderMap {
        self.headers
    }
}

/// The path is that of the request's URI. Within `nest` of axum, use `cors_axum::Head`: there the URI has only a part of
/// the path.
impl<'a, B> From<&'a Request<B>> for Head<'a> {
    fn from(request: &'a Request<B>) -> Self {
        Self::with_sent_uri(request, UNCHANGED)
    }
}

impl RequestHead for Head<'_> {
    fn method(&self) -> &[u8] {
        self.method.as_str().as_bytes()
    }

    #[inline]
    fn lines(&self, name: RequestHeader) -> impl Iterator<Item = &[u8]> {
        let lines = self.headers.get_all(header_name(name));
        lines.iter().map(HeaderValue::as_bytes)
    }

    fn path(&self) -> Option<&[u8]> {
        Some(self.target.path().as_bytes())
    }

    fn authority(&self) -> Option<&[u8]> {
        self.target.authority().map(str::as_bytes)
    }

    /// Only an extended CONNECT has a path, and only a WebSocket needs one. The protocol itself is in an extension of
    /// hyper.
    fn protocol(&self) -> Option<&[u8]> {
        let is_extended = *self.method == Method::CONNECT && !self.target.path().is_empty();
        is_extended.then_some(b"websocket")
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

    fn path(&self) -> Option<&[u8]> {
        self.head.path()
    }

    fn authority(&self) -> Option<&[u8]> {
        RequestHead::authority(&self.head)
    }

    fn protocol(&self) -> Option<&[u8]> {
        self.head.protocol()
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
