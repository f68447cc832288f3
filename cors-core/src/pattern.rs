//! Origin patterns: what a policy's `allow_origins` is made of.

use std::fmt;

use crate::domain::{self, LabelError, MAX_HOST, MAX_LABEL};
use crate::origin::{self, HostKind, MAX_PORT, Origin, OriginError};
use crate::public_suffix::PublicSuffix;
use crate::punycode;
use crate::regular_expression;

/// A pattern of origins.
///
/// # Syntax
///
/// | pattern | matches |
/// |---|---|
/// | `https://example.com` | that origin |
/// | `https://*.example.com` | `https://a.example.com`, `https://b.a.example.com`, not `https://example.com` |
/// | `http://localhost:*` | `http://localhost`, `http://localhost:3000` |
/// | `https://*.example.com:*` | both |
/// | `https://pr-*.example.com` | `https://pr-7.example.com`, not `https://pr-.example.com`, `https://a.pr-7.example.com` |
/// | `moz-extension://*` | every host of that scheme, without a port |
/// | `null` | the [opaque origin](https://html.spec.whatwg.org/multipage/browsers.html#concept-origin-opaque) |
/// | `*` | every origin |
///
/// Apart from the wildcards a pattern is an origin as browsers send it, see [`Origin`]. There are no
/// regular expressions, and a `*` is valid in these places only.
///
/// A `*` next to other text in the first label matches one or more of `a-z`, `0-9` and `-`, so that it
/// never reaches beyond that label. A label that begins with `xn--` is Punycode of another text. It matches
/// only if the pattern begins with `xn--` too. A scheme with any host cannot be `http`, `https` or `file`.
///
/// What follows `xn--` in a label has to be [Punycode](https://www.rfc-editor.org/rfc/rfc3492) of a text
/// that is not all ASCII and has no control characters. Whether browsers allow that text in a domain is
/// not checked, because that takes large tables. Where they do not, the pattern matches no origin that
/// a browser sends: `xn--a-5jb` is `aΑ`, and the second letter, a Greek one, is upper case.
///
/// # Examples
///
/// ```
/// use cors_core::{Origin, OriginPattern};
///
/// let pattern = OriginPattern::parse("https://*.example.com")?;
/// assert!(pattern.matches(&Origin::parse("https://app.example.com")?));
/// assert!(!pattern.matches(&Origin::parse("https://evilexample.com")?));
/// assert!(!pattern.matches(&Origin::parse("https://app.example.com:8443")?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OriginPattern<'a> {
    text: &'a str,
    shape: Shape<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Shape<'a> {
    Any,
    Null,
    Tuple(Tuple<'a>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Tuple<'a> {
    pub(crate) scheme: &'a str,
    pub(crate) wildcard: HostWildcard<'a>,
    /// The host after the wildcard: all of it without a wildcard, and empty for any host.
    pub(crate) host: &'a str,
    host_kind: HostKind,
    pub(crate) port: PortPattern,
}

/// What the host of a pattern begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum HostWildcard<'a> {
    /// Not a wildcard: `https://example.com`.
    None,
    /// One label or more: `https://*.example.com`.
    Subdomains,
    /// One label: `https://pr-*.example.com`.
    Label(LabelPattern<'a>),
    /// The whole host: `moz-extension://*`.
    AnyHost,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum PortPattern {
    Default,
    Exactly(u16),
    Any,
}

impl<'a> OriginPattern<'a> {
    /// Parses a pattern.
    ///
    /// # Errors
    ///
    /// Anything that no browser would ever send, or that is ambiguous, is a [`PatternError`].
    pub fn parse(text: &'a str) -> Result<Self, PatternError> {
        let shape = match text {
            "*" => Shape::Any,
            "null" => Shape::Null,
            _ => Shape::Tuple(parse_tuple(text).map_err(|error| {
                match regular_expression::is_regular_expression(text) {
                    true => PatternError::RegularExpression,
                    false => error,
                }
            })?),
        };
        Ok(Self { text, shape })
    }

    /// Whether the pattern matches a tuple origin. (`null` is not one.)
    pub fn matches(&self, origin: &Origin<'_>) -> bool {
        match self.shape {
            Shape::Any => true,
            Shape::Null => false,
            Shape::Tuple(tuple) => {
                tuple.scheme == origin.scheme()
                    && tuple.matches_host(origin.host())
                    && tuple.matches_port(origin.port())
            }
        }
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &'a str {
        self.text
    }

    pub(crate) fn shape(&self) -> Shape<'a> {
        self.shape
    }

    /// Whether every origin that `other` matches is matched by this pattern too.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_core::OriginPattern;
    ///
    /// let wide = OriginPattern::parse("https://*.example.com")?;
    /// assert!(wide.covers(&OriginPattern::parse("https://app.example.com")?));
    /// assert!(!wide.covers(&OriginPattern::parse("https://app.example.com:*")?));
    /// # Ok::<(), cors_core::PatternError>(())
    /// ```
    pub fn covers(&self, other: &OriginPattern<'_>) -> bool {
        match (self.shape, other.shape) {
            (Shape::Any, _) | (Shape::Null, Shape::Null) => true,
            (Shape::Tuple(wide), Shape::Tuple(narrow)) => {
                wide.scheme == narrow.scheme
                    && (wide.port == PortPattern::Any || wide.port == narrow.port)
                    && wide.covers_host(narrow)
            }
            _ => false,
        }
    }

    /// The length of the longest origin that the pattern matches, in bytes.
    pub(crate) fn max_len(&self) -> usize {
        match self.shape {
            Shape::Any => origin::MAX_ORIGIN,
            Shape::Tuple(tuple) if tuple.wildcard != HostWildcard::None => {
                tuple.scheme.len() + "://".len() + MAX_HOST + MAX_PORT
            }
            Shape::Tuple(_) if self.is_any_port() => self.text.len() + MAX_PORT,
            Shape::Null | Shape::Tuple(_) => self.text.len(),
        }
    }

    /// Whether a `*` is next to other text in the first label of the host.
    pub(crate) fn has_wildcard_label(&self) -> bool {
        matches!(self.shape, Shape::Tuple(tuple) if matches!(tuple.wildcard, HostWildcard::Label(_)))
    }

    fn is_any_port(&self) -> bool {
        matches!(self.shape, Shape::Tuple(tuple) if tuple.port == PortPattern::Any)
    }

    /// Whether the pattern is plain `http` to another machine than the user's own: an attacker on the
    /// network in between controls such an origin.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_core::OriginPattern;
    ///
    /// assert!(OriginPattern::parse("http://example.com")?.is_insecure());
    /// assert!(!OriginPattern::parse("http://localhost:3000")?.is_insecure());
    /// # Ok::<(), cors_core::PatternError>(())
    /// ```
    pub fn is_insecure(&self) -> bool {
        match self.shape {
            Shape::Tuple(tuple) => tuple.scheme == "http" && !tuple.is_loopback(),
            Shape::Any | Shape::Null => false,
        }
    }

    /// Whether the pattern is for the user's own machine: `localhost`, a name below it, or a loopback
    /// address.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_core::OriginPattern;
    ///
    /// assert!(OriginPattern::parse("http://localhost:*")?.is_loopback());
    /// assert!(OriginPattern::parse("http://127.0.0.1:3000")?.is_loopback());
    /// assert!(!OriginPattern::parse("http://192.168.0.1")?.is_loopback());
    /// # Ok::<(), cors_core::PatternError>(())
    /// ```
    pub fn is_loopback(&self) -> bool {
        matches!(self.shape, Shape::Tuple(tuple) if tuple.is_loopback())
    }

    /// A public suffix below which others can register a name that the pattern matches, if there is one:
    /// the domain after the `*.`, or one below it, such as `s3.amazonaws.com` below `amazonaws.com`. With
    /// other text in the first label, only the domain after that label counts.
    ///
    /// Only what the [public suffix list](https://publicsuffix.org) names counts: `*.internal` is a
    /// company's own affair.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_core::{OriginPattern, PublicSuffix};
    ///
    /// let pattern = OriginPattern::parse("https://*.github.io")?;
    /// assert_eq!(pattern.public_suffix(), Some(PublicSuffix::Domain("github.io")));
    /// let pattern = OriginPattern::parse("https://*.windows.net")?;
    /// assert_eq!(pattern.public_suffix(), Some(PublicSuffix::Below("windows.net")));
    /// let pattern = OriginPattern::parse("https://*.example.com")?;
    /// assert_eq!(pattern.public_suffix(), None);
    /// # Ok::<(), cors_core::PatternError>(())
    /// ```
    pub fn public_suffix(&self) -> Option<PublicSuffix<'a>> {
        let Shape::Tuple(tuple) = self.shape else {
            return None;
        };
        let suffix = PublicSuffix::of(tuple.host)?;
        match (tuple.wildcard, suffix) {
            (HostWildcard::Subdomains, _) | (HostWildcard::Label(_), PublicSuffix::Domain(_)) => {
                Some(suffix)
            }
            _ => None,
        }
    }

    /// Whether the pattern is for every host of a scheme, such as `moz-extension://*`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_core::OriginPattern;
    ///
    /// assert!(OriginPattern::parse("moz-extension://*")?.is_any_host());
    /// assert!(!OriginPattern::parse("https://*.example.com")?.is_any_host());
    /// # Ok::<(), cors_core::PatternError>(())
    /// ```
    pub fn is_any_host(&self) -> bool {
        matches!(self.shape, Shape::Tuple(tuple) if tuple.wildcard == HostWildcard::AnyHost)
    }
}

impl fmt::Display for OriginPattern<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

impl Tuple<'_> {
    pub(crate) fn has_wildcard(&self) -> bool {
        self.wildcard != HostWildcard::None || self.port == PortPattern::Any
    }

    pub(crate) fn matches_host(&self, host: &str) -> bool {
        match self.wildcard {
            HostWildcard::None => self.host == host,
            HostWildcard::AnyHost => true,
            // Do not write `host.ends_with(self.host)`: then `https://*.example.com` would let
            // `https://evilexample.com` in.
            HostWildcard::Subdomains => {
                self.front_of(host).is_some_and(|labels| !labels.is_empty())
            }
            HostWildcard::Label(pattern) => self
                .front_of(host)
                .is_some_and(|label| !label.contains('.') && pattern.matches(label.as_bytes())),
        }
    }

    /// The labels of a host before this pattern's host.
    fn front_of<'h>(&self, host: &'h str) -> Option<&'h str> {
        host.strip_suffix(self.host)?.strip_suffix('.')
    }

    fn covers_host(&self, narrow: Tuple<'_>) -> bool {
        match (self.wildcard, narrow.wildcard) {
            (HostWildcard::AnyHost, _) | (_, HostWildcard::None) => self.matches_host(narrow.host),
            (_, HostWildcard::AnyHost) | (HostWildcard::None, _) => false,
            (HostWildcard::Subdomains, _) => {
                self.host == narrow.host || self.matches_host(narrow.host)
            }
            (HostWildcard::Label(wide), HostWildcard::Label(narrow_label)) => {
                self.host == narrow.host && wide.matches(narrow_label.text.as_bytes())
            }
            (HostWildcard::Label(_), HostWildcard::Subdomains) => false,
        }
    }

    pub(crate) fn matches_port(&self, port: Option<u16>) -> bool {
        match self.port {
            PortPattern::Any => true,
            PortPattern::Default => port.is_none(),
            PortPattern::Exactly(exact) => port == Some(exact),
        }
    }

    fn is_loopback(&self) -> bool {
        match self.host_kind {
            HostKind::Ipv4(address) => address.is_loopback(),
            HostKind::Ipv6(address) => address.is_loopback(),
            // <https://www.rfc-editor.org/rfc/rfc6761#section-6.3>
            HostKind::Domain => {
                let host = self.host.trim_end_matches('.');
                host == "localhost" || host.ends_with(".localhost")
            }
        }
    }
}

/// A label with a `*` next to other text: `pr-*`, `*-team`, `deploy-*--site`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct LabelPattern<'a> {
    /// The label as it was written.
    pub(crate) text: &'a str,
    pub(crate) before: &'a str,
    pub(crate) after: &'a str,
}

impl<'a> LabelPattern<'a> {
    /// Parses the first label of a host, which has a `*`.
    fn parse(text: &'a str) -> Result<Self, PatternError> {
        let (before, after) = text
            .split_once('*')
            .ok_or(PatternError::MisplacedWildcard)?;
        for literal in [before, after] {
            match domain::check_labels(literal.as_bytes()) {
                Err(LabelError::Unexpected(b'A'..=b'Z')) => {
                    return Err(OriginError::UpperCase.into());
                }
                Err(_) => return Err(PatternError::MisplacedWildcard),
                Ok(()) => {}
            }
        }
        if text.len() > MAX_LABEL {
            return Err(OriginError::TooLong.into());
        }
        Ok(Self {
            text,
            before,
            after,
        })
    }

    /// Whether the pattern matches a label, which must be a valid one. To ask whether this pattern covers
    /// another, give the other's text, whose `*` counts as one byte of the label.
    pub(crate) fn matches(&self, label: &[u8]) -> bool {
        label_matches(self.before.as_bytes(), self.after.as_bytes(), label)
    }
}

/// Whether a label, which must be a valid one, is `before`, something for a `*`, and `after`.
pub(crate) fn label_matches(before: &[u8], after: &[u8], label: &[u8]) -> bool {
    let star = label
        .strip_prefix(before)
        .and_then(|rest| rest.strip_suffix(after));
    let is_punycode = |label: &[u8]| label.starts_with(b"xn--");
    star.is_some_and(|star| !star.is_empty() && !star.contains(&b'_'))
        && (is_punycode(before) || !is_punycode(label))
}

/// Why a text is not an origin pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PatternError {
    /// Apart from its wildcards it is not an origin.
    Origin(OriginError),
    /// A `*` is in the wrong place.
    MisplacedWildcard,
    /// Every host of `http` or `https`.
    AnyHost,
    /// A `*` for any host of a scheme, with a port after it.
    AnyHostWithPort,
    /// A `*` is part of the only label of a host.
    WildcardInOnlyLabel,
    /// A regular expression.
    RegularExpression,
    /// A wildcard is before an IP address, which has no subdomains.
    WildcardAddress,
    /// An IPv4 address is written as an IPv6 address.
    MappedAddress,
    /// A label begins with `xn--`, but what follows is not Punycode, or stands for a text that has a
    /// control character or is all ASCII.
    InvalidPunycode,
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Origin(error) => error.fmt(f),
            Self::MisplacedWildcard => f.write_str(
                "has a `*` in the wrong place; use it alone, in the first label of the host, or as the port",
            ),
            Self::AnyHost => {
                f.write_str("has only a `*` for its host; to allow any origin, write `\"*\"` alone")
            }
            Self::AnyHostWithPort => f.write_str(
                "has a port after the `*` for any host, which matches hosts without a port; remove the port",
            ),
            Self::WildcardInOnlyLabel => f.write_str(
                "has a `*` in the only label of its host; write the domain after it, as in `https://pr-*.example.com`",
            ),
            Self::RegularExpression => f.write_str(
                "is a regular expression, which a policy does not take; write an origin, with a `*` in the first label of the host or as the port",
            ),
            Self::WildcardAddress => {
                f.write_str("has a wildcard before an IP address, which has no subdomains")
            }
            Self::MappedAddress => {
                f.write_str("has an IPv4 address in IPv6 form, which clients do not use")
            }
            Self::InvalidPunycode => f.write_str("has a label that is not valid Punycode"),
        }
    }
}

impl std::error::Error for PatternError {}

impl From<OriginError> for PatternError {
    fn from(error: OriginError) -> Self {
        Self::Origin(error)
    }
}

fn parse_tuple(text: &str) -> Result<Tuple<'_>, PatternError> {
    if text.len() > origin::MAX_ORIGIN {
        return Err(OriginError::TooLong.into());
    }
    if !text.is_ascii() {
        return Err(OriginError::NotAscii.into());
    }
    let (scheme, rest) = origin::split_scheme(text).map_err(|error| match error {
        // `http*://...`
        OriginError::InvalidScheme if text.split("://").next().is_some_and(|s| s.contains('*')) => {
            PatternError::MisplacedWildcard
        }
        error => error.into(),
    })?;
    let (wildcard, authority) = split_wildcard(scheme, rest)?;
    let (host, port) = origin::split_port(authority)?;
    if host.contains('*') {
        return Err(match host.contains('.') {
            true => PatternError::MisplacedWildcard,
            false => PatternError::WildcardInOnlyLabel,
        });
    }
    let host_kind = match wildcard {
        HostWildcard::AnyHost => HostKind::Domain,
        _ => origin::parse_host(host)?,
    };
    let shortest_front = match wildcard {
        HostWildcard::None | HostWildcard::AnyHost => None,
        HostWildcard::Subdomains => Some("a.".len()),
        HostWildcard::Label(pattern) => Some(pattern.text.len() + ".".len()),
    };
    match (host_kind, shortest_front) {
        (HostKind::Ipv4(_) | HostKind::Ipv6(_), Some(_)) => {
            return Err(PatternError::WildcardAddress);
        }
        (HostKind::Ipv6(address), None) if address.to_ipv4_mapped().is_some() => {
            return Err(PatternError::MappedAddress);
        }
        // The shortest host that matches has to fit, with room for a dot at the end.
        (HostKind::Domain, Some(front))
            if front + host.len() + usize::from(!host.ends_with('.')) > MAX_HOST =>
        {
            return Err(OriginError::TooLong.into());
        }
        (HostKind::Domain, _) if !is_valid_punycode(host) => {
            return Err(PatternError::InvalidPunycode);
        }
        _ => {}
    }
    let port = match port {
        None => PortPattern::Default,
        Some("*") => PortPattern::Any,
        Some(digits) if digits.starts_with('*') || digits.ends_with('*') => {
            return Err(PatternError::MisplacedWildcard);
        }
        Some(digits) => PortPattern::Exactly(origin::parse_port(scheme, digits)?),
    };
    Ok(Tuple {
        scheme,
        wildcard,
        host,
        host_kind,
        port,
    })
}

/// Splits the wildcard of a host from the host after it and the port.
fn split_wildcard<'a>(
    scheme: &str,
    authority: &'a str,
) -> Result<(HostWildcard<'a>, &'a str), PatternError> {
    if let Some(rest) = authority.strip_prefix('*')
        && (rest.is_empty() || rest.starts_with([':', '/']))
    {
        return match (scheme, rest) {
            ("http" | "https", _) => Err(PatternError::AnyHost),
            (_, "") => Ok((HostWildcard::AnyHost, rest)),
            (_, "/") => Err(OriginError::TrailingSlash.into()),
            _ if rest.starts_with('/') => Err(OriginError::Path.into()),
            _ => Err(PatternError::AnyHostWithPort),
        };
    }
    Ok(match authority.split_once('.') {
        Some(("*", rest)) => (HostWildcard::Subdomains, rest),
        Some((label, rest)) if label.contains('*') => {
            (HostWildcard::Label(LabelPattern::parse(label)?), rest)
        }
        _ => (HostWildcard::None, authority),
    })
}

/// Whether every `xn--` label is Punycode of a text that needs it.
///
/// The [other criteria](https://www.unicode.org/reports/tr46/#Validity_Criteria) take the tables of Unicode. Without
/// them, some labels are accepted that no browser sends.
fn is_valid_punycode(host: &str) -> bool {
    let mut encoded = host
        .split('.')
        .filter_map(|label| label.strip_prefix("xn--"));
    encoded.all(|encoded| {
        punycode::decode(encoded)
            .is_some_and(|text| !text.is_ascii() && !text.contains(char::is_control))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Grant;
    use crate::grant_id::GrantId;
    use crate::policy::Policy;
    use crate::suggest::suggest;

    #[test]
    fn kinds_of_hosts() {
        #[track_caller]
        fn check(pattern: &str, is_loopback: bool, has_wildcard_label: bool) {
            let pattern = OriginPattern::parse(pattern).unwrap();
            assert_eq!(pattern.is_loopback(), is_loopback);
            assert_eq!(pattern.has_wildcard_label(), has_wildcard_label);
        }
        check("*", false, false);
        check("null", false, false);
        check("https://a.example", false, false);
        check("https://*.a.example", false, false);
        check("https://pr-*.a.example", false, true);
        check("http://localhost:3000", true, false);
        check("http://app.localhost", true, false);
        check("http://127.0.0.1:*", true, false);
        check("http://[::1]", true, false);
        check("http://10.0.0.1", false, false);
    }

    #[test]
    fn valid_patterns() {
        #[track_caller]
        fn check(text: &str) {
            let pattern = OriginPattern::parse(text).unwrap();
            assert_eq!(pattern.to_string(), text);
        }
        check("*");
        check("null");
        check("https://example.com");
        check("https://*.example.com");
        check("https://*.example.com:8443");
        check("https://*.example.com:*");
        check("http://localhost:*");
        check("http://[::1]:*");
        check("http://127.0.0.1:*");
        check("connector://localhost");
        check("https://*.com");
        check("https://pr-*.example.com");
        check("https://*-team.example.com:*");
        check("https://deploy-*--site.netlify.app:8443");
        check("https://xn--*.example.com");
        check("http://app-*.localhost:*");
        check("moz-extension://*");
        check("connector+x://*");
        check("https://xn--bcher-kva.example");
        check("https://*.xn--bcher-kva.example.");
    }

    #[test]
    fn invalid_patterns_and_suggestions() {
        #[track_caller]
        fn check(text: &str, expected: impl Into<PatternError>, suggestion: Option<&str>) {
            assert_eq!(
                OriginPattern::parse(text).unwrap_err(),
                expected.into(),
                "{text:?}"
            );
            assert_eq!(
                suggest(text).as_deref(),
                suggestion,
                "suggestion for {text:?}"
            );
        }
        use OriginError as O;
        use PatternError as P;
        let example = Some("https://example.com");
        check("", O::Empty, None);
        check(" ", O::NoScheme, None);
        check(" https://example.com", O::InvalidScheme, example);
        check("example.com", O::NoScheme, example);
        check("//example.com", O::NoScheme, example);
        check("https//example.com", O::NoScheme, example);
        check("https:/example.com", O::NoScheme, example);
        check("https:example.com", O::NoScheme, example);
        check("httpserver", O::NoScheme, Some("https://httpserver"));
        check("NULL", O::NoScheme, None);
        check("localhost:3000", O::NoScheme, Some("http://localhost:3000"));
        check("Https://Example.com", O::UpperCase, example);
        check("https://Example.com", O::UpperCase, example);
        check("https://example.com/", O::TrailingSlash, example);
        check("https://example.com/a/b?c#d", O::Path, example);
        check("https://user:secret@example.com", O::UserInfo, example);
        check("https://example.com:443", O::DefaultPort, example);
        check("https://example.com:443/", O::TrailingSlash, example);
        check("https://example.com:0", O::InvalidPort, example);
        check("https://example.com:", O::InvalidPort, example);
        check(
            "https://example.com:08443",
            O::InvalidPort,
            Some("https://example.com:8443"),
        );
        check("https://example.com:65536", O::InvalidPort, None);
        check("https://Bücher.example", O::NotAscii, None);
        check("https://xn--a.example", P::InvalidPunycode, None);
        check(
            "https://xn--bcher-KVA.example",
            O::UpperCase,
            Some("https://xn--bcher-kva.example"),
        );
        check("file:///tmp", O::FileScheme, None);
        check("*.example.com", O::NoScheme, Some("https://*.example.com"));
        check(".example.com", O::NoScheme, Some("https://*.example.com"));
        check(
            "https://.example.com",
            O::InvalidHost,
            Some("https://*.example.com"),
        );
        check("https://a.*.example.com", P::MisplacedWildcard, None);
        check("https://*.*.example.com", P::MisplacedWildcard, None);
        check("https://example.*", P::MisplacedWildcard, None);
        check("*example.com", O::NoScheme, Some("https://*.example.com"));
        check(
            "*-team.example.com",
            O::NoScheme,
            Some("https://*-team.example.com"),
        );
        check(
            "PR-*.Example.com/",
            O::NoScheme,
            Some("https://pr-*.example.com"),
        );
        check(
            "https://PR-*.example.com",
            O::UpperCase,
            Some("https://pr-*.example.com"),
        );
        check(
            "https://p/*.example.com",
            P::MisplacedWildcard,
            Some("https://p"),
        );
        check("https://p-*-*.example.com", P::MisplacedWildcard, None);
        check("https://a.pr-*.example.com", P::MisplacedWildcard, None);
        check("https://pr-*", P::WildcardInOnlyLabel, None);
        check("http://host-*:8080", P::WildcardInOnlyLabel, None);
        check("https://pr-*.10.0.0.1", P::WildcardAddress, None);
        check("https://pr-*.[::1]", P::WildcardAddress, None);
        check("https://pr-*.xn--a.example", P::InvalidPunycode, None);
        check("https://*", P::AnyHost, None);
        check("http://*/", P::AnyHost, None);
        check("https://*:8443", P::AnyHost, None);
        check("app://*:*", P::AnyHostWithPort, None);
        check("app://*/x", O::Path, None);
        check("app://*/", O::TrailingSlash, None);
        check("file://*", O::FileScheme, None);
        check(
            &format!("https://{}*.example.com", "a".repeat(63)),
            O::TooLong,
            None,
        );
        check("http*://example.com", P::MisplacedWildcard, None);
        check("https://example.com:80*", P::MisplacedWildcard, None);
        check("https://*.10.0.0.1", P::WildcardAddress, None);
        check("https://*.[::1]", P::WildcardAddress, None);
        check(
            "http://[::ffff:a00:1]",
            P::MappedAddress,
            Some("http://10.0.0.1"),
        );
        check(
            "http://[::ffff:10.0.0.1]",
            O::IpAddress,
            Some("http://10.0.0.1"),
        );
        check(
            "http://[0:0:0:0:0:0:0:1]:80",
            O::IpAddress,
            Some("http://[::1]"),
        );
        check(
            "http://[fe80::1%eth0]",
            O::IpAddress,
            Some("http://[fe80::1]"),
        );
        check(
            r"https://.*\.example\.com",
            P::RegularExpression,
            Some("https://*.example.com"),
        );
        check(
            r"https?://localhost(:[0-9]+)?",
            P::RegularExpression,
            Some("http://localhost:*"),
        );
        check(
            r"/\.example\.com$/",
            P::RegularExpression,
            Some("https://*.example.com"),
        );
        check(r"https://(a|b)\.example", P::RegularExpression, None);
        check(&"a".repeat(100_000), O::TooLong, None);
        // The longest text with a suggestion, and a longer one.
        let text = format!("{:a<1308}", "https://a.example/");
        check(&text, O::TooLong, Some("https://a.example"));
        check(&format!("{text}a"), O::TooLong, None);
    }

    #[test]
    fn matches() {
        #[track_caller]
        fn check(pattern: &str, origin: &str, expected: bool) {
            let pattern = OriginPattern::parse(pattern).unwrap();
            let origin = Origin::parse(origin).unwrap();
            assert_eq!(pattern.matches(&origin), expected);
        }
        check("*", "https://a.example", true);
        check("https://*.a.example:8443", "https://b.a.example:8443", true);
        check("https://*.a.example:8443", "http://b.a.example:8443", false);
        check("https://*.a.example:8443", "https://b.a.example", false);
        check("https://*.a.example:8443", "https://a.example:8443", false);
    }

    /// All Punycode that browsers send is accepted, and some that they do not send.
    #[test]
    fn punycode_labels() {
        fn to_ascii(label: &str) -> Option<String> {
            let ascii = idna::domain_to_ascii_cow(label.as_bytes(), idna::AsciiDenyList::URL);
            ascii.ok().map(Into::into)
        }
        #[track_caller]
        fn check(label: &str, accepted: bool, browsers_send_it: bool) {
            let text = format!("https://*.{label}.example");
            assert_eq!(OriginPattern::parse(&text).is_ok(), accepted, "{text}");
            let sent = to_ascii(label).is_some_and(|ascii| ascii == label);
            assert_eq!(sent, browsers_send_it, "{label}");
        }
        check("xn--bcher-kva", true, true);
        check("xn--mgbh0fb", true, true);
        check("xn--ls8h", true, true);
        check("xn--", false, false);
        check("xn---", false, false);
        check("xn--example-", false, false);
        check("xn--bcher-kv", false, false);
        check("xn--a", false, false);
        // An upper-case letter, a ligature, a combining character at the beginning, and a letter with its dots as a
        // second character.
        check("xn--a-5jb", true, false);
        check("xn--sh-1b1n", true, false);
        check("xn--a-bcb", true, false);
        check("xn--bucher-xyd", true, false);

        // Browsers allow `(` in a domain, and some characters are normalised to texts with it.
        let is_domain_char = |c: char| c.is_ascii_alphanumeric() || c == '-';
        for c in ('\u{80}'..='\u{2fff}').filter(|c| c.is_alphanumeric()) {
            let label = to_ascii(&format!("a{c}")).unwrap_or_default();
            if label.starts_with("xn--") && label.chars().all(is_domain_char) {
                check(&label, true, true);
            }
        }
    }

    /// The longest of all, and one byte more.
    #[test]
    fn long_patterns() {
        #[track_caller]
        fn check(pattern: &str, origin: &str) {
            let parsed = OriginPattern::parse(pattern).unwrap();
            assert!(parsed.matches(&Origin::parse(origin).unwrap()));
            assert!(origin.len() <= parsed.max_len());
            // So it is with the table that requests are looked up in.
            let policy = Policy::new(Grant::new([pattern])).unwrap();
            assert_eq!(
                (policy.compiled().parts())
                    .find_map(|part| part.allowlist.grant(origin.as_bytes())),
                Some(GrantId::FIRST)
            );
        }
        #[track_caller]
        fn too_long(pattern: &str) {
            let error = OriginPattern::parse(pattern).unwrap_err();
            assert_eq!(error, OriginError::TooLong.into());
        }
        let scheme = "s".repeat(64);
        let base = [59, 63, 63, 63].map(|len| "b".repeat(len)).join(".");
        // As browsers leave it, and with the dot of a fully qualified name.
        for dot in ["", "."] {
            let base = format!("{base}{dot}");
            let wildcard = format!("{scheme}://*.{base}:65535");
            assert_eq!(wildcard.len(), origin::MAX_ORIGIN - 1 + dot.len());
            check(&wildcard, &format!("{scheme}://a.{base}:65535"));
            check(
                &format!("{scheme}://*.{base}:*"),
                &format!("{scheme}://a.{base}:65535"),
            );
            too_long(&format!("https://*.a{base}"));
            let shorter = base.get(1..).unwrap();
            check(
                &format!("https://a*.{shorter}"),
                &format!("https://ab.{shorter}"),
            );
            too_long(&format!("https://a*.{base}"));
            // Without a wildcard there is more room.
            check(&format!("https://a.{base}"), &format!("https://a.{base}"));
            too_long(&format!("https://aa.{base}"));
            check(
                &format!("{scheme}://a.{base}:*"),
                &format!("{scheme}://a.{base}:65535"),
            );
        }
        check(&format!("{scheme}://x"), &format!("{scheme}://x"));
        too_long(&format!("s{scheme}://x"));
    }

    #[test]
    fn danger() {
        #[track_caller]
        fn check(text: &str, insecure: bool, public_suffix: Option<&str>) {
            let pattern = OriginPattern::parse(text).unwrap();
            assert_eq!(pattern.is_insecure(), insecure, "{text}");
            let suffix = pattern.public_suffix().map(|suffix| match suffix {
                PublicSuffix::Domain(domain) | PublicSuffix::Below(domain) => domain,
            });
            assert_eq!(suffix, public_suffix, "{text}");
        }
        check("https://example.com", false, None);
        check("http://example.com", true, None);
        check("http://localhost", false, None);
        check("http://app.localhost:*", false, None);
        check("http://notlocalhost", true, None);
        check("http://127.8.9.1", false, None);
        check("http://10.0.0.1", true, None);
        check("http://[::1]", false, None);
        check("http://[2001:db8::1]", true, None);
        check("tauri://localhost", false, None);
        check("https://*.com", false, Some("com"));
        check("https://*.co.uk", false, Some("co.uk"));
        check("https://*.github.io", false, Some("github.io"));
        check("https://github.io", false, None);
        check("https://*.user.github.io", false, None);
        check("https://*.ck", false, Some("ck"));
        check("https://*.kawasaki.jp:*", false, Some("kawasaki.jp"));
        check("https://*.amazonaws.com:*", false, Some("amazonaws.com"));
        check("https://amazonaws.com", false, None);
        check("https://*.city.kawasaki.jp", false, None);
        check("https://*.www.ck", false, None);
        check("https://*.example.com", false, None);
        check("https://*.internal", false, None);
        check("https://pr-*.vercel.app", false, Some("vercel.app"));
        check("https://*example.com", false, Some("com"));
        check("https://pr-*.amazonaws.com", false, None);
        check("https://pr-*.example.com", false, None);
        check("http://pr-*.example.com", true, None);
        check("http://pr-*.localhost", false, None);
        check("moz-extension://*", false, None);
        check("*", false, None);
    }
}
