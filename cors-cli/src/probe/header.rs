//! The headers of a response that the command shows.

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
