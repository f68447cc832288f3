//! Who may ask: the program listens on the user's own machine, where every page that they have open can reach
//! it.

use http::header::{CONTENT_TYPE, HOST, HeaderName, ORIGIN};
use http::request::Parts;
use http::{Method, StatusCode};

use crate::site::Site;

/// Why a request gets no answer but this.
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
    // A name of someone else's that leads here, by which their page would be of the same origin as we are (DNS
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
    // What a form can send, any page can without being asked.
    let content_type = only(request, CONTENT_TYPE).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        let message = "the body must be JSON, with `Content-Type: application/json`";
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    }
    Ok(())
}

/// The value of a field that is there once.
fn only(request: &Parts, name: HeaderName) -> Option<&str> {
    let mut values = request.headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}
