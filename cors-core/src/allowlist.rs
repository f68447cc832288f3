//! Matching: which grant is for an origin.

use std::hash::BuildHasher as _;

use foldhash::quality::RandomState;
use hashbrown::HashTable;

use crate::origin::{Origin, OriginError};
use crate::pattern::{OriginPattern, PortPattern, Shape, Tuple};

/// The origin patterns of all grants, compiled: the cost of a look-up does not grow with their
/// number.
///
/// The hashers are seeded at random, so that nobody can prepare origins that collide.
#[derive(Debug)]
pub(crate) struct Allowlist {
    exact: ExactOrigins,
    /// `http://localhost:*`
    any_port: Hosts,
    /// `https://*.example.com`, `https://*.example.com:8443`
    subdomains: Subdomains,
    /// `https://*.example.com:*`
    subdomains_any_port: Subdomains,
    /// The grant of `*`.
    any: Option<u32>,
    /// The length of the longest origin that any pattern matches.
    max_len: usize,
}

impl Allowlist {
    /// Compiles `(grant, pattern)` pairs, the first grant first.
    pub(crate) fn new<'a>(
        patterns: impl Iterator<Item = (u32, OriginPattern<'a>)> + Clone,
    ) -> Self {
        let mut list = Self {
            exact: ExactOrigins::new(patterns.clone()),
            any_port: Hosts::default(),
            subdomains: Subdomains::default(),
            subdomains_any_port: Subdomains::default(),
            any: None,
            max_len: 0,
        };
        for (grant, pattern) in patterns {
            list.max_len = list.max_len.max(pattern.max_len());
            match pattern.shape() {
                Shape::Any => list.any = list.any.or(Some(grant)),
                Shape::Tuple(tuple) => list.insert(grant, tuple),
                Shape::Null => {}
            }
        }
        list
    }

    /// Inserts a pattern with a wildcard; the exact ones are in already.
    fn insert(&mut self, grant: u32, tuple: Tuple<'_>) {
        match (tuple.subdomains, tuple.port) {
            (true, PortPattern::Any) => self.subdomains_any_port.insert(grant, tuple),
            (true, _) => self.subdomains.insert(grant, tuple),
            (false, PortPattern::Any) => self.any_port.insert(grant, tuple.scheme, tuple.authority),
            (false, _) => {}
        }
    }

    /// The first grant that is for the origin, if any. Bounded by the length of the longest origin
    /// that could match, whatever is sent; allocates nothing.
    pub(crate) fn grant(&self, origin: &[u8]) -> Option<u32> {
        // Before hashing: a hostile `Origin` of 8 KiB must cost no more than a short one.
        if origin.len() > self.max_len {
            return None;
        }
        let exact = self.exact.get(origin);
        if exact == Some(0) || !self.has_wildcards() {
            return exact;
        }
        let first_match = first(first(exact, self.wildcards(origin)), self.any);
        if first_match == exact {
            return exact;
        }
        // Only now, because most origins match nothing: what matched has to be an origin.
        let text = std::str::from_utf8(origin).ok()?;
        match Origin::parse(text) {
            Ok(_) => first_match,
            Err(OriginError::Null) => first(exact, self.any),
            Err(_) => None,
        }
    }

    /// The first grant with a wildcard that fits the origin, which need not be one yet.
    fn wildcards(&self, origin: &[u8]) -> Option<u32> {
        let colon = origin.iter().position(|&byte| byte == b':')?;
        let (scheme, rest) = origin.split_at_checked(colon)?;
        let authority = rest.strip_prefix(b"://")?;
        let host = without_port(authority);
        let any_port = self.any_port.get(scheme, host);
        let subdomains = self.subdomains.get(scheme, host, authority);
        let both = self.subdomains_any_port.get(scheme, host, host);
        first(first(any_port, subdomains), both)
    }

    /// All patterns but `*`, each with its grant, in no particular order. For explanations only.
    pub(crate) fn patterns(&self) -> impl Iterator<Item = (u32, String)> {
        let exact = self
            .exact
            .iter()
            .map(|(grant, text)| (grant, text.to_owned()));
        let any_port = self.any_port.iter("", ":*");
        let subdomains = self.subdomains.hosts.iter("*.", "");
        let both = self.subdomains_any_port.hosts.iter("*.", ":*");
        exact.chain(any_port).chain(subdomains).chain(both)
    }

    fn has_wildcards(&self) -> bool {
        self.any.is_some()
            || !self.any_port.is_empty()
            || !self.subdomains.hosts.is_empty()
            || !self.subdomains_any_port.hosts.is_empty()
    }
}

/// The host of a host and perhaps a port.
fn without_port(authority: &[u8]) -> &[u8] {
    // From the right: the colons in an IPv6 address are its own.
    let digits = authority
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_digit());
    let port = authority.len() - digits.count();
    match authority.split_at_checked(port) {
        Some((host, [_, ..])) => host.strip_suffix(b":").unwrap_or(authority),
        _ => authority,
    }
}

/// Of two grants the one that comes first.
fn first(a: Option<u32>, b: Option<u32>) -> Option<u32> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// Origins without wildcards, and `null`: their bytes in one piece, and a table into it.
#[derive(Debug)]
struct ExactOrigins {
    bytes: Box<[u8]>,
    entries: HashTable<ExactOrigin>,
    hasher: RandomState,
}

#[derive(Debug)]
struct ExactOrigin {
    start: usize,
    grant: u32,
    len: u16,
}

impl ExactOrigins {
    fn new<'a>(patterns: impl Iterator<Item = (u32, OriginPattern<'a>)> + Clone) -> Self {
        let hasher = RandomState::default();
        let exact = patterns.filter_map(|(grant, pattern)| match pattern.shape() {
            Shape::Null => Some((grant, pattern.as_str())),
            Shape::Tuple(tuple) if !tuple.subdomains && tuple.port != PortPattern::Any => {
                Some((grant, pattern.as_str()))
            }
            Shape::Any | Shape::Tuple(_) => None,
        });
        let (count, len) = exact.clone().fold((0, 0), |(count, len), (_, text)| {
            (count + 1, len + text.len())
        });
        let mut bytes = Vec::with_capacity(len);
        let mut entries = HashTable::with_capacity(count);
        for (grant, text) in exact {
            let hash = hasher.hash_one(text.as_bytes());
            let known = |entry: &ExactOrigin| entry.text(&bytes) == text.as_bytes();
            // A pattern is at most 327 bytes long.
            let Ok(len) = u16::try_from(text.len()) else {
                continue;
            };
            if entries.find(hash, known).is_none() {
                let start = bytes.len();
                bytes.extend_from_slice(text.as_bytes());
                entries.insert_unique(hash, ExactOrigin { start, grant, len }, |entry| {
                    hasher.hash_one(entry.text(&bytes))
                });
            }
        }
        Self {
            bytes: bytes.into_boxed_slice(),
            entries,
            hasher,
        }
    }

    fn get(&self, origin: &[u8]) -> Option<u32> {
        if self.entries.is_empty() {
            return None;
        }
        let hash = self.hasher.hash_one(origin);
        self.entries
            .find(hash, |entry| entry.text(&self.bytes) == origin)
            .map(|entry| entry.grant)
    }

    fn iter(&self) -> impl Iterator<Item = (u32, &str)> {
        self.entries.iter().filter_map(|entry| {
            let text = std::str::from_utf8(entry.text(&self.bytes)).ok()?;
            Some((entry.grant, text))
        })
    }
}

impl ExactOrigin {
    fn text<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        bytes
            .get(self.start..self.start + usize::from(self.len))
            .unwrap_or_default()
    }
}

/// Hosts, each with a scheme and perhaps a port.
#[derive(Debug, Default)]
struct Hosts {
    entries: HashTable<Host>,
    hasher: RandomState,
}

#[derive(Debug)]
struct Host {
    scheme: Box<str>,
    host: Box<str>,
    grant: u32,
}

impl Hosts {
    fn insert(&mut self, grant: u32, scheme: &str, host: &str) {
        if self.get(scheme.as_bytes(), host.as_bytes()).is_none() {
            let entry = Host {
                scheme: scheme.into(),
                host: host.into(),
                grant,
            };
            let hash = |entry: &Host| self.hasher.hash_one(entry.host.as_bytes());
            self.entries.insert_unique(hash(&entry), entry, hash);
        }
    }

    fn get(&self, scheme: &[u8], host: &[u8]) -> Option<u32> {
        if self.entries.is_empty() {
            return None;
        }
        // The scheme need not be hashed: few hosts are listed with more than one.
        self.entries
            .find(self.hasher.hash_one(host), |entry| {
                entry.host.as_bytes() == host && entry.scheme.as_bytes() == scheme
            })
            .map(|entry| entry.grant)
    }

    fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn iter(&self, before: &str, after: &str) -> impl Iterator<Item = (u32, String)> {
        self.entries.iter().map(
            move |Host {
                      scheme,
                      host,
                      grant,
                  }| { (*grant, format!("{scheme}://{before}{host}{after}")) },
        )
    }
}

/// Hosts any of whose subdomains match.
#[derive(Debug, Default)]
struct Subdomains {
    hosts: Hosts,
    /// Bit *n* is set if some host has *n* dots. A domain has at most 127.
    depths: u128,
}

impl Subdomains {
    fn insert(&mut self, grant: u32, tuple: Tuple<'_>) {
        self.hosts.insert(grant, tuple.scheme, tuple.authority);
        self.depths |= 1_u128
            .checked_shl(tuple.host.matches('.').count() as u32)
            .unwrap_or_default();
    }

    /// `text` is the host, with its port or without.
    ///
    /// It is tempting to try every suffix. A host of 125 dots would then cost 125 hashes; this way
    /// it costs as many as there are different depths among the patterns.
    fn get(&self, scheme: &[u8], host: &[u8], text: &[u8]) -> Option<u32> {
        let mut depths = self.depths;
        let mut found = None;
        // Coming from the right, the text behind the n-th dot has n - 1 dots.
        for (at, byte) in host.iter().enumerate().rev() {
            if depths == 0 {
                break;
            }
            if *byte == b'.' {
                if depths & 1 == 1 {
                    let suffix = text.get(at + 1..).unwrap_or_default();
                    found = first(found, self.hosts.get(scheme, suffix));
                }
                depths >>= 1;
            }
        }
        found
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
        let parent = "a.".repeat(124) + "b";
        let pattern: &'static str = format!("https://*.{parent}").leak();
        let list = list(&[&[pattern]]);
        let grant = |origin: String| list.grant(origin.as_bytes());
        assert_eq!(grant(format!("https://a.a.{parent}")), Some(0));
        assert_eq!(grant(format!("https://{parent}")), None);
    }

    #[test]
    fn too_long_to_match() {
        let list = list(&[&["https://foo.com"]]);
        assert_eq!(list.max_len, "https://foo.com".len());
        assert_eq!(list.grant(&[b'a'; 8192]), None);
    }
}
