//! Servers that do not respond, and command lines that need no response.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use super::server::{APP, Request, Scripted, probe, probe_with};

const FIREFOX: &str = "CORS request did not succeed";

/// Waits until the client closes the connection.
fn hang(stream: &mut TcpStream) {
    let _ = stream.read(&mut [0]);
}

#[test]
fn servers_that_do_not_respond() {
    #[track_caller]
    fn check(
        answer: impl Fn(&Request, &mut TcpStream) + Send + Sync + 'static,
        expected: &str,
        fails_in_browsers: bool,
    ) {
        let server = Scripted::raw(answer);
        let where_ = format!("no response from `{}`: ", server.url());
        // A short timeout only for the cases that wait for it.
        let timeout = if expected.contains("0.2 s") {
            "--timeout 0.2"
        } else {
            ""
        };
        for args in ["", "--audit --delay 0"] {
            let args = format!("{args} {timeout} --origin {APP}");
            let done = probe(&args, &server.url())
                .has_status(2)
                .complains(&[&where_, expected]);
            assert_eq!(
                done.stderr.contains(FIREFOX),
                fails_in_browsers,
                "{done:#?}"
            );
        }
        let done = probe(&format!("--json {timeout} --origin {APP}"), &server.url());
        let json = done.has_status(2).json();
        assert!(
            json["error"].as_str().unwrap().contains(expected),
            "{json:#}"
        );
    }
    check(|_, stream| hang(stream), "no response within 0.2 s", false);
    check(
        |_, stream| {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nX-A: 1\r\n");
            hang(stream);
        },
        "no response within 0.2 s",
        false,
    );
    check(|_, _| {}, "the connection was closed before the end", true);
    check(
        |_, stream| drop(stream.write_all(b"HTTP/1.1 200 OK\r\nAccess-Control")),
        "the connection was closed before the end",
        true,
    );
    check(
        |_, stream| drop(stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")),
        "the response is not valid HTTP",
        true,
    );
    check(
        |_, stream| drop(stream.write_all(b"\xff\x00\x01garbage\r\n\r\n\r\n")),
        "the response is not valid HTTP",
        true,
    );
    check(
        |_, stream| {
            let lines = "X-Line: 1\r\n".repeat(200);
            let head = format!("HTTP/1.1 200 OK\r\n{lines}Content-Length: 0\r\n\r\n");
            let _ = stream.write_all(head.as_bytes());
        },
        "the response has more than 128 header lines",
        false,
    );
}

/// Red team, finding 8: 101 is not a response.
#[test]
fn a_change_to_another_protocol() {
    let server = Scripted::raw(|_, stream| {
        let head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                    Access-Control-Allow-Origin: *\r\n\r\n";
        let _ = stream.write_all(head.as_bytes());
    });
    for args in ["", "--audit --delay 0"] {
        probe(&format!("{args} --origin {APP}"), &server.url())
            .has_status(2)
            .complains(&["the server answers 101 and changes to another protocol"])
            .does_not_say(&["may read", "✓ allowed", FIREFOX]);
    }
}

#[test]
fn headers_of_ten_megabytes() {
    let server = Scripted::raw(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nX-Long: ");
        let part = [b'x'; 64 * 1024];
        let _ = (0..160).try_for_each(|_| stream.write_all(&part));
        let _ = stream.write_all(b"\r\nContent-Length: 0\r\n\r\n");
    });
    let done = probe(&format!("--origin {APP}"), &server.url());
    done.has_status(2)
        .complains(&["the headers of the response are larger than 64 KiB"]);
}

#[test]
fn no_server() {
    let args = format!("--origin {APP}");
    let done = probe(&args, "http://127.0.0.1:1/").has_status(2);
    assert_eq!(done.stdout, "");
    done.complains(&["the connection was refused", FIREFOX]);
    // No name can have such a long label, so there is no DNS request: some networks answer for every name, and some
    // are slow.
    let host = format!("{}.invalid", "a".repeat(64));
    let done = probe(&args, &format!("http://{host}/")).has_status(2);
    let expected = format!("no response from `http://{host}/`: the host `{host}` is unknown");
    done.complains(&[&expected]);
}

#[test]
fn an_audit_that_ends_early_reports_its_findings() {
    let server = Scripted::raw(|request, stream| match request.origin() {
        "null" => {}
        origin => {
            let head = format!(
                "HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: {origin}\r\nContent-Length: 0\r\n\r\n"
            );
            let _ = stream.write_all(head.as_bytes());
        }
    });
    let args = format!("--audit --delay 0 --origin {APP}");
    let done = probe(&args, &server.url()).has_status(2);
    done.says(&["warning[reflected-origin]: "])
        .complains(&["the connection was closed"]);
    assert_eq!(server.requests().len(), 6);
    let done = probe(&format!("--json {args}"), &server.url()).has_status(2);
    assert_eq!(done.findings(), ["reflected-origin"]);
    assert!(done.json()["error"].is_string());
}

#[test]
fn exchanges_before_the_error_are_shown() {
    let server = Scripted::raw(|request, stream| match request.is_preflight() {
        true => {
            let head = "HTTP/1.1 204 OK\r\nAccess-Control-Allow-Origin: *\r\nAccess-Control-Allow-Methods: PUT\r\n\r\n";
            let _ = stream.write_all(head.as_bytes());
        }
        false => hang(stream),
    });
    let done = probe(&format!("-X PUT --timeout 2 --origin {APP}"), &server.url()).has_status(2);
    done.says(&["✓ the method is allowed", "> PUT ", "< no response"])
        .does_not_say(&["blocked by", "Messages in the consoles"])
        .complains(&["no response within 2 s"]);
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn invalid_command_lines() {
    #[track_caller]
    fn check(args: &[&str], url: &str, expected: &str) {
        let done = probe_with(args, url).has_status(2).complains(&[expected]);
        assert_eq!(done.stdout, "");
    }
    let url = "http://127.0.0.1:1/";
    check(&["--origin", APP], "localhost:80", "has no scheme");
    check(&["--origin", "app.example.com"], url, "has no scheme");
    check(&["--origin", APP, "-H", "X"], url, "has no colon");
    check(
        &["--origin", APP, "--timeout", "0"],
        url,
        "`--timeout` must be more than 0 seconds",
    );
    for number in ["-1", "NaN", "inf", "86401", "1e19", "1e300"] {
        let timeout = format!("--timeout={number}");
        let expected = "`--timeout` must be a number of seconds from 0 to 86400";
        check(&["--origin", APP, &timeout], url, expected);
        let delay = format!("--delay={number}");
        let expected = "`--delay` must be a number of seconds from 0 to 86400";
        check(&["--origin", APP, "--audit", &delay], url, expected);
    }
    check(
        &["--origin", APP, "--audit", "-X", "DELETE"],
        url,
        "an audit sends only GET or HEAD",
    );
    check(
        &["--origin", APP, "--audit", "-d", "x"],
        url,
        "an audit sends only GET or HEAD",
    );
    check(
        &["--origin", APP, "--audit", "--policy", "cors.toml"],
        url,
        "`--audit` and `--policy` cannot be combined; run `cors probe` twice",
    );
    check(
        &["--origin", APP, "--audit", "--expect", "readable"],
        url,
        "`--audit` and `--expect` cannot be combined: an audit tests many origins",
    );
    check(
        &["--origin", "null", "--audit"],
        url,
        "an audit needs an allowed origin with a host",
    );
    check(
        &["--origin", APP, "--cacert", "/nowhere.pem"],
        url,
        "the certificates in `/nowhere.pem`: ",
    );
    check(
        &["--origin", APP, "--policy", "/nowhere.toml"],
        url,
        "/nowhere.toml",
    );
}

#[test]
fn a_fetch_that_throws_sends_nothing() {
    let server = Scripted::new(|_| (200, Vec::<String>::new()));
    let done = probe(&format!("-X TRACE --origin {APP}"), &server.url()).has_status(1);
    done.says(&["\nscript-error\n", "change the call of `fetch()`"]);
    assert_eq!(server.requests().len(), 0);
}
