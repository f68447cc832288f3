//! What each driver does with requests and responses. The applications are the same:
//!
//! - `/lines` has two lines `x-line`, and `x-latin` whose value is not UTF-8 where the framework can send it.
//! - `/echo` responds to PUT, POST, PATCH and DELETE with the body, and with the request's `x-line` lines and `Host`.
//! - `/endless` has a body without an end.
//! - `/cookie` responds with the cookie `sid`.

use bytes::Bytes;
use cors_test::{Application, Page};

mod actix;
mod remote;
mod rocket;
mod tower;

/// A handler's response to `/echo`.
fn echo(lines: &[&str], host: &str, body: &[u8]) -> String {
    format!(
        "{} {host} {}",
        lines.join("+"),
        String::from_utf8_lossy(body)
    )
}

#[derive(Clone, Copy)]
struct Row {
    method: &'static str,
    path: &'static str,
    body: &'static str,
    max_body: usize,
    /// The status and the body, or the error.
    expected: Result<(u16, &'static str), &'static str>,
}

const ROWS: [Row; 9] = [
    row("GET", "/lines", "", 100, Ok((200, "lines"))),
    row("HEAD", "/lines", "", 100, Ok((200, ""))),
    row("GET", "/lines", "", 0, Ok((200, ""))),
    row("GET", "/lines", "", 5, Ok((200, "lines"))),
    row("GET", "/endless", "", 0, Ok((200, ""))),
    row(
        "POST",
        "/echo?a=%20b",
        "",
        100,
        Ok((200, "a+b api.example.com:8443 ")),
    ),
    row(
        "PATCH",
        "/echo",
        "body",
        100,
        Ok((200, "a+b api.example.com:8443 body")),
    ),
    row(
        "DELETE",
        "/echo",
        "body",
        100,
        Ok((200, "a+b api.example.com:8443 body")),
    ),
    row("GET", "/cookie", "", 100, Ok((200, "1"))),
];

const fn row(
    method: &'static str,
    path: &'static str,
    body: &'static str,
    max_body: usize,
    expected: Result<(u16, &'static str), &'static str>,
) -> Row {
    Row {
        method,
        path,
        body,
        max_body,
        expected,
    }
}

/// Whether a framework can send a value that is not UTF-8.
#[derive(Clone, Copy, PartialEq)]
enum Latin {
    Sent,
    Utf8Only,
}

async fn check<D>(app: &mut impl Application<D>, latin: Latin) {
    for Row {
        method,
        path,
        body,
        max_body,
        expected,
    } in ROWS
    {
        let mut request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("Host", "api.example.com:8443")
            .header("x-line", "a")
            .header("Cookie", "other=2; sid=1")
            .header("x-latin", &b"\xe9"[..])
            .header("x-line", "b");
        if !body.is_empty() {
            request = request.header("Content-Length", body.len());
        }
        let response = app
            .respond(request.body(body.into()).unwrap(), max_body)
            .await;
        let response = response.map(|response| {
            if path == "/lines" {
                let lines = response.headers().get_all("x-line").iter();
                let lines: Vec<_> = lines.map(|line| line.to_str().unwrap()).collect();
                assert_eq!(lines, ["1", "2"], "{method} {path}");
                let found = response
                    .headers()
                    .get("x-latin")
                    .map(|value| value.as_bytes());
                let sent = (latin == Latin::Sent).then_some(&b"caf\xe9"[..]);
                assert_eq!(found, sent, "{method} {path}");
            }
            let (status, body) = (response.status().as_u16(), response.into_body());
            (status, String::from_utf8_lossy(&body).into_owned())
        });
        let response = response.as_ref().map(|(status, body)| (*status, &**body));
        assert_eq!(
            response.map_err(|error| &**error),
            expected,
            "{method} {path} {max_body}"
        );
    }
    for (path, max_body) in [("/lines", 4), ("/endless", 1), ("/endless", 1 << 20)] {
        let request = http::Request::get(path).header("Host", "api.example.com");
        let response = app
            .respond(request.body(Bytes::new()).unwrap(), max_body)
            .await;
        let error = response.unwrap_err();
        assert!(
            error.starts_with("the body: "),
            "{path} {max_body}: {error}"
        );
    }
    // Through a page.
    let page = Page::at("https://app.example.com");
    let seen = page.get("https://api.example.com/lines").send(app).await;
    seen.assert_blocked();
    let page = Page::at("https://api.example.com");
    let seen = page.get("https://api.example.com/lines").send(app).await;
    seen.status(200).header("x-line");
    assert_eq!(seen.text(), "lines");
    page.event_source("https://api.example.com/endless")
        .send(app)
        .await
        .status(200);
    page.get("https://api.example.com/missing")
        .send(app)
        .await
        .status(404);
}
