//! `--policy`: compares a server with a policy.

use std::fs;
use std::io::Write as _;

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
    for args in ["", "-X PUT"] {
        let done = compare(POLICY, args, &bare).has_status(1);
        let text = "is the middleware applied, and outermost?";
        assert!(done.words().contains(text), "{done:#?}");
        done.says(&[
            "[policy-not-applied]",
            "see `cors check --explain policy-not-applied`",
        ]);
    }
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
    let first = Scripted::new(move |request| match request.is_preflight() {
        true => (204, PREFLIGHT.map(str::to_owned).to_vec()),
        false => {
            let lines = ACTUAL.iter().map(|line| (*line).to_owned());
            (302, lines.chain([location.clone()]).collect())
        }
    });
    let json = compare(POLICY, "--json", &first).has_status(0).json();
    assert_eq!(json["comparison"]["answers"], 2);
    assert_eq!(json["comparison"]["equal"], true);
    // No preflight is sent to it either.
    assert_eq!(other.requests().len(), 1);
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

/// What a server of a row responds to a preflight, and to other requests. `None` closes the connection.
type Row = (Option<Lines>, Option<Lines>);
type Lines = (u16, Vec<&'static str>);

/// Checks the methods of the requests that are sent, in order, and the code of the comparison.
#[track_caller]
fn check_halves(policy: &str, args: &str, (preflight, actual): Row, sent: &[&str], code: &str) {
    let server = Scripted::raw(move |request, stream| {
        let response = match request.is_preflight() {
            true => &preflight,
            false => &actual,
        };
        if let Some((status, lines)) = response {
            let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
            let head = format!("HTTP/1.1 {status} Whatever\r\n{lines}Content-Length: 0\r\n\r\n");
            let _ = stream.write_all(head.as_bytes());
        }
    });
    let json = compare(policy, &format!("{args} --json"), &server).json();
    let comparison = &json["comparison"];
    let found = comparison["code"].as_str().unwrap_or_default();
    assert_eq!(found, code, "{args}: {comparison:#}");
    let requests = server.requests();
    let methods: Vec<_> = requests.iter().map(|it| it.method.as_str()).collect();
    assert_eq!(methods, sent, "{args}: {comparison:#}");
    assert_eq!(json["requests"], sent.len());
    // The run has its own requests only; the report names the other one.
    let run = json["engines"][0]["exchanges"].as_array().unwrap().len();
    assert_eq!(comparison["other_half"].is_object(), run < sent.len());
    let done = compare(policy, args, &server);
    let is_said = done.stdout.contains("This command also sent ");
    assert_eq!(is_said, run < sent.len(), "{done:#?}");
    if !code.is_empty() {
        done.has_status(1)
            .says(&[&format!("[{code}]"), &format!("--explain {code}`")]);
    }
}

#[test]
fn the_other_half_of_a_simple_request() {
    let right = || Some((204, PREFLIGHT.to_vec()));
    let actual = |status| Some((status, ACTUAL.to_vec()));
    let bare = |status| Some((status, Vec::new()));
    let everybody = || {
        let lines = [
            "Access-Control-Allow-Origin: *",
            "Access-Control-Allow-Methods: PUT",
        ];
        Some((204, lines.to_vec()))
    };
    #[track_caller]
    fn check(row: Row, code: &str) {
        check_halves(POLICY, "", row, &["GET", "OPTIONS"], code);
    }
    check((right(), actual(200)), "");
    check((right(), actual(404)), "");
    check((right(), bare(200)), "headers-dropped");
    check(
        (right(), Some((200, vec!["Vary: Origin"]))),
        "headers-dropped",
    );
    for status in [413, 502, 503] {
        check(
            (right(), bare(status)),
            match status {
                // One response is enough for this status.
                502 => continue,
                _ => "gateway-error",
            },
        );
    }
    check((everybody(), actual(200)), "preflight-by-gateway");
    for status in [204, 401, 405, 501] {
        check((bare(status), actual(200)), "preflight-by-gateway");
        check((bare(status), bare(200)), "policy-not-applied");
    }
    check((bare(502), actual(200)), "gateway-error");
    check((everybody(), everybody()), "policy-differs");
    // Another version of the policy: one without the origin, and one with other lists.
    let vary = || vec!["Vary: Origin"];
    check((Some((403, vary())), Some((200, vary()))), "policy-differs");
    let methods = [&PREFLIGHT[..2], &PREFLIGHT[3..]].concat();
    check((Some((204, methods)), actual(200)), "policy-differs");
    // Both without `Origin`.
    check(
        (Some((405, vary())), Some((200, vary()))),
        "origin-not-forwarded",
    );
    check((None, actual(200)), "no-response");
    check((None, bare(200)), "policy-not-applied");
    // A simple `POST` is the page's own, and sent once.
    let row = (right(), bare(413));
    check_halves(POLICY, "-d x", row, &["POST", "OPTIONS"], "gateway-error");
}

#[test]
fn the_other_half_of_a_preflight_that_fails() {
    let actual = || Some((200, ACTUAL.to_vec()));
    let bare = |status| Some((status, Vec::new()));
    #[track_caller]
    fn check(row: Row, code: &str) {
        for args in ["-X PUT", "-X DELETE -d x", "-H X-A:1"] {
            check_halves(POLICY, args, row.clone(), &["OPTIONS", "GET"], code);
        }
    }
    for status in [200, 302, 401, 405] {
        check((bare(status), actual()), "preflight-by-gateway");
        check((bare(status), bare(200)), "policy-not-applied");
    }
    let everybody = vec!["Access-Control-Allow-Origin: *"];
    check((Some((405, everybody)), actual()), "preflight-by-gateway");
    check((bare(503), actual()), "gateway-error");
    let vary = || vec!["Vary: Origin"];
    check((Some((405, vary())), actual()), "origin-not-forwarded");
    check((bare(405), None), "policy-not-applied");
}

#[test]
fn what_has_no_other_half() {
    let right = || Some((204, PREFLIGHT.to_vec()));
    let actual = || Some((200, ACTUAL.to_vec()));
    let bare = |status| Some((status, Vec::new()));
    // The run has both, or one shows the fault.
    let both = &["OPTIONS", "PUT"];
    check_halves(POLICY, "-X PUT", (right(), actual()), both, "");
    check_halves(
        POLICY,
        "-X PUT",
        (right(), bare(200)),
        both,
        "headers-dropped",
    );
    check_halves(POLICY, "", (right(), bare(502)), &["GET"], "gateway-error");
    // The policy does not allow the method, or the origin.
    check_halves(POLICY, "-X PATCH", (right(), actual()), &["OPTIONS"], "");
    let evil = "--origin https://evil.example";
    let row = (right(), bare(200));
    check_halves(POLICY, evil, row, &["GET"], "policy-not-applied");
    // No page sends a preflight that this policy allows.
    let simple = "allow_origins = ['https://app.example.com']";
    let get = Some((200, vec![ACTUAL[0], ACTUAL[3]]));
    check_halves(simple, "", (bare(405), get), &["GET"], "");
    let both = &["GET", "OPTIONS"];
    check_halves(
        simple,
        "",
        (bare(405), bare(200)),
        both,
        "policy-not-applied",
    );
}

/// The page's own server, which needs no preflight. `Origin` of a `POST` is not that of another page.
#[test]
fn a_page_of_the_server_has_no_other_half() {
    let server = Scripted::new(|_| (200, Vec::<String>::new()));
    let own = format!("http://127.0.0.1:{}", server.port);
    let policy = format!("allow_origins = ['{own}']\nallow_methods = ['PUT']");
    for args in ["", "-d x", "-X PUT"] {
        compare(&policy, &format!("--origin {own} {args}"), &server);
    }
    let requests = server.requests();
    let methods: Vec<_> = requests.iter().map(|it| it.method.as_str()).collect();
    assert_eq!(methods, ["GET", "POST", "PUT"]);
}

/// The preflight is one that the policy allows.
#[test]
fn what_the_preflight_asks_for() {
    #[track_caller]
    fn check(lists: &str, method: &str, headers: Option<&str>) {
        let policy = format!("allow_origins = ['{APP}']\n{lists}");
        let server = Scripted::new(|_| (200, Vec::<String>::new()));
        compare(&policy, "", &server);
        let requests = server.requests();
        let [_, preflight] = &*requests else {
            panic!("{requests:?}");
        };
        let header = |name| preflight.header(name);
        assert_eq!(header("Origin"), Some(APP));
        assert_eq!(
            header("Access-Control-Request-Method"),
            Some(method),
            "{lists}"
        );
        assert_eq!(header("Access-Control-Request-Headers"), headers, "{lists}");
    }
    check("allow_methods = ['GET', 'DELETE', 'PUT']", "DELETE", None);
    check(
        "allow_methods = ['POST']\nallow_headers = ['x-a']",
        "GET",
        Some("x-a"),
    );
    check(
        "allow_headers = ['authorization', '*']",
        "GET",
        Some("authorization"),
    );
    check("allow_methods = ['*']", "PUT", None);
    check(
        "allow_methods = ['*']\nallow_credentials = true",
        "PUT",
        None,
    );
    check("", "GET", None);
}

#[test]
fn requests_that_the_policy_refuses() {
    let policy = "allow_origins = ['https://app.example.com']\nrefuse = ['cross-site-writes']";
    let evil = "--origin https://evil.example -d x";
    #[track_caller]
    fn check(policy: &str, args: &str, response: Lines, code: &str) {
        check_halves(policy, args, (None, Some(response)), &["POST"], code);
    }
    check(policy, evil, (200, vec!["Vary: Origin"]), "not-refused");
    check(policy, evil, (404, vec![]), "not-refused");
    check(policy, evil, (403, vec!["Vary: Origin"]), "");
    check(policy, evil, (502, vec!["Vary: Origin"]), "policy-differs");
    // Not refused for its method.
    let row = (None, Some((200, vec!["Vary: Origin"])));
    check_halves(policy, "--origin https://evil.example", row, &["GET"], "");
}
