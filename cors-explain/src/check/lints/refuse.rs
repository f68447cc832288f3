//! Lints about what a policy refuses.

use cors_core::{OriginPattern, Refuse};

use super::findings::{Finding, Findings};
use super::subject::{GrantSubject, HEADERS, METHODS, Place, Subject};
use crate::source::Entry;
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
    let is_used = parts(subject).any(|part| looks_at_hosts(part.refuse));
    // For a local server, another lint reports it.
    if subject.config.hosts.is_empty() || is_used || is_local(subject) {
        return;
    }
    findings.report(
        Finding::at(place_of_hosts(entry), "nothing looks at `hosts`")
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

pub(super) fn cookies_unprotected(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    let open = parts(subject)
        .filter(|part| !part.refuse.cross_site_writes && !part.refuse.unlisted_origins);
    let mut found = open.filter_map(|part| {
        let mut grants = subject.of(part.route);
        let grant = grants.find(|grant| grant.credentials() && !has_token(grant))?;
        Some((part, grant))
    });
    // One finding is enough: it is about how the application knows its users.
    let Some((part, grant)) = found.next() else {
        return;
    };
    let what = match part.has_entry(subject) {
        true => "add `\"cross-site-writes\"` to `refuse`",
        false => "write `refuse = [\"cross-site-writes\"]`",
    };
    findings.report(
        Finding::at(
            grant.value("allow_credentials"),
            "a page of any site can still send a `POST` with the user's cookies",
        )
        .because(
            "CORS does not stop the request; only cookies that are `SameSite=Lax` or `Strict` are left out (CSRF)",
        )
        .help(format!(
            "{what}, at first with `refuse_report_only = true`; if `SameSite` cookies or tokens protect your users \
             already, add the comment `# cors-allow: cookies-unprotected`",
        )),
    );
}

/// Whether pages send a header that only they can set: then it is a token, and not a cookie, that proves who they are.
fn has_token(grant: &GrantSubject<'_>) -> bool {
    let is_token = |name: &str| {
        let name = name.to_ascii_lowercase();
        name == "authorization" || name.contains("csrf") || name.contains("xsrf")
    };
    !grant.items(HEADERS, is_token).is_empty()
}

pub(super) fn local_server_open(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    if !is_local(subject) {
        return;
    }
    // A route without its own has that of the top.
    let open = parts(subject).filter(|part| part.is_own && !part.refuse.unlisted_origins);
    for part in open {
        let has_refuse = part.has_entry(subject);
        let place = match subject.places.part_entry(None, "hosts") {
            Some(entry) if !has_refuse => place_of_hosts(entry),
            _ => part.place(subject),
        };
        let is_for_everybody = subject.of(part.route).any(GrantSubject::is_everybody);
        findings.report(
            Finding::at(place, "every page that the user visits can send requests to this server")
                .because(
                    "by `hosts`, it is on the user's own machine; CORS hides the responses, but does not stop the requests",
                )
                .help(match (has_refuse, is_for_everybody) {
                    (_, true) => "list the origins of your pages instead of `*`, and add `\"unlisted-origins\"` to `refuse`",
                    (true, false) => "add `\"unlisted-origins\"` to `refuse`",
                    (false, false) => "write `refuse = [\"unlisted-origins\"]`",
                }),
        );
    }
}

/// Whether all hosts of the server are the user's own machine.
fn is_local(subject: &Subject<'_>) -> bool {
    let is_loopback = |host: &String| {
        // A scheme without a default port, which an origin must not have.
        let origin = format!("host://{host}");
        OriginPattern::parse(&origin).is_ok_and(|origin| origin.is_loopback())
    };
    !subject.config.hosts.is_empty() && subject.config.hosts.iter().all(is_loopback)
}

fn place_of_hosts(entry: &Entry) -> Place {
    Place {
        path: "hosts".to_owned(),
        spans: vec![entry.key.clone()],
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
    /// Whether the file has the `refuse` of this part.
    fn has_entry(&self, subject: &Subject<'_>) -> bool {
        let entry = subject.places.part_entry(self.written_in(), "refuse");
        entry.is_some()
    }

    /// A route without its own has that of the top.
    fn written_in(&self) -> Option<usize> {
        self.route.filter(|_| self.is_own)
    }

    fn place(&self, subject: &Subject<'_>) -> Place {
        let route = self.written_in();
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
