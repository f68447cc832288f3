//! Origin patterns with wildcards.
//!
//! The patterns of a scheme and host share an entry: `https://*.example.com` and
//! `https://*.example.com:8443` are both under `https` and `example.com`. An origin is looked up under
//! its host, for `http://localhost:*`, and under the domains above its host, for `*.` and for a `*` in a label.

use std::collections::BTreeMap;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::{first, is_origin};
use crate::domain;
use crate::grant_id::GrantId;
use crate::label_patterns::LabelPatterns;
use crate::origin;
use crate::pattern::{HostWildcard, PortPattern, Tuple};

#[derive(Debug, Default)]
pub(super) struct Wildcards {
    has_patterns: bool,
    /// Separate from the others, because nearly all patterns and origins have this scheme: it takes a
    /// comparison and not a look-up.
    https: Scheme,
    others: HashMap<Box<[u8]>, Scheme, RandomState>,
}

/// The patterns of one scheme.
#[derive(Debug, Default)]
struct Scheme {
    /// Of any host without a port.
    any_host: Option<GrantId>,
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
    /// Of the host itself, with any port.
    itself: Option<GrantId>,
    /// Of what is below the host.
    below: ByPort,
    /// Of what is one label below the host. Few hosts have such patterns.
    labels: Option<Box<LabelPatterns<ByPort>>>,
}

/// The grants of patterns that differ in their port only.
#[derive(Debug, Default)]
struct ByPort {
    none: Option<GrantId>,
    exactly: BTreeMap<u16, GrantId>,
    any: Option<GrantId>,
}

impl Wildcards {
    /// Adds a pattern that has a wildcard. Of equal patterns the first counts.
    pub(super) fn insert(&mut self, pattern: &Tuple<'_>, grant: GrantId) {
        self.has_patterns = true;
        let scheme = match pattern.scheme {
            "https" => &mut self.https,
            other => self.others.entry(other.as_bytes().into()).or_default(),
        };
        let host = pattern.host.as_bytes();
        let grants = match pattern.wildcard {
            HostWildcard::AnyHost => {
                scheme.any_host.get_or_insert(grant);
                return;
            }
            _ => scheme.hosts.entry(host.into()).or_default(),
        };
        let by_port = match pattern.wildcard {
            HostWildcard::None | HostWildcard::AnyHost => {
                scheme.has_hosts = true;
                grants.itself.get_or_insert(grant);
                return;
            }
            HostWildcard::Subdomains => &mut grants.below,
            HostWildcard::Label(label) => grants.labels.get_or_insert_default().entry(&label),
        };
        by_port.insert(pattern.port, grant);
        let dots = host.iter().filter(|&&byte| byte == b'.').count();
        scheme.depths |= 1_u128 << dots.min(127);
    }

    /// The first grant that matches the origin, if any.
    #[inline]
    pub(super) fn grant(&self, origin: &[u8]) -> Option<GrantId> {
        match self.has_patterns {
            true => self.look_up(origin),
            false => None,
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
        if domain::is_too_long(host) {
            return None;
        }
        let any_host = patterns.any_host;
        let any_host = any_host.filter(|_| port.is_none() && is_origin(origin));
        first(any_host, patterns.grant(host, port))
    }

    pub(super) fn patterns(&self) -> impl Iterator<Item = (GrantId, String)> {
        let others = self.others.iter();
        let others = others.map(|(scheme, patterns)| (&**scheme, patterns));
        let schemes = others.chain([(&b"https"[..], &self.https)]);
        schemes.flat_map(|(scheme, patterns)| {
            let scheme = String::from_utf8_lossy(scheme).into_owned();
            let any_host = patterns.any_host;
            let any_host = any_host.map(|grant| (grant, format!("{scheme}://*")));
            let hosts = patterns.hosts.iter().flat_map(move |(host, grants)| {
                grants.patterns(&scheme, &String::from_utf8_lossy(host))
            });
            hosts.chain(any_host)
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
                found = first(found, grants.below.grant(port));
                if let Some(labels) = &grants.labels
                    && !front.contains(&b'.')
                {
                    let labels = labels.matching(front);
                    found = labels.fold(found, |found, label| first(found, label.grant(port)));
                }
            }
            depths >>= 1;
        }
        found
    }
}

impl Grants {
    /// The patterns of a host, for explanations.
    fn patterns(&self, scheme: &str, host: &str) -> Vec<(GrantId, String)> {
        let mut patterns = Vec::new();
        if let Some(grant) = self.itself {
            patterns.push((grant, format!("{scheme}://{host}:*")));
        }
        let mut push = |front: &str, by_port: &ByPort| {
            let ports = by_port.grants();
            patterns.extend(
                ports.map(|(port, grant)| (grant, format!("{scheme}://{front}.{host}{port}"))),
            );
        };
        push("*", &self.below);
        for (before, after, by_port) in self.labels.iter().flat_map(|labels| labels.iter()) {
            let [before, after] = [before, after].map(String::from_utf8_lossy);
            push(&format!("{before}*{after}"), by_port);
        }
        patterns
    }
}

impl ByPort {
    /// Of equal patterns the first counts.
    fn insert(&mut self, port: PortPattern, grant: GrantId) {
        match port {
            PortPattern::Default => self.none.get_or_insert(grant),
            PortPattern::Exactly(port) => self.exactly.entry(port).or_insert(grant),
            PortPattern::Any => self.any.get_or_insert(grant),
        };
    }

    fn grant(&self, port: Option<u16>) -> Option<GrantId> {
        let listed = match port {
            None => self.none,
            Some(port) => self.exactly.get(&port).copied(),
        };
        first(listed, self.any)
    }

    /// Each port, as a pattern has it after the host, and its grant.
    fn grants(&self) -> impl Iterator<Item = (String, GrantId)> {
        let none = self.none.map(|grant| (String::new(), grant));
        let any = self.any.map(|grant| (":*".to_owned(), grant));
        let exactly = self.exactly.iter();
        let exactly = exactly.map(|(port, grant)| (format!(":{port}"), *grant));
        exactly.chain(none).chain(any)
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
