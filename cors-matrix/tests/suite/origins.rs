//! A set of origins that changes while the fixture servers run.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use cors_matrix::message::{self, Answer, RawRequest};
use cors_matrix::server::FixtureBinary;

const POLICY: &str = "
[[route]]
path          = '/realms/{realm}'
allow_origins = [{ set = 'customers', key = '{realm}' }]
";
/// A test that waits longer has failed.
const LIMIT: Duration = Duration::from_secs(60);
/// Which of these realms and origins are allowed.
const ASKED: [(&str, &str); 4] = [
    ("acme", "https://a.example"),
    ("acme", "https://b.example"),
    ("other", "https://a.example"),
    ("other", "https://b.example"),
];

#[test]
#[ignore = "needs the fixture servers: cargo xtask test-servers"]
fn a_set_follows_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let [policy, origins] = ["cors.toml", "origins.txt"].map(|name| folder.path().join(name));
    fs::write(&policy, POLICY).unwrap();
    for fixture in FixtureBinary::built().unwrap() {
        let _ = fs::remove_file(&origins);
        let error = fixture
            .start_with_origins(Some(&policy), &origins)
            .unwrap_err();
        assert!(error.contains("origins.txt: cannot be read"), "{error}");

        fs::write(&origins, "acme https://a.example\nother nonsense\n").unwrap();
        let mut server = fixture.start_with_origins(Some(&policy), &origins).unwrap();
        let port = server.port();
        assert_eq!(allowed(port), [true, false, false, false]);

        let write = |text: &str| write(&origins, text);
        write("acme https://b.example\nother https://a.example\n");
        wait_for(port, [false, true, true, false]);

        // The set survives the policy.
        assert_eq!(server.replace_policy(&policy), Ok(2));
        assert_eq!(allowed(port), [false, true, true, false]);
        write("other https://b.example\n");
        wait_for(port, [false, false, false, true]);
    }
}

/// A set changes under load, for all keys at once. Once a response is of a state, no request that is sent after it gets a
/// response of an older one, under whatever key.
#[test]
#[ignore = "needs the fixture servers: cargo xtask test-servers"]
fn no_response_is_of_an_older_state() {
    const CLIENTS: usize = 2;
    const STATES: u64 = 4;
    /// In every state.
    const STAYS: &str = "https://stays.example";

    let folder = tempfile::tempdir().unwrap();
    let [policy, origins] = ["cors.toml", "origins.txt"].map(|name| folder.path().join(name));
    fs::write(&policy, POLICY).unwrap();
    let origin = |state: u64| format!("https://v{state}.example");
    // So many that a state which is not applied at once is seen.
    let between: String = (0..5_000)
        .map(|number| format!("acme https://{number}.example\n"))
        .collect();
    let state = |state| {
        let of = |realm| format!("{realm} {}\n{realm} {STAYS}\n", origin(state));
        of("acme") + &between + &of("other")
    };
    for fixture in FixtureBinary::built().unwrap() {
        write(&origins, &state(1));
        let server = fixture.start_with_origins(Some(&policy), &origins).unwrap();
        let port = server.port();
        let is_of = |realm, state| is_allowed(port, realm, &origin(state));
        // The newest state of which there was a response.
        let (newest, done) = (AtomicU64::new(1), AtomicBool::new(false));
        thread::scope(|scope| {
            for _ in 0..CLIENTS {
                scope.spawn(|| {
                    while !done.load(Ordering::SeqCst) {
                        let seen = newest.load(Ordering::SeqCst);
                        for realm in ["acme", "other"] {
                            assert!(!is_of(realm, seen - 1), "{realm}: older than {seen}");
                            assert!(is_allowed(port, realm, STAYS), "{realm}: neither state");
                        }
                        if is_of("acme", seen + 1) {
                            assert!(!is_of("other", seen), "other: older than acme");
                        }
                    }
                });
            }
            let replacing = scope.spawn(|| {
                for next in 2..=STATES {
                    write(&origins, &state(next));
                    let start = Instant::now();
                    while !is_of("acme", next) {
                        assert!(start.elapsed() < LIMIT, "state {next} does not come");
                    }
                    newest.store(next, Ordering::SeqCst);
                }
            });
            let replaced = replacing.join();
            done.store(true, Ordering::SeqCst);
            replaced.unwrap();
        });
    }
}

/// By renaming, so that no half of it is read.
fn write(path: &Path, text: &str) {
    let new = path.with_extension("new");
    fs::write(&new, text).unwrap();
    fs::rename(&new, path).unwrap();
}

/// Each request after the first that sees the change sees it, too.
#[track_caller]
fn wait_for(port: u16, expected: [bool; 4]) {
    let start = Instant::now();
    while allowed(port) != expected {
        assert!(start.elapsed() < LIMIT, "{expected:?}");
    }
    assert_eq!(allowed(port), expected);
}

fn allowed(port: u16) -> [bool; 4] {
    ASKED.map(|(realm, origin)| is_allowed(port, realm, origin))
}

fn is_allowed(port: u16, realm: &str, origin: &str) -> bool {
    let request = RawRequest {
        method: "GET".to_owned(),
        target: format!("/realms/{realm}/echo"),
        lines: vec![("Origin".to_owned(), origin.into())],
        body: Vec::new(),
    };
    match message::send(port, &request).unwrap() {
        Answer::Response(response) => {
            let mut lines = response.lines("access-control-allow-origin");
            lines.next().is_some()
        }
        Answer::Closed => panic!("the connection was closed"),
    }
}
