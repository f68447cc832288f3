//! <https://fetch.spec.whatwg.org/#concept-filtered-response> and
//! <https://fetch.spec.whatwg.org/#tao-check>.

use cors_browser_model::{Credentials, Engine, FetchOutcome, Headers, readable_headers, tao_check};

use crate::{API, PAGE, get, headers, response, run};

/// The names that can be read in each engine: the standard, Chromium, Firefox, WebKit.
#[track_caller]
fn check(credentials: Credentials, expose: &str, expected: [&str; 4]) {
    let headers = headers(&format!(
        "X-A: 1\nx-b: 2\nSet-Cookie: c\nset-cookie2: d\n{expose}"
    ));
    let names = |engine| {
        let readable = readable_headers(engine, credentials, &headers);
        let names = readable
            .iter()
            .map(|header| header.name.escape_ascii().to_string());
        names.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(Engine::ALL.map(names), expected);
}

#[test]
fn exposed_headers() {
    let (omit, include) = (Credentials::Omit, Credentials::Include);
    let all = "access-control-expose-headers x-a x-b";
    check(omit, "", [""; 4]);
    check(omit, "Access-Control-Expose-Headers: x-A", ["x-a"; 4]);
    check(
        include,
        "Access-Control-Expose-Headers: x-A, X-B, X-C",
        ["x-a x-b"; 4],
    );
    check(
        omit,
        "Access-Control-Expose-Headers: X-A\nAccess-Control-Expose-Headers: x-b",
        ["x-a x-b"; 4],
    );
    check(
        omit,
        "Access-Control-Expose-Headers: Set-Cookie, set-cookie2",
        [""; 4],
    );
    check(omit, "Access-Control-Expose-Headers: *", [all; 4]);
    check(include, "Access-Control-Expose-Headers: *", [""; 4]);
    check(include, "Access-Control-Expose-Headers: *\n*: 3", ["*"; 4]);
    check(omit, "Access-Control-Expose-Headers: X-A X-B", [""; 4]);
    check(omit, "Access-Control-Expose-Headers: x-a, b c", [""; 4]);
    check(
        omit,
        "Access-Control-Expose-Headers: *, b c",
        ["", "", all, ""],
    );
    check(omit, "Access-Control-Expose-Headers: b c, *", [""; 4]);
}

#[test]
fn safelisted_headers() {
    let names =
        "cache-control content-language content-length content-type expires last-modified pragma";
    let lines: String = names
        .split(' ')
        .map(|name| format!("{}: 1\n", name.to_uppercase()))
        .collect();
    check(Credentials::Include, &lines, [names; 4]);
    check(
        Credentials::Omit,
        "ETag: 1\nLocation: /\nContent-Encoding: x\nAccept: 1",
        [""; 4],
    );
}

#[test]
fn values_are_combined() {
    #[track_caller]
    fn check(lines: &str, expected: [&str; 4]) {
        let value = |engine| {
            let readable = readable_headers(engine, Credentials::Omit, &headers(lines));
            readable.get("Pragma").unwrap().escape_ascii().to_string()
        };
        assert_eq!(Engine::ALL.map(value), expected);
    }
    check("Pragma: a\npragma: b", ["a, b"; 4]);
    check(
        "Pragma: a\nPRAGMA:\npragma: b",
        ["a, , b", "a, , b", "a, b", "a, , b"],
    );
    check("Pragma:\npragma: b", [", b", ", b", "b", ", b"]);
}

#[test]
fn at_home_all_but_cookies() {
    let run = run(Engine::Standard, &get(PAGE), |_| {
        response(404, "X-A: 1\nSet-Cookie: a=b")
    });
    let FetchOutcome::Response(readable) = run.outcome else {
        panic!("blocked")
    };
    assert_eq!(readable.status, 404);
    assert_eq!(readable.headers, headers("x-a: 1"));
    assert!(readable.timing_allowed && !readable.redirected);
}

#[test]
fn timing() {
    #[track_caller]
    fn check(lines: &str, allowed: bool) {
        assert_eq!(tao_check(PAGE, &headers(lines)), allowed);
        let lines = format!("Access-Control-Allow-Origin: *\n{lines}");
        let run = run(Engine::Standard, &get(API), |_| response(200, &lines));
        let FetchOutcome::Response(readable) = run.outcome else {
            panic!("blocked")
        };
        assert_eq!(readable.timing_allowed, allowed);
    }
    check("", false);
    check("Timing-Allow-Origin: *", true);
    check("timing-allow-origin: https://a.example,*", true);
    check(
        "Timing-Allow-Origin: https://a.example\nTiming-Allow-Origin: https://app.example.com",
        true,
    );
    check("Timing-Allow-Origin: https://app.example.com/", false);
    check("Timing-Allow-Origin: HTTPS://app.example.com", false);
    check("Timing-Allow-Origin: \"https://a.example, *\"", false);
}

#[test]
fn timing_failure_sticks() {
    let to = get("https://b.example/");
    let run = run(Engine::Standard, &to, |sent| match sent.url.path() {
        "/" => response(302, "Access-Control-Allow-Origin: *\nLocation: /end"),
        _ => response(
            200,
            "Access-Control-Allow-Origin: *\nTiming-Allow-Origin: *",
        ),
    });
    let FetchOutcome::Response(readable) = run.outcome else {
        panic!("blocked")
    };
    assert!(!readable.timing_allowed);
}

#[test]
fn lines_as_text() {
    let headers = Headers::from_iter([("X-A", &b"1\t2"[..]), ("x-b", b"\xe9")]);
    let lines = headers.iter().map(ToString::to_string);
    assert_eq!(lines.collect::<Vec<_>>(), [r"X-A: 1\t2", r"x-b: \xe9"]);
    assert_eq!(format!("{headers:?}"), r"[X-A: 1\t2, x-b: \xe9]");
}

#[test]
fn values_that_are_not_utf8() {
    let check = |engine, expected: &[u8]| {
        let headers = Headers::from_iter([("Expires", &b"a\xe9\xff"[..])]);
        let readable = readable_headers(engine, Credentials::Omit, &headers);
        assert_eq!(
            readable.get("expires").as_deref(),
            Some(expected),
            "{engine:?}"
        );
    };
    check(Engine::Standard, b"a\xe9\xff");
    check(Engine::Chromium, b"a\xe9\xff");
    check(Engine::Firefox, b"a\xe9\xff");
    check(Engine::WebKit, "a\u{fffd}\u{fffd}".as_bytes());
}
