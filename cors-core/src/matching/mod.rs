//! Matching: which grant matches an origin.
//!
//! Every pattern of a policy is compiled into one [`Allowlist`]. It looks at an origin in this order:
//!
//! 1. **Length.** An origin that is longer than any that a pattern matches has no grant. So the other
//!    steps take no longer for 8 KiB than for the longest origin that could match.
//! 2. **Exact origins** (`https://app.example.com`, `null`). One look-up of the whole text.
//! 3. **Wildcards** (`https://*.example.com`, `https://pr-*.example.com`, `http://localhost:*`, `app://*`). See
//!    [`wildcards`]. The origin is split into scheme, host and port; the host and the domains above it are
//!    looked up, and below a domain with a `*` in a label, the first label.
//! 4. **`*`**. Every valid origin matches.
//! 5. **The first grant.** Of the grants that were found, the first in file order decides.
//!
//! Two rules keep this safe. The fixed parts of a pattern are compared byte by byte with the request: a
//! pattern is checked to have the form that browsers send. The text that a wildcard matches is checked
//! against the grammar of an origin, so that only a valid origin gets a grant.
//!
//! The number of patterns does not change the cost of a look-up. Requests add nothing to the hash tables: they have
//! only what the policy lists. They are seeded at random, so that a list cannot be made to collide.

mod wildcards;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use crate::domain;
use crate::grant_id::GrantId;
use crate::origin::{Origin, OriginError};
use crate::pattern::{OriginPattern, Shape};
use wildcards::Wildcards;

/// The origin patterns of all grants, compiled.
#[derive(Debug, Default)]
pub(crate) struct Allowlist {
    /// Origins without wildcards, and `null`.
    exact: HashMap<Box<[u8]>, GrantId, RandomState>,
    wildcards: Wildcards,
    /// The first grant of `*`.
    any: Option<GrantId>,
    /// The length of the longest origin that any pattern matches.
    max_len: usize,
}

impl Allowlist {
    /// Compiles `(grant, pattern)` pairs, the first grant first.
    pub(crate) fn new<'a>(patterns: impl Iterator<Item = (GrantId, OriginPattern<'a>)>) -> Self {
        let mut list = Self::default();
        for (grant, pattern) in patterns {
            list.max_len = list.max_len.max(pattern.max_len());
            match pattern.shape() {
                Shape::Any => list.any = list.any.or(Some(grant)),
                Shape::Tuple(tuple) if tuple.has_wildcard() => list.wildcards.insert(&tuple, grant),
                Shape::Tuple(_) | Shape::Null => {
                    let text = pattern.as_str().as_bytes().into();
                    list.exact.entry(text).or_insert(grant);
                }
            }
        }
        list
    }

    /// The first grant that matches the origin, if any. Allocates nothing.
    #[inline]
    pub(crate) fn grant(&self, origin: &[u8]) -> Option<GrantId> {
        if origin.len() > self.max_len {
            return None;
        }
        let exact = self.exact.get(origin).copied();
        let listed = first(exact, self.wildcards.grant(origin));
        match self.any {
            Some(any) if listed.is_none_or(|listed| any < listed) && is_origin(origin) => Some(any),
            _ => listed,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.max_len == 0
    }

    /// The first grant of `*`.
    pub(crate) fn any(&self) -> Option<GrantId> {
        self.any
    }

    /// All patterns but `*`, each with its grant, in no particular order. For explanations and tools only.
    pub(crate) fn patterns(&self) -> impl Iterator<Item = (GrantId, String)> {
        let exact = self.exact.iter();
        let exact = exact.map(|(text, grant)| (*grant, String::from_utf8_lossy(text).into_owned()));
        exact.chain(self.wildcards.patterns())
    }
}

/// The first of two grants.
fn first(a: Option<GrantId>, b: Option<GrantId>) -> Option<GrantId> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// Whether this is an origin, or `null`.
fn is_origin(origin: &[u8]) -> bool {
    // Most are a domain with https, for which this check takes a third of the time.
    origin
        .strip_prefix(b"https://")
        .is_some_and(domain::is_domain)
        || match str::from_utf8(origin).map(Origin::parse) {
            Ok(Ok(_) | Err(OriginError::Null)) => true,
            Ok(Err(_)) | Err(_) => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant_at(index: usize) -> GrantId {
        GrantId::new(None, index)
    }

    fn list(grants: &[&[&'static str]]) -> Allowlist {
        let patterns: Vec<_> = (0..)
            .map(grant_at)
            .zip(grants)
            .flat_map(|(grant, texts)| texts.iter().map(move |text| (grant, text)))
            .map(|(grant, text)| (grant, OriginPattern::parse(text).unwrap()))
            .collect();
        Allowlist::new(patterns.into_iter())
    }

    #[track_caller]
    fn check(grants: &[&[&'static str]], rows: &[(&str, Option<usize>)]) {
        let list = list(grants);
        for (origin, expected) in rows {
            assert_eq!(
                list.grant(origin.as_bytes()),
                expected.map(grant_at),
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
    fn any_origin_after_another_grant() {
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
    fn wildcard_labels() {
        check(
            &[
                &["https://pr-*.example.com", "https://*-a.example.com:8443"],
                &["https://*-a.example.com:*", "https://x-*.example.org."],
                &["https://*.example.com"],
            ],
            &[
                ("https://pr-1.example.com", Some(0)),
                ("https://pr-a.example.com", Some(0)),
                ("https://pr-.example.com", Some(2)),
                ("https://pr-1.example.com:8443", None),
                ("https://b-a.example.com:8443", Some(0)),
                ("https://b-a.example.com", Some(1)),
                ("https://b-a.example.com:1", Some(1)),
                ("https://-a.example.com:1", None),
                ("https://a.pr-1.example.com", Some(2)),
                ("https://pr-a_b.example.com", Some(2)),
                ("https://pr-*.example.com", None),
                ("https://pr-1/.example.com", None),
                ("https://PR-1.example.com", None),
                ("https://pr-1.example.com.", None),
                ("https://x-1.example.org.", Some(1)),
                ("https://x-1.example.org", None),
                ("https://xn--a.example.com:1", None),
                ("https://xn---a.example.com:1", None),
            ],
        );
        // The longest label.
        let label = format!("pr-{}", "a".repeat(60));
        let list = list(&[&["https://pr-*.example.com"]]);
        let grant = |label: &str| list.grant(format!("https://{label}.example.com").as_bytes());
        assert_eq!(grant(&label), Some(GrantId::FIRST));
        assert_eq!(grant(&format!("{label}a")), None);
    }

    #[test]
    fn any_host_of_a_scheme() {
        check(
            &[
                &["moz-extension://*"],
                &["app://a.example", "app://*"],
                &["*"],
            ],
            &[
                ("moz-extension://0f2c", Some(0)),
                ("moz-extension://a.b.c", Some(0)),
                ("moz-extension://[::1]", Some(0)),
                ("moz-extension://1.2.3.4", Some(0)),
                ("moz-extension://1.2.3", None),
                ("moz-extension://0f2c:1", Some(2)),
                ("moz-extension://", None),
                ("moz-extension://*", None),
                ("moz-extension://0F2C", None),
                ("moz-extension://a/", None),
                ("app://b", Some(1)),
                ("https://a", Some(2)),
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
        // Each depth alone, and nine depths together; the deepest first.
        let depths: [&[usize]; 5] = [
            &[125, 124],
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
                assert_eq!(
                    list.grant(origin.as_bytes()),
                    Some(grant_at(grant)),
                    "{origin}"
                );
                let origin = format!("https://x.{}", parent.replace('b', "c"));
                assert_eq!(list.grant(origin.as_bytes()), None, "{origin}");
            }
        }
    }

    #[test]
    fn the_deepest_name_with_a_dot_at_the_end() {
        let parent = "a.".repeat(126);
        let pattern = format!("https://*.{parent}").leak();
        let list = list(&[&[pattern]]);
        let grant = |host: &str| list.grant(format!("https://{host}").as_bytes());
        assert_eq!(grant(&format!("x.{parent}")), Some(GrantId::FIRST));
        assert_eq!(grant(&format!("x.{}", parent.trim_end_matches('.'))), None);
        assert_eq!(grant(&format!("xx.{parent}")), None, "too long");
    }

    #[test]
    fn the_longest_names() {
        #[track_caller]
        fn check(parent: &str, length: usize, expected: Option<usize>) {
            // Labels of one byte, the last one of one or two.
            let count = length - parent.len();
            let front = "a.".repeat((count - 1) / 2) + if count % 2 == 1 { "b" } else { "bb" };
            let host = format!("{front}{parent}");
            assert_eq!(host.len(), length);
            let everybody = list(&[&["https://a"], &["*"]]);
            let origin = format!("https://{host}");
            let grant = everybody.grant(origin.as_bytes());
            assert_eq!(grant, expected.map(|_| grant_at(1)), "{origin} in `*`");
            for (pattern, origin) in [("", ""), (":8443", ":8443"), (":*", ""), (":*", ":65535")] {
                let pattern = format!("https://*{parent}{pattern}").leak();
                let origin = format!("https://{host}{origin}");
                let grant = list(&[&[pattern]]).grant(origin.as_bytes());
                assert_eq!(grant, expected.map(grant_at), "{origin} in {pattern}");
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
