//! A policy as data: for programs that write it in another form, such as the configuration of a gateway.

use std::fmt;

use crate::config::Refuse;
use crate::decision::{Header, Preflight, Verdict};
use crate::grant_id::GrantId;
use crate::origin_set::{GrantSet, OriginSet};
use crate::policy::{Compiled, CompiledPart, Policy};

/// What is at the top of a policy, or one of its routes. Created by [`Policy::parts`] and [`Policy::abnormal_part`].
#[derive(Clone, Copy)]
pub struct PolicyPart<'a> {
    policy: &'a Compiled,
    part: &'a CompiledPart,
    /// None at the top.
    route: Option<usize>,
}

/// A grant, as a policy applies it. Created by [`PolicyPart::grants`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PolicyGrant<'a> {
    /// Its number.
    pub id: GrantId,
    /// Its origin patterns but `*`, in alphabetical order.
    pub patterns: Vec<String>,
    /// Its sets of origins.
    pub sets: Vec<PolicySet<'a>>,
    /// Whether it is for every origin: `*`.
    pub is_everyone: bool,
    /// Whether it allows credentials.
    pub allows_credentials: bool,
    /// The headers of its actual responses.
    pub actual: &'a [Header<Box<str>>],
    /// The headers of its responses to preflights.
    pub preflight: &'a [Header<Box<str>>],
}

/// A set of origins that a grant names. Created by [`PolicyPart::grants`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct PolicySet<'a> {
    /// The name of the set in the policy.
    pub name: &'a str,
    /// The segment of the path that is the key, counted from 0; `None` for the origins without a key.
    pub key_segment: Option<usize>,
    /// The set.
    pub set: &'a OriginSet,
}

impl Policy {
    /// The parts of the policy: what is at the top, then each route.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_core::adapter::{HeaderSource, ResponseHeader};
    /// use cors_core::{Config, Grant, Policy};
    ///
    /// let app = Grant::new(["https://app.example.com"]).allow_credentials(true);
    /// let policy = Policy::new(Config::new([app]).route("/public", Grant::new(["*"])))?;
    /// let [top, public] = &*policy.parts() else { unreachable!() };
    /// assert_eq!((top.path(), public.path()), (None, Some("/public")));
    ///
    /// let [grant] = &*top.grants() else { unreachable!() };
    /// assert_eq!(grant.patterns, ["https://app.example.com"]);
    /// let credentials = &grant.actual[1];
    /// assert_eq!(credentials.name, ResponseHeader::AccessControlAllowCredentials);
    /// assert_eq!(credentials.value, HeaderSource::Constant("true".into()));
    /// # Ok::<(), cors_core::ConfigErrors>(())
    /// ```
    pub fn parts(&self) -> Vec<PolicyPart<'_>> {
        let policy = self.compiled();
        let part = |(number, part): (usize, _)| PolicyPart {
            policy,
            part,
            route: number.checked_sub(1),
        };
        policy.parts().enumerate().map(part).collect()
    }

    /// What is for paths that are not in normal form: it has no grants. `None` if the policy has no routes, and so
    /// knows no paths.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_core::{Config, Grant, Policy};
    ///
    /// let policy = Policy::new(Config::new([]).route("/public", Grant::new(["*"])))?;
    /// assert!(policy.abnormal_part().is_some_and(|part| part.grants().is_empty()));
    /// assert!(Policy::new(Grant::new(["*"]))?.abnormal_part().is_none());
    /// # Ok::<(), cors_core::ConfigErrors>(())
    /// ```
    pub fn abnormal_part(&self) -> Option<PolicyPart<'_>> {
        let policy = self.compiled();
        let routed = policy.routed.as_ref()?;
        Some(PolicyPart {
            policy,
            part: &routed.abnormal,
            route: None,
        })
    }

    /// The patterns of host and port to which the policy restricts `Host`, in alphabetical order: those of
    /// [`hosts`](crate::Config::hosts), with the ports that an entry without a port is for. `None` if all are allowed.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_core::{Config, Grant, Policy};
    ///
    /// let policy = Policy::new(Config::new([Grant::new(["https://a.example"])]).hosts(["api.example"]))?;
    /// assert_eq!(policy.host_patterns().unwrap(), ["api.example", "api.example:443", "api.example:80"]);
    /// # Ok::<(), cors_core::ConfigErrors>(())
    /// ```
    pub fn host_patterns(&self) -> Option<Vec<String>> {
        let mut patterns = self.compiled().hosts.as_ref()?.patterns();
        patterns.sort_unstable();
        Some(patterns)
    }

    /// The status of the response to a preflight that has a grant.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_core::{Grant, Policy};
    ///
    /// assert_eq!(Policy::new(Grant::new(["*"]))?.preflight_status(), 204);
    /// # Ok::<(), cors_core::ConfigErrors>(())
    /// ```
    pub fn preflight_status(&self) -> u16 {
        self.compiled().preflight_status
    }
}

impl<'a> PolicyPart<'a> {
    /// The path of the route; `None` at the top.
    pub fn path(&self) -> Option<&'a str> {
        self.policy.routed.as_ref()?.path(self.route?)
    }

    /// What the part refuses, also if the policy says it for all parts.
    pub fn refuse(&self) -> Refuse {
        self.part.refuse
    }

    /// The number of its only grant, if that is one of `*`: then actual responses to all requests have the headers of that
    /// grant, with `Origin` or without.
    pub fn same_for_all(&self) -> Option<GrantId> {
        self.part.same_for_all
    }

    /// The headers of an actual response where no grant matches.
    pub fn actual_without_grant(&self) -> &'a [Header<Box<str>>] {
        self.actual(self.part.same_for_all)
    }

    /// The headers of the response to a preflight where no grant matches: its status is 403.
    pub fn preflight_without_grant(&self) -> &'a [Header<Box<str>>] {
        self.preflight(None)
    }

    /// The grants, in the order in which they are compared with an origin.
    pub fn grants(&self) -> Vec<PolicyGrant<'a>> {
        let allowlist = &self.part.allowlist;
        let grants = self.part.grants().iter().enumerate();
        let grants = grants.map(|(index, kind)| {
            let id = GrantId::new(self.route, index);
            PolicyGrant {
                id,
                patterns: Vec::new(),
                sets: Vec::new(),
                is_everyone: kind.is_everybody,
                allows_credentials: kind.credentials,
                actual: self.actual(Some(id)),
                preflight: self.preflight(Some(id)),
            }
        });
        let mut grants: Vec<_> = grants.collect();
        for (id, pattern) in allowlist.patterns() {
            if let Some(grant) = grants.get_mut(id.index()) {
                grant.patterns.push(pattern);
            }
        }
        for (id, used) in self.part.sets() {
            if let Some(grant) = grants.get_mut(id.index()) {
                grant.sets.push(PolicySet::new(used));
            }
        }
        for grant in &mut grants {
            grant.patterns.sort_unstable();
        }
        grants
    }

    fn actual(&self, grant: Option<GrantId>) -> &'a [Header<Box<str>>] {
        let headers = self.part.headers(verdict(grant));
        (self.policy.headers.actual(headers)).map_or(&[], |row| row)
    }

    fn preflight(&self, grant: Option<GrantId>) -> &'a [Header<Box<str>>] {
        let headers = self.part.headers(verdict(grant));
        let preflight = Preflight {
            status: self.policy.preflight_status,
            headers,
        };
        (self.policy.headers.preflight(preflight)).map_or(&[], |row| row)
    }
}

fn verdict(grant: Option<GrantId>) -> Verdict {
    grant.map_or(Verdict::NoGrant, Verdict::Granted)
}

impl fmt::Debug for PolicyPart<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PolicyPart")
            .field("path", &self.path())
            .field("grants", &self.grants())
            .field("refuse", &self.refuse())
            .finish()
    }
}

impl<'a> PolicySet<'a> {
    fn new(used: &'a GrantSet) -> Self {
        Self {
            name: &used.name,
            key_segment: used.segment,
            set: &used.set,
        }
    }
}
