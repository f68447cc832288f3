//! <https://fetch.spec.whatwg.org/#dom-request> and origins.

use cors_browser_model::{
    Body, Check, Credentials, Engine, FetchOutcome, Kind, Mode, NetworkError, Origin, RedirectMode,
    Request, Step, Tainting, Throws, Url,
};

use crate::{API, PAGE, get, headers, response, run, url, without_metadata};

#[test]
fn constructors_throw() {
    #[track_caller]
    fn check(request: &Request, expected: Throws) {
        let run = run(Engine::Standard, request, |_| panic!("something was sent"));
        let FetchOutcome::Blocked(failure) = run.outcome else {
            panic!("readable")
        };
        assert_eq!(failure.error, NetworkError::Throws(expected));
        assert_eq!((run.checks.len(), failure.kind), (1, None));
    }
    check(
        &get("https://user@api.example.com/"),
        Throws::UrlCredentials,
    );
    check(
        &get("https://:pass@api.example.com/"),
        Throws::UrlCredentials,
    );
    check(&get(API).method("trace"), Throws::Method);
    check(&get(API).method(""), Throws::Method);
    check(&get(API).method("P T"), Throws::Method);
    check(&get(API).method("PÜT"), Throws::Method);
    check(&get(API).header("X A", ""), Throws::Header);
    check(&get(API).header("", ""), Throws::Header);
    check(&get(API).header("X-A", "a\r\nb"), Throws::Header);
    check(&get(API).header("X-A", "a\0"), Throws::Header);
    check(&get(API).body(Body::Source), Throws::BodyOfGet);
    check(
        &get(API).method("head").body(Body::Source),
        Throws::BodyOfGet,
    );
    check(
        &get(API).mode(Mode::NoCors).method("PUT"),
        Throws::NoCorsMethod,
    );
    let stream = get(API)
        .mode(Mode::NoCors)
        .method("POST")
        .body(Body::Stream);
    check(&stream, Throws::NoCorsStream);
}

/// Every step that was carried out is recorded, with the section of its standard.
#[test]
fn steps_of_a_fetch() {
    let put = get(API).method("PUT").credentials(Credentials::Include);
    let run = run(Engine::Standard, &put, |_| {
        response(
            200,
            "Access-Control-Allow-Origin: https://app.example.com
             Access-Control-Allow-Credentials: true
             Access-Control-Allow-Methods: PUT",
        )
    });
    let names = |checks: &[Check]| {
        assert!(checks.iter().all(|check| check.passed));
        let names = checks.iter().map(|check| check.step.to_string());
        names.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names(&run.checks), "construct scheme");
    let [preflight, actual] = &run.exchanges[..] else {
        panic!("{} requests", run.exchanges.len())
    };
    assert_eq!(
        names(&preflight.checks),
        "connection allow-origin-present allow-origin-matches allow-credentials preflight-status \
         allow-methods-syntax allow-headers-syntax method-allowed headers-allowed"
    );
    assert_eq!(
        names(&actual.checks),
        "connection allow-origin-present allow-origin-matches allow-credentials"
    );
    let sections = [
        (Step::Construct, "#dom-request"),
        (Step::AllowOriginMatches, "#cors-check"),
        (Step::HeadersAllowed, "#cors-preflight-fetch"),
        (Step::RedirectBody, "#http-redirect-fetch"),
    ];
    for (step, section) in sections {
        assert_eq!(
            step.url(),
            format!("https://fetch.spec.whatwg.org/{section}")
        );
    }
}

/// What no fetch of the model depends on, but others read.
#[test]
fn parts_of_requests() {
    let page = || Origin::parse(PAGE).unwrap();
    assert_eq!(Request::form(url(API), page()).body, Body::Source);
    let socket = Request::websocket(url("wss://api.example.com/"), page());
    assert_eq!(socket.redirect, RedirectMode::Error);
}

/// In WebKit, a page uses a font of any server, but cannot read it.
#[test]
fn fonts() {
    let page = Origin::parse(PAGE).unwrap();
    let request = Request::font(url(API), page);
    for engine in Engine::ALL {
        let run = run(engine, &request, |_| response(200, ""));
        let tainting = match run.outcome {
            FetchOutcome::Response(readable) => Some(readable.tainting),
            FetchOutcome::Blocked(_) => None,
        };
        let expected = (engine == Engine::WebKit).then_some(Tainting::Basic);
        assert_eq!(tainting, expected, "{engine:?}");
    }
}

#[test]
fn forbidden_headers_go_away_in_silence() {
    #[track_caller]
    fn check(request: Request, expected: &str) {
        let run = run(Engine::Standard, &request, |_| response(200, ""));
        assert_eq!(
            without_metadata(&run.exchanges.last().unwrap().sent),
            headers(expected)
        );
    }
    let request = get(PAGE)
        .header("Cookie", "a")
        .header("X-A", " 1 ")
        .header("Sec-A", "1");
    check(
        request.header("X-Method-Override", "TRACE"),
        "X-A: 1\nAccept: */*",
    );
    let no_cors = get(API)
        .mode(Mode::NoCors)
        .header("X-A", "1")
        .header("Range", "bytes=0-");
    check(no_cors.header("Accept", "a"), "Accept: a");
}

#[test]
fn chromium_keeps_a_user_agent_back() {
    #[track_caller]
    fn check(url: &str, kept: &str, asks: [bool; 4]) {
        let request = get(url).header("User-Agent", "x").header("X-A", "1");
        for (engine, asks) in Engine::ALL.into_iter().zip(asks) {
            let allowing = "Access-Control-Allow-Origin: *\nAccess-Control-Allow-Headers: x-a";
            let run = run(engine, &request, |_| response(200, allowing));
            let blocked = matches!(run.outcome, FetchOutcome::Blocked(_));
            assert_eq!(blocked, asks, "{engine:?}");
            if !blocked {
                let sent = without_metadata(&run.exchanges.last().unwrap().sent);
                let expected = match engine {
                    Engine::Chromium => kept,
                    _ => "User-Agent: x\nX-A: 1\nAccept: */*",
                };
                assert_eq!(sent, headers(expected), "{engine:?}");
            }
        }
    }
    check(PAGE, "X-A: 1\nAccept: */*", [false; 4]);
    let kept = "X-A: 1\nAccept: */*\nOrigin: https://app.example.com";
    check(API, kept, [true, false, true, true]);
}

#[test]
fn origins() {
    #[track_caller]
    fn check(text: &str, page: &str, same: bool) {
        let origin = Origin::parse(text).unwrap();
        assert_eq!(origin.to_string(), text);
        assert_eq!(Origin::of(&url(page)), origin);
        assert_eq!(origin.is_same_origin(&url(page)), same);
    }
    check(
        "https://a.example",
        "https://user@A.example:443/path?query#fragment",
        true,
    );
    check("http://a.example:8080", "http://a.example:8080", true);
    check("http://127.0.0.1", "http://127.1", true);
    check("http://[::1]:3000", "http://[0:0::1]:3000/", true);
    check(
        "https://xn--bcher-kva.example",
        "https://bücher.example",
        true,
    );
    check("tauri://localhost", "tauri://localhost/x", true);
    check("null", "data:text/plain,", false);
    check("null", "data://a.example/", false);
    check("null", "file:///etc/passwd", false);
    for text in [
        "",
        "*",
        "a.example",
        "https://",
        "https://a.example/",
        "https://a.example:443",
        "https://a.example?",
        "https://user@a.example",
        "https://A.example",
        "https://bücher.example",
        "http://127.1",
        "http://[0::1]",
        "NULL",
        "null ",
        "file://",
        "https://a.example:99999",
    ] {
        assert_eq!(Origin::parse(text), None, "{text}");
    }
}

/// The standard and the engines agree about `Last-Event-ID`: only that of a script needs a preflight, and always.
#[test]
fn last_event_id() {
    #[track_caller]
    fn check(id: &str) {
        for engine in Engine::ALL {
            let sent = |request: fn(Url, Origin) -> Request| {
                let page = Origin::parse(PAGE).unwrap();
                let request = request(url(API), page).header("Last-Event-ID", id);
                let run = run(engine, &request, |sent| match sent.url.path() {
                    "/" => response(307, "Access-Control-Allow-Origin: *\nLocation: /b"),
                    _ => response(200, "Access-Control-Allow-Origin: *"),
                });
                assert!(
                    run.exchanges
                        .iter()
                        .all(|exchange| exchange.kind == Kind::Preflight
                            || exchange.sent.headers.get("Last-Event-ID").as_deref()
                                == Some(id.as_bytes()))
                );
                crate::sent(&run)
            };
            assert_eq!(sent(Request::event_source), ["GET", "GET"], "{engine:?}");
            assert_eq!(sent(Request::new), ["PRE GET"], "{engine:?}");
        }
    }
    check("");
    check("abc123");
    check("\"(){}\u{e9}");
    check(&"a".repeat(128));
    check(&"a".repeat(129));
}
