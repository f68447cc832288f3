//! The failures that browsers report, with the codes of `codes/browsers.md`.

use cors_browser_model::{NetworkError, Url};

/// A kind of failure. [`codes`](crate::codes) explains each of them.
///
/// # Examples
///
/// ```
/// use cors_browser_model::NetworkError;
/// use cors_explain::{FailureCode, summary};
///
/// let code = FailureCode::from(&NetworkError::MethodNotAllowed);
/// assert_eq!(code.as_str(), "method-not-allowed");
/// assert!(summary(code.as_str()).is_some());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FailureCode {
    /// `Access-Control-Allow-Origin` is missing.
    AllowOriginMissing,
    /// `Access-Control-Allow-Origin` is `*`, with credentials.
    AllowOriginWildcard,
    /// `Access-Control-Allow-Origin` has several values.
    AllowOriginMultiple,
    /// `Access-Control-Allow-Origin` is not an origin.
    AllowOriginInvalid,
    /// `Access-Control-Allow-Origin` has another origin.
    AllowOriginMismatch,
    /// `Access-Control-Allow-Credentials` is not `true`.
    AllowCredentials,
    /// The status of the preflight's response is not in the range 200 to 299.
    PreflightNotOk,
    /// The preflight is redirected.
    PreflightRedirect,
    /// `Access-Control-Allow-Methods` is not a list of methods.
    AllowMethodsSyntax,
    /// `Access-Control-Allow-Headers` is not a list of names.
    AllowHeadersSyntax,
    /// The method is not allowed.
    MethodNotAllowed,
    /// A header is not allowed.
    HeaderNotAllowed,
    /// `Authorization` is not listed by name.
    AuthorizationNotListed,
    /// A script may not read a header of the response.
    HeaderNotExposed,
    /// There is a redirect, and the script does not accept redirects.
    RedirectMode,
    /// `Location` is not a URL.
    RedirectLocation,
    /// `Location` is neither http nor https.
    RedirectScheme,
    /// There are too many redirects.
    RedirectCount,
    /// `Location` has a user name or a password.
    RedirectCredentials,
    /// The body cannot be sent again after a redirect.
    RedirectBody,
    /// The URL is neither http nor https.
    SchemeNotSupported,
    /// In mode `same-origin`, the URL has another origin.
    SameOriginMode,
    /// In mode `no-cors`, redirects have to be followed.
    NoCorsRedirectMode,
    /// There is no response.
    NoResponse,
    /// A server does not open a WebSocket.
    WebSocketNotOpen,
    /// The policy refuses the request.
    Refused,
    /// A server says that it does not allow the request, or that its settings are invalid.
    ServerRefused,
    /// Chromium: the user has not allowed requests to a private network.
    LocalNetworkAccess,
    /// `Cross-Origin-Resource-Policy` does not allow the page to embed the resource.
    ResourcePolicy,
    /// The response is not what the page's element expects, so the browser hides it.
    OpaqueResponseBlocked,
    /// A service worker answers with a response to a request without CORS.
    OpaqueResponse,
    /// An image that was loaded without CORS is on the canvas.
    TaintedCanvas,
    /// Firefox: CORS is disabled.
    CorsDisabled,
    /// Firefox: an extension or a bug prevented `Origin` from being sent.
    OriginNotAdded,
    /// `fetch()` throws before anything is sent.
    ScriptError,
    /// It is only known that `fetch()` failed, which is all that a script learns.
    FetchFailed,
    /// The text is about CORS, but is not known.
    CorsMentioned,
}

impl FailureCode {
    /// All of them, in the order of their page.
    pub const ALL: &[Self] = &[
        Self::AllowOriginMissing,
        Self::AllowOriginWildcard,
        Self::AllowOriginMultiple,
        Self::AllowOriginInvalid,
        Self::AllowOriginMismatch,
        Self::AllowCredentials,
        Self::PreflightNotOk,
        Self::PreflightRedirect,
        Self::AllowMethodsSyntax,
        Self::AllowHeadersSyntax,
        Self::MethodNotAllowed,
        Self::HeaderNotAllowed,
        Self::AuthorizationNotListed,
        Self::HeaderNotExposed,
        Self::RedirectMode,
        Self::RedirectLocation,
        Self::RedirectScheme,
        Self::RedirectCount,
        Self::RedirectCredentials,
        Self::RedirectBody,
        Self::SchemeNotSupported,
        Self::SameOriginMode,
        Self::NoCorsRedirectMode,
        Self::NoResponse,
        Self::WebSocketNotOpen,
        Self::Refused,
        Self::ServerRefused,
        Self::LocalNetworkAccess,
        Self::ResourcePolicy,
        Self::OpaqueResponseBlocked,
        Self::OpaqueResponse,
        Self::TaintedCanvas,
        Self::CorsDisabled,
        Self::OriginNotAdded,
        Self::ScriptError,
        Self::FetchFailed,
        Self::CorsMentioned,
    ];

    /// Its name: `method-not-allowed`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AllowOriginMissing => "allow-origin-missing",
            Self::AllowOriginWildcard => "allow-origin-wildcard",
            Self::AllowOriginMultiple => "allow-origin-multiple",
            Self::AllowOriginInvalid => "allow-origin-invalid",
            Self::AllowOriginMismatch => "allow-origin-mismatch",
            Self::AllowCredentials => "allow-credentials-missing",
            Self::PreflightNotOk => "preflight-not-ok",
            Self::PreflightRedirect => "preflight-redirect",
            Self::AllowMethodsSyntax => "allow-methods-syntax",
            Self::AllowHeadersSyntax => "allow-headers-syntax",
            Self::MethodNotAllowed => "method-not-allowed",
            Self::HeaderNotAllowed => "header-not-allowed",
            Self::AuthorizationNotListed => "authorization-not-listed",
            Self::HeaderNotExposed => "header-not-exposed",
            Self::RedirectMode => "redirect-mode",
            Self::RedirectLocation => "redirect-location",
            Self::RedirectScheme => "redirect-scheme",
            Self::RedirectCount => "redirect-count",
            Self::RedirectCredentials => "redirect-credentials",
            Self::RedirectBody => "redirect-body",
            Self::SchemeNotSupported => "scheme-not-supported",
            Self::SameOriginMode => "same-origin-mode",
            Self::NoCorsRedirectMode => "no-cors-redirect-mode",
            Self::NoResponse => "no-response",
            Self::WebSocketNotOpen => "websocket-not-open",
            Self::Refused => "refused",
            Self::ServerRefused => "server-refused",
            Self::LocalNetworkAccess => "local-network-access",
            Self::ResourcePolicy => "resource-policy",
            Self::OpaqueResponseBlocked => "opaque-response-blocked",
            Self::OpaqueResponse => "opaque-response",
            Self::TaintedCanvas => "tainted-canvas",
            Self::CorsDisabled => "cors-disabled",
            Self::OriginNotAdded => "origin-not-added",
            Self::ScriptError => "script-error",
            Self::FetchFailed => "fetch-failed",
            Self::CorsMentioned => "cors-mentioned",
        }
    }
}

impl From<&NetworkError> for FailureCode {
    fn from(error: &NetworkError) -> Self {
        match error {
            NetworkError::Throws(_) => Self::ScriptError,
            NetworkError::SameOriginMode => Self::SameOriginMode,
            NetworkError::NoCorsRedirectMode => Self::NoCorsRedirectMode,
            NetworkError::Scheme => Self::SchemeNotSupported,
            NetworkError::Connection => Self::NoResponse,
            NetworkError::WebSocketStatus => Self::WebSocketNotOpen,
            NetworkError::AllowOriginMissing => Self::AllowOriginMissing,
            NetworkError::AllowOriginRepeated => Self::AllowOriginMultiple,
            NetworkError::AllowOriginMismatch { value } => match value.as_str() {
                "*" => Self::AllowOriginWildcard,
                "null" => Self::AllowOriginMismatch,
                value if value.contains([' ', ',']) => Self::AllowOriginMultiple,
                value if Url::parse(value).is_ok() => Self::AllowOriginMismatch,
                _ => Self::AllowOriginInvalid,
            },
            NetworkError::AllowCredentials { .. } => Self::AllowCredentials,
            NetworkError::PreflightStatus => Self::PreflightNotOk,
            NetworkError::PreflightRedirect => Self::PreflightRedirect,
            NetworkError::AllowMethodsSyntax(_) => Self::AllowMethodsSyntax,
            NetworkError::AllowHeadersSyntax(_) => Self::AllowHeadersSyntax,
            NetworkError::MethodNotAllowed => Self::MethodNotAllowed,
            NetworkError::AuthorizationNotListed => Self::AuthorizationNotListed,
            NetworkError::HeadersNotAllowed { .. } => Self::HeaderNotAllowed,
            NetworkError::RedirectMode => Self::RedirectMode,
            NetworkError::RedirectLocation => Self::RedirectLocation,
            NetworkError::RedirectScheme => Self::RedirectScheme,
            NetworkError::RedirectCount => Self::RedirectCount,
            NetworkError::RedirectCredentials => Self::RedirectCredentials,
            NetworkError::RedirectBody => Self::RedirectBody,
            // The model may have steps that this crate does not know yet.
            _ => Self::FetchFailed,
        }
    }
}
