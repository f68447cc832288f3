//! What a page does, and what becomes of it.

use serde::{Deserialize, Serialize};

/// One call of `fetch()`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Fetch {
    /// The URL; relative to the page's.
    pub url: String,
    /// The method, as the script spells it.
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
    /// The URLs to which it will be redirected, if that is known. Nothing but the URL at fault ties
    /// Firefox's console messages to a fetch.
    #[serde(skip)]
    pub redirects: Vec<String>,
}

impl Fetch {
    /// `fetch(url)`, nothing else.
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

/// A request's cache mode.
///
/// It is tempting to send everything with `no-store`. But Chromium then leaves its preflight cache
/// aside too. Give each fetch a URL of its own instead: a response without validators and freshness is
/// not reused for another URL.
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

/// What became of a [`Fetch`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// What the script got.
    pub outcome: Outcome,
    /// What the engine said about it. A fetch that succeeds may come with a warning.
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
        /// Its type: `basic`, `cors`.
        kind: String,
    },
    /// An exception: a network error, or something that `fetch()` refuses to try.
    Blocked {
        /// The exception, which says nothing about the cause when it is a network error.
        error: String,
    },
}

/// What an engine said about a fetch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reason {
    /// Chromium's `corsErrorStatus`.
    pub cors_error: Option<CorsError>,
    /// Chromium's network error, `net::ERR_FAILED` wherever there is a CORS error, or why it
    /// blocked the request.
    pub network_error: Option<String>,
    /// The console's messages about it, all of them, in order.
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
    /// The value, method or header at fault; often empty.
    #[serde(rename = "failedParameter", default)]
    pub parameter: String,
}
