//! A configuration that is valid and compiled.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
#[cfg(feature = "tracing")]
use std::sync::atomic::{AtomicBool, Ordering};

use crate::config::{Config, Grant, Refuse};
use crate::decide::RequestHead;
use crate::decision::{Decision, Header, HeaderSet, HeaderSource, PerResponse, Verdict};
use crate::error::{ConfigError, ConfigErrors};
#[cfg(feature = "tracing")]
use crate::events::EventLimits;
use crate::grant_id::GrantId;
use crate::header::{RequestHeader, ResponseHeader};
use crate::matching::Allowlist;
use crate::origin_set::GrantSet;
use crate::path::PathError;
use crate::refuse::{GrantKind, Hosts};
use crate::routes::Routes;
use crate::validate::{self, Checked, CheckedPart};

/// A CORS policy: a [`Config`] without errors, ready to decide requests.
///
/// A clone shares the policy; cloning increments a reference count.
///
/// # Examples
///
/// ```
/// use cors_core::{Grant, Policy};
///
/// let policy = Policy::new(Grant::new(["https://app.example.com"]).allow_methods(["PUT"]))?;
///
/// let errors = Policy::new(Grant::new(["*"]).allow_credentials(true)).unwrap_err();
/// assert!(errors.to_string().contains("wildcard-origin-with-credentials"));
/// # Ok::<(), cors_core::ConfigErrors>(())
/// ```
#[derive(Clone)]
pub struct Policy(Arc<Compiled>);

pub(crate) struct Compiled {
    /// What is for paths without a route. A policy without routes knows no paths.
    top: CompiledPart,
    pub(crate) routed: Option<Routed>,
    pub(crate) hosts: Option<Hosts>,
    refuses: bool,
    pub(crate) preflight_status: u16,
    pub(crate) headers: PerResponse<Box<[Header<Box<str>>]>>,
    /// Whether a header that other code had set was reported.
    #[cfg(feature = "tracing")]
    reported: AtomicBool,
    #[cfg(feature = "tracing")]
    pub(crate) event_limits: EventLimits,
}

pub(crate) struct Routed {
    routes: Routes,
    /// The parts of the routes, by their numbers.
    parts: Box<[CompiledPart]>,
    /// What is for a path that is not in normal form, or not known: no grant.
    pub(crate) abnormal: CompiledPart,
}

/// The grants at the top of a policy, or of a route. By default it grants nothing.
#[derive(Default)]
pub(crate) struct CompiledPart {
    pub(crate) allowlist: Allowlist,
    /// Whether the part is one `*` grant, so that the headers are the same for all requests.
    pub(crate) same_for_all: Option<GrantId>,
    /// What it refuses.
    pub(crate) refuse: Refuse,
    /// Its grants, as a refusal depends on them.
    grants: Box<[GrantKind]>,
    /// The sets of its grants, the first grant first.
    sets: Box<[(GrantId, GrantSet)]>,
    /// The row of its first grant in [`PerResponse`].
    first_row: u32,
    /// The row without a grant.
    no_grant_row: u32,
}

impl Policy {
    /// Checks a configuration and compiles it.
    ///
    /// # Errors
    ///
    /// All errors in the configuration, not only the first.
    pub fn new(config: impl Into<Config>) -> Result<Self, ConfigErrors> {
        let config = config.into();
        let mut errors = Vec::new();
        match Self::compile(&config, &HashSet::new(), &mut errors) {
            Some(policy) if errors.is_empty() => Ok(policy),
            _ => Err(ConfigErrors(errors)),
        }
    }

    /// Compiles a configuration. If it has errors, they are added to `errors` and there is no policy.
    ///
    /// `incomplete` has the grants whose origins are not all known.
    pub(crate) fn compile(
        config: &Config,
        incomplete: &HashSet<GrantId>,
        errors: &mut Vec<ConfigError>,
    ) -> Option<Self> {
        let Checked { parts, routes } = validate::check(config, incomplete, errors);
        if !errors.is_empty() {
            return None;
        }
        let mut headers = Headers::new();
        let routes_of_config = config.routes.iter().map(|route| &route.part);
        let routed =
            routes_of_config.map(|part| (&*part.grants, part.refuse.unwrap_or(config.refuse)));
        let all = std::iter::once((&*config.grants, config.refuse)).chain(routed);
        let parts = parts.into_iter().zip(all);
        let mut parts =
            parts.map(|(checked, (grants, refuse))| headers.part(checked, grants, refuse));
        let top = parts.next()?;
        let parts: Box<[_]> = parts.collect();
        let refused = parts.iter().map(|part| part.refuse);
        let refused = refused.fold(top.refuse.or(Refuse::default()), Refuse::or);
        let routed = (!parts.is_empty()).then(|| Routed {
            routes,
            parts,
            abnormal: CompiledPart {
                refuse: refused,
                ..CompiledPart::default()
            },
        });
        Some(Self(Arc::new(Compiled {
            top,
            routed,
            hosts: (!config.hosts.is_empty()).then(|| Hosts::new(&config.hosts)),
            preflight_status: config.preflight_status,
            refuses: refused.is_something(),
            headers: headers.per_response(refused.is_something()),
            #[cfg(feature = "tracing")]
            reported: AtomicBool::new(false),
            #[cfg(feature = "tracing")]
            event_limits: EventLimits::default(),
        })))
    }

    /// The headers for a decision of this policy, in the order in which to write them: for logs,
    /// for tests, and for adapters that write text. Other adapters [prepare](Self::prepare) them.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_core::adapter::{HeaderSource, ResponseHeader};
    /// use cors_core::{Grant, Policy};
    /// # use cors_core::adapter::{RequestHead, RequestHeader};
    /// # struct NoOrigin;
    /// # impl RequestHead for NoOrigin {
    /// #     fn method(&self) -> &[u8] { b"GET" }
    /// #     fn lines(&self, _: RequestHeader) -> impl Iterator<Item = &[u8]> { [].into_iter() }
    /// # }
    ///
    /// let policy = Policy::new(Grant::new(["*"]))?;
    /// let [header] = policy.headers(policy.decide(&NoOrigin)) else { panic!() };
    /// assert_eq!(header.name, ResponseHeader::AccessControlAllowOrigin);
    /// assert_eq!(header.value, HeaderSource::Constant("*".into()));
    /// # Ok::<(), cors_core::ConfigErrors>(())
    /// ```
    pub fn headers(&self, decision: Decision) -> &[Header<Box<str>>] {
        let headers = &self.0.headers;
        let row = match decision {
            Decision::Respond(preflight) => headers.preflight(preflight),
            Decision::Refuse(refusal) => headers.refused(refusal),
            Decision::Forward(actual) => headers.actual(actual),
        };
        row.map_or(&[], |row| row)
    }

    /// Converts the headers of each kind of response, for example into values of a framework's own
    /// type. Adapters do this once for each policy.
    ///
    /// If a conversion fails, no response gets a header, and with the feature `tracing` the error is an
    /// event at level error. No failure is expected: every constant value is a valid header value in
    /// ASCII.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::convert::Infallible;
    ///
    /// use cors_core::adapter::Header;
    /// use cors_core::{Grant, Policy};
    /// # use cors_core::adapter::{Decision, RequestHead, RequestHeader};
    /// # struct NoOrigin;
    /// # impl RequestHead for NoOrigin {
    /// #     fn method(&self) -> &[u8] { b"GET" }
    /// #     fn lines(&self, _: RequestHeader) -> impl Iterator<Item = &[u8]> { [].into_iter() }
    /// # }
    ///
    /// let policy = Policy::new(Grant::new(["https://app.example.com"]))?;
    /// let count = |headers: &[Header<Box<str>>]| Ok::<_, Infallible>(headers.len());
    /// let counts = policy.prepare(count, count);
    ///
    /// let Decision::Forward(headers) = policy.decide(&NoOrigin) else { panic!() };
    /// assert_eq!(counts.actual(headers), Some(&1), "a request without `Origin` gets `Vary` alone");
    /// # Ok::<(), cors_core::ConfigErrors>(())
    /// ```
    pub fn prepare<A, P, E: fmt::Display>(
        &self,
        mut actual: impl FnMut(&[Header<Box<str>>]) -> Result<A, E>,
        mut preflight: impl FnMut(&[Header<Box<str>>]) -> Result<P, E>,
    ) -> PerResponse<A, P> {
        let prepared = (self.0.headers).try_map(|row| actual(row), |row| preflight(row));
        prepared.unwrap_or_else(|error| {
            #[cfg(feature = "tracing")]
            tracing::error!(%error, "CORS headers could not be prepared; no CORS headers are sent");
            let _ = error;
            PerResponse::new(Vec::new(), Vec::new(), Vec::new())
        })
    }

    /// Emits an event at level warn, once for each policy: other code, such as a second CORS middleware or
    /// an upstream server, has set `header` on a response, and it was replaced or removed. For adapters.
    #[cfg(feature = "tracing")]
    #[cold]
    pub fn warn_replaced(&self, header: ResponseHeader) {
        if !self.0.reported.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                header = header.name(),
                "CORS: replaced or removed a header that other code had set; let only one place set CORS headers",
            );
        }
    }

    /// Whether the policy has routes. If not, the path of a request does not matter: for adapters that have to keep it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_core::{Config, Grant, Policy};
    ///
    /// let policy = Policy::new(Config::new([]).route("/public", Grant::new(["*"])))?;
    /// assert!(policy.has_routes());
    /// assert!(!Policy::new(Grant::new(["*"]))?.has_routes());
    /// # Ok::<(), cors_core::ConfigErrors>(())
    /// ```
    #[inline]
    pub fn has_routes(&self) -> bool {
        self.0.routed.is_some()
    }

    /// Whether the policy refuses something: for adapters in which that takes more than a decision.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_core::{Config, Grant, Policy, Refuse};
    ///
    /// let config = Config::new([Grant::new(["https://app.example.com"])]);
    /// assert!(!Policy::new(config.clone())?.refuses());
    /// assert!(Policy::new(config.refuse(Refuse::default().websocket(true)))?.refuses());
    /// # Ok::<(), cors_core::ConfigErrors>(())
    /// ```
    #[inline]
    pub fn refuses(&self) -> bool {
        self.0.refuses
    }

    /// The origin patterns of the grants for a path, without repetitions and in no particular order: for tools that test
    /// a server with origins that the policy allows. A policy without routes has the same ones for every path.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_core::{Config, Grant, Policy};
    ///
    /// let app = Grant::new(["https://app.example.com"]);
    /// let policy = Policy::new(Config::new([app]).route("/public", Grant::new(["*"])))?;
    /// assert_eq!(policy.origin_patterns("/public/logo"), ["*"]);
    /// assert_eq!(policy.origin_patterns("/users"), ["https://app.example.com"]);
    /// assert!(policy.origin_patterns("/users/../public").is_empty(), "such a path has no grant");
    /// # Ok::<(), cors_core::ConfigErrors>(())
    /// ```
    pub fn origin_patterns(&self, path: &str) -> Vec<String> {
        let allowlist = &self.0.part(&Path(path)).allowlist;
        let any = allowlist.any().map(|_| "*".to_owned());
        let patterns = allowlist.patterns().map(|(_, pattern)| pattern);
        patterns.chain(any).collect()
    }

    pub(crate) fn compiled(&self) -> &Compiled {
        &self.0
    }
}

/// A request of which only the path is known.
struct Path<'a>(&'a str);

impl RequestHead for Path<'_> {
    fn method(&self) -> &[u8] {
        b""
    }

    fn path(&self) -> Option<&[u8]> {
        Some(self.0.as_bytes())
    }

    fn lines(&self, _: RequestHeader) -> impl Iterator<Item = &[u8]> {
        std::iter::empty()
    }
}

impl Compiled {
    /// The part that a request belongs to.
    #[inline]
    pub(crate) fn part(&self, head: &impl RequestHead) -> &CompiledPart {
        match &self.routed {
            None => &self.top,
            Some(routed) => match routed.find(head) {
                Ok(None) => &self.top,
                Ok(Some((_, part))) => part,
                Err(_) => &routed.abnormal,
            },
        }
    }

    /// All parts: the top, then those of the routes.
    pub(crate) fn parts(&self) -> impl Iterator<Item = &CompiledPart> {
        let routed = self.routed.iter().flat_map(|routed| &routed.parts);
        std::iter::once(&self.top).chain(routed)
    }
}

impl Routed {
    /// The route of a request, and its part; `Ok(None)` for the top.
    pub(crate) fn find(
        &self,
        head: &impl RequestHead,
    ) -> Result<Option<(usize, &CompiledPart)>, Option<PathError>> {
        let path = head.path().ok_or(None)?;
        let route = self.routes.find(path)?;
        Ok(route.and_then(|route| Some((route, self.parts.get(route)?))))
    }

    pub(crate) fn path(&self, route: usize) -> Option<&str> {
        self.routes.path(route)
    }
}

impl CompiledPart {
    pub(crate) fn has_grants(&self) -> bool {
        !self.allowlist.is_empty() || !self.sets.is_empty()
    }

    /// The first grant that matches the origin, if any. `head` is a request of this part. Allocates nothing.
    #[inline]
    pub(crate) fn grant_of(&self, head: &impl RequestHead, origin: &[u8]) -> Option<GrantId> {
        let listed = self.allowlist.grant(origin);
        match self.sets.is_empty() {
            true => listed,
            false => self.grant_with_sets(listed, head, origin),
        }
    }

    /// Do not read the path where it does not matter: in some adapters that takes an allocation.
    #[inline(never)]
    fn grant_with_sets(
        &self,
        listed: Option<GrantId>,
        head: &impl RequestHead,
        origin: &[u8],
    ) -> Option<GrantId> {
        let mut sets = self.sets.iter();
        let found = sets.find(|(grant, set)| {
            listed.is_none_or(|listed| *grant < listed) && set.has(head, origin)
        });
        found.map(|(grant, _)| *grant).or(listed)
    }

    /// The headers for a verdict of this part.
    pub(crate) fn headers(&self, verdict: Verdict) -> HeaderSet {
        let row = match verdict {
            Verdict::Granted(grant) => self.first_row.saturating_add(grant.number()),
            Verdict::NoGrant | Verdict::NoOrigin => self.no_grant_row,
        };
        HeaderSet::new(verdict, row)
    }

    pub(crate) fn grant(&self, grant: GrantId) -> Option<GrantKind> {
        self.grants.get(grant.index()).copied()
    }

    pub(crate) fn grants(&self) -> &[GrantKind] {
        &self.grants
    }

    pub(crate) fn sets(&self) -> &[(GrantId, GrantSet)] {
        &self.sets
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy")
            .field("parts", &self.0.parts().count())
            .finish_non_exhaustive()
    }
}

/// The rows of [`PerResponse`].
struct Headers {
    actual: Vec<Box<[Header<Box<str>>]>>,
    preflight: Vec<Box<[Header<Box<str>>]>>,
}

impl Headers {
    /// The first row is for requests without a grant; the second one too, in a part whose headers are the same for
    /// all requests.
    fn new() -> Self {
        let vary = constant(ResponseHeader::Vary, "Origin");
        let without_grant: Vec<Box<[_]>> = vec![Box::new([vary]), Box::default()];
        Self {
            actual: without_grant.clone(),
            preflight: without_grant,
        }
    }

    /// Adds the rows of a part, and compiles it.
    fn part(&mut self, checked: CheckedPart<'_>, grants: &[Grant], refuse: Refuse) -> CompiledPart {
        let CheckedPart { patterns, sets } = checked;
        let same_for_all = match &*patterns {
            [(grant, pattern)] if grant.index() == 0 && pattern.as_str() == "*" => Some(*grant),
            _ => None,
        };
        // What is refused depends on the origin.
        let varies = same_for_all.is_none() || refuse.refuses();
        // More rows than this do not fit into memory.
        let first_row = u32::try_from(self.actual.len()).unwrap_or(u32::MAX);
        for grant in grants {
            self.actual.push(actual_headers(grant, varies));
            self.preflight.push(preflight_headers(grant, varies));
        }
        CompiledPart {
            allowlist: Allowlist::new(patterns.into_iter()),
            same_for_all,
            refuse,
            sets: sets.into(),
            grants: grants.iter().map(grant_kind).collect(),
            first_row,
            no_grant_row: u32::from(!varies),
        }
    }

    fn per_response(self, refuses: bool) -> PerResponse<Box<[Header<Box<str>>]>> {
        let no_store = constant(ResponseHeader::CacheControl, "no-store");
        let rows = self.actual.iter().filter(|_| refuses);
        let refused = rows.map(|row| row.iter().chain([&no_store]).cloned().collect());
        let refused = refused.collect();
        PerResponse::new(self.actual, self.preflight, refused)
    }
}

fn grant_kind(grant: &Grant) -> GrantKind {
    GrantKind {
        is_everybody: grant.allow_origins.iter().any(|origin| origin == "*"),
        credentials: grant.allow_credentials,
    }
}

fn actual_headers(grant: &Grant, varies: bool) -> Box<[Header<Box<str>>]> {
    let mut headers = common_headers(grant);
    if !grant.expose_headers.is_empty() {
        let names = grant.expose_headers.join(", ");
        headers.push(constant(ResponseHeader::AccessControlExposeHeaders, &names));
    }
    if grant.expose_timing {
        headers.push(Header::new(
            ResponseHeader::TimingAllowOrigin,
            allowed_origin(grant),
        ));
    }
    if varies {
        headers.push(constant(ResponseHeader::Vary, "Origin"));
    }
    headers.into_boxed_slice()
}

fn preflight_headers(grant: &Grant, varies: bool) -> Box<[Header<Box<str>>]> {
    let mut headers = common_headers(grant);
    let mut vary = vec!["Origin"];
    let lists = [
        (
            ResponseHeader::AccessControlAllowMethods,
            &grant.allow_methods,
            RequestHeader::AccessControlRequestMethod,
            "Access-Control-Request-Method",
        ),
        (
            ResponseHeader::AccessControlAllowHeaders,
            &grant.allow_headers,
            RequestHeader::AccessControlRequestHeaders,
            "Access-Control-Request-Headers",
        ),
    ];
    for (name, list, asked, asked_name) in lists {
        if list.is_empty() {
            continue;
        }
        if grant.allow_credentials && list.iter().any(|item| item == "*") {
            // With credentials, `*` is not a wildcard but a method or header with that name.
            let value = HeaderSource::Echo(asked);
            headers.push(Header::new(name, value));
            vary.push(asked_name);
        } else {
            // The whole list, not only what was requested: so the browser can cache all of it at once,
            // and show in its console what is missing.
            headers.push(constant(name, &list.join(", ")));
        }
    }
    let max_age = grant.max_age.as_secs().to_string();
    headers.push(constant(ResponseHeader::AccessControlMaxAge, &max_age));
    if varies {
        headers.push(constant(ResponseHeader::Vary, &vary.join(", ")));
    }
    headers.into_boxed_slice()
}

fn common_headers(grant: &Grant) -> Vec<Header<Box<str>>> {
    let mut headers = vec![Header::new(
        ResponseHeader::AccessControlAllowOrigin,
        allowed_origin(grant),
    )];
    if grant.allow_credentials {
        headers.push(constant(
            ResponseHeader::AccessControlAllowCredentials,
            "true",
        ));
    }
    headers
}

fn allowed_origin(grant: &Grant) -> HeaderSource<Box<str>> {
    match grant.allow_origins.iter().any(|origin| origin == "*") {
        true => HeaderSource::Constant("*".into()),
        false => HeaderSource::Echo(RequestHeader::Origin),
    }
}

fn constant(name: ResponseHeader, value: &str) -> Header<Box<str>> {
    Header::new(name, HeaderSource::Constant(value.into()))
}
