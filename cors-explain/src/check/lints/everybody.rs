//! Lints about grants to everybody: what only makes sense for known origins.

use cors_core::Grant;

use super::findings::{Finding, Findings};
use super::subject::{GrantSubject, HEADERS, METHODS, ORIGINS, Subject, has_any};
use crate::text::listed;

pub(super) fn everything_allowed(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for grant in subject.everybody().filter(|grant| is_everything(grant)) {
        findings.report(
            Finding::at(
                grant.item(ORIGINS, 0),
                "every site may send any request and read the answer",
            )
            .because(
                "`*` for origins, methods and headers together is no policy any more: if anything here is \
                 for certain users only, this gives it away",
            )
            .help("list the origins, and the methods and headers that they use"),
        );
    }
}

pub(super) fn everybody_may_authorize(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for grant in subject.everybody().filter(|grant| !is_everything(grant)) {
        for items in grant.items(HEADERS, authorizes) {
            let message = match *items.names {
                ["*"] => "every site may set any request header".to_owned(),
                _ => format!("every site may set {}", listed(&items.names)),
            };
            findings.report(
                Finding::at(items.place, message)
                    .because(
                        "what takes a token is not for everybody: a site that gets hold of one can use it \
                         from its visitors' browsers, and read the answers",
                    )
                    .help(KNOWN_FIRST),
            );
        }
    }
}

pub(super) fn everybody_may_change(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for grant in subject.everybody().filter(|grant| !is_everything(grant)) {
        for items in grant.items(METHODS, changes_things) {
            let message = match *items.names {
                ["*"] => "every site may use any method".to_owned(),
                _ => format!("every site may use {}", listed(&items.names)),
            };
            findings.report(
                Finding::at(items.place, message)
                    .because("such requests change or delete things, which is seldom meant for everybody")
                    .help(KNOWN_FIRST),
            );
        }
    }
}

pub(super) fn everybody_allowed(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for grant in subject.everybody() {
        let Grant {
            allow_methods,
            allow_headers,
            ..
        } = grant.grant;
        let more = allow_headers.iter().any(|name| authorizes(name))
            || allow_methods.iter().any(|method| changes_things(method));
        // Then another lint says it, and more.
        if more {
            continue;
        }
        findings.report(
            Finding::at(grant.item(ORIGINS, 0), "every site may read the responses")
                .because(
                    "that is right for what is public; it is not for a server that knows its users by \
                     their network, such as one behind a firewall",
                )
                .help("if it is meant, say so above the line: `# cors-allow: everybody-allowed`"),
        );
    }
}

const KNOWN_FIRST: &str =
    "list the origins that may, in a `[[grant]]` of their own before this one";

fn is_everything(grant: &GrantSubject<'_>) -> bool {
    has_any(&grant.grant.allow_methods) && has_any(&grant.grant.allow_headers)
}

/// Whether a header, or any, carries a token.
fn authorizes(name: &str) -> bool {
    name == "*" || name.eq_ignore_ascii_case("authorization")
}

/// Whether a method, or any, is neither [safe](https://www.iana.org/assignments/http-methods) nor one
/// that browsers let through anyway.
fn changes_things(method: &str) -> bool {
    !matches!(
        method,
        "GET" | "HEAD" | "POST" | "OPTIONS" | "PROPFIND" | "QUERY" | "REPORT" | "SEARCH"
    )
}
