//! How it looks. `UPDATE_EXPECT=1` writes the files anew.

use std::fs;

use tempfile::TempDir;

use super::server::{Request, Scripted, probe_with};
use crate::support::snapshot;

#[track_caller]
fn check(args: &str, server: &Scripted, expected: &str) {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("cors.toml");
    let policy = "allow_origins = [\"http://localhost:5173\"]\nallow_methods = [\"PUT\"]\nexpose_headers = [\"x-id\"]\n";
    fs::write(&file, policy).unwrap();
    let file = file.to_str().unwrap();
    let args = args.split_whitespace();
    let args = args.map(|arg| if arg == "cors.toml" { file } else { arg });
    let args: Vec<_> = ["--origin", "http://localhost:5173"]
        .into_iter()
        .chain(args)
        .collect();
    let done = probe_with(&args, &server.url());
    // The number alone may be anywhere.
    let address = format!("127.0.0.1:{}", server.port);
    let text = done.stdout.replace(&address, "127.0.0.1:PORT");
    snapshot(&format!("probe/snapshots/{expected}")).assert_eq(&text.replace(file, "cors.toml"));
}

fn server() -> Scripted {
    Scripted::new(|request| {
        let origin = format!("Access-Control-Allow-Origin: {}", request.origin());
        let other = match request.is_preflight() {
            true => "Access-Control-Allow-Methods: PUT, PATCH",
            false => "X-Id: 1",
        };
        (200, vec![origin, other.to_owned()])
    })
}

#[test]
fn an_answer_that_can_be_read() {
    check("-X PUT", &server(), "allowed.txt");
}

#[test]
fn everything_of_it() {
    check("-v -X PUT -d hello", &server(), "verbose.txt");
}

#[test]
fn with_a_policy() {
    check("--policy cors.toml -X PUT", &server(), "policy.txt");
}

/// A status and header lines.
type Changed = (u16, Vec<&'static str>);

/// A server that responds by the policy, except where `change` gives another status and other lines.
fn deployed(change: fn(&Request) -> Option<Changed>) -> Scripted {
    const ORIGIN: &str = "Access-Control-Allow-Origin: http://localhost:5173";
    Scripted::new(move |request| {
        change(request).unwrap_or_else(|| match request.is_preflight() {
            true => {
                let methods = "Access-Control-Allow-Methods: PUT";
                let max_age = "Access-Control-Max-Age: 86400";
                (204, vec![ORIGIN, methods, max_age, "Vary: Origin"])
            }
            false => {
                let expose = "Access-Control-Expose-Headers: x-id";
                (200, vec![ORIGIN, expose, "X-Id: 1", "Vary: Origin"])
            }
        })
    })
}

#[test]
fn a_right_deployment() {
    check(
        "--policy cors.toml -X PUT",
        &deployed(|_| None),
        "right.txt",
    );
}

#[test]
fn a_second_writer() {
    let server = deployed(|request| {
        let lines = vec![
            "Access-Control-Allow-Origin: http://localhost:5173",
            "Access-Control-Expose-Headers: x-id",
            "Vary: Origin",
            "Access-Control-Allow-Origin: *",
        ];
        (!request.is_preflight()).then_some((200, lines))
    });
    check("--policy cors.toml -X PUT", &server, "second-writer.txt");
}

#[test]
fn an_error_of_a_gateway() {
    let server = deployed(|request| {
        let is_put = !request.is_preflight() && request.method == "PUT";
        is_put.then(|| (413, vec!["Server: nginx/1.22.1"]))
    });
    check("--policy cors.toml -X PUT", &server, "gateway-error.txt");
}

#[test]
fn headers_that_a_location_drops() {
    let server =
        deployed(|request| (!request.is_preflight()).then(|| (404, vec!["X-Frame-Options: DENY"])));
    check("--policy cors.toml -X PUT", &server, "headers-dropped.txt");
}

/// Neither `no-max-age` nor `wildcard-with-credentials` is reported in addition.
#[test]
fn a_preflight_that_a_gateway_answers() {
    let server = deployed(|request| {
        let lines = vec![
            "Access-Control-Allow-Origin: *",
            "Access-Control-Allow-Credentials: true",
            "Access-Control-Allow-Methods: GET, PUT",
        ];
        request.is_preflight().then_some((204, lines))
    });
    check(
        "--policy cors.toml -X PUT",
        &server,
        "preflight-by-gateway.txt",
    );
}

#[test]
fn an_audit() {
    check("--audit --delay 0", &server(), "audit.txt");
}

#[test]
fn as_data() {
    check("--audit --delay 0 --json", &server(), "audit.json");
}
