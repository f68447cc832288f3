//! <https://fetch.spec.whatwg.org/#http-redirect-fetch>.

use cors_browser_model::{
    Body, Credentials, Engine, FetchOutcome, Mode, NetworkError, Origin, RedirectMode, Request,
    Run, SentRequest, Tainting,
};

use crate::{PAGE, failed, get, response, run, sent};

/// Servers whose responses every page may read, and where `/to/STATUS/URL` redirects.
pub(crate) fn web(engine: Engine, request: &Request) -> Run {
    run(engine, request, |sent| {
        let origin = sent.headers.get("Origin").unwrap_or_default();
        let allow = format!(
            "Access-Control-Allow-Origin: {}
             Access-Control-Allow-Credentials: true
             Access-Control-Allow-Methods: PUT, DELETE
             Access-Control-Allow-Headers: authorization, content-type, x-a",
            origin.escape_ascii()
        );
        let path = sent
            .url
            .path()
            .strip_prefix("/to/")
            .and_then(|path| path.split_once('/'));
        match path {
            Some((status, location)) if sent.method != "OPTIONS" => response(
                status.parse().unwrap(),
                &format!("{allow}\nLocation: {location}"),
            ),
            _ => response(200, &allow),
        }
    })
}

fn last(run: &Run) -> &SentRequest {
    &run.exchanges.last().unwrap().sent
}

fn origin(sent: &SentRequest) -> String {
    sent.headers
        .get("Origin")
        .unwrap_or_default()
        .escape_ascii()
        .to_string()
}

#[test]
fn the_origin_becomes_null() {
    /// Follows a chain of URLs, and compares the `Origin` that is sent to the last.
    #[track_caller]
    fn check(chain: &[&str], expected: &str) {
        let chain = chain.join("/to/302/");
        for engine in Engine::ALL {
            let run = web(engine, &get(&chain));
            assert_eq!(origin(last(&run)), expected, "{engine:?}");
            assert_eq!(failed(&run), "", "{engine:?}");
        }
    }
    let (a, b, c) = (PAGE, "https://b.example", "https://c.example");
    check(&[a, a], "");
    check(&[a, b], PAGE);
    check(&[a, b, b], PAGE);
    check(&[b, b], PAGE);
    check(&[b, c], "null");
    check(&[b, a], "null");
    check(&[b, a, b], "null");
    check(&[a, b, a], "null");
    check(&[b, "https://b.example:8443"], "null");
}

#[test]
fn cross_origin_once_is_cross_origin_for_ever() {
    let back = get("https://b.example/to/302/https://app.example.com/");
    let run = run(Engine::Standard, &back, |sent| match sent.url.host_str() {
        Some("b.example") => response(
            302,
            "Access-Control-Allow-Origin: *\nLocation: https://app.example.com/",
        ),
        _ => response(200, "Set-Cookie: a=b\nX-A: 1"),
    });
    assert_eq!(sent(&run), ["GET", "GET"]);
    assert_eq!(
        failed(&run),
        "allow-origin-present",
        "on the page's own server"
    );
}

#[test]
fn every_hop_is_checked() {
    for engine in Engine::ALL {
        for status in [301, 302, 303, 307, 308] {
            let run = run(engine, &get("https://b.example/"), |_| {
                response(status, "Location: /")
            });
            assert_eq!(
                (run.exchanges.len(), failed(&run)),
                (1, "allow-origin-present")
            );
        }
    }
}

#[test]
fn methods_bodies_and_authorization() {
    /// Compares the last request: method, `Content-Type`, `Authorization`.
    #[track_caller]
    fn check(status: u16, method: &str, to: &str, expected: [&str; 3]) {
        let url = format!("https://b.example/to/{status}/{to}");
        let request = get(&url)
            .method(method)
            .header("Authorization", "a")
            .header("X-A", "1");
        let request = request.header("Content-Type", "application/json");
        for engine in [Engine::Standard, Engine::Chromium, Engine::Firefox] {
            let run = web(engine, &request);
            let last = last(&run);
            let header = |name| {
                last.headers
                    .get(name)
                    .unwrap_or_default()
                    .escape_ascii()
                    .to_string()
            };
            let sent = [
                last.method.clone(),
                header("Content-Type"),
                header("Authorization"),
            ];
            assert_eq!(sent, expected, "{engine:?}");
            assert_eq!(header("X-A"), "1");
        }
    }
    let (here, there, json) = (
        "https://b.example/",
        "https://c.example/",
        "application/json",
    );
    check(301, "POST", here, ["GET", "", "a"]);
    check(302, "POST", there, ["GET", "", ""]);
    check(303, "POST", here, ["GET", "", "a"]);
    check(307, "POST", there, ["POST", json, ""]);
    check(308, "POST", here, ["POST", json, "a"]);
    check(301, "PUT", here, ["PUT", json, "a"]);
    check(302, "DELETE", there, ["DELETE", json, ""]);
    check(303, "PUT", here, ["GET", "", "a"]);
    check(303, "GET", here, ["GET", json, "a"]);
    check(303, "HEAD", here, ["HEAD", json, "a"]);
}

/// What the preflight at another origin names, and what is sent there.
#[test]
fn webkit_names_authorization_that_it_drops() {
    let put = get("https://b.example/to/307/https://c.example/").method("PUT");
    let put = put.header("Authorization", "a").header("X-A", "1");
    for engine in Engine::ALL {
        let run = web(engine, &put);
        assert_eq!(sent(&run), ["PRE PUT", "PUT", "PRE PUT", "PUT"]);
        let preflight = &run.exchanges[2].sent.headers;
        let named = preflight.get("Access-Control-Request-Headers").unwrap();
        let expected = match engine {
            Engine::WebKit => "authorization,x-a",
            _ => "x-a",
        };
        assert_eq!(named.escape_ascii().to_string(), expected, "{engine:?}");
        assert!(!last(&run).headers.contains("Authorization"), "{engine:?}");
    }
}

#[test]
fn webkit_drops_delete_across_origins() {
    let delete = get("https://b.example/to/302/https://c.example/").method("DELETE");
    assert_eq!(
        sent(&web(Engine::WebKit, &delete)),
        ["PRE DELETE", "DELETE", "PRE GET", "GET"]
    );
    let standard = sent(&web(Engine::Standard, &delete));
    assert_eq!(standard, ["PRE DELETE", "DELETE", "PRE DELETE", "DELETE"]);
}

#[test]
fn a_simple_get_can_need_a_preflight_again() {
    /// Whether there is one in the standard, Chromium, Firefox and WebKit.
    #[track_caller]
    fn check(request: &Request, expected: [bool; 4]) {
        let again = Engine::ALL.map(|engine| sent(&web(engine, request)).len() == 4);
        assert_eq!(again, expected);
    }
    let here = get("https://b.example/to/303/https://b.example/");
    let there = get("https://b.example/to/303/https://c.example/");
    check(&here.clone().method("PUT"), [false, false, true, true]);
    check(&there.clone().method("PUT"), [false, false, true, true]);
    let json = |request: &Request| {
        let request = request.clone().method("POST").body(Body::Source);
        request.header("Content-Type", "application/json")
    };
    check(&json(&here), [false; 4]);
    check(&json(&there), [false, false, true, false]);
}

#[test]
fn each_url_has_its_own_preflight() {
    let put = get("https://b.example/to/307/https://c.example/").method("PUT");
    for engine in Engine::ALL {
        let run = web(engine, &put);
        assert_eq!(sent(&run), ["PRE PUT", "PUT", "PRE PUT", "PUT"]);
        let of_preflight = match engine {
            Engine::Firefox => PAGE,
            _ => "null",
        };
        assert_eq!(origin(&run.exchanges[2].sent), of_preflight);
        assert_eq!(origin(&run.exchanges[3].sent), "null");
        let FetchOutcome::Response(readable) = run.outcome else {
            panic!("blocked")
        };
        assert!(readable.redirected);
        assert_eq!(readable.url.as_str(), "https://c.example/");
    }
}

#[test]
fn locations() {
    /// The failing step in each engine: the standard, Chromium, Firefox, WebKit.
    #[track_caller]
    fn check(request: &Request, status: u16, lines: &str, expected: [&str; 4]) {
        let step = |engine| {
            let lines = format!("Access-Control-Allow-Origin: {PAGE}\n{lines}");
            let run = run(engine, request, |sent| match sent.url.path() {
                "/end" => response(200, &lines),
                _ => response(status, &lines),
            });
            failed(&run)
        };
        assert_eq!(Engine::ALL.map(step), expected);
    }
    let get = &get("https://b.example/");
    check(get, 302, "", [""; 4]);
    check(get, 302, "Location: /end", [""; 4]);
    check(get, 302, "Location: end?\u{e4}", [""; 4]);
    check(get, 302, "Location: //[", ["redirect-location"; 4]);
    check(
        get,
        302,
        "Location: /end\nLocation: /end",
        ["redirect-location"; 4],
    );
    check(
        get,
        302,
        "Location: data:text/plain,",
        ["redirect-scheme"; 4],
    );
    check(
        get,
        302,
        "Location: ftp://b.example/",
        ["redirect-scheme"; 4],
    );
    check(get, 302, "Location: /", ["redirect-count"; 4]);
    check(
        get,
        302,
        "Location:",
        ["redirect-count", "", "redirect-count", ""],
    );
    check(
        get,
        302,
        "Location: //user@b.example/end",
        ["redirect-credentials"; 4],
    );
    check(
        get,
        302,
        "Location: //:pass@b.example/end",
        ["redirect-credentials"; 4],
    );
    check(get, 304, "Location: /", [""; 4]);
    check(get, 300, "Location: /", ["", "", "redirect-count", ""]);
    check(get, 399, "Location: /", ["", "", "", "redirect-count"]);
}

#[test]
fn twenty_redirects() {
    #[track_caller]
    fn check(redirects: usize, expected: &str) {
        for engine in Engine::ALL {
            let run = run(engine, &get(PAGE), |sent| {
                match sent.url.query().map_or(0, |hops| hops.len()) {
                    hops if hops < redirects => {
                        response(302, &format!("Location: ?{}", "x".repeat(hops + 1)))
                    }
                    _ => response(200, ""),
                }
            });
            assert_eq!(failed(&run), expected);
        }
    }
    check(20, "");
    check(21, "redirect-count");
}

#[test]
fn users_are_allowed_at_home() {
    let run = run(Engine::Standard, &get(PAGE), |sent| match sent.url.path() {
        "/end" => response(200, ""),
        _ => response(302, "Location: https://user:pass@app.example.com/end"),
    });
    assert_eq!(failed(&run), "");
}

#[test]
fn users_are_not_allowed_elsewhere() {
    #[track_caller]
    fn check(request: &Request, location: &str, expected: &str) {
        for engine in Engine::ALL {
            let run = run(engine, request, |sent| match sent.url.path() {
                "/end" => response(200, "Access-Control-Allow-Origin: *"),
                _ => response(
                    302,
                    &format!("Access-Control-Allow-Origin: *\nLocation: {location}"),
                ),
            });
            assert_eq!(failed(&run), expected, "{engine:?}");
        }
    }
    let there = get("https://b.example/");
    check(
        &get(PAGE),
        "https://user@b.example/end",
        "redirect-credentials",
    );
    check(
        &there,
        "https://user@app.example.com/end",
        "redirect-credentials",
    );
    // Nothing of the response can be read.
    let no_cors = there.mode(Mode::NoCors);
    check(&no_cors, "https://user@b.example/end", "");
}

#[test]
fn streams_cannot_be_sent_again() {
    let stream = |status: u16| {
        let url = format!("https://b.example/to/{status}/https://b.example/");
        let run = web(
            Engine::Standard,
            &get(&url).method("POST").body(Body::Stream),
        );
        failed(&run)
    };
    assert_eq!(stream(307), "redirect-body");
    assert_eq!(stream(302), "redirect-body");
    assert_eq!(stream(303), "");
}

#[test]
fn redirect_modes() {
    let to = get("https://b.example/to/302/https://b.example/");
    let run = web(Engine::Standard, &to.clone().redirect(RedirectMode::Error));
    assert_eq!((failed(&run), run.exchanges.len()), ("redirect-mode", 1));
    let run = web(Engine::Standard, &to.redirect(RedirectMode::Manual));
    let FetchOutcome::Response(readable) = run.outcome else {
        panic!("blocked")
    };
    assert_eq!(
        (readable.tainting, readable.status),
        (Tainting::OpaqueRedirect, 0)
    );
}

#[test]
fn modes() {
    #[track_caller]
    fn check(request: &Request, expected: &str) {
        assert_eq!(failed(&web(Engine::Standard, request)), expected);
    }
    let away = get("https://app.example.com/to/302/https://b.example/");
    check(&away.clone().mode(Mode::SameOrigin), "same-origin-mode");
    check(
        &get("https://b.example/").mode(Mode::SameOrigin),
        "same-origin-mode",
    );
    check(&get(PAGE).mode(Mode::SameOrigin), "");
    let no_cors = get("https://b.example/").mode(Mode::NoCors);
    check(
        &no_cors.clone().redirect(RedirectMode::Manual),
        "no-cors-redirect-mode",
    );
    let run = run(Engine::Standard, &no_cors, |_| response(500, "X-A: 1"));
    let FetchOutcome::Response(readable) = run.outcome else {
        panic!("blocked")
    };
    assert_eq!((readable.tainting, readable.status), (Tainting::Opaque, 0));
    assert_eq!(readable.headers.iter().count(), 0);
}

#[test]
fn who_gets_the_origin_and_credentials() {
    /// Compares the `Origin` that is sent, and whether the request has credentials.
    #[track_caller]
    fn check(request: Request, expected: (&str, bool)) {
        let run = web(Engine::Standard, &request);
        let sent = last(&run);
        assert_eq!((&*origin(sent), sent.credentials), expected);
    }
    check(get(PAGE), ("", true));
    check(get(PAGE).method("POST"), (PAGE, true));
    check(get(PAGE).credentials(Credentials::Omit), ("", false));
    check(get("https://b.example/"), (PAGE, false));
    check(
        get("https://b.example/").credentials(Credentials::Include),
        (PAGE, true),
    );
    check(get("https://b.example/").mode(Mode::NoCors), ("", false));
    check(
        get("https://b.example/").mode(Mode::NoCors).method("POST"),
        (PAGE, false),
    );
    check(
        get("http://b.example/").mode(Mode::NoCors).method("POST"),
        ("null", false),
    );
    let sandboxed = Request::new(crate::url(PAGE), Origin::Opaque);
    check(sandboxed, ("null", false));
}

#[test]
fn connections_fail() {
    let mut server = |_: &SentRequest| None;
    let mut cache = cors_browser_model::PreflightCache::new();
    let now = std::time::Duration::ZERO;
    for (request, sent) in [
        (get("https://b.example/"), "GET"),
        (get("https://b.example/").method("PUT"), "PRE PUT"),
    ] {
        let run =
            cors_browser_model::fetch(Engine::Standard, &request, &mut cache, now, &mut server);
        assert_eq!(crate::sent(&run), [sent]);
        let FetchOutcome::Blocked(failure) = run.outcome else {
            panic!("readable")
        };
        assert_eq!(
            (failure.error, failure.status),
            (NetworkError::Connection, None)
        );
    }
}
