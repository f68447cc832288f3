//! The steps of the standard that can fail, as checks with a name and a section.

use std::fmt;

use crate::network_error::NetworkError;

/// A step that can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Step {
    /// The constructors of `Request` and `Headers` accept the script's arguments.
    Construct,
    /// In mode `same-origin`, the URL has the page's origin.
    SameOriginMode,
    /// In mode `no-cors`, the redirect mode is `follow`.
    NoCorsRedirectMode,
    /// The URL is http or https.
    Scheme,
    /// There is a response.
    Connection,
    /// The status of a WebSocket's handshake is 101.
    WebSocketStatus,
    /// `Access-Control-Allow-Origin` is there.
    AllowOriginPresent,
    /// It is the request's origin, or `*` without credentials.
    AllowOriginMatches,
    /// With credentials, `Access-Control-Allow-Credentials` is `true`.
    AllowCredentials,
    /// The preflight's status is an ok status.
    PreflightStatus,
    /// The preflight is not redirected.
    PreflightRedirect,
    /// `Access-Control-Allow-Methods` can be parsed.
    AllowMethodsSyntax,
    /// `Access-Control-Allow-Headers` can be parsed.
    AllowHeadersSyntax,
    /// The method is safelisted, listed, or covered by `*` without credentials.
    MethodAllowed,
    /// `Authorization`, if it is there, is listed by name.
    AuthorizationListed,
    /// Each unsafe header is listed, or covered by `*` without credentials.
    HeadersAllowed,
    /// Redirects are followed.
    RedirectMode,
    /// `Location` is a URL.
    RedirectLocation,
    /// It is http or https.
    RedirectScheme,
    /// There were at most 20 redirects.
    RedirectCount,
    /// `Location` has no credentials.
    RedirectCredentials,
    /// The body can be sent again.
    RedirectBody,
}

impl Step {
    /// Its name, which does not change.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cors_browser_model::Step::AllowOriginPresent.name(), "allow-origin-present");
    /// ```
    pub const fn name(self) -> &'static str {
        match self {
            Self::Construct => "construct",
            Self::SameOriginMode => "same-origin-mode",
            Self::NoCorsRedirectMode => "no-cors-redirect-mode",
            Self::Scheme => "scheme",
            Self::Connection => "connection",
            Self::WebSocketStatus => "websocket-status",
            Self::AllowOriginPresent => "allow-origin-present",
            Self::AllowOriginMatches => "allow-origin-matches",
            Self::AllowCredentials => "allow-credentials",
            Self::PreflightStatus => "preflight-status",
            Self::PreflightRedirect => "preflight-redirect",
            Self::AllowMethodsSyntax => "allow-methods-syntax",
            Self::AllowHeadersSyntax => "allow-headers-syntax",
            Self::MethodAllowed => "method-allowed",
            Self::AuthorizationListed => "authorization-listed",
            Self::HeadersAllowed => "headers-allowed",
            Self::RedirectMode => "redirect-mode",
            Self::RedirectLocation => "redirect-location",
            Self::RedirectScheme => "redirect-scheme",
            Self::RedirectCount => "redirect-count",
            Self::RedirectCredentials => "redirect-credentials",
            Self::RedirectBody => "redirect-body",
        }
    }

    /// The section of the standard.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_browser_model::Step;
    ///
    /// assert_eq!(Step::AllowOriginPresent.url(), "https://fetch.spec.whatwg.org/#cors-check");
    /// ```
    pub const fn url(self) -> &'static str {
        match self {
            Self::Construct => "https://fetch.spec.whatwg.org/#dom-request",
            Self::SameOriginMode | Self::NoCorsRedirectMode | Self::Scheme => {
                "https://fetch.spec.whatwg.org/#main-fetch"
            }
            Self::Connection => "https://fetch.spec.whatwg.org/#http-network-fetch",
            Self::WebSocketStatus => {
                "https://websockets.spec.whatwg.org/#concept-websocket-establish"
            }
            Self::AllowOriginPresent | Self::AllowOriginMatches | Self::AllowCredentials => {
                "https://fetch.spec.whatwg.org/#cors-check"
            }
            Self::PreflightStatus
            | Self::PreflightRedirect
            | Self::AllowMethodsSyntax
            | Self::AllowHeadersSyntax
            | Self::MethodAllowed
            | Self::AuthorizationListed
            | Self::HeadersAllowed => "https://fetch.spec.whatwg.org/#cors-preflight-fetch",
            Self::RedirectMode => "https://fetch.spec.whatwg.org/#http-fetch",
            Self::RedirectLocation
            | Self::RedirectScheme
            | Self::RedirectCount
            | Self::RedirectCredentials
            | Self::RedirectBody => "https://fetch.spec.whatwg.org/#http-redirect-fetch",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A step that was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Check {
    /// Which.
    pub step: Step,
    /// Whether it passed. A failure is the end of the fetch.
    pub passed: bool,
}

/// Records which steps pass and which one fails.
#[derive(Debug, Default)]
pub(crate) struct Checks(pub(crate) Vec<Check>);

impl Checks {
    pub(crate) fn note<T, E>(&mut self, step: Step, result: Result<T, E>) -> Result<T, E> {
        let passed = result.is_ok();
        self.0.push(Check { step, passed });
        result
    }

    pub(crate) fn pass(&mut self, step: Step) {
        self.0.push(Check { step, passed: true });
    }

    /// Records a step that passes or fails with an error.
    pub(crate) fn require(
        &mut self,
        step: Step,
        passed: bool,
        error: impl FnOnce() -> NetworkError,
    ) -> Result<(), NetworkError> {
        self.note(step, passed.then_some(()).ok_or_else(error))
    }

    /// Records the step that an error is about.
    pub(crate) fn fail<T>(&mut self, error: NetworkError) -> Result<T, NetworkError> {
        self.note(error.step(), Err(error))
    }
}
