//! What it means for pages that a server answers otherwise than a policy says.

use std::collections::BTreeSet;

use cors_browser_model::{CORS_SAFELISTED_RESPONSE_HEADER_NAMES, Response, SentRequest};
use cors_core::adapter::ResponseHeader;

use crate::probe::header::value;

/// [CORS-safelisted methods](https://fetch.spec.whatwg.org/#cors-safelisted-method): listed or not.
const ALWAYS_ALLOWED: [&str; 3] = ["GET", "HEAD", "POST"];
/// What it means that the values differ; `None`: they say the same.
pub(crate) fn of_field(
    field: ResponseHeader,
    policy: Option<&str>,
    server: Option<&str>,
    sent: &SentRequest,
) -> Option<String> {
    use ResponseHeader as Field;
    match field {
        Field::AccessControlAllowMethods => {
            let names = |value| without(&ALWAYS_ALLOWED, names(value, str::to_owned));
            lists(&names(policy), &names(server), "allowed")
        }
        Field::AccessControlAllowHeaders => {
            let names = |value| names(value, str::to_ascii_lowercase);
            lists(&names(policy), &names(server), "allowed")
        }
        Field::AccessControlExposeHeaders => {
            let names = |value| {
                without(
                    &CORS_SAFELISTED_RESPONSE_HEADER_NAMES,
                    names(value, str::to_ascii_lowercase),
                )
            };
            lists(&names(policy), &names(server), "readable")
        }
        // What the application adds is its own.
        Field::Vary => {
            let names = |value| names(value, str::to_ascii_lowercase);
            let (policy, server) = (names(policy), names(server));
            let says_enough = server.contains("*") || policy.is_subset(&server);
            (!says_enough).then(|| {
                "a cache may give the answer to one page to another, which is then blocked or allowed wrongly"
                    .to_owned()
            })
        }
        _ if policy == server => None,
        Field::AccessControlAllowOrigin => {
            let origin = value(&sent.headers, "Origin");
            let is_readable =
                server == Some("*") || (server.is_some() && server == origin.as_deref());
            Some(
                match (policy, is_readable) {
                    (None, true) => {
                        "pages of this origin may read it, and by the policy they may not"
                    }
                    (None, false) => "nothing for this origin, which is refused either way",
                    (Some("*"), true) => "this origin may read it, and by the policy everybody may",
                    (Some(_), true) => "everybody may read it, but not with credentials",
                    (Some(_), false) => {
                        "pages of this origin are blocked, and by the policy they may read it"
                    }
                }
                .to_owned(),
            )
        }
        Field::AccessControlAllowCredentials => Some(
            match server {
                Some("true") => {
                    "requests with credentials are allowed, and by the policy they are not"
                }
                _ if policy.is_some() => "requests with credentials are blocked",
                _ => "nothing: the only value with a meaning is `true`",
            }
            .to_owned(),
        ),
        Field::AccessControlMaxAge => {
            let seconds = |value: Option<&str>| match value.map(str::parse::<u64>) {
                Some(Ok(seconds)) => format!("{seconds} s"),
                // What browsers do without one.
                Some(Err(_)) | None => "5 s".to_owned(),
            };
            let (policy, server) = (seconds(policy), seconds(server));
            Some(format!(
                "browsers remember the preflight for {server} at most, not for {policy}"
            ))
        }
        Field::TimingAllowOrigin => Some(
            match policy {
                Some(_) => {
                    "detailed timing is not given to the scripts that the policy gives it to"
                }
                None => "detailed timing is given to scripts, and the policy gives it to none",
            }
            .to_owned(),
        ),
        other => Some(format!("`{}` is not what the policy sends", other.name())),
    }
}

/// What it means that a preflight has another status.
pub(crate) fn of_status(policy: u16, response: &Response) -> String {
    let is_ok = |status| (200..=299).contains(&status);
    match (is_ok(policy), is_ok(response.status)) {
        (true, true) => "nothing for browsers: every status from 200 to 299 will do",
        (true, false) => {
            "the preflight fails; the policy's middleware answers preflights itself, so something outside of it \
             answered, or it is not there"
        }
        (false, true) => {
            "the policy refuses this origin's preflight; without `Access-Control-Allow-Origin` browsers refuse it too"
        }
        (false, false) => "nothing for browsers: the preflight fails either way",
    }
    .to_owned()
}

fn names(value: Option<&str>, normalized: fn(&str) -> String) -> BTreeSet<String> {
    let names = value.unwrap_or_default().split(',').map(str::trim);
    let names = names.filter(|name| !name.is_empty());
    names.map(normalized).collect()
}

fn without(listed_or_not: &[&str], mut names: BTreeSet<String>) -> BTreeSet<String> {
    names.retain(|name| !listed_or_not.contains(&&**name));
    names
}

fn lists(policy: &BTreeSet<String>, server: &BTreeSet<String>, what: &str) -> Option<String> {
    let missing: Vec<_> = policy.difference(server).collect();
    let more: Vec<_> = server.difference(policy).collect();
    let text = |names: &[&String], what: &str| {
        let is = if names.len() == 1 { "is" } else { "are" };
        let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
        format!("{} {is} {what}", names.join(", "))
    };
    let not = format!("not {what}");
    let beyond = format!("{what} beyond the policy");
    match (missing.is_empty(), more.is_empty()) {
        (true, true) => None,
        _ if more.iter().any(|name| *name == "*") => Some(format!(
            "without credentials everything is {what}, and by the policy only what it lists; with credentials \
             `*` stands for nothing"
        )),
        _ if missing.iter().any(|name| *name == "*") => Some(format!(
            "only what the server lists is {what}, and by the policy everything, without credentials"
        )),
        (false, true) => Some(text(&missing, &not)),
        (true, false) => Some(text(&more, &beyond)),
        (false, false) => Some(format!(
            "{}; {}",
            text(&missing, &not),
            text(&more, &beyond)
        )),
    }
}
