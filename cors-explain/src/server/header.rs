//! The headers of a response that findings depend on.

use cors_browser_model::{Headers, Response};

/// The name of the header that says which origin may read a response.
pub const ALLOW_ORIGIN: &str = "Access-Control-Allow-Origin";
pub(crate) const ALLOW_CREDENTIALS: &str = "Access-Control-Allow-Credentials";
pub(crate) const MAX_AGE: &str = "Access-Control-Max-Age";

/// A header's value, with its lines joined; bytes that are not UTF-8 are replaced.
///
/// # Examples
///
/// ```
/// use cors_browser_model::Headers;
/// use cors_explain::server::value;
///
/// let headers = Headers::from([("Vary", "Accept"), ("Vary", "Origin")]);
/// assert_eq!(value(&headers, "vary").as_deref(), Some("Accept, Origin"));
/// ```
pub fn value(headers: &Headers, name: &str) -> Option<String> {
    let value = headers.get(name)?;
    Some(String::from_utf8_lossy(&value).into_owned())
}

/// Whether a response names this origin.
///
/// # Examples
///
/// ```
/// use cors_browser_model::Response;
/// use cors_explain::server::{ALLOW_ORIGIN, names_everybody, names_origin};
///
/// let response = Response::new(200, [(ALLOW_ORIGIN, "https://app.example.com")]);
/// assert!(names_origin(&response, "https://app.example.com"));
/// assert!(!names_origin(&response, "https://www.example.com"));
/// assert!(!names_everybody(&response));
/// ```
pub fn names_origin(response: &Response, origin: &str) -> bool {
    response.headers.get(ALLOW_ORIGIN).as_deref() == Some(origin.as_bytes())
}

/// Whether a response allows any origin. [`names_origin`] has an example.
pub fn names_everybody(response: &Response) -> bool {
    names_origin(response, "*")
}

/// Whether a response allows credentials.
///
/// # Examples
///
/// ```
/// use cors_browser_model::Response;
/// use cors_explain::server::allows_credentials;
///
/// let response = |value| Response::new(200, [("Access-Control-Allow-Credentials", value)]);
/// assert!(allows_credentials(&response("true")));
/// assert!(!allows_credentials(&response("True")));
/// ```
pub fn allows_credentials(response: &Response) -> bool {
    response.headers.get(ALLOW_CREDENTIALS).as_deref() == Some(b"true")
}

/// Whether a response tells caches that it depends on `Origin`.
///
/// # Examples
///
/// ```
/// use cors_browser_model::Response;
/// use cors_explain::server::varies_by_origin;
///
/// assert!(varies_by_origin(&Response::new(200, [("Vary", "Accept, origin")])));
/// assert!(!varies_by_origin(&Response::new(200, [("Vary", "Accept")])));
/// ```
pub fn varies_by_origin(response: &Response) -> bool {
    let mut lines = response.headers.values("Vary");
    lines.any(cors_core::adapter::varies_by_origin)
}
