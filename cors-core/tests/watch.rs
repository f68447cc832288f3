//! A policy that follows its file, and the events of it. Alone in its program, because it listens to all events.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "common/events.rs"]
mod events;

use std::fs;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use cors_core::LivePolicy;
use events::Listener;

#[track_caller]
fn next(events: &Receiver<String>) -> String {
    // It takes about a second; a machine may be busy.
    events.recv_timeout(Duration::from_secs(60)).unwrap()
}

#[test]
fn reports_the_active_version() {
    let (listener, events) = Listener::new();
    tracing::subscriber::set_global_default(listener).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cors.toml");
    // By renaming, because a file that is empty for a moment would be an error.
    let write = |text: &str| {
        let new = folder.path().join("new");
        fs::write(&new, text).unwrap();
        fs::rename(&new, &path).unwrap();
    };
    assert!(LivePolicy::watch(&path).is_err());
    write("allow_origins = ['https://app.example.com']");

    let live = LivePolicy::watch(&path).unwrap();
    assert_eq!(next(&events), "INFO message=CORS policy active version=1");
    assert_eq!(live.version(), 1);

    write("allow_origins = ['*']");
    assert_eq!(next(&events), "INFO message=CORS policy active version=2");
    assert_eq!(live.version(), 2);

    write("allow_origins = ['*']\nmax_age = -1");
    assert_eq!(
        next(&events),
        format!(
            "ERROR message=CORS policy not replaced; the current policy stays active version=2 error={0}: 1 error in the CORS policy\n\
             {0}:2:11: max_age: `-1` is out of range; use a number of seconds from 0 to 86400 [max-age]",
            path.display()
        )
    );
    assert_eq!(live.version(), 2);
}
