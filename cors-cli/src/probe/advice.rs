//! What a server has to change so that browsers no longer block a request.

use cors_browser_model::{Blocked, NetworkError};
use cors_explain::FailureCode;

/// The usual cause and remedy, in a sentence or two, without a full stop.
pub(crate) fn remedy(blocked: &Blocked) -> String {
    let (origin, method) = (&blocked.origin, &blocked.method);
    let send_origin = format!(
        "send `Access-Control-Allow-Origin: {origin}` if this origin may read it, and `Vary: Origin` with every \
         response"
    );
    match FailureCode::from(&blocked.error) {
        FailureCode::AllowOriginMissing => match blocked.status {
            Some(status @ 300..=599) => format!(
                "{send_origin}; the status is {status}, and headers that are set for successes alone are often \
                 missing there: set them outside of whatever answered so"
            ),
            _ => format!("no CORS is set up here, or this origin is not on its list; {send_origin}"),
        },
        FailureCode::AllowOriginWildcard => {
            format!("with credentials browsers know no `*`: {send_origin}")
        }
        FailureCode::AllowOriginMultiple => format!(
            "one origin only, the one that asks: {send_origin}; two lines often come from an application and a \
             proxy that both set it: let one of them"
        ),
        FailureCode::AllowOriginInvalid => format!(
            "its value is an origin, `*` or `null`, without a path or a list around it: {send_origin}"
        ),
        FailureCode::AllowOriginMismatch if origin == "null" => {
            "after a redirect between other origins, or from a sandboxed frame or a file, the origin is `null`: \
             fetch the final URL at once, or serve the page from an origin of its own"
                .to_owned()
        }
        FailureCode::AllowOriginMismatch => format!(
            "origins are compared byte by byte, scheme and port included: {send_origin}"
        ),
        FailureCode::AllowCredentials => {
            "send `Access-Control-Allow-Credentials: true`, in lower case, if this origin may act as the user; \
             or fetch without credentials"
                .to_owned()
        }
        FailureCode::PreflightNotOk => match blocked.status {
            Some(status @ (401 | 403 | 407)) => format!(
                "a preflight never has credentials, so answer `OPTIONS` before authentication is asked for ({status})"
            ),
            Some(status @ (404 | 405 | 501)) => format!(
                "nothing answers `OPTIONS` at this URL ({status}): set up CORS around the routes"
            ),
            _ => "answer the preflight with 204 and the headers, before anything else can fail".to_owned(),
        },
        FailureCode::PreflightRedirect => {
            "answer `OPTIONS` before redirects to https, to a slash or to a login; or fetch the final URL at once"
                .to_owned()
        }
        FailureCode::AllowMethodsSyntax => {
            "write `Access-Control-Allow-Methods` as methods with commas between, such as `GET, PUT`".to_owned()
        }
        FailureCode::AllowHeadersSyntax => {
            "write `Access-Control-Allow-Headers` as names with commas between, such as `content-type, x-id`"
                .to_owned()
        }
        FailureCode::MethodNotAllowed => format!(
            "add `{method}` to `Access-Control-Allow-Methods` in the preflight's answer, in this spelling; `*` covers \
             it only without credentials"
        ),
        FailureCode::HeaderNotAllowed => match &blocked.error {
            NetworkError::HeadersNotAllowed { names } => format!(
                "add `{}` to `Access-Control-Allow-Headers` in the preflight's answer; `*` covers it only without \
                 credentials",
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
        FailureCode::RedirectCount => "the server redirects in circles; fetch the final URL".to_owned(),
        FailureCode::RedirectCredentials => {
            "leave user name and password out of the URL in `Location`".to_owned()
        }
        FailureCode::NoResponse => "see that the server answers at all".to_owned(),
        _ => "change the call of `fetch()`; it is not for the server to mend".to_owned(),
    }
}
