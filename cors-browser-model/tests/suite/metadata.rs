//! `Origin` and `Sec-Fetch-*`: what servers learn about where a request comes from. All rows were measured with the three
//! engines; `compare-browsers` measures them again.

use cors_browser_model::{
    Credentials, Engine, FetchOutcome, Headers, Kind, NetworkError, Origin, Request, SentRequest,
    Tainting, Url,
};

use super::redirect::web;
use super::{API, PAGE, get, response, run, url};

/// How a page sends a request.
type Make = fn(Url, Origin) -> Request;

/// Compares `Origin` and `Sec-Fetch-Dest`, `-Mode` and `-Site` of the first request. `-` stands for an absent line.
#[track_caller]
fn check_engine(engine: Engine, make: Make, page: &str, target: &str, expected: &str) {
    let request = make(url(target), Origin::parse(page).unwrap());
    let run = run(engine, &request, |_| response(200, ""));
    let sent = &run.exchanges[0].sent.headers;
    let found = [
        "Origin",
        "Sec-Fetch-Dest",
        "Sec-Fetch-Mode",
        "Sec-Fetch-Site",
    ]
    .map(|name| {
        let value = sent.get(name).unwrap_or_else(|| b"-".to_vec());
        String::from_utf8(value).unwrap()
    });
    assert_eq!(found.join(" "), expected, "{engine:?} {page} {target}");
}

#[track_caller]
fn check(make: Make, page: &str, target: &str, expected: &str) {
    for engine in Engine::ALL {
        check_engine(engine, make, page, target, expected);
    }
}

fn put(url: Url, origin: Origin) -> Request {
    Request::new(url, origin).method("PUT")
}

#[test]
fn actions() {
    let page = "https://app.example.com";
    check(
        Request::form,
        page,
        API,
        "https://app.example.com document navigate same-site",
    );
    check(Request::link, page, API, "- document navigate same-site");
    check(Request::frame, page, API, "- iframe navigate same-site");
    check(Request::image, page, API, "- image no-cors same-site");
    check(
        Request::new,
        page,
        API,
        "https://app.example.com empty cors same-site",
    );
    check(
        put,
        page,
        API,
        "https://app.example.com empty cors same-site",
    );

    check(
        Request::form,
        "null",
        API,
        "null document navigate cross-site",
    );
    check(Request::new, "null", API, "null empty cors cross-site");
}

#[test]
fn sites() {
    #[track_caller]
    fn site(page: &str, target: &str, expected: &str) {
        check(
            Request::image,
            page,
            target,
            &format!("- image no-cors {expected}"),
        );
    }
    site(
        "https://api.example.com",
        "https://api.example.com/",
        "same-origin",
    );
    site(
        "https://app.example.com",
        "https://api.example.com/",
        "same-site",
    );
    site(
        "https://api.example.com:8443",
        "https://api.example.com/",
        "same-site",
    );
    site(
        "http://www.example.com",
        "https://api.example.com/",
        "cross-site",
    );
    site(
        "https://app.example.org",
        "https://api.example.com/",
        "cross-site",
    );
    site("https://a.github.io", "https://b.github.io/", "cross-site");
    site(
        "http://localhost:3000",
        "http://localhost:8080/",
        "same-site",
    );
    site(
        "http://localhost:3000",
        "http://127.0.0.1:8080/",
        "cross-site",
    );
    site(
        "http://127.0.0.1:3000",
        "http://127.0.0.1:8080/",
        "same-site",
    );
    site(
        "http://127.0.0.2:3000",
        "http://127.0.0.1:8080/",
        "cross-site",
    );
    site("http://[::1]:3000", "http://[::1]:8080/", "same-site");
    site("null", "https://api.example.com/", "cross-site");
}

#[test]
fn plain_http() {
    let api = "http://api.plain.test/";
    let page = "http://app.plain.test";
    check(Request::form, page, api, "http://app.plain.test - - -");
    check(Request::link, page, api, "- - - -");
    check(Request::image, page, api, "- - - -");
    check(Request::new, page, api, "http://app.plain.test - - -");
    for engine in Engine::ALL {
        let expected = match engine {
            Engine::Chromium => "http://app.plain.test - cors -",
            _ => "http://app.plain.test - - -",
        };
        check_engine(engine, put, page, api, expected);
    }
    // From https, only the origin of a request with CORS or of a WebSocket is sent.
    check(Request::form, "https://app.example.com", api, "null - - -");
    check(
        Request::websocket,
        "https://app.example.com",
        api,
        "https://app.example.com - - -",
    );
}

#[test]
fn scripts_and_fonts() {
    let (page, own) = (PAGE, "https://app.example.com/file");
    for engine in Engine::ALL {
        let expected = |sends_origin: bool, rest: &str| match sends_origin {
            true => format!("{page} {rest}"),
            false => format!("- {rest}"),
        };
        let is_one_of = |engines: &[Engine]| engines.contains(&engine);
        let sends_origin = is_one_of(&[Engine::Chromium, Engine::WebKit]);
        let script = expected(sends_origin, "script cors same-origin");
        check_engine(engine, Request::module_script, page, own, &script);
        let script = expected(true, "script cors same-site");
        check_engine(engine, Request::module_script, page, API, &script);

        let font = match engine {
            Engine::WebKit => "- font no-cors same-origin".to_owned(),
            _ => expected(engine == Engine::Chromium, "font cors same-origin"),
        };
        check_engine(engine, Request::font, page, own, &font);
        let font = match engine {
            Engine::WebKit => "- font no-cors same-site".to_owned(),
            _ => expected(true, "font cors same-site"),
        };
        check_engine(engine, Request::font, page, API, &font);
    }
}

#[test]
fn websockets() {
    let destinations = [
        (Engine::Standard, "empty websocket cross-site"),
        (Engine::Chromium, "- - -"),
        (Engine::Firefox, "empty websocket cross-site"),
        (Engine::WebKit, "websocket websocket cross-site"),
    ];
    for (engine, metadata) in destinations {
        let expected = format!("https://evil.example {metadata}");
        let (page, target) = ("https://evil.example", "wss://api.example.com/ws");
        check_engine(engine, Request::websocket, page, target, &expected);
    }
}

/// After redirects, the farthest URL counts.
#[test]
fn redirects() {
    let request = Request::link(url("https://app.example.com/"), get(API).origin);
    let run = run(
        Engine::Standard,
        &request,
        |sent: &SentRequest| match sent.url.host_str() {
            Some("app.example.com") if sent.url.path() == "/" => {
                response(302, "Location: https://evil.example/")
            }
            Some("evil.example") => response(302, "Location: https://app.example.com/back"),
            _ => response(200, ""),
        },
    );
    let sites = run
        .exchanges
        .iter()
        .map(|exchange| exchange.sent.headers.get("Sec-Fetch-Site"));
    let sites: Vec<_> = sites
        .map(|site| String::from_utf8(site.unwrap()).unwrap())
        .collect();
    assert_eq!(sites, ["same-origin", "cross-site", "cross-site"]);
}

/// A redirect to another origin removes them in WebKit, but not from the preflight there.
#[test]
fn redirects_to_another_origin() {
    let request = get("https://b.example/to/307/https://c.example/").method("PUT");
    for engine in Engine::ALL {
        let run = web(engine, &request);
        let sent = run.exchanges.iter().map(|exchange| &exchange.sent.headers);
        let found: Vec<_> = sent.map(|sent| sent.contains("Sec-Fetch-Site")).collect();
        let expected = [true, true, true, engine != Engine::WebKit];
        assert_eq!(found, expected, "{engine:?}");
    }
}

#[test]
fn credentials() {
    for make in [
        Request::form,
        Request::link,
        Request::frame,
        Request::image,
        Request::websocket,
    ] {
        let request = make(url("https://api.example.com/"), Origin::Opaque);
        assert_eq!(request.credentials, Credentials::Include);
        let run = run(Engine::Standard, &request, |_| response(101, ""));
        assert!(
            run.exchanges
                .iter()
                .all(|exchange| exchange.kind == Kind::Actual)
        );
        assert!(run.exchanges[0].sent.credentials);
    }
}

#[test]
fn what_the_page_gets() {
    #[track_caller]
    fn check(make: Make, status: u16, expected: Result<(Tainting, u16), NetworkError>) {
        let page = Origin::parse("https://app.example.com").unwrap();
        let request = make(url("https://api.example.com/"), page);
        for engine in Engine::ALL {
            let run = run(engine, &request, |_| response(status, "X-A: 1"));
            let found = match run.outcome {
                FetchOutcome::Response(readable) => {
                    if readable.tainting == Tainting::Opaque {
                        assert_eq!(readable.headers, Headers::new());
                    }
                    Ok((readable.tainting, readable.status))
                }
                FetchOutcome::Blocked(blocked) => Err(blocked.error),
            };
            assert_eq!(found, expected, "{engine:?}");
        }
    }
    for make in [Request::form, Request::link, Request::frame, Request::image] {
        check(make, 200, Ok((Tainting::Opaque, 0)));
        check(make, 403, Ok((Tainting::Opaque, 0)));
    }
    check(Request::websocket, 101, Ok((Tainting::Basic, 101)));
    for status in [200, 302, 403] {
        check(
            Request::websocket,
            status,
            Err(NetworkError::WebSocketStatus),
        );
    }
}

#[test]
fn consoles() {
    let request = Request::websocket(url("wss://api.example.com/ws?a=1"), Origin::Opaque);
    for (engine, expected) in [
        (Engine::Standard, None),
        (
            Engine::Chromium,
            Some(
                "WebSocket connection to 'wss://api.example.com/ws?a=1' failed: Error during WebSocket handshake: \
                 Unexpected response code: 403",
            ),
        ),
        (
            Engine::Firefox,
            Some(
                "Firefox can’t establish a connection to the server at wss://api.example.com/ws?a=1.",
            ),
        ),
        (
            Engine::WebKit,
            Some(
                "WebSocket connection to 'wss://api.example.com/ws?a=1' failed: The server did not accept the WebSocket \
                 handshake.",
            ),
        ),
    ] {
        let run = run(engine, &request, |_| response(403, ""));
        let texts: Vec<_> = run.console.iter().map(|line| &*line.text).collect();
        assert_eq!(texts, expected.into_iter().collect::<Vec<_>>());
    }
    // The console of a page that is left is not its own.
    let form = Request::form(url("https://api.example.com/"), Origin::Opaque);
    let run = run(Engine::Chromium, &form, |_| response(403, ""));
    assert_eq!(run.console, []);
}
