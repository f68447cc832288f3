//! `GetErrorStringForConsoleMessage` in `cors_error_string.cc`.

use std::fmt::Write as _;

use url::Url;

use super::{ConsoleLine, line};
use crate::exchange::Kind;
use crate::header::encode;
use crate::network_error::NetworkError as Error;
use crate::outcome::Blocked;

pub(super) fn console(failure: &Blocked) -> Vec<ConsoleLine> {
    let Some(Status {
        code,
        parameter,
        text,
        measured,
    }) = status(failure)
    else {
        return Vec::new();
    };
    let mut blocked = format!("Access to fetch at '{}' ", failure.url);
    if failure.first_url != failure.url {
        let _ = write!(blocked, "(redirected from '{}') ", failure.first_url);
    }
    let _ = write!(
        blocked,
        "from origin '{}' has been blocked by CORS policy: ",
        failure.page
    );
    if code.starts_with("Preflight") {
        blocked += "Response to preflight request doesn't pass access control check: ";
    }
    let reason = ConsoleLine {
        code: Some(code),
        parameter: Some(parameter),
        text: blocked + &text,
        measured,
    };
    vec![reason, line("Failed to load resource: net::ERR_FAILED")]
}

struct Status {
    code: &'static str,
    parameter: String,
    text: String,
    measured: bool,
}

/// The code, the parameter and the text of a failure; `None` where there is no `corsErrorStatus`.
fn status(failure: &Blocked) -> Option<Status> {
    let preflight = failure.kind == Some(Kind::Preflight);
    let of_check = |codes: [&'static str; 2], parameter: &str, text: String| {
        measured(if preflight { codes[1] } else { codes[0] }, parameter, text)
    };
    Some(match &failure.error {
        Error::AllowOriginMissing => of_check(
            ["MissingAllowOriginHeader", "PreflightMissingAllowOriginHeader"],
            "",
            "No 'Access-Control-Allow-Origin' header is present on the requested resource.".to_owned(),
        ),
        Error::AllowOriginMismatch { value } if value == "*" => of_check(
            ["WildcardOriginNotAllowed", "PreflightWildcardOriginNotAllowed"],
            "",
            "The value of the 'Access-Control-Allow-Origin' header in the response must not be the \
             wildcard '*' when the request's credentials mode is 'include'."
                .to_owned(),
        ),
        Error::AllowOriginMismatch { value } if value.contains([' ', ',']) => of_check(
            ["MultipleAllowOriginValues", "PreflightMultipleAllowOriginValues"],
            value,
            format!(
                "The 'Access-Control-Allow-Origin' header contains multiple values '{}', but only \
                 one is allowed.{VALID_VALUE}",
                hint(value)
            ),
        ),
        Error::AllowOriginMismatch { value } if value == "null" || is_url(value) => of_check(
            ["AllowOriginMismatch", "PreflightAllowOriginMismatch"],
            value,
            format!(
                "The 'Access-Control-Allow-Origin' header has a value '{}' that is not equal to the \
                 supplied origin.{VALID_VALUE}",
                hint(value)
            ),
        ),
        Error::AllowOriginMismatch { value } => of_check(
            ["InvalidAllowOriginValue", "PreflightInvalidAllowOriginValue"],
            value,
            format!(
                "The 'Access-Control-Allow-Origin' header contains the invalid value '{}'.\
                 {VALID_VALUE}",
                hint(value)
            ),
        ),
        Error::AllowCredentials { value } => {
            let value = value.as_deref().unwrap_or_default();
            of_check(
                ["InvalidAllowCredentials", "PreflightInvalidAllowCredentials"],
                value,
                format!(
                    "The value of the 'Access-Control-Allow-Credentials' header in the response is \
                     '{}' which must be 'true' when the request's credentials mode is 'include'.",
                    hint(value)
                ),
            )
        }
        Error::PreflightStatus => measured(
            "PreflightInvalidStatus",
            "",
            "It does not have HTTP ok status.".to_owned(),
        ),
        Error::PreflightRedirect => measured(
            "PreflightDisallowedRedirect",
            "",
            "Redirect is not allowed for a preflight request.".to_owned(),
        ),
        Error::AllowMethodsSyntax(_) => measured(
            "InvalidAllowMethodsPreflightResponse",
            "",
            "Cannot parse Access-Control-Allow-Methods response header field in preflight response."
                .to_owned(),
        ),
        Error::AllowHeadersSyntax(_) => measured(
            "InvalidAllowHeadersPreflightResponse",
            "",
            "Cannot parse Access-Control-Allow-Headers response header field in preflight response."
                .to_owned(),
        ),
        Error::MethodNotAllowed => measured(
            "MethodDisallowedByPreflightResponse",
            &failure.method,
            format!(
                "Method {} is not allowed by Access-Control-Allow-Methods in preflight response.",
                hint(&failure.method)
            ),
        ),
        Error::HeadersNotAllowed { names } => {
            let name = names.first()?;
            measured(
                "HeaderDisallowedByPreflightResponse",
                name,
                format!(
                    "Request header field {} is not allowed by Access-Control-Allow-Headers in preflight \
                     response.",
                    hint(name)
                ),
            )
        }
        Error::RedirectCredentials => {
            let location = failure.location.as_ref().map_or("", Url::as_str);
            let text = "contains a username and password, which is disallowed for cross-origin requests.";
            unmeasured(
                "RedirectContainsCredentials",
                location,
                format!("Redirect location '{}' {text}", hint(location)),
            )
        }
        Error::Scheme => unmeasured(
            "CorsDisabledScheme",
            "",
            "Cross origin requests are only supported for protocol schemes: chrome, \
             chrome-extension, chrome-untrusted, data, http, https, isolated-app."
                .to_owned(),
        ),
        Error::SameOriginMode => unmeasured(
            "DisallowedByMode",
            "",
            "Cross origin requests are not allowed by request mode.".to_owned(),
        ),
        _ => return None,
    })
}

const VALID_VALUE: &str = " Have the server send the header with a valid value.";

fn measured(code: &'static str, parameter: &str, text: String) -> Status {
    Status {
        code,
        parameter: parameter.to_owned(),
        text,
        measured: true,
    }
}

fn unmeasured(code: &'static str, parameter: &str, text: String) -> Status {
    Status {
        measured: false,
        ..measured(code, parameter, text)
    }
}

/// Whether `GURL` accepts it as a URL.
fn is_url(value: &str) -> bool {
    std::str::from_utf8(&encode(value)).is_ok_and(|value| Url::parse(value).is_ok())
}

/// `EncodeHint`: what is not printable ASCII is escaped.
fn hint(value: &str) -> String {
    let mut hint = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            ' '..='~' => hint.push(c),
            _ => {
                let _ = write!(hint, "\\u{:04X}", u32::from(c));
            }
        }
    }
    hint
}
