//! Console messages beyond the measured cases.

use cors_browser_model::{
    Engine, Mode, NetworkError, RedirectMode, Request, Run, Step, judge_response,
};

use crate::{API, PAGE, get, response, run};

#[track_caller]
fn first(run: &Run) -> (&str, &str) {
    let line = &run.console[0];
    (line.code.unwrap_or_default(), &line.text)
}

#[test]
fn chromium_says_where_it_came_from() {
    let run = run(
        Engine::Chromium,
        &get("https://b.example/"),
        |sent| match sent.url.path() {
            "/" => response(
                302,
                "Access-Control-Allow-Origin: *\nLocation: https://c.example/end",
            ),
            _ => response(200, ""),
        },
    );
    let (code, text) = first(&run);
    assert_eq!(code, "MissingAllowOriginHeader");
    let begins = "Access to fetch at 'https://c.example/end' (redirected from 'https://b.example/') \
                  from origin 'https://app.example.com' has been blocked by CORS policy: No ";
    assert!(text.starts_with(begins), "{text}");
}

#[test]
fn webkit_says_which_origin_was_sent() {
    let run = run(
        Engine::WebKit,
        &get("https://b.example/"),
        |sent| match sent.url.path() {
            "/" => response(
                302,
                "Access-Control-Allow-Origin: *\nLocation: https://c.example/end",
            ),
            _ => response(200, ""),
        },
    );
    let text = "Origin null is not allowed by Access-Control-Allow-Origin. Status code: 200";
    assert_eq!(first(&run), ("", text));
}

#[test]
fn what_chromium_makes_of_values() {
    #[track_caller]
    fn check(value: &[u8], code: &str, shown: &str) {
        let mut answer = response(200, "");
        answer.headers.append("Access-Control-Allow-Origin", value);
        let console = judge_response(Engine::Chromium, &get(API), &answer).console;
        assert_eq!(console[0].code, Some(code));
        assert!(
            console[0].text.contains(&format!("'{shown}'")),
            "{}",
            console[0].text
        );
    }
    check(b"a b", "MultipleAllowOriginValues", "a b");
    check(b",", "MultipleAllowOriginValues", ",");
    check(
        b"app.example.com",
        "InvalidAllowOriginValue",
        "app.example.com",
    );
    check(b"https://", "InvalidAllowOriginValue", "https://");
    check(b"\xFF\x01", "InvalidAllowOriginValue", "\\u00FF\\u0001");
    check(b"a:b", "AllowOriginMismatch", "a:b");
    check(b"null", "AllowOriginMismatch", "null");
}

#[test]
fn firefox_reads_utf_8() {
    let lines = "Access-Control-Allow-Origin: https://bücher.example";
    let console = judge_response(Engine::Firefox, &get(API), &response(200, lines)).console;
    assert!(
        console[0]
            .text
            .contains("does not match ‘https://bücher.example’")
    );
}

#[test]
fn redirects_that_are_refused() {
    #[track_caller]
    fn check(location: &str, expected: [(&str, &str); 3]) {
        for (engine, (code, text)) in Engine::BROWSERS.into_iter().zip(expected) {
            let lines = format!("Access-Control-Allow-Origin: *\nLocation: {location}");
            let run = run(engine, &get("https://b.example/"), |_| {
                response(302, &lines)
            });
            match run.console.first() {
                None => assert_eq!((code, text), ("", ""), "{engine:?}"),
                Some(line) => {
                    assert_eq!(line.code.unwrap_or_default(), code);
                    assert!(line.text.contains(text) && !line.measured, "{}", line.text);
                }
            }
        }
    }
    check(
        "https://user@c.example/",
        [
            (
                "RedirectContainsCredentials",
                "'https://user@c.example/' contains a username",
            ),
            ("CORSDidNotSucceed2", "Status code: (null)."),
            (
                "",
                "policy: redirection URL https://user@c.example/ has credentials",
            ),
        ],
    );
    check(
        "data:,",
        [
            ("", ""),
            ("CORSRequestNotHttp", "request not http"),
            ("", "with non CORS scheme"),
        ],
    );
}

#[test]
fn modes_schemes_and_loops() {
    #[track_caller]
    fn check(engine: Engine, request: &Request, code: &str, text: &str) {
        let lines = "Access-Control-Allow-Origin: *\nLocation: /";
        let run = run(engine, request, |_| response(302, lines));
        let (found_code, found) = first(&run);
        assert_eq!(found_code, code);
        assert!(found.contains(text), "{found}");
        // What says itself that it is about the redirect.
        assert!(!found.contains("Cross-origin redirection"), "{found}");
        assert!(!run.console[0].measured);
    }
    let same_origin = get(API).mode(Mode::SameOrigin);
    let not_allowed = "Cross origin requests are not allowed by request mode.";
    check(
        Engine::Chromium,
        &same_origin,
        "DisallowedByMode",
        not_allowed,
    );
    let unsafe_attempt =
        "Unsafe attempt to load URL https://api.example.com/ from origin https://app.example.com.";
    check(Engine::WebKit, &same_origin, "", unsafe_attempt);
    let schemes = "Cross origin requests are only supported for protocol schemes: ";
    let ftp = get("ftp://api.example.com/");
    check(Engine::Chromium, &ftp, "CorsDisabledScheme", schemes);
    let once = get(API).redirect(RedirectMode::Error);
    let no_redirect = "Not allowed to follow a redirection while loading https://api.example.com/";
    check(Engine::WebKit, &once, "", no_redirect);
    let too_many = "Load cannot follow more than 20 redirections";
    check(Engine::WebKit, &get(API), "", too_many);
}

#[test]
fn without_cors_the_consoles_are_silent() {
    #[track_caller]
    fn check(request: &Request, lines: &str) {
        for engine in Engine::ALL {
            assert_eq!(run(engine, request, |_| response(200, lines)).console, []);
        }
    }
    check(&get(PAGE), "");
    check(&get(API), "Access-Control-Allow-Origin: *");
    check(&get(API).method("TRACE"), "");
}

#[test]
fn errors_read_well() {
    #[track_caller]
    fn check(error: &NetworkError, step: Step, text: &str) {
        assert_eq!((error.step(), &*error.to_string()), (step, text));
    }
    let value = "a\tb".to_owned();
    check(
        &NetworkError::AllowOriginMismatch { value },
        Step::AllowOriginMatches,
        "`Access-Control-Allow-Origin` is `a\\x09b`, not the request's origin",
    );
    let names = vec!["x-a".to_owned(), "x-b".to_owned()];
    check(
        &NetworkError::HeadersNotAllowed { names },
        Step::HeadersAllowed,
        "`Access-Control-Allow-Headers` does not allow `x-a`, `x-b`",
    );
}
