//! Warnings and notes about a valid policy: settings that are probably not intended, not safe, or needless.
//!
//! Each lint is a function. The files group them by topic, and `codes/lints.md` explains
//! each of them.

mod everybody;
mod findings;
mod headers;
mod methods;
mod origins;
mod policy;
mod refuse;
mod routes;
mod sets;
mod subject;

use self::findings::Findings;
use self::subject::Subject;
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{Source, ValidPolicy};

use Severity::{Note, Warning};

/// A lint.
pub(crate) struct Lint {
    pub(crate) code: &'static str,
    severity: Severity,
    find: fn(&Subject<'_>, &mut Findings<'_>),
}

#[rustfmt::skip]
pub(crate) const LINTS: &[Lint] = &[
    Lint { code: "plain-http-origin", severity: Warning, find: origins::plain_http_origin },
    Lint { code: "localhost-origin", severity: Warning, find: origins::localhost_origin },
    Lint { code: "any-port", severity: Warning, find: origins::any_port },
    Lint { code: "wildcard-subdomains", severity: Note, find: origins::wildcard_subdomains },
    Lint { code: "shared-suffix", severity: Warning, find: origins::shared_suffix },
    Lint { code: "covered-origin", severity: Note, find: origins::covered_origin },
    Lint { code: "null-listed", severity: Warning, find: origins::null_listed },
    Lint { code: "trailing-dot", severity: Warning, find: origins::trailing_dot },
    Lint { code: "scheme-without-pages", severity: Warning, find: origins::scheme_without_pages },
    Lint { code: "installation-origin", severity: Warning, find: origins::installation_origin },
    Lint { code: "everything-allowed", severity: Warning, find: everybody::everything_allowed },
    Lint { code: "everybody-may-authorize", severity: Warning, find: everybody::everybody_may_authorize },
    Lint { code: "everybody-may-change", severity: Warning, find: everybody::everybody_may_change },
    Lint { code: "everybody-allowed", severity: Note, find: everybody::everybody_allowed },
    Lint { code: "safelisted-method", severity: Note, find: methods::safelisted_method },
    Lint { code: "lower-case-method", severity: Warning, find: methods::lower_case_method },
    Lint { code: "needless-method", severity: Note, find: methods::needless_method },
    Lint { code: "any-method", severity: Warning, find: methods::any_method },
    Lint { code: "safelisted-header", severity: Note, find: headers::safelisted_header },
    Lint { code: "safelisted-response-header", severity: Note, find: headers::safelisted_response_header },
    Lint { code: "wrong-side", severity: Warning, find: headers::wrong_side },
    Lint { code: "any-header", severity: Warning, find: headers::any_header },
    Lint { code: "authorization-not-covered", severity: Warning, find: headers::authorization_not_covered },
    Lint { code: "json-not-allowed", severity: Note, find: headers::json_not_allowed },
    Lint { code: "echoed-wildcard", severity: Warning, find: policy::echoed_wildcard },
    Lint { code: "danger-allowed", severity: Warning, find: policy::danger_allowed },
    Lint { code: "danger-unused", severity: Warning, find: policy::danger_unused },
    Lint { code: "vary-per-origin", severity: Note, find: policy::vary_per_origin },
    Lint { code: "max-age-zero", severity: Warning, find: policy::max_age_zero },
    Lint { code: "max-age-short", severity: Warning, find: policy::max_age_short },
    Lint { code: "max-age-capped", severity: Note, find: policy::max_age_capped },
    Lint { code: "status-200", severity: Note, find: policy::status_200 },
    Lint { code: "large-header", severity: Warning, find: headers::large_header },
    Lint { code: "session-not-exposed", severity: Warning, find: headers::session_not_exposed },
    Lint { code: "repeated-part", severity: Note, find: routes::repeated_part },
    Lint { code: "strict-route", severity: Warning, find: routes::strict_route },
    Lint { code: "everybody-by-default", severity: Warning, find: everybody::everybody_by_default },
    Lint { code: "private-in-public", severity: Warning, find: routes::private_in_public },
    Lint { code: "hosts-missing", severity: Warning, find: refuse::hosts_missing },
    Lint { code: "hosts-unused", severity: Warning, find: refuse::hosts_unused },
    Lint { code: "refused-method", severity: Warning, find: refuse::refused_method },
    Lint { code: "refused-alone", severity: Note, find: refuse::refused_alone },
    Lint { code: "cookies-unprotected", severity: Note, find: refuse::cookies_unprotected },
    Lint { code: "local-server-open", severity: Warning, find: refuse::local_server_open },
    Lint { code: "set-without-key", severity: Warning, find: sets::set_without_key },
];

/// The findings of the lints in a policy, in the order of the file.
pub(super) fn find(source: &Source, valid: &ValidPolicy) -> Vec<Diagnostic> {
    let subject = Subject::new(source, valid);
    let mut found = Vec::new();
    for lint in LINTS {
        let mut findings = Findings::of(lint, &mut found);
        (lint.find)(&subject, &mut findings);
    }
    found.sort_by_key(|finding| finding.span.start);
    found
}
