//! The story is told to its end, or interrupted: it prints what the README shows, and nothing of it is left.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use cors_matrix::skip::skip;
use regex_lite::Regex;
use tempfile::TempDir;

const README: &str = include_str!("../README.md");

/// The command, which puts its temporary folder into this one.
fn story(folder: &TempDir) -> Command {
    // Postgres runs as another user, if this is root.
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let mut story = Command::new(env!("CARGO_BIN_EXE_cors-tenants"));
    story.arg("story").env("TMPDIR", folder.path());
    story
}

/// Whether the error is that Postgres is not installed.
fn is_skipped(error: &str) -> bool {
    let is_skipped = error.contains("Postgres is not installed");
    if is_skipped {
        skip(
            "the story of `examples/tenants`",
            "`postgresql` is not installed",
        )
        .unwrap();
    }
    is_skipped
}

/// What differs each time is replaced.
fn without_times(text: &str) -> String {
    let rows = [
        (r"\d+ ms", "N ms"),
        (r"age_seconds [0-9.e-]+", "age_seconds N"),
        // What the system says depends on what the replica was doing.
        (r#"\{error=".*"\}"#, "{error}"),
    ];
    rows.iter().fold(text.to_owned(), |text, (from, to)| {
        Regex::new(from)
            .unwrap()
            .replace_all(&text, *to)
            .into_owned()
    })
}

/// No file is left in the folder, and no process knows it.
#[track_caller]
fn check_that_all_has_ended(folder: &TempDir) {
    let files: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert!(files.is_empty(), "{files:?}");
    let folder = folder.path().to_str().unwrap();
    for process in fs::read_dir("/proc").unwrap().flatten() {
        // A process may end meanwhile, and those of other users cannot be read.
        let read = |file| fs::read(Path::new(&process.path()).join(file)).unwrap_or_default();
        for text in [read("cmdline"), read("environ")] {
            let text = String::from_utf8_lossy(&text);
            assert!(!text.contains(folder), "{:?}: {text}", process.path());
        }
    }
}

#[test]
fn the_readme_shows_what_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    let output = story(&folder).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    if is_skipped(&error) {
        return;
    }
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{printed}\n{error}");
    check_that_all_has_ended(&folder);
    let (_, shown) = README.split_once("```text\n").unwrap();
    let (shown, _) = shown.split_once("```").unwrap();
    let is_same = without_times(shown) == without_times(&printed);
    assert!(is_same, "README.md shows something else than:\n{printed}");
}

#[test]
fn everything_ends_after_an_interrupt() {
    let folder = tempfile::tempdir().unwrap();
    let mut story = story(&folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let printed = BufReader::new(story.stdout.take().unwrap());
    let mut lines = printed.lines();
    if lines.any(|line| line.unwrap().starts_with("3. ")) {
        let mut kill = Command::new("sh");
        kill.args(["-c", "kill -INT $1", "sh", &story.id().to_string()]);
        assert!(kill.status().unwrap().success());
    }
    let rest: Vec<_> = lines.map_while(Result::ok).collect();
    let mut error = String::new();
    let errors = story.stderr.take().unwrap();
    BufReader::new(errors).read_to_string(&mut error).unwrap();
    let status = story.wait().unwrap();
    if is_skipped(&error) {
        return;
    }
    assert_eq!(
        error, "stopped, the replicas and Postgres too\n",
        "{rest:?}"
    );
    assert_eq!(status.code(), Some(1));
    check_that_all_has_ended(&folder);
}
