//! `--policy`: compares a server with a policy.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use super::server::{APP, Done, Scripted, probe_with};

const POLICY: &str = r#"
allow_origins     = ["https://app.example.com"]
allow_methods     = ["PUT", "DELETE"]
allow_headers     = ["x-a", "x-b"]
expose_headers    = ["x-id"]
allow_credentials = true
max_age           = 600
"#;

const PREFLIGHT: [&str; 6] = [
    "Access-Control-Allow-Origin: https://app.example.com",
    "Access-Control-Allow-Credentials: true",
    "Access-Control-Allow-Methods: PUT, DELETE",
    "Access-Control-Allow-Headers: x-a, x-b",
    "Access-Control-Max-Age: 600",
    "Vary: Origin",
];
const ACTUAL: [&str; 4] = [
    "Access-Control-Allow-Origin: https://app.example.com",
    "Access-Control-Allow-Credentials: true",
    "Access-Control-Expose-Headers: x-id",
    "Vary: Origin",
];

fn compare(policy: &str, args: &str, server: &Scripted) -> Done {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("cors.toml");
    fs::write(&file, policy).unwrap();
    let mut all = vec!["--policy", file.to_str().unwrap()];
    if !args.contains("--origin") {
        all.extend(["--origin", APP]);
    }
    all.extend(args.split_whitespace());
    probe_with(&all, &server.url())
}

/// A server that answers according to the policy, except for one line.
fn server(change: Option<(&'static str, &'static str)>, status: u16) -> Scripted {
    Scripted::new(move |request| {
        let lines = if request.is_preflight() {
            &PREFLIGHT[..]
        } else {
            &ACTUAL[..]
        };
        let lines = lines.iter().map(|line| match change {
            Some((name, value)) if line.starts_with(name) => value,
            _ => line,
        });
        let status = if request.is_preflight() { status } else { 200 };
        (status, lines.filter(|line| !line.is_empty()).collect())
    })
}

#[test]
fn a_server_that_matches_the_policy() {
    #[track_caller]
    fn check(change: Option<(&'static str, &'static str)>) {
        let done = compare(POLICY, "-X PUT", &server(change, 204)).has_status(0);
        done.says(&["equal: the server's responses match `"]);
        let done = compare(POLICY, "-X PUT --json", &server(change, 204)).has_status(0);
        let comparison = &done.json()["comparison"];
        assert_eq!(comparison["equal"], true, "{comparison:#}");
        assert_eq!(comparison["answers"], 2);
    }
    check(None);
    // Other bytes with the same meaning.
    check(Some((
        "Access-Control-Allow-Methods",
        "Access-Control-Allow-Methods: DELETE,PUT",
    )));
    check(Some((
        "Access-Control-Allow-Headers",
        "Access-Control-Allow-Headers: X-B,,X-A",
    )));
    check(Some((
        "Access-Control-Allow-Methods",
        "Access-Control-Allow-Methods: GET, HEAD, POST, PUT, DELETE",
    )));
    check(Some((
        "Access-Control-Expose-Headers",
        "Access-Control-Expose-Headers: Content-Type, x-id",
    )));
    check(Some((
        "Access-Control-Expose-Headers",
        "Access-Control-Expose-Headers: X-Id",
    )));
    check(Some(("Vary", "Vary: Accept-Encoding, ORIGIN")));
    check(Some(("Vary", "Vary: *")));
}

#[test]
fn differences() {
    #[track_caller]
    fn check(change: (&'static str, &'static str), field: &str, meaning: &str) {
        let server = server(Some(change), 204);
        let done = compare(POLICY, "-X PUT", &server).has_status(1);
        done.says(&["[policy-differs]", &format!("    {field}\n"), meaning]);
        let json = compare(POLICY, "-X PUT --json", &server)
            .has_status(1)
            .json();
        let comparison = &json["comparison"];
        assert_eq!(comparison["code"], "policy-differs");
        let fields = comparison["differences"].as_array().unwrap();
        assert!(
            fields.iter().all(|difference| difference["field"] == field),
            "{comparison:#}"
        );
    }
    let origin = "access-control-allow-origin";
    check(
        ("Access-Control-Allow-Origin", ""),
        origin,
        "pages of this origin are blocked; with the policy, they may read it",
    );
    check(
        (
            "Access-Control-Allow-Origin",
            "Access-Control-Allow-Origin: *",
        ),
        origin,
        "any origin may read it, but not with credentials",
    );
    check(
        ("Access-Control-Allow-Credentials", ""),
        "access-control-allow-credentials",
        "requests with credentials are blocked",
    );
    check(
        (
            "Access-Control-Allow-Methods",
            "Access-Control-Allow-Methods: put, PUT",
        ),
        "access-control-allow-methods",
        "`DELETE` is not allowed; `put` is allowed, unlike in the policy",
    );
    check(
        (
            "Access-Control-Allow-Methods",
            "Access-Control-Allow-Methods: *",
        ),
        "access-control-allow-methods",
        "without credentials, everything is allowed, but with the policy only what it lists",
    );
    check(
        ("Access-Control-Allow-Headers", ""),
        "access-control-allow-headers",
        "`x-a`, `x-b` are not allowed",
    );
    check(
        ("Access-Control-Expose-Headers", ""),
        "access-control-expose-headers",
        "`x-id` is not readable",
    );
    check(
        ("Access-Control-Max-Age", ""),
        "access-control-max-age",
        "browsers cache the preflight for at most 5 s, not for 600 s",
    );
    check(
        ("Vary", "Vary: Accept"),
        "vary",
        "a cache may send the response for one page to another",
    );
}

#[test]
fn the_status_of_a_preflight() {
    #[track_caller]
    fn check(status: u16, meaning: &str) {
        let done = compare(POLICY, "-X PUT", &server(None, status)).has_status(1);
        done.says(&["    the status\n", "policy  204", meaning]);
    }
    check(
        200,
        "nothing for browsers: they accept every status from 200 to 299",
    );
    check(
        401,
        "another layer outside of it answered, or it is not applied",
    );
    let blocked = compare(POLICY, "-X PUT", &server(None, 401));
    blocked.says(&["with the policy, browsers would allow this request"]);
}

#[test]
fn origins_that_the_policy_refuses() {
    let args = "--origin https://evil.example -X PUT";
    let refusing = Scripted::new(|_| (403, vec!["Vary: Origin"]));
    let done = compare(POLICY, args, &refusing).has_status(1);
    done.says(&[
        "blocked by every browser",
        "equal: the server's responses match `",
    ]);

    let reflecting = Scripted::new(|request| {
        let origin = format!("Access-Control-Allow-Origin: {}", request.origin());
        let methods = "Access-Control-Allow-Methods: PUT".to_owned();
        (204, vec![origin, methods, "Vary: Origin".to_owned()])
    });
    let done = compare(POLICY, args, &reflecting).has_status(1);
    done.says(&[
        "pages of this origin may read it; with the policy, they may not",
        "with the policy, browsers would block this request",
    ]);
}

#[test]
fn a_server_without_the_policy() {
    let bare = Scripted::new(|_| (200, Vec::<String>::new()));
    let done = compare(POLICY, "", &bare).has_status(1);
    done.says(&[
        "[policy-not-applied]",
        "is the middleware applied, and outermost?",
        "only the response to a preflight",
    ]);
    let done = compare(POLICY, "-X PUT", &bare).has_status(1);
    done.says(&["[policy-not-applied]"])
        .does_not_say(&["only the response to a preflight"]);
}

#[test]
fn faults_of_the_deployment_as_data() {
    #[track_caller]
    fn check(args: &str, server: &Scripted, expected: &str) -> Value {
        let json = compare(POLICY, &format!("{args} --json"), server)
            .has_status(1)
            .json();
        let comparison = &json["comparison"];
        assert_eq!(comparison["code"], expected, "{comparison:#}");
        assert!(comparison["fault"].is_string(), "{comparison:#}");
        assert_eq!(comparison["not_forwarded"], Value::Null);
        // Nothing that only follows.
        assert_eq!(json["findings"], Value::Array(Vec::new()), "{json:#}");
        json
    }
    let twice = Scripted::new(|request| match request.is_preflight() {
        true => (204, PREFLIGHT.to_vec()),
        // Without credentials, the page can read it.
        false => (200, [&ACTUAL[..], &ACTUAL[1..2]].concat()),
    });
    let json = check("-X PUT", &twice, "second-writer");
    assert_eq!(json["causes"], Value::Array(Vec::new()));
    check("", &twice, "second-writer");

    let gone = Scripted::new(|_| (502, Vec::<String>::new()));
    let json = check("-X PUT", &gone, "gateway-error");
    assert_eq!(json["causes"][0]["help"], json["comparison"]["help"]);

    // `Origin` was forwarded: the preflight shows it.
    let vary = Scripted::new(|request| match request.is_preflight() {
        true => (204, PREFLIGHT.to_vec()),
        false => (200, vec!["Vary: Origin"]),
    });
    check("-X PUT", &vary, "headers-dropped");

    // The redirect leads to a server without the policy, which is blocked for a reason of its own.
    let other = Scripted::new(|_| (200, Vec::<String>::new()));
    let location = format!("Location: {}", other.url());
    let redirecting = Scripted::new(move |_| {
        let lines = ACTUAL.iter().chain(&ACTUAL[1..2]);
        let lines = lines.map(|line| (*line).to_owned());
        (302, lines.chain([location.clone()]).collect())
    });
    let json = check("", &redirecting, "second-writer");
    let help = json["causes"][0]["help"].as_str().unwrap();
    assert!(help.starts_with("the server has no CORS here"), "{help}");

    // The error of the page stays, if it would be one with the policy, too.
    let refusing = Scripted::new(|_| (204, [&PREFLIGHT[..], &PREFLIGHT[1..2]].concat()));
    let json = check("-X PATCH", &refusing, "second-writer");
    let help = json["causes"][0]["help"].as_str().unwrap();
    assert!(help.starts_with("add `PATCH` to"), "{help}");
}

#[test]
fn echoed_values_are_compared_with_the_request() {
    let policy = "allow_origins = [\"https://app.example.com\"]\nallow_methods = [\"*\"]\nallow_headers = [\"*\"]\nallow_credentials = true\n";
    let server = Scripted::new(|request| {
        if !request.is_preflight() {
            return (200, [&ACTUAL[..2], &ACTUAL[3..]].concat());
        }
        let lines = [
            PREFLIGHT[0],
            PREFLIGHT[1],
            "Access-Control-Allow-Methods: PUT",
            "Access-Control-Allow-Headers: x-a",
            "Access-Control-Max-Age: 86400",
            "Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
        ];
        (204, lines.to_vec())
    });
    compare(policy, "-X PUT -H X-A:1", &server)
        .has_status(0)
        .says(&["equal"]);
    compare(policy, "-X DELETE -H X-A:1", &server)
        .has_status(1)
        .says(&["`DELETE` is not allowed; `PUT` is allowed, unlike in the policy"]);
}

#[test]
fn a_policy_that_lists_everything() {
    let policy = "allow_origins = [\"*\"]\nallow_methods = [\"*\"]\nexpose_headers = [\"*\"]\n";
    let done = compare(policy, "-X PUT", &server(None, 204)).has_status(1);
    done.says(&[
        "this origin may read it; with the policy, any origin may",
        "only what the server lists is allowed, but with the policy everything",
        "only what the server lists is readable, but with the policy everything",
    ]);
}

#[test]
fn control_characters_are_not_printed() {
    let change = ("Vary", "Vary: \u{9b}31m");
    for args in ["", "--json"] {
        let done = compare(POLICY, args, &server(Some(change), 204)).has_status(1);
        let is_harmless = |char: char| char == '\n' || !char.is_control();
        assert!(done.stdout.chars().all(is_harmless), "{done:#?}");
    }
}

#[test]
fn another_server_is_not_compared() {
    let other = Scripted::new(|_| (200, vec!["Access-Control-Allow-Origin: *"]));
    let location = format!("Location: {}", other.url());
    let first = Scripted::new(move |_| {
        let lines = ACTUAL.iter().map(|line| (*line).to_owned());
        (302, lines.chain([location.clone()]).collect())
    });
    let json = compare(POLICY, "--json", &first).has_status(0).json();
    assert_eq!(json["comparison"]["answers"], 1);
    assert_eq!(json["comparison"]["equal"], true);
}

#[test]
fn the_errors_of_an_invalid_policy_are_shown() {
    let server = Scripted::new(|_| (200, Vec::<String>::new()));
    let broken = "allow_origins = [\"https://app.example.com/\"]\nallow_methods = [\"put\"]\n";
    let done = compare(broken, "", &server).has_status(2);
    done.says(&["[invalid-origin]", "[invalid-method]"])
        .complains(&[": invalid policy (2 errors)"]);
    let json = compare(broken, "--json", &server).has_status(2).json();
    assert_eq!(json["mistakes"][0]["code"], "invalid-origin"); // tidy: quoted
    assert_eq!(server.requests().len(), 0);
}
