//! Recorded requests, and the checks of their responses.

use cors_browser_model::{
    Cause, Credentials, Engine, Kind, NotFromPage, Recorded, judge_preflight, judge_response,
    preflight_causes,
};

use crate::{API, PAGE, get, headers, response, run, url};

#[track_caller]
fn read(method: &str, lines: &str) -> Result<Recorded, NotFromPage> {
    Recorded::read(method, url(API), &headers(lines), Credentials::Omit)
}

#[test]
fn preflights() {
    #[track_caller]
    fn check(lines: &str, method: &str, causes: &[&str]) {
        let recorded = read("OPTIONS", &format!("Origin: {PAGE}\n{lines}")).unwrap();
        assert_eq!(recorded.kind, Kind::Preflight);
        assert_eq!(recorded.request.method, method);
        for engine in Engine::ALL {
            let found = preflight_causes(engine, &recorded.request);
            let found: Vec<_> = found.iter().map(Cause::to_string).collect();
            assert_eq!(found, causes);
        }
    }
    check(
        "Access-Control-Request-Method: PUT",
        "PUT",
        &["the method `PUT`"],
    );
    check(
        "access-control-request-method: GET\nAccess-Control-Request-Headers: accept,range,x-a",
        "GET",
        &["the headers `accept`, `range`, `x-a`"],
    );
    check(
        "Access-Control-Request-Method: POST",
        "POST",
        &["an upload listener or a stream"],
    );
}

#[test]
fn actual_requests() {
    let lines = "Host: a\nOrigin: null\nX-A: 1\nContent-Length: 3\nUser-Agent: b";
    let recorded = read("OPTIONS", lines).unwrap();
    assert_eq!(recorded.kind, Kind::Actual);
    assert_eq!(recorded.request.origin.to_string(), "null");
    assert_eq!(recorded.request.headers, headers("X-A: 1\nUser-Agent: b"));
}

#[test]
fn what_no_page_sends() {
    #[track_caller]
    fn check(method: &str, lines: &str, expected: NotFromPage) {
        assert_eq!(read(method, lines), Err(expected));
    }
    check("GET", "", NotFromPage::Origin);
    check("GET", "Origin: https://a.example/", NotFromPage::Origin);
    check(
        "GET",
        "Origin: https://a.example\nOrigin: https://a.example",
        NotFromPage::Origin,
    );
    check("GET", "Origin: \u{e4}", NotFromPage::Origin);
    check("TRACE", "Origin: null", NotFromPage::Method);
    check("put", "Origin: null", NotFromPage::Method);
    #[track_caller]
    fn check_preflight(lines: &str, expected: NotFromPage) {
        check("OPTIONS", &format!("Origin: null\n{lines}"), expected);
    }
    let put = "Access-Control-Request-Method: PUT";
    check_preflight("Access-Control-Request-Method: trace", NotFromPage::Method);
    check_preflight("Access-Control-Request-Method:", NotFromPage::Method);
    check_preflight(&format!("{put}\n{put}"), NotFromPage::Method);
    for names in ["x a", "cookie"] {
        let lines = format!("{put}\nAccess-Control-Request-Headers: {names}");
        check_preflight(&lines, NotFromPage::Headers);
    }
    let text = NotFromPage::Method.to_string();
    assert_eq!(text, "no script can send the method");
}

#[test]
fn consoles_of_judged_responses() {
    for lines in ["", "Access-Control-Allow-Origin: *"] {
        let answer = response(404, lines);
        for engine in Engine::ALL {
            let judged = judge_response(engine, &get(API), &answer);
            let run = run(engine, &get(API), |_| answer.clone());
            assert_eq!(judged.console, run.console, "{engine:?}");
        }
    }
}

#[test]
fn a_run_and_its_judged_parts_agree() {
    let request = get(API)
        .method("PUT")
        .header("X-A", "1")
        .credentials(Credentials::Include);
    for engine in Engine::ALL {
        for lines in [
            "",
            "Access-Control-Allow-Origin: *",
            "Access-Control-Allow-Origin: https://app.example.com",
            "Access-Control-Allow-Origin: https://app.example.com
             Access-Control-Allow-Credentials: true
             Access-Control-Allow-Methods: PUT
             Access-Control-Allow-Headers: X-A
             Access-Control-Expose-Headers: Access-Control-Expose-Headers",
        ] {
            let answer = response(200, lines);
            let run = run(engine, &request, |_| answer.clone());
            let mut judged = vec![judge_preflight(engine, &request, &answer).checks];
            judged.push(judge_response(engine, &request, &answer).checks);
            for (exchange, checks) in run.exchanges.iter().zip(judged) {
                assert!(exchange.checks.iter().any(|check| checks.contains(check)));
                let first = |checks: &[cors_browser_model::Check]| {
                    checks.iter().find(|check| !check.passed).copied()
                };
                assert_eq!(first(&exchange.checks), first(&checks), "{engine:?}");
            }
        }
    }
}
