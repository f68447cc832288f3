//! What is measured: policies, and requests to a server that has them.

use std::fmt;

use bytes::{Bytes, BytesMut};

/// What every policy grants, whatever its origins.
pub const METHODS: [&str; 4] = ["GET", "POST", "PUT", "DELETE"];
/// See [`METHODS`].
pub const HEADERS: [&str; 2] = ["content-type", "authorization"];
/// See [`METHODS`].
pub const EXPOSED: &str = "x-request-id";
/// See [`METHODS`].
pub const MAX_AGE: u64 = 86_400;

/// The origins of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origins {
    /// This many, without wildcards. [`ALLOWED`] is in the middle of the list.
    Exact(usize),
    /// Those below `example.com` ([`WILDCARD_DOMAIN`]) on https, and two more patterns.
    Wildcards,
    /// Those below [`WILDCARD_DOMAIN`] and 99 other domains, on https.
    Domains,
    /// 100 patterns with a `*` in the first label, one of them for [`ALLOWED`].
    Names,
    /// [`ALLOWED`] with credentials, then every origin without.
    Grants,
    /// [`ALLOWED`], in a policy that can be replaced, but is not.
    Live,
    /// [`ALLOWED`] in this many routes, [`ROUTED`] below one of them.
    Routes(usize),
    /// None but those of a set: this many, without a key. [`ALLOWED`] is one of them.
    Set(usize),
    /// In a route, none but those of a set under the key in the path: this many under all keys, [`PER_KEY`] under each.
    /// [`ALLOWED`] is under the key in [`ROUTED`].
    Keys(usize),
    /// Those of 1,000 [`Keys`](Self::Keys), and the set changes under this key before each request.
    Changing,
    /// [`ALLOWED`], in a policy that refuses cross-site writes. The application has a handler for `POST`, except
    /// in warp: another type of routes would change its other cases.
    Writes,
    /// [`ALLOWED`], in a policy that refuses WebSockets and requests of unlisted origins, and lists [`HOST`].
    Hosts,
}

/// An origin that all policies allow.
pub const ALLOWED: &str = "https://app-000.example.com";
/// An origin of the same length that no policy but [`Origins::Grants`] allows.
pub const DENIED: &str = "https://app-000.example.net";
/// An origin of the same length and domain as [`ALLOWED`] that [`Origins::Names`] does not allow.
const UNNAMED: &str = "https://app_000.example.com";
/// The host that all requests are for.
pub const HOST: &str = "api.example.com";
/// The origin of that host's own pages, which no policy allows.
const OWN: &str = "https://api.example.com";
/// A path below one route of [`Origins::Routes`], and below the route of [`Origins::Keys`].
pub const ROUTED: &str = "/tenants/tenant-00000/items/42";
/// How many origins [`Origins::Keys`] has under each key.
pub const PER_KEY: usize = 100;
/// The domain of [`ALLOWED`].
pub const WILDCARD_DOMAIN: &str = "example.com";

impl Origins {
    /// All of them, or `None` if the policy has patterns or more than one grant.
    pub fn exact(self) -> Option<Vec<String>> {
        let Self::Exact(count) = self else {
            return None;
        };
        Some(exact(count))
    }

    /// How many there are, in a list or a set.
    pub fn count(self) -> usize {
        match self {
            Self::Exact(count) | Self::Set(count) | Self::Keys(count) => count,
            Self::Changing => 1_000,
            _ => 1,
        }
    }
}

/// This many origins, [`ALLOWED`] in the middle.
pub fn exact(count: usize) -> Vec<String> {
    let others = (1..count).map(|number| format!("https://app-{number:07}.example.com"));
    let mut origins: Vec<_> = others.collect();
    origins.insert(count / 2, ALLOWED.to_owned());
    origins
}

impl fmt::Display for Origins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(1) => f.write_str("1 origin"),
            Self::Exact(1_000) => f.write_str("1,000 origins"),
            Self::Exact(100_000) => f.write_str("100,000 origins"),
            Self::Exact(1_000_000) => f.write_str("1,000,000 origins"),
            Self::Exact(count) => write!(f, "{count} origins"),
            Self::Wildcards => f.write_str("wildcards"),
            Self::Domains => f.write_str("100 wildcards"),
            Self::Names => f.write_str("100 wildcards in a name"),
            Self::Grants => f.write_str("two grants"),
            Self::Live => f.write_str("live policy"),
            Self::Routes(1_000) => f.write_str("1,000 routes"),
            Self::Routes(count) => write!(f, "{count} routes"),
            Self::Set(1_000) => f.write_str("set of 1,000"),
            Self::Set(1_000_000) => f.write_str("set of 1,000,000"),
            Self::Set(count) => write!(f, "set of {count}"),
            Self::Keys(1_000) => f.write_str("set of 1,000 with keys"),
            Self::Keys(1_000_000) => f.write_str("set of 1,000,000 with keys"),
            Self::Keys(count) => write!(f, "set of {count} with keys"),
            Self::Changing => f.write_str("set of 1,000 with keys that changes"),
            Self::Writes => f.write_str("cross-site-writes"),
            Self::Hosts => f.write_str("unlisted-origins and hosts"),
        }
    }
}

/// A request to a server with a policy.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its name in all tables.
    pub name: String,
    /// The policy.
    pub origins: Origins,
    /// The request.
    pub message: Message,
}

/// A request, independent of a framework.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The method.
    pub method: &'static str,
    /// The path: [`ROUTED`] where the policy has routes or keys. No application has a handler there.
    pub path: &'static str,
    /// The header lines. Their values are slices of one buffer, as in a server that has read them from a
    /// connection: a clone counts a reference and allocates nothing.
    pub lines: Vec<(&'static str, Bytes)>,
}

impl Message {
    fn new(method: &'static str, lines: &[(&'static str, &str)]) -> Self {
        // Headers that every browser sends.
        let common = [
            ("host", HOST),
            ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0)"),
            ("accept", "*/*"),
            ("accept-encoding", "gzip, deflate, br"),
        ];
        let lines = || common.iter().chain(lines);
        let mut buffer = BytesMut::new();
        for (_, value) in lines() {
            buffer.extend_from_slice(value.as_bytes());
        }
        Self {
            method,
            path: "/",
            lines: lines()
                .map(|(name, value)| (*name, buffer.split_to(value.len()).freeze()))
                .collect(),
        }
    }

    /// The header lines, their values as text.
    pub fn text_lines(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let lines = self.lines.iter();
        lines.map(|(name, value)| (*name, str::from_utf8(value).unwrap_or_default()))
    }

    fn at(self, path: &'static str) -> Self {
        Self { path, ..self }
    }

    fn get(origin: &str) -> Self {
        Self::new("GET", &[("origin", origin)])
    }

    /// A request of a page, as a browser sends it to a server on https.
    fn of_page(method: &'static str, origin: &str, site: &str) -> Self {
        Self::new(method, &[("origin", origin), ("sec-fetch-site", site)])
    }

    fn preflight(origin: &str, headers: &str) -> Self {
        Self::new(
            "OPTIONS",
            &[
                ("origin", origin),
                ("access-control-request-method", "PUT"),
                ("access-control-request-headers", headers),
            ],
        )
    }
}

/// The length of a hostile header: about the limit of servers.
const HOSTILE: usize = 8 * 1024;

/// All cases, those with the same policy next to each other.
pub fn all() -> Vec<Case> {
    let asked = "content-type";
    let repeat = |text: &str| {
        let mut long = text.repeat(HOSTILE / text.len());
        // With a comma at the end, the list would have an empty element.
        if long.ends_with(',') && text != "," {
            long.pop();
        }
        long
    };
    let one = Origins::Exact(1);
    let mut cases = vec![
        (one, "GET without Origin", Message::new("GET", &[])),
        (one, "GET allowed", Message::get(ALLOWED)),
        (one, "GET denied", Message::get(DENIED)),
        (
            one,
            "GET, Origin of 8 KiB",
            Message::get(&format!("https://{}", repeat("a."))),
        ),
        (one, "preflight allowed", Message::preflight(ALLOWED, asked)),
        (one, "preflight denied", Message::preflight(DENIED, asked)),
        (
            one,
            "preflight, 8 KiB of short names",
            Message::preflight(ALLOWED, &repeat("a,")),
        ),
        (
            one,
            "preflight, 8 KiB of one name",
            Message::preflight(ALLOWED, &repeat("content-type,")),
        ),
        (
            one,
            "preflight, 8 KiB of commas",
            Message::preflight(ALLOWED, &repeat(",")),
        ),
    ];
    for count in [1_000, 100_000, 1_000_000] {
        let many = Origins::Exact(count);
        cases.extend([
            (many, "GET without Origin", Message::new("GET", &[])),
            (many, "GET allowed", Message::get(ALLOWED)),
            (many, "GET denied", Message::get(DENIED)),
            (
                many,
                "preflight allowed",
                Message::preflight(ALLOWED, asked),
            ),
        ]);
    }
    let (wildcards, domains) = (Origins::Wildcards, Origins::Domains);
    let (grants, live) = (Origins::Grants, Origins::Live);
    cases.extend([
        (wildcards, "GET allowed", Message::get(ALLOWED)),
        (wildcards, "GET denied", Message::get(DENIED)),
        (
            wildcards,
            "preflight allowed",
            Message::preflight(ALLOWED, asked),
        ),
        (domains, "GET allowed", Message::get(ALLOWED)),
        (domains, "GET denied", Message::get(DENIED)),
        (Origins::Names, "GET allowed", Message::get(ALLOWED)),
        (Origins::Names, "GET denied", Message::get(UNNAMED)),
        (grants, "GET allowed by the first", Message::get(ALLOWED)),
        (grants, "GET allowed by the second", Message::get(DENIED)),
        (
            grants,
            "preflight allowed by the second",
            Message::preflight(DENIED, asked),
        ),
        (live, "GET without Origin", Message::new("GET", &[])),
        (live, "GET allowed", Message::get(ALLOWED)),
        (live, "GET denied", Message::get(DENIED)),
        (
            live,
            "preflight allowed",
            Message::preflight(ALLOWED, asked),
        ),
    ]);
    for count in [10, 1_000] {
        let routes = Origins::Routes(count);
        cases.extend([
            (routes, "GET allowed", Message::get(ALLOWED).at(ROUTED)),
            (routes, "GET denied", Message::get(DENIED).at(ROUTED)),
            (
                routes,
                "preflight allowed",
                Message::preflight(ALLOWED, asked).at(ROUTED),
            ),
        ]);
    }
    for set in [1, 1_000, 1_000_000].map(Origins::Set) {
        cases.extend([
            (set, "GET allowed", Message::get(ALLOWED)),
            (set, "GET denied", Message::get(DENIED)),
            (set, "preflight allowed", Message::preflight(ALLOWED, asked)),
        ]);
    }
    for keys in [1_000, 1_000_000].map(Origins::Keys) {
        cases.extend([
            (keys, "GET allowed", Message::get(ALLOWED).at(ROUTED)),
            (keys, "GET denied", Message::get(DENIED).at(ROUTED)),
            (
                keys,
                "preflight allowed",
                Message::preflight(ALLOWED, asked).at(ROUTED),
            ),
        ]);
    }
    cases.extend([
        (
            Origins::Changing,
            "GET allowed",
            Message::get(ALLOWED).at(ROUTED),
        ),
        (
            Origins::Changing,
            "GET denied",
            Message::get(DENIED).at(ROUTED),
        ),
    ]);
    let (writes, hosts) = (Origins::Writes, Origins::Hosts);
    cases.extend([
        (
            writes,
            "POST of the own page",
            Message::of_page("POST", OWN, "same-origin"),
        ),
        (
            writes,
            "POST allowed",
            Message::of_page("POST", ALLOWED, "same-site"),
        ),
        (
            writes,
            "POST refused",
            Message::of_page("POST", DENIED, "cross-site"),
        ),
        (
            hosts,
            "GET allowed",
            Message::of_page("GET", ALLOWED, "same-site"),
        ),
    ]);
    let case = |(origins, name, message)| Case {
        name: match origins {
            Origins::Exact(1) => String::from(name),
            _ => format!("{name}, {origins}"),
        },
        origins,
        message,
    };
    cases.into_iter().map(case).collect()
}
