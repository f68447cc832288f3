//! <https://fetch.spec.whatwg.org/#methods> and <https://fetch.spec.whatwg.org/#terminology-headers>.

use cors_browser_model::{
    Engine, Headers, cors_unsafe_request_header_names, is_cors_safelisted_method,
    is_cors_safelisted_request_header, is_forbidden_method, is_forbidden_request_header,
    normalize_method,
};

#[test]
fn methods() {
    #[track_caller]
    fn check(method: &str, normalized: &str, safelisted: bool, forbidden: bool) {
        assert_eq!(normalize_method(method), normalized);
        assert_eq!(is_cors_safelisted_method(normalized), safelisted);
        assert_eq!(is_forbidden_method(method), forbidden);
    }
    check("get", "GET", true, false);
    check("Head", "HEAD", true, false);
    check("POST", "POST", true, false);
    check("put", "PUT", false, false);
    check("delete", "DELETE", false, false);
    check("options", "OPTIONS", false, false);
    check("patch", "patch", false, false);
    check("PATCH", "PATCH", false, false);
    check("Egg", "Egg", false, false);
    check("Connect", "Connect", false, true);
    check("TRACE", "TRACE", false, true);
    check("track", "track", false, true);
    check("", "", false, false);
}

#[test]
fn cors_safelisted_request_headers() {
    #[track_caller]
    fn check(name: &str, value: impl AsRef<[u8]>, safelisted: bool) {
        let value = value.as_ref();
        for engine in Engine::ALL {
            let is = is_cors_safelisted_request_header(engine, name.as_bytes(), value);
            assert_eq!(is, safelisted, "{engine:?}");
        }
    }
    check("accept", "*/*", true);
    check("Accept", "", true);
    check("ACCEPT", "text/html;q=0.9, \t!#$%&'*+-./^_`|~\u{80}", true);
    for byte in (0..0x20)
        .filter(|byte| *byte != b'\t')
        .chain(*b"\"():<>?@[\\]{}\x7F")
    {
        check("Accept", [b'a', byte], false);
        check(
            "Content-Type",
            [b"text/plain;a=".as_slice(), &[byte]].concat(),
            false,
        );
        check("Accept-Language", [b'a', byte], false);
    }
    check("Accept", "a".repeat(128), true);
    check("Accept", "a".repeat(129), false);
    check("Accept-Language", "de-AT, *;q=0.5 1=2.3", true);
    check("Content-Language", "en_GB", false);
    check("Content-Language", "en\tGB", false);
    check("Content-Type", "text/plain", true);
    check("Content-Type", " TEXT/Plain ;charset=utf-8", true);
    check("Content-Type", "multipart/form-data; boundary=x", true);
    check("Content-Type", "application/x-www-form-urlencoded", true);
    check("Content-Type", "application/json", false);
    check("Content-Type", "text/plain, application/json", false);
    check("Content-Type", "text /plain", false);
    check("Content-Type", "text/plain/x", false);
    check("Content-Type", "", false);
    check("Range", "bytes=0-", true);
    check("Range", "bytes=1-2", true);
    check("Range", "bytes=5-5", true);
    check("Range", "bytes=9-10", true);
    check("Range", "bytes=010-9", false);
    check("Range", "bytes=2-1", false);
    check("Range", "bytes=-5", false);
    check("Range", "bytes=-", false);
    check("Range", "bytes=1", false);
    check("Range", "bytes=1-2,3-4", false);
    check("Range", "bytes= 1-2", false);
    check("Range", "Bytes=1-2", false);
    check("Range", "bytes=1-2-3", false);
    check(
        "Range",
        "bytes=18446744073709551616-18446744073709551617",
        true,
    );
    check(
        "Range",
        "bytes=18446744073709551617-18446744073709551616",
        false,
    );
    check("X-Anything", "", false);
    check("Authorization", "", false);
    check("", "", false);
}

#[test]
fn chromium_safelists_client_hints() {
    #[track_caller]
    fn check(name: &str, value: &str, safelisted: bool) {
        let is =
            |engine| is_cors_safelisted_request_header(engine, name.as_bytes(), value.as_bytes());
        let expected = |engine| safelisted && engine == Engine::Chromium;
        assert_eq!(Engine::ALL.map(is), Engine::ALL.map(expected));
    }
    check("DPR", "1.5", true);
    check("dpr", "2", true);
    check("dpr", "1.", false);
    check("dpr", ".5", false);
    check("dpr", "1.2.3", false);
    check("Width", "100", true);
    check("width", "1.5", false);
    check("save-data", "ON", true);
    check("save-data", "off", false);
    check("ect", "4g", true);
    check("ect", "5g", false);
    check("intervention", "anything", true);
}

#[test]
fn cors_unsafe_request_header_names_are_sorted() {
    #[track_caller]
    fn check(lines: &[(&str, &str)], expected: [&str; 4]) {
        let headers = Headers::from_iter(lines.iter().copied());
        for (engine, expected) in Engine::ALL.into_iter().zip(expected) {
            let names = cors_unsafe_request_header_names(engine, &headers);
            assert_eq!(names.join(","), expected, "{engine:?}");
        }
    }
    check(&[], [""; 4]);
    check(
        &[("X-b", ""), ("x-B", ""), ("Accept", ""), ("A", "")],
        ["a,x-b"; 4],
    );
    check(&[("Content-Type", "application/json")], ["content-type"; 4]);

    // A forbidden header needs no preflight.
    check(&[("Cookie", ""), ("Sec-A", ""), ("X-A", "")], ["x-a"; 4]);
    check(
        &[("User-Agent", "x")],
        ["user-agent", "", "user-agent", "user-agent"],
    );
    check(
        &[("user-agent", "x"), ("X-A", "1")],
        ["user-agent,x-a", "x-a", "user-agent,x-a", "user-agent,x-a"],
    );

    let (half, whole) = (&*"a".repeat(64), &*"a".repeat(128));
    let mut lines = vec![("Accept", whole); 8];
    // 1024 bytes in total is not too much. But Chromium and WebKit join these to one header of more than 128 bytes.
    check(&lines, ["", "accept", "", "accept"]);
    lines.push(("Accept-Language", "a"));
    check(&lines, ["accept,accept-language", "accept", "", "accept"]);
    check(
        &[("Accept", half), ("Accept", half)],
        ["", "accept", "", "accept"],
    );
}

#[test]
fn forbidden_request_headers() {
    #[track_caller]
    fn check(name: &str, value: &str, forbidden: bool) {
        let is = |engine| is_forbidden_request_header(engine, name.as_bytes(), value.as_bytes());
        assert_eq!(Engine::ALL.map(is), [forbidden; 4]);
    }
    for name in [
        "Origin",
        "COOKIE",
        "host",
        "Access-Control-Request-Method",
        "DNT",
        "Via",
        "TE",
    ] {
        check(name, "", true);
    }
    check("Sec-", "", true);
    check("proxy-authorization", "", true);
    check("Section", "", false);
    check("Authorization", "", false);
    check("X-Method-Override", "GET, \"TRACE\", track", true);
    check("X-Method-Override", "GET, \"a,TRACE,b\"", false);
    check("X-HTTP-Method", "CONNECTED", false);
}

#[test]
fn chromium_forbids_user_agent() {
    #[track_caller]
    fn check(name: &str, value: &str) {
        let is = |engine| is_forbidden_request_header(engine, name.as_bytes(), value.as_bytes());
        let expected = |engine| engine == Engine::Chromium;
        assert_eq!(Engine::ALL.map(is), Engine::ALL.map(expected));
        // It is not safelisted.
        let is =
            |engine| is_cors_safelisted_request_header(engine, name.as_bytes(), value.as_bytes());
        assert_eq!(Engine::ALL.map(is), [false; 4]);
    }
    check("User-Agent", "x");
    check("user-agent", "");
    check("USER-AGENT", &"a".repeat(300));
}
