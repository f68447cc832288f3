//! Messages of browsers that are not about CORS.

use super::text::Compact;

/// What a text is about instead, if it has such a message.
pub(super) fn find(text: &Compact) -> Option<&'static str> {
    find_in(CAUSES, text)
}

/// The same for a text that is about one failed request only.
pub(super) fn guess(text: &Compact) -> Option<&'static str> {
    find_in(CAUSES, text).or_else(|| find_in(CONSEQUENCES, text))
}

fn find_in(known: &'static [(&str, &'static str)], text: &Compact) -> Option<&'static str> {
    let is_in = |fragment: &str| text.as_str().contains(Compact::new(fragment).as_str());
    let found = known.iter().find(|(fragment, _)| is_in(fragment));
    found.map(|(_, what)| *what)
}

/// A part of the message, and what the message is about.
const CAUSES: &[(&str, &str)] = &[
    (
        "Mixed Content:",
        "an https page cannot fetch an http URL, whatever the headers are (mixed content); use https for the server",
    ),
    (
        "Blocked loading mixed",
        "an https page cannot fetch an http URL, whatever the headers are (mixed content); use https for the server",
    ),
    (
        "Content Security Policy",
        "the page's own Content Security Policy blocks the request: add the server to its `connect-src` (or \
         `img-src`, `font-src` ...)",
    ),
    (
        "Content-Security-Policy",
        "the page's own Content Security Policy blocks the request: add the server to its `connect-src` (or \
         `img-src`, `font-src` ...)",
    ),
    (
        "ERR_CONNECTION_REFUSED",
        "no server listens at this host and port: start the server, or correct the URL",
    ),
    (
        "ERR_NAME_NOT_RESOLVED",
        "the host name does not exist: correct the URL, or the DNS entry",
    ),
    (
        "ERR_CERT_",
        "the server's certificate is not trusted: open the URL in a tab to see why",
    ),
    (
        "ERR_SSL_",
        "the https connection failed: does the server use https at this port?",
    ),
    (
        "ERR_BLOCKED_BY_CLIENT",
        "an extension of the browser, such as an ad blocker, stopped the request",
    ),
    (
        "Refused to set unsafe header",
        "the browser sets this header itself, and no script can; remove it from the script",
    ),
    (
        "Attempt to set a forbidden header was denied",
        "the browser sets this header itself, and no script can; remove it from the script",
    ),
    (
        "from accessing a cross-origin frame",
        "frames of other origins are not readable, whatever the headers are; let the two pages use `postMessage`",
    ),
    (
        "X-Frame-Options",
        "the message is about `X-Frame-Options`, which decides which sites may show the page in a frame",
    ),
    (
        "has been blocked by the client",
        "an extension of the browser stopped the request",
    ),
    (
        "TypeError: fetch failed",
        "Node.js does not use CORS: the connection failed; the error's `cause` says why",
    ),
];

const CONSEQUENCES: &[(&str, &str)] = &[
    (
        "net::ERR_",
        "the connection failed before CORS: Chromium describes its error codes at `chrome://network-errors`",
    ),
    (
        "the server responded with a status of",
        "the response was an error, and the page could read it: the reason is in the server's log",
    ),
];
