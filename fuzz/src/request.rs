//! A request from the bytes of an input.

use cors_matrix::message::RawRequest;

use crate::bytes::Bytes;
use crate::policy::{self, Plan};

const PIECES: [&str; 24] = [
    "/",
    "a",
    "b",
    "A",
    "public",
    "realms",
    "x",
    "%C3%BC",
    "%c3%bc",
    "%2e",
    "%2F",
    "..",
    ".",
    ";",
    "\\",
    "?",
    "#",
    "%",
    "~-_",
    "//",
    "*",
    "http://",
    "api.example",
    ":80",
];
const HOSTS: [&str; 10] = [
    "api.example",
    "api.example:443",
    "localhost",
    "LOCALHOST:80",
    "127.0.0.1:8080",
    "a.example.com",
    "[::1]:443",
    "b.a:7",
    "pr-1.b:1",
    "",
];
/// The values of the fields that the engine reads, without `Origin` and `Host`.
const FIELDS: [(&str, &[&str]); 6] = [
    (
        "Access-Control-Request-Method",
        &["PUT", "GET", "put", "", "*", "a b"],
    ),
    (
        "access-control-request-headers",
        &["x-a", "authorization,x-a", "", "*"],
    ),
    (
        "Sec-Fetch-Site",
        &["cross-site", "same-origin", "none", "same-site", ""],
    ),
    ("Sec-Fetch-Mode", &["navigate", "cors", "websocket"]),
    ("Sec-Fetch-Dest", &["document", "empty", "iframe"]),
    (
        "Upgrade",
        &["websocket", "h2c, WebSocket/13", "h2c", "websocke"],
    ),
];

/// A request to a server with this policy.
pub(crate) fn request(bytes: &mut Bytes<'_>, plan: &Plan, patterns: &[String]) -> RawRequest {
    let is_preflight = bytes.one_in(3);
    let method = match is_preflight {
        true => "OPTIONS".to_owned(),
        false if bytes.one_in(16) => bytes.text(8),
        false => bytes.pick(&policy::METHODS).to_owned(),
    };
    let mut lines = Vec::new();
    let mut line = |name: &str, value: &[u8]| lines.push((name.to_owned(), value.to_vec()));
    for _ in 0..bytes.pick(&[1, 1, 1, 0, 2]) {
        line("Origin", policy::origin(bytes, patterns).trim_ascii());
    }
    if is_preflight {
        line("Access-Control-Request-Method", b"PUT");
    }
    for _ in 0..bytes.below(5) {
        let (name, values) = bytes.pick(&FIELDS);
        match bytes.one_in(8) {
            true => line(name, bytes.text(12).trim().as_bytes()),
            false => line(name, bytes.pick(values).as_bytes()),
        }
    }
    // `RawRequest` adds the line that every client sends.
    match bytes.below(6) {
        0 => {}
        1 => {
            line("Host", bytes.pick(&HOSTS).as_bytes());
            line("Host", bytes.pick(&HOSTS).as_bytes());
        }
        _ => line("Host", bytes.pick(&HOSTS).as_bytes()),
    }
    RawRequest {
        method,
        target: target(bytes, plan),
        lines,
        body: Vec::new(),
    }
}

/// A path of a route, or other pieces.
fn target(bytes: &mut Bytes<'_>, plan: &Plan) -> String {
    let mut target = match plan.config.routes.is_empty() || bytes.one_in(4) {
        true => "/".to_owned(),
        false => {
            let route = bytes.pick(&plan.config.routes);
            let segments = route
                .path
                .split('/')
                .map(|segment| match segment.starts_with('{') {
                    true => bytes.pick(&["a", "b", "x", "%C3%BC", "realms", ""]),
                    false => segment,
                });
            segments.collect::<Vec<_>>().join("/")
        }
    };
    for _ in 0..bytes.pick(&[0, 0, 1, 2, 4]) {
        match bytes.below(PIECES.len() + 1).checked_sub(1) {
            None => target.push_str(&bytes.text(6)),
            Some(piece) => target.push_str(PIECES.get(piece).unwrap_or(&"")),
        }
    }
    match bytes.below(16) {
        1 => target.trim_start_matches('/').to_owned(),
        2 | 3 => format!("http://{}{target}", bytes.pick(&HOSTS)),
        _ => target,
    }
}
