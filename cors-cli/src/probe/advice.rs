//! What to change on a server so that browsers do not block a request.

use cors_browser_model::{Blocked, NetworkError};
use cors_explain::FailureCode;

/// The usual cause and remedy, in one or two sentences, without a full stop.
pub(crate) fn remedy(blocked: &Blocked) -> String {
    let (origin, method) = (&blocked.origin, &blocked.method);
    let send_origin = format!(
        "send `Access-Control-Allow-Origin: {origin}` if this origin may read the response, and `Vary: Origin` with \
         every response"
    );
    match FailureCode::from(&blocked.error) {
        FailureCode::AllowOriginMissing => match blocked.status {
            Some(status @ 300..=599) => format!(
                "{send_origin}; the status is {status}, and often headers are set only for successful responses: set \
                 them outside of the layer that answered"
            ),
            _ => format!("the server has no CORS here, or its list does not have this origin; {send_origin}"),
        },
        FailureCode::AllowOriginWildcard => {
            format!("browsers reject `*` for requests with credentials: {send_origin}")
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
        FailureCode::AllowCredentials => {
            "send `Access-Control-Allow-Credentials: true`, in lower case, if this origin may act as the user; \
             or fetch without credentials"
                .to_owned()
        }
        FailureCode::PreflightNotOk => match blocked.status {
            Some(status @ (401 | 403 | 407)) => format!(
                "a preflight never has credentials, so answer `OPTIONS` before authentication (status {status})"
            ),
            Some(status @ (404 | 405 | 501)) => format!(
                "there is no route for `OPTIONS` at this URL (status {status}): apply CORS outside of the router"
            ),
            _ => "answer the preflight with 204 and the headers, before any other layer can fail".to_owned(),
        },
        FailureCode::PreflightRedirect => {
            "answer `OPTIONS` before any redirect to https, to a slash or to a login; or fetch the final URL directly"
                .to_owned()
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
