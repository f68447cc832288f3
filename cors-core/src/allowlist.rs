//! Matching: which grant is for an origin.

use std::collections::BTreeSet;
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
    exact: Table<u32>,
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
            // The first grant of an origin is the one that counts.
            exact: Table::new(exact, |_, _| {}),
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
    // Most are a domain on one of two schemes, which takes half as long to see.
    let host = origin.strip_prefix(b"https://");
    let host = host.or_else(|| origin.strip_prefix(b"http://"));
    if host.is_some_and(origin::is_domain) {
        return true;
    }
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
    any_port: Table<u32>,
    /// `https://*.example.com`, `https://*.example.com:8443`, `https://*.example.com:*`: what stands
    /// behind the wildcard, with the port that is listed. One table for all: an origin without a
    /// port, and most have none, is then looked up once.
    subdomains: Table<Grants>,
    starts: Starts,
}

/// Where in a host the text behind a wildcard can start.
#[derive(Debug)]
enum Starts {
    /// So many bytes before the end, the fewest first.
    Lengths(Box<[u8]>),
    /// Behind these dots, counted from the right: bit *n* is set if there is a text with *n* dots. A
    /// domain has at most 127.
    Depths(u128),
}

impl Starts {
    /// So many different lengths take less time than to find the dots.
    const FEW: usize = 4;

    fn new<'a>(texts: impl Iterator<Item = &'a str> + Clone) -> Self {
        // No host is longer than 254 bytes.
        let lengths = texts
            .clone()
            .filter_map(|text| u8::try_from(text.len()).ok());
        let lengths: BTreeSet<u8> = lengths.collect();
        if lengths.len() <= Self::FEW {
            return Self::Lengths(lengths.into_iter().collect());
        }
        let depths = texts.map(|text| {
            let dots = text.bytes().filter(|&byte| byte == b'.').count();
            1_u128.checked_shl(dots as u32).unwrap_or_default()
        });
        Self::Depths(depths.fold(0, |depths, depth| depths | depth))
    }

    /// Calls `at` with the place of each dot of a host behind which a text can start, from the right.
    ///
    /// It is tempting to try every dot. A host of 125 would then cost 125 look-ups; this way it costs a
    /// few, or as many as there are different depths among the patterns.
    #[inline(always)]
    fn in_host(&self, host: &[u8], mut at: impl FnMut(usize)) {
        match self {
            Self::Lengths(lengths) => {
                for length in lengths {
                    let Some(dot) = host.len().checked_sub(usize::from(*length) + 1) else {
                        break;
                    };
                    if host.get(dot) == Some(&b'.') {
                        at(dot);
                    }
                }
            }
            Self::Depths(depths) => {
                let (mut depths, mut rest) = (*depths, host);
                while depths != 0
                    && let Some(dot) = rest.iter().rposition(|&byte| byte == b'.')
                {
                    if depths & 1 == 1 {
                        at(dot);
                    }
                    depths >>= 1;
                    rest = rest.get(..dot).unwrap_or_default();
                }
            }
        }
    }
}

/// The first grants of one text behind `*.`, or [`NOBODY`]: the smaller one is the one that counts.
#[derive(Clone, Copy, Debug)]
struct Grants {
    /// With this port, or without any if it has none.
    listed: u32,
    /// With any port.
    any_port: u32,
}

/// The number of no grant, behind all others.
const NOBODY: u32 = u32::MAX;

impl Grants {
    fn merge(&mut self, other: Self) {
        self.listed = self.listed.min(other.listed);
        self.any_port = self.any_port.min(other.any_port);
    }
}

impl Wildcards {
    fn new(patterns: &Patterns<'_>) -> Self {
        let of = |subdomains: bool| {
            let list = patterns.list.iter();
            list.filter(move |(_, tuple)| tuple.subdomains == subdomains)
        };
        let any_port = of(false).map(|(grant, tuple)| (*grant, tuple.authority));
        let subdomains = of(true).map(|(grant, tuple)| {
            let (listed, any_port) = match tuple.port {
                PortPattern::Any => (NOBODY, *grant),
                PortPattern::Default | PortPattern::Exactly(_) => (*grant, NOBODY),
            };
            (Grants { listed, any_port }, tuple.authority)
        });
        Self {
            scheme: format!("{}://", patterns.scheme).into(),
            any_port: Table::new(any_port, |_, _| {}),
            subdomains: Table::new(subdomains, Grants::merge),
            starts: Starts::new(of(true).map(|(_, tuple)| tuple.host)),
        }
    }

    /// The first grant that is for an origin of this scheme with this host and port.
    ///
    /// It is tempting to check that there *is* a host and a port first. But most that are sent match
    /// nothing, and where something matches, only what the wildcard stands for needs a look: the
    /// rest is equal to a pattern.
    fn get(&self, authority: &[u8]) -> Option<u32> {
        match authority {
            [.., b'0'..=b'9'] => self.get_with_port(authority),
            _ => self.get_split(authority, authority, &[]),
        }
    }

    /// Not inlined, so that origins without a port, which are most, do not pay for it.
    #[inline(never)]
    fn get_with_port(&self, authority: &[u8]) -> Option<u32> {
        let (host, port) = split_port(authority);
        self.get_split(authority, host, port)
    }

    /// `authority` is `host` and `port`, one behind the other.
    #[inline(always)]
    fn get_split(&self, authority: &[u8], host: &[u8], port: &[u8]) -> Option<u32> {
        let mut listed = NOBODY;
        let mut any_port = self.any_port.get(host).unwrap_or(NOBODY);
        // How much of the host is no part of a pattern.
        let mut front = 0;
        self.starts.in_host(host, |dot| {
            let find = |text: &[u8]| self.subdomains.find(text.get(dot + 1..)?);
            if let Some(grants) = find(host) {
                front = dot + 1;
                any_port = any_port.min(grants.any_port);
                if port.is_empty() {
                    listed = listed.min(grants.listed);
                }
            }
            if !port.is_empty()
                && let Some(grants) = find(authority)
            {
                front = dot + 1;
                listed = listed.min(grants.listed);
            }
        });
        if any_port != NOBODY && !self.is_port(port) {
            any_port = NOBODY;
        }
        let grant = listed.min(any_port);
        let front = host.get(..front).unwrap_or_default();
        let is_found =
            grant != NOBODY && origin::check_labels(front).is_ok() && !origin::is_too_long(host);
        is_found.then_some(grant)
    }

    /// Whether what stands behind a host is nothing, or a colon and a port that browsers write.
    fn is_port(&self, port: &[u8]) -> bool {
        let Some((b':', digits)) = port.split_first() else {
            return port.is_empty();
        };
        let scheme = self.scheme.trim_end_matches("://");
        str::from_utf8(digits).is_ok_and(|digits| origin::parse_port(scheme, digits).is_ok())
    }

    fn patterns(&self) -> impl Iterator<Item = (u32, String)> {
        let scheme = &self.scheme;
        let write = move |grant: u32, before, text: &str, after| {
            (grant, format!("{scheme}{before}{text}{after}"))
        };
        let any_port = self.any_port.iter();
        let any_port = any_port.map(move |(grant, text)| write(grant, "", text, ":*"));
        let subdomains = self.subdomains.iter().flat_map(move |(grants, text)| {
            let both = [(grants.listed, ""), (grants.any_port, ":*")].into_iter();
            let both = both.filter(|(grant, _)| *grant != NOBODY);
            both.map(move |(grant, after)| write(grant, "*.", text, after))
        });
        any_port.chain(subdomains)
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

/// Texts, each with whose it is: their bytes in one piece, and a table into it.
///
/// The hasher is seeded at random, so that nobody can prepare origins that collide.
#[derive(Debug)]
struct Table<G> {
    bytes: Box<[u8]>,
    entries: HashTable<Entry<G>>,
    hasher: RandomState,
}

#[derive(Debug)]
struct Entry<G> {
    start: usize,
    grants: G,
    len: u16,
}

impl<G: Copy> Table<G> {
    /// `merge` adds what is new to a text that is known already.
    fn new<'a>(
        texts: impl Iterator<Item = (G, &'a str)> + Clone,
        merge: impl Fn(&mut G, G),
    ) -> Self {
        let hasher = RandomState::default();
        let (count, len) = texts.clone().fold((0, 0), |(count, len), (_, text)| {
            (count + 1, len + text.len())
        });
        let mut bytes = Vec::with_capacity(len);
        let mut entries = HashTable::with_capacity(count);
        for (grants, text) in texts {
            let of_text = hash(&hasher, text.as_bytes());
            let known = |entry: &Entry<G>| entry.text(&bytes) == Some(text.as_bytes());
            // A pattern is at most 327 bytes long.
            let Ok(len) = u16::try_from(text.len()) else {
                continue;
            };
            if let Some(entry) = entries.find_mut(of_text, known) {
                merge(&mut entry.grants, grants);
                continue;
            }
            let start = bytes.len();
            bytes.extend_from_slice(text.as_bytes());
            let entry = Entry { start, grants, len };
            entries.insert_unique(of_text, entry, |entry| {
                hash(&hasher, entry.text(&bytes).unwrap_or_default())
            });
        }
        Self {
            bytes: bytes.into_boxed_slice(),
            entries,
            hasher,
        }
    }

    fn get(&self, text: &[u8]) -> Option<G> {
        Some(*self.find(text)?)
    }

    #[inline(always)]
    fn find(&self, text: &[u8]) -> Option<&G> {
        if self.entries.is_empty() {
            return None;
        }
        let is_it = |entry: &Entry<G>| entry.text(&self.bytes) == Some(text);
        let entry = self.entries.find(hash(&self.hasher, text), is_it)?;
        Some(&entry.grants)
    }

    fn iter(&self) -> impl Iterator<Item = (G, &str)> {
        self.entries.iter().filter_map(|entry| {
            let text = str::from_utf8(entry.text(&self.bytes)?).ok()?;
            Some((entry.grants, text))
        })
    }
}

impl<G> Entry<G> {
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
        let parent = "a.".repeat(124) + "b";
        let pattern: &'static str = format!("https://*.{parent}").leak();
        let list = list(&[&[pattern]]);
        let grant = |origin: String| list.grant(origin.as_bytes());
        assert_eq!(grant(format!("https://a.a.{parent}")), Some(0));
        assert_eq!(grant(format!("https://{parent}")), None);
    }

    #[test]
    fn the_longest_names() {
        #[track_caller]
        fn check(pattern: &'static str, length: usize, grant: Option<u32>) {
            let parent = pattern.trim_start_matches("https://*");
            // Labels of one byte, the last one of one or two.
            let count = length - parent.len();
            let front = "a.".repeat((count - 1) / 2) + if count % 2 == 1 { "b" } else { "bb" };
            let host = format!("{front}{parent}");
            assert_eq!(host.len(), length);
            let origin = format!("https://{host}");
            assert_eq!(
                list(&[&[pattern]]).grant(origin.as_bytes()),
                grant,
                "{origin}"
            );
        }
        check("https://*.com", 253, Some(0));
        check("https://*.com", 254, None);
        check("https://*.com.", 254, Some(0));
        check("https://*.com.", 255, None);
    }

    #[test]
    fn too_long_to_match() {
        let list = list(&[&["https://foo.com"]]);
        assert_eq!(list.max_len, "https://foo.com".len());
        assert_eq!(list.grant(&[b'a'; 8192]), None);
    }
}
