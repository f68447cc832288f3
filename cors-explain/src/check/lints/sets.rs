//! Lints about sets of origins.

use std::collections::HashSet;

use super::findings::{Finding, Findings};
use super::subject::Subject;
use crate::diagnostic::Replacement;
use crate::text::{Short, listed};

pub(super) fn set_without_key(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    let uses = subject.grants.iter().flat_map(|grant| {
        let sets = grant.grant.origin_sets.iter().enumerate();
        sets.map(move |(index, used)| (grant, index, used))
    });
    let keyed = uses.clone().filter_map(|(grant, _, used)| {
        let key = used.key.as_deref()?;
        Some((grant.id.route(), &*used.name, key))
    });
    let keyed: HashSet<_> = keyed.collect();
    let names: HashSet<_> = keyed.iter().map(|(_, name, _)| *name).collect();
    for (grant, index, used) in uses.filter(|(_, _, used)| used.key.is_none()) {
        let Some(route) = grant.id.route() else {
            continue;
        };
        let path = subject.valid.path(route).unwrap_or_default();
        let captures = captures(path);
        let has_key_elsewhere = names.contains(&*used.name);
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
            // A grant of the route must not name it so twice.
            [capture] if !keyed.contains(&(Some(route), &used.name, capture)) => {
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
