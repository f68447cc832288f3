//! Lints about sets of origins.

use std::collections::HashSet;

use cors_core::OriginSetUse;

use super::findings::{Finding, Findings};
use super::subject::Subject;
use crate::diagnostic::Replacement;
use crate::text::{Short, listed};

pub(super) fn set_without_key(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    let uses = subject.grants.iter().flat_map(|grant| {
        let sets = grant.grant.origin_sets.iter().enumerate();
        sets.map(move |(index, used)| (grant, index, used))
    });
    let keyed: HashSet<_> = uses
        .clone()
        .filter(|(_, _, used)| used.key.is_some())
        .map(|(_, _, used)| &*used.name)
        .collect();
    for (grant, index, used) in uses.filter(|(_, _, used)| used.key.is_none()) {
        let Some(route) = grant.id.route() else {
            continue;
        };
        let path = subject.valid.path(route).unwrap_or_default();
        let captures = captures(path);
        let has_key_elsewhere = keyed.contains(&*used.name);
        if captures.is_empty() || !(has_key_elsewhere || grant.credentials()) {
            continue;
        }
        let name = Short(&used.name);
        let message = format!(
            "each origin without a key in `{name}` has this grant for every {}",
            listed(&captures)
        );
        let reason = "a set of all customers lets the pages of one act on the paths of another";
        let reason = match has_key_elsewhere {
            true => format!("{reason}, and elsewhere this set has a key"),
            false => format!("{reason}, with their users' cookies"),
        };
        let help = match &*captures {
            [capture] => format!("give it the key `{capture}`"),
            _ => format!("give it one of the keys {}", listed(&captures)),
        };
        let help = format!("{help}: then only the origins under the key in the path are allowed");
        let place = grant.set(index);
        let span = place.spans.first().cloned();
        let change = match &*captures {
            [capture] if !is_named(subject, route, &used.name, capture) => {
                span.map(|span| Replacement {
                    span,
                    text: written(&used.name, capture),
                })
            }
            _ => None,
        };
        findings.report(
            Finding::at(place, message)
                .because(reason)
                .help(help)
                .change(change),
        );
    }
}

/// Whether a grant of a route names the set with this key. Then it cannot be named so again.
fn is_named(subject: &Subject<'_>, route: usize, set: &str, key: &str) -> bool {
    let is_same = |used: &OriginSetUse| used.name == set && used.key.as_deref() == Some(key);
    subject
        .of(Some(route))
        .any(|grant| grant.grant.origin_sets.iter().any(is_same))
}

/// A set with its key, in TOML.
fn written(name: &str, key: &str) -> String {
    let name = toml_edit::Value::from(name);
    format!("{{ set = {name}, key = \"{key}\" }}")
}

/// The segments of a path that can be keys: `{realm}`.
pub(super) fn captures(path: &str) -> Vec<&str> {
    let segments = path.split('/');
    segments
        .filter(|segment| segment.starts_with('{'))
        .collect()
}
