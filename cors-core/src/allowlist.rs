//! Matching: which grant is for an origin.

use std::hash::{BuildHasher as _, Hasher as _};

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use crate::origin::{self, Origin, OriginError};
use crate::pattern::{OriginPattern, PortPattern, Shape, Tuple};

/// The origin patterns of all grants, compiled: the cost of a look-up does not grow with their
/// number.
#[derive(Debug)]
pub(crate) struct Allowlist {
    /// Origins without wildcards, and `null`.
    exact: Table,
    /// Origins with wildcards, for each scheme that has any. Those are few: it is tempting to put
    /// the scheme into the tables, but then each look-up would compare it.
    wildcards: Box<[Wildcards]>,
    /// The grant of `*`.
    any: Option<u32>,
    /// Whether there is any but the exact ones.
    has_wildcards: bool,
    /// The length of the longest origin that any pattern matches.
    max_len: usize,
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
        let mut list = Self {
            exact: Table::new(exact),
            wildcards: Box::default(),
            any: None,
            has_wildcards: false,
            max_len: 0,
        };
        let mut schemes: Vec<Patterns<'a>> = Vec::new();
        for (grant, pattern) in patterns {
            list.max_len = list.max_len.max(pattern.max_len());
            match pattern.shape() {
                Shape::Any => list.any = list.any.or(Some(grant)),
                Shape::Tuple(tuple) if tuple.has_wildcard() => {
                    let known = schemes.iter().position(|of| of.scheme == tuple.scheme);
                    match known.and_then(|at| schemes.get_mut(at)) {
                        Some(patterns) => patterns.list.push((grant, tuple)),
                        None => schemes.push(Patterns {
                            scheme: tuple.scheme,
                            list: vec![(grant, tuple)],
                        }),
                    }
                }
                Shape::Tuple(_) | Shape::Null => {}
            }
        }
        list.wildcards = schemes.iter().map(Wildcards::new).collect();
        list.has_wildcards = list.any.is_some() || !list.wildcards.is_empty();
        list
    }

    /// The first grant that is for the origin, if any. Bounded by the length of the longest origin
    /// that could match, whatever is sent; allocates nothing.
    pub(crate) fn grant(&self, origin: &[u8]) -> Option<u32> {
        // Before hashing: a hostile `Origin` of 8 KiB must cost no more than a short one.
        if origin.len() > self.max_len {
            return None;
        }
        let exact = self.exact.get(origin);
        match exact != Some(0) && self.has_wildcards {
            true => self.grant_with_wildcards(origin, exact),
            false => exact,
        }
    }

    /// Not inlined, so that origins without wildcards do not pay for what this needs.
    #[inline(never)]
    fn grant_with_wildcards(&self, origin: &[u8], exact: Option<u32>) -> Option<u32> {
        let mut grant = exact;
        for wildcards in &self.wildcards {
            if let Some(authority) = origin.strip_prefix(wildcards.scheme.as_bytes()) {
                grant = first(grant, wildcards.get(authority));
                break;
            }
        }
        match self.any {
            // `*` is every origin, but not everything that may be sent for one.
            Some(_) if first(grant, self.any) != grant && is_origin(origin) => self.any,
            _ => grant,
        }
    }

    /// All patterns but `*`, each with its grant, in no particular order. For explanations only.
    pub(crate) fn patterns(&self) -> impl Iterator<Item = (u32, String)> {
        let exact = self.exact.iter();
        let exact = exact.map(|(grant, text)| (grant, text.to_owned()));
        exact.chain(self.wildcards.iter().flat_map(Wildcards::patterns))
    }
}

fn is_origin(origin: &[u8]) -> bool {
    let parsed = str::from_utf8(origin).map(Origin::parse);
    matches!(parsed, Ok(Ok(_) | Err(OriginError::Null)))
}

/// Of two grants the one that comes first.
fn first(a: Option<u32>, b: Option<u32>) -> Option<u32> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// Patterns with wildcards, each with its grant.
struct Patterns<'a> {
    scheme: &'a str,
    list: Vec<(u32, Tuple<'a>)>,
}

/// Patterns with wildcards of one scheme, without what all those in a table have in common.
#[derive(Debug)]
struct Wildcards {
    /// With its `://`.
    scheme: Box<str>,
    /// `http://localhost:*`
    any_port: Table,
    /// `https://*.example.com`, `https://*.example.com:8443`
    subdomains: Table,
    /// `https://*.example.com:*`
    subdomains_any_port: Table,
    /// Bit *n* is set if some host with subdomains has *n* dots. A domain has at most 127.
    depths: u128,
}

impl Wildcards {
    fn new(patterns: &Patterns<'_>) -> Self {
        let table = |subdomains: bool, any_port: bool| {
            let patterns = patterns.list.iter().filter(move |(_, tuple)| {
                tuple.subdomains == subdomains && (tuple.port == PortPattern::Any) == any_port
            });
            Table::new(patterns.map(|(grant, tuple)| (*grant, tuple.authority)))
        };
        let with_subdomains = patterns.list.iter().filter(|(_, tuple)| tuple.subdomains);
        let depths = with_subdomains.map(|(_, tuple)| {
            let dots = tuple.host.bytes().filter(|&byte| byte == b'.').count();
            1_u128.checked_shl(dots as u32).unwrap_or_default()
        });
        Self {
            scheme: format!("{}://", patterns.scheme).into(),
            any_port: table(false, true),
            subdomains: table(true, false),
            subdomains_any_port: table(true, true),
            depths: depths.fold(0, |depths, depth| depths | depth),
        }
    }

    /// The first grant that is for an origin of this scheme with this host and port.
    ///
    /// It is tempting to check that there *is* a host and a port first. But most that are sent match
    /// nothing, and where something matches, only what the wildcard stands for needs a look: the
    /// rest is equal to a pattern.
    fn get(&self, authority: &[u8]) -> Option<u32> {
        let (host, port) = split_port(authority);
        let mut any_port = self.any_port.get(host);
        let mut listed_port = None;
        let mut front: &[u8] = &[];
        // It is tempting to try every suffix. A host of 125 dots would then cost 125 hashes; this way
        // it costs as many as there are different depths among the patterns.
        let mut depths = self.depths;
        let mut rest = host;
        while depths != 0
            && let Some(dot) = rest.iter().rposition(|&byte| byte == b'.')
        {
            // Coming from the right, the text behind the n-th dot has n - 1 dots.
            if depths & 1 == 1 {
                let behind = dot + 1..;
                let listed = self
                    .subdomains
                    .get(authority.get(behind.clone()).unwrap_or_default());
                let any = self
                    .subdomains_any_port
                    .get(host.get(behind).unwrap_or_default());
                if listed.is_some() || any.is_some() {
                    front = host.get(..=dot).unwrap_or_default();
                    listed_port = first(listed_port, listed);
                    any_port = first(any_port, any);
                }
            }
            depths >>= 1;
            rest = rest.get(..dot).unwrap_or_default();
        }
        let found = first(listed_port, any_port.filter(|_| self.is_port(port)))?;
        let is_host = origin::check_labels(front).is_ok() && !origin::is_too_long(host);
        is_host.then_some(found)
    }

    /// Whether what stands behind a host is nothing, or a colon and a port that browsers write.
    fn is_port(&self, port: &[u8]) -> bool {
        match (port, str::from_utf8(port)) {
            ([], _) => true,
            ([b':', ..], Ok(port)) => {
                let scheme = self.scheme.trim_end_matches("://");
                origin::parse_port(scheme, port.trim_start_matches(':')).is_ok()
            }
            _ => false,
        }
    }

    fn patterns(&self) -> impl Iterator<Item = (u32, String)> {
        let tables = [
            (&self.any_port, "", ":*"),
            (&self.subdomains, "*.", ""),
            (&self.subdomains_any_port, "*.", ":*"),
        ];
        tables.into_iter().flat_map(|(table, before, after)| {
            let scheme = &self.scheme;
            let write = move |(grant, text)| (grant, format!("{scheme}{before}{text}{after}"));
            table.iter().map(write)
        })
    }
}

/// Splits a host from its port, which keeps its colon and may be empty.
fn split_port(authority: &[u8]) -> (&[u8], &[u8]) {
    // From the right: the colons in an IPv6 address are its own.
    let digits = authority
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_digit());
    let colon = authority.len().checked_sub(digits.count() + 1);
    match colon.and_then(|colon| authority.split_at_checked(colon)) {
        Some((host, port @ [b':', _, ..])) => (host, port),
        _ => (authority, &[]),
    }
}

/// Texts, each with the first grant that has it: their bytes in one piece, and a table into it.
///
/// The hasher is seeded at random, so that nobody can prepare origins that collide.
#[derive(Debug)]
struct Table {
    bytes: Box<[u8]>,
    entries: HashTable<Entry>,
    hasher: RandomState,
}

#[derive(Debug)]
struct Entry {
    start: usize,
    grant: u32,
    len: u16,
}

impl Table {
    fn new<'a>(texts: impl Iterator<Item = (u32, &'a str)> + Clone) -> Self {
        let hasher = RandomState::default();
        let (count, len) = texts.clone().fold((0, 0), |(count, len), (_, text)| {
            (count + 1, len + text.len())
        });
        let mut bytes = Vec::with_capacity(len);
        let mut entries = HashTable::with_capacity(count);
        for (grant, text) in texts {
            let of_text = hash(&hasher, text.as_bytes());
            let known = |entry: &Entry| entry.text(&bytes) == Some(text.as_bytes());
            // A pattern is at most 327 bytes long.
            let Ok(len) = u16::try_from(text.len()) else {
                continue;
            };
            if entries.find(of_text, known).is_none() {
                let start = bytes.len();
                bytes.extend_from_slice(text.as_bytes());
                entries.insert_unique(of_text, Entry { start, grant, len }, |entry| {
                    hash(&hasher, entry.text(&bytes).unwrap_or_default())
                });
            }
        }
        Self {
            bytes: bytes.into_boxed_slice(),
            entries,
            hasher,
        }
    }

    fn get(&self, text: &[u8]) -> Option<u32> {
        if self.entries.is_empty() {
            return None;
        }
        let is_it = |entry: &Entry| entry.text(&self.bytes) == Some(text);
        let entry = self.entries.find(hash(&self.hasher, text), is_it)?;
        Some(entry.grant)
    }

    fn iter(&self) -> impl Iterator<Item = (u32, &str)> {
        self.entries.iter().filter_map(|entry| {
            let text = str::from_utf8(entry.text(&self.bytes)?).ok()?;
            Some((entry.grant, text))
        })
    }
}

impl Entry {
    fn text<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        bytes.get(self.start..)?.get(..usize::from(self.len))
    }
}

/// It is tempting to use `hash_one`: that hashes the length of a slice, too, as if something might
/// follow it.
fn hash(hasher: &RandomState, bytes: &[u8]) -> u64 {
    let mut hasher = hasher.build_hasher();
    hasher.write(bytes);
    hasher.finish()
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
