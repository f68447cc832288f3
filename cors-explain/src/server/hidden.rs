//! Headers of a response that a page cannot read, because the server does not expose them.

use cors_browser_model::{Readable, Response, Tainting};

use super::finding::Finding;
use super::header::value;
use crate::diagnostic::Severity;
use crate::text::listed;

/// What a script does not need: browsers, caches and proxies use these headers, or they only describe the server.
/// Everything that begins with `access-control-`, `cross-origin-` or `sec-` is left out, too.
const NOT_NEEDED: [&str; 28] = [
    // The connection and the transfer.
    "alt-svc",
    "connection",
    "content-encoding",
    "keep-alive",
    "trailer",
    "transfer-encoding",
    "upgrade",
    // Caches.
    "age",
    "vary",
    // What the browser does with the document, or collects.
    "clear-site-data",
    "content-security-policy",
    "content-security-policy-report-only",
    "nel",
    "origin-agent-cluster",
    "permissions-policy",
    "referrer-policy",
    "report-to",
    "reporting-endpoints",
    "server-timing",
    "strict-transport-security",
    "timing-allow-origin",
    "x-content-type-options",
    "x-frame-options",
    "x-xss-protection",
    // The server.
    "date",
    "server",
    "via",
    "x-powered-by",
];
/// [Forbidden response-header names](https://fetch.spec.whatwg.org/#forbidden-response-header-name): no script can read
/// them, whatever the server exposes.
const NEVER: [&str; 2] = ["set-cookie", "set-cookie2"];

/// The headers of a response that the page cannot read, and could if the server exposed them: names in lower case, in
/// order. Those that no script needs are left out.
///
/// # Examples
///
/// ```
/// use cors_browser_model::{FetchOutcome, Origin, Request, Response, SentRequest, Url};
/// use cors_explain::Simulation;
/// use cors_explain::server::hidden_headers;
///
/// let page = Origin::parse("https://app.example.com").ok_or("no origin")?;
/// let get = Request::new(Url::parse("https://api.example.com/")?, page);
/// let lines = [("Access-Control-Allow-Origin", "*"), ("Retry-After", "3"), ("Set-Cookie", "a=b")];
/// let response = Response::new(429, lines);
/// let simulation = Simulation::new(&get, &mut |_: &SentRequest| Some(response.clone()));
/// let (_, run) = simulation.shown().ok_or("no run")?;
/// let FetchOutcome::Response(readable) = &run.outcome else { return Err("blocked".into()) };
/// assert_eq!(hidden_headers(&response, readable), ["retry-after"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn hidden_headers(response: &Response, readable: &Readable) -> Vec<String> {
    if readable.tainting != Tainting::Cors {
        return Vec::new();
    }
    let mut names = Vec::new();
    for header in response.headers.iter() {
        let name = String::from_utf8_lossy(&header.name).to_ascii_lowercase();
        if is_needed(&name) && !readable.headers.contains(&name) && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn is_needed(name: &str) -> bool {
    let is_of_browsers = ["access-control-", "cross-origin-", "sec-"]
        .iter()
        .any(|prefix| name.starts_with(prefix));
    !(is_of_browsers || NEVER.contains(&name) || NOT_NEEDED.contains(&name))
}

/// A note about the [hidden headers](hidden_headers). `None` if no header is hidden.
pub fn headers_not_exposed(response: &Response, readable: &Readable) -> Option<Finding> {
    let names = hidden_headers(response, readable);
    if names.is_empty() {
        return None;
    }
    let them = if names.len() == 1 { "it" } else { "them" };
    let items: Vec<_> = names.iter().map(|name| format!("\"{name}\"")).collect();
    let exposed = value(&response.headers, "Access-Control-Expose-Headers").unwrap_or_default();
    let wildcard = match exposed.split(',').any(|name| name.trim() == "*") {
        true => "; with credentials, `*` is not a wildcard",
        false => "",
    };
    let finding = Finding::warning(
        "headers-not-exposed",
        format!("the page cannot read {}", listed(&names)),
        format!(
            "if a script needs {them}, send `Access-Control-Expose-Headers: {}`, in a policy \
             `expose_headers = [{}]`{wildcard}",
            names.join(", "),
            items.join(", ")
        ),
    );
    Some(finding.with_severity(Severity::Note))
}

#[cfg(test)]
mod tests {
    use cors_browser_model::{Credentials, Engine, Headers, Url, readable_headers};

    use super::*;

    #[test]
    fn what_a_page_cannot_read() {
        #[track_caller]
        fn check(lines: &[(&str, &str)], tainting: Tainting, expected: &[&str]) {
            let response = Response::new(200, Headers::from_iter(lines.iter().copied()));
            let credentials = Credentials::SameOrigin;
            let readable = Readable {
                tainting,
                url: Url::parse("https://api.example.com/").unwrap(),
                redirected: false,
                status: 200,
                headers: readable_headers(Engine::Standard, credentials, &response.headers),
                timing_allowed: false,
            };
            assert_eq!(hidden_headers(&response, &readable), expected, "{lines:?}");
            let finding = headers_not_exposed(&response, &readable);
            assert_eq!(finding.is_some(), !expected.is_empty());
        }
        let lines = [
            ("Mcp-Session-Id", "1"),
            ("Content-Type", "text/plain"),
            ("ETag", "a"),
            ("etag", "b"),
            ("Retry-After", "3"),
            ("Access-Control-Allow-Origin", "*"),
            ("Cross-Origin-Resource-Policy", "cross-origin"),
            ("Set-Cookie", "a=b"),
            ("Date", "x"),
            ("Server", "x"),
            ("Vary", "Origin"),
        ];
        let hidden = ["mcp-session-id", "etag", "retry-after"];
        check(&lines, Tainting::Cors, &hidden);
        check(&lines, Tainting::Basic, &[]);
        check(&lines, Tainting::Opaque, &[]);
        let exposed = |value| [&lines[..], &[("Access-Control-Expose-Headers", value)]].concat();
        check(&exposed("*"), Tainting::Cors, &[]);
        check(
            &exposed("ETAG, x"),
            Tainting::Cors,
            &["mcp-session-id", "retry-after"],
        );
        check(
            &exposed("mcp-session-id, etag, retry-after"),
            Tainting::Cors,
            &[],
        );
        check(&[("Date", "x"), ("Set-Cookie", "a=b")], Tainting::Cors, &[]);
    }
}
