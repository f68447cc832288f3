//! Origin patterns with wildcards, compiled.

use crate::allowlist::NOBODY;
use crate::bytes;
use crate::domain;
use crate::origin;
use crate::pattern::{PortPattern, Tuple};
use crate::table::Table;

/// Patterns with wildcards of one scheme, without what all those in a list or table have in common.
#[derive(Debug)]
pub(crate) struct Wildcards {
    /// With its `://`.
    scheme: Box<str>,
    /// `http://localhost:*`
    any_port: Table<u32>,
    /// `https://*.example.com`, `https://*.example.com:8443`, `https://*.example.com:*`: what stands
    /// behind the wildcard, with the port that is listed. One list for all: an origin without a
    /// port, and most have none, is then looked up once.
    subdomains: Subdomains,
}

impl Wildcards {
    pub(crate) fn new(scheme: &str, patterns: &[(u32, Tuple<'_>)]) -> Self {
        let patterns = patterns.iter();
        let any_port = patterns.clone().filter(|(_, tuple)| !tuple.subdomains);
        let any_port = any_port.map(|(grant, tuple)| (*grant, tuple.authority));
        let subdomains = patterns.filter(|(_, tuple)| tuple.subdomains);
        let subdomains = subdomains.map(|(grant, tuple)| {
            let (listed, any_port) = match tuple.port {
                PortPattern::Any => (NOBODY, *grant),
                PortPattern::Default | PortPattern::Exactly(_) => (*grant, NOBODY),
            };
            (Grants { listed, any_port }, tuple.authority)
        });
        Self {
            scheme: format!("{scheme}://").into(),
            any_port: Table::new(any_port, NOBODY, |_, _| {}),
            subdomains: Subdomains::new(subdomains),
        }
    }

    pub(crate) fn scheme(&self) -> &str {
        &self.scheme
    }

    /// The first grant that is for an origin of this scheme with this host and port, or [`NOBODY`].
    ///
    /// It is tempting to check that there *is* a host and a port first. But most that are sent match
    /// nothing, and where something matches, only what the wildcard stands for needs a look: the
    /// rest is equal to a pattern.
    #[inline(always)]
    pub(crate) fn grant(&self, authority: &[u8]) -> u32 {
        match authority {
            [.., b'0'..=b'9'] => self.grant_with_port(authority),
            host => self.grant_without_port(host),
        }
    }

    #[inline(always)]
    fn grant_without_port(&self, host: &[u8]) -> u32 {
        let both = |grants: &Grants| grants.listed.min(grants.any_port);
        match self.subdomains.grant(host, both) {
            grant if grant != NOBODY && domain::is_too_long(host) => NOBODY,
            grant => grant.min(self.grant_with_any_port(host)),
        }
    }

    /// Not inlined, so that origins without a port, which are most, do not pay for it.
    #[inline(never)]
    fn grant_with_port(&self, authority: &[u8]) -> u32 {
        let Some((host, port)) = split_port(authority) else {
            return self.grant_without_port(authority);
        };
        if domain::is_too_long(host) {
            return NOBODY;
        }
        let listed = self.subdomains.grant(authority, |grants| grants.listed);
        let any_port = self.subdomains.grant(host, |grants| grants.any_port);
        let any_port = any_port.min(self.grant_with_any_port(host));
        match any_port < listed && self.is_port(port) {
            true => any_port,
            false => listed,
        }
    }

    #[inline(always)]
    fn grant_with_any_port(&self, host: &[u8]) -> u32 {
        match self.any_port.is_empty() {
            true => NOBODY,
            false => self.any_port.get(host).copied().unwrap_or(NOBODY),
        }
    }

    /// Whether these are the digits of a port that browsers write.
    fn is_port(&self, digits: &[u8]) -> bool {
        let scheme = self.scheme.trim_end_matches("://");
        str::from_utf8(digits).is_ok_and(|digits| origin::parse_port(scheme, digits).is_ok())
    }

    pub(crate) fn patterns(&self) -> impl Iterator<Item = (u32, String)> {
        let scheme = &self.scheme;
        let write = move |grant: u32, before, text: &str, after| {
            (grant, format!("{scheme}{before}{text}{after}"))
        };
        let any_port = self.any_port.iter();
        let any_port = any_port.map(move |(grant, text)| write(*grant, "", text, ":*"));
        let subdomains = self.subdomains.iter().flat_map(move |(grants, text)| {
            let both = [(grants.listed, ""), (grants.any_port, ":*")].into_iter();
            let both = both.filter(|(grant, _)| *grant != NOBODY);
            both.map(move |(grant, after)| write(grant, "*.", text, after))
        });
        any_port.chain(subdomains)
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

impl Grants {
    const NOBODY: Self = Self {
        listed: NOBODY,
        any_port: NOBODY,
    };

    fn merge(&mut self, other: Self) {
        self.listed = self.listed.min(other.listed);
        self.any_port = self.any_port.min(other.any_port);
    }
}

/// What stands behind `*`, each with its grants.
#[derive(Debug)]
enum Subdomains {
    /// Compared one after the other, which takes less time than to look them up. With the dot.
    Few(Box<[(Box<str>, Grants)]>),
    /// Without the dot.
    Many {
        texts: Table<Grants>,
        /// Bit *n* is set if there is a text with *n* dots. A domain has at most 127.
        depths: u128,
    },
}

impl Subdomains {
    const FEW: usize = 8;

    fn new<'a>(patterns: impl Iterator<Item = (Grants, &'a str)> + Clone) -> Self {
        let mut few: Vec<(Box<str>, Grants)> = Vec::new();
        for (grants, text) in patterns.clone() {
            let text = format!(".{text}").into();
            if let Some((_, known)) = few.iter_mut().find(|(known, _)| *known == text) {
                known.merge(grants);
            } else if few.len() < Self::FEW {
                few.push((text, grants));
            } else {
                return Self::many(patterns);
            }
        }
        Self::Few(few.into())
    }

    fn many<'a>(patterns: impl Iterator<Item = (Grants, &'a str)> + Clone) -> Self {
        let depths = patterns.clone().map(|(_, text)| {
            let dots = text.bytes().filter(|&byte| byte == b'.').count();
            1_u128 << dots.min(127)
        });
        Self::Many {
            depths: depths.fold(0, |depths, depth| depths | depth),
            texts: Table::new(patterns, Grants::NOBODY, Grants::merge),
        }
    }

    /// The first of the grants that `pick` takes for a host, which may have a port behind it and be too
    /// long, or [`NOBODY`].
    #[inline(always)]
    fn grant(&self, host: &[u8], pick: impl Fn(&Grants) -> u32) -> u32 {
        let (grant, front) = match self {
            Self::Few(texts) => {
                let (mut grant, mut front) = (NOBODY, host);
                for (text, grants) in texts {
                    let len = host.len().wrapping_sub(text.len());
                    if let Some((before, end)) = host.split_at_checked(len)
                        && bytes::is_equal(end, text.as_bytes())
                    {
                        grant = grant.min(pick(grants));
                        // Any one will do: what is between two is part of a pattern.
                        front = before;
                    }
                }
                (grant, front)
            }
            Self::Many { texts, depths } => look_up(texts, *depths, host, pick),
        };
        match grant != NOBODY && is_front(front) {
            true => grant,
            false => NOBODY,
        }
    }

    fn iter(&self) -> Box<dyn Iterator<Item = (&Grants, &str)> + '_> {
        match self {
            Self::Few(texts) => {
                let texts = texts.iter();
                Box::new(texts.map(|(text, grants)| (grants, text.trim_start_matches('.'))))
            }
            Self::Many { texts, .. } => Box::new(texts.iter()),
        }
    }
}

/// The first grant, and what is before the text it is for.
///
/// It is tempting to look up what is behind every dot. A host of 125 would then cost 125 look-ups;
/// this way it costs a few, or as many as there are different depths among the patterns.
#[inline(never)]
fn look_up<'a>(
    texts: &Table<Grants>,
    mut depths: u128,
    host: &'a [u8],
    pick: impl Fn(&Grants) -> u32,
) -> (u32, &'a [u8]) {
    let (mut grant, mut front, mut rest) = (NOBODY, host, host);
    while depths != 0
        && let Some(dot) = rest.iter().rposition(|&byte| byte == b'.')
    {
        rest = rest.get(..dot).unwrap_or_default();
        if depths & 1 == 1
            && let Some(grants) = host.get(dot + 1..).and_then(|text| texts.get(text))
        {
            grant = grant.min(pick(grants));
            front = rest;
        }
        depths >>= 1;
    }
    (grant, front)
}

/// Whether this is what `*` can stand for.
#[inline(always)]
fn is_front(text: &[u8]) -> bool {
    // Most are one label.
    domain::is_short_label(text)
        || !text.is_empty() && !text.ends_with(b".") && domain::check_labels(text).is_ok()
}

/// Splits a host from the digits of its port.
fn split_port(authority: &[u8]) -> Option<(&[u8], &[u8])> {
    // From the right: the colons in an IPv6 address are its own.
    let colon = authority.iter().rposition(|byte| !byte.is_ascii_digit())?;
    let (host, port) = authority.split_at_checked(colon)?;
    Some((host, port.strip_prefix(b":")?))
}
