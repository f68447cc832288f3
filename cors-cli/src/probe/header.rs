//! The headers of a response that the command reads.

use cors_browser_model::{Headers, Response};

pub(crate) const ALLOW_ORIGIN: &str = "Access-Control-Allow-Origin";
pub(crate) const ALLOW_CREDENTIALS: &str = "Access-Control-Allow-Credentials";
pub(crate) const MAX_AGE: &str = "Access-Control-Max-Age";

/// Whether a header is relevant for what browsers do with a response: the CORS protocol, redirects, caches, and
/// other mechanisms that block.
pub(crate) fn is_relevant(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with("access-control-")
        || name.starts_with("sec-websocket-")
        || matches!(
            name.as_str(),
            "vary"
                | "upgrade"
                | "timing-allow-origin"
                | "location"
                | "allow"
                | "www-authenticate"
                | "content-type"
                | "server"
        )
}

/// A header's value, with its lines joined; bytes that are not UTF-8 are replaced.
pub(crate) fn value(headers: &Headers, name: &str) -> Option<String> {
    let value = headers.get(name)?;
    Some(String::from_utf8_lossy(&value).into_owned())
}

/// Whether a response names this origin.
pub(crate) fn names_origin(response: &Response, origin: &str) -> bool {
    response.headers.get(ALLOW_ORIGIN).as_deref() == Some(origin.as_bytes())
}

/// Whether a response allows any origin.
pub(crate) fn names_everybody(response: &Response) -> bool {
    names_origin(response, "*")
}

/// Whether a response allows credentials.
pub(crate) fn allows_credentials(response: &Response) -> bool {
    response.headers.get(ALLOW_CREDENTIALS).as_deref() == Some(b"true")
}

/// Whether a response tells caches that it depends on `Origin`.
pub(crate) fn varies_by_origin(response: &Response) -> bool {
    let mut lines = response.headers.values("Vary");
    lines.any(cors_core::adapter::varies_by_origin)
}
