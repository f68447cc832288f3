//! The headers that a browser sends by itself, in addition to those of the model. A server may vary on each of them.

use cors_browser_model::{Headers, Origin, SentRequest, Url};
use cors_explain::is_loopback;

use crate::probe::handshake;

/// The headers for which `-H` gives the value of another browser or of another configuration. No script can set them.
pub(crate) const OWN: [&str; 2] = ["Accept-Encoding", "Referer"];

/// The headers of a request. `page` is the origin of the page that sends it, and `own` what replaces the values of
/// [`OWN`].
///
/// Engines differ in details, such as the languages. These are Chromium's values, because servers see them most often.
pub(crate) fn headers(request: &SentRequest, page: Option<&Origin>, own: &Headers) -> Headers {
    let mut headers = Headers::new();
    let mut add = |name: &str, value: Option<String>| {
        if own.contains(name) {
            for value in own.values(name) {
                headers.append(name, value);
            }
        } else if let Some(value) = value.filter(|_| !request.headers.contains(name)) {
            headers.append(name, value);
        }
    };
    let encodings = match is_trustworthy(&request.url) {
        true => "gzip, deflate, br, zstd",
        // Proxies have damaged responses in other encodings.
        false => "gzip, deflate",
    };
    add("Accept-Encoding", Some(encodings.to_owned()));
    add("Accept-Language", Some("en-US,en;q=0.9".to_owned()));
    // A handshake has none.
    let page = page.filter(|_| !handshake::is_handshake(request));
    add(
        "Referer",
        page.and_then(|page| referrer(page, &request.url)),
    );
    headers
}

/// The referrer by the default policy,
/// [`strict-origin-when-cross-origin`](https://w3c.github.io/webappsec-referrer-policy/#referrer-policy-strict-origin-when-cross-origin).
/// Of the page only its origin is known, so a request to the same origin has no path in it either.
fn referrer(page: &Origin, url: &Url) -> Option<String> {
    let page = Url::parse(&page.to_string()).ok()?;
    let is_downgrade = is_trustworthy(&page) && !is_trustworthy(url);
    (matches!(page.scheme(), "http" | "https") && !is_downgrade).then(|| page.to_string())
}

/// Whether a URL is [potentially trustworthy](https://w3c.github.io/webappsec-secure-contexts/#is-url-trustworthy).
fn is_trustworthy(url: &Url) -> bool {
    matches!(url.scheme(), "https" | "wss") || is_loopback(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_browser_adds() {
        #[track_caller]
        fn check(page: &str, url: &str, lines: &[(&str, &str)], expected: &[(&str, &str)]) {
            let request = SentRequest {
                method: "GET".to_owned(),
                url: Url::parse(url).unwrap(),
                headers: lines.iter().copied().collect(),
                credentials: false,
            };
            let page = Origin::parse(page).unwrap();
            let found = headers(&request, Some(&page), &Headers::new());
            assert_eq!(found, expected.iter().copied().collect(), "{page} {url}");
        }
        const ALL: (&str, &str) = ("Accept-Encoding", "gzip, deflate, br, zstd");
        const FEW: (&str, &str) = ("Accept-Encoding", "gzip, deflate");
        const LANGUAGE: (&str, &str) = ("Accept-Language", "en-US,en;q=0.9");
        let (https, http) = ("https://a.example", "http://a.example:8080");
        let of_https = ("Referer", "https://a.example/");
        let of_http = ("Referer", "http://a.example:8080/");
        check(
            https,
            "https://b.example/x?y",
            &[],
            &[ALL, LANGUAGE, of_https],
        );
        check(
            https,
            "https://a.example/x?y",
            &[],
            &[ALL, LANGUAGE, of_https],
        );
        // Not from https to http, except to the user's own machine.
        check(https, "http://b.example/", &[], &[FEW, LANGUAGE]);
        check(
            https,
            "http://localhost:3000/",
            &[],
            &[ALL, LANGUAGE, of_https],
        );
        check(http, "http://b.example/", &[], &[FEW, LANGUAGE, of_http]);
        check(http, "https://b.example/", &[], &[ALL, LANGUAGE, of_http]);
        check("null", "https://b.example/", &[], &[ALL, LANGUAGE]);
        // A script can set this one.
        let german = ("accept-language", "de");
        check(https, "https://b.example/", &[german], &[ALL, of_https]);
        let key = ("Sec-WebSocket-Key", "x");
        check(https, "wss://b.example/", &[key], &[ALL, LANGUAGE]);
        check(https, "ws://b.example/", &[key], &[FEW, LANGUAGE]);
    }

    #[test]
    fn values_from_the_command_line() {
        let request = SentRequest {
            method: "GET".to_owned(),
            url: Url::parse("https://b.example/").unwrap(),
            headers: Headers::new(),
            credentials: false,
        };
        let own = Headers::from([
            ("accept-encoding", "br"),
            ("Referer", "https://c.example/x"),
        ]);
        let found = headers(&request, None, &own);
        assert_eq!(found.get("Accept-Encoding").as_deref(), Some(&b"br"[..]));
        assert_eq!(
            found.get("Referer").as_deref(),
            Some(&b"https://c.example/x"[..])
        );
        assert_eq!(found.values("Accept-Encoding").count(), 1);
    }
}
