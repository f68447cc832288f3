//! The events of a policy that is applied.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod common;
#[path = "common/events.rs"]
mod events;

use common::Request;
use cors_core::adapter::{Decision, Header, HeaderSource, ResponseHeader};
use cors_core::{Config, Grant, Part, Policy, Refuse};
use events::Listener;

/// The events on this thread in the meantime.
fn heard(run: impl FnOnce()) -> Vec<String> {
    let (listener, events) = Listener::new();
    tracing::subscriber::with_default(listener, run);
    events.try_iter().collect()
}

fn policy() -> Policy {
    let grant = Grant::new(["https://app.example.com"])
        .allow_methods(["PUT"])
        .expose_headers(["x-first"]);
    Policy::new(grant).unwrap()
}

#[test]
fn a_failed_conversion_is_an_error_and_no_response_gets_a_header() {
    /// Fails at the constant value `value`.
    fn convert(value: &str) -> impl FnMut(&[Header<Box<str>>]) -> Result<usize, String> {
        move |headers| {
            let fails = |header: &Header<Box<str>>| match &header.value {
                HeaderSource::Constant(constant) => **constant == *value,
                HeaderSource::Echo(_) => false,
            };
            match headers.iter().any(fails) {
                true => Err(format!("`{value}` fails")),
                false => Ok(headers.len()),
            }
        }
    }
    #[track_caller]
    fn check(actual: &str, preflight: &str, failed: Option<&str>) {
        let policy = policy();
        let mut prepared = None;
        let events = heard(|| {
            prepared = Some(policy.prepare(convert(actual), convert(preflight)));
        });
        let expected = failed.map(|value| {
            format!(
                "ERROR message=CORS headers could not be prepared; no CORS headers are sent error=`{value}` fails"
            )
        });
        assert_eq!(events, Vec::from_iter(expected));
        let prepared = prepared.unwrap();
        for origin in ["https://app.example.com", "https://evil.example"] {
            for request in [
                format!("GET\nOrigin: {origin}"),
                format!("OPTIONS\nOrigin: {origin}\nAccess-Control-Request-Method: PUT"),
            ] {
                let found = match policy.decide(&Request(request.as_bytes())) {
                    Decision::Forward(headers) => prepared.actual(headers),
                    Decision::Respond(preflight) => prepared.preflight(preflight),
                    Decision::Refuse(refusal) => prepared.refused(refusal),
                };
                assert_eq!(found.is_some(), failed.is_none(), "{request}");
            }
        }
    }
    check("none of them", "none of them", None);
    check("x-first", "none of them", Some("x-first"));
    check("none of them", "PUT", Some("PUT"));
    // One event, not one for each.
    check("x-first", "PUT", Some("x-first"));
    check("Origin", "Origin", Some("Origin"));
}

#[test]
fn a_replaced_header_is_reported_once_for_each_policy() {
    let replaced = |header| {
        format!(
            "WARN message=CORS: replaced or removed a header that other code had set; \
             let only one place set CORS headers header=\"{header}\""
        )
    };
    let first = policy();
    let reported = heard(|| {
        first.warn_replaced(ResponseHeader::AccessControlAllowOrigin);
        first.warn_replaced(ResponseHeader::AccessControlAllowOrigin);
        first.warn_replaced(ResponseHeader::AccessControlExposeHeaders);
        first
            .clone()
            .warn_replaced(ResponseHeader::AccessControlAllowOrigin);
    });
    assert_eq!(reported, [replaced("access-control-allow-origin")]);

    let second = policy();
    let reported = heard(|| second.warn_replaced(ResponseHeader::AccessControlExposeHeaders));
    assert_eq!(reported, [replaced("access-control-expose-headers")]);
    let reported = heard(|| first.warn_replaced(ResponseHeader::AccessControlAllowOrigin));
    assert!(reported.is_empty(), "{reported:?}");
}

/// The events for a request.
fn events(policy: &Policy, request: &str) -> Vec<String> {
    let head = Request(request.as_bytes());
    heard(|| policy.log(&head, policy.decide(&head)))
}

#[test]
fn why_a_page_cannot_read_a_response() {
    let config = Config::new([
        Grant::new(["https://app.example.com", "https://pr-*.example.net"])
            .allow_methods(["PUT", "PATCH"])
            .allow_headers(["content-type", "x-token"]),
    ])
    .route(
        "/any",
        Grant::new(["*"]).allow_methods(["*"]).allow_headers(["*"]),
    )
    .route(
        "/echo",
        Grant::new(["https://app.example.com"])
            .allow_credentials(true)
            .allow_methods(["*"])
            .allow_headers(["*"]),
    );
    let policy = Policy::new(config).unwrap();
    #[track_caller]
    fn check(policy: &Policy, request: &str, expected: &str) {
        let expected: Vec<&str> = Some(expected)
            .filter(|line| !line.is_empty())
            .into_iter()
            .collect();
        assert_eq!(events(policy, request), expected);
    }
    let get = |request: &str, expected: &str| check(&policy, request, expected);

    // No grant.
    get(
        "GET /users\nOrigin: http://app.example.com",
        "INFO message=CORS: no route is for the path `/users`; origin `http://app.example.com` is in no grant at the \
         top; it differs from `https://app.example.com` by the scheme reason=\"origin-not-allowed\" method=GET \
         path=/users preflight=false origin=http://app.example.com nearest=\"https://app.example.com\"",
    );
    get(
        "OPTIONS /echo/1\nOrigin: https://evil.example\nAccess-Control-Request-Method: PUT",
        "INFO message=CORS: route[1] (`/echo`) decides; origin `https://evil.example` is in no grant of the route; \
         for other paths it has route[0].grant[0] reason=\"origin-not-allowed\" method=PUT path=/echo/1 preflight=true route=\"/echo\" \
         origin=https://evil.example",
    );
    get(
        "GET /users\nOrigin: https://app.example.com\nOrigin: https://app.example.com",
        "INFO message=CORS: no route is for the path `/users`; the request has several `Origin` lines \
         reason=\"several-origins\" method=GET path=/users preflight=false",
    );
    get(
        "GET /a//b\nOrigin: https://app.example.com",
        "INFO message=CORS: the path `/a//b` has an empty segment, so it has no grant: servers may read it in several \
         ways reason=\"abnormal-path\" method=GET path=/a//b preflight=false origin=https://app.example.com",
    );

    // A preflight that a browser fails.
    // Not a preflight, although it has the header of one.
    check(
        &policy,
        "GET /users\nOrigin: https://evil.example\nAccess-Control-Request-Method: PUT",
        "INFO message=CORS: no route is for the path `/users`; origin `https://evil.example` is in no grant at the top; for \
         other paths it has route[0].grant[0] reason=\"origin-not-allowed\" method=GET path=/users preflight=false \
         origin=https://evil.example",
    );
    let preflight = |path: &str, method: &str, headers: &str, expected: &str| {
        let request = format!(
            "OPTIONS {path}\nOrigin: https://app.example.com\nAccess-Control-Request-Method: {method}\n\
             Access-Control-Request-Headers: {headers}"
        );
        check(&policy, &request, expected);
    };
    let failed = |what: &str, reason: &str, method: &str| {
        format!(
            "INFO message=CORS: a browser fails this preflight: {what} reason=\"{reason}\" method={method} path=/users \
             preflight=true origin=https://app.example.com"
        )
    };
    let method = "method-not-allowed";
    let header = "header-not-allowed";
    preflight(
        "/users",
        "DELETE",
        "",
        &failed(
            "method `DELETE` is not in `allow_methods` of grant[0]",
            method,
            "DELETE",
        ),
    );
    preflight(
        "/users",
        "patch",
        "",
        &failed(
            "method `patch` is not `PATCH`, which is in `allow_methods` of grant[0]",
            method,
            "patch",
        ),
    );
    preflight("/users", "PUT", "Content-Type, x-TOKEN", "");
    preflight(
        "/users",
        "POST",
        "content-type,,x-foo,x-bar",
        &failed(
            "header `x-foo` is not in `allow_headers` of grant[0]",
            header,
            "POST",
        ),
    );
    for safelisted in ["GET", "HEAD", "POST", "PUT"] {
        preflight("/users", safelisted, "", "");
    }
    preflight("/any", "DELETE", "x-anything", "");
    preflight(
        "/any",
        "GET",
        "authorization",
        "INFO message=CORS: a browser fails this preflight: header `authorization` is not in `allow_headers` \
         (`*` does not stand for it) of route[0].grant[0] reason=\"header-not-allowed\" method=GET path=/any \
         preflight=true route=\"/any\" origin=https://app.example.com",
    );
    // What is asked for is echoed.
    preflight("/echo", "DELETE", "x-anything, authorization", "");

    // No event: what has a grant, what is not CORS, and what is from the server's own page.
    get("GET /users\nOrigin: https://app.example.com", "");
    get("GET /users", "");
    get("GET /any\nOrigin: https://evil.example", "");
    get(
        "POST /users\nHost: api.example.com\nOrigin: https://api.example.com",
        "",
    );
    get(
        "POST /users\nHost: upstream\nOrigin: https://api.example.com\nSec-Fetch-Site: same-origin",
        "",
    );
}

#[test]
fn what_a_client_sends_is_cut_and_escaped() {
    let long = "a".repeat(8000);
    let line = |request: &str| events(&policy(), request).concat();
    let found = line(&format!("{long} /{long}\nOrigin: {long}"));
    assert!(found.len() < 1200, "{found}");
    for field in ["method=aaa", "path=/aaa", "origin=aaa"] {
        assert!(found.contains(field), "{found}");
    }
    let escapes = line("GET /\u{1b}[31m\u{202e}\nOrigin: \u{1b}[2J\r");
    assert!(escapes.contains("path=/\\u{1b}[31m\\u{202e}"), "{escapes}");
    assert!(
        !escapes.contains(|char: char| char.is_control()),
        "{escapes}"
    );
    let names = vec!["content-type"; 4000].join(",");
    let grant = Grant::new(["https://app.example.com"]).allow_headers(["content-type"]);
    let policy = Policy::new(grant).unwrap();
    // So many names are not all looked up.
    let request = format!(
        "OPTIONS /\nOrigin: https://app.example.com\nAccess-Control-Request-Method: GET\n\
         Access-Control-Request-Headers: {names},x-foo"
    );
    assert!(events(&policy, &request).is_empty());
}

#[test]
fn refused_and_reported_requests() {
    let refuse = Refuse::default().unlisted_origins(true);
    let reports = Part::default().refuse(refuse.report_only(true));
    let config = Config::new([Grant::new(["https://app.example.com"])]).refuse(refuse);
    let policy = Policy::new(config.hosts(["api.example.com"]).route("/reports", reports)).unwrap();
    #[track_caller]
    fn check(policy: &Policy, request: &str, expected: &str) {
        assert_eq!(events(policy, request), [expected]);
    }
    check(
        &policy,
        "GET /a\nHost: api.example.com\nOrigin: https://other.example",
        "WARN message=CORS: no route is for the path `/a`; origin `https://other.example` is in no grant at the top; \
         refused by `unlisted-origins`: the request is from a page of an origin that no grant lists \
         reason=\"unlisted-origins\" method=GET path=/a preflight=false origin=https://other.example",
    );
    check(
        &policy,
        "GET /reports\nHost: api.example.com\nOrigin: https://other.example",
        "WARN message=CORS: route[0] (`/reports`) decides; origin `https://other.example` is in no grant of the route; \
         `unlisted-origins` only reports it: the request is from a page of an origin that no grant lists \
         reason=\"unlisted-origins\" method=GET path=/reports preflight=false route=\"/reports\" \
         origin=https://other.example",
    );
    check(
        &policy,
        "GET /a\nHost: rebound.example",
        "WARN message=CORS: no route is for the path `/a`; the request has no `Origin`, so it is not a CORS request; \
         refused by `hosts`: the request is for a host that is not in `hosts` reason=\"hosts\" method=GET path=/a \
         preflight=false host=rebound.example",
    );
    assert!(
        events(
            &policy,
            "GET /a\nHost: api.example.com\nOrigin: https://app.example.com"
        )
        .is_empty()
    );
}

#[test]
fn events_of_one_reason_are_limited() {
    let policy = policy();
    let count = |request: &str| (0..100).flat_map(|_| events(&policy, request)).count();
    assert_eq!(count("GET /\nOrigin: https://evil.example"), 20);
    // The path and the origin are the client's to choose.
    assert_eq!(count("GET /other\nOrigin: https://other.example"), 0);
    assert_eq!(count("GET /\nOrigin: nonsense"), 20);
}
