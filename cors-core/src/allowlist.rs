//! Matching: which grant is for an origin.

use std::collections::BTreeMap;

use crate::domain;
use crate::origin::{Origin, OriginError};
use crate::pattern::{OriginPattern, Shape, Tuple};
use crate::table::{Slot, Table};
use crate::wildcards::Wildcards;

/// The number of no grant, behind all others.
pub(crate) const NOBODY: u32 = u32::MAX;

/// The origin patterns of all grants, compiled: the cost of a look-up does not grow with their
/// number.
#[derive(Debug)]
pub(crate) struct Allowlist {
    /// Origins without wildcards, and `null`.
    exact: Table<u32>,
    /// Origins with wildcards, if there are any. For each scheme on its own: it is tempting to have
    /// the scheme in what is compared, but then each comparison would be with it.
    wildcards: Option<AnyScheme>,
    /// The first grant of `*`, or [`NOBODY`].
    any: u32,
    /// The length of the longest origin that any pattern matches.
    max_len: usize,
}

#[derive(Debug)]
struct AnyScheme {
    /// Nearly all have this one.
    https: Wildcards,
    /// In the order of their schemes.
    others: Box<[Wildcards]>,
}

impl Allowlist {
    /// Compiles `(grant, pattern)` pairs, the first grant first.
    pub(crate) fn new<'a>(
        patterns: impl Iterator<Item = (u32, OriginPattern<'a>)> + Clone,
    ) -> Self {
        let exact = patterns.clone().filter_map(|(grant, pattern)| {
            let is_exact = match pattern.shape() {
                Shape::Any => false,
                Shape::Null => true,
                Shape::Tuple(tuple) => !tuple.has_wildcard(),
            };
            is_exact.then(|| (grant, pattern.as_str()))
        });
        let (mut any, mut max_len) = (NOBODY, 0);
        let mut wildcards: BTreeMap<&str, Vec<(u32, Tuple<'a>)>> = BTreeMap::new();
        for (grant, pattern) in patterns.clone() {
            max_len = max_len.max(pattern.max_len());
            match pattern.shape() {
                Shape::Any => any = any.min(grant),
                Shape::Tuple(tuple) if tuple.has_wildcard() => {
                    let of_scheme = wildcards.entry(tuple.scheme).or_default();
                    of_scheme.push((grant, tuple));
                }
                Shape::Tuple(_) | Shape::Null => {}
            }
        }
        Self {
            // The first grant of an origin is the one that counts.
            exact: Table::new(exact, NOBODY, |_, _| {}),
            wildcards: (!wildcards.is_empty()).then(|| {
                let https = wildcards.remove("https").unwrap_or_default();
                let others = wildcards.iter();
                let others = others.map(|(scheme, list)| Wildcards::new(scheme, list));
                let mut others: Box<[Wildcards]> = others.collect();
                // As they are written, with `://` behind: `a.b` is before `a` then.
                others.sort_by(|one, other| one.scheme().cmp(other.scheme()));
                AnyScheme {
                    https: Wildcards::new("https", &https),
                    others,
                }
            }),
            any,
            max_len,
        }
    }

    /// The first grant that is for the origin, if any. Bounded by the length of the longest origin
    /// that could match, whatever is sent; allocates nothing.
    #[inline(always)]
    pub(crate) fn grant(&self, origin: &[u8]) -> Option<u32> {
        // Before hashing: a hostile `Origin` of 8 KiB must cost no more than a short one.
        if origin.len() > self.max_len {
            return None;
        }
        match &self.wildcards {
            Some(wildcards) => self.grant_with_wildcards(wildcards, origin),
            None => self.grant_without_wildcards(origin),
        }
    }

    // None of the following is inlined, so that no origin pays for registers that only others need.

    #[inline(never)]
    fn grant_without_wildcards(&self, origin: &[u8]) -> Option<u32> {
        match self.exact.candidate(origin) {
            Some(candidate) => self.grant_of(candidate, origin),
            None => self.first(NOBODY, origin),
        }
    }

    #[inline(never)]
    fn grant_of(&self, candidate: &Slot<u32>, origin: &[u8]) -> Option<u32> {
        let exact = self.exact.value(candidate, origin);
        self.first(exact.copied().unwrap_or(NOBODY), origin)
    }

    #[inline(never)]
    fn grant_with_wildcards(&self, wildcards: &AnyScheme, origin: &[u8]) -> Option<u32> {
        let matching = match origin.strip_prefix(b"https://") {
            Some(authority) => wildcards.https.grant(authority),
            None => wildcards.grant_of_other_scheme(origin),
        };
        let exact = match matching == 0 || self.exact.is_empty() {
            true => NOBODY,
            false => self.exact.get(origin).copied().unwrap_or(NOBODY),
        };
        self.first(exact.min(matching), origin)
    }

    /// The first of this grant and that of `*`, which is for every origin, but not for everything that
    /// may be sent for one.
    #[inline(always)]
    fn first(&self, grant: u32, origin: &[u8]) -> Option<u32> {
        if self.any >= grant {
            return (grant != NOBODY).then_some(grant);
        }
        match origin.strip_prefix(b"https://") {
            // Most are such a one, which takes a fraction of the time to see.
            Some(host) if domain::is_short_domain(host) => Some(self.any),
            _ => self.first_if_origin(grant, origin),
        }
    }

    #[inline(never)]
    fn first_if_origin(&self, grant: u32, origin: &[u8]) -> Option<u32> {
        let host = origin.strip_prefix(b"https://");
        let host = host.or_else(|| origin.strip_prefix(b"http://"));
        let is_origin = host.is_some_and(domain::is_domain)
            || match str::from_utf8(origin).map(Origin::parse) {
                Ok(Ok(_) | Err(OriginError::Null)) => true,
                Ok(Err(_)) | Err(_) => false,
            };
        let grant = if is_origin { self.any } else { grant };
        (grant != NOBODY).then_some(grant)
    }

    /// All patterns but `*`, each with its grant, in no particular order. For explanations only.
    pub(crate) fn patterns(&self) -> impl Iterator<Item = (u32, String)> {
        let exact = self.exact.iter();
        let exact = exact.map(|(grant, text)| (*grant, text.to_owned()));
        let wildcards = self.wildcards.iter();
        let wildcards =
            wildcards.flat_map(|AnyScheme { https, others }| [https].into_iter().chain(others));
        exact.chain(wildcards.flat_map(Wildcards::patterns))
    }
}

impl AnyScheme {
    #[inline(never)]
    fn grant_of_other_scheme(&self, origin: &[u8]) -> u32 {
        let colon = origin.iter().position(|&byte| byte == b':');
        let parts = colon.and_then(|colon| origin.split_at_checked(colon + "://".len()));
        let Some((scheme, authority)) = parts else {
            return NOBODY;
        };
        let scheme_of = |wildcards: &Wildcards| wildcards.scheme().as_bytes().cmp(scheme);
        let found = self.others.binary_search_by(scheme_of).ok();
        let wildcards = found.and_then(|at| self.others.get(at));
        wildcards.map_or(NOBODY, |wildcards| wildcards.grant(authority))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(grants: &[&[&'static str]]) -> Allowlist {
        let patterns: Vec<_> = (0..)
            .zip(grants)
            .flat_map(|(grant, texts)| texts.iter().map(move |text| (grant, text)))
            .map(|(grant, text)| (grant, OriginPattern::parse(text).unwrap()))
            .collect();
        Allowlist::new(patterns.into_iter())
    }

    #[track_caller]
    fn check(grants: &[&[&'static str]], rows: &[(&str, Option<u32>)]) {
        let list = list(grants);
        for (origin, expected) in rows {
            assert_eq!(
                list.grant(origin.as_bytes()),
                *expected,
                "{origin:?} in {grants:?}"
            );
        }
    }

    #[test]
    fn exact_origins() {
        check(
            &[
                &["https://foo.com", "https://bar.com"],
                &["http://foo.com", "https://foo.com:8443"],
            ],
            &[
                ("https://foo.com", Some(0)),
                ("https://bar.com", Some(0)),
                ("http://foo.com", Some(1)),
                ("https://foo.com:8443", Some(1)),
                ("https://barfoo.com", None),
                ("https://foo.com/", None),
                ("https://FOO.com", None),
                ("https://foo.com.", None),
                ("https://foo.co", None),
                ("https://foo.comm", None),
                ("https://x.foo.com", None),
                ("null", None),
                ("", None),
            ],
        );
    }

    #[test]
    fn subdomains() {
        check(
            &[
                &["https://*.a.example.com"],
                &[
                    "https://*.example.com",
                    "https://*.example.com:8443",
                    "https://*.example.org:*",
                ],
                &["https://*.com"],
            ],
            &[
                ("https://x.a.example.com", Some(0)),
                ("https://y.x.a.example.com", Some(0)),
                ("https://a.example.com", Some(1)),
                ("https://b.example.com", Some(1)),
                ("https://b.example.com:8443", Some(1)),
                ("https://b.example.com:8444", None),
                ("https://x.a.example.com:8443", Some(1)),
                ("https://example.com", Some(2)),
                ("https://evilexample.com", Some(2)),
                ("https://evilexample.org", None),
                ("https://.example.org", None),
                ("https://example.org", None),
                ("https://x.example.org", Some(1)),
                ("https://x.example.org:1", Some(1)),
                ("https://x.example.org.", None),
                ("http://x.example.org", None),
                ("https://x.example.org.evil.net", None),
                ("https://x.example.org/", None),
                ("https://X.example.org", None),
                ("null", None),
            ],
        );
    }

    #[test]
    fn subdomains_of_many_lengths() {
        check(
            &[
                &["https://*.example.com:*"],
                &["https://*.b.example.com", "https://*.example.com:8443"],
                &[
                    "https://*.o.com",
                    "https://*.xample.org:1",
                    "https://*.com:2",
                ],
                &["https://b.example.org:*"],
            ],
            &[
                ("https://a.example.com", Some(0)),
                ("https://a.b.example.com", Some(0)),
                ("https://a.example.com:8443", Some(0)),
                ("https://a.o.com", Some(2)),
                ("https://a.o.com:1", None),
                ("https://a.o.com:2", Some(2)),
                ("https://o.com:2", Some(2)),
                ("https://a.xample.org:1", Some(2)),
                ("https://a.example.org:1", None),
                ("https://b.example.org:1", Some(3)),
                ("https://a.b.example.org:1", None),
                ("https://a.example.com:", None),
                ("https://a.example.com/1", None),
                ("https://a.example.comx1", None),
                ("https://a.example.com.1", None),
                ("https://b.example.org/1", None),
                ("https://b.example.orgx1", None),
                ("https://b.example.org.1", None),
                ("https://a.example.com:08443", None),
                ("https://a.example.com:65536", None),
                ("https://a.example.com:443", None),
                ("https://a.example.com:8443:8443", None),
                ("https://a_.example.com", Some(0)),
                ("https://a/.b.example.com", None),
                ("https://.b.example.com", None),
                ("https://a..example.com", None),
                ("https://.example.com", None),
            ],
        );
        check(
            &[
                &["https://*.b.example.com"],
                &["https://*.example.com", "https://*.example.com:8443"],
            ],
            &[
                ("https://a.b.example.com", Some(0)),
                ("https://b.example.com", Some(1)),
                ("https://a.b.example.com:8443", Some(1)),
                ("https://a.b.example.com:8444", None),
            ],
        );
    }

    #[test]
    fn any_scheme() {
        check(
            &[
                &["a+b://*.x", "a://*.x", "a.b://y:*"],
                &["ab://*.x", "http://*.x", "https://*.x"],
            ],
            &[
                ("a+b://1.x", Some(0)),
                ("a://1.x", Some(0)),
                ("a.b://y", Some(0)),
                ("a.b://y:1", Some(0)),
                ("ab://1.x", Some(1)),
                ("http://1.x", Some(1)),
                ("https://1.x", Some(1)),
                ("b://1.x", None),
                ("a:/1.x", None),
                ("a:", None),
                ("a", None),
                ("://1.x", None),
                ("", None),
            ],
        );
    }

    #[test]
    fn everybody_behind_another_grant() {
        check(
            &[&["https://foo.com"], &["*"]],
            &[
                ("https://foo.com", Some(0)),
                ("https://foo.net", Some(1)),
                ("http://foo.net", Some(1)),
                ("https://foo.net.", Some(1)),
                ("https://foo.de", Some(1)),
                ("https://foo.net:8443", Some(1)),
                ("https://foo.net:443", None),
                ("https://1.2.3.4", Some(1)),
                ("https://1.2.3", None),
                ("https://foo.0x1", None),
                ("https://foo.0x1g", Some(1)),
                ("https://[::1]", Some(1)),
                ("https://[::01]", None),
                ("https://foo..net", None),
                ("https://foo.NET", None),
                ("https://", None),
                ("https://foo.net/", None),
                ("https://\u{fc}.net", None),
                ("app://foo", Some(1)),
                ("file://foo", None),
                ("null", Some(1)),
            ],
        );
    }

    #[test]
    fn the_first_grant_decides() {
        check(
            &[
                &["http://localhost:3000"],
                &["http://localhost:*", "null"],
                &["*"],
            ],
            &[
                ("http://localhost:3000", Some(0)),
                ("http://localhost:3001", Some(1)),
                ("http://localhost", Some(1)),
                ("null", Some(1)),
                ("https://localhost", Some(2)),
                ("https://anything.example", Some(2)),
                ("NULL", None),
                ("https://anything.example/", None),
                ("anything", None),
                ("", None),
            ],
        );
    }

    #[test]
    fn the_deepest_names() {
        // Each alone and nine together, which are looked up in another way; the deepest first.
        let depths: [&[usize]; 4] = [
            &[124],
            &[63],
            &[124, 65, 64, 63, 62, 61, 3, 2, 1],
            &[124, 64, 7, 6, 5, 4, 3, 2, 1],
        ];
        for depths in depths {
            let parents = depths.iter().map(|dots| "a.".repeat(*dots) + "b");
            let parents: Vec<String> = parents.collect();
            let patterns = parents
                .iter()
                .map(|parent| format!("https://*.{parent}").leak() as &str);
            let patterns: Vec<&str> = patterns.collect();
            let list = list(&patterns.chunks(1).collect::<Vec<_>>());
            for (grant, parent) in (0..).zip(&parents) {
                let origin = format!("https://x.{parent}");
                assert_eq!(list.grant(origin.as_bytes()), Some(grant), "{origin}");
                let origin = format!("https://x.{}", parent.replace('b', "c"));
                assert_eq!(list.grant(origin.as_bytes()), None, "{origin}");
            }
        }
    }

    #[test]
    fn the_longest_names() {
        #[track_caller]
        fn check(parent: &str, length: usize, expected: Option<u32>) {
            // Labels of one byte, the last one of one or two.
            let count = length - parent.len();
            let front = "a.".repeat((count - 1) / 2) + if count % 2 == 1 { "b" } else { "bb" };
            let host = format!("{front}{parent}");
            assert_eq!(host.len(), length);
            let everybody = list(&[&["https://a"], &["*"]]);
            let origin = format!("https://{host}");
            let grant = everybody.grant(origin.as_bytes());
            assert_eq!(grant, expected.map(|_| 1), "{origin} in `*`");
            for (pattern, origin) in [("", ""), (":8443", ":8443"), (":*", ""), (":*", ":65535")] {
                let pattern = format!("https://*{parent}{pattern}").leak();
                let origin = format!("https://{host}{origin}");
                let grant = list(&[&[pattern]]).grant(origin.as_bytes());
                assert_eq!(grant, expected, "{origin} in {pattern}");
            }
        }
        check(".com", 253, Some(0));
        check(".com", 254, None);
        check(".com.", 254, Some(0));
        check(".com.", 255, None);
    }

    #[test]
    fn too_long_to_match() {
        let list = list(&[&["https://foo.com"]]);
        assert_eq!(list.max_len, "https://foo.com".len());
        assert_eq!(list.grant(&[b'a'; 8192]), None);
    }
}
