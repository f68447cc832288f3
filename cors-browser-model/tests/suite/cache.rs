//! <https://fetch.spec.whatwg.org/#cors-preflight-cache>.

use std::time::Duration;

use cors_browser_model::{
    Credentials, Engine, Origin, PreflightCache, Request, SentRequest, fetch,
};

use crate::{API, PAGE, get, response, sent};

/// Runs the fetches one after the other, each at its second, on a server that responds to preflights with `lines`.
/// Compares how many preflights each fetch sent in each engine: the standard, Chromium, Firefox, WebKit.
#[track_caller]
fn check(lines: &str, fetches: &[(u64, Request)], expected: [&str; 4]) {
    let allow = format!(
        "Access-Control-Allow-Origin: {PAGE}\nAccess-Control-Allow-Credentials: true\n{lines}"
    );
    let preflights = |engine| {
        let mut cache = PreflightCache::new();
        let mut server = |_: &SentRequest| Some(response(200, &allow));
        let counts = fetches.iter().map(|(second, request)| {
            let now = Duration::from_secs(*second);
            let run = fetch(engine, request, &mut cache, now, &mut server);
            let spared = run
                .exchanges
                .iter()
                .any(|exchange| exchange.preflight_cached);
            let preflight = sent(&run)[0].starts_with("PRE");
            assert!(!(spared && preflight));
            if preflight { "1" } else { "0" }
        });
        counts.collect::<String>()
    };
    assert_eq!(Engine::ALL.map(preflights), expected);
}

fn put() -> Request {
    get(API).method("PUT")
}

#[test]
fn expires() {
    let at = |seconds: &[u64]| seconds.iter().map(|at| (*at, put())).collect::<Vec<_>>();
    let methods = "Access-Control-Allow-Methods: PUT";
    check(methods, &at(&[0, 4, 5, 9, 10]), ["10101"; 4]);
    let sixty = format!("{methods}\nAccess-Control-Max-Age: 60");
    check(&sixty, &at(&[0, 59, 60]), ["101"; 4]);
    let none = format!("{methods}\nAccess-Control-Max-Age: 0");
    check(&none, &at(&[0, 0]), ["11"; 4]);
    let week = format!("{methods}\nAccess-Control-Max-Age: 604800");
    let expected = ["100001", "100111", "100011", "101111"];
    check(
        &week,
        &at(&[0, 599, 7_199, 14_399, 86_400, 604_800]),
        expected,
    );
    let garbage = format!("{methods}\nAccess-Control-Max-Age: abc");
    check(&garbage, &at(&[0, 1]), ["10", "10", "11", "10"]);
    let negative = format!("{methods}\nAccess-Control-Max-Age: -1");
    check(&negative, &at(&[0, 1]), ["10", "11", "11", "11"]);
    // The largest signed number, and the next one.
    let largest = format!("{methods}\nAccess-Control-Max-Age: 9223372036854775807");
    check(&largest, &at(&[0, 599]), ["10"; 4]);
    let larger = format!("{methods}\nAccess-Control-Max-Age: 9223372036854775808");
    check(&larger, &at(&[0, 599]), ["10", "11", "10", "11"]);
}

#[test]
fn is_empty() {
    let mut cache = PreflightCache::new();
    assert!(cache.is_empty());
    let allow = "Access-Control-Allow-Origin: *\nAccess-Control-Allow-Methods: PUT";
    let mut server = |_: &SentRequest| Some(response(200, allow));
    fetch(
        Engine::Standard,
        &put(),
        &mut cache,
        Duration::ZERO,
        &mut server,
    );
    assert!(!cache.is_empty());
}

#[test]
fn keys() {
    #[track_caller]
    fn check(second: Request, expected: [&str; 4]) {
        let lines =
            "Access-Control-Allow-Methods: PUT, DELETE\nAccess-Control-Allow-Headers: X-A, X-B";
        let first = put().header("X-A", "1").credentials(Credentials::Include);
        super::cache::check(lines, &[(0, first), (1, second)], expected);
    }
    let (spared, again) = (["10"; 4], ["11"; 4]);
    let include = |request: Request| request.credentials(Credentials::Include);
    check(include(put().header("x-b", "2")), spared);
    check(include(get(API).method("DELETE")), spared);
    check(
        include(get("https://api.example.com/#fragment").method("PUT")),
        spared,
    );
    check(
        include(get("https://api.example.com/?query").method("PUT")),
        again,
    );
    check(
        include(get("https://api.example.com/other").method("PUT")),
        again,
    );
    check(include(put().header("X-C", "1")), again);
    // An entry with credentials serves requests without, but not in Firefox.
    check(put(), ["10", "10", "11", "10"]);
}

#[test]
fn uncredentialed_entries_do_not_serve_credentialed_requests() {
    let include = put().credentials(Credentials::Include);
    let methods = "Access-Control-Allow-Methods: PUT";
    check(methods, &[(0, put()), (1, include)], ["11"; 4]);
}

#[test]
fn wildcards() {
    let star = "Access-Control-Allow-Methods: *\nAccess-Control-Allow-Headers: *";
    let delete = get(API).method("DELETE").header("X-A", "1");
    check(star, &[(0, put()), (1, delete)], ["10", "10", "11", "10"]);
    // `*` is stored for a preflight with credentials. By the letter of the standard it is then a
    // wildcard, although it was not one for the preflight.
    let include = get(API).header("*", "1").credentials(Credentials::Include);
    let other = put().credentials(Credentials::Include);
    check(
        star,
        &[(0, include.clone()), (1, other)],
        ["10", "11", "11", "11"],
    );
    check(star, &[(0, include), (1, put())], ["10", "11", "11", "10"]);
    // In Chromium, `*` covers Authorization, but not in the cache.
    let authorized = get(API).header("Authorization", "a").header("X-A", "1");
    let lines = format!("{star}, Authorization");
    check(
        &lines,
        &[(0, authorized.clone()), (1, authorized.clone())],
        ["10", "10", "11", "10"],
    );
    check(
        star,
        &[(0, authorized.clone()), (1, authorized)],
        ["11", "11", "11", "10"],
    );
}

#[test]
fn safelisted_methods() {
    let names = "Access-Control-Allow-Headers: X-A";
    let with = |method: &str| get(API).method(method).header("X-A", "1");
    check(names, &[(0, with("GET")), (1, with("POST"))], ["10"; 4]);
    check(
        names,
        &[(0, with("HEAD")), (1, with("HEAD"))],
        ["10", "10", "11", "10"],
    );
}

#[test]
fn the_flag() {
    let post = get(API).method("POST").use_cors_preflight();
    // Without Access-Control-Allow-Methods, the standard uses the request's method. Firefox stores an
    // empty entry, which never expires.
    let fetches = [(0, post.clone()), (4, post.clone()), (5, post.clone())];
    check("", &fetches, ["101", "101", "100", "101"]);
    let methods = "Access-Control-Allow-Methods: PUT";
    check(methods, &fetches, ["111", "101", "100", "101"]);
    // An age of 0 stores nothing, in Firefox not even an empty entry.
    let never = "Access-Control-Allow-Methods: POST\nAccess-Control-Max-Age: 0";
    check(never, &fetches, ["111"; 4]);
}

#[test]
fn a_further_preflight() {
    let lines = "Access-Control-Allow-Methods: PUT\nAccess-Control-Allow-Headers: X-A";
    let a = || put().header("X-A", "1");
    // A request that the entries do not cover removes them in Chromium and WebKit, and its own preflight
    // fails. In Firefox the failed preflight removes them, and in the standard the network error.
    let b = put().header("X-B", "1");
    check(
        lines,
        &[(0, a()), (1, b), (2, a())],
        ["111", "111", "111", "110"],
    );
}

#[test]
fn max_age_counts_from_the_first_storing_in_the_standard() {
    // The preflights at 0 and 3 seconds name the same method; then a third fetch at 6.
    let outcome = |engine| {
        let mut cache = PreflightCache::new();
        let mut answers = 0;
        let mut server = |sent: &SentRequest| {
            answers += usize::from(sent.method == "OPTIONS");
            let names = if answers == 1 { "X-A" } else { "X-A, X-B" };
            Some(response(
                200,
                &format!(
                    "Access-Control-Allow-Origin: *
                     Access-Control-Allow-Methods: PUT
                     Access-Control-Allow-Headers: {names}"
                ),
            ))
        };
        let fetches = [(0, "X-A"), (3, "X-B"), (6, "X-A")];
        fetches.map(|(second, name)| {
            let now = Duration::from_secs(second);
            let request = put().header(name, "1");
            sent(&fetch(engine, &request, &mut cache, now, &mut server)).len() == 2
        })
    };
    assert_eq!(outcome(Engine::Standard), [true, true, true]);
    assert_eq!(outcome(Engine::Chromium), [true, true, false]);
    assert_eq!(outcome(Engine::Firefox), [true, true, false]);
    assert_eq!(outcome(Engine::WebKit), [true, true, false]);
}

/// An entry with `*` for headers, and a later preflight that names a header. In the standard, the entry matches each name but
/// `Authorization`, so it gets the new max-age instead of an entry for the name.
#[test]
fn a_wildcard_is_renewed_in_the_standard() {
    #[track_caller]
    fn check(name: &str, expected: [bool; 4]) {
        let sends_preflight = |engine| {
            let mut cache = PreflightCache::new();
            let mut sends = |second, method: &str, name: &str, lines: &str| {
                let allow = format!("Access-Control-Allow-Origin: *\n{lines}");
                let mut server = |_: &SentRequest| Some(response(200, &allow));
                let request = get(API).method(method).header(name, "1");
                let now = Duration::from_secs(second);
                let run = fetch(engine, &request, &mut cache, now, &mut server);
                sent(&run)[0].starts_with("PRE")
            };
            let all = "Access-Control-Allow-Methods: PUT\nAccess-Control-Allow-Headers: *";
            assert!(sends(0, "PUT", "X-A", all));
            let named = format!(
                "Access-Control-Allow-Methods: DELETE\nAccess-Control-Allow-Headers: {name}\nAccess-Control-Max-Age: 60"
            );
            assert!(sends(1, "DELETE", name, &named));
            sends(10, "DELETE", "X-B", "")
        };
        assert_eq!(Engine::ALL.map(sends_preflight), expected);
    }
    check("X-A", [false, true, true, true]);
    check("Authorization", [true; 4]);
}

#[test]
fn network_errors_clear_it() {
    let outcome = |engine| {
        let mut cache = PreflightCache::new();
        let mut ask = |second, fails: bool| {
            let mut server = |sent: &SentRequest| {
                let preflight = sent.method == "OPTIONS";
                Some(match preflight || !fails {
                    true => response(
                        200,
                        "Access-Control-Allow-Origin: *\nAccess-Control-Allow-Methods: PUT",
                    ),
                    false => response(200, ""),
                })
            };
            let now = Duration::from_secs(second);
            sent(&fetch(engine, &put(), &mut cache, now, &mut server)).len()
        };
        [ask(0, false), ask(1, true), ask(2, false)]
    };
    let [standard, chromium, firefox, webkit] = Engine::ALL.map(outcome);
    assert_eq!((standard, firefox), ([2, 1, 2], [2, 1, 2]));
    assert_eq!((chromium, webkit), ([2, 1, 1], [2, 1, 1]));
}

/// A network error that is not one of the CORS check: a redirect without a valid URL.
#[test]
fn a_redirect_that_fails_clears_it_in_the_standard() {
    let outcome = |engine| {
        let mut cache = PreflightCache::new();
        let mut ask = |status| {
            let mut server = |sent: &SentRequest| {
                let lines = "Access-Control-Allow-Origin: *\nAccess-Control-Allow-Methods: PUT";
                Some(match sent.method.as_str() {
                    "OPTIONS" => response(200, lines),
                    _ => response(status, &format!("{lines}\nLocation: https://:0/")),
                })
            };
            let now = Duration::ZERO;
            sent(&fetch(engine, &put(), &mut cache, now, &mut server)).len()
        };
        [ask(200), ask(307), ask(200)]
    };
    let (cleared, kept) = ([2, 1, 2], [2, 1, 1]);
    assert_eq!(Engine::ALL.map(outcome), [cleared, kept, kept, kept]);
}

#[test]
fn chromium_forgets_long_urls() {
    let long =
        |length: usize| get(&format!("{API}{}", "a".repeat(length - API.len()))).method("PUT");
    let methods = "Access-Control-Allow-Methods: PUT";
    check(methods, &[(0, long(1023)), (1, long(1023))], ["10"; 4]);
    check(
        methods,
        &[(0, long(1024)), (1, long(1024))],
        ["10", "11", "10", "10"],
    );
}

#[test]
fn redirects_taint_the_key() {
    /// Whether the second of two fetches that are redirected to the same URL sends a preflight there.
    fn outcome(engine: Engine) -> bool {
        let mut cache = PreflightCache::new();
        let mut server = |sent: &SentRequest| {
            let origin = sent
                .headers
                .get("Origin")
                .unwrap()
                .escape_ascii()
                .to_string();
            let allow =
                format!("Access-Control-Allow-Origin: {origin}\nAccess-Control-Allow-Methods: PUT");
            Some(
                match sent.method == "PUT" && sent.url.host_str() == Some("b.example") {
                    true => response(307, &format!("{allow}\nLocation: https://c.example/")),
                    false => response(200, &allow),
                },
            )
        };
        let request = get("https://b.example/").method("PUT");
        let now = Duration::ZERO;
        fetch(engine, &request, &mut cache, now, &mut server);
        sent(&fetch(engine, &request, &mut cache, now, &mut server)).len() > 2
    }
    assert_eq!(Engine::ALL.map(outcome), [false, false, false, true]);
}

/// The entry of the page serves a request whose origin has become `null`, where the key has the origin of the page.
#[test]
fn entries_of_the_page_after_redirects() {
    fn sends_preflight(engine: Engine) -> bool {
        let mut cache = PreflightCache::new();
        let allow = |sent: &SentRequest| {
            let origin = sent.headers.get("Origin").unwrap_or_default();
            let origin = origin.escape_ascii();
            format!("Access-Control-Allow-Origin: {origin}\nAccess-Control-Allow-Methods: PUT")
        };
        let mut server = |sent: &SentRequest| {
            let redirects = sent.method == "PUT" && sent.url.host_str() == Some("b.example");
            Some(match redirects {
                true => response(
                    307,
                    &format!("{}\nLocation: https://c.example/", allow(sent)),
                ),
                false => response(200, &allow(sent)),
            })
        };
        let mut put = |target| {
            let request = get(target).method("PUT");
            sent(&fetch(
                engine,
                &request,
                &mut cache,
                Duration::ZERO,
                &mut server,
            ))
            .len()
        };
        assert_eq!(put("https://c.example/"), 2);
        put("https://b.example/") == 4
    }
    assert_eq!(Engine::ALL.map(sends_preflight), [true, false, false, true]);
}

#[test]
fn opaque_origins() {
    let allow = "Access-Control-Allow-Origin: null\nAccess-Control-Allow-Methods: PUT";
    let preflights = |engine| {
        let mut cache = PreflightCache::new();
        let mut server = |_: &SentRequest| Some(response(200, allow));
        let request = Request {
            origin: Origin::Opaque,
            ..put()
        };
        let mut sends_preflight = || {
            let run = fetch(engine, &request, &mut cache, Duration::ZERO, &mut server);
            sent(&run)[0].starts_with("PRE")
        };
        [sends_preflight(), sends_preflight()]
    };
    let (once, twice) = ([true, false], [true, true]);
    assert_eq!(Engine::ALL.map(preflights), [once, twice, once, once]);
}
