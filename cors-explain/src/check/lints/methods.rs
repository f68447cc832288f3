//! Lints about `allow_methods`.

use std::collections::HashSet;

use super::findings::{Finding, Findings};
use super::subject::{METHODS, Subject};
use crate::text::{Short, listed};

pub(super) fn safelisted_method(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for grant in &subject.grants {
        for items in grant.items(METHODS, |method| matches!(method, "GET" | "HEAD" | "POST")) {
            let message = format!("{} need not be listed", listed(&items.names));
            findings.report(
                Finding::at(items.place, message)
                    .because("`GET`, `HEAD` and `POST` are safelisted: browsers allow them without asking")
                    .help("remove it; this changes nothing")
                    .change(items.removal),
            );
        }
    }
}

pub(super) fn lower_case_method(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for grant in &subject.grants {
        let methods = &grant.grant.allow_methods;
        let listed: HashSet<_> = methods.iter().collect();
        for (index, method) in methods.iter().enumerate() {
            let upper = method.to_ascii_uppercase();
            if *method == upper {
                continue;
            }
            let message = format!(
                "`{}` is not the same method as `{}`",
                Short(method),
                Short(&upper)
            );
            let change = match listed.contains(&upper) {
                true => grant.removal(METHODS, std::iter::once(index)),
                false => grant.change_item(METHODS, index, &upper),
            };
            findings.report(
                Finding::at(grant.item(METHODS, index), message)
                    .because(
                        "methods are case-sensitive, and browsers convert only six of them to upper case; few \
                         servers accept one in lower case",
                    )
                    .help(format!(
                        "allow `{0}`, and write `{0}` in scripts",
                        Short(&upper)
                    ))
                    .change(change),
            );
        }
    }
}

pub(super) fn needless_method(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for grant in &subject.grants {
        for items in grant.items(METHODS, |method| method == "OPTIONS") {
            findings.report(
                Finding::at(items.place, "`OPTIONS` need not be listed for preflights")
                    .because("the browser sends preflights itself, and they are always answered")
                    .help("remove it, unless your scripts send `OPTIONS`")
                    .change(items.removal),
            );
        }
    }
}

pub(super) fn any_method(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for grant in subject.known().filter(|grant| !grant.credentials()) {
        if let Some(place) = grant.any(METHODS) {
            findings.report(
                Finding::at(place, "any method is allowed")
                    .because(
                        "these origins may also use methods that their pages do not need, and methods that \
                         the server supports later",
                    )
                    .help("list the methods that the pages use"),
            );
        }
    }
}
