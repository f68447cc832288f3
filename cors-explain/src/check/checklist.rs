//! What a policy needs before it goes into production, item by item, and how this one stands.

use cors_core::{Config, Grant, OriginPattern};
use serde::Serialize;

use crate::diagnostic::Diagnostic;

/// An item of the checklist.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ChecklistItem {
    /// What is wanted.
    pub item: &'static str,
    /// Whether it is so.
    pub ok: bool,
    /// How it is with this policy.
    pub text: String,
    /// The lint that says more, where it is not so.
    pub code: Option<&'static str>,
}

/// The list for a policy; `findings` are all that the lints found in it, silenced or not.
pub(super) fn of(config: &Config, findings: &[Diagnostic]) -> Vec<ChecklistItem> {
    let list = Checklist { config, findings };
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
    config: &'a Config,
    findings: &'a [Diagnostic],
}

impl Checklist<'_> {
    /// An item that is as it should be unless one of these lints has found something.
    fn item(
        &self,
        item: &'static str,
        codes: &[&str],
        text: impl FnOnce(bool) -> String,
    ) -> ChecklistItem {
        // The first code of the list is the worst.
        let code = codes.iter().find_map(|code| {
            let mut found = self.findings.iter().map(|finding| finding.code);
            found.find(|found| found == code)
        });
        ChecklistItem {
            item,
            ok: code.is_none(),
            text: text(code.is_none()),
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
            let counted = counted_origins(&self.config.grants);
            match (ok, self.has_everybody()) {
                (_, true) if self.config.grants.len() == 1 => {
                    "origins come from no list: everybody is allowed".to_owned()
                }
                (_, true) => format!(
                    "origins come from an allowlist ({counted}), but then everybody is allowed"
                ),
                (true, false) => format!("origins come from an allowlist: {counted}"),
                (false, false) => {
                    format!(
                        "origins come from an allowlist ({counted}), but not all can be trusted"
                    )
                }
            }
        })
    }

    fn echo(&self) -> ChecklistItem {
        self.item("allowed origins echoed, others rejected", &[], |_| {
            match (self.is_everybody_alone(), self.has_everybody()) {
                (true, _) => {
                    "every origin is answered with `*`, and none has to be echoed".to_owned()
                }
                (false, true) => {
                    "a listed origin is echoed, any other is answered with `*` (by the library)"
                        .to_owned()
                }
                (false, false) => {
                    "an allowed origin is echoed, any other rejected (by the library)".to_owned()
                }
            }
        })
    }

    fn credentials(&self) -> ChecklistItem {
        let codes = ["danger-allowed"];
        let grants = &self.config.grants;
        let with: Vec<&Grant> = grants
            .iter()
            .filter(|grant| grant.allow_credentials)
            .collect();
        // The origin `null` is a danger, but never one with credentials.
        let risky = with.iter().any(|grant| {
            let mut origins = patterns(grant);
            origins.any(|origin| origin.is_insecure() || origin.public_suffix().is_some())
        });
        let codes = if risky { &codes[..] } else { &[] };
        self.item("credentials if cookies are used", codes, |ok| {
            let whose = match with.len() {
                0 => return "no cookies: credentials are not allowed".to_owned(),
                count if count == grants.len() => "all origins here".to_owned(),
                count => format!("{count} of {} grants", grants.len()),
            };
            match ok {
                true => format!("cookies go with requests of {whose}, and never with `*`"),
                false => format!("cookies go with requests of {whose}, also of unsafe origins"),
            }
        })
    }

    fn vary(&self) -> ChecklistItem {
        self.item("`Vary: Origin`", &[], |_| match self.is_everybody_alone() {
            true => "the answer is the same for everybody: no `Vary` is needed".to_owned(),
            false => "`Vary: Origin` is on every response (by the library)".to_owned(),
        })
    }

    fn methods_and_headers(&self) -> ChecklistItem {
        let grants = &self.config.grants;
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
            let ages = self
                .config
                .grants
                .iter()
                .map(|grant| grant.max_age.as_secs());
            let (least, most) = (ages.clone().min(), ages.max());
            let (least, most) = (least.unwrap_or_default(), most.unwrap_or_default());
            match (least, most) {
                (_, 0) => "browsers may not remember preflights".to_owned(),
                _ if least == most => {
                    format!("browsers may remember preflights for {}", duration(most))
                }
                _ => format!(
                    "browsers may remember preflights for {} to {}",
                    duration(least),
                    duration(most)
                ),
            }
        })
    }

    fn preflights(&self) -> ChecklistItem {
        let status = self.config.preflight_status;
        self.item("fast answers to OPTIONS", &[], |_| {
            format!("preflights get {status} before routing and authentication (by the library)")
        })
    }

    fn has_everybody(&self) -> bool {
        let mut origins = self
            .config
            .grants
            .iter()
            .flat_map(|grant| &grant.allow_origins);
        origins.any(|origin| origin == "*")
    }

    fn is_everybody_alone(&self) -> bool {
        self.config.grants.len() == 1 && self.has_everybody()
    }
}

fn patterns(grant: &Grant) -> impl Iterator<Item = OriginPattern<'_>> {
    let origins = grant.allow_origins.iter();
    origins.filter_map(|origin| OriginPattern::parse(origin).ok())
}

/// `2 exact, 1 with subdomains`.
fn counted_origins(grants: &[Grant]) -> String {
    let (mut exact, mut subdomains, mut ports) = (0_usize, 0_usize, 0_usize);
    for origin in grants.iter().flat_map(|grant| &grant.allow_origins) {
        match origin {
            origin if origin == "*" => {}
            origin if origin.contains("://*.") => subdomains += 1,
            origin if origin.ends_with(":*") => ports += 1,
            _ => exact += 1,
        }
    }
    let counts = [
        (exact, "exact"),
        (subdomains, "with subdomains"),
        (ports, "with any port"),
    ];
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let counts: Vec<_> = counts
        .map(|(count, kind)| format!("{count} {kind}"))
        .collect();
    counts.join(", ")
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
