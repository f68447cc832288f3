//! `docs/migrating.md` says what there is: its code is that of the applications, and the differences between what they
//! send before and after the move are those of its tables.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;

use cors_matrix::message::{Answer, RawRequest, RawResponse, send};
use cors_migrating::server::{ServerError, start};
use cors_migrating::{after, before};

type Serve = fn(Sender<u16>) -> Result<(), ServerError>;

const ALLOWED: &str = "Origin: https://app.example.com";
const FOREIGN: &str = "Origin: https://other.example";

/// What is sent to both applications. The tables name these requests.
const REQUESTS: [(&str, &str, &[&str]); 25] = [
    ("GET without `Origin`", "GET /items", &[]),
    ("GET", "GET /items", &[ALLOWED]),
    ("HEAD", "HEAD /items", &[ALLOWED]),
    ("POST", "POST /items", &[ALLOWED]),
    ("PUT", "PUT /items", &[ALLOWED]),
    ("GET, foreign origin", "GET /items", &[FOREIGN]),
    ("POST, foreign origin", "POST /items", &[FOREIGN]),
    (
        "POST, the server's own page",
        "POST /items",
        &["Origin: http://127.0.0.1"],
    ),
    (
        "an image of a foreign page",
        "GET /items",
        &["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors"],
    ),
    (
        "a link of a foreign page",
        "GET /items",
        &[
            "Sec-Fetch-Site: cross-site",
            "Sec-Fetch-Mode: navigate",
            "Sec-Fetch-Dest: document",
        ],
    ),
    (
        "GET of another host",
        "GET /items",
        &["Host: other.example"],
    ),
    ("GET, origin `null`", "GET /items", &["Origin: null"]),
    ("GET, not an origin", "GET /items", &["Origin: other"]),
    (
        "GET of a path that does not exist",
        "GET /nowhere",
        &[ALLOWED],
    ),
    ("GET of `/cors/403`", "GET /cors/403", &[]),
    ("a method without a route", "DELETE /items", &[ALLOWED]),
    ("an error", "GET /broken", &[ALLOWED]),
    ("a handler's own headers", "GET /own", &[ALLOWED]),
    (
        "a handler's own headers, foreign origin",
        "GET /own",
        &[FOREIGN],
    ),
    ("OPTIONS", "OPTIONS /items", &[]),
    (
        "OPTIONS with `Origin`, not a preflight",
        "OPTIONS /items",
        &[ALLOWED],
    ),
    (
        "preflight",
        "OPTIONS /items",
        &[
            ALLOWED,
            "Access-Control-Request-Method: PUT",
            "Access-Control-Request-Headers: content-type",
        ],
    ),
    (
        "preflight, method or header not allowed",
        "OPTIONS /items",
        &[
            ALLOWED,
            "Access-Control-Request-Method: PATCH",
            "Access-Control-Request-Headers: x-other",
        ],
    ),
    (
        "preflight, path that does not exist",
        "OPTIONS /nowhere",
        &[ALLOWED, "Access-Control-Request-Method: PUT"],
    ),
    (
        "preflight, foreign origin",
        "OPTIONS /items",
        &[FOREIGN, "Access-Control-Request-Method: PUT"],
    ),
];

#[test]
fn the_code_is_that_of_the_applications() {
    let files = [
        ("tower-http", "axum", ["old", "new"]),
        (
            "`CorsLayer::permissive`",
            "axum",
            ["old, for everyone", "new, for everyone"],
        ),
        (
            "tower-http's csrf layer",
            "axum",
            ["old, csrf", "new, csrf"],
        ),
        ("actix-cors", "actix", ["old", "new"]),
        ("rocket_cors", "rocket", ["old", "new"]),
        ("warp::cors", "warp", ["old", "new"]),
    ];
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut shown = 0;
    for (peer, file, [old, new]) in files {
        let read = |folder: &str| {
            fs::read_to_string(package.join(format!("src/{folder}/{file}.rs"))).unwrap()
        };
        let (before, after) = (read("before"), read("after"));
        let code = [region(&before, old), region(&after, new)];
        assert_eq!(blocks(&section(&format!("From {peer}"))), code, "{peer}");
        shown += code.len();
    }
    let guide = fs::read_to_string(root().join("docs/migrating.md")).unwrap();
    assert_eq!(
        guide.matches("```rust").count(),
        shown,
        "no other code is in the guide"
    );
    for policy in ["cors.toml", "public.toml", "csrf.toml", "refusing.toml"] {
        let policy = fs::read_to_string(package.join(policy)).unwrap();
        assert!(
            guide.contains(&format!("```toml\n{policy}```\n")),
            "{policy}"
        );
    }
}

#[test]
fn the_lines_that_apply_the_policy_are_those_of_the_examples() {
    let section = section("From one framework to another");
    let rows = section.lines().filter(|line| line.ends_with("` |"));
    for row in rows.clone() {
        let [package, line] = [1, 3].map(|nth| row.split('`').nth(nth).unwrap());
        let hello = root().join(package).join("examples/hello.rs");
        let hello = fs::read_to_string(hello).unwrap();
        let shown = hello.lines().any(|other| other.trim() == line);
        assert!(shown, "{package}: {line}");
    }
    assert_eq!(rows.count(), 4);
}

/// The Rust code in a part of the guide.
fn blocks(section: &str) -> Vec<String> {
    let blocks = section.split("```rust\n").skip(1);
    let code = blocks.map(|block| block.split("```\n").next().unwrap_or_default());
    code.map(str::to_owned).collect()
}

/// The code that is marked for the guide with a name, without the indentation of each part.
fn region(source: &str, name: &str) -> String {
    let heading = format!("// guide: {name}\n");
    let mut code = String::new();
    for part in source.split(&heading).skip(1) {
        let (part, _) = part.split_once("// guide: end").unwrap();
        let lines = part.lines().filter(|line| !line.trim().is_empty());
        let indentation = lines.map(|line| line.len() - line.trim_start().len()).min();
        for line in part.trim_end_matches(' ').lines() {
            code.push_str(line.get(indentation.unwrap_or(0)..).unwrap_or_default());
            code.push('\n');
        }
    }
    code
}

#[test]
fn axum() {
    check("tower-http", before::axum::serve, after::axum::serve);
}

#[test]
fn axum_for_everyone() {
    let (before, after) = (
        before::axum::serve_to_everyone,
        after::axum::serve_to_everyone,
    );
    check("`CorsLayer::permissive`", before, after);
}

#[test]
fn actix() {
    check("actix-cors", before::actix::serve, after::actix::serve);
}

#[test]
fn rocket() {
    check("rocket_cors", before::rocket::serve, after::rocket::serve);
}

#[test]
fn warp() {
    check("warp::cors", before::warp::serve, after::warp::serve);
}

/// The peers that answer 403 to a foreign origin: with `refuse`, the application still does.
#[test]
fn foreign_pages_are_refused_as_before() {
    for (before, after) in [
        (
            before::rocket::serve as Serve,
            after::rocket::serve as Serve,
        ),
        (before::warp::serve, after::warp::serve),
    ] {
        for server in [start(before).unwrap(), start(after).unwrap()] {
            for (line, headers, status) in FOREIGN_PAGES {
                let send = |origin| {
                    let headers = [&[origin, "Cookie: session=1"], headers].concat();
                    ask(server, &request(line, &headers)).status
                };
                assert_eq!(send(FOREIGN), 403, "{line}");
                assert_eq!(send(ALLOWED), status, "{line}");
            }
            // DNS rebinding: the foreign page's host leads to this server.
            let rebound = ["Host: other.example", "Origin: http://other.example"];
            let rebound = request("POST /items", &rebound);
            assert_eq!(ask(server, &rebound).status, 403);
        }
    }
}

/// What foreign pages send with the user's cookies, and the status of the same from a page that is allowed.
const FOREIGN_PAGES: [(&str, &[&str], u16); 4] = [
    (
        "GET /items",
        &["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: cors"],
        200,
    ),
    (
        "POST /items",
        &["Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate"],
        200,
    ),
    // Over plain http, browsers send no `Sec-Fetch-Site`.
    ("POST /items", &[], 200),
    (
        "GET /ws",
        &[
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ],
        101,
    ),
];

/// Compares the differences with the rows of the table in the guide's section.
#[track_caller]
fn check(peer: &str, before: Serve, after: Serve) {
    let (before, after) = (start(before).unwrap(), start(after).unwrap());
    // The requests that differ in the same, in one row.
    let mut rows: Vec<(Vec<&str>, String)> = Vec::new();
    for (name, line, headers) in REQUESTS {
        let request = request(line, headers);
        let (before, after) = (ask(before, &request), ask(after, &request));
        let Some(difference) = difference(&before, &after) else {
            continue;
        };
        match rows.iter_mut().find(|(_, same)| *same == difference) {
            Some((names, _)) => names.push(name),
            None => rows.push((vec![name], difference)),
        }
    }
    let rows: String = rows
        .iter()
        .map(|(names, difference)| format!("| {} | {difference} |\n", names.join("<br>")))
        .collect();
    let section = section(&format!("From {peer}"));
    let table = section
        .split("| request | before | after |\n|---|---|---|\n")
        .nth(1);
    let listed = table
        .unwrap_or_default()
        .split("\n\n")
        .next()
        .unwrap_or_default();
    assert!(
        listed == rows.trim_end(),
        "the rows of the table in \"From {peer}\" should be:\n{rows}"
    );
}

fn request(line: &str, headers: &[&str]) -> RawRequest {
    let (method, target) = line.split_once(' ').unwrap();
    let lines = headers.iter().map(|line| line.split_once(": ").unwrap());
    RawRequest {
        method: method.to_owned(),
        target: target.to_owned(),
        lines: lines
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect(),
        body: Vec::new(),
    }
}

#[track_caller]
fn ask(port: u16, request: &RawRequest) -> RawResponse {
    match send(port, request).unwrap() {
        Answer::Response(response) => response,
        Answer::Closed => panic!("no response to {request:?}"),
    }
}

/// What is in one response alone, as the cells of a row.
fn difference(before: &RawResponse, after: &RawResponse) -> Option<String> {
    let (before, after) = (facts(before), facts(after));
    let only = |these: &[String], others: &[String]| {
        let mut only: Vec<_> = these.iter().filter(|fact| !others.contains(fact)).collect();
        if only.iter().any(|fact| fact.starts_with("body: ")) {
            // Another body may have another type.
            only.retain(|fact| !fact.starts_with("content-type: "));
        }
        let only: Vec<_> = only.into_iter().map(|fact| cell(fact)).collect();
        match only.is_empty() {
            true => "nothing more".to_owned(),
            false => only.join("<br>"),
        }
    };
    let cells = || [only(&before, &after), only(&after, &before)].join(" | ");
    (before != after).then(cells)
}

/// A fact in a table. Pages of a framework are long.
fn cell(fact: &str) -> String {
    match fact.contains('\n') {
        true => "`body:` a page of the framework".to_owned(),
        false => format!("`{fact}`"),
    }
}

/// The status, the header lines and the body. The time, the order of lines, and the order and spelling of what is in a
/// list do not count.
fn facts(response: &RawResponse) -> Vec<String> {
    let body = String::from_utf8(response.pieces.concat()).unwrap();
    let mut facts = Vec::new();
    for (name, value) in &response.lines {
        let value = String::from_utf8(value.clone()).unwrap();
        facts.push(match &**name {
            "date" => continue,
            "content-length" if value == body.len().to_string() && !body.is_empty() => continue,
            "vary" | "access-control-allow-headers" | "access-control-allow-methods" => {
                let mut items: Vec<_> = value
                    .split(',')
                    .map(|item| match name.ends_with("methods") {
                        true => item.trim().to_owned(),
                        false => item.trim().to_lowercase(),
                    })
                    .collect();
                items.sort_unstable();
                format!("{name}: {}", items.join(", "))
            }
            _ => format!("{name}: {value}"),
        });
    }
    facts.sort();
    facts.insert(0, response.status.to_string());
    if !body.is_empty() {
        facts.push(format!("body: {body}"));
    }
    facts
}

/// The section of the guide with this heading.
fn section(heading: &str) -> String {
    let guide = fs::read_to_string(root().join("docs/migrating.md")).unwrap();
    let sections = guide.split("\n## ");
    let mut sections = sections.filter(|section| section.starts_with(heading));
    sections.next().unwrap_or_default().to_owned()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
