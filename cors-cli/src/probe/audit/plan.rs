//! What an audit sends: the origin of each test, derived from the allowed one.

use cors_browser_model::{Headers, Origin, SentRequest, Url};
use cors_explain::{PageRequest, is_loopback};

use super::test::{Asks, LABEL, NO_ORIGIN, REFLECTED, TESTS, Test, UNRELATED};
use crate::error::Error;
use crate::probe::handshake;

/// The origin that is allowed, in parts.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) origin: String,
    pub(super) url: Url,
    pub(super) host: String,
    /// The registrable domain of the host.
    site: Option<String>,
    /// The public suffix of the host, if it is that of a hosting service, such as `vercel.app`.
    hosting: Option<String>,
}

/// An origin that has only its beginning in common with the allowed one.
#[derive(Debug)]
pub(super) struct Beginning {
    /// What they have in common: `https://app`.
    pub(super) common: String,
    pub(super) whole: String,
}

/// A test with its origin, or the reason why it is skipped.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) test: &'static Test,
    pub(super) asks: Asks,
    pub(super) origin: Result<Option<String>, String>,
}

impl Target {
    pub(super) fn new(origin: &Origin) -> Result<Self, Error> {
        let origin = origin.to_string();
        let url = Url::parse(&origin).ok().filter(Url::has_host);
        let Some(url) = url else {
            let message =
                "an audit needs an allowed origin with a host, such as `https://app.example.com`";
            return Err(Error::new(message));
        };
        let host = url.host_str().unwrap_or_default().to_owned();
        let (site, hosting) = match url.host() {
            Some(url::Host::Ipv4(_) | url::Host::Ipv6(_)) | None => (None, None),
            _ => {
                let suffix = psl::suffix(host.as_bytes());
                let is_private = suffix.is_some_and(|it| it.typ() == Some(psl::Type::Private));
                let hosting = psl::suffix_str(&host).filter(|_| is_private);
                (psl::domain_str(&host), hosting)
            }
        };
        let [site, hosting] = [site, hosting].map(|domain| domain.map(str::to_owned));
        Ok(Self {
            origin,
            url,
            host,
            site,
            hosting,
        })
    }

    /// The registrable domain of the host, or why there is none.
    pub(super) fn site(&self) -> Result<&str, &'static str> {
        let site = self.site.as_deref();
        site.ok_or("the host has no registrable domain")
    }

    /// Whether an origin is that of a subdomain of the site.
    pub(super) fn is_below_site(&self, origin: &str) -> bool {
        let url = Url::parse(origin).ok();
        let host = url.as_ref().and_then(Url::host_str).unwrap_or_default();
        let below = self
            .site
            .as_deref()
            .and_then(|site| host.strip_suffix(site));
        below.is_some_and(|labels| labels.ends_with('.'))
    }

    /// Whether an origin is the tested sibling subdomain of the site.
    pub(super) fn is_sibling(&self, origin: &str) -> bool {
        let site = self.site.as_deref().unwrap_or_default();
        self.at(&format!("{LABEL}.{site}")) == Ok(Some(origin.to_owned()))
    }

    /// The origin of another customer of the hosting service of the allowed origin.
    pub(super) fn neighbour(&self) -> Result<Option<String>, &'static str> {
        let hosting = self.hosting.as_deref();
        let hosting = hosting.ok_or("the host is not that of a known hosting service")?;
        self.at(&format!("{LABEL}.{hosting}"))
    }

    /// An origin with http that some lists have next to one with https.
    pub(super) fn next_to_https(&self, origin: &str) -> Result<Option<String>, &'static str> {
        match self.url.scheme() {
            "https" if is_loopback(&self.url) => Err("the host is the user's own machine"),
            "https" => Ok(Some(origin.to_owned())),
            _ => Err("the allowed origin is not https"),
        }
    }

    /// An origin that begins like the allowed one, up to a dot of its host.
    pub(super) fn beginning(&self, index: usize) -> Result<Beginning, &'static str> {
        let (common, _) = self.host.split_at(self.dot(index)?);
        let scheme = self.url.scheme();
        let whole = self.at(&format!("{common}-{UNRELATED}"))?;
        Ok(Beginning {
            common: format!("{scheme}://{common}"),
            whole: whole.unwrap_or_default(),
        })
    }

    /// The allowed origin without its port.
    pub(super) fn without_port(&self) -> String {
        format!("{}://{}", self.url.scheme(), self.host)
    }

    /// The allowed origin at another host.
    pub(super) fn at(&self, host: &str) -> Result<Option<String>, &'static str> {
        let scheme = self.url.scheme();
        Ok(Some(match self.url.port() {
            Some(port) => format!("{scheme}://{host}:{port}"),
            None => format!("{scheme}://{host}"),
        }))
    }

    /// The origin with an `x` in place of a dot of its host.
    pub(super) fn without_dot(&self, index: usize) -> Result<Option<String>, &'static str> {
        let (before, after) = self.host.split_at(self.dot(index)?);
        self.at(&format!("{before}x{}", after.trim_start_matches('.')))
    }

    /// Where a dot of the host is. Without its last dot, a host would be a top-level domain, which no one can register.
    fn dot(&self, index: usize) -> Result<usize, &'static str> {
        self.site()?;
        let dots: Vec<_> = self.host.match_indices('.').map(|(at, _)| at).collect();
        let dots = dots.split_last().map(|(_, dots)| dots);
        let at = dots.and_then(|dots| dots.get(index));
        at.copied().ok_or("the host has no such dot")
    }
}

/// Every test for a URL, in order. Nothing is sent twice.
pub(super) fn plan(target: &Target, url: &Url) -> Vec<Planned> {
    let is_websocket = handshake::is_websocket(url);
    // A program that is not a browser may open any WebSocket, and there is one test for an unrelated origin.
    let is_left_out = |test: &Test| {
        is_websocket
            && (test.asks == Asks::Preflight || [NO_ORIGIN, REFLECTED].contains(&test.code))
    };
    let mut planned: Vec<Planned> = Vec::new();
    for test in TESTS.iter().filter(|test| !is_left_out(test)) {
        let asks = match is_websocket {
            true => Asks::WebSocket,
            false => test.asks,
        };
        let mut origin = (test.origin)(target).map_err(str::to_owned);
        if let Ok(Some(text)) = &origin {
            let is_known = planned.iter().any(|earlier| {
                earlier.asks == asks && earlier.origin.as_ref() == Ok(&Some(text.clone()))
            });
            if is_known {
                origin = Err(format!("`{text}` is tested already"));
            } else if Origin::parse(text).is_none() {
                origin = Err(format!("no browser sends `{text}`"));
            }
        }
        planned.push(Planned { test, asks, origin });
    }
    planned
}

/// The request of a test.
pub(super) fn request(asks: Asks, origin: Option<&str>, page: &PageRequest) -> SentRequest {
    let (method, mut headers) = match asks {
        Asks::Resource => (
            page.request.method.to_ascii_uppercase(),
            page.request.headers.clone(),
        ),
        Asks::Preflight => ("OPTIONS".to_owned(), Headers::new()),
        Asks::WebSocket => return handshake::request(&page.request, origin),
    };
    if !headers.contains("Accept") {
        headers.append("Accept", "*/*");
    }
    if asks == Asks::Preflight {
        headers.append("Access-Control-Request-Method", "PUT");
    }
    if let Some(origin) = origin {
        headers.append("Origin", origin);
    }
    SentRequest {
        method,
        url: page.request.url.clone(),
        headers,
        credentials: false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::test::{
        ALLOWED, DOT, HTTP, LOCALHOST, NO_ORIGIN, NULL, PORT, PREFIX, PREFLIGHT, REFLECTED, SHARED,
        SPECIAL, SUBDOMAIN, SUFFIX, WEBSOCKET,
    };
    use super::*;

    #[test]
    fn origins() {
        #[track_caller]
        fn check(allowed: &str, url: &str, expected: &[(&str, &str)]) {
            let target = Target::new(&Origin::parse(allowed).unwrap()).unwrap();
            let planned = plan(&target, &Url::parse(url).unwrap());
            let planned: Vec<_> = planned
                .iter()
                .filter_map(|planned| {
                    let origin = planned.origin.as_ref().ok()?.as_deref();
                    Some((planned.test.code, origin.unwrap_or("-")))
                })
                .collect();
            assert_eq!(planned, expected, "{allowed}");
        }
        const COMMON: [(&str, &str); 5] = [
            (NO_ORIGIN, "-"),
            (REFLECTED, "https://cors-audit.example"),
            (PREFLIGHT, "https://cors-audit.example"),
            (WEBSOCKET, "https://cors-audit.example"),
            (NULL, "null"),
        ];
        const SHARED_HOSTS: [&str; 8] = [
            "https://cors-audit.github.io",
            "https://cors-audit.netlify.app",
            "https://cors-audit.pages.dev",
            "https://cors-audit.vercel.app",
            "https://codepen.io",
            "https://cdpn.io",
            "https://jsfiddle.net",
            "https://fiddle.jshell.net",
        ];
        const LOCAL: [&str; 4] = [
            "http://localhost",
            "http://localhost:3000",
            "http://localhost:5173",
            "http://localhost:8080",
        ];
        // A neighbour of the allowed origin is not tested twice.
        let with_neighbour = |allowed: &'static str,
                              neighbour: Option<&'static str>,
                              rest: &[(&'static str, &'static str)]| {
            let mut expected = vec![(ALLOWED, allowed)];
            expected.extend(COMMON);
            expected.extend(neighbour.map(|neighbour| (SHARED, neighbour)));
            let others = SHARED_HOSTS.iter().filter(|host| Some(**host) != neighbour);
            expected.extend(others.map(|host| (SHARED, *host)));
            expected.extend(rest);
            if allowed.starts_with("https://") {
                expected.extend(LOCAL.map(|origin| (LOCALHOST, origin)));
            }
            check(allowed, "https://api.example.com/ws", &expected);
            let is_websocket =
                |(code, _): &(&str, &str)| ![NO_ORIGIN, REFLECTED, PREFLIGHT].contains(code);
            expected.retain(is_websocket);
            check(allowed, "wss://api.example.com/ws", &expected);
        };
        let with_common = |allowed, rest: &[(&'static str, &'static str)]| {
            with_neighbour(allowed, None, rest);
        };
        with_common(
            "https://app.example.com",
            &[
                (PREFIX, "https://app-cors-audit.example"),
                (PREFIX, "https://app.example.com.cors-audit.example"),
                (SPECIAL, "https://app.example.com_.cors-audit.example"),
                (SUFFIX, "https://corsauditexample.com"),
                (SUBDOMAIN, "https://cors-audit.example.com"),
                (SUFFIX, "https://corsauditapp.example.com"),
                (SUBDOMAIN, "https://cors-audit.app.example.com"),
                (DOT, "https://appxexample.com"),
                (HTTP, "http://app.example.com"),
                (PORT, "https://app.example.com:8444"),
            ],
        );
        with_common(
            "https://a.b.example.co.uk:8444",
            &[
                (PREFIX, "https://a-cors-audit.example:8444"),
                (PREFIX, "https://a.b-cors-audit.example:8444"),
                (PREFIX, "https://a.b.example.co.uk.cors-audit.example:8444"),
                (
                    SPECIAL,
                    "https://a.b.example.co.uk_.cors-audit.example:8444",
                ),
                (SUFFIX, "https://corsauditexample.co.uk:8444"),
                (SUBDOMAIN, "https://cors-audit.example.co.uk:8444"),
                (SUFFIX, "https://corsaudita.b.example.co.uk:8444"),
                (SUBDOMAIN, "https://cors-audit.a.b.example.co.uk:8444"),
                (DOT, "https://axb.example.co.uk:8444"),
                (DOT, "https://a.bxexample.co.uk:8444"),
                (HTTP, "http://a.b.example.co.uk:8444"),
                (PORT, "https://a.b.example.co.uk:8445"),
            ],
        );
        for (allowed, neighbour, rest) in [
            (
                "https://app.vercel.app",
                "https://cors-audit.vercel.app",
                [
                    (PREFIX, "https://app-cors-audit.example"),
                    (PREFIX, "https://app.vercel.app.cors-audit.example"),
                    (SPECIAL, "https://app.vercel.app_.cors-audit.example"),
                    (SUFFIX, "https://corsauditapp.vercel.app"),
                    (SUBDOMAIN, "https://cors-audit.app.vercel.app"),
                    (DOT, "https://appxvercel.app"),
                    (HTTP, "http://app.vercel.app"),
                    (PORT, "https://app.vercel.app:8444"),
                ],
            ),
            (
                "https://app.herokuapp.com",
                "https://cors-audit.herokuapp.com",
                [
                    (PREFIX, "https://app-cors-audit.example"),
                    (PREFIX, "https://app.herokuapp.com.cors-audit.example"),
                    (SPECIAL, "https://app.herokuapp.com_.cors-audit.example"),
                    (SUFFIX, "https://corsauditapp.herokuapp.com"),
                    (SUBDOMAIN, "https://cors-audit.app.herokuapp.com"),
                    (DOT, "https://appxherokuapp.com"),
                    (HTTP, "http://app.herokuapp.com"),
                    (PORT, "https://app.herokuapp.com:8444"),
                ],
            ),
        ] {
            with_neighbour(allowed, Some(neighbour), &rest);
        }
        with_common(
            "https://example.com",
            &[
                (PREFIX, "https://example.com.cors-audit.example"),
                (SPECIAL, "https://example.com_.cors-audit.example"),
                (SUFFIX, "https://corsauditexample.com"),
                (SUBDOMAIN, "https://cors-audit.example.com"),
                (HTTP, "http://example.com"),
                (PORT, "https://example.com:8444"),
            ],
        );
        with_common(
            "http://localhost:3000",
            &[
                (PREFIX, "http://localhost.cors-audit.example:3000"),
                (SPECIAL, "http://localhost_.cors-audit.example:3000"),
                (PORT, "http://localhost:8444"),
            ],
        );
        with_common(
            "http://127.0.0.1",
            &[
                (PREFIX, "http://127.0.0.1.cors-audit.example"),
                (SPECIAL, "http://127.0.0.1_.cors-audit.example"),
                (PORT, "http://127.0.0.1:8444"),
            ],
        );
        with_common("http://[::1]", &[(PORT, "http://[::1]:8444")]);
    }

    #[test]
    fn what_has_no_host_cannot_be_audited() {
        assert!(Target::new(&Origin::Opaque).is_err());
    }
}
