//! What the README shows is what is in the files.

use std::path::{Path, PathBuf};

use cors_core::Policy;
use cors_matrix::readme::{POLICY_WITH_MISTAKES, block, block_of};
use cors_matrix::server::Framework;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap_or_default()
}

/// The README shows one framework, and each crate its own.
#[test]
fn examples() {
    for framework in Framework::ALL {
        let crate_name = format!("cors-{framework}");
        let source = read(&format!("{crate_name}/examples/hello.rs"));
        // Without the line of documentation at its head.
        let (_, code) = source.split_once("\n\n").unwrap();
        let readme = read(&format!("{crate_name}/README.md"));
        assert_eq!(block_of(&readme, "examples/hello.rs"), code, "{crate_name}");
        if framework == Framework::Axum {
            assert_eq!(block(&format!("{crate_name}/examples/hello.rs")), code);
        }
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
