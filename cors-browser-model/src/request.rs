//! The request that a page makes: the arguments of `fetch()`, or what an element or a WebSocket requests.

use url::Url;

use crate::engine::Engine;
use crate::header::{Header, Headers, is_token};
use crate::network_error::{NetworkError, Throws};
use crate::origin::Origin;
use crate::safelist;

/// A [request](https://fetch.spec.whatwg.org/#concept-request) as a page makes it: the arguments of
/// `fetch()`, and the origin of the page. [`Request::new`] has the defaults of `fetch()`; [`form`](Request::form) and the
/// functions after it make requests without `fetch()`.
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
    /// The URL, http or https: no other scheme is modelled. That of a WebSocket has the scheme with which the handshake
    /// is sent.
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
    /// The destination.
    pub destination: Destination,
    /// The redirect mode.
    pub redirect: RedirectMode,
    /// The [unsafe-request flag](https://fetch.spec.whatwg.org/#unsafe-request-flag): set by `fetch()` and
    /// `XMLHttpRequest`, with which a script chooses the method and headers. Without it they need no preflight.
    pub unsafe_request: bool,
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

/// A [mode](https://fetch.spec.whatwg.org/#concept-request-mode). A script can set only the first three.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mode {
    /// With CORS: the default of `fetch()`.
    #[default]
    Cors,
    /// Without CORS: the script may send, but not read.
    NoCors,
    /// To the page's own origin only.
    SameOrigin,
    /// A document for a window or a frame.
    Navigate,
    /// The handshake of a WebSocket.
    WebSocket,
}

/// A [destination](https://fetch.spec.whatwg.org/#concept-request-destination): what the response is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Destination {
    /// A script, or a WebSocket.
    #[default]
    Empty,
    /// A window.
    Document,
    /// A frame.
    Iframe,
    /// An image.
    Image,
    /// A script element.
    Script,
    /// A font.
    Font,
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
            destination: Destination::default(),
            redirect: RedirectMode::default(),
            unsafe_request: true,
            use_cors_preflight: false,
            body: Body::default(),
        }
    }

    /// A form with the method POST that is submitted on a page.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use cors_browser_model::{Engine, Headers, Origin, PreflightCache, Request, Response, SentRequest, Url, fetch};
    ///
    /// let page = Origin::parse("https://evil.example").ok_or("no origin")?;
    /// let form = Request::form(Url::parse("https://shop.example/order")?, page);
    /// let mut server = |_: &SentRequest| Some(Response::new(200, Headers::new()));
    /// let run = fetch(Engine::WebKit, &form, &mut PreflightCache::new(), Duration::ZERO, &mut server);
    ///
    /// // The browser sends the cookies, and sends no preflight.
    /// let [exchange] = run.exchanges.as_slice() else { return Err("several requests".into()) };
    /// assert!(exchange.sent.credentials);
    /// assert_eq!(exchange.sent.headers.get("Origin").as_deref(), Some(&b"https://evil.example"[..]));
    /// assert_eq!(exchange.sent.headers.get("Sec-Fetch-Site").as_deref(), Some(&b"cross-site"[..]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn form(url: Url, origin: Origin) -> Self {
        Self {
            method: "POST".to_owned(),
            body: Body::Source,
            ..Self::link(url, origin)
        }
        .header("Content-Type", "application/x-www-form-urlencoded")
    }

    /// A link that is followed on a page.
    pub fn link(url: Url, origin: Origin) -> Self {
        Self {
            mode: Mode::Navigate,
            destination: Destination::Document,
            ..Self::element(url, origin).credentials(Credentials::Include)
        }
    }

    /// The document of a frame on a page.
    pub fn frame(url: Url, origin: Origin) -> Self {
        Self {
            destination: Destination::Iframe,
            ..Self::link(url, origin)
        }
    }

    /// An image on a page.
    pub fn image(url: Url, origin: Origin) -> Self {
        Self {
            mode: Mode::NoCors,
            destination: Destination::Image,
            ..Self::element(url, origin).credentials(Credentials::Include)
        }
    }

    /// A [module script](https://html.spec.whatwg.org/multipage/webappapis.html#fetch-a-module-script-tree), with CORS.
    pub fn module_script(url: Url, origin: Origin) -> Self {
        Self {
            destination: Destination::Script,
            ..Self::element(url, origin)
        }
    }

    /// A [font](https://drafts.csswg.org/css-fonts/#font-fetching-requirements) of a style sheet, with CORS.
    pub fn font(url: Url, origin: Origin) -> Self {
        Self {
            destination: Destination::Font,
            ..Self::element(url, origin)
        }
    }

    /// A connection of an [`EventSource`](https://html.spec.whatwg.org/multipage/server-sent-events.html#the-eventsource-interface),
    /// with CORS. When it connects again, it has a header `Last-Event-ID`, which needs no preflight whatever its value, because
    /// no script chooses the headers. A script that sets the header in `fetch()` needs one. Measured in all three, with
    /// unsafe bytes and with up to 2,000 bytes. A proposal would safelist short values without unsafe bytes, and so ask for a
    /// preflight for the others: <https://github.com/whatwg/fetch/pull/1788>.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_browser_model::{Engine, Origin, Request, Url, preflight_causes};
    ///
    /// let page = || Origin::parse("https://app.example.com").ok_or("no origin");
    /// let stream = Url::parse("https://api.example.com/events")?;
    /// let again = Request::event_source(stream.clone(), page()?).header("Last-Event-ID", "7");
    /// let by_script = Request::new(stream, page()?).header("Last-Event-ID", "7");
    /// for engine in Engine::ALL {
    ///     assert!(preflight_causes(engine, &again).is_empty());
    ///     assert!(!preflight_causes(engine, &by_script).is_empty());
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn event_source(url: Url, origin: Origin) -> Self {
        Self::element(url, origin).header("Accept", "text/event-stream")
    }

    /// A [WebSocket](https://websockets.spec.whatwg.org/#concept-websocket-establish) that a page opens, with the URL's
    /// scheme `ws`, `wss`, `http` or `https`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_browser_model::{Origin, Request, Url};
    ///
    /// let page = Origin::parse("https://app.example.com").ok_or("no origin")?;
    /// let socket = Request::websocket(Url::parse("wss://api.example.com/ws")?, page);
    /// assert_eq!(socket.url.as_str(), "https://api.example.com/ws");
    /// assert!(socket.headers.contains("Upgrade"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn websocket(mut url: Url, origin: Origin) -> Self {
        let scheme = match url.scheme() {
            "ws" => "http",
            "wss" => "https",
            other => other,
        };
        let scheme = scheme.to_owned();
        // These schemes are all special, so it succeeds: <https://url.spec.whatwg.org/#scheme-state>.
        let _ = url.set_scheme(&scheme);
        Self {
            mode: Mode::WebSocket,
            redirect: RedirectMode::Error,
            ..Self::element(url, origin).credentials(Credentials::Include)
        }
        .header("Upgrade", "websocket")
        .header("Connection", "Upgrade")
        .header("Sec-WebSocket-Version", "13")
    }

    /// A request of which no script chooses the method and headers.
    fn element(url: Url, origin: Origin) -> Self {
        Self {
            unsafe_request: false,
            ..Self::new(url, origin)
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
    /// No script makes a navigation or a handshake, so they stay as they are.
    pub(crate) fn constructed(&self, engine: Engine) -> Result<Self, NetworkError> {
        let mut request = self.clone();
        if matches!(request.mode, Mode::Navigate | Mode::WebSocket) {
            return Ok(request);
        }
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
        if request.destination == Destination::Font && engine.profile().fonts_without_cors {
            request.mode = Mode::NoCors;
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

impl Mode {
    pub(crate) const fn value(self) -> &'static str {
        match self {
            Self::Cors => "cors",
            Self::NoCors => "no-cors",
            Self::SameOrigin => "same-origin",
            Self::Navigate => "navigate",
            Self::WebSocket => "websocket",
        }
    }
}

impl Destination {
    pub(crate) const fn value(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Document => "document",
            Self::Iframe => "iframe",
            Self::Image => "image",
            Self::Script => "script",
            Self::Font => "font",
        }
    }

    /// The [value of `Accept`](https://fetch.spec.whatwg.org/#fetching) in the standard. Browsers list more formats.
    pub(crate) const fn accept(self) -> &'static str {
        match self {
            Self::Empty | Self::Script | Self::Font => "*/*",
            Self::Document | Self::Iframe => {
                "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
            }
            Self::Image => "image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5",
        }
    }
}

/// Whether a URL [includes credentials](https://url.spec.whatwg.org/#include-credentials).
pub(crate) fn has_credentials(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some_and(|password| !password.is_empty())
}
