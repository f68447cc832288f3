//! What a difference between a server and a policy means for pages.

use std::collections::BTreeSet;

use cors_browser_model::{CORS_SAFELISTED_RESPONSE_HEADER_NAMES, Response, SentRequest};
use cors_core::adapter::ResponseHeader;

use crate::server::header::value;

/// [CORS-safelisted methods](https://fetch.spec.whatwg.org/#cors-safelisted-method), which need not be listed.
const ALWAYS_ALLOWED: [&str; 3] = ["GET", "HEAD", "POST"];
/// What the difference between two values means; `None` if they mean the same.
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
        // The application may add other names.
        Field::Vary => {
            let names = |value| names(value, str::to_ascii_lowercase);
            let (policy, server) = (names(policy), names(server));
            let says_enough = server.contains("*") || policy.is_subset(&server);
            (!says_enough).then(|| {
                "a cache may send the response for one page to another, which is then wrongly blocked or allowed"
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
                        "pages of this origin may read it; with the policy, they may not"
                    }
                    (None, false) => {
                        "nothing for this origin, which has no permission in either case"
                    }
                    (Some("*"), true) => "this origin may read it; with the policy, any origin may",
                    (Some(_), true) => "any origin may read it, but not with credentials",
                    (Some(_), false) => {
                        "pages of this origin are blocked; with the policy, they may read it"
                    }
                }
                .to_owned(),
            )
        }
        Field::AccessControlAllowCredentials => Some(
            match server {
                Some("true") => {
                    "requests with credentials are allowed; with the policy, they are not"
                }
                _ if policy.is_some() => "requests with credentials are blocked",
                _ => "nothing: the only valid value is `true`",
            }
            .to_owned(),
        ),
        Field::AccessControlMaxAge => {
            let seconds = |value: Option<&str>| match value.map(str::parse::<u64>) {
                Some(Ok(seconds)) => format!("{seconds} s"),
                // The default of browsers.
                Some(Err(_)) | None => "5 s".to_owned(),
            };
            let (policy, server) = (seconds(policy), seconds(server));
            Some(format!(
                "browsers cache the preflight for at most {server}, not for {policy}"
            ))
        }
        Field::TimingAllowOrigin => Some(
            match policy {
                Some(_) => "scripts cannot read detailed timing; with the policy, they can",
                None => "scripts can read detailed timing; with the policy, they cannot",
            }
            .to_owned(),
        ),
        other => Some(format!("`{}` differs from the policy", other.name())),
    }
}

/// What a different status of a preflight means.
pub(crate) fn of_status(policy: u16, response: &Response) -> String {
    let is_ok = |status| (200..=299).contains(&status);
    match (is_ok(policy), is_ok(response.status)) {
        (true, true) => "nothing for browsers: they accept every status from 200 to 299",
        (true, false) => {
            "the preflight fails; the policy's middleware answers preflights itself, so another layer outside of it \
             answered, or it is not applied"
        }
        (false, true) => {
            "the policy refuses this origin's preflight; browsers also block it if `Access-Control-Allow-Origin` is missing"
        }
        (false, false) => "nothing for browsers: the preflight fails in either case",
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
    let beyond = format!("{what}, unlike in the policy");
    match (missing.is_empty(), more.is_empty()) {
        (true, true) => None,
        _ if more.iter().any(|name| *name == "*") => Some(format!(
            "without credentials, everything is {what}, but with the policy only what it lists; with credentials, \
             browsers ignore `*`"
        )),
        _ if missing.iter().any(|name| *name == "*") => Some(format!(
            "only what the server lists is {what}, but with the policy everything is, without credentials"
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
