//! The handshake of a WebSocket: <https://www.rfc-editor.org/rfc/rfc6455#section-4.1>.

use cors_browser_model::{Headers, Request, Response, SentRequest, Url};
use cors_explain::PageRequest;
use cors_explain::server::value;

use crate::cli::{Probe, RequestOptions};
use crate::error::Error;
use crate::output::Printable;
use crate::request;

/// The key of the RFC's example, and what a server answers to it. A browser takes a new key each time, so that a
/// cache cannot answer; with this one, the command needs no SHA-1.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// The URL of a WebSocket with the scheme of its handshake. None for any other URL.
pub(crate) fn http_url(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once(':')?;
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "ws" => "http",
        "wss" => "https",
        _ => return None,
    };
    Some(format!("{scheme}:{rest}"))
}

/// Whether this is the URL of a WebSocket.
pub(crate) fn is_websocket(url: &Url) -> bool {
    matches!(url.scheme(), "ws" | "wss")
}

/// Reads the command line for the URL of a WebSocket. `http_url` is that of its handshake.
pub(crate) fn read(
    args: &Probe,
    given: &RequestOptions,
    http_url: &str,
) -> Result<PageRequest, Error> {
    if !args.audit {
        return Err(Error::new(
            "a WebSocket does not use CORS: add `--audit`, which tests what origins can open it",
        ));
    }
    if given.method.is_some() || given.data.is_some() {
        return Err(Error::new(
            "a WebSocket begins with a GET without a body; remove `-X` and `-d`",
        ));
    }
    let options = RequestOptions {
        method: None,
        headers: Vec::new(),
        data: None,
        credentials: given.credentials,
    };
    let mut page = request::read(http_url, &args.origin, &options)?;
    for header in &given.headers {
        let (name, value) = request::parse_header(header)?;
        // The second argument of `new WebSocket()`; and what a browser has from an earlier response.
        let is_sent = ["Sec-WebSocket-Protocol", "Cookie"]
            .iter()
            .any(|sent| name.eq_ignore_ascii_case(sent));
        match is_sent {
            true => page.request.headers.append(name, value),
            false => page.notes.push(format!(
                "a page cannot set `{}` for a WebSocket; a browser leaves it out",
                Printable(name)
            )),
        }
    }
    page.request.url = Url::parse(&args.url).map_err(|error| Error::new(error.to_string()))?;
    Ok(page)
}

/// A handshake. For the URL of a WebSocket with the headers from the command line; those for another URL are not
/// sent, because a page cannot set them for a WebSocket.
pub(crate) fn request(page: &Request, origin: Option<&str>) -> SentRequest {
    let mut headers = match is_websocket(&page.url) {
        true => page.headers.clone(),
        false => Headers::new(),
    };
    headers.append("Connection", "Upgrade");
    headers.append("Upgrade", "websocket");
    headers.append("Sec-WebSocket-Version", "13");
    headers.append("Sec-WebSocket-Key", KEY);
    if let Some(origin) = origin {
        headers.append("Origin", origin);
    }
    SentRequest {
        method: "GET".to_owned(),
        url: page.url.clone(),
        headers,
        credentials: false,
    }
}

/// Whether this request is a handshake.
pub(crate) fn is_handshake(request: &SentRequest) -> bool {
    request.headers.contains("Sec-WebSocket-Key")
}

/// Why a browser opens no WebSocket after this response. None if it opens one.
///
/// Subprotocols and extensions are not compared: a page may ask for whatever the server wants.
pub(crate) fn problem(response: &Response) -> Option<String> {
    let has_token = |name, token: &str| {
        let value = value(&response.headers, name).unwrap_or_default();
        let mut tokens = value.split(',');
        tokens.any(|found| found.trim().eq_ignore_ascii_case(token))
    };
    let accept = value(&response.headers, "Sec-WebSocket-Accept");
    match response.status {
        101 if !has_token("Upgrade", "websocket") => {
            Some("status 101 without `Upgrade: websocket`".to_owned())
        }
        101 if !has_token("Connection", "upgrade") => {
            Some("status 101 without `Connection: Upgrade`".to_owned())
        }
        101 if accept.as_deref().map(str::trim) != Some(ACCEPT) => {
            Some("status 101 without the right `Sec-WebSocket-Accept`".to_owned())
        }
        101 => None,
        status => Some(format!("status {status}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes() {
        #[track_caller]
        fn check(text: &str, expected: Option<&str>) {
            assert_eq!(http_url(text).as_deref(), expected, "{text}");
            let is_known = Url::parse(text).is_ok_and(|url| is_websocket(&url));
            assert_eq!(is_known, expected.is_some(), "{text}");
        }
        check("ws://a.example/x", Some("http://a.example/x"));
        check("WSS://a.example:443/", Some("https://a.example:443/"));
        check("ws://[::1]:8080/?a=b#c", Some("http://[::1]:8080/?a=b#c"));
        check("https://a.example/ws:", None);
        check("wsx://a.example", None);
        check("ws", None);
        check("", None);
    }

    #[test]
    fn what_opens_a_websocket() {
        #[track_caller]
        fn check(status: u16, headers: &[(&str, &str)], expected: Option<&str>) {
            let response = Response {
                status,
                reason: String::new(),
                headers: headers.iter().copied().collect(),
            };
            assert_eq!(problem(&response).as_deref(), expected, "{headers:?}");
        }
        let upgrade = ("Upgrade", "websocket");
        let connection = ("Connection", "Upgrade");
        let accept = ("Sec-WebSocket-Accept", ACCEPT);
        check(101, &[upgrade, connection, accept], None);
        check(
            101,
            &[
                ("upgrade", "WebSocket"),
                ("connection", "keep-alive, upgrade"),
                accept,
                ("sec-websocket-protocol", "chat"),
            ],
            None,
        );
        check(200, &[upgrade, connection, accept], Some("status 200"));
        let no_upgrade = Some("status 101 without `Upgrade: websocket`");
        check(101, &[], no_upgrade);
        check(101, &[("Upgrade", "h2c"), connection, accept], no_upgrade);
        let no_connection = Some("status 101 without `Connection: Upgrade`");
        check(101, &[upgrade, accept], no_connection);
        let no_accept = Some("status 101 without the right `Sec-WebSocket-Accept`");
        check(101, &[upgrade, connection], no_accept);
        check(101, &[upgrade, connection, accept, accept], no_accept);
        check(
            101,
            &[
                upgrade,
                connection,
                ("Sec-WebSocket-Accept", &ACCEPT.to_lowercase()),
            ],
            no_accept,
        );
    }
}
