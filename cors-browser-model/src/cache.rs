//! The [CORS-preflight cache](https://fetch.spec.whatwg.org/#cors-preflight-cache).

use std::collections::HashMap;
use std::time::Duration;

use url::Url;

use crate::grant::PreflightGrant;
use crate::in_flight::InFlight;
use crate::origin::Origin;
use crate::profile::{CacheClearing, CacheProfile, CacheUpdate, CacheWildcard, TaintedKey};
use crate::safelist::{self, cors_unsafe_request_header_names};

/// What preflights have allowed, and until when. It reads no clock: the caller passes the time, as a
/// duration since any fixed moment. A cache is for one engine and for pages of one site, so it has no
/// network partition key.
///
/// # Examples
///
/// See [`fetch`](crate::fetch).
#[derive(Clone, Debug, Default)]
pub struct PreflightCache(HashMap<Key, Entries>);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    origin: String,
    url: String,
    credentials: bool,
}

/// The methods or the header names of a key.
type Names = fn(&mut Entries) -> &mut HashMap<String, Expiry>;

/// The entries of a key, in linear time for lists of any length.
#[derive(Clone, Debug, Default)]
struct Entries {
    all: Expiry,
    methods: HashMap<String, Expiry>,
    /// Lower-case.
    headers: HashMap<String, Expiry>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Expiry {
    stored: Duration,
    max_age: Duration,
}

impl PreflightCache {
    /// An empty cache.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether it has no entry, expired or not.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a request does not need a preflight, because of an earlier one:
    /// [HTTP fetch](https://fetch.spec.whatwg.org/#http-fetch), step 4.1.
    pub(crate) fn covers(&mut self, flight: &InFlight, now: Duration) -> bool {
        let Some(lookup) = Lookup::new(flight) else {
            return false;
        };
        let covered = lookup.covers(&self.0, now);
        if !covered && lookup.profile.cleared_by == CacheClearing::Miss {
            self.remove(&lookup);
        }
        covered
    }

    /// [CORS-preflight fetch](https://fetch.spec.whatwg.org/#cors-preflight-fetch), steps 7.12 to 7.15.
    pub(crate) fn store(&mut self, flight: &InFlight, grant: &PreflightGrant, now: Duration) {
        let (Some(lookup), Some(max_age)) = (Lookup::new(flight), grant.max_age) else {
            return;
        };
        let expiry = Expiry {
            stored: now,
            max_age,
        };
        match lookup.profile.update {
            CacheUpdate::Replace => self.remove(&lookup),
            CacheUpdate::Restart if max_age.is_zero() => return,
            CacheUpdate::MaxAge | CacheUpdate::Restart => {}
        }
        let renewed = |cache: &mut Self, entries: Names, name: &str| {
            lookup.profile.update == CacheUpdate::MaxAge
                && cache.renew(&lookup, expiry, entries, name)
        };
        let mut methods = grant.methods.clone();
        methods.retain(|method| !renewed(self, |entries| &mut entries.methods, method));
        let mut headers: Vec<_> = grant
            .headers
            .iter()
            .map(|name| name.to_ascii_lowercase())
            .collect();
        headers.retain(|name| !renewed(self, |entries| &mut entries.headers, name));
        let entries = self.0.entry(lookup.key(lookup.include)).or_default();
        entries.all = expiry;
        entries
            .methods
            .extend(methods.into_iter().map(|method| (method, expiry)));
        entries
            .headers
            .extend(headers.into_iter().map(|name| (name, expiry)));
    }

    /// [Clears cache entries](https://fetch.spec.whatwg.org/#concept-cache-clear).
    pub(crate) fn clear(&mut self, flight: &InFlight) {
        if let Some(lookup) = Lookup::new(flight) {
            self.remove(&lookup);
        }
    }

    /// Sets the max-age of the entries that match a name, and returns whether there are any.
    fn renew(&mut self, lookup: &Lookup<'_>, expiry: Expiry, entries: Names, name: &str) -> bool {
        let by_wildcard = !safelist::is_cors_non_wildcard_request_header_name(name.as_bytes());
        let mut found = false;
        for credentials in lookup.slots() {
            let Some(slot) = self.0.get_mut(&lookup.key(credentials)) else {
                continue;
            };
            let names = [Some(name), by_wildcard.then_some("*")];
            for name in names.into_iter().flatten() {
                if let Some(entry) = entries(slot).get_mut(name)
                    && entry.is_alive(expiry.stored)
                {
                    entry.max_age = expiry.max_age;
                    found = true;
                }
            }
        }
        found
    }

    fn remove(&mut self, lookup: &Lookup<'_>) {
        for credentials in [false, true] {
            self.0.remove(&lookup.key(credentials));
        }
    }
}

impl Expiry {
    fn is_alive(self, now: Duration) -> bool {
        now < self.stored.saturating_add(self.max_age)
    }
}

/// What a request looks for.
struct Lookup<'a> {
    flight: &'a InFlight,
    profile: &'static CacheProfile,
    origin: String,
    url: String,
    include: bool,
}

impl<'a> Lookup<'a> {
    /// `None` where nothing is kept.
    fn new(flight: &'a InFlight) -> Option<Self> {
        let profile = &flight.profile().cache;
        let origin = match (flight.tainted, profile.tainted_key) {
            (true, TaintedKey::Unique) => return None,
            (true, TaintedKey::Page) => flight.request.origin.to_string(),
            _ => flight.origin(),
        };
        if flight.request.origin == Origin::Opaque && !profile.keeps_opaque_origins {
            return None;
        }
        let url = without_fragment(&flight.request.url);
        let kept = profile.url_limit.is_none_or(|limit| url.len() < limit);
        kept.then(|| Self {
            flight,
            profile,
            origin,
            url,
            include: flight.includes_credentials(),
        })
    }

    fn key(&self, credentials: bool) -> Key {
        Key {
            origin: self.origin.clone(),
            url: self.url.clone(),
            credentials,
        }
    }

    /// The credentials flags of entries that [match](https://fetch.spec.whatwg.org/#concept-cache-match).
    fn slots(&self) -> impl Iterator<Item = bool> + use<> {
        let (include, serves_all) = (self.include, self.profile.credentialed_serves_all);
        [false, true]
            .into_iter()
            .filter(move |credentials| match include {
                true => *credentials,
                false => serves_all || !*credentials,
            })
    }

    fn covers(&self, cache: &HashMap<Key, Entries>, now: Duration) -> bool {
        // In an engine that replaces all entries of a key together, the whole must not have expired. In
        // the others, each method and name expires on its own. In Firefox, that leaves an empty entry,
        // which never expires and saves the preflight of a request that needs no method and no name.
        let together = self.profile.update == CacheUpdate::Replace;
        let slots: Vec<_> = self
            .slots()
            .filter_map(|credentials| Some((credentials, cache.get(&self.key(credentials))?)))
            .filter(|(_, entries)| !together || entries.all.is_alive(now))
            .collect();
        if slots.is_empty() {
            return false;
        }
        let request = &self.flight.request;
        let (method, flag) = (&request.method, request.use_cors_preflight);
        let safelisted = safelist::is_cors_safelisted_method(method)
            && (method != "HEAD" || self.profile.head_is_safelisted)
            && !(flag && self.profile.flag_needs_method);
        let has = |names: &HashMap<String, Expiry>, name: &str| {
            names.get(name).is_some_and(|expiry| expiry.is_alive(now))
        };
        let method_covered = slots.iter().any(|(credentials, entries)| {
            let wildcard = self.wildcard(*credentials) && has(&entries.methods, "*");
            wildcard || has(&entries.methods, method)
        });
        if !safelisted && !method_covered {
            return false;
        }
        let names = cors_unsafe_request_header_names(self.flight.engine, &request.headers);
        names.iter().all(|name| {
            let is_named = safelist::is_cors_non_wildcard_request_header_name(name.as_bytes());
            let coverable = !is_named || self.profile.wildcard_covers_authorization;
            slots.iter().any(|(credentials, entries)| {
                let wildcard = self.wildcard(*credentials) && has(&entries.headers, "*");
                (coverable && wildcard) || has(&entries.headers, name)
            })
        })
    }

    fn wildcard(&self, credentials: bool) -> bool {
        match self.profile.wildcard {
            CacheWildcard::Always => true,
            CacheWildcard::UncredentialedEntry => !credentials,
            CacheWildcard::UncredentialedRequest => !self.include,
            CacheWildcard::Never => false,
        }
    }
}

fn without_fragment(url: &Url) -> String {
    let mut url = url.clone();
    url.set_fragment(None);
    url.into()
}
