//! The texts of `security.properties`, by the keys that `nsCORSListenerProxy.cpp` gives.

use url::Url;

use super::ConsoleLine;
use crate::exchange::Kind;
use crate::header::encode;
use crate::network_error::{Malformed, NetworkError as Error};
use crate::outcome::Blocked;

pub(super) fn console(failure: &Blocked) -> Vec<ConsoleLine> {
    let Blocked { error, kind, .. } = failure;
    let status = failure.status.unwrap_or_default();
    let mut lines = match error {
        Error::AllowOriginMissing => vec![with_status(
            failure,
            "CORSMissingAllowOrigin2",
            "CORS header ‘Access-Control-Allow-Origin’ missing",
            &status.to_string(),
        )],
        Error::AllowOriginRepeated => vec![blocked(
            failure,
            "CORSMultipleAllowOriginNotAllowed",
            "Multiple CORS header ‘Access-Control-Allow-Origin’ not allowed",
        )],
        Error::AllowOriginMismatch { value } if value == "*" => {
            vec![ConsoleLine {
                text: format!(
                    "{BLOCKED} ‘{}’. (Reason: Credential is not supported if the CORS header \
                     ‘Access-Control-Allow-Origin’ is ‘*’).",
                    failure.url
                ),
                ..blocked(failure, "CORSNotSupportingCredentials", "")
            }]
        }
        Error::AllowOriginMismatch { value } => vec![blocked(
            failure,
            "CORSAllowOriginNotMatchingOrigin",
            &format!(
                "CORS header ‘Access-Control-Allow-Origin’ does not match ‘{}’",
                utf8(value)
            ),
        )],
        Error::AllowCredentials { .. } => vec![blocked(
            failure,
            "CORSMissingAllowCredentials",
            "expected ‘true’ in CORS header ‘Access-Control-Allow-Credentials’",
        )],
        Error::PreflightStatus => vec![unsuccessful_preflight(failure)],
        Error::PreflightRedirect => vec![
            blocked(
                failure,
                "CORSExternalRedirectNotAllowed",
                "CORS request external redirect not allowed",
            ),
            unsuccessful_preflight(failure),
        ],
        Error::AllowMethodsSyntax(Malformed { token, .. }) => vec![blocked(
            failure,
            "CORSInvalidAllowMethod",
            &format!(
                "invalid token ‘{}’ in CORS header ‘Access-Control-Allow-Methods’",
                utf8(token)
            ),
        )],
        Error::AllowHeadersSyntax(Malformed { token, .. }) => vec![blocked(
            failure,
            "CORSInvalidAllowHeader",
            &format!(
                "invalid token ‘{}’ in CORS header ‘Access-Control-Allow-Headers’",
                utf8(token)
            ),
        )],
        Error::MethodNotAllowed => vec![blocked(
            failure,
            "CORSMethodNotFound",
            "Did not find method in CORS header ‘Access-Control-Allow-Methods’",
        )],
        Error::AuthorizationNotListed => vec![refused_header(failure, "authorization")],
        Error::HeadersNotAllowed { names } => names
            .first()
            .map(|name| refused_header(failure, name))
            .into_iter()
            .collect(),
        Error::Scheme | Error::RedirectScheme => vec![ConsoleLine {
            measured: false,
            ..blocked(failure, "CORSRequestNotHttp", "CORS request not http")
        }],
        Error::Throws(_) | Error::SameOriginMode | Error::NoCorsRedirectMode => Vec::new(),
        Error::Connection
        | Error::WebSocketStatus
        | Error::RedirectMode
        | Error::RedirectLocation
        | Error::RedirectCount
        | Error::RedirectCredentials
        | Error::RedirectBody => Vec::new(),
    };
    // The request never started, or was cancelled when its redirect was refused.
    let cancelled = *kind == Some(Kind::Preflight)
        || failure.location.is_some()
        || matches!(error, Error::Connection | Error::RedirectLocation);
    if cancelled {
        let reason = "CORS request did not succeed";
        lines.push(ConsoleLine {
            measured: !lines.is_empty(),
            ..with_status(failure, "CORSDidNotSucceed2", reason, "(null)")
        });
    }
    lines
}

pub(super) fn authorization_warning(url: &Url) -> ConsoleLine {
    ConsoleLine {
        code: Some("CORSAllowHeaderFromPreflightDeprecation"),
        parameter: None,
        text: format!(
            "Cross-Origin Request Warning: The Same Origin Policy will disallow reading the remote \
             resource at {url} soon. (Reason: When the `Access-Control-Allow-Headers` is `*`, the \
             `Authorization` header is not covered. To include the `Authorization` header, it must be \
             explicitly listed in CORS header `Access-Control-Allow-Headers`)."
        ),
        measured: true,
    }
}

const BLOCKED: &str =
    "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at";

fn blocked(failure: &Blocked, key: &'static str, reason: &str) -> ConsoleLine {
    ConsoleLine {
        code: Some(key),
        parameter: None,
        text: format!("{BLOCKED} {}. (Reason: {reason}).", failure.url),
        measured: true,
    }
}

fn with_status(failure: &Blocked, key: &'static str, reason: &str, status: &str) -> ConsoleLine {
    let line = blocked(failure, key, reason);
    ConsoleLine {
        text: format!("{} Status code: {status}.", line.text),
        ..line
    }
}

fn unsuccessful_preflight(failure: &Blocked) -> ConsoleLine {
    let status = failure.status.unwrap_or_default().to_string();
    let reason = "CORS preflight response did not succeed";
    with_status(failure, "CORSPreflightDidNotSucceed3", reason, &status)
}

fn refused_header(failure: &Blocked, name: &str) -> ConsoleLine {
    let reason = format!(
        "header ‘{}’ is not allowed according to header ‘Access-Control-Allow-Headers’ from CORS \
         preflight response",
        utf8(name)
    );
    blocked(failure, "CORSMissingAllowHeaderFromPreflight2", &reason)
}

/// Firefox reads what a server sends as UTF-8.
fn utf8(value: &str) -> String {
    String::from_utf8_lossy(&encode(value)).into_owned()
}
