//! Origin patterns with wildcards.
//!
//! The patterns of a scheme and host share an entry: `https://*.example.com` and
//! `https://*.example.com:8443` are both under `https` and `example.com`. An origin is looked up under
//! its host, for `http://localhost:*`, and under the domains above its host, for `*.`.

use std::collections::BTreeMap;

use foldhash::fast::RandomState;
use hashbrown::{Equivalent, HashMap};

use super::first;
use crate::domain;
use crate::grant_id::GrantId;
use crate::origin;
use crate::pattern::{PortPattern, Tuple};

#[derive(Debug, Default)]
pub(super) struct Wildcards {
    hosts: HashMap<Host, Grants, RandomState>,
    /// Whether a host without `*.` is among them.
    has_hosts: bool,
    /// Bit *n* is set if there is a domain with *n* dots after a `*.`. A domain has at most 126.
    ///
    /// A host of 125 labels would cost 124 look-ups without it. With it, a host costs as many as there
    /// are different depths among the patterns.
    depths: u128,
}

/// A scheme, and a host without its `*.`.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Host {
    scheme: Box<[u8]>,
    host: Box<[u8]>,
}

/// The same, borrowed from an origin.
#[derive(Clone, Copy, Hash)]
struct HostRef<'a> {
    scheme: &'a [u8],
    host: &'a [u8],
}

/// The grants of the patterns of one host.
#[derive(Debug, Default)]
struct Grants {
    /// Of the host itself, with any port.
    any_port: Option<GrantId>,
    /// Of what is below the host, for each port.
    below: BTreeMap<PortPattern, GrantId>,
}

impl Wildcards {
    /// Adds a pattern that has a wildcard. Of equal ones the first counts.
    pub(super) fn insert(&mut self, pattern: &Tuple<'_>, grant: GrantId) {
        let key = Host {
            scheme: pattern.scheme.as_bytes().into(),
            host: pattern.host.as_bytes().into(),
        };
        let grants = self.hosts.entry(key).or_default();
        if !pattern.subdomains {
            self.has_hosts = true;
            grants.any_port = first(grants.any_port, Some(grant));
            return;
        }
        let dots = pattern.host.bytes().filter(|&byte| byte == b'.').count();
        self.depths |= 1_u128 << dots.min(127);
        grants.below.entry(pattern.port).or_insert(grant);
    }

    /// The first grant that is for the origin, if any.
    #[inline]
    pub(super) fn grant(&self, origin: &[u8]) -> Option<GrantId> {
        match self.hosts.is_empty() {
            true => None,
            false => self.look_up(origin),
        }
    }

    fn look_up(&self, origin: &[u8]) -> Option<GrantId> {
        let (scheme, authority) = split_scheme(origin)?;
        let (host, digits) = split_port(authority);
        let port = match digits {
            None => PortPattern::Default,
            Some(digits) => {
                let [scheme, digits] = [scheme, digits].map(str::from_utf8);
                PortPattern::Exactly(origin::parse_port(scheme.ok()?, digits.ok()?).ok()?)
            }
        };
        if domain::is_too_long(host) {
            return None;
        }
        let find = |host| self.hosts.get(&HostRef { scheme, host });
        let mut found = match self.has_hosts {
            true => find(host).and_then(|grants| grants.any_port),
            false => None,
        };
        let (mut depths, mut front) = (self.depths, host);
        while depths != 0
            && let Some(dot) = front.iter().rposition(|&byte| byte == b'.')
            && let (before, Some(domain)) = (front.get(..dot)?, host.get(dot + 1..))
        {
            front = before;
            if depths & 1 == 1
                && let Some(grants) = find(domain)
                && is_front(front)
            {
                found = first(found, grants.below(port));
            }
            depths >>= 1;
        }
        found
    }

    pub(super) fn patterns(&self) -> impl Iterator<Item = (GrantId, String)> {
        self.hosts.iter().flat_map(|(key, grants)| {
            let [scheme, host] = [&key.scheme, &key.host].map(|text| String::from_utf8_lossy(text));
            let itself = grants
                .any_port
                .map(|grant| (grant, format!("{scheme}://{host}:*")));
            let below = grants.below.iter().map(move |(port, grant)| {
                let port = match port {
                    PortPattern::Default => String::new(),
                    PortPattern::Exactly(port) => format!(":{port}"),
                    PortPattern::Any => ":*".to_owned(),
                };
                (*grant, format!("{scheme}://*.{host}{port}"))
            });
            itself.into_iter().chain(below)
        })
    }
}

impl Grants {
    /// The first grant of what is below the host, with this port.
    fn below(&self, port: PortPattern) -> Option<GrantId> {
        let grant = |port| self.below.get(&port).copied();
        first(grant(PortPattern::Any), grant(port))
    }
}

impl Equivalent<Host> for HostRef<'_> {
    fn equivalent(&self, key: &Host) -> bool {
        self.host == &*key.host && self.scheme == &*key.scheme
    }
}

fn split_scheme(origin: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = origin.iter().position(|&byte| byte == b':')?;
    let (scheme, rest) = origin.split_at_checked(colon)?;
    Some((scheme, rest.strip_prefix(b"://")?))
}

/// Splits a host from the digits of its port, if there are any.
fn split_port(authority: &[u8]) -> (&[u8], Option<&[u8]>) {
    // From the right: the colons in an IPv6 address are its own.
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
