//! A page.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cors_browser_model::{Engine, Origin, PreflightCache, Url};

use crate::cookies::Cookies;
use crate::request::Request;

/// A page at an origin. It keeps the cookies that applications set, and the results of preflights.
///
/// # Examples
///
/// ```
/// use cors_test::{Engine, Page};
///
/// let page = Page::at("https://app.example.com").engines(Engine::BROWSERS);
/// assert_eq!(page.get("https://api.example.com/").call(), "fetch(\"https://api.example.com/\")");
/// ```
#[derive(Debug)]
pub struct Page {
    pub(crate) origin: Origin,
    pub(crate) engines: Vec<Engine>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    /// In the order of the page's engines.
    pub(crate) browsers: Vec<Browser>,
    pub(crate) now: Duration,
}

/// What one browser keeps.
#[derive(Clone, Debug, Default)]
pub(crate) struct Browser {
    pub(crate) cookies: Cookies,
    pub(crate) cache: PreflightCache,
}

impl Page {
    /// A page of an origin, or `null` for the opaque origin of a sandboxed frame.
    ///
    /// # Panics
    ///
    /// If this is not an origin as browsers send it. The message says what to write.
    #[track_caller]
    pub fn at(origin: &str) -> Self {
        match cors_explain::parse_origin(origin) {
            Ok((origin, _)) => Self {
                origin,
                engines: vec![Engine::Standard],
                state: Mutex::default(),
            },
            Err(error) => fail(&error),
        }
    }

    /// In these browsers. Each of them sends the requests; the assertions are about all of them. The default is
    /// [`Engine::Standard`].
    #[must_use]
    pub fn engines(mut self, engines: impl IntoIterator<Item = Engine>) -> Self {
        self.engines = engines.into_iter().collect();
        self.state().browsers.clear();
        self
    }

    /// Lets time pass, after which results of preflights are forgotten. Nothing else makes time pass.
    pub fn wait(&self, time: Duration) {
        self.state().now += time;
    }

    /// `fetch(url, {method})`.
    ///
    /// # Panics
    ///
    /// If the URL is not an absolute one with http or https. The message says what to write.
    #[track_caller]
    pub fn fetch(&self, method: &str, url: &str) -> Request<'_> {
        self.request(url, |url, origin| {
            cors_browser_model::Request::new(url, origin).method(method)
        })
    }

    /// `fetch(url)`.
    ///
    /// # Panics
    ///
    /// As [`fetch`](Self::fetch).
    #[track_caller]
    pub fn get(&self, url: &str) -> Request<'_> {
        self.fetch("GET", url)
    }

    /// `new EventSource(url)`: whether the page may read the stream. The stream itself is not read, and its
    /// `Content-Type` not checked. With a header `Last-Event-ID`, it is the request with which an `EventSource` connects
    /// again, and needs no preflight. With [`fetch`](Self::fetch) the same header needs one.
    ///
    /// # Panics
    ///
    /// As [`fetch`](Self::fetch).
    #[track_caller]
    pub fn event_source(&self, url: &str) -> Request<'_> {
        self.request(url, cors_browser_model::Request::event_source)
            .max_body(0)
    }

    /// `<script type="module" src>`.
    ///
    /// # Panics
    ///
    /// As [`fetch`](Self::fetch).
    #[track_caller]
    pub fn module_script(&self, url: &str) -> Request<'_> {
        self.request(url, cors_browser_model::Request::module_script)
    }

    /// A font of a style sheet: `src: url(...)`.
    ///
    /// # Panics
    ///
    /// As [`fetch`](Self::fetch).
    #[track_caller]
    pub fn font(&self, url: &str) -> Request<'_> {
        self.request(url, cors_browser_model::Request::font)
    }

    /// `<form method="post">`, whose response the page cannot read.
    ///
    /// # Panics
    ///
    /// As [`fetch`](Self::fetch).
    #[track_caller]
    pub fn submit(&self, url: &str) -> Request<'_> {
        self.request(url, cors_browser_model::Request::form)
    }

    /// `new WebSocket(url)`, with a URL of the scheme `ws` or `wss`. The response is readable if it opens. In-process
    /// applications often cannot open one: then its status is not 101.
    ///
    /// # Panics
    ///
    /// As [`fetch`](Self::fetch).
    #[track_caller]
    pub fn websocket(&self, url: &str) -> Request<'_> {
        self.request(url, cors_browser_model::Request::websocket)
            .max_body(0)
    }

    #[track_caller]
    fn request(
        &self,
        url: &str,
        make: impl FnOnce(Url, Origin) -> cors_browser_model::Request,
    ) -> Request<'_> {
        match cors_explain::parse_url(url) {
            Ok(url) => Request::new(self, make(url, self.origin.clone())),
            Err(error) => fail(&error),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[track_caller]
#[expect(clippy::panic, reason = "the test is wrong")]
pub(crate) fn fail(error: &str) -> ! {
    panic!("{error}")
}
