//! The patterns that the validation has seen, and what they cover.

use std::collections::{HashMap, HashSet};

use crate::label_patterns::LabelPatterns;
use crate::pattern::{HostWildcard, OriginPattern, PortPattern, Shape, Tuple};

/// A grant's index, and an index in its list.
pub(crate) type Position = (usize, usize);

/// The origin patterns that have been listed so far.
#[derive(Default)]
pub(crate) struct SeenPatterns<'a> {
    /// The first position of each.
    positions: HashMap<&'a str, Position>,
    /// Whether `*` is among them.
    any: bool,
    /// The others with a wildcard. Do not compare each pattern with each of them: a long list would take
    /// hours.
    wide: HashSet<Wide<'a>>,
    /// Those of them with a `*` next to other text in the first label, by scheme and the host after it.
    labels: HashMap<(&'a str, &'a str), LabelPatterns<HashSet<PortPattern>>>,
}

#[derive(PartialEq, Eq, Hash)]
struct Wide<'a> {
    scheme: &'a str,
    wildcard: HostWildcard<'a>,
    /// The host without the wildcard.
    host: &'a str,
    port: PortPattern,
}

impl<'a> SeenPatterns<'a> {
    /// The first position of a pattern.
    pub(crate) fn position(&self, pattern: &OriginPattern<'_>) -> Option<Position> {
        self.positions.get(pattern.as_str()).copied()
    }

    pub(crate) fn insert(&mut self, pattern: &OriginPattern<'a>, position: Position) {
        self.positions.entry(pattern.as_str()).or_insert(position);
        match pattern.shape() {
            Shape::Any => self.any = true,
            Shape::Tuple(tuple) if tuple.has_wildcard() => {
                self.wide.insert(Wide {
                    scheme: tuple.scheme,
                    wildcard: tuple.wildcard,
                    host: tuple.host,
                    port: tuple.port,
                });
                if let HostWildcard::Label(label) = tuple.wildcard {
                    let labels = self.labels.entry((tuple.scheme, tuple.host));
                    let ports = labels.or_default().entry(&label);
                    ports.insert(tuple.port);
                }
            }
            Shape::Tuple(_) | Shape::Null => {}
        }
    }

    /// Whether some listed pattern matches every origin that this one matches.
    pub(crate) fn covers(&self, narrow: &OriginPattern<'_>) -> bool {
        if self.any || self.positions.contains_key(narrow.as_str()) {
            return true;
        }
        let Shape::Tuple(tuple) = narrow.shape() else {
            return false;
        };
        let is_listed = |wildcard, host| {
            let is_listed = |port| {
                self.wide.contains(&Wide {
                    scheme: tuple.scheme,
                    wildcard,
                    host,
                    port,
                })
            };
            is_listed(PortPattern::Any) || is_listed(tuple.port)
        };
        let dots = tuple.host.match_indices('.');
        let mut parents = dots.filter_map(|(dot, _)| tuple.host.get(dot + 1..));
        is_listed(tuple.wildcard, tuple.host)
            || is_listed(HostWildcard::AnyHost, "")
            || self.covers_label(&tuple)
            || match tuple.wildcard {
                HostWildcard::Label(_) => is_listed(HostWildcard::Subdomains, tuple.host),
                _ => false,
            }
            || parents.any(|parent| is_listed(HostWildcard::Subdomains, parent))
    }

    /// Whether a pattern with other text in the first label matches what this one matches.
    fn covers_label(&self, narrow: &Tuple<'_>) -> bool {
        let (label, host) = match narrow.wildcard {
            HostWildcard::Label(label) => (label.text, narrow.host),
            HostWildcard::None => narrow.host.split_once('.').unwrap_or_default(),
            HostWildcard::Subdomains | HostWildcard::AnyHost => return false,
        };
        let labels = self.labels.get(&(narrow.scheme, host));
        let mut ports = labels
            .into_iter()
            .flat_map(|labels| labels.matching(label.as_bytes()));
        ports.any(|ports| ports.contains(&PortPattern::Any) || ports.contains(&narrow.port))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coverage() {
        #[track_caller]
        fn check(wide: &str, narrow: &str, expected: bool) {
            let [wide, narrow] = [wide, narrow].map(|text| OriginPattern::parse(text).unwrap());
            let mut seen = SeenPatterns::default();
            seen.insert(&wide, (0, 0));
            assert_eq!(seen.covers(&narrow), expected, "{wide} covers {narrow}");
            assert_eq!(wide.covers(&narrow), expected, "{wide} covers {narrow}");
        }
        check("*", "https://example.com", true);
        check("*", "null", true);
        check("*", "*", true);
        check("https://example.com", "*", false);
        check("https://example.com", "https://example.com", true);
        check("https://example.com", "http://example.com", false);
        check("https://*.example.com", "https://example.com", false);
        check("https://*.example.com", "https://a.example.com", true);
        check("https://*.example.com", "https://evilexample.com", false);
        check("https://*.example.com", "https://*.example.com", true);
        check("https://*.example.com", "https://*.a.example.com", true);
        check("https://*.a.example.com", "https://*.example.com", false);
        check("https://a.example.com", "https://*.example.com", false);
        check("https://*.example.com", "https://a.example.com:8443", false);
        check(
            "https://*.example.com:*",
            "https://a.example.com:8443",
            true,
        );
        check("https://*.example.com:*", "https://*.a.example.com", true);
        check("http://localhost:*", "http://localhost:3000", true);
        check("http://localhost:3000", "http://localhost:*", false);
        check("null", "https://example.com", false);
        check("https://*.com.", "https://example.com.", true);
        check("https://*.com", "https://example.com.", false);
        check("https://*.example.com:1", "https://*.a.example.com:1", true);
        check(
            "https://*.example.com:1",
            "https://*.a.example.com:*",
            false,
        );
        check("http://[::1]:*", "http://[::1]:3000", true);
        check("https://pr-*.example.com", "https://pr-7.example.com", true);
        check("https://pr-*.example.com", "https://pr-.example.com", false);
        check(
            "https://pr-*.example.com",
            "https://a.pr-7.example.com",
            false,
        );
        check(
            "https://pr-*.example.com",
            "https://pr-7.example.com:1",
            false,
        );
        check(
            "https://pr-*.example.com:*",
            "https://pr-7.example.com:1",
            true,
        );
        check(
            "https://pr-*.example.com",
            "https://pr-7.example.org",
            false,
        );
        check(
            "https://pr-*.example.com",
            "https://pr-7-*.example.com",
            true,
        );
        check(
            "https://pr-*.example.com",
            "https://pr-*-team.example.com",
            true,
        );
        check("https://pr-*.example.com", "https://p*.example.com", false);
        check(
            "https://*-team.example.com",
            "https://xn--*-team.example.com",
            false,
        );
        check(
            "https://*-team.example.com",
            "https://a_*-team.example.com",
            false,
        );
        check("https://*.example.com", "https://pr-*.example.com", true);
        check("https://*.com", "https://pr-*.example.com", true);
        check("https://pr-*.example.com", "https://*.example.com", false);
        check(
            "https://pr-*.example.com",
            "https://*.pr-7.example.com",
            false,
        );
        check("app://*", "app://a.example", true);
        check("app://*", "app://a", true);
        check("app://*", "app://a:1", false);
        check("app://*", "app://a:*", false);
        check("app://*", "app://*.example", true);
        check("app://*", "app://a*.example", true);
        check("app://*", "app://*", true);
        check("app://*", "other://*", false);
        check("app://*.example", "app://*", false);
    }
}
