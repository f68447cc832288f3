//! The texts of `CrossOriginAccessControl.cpp`, `CrossOriginPreflightResultCache.cpp` and
//! `NetworkLoadChecker.cpp`.

use url::Url;

use super::{ConsoleLine, line};
use crate::exchange::Kind;
use crate::network_error::{Malformed, NetworkError as Error};
use crate::outcome::Blocked;

pub(super) fn console(failure: &Blocked) -> Vec<ConsoleLine> {
    let Some((reason, measured)) = reason(failure) else {
        return Vec::new();
    };
    let reason = match (failure.kind, &failure.location) {
        (Some(Kind::Actual), Some(location)) if !names_redirect(&failure.error) => format!(
            "Cross-origin redirection to {location} denied by Cross-Origin Resource Sharing policy: \
             {reason}"
        ),
        _ => reason,
    };
    let url = &failure.url;
    let texts = [
        reason.clone(),
        format!("Fetch API cannot load {url} due to access control checks."),
        format!("Failed to load resource: {reason}"),
    ];
    let lines = texts.into_iter().map(|text| ConsoleLine {
        measured,
        ..line(text)
    });
    lines.collect()
}

/// The text, and whether it was measured; `None` if the console says nothing about CORS.
fn reason(failure: &Blocked) -> Option<(String, bool)> {
    let Blocked {
        origin,
        method,
        url,
        ..
    } = failure;
    let status = failure.status.unwrap_or_default();
    let measured = match &failure.error {
        Error::AllowOriginMismatch { value } if value == "*" => {
            "Cannot use wildcard in Access-Control-Allow-Origin when credentials flag is true."
                .to_owned()
        }
        Error::AllowOriginMismatch { value } if value.contains(',') => {
            "Access-Control-Allow-Origin cannot contain more than one origin.".to_owned()
        }
        Error::AllowOriginMissing | Error::AllowOriginMismatch { .. } => format!(
            "Origin {origin} is not allowed by Access-Control-Allow-Origin. Status code: {status}"
        ),
        Error::AllowCredentials { .. } => {
            "Credentials flag is true, but Access-Control-Allow-Credentials is not \"true\"."
                .to_owned()
        }
        Error::PreflightStatus => {
            format!("Preflight response is not successful. Status code: {status}")
        }
        Error::AllowMethodsSyntax(Malformed { value, .. }) => {
            format!("Header Access-Control-Allow-Methods has an invalid value: {value}")
        }
        Error::AllowHeadersSyntax(Malformed { value, .. }) => {
            format!("Header Access-Control-Allow-Headers has an invalid value: {value}")
        }
        Error::MethodNotAllowed => {
            format!("Method {method} is not allowed by Access-Control-Allow-Methods.")
        }
        Error::HeadersNotAllowed { names } => {
            let name = names.first()?;
            format!("Request header field {name} is not allowed by Access-Control-Allow-Headers.")
        }
        _ => {
            return Some((
                match &failure.error {
                    Error::SameOriginMode => format!(
                        "Unsafe attempt to load URL {url} from origin {origin}. Domains, protocols \
                         and ports must match.\n"
                    ),
                    Error::RedirectMode => {
                        format!("Not allowed to follow a redirection while loading {url}")
                    }
                    Error::RedirectScheme => {
                        "not allowed to follow a cross-origin CORS redirection with non CORS scheme"
                            .to_owned()
                    }
                    Error::RedirectCount => {
                        "Load cannot follow more than 20 redirections".to_owned()
                    }
                    Error::RedirectCredentials => {
                        let location = failure.location.as_ref().map_or("", Url::as_str);
                        format!("redirection URL {location} has credentials")
                    }
                    _ => return None,
                },
                false,
            ));
        }
    };
    Some((measured, true))
}

/// Whether the text itself says that it is about the redirect.
fn names_redirect(error: &Error) -> bool {
    matches!(error, Error::RedirectMode | Error::RedirectCount)
}
