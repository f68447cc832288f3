//! Which requests are refused: those of other sites' pages, where CORS does not protect.

use std::fmt;

use crate::config::Refuse;
use crate::decide::{RequestHead, SingleLine};
use crate::decision::Verdict;
use crate::domain::MAX_HOST;
use crate::grant_id::GrantId;
use crate::header::RequestHeader;
use crate::matching::Allowlist;
use crate::origin::MAX_PORT;
use crate::pattern::OriginPattern;
use crate::policy::{Compiled, CompiledPart};

/// Why a request is refused, or would be refused if the policy did not only report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusalReason {
    /// The policy lists the server's [hosts](crate::Config::hosts), and the request is for another one.
    Host,
    /// An upgrade to WebSocket from a page of an origin without a grant.
    WebSocket,
    /// A request that may change something, from a page of another origin that has no grant with credentials.
    CrossSiteWrite,
    /// A request from a page of another origin without a grant.
    UnlistedOrigin,
}

impl RefusalReason {
    /// Its short, stable name: the item of `refuse`, or `hosts`.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cors_core::RefusalReason::WebSocket.as_str(), "websocket");
    /// ```
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Host => "hosts",
            Self::WebSocket => "websocket",
            Self::CrossSiteWrite => "cross-site-writes",
            Self::UnlistedOrigin => "unlisted-origins",
        }
    }
}

/// Continues a sentence that begins with the request.
impl fmt::Display for RefusalReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Host => "is for a host that is not in `hosts`",
            Self::WebSocket => "opens a WebSocket from a page of an origin that no grant lists",
            Self::CrossSiteWrite => {
                "may change something, and is from a page of an origin without a grant with credentials"
            }
            Self::UnlistedOrigin => "is from a page of an origin that no grant lists",
        })
    }
}

impl Compiled {
    /// Why a part refuses a request. `verdict` is that of its origin. Not for preflights.
    ///
    /// Cold, so that what reads a header stays inlined where every request needs it.
    #[cold]
    pub(crate) fn refusal(
        &self,
        part: &CompiledPart,
        head: &impl RequestHead,
        verdict: Verdict,
    ) -> Option<RefusalReason> {
        let refuse = part.refuse;
        let is_websocket = refuse.websocket && is_websocket(head);
        if let Some(hosts) = &self.hosts
            && (is_websocket || refuse.unlisted_origins)
            && !hosts.has(host(head))
        {
            return Some(RefusalReason::Host);
        }
        if is_of_own_page(head) {
            return None;
        }
        let grant = match verdict {
            Verdict::Granted(grant) => part.grant(grant),
            Verdict::NoGrant | Verdict::NoOrigin => None,
        };
        // What everybody has says nothing about the page.
        let is_listed = grant.is_some_and(|grant| !grant.is_everybody);
        if is_websocket && !is_listed {
            return Some(RefusalReason::WebSocket);
        }
        if refuse.cross_site_writes
            && !matches!(head.method(), b"GET" | b"HEAD" | b"OPTIONS")
            && !grant.is_some_and(|grant| grant.credentials)
        {
            return Some(RefusalReason::CrossSiteWrite);
        }
        (refuse.unlisted_origins && !is_listed && !is_followed_link(head))
            .then_some(RefusalReason::UnlistedOrigin)
    }
}

impl Refuse {
    /// What is refused where either of both refuses it. What only reports refuses nothing.
    pub(crate) fn or(self, other: Self) -> Self {
        let [a, b] = [self, other].map(|refuse| match refuse.report_only {
            true => Self::default(),
            false => refuse,
        });
        Self {
            websocket: a.websocket | b.websocket,
            cross_site_writes: a.cross_site_writes | b.cross_site_writes,
            unlisted_origins: a.unlisted_origins | b.unlisted_origins,
            report_only: false,
        }
    }

    /// Whether something is refused or reported.
    #[inline]
    pub(crate) fn is_something(self) -> bool {
        self.websocket | self.cross_site_writes | self.unlisted_origins
    }

    /// Whether something is refused, and not only reported.
    pub(crate) fn refuses(self) -> bool {
        self.is_something() && !self.report_only
    }
}

/// What a refusal depends on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GrantKind {
    pub(crate) is_everybody: bool,
    pub(crate) credentials: bool,
}

/// Do not call the method of that name: adapters make it fast, and the compiler inlines it only where it is called once.
fn single_line(head: &impl RequestHead, name: RequestHeader) -> SingleLine<'_> {
    SingleLine::of(head.lines(name))
}

/// Whether the request is from a page of the server's own origin, or from no page.
pub(crate) fn is_of_own_page(head: &impl RequestHead) -> bool {
    match single_line(head, RequestHeader::SecFetchSite) {
        SingleLine::One(b"same-origin" | b"none") => true,
        SingleLine::One(_) | SingleLine::Repeated => false,
        SingleLine::Absent => match single_line(head, RequestHeader::Origin) {
            SingleLine::Absent => true,
            SingleLine::One(origin) => {
                host(head).is_some_and(|host| is_origin_of_host(origin, host))
            }
            SingleLine::Repeated => false,
        },
    }
}

/// A page of another site is opened, and reads nothing.
fn is_followed_link(head: &impl RequestHead) -> bool {
    matches!(head.method(), b"GET" | b"HEAD")
        && single_line(head, RequestHeader::Origin) == SingleLine::Absent
        && single_line(head, RequestHeader::SecFetchMode) == SingleLine::One(b"navigate")
        && single_line(head, RequestHeader::SecFetchDest) == SingleLine::One(b"document")
}

/// Whether the request asks for a WebSocket:
/// [RFC 6455, section 4.1](https://www.rfc-editor.org/rfc/rfc6455#section-4.1), or
/// [RFC 8441](https://www.rfc-editor.org/rfc/rfc8441#section-4) for HTTP/2.
fn is_websocket(head: &impl RequestHead) -> bool {
    let is_token = |token: &[u8]| {
        let name = token.split(|byte| *byte == b'/').next();
        name.is_some_and(|name| name.trim_ascii().eq_ignore_ascii_case(b"websocket"))
    };
    head.protocol().is_some_and(is_token)
        || head
            .lines(RequestHeader::Upgrade)
            .any(|line| line.split(|byte| *byte == b',').any(is_token))
}

/// The host and port that the request is for.
pub(crate) fn host(head: &impl RequestHead) -> Option<&[u8]> {
    if let Some(authority) = head.authority() {
        return Some(authority);
    }
    match single_line(head, RequestHeader::Host) {
        SingleLine::One(host) => Some(host),
        SingleLine::Absent | SingleLine::Repeated => None,
    }
}

/// Whether an origin of http or https has this host and port.
fn is_origin_of_host(origin: &[u8], host: &[u8]) -> bool {
    let (authority, default_port): (_, &[u8]) = match origin.strip_prefix(b"https://") {
        Some(authority) => (authority, b":443"),
        None => match origin.strip_prefix(b"http://") {
            Some(authority) => (authority, b":80"),
            None => return false,
        },
    };
    // Browsers leave out the default port of an origin.
    let without_port = host.strip_suffix(default_port).unwrap_or(host);
    !authority.is_empty() && authority.eq_ignore_ascii_case(without_port)
}

/// The hosts of a server, compiled.
#[derive(Debug)]
pub(crate) struct Hosts(Allowlist);

/// A host and port is looked up as the origin of this scheme: it has no default port, so no port is left out.
const SCHEME: &str = "host://";

impl Hosts {
    /// Compiles patterns for which [`host_pattern`] returns no error.
    pub(crate) fn new(patterns: &[String]) -> Self {
        let texts: Vec<String> = patterns.iter().flat_map(|pattern| texts(pattern)).collect();
        let patterns = texts
            .iter()
            .filter_map(|text| OriginPattern::parse(text).ok());
        let grant = GrantId::new(None, 0);
        Self(Allowlist::new(patterns.map(|pattern| (grant, pattern))))
    }

    /// The patterns of host and port.
    pub(crate) fn patterns(&self) -> Vec<String> {
        let patterns = self.0.patterns().map(|(_, pattern)| pattern);
        let hosts = patterns.map(|pattern| pattern.trim_start_matches(SCHEME).to_owned());
        hosts.collect()
    }

    fn has(&self, host: Option<&[u8]>) -> bool {
        const MAX: usize = SCHEME.len() + MAX_HOST + MAX_PORT;
        let mut origin = [0; MAX];
        let Some(host) = host else { return false };
        let bytes = SCHEME
            .bytes()
            .chain(host.iter().map(u8::to_ascii_lowercase));
        let Some(origin) = origin.get_mut(..SCHEME.len() + host.len()) else {
            return false;
        };
        for (to, byte) in origin.iter_mut().zip(bytes) {
            *to = byte;
        }
        self.0.grant(origin).is_some()
    }
}

/// The origin patterns of an entry of `hosts`. One without a port is for no port, 80 and 443.
fn texts(pattern: &str) -> Vec<String> {
    match has_port(pattern) {
        true => vec![format!("{SCHEME}{pattern}")],
        false => ["", ":80", ":443"]
            .map(|port| format!("{SCHEME}{pattern}{port}"))
            .into(),
    }
}

fn has_port(pattern: &str) -> bool {
    pattern
        .rsplit_once(':')
        .is_some_and(|(_, port)| !port.contains(']'))
}

/// Whether a text is a pattern of host and port.
pub(crate) fn is_host_pattern(text: &str) -> bool {
    // `*` alone is not one: it has no port.
    texts(text)
        .iter()
        .all(|text| OriginPattern::parse(text).is_ok())
}

/// The pattern that was most likely meant by a text that is not one.
pub(crate) fn suggest_host(text: &str) -> Option<String> {
    let text = text.trim().to_ascii_lowercase();
    let text = text.split_once("://").map_or(&*text, |(_, rest)| rest);
    let host = text.split(['/', '?', '#']).next()?;
    is_host_pattern(host).then(|| host.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_hosts() {
        #[track_caller]
        fn check(text: &str, expected: bool) {
            assert_eq!(is_host_pattern(text), expected, "{text}");
        }
        check("a.example", true);
        check("a.example:8443", true);
        check("*.a.example", true);
        check("localhost:*", true);
        check("*", false);
        check("*:*", false);
        check("*:80", false);
        check("https://a.example", false);
    }

    #[test]
    fn the_longest_host() {
        let label = "a".repeat(63);
        let host = [&*label, &label, &label, &"a".repeat(61), ""].join(".");
        assert_eq!(host.len(), MAX_HOST);
        let longest = format!("{host}:65535");
        let hosts = Hosts::new(std::slice::from_ref(&longest));
        assert!(hosts.has(Some(longest.as_bytes())));
        assert!(!hosts.has(Some(format!("{longest}0").as_bytes())));
    }

    #[test]
    fn what_either_refuses() {
        let all = || {
            (0..16).map(|bits| Refuse {
                websocket: bits & 1 != 0,
                cross_site_writes: bits & 2 != 0,
                unlisted_origins: bits & 4 != 0,
                report_only: bits & 8 != 0,
            })
        };
        for (a, b) in all().flat_map(|a| all().map(move |b| (a, b))) {
            let either = |refuses: fn(&Refuse) -> bool| {
                [a, b].iter().any(|one| !one.report_only && refuses(one))
            };
            let expected = Refuse {
                websocket: either(|refuse| refuse.websocket),
                cross_site_writes: either(|refuse| refuse.cross_site_writes),
                unlisted_origins: either(|refuse| refuse.unlisted_origins),
                report_only: false,
            };
            assert_eq!(a.or(b), expected, "{a:?} {b:?}");
        }
        for refuse in all() {
            let names = [
                refuse.websocket,
                refuse.cross_site_writes,
                refuse.unlisted_origins,
            ];
            assert_eq!(refuse.is_something(), names.contains(&true), "{refuse:?}");
        }
    }

    #[test]
    fn own_origins() {
        #[track_caller]
        fn check(origin: &str, host: &str, expected: bool) {
            let found = is_origin_of_host(origin.as_bytes(), host.as_bytes());
            assert_eq!(found, expected, "{origin} {host}");
        }
        check("https://a.example", "a.example", true);
        check("https://a.example", "A.Example:443", true);
        check("http://a.example", "a.example:80", true);
        check("https://a.example", "a.example:80", false);
        check("http://a.example", "a.example:443", false);
        check("http://a.example:443", "a.example:443", true);
        check("https://a.example:8443", "a.example:8443", true);
        check("https://a.example:8443", "a.example", false);
        check("http://[::1]:3000", "[::1]:3000", true);
        check("https://a.example", "b.a.example", false);
        check("https://a.example", "a.example.", false);
        check("app://a.example", "a.example", false);
        check("null", "null", false);
        check("https://", "", false);
        check("https://", ":443", false);
    }

    #[test]
    fn hosts() {
        #[track_caller]
        fn check(patterns: &[&str], rows: &[(&str, bool)]) {
            let patterns: Vec<String> = patterns.iter().map(|text| (*text).to_owned()).collect();
            for pattern in &patterns {
                assert!(is_host_pattern(pattern), "{pattern}");
            }
            let hosts = Hosts::new(&patterns);
            for (host, expected) in rows {
                assert_eq!(
                    hosts.has(Some(host.as_bytes())),
                    *expected,
                    "{host} in {patterns:?}"
                );
            }
            assert!(!hosts.has(None));
        }
        check(
            &["api.example.com"],
            &[
                ("api.example.com", true),
                ("API.example.COM:443", true),
                ("api.example.com:80", true),
                ("api.example.com:8080", false),
                ("api.example.com:", false),
                ("api.example.com.", false),
                ("x.api.example.com", false),
                ("", false),
                (&"a".repeat(9000), false),
            ],
        );
        check(
            &[
                "localhost:*",
                "127.0.0.1:8080",
                "[::1]:*",
                "*.example.com:8443",
                "[::2]",
            ],
            &[
                ("localhost", true),
                ("LOCALHOST:1", true),
                ("127.0.0.1:8080", true),
                ("127.0.0.1", false),
                ("[::1]:9", true),
                ("[::1]", true),
                ("[::2]:443", true),
                ("[::2]:444", false),
                ("a.b.example.com:8443", true),
                ("a.example.com", false),
                ("example.com:8443", false),
                ("rebound.example", false),
            ],
        );
        for (text, suggestion) in [
            ("https://api.example.com", Some("api.example.com")),
            ("API.example.com", Some("api.example.com")),
            ("api.example.com/", Some("api.example.com")),
            ("*", None),
            ("*:80", None),
            ("", None),
            ("a b", None),
            ("a:99999", None),
        ] {
            assert!(!is_host_pattern(text), "{text}");
            assert_eq!(suggest_host(text).as_deref(), suggestion, "{text}");
        }
    }
}
