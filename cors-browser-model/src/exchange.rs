//! Requests and responses on the wire.

use url::Url;

use crate::header::Headers;
use crate::preflight::Cause;
use crate::step::Check;

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A [CORS-preflight request](https://fetch.spec.whatwg.org/#cors-preflight-request).
    Preflight,
    /// The request that the script made, or the one after a redirect.
    Actual,
}

/// A request as a browser sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentRequest {
    /// The method.
    pub method: String,
    /// The URL.
    pub url: Url,
    /// The CORS headers, `Sec-Fetch-*`, and those of the script. A browser adds more, such as `Host` and `User-Agent`,
    /// and with [credentials](Self::credentials) `Cookie`.
    pub headers: Headers,
    /// Whether it is sent with the credentials that the browser has for the URL.
    pub credentials: bool,
}

/// A response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The reason phrase. Only messages in the console depend on it.
    pub reason: String,
    /// The header lines in order of receipt.
    pub headers: Headers,
}

impl Response {
    /// A response without a reason phrase.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_browser_model::{Headers, Response};
    ///
    /// let response = Response::new(200, [("Access-Control-Allow-Origin", "*")]);
    /// assert_eq!(response.headers.iter().count(), 1);
    /// let bare = Response::new(404, Headers::new());
    /// assert_eq!(bare.headers, Headers::new());
    /// ```
    pub fn new(status: u16, headers: impl Into<Headers>) -> Self {
        Self {
            status,
            reason: String::new(),
            headers: headers.into(),
        }
    }

    /// Whether no header has a byte 0. Otherwise it is not
    /// [HTTP](https://www.rfc-editor.org/rfc/rfc9110#section-5.5), and the connection fails. Measured in all three engines.
    pub(crate) fn is_http(&self) -> bool {
        let mut headers = self.headers.iter();
        headers.all(|header| !header.value.contains(&0))
    }

    /// Whether the status is an [ok status](https://fetch.spec.whatwg.org/#ok-status).
    pub(crate) fn is_ok(&self) -> bool {
        (200..=299).contains(&self.status)
    }
}

/// A request, its response, and what the browser checked in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// What the request was for.
    pub kind: Kind,
    /// What made a preflight necessary. A preflight and its actual request have the same causes.
    pub causes: Vec<Cause>,
    /// A preflight was necessary, but the cache made it unnecessary.
    pub preflight_cached: bool,
    /// What was sent.
    pub sent: SentRequest,
    /// What came back; `None` if the connection failed.
    pub response: Option<Response>,
    /// What was checked, in order.
    pub checks: Vec<Check>,
}
