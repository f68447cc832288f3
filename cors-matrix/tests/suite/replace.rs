//! A running fixture server puts another policy into force, for every request from then on, or keeps the
//! one that it has.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use cors_matrix::message::{self, Answer, RawRequest, RawResponse};
use cors_matrix::server::FixtureBinary;

const ORIGIN: &str = "https://app.example.com";

#[test]
#[ignore = "needs the fixture servers: cargo xtask test-servers"]
fn an_invalid_policy_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cors.toml");
    let write = |text: &str| std::fs::write(&path, text).unwrap();
    for fixture in FixtureBinary::built().unwrap() {
        write(&policy(1));
        let mut server = fixture.start(Some(&path)).unwrap();
        check(server.port(), &get(), 1..=1);

        write("allow_origins = ['https://app.example.com/']");
        let error = server.replace_policy(&path).unwrap_err();
        assert!(error.contains("ends with a slash"), "{error}");
        let error = server.replace_policy(Path::new("nowhere")).unwrap_err();
        assert!(error.contains("nowhere: cannot be read"), "{error}");
        check(server.port(), &get(), 1..=1);
        check(server.port(), &preflight(), 1..=1);

        write(&policy(2));
        assert_eq!(server.replace_policy(&path), Ok(2));
        check(server.port(), &get(), 2..=2);
        check(server.port(), &preflight(), 2..=2);

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
                        for request in [get(), preflight()] {
                            let first = in_force.load(Ordering::SeqCst);
                            let response = send(port, &request);
                            let last = begun.load(Ordering::SeqCst);
                            agree(&request, &response, first..=last);
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

/// A policy that says in every field which version it is. Of three in a row one allows the origin alone,
/// one everybody, and one somebody else.
fn policy(version: u64) -> String {
    let (origins, credentials) = match version % 3 {
        0 => ("https://elsewhere.example", true),
        1 => (ORIGIN, true),
        _ => ("*", false),
    };
    format!(
        "allow_origins = ['{origins}']
         allow_credentials = {credentials}
         allow_methods = ['M{version}']
         allow_headers = ['h{version}']
         expose_headers = ['e{version}']
         max_age = {}",
        max_age(version)
    )
}

fn max_age(version: u64) -> u64 {
    version % 86_400
}

/// What a version of the policy adds to a response.
fn expected(request: &RawRequest, version: u64) -> (Option<u16>, Vec<String>) {
    let is_preflight = request.method == "OPTIONS";
    let mut lines = match version % 3 {
        0 => vec!["vary: Origin".to_owned()],
        1 => vec![
            "access-control-allow-credentials: true".to_owned(),
            format!("access-control-allow-origin: {ORIGIN}"),
            "vary: Origin".to_owned(),
        ],
        _ => vec!["access-control-allow-origin: *".to_owned()],
    };
    match (version % 3, is_preflight) {
        (0, _) => {}
        (_, true) => lines.extend([
            format!("access-control-allow-headers: h{version}"),
            format!("access-control-allow-methods: M{version}"),
            format!("access-control-max-age: {}", max_age(version)),
        ]),
        (_, false) => lines.push(format!("access-control-expose-headers: e{version}")),
    }
    lines.sort();
    let status = match version % 3 {
        0 => 403,
        _ => 204,
    };
    (is_preflight.then_some(status), lines)
}

/// Fails unless the response is what one of the versions makes of it.
#[track_caller]
fn agree(request: &RawRequest, response: &RawResponse, versions: RangeInclusive<u64>) {
    let fields = response.lines.iter();
    let fields = fields.filter(|(name, _)| name == "vary" || name.starts_with("access-control-"));
    let mut lines: Vec<_> = fields
        .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value)))
        .collect();
    lines.sort();
    let is_of = |version| {
        let (status, expected) = expected(request, version);
        lines == expected && status.is_none_or(|status| status == response.status)
    };
    assert!(
        versions.clone().any(is_of),
        "{} {lines:?} is of no version of {versions:?}",
        response.status
    );
}

#[track_caller]
fn check(port: u16, request: &RawRequest, versions: RangeInclusive<u64>) {
    agree(request, &send(port, request), versions);
}

#[track_caller]
fn send(port: u16, request: &RawRequest) -> RawResponse {
    match message::send(port, request).unwrap() {
        Answer::Response(response) => response,
        Answer::Closed => panic!("the connection was closed"),
    }
}

fn get() -> RawRequest {
    request("GET", &[("Origin", ORIGIN)])
}

fn preflight() -> RawRequest {
    request(
        "OPTIONS",
        &[("Origin", ORIGIN), ("Access-Control-Request-Method", "PUT")],
    )
}

fn request(method: &str, lines: &[(&str, &str)]) -> RawRequest {
    let lines = lines.iter();
    RawRequest {
        method: method.to_owned(),
        target: "/echo".to_owned(),
        lines: lines
            .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
            .collect(),
        body: Vec::new(),
    }
}
