//! The configuration of a policy: plain fields whose documentation is the specification.

/// The longest max age that is accepted, and the default: 24 hours, in seconds.
///
/// Firefox honours it; Chromium goes on for at most 2 hours, WebKit for 10 minutes.
pub(crate) const MAX_MAX_AGE: u64 = 86_400;

/// What a [`Policy`](crate::Policy) is made of: a list of [grants](Grant), and what goes for all of
/// them.
///
/// The first grant, in this order, whose origins match the request's origin decides.
///
/// # Examples
///
/// First-party pages with cookies, everybody else anonymously:
///
/// ```
/// use cors_core::{Config, Grant, Policy};
///
/// let policy = Policy::new(Config {
///     grants: vec![
///         Grant::new(["https://app.example.com"])
///             .allow_methods(["GET", "PUT"])
///             .allow_credentials(true),
///         Grant::new(["*"]),
///     ],
///     ..Config::default()
/// })?;
/// # Ok::<(), cors_core::ConfigErrors>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// At least one grant.
    pub grants: Vec<Grant>,
    /// The status of the answer to a CORS-preflight request that is granted: 204, or 200 for clients
    /// that take nothing else. The default is 204.
    pub preflight_status: u16,
    /// Opt-ins for what is rejected otherwise.
    pub dangerously_allow: DangerouslyAllow,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            grants: Vec::new(),
            preflight_status: 204,
            dangerously_allow: DangerouslyAllow::default(),
        }
    }
}

impl From<Grant> for Config {
    fn from(grant: Grant) -> Self {
        Self::from(vec![grant])
    }
}

impl From<Vec<Grant>> for Config {
    fn from(grants: Vec<Grant>) -> Self {
        Self {
            grants,
            ..Self::default()
        }
    }
}

/// Opt-ins for settings that are rejected otherwise, because somebody else than the listed sites
/// gains from them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DangerouslyAllow {
    /// `"insecure-origins"`: plain `http` origins other than loopback, with credentials. Whoever
    /// controls the network between the user and such a site can read what the user can read.
    pub insecure_origins: bool,
    /// `"public-suffixes"`: patterns such as `https://*.github.io`, with credentials. Anybody can
    /// register a matching site.
    ///
    /// The check is for the domain behind the `*.` itself. It does not find a public suffix further
    /// below, such as `s3.amazonaws.com` in `https://*.amazonaws.com`: never list a domain of which
    /// others can get a part.
    pub public_suffixes: bool,
    /// `"null-origin"`: the origin `null`, without credentials only. Any site can produce it, with a
    /// sandboxed frame.
    pub null_origin: bool,
}

/// Which origins may do what.
///
/// A value that is left out allows nothing more than what browsers allow anyway. The lists may put at
/// most 64 KiB of header fields on one response.
///
/// # Examples
///
/// ```
/// use cors_core::{Grant, Policy};
///
/// let grant = Grant::new(["https://app.example.com", "https://*.example.com"])
///     .allow_methods(["GET", "POST", "PUT", "DELETE"])
///     .allow_headers(["content-type", "authorization"])
///     .expose_headers(["x-request-id"])
///     .allow_credentials(true)
///     .max_age(3600);
/// assert!(Policy::new(grant).is_ok());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The origins, as [patterns](crate::OriginPattern): at least one, or `*` alone for everybody
    /// (without credentials).
    pub allow_origins: Vec<String>,
    /// The methods that scripts may use, or `*` alone for any. `GET`, `HEAD` and `POST` need not be
    /// listed: browsers do not ask for them. Methods are case-sensitive.
    ///
    /// With credentials `*` means no wildcard to browsers, so the asked method is echoed.
    pub allow_methods: Vec<String>,
    /// The request headers that scripts may set, or `*` for any. Standard browsers do not count
    /// `Authorization` among any: list it beside the `*`.
    ///
    /// With credentials `*` means no wildcard to browsers, so the asked names are echoed,
    /// `Authorization` included.
    pub allow_headers: Vec<String>,
    /// The response headers that scripts may read beside the
    /// [safelisted](https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name) ones, or
    /// `*` alone for all (without credentials).
    pub expose_headers: Vec<String>,
    /// Whether scripts may send cookies, TLS client certificates and the browser's own HTTP
    /// authentication, and read what comes back. The default is no.
    pub allow_credentials: bool,
    /// How long a browser may remember the answer to a preflight, in seconds: 0 (not at all) to
    /// 86,400, the default. It is also the time for which a browser may go on sending what a
    /// changed policy no longer allows. (It cannot read the responses: those are checked anew.)
    pub max_age: u64,
    /// Whether scripts may read the detailed timing of these responses: sends
    /// [`Timing-Allow-Origin`](https://w3c.github.io/resource-timing/#sec-timing-allow-origin) with
    /// the value of `Access-Control-Allow-Origin`. The default is no.
    pub expose_timing: bool,
}

impl Default for Grant {
    fn default() -> Self {
        Self {
            allow_origins: Vec::new(),
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
    /// The names of the keys of a grant in a file, for tools that change one.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(cors_core::Grant::KEYS.contains(&"max_age"));
    /// ```
    pub const KEYS: [&str; 7] = [
        "allow_origins",
        "allow_methods",
        "allow_headers",
        "expose_headers",
        "allow_credentials",
        "max_age",
        "expose_timing",
    ];

    /// A grant to these origins of what browsers allow without asking: see
    /// [`allow_origins`](Self::allow_origins).
    pub fn new<T: Into<String>>(allow_origins: impl IntoIterator<Item = T>) -> Self {
        Self {
            allow_origins: collect(allow_origins),
            ..Self::default()
        }
    }

    /// Sets [`allow_methods`](Self::allow_methods).
    #[must_use]
    pub fn allow_methods<T: Into<String>>(mut self, methods: impl IntoIterator<Item = T>) -> Self {
        self.allow_methods = collect(methods);
        self
    }

    /// Sets [`allow_headers`](Self::allow_headers).
    #[must_use]
    pub fn allow_headers<T: Into<String>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.allow_headers = collect(names);
        self
    }

    /// Sets [`expose_headers`](Self::expose_headers).
    #[must_use]
    pub fn expose_headers<T: Into<String>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.expose_headers = collect(names);
        self
    }

    /// Sets [`allow_credentials`](Self::allow_credentials).
    #[must_use]
    pub fn allow_credentials(mut self, allow: bool) -> Self {
        self.allow_credentials = allow;
        self
    }

    /// Sets [`max_age`](Self::max_age), in seconds.
    #[must_use]
    pub fn max_age(mut self, seconds: u64) -> Self {
        self.max_age = seconds;
        self
    }

    /// Sets [`expose_timing`](Self::expose_timing).
    #[must_use]
    pub fn expose_timing(mut self, expose: bool) -> Self {
        self.expose_timing = expose;
        self
    }
}

fn collect<T: Into<String>>(items: impl IntoIterator<Item = T>) -> Vec<String> {
    items.into_iter().map(Into::into).collect()
}
