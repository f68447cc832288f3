//! Origin patterns with wildcards.
//!
//! The patterns of a scheme and host share an entry: `https://*.example.com` and
//! `https://*.example.com:8443` are both under `https` and `example.com`. An origin is looked up under
//! its host, for `http://localhost:*`, and under the domains above its host, for `*.`.

use std::collections::BTreeMap;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::first;
use crate::domain;
use crate::grant_id::GrantId;
use crate::origin;
use crate::pattern::{PortPattern, Tuple};

#[derive(Debug)]
pub(super) struct Wildcards {
    is_empty: bool,
    /// Separate from the others, because nearly all patterns and origins have this scheme: it takes a
    /// comparison and not a look-up.
    https: Scheme,
    others: HashMap<Box<[u8]>, Scheme, RandomState>,
}

/// The patterns of one scheme.
#[derive(Debug, Default)]
struct Scheme {
    /// Under their hosts, without the `*.`.
    hosts: HashMap<Box<[u8]>, Grants, RandomState>,
    /// Whether a host without a `*.` is among them.
    has_hosts: bool,
    /// Bit *n* is set if there is a domain with *n* dots after a `*.`. A domain has at most 126.
    ///
    /// Without it, a host of 125 labels would take 124 look-ups. With it, a host takes as many as there
    /// are different depths among the patterns.
    depths: u128,
}

/// The grants of the patterns of one host.
#[derive(Debug, Default)]
struct Grants {
    /// For the host itself, with any port.
    itself: Option<GrantId>,
    /// For the subdomains of the host: without a port, with each of these ports, and with any port or none.
    below: Option<GrantId>,
    below_with_port: BTreeMap<u16, GrantId>,
    below_with_any: Option<GrantId>,
}

impl Wildcards {
    pub(super) fn new() -> Self {
        Self {
            is_empty: true,
            https: Scheme::default(),
            others: HashMap::default(),
        }
    }

    /// Adds a pattern that has a wildcard. Of equal patterns the first counts.
    pub(super) fn insert(&mut self, pattern: &Tuple<'_>, grant: GrantId) {
        self.is_empty = false;
        let scheme = match pattern.scheme {
            "https" => &mut self.https,
            other => self.others.entry(other.as_bytes().into()).or_default(),
        };
        let host = pattern.host.as_bytes().into();
        let grants = scheme.hosts.entry(host).or_default();
        if !pattern.subdomains {
            scheme.has_hosts = true;
            grants.itself.get_or_insert(grant);
            return;
        }
        let dots = pattern.host.bytes().filter(|&byte| byte == b'.').count();
        scheme.depths |= 1_u128 << dots.min(127);
        match pattern.port {
            PortPattern::Default => grants.below.get_or_insert(grant),
            PortPattern::Exactly(port) => grants.below_with_port.entry(port).or_insert(grant),
            PortPattern::Any => grants.below_with_any.get_or_insert(grant),
        };
    }

    /// The first grant that matches the origin, if any.
    #[inline]
    pub(super) fn grant(&self, origin: &[u8]) -> Option<GrantId> {
        match self.is_empty {
            true => None,
            false => self.look_up(origin),
        }
    }

    fn look_up(&self, origin: &[u8]) -> Option<GrantId> {
        let (scheme, authority, patterns) = match origin.strip_prefix(b"https://") {
            Some(authority) => (&b"https"[..], authority, &self.https),
            None => {
                let (scheme, authority) = split_scheme(origin)?;
                (scheme, authority, self.others.get(scheme)?)
            }
        };
        let (host, digits) = split_port(authority);
        let port = match digits {
            None => None,
            Some(digits) => {
                let [scheme, digits] = [scheme, digits].map(str::from_utf8);
                Some(origin::parse_port(scheme.ok()?, digits.ok()?).ok()?)
            }
        };
        match domain::is_too_long(host) {
            true => None,
            false => patterns.grant(host, port),
        }
    }

    pub(super) fn patterns(&self) -> impl Iterator<Item = (GrantId, String)> {
        let others = self.others.iter();
        let others = others.map(|(scheme, patterns)| (&**scheme, patterns));
        let schemes = others.chain([(&b"https"[..], &self.https)]);
        schemes.flat_map(|(scheme, patterns)| {
            let scheme = String::from_utf8_lossy(scheme);
            patterns.hosts.iter().flat_map(move |(host, grants)| {
                let host = String::from_utf8_lossy(host);
                let itself = grants
                    .itself
                    .map(|grant| (grant, format!("{scheme}://{host}:*")));
                let below = grants
                    .below
                    .map(|grant| (grant, format!("{scheme}://*.{host}")));
                let any = grants.below_with_any;
                let any = any.map(|grant| (grant, format!("{scheme}://*.{host}:*")));
                let scheme = scheme.clone();
                let ports = grants.below_with_port.iter();
                let ports =
                    ports.map(move |(port, grant)| (*grant, format!("{scheme}://*.{host}:{port}")));
                ports.chain([itself, below, any].into_iter().flatten())
            })
        })
    }
}

impl Scheme {
    fn grant(&self, host: &[u8], port: Option<u16>) -> Option<GrantId> {
        let mut found = match self.has_hosts {
            true => self.hosts.get(host).and_then(|grants| grants.itself),
            false => None,
        };
        let (mut depths, mut front) = (self.depths, host);
        while depths != 0
            && let Some(dot) = front.iter().rposition(|&byte| byte == b'.')
            && let (before, Some(domain)) = (front.get(..dot)?, host.get(dot + 1..))
        {
            front = before;
            if depths & 1 == 1
                && let Some(grants) = self.hosts.get(domain)
                && is_front(front)
            {
                let listed = match port {
                    None => grants.below,
                    Some(port) => grants.below_with_port.get(&port).copied(),
                };
                found = first(found, first(listed, grants.below_with_any));
            }
            depths >>= 1;
        }
        found
    }
}

fn split_scheme(origin: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = origin.iter().position(|&byte| byte == b':')?;
    let (scheme, rest) = origin.split_at_checked(colon)?;
    Some((scheme, rest.strip_prefix(b"://")?))
}

/// Splits a host from the digits of its port, if there are any.
fn split_port(authority: &[u8]) -> (&[u8], Option<&[u8]>) {
    // From the right: an IPv6 address has colons of its own.
    let last = authority.iter().rposition(|byte| !byte.is_ascii_digit());
    match last.and_then(|last| authority.split_at_checked(last)) {
        Some((host, [b':', digits @ ..])) => (host, Some(digits)),
        _ => (authority, None),
    }
}

/// Whether this is what the `*` of a `*.` can stand for: one label or more.
fn is_front(text: &[u8]) -> bool {
    !text.is_empty() && !text.ends_with(b".") && domain::check_labels(text).is_ok()
}
