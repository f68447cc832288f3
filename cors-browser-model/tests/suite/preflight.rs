//! <https://fetch.spec.whatwg.org/#cors-preflight-fetch>.

use std::time::Duration;

use cors_browser_model::{
    Body, Cause, Credentials, Engine, NetworkError, Request, judge_preflight, preflight_causes,
};

use crate::{API, PAGE, failed, get, headers, response, run, sent, without_metadata};

#[test]
fn what_makes_it_necessary() {
    #[track_caller]
    fn check(request: &Request, expected: &[&str]) {
        let causes = preflight_causes(Engine::Standard, request);
        let texts: Vec<_> = causes.iter().map(Cause::to_string).collect();
        assert_eq!(texts, expected);
    }
    check(&get(API), &[]);
    check(
        &get(API).method("POST").header("Content-Type", "text/plain"),
        &[],
    );
    check(&get(API).method("PUT"), &["the method `PUT`"]);
    check(&get(API).method("post"), &["the method `post`"]);
    check(
        &get(API).header("X-B", "").header("X-A", ""),
        &["the headers `x-a`, `x-b`"],
    );
    check(
        &get(API).use_cors_preflight(),
        &["an upload listener or a stream"],
    );
}

#[test]
fn on_the_wire() {
    #[track_caller]
    fn check(request: Request, expected: &str) {
        for engine in Engine::ALL {
            let run = run(engine, &request, |_| response(500, ""));
            let sent = &run.exchanges[0].sent;
            assert_eq!((sent.method.as_str(), sent.credentials), ("OPTIONS", false));
            assert_eq!(without_metadata(sent), headers(expected), "{engine:?}");
        }
    }
    check(
        get(API).method("put").credentials(Credentials::Include),
        "Accept: */*
         Access-Control-Request-Method: PUT
         Origin: https://app.example.com",
    );
    check(
        get(API)
            .header("X-B", "1")
            .header("Authorization", "a")
            .header("Accept", "text/plain"),
        "Accept: */*
         Access-Control-Request-Method: GET
         Access-Control-Request-Headers: authorization,x-b
         Origin: https://app.example.com",
    );
}

#[test]
fn only_across_origins() {
    let put = |url: &str| get(url).method("PUT").header("X-A", "1");
    for engine in Engine::ALL {
        let same = run(engine, &put(PAGE), |_| response(200, ""));
        assert_eq!(
            (sent(&same).join(" "), failed(&same)),
            ("PUT".to_owned(), "")
        );
        let run = run(engine, &put("https://app.example.com:8443/"), |_| {
            response(204, "")
        });
        assert_eq!(
            (sent(&run).join(" "), failed(&run)),
            ("PRE PUT".to_owned(), "allow-origin-present")
        );
    }
}

#[test]
fn a_stream_needs_one() {
    let post = get(API).method("POST").body(Body::Stream);
    let run = run(Engine::Standard, &post, |_| response(500, ""));
    assert_eq!(sent(&run), ["PRE POST"]);
}

/// The failing step of each engine: the standard, Chromium, Firefox, WebKit.
#[track_caller]
fn check(request: &Request, status: u16, lines: &str, expected: [&str; 4]) {
    let response = response(status, lines);
    let step = |engine| {
        let result = judge_preflight(engine, request, &response).result;
        result
            .err()
            .map_or("", |failure| failure.error.step().name())
    };
    assert_eq!(Engine::ALL.map(step), expected);
}

fn allowing(lines: &str) -> String {
    format!("Access-Control-Allow-Origin: {PAGE}\nAccess-Control-Allow-Credentials: true\n{lines}")
}

#[test]
fn order_of_checks() {
    let put = &get(API).method("PUT").header("X-A", "1");
    let (present, status) = ("allow-origin-present", "preflight-status");
    check(put, 404, "", [present, present, present, status]);
    check(put, 404, &allowing(""), [status; 4]);
    for ok in [200, 204, 299] {
        check(put, ok, &allowing(""), ["method-allowed"; 4]);
    }
    for not_ok in [100, 199, 300, 304, 400, 500, 0] {
        check(put, not_ok, &allowing(""), [status; 4]);
    }

    let redirect = "preflight-redirect";
    check(
        put,
        302,
        "Location: /x",
        [present, redirect, present, status],
    );
    check(
        put,
        302,
        &allowing("Location: /x"),
        [status, redirect, redirect, status],
    );
    check(put, 302, &allowing(""), [status; 4]);
    check(
        put,
        300,
        &allowing("Location: /x"),
        [status, status, redirect, status],
    );

    let (methods, names) = ("allow-methods-syntax", "allow-headers-syntax");
    let bad_methods = "Access-Control-Allow-Methods: PUT POST\n";
    let bad_headers = "Access-Control-Allow-Headers: X-A X-B\n";
    check(
        put,
        200,
        &allowing(&format!("{bad_headers}{bad_methods}")),
        [methods; 4],
    );
    check(
        put,
        200,
        &allowing(bad_headers),
        [names, names, "method-allowed", names],
    );
    let allowed = "Access-Control-Allow-Methods: PUT\n";
    check(
        put,
        200,
        &allowing(&format!("{allowed}{bad_headers}")),
        [names; 4],
    );
    check(put, 200, &allowing(allowed), ["headers-allowed"; 4]);
    let both = format!("{allowed}Access-Control-Allow-Headers: x-A");
    check(put, 200, &allowing(&both), [""; 4]);
    check(put, 200, &both, [present; 4]);
}

#[test]
fn methods() {
    #[track_caller]
    fn check(credentials: Credentials, method: &str, lines: &str, allowed: bool) {
        let expected = if allowed { "" } else { "method-allowed" };
        let request = get(API)
            .method(method)
            .header("X-A", "1")
            .credentials(credentials);
        let lines = allowing(&format!("Access-Control-Allow-Headers: X-A\n{lines}"));
        super::preflight::check(&request, 204, &lines, [expected; 4]);
    }
    let omit = Credentials::Omit;
    check(omit, "GET", "", true);
    check(omit, "HEAD", "", true);
    check(omit, "POST", "Access-Control-Allow-Methods: PUT", true);
    check(
        omit,
        "PUT",
        "Access-Control-Allow-Methods: DELETE, PUT",
        true,
    );
    check(
        omit,
        "PUT",
        "Access-Control-Allow-Methods: DELETE\naccess-control-allow-methods:,PUT",
        true,
    );
    check(omit, "PUT", "Access-Control-Allow-Methods: put", false);
    check(omit, "put", "Access-Control-Allow-Methods: PUT", true);
    check(omit, "patch", "Access-Control-Allow-Methods: PATCH", false);
    check(omit, "patch", "Access-Control-Allow-Methods: patch", true);
    check(omit, "PUT", "Access-Control-Allow-Methods: *", true);
    check(
        Credentials::Include,
        "PUT",
        "Access-Control-Allow-Methods: *",
        false,
    );
    check(
        Credentials::Include,
        "*",
        "Access-Control-Allow-Methods: *",
        true,
    );
    check(
        Credentials::Include,
        "PUT",
        "Access-Control-Allow-Methods: PUT",
        true,
    );
    check(omit, "PUT", "Allow: PUT", false);
}

#[test]
fn request_headers() {
    #[track_caller]
    fn check(credentials: Credentials, name: &str, lines: &str, expected: [&str; 4]) {
        let request = get(API).header(name, "\"").credentials(credentials);
        super::preflight::check(&request, 204, &allowing(lines), expected);
    }
    let (omit, include) = (Credentials::Omit, Credentials::Include);
    let (refused, unlisted) = ("headers-allowed", "authorization-listed");
    check(omit, "X-A", "", [refused; 4]);
    check(omit, "X-A", "Access-Control-Allow-Headers:  , x-a", [""; 4]);
    check(omit, "X-A", "Access-Control-Allow-Headers: *", [""; 4]);
    check(
        include,
        "X-A",
        "Access-Control-Allow-Headers: *",
        [refused; 4],
    );
    check(include, "*", "Access-Control-Allow-Headers: *", [""; 4]);
    check(
        omit,
        "Content-Type",
        "Access-Control-Allow-Headers: X-A",
        [refused; 4],
    );
    let wildcard = "Access-Control-Allow-Headers: *";
    check(omit, "Authorization", wildcard, [unlisted, "", "", ""]);
    check(
        omit,
        "authorization",
        "Access-Control-Allow-Headers: *, AUTHORIZATION",
        [""; 4],
    );
    check(
        include,
        "Authorization",
        wildcard,
        [unlisted, refused, refused, refused],
    );
    check(
        omit,
        "Authorization",
        "",
        [unlisted, refused, refused, refused],
    );
}

#[test]
fn the_flag_stands_in_for_methods_in_the_standard_alone() {
    let refused = "method-allowed";
    let put = &get(API).method("PUT").use_cors_preflight();
    check(put, 204, &allowing(""), ["", refused, refused, refused]);
    check(
        put,
        204,
        &allowing("Access-Control-Allow-Methods:"),
        [refused; 4],
    );
}

#[test]
fn refused_headers_are_named() {
    #[track_caller]
    fn check(engine: Engine, expected: &[&str]) {
        let request = get(API)
            .header("X-Custom", "1")
            .header("X-Allowed", "1")
            .header("authorization", "1")
            .header("A", "1");
        let lines = allowing("Access-Control-Allow-Headers: X-Allowed");
        let judged = judge_preflight(engine, &request, &response(204, &lines));
        let expected = expected.iter().map(ToString::to_string).collect();
        let error = judged.result.unwrap_err().error;
        assert_eq!(error, NetworkError::HeadersNotAllowed { names: expected });
    }
    check(Engine::Chromium, &["a", "authorization", "x-custom"]);
    check(Engine::Firefox, &["a", "authorization", "x-custom"]);
    check(Engine::WebKit, &["Authorization", "X-Custom", "A"]);
}

#[test]
fn max_age() {
    /// Seconds in each engine: the standard, Chromium, Firefox, WebKit.
    #[track_caller]
    fn check(lines: &str, expected: [Option<u64>; 4]) {
        let response = response(204, &allowing(lines));
        let max_age = |engine| {
            let grant = judge_preflight(engine, &get(API), &response)
                .result
                .unwrap();
            grant.max_age.as_ref().map(Duration::as_secs)
        };
        assert_eq!(Engine::ALL.map(max_age), expected);
    }
    let (default, malformed) = (Some(5), [Some(5), Some(5), None, Some(5)]);
    check("", [default; 4]);
    check("Access-Control-Max-Age:", [default; 4]);
    check("Access-Control-Max-Age: 0", [Some(0); 4]);
    check("Access-Control-Max-Age: 060", [Some(60); 4]);
    check(
        "Access-Control-Max-Age: 601",
        [Some(601), Some(601), Some(601), Some(600)],
    );
    check(
        "Access-Control-Max-Age: 86401",
        [Some(86401), Some(7200), Some(86400), Some(600)],
    );
    check("Access-Control-Max-Age: abc", malformed);
    check("Access-Control-Max-Age: 1.5", malformed);
    check("Access-Control-Max-Age: 5 s", malformed);
    check("Access-Control-Max-Age: -", malformed);
    check("Access-Control-Max-Age: 60, 60", malformed);
    check(
        "Access-Control-Max-Age: 60\nAccess-Control-Max-Age: 60",
        malformed,
    );
    check(
        "Access-Control-Max-Age:\nAccess-Control-Max-Age: 60",
        [default, default, Some(60), default],
    );
    check(
        "Access-Control-Max-Age: -1",
        [default, Some(0), None, Some(0)],
    );
    check(
        "Access-Control-Max-Age: +60",
        [default, Some(60), None, Some(60)],
    );
    let huge = format!("Access-Control-Max-Age: {}", "9".repeat(99));
    check(&huge, [Some(u64::MAX), default, Some(86400), default]);
}
