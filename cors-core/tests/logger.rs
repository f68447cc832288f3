//! The events of a program without a subscriber of `tracing`: they go to the logger of the crate `log`.
//!
//! A program of its own, because it can have one logger only.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::sync::Mutex;

use common::Request;
use cors_core::{Grant, Policy};
use log::{LevelFilter, Log, Metadata, Record};

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Logger;

impl Log for Logger {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let (level, target) = (record.level(), record.target());
        let line = format!("{level} {target} {}", record.args());
        LINES.lock().unwrap().push(line);
    }

    fn flush(&self) {}
}

#[test]
fn events_without_a_subscriber() {
    log::set_logger(&Logger).unwrap();
    let policy = Policy::new(Grant::new(["https://app.example.com"])).unwrap();
    let lines = |level| {
        log::set_max_level(level);
        let head = Request(b"GET /users\nOrigin: http://app.example.com");
        policy.log(&head, policy.decide(&head));
        std::mem::take(&mut *LINES.lock().unwrap())
    };
    assert_eq!(
        lines(LevelFilter::Info),
        [
            "INFO cors_core::events CORS: origin `http://app.example.com` is in no grant; it differs from \
             `https://app.example.com` by the scheme reason=\"origin-not-allowed\" method=GET path=/users \
             preflight=false origin=http://app.example.com nearest=\"https://app.example.com\""
        ]
    );
    assert!(lines(LevelFilter::Warn).is_empty());
    for _ in 0..100 {
        // What no one reads is not counted.
        assert!(lines(LevelFilter::Off).is_empty());
    }
    assert_eq!(lines(LevelFilter::Info).len(), 1);
}
