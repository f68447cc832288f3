//! Every file of `corpus/`, through its target.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use cors_fuzz::TARGETS;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The files in a folder.
#[track_caller]
fn files(name: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder(name)).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// Runs a target with its files. If one fails, it is the last one that is printed.
#[track_caller]
fn replay(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).unwrap();
    let files = files(&format!("corpus/{name}"));
    assert!(files.len() >= 10, "{name} has {} files", files.len());
    for file in files {
        println!("{}", file.display());
        (target.run)(&fs::read(&file).unwrap());
    }
}

#[test]
fn browser_model() {
    replay("browser_model");
}

#[test]
fn decide() {
    replay("decide");
}

#[test]
fn export() {
    replay("export");
}

#[test]
fn from_console() {
    replay("from_console");
}

#[test]
fn heads() {
    replay("heads");
}

#[test]
fn pattern() {
    replay("pattern");
}

#[test]
fn policy_text() {
    replay("policy_text");
}

/// Each target has a program and a corpus, and each of them is that of a target.
#[test]
fn targets_are_complete() {
    let names: BTreeSet<_> = TARGETS.map(|target| target.name.to_owned()).into();
    for place in ["corpus", "fuzz_targets"] {
        let stems = files(place).into_iter();
        let stems = stems.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned());
        assert_eq!(stems.collect::<BTreeSet<_>>(), names, "{place}");
    }
}
