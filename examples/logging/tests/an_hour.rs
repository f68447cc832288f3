//! What each binary logs in an hour.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::process::Command;

use expect_test::expect_file;

const START: &str = "a page that the policy lists";
const HOSTILE: &str = "a client that sends many origins and paths";

/// The log is in `tests/FRAMEWORK.log`. Of the hostile client, only the first event is there.
#[track_caller]
fn check(program: &str, framework: &str) {
    let output = Command::new(program)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("RUST_LOG")
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let log = [output.stdout, output.stderr].concat();
    let log = String::from_utf8(log).unwrap();
    assert!(output.status.success(), "{log}");
    let (_, log) = log.split_once(START).unwrap();
    let (story, hostile) = log.split_once(HOSTILE).unwrap();
    let hostile: Vec<&str> = hostile
        .lines()
        .filter(|line| line.contains("CORS: "))
        .collect();
    // How many there are depends on the time that the thousand requests take.
    assert!(hostile.len() < 100, "{hostile:#?}");
    let says_so = |line: &&str| {
        line.contains("; of the next events with this reason, one in 10 seconds is shown")
    };
    assert!(hostile.iter().any(says_so), "{hostile:#?}");
    let first = hostile.first().unwrap();
    let shown = format!("{START}{story}{HOSTILE}\n{first}\n");
    expect_file![format!("{framework}.log")].assert_eq(&shown);
}

#[test]
fn axum() {
    check(env!("CARGO_BIN_EXE_log-axum"), "axum");
}

#[test]
fn actix() {
    check(env!("CARGO_BIN_EXE_log-actix"), "actix");
}

#[test]
fn rocket() {
    check(env!("CARGO_BIN_EXE_log-rocket"), "rocket");
}

#[test]
fn warp() {
    check(env!("CARGO_BIN_EXE_log-warp"), "warp");
}
