//! A policy and a set of origins that follow their files, and the events of them. Alone in its program, because it listens to all events.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "common/events.rs"]
mod events;

use std::fs;
use std::path::Path;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use cors_core::{LivePolicy, OriginSet};
use events::Listener;

#[track_caller]
fn next(events: &Receiver<String>) -> String {
    // It takes about a second; a machine may be busy.
    events.recv_timeout(Duration::from_secs(60)).unwrap()
}

#[test]
fn events_of_files() {
    let (listener, events) = Listener::new();
    tracing::subscriber::set_global_default(listener).unwrap();
    reports_the_active_version(&events);
    reports_what_a_set_leaves_out(&events);
}

/// Writes a file by renaming, because a file that is empty for a moment would be an error.
fn replace(path: &Path, text: &str) {
    let new = path.with_extension("new");
    fs::write(&new, text).unwrap();
    fs::rename(&new, path).unwrap();
}

fn reports_the_active_version(events: &Receiver<String>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cors.toml");
    let write = |text: &str| replace(&path, text);
    assert!(LivePolicy::watch(&path).is_err());
    write("allow_origins = ['https://app.example.com']");

    let live = LivePolicy::watch(&path).unwrap();
    assert_eq!(next(events), "INFO message=CORS policy active version=1");
    assert_eq!(live.version(), 1);

    write("allow_origins = ['*']");
    assert_eq!(next(events), "INFO message=CORS policy active version=2");
    assert_eq!(live.version(), 2);

    write("allow_origins = ['*']\nmax_age = -1");
    assert_eq!(
        next(events),
        format!(
            "ERROR message=CORS policy not replaced; the current policy stays active version=2 error={0}: 1 error in the CORS policy\n\
             {0}:2:11: max_age: `-1` is out of range; use a number of seconds from 0 to 86400 [max-age]",
            path.display()
        )
    );
    assert_eq!(live.version(), 2);
}

fn reports_what_a_set_leaves_out(events: &Receiver<String>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("origins.txt");
    let check_lines = |count: usize| {
        for line in 1..=count {
            let found = next(events);
            let start = format!("WARN message=CORS: origin left out: line {line}: `null`: ");
            assert!(found.starts_with(&start), "{found}");
        }
    };
    let replaced =
        |origins| format!("INFO message=CORS: set of origins replaced origins={origins}");
    replace(
        &path,
        &format!("{}https://a.example\n", "null\n".repeat(21)),
    );
    let set = OriginSet::watch(&path).unwrap();
    check_lines(20);
    assert_eq!(
        next(events),
        "WARN message=CORS: more origins left out count=1"
    );
    assert_eq!(next(events), replaced(1));

    replace(&path, &"null\n".repeat(20));
    check_lines(20);
    assert_eq!(next(events), replaced(0));
    assert!(set.is_empty());

    fs::remove_file(&path).unwrap();
    let found = next(events);
    let start = "ERROR message=CORS: set of origins not replaced; the current origins stay error=";
    assert!(found.starts_with(start), "{found}");
}
