//! A running fixture server puts another policy into force, for every request from then on, or keeps the
//! one that it has.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use cors_matrix::message::{self, Answer, RawRequest, RawResponse};
use cors_matrix::server::FixtureBinary;
use cors_matrix::versions::{agree, get, policy, preflight};

#[test]
#[ignore = "needs the fixture servers: cargo xtask test-servers"]
fn an_invalid_policy_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cors.toml");
    let write = |text: &str| std::fs::write(&path, text).unwrap();
    for fixture in FixtureBinary::built().unwrap() {
        write(&policy(1));
        let mut server = fixture.start(Some(&path)).unwrap();
        check(server.port(), &get("/echo"), 1..=1);

        write("allow_origins = ['https://app.example.com/']");
        let error = server.replace_policy(&path).unwrap_err();
        assert!(error.contains("ends with a slash"), "{error}");
        let error = server.replace_policy(Path::new("nowhere")).unwrap_err();
        assert!(error.contains("nowhere: cannot be read"), "{error}");
        check(server.port(), &get("/echo"), 1..=1);
        check(server.port(), &preflight("/echo"), 1..=1);

        write(&policy(2));
        assert_eq!(server.replace_policy(&path), Ok(2));
        check(server.port(), &get("/echo"), 2..=2);
        check(server.port(), &preflight("/echo"), 2..=2);

        let mut bare = fixture.start(None).unwrap();
        assert!(bare.replace_policy(&path).unwrap_err().contains("bare"));
    }
}

#[test]
#[ignore = "needs the fixture servers: cargo xtask test-servers"]
fn no_response_is_a_mixture_of_two_policies() {
    const CLIENTS: usize = 2;
    const REPLACEMENTS: u64 = 2_000;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cors.toml");
    for fixture in FixtureBinary::built().unwrap() {
        std::fs::write(&path, policy(1)).unwrap();
        let mut server = fixture.start(Some(&path)).unwrap();
        let port = server.port();
        // The last version that is known to be active, and the last that may be.
        let (in_force, begun) = (AtomicU64::new(1), AtomicU64::new(1));
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..CLIENTS {
                scope.spawn(|| {
                    while !done.load(Ordering::SeqCst) {
                        for request in [get("/echo"), preflight("/echo")] {
                            let first = in_force.load(Ordering::SeqCst);
                            let response = send(port, &request);
                            let last = begun.load(Ordering::SeqCst);
                            agree(&request, &response, first..=last).unwrap();
                        }
                    }
                });
            }
            let replacing = scope.spawn(|| {
                for version in 2..=REPLACEMENTS {
                    std::fs::write(&path, policy(version)).unwrap();
                    begun.store(version, Ordering::SeqCst);
                    assert_eq!(server.replace_policy(&path), Ok(version));
                    in_force.store(version, Ordering::SeqCst);
                }
            });
            let replaced = replacing.join();
            done.store(true, Ordering::SeqCst);
            replaced.unwrap();
        });
    }
}

#[track_caller]
fn check(port: u16, request: &RawRequest, versions: RangeInclusive<u64>) {
    agree(request, &send(port, request), versions).unwrap();
}

#[track_caller]
fn send(port: u16, request: &RawRequest) -> RawResponse {
    match message::send(port, request).unwrap() {
        Answer::Response(response) => response,
        Answer::Closed => panic!("the connection was closed"),
    }
}
