//! What the README shows is what is in the files.

use std::path::{Path, PathBuf};

use cors_core::Policy;
use cors_matrix::readme::{POLICY_WITH_MISTAKES, block};
use cors_matrix::server::Framework;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap_or_default()
}

#[test]
fn examples() {
    let hello = Framework::ALL.map(|framework| format!("cors-{framework}/examples/hello.rs"));
    for file in hello
        .into_iter()
        .chain(["cors-axum/examples/live.rs".to_owned()])
    {
        let source = read(&file);
        // Without the line of documentation at its head.
        let (_, code) = source.split_once("\n\n").unwrap();
        assert_eq!(block(&file), code, "{file}");
    }
}

#[test]
fn the_policy() {
    let policy = read("cors.toml");
    let (_, keys) = policy.split_once('\n').unwrap();
    assert_eq!(block("cors.toml"), keys);
}

#[test]
fn the_errors() {
    let errors = Policy::from_toml(POLICY_WITH_MISTAKES).unwrap_err();
    let lines: Vec<_> = errors
        .iter()
        .map(|error| format!("cors.toml:{error}"))
        .collect();
    let text = format!(
        "cors.toml: {} errors in the CORS policy\n{}\n",
        lines.len(),
        lines.join("\n")
    );
    assert_eq!(block("errors"), text);
}
