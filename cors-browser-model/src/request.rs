//! The request that a script makes: the arguments of `fetch()`.

use url::Url;

use crate::engine::Engine;
use crate::header::{Header, Headers, is_token};
use crate::network_error::{NetworkError, Throws};
use crate::origin::Origin;
use crate::safelist;

/// A [request](https://fetch.spec.whatwg.org/#concept-request) as a script makes it: the arguments of
/// `fetch()`, and the origin of its page. [`Request::new`] has the defaults of `fetch()`.
///
/// # Examples
///
/// ```
/// use cors_browser_model::{Credentials, Origin, Request, Url};
///
/// // fetch("https://api.example.com/", {method: "put", headers: {"X-A": "1"}, credentials: "include"})
/// let page = Origin::parse("https://app.example.com").ok_or("no origin")?;
/// let request = Request::new(Url::parse("https://api.example.com/")?, page)
///     .method("put")
///     .header("X-A", "1")
///     .credentials(Credentials::Include);
/// assert_eq!(request.headers.get("x-a"), Some(b"1".to_vec()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The URL, http or https: no other scheme is modelled.
    pub url: Url,
    /// The origin of the page.
    pub origin: Origin,
    /// The method, in the script's spelling.
    pub method: String,
    /// The headers that the script sets, and the `Content-Type` that its body gives it, if any.
    pub headers: Headers,
    /// The credentials mode.
    pub credentials: Credentials,
    /// The mode.
    pub mode: Mode,
    /// The redirect mode.
    pub redirect: RedirectMode,
    /// The [use-CORS-preflight flag](https://fetch.spec.whatwg.org/#use-cors-preflight-flag): set by
    /// listeners on `XMLHttpRequest.upload`, and by [`Body::Stream`] on its own.
    pub use_cors_preflight: bool,
    /// The body.
    pub body: Body,
}

/// A [credentials mode](https://fetch.spec.whatwg.org/#concept-request-credentials-mode).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Credentials {
    /// Never.
    Omit,
    /// To the page's own origin: the default of `fetch()`.
    #[default]
    SameOrigin,
    /// Always.
    Include,
}

/// A [mode](https://fetch.spec.whatwg.org/#concept-request-mode). Navigations are not modelled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mode {
    /// With CORS: the default of `fetch()`.
    #[default]
    Cors,
    /// Without CORS: the script may send, but not read.
    NoCors,
    /// To the page's own origin only.
    SameOrigin,
}

/// A [redirect mode](https://fetch.spec.whatwg.org/#concept-request-redirect-mode).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RedirectMode {
    /// Redirects are followed: the default of `fetch()`.
    #[default]
    Follow,
    /// A redirect is a network error.
    Error,
    /// A redirect is the response, and nothing in it can be read.
    Manual,
}

/// A [body](https://fetch.spec.whatwg.org/#concept-request-body).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Body {
    /// None.
    #[default]
    None,
    /// One with a source, so that it can be sent again after a redirect.
    Source,
    /// A `ReadableStream`, which cannot be sent again, and which needs a preflight.
    Stream,
}

impl Request {
    /// `fetch(url)` on a page.
    pub fn new(url: Url, origin: Origin) -> Self {
        Self {
            url,
            origin,
            method: "GET".to_owned(),
            headers: Headers::new(),
            credentials: Credentials::default(),
            mode: Mode::default(),
            redirect: RedirectMode::default(),
            use_cors_preflight: false,
            body: Body::default(),
        }
    }

    /// With another method.
    #[must_use]
    pub fn method(mut self, method: impl Into<String>) -> Self {
        self.method = method.into();
        self
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.headers.append(name, value);
        self
    }

    /// With another credentials mode.
    #[must_use]
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = credentials;
        self
    }

    /// With another mode.
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// With another redirect mode.
    #[must_use]
    pub fn redirect(mut self, redirect: RedirectMode) -> Self {
        self.redirect = redirect;
        self
    }

    /// With the use-CORS-preflight flag.
    #[must_use]
    pub fn use_cors_preflight(mut self) -> Self {
        self.use_cors_preflight = true;
        self
    }

    /// With a body.
    #[must_use]
    pub fn body(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    /// The [constructor of `Request`](https://fetch.spec.whatwg.org/#dom-request): throws, or returns the
    /// request to fetch. Forbidden headers are removed without an error.
    pub(crate) fn constructed(&self, engine: Engine) -> Result<Self, NetworkError> {
        let mut request = self.clone();
        if has_credentials(&request.url) {
            return Err(Throws::UrlCredentials.into());
        }
        if !is_token(request.method.as_bytes()) || safelist::is_forbidden_method(&request.method) {
            return Err(Throws::Method.into());
        }
        request.method = safelist::normalize_method(&request.method);
        if request.mode == Mode::NoCors && !safelist::is_cors_safelisted_method(&request.method) {
            return Err(Throws::NoCorsMethod.into());
        }
        let is_header = |header: &Header| {
            let forbidden = |byte| matches!(byte, b'\0' | b'\n' | b'\r');
            is_token(&header.name) && !header.value.iter().copied().any(forbidden)
        };
        if !request.headers.iter().all(is_header) {
            return Err(Throws::Header.into());
        }
        request.headers.retain(|header| {
            !safelist::is_forbidden_request_header(engine, &header.name, &header.value)
                && (request.mode != Mode::NoCors || safelist::is_no_cors_safelisted(header))
        });
        if request.body != Body::None && matches!(&*request.method, "GET" | "HEAD") {
            return Err(Throws::BodyOfGet.into());
        }
        if request.body == Body::Stream {
            if request.mode == Mode::NoCors {
                return Err(Throws::NoCorsStream.into());
            }
            request.use_cors_preflight = true;
        }
        Ok(request)
    }
}

/// Whether a URL [includes credentials](https://url.spec.whatwg.org/#include-credentials).
pub(crate) fn has_credentials(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some_and(|password| !password.is_empty())
}
