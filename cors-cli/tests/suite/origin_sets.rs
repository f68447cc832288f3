//! Sets of origins in policies: those that the application gives, and those that a file fills.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::probe::server::Scripted;
use crate::support::{Done, cors};

const POLICY: &str = r#"allow_origins = ["https://admin.example.com"]

[[route]]
path              = "/realms/{realm}"
allow_origins     = ["https://admin.example.com", { set = "customers", key = "{realm}" }]
allow_methods     = ["PUT"]
allow_headers     = ["content-type", "authorization"]
allow_credentials = true
"#;
const CUSTOMERS: &str = "\
# since May
acme  https://acme.example
acme  acme.example
other https://other.example
";
const ACME: &str = "https://acme.example";
const URL: &str = "https://api.example.com/realms/acme";
const FILLED: [&str; 2] = ["--origins", "customers=customers.txt"];

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("cors.toml"), POLICY).unwrap();
    fs::write(folder.path().join("customers.txt"), CUSTOMERS).unwrap();
    folder
}

/// Runs a command in a folder with the policy and the file.
#[track_caller]
fn run(args: &[&str], more: &[&str], status: i32) -> Done {
    let done = cors(folder().path(), &[args, more].concat());
    assert_eq!(done.status, status, "{done:#?}");
    done
}

fn json(done: &Done) -> Value {
    serde_json::from_str(&done.stdout).unwrap()
}

const LEFT_OUT: &str = "cors: warning: left out of customers.txt: line 3: `acme  acme.example`: origin `acme.example` has no \
                        scheme; did you mean `https://acme.example`?\n";

#[test]
fn check_names_them() {
    let block = "\
sets of origins that the application gives, so not checked:
  `customers`: route[0].allow_origins[1] (line 5)
  `--origins customers=FILE` fills it

ready for production?
";
    let done = run(&["check"], &[], 0);
    assert!(done.stdout.starts_with(block), "{}", done.stdout);
    assert_eq!(done.stderr, "");
    let places = json!([{"path": "route[0].allow_origins[1]", "line": 5, "column": 51}]);
    let report = json(&run(&["check", "--json"], &[], 0));
    let unfilled = json!([{"name": "customers", "file": null, "places": places}]);
    assert_eq!(report["origin_sets"], unfilled);

    // Two policies, one warning.
    let done = run(&["check", "cors.toml", "cors.toml"], &FILLED, 0);
    assert!(!done.stdout.contains("so not checked"), "{}", done.stdout);
    assert_eq!(done.stderr, LEFT_OUT);
    let report = json(&run(&["check", "--json"], &FILLED, 0));
    let file = &report["origin_sets"][0]["file"];
    assert_eq!(
        (&file["name"], &file["origins"]),
        (&json!("customers.txt"), &json!(2))
    );
    assert_eq!(file["left_out"][0]["line"], 3);
}

#[test]
fn probe_compares_with_them() {
    let server = Scripted::new(|_| {
        let headers = [
            "Access-Control-Allow-Origin: https://acme.example",
            "Access-Control-Allow-Credentials: true",
            "Vary: Origin",
        ];
        (200, headers.map(str::to_owned).to_vec())
    });
    let url = server.url().replace("/path", "/realms/acme");
    let probe = ["probe", "--policy", "cors.toml", "--origin", ACME, &url];
    let done = run(&probe, &[], 1);
    assert!(
        done.stdout
            .contains("\n  `customers`: route[0].allow_origins[1] (line 5)\n"),
        "{}",
        done.stdout
    );
    run(&probe, &FILLED, 0);
    let report = json(&run(&probe, &[&FILLED[..], &["--json"]].concat(), 0));
    assert_eq!(report["origin_sets"][0]["file"]["name"], "customers.txt");
}

#[test]
fn wrong_options() {
    #[track_caller]
    fn check(args: &[&str], expected: &str) {
        let done = run(args, &[], 2);
        assert!(done.stderr.contains(expected), "{}", done.stderr);
    }
    for command in [
        &["check"][..],
        &["explain", "--origin", ACME, URL],
        &["probe", "--policy", "cors.toml", "--origin", ACME, URL],
    ] {
        let with = |value| [command, &["--origins", value]].concat();
        check(
            &with("customers=no.txt"),
            "cors: no.txt: cannot be read: No such file",
        );
        check(
            &with("customers"),
            "`--origins` takes `NAME=FILE`, not `customers`",
        );
        check(&with("=customers.txt"), "`--origins` takes `NAME=FILE`");
        check(&with("customers="), "`--origins` takes `NAME=FILE`");
    }
    check(
        &["probe", "--origin", ACME, URL, FILLED[0], FILLED[1]],
        "and `--origins` are for a policy: add `--policy FILE`",
    );
    check(
        &["check", "--explain", "any-port", FILLED[0], FILLED[1]],
        "cannot be used with",
    );
}
