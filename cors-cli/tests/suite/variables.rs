//! Variables in policies: values from the command line, and those that are given at run time.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::probe::server::Scripted;
use crate::support::{Done, cors};

const URL: &str = "https://api.example.com/users";
const APP: &str = "https://app.example.com";

fn folder_with(name: &str, content: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(name), content).unwrap();
    folder
}

fn explain(folder: &Path, file: &str, options: &[&str]) -> Done {
    cors(
        folder,
        &[&["explain", file, "--origin", APP, URL], options].concat(),
    )
}

/// An origin may be in a variable that is known at run time only.
#[test]
fn explain_names_them() {
    let text = "allow_origins:\n- https://a.example\n- ${A}\n- ${B}\nroute:\n- path: /open\n  allow_origins: ['${A}']\n";
    let folder = folder_with("a.yaml", text);
    let blocked = explain(folder.path(), "a.yaml", &[]);
    assert_eq!(blocked.status, 1);
    let advice = "  - `${A}` and `${B}` are given at run time: if one of them has the origin, pass `--env A=...`\n";
    assert!(blocked.stdout.contains(advice), "{}", blocked.stdout);
    let places = "
given at run time, so not checked:
  `${A}`: allow_origins[1] (line 3), route[0].allow_origins[0] (line 7)
  `${B}`: allow_origins[2] (line 4)
";
    assert!(blocked.stdout.contains(places), "{}", blocked.stdout);
    let given = "A=https://b.example,https://app.example.com";
    let allowed = explain(folder.path(), "a.yaml", &["--env", given]);
    assert_eq!(allowed.status, 0, "{allowed:#?}");
    assert!(!allowed.stdout.contains("${A}"), "{}", allowed.stdout);
    let report = explain(folder.path(), "a.yaml", &["--env", given, "--json"]);
    let report: Value = serde_json::from_str(&report.stdout).unwrap();
    let place = serde_json::json!([{"path": "allow_origins[2]", "line": 4, "column": 3}]);
    assert_eq!(
        report["at_run_time"],
        serde_json::json!([{"name": "B", "places": place}])
    );
}

#[test]
fn probe_names_them() {
    let folder = folder_with("cors.toml", "allow_origins = ['${A}']\n");
    let server = Scripted::new(move |_| {
        (
            200,
            vec![
                format!("Access-Control-Allow-Origin: {APP}"),
                "Vary: Origin".to_owned(),
            ],
        )
    });
    let url = server.url();
    let probe = |options: &[&str]| {
        let args = ["probe", "--policy", "cors.toml", "--origin", APP, &url];
        cors(folder.path(), &[&args, options].concat())
    };
    let done = probe(&[]);
    assert_eq!(done.status, 1, "{done:#?}");
    let named = "given at run time, so not checked:\n  `${A}`: allow_origins[0] (line 1)\n";
    assert!(done.stdout.contains(named), "{}", done.stdout);
    let report: Value = serde_json::from_str(&probe(&["--json"]).stdout).unwrap();
    assert_eq!(report["at_run_time"][0]["name"], "A");
    let done = probe(&["--env", &format!("A={APP}")]);
    assert_eq!(done.status, 0, "{done:#?}");
    assert!(!done.stdout.contains("run time"), "{}", done.stdout);
}

/// Many variables in many places are a few lines.
#[test]
fn not_all_are_printed() {
    let items: String = (0..1000)
        .map(|n| format!("  '${{A{n}}}', '${{A0}}',\n"))
        .collect();
    let folder = folder_with("cors.toml", &format!("allow_origins = [\n{items}]\n"));
    let done = cors(folder.path(), &["check"]);
    assert_eq!(done.status, 0);
    let words = done.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for line in [
        "`${A0}`: allow_origins[0] (line 2), allow_origins[1] (line 2), allow_origins[3] (line 3), 998 more `${A1}`:",
        "`${A9}`: allow_origins[18] (line 11) and 990 more `--env A0=...`",
        "✓ origins come from an allowlist: those of 1000 variables ✓",
    ] {
        assert!(words.contains(line), "{}", done.stdout);
    }
}

#[test]
fn options_without_a_policy() {
    let folder = tempfile::tempdir().unwrap();
    let probe = ["probe", "--origin", APP, "http://127.0.0.1:1/"];
    for option in [
        &["--table", "a"][..],
        &["--env", "A=1"],
        &["--env-from-process"],
    ] {
        let done = cors(folder.path(), &[&probe, option].concat());
        assert_eq!(done.status, 2);
        assert!(done.stderr.contains("add `--policy FILE`"), "{done:#?}");
    }
}
