//! Lints about everything else: credentials, dangers, caches.

use std::collections::HashSet;
use std::ops::Range;

use toml::de::DeValue;

use super::findings::{Finding, Findings};
use super::subject::{GrantSubject, HEADERS, METHODS, ORIGINS, Place, Subject, removal};
use crate::diagnostic::Replacement;
use crate::text::listed;

pub(super) fn echoed_wildcard(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for grant in subject.grants.iter().filter(|grant| grant.credentials()) {
        let keys = [
            (METHODS, "methods", "scripts may use any method as the user"),
            (
                HEADERS,
                "headers",
                "scripts may set any request header as the user",
            ),
        ];
        for (key, what, message) in keys {
            let Some(place) = grant.any(key) else {
                continue;
            };
            findings.report(
                Finding::at(place, message)
                    .because(
                        "browsers ignore `*` in requests with credentials, so the library echoes what a \
                         preflight asks for",
                    )
                    .help(format!("list the {what} that the pages use")),
            );
        }
    }
}

pub(super) fn danger_allowed(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for danger in dangers(subject) {
        let users = danger.users(subject);
        if users.is_empty() {
            continue;
        }
        let reason = match danger.name.as_str() {
            "insecure-origins" => {
                "an attacker on the network between a plain http site and its user can act as the user"
            }
            "public-suffixes" => {
                "anyone who registers a name below a public suffix can act as the user"
            }
            "any-host" => "every host of such a scheme can act as the user",
            _ => "any page can have the origin `null`",
        };
        let message = format!("`{}` allows {}", danger.name, listed(&users));
        findings.report(
            Finding::at(danger.place(), message)
                .because(reason)
                .help("check whether it is still needed; if so, add a comment with the reason"),
        );
    }
}

pub(super) fn danger_unused(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for danger in dangers(subject) {
        if !danger.users(subject).is_empty() {
            continue;
        }
        findings.report(
            Finding::at(danger.place(), format!("nothing needs `{}`", danger.name))
                .because(
                    "as long as it is here, the unsafe setting that it permits is not reported",
                )
                .help("remove it")
                .change(danger.removal(subject)),
        );
    }
}

/// An item of `dangerously_allow`, of a route or of the top.
struct Danger {
    name: String,
    route: Option<usize>,
    index: usize,
    span: Range<usize>,
}

fn dangers(subject: &Subject<'_>) -> Vec<Danger> {
    let routes = subject.valid.routes();
    let dangers = routes.flat_map(|route| {
        let entry = subject.places.part_entry(route, "dangerously_allow");
        let items = entry.map_or(&[][..], |entry| &entry.items);
        let dangers = items.iter().enumerate().filter_map(move |(index, span)| {
            let text = subject.source.text.get(span.clone())?;
            let value = DeValue::parse(text).ok()?;
            Some(Danger {
                name: value.get_ref().as_str()?.to_owned(),
                route,
                index,
                span: span.clone(),
            })
        });
        dangers.collect::<Vec<_>>()
    });
    dangers.collect()
}

impl Danger {
    fn place(&self) -> Place {
        let route = (self.route).map_or(String::new(), |route| format!("route[{route}]."));
        Place {
            path: format!("{route}dangerously_allow[{}]", self.index),
            spans: vec![self.span.clone()],
        }
    }

    /// The origins that would be errors without it.
    fn users<'a>(&self, subject: &Subject<'a>) -> Vec<&'a str> {
        let origins = subject.of(self.route).flat_map(|grant| {
            let origins = grant.origins.iter();
            origins.map(|(_, origin)| (grant.credentials(), origin))
        });
        let users = origins.filter(|(credentials, origin)| match self.name.as_str() {
            "insecure-origins" => *credentials && origin.is_insecure(),
            "public-suffixes" => *credentials && origin.public_suffix().is_some(),
            "any-host" => *credentials && origin.is_any_host(),
            _ => origin.as_str() == "null",
        });
        users.map(|(_, origin)| origin.as_str()).collect()
    }

    fn removal(&self, subject: &Subject<'_>) -> Option<Replacement> {
        let entry = subject.places.part_entry(self.route, "dangerously_allow")?;
        removal(subject.source, entry, &HashSet::from([self.index]))
    }
}

pub(super) fn vary_per_origin(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    let is_alone = |grant: &GrantSubject<'_>| subject.of(grant.id.route()).count() == 1;
    for grant in subject.everybody().filter(|grant| !is_alone(grant)) {
        findings.report(
            Finding::at(
                grant.item(ORIGINS, 0),
                "shared caches keep a copy of every response for each origin",
            )
            .because(
                "with grants for specific origins, the responses depend on the origin, also those for any origin: \
                 each has `Vary: Origin`",
            )
            .help(
                "for public files in a cache, write a `[[route]]` that is one `*` grant: it needs no `Vary`",
            ),
        );
    }
}

pub(super) fn max_age_zero(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for (grant, _) in max_ages(subject).filter(|(_, seconds)| *seconds == 0) {
        let reason = "every request that needs a preflight is always two requests";
        findings.report(too_short(grant, "browsers never cache preflights", reason));
    }
}

pub(super) fn max_age_short(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for (grant, seconds) in max_ages(subject).filter(|(_, seconds)| (1..60).contains(seconds)) {
        let message = format!("browsers cache preflights for only {seconds} s");
        let reason = "nearly every request that needs a preflight is two requests";
        findings.report(too_short(grant, &message, reason));
    }
}

fn too_short(grant: &GrantSubject<'_>, message: &str, reason: &str) -> Finding {
    let entry = grant.entry("max_age");
    Finding::at(grant.value("max_age"), message)
        .because(reason)
        .help("let browsers cache them; Chromium does for at most 2 hours")
        .change(entry.map(|entry| Replacement {
            span: entry.value.clone(),
            text: "7200".to_owned(),
        }))
}

pub(super) fn max_age_capped(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for (grant, seconds) in max_ages(subject).filter(|(_, seconds)| *seconds > 7200) {
        findings.report(
            Finding::at(
                grant.value("max_age"),
                "Chromium caches preflights for at most 2 hours, WebKit for 10 minutes",
            )
            .because(format!(
                "only Firefox uses all of the {seconds} s, and for this long it may send requests that a changed \
                 policy no longer allows"
            )),
        );
    }
}

/// The grants with a max age in the file, each with its max age.
fn max_ages<'a>(subject: &'a Subject<'_>) -> impl Iterator<Item = (&'a GrantSubject<'a>, u64)> {
    let grants = subject.grants.iter();
    let written = grants.filter(|grant| grant.entry("max_age").is_some());
    written.map(|grant| (grant, grant.grant.max_age.as_secs()))
}

pub(super) fn status_200(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    let Some(entry) = subject.places.part_entry(None, "preflight_status") else {
        return;
    };
    if subject.config.preflight_status != 200 {
        return;
    }
    let place = Place {
        path: "preflight_status".to_owned(),
        spans: vec![entry.value.clone()],
    };
    findings.report(
        Finding::at(
            place,
            "200 is only for clients that are older than any current browser",
        )
        .because("browsers accept any status from 200 to 299, and 204 means that there is no body")
        .help("use 204, the default")
        .change(Some(Replacement {
            span: entry.value.clone(),
            text: "204".to_owned(),
        })),
    );
}
