//! Configurations that users of other programs wrote, and what is printed about them.

use std::fs;

use crate::support::{cors, snapshot};

/// Findings F6 and F11 of the bug reports: lists in one text, and files that are not a policy alone. What was printed
/// before is what the reports quote.
#[test]
fn bug_reports() {
    let rows: [(&str, &str, &[&str], &str); 7] = [
        (
            "l1.toml",
            "allow_origins = \"https://a.example,https://b.example\"\n",
            &[],
            "did you mean `[\"https://a.example,https://b.example\"]`?",
        ),
        (
            "l2.toml",
            "allow_origins = [\"https://a.example,https://b.example\"]\n",
            &[],
            "`https://a.example,https://b.example` has an invalid host",
        ),
        (
            "l3.toml",
            "allow_origins = [\"\\\"https://a.example\\\"\"]\n",
            &[],
            "`\"https://a.example\"` has an invalid scheme",
        ),
        (
            "c.toml",
            "[cors]\nallow_origins = [\"https://example.com\", \"*.example.com\"]\n",
            &[],
            "the policy names no origin, and: `cors` is not a key of a CORS policy",
        ),
        (
            "c.toml",
            "[cors]\nallow_origins = [\"https://example.com\", \"*.example.com\"]\n",
            &["--table", "cors"],
            "error: unexpected argument '--table' found",
        ),
        (
            "p.json",
            "{\n  \"allow_origins\": [\"https://example.com\", \"*.example.com\"]\n}\n",
            &[],
            "this is not TOML: ...",
        ),
        (
            "p.yaml",
            "allow_origins:\n  - https://example.com\n  - \"*.example.com\"\n",
            &[],
            "this is not TOML: ...",
        ),
    ];
    let texts = rows.map(|(name, content, options, before)| {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(name), content).unwrap();
        let done = cors(folder.path(), &[&["check", name], options].concat());
        let options: String = options.iter().map(|option| format!(" {option}")).collect();
        format!(
            "$ cors check{options} {name}\nbefore: {before}\nnow:\n{}{}[status {}]\n",
            done.stdout, done.stderr, done.status
        )
    });
    snapshot("configurations/bug-reports.txt").assert_eq(&texts.join("\n"));
}
