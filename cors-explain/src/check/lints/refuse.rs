//! Lints about what a policy refuses.

use cors_core::Refuse;

use super::findings::{Finding, Findings};
use super::subject::{GrantSubject, METHODS, Place, Subject};
use crate::text::listed;

pub(super) fn hosts_missing(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    if !subject.config.hosts.is_empty() {
        return;
    }
    // One finding is enough: the key is that of the whole file.
    let first = parts(subject).find(|part| looks_at_hosts(part.refuse));
    let Some(Place { path, spans }) = first.map(|part| part.place(subject)) else {
        return;
    };
    findings.report(
        Finding::at(Place { path, spans }, "a foreign page with a rebound host name is not refused")
            .because(
                "with DNS rebinding, the name of a foreign page leads to this server, so `Origin` and `Host` are the same, \
                 and the page is like one of your own",
            )
            .help("list the names of this server: `hosts = [\"api.example.com\", \"localhost:*\"]`"),
    );
}

pub(super) fn hosts_unused(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    let Some(entry) = subject.places.part_entry(None, "hosts") else {
        return;
    };
    if subject.config.hosts.is_empty() || parts(subject).any(|part| looks_at_hosts(part.refuse)) {
        return;
    }
    let place = Place {
        path: "hosts".to_owned(),
        spans: vec![entry.key.clone()],
    };
    findings.report(
        Finding::at(place, "nothing looks at `hosts`")
            .because("only `\"websocket\"` and `\"unlisted-origins\"` in `refuse` do")
            .help("add one of them to `refuse`, or remove `hosts`"),
    );
}

pub(super) fn refused_alone(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for part in parts(subject) {
        let lists_origins = subject
            .of(part.route)
            .any(|grant| !GrantSubject::is_everybody(grant));
        let is_everybody = subject.of(part.route).any(GrantSubject::is_everybody);
        if !part.is_own || !part.refuse.cross_site_writes || lists_origins || !is_everybody {
            continue;
        }
        findings.report(
            Finding::at(part.place(subject), "writes of every other site are refused, and any site may read")
                .because("no origin is listed with credentials, so the pages of no other site may change anything")
                .help("if pages of yours are on other origins, list them in a grant with credentials before that for `*`"),
        );
    }
}

pub(super) fn refused_method(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for part in parts(subject).filter(|part| part.refuse.cross_site_writes) {
        let grants = subject.of(part.route).filter(|grant| !grant.credentials());
        for grant in grants {
            let is_write = |method: &str| !matches!(method, "GET" | "HEAD" | "OPTIONS");
            for items in grant.items(METHODS, is_write) {
                let verb = if items.names.len() == 1 { "is" } else { "are" };
                let message = format!("{} {verb} allowed here, and refused", listed(&items.names));
                findings.report(
                    Finding::at(items.place, message)
                        .because(
                            "`\"cross-site-writes\"` lets only origins with credentials change something: the preflight is \
                             granted, and the request gets 403",
                        )
                        .help("add `allow_credentials = true`, or remove the methods"),
                );
            }
        }
    }
}

/// What a part refuses.
struct PartSubject {
    route: Option<usize>,
    refuse: Refuse,
    /// Whether the part has its own `refuse`.
    is_own: bool,
}

impl PartSubject {
    fn place(&self, subject: &Subject<'_>) -> Place {
        // A route without its own has that of the top.
        let route = self.route.filter(|_| self.is_own);
        let entry = subject.places.part_entry(route, "refuse");
        Place {
            path: route.map_or("refuse".to_owned(), |route| {
                format!("route[{route}].refuse")
            }),
            spans: vec![entry.map_or(0..0, |entry| entry.value.clone())],
        }
    }
}

fn parts<'a>(subject: &'a Subject<'_>) -> impl Iterator<Item = PartSubject> + 'a {
    let top = subject.config.refuse;
    let routes = subject.config.routes.iter().enumerate();
    let routes = routes.map(move |(index, route)| PartSubject {
        route: Some(index),
        refuse: route.part.refuse.unwrap_or(top),
        is_own: route.part.refuse.is_some(),
    });
    let top = PartSubject {
        route: None,
        refuse: top,
        is_own: true,
    };
    std::iter::once(top).chain(routes)
}

fn looks_at_hosts(refuse: Refuse) -> bool {
    refuse.websocket || refuse.unlisted_origins
}
