//! The texts of the browsers' consoles, and of the errors that scripts get.
//!
//! Chromium's are those of `cors_error_string.cc`, before 2018 of `CrossOriginAccessControl.cpp`, and of
//! `fetch_manager.cc`; Firefox's those of `security.properties`; WebKit's those of
//! `CrossOriginAccessControl.cpp`, `CrossOriginPreflightResultCache.cpp` and `NetworkLoadChecker.cpp`. Firefox's
//! network panel has the texts of `BLOCKED_REASON_MESSAGES` in `netmonitor/src/constants.js`.
//! Users paste parts of messages: a part that is unambiguous is here, too.

use cors_browser_model::Engine;

use super::servers::ANSWERS;
use super::template::{Role, Template};
use crate::failure_code::FailureCode as F;

const CHROMIUM: Option<Engine> = Some(Engine::Chromium);
const FIREFOX: Option<Engine> = Some(Engine::Firefox);
const WEBKIT: Option<Engine> = Some(Engine::WebKit);

/// All texts, of browsers and of servers.
pub(super) fn all() -> impl Iterator<Item = Template> {
    TEMPLATES.iter().chain(ANSWERS).copied()
}

#[rustfmt::skip] // One row, one line, or as few as it takes.
pub(super) const TEMPLATES: &[Template] = &[
    // The request that failed.
    opens(CHROMIUM, "Access to {kind} at '{url}' from origin '{origin}' has been blocked by CORS policy"),
    opens(CHROMIUM,
        "Access to {kind} at '{url}' (redirected from '{redirected_from}') from origin '{origin}' has been blocked \
         by CORS policy"),
    opens(CHROMIUM, "Access blocked by CORS policy"),
    opens(CHROMIUM, "has been blocked by CORS policy"),
    opens(CHROMIUM, "Redirect from '{url}' to '{location}' has been blocked by CORS policy"),
    opens(CHROMIUM, "has been blocked from loading by Cross-Origin Resource Sharing policy"),
    opens(None, "Failed to load {url}"),
    opens(None, "XMLHttpRequest cannot load {url}"),
    opens(None, "Fetch API cannot load {url}"),
    opens(FIREFOX,
        "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at {url}. \
         (Reason:"),
    opens(FIREFOX,
        "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at {url}. This \
         can be fixed by moving the resource to the same domain or enabling CORS"),
    opens(FIREFOX, "Cross-Origin Request Blocked"),
    opens(WEBKIT, "Cross-origin redirection to {location} denied by Cross-Origin Resource Sharing policy"),
    opens_preflight(CHROMIUM, "Response to preflight request doesn't pass access control check"),
    // More about the response.
    closes(None, "Status code: {status}"),
    closes(CHROMIUM, "Origin '{origin}' is therefore not allowed access"),
    closes(CHROMIUM, "The response had HTTP status code {status}"),
    closes(CHROMIUM, "Have the server send the header with a valid value"),
    closes(CHROMIUM,
        "If an opaque response serves your needs, set the request's mode to 'no-cors' to fetch the resource with \
         CORS disabled"),
    closes(CHROMIUM,
        "or, if an opaque response serves your needs, set the request's mode to 'no-cors' to fetch the resource \
         with CORS disabled"),
    closes(CHROMIUM,
        "The credentials mode of requests initiated by the XMLHttpRequest is controlled by the withCredentials \
         attribute"),
    // `Access-Control-Allow-Origin` is missing.
    names(None, F::AllowOriginMissing, "No 'Access-Control-Allow-Origin' header is present"),
    names(CHROMIUM, F::AllowOriginMissing,
        "No 'Access-Control-Allow-Origin' header is present on the requested resource"),
    names(FIREFOX, F::AllowOriginMissing, "CORS header 'Access-Control-Allow-Origin' missing"),
    names(WEBKIT, F::AllowOriginMissing, "Origin {origin} is not allowed by Access-Control-Allow-Origin"),
    // It is `*`, with credentials.
    names(None, F::AllowOriginWildcard,
        "'Access-Control-Allow-Origin' header in the response must not be the wildcard '*'"),
    names(CHROMIUM, F::AllowOriginWildcard,
        "The value of the 'Access-Control-Allow-Origin' header in the response must not be the wildcard '*' when \
         the request's credentials mode is 'include'"),
    names(CHROMIUM, F::AllowOriginWildcard,
        "A wildcard '*' cannot be used in the 'Access-Control-Allow-Origin' header when the credentials flag is \
         true"),
    names(FIREFOX, F::AllowOriginWildcard,
        "Credential is not supported if the CORS header 'Access-Control-Allow-Origin' is '*'"),
    names(WEBKIT, F::AllowOriginWildcard,
        "Cannot use wildcard in Access-Control-Allow-Origin when credentials flag is true"),
    // It has several origins.
    names(CHROMIUM, F::AllowOriginMultiple,
        "The 'Access-Control-Allow-Origin' header contains multiple values '{value}', but only one is allowed"),
    names(FIREFOX, F::AllowOriginMultiple, "Multiple CORS header 'Access-Control-Allow-Origin' not allowed"),
    names(WEBKIT, F::AllowOriginMultiple, "Access-Control-Allow-Origin cannot contain more than one origin"),
    // It is not an origin, or another one.
    names(CHROMIUM, F::AllowOriginInvalid,
        "The 'Access-Control-Allow-Origin' header contains the invalid value '{value}'."),
    names(CHROMIUM, F::AllowOriginMismatch,
        "The 'Access-Control-Allow-Origin' header has a value '{value}' that is not equal to the supplied origin"),
    names(FIREFOX, F::AllowOriginMismatch, "CORS header 'Access-Control-Allow-Origin' does not match '{value}')"),
    names(FIREFOX, F::AllowOriginMismatch, "CORS header 'Access-Control-Allow-Origin' does not match"),
    // `Access-Control-Allow-Credentials` is not `true`.
    names(CHROMIUM, F::AllowCredentials,
        "The value of the 'Access-Control-Allow-Credentials' header in the response is '{value}' which must be \
         'true'"),
    names(CHROMIUM, F::AllowCredentials,
        "Credentials flag is 'true', but the 'Access-Control-Allow-Credentials' header is '{value}'. It must be \
         'true'"),
    names(FIREFOX, F::AllowCredentials, "expected 'true' in CORS header 'Access-Control-Allow-Credentials'"),
    names(WEBKIT, F::AllowCredentials,
        "Credentials flag is true, but Access-Control-Allow-Credentials is not \"true\""),
    // The preflight's status.
    names(CHROMIUM, F::PreflightNotOk, "It does not have HTTP ok status"),
    names(CHROMIUM, F::PreflightNotOk, "Response for preflight has invalid HTTP status code {status}"),
    names(CHROMIUM, F::PreflightNotOk, "Response for preflight does not have HTTP ok status"),
    names(CHROMIUM, F::PreflightNotOk, "XMLHttpRequest cannot load {url}. Invalid HTTP status code {status}"),
    names(FIREFOX, F::PreflightNotOk, "CORS preflight response did not succeed"),
    names(FIREFOX, F::PreflightNotOk, "CORS preflight channel did not succeed"),
    names(WEBKIT, F::PreflightNotOk, "Preflight response is not successful"),
    names(CHROMIUM, F::PreflightRedirect, "Redirect is not allowed for a preflight request"),
    names(CHROMIUM, F::PreflightRedirect, "Response for preflight is invalid (redirect)"),
    names(CHROMIUM, F::PreflightRedirect,
        "Request requires preflight, which is disallowed to follow cross-origin redirect"),
    names(CHROMIUM, F::PreflightRedirect, "which is disallowed for cross-origin requests that require preflight"),
    names(FIREFOX, F::PreflightRedirect, "CORS request external redirect not allowed"),
    // The lists of the preflight.
    names(CHROMIUM, F::AllowMethodsSyntax, "Cannot parse Access-Control-Allow-Methods response header field"),
    names(FIREFOX, F::AllowMethodsSyntax, "invalid token '{value}' in CORS header 'Access-Control-Allow-Methods'"),
    names(WEBKIT, F::AllowMethodsSyntax, "Header Access-Control-Allow-Methods has an invalid value: {value}"),
    names(CHROMIUM, F::AllowHeadersSyntax, "Cannot parse Access-Control-Allow-Headers response header field"),
    names(FIREFOX, F::AllowHeadersSyntax, "invalid token '{value}' in CORS header 'Access-Control-Allow-Headers'"),
    names(WEBKIT, F::AllowHeadersSyntax, "Header Access-Control-Allow-Headers has an invalid value: {value}"),
    names(None, F::MethodNotAllowed, "Method {method} is not allowed by Access-Control-Allow-Methods"),
    names(CHROMIUM, F::MethodNotAllowed,
        "Method {method} is not allowed by Access-Control-Allow-Methods in preflight response"),
    names(WEBKIT, F::MethodNotAllowed, "Method {method} is not allowed by Access-Control-Allow-Methods."),
    names(FIREFOX, F::MethodNotAllowed, "Did not find method in CORS header 'Access-Control-Allow-Methods'"),
    names(None, F::HeaderNotAllowed, "Request header field {header} is not allowed"),
    names(CHROMIUM, F::HeaderNotAllowed,
        "Request header field {header} is not allowed by Access-Control-Allow-Headers in preflight response"),
    names(WEBKIT, F::HeaderNotAllowed,
        "Request header field {header} is not allowed by Access-Control-Allow-Headers."),
    names(FIREFOX, F::HeaderNotAllowed,
        "header '{header}' is not allowed according to header 'Access-Control-Allow-Headers'"),
    names(FIREFOX, F::HeaderNotAllowed, "missing token '{header}' in CORS header 'Access-Control-Allow-Headers'"),
    names(FIREFOX, F::AuthorizationNotListed,
        "Cross-Origin Request Warning: The Same Origin Policy will disallow reading the remote resource at {url} \
         soon"),
    names(FIREFOX, F::AuthorizationNotListed,
        "When the 'Access-Control-Allow-Headers' is '*', the 'Authorization' header is not covered"),
    names(None, F::HeaderNotAllowed, "is not allowed by Access-Control-Allow-Header"),
    // A header of the response that a script may not read.
    names(None, F::HeaderNotExposed, "Refused to get unsafe header '{header}'"),
    names(None, F::HeaderNotExposed, "No access to {header} property on response. Check CORS configuration to expose"),
    names(None, F::HeaderNotExposed, "No access to {header} property on response"),
    names(None, F::HeaderNotExposed,
        "Response stream closed without gRPC status. This may indicate a misconfigured CORS policy on the server: \
         Access-Control-Expose-Headers must include '{header}'"),
    names(None, F::HeaderNotExposed, "Response stream closed without gRPC status{header=grpc-status}"),
    names(None, F::HeaderNotExposed, "Response closed without {header} (Headers only)"),
    names(None, F::HeaderNotExposed, "Response closed without grpc status (Headers only){header=grpc-status}"),
    names(None, F::HeaderNotExposed, "tus: invalid or missing {header} header"),
    names(None, F::HeaderNotExposed, "tus: missing {header} header"),
    names(None, F::HeaderNotExposed, "tus: invalid or missing offset value{header=Upload-Offset}"),
    names(None, F::HeaderNotExposed, "tus: invalid or missing length value{header=Upload-Length}"),
    // Redirects.
    names(WEBKIT, F::RedirectMode, "Not allowed to follow a redirection while loading {url}"),
    names(WEBKIT, F::RedirectScheme, "not allowed to follow a cross-origin CORS redirection with non CORS scheme"),
    names(CHROMIUM, F::RedirectScheme,
        "Redirect location '{location}' has a disallowed scheme for cross-origin requests"),
    names(CHROMIUM, F::RedirectScheme,
        "The request was redirected to a URL ('{location}') which has a disallowed scheme"),
    names(CHROMIUM, F::RedirectScheme, "net::ERR_UNSAFE_REDIRECT"),
    names(WEBKIT, F::RedirectCount, "Load cannot follow more than 20 redirections"),
    names(CHROMIUM, F::RedirectCount, "net::ERR_TOO_MANY_REDIRECTS"),
    names(CHROMIUM, F::RedirectLocation, "net::ERR_INVALID_REDIRECT"),
    names(CHROMIUM, F::RedirectCredentials, "Redirect location '{location}' contains a username and password"),
    names(CHROMIUM, F::RedirectCredentials, "The request was redirected to a URL ('{location}') containing userinfo"),
    names(WEBKIT, F::RedirectCredentials, "redirection URL {location} has credentials"),
    // Failures that no header can prevent.
    names(CHROMIUM, F::SchemeNotSupported, "Cross origin requests are only supported for protocol schemes"),
    names(CHROMIUM, F::SchemeNotSupported, "URL scheme must be \"http\" or \"https\" for CORS request"),
    names(CHROMIUM, F::SchemeNotSupported, "URL scheme \"{ignored}\" is not supported"),
    names(FIREFOX, F::SchemeNotSupported, "CORS request not http"),
    names(WEBKIT, F::SchemeNotSupported, "Cross origin requests are only supported for HTTP"),
    names(CHROMIUM, F::SameOriginMode, "Cross origin requests are not allowed by request mode"),
    names(CHROMIUM, F::SameOriginMode,
        "Request mode is \"same-origin\" but the URL's origin is not same as the request origin {origin}"),
    names(CHROMIUM, F::SameOriginMode,
        "Request mode is \"same-origin\" but the URL's origin is not same as the request origin"),
    names(WEBKIT, F::SameOriginMode,
        "Unsafe attempt to load URL {url} from origin {origin}. Domains, protocols and ports must match"),
    names(WEBKIT, F::SameOriginMode, "Cross origin requests are not allowed when using same-origin fetch mode"),
    names(CHROMIUM, F::NoCorsRedirectMode, "Request mode is \"no-cors\" but the redirect mode is not \"follow\""),
    names(CHROMIUM, F::LocalNetworkAccess,
        "Permission was denied for this request to access the `{address_space}` address space"),
    names(CHROMIUM, F::LocalNetworkAccess,
        "The request client is not a secure context and the resource is in more-private address space \
         `{address_space}`"),
    names(CHROMIUM, F::LocalNetworkAccess,
        "Request had a target IP address space of `{ignored}` yet the resource is in address space \
         `{address_space}`"),
    names(CHROMIUM, F::LocalNetworkAccess,
        "Request had no target IP address space, yet the resource is in address space `{address_space}`"),
    names(CHROMIUM, F::LocalNetworkAccess,
        "Unable to ask for permission to access the `{address_space}` IP address space"),
    names(CHROMIUM, F::LocalNetworkAccess,
        "in the preflight response for this private network request targeting the `{address_space}` address space"),
    names(CHROMIUM, F::LocalNetworkAccess, "net::ERR_BLOCKED_BY_LOCAL_NETWORK_ACCESS_CHECKS"),
    names(CHROMIUM, F::LocalNetworkAccess, "net::ERR_BLOCKED_BY_PRIVATE_NETWORK_ACCESS_CHECKS"),
    names(FIREFOX, F::CorsDisabled, "CORS disabled)"),
    // Firefox's network panel.
    bare(FIREFOX, F::CorsDisabled, "CORS disabled"),
    bare(FIREFOX, F::FetchFailed, "CORS Failed"),
    names(FIREFOX, F::SchemeNotSupported, "CORS Not HTTP"),
    names(FIREFOX, F::AllowOriginMultiple, "CORS Multiple Origin Not Allowed"),
    names(FIREFOX, F::AllowOriginMissing, "CORS Missing Allow Origin"),
    names(FIREFOX, F::AllowOriginWildcard, "CORS No Allow Credentials"),
    names(FIREFOX, F::AllowOriginMismatch, "CORS Allow Origin Not Matching Origin"),
    names(FIREFOX, F::AllowCredentials, "CORS Missing Allow Credentials"),
    names(FIREFOX, F::OriginNotAdded, "CORS Origin Header Missing"),
    names(FIREFOX, F::PreflightRedirect, "CORS External Redirect Not Allowed"),
    names(FIREFOX, F::PreflightNotOk, "CORS Preflight Did Not Succeed"),
    names(FIREFOX, F::AllowMethodsSyntax, "CORS Invalid Allow Method"),
    names(FIREFOX, F::MethodNotAllowed, "CORS Method Not Found"),
    names(FIREFOX, F::AllowHeadersSyntax, "CORS Invalid Allow Header"),
    names(FIREFOX, F::HeaderNotAllowed, "CORS Missing Allow Header"),
    // What is decided without CORS, about requests without CORS.
    names(CHROMIUM, F::ResourcePolicy, "ERR_BLOCKED_BY_RESPONSE.NotSameOriginAfterDefaultedToSameOriginByCoep\
         {header=Cross-Origin-Embedder-Policy}"),
    names(CHROMIUM, F::ResourcePolicy, "ERR_BLOCKED_BY_RESPONSE"),
    names(FIREFOX, F::ResourcePolicy,
        "The resource at '{url}' was blocked due to its Cross-Origin-Resource-Policy header"),
    names(None, F::ResourcePolicy, "was blocked due to its Cross-Origin-Resource-Policy header"),
    names(WEBKIT, F::ResourcePolicy,
        "Cancelled load to {url} because it violates the resource's Cross-Origin-Resource-Policy response header"),
    names(CHROMIUM, F::OpaqueResponseBlocked, "ERR_BLOCKED_BY_ORB"),
    names(CHROMIUM, F::OpaqueResponseBlocked,
        "Cross-Origin Read Blocking (CORB) blocked cross-origin response {url} with MIME type"),
    names(CHROMIUM, F::OpaqueResponseBlocked, "Cross-Origin Read Blocking (CORB) blocked"),
    names(FIREFOX, F::OpaqueResponseBlocked, "The resource at '{url}' was blocked by OpaqueResponseBlocking"),
    names(FIREFOX, F::OpaqueResponseBlocked, "A resource is blocked by OpaqueResponseBlocking"),
    names(CHROMIUM, F::OpaqueResponse,
        "The FetchEvent for '{url}' resulted in a network error response: an 'opaque' response was used for a \
         request whose type is not no-cors"),
    names(CHROMIUM, F::OpaqueResponse, "an 'opaque' response was used for a request whose type is not no-cors"),
    names(FIREFOX, F::OpaqueResponse,
        "Failed to load '{url}'. A ServiceWorker passed an opaque Response to FetchEvent.respondWith()"),
    names(FIREFOX, F::OpaqueResponse, "an opaque Response to FetchEvent.respondWith()"),
    names(WEBKIT, F::OpaqueResponse, "Response served by service worker is opaque"),
    names(CHROMIUM, F::TaintedCanvas, "Tainted canvases may not be exported"),
    names(CHROMIUM, F::TaintedCanvas, "The canvas has been tainted by cross-origin data"),
    names(None, F::TaintedCanvas, "SecurityError: The operation is insecure"),
    names(FIREFOX, F::OriginNotAdded, "CORS header 'Origin' cannot be added"),
    // The constructors.
    names(CHROMIUM, F::ScriptError,
        "Failed to execute 'fetch' on '{ignored}': Request cannot be constructed from a URL that includes \
         credentials"),
    names(CHROMIUM, F::ScriptError, "Failed to execute 'fetch' on"),
    names(CHROMIUM, F::ScriptError, "Failed to construct 'Request'"),
    names(CHROMIUM, F::ScriptError, "Failed to execute 'setRequestHeader' on 'XMLHttpRequest'"),
    names(FIREFOX, F::ScriptError, "Window.fetch: {ignored} is an url with embedded credentials"),
    names(FIREFOX, F::ScriptError, "HEAD or GET Request cannot have a body"),
    names(FIREFOX, F::ScriptError, "Window.fetch: Invalid request method {method}."),
    names(WEBKIT, F::ScriptError, "URL is not valid or contains user credentials"),
    names(WEBKIT, F::ScriptError, "Request has method '{method}' and cannot have a body"),
    // Texts that only say that it failed.
    vague(CHROMIUM, F::NoResponse,
        "Access to {kind} at '{url}' from origin '{origin}' has been blocked by CORS policy: The response is \
         invalid"),
    vague(CHROMIUM, F::NoResponse,
        "Access to {kind} at '{url}' (redirected from '{redirected_from}') from origin '{origin}' has been blocked \
         by CORS policy: The response is invalid"),
    vague(CHROMIUM, F::NoResponse, "has been blocked by CORS policy: The response is invalid"),
    vague(CHROMIUM, F::NoResponse,
        "Received an invalid response. Origin '{origin}' is therefore not allowed access"),
    vague(FIREFOX, F::NoResponse, "CORS request did not succeed"),
    vague(WEBKIT, F::NoResponse, "A server with the specified hostname could not be found"),
    vague(WEBKIT, F::NoResponse, "Could not connect to the server."),
    // WebSockets.
    names(CHROMIUM, F::WebSocketNotOpen,
        "WebSocket connection to '{url}' failed: Error during WebSocket handshake: Unexpected response code: {status}"),
    names(FIREFOX, F::WebSocketNotOpen, "Firefox can't establish a connection to the server at {url}"),
    names(WEBKIT, F::WebSocketNotOpen,
        "WebSocket connection to '{url}' failed: The server did not accept the WebSocket handshake"),
    names(WEBKIT, F::WebSocketNotOpen, "WebSocket connection to '{url}' failed: Unexpected response code: {status}"),
    vague(None, F::WebSocketNotOpen, "WebSocket connection to '{url}' failed"),
    vague(None, F::WebSocketNotOpen, "WebSocket connection to {url} failed"),
    vague(CHROMIUM, F::FetchFailed, "TypeError: Failed to fetch"),
    bare(CHROMIUM, F::FetchFailed, "Failed to fetch"),
    vague(CHROMIUM, F::FetchFailed, "Failed to load resource: net::ERR_FAILED"),
    vague(CHROMIUM, F::FetchFailed, "net::ERR_FAILED {status}"),
    vague(CHROMIUM, F::FetchFailed, "GET {url} net::ERR_FAILED {status}"),
    vague(CHROMIUM, F::FetchFailed, "POST {url} net::ERR_FAILED {status}"),
    vague(CHROMIUM, F::FetchFailed, "PUT {url} net::ERR_FAILED {status}"),
    vague(CHROMIUM, F::FetchFailed, "PATCH {url} net::ERR_FAILED {status}"),
    vague(CHROMIUM, F::FetchFailed, "DELETE {url} net::ERR_FAILED {status}"),
    vague(CHROMIUM, F::FetchFailed, "Failed to execute 'send' on 'XMLHttpRequest': Failed to load '{url}'"),
    vague(FIREFOX, F::FetchFailed, "NetworkError when attempting to fetch resource"),
    vague(FIREFOX, F::FetchFailed, "NetworkError: A network error occurred"),
    vague(WEBKIT, F::FetchFailed, "TypeError: Load failed"),
    bare(WEBKIT, F::FetchFailed, "Load failed"),
    vague(WEBKIT, F::FetchFailed, "Fetch API cannot load {url} due to access control checks"),
    vague(WEBKIT, F::FetchFailed, "XMLHttpRequest cannot load {url} due to access control checks"),
    vague(WEBKIT, F::FetchFailed, "EventSource cannot load {url} due to access control checks"),
    vague(WEBKIT, F::FetchFailed, "Beacon API cannot load {url} due to access control checks"),
    vague(WEBKIT, F::FetchFailed, "due to access control checks"),
    vague(WEBKIT, F::FetchFailed, "Cross-origin {kind} load denied by Cross-Origin Resource Sharing policy"),
    vague(FIREFOX, F::FetchFailed,
        "downloadable font: download {ignored}: bad URI or cross-site access not allowed source: {url}{kind=font}"),
    vague(FIREFOX, F::FetchFailed,
        "downloadable font: download {ignored}: bad URI or cross-site access not allowed{kind=font}"),
    // The errors of clients.
    vague(None, F::FetchFailed, "AxiosError: Network Error"),
    vague(None, F::FetchFailed, "Error: Network Error"),
    vague(None, F::FetchFailed, "Http failure response for {url}: 0 Unknown Error"),
    vague(None, F::FetchFailed, "Http failure response for (unknown url): 0 Unknown Error"),
    vague(None, F::FetchFailed, "ClientException: XMLHttpRequest error., uri={url}"),
    vague(None, F::FetchFailed, "XMLHttpRequest error."),
    vague(None, F::FetchFailed, "The XMLHttpRequest onError callback was called"),
    vague(None, F::FetchFailed, "Failed to complete negotiation with the server"),
    vague(None, F::FetchFailed, "Request failed due to a network error: {method} {url}"),
    vague(None, F::FetchFailed, "NetworkingError: Network Failure"),
    vague(None, F::FetchFailed, "Response closed without headers"),
    vague(None, F::FetchFailed,
        "Request has been terminated Possible causes: the network is offline, Origin is not allowed by \
         Access-Control-Allow-Origin"),
    vague(None, F::FetchFailed,
        "Failed to fetch. Possible Reasons: CORS Network Failure URL scheme must be \"http\" or \"https\" for CORS \
         request"),
    vague(None, F::FetchFailed, "CORS Error: The request has been blocked because of the CORS policy"),
    vague(None, F::FetchFailed, "tus: failed to create upload, caused by [object ProgressEvent]"),
];

const fn opens(engine: Option<Engine>, text: &'static str) -> Template {
    Template {
        engine,
        role: Role::Opens,
        text,
    }
}

const fn opens_preflight(engine: Option<Engine>, text: &'static str) -> Template {
    Template {
        engine,
        role: Role::OpensPreflight,
        text,
    }
}

const fn closes(engine: Option<Engine>, text: &'static str) -> Template {
    Template {
        engine,
        role: Role::Closes,
        text,
    }
}

const fn names(engine: Option<Engine>, failure: F, text: &'static str) -> Template {
    Template {
        engine,
        role: Role::Names(failure),
        text,
    }
}

const fn vague(engine: Option<Engine>, failure: F, text: &'static str) -> Template {
    Template {
        engine,
        role: Role::Vague(failure),
        text,
    }
}

const fn bare(engine: Option<Engine>, failure: F, text: &'static str) -> Template {
    Template {
        engine,
        role: Role::Bare(failure),
        text,
    }
}
