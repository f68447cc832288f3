//! Checks who may send requests: the program listens on the user's machine, where every page that is open in a browser
//! can reach it.

use http::header::{CONTENT_TYPE, HOST, HeaderName, ORIGIN};
use http::request::Parts;
use http::{Method, StatusCode};

use crate::site::Site;

/// The response to a request that is refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
        }
    }
}

/// Checks what can be known before the body is read.
pub(crate) fn check(site: &Site, request: &Parts) -> Result<(), Refusal> {
    let host = site.host();
    // The name of another site that resolves to this machine would give that site's page our origin (DNS
    // rebinding).
    if only(request, HOST) != Some(host) {
        let message = format!("this is `{host}` and no other host; open {}", site.origin());
        return Err(Refusal::new(StatusCode::MISDIRECTED_REQUEST, message));
    }
    if request.method != Method::POST {
        return Ok(());
    }
    if only(request, ORIGIN) != Some(site.origin()) {
        let message = format!("only pages of `{}` may send this", site.origin());
        return Err(Refusal::new(StatusCode::FORBIDDEN, message));
    }
    // Any page can send what a form can send, without a preflight.
    let content_type = only(request, CONTENT_TYPE).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        let message = "the body must be JSON, with `Content-Type: application/json`";
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    }
    Ok(())
}

/// The value of a header that has exactly one line.
fn only(request: &Parts, name: HeaderName) -> Option<&str> {
    let mut values = request.headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}
