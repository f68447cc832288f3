//! `--expect`: the exit status of a call in CI.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::server::{APP, Scripted, probe};

const ALLOW: &str = "Access-Control-Allow-Origin: https://app.example.com";
const VARY: &str = "Vary: Origin";

/// Checks the status without the option, with `readable` and with `blocked`.
#[track_caller]
fn check(args: &str, lines: &'static [&'static str], statuses: [i32; 3]) {
    let server = Scripted::new(move |_| (200, lines.to_vec()));
    let expected = [
        (None, statuses[0]),
        (Some("readable"), statuses[1]),
        (Some("blocked"), statuses[2]),
    ];
    for (option, status) in expected {
        let option_args = option.map_or(String::new(), |option| format!("--expect {option}"));
        let args = format!("--origin {APP} {args} {option_args}");
        let done = probe(&args, &server.url()).has_status(status);
        let is_said = |text| done.stdout.contains(text);
        assert_eq!(is_said("\nas expected: "), option.is_some() && status == 0);
        assert_eq!(
            is_said("\nnot as expected: "),
            option.is_some() && status == 1
        );
        let json = probe(&format!("{args} --json"), &server.url())
            .has_status(status)
            .json();
        assert_eq!(json["expected"], json!(option), "{json:#}");
        let is_as_expected = option.map_or(Value::Null, |_| json!(status == 0));
        assert_eq!(json["as_expected"], is_as_expected, "{json:#}");
    }
}

#[test]
fn what_the_page_gets() {
    check("", &[ALLOW, VARY], [0, 0, 1]);
    check("", &[VARY], [1, 1, 0]);
    check("", &[], [1, 1, 0]);
    check("-X PUT", &[ALLOW, VARY], [1, 1, 0]);
    // Warnings do not count.
    check("", &[ALLOW], [1, 0, 1]);
    // Chromium does not send this header.
    let other = &[ALLOW, VARY, "Access-Control-Allow-Headers: x-other"];
    check("-X POST -H User-Agent:x", other, [1, 1, 1]);
}

/// A difference from the policy is a failure, whatever the page gets.
#[test]
fn with_a_policy() {
    #[track_caller]
    fn check(origin: &str, lines: &'static [&'static str], statuses: [i32; 2]) {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("cors.toml");
        fs::write(&file, format!("allow_origins = ['{APP}']")).unwrap();
        let server = Scripted::new(move |_| (200, lines.to_vec()));
        for (expected, status) in ["readable", "blocked"].into_iter().zip(statuses) {
            let policy = format!("--policy {} --origin {origin}", file.display());
            let args = format!("{policy} --expect {expected}");
            probe(&args, &server.url()).has_status(status);
        }
    }
    const EVIL: &str = "https://evil.example";
    check(APP, &[ALLOW, VARY], [0, 1]);
    check(EVIL, &[VARY], [1, 0]);
    // As expected, and another response than the policy's.
    check(APP, &["Access-Control-Allow-Origin: *"], [1, 1]);
    check(EVIL, &[], [1, 1]);
    check(EVIL, &["Access-Control-Allow-Origin: *"], [1, 1]);
}

/// A server that does not respond has not blocked anything.
#[test]
fn without_a_response() {
    let server = Scripted::raw(|_, _| {});
    for expected in ["readable", "blocked"] {
        let args = format!("--origin {APP} --expect {expected}");
        probe(&args, &server.url())
            .has_status(2)
            .complains(&["the connection was closed"]);
    }
}
