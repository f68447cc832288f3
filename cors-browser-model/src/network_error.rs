//! Why a fetch ends in a [network error](https://fetch.spec.whatwg.org/#concept-network-error).

use std::fmt;

use crate::step::Step;

/// The failing step. A script learns only that its `fetch()` failed; the step is in the console, see
/// [`console`](crate::console).
///
/// Values are [isomorphic decoded](https://infra.spec.whatwg.org/#isomorphic-decode): one character
/// for each byte that the server sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NetworkError {
    /// No fetch begins: the constructor throws.
    Throws(Throws),
    /// The mode is `same-origin` and the URL is not.
    SameOriginMode,
    /// The mode is `no-cors` and the redirect mode is not `follow`.
    NoCorsRedirectMode,
    /// The URL is neither http nor https.
    Scheme,
    /// There was no response.
    Connection,
    /// The status of a WebSocket's handshake is not 101.
    WebSocketStatus,
    /// `Access-Control-Allow-Origin` is missing.
    AllowOriginMissing,
    /// `Access-Control-Allow-Origin` came in several lines. This step is an engine's own: in the standard,
    /// the joined value [does not match](Self::AllowOriginMismatch).
    AllowOriginRepeated,
    /// `Access-Control-Allow-Origin` is neither the request's origin nor, without credentials, `*`.
    AllowOriginMismatch {
        /// Its value, the lines joined.
        value: String,
    },
    /// Credentials are included and `Access-Control-Allow-Credentials` is not `true`.
    AllowCredentials {
        /// Its value.
        value: Option<String>,
    },
    /// The preflight's status is not in the range 200 to 299.
    PreflightStatus,
    /// The preflight was redirected. This step is an engine's own: in the standard, the
    /// [status](Self::PreflightStatus) fails.
    PreflightRedirect,
    /// `Access-Control-Allow-Methods` is not a list of tokens.
    AllowMethodsSyntax(Malformed),
    /// `Access-Control-Allow-Headers` is not a list of tokens.
    AllowHeadersSyntax(Malformed),
    /// The method is not allowed.
    MethodNotAllowed,
    /// `Authorization` is not listed by name.
    AuthorizationNotListed,
    /// Headers are not allowed.
    HeadersNotAllowed {
        /// The headers that are not allowed; the engine reports the first.
        names: Vec<String>,
    },
    /// There was a redirect, and the redirect mode is `error`.
    RedirectMode,
    /// `Location` is not a URL, or there are several.
    RedirectLocation,
    /// `Location` is neither http nor https.
    RedirectScheme,
    /// There were more than 20 redirects.
    RedirectCount,
    /// `Location` has a user name or a password.
    RedirectCredentials,
    /// The body is a stream and cannot be sent again.
    RedirectBody,
}

/// A list header with an invalid element.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Malformed {
    /// The value, the lines joined.
    pub value: String,
    /// The element that is not a token.
    pub token: String,
}

/// Why a constructor throws a `TypeError` before anything is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Throws {
    /// The URL has a user name or a password.
    UrlCredentials,
    /// The method is not a token, or is forbidden.
    Method,
    /// A header's name is not a token, or its value contains NUL, CR or LF.
    Header,
    /// The mode is `no-cors` and the method is not safelisted.
    NoCorsMethod,
    /// GET and HEAD have no body.
    BodyOfGet,
    /// The mode is `no-cors` and the body is a stream.
    NoCorsStream,
}

impl NetworkError {
    /// The step that failed.
    pub const fn step(&self) -> Step {
        match self {
            Self::Throws(_) => Step::Construct,
            Self::SameOriginMode => Step::SameOriginMode,
            Self::NoCorsRedirectMode => Step::NoCorsRedirectMode,
            Self::Scheme => Step::Scheme,
            Self::Connection => Step::Connection,
            Self::WebSocketStatus => Step::WebSocketStatus,
            Self::AllowOriginMissing => Step::AllowOriginPresent,
            Self::AllowOriginRepeated | Self::AllowOriginMismatch { .. } => {
                Step::AllowOriginMatches
            }
            Self::AllowCredentials { .. } => Step::AllowCredentials,
            Self::PreflightStatus => Step::PreflightStatus,
            Self::PreflightRedirect => Step::PreflightRedirect,
            Self::AllowMethodsSyntax(_) => Step::AllowMethodsSyntax,
            Self::AllowHeadersSyntax(_) => Step::AllowHeadersSyntax,
            Self::MethodNotAllowed => Step::MethodAllowed,
            Self::AuthorizationNotListed => Step::AuthorizationListed,
            Self::HeadersNotAllowed { .. } => Step::HeadersAllowed,
            Self::RedirectMode => Step::RedirectMode,
            Self::RedirectLocation => Step::RedirectLocation,
            Self::RedirectScheme => Step::RedirectScheme,
            Self::RedirectCount => Step::RedirectCount,
            Self::RedirectCredentials => Step::RedirectCredentials,
            Self::RedirectBody => Step::RedirectBody,
        }
    }
}

impl From<Throws> for NetworkError {
    fn from(throws: Throws) -> Self {
        Self::Throws(throws)
    }
}

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = "`Access-Control-Allow-Origin`";
        let text = match self {
            Self::Throws(throws) => return throws.fmt(f),
            Self::SameOriginMode => "the mode is `same-origin` and the URL has another origin",
            Self::NoCorsRedirectMode => {
                "the mode is `no-cors` and the redirect mode is not `follow`"
            }
            Self::Scheme => "the URL is neither http nor https",
            Self::Connection => "there was no response",
            Self::WebSocketStatus => "the status is not 101, so the WebSocket is not open",
            Self::AllowOriginMissing => return write!(f, "{origin} is missing"),
            Self::AllowOriginRepeated => return write!(f, "{origin} came in several lines"),
            Self::AllowOriginMismatch { value } if value == "*" => {
                return write!(f, "{origin} is `*` and credentials are included");
            }
            Self::AllowOriginMismatch { value } => {
                let value = Shown(value);
                return write!(f, "{origin} is `{value}`, not the request's origin");
            }
            Self::AllowCredentials { value: None } => {
                "`Access-Control-Allow-Credentials` is missing"
            }
            Self::AllowCredentials { value: Some(value) } => {
                let value = Shown(value);
                return write!(
                    f,
                    "`Access-Control-Allow-Credentials` is `{value}`, not `true`"
                );
            }
            Self::PreflightStatus => "the preflight's status is not in the range 200 to 299",
            Self::PreflightRedirect => "the preflight was redirected",
            Self::AllowMethodsSyntax(Malformed { token, .. }) => {
                let token = Shown(token);
                return write!(
                    f,
                    "`{token}` in `Access-Control-Allow-Methods` is not a method"
                );
            }
            Self::AllowHeadersSyntax(Malformed { token, .. }) => {
                let token = Shown(token);
                return write!(
                    f,
                    "`{token}` in `Access-Control-Allow-Headers` is not a header name"
                );
            }
            Self::MethodNotAllowed => "`Access-Control-Allow-Methods` does not allow the method",
            Self::AuthorizationNotListed => {
                "`Access-Control-Allow-Headers` does not list `authorization` by name"
            }
            Self::HeadersNotAllowed { names } => {
                let names = names.join("`, `");
                return write!(f, "`Access-Control-Allow-Headers` does not allow `{names}`");
            }
            Self::RedirectMode => "there was a redirect and the redirect mode is `error`",
            Self::RedirectLocation => "`Location` is not one URL",
            Self::RedirectScheme => "`Location` is neither http nor https",
            Self::RedirectCount => "there were more than 20 redirects",
            Self::RedirectCredentials => "`Location` has a user name or a password",
            Self::RedirectBody => "a stream cannot be sent again after a redirect",
        };
        f.write_str(text)
    }
}

impl std::error::Error for NetworkError {}

/// The bytes of a header, as they are: quotation marks and backslashes, too. Only those outside of printable ASCII are
/// escaped.
struct Shown<'a>(&'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|char| match char {
            ' '..='~' => write!(f, "{char}"),
            // One character for each byte, so two digits are enough.
            _ => write!(f, "\\x{:02x}", u32::from(char)),
        })
    }
}

impl fmt::Display for Throws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UrlCredentials => "the URL has a user name or a password",
            Self::Method => "the method is not a token, or is forbidden",
            Self::Header => "a header has no valid name or value",
            Self::NoCorsMethod => "the mode is `no-cors` and the method is not safelisted",
            Self::BodyOfGet => "GET and HEAD have no body",
            Self::NoCorsStream => "the mode is `no-cors` and the body is a stream",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bytes_that_cannot_be_shown_are_escaped() {
        #[track_caller]
        fn check(value: &str, shown: &str) {
            let value = value.to_owned();
            let text = NetworkError::AllowOriginMismatch { value }.to_string();
            let expected =
                format!("`Access-Control-Allow-Origin` is `{shown}`, not the request's origin");
            assert_eq!(text, expected);
        }
        check("https://a.example", "https://a.example");
        check("\"https://a.example\"", "\"https://a.example\"");
        check("'https://a.example'", "'https://a.example'");
        check("https://*\\.a.example", "https://*\\.a.example");
        check("a\tb\u{1b}[2J\u{7f}", "a\\x09b\\x1b[2J\\x7f");
        check("\u{ff}\u{9b}\u{e9}", "\\xff\\x9b\\xe9");
        let value = "*".to_owned();
        assert_eq!(
            NetworkError::AllowOriginMismatch { value }.to_string(),
            "`Access-Control-Allow-Origin` is `*` and credentials are included"
        );
        let value = Some("\"true\"".to_owned());
        assert_eq!(
            NetworkError::AllowCredentials { value }.to_string(),
            "`Access-Control-Allow-Credentials` is `\"true\"`, not `true`"
        );
        let (value, token) = ("\"PUT\"".to_owned(), "\"PUT\"".to_owned());
        assert_eq!(
            NetworkError::AllowMethodsSyntax(Malformed { value, token }).to_string(),
            "`\"PUT\"` in `Access-Control-Allow-Methods` is not a method"
        );
    }
}
