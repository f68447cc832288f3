//! What browsers also print, and is no matter of CORS.

use super::text::Compact;

/// What it is instead, if the text has a message of that kind in it.
pub(super) fn find(text: &Compact) -> Option<&'static str> {
    find_in(CAUSES, text)
}

/// The same where the text is known to be about no more than one failed request.
pub(super) fn guess(text: &Compact) -> Option<&'static str> {
    find_in(CAUSES, text).or_else(|| find_in(CONSEQUENCES, text))
}

fn find_in(known: &'static [(&str, &'static str)], text: &Compact) -> Option<&'static str> {
    let is_in = |fragment: &str| text.as_str().contains(Compact::new(fragment).as_str());
    let found = known.iter().find(|(fragment, _)| is_in(fragment));
    found.map(|(_, what)| *what)
}

/// A part of the message, and what it is.
const CAUSES: &[(&str, &str)] = &[
    (
        "Mixed Content:",
        "mixed content: an https page may not fetch from http; give the server https, no header helps",
    ),
    (
        "Blocked loading mixed",
        "mixed content: an https page may not fetch from http; give the server https, no header helps",
    ),
    (
        "Content Security Policy",
        "the page's own Content Security Policy: add the server to `connect-src` (or to `img-src`, `font-src` ...) in \
         what the page's server sends",
    ),
    (
        "Content-Security-Policy",
        "the page's own Content Security Policy: add the server to `connect-src` (or to `img-src`, `font-src` ...) in \
         what the page's server sends",
    ),
    (
        "ERR_CONNECTION_REFUSED",
        "nothing listens at this host and port: start the server, or correct the URL",
    ),
    (
        "ERR_NAME_NOT_RESOLVED",
        "the host name does not exist: correct the URL, or its DNS",
    ),
    (
        "ERR_CERT_",
        "the server's certificate is not trusted: open the URL in a tab to see why",
    ),
    (
        "ERR_SSL_",
        "no https connection could be made: does the server speak https at this port?",
    ),
    (
        "ERR_BLOCKED_BY_CLIENT",
        "an extension of the browser, such as an ad blocker, stopped the request",
    ),
    (
        "ERR_BLOCKED_BY_RESPONSE",
        "`Cross-Origin-Resource-Policy` or `Cross-Origin-Embedder-Policy`, which are not CORS: the response has to \
         carry `Cross-Origin-Resource-Policy: cross-origin`, or the page has to fetch it with CORS",
    ),
    (
        "Cross-Origin-Resource-Policy response header",
        "`Cross-Origin-Resource-Policy`, which is not CORS: the response has to carry \
         `Cross-Origin-Resource-Policy: cross-origin`",
    ),
    (
        "ERR_BLOCKED_BY_ORB",
        "Opaque Response Blocking, which is not CORS: the URL of an image or a script answered with something else, \
         such as an HTML or JSON error",
    ),
    (
        "X-Frame-Options",
        "`X-Frame-Options`, which is not CORS: it says who may show the page in a frame",
    ),
    (
        "has been blocked by the client",
        "an extension of the browser stopped the request",
    ),
    (
        "TypeError: fetch failed",
        "Node.js, which knows no CORS: the connection failed; its `cause` says why",
    ),
];

const CONSEQUENCES: &[(&str, &str)] = &[
    (
        "net::ERR_",
        "the connection failed before CORS was asked: Chromium describes its error codes at `chrome://network-errors`",
    ),
    (
        "the server responded with a status of",
        "the response was an error, and the browser let the page read it: the reason is in the server's log",
    ),
];
