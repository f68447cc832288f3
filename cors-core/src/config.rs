//! The configuration of a policy. The documentation of each field is its specification.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::origin_set::OriginSet;

/// The longest max age that is accepted, and the default: 24 hours.
///
/// Firefox honours it; Chromium caches a preflight for at most 2 hours, WebKit for 10 minutes.
pub(crate) const MAX_MAX_AGE: Duration = Duration::from_secs(86_400);

/// The configuration of a [`Policy`](crate::Policy): a list of [grants](Grant), rules of their own for
/// some [routes](Route), and settings for all of them.
///
/// The first grant, in this order, whose origins match the request's origin decides.
///
/// # Examples
///
/// First-party pages with cookies, any other origin without:
///
/// ```
/// use cors_core::{Config, Grant, Policy};
///
/// let config = Config::new([
///     Grant::new(["https://app.example.com"])
///         .allow_methods(["GET", "PUT"])
///         .allow_credentials(true),
///     Grant::new(["*"]),
/// ]);
/// let policy = Policy::new(config.preflight_status(200))?;
/// # Ok::<(), cors_core::ConfigErrors>(())
/// ```
///
/// One part of a service for everybody, the rest for one site:
///
/// ```
/// use cors_core::{Config, Grant, Policy};
///
/// let app = Grant::new(["https://app.example.com"]).allow_credentials(true);
/// let config = Config::new([app]).route("/public", Grant::new(["*"]));
/// assert!(Policy::new(config).is_ok());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// The grants for every path that no route is for. At least one, unless there are routes: then the other
    /// paths may have none.
    pub grants: Vec<Grant>,
    /// Parts of the service with grants of their own. The order does not matter.
    pub routes: Vec<Route>,
    /// Which requests of other sites' pages are refused: everywhere, but in routes that have
    /// [their own](Part::refuse). The default is none.
    pub refuse: Refuse,
    /// The hosts of this server, as `Host` has them: `api.example.com` (without a port, or with 80 or 443),
    /// `localhost:8080`, `localhost:*` (any port), `*.example.com` (one label or more).
    ///
    /// With it, `"websocket"` and `"unlisted-origins"` also refuse every request for another host. This is what stops
    /// DNS rebinding, where the name of a foreign page leads to this server, so that page and server have one origin.
    pub hosts: Vec<String>,
    /// The status of the response to a preflight that is granted: 204, or 200 for old clients
    /// that accept no other. The default is 204.
    pub preflight_status: u16,
    /// Opt-ins for settings of [`grants`](Self::grants) that are rejected otherwise. Each route has its own.
    pub dangerously_allow: DangerouslyAllow,
    /// The sets that grants name, by their names. It is not in a file: the application supplies them.
    pub origin_sets: BTreeMap<String, OriginSet>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            grants: Vec::new(),
            routes: Vec::new(),
            refuse: Refuse::default(),
            hosts: Vec::new(),
            preflight_status: 204,
            dangerously_allow: DangerouslyAllow::default(),
            origin_sets: BTreeMap::new(),
        }
    }
}

impl Config {
    /// A configuration of these grants: see [`grants`](Self::grants).
    pub fn new(grants: impl IntoIterator<Item = Grant>) -> Self {
        Self {
            grants: grants.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Adds a [`Route`]: `path`, and everything below it, has only what `part` says. `part` is a [`Grant`], a
    /// list of them, or a [`Part`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_core::{Config, Grant, Part, Policy};
    ///
    /// let config = Config::default()
    ///     .route("/public", Grant::new(["*"]))
    ///     .route("/realms/{realm}", Grant::new(["https://admin.example.com"]))
    ///     .route("/public/internal", Part::default());
    /// assert!(Policy::new(config).is_ok());
    /// ```
    #[must_use]
    pub fn route(mut self, path: impl Into<String>, part: impl Into<Part>) -> Self {
        let (path, part) = (path.into(), part.into());
        self.routes.push(Route { path, part });
        self
    }

    /// Sets [`refuse`](Self::refuse).
    #[must_use]
    pub fn refuse(mut self, refuse: Refuse) -> Self {
        self.refuse = refuse;
        self
    }

    /// Sets [`hosts`](Self::hosts).
    #[must_use]
    pub fn hosts<T: AsRef<str>>(mut self, hosts: impl IntoIterator<Item = T>) -> Self {
        self.hosts = collect(hosts);
        self
    }

    /// Supplies a set to the grants that [name](Grant::allow_origin_set) it. A set with the same name is replaced.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_core::{Config, Grant, OriginSet, Policy};
    ///
    /// let customers = OriginSet::new();
    /// let grant = Grant::new(["https://admin.example.com"]).allow_origin_set_for("customers", "{realm}");
    /// let config = Config::default().route("/realms/{realm}", grant);
    /// assert!(Policy::new(config.clone()).is_err());
    /// assert!(Policy::new(config.origin_set("customers", &customers)).is_ok());
    /// ```
    #[must_use]
    pub fn origin_set(mut self, name: impl Into<String>, set: &OriginSet) -> Self {
        self.origin_sets.insert(name.into(), set.clone());
        self
    }

    /// Sets [`preflight_status`](Self::preflight_status).
    #[must_use]
    pub fn preflight_status(mut self, status: u16) -> Self {
        self.preflight_status = status;
        self
    }

    /// Sets [`dangerously_allow`](Self::dangerously_allow).
    #[must_use]
    pub fn dangerously_allow(mut self, allow: DangerouslyAllow) -> Self {
        self.dangerously_allow = allow;
        self
    }
}

impl From<Grant> for Config {
    fn from(grant: Grant) -> Self {
        Self::new([grant])
    }
}

impl From<Vec<Grant>> for Config {
    fn from(grants: Vec<Grant>) -> Self {
        Self::new(grants)
    }
}

/// Rules of their own for a part of a service: the requests whose path is that of the route, or below it.
///
/// The most specific route decides: of the routes that match, compare the segments from the left. A literal
/// segment comes before a `{name}`, and the longer route before the shorter one. A route inherits nothing.
///
/// In a policy with routes, a path that servers may read in several ways has no grant. Such a path is not in
/// [normal form](https://www.rfc-editor.org/rfc/rfc3986#section-6.2.2), or differs from that of another part by
/// the case of letters only.
///
/// Made by [`Config::route`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Route {
    /// `/`, or segments that each begin with a slash, without a slash at the end: `/realms/{realm}/users`. A
    /// segment is literal, in normal form and case-sensitive, or `{name}`, which stands for any one segment. The
    /// route is for this path and everything below it: `/public` for `/public/a` and not for `/publications`.
    pub path: String,
    /// What holds there.
    pub part: Part,
}

/// What a policy says about a [`Route`].
///
/// # Examples
///
/// ```
/// use cors_core::{Config, DangerouslyAllow, Grant, Part, Policy};
///
/// let part = Part::new([Grant::new(["null"])])
///     .dangerously_allow(DangerouslyAllow::default().null_origin(true));
/// assert!(Policy::new(Config::default().route("/sandbox", part)).is_ok());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Part {
    /// The grants. The first one whose origins match decides. Without a grant, nobody is granted anything.
    pub grants: Vec<Grant>,
    /// Opt-ins for settings of these grants that are rejected otherwise.
    pub dangerously_allow: DangerouslyAllow,
    /// Which requests of other sites' pages are refused here. `None` is what the [top](Config::refuse) refuses.
    pub refuse: Option<Refuse>,
}

impl Part {
    /// A part with these grants: see [`grants`](Self::grants).
    pub fn new(grants: impl IntoIterator<Item = Grant>) -> Self {
        Self {
            grants: grants.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Sets [`dangerously_allow`](Self::dangerously_allow).
    #[must_use]
    pub fn dangerously_allow(mut self, allow: DangerouslyAllow) -> Self {
        self.dangerously_allow = allow;
        self
    }

    /// Sets [`refuse`](Self::refuse).
    #[must_use]
    pub fn refuse(mut self, refuse: Refuse) -> Self {
        self.refuse = Some(refuse);
        self
    }
}

impl From<Grant> for Part {
    fn from(grant: Grant) -> Self {
        Self::new([grant])
    }
}

impl From<Vec<Grant>> for Part {
    fn from(grants: Vec<Grant>) -> Self {
        Self::new(grants)
    }
}

impl<const N: usize> From<[Grant; N]> for Part {
    fn from(grants: [Grant; N]) -> Self {
        Self::new(grants)
    }
}

/// Which requests of other sites' pages are refused with 403, before the application is reached.
///
/// CORS decides what pages may *read*; the request itself reaches the server. Refuse what must not even arrive. A
/// preflight is never refused, and nor is a request of the server's own pages, or one that no page sent: one
/// `Sec-Fetch-Site` line with `same-origin` or `none`; or no `Sec-Fetch-Site`, and either no `Origin` or one with the
/// host and port of the request's `Host`. A grant to `*` does not let a request pass.
///
/// # Limits
///
/// It is not access control: other clients than browsers send what they like. Browsers send no `Sec-Fetch-Site` over
/// plain http, except to loopback, and no `Origin` with a `GET` that does not use CORS, such as that of an image: such a
/// request passes. Against DNS rebinding only [`Config::hosts`] helps.
///
/// # Examples
///
/// ```
/// use cors_core::{Config, Grant, Policy, Refuse};
///
/// let grant = Grant::new(["https://app.example.com"]).allow_credentials(true);
/// let refuse = Refuse::default().websocket(true).cross_site_writes(true);
/// assert!(Policy::new(Config::new([grant]).refuse(refuse)).is_ok());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refuse {
    /// `"websocket"`: an upgrade to WebSocket, from a page of an origin without a grant. Browsers do not apply CORS to
    /// WebSockets, and send cookies with them.
    pub websocket: bool,
    /// `"cross-site-writes"`: any method but `GET`, `HEAD` and `OPTIONS`, from a page of another origin that has no grant
    /// with credentials. This is cross-site request forgery.
    pub cross_site_writes: bool,
    /// `"unlisted-origins"`: any request from a page of another origin without a grant, but a link that is followed.
    pub unlisted_origins: bool,
    /// `refuse_report_only`: lets these requests pass, and reports each as a `tracing` event at level warn.
    pub report_only: bool,
}

impl Refuse {
    /// Sets [`websocket`](Self::websocket).
    #[must_use]
    pub fn websocket(mut self, refuse: bool) -> Self {
        self.websocket = refuse;
        self
    }

    /// Sets [`cross_site_writes`](Self::cross_site_writes).
    #[must_use]
    pub fn cross_site_writes(mut self, refuse: bool) -> Self {
        self.cross_site_writes = refuse;
        self
    }

    /// Sets [`unlisted_origins`](Self::unlisted_origins).
    #[must_use]
    pub fn unlisted_origins(mut self, refuse: bool) -> Self {
        self.unlisted_origins = refuse;
        self
    }

    /// Sets [`report_only`](Self::report_only).
    #[must_use]
    pub fn report_only(mut self, report_only: bool) -> Self {
        self.report_only = report_only;
        self
    }
}

/// Opt-ins for settings that are rejected otherwise, because they give access to sites that are not
/// listed.
///
/// # Examples
///
/// ```
/// use cors_core::{Config, DangerouslyAllow, Grant, Policy};
///
/// let intranet = Grant::new(["http://intranet.example"]).allow_credentials(true);
/// assert!(Policy::new(intranet.clone()).is_err());
///
/// let allow = DangerouslyAllow::default().insecure_origins(true);
/// assert!(Policy::new(Config::new([intranet]).dangerously_allow(allow)).is_ok());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DangerouslyAllow {
    /// `"insecure-origins"`: plain `http` origins other than loopback, with credentials. An attacker on
    /// the network between the user and such a site can read what the user can read.
    pub insecure_origins: bool,
    /// `"public-suffixes"`: patterns such as `https://*.github.io`, or `https://*.amazonaws.com` with
    /// `s3.amazonaws.com` below it, with credentials. Anyone can register a matching site.
    ///
    /// The check uses the [public suffix list](https://publicsuffix.org), which does not have every
    /// domain below which others can register names. Never list such a domain.
    pub public_suffixes: bool,
    /// `"null-origin"`: the origin `null`, without credentials only. Any site can produce it, from a
    /// sandboxed frame.
    pub null_origin: bool,
    /// `"any-host"`: patterns for every host of a scheme, such as `moz-extension://*`, with credentials.
    /// Every extension, or application, with such an origin can read what the user can read.
    pub any_host: bool,
}

impl DangerouslyAllow {
    /// Sets [`insecure_origins`](Self::insecure_origins).
    #[must_use]
    pub fn insecure_origins(mut self, allow: bool) -> Self {
        self.insecure_origins = allow;
        self
    }

    /// Sets [`public_suffixes`](Self::public_suffixes).
    #[must_use]
    pub fn public_suffixes(mut self, allow: bool) -> Self {
        self.public_suffixes = allow;
        self
    }

    /// Sets [`null_origin`](Self::null_origin).
    #[must_use]
    pub fn null_origin(mut self, allow: bool) -> Self {
        self.null_origin = allow;
        self
    }

    /// Sets [`any_host`](Self::any_host).
    #[must_use]
    pub fn any_host(mut self, allow: bool) -> Self {
        self.any_host = allow;
        self
    }
}

/// A set of origins, and what they may do.
///
/// An empty list allows only what browsers allow without asking. The lists may put at
/// most 64 KiB of headers on one response.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use cors_core::{Grant, Policy};
///
/// let grant = Grant::new(["https://app.example.com", "https://*.example.com"])
///     .allow_methods(["GET", "POST", "PUT", "DELETE"])
///     .allow_headers(["content-type", "authorization"])
///     .expose_headers(["x-request-id"])
///     .allow_credentials(true)
///     .max_age(Duration::from_secs(3600));
/// assert!(Policy::new(grant).is_ok());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Grant {
    /// The origins, as [patterns](crate::OriginPattern): at least one, or `*` alone to allow any origin
    /// (without credentials). None if the grant has [sets](Self::origin_sets).
    pub allow_origins: Vec<String>,
    /// Sets of origins, in addition to these. In a file they are items of `allow_origins`:
    /// `{ set = "customers", key = "{realm}" }`.
    pub origin_sets: Vec<OriginSetUse>,
    /// The methods that scripts may use, or `*` alone to allow any. `GET`, `HEAD` and `POST` need not be
    /// listed: browsers do not ask for them. Methods are case-sensitive.
    ///
    /// Browsers ignore `*` in requests with credentials, so the requested method is echoed then.
    pub allow_methods: Vec<String>,
    /// The request headers that scripts may set, or `*` to allow any. In the standard, `*` does not cover
    /// `Authorization`: list it together with the `*`.
    ///
    /// Browsers ignore `*` in requests with credentials, so the requested names are echoed then,
    /// `Authorization` included.
    pub allow_headers: Vec<String>,
    /// The response headers that scripts may read in addition to the
    /// [safelisted](https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name) ones, or
    /// `*` alone to expose all (without credentials).
    pub expose_headers: Vec<String>,
    /// Whether scripts may send cookies, TLS client certificates and the browser's own HTTP
    /// authentication, and read the responses. The default is no.
    pub allow_credentials: bool,
    /// How long a browser may cache the response to a preflight, in whole seconds: 0 (not at all) to
    /// 86,400, the default. After a policy change, a browser may use a cached response for this long and
    /// send requests that the new policy does not allow. (Scripts cannot read the responses to those.)
    pub max_age: Duration,
    /// Whether scripts may read the detailed timing of these responses: sends
    /// [`Timing-Allow-Origin`](https://w3c.github.io/resource-timing/#sec-timing-allow-origin) with
    /// the value of `Access-Control-Allow-Origin`. The default is no.
    pub expose_timing: bool,
}

impl Default for Grant {
    fn default() -> Self {
        Self {
            allow_origins: Vec::new(),
            origin_sets: Vec::new(),
            allow_methods: Vec::new(),
            allow_headers: Vec::new(),
            expose_headers: Vec::new(),
            allow_credentials: false,
            max_age: MAX_MAX_AGE,
            expose_timing: false,
        }
    }
}

impl Grant {
    /// The names of the keys of a grant in a file, for tools that change a file.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(cors_core::Grant::KEYS.contains(&"max_age"));
    /// ```
    pub const KEYS: &[&str] = &[
        "allow_origins",
        "allow_methods",
        "allow_headers",
        "expose_headers",
        "allow_credentials",
        "max_age",
        "expose_timing",
    ];

    /// A grant for these origins that allows only what browsers allow without asking: see
    /// [`allow_origins`](Self::allow_origins).
    pub fn new<T: AsRef<str>>(allow_origins: impl IntoIterator<Item = T>) -> Self {
        Self {
            allow_origins: collect(allow_origins),
            ..Self::default()
        }
    }

    /// Allows also the origins without a key in the [set](crate::OriginSet) with this name, which
    /// [`Config::origin_set`] supplies.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_core::{Config, Grant, OriginSet, Policy};
    ///
    /// let partners = OriginSet::new();
    /// let config = Config::new([Grant::default().allow_origin_set("partners")]);
    /// assert!(Policy::new(config.origin_set("partners", &partners)).is_ok());
    /// ```
    #[must_use]
    pub fn allow_origin_set(mut self, name: impl Into<String>) -> Self {
        let (name, key) = (name.into(), None);
        self.origin_sets.push(OriginSetUse { name, key });
        self
    }

    /// Allows also the origins in the [set](crate::OriginSet) with this name that are under the key which is in the
    /// request's path. `key` is a segment of the route's path: `"{realm}"`.
    ///
    /// [`Config::origin_set`] has an example.
    #[must_use]
    pub fn allow_origin_set_for(mut self, name: impl Into<String>, key: impl Into<String>) -> Self {
        let (name, key) = (name.into(), Some(key.into()));
        self.origin_sets.push(OriginSetUse { name, key });
        self
    }

    /// Sets [`allow_methods`](Self::allow_methods): texts, or `Method`s of the `http` crate.
    #[must_use]
    pub fn allow_methods<T: AsRef<str>>(mut self, methods: impl IntoIterator<Item = T>) -> Self {
        self.allow_methods = collect(methods);
        self
    }

    /// Sets [`allow_headers`](Self::allow_headers): texts, or `HeaderName`s of the `http` crate.
    #[must_use]
    pub fn allow_headers<T: AsRef<str>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.allow_headers = collect(names);
        self
    }

    /// Sets [`expose_headers`](Self::expose_headers): texts, or `HeaderName`s of the `http` crate.
    #[must_use]
    pub fn expose_headers<T: AsRef<str>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.expose_headers = collect(names);
        self
    }

    /// Sets [`allow_credentials`](Self::allow_credentials).
    #[must_use]
    pub fn allow_credentials(mut self, allow: bool) -> Self {
        self.allow_credentials = allow;
        self
    }

    /// Sets [`max_age`](Self::max_age).
    #[must_use]
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = max_age;
        self
    }

    /// Sets [`expose_timing`](Self::expose_timing).
    #[must_use]
    pub fn expose_timing(mut self, expose: bool) -> Self {
        self.expose_timing = expose;
        self
    }
}

/// A set of origins that a grant names. Made by [`Grant::allow_origin_set`] and [`Grant::allow_origin_set_for`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct OriginSetUse {
    /// The name of the set.
    pub name: String,
    /// The segment of the route's path that has the key, such as `{realm}`. `None` for the origins without a key.
    pub key: Option<String>,
}

fn collect<T: AsRef<str>>(items: impl IntoIterator<Item = T>) -> Vec<String> {
    let items = items.into_iter();
    items.map(|item| item.as_ref().to_owned()).collect()
}
