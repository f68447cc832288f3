//! What to change on a server so that browsers do not block a request.

use cors_browser_model::{Blocked, Kind, NetworkError, Origin, Response, Url};
use cors_explain::server::{ALLOW_ORIGIN, varies_by_origin};
use cors_explain::{FailureCode, masked_url};

/// The usual cause and remedy, in one or two sentences, without a full stop. `response` is the one that is blocked.
pub(crate) fn remedy(blocked: &Blocked, response: Option<&Response>) -> String {
    let (origin, method) = (&blocked.origin, &blocked.method);
    let send_origin = format!(
        "send `Access-Control-Allow-Origin: {origin}` if this origin may read the response, and `Vary: Origin` with \
         every response"
    );
    let code = FailureCode::from(&blocked.error);
    if let (
        FailureCode::AllowOriginMissing | FailureCode::PreflightRedirect,
        Some(status),
        Some(location),
    ) = (code, blocked.status, &blocked.location)
    {
        return redirected(blocked, status, location);
    }
    match code {
        FailureCode::AllowOriginMissing => match blocked.status {
            // A middleware ran.
            _ if response.is_some_and(varies_by_origin) => match blocked.kind {
                Some(Kind::Preflight) => format!(
                    "the response has `Vary: Origin`, so something there reads `Origin`, and it did not grant the \
                     preflight: its list does not have this origin, or a proxy or CDN in front of it removes `Origin` \
                     or `Access-Control-Request-Method` from the request; {send_origin}"
                ),
                _ => {
                    let errors = match blocked.status {
                        Some(status @ 400..=599) => {
                            format!("the headers are set only for successful responses (the status is {status}), ")
                        }
                        _ => String::new(),
                    };
                    format!(
                        "the response has `Vary: Origin`, so something there reads `Origin`: {errors}its list does not \
                         have this origin, or a proxy or CDN in front of it removes `Origin` from the request; \
                         {send_origin}"
                    )
                }
            },
            Some(status @ 300..=599) => format!(
                "{send_origin}; the status is {status}, and often headers are set only for successful responses: set \
                 them outside of the layer that answered"
            ),
            _ => format!("the server has no CORS here, or its list does not have this origin; {send_origin}"),
        },
        FailureCode::AllowOriginWildcard => {
            format!("browsers reject `*` for requests with credentials: {send_origin}")
        }
        FailureCode::AllowOriginMultiple | FailureCode::AllowOriginInvalid
            if has_quotation_marks(&blocked.error) =>
        {
            format!("{QUOTATION_MARKS}; {send_origin}")
        }
        FailureCode::AllowOriginMultiple => format!(
            "send only the origin of the request: {send_origin}; two lines often come from an application and a \
             proxy that both set the header: let only one of them set it"
        ),
        FailureCode::AllowOriginInvalid => format!(
            "the value must be one origin, `*` or `null`, not a path or a list: {send_origin}"
        ),
        FailureCode::AllowOriginMismatch if origin == "null" => {
            "after a redirect between other origins, or from a sandboxed frame or a file, the origin is `null`: \
             fetch the final URL directly, or serve the page from an origin of its own"
                .to_owned()
        }
        FailureCode::AllowOriginMismatch => format!(
            "browsers compare origins byte by byte, including scheme and port: {send_origin}"
        ),
        FailureCode::AllowCredentials if has_quotation_marks(&blocked.error) => {
            format!("{QUOTATION_MARKS}; send `Access-Control-Allow-Credentials: true`")
        }
        FailureCode::AllowCredentials => {
            "send `Access-Control-Allow-Credentials: true`, in lower case, if this origin may act as the user; \
             or fetch without credentials"
                .to_owned()
        }
        FailureCode::PreflightNotOk => match blocked.status {
            Some(status @ (401 | 403 | 407)) => format!(
                "a preflight never has credentials, so answer `OPTIONS` before authentication (status {status})"
            ),
            Some(status @ (404 | 405 | 501)) => {
                let remedy = format!(
                    "no route answers `OPTIONS` at this URL (status {status}): apply CORS outside of the router"
                );
                let ran = |response: &Response| {
                    varies_by_origin(response) || response.headers.contains(ALLOW_ORIGIN)
                };
                match response.is_some_and(ran) {
                    true => format!(
                        "{remedy}; if it is, a proxy or CDN in front of it removes `Origin` or \
                         `Access-Control-Request-Method` from the request"
                    ),
                    false => remedy,
                }
            }
            _ => "answer the preflight with 204 and the headers, before any other layer can fail".to_owned(),
        },
        FailureCode::PreflightRedirect => {
            "answer `OPTIONS` before any redirect to https, to a slash or to a login; or fetch the final URL directly"
                .to_owned()
        }
        FailureCode::AllowMethodsSyntax | FailureCode::AllowHeadersSyntax
            if has_quotation_marks(&blocked.error) =>
        {
            format!("{QUOTATION_MARKS}; send a list with commas, such as `GET, PUT` or `content-type, x-id`")
        }
        FailureCode::AllowMethodsSyntax => {
            "separate the methods in `Access-Control-Allow-Methods` with commas, such as `GET, PUT`".to_owned()
        }
        FailureCode::AllowHeadersSyntax => {
            "separate the names in `Access-Control-Allow-Headers` with commas, such as `content-type, x-id`"
                .to_owned()
        }
        FailureCode::MethodNotAllowed => format!(
            "add `{method}` to `Access-Control-Allow-Methods` in the response to the preflight, in this spelling; `*` \
             covers it only without credentials"
        ),
        FailureCode::HeaderNotAllowed => match &blocked.error {
            NetworkError::HeadersNotAllowed { names } => format!(
                "add `{}` to `Access-Control-Allow-Headers` in the response to the preflight; `*` covers it only \
                 without credentials",
                names.join("`, `")
            ),
            _ => "list the header in `Access-Control-Allow-Headers`".to_owned(),
        },
        FailureCode::AuthorizationNotListed => {
            "list `authorization` by name in `Access-Control-Allow-Headers`; `*` does not cover it".to_owned()
        }
        FailureCode::RedirectLocation | FailureCode::RedirectScheme => {
            "send one `Location` with an http or https URL".to_owned()
        }
        FailureCode::RedirectCount => "the server redirects in a loop; fetch the final URL".to_owned(),
        FailureCode::RedirectCredentials => {
            "remove the user name and the password from the URL in `Location`".to_owned()
        }
        FailureCode::NoResponse => "check that the server answers".to_owned(),
        _ => "change the call of `fetch()`; the server cannot correct this".to_owned(),
    }
}

const QUOTATION_MARKS: &str = "the quotation marks are a part of the value; remove them where it is set: an environment \
    variable, a `.env` file or a YAML list may keep those that are written around it";

/// Whether the value that is wrong has quotation marks, which are never a part of these headers.
fn has_quotation_marks(error: &NetworkError) -> bool {
    let value = match error {
        NetworkError::AllowOriginMismatch { value } => Some(value),
        NetworkError::AllowCredentials { value } => value.as_ref(),
        NetworkError::AllowMethodsSyntax(list) | NetworkError::AllowHeadersSyntax(list) => {
            Some(&list.value)
        }
        _ => None,
    };
    value.is_some_and(|value| value.contains(['"', '\'']))
}

/// What to do about a redirect that the page may not follow, because it has no headers of CORS.
fn redirected(blocked: &Blocked, status: u16, location: &Url) -> String {
    let is_here = Origin::of(location) == Origin::of(&blocked.url);
    let target = masked_url(location.as_str());
    let target = match location.origin().ascii_serialization() {
        origin if is_here => target.strip_prefix(&origin).unwrap_or(&target),
        _ => &target,
    };
    let what = format!("the URL redirects (status {status}) to `{target}`");
    let ask = format!("let the page ask for `{target}` at once");
    if blocked.kind == Some(Kind::Preflight) {
        return format!(
            "{what}, and a preflight must not be redirected: {ask}; or answer `OPTIONS` before the redirect"
        );
    }
    let login = match is_here {
        true => "",
        false => "; if that is a page to log in, answer 401 instead: a script cannot log in there",
    };
    format!(
        "{what}, and the redirect has no `Access-Control-Allow-Origin`: {ask}; or apply CORS outside of the layer that \
         redirects{login}"
    )
}
