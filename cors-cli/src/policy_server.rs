//! A server with a policy in front of an application that says 200 to all.

use cors_browser::{Headers, Response, SentRequest, Server};
use cors_core::{Decision, Policy, RequestHead, RequestHeader, Value};

/// Answers requests of the browser's model as the policy has it.
pub(crate) struct PolicyServer<'a>(pub(crate) &'a Policy);

impl Server for PolicyServer<'_> {
    fn respond(&mut self, sent: &SentRequest) -> Option<Response> {
        let answer = Answer::of(self.0, sent);
        Some(Response::new(answer.status.unwrap_or(200), answer.headers))
    }
}

/// What a policy has a server answer.
pub(crate) struct Answer {
    /// The status; `None` where it is the application's.
    pub(crate) status: Option<u16>,
    /// The fields, or of an actual response those that are added.
    pub(crate) headers: Headers,
}

impl Answer {
    pub(crate) fn of(policy: &Policy, sent: &SentRequest) -> Self {
        let head = Head(sent);
        let decision = policy.decide(&head);
        let mut headers = Headers::new();
        for field in policy.fields(decision.fields()) {
            let name = canonical(field.name.name());
            match &field.value {
                Value::Fixed(value) => headers.append(&name, value.as_bytes()),
                Value::Echo(asked) => {
                    let lines = head.lines(*asked).filter(|line| !line.is_empty());
                    lines.for_each(|line| headers.append(&name, line));
                }
            }
        }
        let status = match decision {
            Decision::Respond(preflight) => Some(preflight.status()),
            Decision::Forward(_) => None,
        };
        Self { status, headers }
    }
}

/// What the policy reads of a request.
pub(crate) struct Head<'a>(pub(crate) &'a SentRequest);

impl RequestHead for Head<'_> {
    fn method(&self) -> &[u8] {
        self.0.method.as_bytes()
    }

    fn lines(&self, name: RequestHeader) -> impl Iterator<Item = &[u8]> {
        self.0.headers.values(name.name())
    }
}

/// A name as people write it: `Access-Control-Allow-Origin`.
fn canonical(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let mut chars = word.chars();
        let first = chars.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(chars).collect::<String>()
    });
    words.collect::<Vec<_>>().join("-")
}
