use axum::extract::OriginalUri;
use axum::http::{Extensions, Request, Uri};
use cors_core::adapter::{RequestHead, RequestHeader, SingleLine};

/// The head of a request to axum, for the engine. Its path is the one that the client sent, also in a nested router.
///
/// # Examples
///
/// ```
/// use axum::body::Body;
/// use axum::extract::Request;
/// use cors_axum::{Grant, Head, Policy};
///
/// let policy = Policy::new(Grant::new(["https://app.example.com"]))?;
/// let request = Request::get("/").header("origin", "https://app.example.com:8443").body(Body::empty())?;
/// assert_eq!(
///     policy.explain(&Head::from(&request)).to_string(),
///     "origin `https://app.example.com:8443` is in no grant; \
///      it differs from `https://app.example.com` by the port",
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Head<'a>(cors_tower::Head<'a>);

impl<'a, B> From<&'a Request<B>> for Head<'a> {
    fn from(request: &'a Request<B>) -> Self {
        Self(cors_tower::Head::with_sent_uri(request, sent_uri))
    }
}

/// A nested router strips its prefix from the URI. Before that, the outer router keeps the URI in an extension.
pub(crate) fn sent_uri<'a>(uri: &'a Uri, extensions: &'a Extensions) -> &'a Uri {
    extensions.get().map_or(uri, |OriginalUri(sent)| sent)
}

impl RequestHead for Head<'_> {
    fn method(&self) -> &[u8] {
        self.0.method()
    }

    fn lines(&self, name: RequestHeader) -> impl Iterator<Item = &[u8]> {
        self.0.lines(name)
    }

    fn path(&self) -> Option<&[u8]> {
        self.0.path()
    }

    fn authority(&self) -> Option<&[u8]> {
        RequestHead::authority(&self.0)
    }

    fn protocol(&self) -> Option<&[u8]> {
        self.0.protocol()
    }

    fn single_line(&self, name: RequestHeader) -> SingleLine<'_> {
        self.0.single_line(name)
    }
}
