//! What the workspace's README shows is what the command prints.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::cors;

/// Policies in front of which readers begin: the README's, and those of the crates.
#[test]
fn the_policies_that_documents_show_have_no_findings() {
    let folder = tempfile::tempdir().unwrap();
    let mut checked = 0;
    for path in documents() {
        let text = fs::read_to_string(&path).unwrap();
        let lines = text.lines().map(|line| match line.strip_prefix("//!") {
            Some(line) => line.strip_prefix(' ').unwrap_or(line),
            None => line,
        });
        let text: String = lines.flat_map(|line| [line, "\n"]).collect();
        for heading in ["<!-- cors.toml -->\n```toml\n", "```toml\n# cors.toml\n"] {
            for part in text.split(heading).skip(1) {
                let (policy, _) = part.split_once("```").unwrap();
                fs::write(folder.path().join("cors.toml"), policy).unwrap();
                let ran = cors(folder.path(), &["check", "--deny", "notes"]);
                assert_eq!(ran.status, 0, "{}\n{}", path.display(), ran.stdout);
                checked += 1;
            }
        }
    }
    assert!(checked >= 6, "{checked}");
}

/// The README, and the front of each crate.
fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let entries = fs::read_dir(&root).unwrap().map(|entry| entry.unwrap());
    let crates = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("cors-"));
    let fronts =
        crates.flat_map(|entry| ["README.md", "src/lib.rs"].map(|file| entry.path().join(file)));
    let documents = [root.join("README.md")].into_iter().chain(fronts);
    documents.filter(|path| path.is_file()).collect()
}

/// The commands of this crate's README are ones that there are, with options that they have.
#[test]
fn the_commands_of_the_crates_readme() {
    let folder = tempfile::tempdir().unwrap();
    let readme = include_str!("../../README.md");
    let mut tried = 0;
    for line in readme.lines().filter(|line| line.starts_with("cors ")) {
        // A text in quotes is one argument.
        let parts = line.split('"').enumerate();
        let args = parts.flat_map(|(place, part)| match place % 2 {
            0 => part.split_whitespace().collect(),
            _ => vec![part],
        });
        // Help instead of what it does, which may need a network: an argument in front that is wrong is an error.
        let args: Vec<_> = args.skip(1).chain(["--help"]).collect();
        let ran = cors(folder.path(), &args);
        assert_eq!(ran.status, 0, "{line}\n{}", ran.stderr);
        tried += 1;
    }
    assert!(tried >= 5, "{tried}");
}
