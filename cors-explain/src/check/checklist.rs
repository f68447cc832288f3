//! A checklist for production: each item, and whether a policy meets it.

use std::collections::HashSet;

use cors_core::{Grant, OriginPattern};
use serde::Serialize;

use crate::diagnostic::Diagnostic;
use crate::source::ValidPolicy;
use crate::text::{Printable, Short};

/// An item of the checklist.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ChecklistItem {
    /// What a policy needs.
    pub item: &'static str,
    /// Whether this policy has it.
    pub ok: bool,
    /// What this policy has.
    pub text: String,
    /// The lint that explains why not.
    pub code: Option<&'static str>,
}

/// The checklist for a policy. `found` are the codes of all findings, `shown` of those that no comment silences.
pub(super) fn of(
    valid: &ValidPolicy,
    found: &[&'static str],
    shown: &[Diagnostic],
) -> Vec<ChecklistItem> {
    let list = Checklist {
        valid,
        grants: valid.grants().map(|(_, grant)| grant).collect(),
        found,
        shown,
    };
    vec![
        list.allowlist(),
        list.echo(),
        list.credentials(),
        list.vary(),
        list.methods_and_headers(),
        list.max_age(),
        list.preflights(),
    ]
}

struct Checklist<'a> {
    valid: &'a ValidPolicy,
    /// The grants of all parts.
    grants: Vec<&'a Grant>,
    found: &'a [&'static str],
    shown: &'a [Diagnostic],
}

impl Checklist<'_> {
    /// An item that a policy meets unless one of these lints has found something.
    fn item(
        &self,
        item: &'static str,
        codes: &[&str],
        text: impl FnOnce(bool) -> String,
    ) -> ChecklistItem {
        // The first code of the list is the most important.
        let code = codes.iter().find_map(|code| {
            let mut shown = self.shown.iter().map(|finding| finding.code);
            shown.find(|shown| shown == code)
        });
        let mut text = text(code.is_none());
        if code.is_none()
            && let Some(code) = codes.iter().find(|code| self.found.contains(code))
        {
            text = format!("{text}; a comment silences `{code}`");
        }
        ChecklistItem {
            item,
            ok: code.is_none(),
            text,
            code,
        }
    }

    fn allowlist(&self) -> ChecklistItem {
        let codes = [
            "everything-allowed",
            "everybody-may-authorize",
            "everybody-may-change",
            "everybody-allowed",
            "null-listed",
            "shared-suffix",
            "plain-http-origin",
            "localhost-origin",
        ];
        self.item("an allowlist of trusted origins", &codes, |ok| {
            let counted = self.counted_origins();
            match (ok, self.has_everybody()) {
                (_, true) if self.is_everybody_alone() => "any origin is allowed".to_owned(),
                (_, true) => format!(
                    "origins come from an allowlist ({counted}), and then any origin is allowed"
                ),
                (true, false) => format!("origins come from an allowlist: {counted}"),
                (false, false) => {
                    format!(
                        "origins come from an allowlist ({counted}), but some cannot be trusted"
                    )
                }
            }
        })
    }

    fn echo(&self) -> ChecklistItem {
        self.item("allowed origins echoed, others not", &[], |_| {
            match (self.is_everybody_alone(), self.has_everybody()) {
                (true, _) => "every origin gets `*`, so no origin has to be echoed".to_owned(),
                (false, true) => {
                    "a listed origin is echoed, any other gets `*` (by the library)".to_owned()
                }
                (false, false) => {
                    "an allowed origin is echoed, any other gets no permission (by the library)"
                        .to_owned()
                }
            }
        })
    }

    fn credentials(&self) -> ChecklistItem {
        let codes = ["danger-allowed"];
        let grants = &self.grants;
        let with = grants.iter().filter(|grant| grant.allow_credentials);
        let with: Vec<&Grant> = with.copied().collect();
        // The origin `null` is dangerous, too, but it never has credentials.
        let risky = with.iter().any(|grant| {
            let mut origins = patterns(grant);
            origins.any(|origin| {
                origin.is_insecure() || origin.public_suffix().is_some() || origin.is_any_host()
            })
        });
        let codes = if risky { &codes[..] } else { &[] };
        self.item("credentials if cookies are used", codes, |ok| {
            let whose = match with.len() {
                0 => return "no cookies: credentials are not allowed".to_owned(),
                count if count == grants.len() => "all listed origins".to_owned(),
                count => format!("the origins of {count} of {} grants", grants.len()),
            };
            match ok {
                true => format!("cookies are allowed for {whose}, and never for `*`"),
                false => format!("cookies are allowed for {whose}, including unsafe origins"),
            }
        })
    }

    fn vary(&self) -> ChecklistItem {
        self.item("`Vary: Origin`", &[], |_| match self.is_everybody_alone() {
            true => "responses are the same for every origin, so they need no `Vary`".to_owned(),
            false => "`Vary: Origin` is on every response (by the library)".to_owned(),
        })
    }

    fn methods_and_headers(&self) -> ChecklistItem {
        let grants = &self.grants;
        let has_any = |list: &[String]| list.iter().any(|item| item == "*");
        let methods = grants.iter().any(|grant| has_any(&grant.allow_methods));
        let headers = grants.iter().any(|grant| has_any(&grant.allow_headers));
        let codes: &[_] = match (methods, headers) {
            (false, false) => &[],
            (true, _) => &[
                "everything-allowed",
                "echoed-wildcard",
                "any-method",
                "everybody-may-change",
            ],
            (false, true) => &["echoed-wildcard", "any-header", "everybody-may-authorize"],
        };
        self.item("only the methods and headers that are used", codes, |_| {
            let count = |list: fn(&Grant) -> &Vec<String>| -> usize {
                grants.iter().map(|grant| list(grant).len()).sum()
            };
            match (methods, headers) {
                (true, true) => "any method and any header are allowed".to_owned(),
                (true, false) => "any method is allowed".to_owned(),
                (false, true) => "any header is allowed".to_owned(),
                (false, false) => format!(
                    "{} and {} are listed, no `*`",
                    counted(count(|grant| &grant.allow_methods), "method"),
                    counted(count(|grant| &grant.allow_headers), "header"),
                ),
            }
        })
    }

    fn max_age(&self) -> ChecklistItem {
        let codes = ["max-age-zero", "max-age-short"];
        self.item("a max age for preflights", &codes, |_| {
            let ages = self.grants.iter().map(|grant| grant.max_age.as_secs());
            let (least, most) = (ages.clone().min(), ages.max());
            let (least, most) = (least.unwrap_or_default(), most.unwrap_or_default());
            match (least, most) {
                (_, 0) => "browsers may not cache preflights".to_owned(),
                _ if least == most => {
                    format!("browsers may cache preflights for {}", duration(most))
                }
                _ => format!(
                    "browsers may cache preflights for {} to {}",
                    duration(least),
                    duration(most)
                ),
            }
        })
    }

    fn preflights(&self) -> ChecklistItem {
        let status = self.valid.config().preflight_status;
        self.item("fast answers to OPTIONS", &[], |_| {
            format!("preflights get {status}, before routing and authentication (by the library)")
        })
    }

    /// `2 exact, 1 with subdomains, those of 1 variable, set "customers" (given by the application)`.
    fn counted_origins(&self) -> String {
        let variables = self.valid.at_run_time().into_iter();
        let variables = variables.filter(|variable| {
            let mut places = variable.places.iter();
            places.any(|(place, _)| place.contains("allow_origins"))
        });
        let variables = match variables.count() {
            0 => None,
            count => Some(format!("those of {}", counted(count, "variable"))),
        };
        let known = Some(counted_origins(&self.grants)).filter(|known| !known.is_empty());
        let all = known.into_iter().chain(variables);
        let all: Vec<_> = all.chain(self.sets()).collect();
        all.join(", ")
    }

    /// The sets, each with where its origins are, and with its key.
    fn sets(&self) -> Vec<String> {
        const MAX: usize = 3;
        let mut texts: Vec<String> = Vec::new();
        let mut seen = HashSet::new();
        let sets = self.valid.sets().map(|(_, _, used)| used);
        for used in sets.filter(|used| seen.insert(*used)) {
            let (name, key) = (Short(&used.name), used.key.as_deref());
            let origins = match self.valid.origin_file(&used.name) {
                None => "given by the application".to_owned(),
                Some(file) => {
                    let count = counted(file.len(), "origin");
                    format!("{count} in {}", Printable(file.name()))
                }
            };
            let key = key.map(|key| format!(", key \"{}\"", Short(key)));
            texts.push(format!(
                "set \"{name}\" ({origins}){}",
                key.unwrap_or_default()
            ));
        }
        if texts.len() > MAX {
            let more = texts.len() - MAX;
            texts.truncate(MAX);
            texts.push(match more {
                1 => "1 more set".to_owned(),
                _ => format!("{more} more sets"),
            });
        }
        texts
    }

    fn has_everybody(&self) -> bool {
        let mut grants = self.grants.iter();
        grants.any(|grant| is_everybody(grant))
    }

    /// Whether each part is one grant for any origin.
    fn is_everybody_alone(&self) -> bool {
        self.valid
            .routes()
            .all(|route| matches!(self.valid.grants_of(route), [grant] if is_everybody(grant)))
    }
}

fn is_everybody(grant: &Grant) -> bool {
    grant.allow_origins.iter().any(|origin| origin == "*")
}

fn patterns(grant: &Grant) -> impl Iterator<Item = OriginPattern<'_>> {
    let origins = grant.allow_origins.iter();
    origins.filter_map(|origin| OriginPattern::parse(origin).ok())
}

/// `2 exact, 1 with subdomains`.
fn counted_origins(grants: &[&Grant]) -> String {
    const KINDS: [&str; 5] = [
        "exact",
        "with subdomains",
        "with a `*` in a name",
        "with any host",
        "with any port",
    ];
    let kind_of = |origin: &str| match origin.split_once("://") {
        Some((_, host)) if host.starts_with("*.") => 1,
        Some((_, "*")) => 3,
        Some((_, host)) if host.strip_suffix(":*").unwrap_or(host).contains('*') => 2,
        Some((_, host)) if host.ends_with(":*") => 4,
        _ => 0,
    };
    let origins = grants.iter().flat_map(|grant| &grant.allow_origins);
    let kinds: Vec<_> = origins
        .filter(|origin| *origin != "*")
        .map(|origin| kind_of(origin))
        .collect();
    let counts = KINDS.iter().enumerate().filter_map(|(kind, name)| {
        let count = kinds.iter().filter(|&&other| other == kind).count();
        (count > 0).then(|| format!("{count} {name}"))
    });
    counts.collect::<Vec<_>>().join(", ")
}

fn counted(count: usize, what: &str) -> String {
    match count {
        0 => format!("no {what}s"),
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

fn duration(seconds: u64) -> String {
    let (count, unit) = match seconds {
        seconds if seconds > 0 && seconds % 3600 == 0 => (seconds / 3600, "hour"),
        seconds if seconds > 0 && seconds % 60 == 0 => (seconds / 60, "minute"),
        seconds => (seconds, "second"),
    };
    match count {
        1 => format!("1 {unit}"),
        _ => format!("{count} {unit}s"),
    }
}
