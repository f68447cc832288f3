//! Origins of pages.

use std::fmt;

use url::Url;

/// The [origin](https://html.spec.whatwg.org/multipage/browsers.html#concept-origin) of the page whose
/// script fetches.
///
/// # Examples
///
/// ```
/// use cors_browser_model::Origin;
///
/// let page = Origin::parse("https://app.example.com").ok_or("no origin")?;
/// assert_eq!(page.to_string(), "https://app.example.com");
/// assert_eq!(Origin::parse("null"), Some(Origin::Opaque));
/// // A browser would never send these.
/// for text in ["https://app.example.com/", "https://app.example.com:443", "HTTPS://app.example.com"] {
///     assert_eq!(Origin::parse(text), None);
/// }
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// An opaque origin: of a sandboxed frame or of a `data:` document. It is not the same origin as any
    /// other, and is serialised as `null`.
    Opaque,
    /// A tuple origin, serialised.
    Tuple(TupleOrigin),
}

/// A serialised tuple origin: one of the forms that browsers send.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TupleOrigin(String);

impl Origin {
    /// Reads an origin in [serialised form](https://fetch.spec.whatwg.org/#origin-header), the only form
    /// that browsers send.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "null" {
            return Some(Self::Opaque);
        }
        let url = Url::parse(text).ok()?;
        (serialize(&url)? == text).then(|| Self::Tuple(TupleOrigin(text.to_owned())))
    }

    /// The origin of a page at a URL.
    pub fn of(url: &Url) -> Self {
        match serialize(url) {
            Some(origin) if url.scheme() != "data" => Self::Tuple(TupleOrigin(origin)),
            _ => Self::Opaque,
        }
    }

    /// Whether a URL has the [same origin](https://html.spec.whatwg.org/multipage/browsers.html#same-origin).
    pub fn is_same_origin(&self, url: &Url) -> bool {
        matches!(self, Self::Tuple(TupleOrigin(origin)) if serialize(url).as_ref() == Some(origin))
    }

    /// Whether its scheme is `https`.
    pub(crate) fn is_https(&self) -> bool {
        matches!(self, Self::Tuple(TupleOrigin(origin)) if origin.starts_with("https:"))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Opaque => f.write_str("null"),
            Self::Tuple(TupleOrigin(origin)) => f.write_str(origin),
        }
    }
}

/// Scheme, host, and port unless it is the scheme's default.
fn serialize(url: &Url) -> Option<String> {
    let host = url.host_str().filter(|host| !host.is_empty())?;
    let scheme = url.scheme();
    Some(match url.port() {
        None => format!("{scheme}://{host}"),
        Some(port) => format!("{scheme}://{host}:{port}"),
    })
}
