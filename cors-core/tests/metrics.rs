//! Which requests are counted, and as what.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use common::Request;
use cors_core::{Config, Grant, Part, Policy, Refuse};
use metrics::{
    Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
    with_local_recorder,
};

/// Counters by their key.
#[derive(Default)]
struct Counters(Mutex<Vec<(String, Arc<AtomicU64>)>>);

impl Recorder for Counters {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let labels: Vec<_> = key.labels().map(|label| label.value()).collect();
        let name = format!("{} {}", key.name(), labels.join(" "));
        let count = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&count);
        self.0.lock().unwrap().push((name, count));
        Counter::from_arc(counter)
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[test]
fn outcomes() {
    let refuse = Refuse::default().cross_site_writes(true);
    let app = Grant::new(["https://app.example.com"])
        .allow_methods(["PUT"])
        .allow_credentials(true);
    let config = Config::new([app])
        .refuse(refuse)
        .route("/reports", Part::default().refuse(refuse.report_only(true)))
        .route(
            "/public",
            Part::from(Grant::new(["*"])).refuse(Refuse::default()),
        );
    let policy = Policy::new(config).unwrap();
    let check = |request: &str, expected: &str| {
        let counters = Counters::default();
        let head = Request(request.as_bytes());
        with_local_recorder(&counters, || policy.log(&head, policy.decide(&head)));
        let counters = counters.0.into_inner().unwrap();
        let found: Vec<_> = counters
            .iter()
            .map(|(name, count)| format!("{name} {}", count.load(Ordering::Relaxed)))
            .collect();
        let expected = Some(expected).filter(|outcome| !outcome.is_empty());
        let expected = expected.map(|outcome| format!("cors_requests_total {outcome} 1"));
        assert_eq!(found, Vec::from_iter(expected), "{request}");
    };
    let app = "Origin: https://app.example.com";
    let evil = "Origin: https://evil.example";
    let asks = |method: &str| format!("Access-Control-Request-Method: {method}");
    check(&format!("GET /\n{app}"), "granted");
    check(&format!("GET /public\n{evil}"), "granted");
    check(&format!("GET /\n{evil}"), "no-grant");
    check(
        &format!("OPTIONS /\n{app}\n{}", asks("PUT")),
        "preflight-granted",
    );
    check(
        &format!("OPTIONS /\n{app}\n{}", asks("DELETE")),
        "preflight-not-allowed",
    );
    check(
        &format!("OPTIONS /\n{evil}\n{}", asks("PUT")),
        "preflight-no-grant",
    );
    check(&format!("POST /\n{evil}"), "refused");
    check(&format!("POST /reports\n{evil}"), "reported");
    // No page of another origin.
    check("GET /", "");
    check("GET /public", "");
    // Of another site, but not with CORS: an image, or a link.
    check("GET /public\nSec-Fetch-Site: cross-site", "");
    check(
        "POST /\nHost: api.example.com\nOrigin: https://api.example.com",
        "",
    );
}
