//! The requests that are sent, and the explanation of the responses.

use std::io::Write as _;

use super::server::{APP, Scripted, probe, probe_in, probe_with};

const ALLOW: &str = "Access-Control-Allow-Origin: https://app.example.com";
const VARY: &str = "Vary: Origin";

#[test]
fn the_messages_of_the_article() {
    #[track_caller]
    fn check(args: &str, lines: &'static [&'static str], code: &str, texts: &[&str]) {
        let server = Scripted::new(move |_| (204, lines.to_vec()));
        let args = format!("--origin {APP} {args}");
        let done = probe(&args, &server.url()).has_status(1);
        done.says(texts).says(&[
            "blocked by every browser",
            &format!("\n{code}\n"),
            "  help: ",
        ]);
        let json = probe(&format!("--json {args}"), &server.url())
            .has_status(1)
            .json();
        assert_eq!(json["causes"][0]["code"], code);
    }
    check(
        "",
        &[],
        "allow-origin-missing",
        &[
            "No 'Access-Control-Allow-Origin' header is present on the requested resource",
            "`Access-Control-Allow-Origin: https://app.example.com` if this origin",
        ],
    );
    check(
        "--credentials include",
        &["Access-Control-Allow-Origin: *"],
        "allow-origin-wildcard",
        &["must not be the wildcard '*' when the request's credentials mode is 'include'"],
    );
    check(
        "-X PUT",
        &[ALLOW, VARY, "Access-Control-Allow-Methods: GET, POST"],
        "method-not-allowed",
        &[
            "Method PUT is not allowed by Access-Control-Allow-Methods",
            "add `PUT`",
        ],
    );
    check(
        "-H X-Custom-Header:1",
        &[ALLOW, VARY, "Access-Control-Allow-Headers: content-type"],
        "header-not-allowed",
        &[
            "Request header field x-custom-header is not allowed",
            "add `x-custom-header`",
        ],
    );
}

#[test]
fn each_request_is_sent_once() {
    let server = Scripted::new(|request| match request.is_preflight() {
        true => (
            204,
            vec![
                ALLOW,
                VARY,
                "Access-Control-Allow-Methods: PUT",
                "Access-Control-Max-Age: 60",
            ],
        ),
        false => (200, vec![ALLOW, VARY, "X-Internal: 1"]),
    });
    let done = probe(&format!("-X PUT -d hello --origin {APP}"), &server.url()).has_status(0);
    done.says(&["allowed", "< … and 2 more, see -v"])
        .does_not_say(&["< x-internal"]);

    let requests = server.requests();
    let sent: Vec<_> = requests
        .iter()
        .map(|request| (request.method.as_str(), request.body.as_str()))
        .collect();
    assert_eq!(sent, [("OPTIONS", ""), ("PUT", "hello")]);
    for request in &requests {
        assert_eq!(request.target, "/path");
        assert_eq!(request.origin(), APP);
        assert_eq!(
            request.header("User-Agent"),
            Some(concat!("cors/", env!("CARGO_PKG_VERSION")))
        );
        assert_eq!(request.header("Accept"), Some("*/*"));
        let encodings = Some("gzip, deflate, br, zstd");
        assert_eq!(request.header("Accept-Encoding"), encodings);
        assert_eq!(request.header("Accept-Language"), Some("en-US,en;q=0.9"));
        assert_eq!(request.header("Referer"), Some("https://app.example.com/"));
        assert_eq!(request.header("Cookie"), None);
    }
    assert_eq!(
        requests[0].header("Access-Control-Request-Method"),
        Some("PUT")
    );
    assert_eq!(
        requests[1].header("Content-Type"),
        Some("text/plain;charset=UTF-8")
    );
    assert_eq!(requests[1].header("Content-Length"), Some("5"));
}

#[test]
fn chromium_sends_its_own_user_agent_and_does_not_ask() {
    const OURS: &str = concat!("cors/", env!("CARGO_PKG_VERSION"));
    #[track_caller]
    fn check(allowed: &'static str, status: i32, user_agent: &str, texts: &[&str]) {
        let server = Scripted::new(move |request| match request.is_preflight() {
            true => (204, vec![ALLOW, VARY, allowed]),
            false => (200, vec![ALLOW, VARY]),
        });
        let args = format!("-X POST -d hello -H User-Agent:x --origin {APP}");
        probe(&args, &server.url()).has_status(status).says(texts);
        let requests = server.requests();
        let sent: Vec<_> = requests
            .iter()
            .map(|request| (request.method.as_str(), request.header("User-Agent")))
            .collect();
        // Not sent again for Chromium: the server may act on it.
        let expected = [("OPTIONS", Some(OURS)), ("POST", Some(user_agent))];
        assert_eq!(sent, expected);
    }
    let note = "note: no script can set `User-Agent` in Chromium";
    check(
        "Access-Control-Allow-Headers: user-agent",
        0,
        "x",
        &[note, "allowed by every browser"],
    );
    check(
        "Access-Control-Allow-Headers: x-other",
        1,
        OURS,
        &[
            note,
            "Another engine also sends POST",
            "blocked by Firefox and WebKit, allowed by Chromium",
            "add `user-agent`",
        ],
    );
}

#[test]
fn bodies_and_methods() {
    #[track_caller]
    fn check(args: &str, method: &str, length: Option<&str>) {
        let server = Scripted::new(|_| {
            let lines = [
                ALLOW,
                VARY,
                "Access-Control-Allow-Methods: PUT, PATCH, DELETE, OPTIONS, purge",
                "Access-Control-Max-Age: 60",
            ];
            (200, lines.to_vec())
        });
        probe(&format!("{args} --origin {APP}"), &server.url()).has_status(0);
        let request = server.requests().pop().unwrap();
        assert_eq!(request.method, method);
        assert_eq!(request.header("Content-Length"), length, "{args}");
        assert_eq!(request.header("Transfer-Encoding"), None, "{args}");
    }
    check("", "GET", None);
    check("-X head", "HEAD", None);
    check("-X POST", "POST", Some("0"));
    check("-d abc", "POST", Some("3"));
    check("-X PUT", "PUT", Some("0"));
    check("-X PATCH", "PATCH", Some("0"));
    check("-X PATCH -d abc", "PATCH", Some("3"));
    check("-X DELETE", "DELETE", None);
    check("-X DELETE -d abc", "DELETE", Some("3"));
    check("-X OPTIONS", "OPTIONS", None);
    check("-X purge", "purge", None);
}

#[test]
fn redirects_to_another_origin() {
    let other = Scripted::new(|request| {
        let origin = format!("Access-Control-Allow-Origin: {}", request.origin());
        (200, vec![origin, VARY.to_owned()])
    });
    let location = format!("Location: {}", other.url());
    let first = Scripted::new(move |_| {
        (
            302,
            vec![location.clone(), ALLOW.to_owned(), VARY.to_owned()],
        )
    });
    let args = format!("--origin {APP}");
    probe(&args, &first.url())
        .has_status(0)
        .says(&[&other.url(), "< location: "]);
    // A redirect between two other origins has the origin `null`.
    assert_eq!(other.requests()[0].origin(), "null");
    assert_eq!((first.requests().len(), other.requests().len()), (1, 1));

    let silent = Scripted::new(|_| (200, Vec::<String>::new()));
    let location = format!("Location: {}", silent.url());
    let first = Scripted::new(move |_| (307, vec![location.clone(), ALLOW.to_owned()]));
    let done = probe(&args, &first.url()).has_status(1);
    done.says(&[
        "\nallow-origin-missing\n",
        "Access-Control-Allow-Origin: null",
    ]);

    let circle = Scripted::new(|_| (302, vec!["Location: /path".to_owned(), ALLOW.to_owned()]));
    probe(&args, &circle.url())
        .has_status(1)
        .says(&["\nredirect-count\n"]);
    assert_eq!(circle.requests().len(), 1);
}

#[test]
fn the_body_after_a_redirect() {
    #[track_caller]
    fn check(status: u16, method: &str, body: &str) {
        let server = Scripted::new(move |request| match request.target.as_str() {
            "/path" => (status, vec!["Location: /other", ALLOW, VARY]),
            _ => (200, vec![ALLOW, VARY]),
        });
        probe(&format!("-d hello --origin {APP}"), &server.url()).has_status(0);
        let requests = server.requests();
        assert_eq!(requests.len(), 2);
        assert_eq!(
            (requests[0].method.as_str(), requests[0].body.as_str()),
            ("POST", "hello")
        );
        assert_eq!(requests[1].target, "/other");
        assert_eq!(
            (requests[1].method.as_str(), requests[1].body.as_str()),
            (method, body),
            "{status}"
        );
    }
    check(301, "GET", "");
    check(302, "GET", "");
    check(303, "GET", "");
    check(307, "POST", "hello");
    check(308, "POST", "hello");
}

#[test]
fn a_redirect_without_a_location_is_a_response() {
    for status in [300, 302, 304] {
        let server = Scripted::new(move |_| (status, vec![ALLOW, VARY]));
        let done = probe(&format!("--origin {APP}"), &server.url()).has_status(0);
        done.says(&[&format!("the status ({status})")]);
    }
}

#[test]
fn every_line_of_a_response_counts() {
    let server = Scripted::new(|_| (200, vec![ALLOW, ALLOW, VARY]));
    let done = probe(&format!("--origin {APP}"), &server.url()).has_status(1);
    done.says(&[
        "\nallow-origin-multiple\n",
        "< access-control-allow-origin: https://app.example.com\n  < access-control-allow-origin: ",
    ]);
}

#[test]
fn bytes_that_are_not_utf_8() {
    let server = Scripted::raw(|_, stream| {
        let head = b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: https://\xff\xfe.example\r\nX-A: \xc3\x28\r\nContent-Length: 0\r\n\r\n";
        let _ = stream.write_all(head);
    });
    for args in ["", "-v ", "--json ", "--audit --delay 0 "] {
        let done = probe(&format!("{args}--origin {APP}"), &server.url());
        done.has_status(1);
    }
}

#[test]
fn control_characters_are_not_printed() {
    #[track_caller]
    fn check(lines: &'static [&'static str]) {
        let server = Scripted::new(move |_| (200, lines.to_vec()));
        for args in [
            "-v",
            "-v -X PUT",
            "--json",
            "--json -X PUT",
            "--audit --delay 0 -v",
        ] {
            let done = probe(&format!("{args} --origin {APP}"), &server.url());
            let is_harmless = |char: char| char == '\n' || !char.is_control();
            assert!(done.stdout.chars().all(is_harmless), "{done:#?}");
            assert!(done.stderr.chars().all(is_harmless), "{done:#?}");
        }
    }
    check(&["X-A: \u{9b}31m", "Vary: a\u{85}b"]);
    check(&["Access-Control-Allow-Origin: \u{9b}31m"]);
    check(&[ALLOW, VARY, "Access-Control-Allow-Credentials: \u{9b}31m"]);
    check(&[
        ALLOW,
        VARY,
        "Access-Control-Allow-Methods: PUT",
        "Access-Control-Max-Age: \u{9b}31m",
    ]);
    check(&[ALLOW, VARY, "Access-Control-Allow-Methods: \u{9b}31m"]);
    check(&[
        ALLOW,
        VARY,
        "Access-Control-Allow-Methods: PUT",
        "Access-Control-Allow-Headers: \u{9b}31m",
    ]);
}

#[test]
fn every_form_of_http_1() {
    #[track_caller]
    fn check(head: &'static str) {
        let server = Scripted::raw(move |_, stream| {
            let lines = format!("{ALLOW}\r\n{VARY}\r\n");
            let _ = stream.write_all(head.replace("LINES", &lines).as_bytes());
        });
        let done = probe(&format!("--origin {APP}"), &server.url());
        done.has_status(0).says(&["allowed", "the status (200)"]);
    }
    check("HTTP/1.1 200 OK\r\nLINES\r\n");
    check("HTTP/1.1 200\r\nLINESContent-Length: 5\r\n\r\nhello");
    check("HTTP/1.0 200 OK\r\nLINES\r\nhello");
    check("HTTP/1.1 200 OK\nLINES\nhello");
    check("HTTP/1.1 200 OK\r\nLINESTransfer-Encoding: chunked\r\n\r\n5\r\nhel");
    check("HTTP/1.1 200 OK\r\nLINESContent-Encoding: gzip\r\n\r\nhello");
    check("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nLINES\r\n");
    check("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nLINES\r\n");
}

#[test]
fn endless_bodies_are_not_read() {
    let server = Scripted::raw(|_, stream| {
        let head = format!("HTTP/1.1 200 OK\r\n{ALLOW}\r\n{VARY}\r\nConnection: close\r\n\r\n");
        let _ = stream.write_all(head.as_bytes());
        while stream.write_all(&[b'x'; 4096]).is_ok() {}
    });
    probe(&format!("--origin {APP}"), &server.url())
        .has_status(0)
        .says(&["allowed"]);
}

#[test]
fn secrets_are_masked() {
    let server = Scripted::new(|request| match request.is_preflight() {
        true => (
            204,
            vec![
                ALLOW,
                VARY,
                "Access-Control-Allow-Headers: authorization, x-api-key",
            ],
        ),
        false => (
            200,
            vec![
                ALLOW,
                VARY,
                "Set-Cookie: sid=hush; Path=/",
                "X-Auth-Token: hush",
            ],
        ),
    });
    let headers = [
        "-H",
        "Authorization: Bearer hush",
        "-H",
        "X-Api-Key: hush",
        "--origin",
        APP,
    ];
    for more in [
        &[][..],
        &["-v"],
        &["--json"],
        &["--json", "-v"],
        &["--audit", "--delay", "0", "-v"],
    ] {
        let args = [&headers, more].concat();
        let done = probe_with(&args, &server.url()).does_not_say(&["hush"]);
        if more != ["--audit", "--delay", "0", "-v"] {
            done.says(&["Bearer ****"]);
        }
    }
    let request = server.requests().pop().unwrap();
    assert_eq!(request.header("Authorization"), Some("Bearer hush"));
    assert_eq!(request.header("X-Api-Key"), Some("hush"));
}

#[test]
fn findings_about_a_readable_response() {
    #[track_caller]
    fn check(args: &str, lines: &'static [&'static str], status: i32, expected: &[&str]) {
        let server = Scripted::new(move |_| (204, lines.to_vec()));
        let done = probe(&format!("--json --origin {APP} {args}"), &server.url());
        assert_eq!(done.findings(), expected, "{lines:?}");
        done.has_status(status);
        let done = probe(&format!("--origin {APP} {args}"), &server.url()).has_status(status);
        for code in expected {
            assert!(done.stdout.contains(&format!("[{code}]: ")), "{done:#?}");
        }
    }
    const METHODS: &str = "Access-Control-Allow-Methods: PUT";
    check("", &[ALLOW, VARY], 0, &[]);
    check("", &[ALLOW], 1, &["missing-vary"]);
    check(
        "",
        &[ALLOW, "Vary: X-Origin", "vary: Accept, origin"],
        0,
        &[],
    );
    check("", &["Access-Control-Allow-Origin: *"], 0, &[]);
    check(
        "",
        &[
            "Access-Control-Allow-Origin: *",
            "Access-Control-Allow-Credentials: true",
        ],
        1,
        &["wildcard-with-credentials"],
    );
    check(
        "",
        &[ALLOW, VARY, "Access-Control-Allow-Credentials: True"],
        1,
        &["allow-credentials-not-true"],
    );
    check(
        "",
        &[ALLOW, VARY, "Access-Control-Allow-Credentials: false"],
        0,
        &["allow-credentials-not-true"],
    );
    check("-X PUT", &[ALLOW, VARY, METHODS], 0, &["no-max-age"]);
    check(
        "-X PUT",
        &[ALLOW, VARY, METHODS, "Access-Control-Max-Age: 24h"],
        1,
        &["max-age-invalid"],
    );
    check(
        "-X PUT",
        &[ALLOW, VARY, METHODS, "Access-Control-Max-Age: 600"],
        0,
        &[],
    );
}

#[test]
fn the_same_as_data() {
    let server = Scripted::new(|_| {
        (
            200,
            vec![
                ALLOW,
                VARY,
                "Access-Control-Expose-Headers: x-id",
                "X-Id: 1",
            ],
        )
    });
    let json = probe(&format!("--json --origin {APP}"), &server.url())
        .has_status(0)
        .json();
    assert_eq!(json["requests"], 1);
    assert_eq!(json["origin"], APP);
    assert_eq!(json["error"], serde_json::Value::Null);
    assert_eq!(json["causes"], serde_json::json!([]));
    assert_eq!(json["comparison"], serde_json::Value::Null);
    let engines = json["engines"].as_array().unwrap();
    assert_eq!(engines.len(), 4);
    for engine in engines {
        assert_eq!(engine["verdict"]["allowed"], true);
        assert_eq!(engine["exchanges"][0]["response"]["status"], 200);
    }
}

#[test]
fn verbose_shows_everything() {
    let server = Scripted::new(|_| (200, vec![ALLOW, VARY, "X-Internal: 1"]));
    let host = format!("> host: 127.0.0.1:{}\n", server.port);
    let done = probe(&format!("-v -d abc --origin {APP}"), &server.url()).has_status(0);
    done.says(&[
        "< x-internal: 1",
        &host,
        "> user-agent: cors/",
        "> content-length: 3",
    ])
    .does_not_say(&["see -v"]);
}

#[test]
fn proxies_of_the_environment() {
    let proxy = Scripted::new(|_| (502, Vec::<String>::new()));
    let address = format!("http://127.0.0.1:{}", proxy.port);
    let url = "http://api.example.com/";
    let done = probe_in(&[("HTTP_PROXY", &address)], &["--origin", APP], url);
    done.has_status(2)
        .complains(&["the proxy cannot connect: "]);
    let requests = proxy.requests();
    let sent = (requests[0].method.as_str(), requests[0].target.as_str());
    assert_eq!(sent, ("CONNECT", "api.example.com:80"));

    let server = Scripted::new(|_| (200, vec![ALLOW, VARY]));
    let environment = [("ALL_PROXY", &*address), ("NO_PROXY", "127.0.0.1")];
    probe_in(&environment, &["--origin", APP], &server.url()).has_status(0);
    assert_eq!(proxy.requests().len(), 1);
}
