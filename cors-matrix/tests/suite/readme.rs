//! What the README shows is what is in the files.

use std::path::{Path, PathBuf};

use cors_core::Policy;
use cors_matrix::readme::{POLICY_WITH_ERRORS, block, block_of};
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
    let errors = Policy::from_toml(POLICY_WITH_ERRORS).unwrap_err();
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

#[test]
fn the_length() {
    let words = read("README.md").split_whitespace().count();
    assert!(words <= 900, "{words} words, of prose and code");
}

/// The instructions for an allowed GET are those of the page that the README links to.
#[test]
fn the_numbers() {
    let page = read("docs/benchmarks.md");
    let measured = ["axum", "actix-web", "Rocket", "warp"].map(|framework| {
        let (_, section) = page.split_once(&format!("\n### {framework}\n")).unwrap();
        let row = section
            .lines()
            .find(|row| row.starts_with("| GET allowed |"));
        let cells: Vec<_> = row.unwrap().split('|').map(str::trim).collect();
        // After the name and the base: nanoseconds, instructions and allocations of the peer, then ours.
        let number = |at: usize| cells[at].trim_start_matches('+');
        format!(" {} / {} ", number(4), number(7))
    });
    let readme = read("README.md");
    let row = readme
        .lines()
        .find(|row| row.starts_with("| instructions per GET (peer / this) |"));
    let shown: Vec<_> = row.unwrap().split('|').skip(3).take(4).collect();
    assert_eq!(shown, measured);
}
