//! The four frameworks under one policy, by our own middleware.

use std::fs;
use std::path::{Path, PathBuf};

use cors_matrix::server::{FixtureBinary, FixtureServer};
use tempfile::TempDir;

use super::server::{APP, probe_with};

/// The demo's, which has wildcards.
fn policy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tools/demo/cors.toml")
}

fn url(server: &FixtureServer, path: &str) -> String {
    format!("http://127.0.0.1:{}{path}", server.port())
}

#[test]
#[ignore = "needs the fixture servers: cargo xtask test-servers"]
fn the_fixture_servers() {
    let fixtures = FixtureBinary::built().unwrap();
    assert_eq!(fixtures.len(), 4);
    let folder = TempDir::new().unwrap();
    let refusing = folder.path().join("refusing.toml");
    let text = format!(
        "allow_origins = [\"{APP}\"]\nrefuse = [\"websocket\"]\nhosts = [\"127.0.0.1:*\"]\n"
    );
    fs::write(&refusing, text).unwrap();
    for fixture in &fixtures {
        let server = fixture.start(Some(&policy())).unwrap();
        does_what_the_policy_says(&server);
        has_no_flaws(&server);
        drop(server);
        let refusing = fixture.start(Some(&refusing)).unwrap();
        opens_websockets_for(&refusing, 0, &[]);
        drop(refusing);
        let bare = fixture.start(None).unwrap();
        has_no_policy(&bare);
        opens_websockets_for(&bare, 1, &["websocket-any-origin"]);
    }
}

/// The findings about a server's WebSocket.
#[track_caller]
fn opens_websockets_for(server: &FixtureServer, status: i32, expected: &[&str]) {
    let args = ["--audit", "--delay", "0", "--json", "--origin", APP];
    let url = url(server, "/ws");
    let done = probe_with(&args, &url.replace("http://", "ws://")).has_status(status);
    assert_eq!(done.findings(), expected, "{}", done.stdout);
    // With http, the handshake of the foreign origin alone. The rest is about CORS.
    let done = probe_with(&args, &url);
    let is_found = done
        .findings()
        .iter()
        .any(|code| code == "websocket-any-origin");
    assert_eq!(is_found, !expected.is_empty(), "{}", done.stdout);
}

#[track_caller]
fn does_what_the_policy_says(server: &FixtureServer) {
    let policy = policy();
    let policy = ["--policy", policy.to_str().unwrap()];
    let check = |args: &[&str], path: &str, status: i32, text: &str| {
        let args = [&policy, args].concat();
        let done = probe_with(&args, &url(server, path)).has_status(status);
        done.says(&["equal: the server's responses match `", text])
            .does_not_say(&["warning["]);
    };
    let app = ["--origin", APP];
    let evil = ["--origin", "https://evil.example"];
    let json = ["-H", "Content-Type: application/json", "-d", "{}"];
    check(
        &app,
        "/echo",
        0,
        "the body and the headers `content-length`, `content-type` and `x-request-id`",
    );
    check(
        &[&app[..], &["--credentials", "include"]].concat(),
        "/echo",
        0,
        "allowed",
    );
    check(
        &[&app[..], &["-X", "PUT"]].concat(),
        "/echo",
        0,
        "because of the method `PUT`",
    );
    check(
        &[&app[..], &json].concat(),
        "/json",
        0,
        "because of the header `content-type`",
    );
    check(
        &[&app[..], &["-X", "PATCH"]].concat(),
        "/echo",
        1,
        "\nmethod-not-allowed\n",
    );
    check(
        &[&app[..], &["-H", "X-A: 1"]].concat(),
        "/echo",
        1,
        "\nheader-not-allowed\n",
    );
    check(&app, "/own-cors", 0, "allowed");
    check(&app, "/nowhere", 0, "the status (404)");
    check(&app, "/private", 0, "the status (401)");
    check(&app, "/stream", 0, "allowed");
    check(
        &["--origin", "https://a.b.example.com"],
        "/echo",
        0,
        "allowed",
    );
    check(
        &["--origin", "http://localhost:5173"],
        "/echo",
        0,
        "allowed",
    );
    check(&evil, "/echo", 1, "\nallow-origin-missing\n");
    check(
        &[&evil[..], &["-X", "PUT"]].concat(),
        "/echo",
        1,
        "blocked by every browser",
    );
}

#[track_caller]
fn has_no_flaws(server: &FixtureServer) {
    let check = |origin: &str, status: i32, expected: &[&str]| {
        for path in ["/echo", "/own-cors", "/nowhere"] {
            let args = ["--audit", "--delay", "0", "--json", "--origin", origin];
            let done = probe_with(&args, &url(server, path));
            assert_eq!(done.findings(), expected, "{}", done.stdout);
            done.has_status(status);
        }
    };
    // The policy allows every subdomain, and every port of the user's own machine with credentials.
    check(APP, 1, &["localhost-accepted", "any-subdomain-accepted"]);
    check("http://localhost:3000", 0, &["any-port-accepted"]);
}

#[track_caller]
fn has_no_policy(server: &FixtureServer) {
    let policy = policy();
    let args = [
        "--policy",
        policy.to_str().unwrap(),
        "--origin",
        APP,
        "-X",
        "PUT",
    ];
    let done = probe_with(&args, &url(server, "/echo")).has_status(1);
    done.says(&[
        "[policy-not-applied]",
        "with the policy, browsers would allow this request",
    ]);
}
