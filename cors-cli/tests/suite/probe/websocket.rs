//! `--audit` of WebSockets: what origins can open one.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Mutex;

use serde_json::Value;

use super::server::{APP, Done, Request, Scripted, probe, probe_with};

/// The answer to the key of the RFC's example, which the command sends.
const OPEN: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
const FORBIDDEN: &str = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
const EVIL: &str = "https://cors-audit.example";

fn is_handshake(request: &Request) -> bool {
    let is = |name, expected: &str| {
        let value = request.header(name);
        value.is_some_and(|value| value.eq_ignore_ascii_case(expected))
    };
    request.method == "GET"
        && is("Connection", "Upgrade")
        && is("Upgrade", "websocket")
        && is("Sec-WebSocket-Version", "13")
        && is("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
}

/// A server with a WebSocket for some origins, which waits for the client to close it.
fn server(accepts: impl Fn(&str) -> bool + Send + Sync + 'static) -> Scripted {
    Scripted::raw(
        move |request, stream| match is_handshake(request) && accepts(request.origin()) {
            true => {
                let _ = stream.write_all(OPEN.as_bytes());
                wait(stream);
            }
            false => drop(stream.write_all(FORBIDDEN.as_bytes())),
        },
    )
}

/// The output without the breaks between lines.
fn unwrapped(mut done: Done) -> Done {
    let words: Vec<_> = done.stdout.split_whitespace().collect();
    done.stdout = words.join(" ");
    done
}

/// Waits until the client closes the connection.
fn wait(stream: &mut TcpStream) {
    let _ = stream.read(&mut [0]);
}

fn url(server: &Scripted) -> String {
    format!("ws://127.0.0.1:{}/ws?token=secret", server.port)
}

/// Audits the URL of a WebSocket, also as JSON.
#[track_caller]
fn audit(server: &Scripted, args: &str, status: i32, expected: &[&str]) -> Done {
    let args = format!("--audit --delay 0 --origin {APP} {args}");
    let done = probe(&format!("--json {args}"), &url(server)).has_status(status);
    assert_eq!(done.findings(), expected, "{}", done.stdout);
    let sent = server.requests();
    assert!(sent.iter().all(is_handshake), "{sent:#?}");
    let json = done.json();
    assert_eq!(json["requests"], sent.len());
    assert_eq!(
        json["url"],
        format!("ws://127.0.0.1:{}/ws?token=****", server.port)
    );
    probe(&args, &url(server))
        .has_status(status)
        .does_not_say(&["secret"])
}

#[test]
fn the_url_of_a_websocket() {
    #[track_caller]
    fn check(
        accepts: impl Fn(&str) -> bool + Send + Sync + 'static,
        status: i32,
        expected: &[&str],
        says: &[&str],
    ) {
        unwrapped(audit(&server(accepts), "", status, expected)).says(says);
    }
    check(
        |origin| origin == APP,
        0,
        &[],
        &[
            "✓ allowed the allowed origin itself: https://app.example.com ✓",
            "✓ not allowed an unrelated origin, with a WebSocket: https://cors-audit.example ✓",
            "✓ not allowed a sandboxed frame or a file: null –",
            "fine: no problems found",
        ],
    );
    check(
        |_| true,
        1,
        &["websocket-any-origin"],
        &[
            "✗ allowed an unrelated origin, with a WebSocket: https://cors-audit.example warning[websocket-any-origin]",
            "✗ allowed a sandboxed frame or a file: null (like every origin)",
        ],
    );
    check(
        |_| false,
        1,
        &["origin-not-allowed"],
        &[
            "✗ not allowed the allowed origin itself",
            "`https://app.example.com` itself cannot open the WebSocket (status 403)",
        ],
    );
    check(
        |origin| origin == EVIL,
        1,
        &["websocket-any-origin", "origin-not-allowed"],
        &[],
    );
    // The same errors in the matching of origins as with CORS.
    check(
        |origin| origin.starts_with("https://app.example.com"),
        1,
        &["prefix-match"],
        &["the owner of", "can open a WebSocket"],
    );
    check(
        |origin| origin.ends_with("app.example.com"),
        1,
        &["suffix-match", "plain-http-accepted"],
        &[],
    );
    check(
        |origin| [APP, "null"].contains(&origin),
        1,
        &["null-accepted"],
        &["can then open a WebSocket"],
    );
}

/// A browser opens none of them.
#[test]
fn what_is_not_a_websocket() {
    #[track_caller]
    fn check(head: &'static str, why: &str) {
        let server = Scripted::raw(move |_, stream| drop(stream.write_all(head.as_bytes())));
        let done = audit(&server, "", 1, &["origin-not-allowed"]);
        unwrapped(done)
            .says(&[&format!("cannot open the WebSocket ({why})")])
            .does_not_say(&["✓ allowed", "✗ allowed"]);
    }
    check(
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        "status 101 without `Upgrade: websocket`",
    );
    check(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: AAAA\r\n\r\n",
        "status 101 without the right `Sec-WebSocket-Accept`",
    );
    check(
        "HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nAccess-Control-Allow-Credentials: true\r\n\
         Content-Length: 0\r\n\r\n",
        "status 200",
    );
    check(
        "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n",
        "status 302",
    );
}

/// With another URL, one handshake of a foreign origin is one of the tests.
#[test]
fn any_other_url() {
    #[track_caller]
    fn check(
        handshake: impl Fn(&Request, &mut TcpStream) + Send + Sync + 'static,
        status: i32,
        expected: &[&str],
        says: &[&str],
    ) {
        let server = Scripted::raw(move |request, stream| {
            if request.header("Upgrade").is_some() {
                return handshake(request, stream);
            }
            let mut lines = "Vary: Origin\r\n".to_owned();
            if request.origin() == APP {
                lines += "Access-Control-Allow-Origin: https://app.example.com\r\n";
            }
            let head = format!("HTTP/1.1 200 OK\r\n{lines}Content-Length: 0\r\n\r\n");
            let _ = stream.write_all(head.as_bytes());
        });
        let args = format!("--audit --delay 0 --timeout 2 -H X-Lang:en --origin {APP}");
        let done = probe(&format!("--json {args}"), &server.url()).has_status(status);
        assert_eq!(done.findings(), expected, "{}", done.stdout);
        let sent = server.requests();
        let handshakes: Vec<_> = sent.iter().filter(|sent| is_handshake(sent)).collect();
        let [handshake] = handshakes[..] else {
            panic!("one handshake: {sent:#?}");
        };
        assert_eq!(handshake.origin(), EVIL);
        assert_eq!(handshake.header("X-Lang"), None, "no page can set it");
        probe(&args, &server.url()).has_status(status).says(says);
    }
    fn write(stream: &mut TcpStream, bytes: &[u8]) {
        let _ = stream.write_all(bytes);
    }
    check(
        |_, stream| write(stream, OPEN.as_bytes()),
        1,
        &["websocket-any-origin"],
        &[
            "✗ allowed     an unrelated origin, with a WebSocket: https://cors-audit.example warning[websocket-any-origin]",
            "✓ not allowed an unrelated origin: https://cors-audit.example\n",
            "✓ not allowed a sandboxed frame or a file: null\n",
        ],
    );
    let refused =
        ["✓ not allowed an unrelated origin, with a WebSocket: https://cors-audit.example\n"];
    check(
        |_, stream| write(stream, FORBIDDEN.as_bytes()),
        0,
        &[],
        &refused,
    );
    check(
        |_, stream| write(stream, b"HTTP/1.1 101 Switching Protocols\r\n\r\n"),
        0,
        &[],
        &refused,
    );
    // The headers of CORS in the response to a handshake mean nothing.
    check(
        |request, stream| {
            let origin = request.origin();
            let head = format!(
                "HTTP/1.1 426 Upgrade Required\r\nAccess-Control-Allow-Origin: {origin}\r\nContent-Length: 0\r\n\r\n"
            );
            write(stream, head.as_bytes());
        },
        0,
        &[],
        &refused,
    );
    // What does not answer has no WebSocket.
    check(
        |_, _| {},
        0,
        &[],
        &[
            "· no response an unrelated origin, with a WebSocket: ",
            "the connection was closed",
        ],
    );
    check(
        |_, stream| write(stream, b"\xff\x1b[31m\x07garbage\r\n\r\n\r\n"),
        0,
        &[],
        &[
            "· no response an unrelated origin, with a WebSocket: ",
            "the response is not valid HTTP",
        ],
    );
}

/// An error with WebSockets does not explain one with CORS, nor the other way round.
#[test]
fn both_kinds_of_errors() {
    #[track_caller]
    fn check(accepts: fn(&str) -> bool, expected: &[&str]) {
        let server = Scripted::raw(move |request, stream| {
            let origin = request.origin();
            let head = match accepts(origin) {
                _ if is_handshake(request) => OPEN.to_owned(),
                true => format!(
                    "HTTP/1.1 200 OK\r\nVary: Origin\r\nAccess-Control-Allow-Origin: {origin}\r\n\r\n"
                ),
                false => "HTTP/1.1 200 OK\r\nVary: Origin\r\n\r\n".to_owned(),
            };
            let _ = stream.write_all(head.as_bytes());
        });
        let args = format!("--audit --delay 0 --json --origin {APP}");
        let done = probe(&args, &server.url()).has_status(1);
        assert_eq!(done.findings(), expected, "{}", done.stdout);
    }
    check(
        |origin| [APP, "null"].contains(&origin),
        &["websocket-any-origin", "null-accepted"],
    );
    check(
        |origin| !origin.is_empty(),
        &["reflected-origin", "websocket-any-origin"],
    );
}

#[test]
fn every_connection_is_closed_at_once() {
    // A new connection waits until the one before is closed.
    let one = Mutex::new(());
    let server = Scripted::raw(move |request, stream| {
        let _open = one.lock();
        let _ = stream.write_all(OPEN.as_bytes());
        // Frames without an end, which the command does not read.
        if request.origin() == EVIL {
            while stream.write_all(b"\x81\x05hello").is_ok() {}
        }
        wait(stream);
    });
    audit(&server, "--timeout 5", 1, &["websocket-any-origin"]);
}

#[test]
fn servers_that_do_not_respond() {
    #[track_caller]
    fn check(answer: impl Fn(&Request, &mut TcpStream) + Send + Sync + 'static, expected: &str) {
        let server = Scripted::raw(answer);
        let timeout = match expected.contains("0.2 s") {
            true => "--timeout 0.2",
            false => "",
        };
        let args = format!("--audit --delay 0 {timeout} --origin {APP}");
        let where_ = format!(
            "no response from `ws://127.0.0.1:{}/ws?token=****`: ",
            server.port
        );
        let done = probe(&args, &url(&server)).has_status(2);
        done.complains(&[&where_, expected]).does_not_say(&[
            "✓",
            "✗",
            "warning",
            "\u{7}",
            "\u{1b}[31m",
        ]);
    }
    check(|_, stream| wait(stream), "no response within 0.2 s");
    check(|_, _| {}, "the connection was closed before the end");
    check(
        |_, stream| drop(stream.write_all(b"\xff\x1b[31m\x07garbage\r\n\r\n\r\n")),
        "the response is not valid HTTP",
    );
}

#[test]
fn hostile_headers_are_escaped() {
    #[track_caller]
    fn check(line: &'static [u8], status: i32) {
        let server = Scripted::raw(move |_, stream| {
            let head = [&b"HTTP/1.1 101 X\r\n"[..], line, b"\r\n\r\n"].concat();
            let _ = stream.write_all(&head);
        });
        for args in ["", "-v", "--json"] {
            let args = format!("--audit --delay 0 --origin {APP} {args}");
            let done = probe(&args, &url(&server)).has_status(status);
            done.does_not_say(&["\u{1b}[31m", "\u{9b}", "\u{202e}", "\u{7}"]);
        }
    }
    check(b"Upgrade: \xc2\x9b31m\xe2\x80\xae", 1);
    check(b"Sec-WebSocket-Accept: \xff\xc2\x9b31m", 1);
    check(b"Sec-WebSocket-Protocol: \xe2\x80\xaex", 1);
    check(b"Upgrade: \x1b[31m\x07", 2);
    check(b"\x1b[31m\x07: x", 2);
}

#[test]
fn what_is_sent() {
    let server = server(|origin| origin == APP);
    let args = [
        "--audit",
        "--delay",
        "0",
        "-v",
        "--origin",
        APP,
        "-H",
        "Cookie: id=secret",
        "-H",
        "sec-websocket-protocol: chat",
        "-H",
        "X-Lang: en",
        "-H",
        "Sec-WebSocket-Key: x",
    ];
    let done = probe_with(&args, &url(&server)).has_status(0);
    done.says(&[
        "note: a page cannot set `X-Lang` for a WebSocket; a browser leaves it out",
        "note: a page cannot set `Sec-WebSocket-Key` for a WebSocket; a browser leaves it out",
        "    > cookie: id=****\n"
            .replace("cookie", "Cookie")
            .as_str(),
        "    > Upgrade: websocket\n",
        "    < upgrade: websocket\n",
    ])
    .does_not_say(&["secret", "sends no cookies"]);
    for request in server.requests() {
        assert!(is_handshake(&request), "{request:#?}");
        assert_eq!(request.target, "/ws?token=secret");
        assert_eq!(request.header("Cookie"), Some("id=secret"));
        assert_eq!(request.header("Sec-WebSocket-Protocol"), Some("chat"));
        assert_eq!(request.header("X-Lang"), None);
    }
}

#[test]
fn as_data() {
    let server = server(|_| true);
    let args = format!("--audit --delay 0 --json --origin {APP}");
    let json = probe(&args, &url(&server)).json();
    let tests = json["tests"].as_array().unwrap();
    assert!(tests.iter().all(|test| test["websocket"] == true));
    let with = |code: &str| tests.iter().find(|test| test["test"] == code);
    let test = with("websocket-any-origin").unwrap();
    assert_eq!(test["origin"], EVIL);
    assert_eq!(test["outcome"], "accepted");
    assert_eq!(test["why"], "websocket-any-origin");
    assert_eq!(with("static-allow-origin"), None::<&Value>);

    let closes = Scripted::raw(|request, stream| {
        if request.header("Upgrade").is_none() {
            let _ = stream.write_all(FORBIDDEN.as_bytes());
        }
    });
    let json = probe(&args, &closes.url()).json();
    let mut tests = json["tests"].as_array().unwrap().iter();
    let test = tests.find(|test| test["websocket"] == true).unwrap();
    assert_eq!(test["outcome"], "no-response");
    assert!(
        test["why"].as_str().unwrap().contains("was closed"),
        "{test}"
    );
    assert_eq!(json["error"], Value::Null);
}

#[test]
fn invalid_command_lines() {
    #[track_caller]
    fn check(args: &str, url: &str, expected: &str) {
        let done = probe(&format!("--origin {APP} {args}"), url).has_status(2);
        done.does_not_say(&["✓", "✗"]).complains(&[expected]);
    }
    let url = "ws://127.0.0.1:1/";
    let without =
        "a WebSocket does not use CORS: add `--audit`, which tests what origins can open it";
    check("", url, without);
    check("", "WSS://127.0.0.1:1/", without);
    check("--policy cors.toml", url, without);
    let method = "a WebSocket begins with a GET without a body; remove `-X` and `-d`";
    check("--audit -X POST", url, method);
    check("--audit -d x", url, method);
    check("--audit -H X", url, "has no colon");
    check("--audit", "wss://", "is not valid");
    check(
        "--audit --policy cors.toml",
        url,
        "`--audit` and `--policy` cannot be combined",
    );
    check(
        "--audit",
        url,
        "no response from `ws://127.0.0.1:1/`: the connection was refused",
    );
}
