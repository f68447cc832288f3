//! A set of origins that changes while the fixture servers run.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::fs;
use std::time::{Duration, Instant};

use cors_matrix::message::{self, Answer, RawRequest};
use cors_matrix::server::FixtureBinary;

const POLICY: &str = "
[[route]]
path          = '/realms/{realm}'
allow_origins = [{ set = 'customers', key = '{realm}' }]
";
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

        // By renaming, so that no half of it is read.
        let write = |text: &str| {
            let new = folder.path().join("new");
            fs::write(&new, text).unwrap();
            fs::rename(&new, &origins).unwrap();
        };
        write("acme https://b.example\nother https://a.example\n");
        wait_for(port, [false, true, true, false]);

        // The set survives the policy.
        assert_eq!(server.replace_policy(&policy), Ok(2));
        assert_eq!(allowed(port), [false, true, true, false]);
        write("other https://b.example\n");
        wait_for(port, [false, false, false, true]);
    }
}

/// Each request after the first that sees the change sees it, too.
#[track_caller]
fn wait_for(port: u16, expected: [bool; 4]) {
    let start = Instant::now();
    while allowed(port) != expected {
        assert!(start.elapsed() < Duration::from_secs(60), "{expected:?}");
    }
    assert_eq!(allowed(port), expected);
}

fn allowed(port: u16) -> [bool; 4] {
    ASKED.map(|(realm, origin)| {
        let request = RawRequest {
            method: "GET".to_owned(),
            target: format!("/realms/{realm}/echo"),
            lines: vec![("Origin".to_owned(), origin.into())],
            body: Vec::new(),
        };
        match message::send(port, &request).unwrap() {
            Answer::Response(response) => response
                .lines("access-control-allow-origin")
                .next()
                .is_some(),
            Answer::Closed => panic!("the connection was closed"),
        }
    })
}
