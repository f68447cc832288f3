//! Compares a response with a policy.

mod meaning;

use cors_browser_model::{Kind, Response, SentRequest};
use cors_core::adapter::ResponseHeader;
use serde::Serialize;

use super::header::value;
use crate::mask::masked_url;
use crate::policy_server::PolicyAnswer;

/// How a response differs from that of a policy. Values are compared by their meaning for browsers: lists in any
/// order, names of headers in any case, and `Vary` with more names.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Comparison {
    /// The differences.
    pub differences: Vec<Difference>,
    /// The response has none of the policy's headers.
    pub nothing_applied: bool,
}

/// A difference between a response and the policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Difference {
    /// The method of the request.
    pub method: String,
    /// Its URL, without secrets.
    pub url: String,
    /// The header's name in lower case, or [`STATUS`](Self::STATUS).
    pub field: &'static str,
    /// The value according to the policy.
    pub policy: Option<String>,
    /// The value that the server sent.
    pub server: Option<String>,
    /// What the difference means for pages.
    pub meaning: String,
}

impl Difference {
    /// The field of a difference in the status.
    pub const STATUS: &'static str = "status";
}

impl Comparison {
    /// Compares a response with that of the policy.
    pub fn new(kind: Kind, sent: &SentRequest, response: &Response, answer: &PolicyAnswer) -> Self {
        let mut differences = Vec::new();
        let mut add = |field, policy, server, meaning| {
            differences.push(Difference {
                method: sent.method.clone(),
                url: masked_url(sent.url.as_str()),
                field,
                policy,
                server,
                meaning,
            });
        };
        if let Some(status) = answer.status.filter(|status| *status != response.status) {
            let meaning = meaning::of_status(status, response);
            let server = response.status.to_string();
            add(
                Difference::STATUS,
                Some(status.to_string()),
                Some(server),
                meaning,
            );
        }
        let mut nothing_applied = true;
        for field in fields(kind) {
            let name = field.name();
            let policy = value(&answer.headers, name);
            let server = value(&response.headers, name);
            if let Some(meaning) =
                meaning::of_field(*field, policy.as_deref(), server.as_deref(), sent)
            {
                add(name, policy, server, meaning);
            } else if policy.is_some() {
                nothing_applied = false;
            }
        }
        let has_cors = |field: &ResponseHeader| {
            *field != ResponseHeader::Vary && response.headers.contains(field.name())
        };
        nothing_applied &= !fields(kind).iter().any(has_cors);
        Self {
            differences,
            nothing_applied,
        }
    }
}

/// The headers that matter in a response.
fn fields(kind: Kind) -> &'static [ResponseHeader] {
    use ResponseHeader as Field;
    match kind {
        Kind::Preflight => &[
            Field::AccessControlAllowOrigin,
            Field::AccessControlAllowCredentials,
            Field::AccessControlAllowMethods,
            Field::AccessControlAllowHeaders,
            Field::AccessControlMaxAge,
            Field::Vary,
        ],
        Kind::Actual => &[
            Field::AccessControlAllowOrigin,
            Field::AccessControlAllowCredentials,
            Field::AccessControlExposeHeaders,
            Field::TimingAllowOrigin,
            Field::Vary,
        ],
    }
}

#[cfg(test)]
mod tests {
    use cors_browser_model::Url;
    use cors_core::Policy;

    use super::*;

    #[test]
    fn what_is_not_applied() {
        #[track_caller]
        fn check(lines: &[(&str, &str)], differing: &[&str], nothing_applied: bool) {
            let policy = "allow_origins = ['https://a.example']\nexpose_headers = ['x-a']";
            let policy = Policy::from_toml(policy).unwrap();
            let sent = SentRequest {
                method: "GET".to_owned(),
                url: Url::parse("https://api.example.com/").unwrap(),
                headers: [("Origin", "https://a.example")].into(),
                credentials: false,
            };
            let response = Response {
                status: 200,
                reason: String::new(),
                headers: lines.iter().copied().collect(),
            };
            let answer = PolicyAnswer::new(&policy, &sent);
            let comparison = Comparison::new(Kind::Actual, &sent, &response, &answer);
            let fields = comparison
                .differences
                .iter()
                .map(|difference| difference.field);
            assert_eq!(fields.collect::<Vec<_>>(), differing, "{lines:?}");
            assert_eq!(comparison.nothing_applied, nothing_applied, "{lines:?}");
        }
        const ORIGIN: &str = "access-control-allow-origin";
        const EXPOSE: &str = "access-control-expose-headers";
        check(&[], &[ORIGIN, EXPOSE, "vary"], true);
        check(&[("Vary", "Accept")], &[ORIGIN, EXPOSE, "vary"], true);
        check(&[("Vary", "origin, Accept")], &[ORIGIN, EXPOSE], false);
        check(&[(ORIGIN, "*")], &[ORIGIN, EXPOSE, "vary"], false);
        check(&[(EXPOSE, "X-A")], &[ORIGIN, "vary"], false);
        let all = [
            (ORIGIN, "https://a.example"),
            (EXPOSE, "X-A"),
            ("Vary", "*"),
        ];
        check(&all, &[], false);
    }
}
