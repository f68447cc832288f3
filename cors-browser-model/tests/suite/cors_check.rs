//! <https://fetch.spec.whatwg.org/#cors-check>.

use cors_browser_model::{Credentials, Engine, cors_check};

use crate::{API, PAGE, failed, get, headers, response, run};

/// The failing step of each engine: the standard, Chromium, Firefox, WebKit.
#[track_caller]
fn check(credentials: Credentials, lines: &str, expected: [&str; 4]) {
    let headers = headers(lines);
    let result = |engine| cors_check(engine, PAGE, credentials, &headers);
    let step = |engine| result(engine).err().map_or("", |error| error.step().name());
    assert_eq!(Engine::ALL.map(step), expected);
}

const PRESENT: &str = "allow-origin-present";
const MATCHES: &str = "allow-origin-matches";
const CREDENTIALS: &str = "allow-credentials";

#[test]
fn without_credentials() {
    #[track_caller]
    fn check(lines: &str, expected: &'static str) {
        super::cors_check::check(Credentials::Omit, lines, [expected; 4]);
        super::cors_check::check(Credentials::SameOrigin, lines, [expected; 4]);
    }
    check("", PRESENT);
    check("Access-Control-Allow-Credentials: true", PRESENT);
    check("Access-Control-Allow-Origin: https://app.example.com", "");
    check(
        "access-control-allow-origin:   https://app.example.com\t",
        "",
    );
    check("ACCESS-CONTROL-ALLOW-ORIGIN: *", "");
    check(
        "Access-Control-Allow-Origin: *\nAccess-Control-Allow-Credentials: TRUE",
        "",
    );
    for other in [
        "",
        "null",
        "https://app.example.com/",
        "https://APP.example.com",
        "https://app.example.com:443",
        "http://app.example.com",
        "https://example.com",
        "*, *",
        "https://app.example.com, *",
        "\"*\"",
        "https://*.example.com",
    ] {
        check(&format!("Access-Control-Allow-Origin: {other}"), MATCHES);
    }
}

#[test]
fn with_credentials() {
    #[track_caller]
    fn check(allow: &str, credentials: &str, expected: &'static str) {
        let lines = format!("Access-Control-Allow-Origin: {allow}\n{credentials}");
        super::cors_check::check(Credentials::Include, &lines, [expected; 4]);
    }
    check("*", "Access-Control-Allow-Credentials: true", MATCHES);
    check(PAGE, "Access-Control-Allow-Credentials: true", "");
    check(PAGE, "Access-Control-Allow-Credentials:  true ", "");
    check(PAGE, "", CREDENTIALS);
    check(PAGE, "Access-Control-Allow-Credentials: True", CREDENTIALS);
    check(PAGE, "Access-Control-Allow-Credentials: 1", CREDENTIALS);
    check(
        PAGE,
        "Access-Control-Allow-Credentials: true, true",
        CREDENTIALS,
    );
}

#[test]
fn the_origin_null_is_an_origin() {
    for engine in Engine::ALL {
        let headers = headers("Access-Control-Allow-Origin: null");
        assert_eq!(
            cors_check(engine, "null", Credentials::Omit, &headers),
            Ok(())
        );
    }
}

#[test]
fn several_lines() {
    let two = "Access-Control-Allow-Origin: https://app.example.com\n";
    let two = &format!("{two}{two}");
    check(Credentials::Omit, two, [MATCHES; 4]);
    check(Credentials::Omit, &two.to_lowercase(), [MATCHES; 4]);
    // Firefox skips empty lines when it joins, but counts them if the name has this spelling.
    let empty =
        "Access-Control-Allow-Origin: https://app.example.com\nAccess-Control-Allow-Origin:";
    check(Credentials::Omit, empty, [MATCHES; 4]);
    check(
        Credentials::Omit,
        &empty.to_lowercase(),
        [MATCHES, MATCHES, "", MATCHES],
    );
    let credentials = "Access-Control-Allow-Origin: https://app.example.com
        Access-Control-Allow-Credentials:
        Access-Control-Allow-Credentials: true";
    check(
        Credentials::Include,
        credentials,
        [CREDENTIALS, CREDENTIALS, "", CREDENTIALS],
    );
    let only_empty = "access-control-allow-origin:\naccess-control-allow-origin:";
    check(Credentials::Omit, only_empty, [MATCHES; 4]);
}

#[test]
fn a_response_with_a_byte_0_is_not_http() {
    #[track_caller]
    fn check(method: &str, name: &str, value: &str) {
        for engine in Engine::ALL {
            let run = run(engine, &get(API).method(method), |_| {
                let mut response = response(200, "Access-Control-Allow-Origin: *");
                response.headers.append(name, value);
                response
            });
            assert_eq!(failed(&run), "connection", "{engine:?}");
            assert_eq!(run.exchanges[0].response, None);
        }
    }
    check("GET", "Access-Control-Expose-Headers", "X-A\0");
    check("GET", "X-A", "\0");
    check("PUT", "X-A", "a\0b");
}
