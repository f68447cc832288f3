//! The responses that all fixture servers must give, for predictions: `examples/fixture.rs` of each adapter
//! implements them.

use cors_browser_model::{Headers, Response, SentRequest, Server};
use cors_core::Policy;
use cors_explain::PolicyServer;
use cors_matrix::server::Framework;

/// A fixture server, for the model of the browser.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fixture<'a> {
    pub(crate) framework: Framework,
    pub(crate) policy: &'a Policy,
    /// The body of the request.
    pub(crate) body: Option<&'a str>,
}

/// A response of the application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Response(Response),
    /// The framework's own response; each framework has another status.
    Own,
    /// None.
    Closed,
}

/// The methods that Rocket knows. It answers any other with 400 before it calls a fairing.
const ROCKET_METHODS: [&str; 9] = [
    "GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "TRACE", "CONNECT", "PATCH",
];
const ECHO_METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

const HANDLED: (&str, &str) = ("x-handler", "1");
const REQUEST_ID: (&str, &str) = ("x-request-id", "fixture");

impl Server for Fixture<'_> {
    fn respond(&mut self, sent: &SentRequest) -> Option<Response> {
        let is_unknown =
            self.framework == Framework::Rocket && !ROCKET_METHODS.contains(&sent.method.as_str());
        let mut response = match is_unknown {
            true => response(400, &[]),
            false => {
                PolicyServer::new(self.policy, &|sent| self.application(sent)).respond(sent)?
            }
        };
        // Consoles show it.
        response.reason = reason(response.status);
        Some(response)
    }
}

impl Fixture<'_> {
    /// The application's response for the model, which needs a status.
    pub(crate) fn application(&self, sent: &SentRequest) -> Option<Response> {
        match self.answer(sent) {
            Answer::Response(response) => Some(response),
            Answer::Own => Some(response(400, &[])),
            Answer::Closed => None,
        }
    }

    pub(crate) fn answer(&self, sent: &SentRequest) -> Answer {
        let path = sent.url.path();
        // Frameworks differ in how they read unusual spellings of a path.
        if path.contains('%') || path.contains("//") || path.len() > 1 && path.ends_with('/') {
            return Answer::Own;
        }
        let say = |status, headers: &[(&str, &str)]| Answer::Response(response(status, headers));
        if let Some(code) = path
            .strip_prefix("/status/")
            .filter(|code| !code.contains('/'))
        {
            let is_written_so = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit());
            return match code.parse() {
                Ok(code) if is_written_so && (200..600).contains(&code) => say(code, &[HANDLED]),
                _ => Answer::Own,
            };
        }
        match path {
            _ if is_echo(path) && ECHO_METHODS.contains(&sent.method.as_str()) => {
                say(200, &[HANDLED, REQUEST_ID])
            }
            _ if is_echo(path) => Answer::Own,
            "/json" if sent.method == "POST" && self.is_json(sent) => say(200, &[HANDLED]),
            "/json" => Answer::Own,
            "/private" => match sent.headers.get("authorization").as_deref() {
                Some(b"Bearer secret") => say(200, &[HANDLED, REQUEST_ID]),
                _ => say(401, &[]),
            },
            "/error" => say(500, &[]),
            "/panic" if self.framework == Framework::Rocket => say(500, &[]),
            "/panic" => Answer::Closed,
            "/vary" => say(200, &[HANDLED, ("vary", "Accept-Encoding")]),
            "/own-cors" => {
                let evil = ("access-control-allow-origin", "https://evil.example");
                say(200, &[HANDLED, evil])
            }
            "/stream" => say(200, &[]),
            "/ws" if sent.method == "GET" && sent.headers.contains("Upgrade") => {
                say(101, &[HANDLED])
            }
            "/ws" => Answer::Own,
            _ => say(404, &[]),
        }
    }

    fn is_json(&self, sent: &SentRequest) -> bool {
        let is_labelled = sent.headers.get("content-type").is_some_and(|value| {
            let value = String::from_utf8_lossy(&value).to_ascii_lowercase();
            value.split(';').next().map(str::trim) == Some("application/json")
        });
        let body = self.body.unwrap_or_default();
        is_labelled && serde_json::from_str::<serde_json::Value>(body).is_ok()
    }
}

/// `/echo`, and the same for the routes of a policy.
fn is_echo(path: &str) -> bool {
    let realm = path
        .strip_prefix("/realms/")
        .and_then(|rest| rest.strip_suffix("/echo"));
    matches!(path, "/echo" | "/mcp" | "/public/echo")
        || realm.is_some_and(|realm| !realm.is_empty() && !realm.contains('/'))
}

fn response(status: u16, headers: &[(&str, &str)]) -> Response {
    let mut lines = Headers::new();
    for (name, value) in headers {
        lines.append(name, value);
    }
    Response::new(status, lines)
}

/// The usual reason phrase.
fn reason(status: u16) -> String {
    let reason = http::StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason());
    reason.unwrap_or_default().to_owned()
}
