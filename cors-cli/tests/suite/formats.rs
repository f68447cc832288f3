//! Policies in JSON and YAML.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::probe::server::Scripted;
use crate::support::{Done, cors};

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

#[test]
fn check() {
    let folder = folder(&[
        (
            "a.json",
            "{\n  \"allow_origins\": [\"https://ä.example\", \"https://a.example/\"]\n}\n",
        ),
        ("a.yaml", "# ä\nallow_origins:\n  - https://a.example/\n"),
        (
            "A.YML",
            "cors: {allow_origins: ['${ORIGINS}']}\nother: &a [*a]\n",
        ),
        ("a.toml.yaml", "allow_origins = ['*']\n"),
    ]);
    let ran = cors(folder.path(), &["check", "a.json"]);
    assert_eq!(ran.status, 1, "{ran:#?}");
    for part in [
        "--> a.json:2:21",
        "--> a.json:2:42",
        "+   \"allow_origins\": [\"https://ä.example\", \"https://a.example\"]",
    ] {
        assert!(ran.stdout.contains(part), "{}", ran.stdout);
    }
    let ran = cors(folder.path(), &["check", "a.yaml"]);
    assert_eq!(ran.status, 1, "{ran:#?}");
    for part in ["--> a.yaml:3:5", "+   - \"https://a.example\""] {
        assert!(ran.stdout.contains(part), "{}", ran.stdout);
    }
    let ran = cors(
        folder.path(),
        &[
            "check",
            "--table",
            "cors",
            "--env",
            "ORIGINS=https://a.example",
            "A.YML",
        ],
    );
    assert_eq!(ran.status, 0, "{ran:#?}");
    let ran = cors(folder.path(), &["check", "A.YML"]);
    assert!(ran.stdout.contains("`--table cors`"), "{}", ran.stdout);
    let ran = cors(folder.path(), &["check", "--json", "a.toml.yaml"]);
    assert_eq!(ran.status, 1, "{ran:#?}");
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(report["findings"][0]["code"], "wrong-type");
}

/// The fix is described, and nothing is written.
#[track_caller]
fn check_by_hand(name: &str, text: &str, options: &[&str], expected: &[&str]) {
    let folder = folder(&[(name, text)]);
    let args = [
        &["explain", name, "--fix", "https://api.example.com/a"],
        options,
    ]
    .concat();
    let ran = cors(folder.path(), &args);
    assert_eq!((ran.status, &*ran.stderr), (1, ""), "{ran:#?}");
    let (_, change) = ran.stdout.split_once("What to change\n").unwrap();
    let steps = change.lines().filter_map(|line| line.strip_prefix("  - "));
    assert_eq!(steps.collect::<Vec<_>>(), expected, "{change}");
    assert!(change.ends_with(
        "\nWith this, every browser allows the request; make the change by hand, `--fix` changes only TOML files.\n"
    ), "{change}");
    assert_eq!(fs::read_to_string(folder.path().join(name)).unwrap(), text);
    let entries = fs::read_dir(folder.path()).unwrap();
    assert_eq!(entries.count(), 1);
    let ran = cors(
        folder.path(),
        &[
            &["explain", "--json", name, "https://api.example.com/a"],
            options,
        ]
        .concat(),
    );
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let by_hand = report["blocked"]["by_hand"].as_array().unwrap();
    let by_hand: Vec<_> = by_hand.iter().map(|step| step.as_str().unwrap()).collect();
    assert!(expected.ends_with(&by_hand), "{by_hand:?}");
    assert!(report["blocked"]["diff"].is_null() && report["blocked"]["policy"].is_null());
}

#[test]
fn changes_by_hand() {
    let page = ["--origin", "https://app.example.com"];
    check_by_hand(
        "a.yaml",
        "allow_origins: [https://app.example.com]\n",
        &[&page[..], &["-X", "PUT", "-H", "x-a: b", "-H", "x-b: c"]].concat(),
        &[
            "add `\"PUT\"` to `allow_methods`",
            "add `\"x-a\"` and `\"x-b\"` to `allow_headers`",
        ],
    );
    check_by_hand(
        "a.json",
        r#"{"grant": [{"allow_origins": ["https://b.example"]}, {"allow_origins": ["https://app.example.com"]}], "preflight_status": 200}"#,
        &[&page[..], &["--credentials", "include"]].concat(),
        &[
            "if the server needs no cookies, remove `credentials: \"include\"` in the page",
            "or change the policy:",
            "set `grant[1].allow_credentials` to `true`",
        ],
    );
    check_by_hand(
        "a.json",
        r#"{"allow_origins": ["*"], "route": [{"path": "/b", "allow_origins": []}]}"#,
        &[&page[..], &["--credentials", "include"]].concat(),
        &[
            "if the server needs no cookies, remove `credentials: \"include\"` in the page",
            "or change the policy:",
            "move the keys of the grant into a list `grant`, and add `{\"allow_origins\": [\"https://app.example.com\"], \"allow_credentials\": true}` before it",
        ],
    );
    check_by_hand(
        "a.yml",
        "route:\n- path: /a\n  grant:\n  - allow_origins: ['*']\n    max_age: 600\n  dangerously_allow: []\nallow_origins: ['${A}']\n",
        &[&page[..], &["--credentials", "include"]].concat(),
        &[
            "if the server needs no cookies, remove `credentials: \"include\"` in the page",
            "or change the policy:",
            "add `{\"allow_origins\": [\"https://app.example.com\"], \"allow_credentials\": true, \"max_age\": 600}` to the list `route[0].grant`, before the other grants",
        ],
    );
}

#[test]
fn probe() {
    let folder = folder(&[("a.yaml", "allow_origins: [https://app.example.com]\n")]);
    let server = Scripted::new(|_| {
        (
            200,
            vec![
                "Access-Control-Allow-Origin: https://app.example.com",
                "Vary: Origin",
            ],
        )
    });
    let url = format!("http://localhost:{}/", server.port);
    let args = [
        "probe",
        "--policy",
        "a.yaml",
        "--origin",
        "https://app.example.com",
        &url,
    ];
    let ran = cors(folder.path(), &args);
    assert_eq!(ran.status, 0, "{ran:#?}");
}

/// A file that cannot be read as its format is an error, at once.
#[test]
fn hostile() {
    #[track_caller]
    fn check(folder: &Path, name: &str, text: &[u8], status: i32, expected: &str) {
        fs::write(folder.join(name), text).unwrap();
        let Done {
            status: ended,
            stdout,
            stderr,
        } = cors(folder, &["check", name]);
        let start: String = stdout.chars().take(500).collect();
        assert_eq!(ended, status, "{start}{stderr}");
        assert!(
            format!("{stdout}{stderr}").contains(expected),
            "{start}{stderr}"
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let large = format!(
        "{{\"allow_origins\": [\"https://a.example\"], \"{}\": 1}}",
        "a".repeat(10_000_000)
    );
    for name in ["a.json", "a.yaml"] {
        let check = |text: &[u8], status, expected: &str| {
            check(folder.path(), name, text, status, expected)
        };
        check(b"", 1, "1 error");
        check(b"\xef\xbb\xbf", 1, "1 error");
        check(b"\x7fELF\0\x01\xff", 2, "is not UTF-8");
        check(b"\0\0\0\0", 1, "error[syntax]");
        check("[".repeat(100_000).as_bytes(), 1, "128 levels");
        check("{\"a\":".repeat(100_000).as_bytes(), 1, "error[syntax]");
        check(b"{\"max_age\": 1, \"max_age\": 2}", 1, "twice");
        check(large.as_bytes(), 1, "error[unknown-key]");
        check(
            b"\xef\xbb\xbf{\"allow_origins\":\r\n[\"https://a.example\"]}\r\n",
            0,
            "no errors",
        );
    }
    let check = |text: &[u8], expected: &str| check(folder.path(), "a.yaml", text, 1, expected);
    check("- ".repeat(100_000).as_bytes(), "128 levels");
    check("? ".repeat(100_000).as_bytes(), "error[syntax]");
    check("&a ".repeat(100_000).as_bytes(), "error[syntax]");
    check("!".repeat(100_000).as_bytes(), "error[syntax]");
    check("'".repeat(99_999).as_bytes(), "error[syntax]");
    check("a: b: ".repeat(100_000).as_bytes(), "error[syntax]");
    check(b"a: 1\n---\nb: 1\n", "several documents");
    let large = "a: |\n".to_owned() + &" a\n".repeat(300_000);
    check(large.as_bytes(), "error[unknown-key]");
}
