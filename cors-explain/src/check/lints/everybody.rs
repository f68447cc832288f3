//! Lints about grants for any origin: permissions that only make sense for specific origins.

use cors_core::Grant;

use super::findings::{Finding, Findings};
use super::subject::{GrantSubject, HEADERS, METHODS, ORIGINS, Place, Subject, has_any};
use crate::text::{Short, listed};

pub(super) fn everything_allowed(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for grant in subject.everybody().filter(|grant| is_everything(grant)) {
        findings.report(
            Finding::at(
                grant.item(ORIGINS, 0),
                "any site may send any request and read the response",
            )
            .because(
                "`*` for origins, methods and headers together disables the protection: data that is only for \
                 certain users is then readable for any site",
            )
            .help("list the origins, and the methods and headers that their pages use"),
        );
    }
}

pub(super) fn everybody_may_authorize(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for grant in subject.everybody().filter(|grant| !is_everything(grant)) {
        for items in grant.items(HEADERS, authorizes) {
            let message = match *items.names {
                ["*"] => "any site may set any request header".to_owned(),
                _ => format!("any site may set {}", listed(&items.names)),
            };
            findings.report(
                Finding::at(items.place, message)
                    .because(
                        "a server that accepts tokens is rarely for any site: a site that gets a token can use \
                         it from its visitors' browsers, and read the responses",
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
                ["*"] => "any site may use any method".to_owned(),
                _ => format!("any site may use {}", listed(&items.names)),
            };
            findings.report(
                Finding::at(items.place, message)
                    .because("such requests change or delete data, which is rarely intended for any site")
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
        // Then another lint reports it.
        if more {
            continue;
        }
        findings.report(
            Finding::at(grant.item(ORIGINS, 0), "any site may read the responses")
                .because(
                    "this is correct for public data; it is wrong for a server that identifies its users by \
                     their network, such as a server in an intranet",
                )
                .help("if it is intended, add a comment above the line: `# cors-allow: everybody-allowed`"),
        );
    }
}

pub(super) fn everybody_by_default(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for variable in &subject.valid.variables {
        let default = variable.default.as_deref().unwrap_or_default();
        let mut items = default.split([',', ' ', '\t', '\n']);
        if variable.key != ORIGINS || !items.any(|item| item == "*") {
            continue;
        }
        let place = Place {
            path: variable.place.clone(),
            spans: variable.span.iter().cloned().collect(),
        };
        let name = Short(&variable.name);
        findings.report(
            Finding::at(place, format!("if `{name}` is not set, any origin is allowed"))
                .because("a deployment that forgets the variable is open to every page, and no error shows it")
                .help(format!(
                    "write `${{{name}}}`, so that the server does not start without it, or `${{{name}:-}}` for no origin"
                )),
        );
    }
}

const KNOWN_FIRST: &str =
    "list the origins that need this in a `[[grant]]` of their own before this one";

fn is_everything(grant: &GrantSubject<'_>) -> bool {
    has_any(&grant.grant.allow_methods) && has_any(&grant.grant.allow_headers)
}

/// Whether a header name, or `*`, covers a header that carries a token.
fn authorizes(name: &str) -> bool {
    name == "*" || name.eq_ignore_ascii_case("authorization")
}

/// Whether a method, or `*`, is neither [safe](https://www.iana.org/assignments/http-methods) nor one
/// that browsers allow without asking.
fn changes_things(method: &str) -> bool {
    !matches!(
        method,
        "GET" | "HEAD" | "POST" | "OPTIONS" | "PROPFIND" | "QUERY" | "REPORT" | "SEARCH"
    )
}
