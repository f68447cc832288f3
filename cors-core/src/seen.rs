//! The patterns that the validation has seen, and what they cover.

use std::collections::{HashMap, HashSet};

use crate::pattern::{OriginPattern, PortPattern, Shape};

/// A grant's index, and an index in its list.
pub(crate) type Position = (usize, usize);

/// The origin patterns that have been listed so far.
#[derive(Default)]
pub(crate) struct SeenPatterns<'a> {
    /// The first position of each.
    positions: HashMap<&'a str, Position>,
    /// Whether `*` is among them.
    any: bool,
    /// The other patterns with a wildcard. Do not compare each pattern with each of them: for a long list this would take
    /// hours.
    wide: HashSet<Wide<'a>>,
}

#[derive(PartialEq, Eq, Hash)]
struct Wide<'a> {
    scheme: &'a str,
    subdomains: bool,
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
                    subdomains: tuple.subdomains,
                    host: tuple.host,
                    port: tuple.port,
                });
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
        let is_listed = |subdomains, host| {
            let is_listed = |port| {
                self.wide.contains(&Wide {
                    scheme: tuple.scheme,
                    subdomains,
                    host,
                    port,
                })
            };
            is_listed(PortPattern::Any) || is_listed(tuple.port)
        };
        let dots = tuple.host.match_indices('.');
        let mut parents = dots.filter_map(|(dot, _)| tuple.host.get(dot + 1..));
        is_listed(tuple.subdomains, tuple.host) || parents.any(|parent| is_listed(true, parent))
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
    }
}
