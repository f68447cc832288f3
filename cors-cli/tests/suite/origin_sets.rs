//! Sets of origins in policies: those that the application gives, and those that a file fills.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::probe::server::Scripted;
use crate::support::{self, Done, cors, snapshot};

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
acme  https://wrong.example/
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
                        scheme; did you mean `https://acme.example`?\n\
                        cors: warning: left out of customers.txt: line 5: `acme  https://wrong.example/`: origin \
                        `https://wrong.example/` ends with a slash; browsers send origins without it; did you mean \
                        `https://wrong.example`?\n";

#[test]
fn check_names_them() {
    let done = run(&["check"], &[], 0);
    snapshot("origin_sets/check.txt").assert_eq(&done.stdout);
    assert_eq!(done.stderr, "");
    let places = json!([{"path": "route[0].allow_origins[1]", "line": 5, "column": 51}]);
    let report = json(&run(&["check", "--json"], &[], 0));
    let unfilled = json!([{"name": "customers", "file": null, "places": places}]);
    assert_eq!(report["origin_sets"], unfilled);

    let done = run(&["check"], &FILLED, 0);
    snapshot("origin_sets/check-filled.txt").assert_eq(&done.stdout);
    assert_eq!(done.stderr, LEFT_OUT);
    // Two policies, one warning.
    let done = run(&["check", "cors.toml", "cors.toml"], &FILLED, 0);
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
    let server = Scripted::new(|request| {
        let both = [
            "Access-Control-Allow-Origin: https://acme.example",
            "Access-Control-Allow-Credentials: true",
            "Vary: Origin",
        ];
        let preflight = [
            "Access-Control-Allow-Methods: PUT",
            "Access-Control-Allow-Headers: content-type, authorization",
            "Access-Control-Max-Age: 86400",
        ];
        match request.is_preflight() {
            true => (204, [both, preflight].concat()),
            false => (200, both.to_vec()),
        }
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

/// The findings of `cors check` about a file with this name: `code line:column`.
fn findings(name: &str, text: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(name), text).unwrap();
    support::findings(&json(&cors(folder.path(), &["check", "--json", name])))
}

/// A set is like listed origins, of which nothing is wrong.
#[test]
fn lints_know_sets() {
    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        assert_eq!(findings("cors.toml", text), expected, "{text}");
    }
    let top = "allow_origins = [{ set = 'partners' }]";
    check(top, &[]);
    // As for listed origins.
    check(
        &format!("{top}\nallow_credentials = true"),
        &["cookies-unprotected 2:21"],
    );
    check(
        &format!("{top}\nallow_headers = ['*']"),
        &["any-header 2:18", "authorization-not-covered 2:18"],
    );
    check(
        &format!("{top}\nrefuse = ['cross-site-writes']\nallow_methods = ['PUT']"),
        &["json-not-allowed 3:18", "refused-method 3:18"],
    );
    check(
        "refuse = ['cross-site-writes']\n[[grant]]\nallow_origins = [{ set = 'partners' }]\nallow_credentials = true\n[[grant]]\n\
         allow_origins = ['*'] # cors-allow: everybody-allowed, vary-per-origin",
        &[],
    );
    check(
        &format!("{top}\nrefuse = ['unlisted-origins']\nhosts = ['a.example']"),
        &[],
    );
    // Whether the set has what is listed is not known, so nothing is redundant.
    check(
        "allow_origins = ['https://a.example', { set = 'partners' }]",
        &[],
    );
    // A route without the set.
    let strict =
        |inside: &str| format!("{top}\n[[route]]\npath = '/a'\nallow_origins = [{inside}]");
    check(&strict("{ set = 'partners' }, 'https://a.example'"), &[]);
    check(&strict("'https://a.example'"), &["strict-route 3:8"]);
    check(&strict("{ set = 'customers' }"), &["strict-route 3:8"]);
    check(&strict("'*'"), &["everybody-allowed 4:18"]);
    // The key is in the same segment.
    let nested = |path: &str, key: &str| {
        format!(
            "[[route]]\npath = '/{{a}}'\nallow_origins = [{{ set = 'c', key = '{{a}}' }}]\n\
             [[route]]\npath = '{path}'\nallow_methods = ['DELETE']\nallow_origins = [{{ set = 'c', key = '{key}' }}]"
        )
    };
    check(&nested("/{a}/x", "{a}"), &[]);
    check(&nested("/{b}/x", "{b}"), &[]);
    check(&nested("/{b}/{a}", "{a}"), &["strict-route 5:8"]);
}

/// Many sets and many wrong lines take no quadratic time.
#[test]
fn many_sets() {
    let sets = (0..5_000).map(|number| format!("{{ set = 's{number}' }},\n"));
    let sets: String = sets.collect();
    let part = format!("allow_origins = [\n{sets}]\nallow_headers = ['authorization']\n");
    let policy = format!("{part}[[route]]\npath = '/{{a}}'\nallow_credentials = true\n{part}");
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("cors.toml"), policy).unwrap();
    let lines = "a https://a.example/\nb https://b.example\n".repeat(5_000);
    fs::write(folder.path().join("s1.txt"), lines).unwrap();
    let given = ["--origins", "s1=s1.txt"];
    let done = cors(folder.path(), &[&["check"][..], &given].concat());
    assert_eq!(done.status, 0);
    assert!(done.stdout.contains("and 4980 more [set-without-key]"));
    assert_eq!(done.stderr.lines().count(), 11);
    assert!(
        done.stderr
            .ends_with("left out of s1.txt: 4990 more lines\n")
    );
    let explain = ["explain", "--origin", ACME, "https://api.example.com/a"];
    let done = cors(folder.path(), &[&explain[..], &given].concat());
    assert_eq!(done.status, 1);
    let advice = "  - add the line `https://acme.example` to s1.txt\n";
    assert!(done.stdout.contains(advice), "{}", done.stdout);
}

/// What a comment silences, and what `cors-allow` does not.
#[test]
fn comments_on_lines_of_sets() {
    let route = "[[route]]\npath = '/{realm}'\nallow_headers = ['authorization']\nallow_credentials = true\n";
    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        assert_eq!(findings("cors.toml", text), expected, "{text}");
    }
    let set = "{ set = 'partners' }";
    check(
        &format!("{route}allow_origins = [{set}]"),
        &["set-without-key 5:18"],
    );
    check(
        &format!("{route}allow_origins = [{set}] # cors-allow: set-without-key -- partners"),
        &[],
    );
    check(
        &format!("{route}allow_origins = [\n  # cors-allow: set-without-key\n  {set},\n]"),
        &[],
    );
    check(
        &format!(
            "{route}allow_origins = [\n  # cors-allow: set-without-key\n  'https://a.example',\n  {set},\n]"
        ),
        &["unused-allow 6:17", "set-without-key 8:3"],
    );
    check(
        &format!(
            "{route}# cors-allow: set-without-key\nallow_origins = [\n  'https://a.example',\n  {set},\n]"
        ),
        &[],
    );
}

/// The same findings in each format.
#[test]
fn formats() {
    let toml = "[[route]]\npath = '/{realm}'\nallow_credentials = true\nallow_headers = ['authorization']\n\
                allow_origins = [{ set = 'a' }, 'https://a.example']";
    assert_eq!(findings("a.toml", toml), ["set-without-key 5:18"]);
    let json = r#"{"route": [{"path": "/{realm}", "allow_credentials": true, "allow_headers": ["authorization"],
"allow_origins": [{"set": "a"}, "https://a.example"]}]}"#;
    assert_eq!(findings("a.json", json), ["set-without-key 2:19"]);
    let yaml = "route:\n- path: /{realm}\n  allow_credentials: true\n  allow_headers: [authorization]\n  \
                allow_origins:\n  - set: a\n  - https://a.example\n";
    assert_eq!(findings("a.yaml", yaml), ["set-without-key 6:5"]);
}

#[track_caller]
fn explain(name: &str, policy: &str, args: &[&str], status: i32) {
    let folder = folder();
    fs::write(folder.path().join("cors.toml"), policy).unwrap();
    let done = cors(folder.path(), &[&["explain"], args].concat());
    assert_eq!(done.status, status, "{done:#?}");
    let file = format!("origin_sets/{name}.txt");
    snapshot(&file).assert_eq(&done.stdout);
    let unchanged = fs::read_to_string(folder.path().join("customers.txt")).unwrap();
    assert_eq!(unchanged, CUSTOMERS);
}

/// What the policy would allow if the set had the page's origin is not a reason to change the policy.
#[test]
fn explain_with_sets() {
    let filled = |args: &[&'static str]| [args, &FILLED].concat();
    let other = "https://other.example";
    explain("not-filled", POLICY, &["--origin", ACME, URL], 1);
    explain(
        "allowed",
        POLICY,
        &filled(&["--origin", other, "https://api.example.com/realms/other/x"]),
        0,
    );
    explain(
        "absent",
        POLICY,
        &filled(&["--origin", "https://www.acme.example", URL]),
        1,
    );
    explain(
        "left-out",
        POLICY,
        &filled(&["--origin", "https://wrong.example", URL]),
        1,
    );
    explain("another-key", POLICY, &filled(&["--origin", other, URL]), 1);
    explain(
        "and-the-policy",
        POLICY,
        &filled(&["--origin", other, "-X", "PATCH", "--fix", URL]),
        1,
    );
    // A set takes no plain http, and a listed origin is nearly this one.
    explain(
        "http",
        POLICY,
        &filled(&["--origin", "http://admin.example.com", URL]),
        1,
    );
    explain(
        "port",
        POLICY,
        &filled(&["--origin", "https://admin.example.com:8443", URL]),
        1,
    );
    let partners = "allow_origins = [{ set = 'partners' }]\nallow_headers = ['x-a']\n";
    explain(
        "without-key",
        partners,
        &["--origin", ACME, "--fix", URL],
        0,
    );
    let file = ["--origins", "partners=customers.txt"];
    explain(
        "without-key-filled",
        partners,
        &[&["--origin", ACME, URL], &file[..]].concat(),
        1,
    );
    let refuses = format!("refuse = ['cross-site-writes']\n{POLICY}");
    explain(
        "refused",
        &refuses,
        &filled(&["--origin", other, "-X", "POST", URL]),
        1,
    );
}

/// Changes are found in policies with sets in each format. In JSON and YAML the user makes them.
#[test]
fn changes_in_formats() {
    #[track_caller]
    fn check(name: &str, text: &str, expected: &str) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(name), text).unwrap();
        let origin = [
            "--origin",
            "https://new.example",
            "--credentials",
            "include",
        ];
        let args = [
            &["explain", name],
            &origin[..],
            &["https://api.example.com/acme"],
        ]
        .concat();
        let done = cors(folder.path(), &args);
        assert_eq!(done.status, 1, "{done:#?}");
        assert!(done.stdout.contains(expected), "{}", done.stdout);
    }
    check(
        "a.toml",
        "allow_origins = [\n  { set = \"a\" }, # all\n]\n",
        "\n+[[grant]]\n+allow_origins = [\"https://new.example\"]\n+allow_credentials = true\n+\n+[[grant]]\n \
         allow_origins = [\n   { set = \"a\" }, # all\n ]\n",
    );
    let add = "\n  - or change the policy:\n  - add `\"https://new.example\"` to `allow_origins`\n";
    check(
        "a.json",
        r#"{"allow_origins": [{"set": "a"}], "allow_credentials": true}"#,
        add,
    );
    check(
        "a.yaml",
        "allow_credentials: true\nallow_origins:\n- set: a\n",
        add,
    );
}
