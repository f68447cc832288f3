//! A Rocket request, as the engine reads it.

use std::borrow::Cow;

use cors_core::adapter::{RequestHead, RequestHeader};
use rocket::Request;
use rocket::http::{HeaderMap, RawStr, RawStrBuf};

/// The head of a [`Request`], for the engine: for [`is_preflight`](crate::is_preflight) in fairings
/// of your own, and for [`Policy::explain`](crate::Policy::explain).
///
/// Rocket drops every header line that is not UTF-8 before any fairing or handler can see it. The path is the one that the
/// client sent, also if a fairing after [`Cors`](crate::Cors) changes the URI.
///
/// # Examples
///
/// ```
/// use cors_rocket::{Grant, Head, Policy, is_preflight};
/// use rocket::http::Header;
/// use rocket::local::blocking::Client;
///
/// let policy = Policy::new(Grant::new(["https://app.example.com"]))?;
/// let client = Client::untracked(rocket::build())?;
/// let request = client.get("/").header(Header::new("Origin", "https://app.example.com:8443"));
/// let head = Head::from(request.inner());
/// assert!(!is_preflight(&head));
/// assert_eq!(
///     policy.explain(&head).to_string(),
///     "origin `https://app.example.com:8443` is in no grant; \
///      it differs from `https://app.example.com` by the port",
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Head<'a, 'r>(&'a Request<'r>);

impl<'a, 'r> From<&'a Request<'r>> for Head<'a, 'r> {
    fn from(request: &'a Request<'r>) -> Self {
        Self(request)
    }
}

impl RequestHead for Head<'_, '_> {
    fn method(&self) -> &[u8] {
        self.0.method().as_str().as_bytes()
    }

    fn lines(&self, name: RequestHeader) -> impl Iterator<Item = &[u8]> {
        lines(self.0.headers(), name.name()).map(str::as_bytes)
    }

    fn path(&self) -> Option<&[u8]> {
        Some(sent_path(self.0).as_bytes())
    }

    /// Rocket keeps that of HTTP/2, and not that of an absolute-form target in HTTP/1.
    fn authority(&self) -> Option<&[u8]> {
        struct Authority(String);
        let host = RequestHeader::Host.name();
        if lines(self.0.headers(), host).next().is_some() {
            return None;
        }
        let host = self.0.host()?;
        let Authority(text) = self.0.local_cache(|| Authority(host.to_string()));
        Some(text.as_bytes())
    }
}

/// The path as the client sent it, if this function is called before another fairing changes the URI: the first call
/// remembers it.
pub(crate) fn sent_path<'a>(request: &'a Request<'_>) -> &'a RawStr {
    struct SentPath(RawStrBuf);
    let SentPath(path) = request.local_cache(|| SentPath(request.uri().path().raw().to_owned()));
    path
}

/// The lines that [`HeaderMap::get`] would return. That method hashes the name byte by byte, to resist
/// collisions that a client provokes. Comparing the names that are present takes less time.
pub(crate) fn lines<'a>(
    headers: &'a HeaderMap<'_>,
    name: &'static str,
) -> impl Iterator<Item = &'a str> {
    headers.iter().filter_map(move |line| match line.value {
        // All values are borrowed, because they are not taken out of the map.
        Cow::Borrowed(value) if line.name == name => Some(value),
        _ => None,
    })
}
