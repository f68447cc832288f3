//! The recipe for MCP servers: `rmcp`'s service with the policy that the recipe shows.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::Path;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use cors_axum::{CorsRouter, Policy};
use cors_migrating::guides::mcp::app;
use rmcp::transport::streamable_http_server::StreamableHttpServerConfig;
use tower::ServiceExt as _;

const LOCAL: &str = "Host: localhost:8080";
const INSPECTOR: &str = "Origin: http://localhost:6274";
const INSPECTOR_ORIGIN: &str = "http://localhost:6274";
const FOREIGN: &str = "Origin: https://other.example";
const REBOUND: [&str; 2] = [
    "Host: other.example:8080",
    "Origin: http://other.example:8080",
];

const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{
    "protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}"#;
const INITIALIZED: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
const PING: &str = r#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#;
/// Of the version without sessions.
const DISCOVER: &str = r#"{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{
    "io.modelcontextprotocol/protocolVersion":"2026-07-28",
    "io.modelcontextprotocol/clientInfo":{"name":"test","version":"1"},
    "io.modelcontextprotocol/clientCapabilities":{}}}}"#;

#[tokio::test]
async fn a_session_of_an_allowed_page() {
    let app = app(policy(), StreamableHttpServerConfig::default());
    may_send(&app, "POST", "content-type").await;
    let started = send(&app, "POST", &[LOCAL, INSPECTOR], INITIALIZE).await;
    assert_eq!(started.status, StatusCode::OK);
    assert!(started.body.contains(r#""serverInfo""#), "{}", started.body);
    let session = started.read("mcp-session-id");

    let session = format!("Mcp-Session-Id: {session}");
    let version = "MCP-Protocol-Version: 2025-11-25";
    let lines = [LOCAL, INSPECTOR, &session, version];
    may_send(
        &app,
        "POST",
        "content-type,mcp-protocol-version,mcp-session-id",
    )
    .await;
    let response = send(&app, "POST", &lines, INITIALIZED).await;
    assert_eq!(response.status, StatusCode::ACCEPTED);
    let response = send(&app, "POST", &lines, PING).await;
    assert_eq!(response.status, StatusCode::OK);
    assert!(
        response.body.contains(r#""result":{}"#),
        "{}",
        response.body
    );

    may_send(&app, "DELETE", "mcp-protocol-version,mcp-session-id").await;
    let response = send(&app, "DELETE", &lines, "").await;
    assert_eq!(response.status, StatusCode::ACCEPTED);
    // The page learns that the session is over.
    let response = send(&app, "POST", &lines, PING).await;
    assert_eq!(response.status, StatusCode::NOT_FOUND);
    assert_eq!(
        response.header("access-control-allow-origin"),
        INSPECTOR_ORIGIN
    );
}

#[tokio::test]
async fn a_request_of_an_allowed_page_without_a_session() {
    let app = app(policy(), StreamableHttpServerConfig::default());
    may_send(
        &app,
        "POST",
        "content-type,mcp-method,mcp-name,mcp-protocol-version",
    )
    .await;
    let version = "MCP-Protocol-Version: 2026-07-28";
    let lines = [LOCAL, INSPECTOR, version, "Mcp-Method: server/discover"];
    let response = send(&app, "POST", &lines, DISCOVER).await;
    assert_eq!(response.status, StatusCode::OK, "{}", response.body);
    // rmcp needs the header.
    let lines = [LOCAL, INSPECTOR, version];
    let response = send(&app, "POST", &lines, DISCOVER).await;
    assert_eq!(
        response.status,
        StatusCode::BAD_REQUEST,
        "{}",
        response.body
    );
}

/// rmcp's own check is off, so the policy alone refuses.
#[tokio::test]
async fn foreign_pages_are_refused() {
    let app = app(
        policy(),
        StreamableHttpServerConfig::default().disable_allowed_hosts(),
    );
    let foreign: [&[&str]; 5] = [
        &[LOCAL, FOREIGN],
        &[LOCAL, "Origin: null"],
        &[LOCAL, "Sec-Fetch-Site: cross-site"],
        &REBOUND,
        &["Host: other.example:8080", "Sec-Fetch-Site: same-origin"],
    ];
    for lines in foreign {
        for (method, body) in [("POST", INITIALIZE), ("GET", ""), ("DELETE", "")] {
            let response = send(&app, method, lines, body).await;
            assert_eq!(
                response.refused_by(),
                Some(By::Policy),
                "{method} {lines:?}"
            );
            assert_eq!(response.header("access-control-allow-origin"), "");
        }
    }
    // A program sends no `Origin`.
    let response = send(&app, "POST", &[LOCAL], INITIALIZE).await;
    assert_eq!(response.status, StatusCode::OK);
}

/// The policy's hosts, and rmcp's own.
#[tokio::test]
async fn two_checks_of_the_host() {
    let named = || policy_with(r#"hosts  = ["mcp.example.com"]"#);
    let none = || policy_with("");
    let on = StreamableHttpServerConfig::default;
    let off = || on().disable_allowed_hosts();
    let local: &[&str] = &[LOCAL, INSPECTOR];
    let public: &[&str] = &["Host: mcp.example.com"];
    for (policy, config, lines, expected) in [
        (policy(), on(), local, None),
        (policy(), on(), &REBOUND, Some(By::Policy)),
        (policy(), off(), local, None),
        (policy(), off(), &REBOUND, Some(By::Policy)),
        (none(), on(), &REBOUND, Some(By::Rmcp)),
        (none(), off(), &REBOUND, None),
        (named(), on(), public, Some(By::Rmcp)),
        (named(), off(), public, None),
    ] {
        let response = send(&app(policy, config), "POST", lines, INITIALIZE).await;
        assert_eq!(response.refused_by(), expected, "{lines:?}");
    }
}

/// Who refuses a request.
#[derive(Debug, PartialEq, Eq)]
enum By {
    Policy,
    Rmcp,
}

struct Received {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Received {
    /// The value of a header, or nothing.
    fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).map(|value| value.to_str().unwrap());
        value.unwrap_or_default()
    }

    fn lists(&self, name: &str, item: &str) -> bool {
        let mut items = self.header(name).split(", ");
        items.any(|one| one.eq_ignore_ascii_case(item))
    }

    /// The value of a header that the inspector's page can read.
    #[track_caller]
    fn read(&self, name: &str) -> &str {
        assert_eq!(self.header("access-control-allow-origin"), INSPECTOR_ORIGIN);
        assert!(self.lists("access-control-expose-headers", name), "{name}");
        self.header(name)
    }

    fn refused_by(&self) -> Option<By> {
        let is_of_policy = self.body.is_empty() && self.header("cache-control") == "no-store";
        match self.status {
            StatusCode::FORBIDDEN if is_of_policy => Some(By::Policy),
            StatusCode::FORBIDDEN => Some(By::Rmcp),
            _ => None,
        }
    }
}

/// The inspector's page may send a request with this method and these headers.
async fn may_send(app: &CorsRouter, method: &str, names: &str) {
    let method_line = format!("Access-Control-Request-Method: {method}");
    let names_line = format!("Access-Control-Request-Headers: {names}");
    let lines = [LOCAL, INSPECTOR, &method_line, &names_line];
    let response = send(app, "OPTIONS", &lines, "").await;
    assert_eq!(response.status, StatusCode::NO_CONTENT);
    // Fetch allows POST without a list.
    let is_allowed = method == "POST" || response.lists("access-control-allow-methods", method);
    assert!(is_allowed, "{method}");
    for name in names.split(',') {
        let is_allowed = response.lists("access-control-allow-headers", name);
        assert!(is_allowed, "{name}");
    }
}

async fn send(app: &CorsRouter, method: &str, lines: &[&str], body: &'static str) -> Received {
    let request = Request::builder().method(method).uri("/mcp");
    let request = request.header("accept", "application/json, text/event-stream");
    let mut request = request.header("content-type", "application/json");
    for line in lines {
        let (name, value) = line.split_once(": ").unwrap();
        request = request.header(name, value);
    }
    let response = app.clone().oneshot(request.body(Body::from(body)).unwrap());
    let response = response.await.unwrap();
    let (head, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    Received {
        status: head.status,
        headers: head.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

/// That of the recipe.
fn policy() -> Policy {
    Policy::from_toml(&recipe()).unwrap()
}

/// That of the recipe with another line for `hosts`.
fn policy_with(hosts: &str) -> Policy {
    let recipe = recipe();
    let line = recipe
        .lines()
        .find(|line| line.starts_with("hosts "))
        .unwrap();
    Policy::from_toml(&recipe.replace(line, hosts)).unwrap()
}

fn recipe() -> String {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/recipes.md");
    let guide = fs::read_to_string(guide).unwrap();
    let (_, recipe) = guide
        .split_once("\n## MCP and other local servers\n")
        .unwrap();
    let (_, recipe) = recipe.split_once("\n```toml\n").unwrap();
    let (recipe, _) = recipe.split_once("```").unwrap();
    recipe.to_owned()
}
