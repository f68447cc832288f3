//! A policy as tables, which every gateway can look things up in.

use std::fmt;

use cors_core::adapter::{Header, PolicyPart, PolicySet};
use cors_core::{GrantId, OriginPattern, Policy, Refuse};

use crate::{Refusal, origin_regex, path_regex};

/// A policy as tables. A request is decided in these steps:
///
/// 1. If there are routes, the first of [`paths`](Self::paths) that matches says which part its path belongs to. A path that
///    none matches belongs to the first part.
/// 2. The part says which of [`outcomes`](Self::outcomes) its origin has.
/// 3. The outcome has the headers, and the part says what is refused.
#[derive(Debug)]
pub(crate) struct Table<'a> {
    /// Empty for a policy without routes.
    pub(crate) paths: Vec<PathRow>,
    /// What is at the top, then each route; if there are routes, the part without grants for paths that are not in normal
    /// form is the last one.
    pub(crate) parts: Vec<Part<'a>>,
    pub(crate) outcomes: Vec<Outcome<'a>>,
    /// The status of the response to a preflight with a grant.
    pub(crate) preflight_status: u16,
    /// Expressions for every `Host`, in lower case, that is not refused. Empty if all are allowed.
    pub(crate) hosts: Vec<String>,
    /// What these expressions are for: patterns of host and port.
    pub(crate) host_patterns: Vec<String>,
}

/// The paths of a part.
#[derive(Debug)]
pub(crate) struct PathRow {
    /// An expression for a path without its query. For bytes, and anywhere in the text.
    pub(crate) regex: String,
    /// Whether the case of letters does not count.
    pub(crate) ignores_case: bool,
    /// The index of the part.
    pub(crate) part: usize,
}

/// Which outcome an origin has. An origin is a request's only line of `Origin`, without white space around it.
///
/// The first of the grants decides: see [`Part::is_before`].
#[derive(Debug)]
pub(crate) struct Part<'a> {
    /// For comments: the path of a route, or what is special.
    pub(crate) name: String,
    /// The outcome of an origin that nothing matches, of several lines of `Origin`, and of a request without `Origin`.
    pub(crate) unmatched: usize,
    /// Origins, each with its outcome. They are to be looked up first, case-sensitive.
    pub(crate) exact: Vec<(String, usize)>,
    /// Expressions, in order: the first one that matches decides.
    pub(crate) patterns: Vec<PatternRow>,
    /// Sets, in the order of their grants. The set decides if its grant is before that of the exact origin or pattern.
    pub(crate) sets: Vec<SetRow<'a>>,
    pub(crate) refuse: Refuse,
    /// The order of the part's grants, as outcomes.
    order: Vec<usize>,
}

#[derive(Debug)]
pub(crate) struct PatternRow {
    /// For comments: what the expression is for.
    pub(crate) text: String,
    /// An expression for an origin, anywhere in the text.
    pub(crate) regex: String,
    pub(crate) outcome: usize,
}

#[derive(Debug)]
pub(crate) struct SetRow<'a> {
    pub(crate) set: PolicySet<'a>,
    /// The place of the grant in the policy.
    pub(crate) place: String,
    pub(crate) outcome: usize,
}

/// What goes on the responses to a request. Outcomes that do not differ are one, unless they are grants of the same part.
#[derive(Debug)]
pub(crate) struct Outcome<'a> {
    /// For comments: the grants.
    pub(crate) name: String,
    /// The headers of an actual response. A response that refuses a request has `Cache-Control: no-store`, too.
    pub(crate) actual: &'a [Header<Box<str>>],
    /// Whether a preflight is granted. If not, its status is 403.
    pub(crate) is_granted: bool,
    /// The headers of the response to a preflight.
    pub(crate) preflight: &'a [Header<Box<str>>],
    /// Whether the grant is for listed origins: then neither `websocket` nor `unlisted-origins` refuses.
    pub(crate) is_listed: bool,
    /// Whether the grant is one with credentials: then `cross-site-writes` does not refuse.
    pub(crate) allows_credentials: bool,
}

impl<'a> Table<'a> {
    pub(crate) fn new(policy: &'a Policy) -> Result<Self, Vec<Refusal>> {
        let parts = policy.parts();
        check(&parts)?;
        let hosts = policy.host_patterns().unwrap_or_default();
        let mut table = Self {
            paths: Vec::new(),
            parts: Vec::new(),
            outcomes: Vec::new(),
            preflight_status: policy.preflight_status(),
            hosts: hosts.iter().map(|host| origin_regex::host(host)).collect(),
            host_patterns: hosts,
        };
        for part in &parts {
            table.add_part(part, part.path().unwrap_or("every path"));
        }
        if let Some(abnormal) = policy.abnormal_part() {
            table.add_part(&abnormal, "paths that are not in normal form");
            table.add_paths(&parts);
        }
        Ok(table)
    }

    /// Whether the policy has routes.
    pub(crate) fn has_routes(&self) -> bool {
        !self.paths.is_empty()
    }

    fn add_paths(&mut self, parts: &[PolicyPart<'_>]) {
        let abnormal = self.parts.len().saturating_sub(1);
        let mut row = |regex, ignores_case, part| {
            self.paths.push(PathRow {
                regex,
                ignores_case,
                part,
            });
        };
        row(path_regex::ABNORMAL.to_owned(), false, abnormal);
        let paths = parts.iter().enumerate();
        let paths = paths.filter_map(|(index, part)| Some((part.path()?, index)));
        let mut paths: Vec<_> = paths.collect();
        paths.sort_by(|(a, _), (b, _)| path_regex::most_specific_first(a, b));
        for (path, index) in paths {
            let regex = path_regex::route(path);
            row(regex.clone(), false, index);
            // A server behind the gateway may ignore the case of letters.
            if path.contains(|char: char| char.is_ascii_alphabetic()) {
                row(regex, true, abnormal);
            }
        }
    }

    fn add_part(&mut self, part: &PolicyPart<'a>, name: &str) {
        let unmatched = Outcome {
            name: "no grant".to_owned(),
            actual: part.actual_without_grant(),
            is_granted: false,
            preflight: part.preflight_without_grant(),
            is_listed: false,
            allows_credentials: false,
        };
        let unmatched = self.outcome(unmatched, &[]);
        let mut order = Vec::new();
        let (mut exact, mut patterns, mut sets) = (Vec::new(), Vec::new(), Vec::new());
        let grants = part.grants();
        for grant in &grants {
            let outcome = Outcome {
                name: grant.id.to_string(),
                actual: grant.actual,
                is_granted: true,
                preflight: grant.preflight,
                is_listed: !grant.is_everyone,
                allows_credentials: grant.allows_credentials,
            };
            let outcome = self.outcome(outcome, &order);
            order.push(outcome);
        }
        let outcome = |grant: GrantId| order.get(grant.index()).copied().unwrap_or(unmatched);
        for grant in &grants {
            for text in &grant.patterns {
                // Only what needs an expression is parsed: a list can have 100,000 origins.
                let pattern = text.contains('*').then(|| OriginPattern::parse(text));
                match pattern {
                    Some(Ok(pattern)) => patterns.push(PatternRow {
                        text: text.clone(),
                        regex: origin_regex::origin(&pattern),
                        outcome: outcome(grant.id),
                    }),
                    // No pattern of an earlier grant matches it: that is an error in a policy.
                    _ => exact.push((text.clone(), outcome(grant.id))),
                }
            }
            if grant.is_everyone {
                let mut row = |text: &str, regex, outcome| {
                    patterns.push(PatternRow {
                        text: text.to_owned(),
                        regex,
                        outcome,
                    });
                };
                row("not an origin", origin_regex::NOT_ANY.to_owned(), unmatched);
                row("*", origin_regex::any_origin(), outcome(grant.id));
            }
            for set in &grant.sets {
                let outcome = outcome(grant.id);
                sets.push(SetRow {
                    set: *set,
                    place: grant.id.to_string(),
                    outcome,
                });
            }
        }
        if !patterns.is_empty() {
            let too_long = PatternRow {
                text: "too long".to_owned(),
                regex: origin_regex::TOO_LONG.to_owned(),
                outcome: unmatched,
            };
            patterns.insert(0, too_long);
        }
        self.parts.push(Part {
            name: name.to_owned(),
            unmatched,
            exact,
            patterns,
            sets,
            refuse: part.refuse(),
            order,
        });
    }

    /// The index of an outcome. An equal one is used again if it is not in `different`.
    fn outcome(&mut self, outcome: Outcome<'a>, different: &[usize]) -> usize {
        let found = self.outcomes.iter().enumerate().find(|(index, known)| {
            !different.contains(index)
                && known.actual == outcome.actual
                && known.is_granted == outcome.is_granted
                && known.preflight == outcome.preflight
                && known.is_listed == outcome.is_listed
                && known.allows_credentials == outcome.allows_credentials
        });
        let found = found.map(|(index, _)| index);
        match found.and_then(|index| Some((index, self.outcomes.get_mut(index)?))) {
            Some((index, known)) => {
                if known.is_granted {
                    known.name = format!("{}, {}", known.name, outcome.name);
                }
                index
            }
            None => {
                self.outcomes.push(outcome);
                self.outcomes.len() - 1
            }
        }
    }
}

impl Part<'_> {
    /// Whether the grant of an outcome is before that of another one, which can be [`unmatched`](Self::unmatched).
    pub(crate) fn is_before(&self, outcome: usize, other: usize) -> bool {
        let place = |outcome: usize| {
            let place = self.order.iter().position(|known| *known == outcome);
            place.unwrap_or(usize::MAX)
        };
        place(outcome) < place(other)
    }

    /// Whether something is refused.
    pub(crate) fn refuses(&self) -> bool {
        self.refuse.websocket || self.refuse.cross_site_writes || self.refuse.unlisted_origins
    }
}

/// What no gateway can do.
fn check(parts: &[PolicyPart<'_>]) -> Result<(), Vec<Refusal>> {
    let mut refusals = Vec::new();
    for (part, place) in parts
        .iter()
        .zip(std::iter::once(Place(None)).chain((0..).map(|route| Place(Some(route)))))
    {
        if part.refuse().report_only {
            refusals.push(Refusal {
                place: format!("{place}refuse_report_only"),
                message: "a gateway cannot report a request and let it pass; remove `refuse_report_only`, or refuse in the application".to_owned(),
            });
        }
        for grant in part.grants() {
            for set in grant.sets.iter().filter(|set| !set.set.is_filled()) {
                refusals.push(Refusal {
                    place: grant.id.to_string(),
                    message: format!(
                        "what is in the set `{}` is not known; give it with `--origins {}=FILE`",
                        set.name, set.name
                    ),
                });
            }
        }
    }
    match refusals.is_empty() {
        true => Ok(()),
        false => Err(refusals),
    }
}

/// What a place in a policy begins with: `route[0].`, or nothing at the top.
struct Place(Option<usize>);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(route) => write!(f, "route[{route}]."),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use cors_core::adapter::{Decision, RequestHead, RequestHeader};
    use proptest::proptest;
    use regex::bytes::{Regex, RegexBuilder};

    use super::*;

    /// The policies of the tests.
    const POLICIES: [&str; 5] = [
        "allow_origins = ['*']",
        "allow_origins = ['https://app.example.com', 'https://*.example.com', 'http://localhost:*']\n\
         allow_credentials = true\nallow_methods = ['PUT']\nallow_headers = ['*']",
        "[[grant]]\nallow_origins = ['https://a.example.com']\nmax_age = 1\n\
         [[grant]]\nallow_origins = ['https://*.example.com', 'https://b.example']\nmax_age = 2\n\
         [[grant]]\nallow_origins = ['https://b-*.b.example']\nmax_age = 3\n\
         [[grant]]\nallow_origins = ['*']",
        "dangerously_allow = ['null-origin']\n\
         [[grant]]\nallow_origins = ['https://pr-*.example.com:*']\n\
         [[grant]]\nallow_origins = ['https://*.example.com', 'null']\nmax_age = 0",
        "allow_origins = ['https://app.example.com']\n\
         [[route]]\npath = '/public'\nallow_origins = ['*']\n\
         [[route]]\npath = '/public/{x}/a'\nallow_origins = []\n\
         [[route]]\npath = '/Public.x/b'\nallow_origins = ['https://a.example.com']\n\
         [[route]]\npath = '/{x}/b'\nallow_origins = ['https://b.example']\n\
         [[route]]\npath = '/123'\nallow_origins = ['https://b.example']",
    ];

    struct Head<'a> {
        path: &'a [u8],
        origin: &'a str,
    }

    impl RequestHead for Head<'_> {
        fn method(&self) -> &[u8] {
            b"OPTIONS"
        }

        fn path(&self) -> Option<&[u8]> {
            Some(self.path)
        }

        fn lines(&self, name: RequestHeader) -> impl Iterator<Item = &[u8]> {
            let line = match name {
                RequestHeader::Origin => Some(self.origin.as_bytes()),
                RequestHeader::AccessControlRequestMethod => Some(b"PUT".as_slice()),
                _ => None,
            };
            line.into_iter()
        }
    }

    /// Looks things up in the tables as a gateway does.
    struct Gateway<'a> {
        policy: &'a Policy,
        table: Table<'a>,
        paths: Vec<Regex>,
        patterns: Vec<Vec<Regex>>,
    }

    impl<'a> Gateway<'a> {
        fn new(policy: &'a Policy) -> Self {
            let regex = |text: &str, ignores_case| {
                let mut regex = RegexBuilder::new(text);
                regex.unicode(false).case_insensitive(ignores_case);
                regex.build().unwrap()
            };
            let table = Table::new(policy).unwrap();
            let paths = table.paths.iter();
            let paths = paths
                .map(|row| regex(&row.regex, row.ignores_case))
                .collect();
            let patterns = table.parts.iter().map(|part| {
                let patterns = part.patterns.iter();
                patterns.map(|row| regex(&row.regex, false)).collect()
            });
            let patterns = patterns.collect();
            Self {
                policy,
                table,
                paths,
                patterns,
            }
        }

        fn outcome(&self, path: &[u8], origin: &str) -> &Outcome<'a> {
            let row = self.paths.iter().position(|regex| regex.is_match(path));
            let part = row.map_or(0, |row| self.table.paths[row].part);
            let (part, patterns) = (&self.table.parts[part], &self.patterns[part]);
            let exact = part.exact.iter().find(|(text, _)| text == origin);
            let outcome = exact.map(|(_, outcome)| *outcome).unwrap_or_else(|| {
                let row = patterns
                    .iter()
                    .position(|regex| regex.is_match(origin.as_bytes()));
                row.map_or(part.unmatched, |row| part.patterns[row].outcome)
            });
            &self.table.outcomes[outcome]
        }

        #[track_caller]
        fn check(&self, path: &[u8], origin: &str) {
            let decision = self.policy.decide(&Head { path, origin });
            let Decision::Respond(preflight) = decision else {
                panic!()
            };
            let outcome = self.outcome(path, origin);
            let shown = String::from_utf8_lossy(path);
            assert_eq!(
                outcome.is_granted,
                preflight.status() != 403,
                "{origin} {shown}"
            );
            assert_eq!(
                outcome.preflight,
                self.policy.headers(decision),
                "{origin} {shown}"
            );
        }
    }

    #[test]
    fn a_gateway_decides_as_the_library() {
        let policies = POLICIES.map(|text| Policy::from_toml(text).unwrap());
        let gateways: Vec<_> = policies.iter().map(Gateway::new).collect();
        let origin = "(https?|app)://((app|a|b|b-1|pr-1|pr-)\\.)?(example\\.com|b\\.example|localhost|b-x\\.b\\.example|\\[::1\\])(:[0-9]{1,5})?|null|\\*|";
        let path = "(/(public|PUBLIC|Public|[Pp]ublic\\.x|a|A|b|B|123|\\.|\\.\\.|%2[efEF]|%41|%zz|%|%25|;|%5C|%7f|x y|~|)){0,4}";
        proptest!(|(origin in origin, path in path)| {
            for gateway in &gateways {
                gateway.check(path.as_bytes(), &origin);
            }
        });
    }

    /// Every byte, and every byte percent-encoded.
    #[test]
    fn bytes_of_paths() {
        let policy = Policy::from_toml(POLICIES[4]).unwrap();
        let gateway = Gateway::new(&policy);
        let check = |path: &[u8]| gateway.check(path, "https://a.example");
        for byte in 0..=255 {
            check(&[b"/public/", &[byte][..], b"x"].concat());
            check(&[byte]);
            check(&[b"/public", &[byte][..]].concat());
            check(format!("/public/%{byte:02x}").as_bytes());
            check(format!("/public/%{byte:02X}a").as_bytes());
            check(&[b"/public/%4", &[byte][..]].concat());
            check(&[b"/public/%", &[byte][..], b"1"].concat());
        }
    }

    #[test]
    fn what_no_gateway_can_do() {
        #[track_caller]
        fn check(text: &str, expected: &[&str]) {
            let refusals = Table::new(&Policy::from_toml(text).unwrap()).unwrap_err();
            let refusals: Vec<_> = refusals.iter().map(ToString::to_string).collect();
            assert_eq!(refusals, expected);
        }
        check(
            "allow_origins = ['https://a.example']\nrefuse = ['websocket']\nrefuse_report_only = true",
            &[
                "refuse_report_only: a gateway cannot report a request and let it pass; remove `refuse_report_only`, or refuse in the application",
            ],
        );
    }
}
