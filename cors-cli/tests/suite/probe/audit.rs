//! `--audit`: each test with a server that has exactly that error.

use super::server::{APP, Done, Request, Scripted, probe};

#[derive(Clone, Copy)]
struct Flawed {
    accepts: fn(&str) -> bool,
    credentials: bool,
}

impl Flawed {
    fn server(self) -> Scripted {
        Scripted::new(move |request| {
            let mut lines = vec!["Vary: Origin".to_owned()];
            if (self.accepts)(request.origin()) {
                lines.push(format!("Access-Control-Allow-Origin: {}", request.origin()));
                if self.credentials {
                    lines.push("Access-Control-Allow-Credentials: true".to_owned());
                }
            }
            (200, lines)
        })
    }
}

#[track_caller]
fn audit(server: &Scripted, args: &str, status: i32, expected: &[&str]) -> Done {
    let origin = if args.contains("--origin") {
        String::new()
    } else {
        format!("--origin {APP}")
    };
    let args = format!("--audit --delay 0 {origin} {args}");
    let done = probe(&format!("--json {args}"), &server.url());
    assert_eq!(done.findings(), expected, "{}", done.stdout);
    let done = done.has_status(status);
    let sent = server.requests().len();
    assert_eq!(
        done.json()["requests"],
        sent,
        "as many are sent as are announced"
    );
    let done = probe(&args, &server.url()).has_status(status);
    assert_eq!(server.requests().len(), 2 * sent);
    done.says(&[&format!("  {sent} requests, 0 s apart")])
}

#[test]
fn every_flaw_is_found_and_no_other() {
    #[track_caller]
    fn check(accepts: fn(&str) -> bool, status: i32, expected: &[&str]) {
        let flawed = Flawed {
            accepts,
            credentials: false,
        };
        let done = audit(&flawed.server(), "", status, expected);
        let findings: Vec<_> = expected.iter().map(|code| format!("[{code}]: ")).collect();
        let findings: Vec<_> = findings.iter().map(String::as_str).collect();
        done.says(&findings);
    }
    let exact = |origin: &str| origin == APP;
    check(exact, 0, &[]);
    check(|origin| !origin.is_empty(), 1, &["reflected-origin"]);
    check(
        |origin| [APP, "null"].contains(&origin),
        1,
        &["null-accepted"],
    );
    check(
        |origin| origin == APP || origin.starts_with("https://app.example.com."),
        1,
        &["prefix-match"],
    );
    check(|origin| origin.starts_with(APP), 1, &["prefix-match"]);
    check(
        |origin| {
            let rest = origin.strip_prefix(APP);
            rest.is_some_and(|rest| {
                !rest.starts_with(|c: char| c.is_alphanumeric() || ".-:".contains(c))
            })
        },
        1,
        &["special-characters"],
    );
    check(
        |origin| origin.starts_with("https://") && origin.ends_with("app.example.com"),
        1,
        &["suffix-match"],
    );
    check(
        |origin| origin.starts_with("https://") && origin.ends_with("example.com"),
        1,
        &["suffix-match"],
    );
    check(
        |origin| {
            origin == APP
                || origin.starts_with("https://app-preview-")
                || origin.starts_with("https://app")
        },
        1,
        &["prefix-match"],
    );
    check(
        |origin| [APP, "https://codepen.io"].contains(&origin),
        1,
        &["shared-host-accepted"],
    );
    check(
        |origin| origin == APP || origin.starts_with("https://") && origin.ends_with(".github.io"),
        1,
        &["shared-host-accepted"],
    );
    check(
        |origin| origin == APP || origin.starts_with("http://localhost"),
        0,
        &["localhost-accepted"],
    );
    check(
        |origin| {
            let around = origin
                .strip_prefix("https://app")
                .and_then(|rest| rest.strip_suffix("example.com"));
            around.is_some_and(|dot| dot.len() == 1)
        },
        1,
        &["unescaped-dot"],
    );
    check(
        |origin| [APP, "http://app.example.com"].contains(&origin),
        1,
        &["plain-http-accepted"],
    );
    check(
        |origin| {
            origin == APP
                || origin
                    .strip_prefix(APP)
                    .is_some_and(|port| port.starts_with(':'))
        },
        1,
        &["any-port-accepted"],
    );
    check(
        |origin| origin.starts_with("https://") && origin.ends_with(".example.com"),
        0,
        &["any-subdomain-accepted"],
    );
    check(
        |origin| {
            origin == APP || origin.starts_with("https://") && origin.ends_with(".app.example.com")
        },
        0,
        &["any-subdomain-accepted"],
    );
    check(|_| false, 1, &["origin-not-allowed"]);
}

#[test]
fn credentials_make_it_worse() {
    #[track_caller]
    fn check(accepts: fn(&str) -> bool, code: &str) {
        let flawed = Flawed {
            accepts,
            credentials: true,
        };
        let done = audit(&flawed.server(), "", 1, &[code]);
        done.says(&[&format!("error[{code}]: "), ", with credentials error["]);
    }
    check(
        |origin| !origin.is_empty(),
        "reflected-origin-with-credentials",
    );
    check(|origin| [APP, "null"].contains(&origin), "null-accepted");
    check(
        |origin| [APP, "https://cdpn.io"].contains(&origin),
        "shared-host-accepted",
    );
}

#[test]
fn a_page_of_the_users_machine_that_acts_as_the_user() {
    let flawed = Flawed {
        accepts: |origin| [APP, "http://localhost:3000", "http://localhost:8080"].contains(&origin),
        credentials: true,
    };
    audit(&flawed.server(), "", 1, &["localhost-accepted"]).says(&[
        "http://localhost:3000, with credentials warning[localhost-accepted]\n",
        "http://localhost:8080, with credentials (the same error)\n",
        "warning[localhost-accepted]: `http://localhost:3000` is accepted next to `https://app.example.com`: ",
    ]);
}

/// One correction is for both.
#[test]
fn a_reflection_without_vary_is_one_finding() {
    let server = Scripted::new(|request| match request.origin() {
        "" => (200, Vec::new()),
        origin => (200, vec![format!("Access-Control-Allow-Origin: {origin}")]),
    });
    let done = audit(&server, "", 1, &["reflected-origin"]);
    let help = "otherwise echo `Origin` only if it is on a list, and send `Vary: Origin` with every response, which has none";
    assert!(done.words().contains(help), "{done:#?}");
    // With `Vary` only for requests that have an origin, it is a second error.
    let server = Scripted::new(|request| match request.origin() {
        "" => (200, Vec::new()),
        origin => (
            200,
            vec![
                format!("Access-Control-Allow-Origin: {origin}"),
                "Vary: Origin".to_owned(),
            ],
        ),
    });
    let done = audit(&server, "", 1, &["reflected-origin", "missing-vary"]);
    done.does_not_say(&["which has none"]);
}

/// Origins of a list of beginnings. A shorter beginning than the allowed origin explains a letter instead of a dot.
#[test]
fn a_list_of_beginnings() {
    #[track_caller]
    fn check(origin: &str, accepts: fn(&str) -> bool, expected: &[&str], texts: &[&str]) {
        let flawed = Flawed {
            accepts,
            credentials: false,
        };
        let done = audit(&flawed.server(), &format!("--origin {origin}"), 1, expected);
        let said = done.words();
        for text in texts {
            assert!(said.contains(text), "`{text}`: {done:#?}");
        }
    }
    let list: fn(&str) -> bool = |origin| {
        ["https://app.example.com", "https://app-preview-"]
            .iter()
            .any(|beginning| origin.starts_with(beginning))
    };
    check(
        APP,
        list,
        &["prefix-match"],
        &["only the beginning is compared with `https://app.example.com`: the owner of"],
    );
    let preview = "https://app-preview-42.vercel.app";
    check(
        preview,
        list,
        &["prefix-match"],
        &[
            "only the beginning is compared, and less than `https://app-preview-42.vercel.app` is enough: the owner of \
             `https://app-preview-42-cors-audit.example` can read the responses",
            "a host with a letter instead of its first dot: https://app-preview-42xvercel.app (like every origin with this \
             beginning)",
        ],
    );
    // Up to the second dot.
    check(
        "https://a.b.example.com",
        |origin| origin.starts_with("https://a.b"),
        &["prefix-match"],
        &["https://a.bxexample.com (like every origin with this beginning)"],
    );
    // A regular expression without `$`, in which a dot is any character, has two errors.
    check(
        APP,
        |origin| {
            origin
                .get(..23)
                .is_some_and(|begin| begin.replace("appx", "app.") == APP)
        },
        &["prefix-match", "unescaped-dot"],
        &[],
    );
}

#[test]
fn hosting_services() {
    #[track_caller]
    fn check(origin: &str, accepts: fn(&str) -> bool, expected: &[&str], texts: &[&str]) {
        let flawed = Flawed {
            accepts,
            credentials: false,
        };
        let status = i32::from(!expected.is_empty());
        audit(
            &flawed.server(),
            &format!("--origin {origin}"),
            status,
            expected,
        )
        .says(texts);
    }
    let vercel: fn(&str) -> bool = |origin| {
        let host = origin.strip_prefix("https://");
        host.is_some_and(|host| host.ends_with(".vercel.app"))
    };
    check(
        "https://app.vercel.app",
        vercel,
        &["shared-host-accepted"],
        &[
            "another customer of the same hosting service: https://cors-audit.vercel.app warning[shared-host-accepted]",
            "https://corsauditapp.vercel.app (like every customer of this hosting service)",
            "https://cors-audit.app.vercel.app (like every customer of this hosting service)",
        ],
    );
    check(
        "https://app.herokuapp.com",
        |origin| origin.starts_with("https://") && origin.ends_with(".herokuapp.com"),
        &["shared-host-accepted"],
        &["https://cors-audit.herokuapp.com warning[shared-host-accepted]"],
    );
    check(
        "https://app.vercel.app",
        |origin| origin == "https://app.vercel.app",
        &[],
        &[],
    );
    // A host that is tested itself.
    check(
        "https://codepen.io",
        |origin| origin == "https://codepen.io",
        &[],
        &["`https://codepen.io` is tested already"],
    );
}

#[test]
fn the_second_dot() {
    let flawed = Flawed {
        accepts: |origin| ["https://a.b.example.com", "https://a.bxexample.com"].contains(&origin),
        credentials: false,
    };
    audit(
        &flawed.server(),
        "--origin https://a.b.example.com",
        1,
        &["unescaped-dot"],
    );
}

#[test]
fn findings_from_all_responses() {
    #[track_caller]
    fn check(answer: fn(&Request) -> Vec<String>, status: i32, expected: &[&str]) {
        let server = Scripted::new(move |request| (200, answer(request)));
        audit(&server, "", status, expected);
    }
    fn allow(request: &Request) -> Vec<String> {
        match request.origin() {
            APP => vec![format!("Access-Control-Allow-Origin: {APP}")],
            _ => Vec::new(),
        }
    }
    check(allow, 1, &["missing-vary"]);
    // A cache would send the response to a request without `Origin` to the page.
    check(
        |request| match request.origin() {
            "" => Vec::new(),
            _ => [allow(request), vec!["Vary: Origin".to_owned()]].concat(),
        },
        1,
        &["missing-vary"],
    );
    check(
        |request| match request.origin() {
            "" | APP => [allow(request), vec!["Vary: Origin".to_owned()]].concat(),
            _ => Vec::new(),
        },
        1,
        &["missing-vary"],
    );
    check(
        |_| vec![format!("Access-Control-Allow-Origin: {APP}")],
        0,
        &["static-allow-origin"],
    );
    // Every origin gets the same value; a request without an origin gets no header.
    check(
        |request| match request.origin() {
            "" => Vec::new(),
            _ => vec![format!("Access-Control-Allow-Origin: {APP}")],
        },
        1,
        &["missing-vary"],
    );
    check(
        |_| vec!["Access-Control-Allow-Origin: *".to_owned()],
        0,
        &["wildcard-origin"],
    );
    check(
        |_| {
            vec![
                "Access-Control-Allow-Origin: *".to_owned(),
                "Access-Control-Allow-Credentials: true".to_owned(),
            ]
        },
        1,
        &["wildcard-with-credentials", "wildcard-origin"],
    );
    // Only the response to the preflight allows any origin.
    check(
        |request| {
            let origin = request.origin();
            let mut lines = vec!["Vary: Origin".to_owned()];
            if request.is_preflight() || origin == APP {
                lines.push(format!("Access-Control-Allow-Origin: {origin}"));
            }
            lines
        },
        1,
        &["preflight-reflects"],
    );
}

#[test]
fn a_preflight_that_fails_grants_nothing() {
    let server = Scripted::new(|request| {
        let origin = format!("Access-Control-Allow-Origin: {}", request.origin());
        match (request.is_preflight(), request.origin()) {
            (true, _) => (405, vec![origin, "Vary: Origin".to_owned()]),
            (_, APP) => (200, vec![origin, "Vary: Origin".to_owned()]),
            _ => (200, vec!["Vary: Origin".to_owned()]),
        }
    });
    audit(&server, "", 0, &[]);
}

#[test]
fn tests_that_do_not_apply_are_skipped() {
    #[track_caller]
    fn check(origin: &str, skipped: &[&str]) {
        let server = Flawed {
            accepts: |origin| !origin.is_empty(),
            credentials: false,
        }
        .server();
        let done = audit(
            &server,
            &format!("--origin {origin}"),
            1,
            &["reflected-origin"],
        );
        done.says(skipped);
    }
    check(
        "http://localhost:3000",
        &[
            "– skipped     another subdomain of the site: the host has no registrable domain",
            "– skipped     the same host with plain http: the allowed origin is not https",
            "– skipped     a page on the user's own machine: the allowed origin is not https",
            "– skipped     another customer of the same hosting service: the host is not that of a known hosting service",
        ],
    );
    check("https://127.0.0.1", &["the host is the user's own machine"]);
    check(
        "https://example.com",
        &["`https://cors-audit.example.com` is tested already"],
    );
}

#[test]
fn ports_of_the_users_own_machine() {
    let flawed = Flawed {
        accepts: |origin| origin.starts_with("http://localhost:"),
        credentials: true,
    };
    audit(
        &flawed.server(),
        "--origin http://localhost:3000",
        0,
        &["any-port-accepted"],
    );
}

#[test]
fn requests_change_nothing_and_can_be_seen() {
    let server = Flawed {
        accepts: |origin| origin == APP,
        credentials: false,
    }
    .server();
    let done = probe(
        &format!("--audit --delay 0 -v -H X-Lang:en --origin {APP}"),
        &server.url(),
    );
    let done = done
        .has_status(0)
        .says(&["> origin: null".replace("origin", "Origin").as_str()]);
    let requests = server.requests();
    let shown = done.stdout.matches("    > host: ").count();
    assert_eq!(shown, requests.len());
    let is_websocket = |request: &Request| request.header("Upgrade").is_some();
    let mut origins: Vec<_> = requests
        .iter()
        .map(|request| {
            let origin = request.origin().to_owned();
            (request.is_preflight(), is_websocket(request), origin)
        })
        .collect();
    origins.sort();
    origins.dedup();
    assert_eq!(origins.len(), requests.len(), "one request for each test");
    for request in requests {
        let method = if request.is_preflight() {
            "OPTIONS"
        } else {
            "GET"
        };
        assert_eq!(request.method, method);
        let lang = if request.is_preflight() || is_websocket(&request) {
            None
        } else {
            Some("en")
        };
        assert_eq!(request.header("X-Lang"), lang);
    }
}
