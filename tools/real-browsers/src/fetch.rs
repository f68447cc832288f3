//! The fetches of a page, and their results.

use serde::{Deserialize, Serialize};

/// One call of `fetch()`, or of an `XMLHttpRequest`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Fetch {
    /// The URL; relative to the page's.
    pub url: String,
    /// The method, in the script's spelling.
    pub method: String,
    /// The header lines that the script sets.
    pub headers: Vec<(String, String)>,
    /// The credentials mode.
    pub credentials: Credentials,
    /// The body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// The cache mode.
    pub cache: Cache,
    /// The mode. An `XMLHttpRequest` has no other one than [`Mode::Cors`].
    pub mode: Mode,
    /// The redirect mode. An `XMLHttpRequest` has no other one than [`RedirectMode::Follow`].
    pub redirect: RedirectMode,
    /// What the script calls.
    pub via: Via,
    /// The URLs to which it will be redirected, if they are known. Firefox's console messages contain only the URL that
    /// failed, so it identifies the fetch.
    #[serde(skip)]
    pub redirects: Vec<String>,
}

impl Fetch {
    /// `fetch(url)` with the defaults.
    ///
    /// ```
    /// use cors_real_browsers::{Credentials, Fetch};
    ///
    /// let fetch = Fetch::get("http://127.0.0.1:3000/");
    /// assert_eq!(fetch.method, "GET");
    /// assert_eq!(fetch.credentials, Credentials::SameOrigin);
    /// ```
    pub fn get(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            method: "GET".to_owned(),
            headers: Vec::new(),
            credentials: Credentials::SameOrigin,
            body: None,
            cache: Cache::Default,
            mode: Mode::Cors,
            redirect: RedirectMode::Follow,
            via: Via::Fetch,
            redirects: Vec::new(),
        }
    }

    /// With another method.
    #[must_use]
    pub fn method(mut self, method: impl Into<String>) -> Self {
        self.method = method.into();
        self
    }

    /// With one more header line.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// With credentials mode `include`.
    #[must_use]
    pub const fn with_credentials(mut self) -> Self {
        self.credentials = Credentials::Include;
        self
    }

    /// With another credentials mode.
    #[must_use]
    pub const fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = credentials;
        self
    }

    /// With mode `no-cors`.
    #[must_use]
    pub const fn no_cors(mut self) -> Self {
        self.mode = Mode::NoCors;
        self
    }

    /// With another redirect mode.
    #[must_use]
    pub const fn redirect(mut self, redirect: RedirectMode) -> Self {
        self.redirect = redirect;
        self
    }

    /// With another call.
    #[must_use]
    pub const fn via(mut self, via: Via) -> Self {
        self.via = via;
        self
    }

    /// With one more URL to which it will be redirected.
    #[must_use]
    pub fn redirected_to(mut self, url: impl Into<String>) -> Self {
        self.redirects.push(url.into());
        self
    }

    /// With a body.
    #[must_use]
    pub fn body(mut self, body: impl Into<String>) -> Self {
        self.body = Some(body.into());
        self
    }
}

/// A request's credentials mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Credentials {
    /// `omit`
    Omit,
    /// `same-origin`, the default.
    SameOrigin,
    /// `include`
    Include,
}

/// A request's mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// `cors`, the default.
    Cors,
    /// `no-cors`
    NoCors,
}

/// A request's redirect mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RedirectMode {
    /// `follow`, the default.
    Follow,
    /// `error`
    Error,
    /// `manual`
    Manual,
}

/// What a script calls to send a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Via {
    /// `fetch()`
    Fetch,
    /// `XMLHttpRequest`
    Xhr,
    /// `XMLHttpRequest` with a listener on its `upload`
    Upload,
}

/// A request's cache mode.
///
/// Do not send everything with `no-store`: Chromium then does not use its preflight cache either. Give each
/// fetch a URL of its own instead: a response is not reused for another URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cache {
    /// `default`
    Default,
    /// `no-store`
    NoStore,
    /// `reload`
    Reload,
}

/// The result of a [`Fetch`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// What the script got.
    pub outcome: Outcome,
    /// The engine's messages about it. A fetch that succeeds can have a warning.
    pub reason: Reason,
}

impl Observed {
    /// Whether the script got a response.
    pub const fn is_read(&self) -> bool {
        matches!(self.outcome, Outcome::Read { .. })
    }
}

/// What a script got from `fetch()`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A response.
    Read {
        /// Its status.
        status: u16,
        /// The headers that the script may read, in the order and the lower case in which it gets them.
        /// Characters up to U+00FF stand for bytes.
        headers: Vec<(String, String)>,
        /// Its type: `basic`, `cors`, `opaque`, `opaqueredirect`; empty for an `XMLHttpRequest`.
        kind: String,
    },
    /// An exception: a network error, or a request that `fetch()` does not send.
    Blocked {
        /// The exception. For a network error it does not contain the cause.
        error: String,
    },
}

/// The messages of an engine about a fetch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reason {
    /// Chromium's `corsErrorStatus`.
    pub cors_error: Option<CorsError>,
    /// Chromium's network error: `net::ERR_FAILED` for every CORS error, or why it blocked the request.
    pub network_error: Option<String>,
    /// All console messages about it, in order.
    pub console: Vec<Message>,
}

/// A message in the console.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// Firefox's name for it, such as `CORSMissingAllowOrigin2`.
    pub code: Option<String>,
    /// The text.
    pub text: String,
}

impl Message {
    pub(crate) const fn new(text: String) -> Self {
        Self { code: None, text }
    }
}

/// Chromium's reason, from the DevTools protocol.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CorsError {
    /// Such as `MissingAllowOriginHeader`.
    #[serde(rename = "corsError")]
    pub code: String,
    /// The value, method or header that failed; often empty.
    #[serde(rename = "failedParameter", default)]
    pub parameter: String,
}
