//! How it looks. `UPDATE_EXPECT=1` writes the files anew.

use std::fs;

use tempfile::TempDir;

use super::server::{Scripted, probe_with};
use crate::support::snapshot;

#[track_caller]
fn check(args: &str, server: &Scripted, expected: &str) {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("cors.toml");
    let policy = "allow_origins = [\"http://localhost:5173\"]\nallow_methods = [\"PUT\"]\nexpose_headers = [\"x-id\"]\n";
    fs::write(&file, policy).unwrap();
    let file = file.to_str().unwrap();
    let args = args.split_whitespace();
    let args = args.map(|arg| if arg == "cors.toml" { file } else { arg });
    let args: Vec<_> = ["--origin", "http://localhost:5173"]
        .into_iter()
        .chain(args)
        .collect();
    let done = probe_with(&args, &server.url());
    // The number alone may be anywhere.
    let address = format!("127.0.0.1:{}", server.port);
    let text = done.stdout.replace(&address, "127.0.0.1:PORT");
    snapshot(&format!("probe/snapshots/{expected}")).assert_eq(&text.replace(file, "cors.toml"));
}

fn server() -> Scripted {
    Scripted::new(|request| {
        let origin = format!("Access-Control-Allow-Origin: {}", request.origin());
        let other = match request.is_preflight() {
            true => "Access-Control-Allow-Methods: PUT, PATCH",
            false => "X-Id: 1",
        };
        (200, vec![origin, other.to_owned()])
    })
}

#[test]
fn an_answer_that_can_be_read() {
    check("-X PUT", &server(), "allowed.txt");
}

#[test]
fn everything_of_it() {
    check("-v -X PUT -d hello", &server(), "verbose.txt");
}

#[test]
fn with_a_policy() {
    check("--policy cors.toml -X PUT", &server(), "policy.txt");
}

#[test]
fn an_audit() {
    check("--audit --delay 0", &server(), "audit.txt");
}

#[test]
fn as_data() {
    check("--audit --delay 0 --json", &server(), "audit.json");
}
