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

#[test]
fn refused_and_reported_requests() {
    let refuse = Refuse::default().unlisted_origins(true);
    let reports = Part::default().refuse(refuse.report_only(true));
    let config = Config::new([Grant::new(["https://app.example.com"])]).refuse(refuse);
    let policy = Policy::new(config.route("/reports", reports)).unwrap();
    let events = |request: &str| {
        let head = Request(request.as_bytes());
        heard(|| policy.log(&head, policy.decide(&head)))
    };
    assert_eq!(
        events("GET /a\nOrigin: https://other.example"),
        [
            "WARN message=CORS: refused a request refusal=\"unlisted-origins\" reported=false \
             origin=https://other.example"
        ]
    );
    assert_eq!(
        events(&format!("GET /reports\nOrigin: {}", "a".repeat(200))),
        [format!(
            "WARN message=CORS: a request would be refused refusal=\"unlisted-origins\" reported=true route=0 \
             origin={}…",
            "a".repeat(128)
        )]
    );
    assert_eq!(
        events("GET /a\nSec-Fetch-Site: cross-site"),
        [
            "WARN message=CORS: refused a request refusal=\"unlisted-origins\" reported=false origin="
        ]
    );
    assert!(events("GET /a\nOrigin: https://app.example.com").is_empty());
}
