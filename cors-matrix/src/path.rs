//! Paths of requests: those that servers read in different ways.

use std::io;

use crate::message::{self, Answer, RawRequest, RawResponse};

/// Targets of requests, and the path of each as the client sent it. `/nest` is where a test puts a nested router.
pub const TARGETS: [(&str, &str); 37] = [
    ("/", "/"),
    ("//", "//"),
    ("/a", "/a"),
    ("/a/", "/a/"),
    ("/a//", "/a//"),
    ("/a//b", "/a//b"),
    ("/./a", "/./a"),
    ("/a/.", "/a/."),
    ("/a/../b", "/a/../b"),
    ("/a/..", "/a/.."),
    ("/../a", "/../a"),
    ("/%2e/a", "/%2e/a"),
    ("/a/%2E%2e/b", "/a/%2E%2e/b"),
    ("/a%2fb", "/a%2fb"),
    ("/a%2Fb", "/a%2Fb"),
    ("/a%5cb", "/a%5cb"),
    ("/a\\b", "/a\\b"),
    ("/a;b=c/d", "/a;b=c/d"),
    ("/%C3%BC", "/%C3%BC"),
    ("/%c3%bc", "/%c3%bc"),
    ("/\u{fc}", "/\u{fc}"),
    ("/%ff", "/%ff"),
    ("/%61", "/%61"),
    ("/%25", "/%25"),
    ("/%", "/%"),
    ("/%0", "/%0"),
    ("/%00", "/%00"),
    ("/%zz", "/%zz"),
    ("/A", "/A"),
    ("/a?b=/../c", "/a"),
    ("/a??", "/a"),
    ("/a%3fb", "/a%3fb"),
    ("/{a}|^", "/{a}|^"),
    ("http://a.example/b//c?d", "/b//c"),
    // The frameworks cannot tell these two apart: RFC 9110, section 4.2.3.
    ("http://a.example", "/"),
    ("a.example:80", ""),
    ("*", "*"),
];

/// Targets, and whether a policy grants them anything whose only route is `/public`, with `*`.
pub const PUBLIC: [(&str, bool); 33] = [
    ("/public", true),
    ("/public/", true),
    ("/public/a", true),
    ("/public/a/b", true),
    ("/public/%C3%BC", true),
    ("/public/%20", true),
    ("/public/...", true),
    ("/public?a=/../b", true),
    ("http://a.example/public", true),
    ("/", false),
    ("/publica", false),
    ("/nest", false),
    ("/nest/public", false),
    ("/nest/nest/public", false),
    ("/Public", false),
    ("/public//", false),
    ("//public", false),
    ("//a.example/public", false),
    ("/./public", false),
    ("/nest/../public", false),
    ("/public/../nest", false),
    ("/public/%2e%2e/nest", false),
    ("/%70ublic", false),
    ("/public%2fa", false),
    ("/public%5ca", false),
    ("/public\\a", false),
    ("/public;a", false),
    ("/public/%00", false),
    ("/public/%", false),
    ("/public/\u{fc}", false),
    ("http://a.example/nest/public", false),
    ("a.example:80", false),
    ("*", false),
];

/// Sends `GET` for each of [`TARGETS`] to a server that responds with the path of the request. Returns the responses
/// that are not the path as it was sent: the target, and the path or the status.
///
/// # Errors
///
/// If the server does not respond.
pub fn not_as_sent(port: u16) -> io::Result<Vec<(&'static str, String)>> {
    let mut wrong = Vec::new();
    for (target, path) in TARGETS {
        let response = exchange(port, &request("GET", target))?;
        let found = match response.status {
            200 => String::from_utf8_lossy(&response.pieces.concat()).into_owned(),
            status => status.to_string(),
        };
        if response.status != 200 || found != path {
            wrong.push((target, found));
        }
    }
    Ok(wrong)
}

/// Sends a `GET` and a preflight for each of [`PUBLIC`] to a server with that policy. Returns the targets whose
/// responses are not what the policy grants.
///
/// # Errors
///
/// If the server does not respond.
pub fn wrongly_granted(port: u16) -> io::Result<Vec<&'static str>> {
    let mut wrong = Vec::new();
    for (target, granted) in PUBLIC {
        let get = exchange(port, &request("GET", target))?;
        let mut preflight = request("OPTIONS", target);
        let asked = "Access-Control-Request-Method".to_owned();
        preflight.lines.push((asked, b"GET".to_vec()));
        let preflight = exchange(port, &preflight)?;
        // A framework may refuse a target itself.
        let is_answered = matches!(
            (granted, preflight.status),
            (true, 204) | (false, 403 | 400)
        );
        if [&get, &preflight].map(is_granted) != [granted; 2] || !is_answered {
            wrong.push(target);
        }
    }
    Ok(wrong)
}

fn is_granted(response: &RawResponse) -> bool {
    let mut lines = response.lines("access-control-allow-origin");
    lines.next().is_some()
}

fn request(method: &str, target: &str) -> RawRequest {
    RawRequest {
        method: method.to_owned(),
        target: target.to_owned(),
        lines: vec![("Origin".to_owned(), b"https://app.example.com".to_vec())],
        body: Vec::new(),
    }
}

fn exchange(port: u16, request: &RawRequest) -> io::Result<RawResponse> {
    match message::send(port, request)? {
        Answer::Response(response) => Ok(response),
        Answer::Closed => Err(io::ErrorKind::ConnectionAborted.into()),
    }
}
