//! The grammar of a serialised origin, as browsers send it.

use std::fmt::{self, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::domain::{self, LabelError, MAX_HOST};

/// The longest scheme that is accepted, in bytes.
pub(crate) const MAX_SCHEME: usize = 64;
/// A colon and five digits.
pub(crate) const MAX_PORT: usize = 6;
/// The longest serialised origin, in bytes.
pub(crate) const MAX_ORIGIN: usize = MAX_SCHEME + "://".len() + MAX_HOST + MAX_PORT;

/// A [tuple origin](https://html.spec.whatwg.org/multipage/browsers.html#concept-origin-tuple),
/// borrowed from its serialised form.
///
/// The form is the one that browsers send: lower case, no default port, no path, no trailing slash,
/// domains in Punycode, IPv6 addresses compressed, IPv4 addresses as four decimal numbers. See
/// [the `Origin` header](https://fetch.spec.whatwg.org/#origin-header).
///
/// # Examples
///
/// ```
/// use cors_core::Origin;
///
/// let origin = Origin::parse("https://app.example.com:8443")?;
/// assert_eq!(origin.scheme(), "https");
/// assert_eq!(origin.host(), "app.example.com");
/// assert_eq!(origin.port(), Some(8443));
///
/// assert!(Origin::parse("https://app.example.com/").is_err());
/// # Ok::<(), cors_core::OriginError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Origin<'a> {
    scheme: &'a str,
    /// The host, and the port after a colon: a suffix of the serialised form.
    authority: &'a str,
    host: &'a str,
    port: Option<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum HostKind {
    Domain,
    Ipv4(Ipv4Addr),
    Ipv6(Ipv6Addr),
}

impl<'a> Origin<'a> {
    /// Parses the serialised form of a tuple origin.
    ///
    /// # Errors
    ///
    /// Any other form is an [`OriginError`], also `null` and the empty string. The work is
    /// bounded: a text of more than 327 bytes is rejected by its length.
    pub fn parse(text: &'a str) -> Result<Self, OriginError> {
        if text.len() > MAX_ORIGIN {
            return Err(OriginError::TooLong);
        }
        let (scheme, authority) = split_scheme(text)?;
        let (host, port) = split_port(authority)?;
        parse_host(host)?;
        let port = port.map(|digits| parse_port(scheme, digits)).transpose()?;
        Ok(Self {
            scheme,
            authority,
            host,
            port,
        })
    }

    /// The scheme, without its colon.
    pub fn scheme(&self) -> &'a str {
        self.scheme
    }

    /// The host, with the brackets of an IPv6 address.
    pub fn host(&self) -> &'a str {
        self.host
    }

    /// The port, if it is not the scheme's default.
    pub fn port(&self) -> Option<u16> {
        self.port
    }
}

impl fmt::Display for Origin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

/// Why a text is not a serialised tuple origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OriginError {
    /// It is empty.
    Empty,
    /// It is `null`, the serialised form of an opaque origin.
    Null,
    /// It has a byte that is not ASCII; browsers send domains in Punycode.
    NotAscii,
    /// It is longer than any origin, or its host, a label of it or its scheme is too long.
    TooLong,
    /// It has no `://`.
    NoScheme,
    /// Its scheme is not a lower-case letter followed by lower-case letters, digits, `+`, `-` and `.`.
    InvalidScheme,
    /// Its scheme is `file`, whose origins are sent as `null`.
    FileScheme,
    /// It has an upper-case letter.
    UpperCase,
    /// It ends with a slash.
    TrailingSlash,
    /// Something follows the host and the port: a path, a query or a fragment.
    Path,
    /// It has a user name or a password.
    UserInfo,
    /// Its host is not a domain.
    InvalidHost,
    /// Its host is an IP address that is not in its canonical form.
    IpAddress,
    /// Its port is not a number from 1 to 65535 without leading zeros.
    InvalidPort,
    /// Its port is the scheme's default, which browsers leave out.
    DefaultPort,
}

impl fmt::Display for OriginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "is empty",
            Self::Null => "is the opaque origin, which any site can produce",
            Self::NotAscii => {
                "has a character outside ASCII; browsers send domains in Punycode (`xn--...`)"
            }
            Self::TooLong => "is longer than any origin can be",
            Self::NoScheme => "has no scheme",
            Self::InvalidScheme => "has an invalid scheme",
            Self::FileScheme => "is a `file` origin, which browsers send as `null`",
            Self::UpperCase => "has an upper-case letter; browsers send origins in lower case",
            Self::TrailingSlash => "ends with a slash; browsers send origins without it",
            Self::Path => "has a path, query or fragment; an origin ends after the host and port",
            Self::UserInfo => "has a user name or password, which an origin does not have",
            Self::InvalidHost => "has an invalid host",
            Self::IpAddress => "has an IP address that is not in its canonical form",
            Self::InvalidPort => "has a port that is not a number from 1 to 65535",
            Self::DefaultPort => "has the scheme's default port, which browsers leave out",
        })
    }
}

impl std::error::Error for OriginError {}

/// Splits at `://` and checks the scheme.
pub(crate) fn split_scheme(text: &str) -> Result<(&str, &str), OriginError> {
    match text {
        "" => return Err(OriginError::Empty),
        "null" => return Err(OriginError::Null),
        _ => {}
    }
    let colon = text.bytes().position(|byte| byte == b':');
    let (scheme, rest) = colon
        .and_then(|colon| text.split_at_checked(colon))
        .and_then(|(scheme, rest)| Some((scheme, rest.strip_prefix("://")?)))
        .ok_or(OriginError::NoScheme)?;
    let mut bytes = scheme.bytes();
    match bytes.next() {
        Some(b'a'..=b'z') => {}
        Some(b'A'..=b'Z') => return Err(OriginError::UpperCase),
        _ => return Err(OriginError::InvalidScheme),
    }
    for byte in bytes {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'+' | b'-' | b'.' => {}
            b'A'..=b'Z' => return Err(OriginError::UpperCase),
            _ => return Err(OriginError::InvalidScheme),
        }
    }
    if scheme.len() > MAX_SCHEME {
        return Err(OriginError::TooLong);
    }
    if scheme == "file" {
        return Err(OriginError::FileScheme);
    }
    Ok((scheme, rest))
}

/// Splits `host[:port]`. The port is not checked yet.
pub(crate) fn split_port(authority: &str) -> Result<(&str, Option<&str>), OriginError> {
    if authority.starts_with('[') {
        // The colons in the brackets are part of the address.
        let (address, rest) = authority.split_once(']').ok_or(OriginError::InvalidHost)?;
        let host = authority
            .get(..address.len() + 1)
            .ok_or(OriginError::InvalidHost)?;
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if rest.is_empty() => Ok((host, None)),
            None if rest == "/" => Err(OriginError::TrailingSlash),
            None => Err(OriginError::Path),
        };
    }
    let colon = authority.bytes().position(|byte| byte == b':');
    Ok(
        match colon.and_then(|colon| authority.split_at_checked(colon)) {
            Some((host, port)) => (host, port.get(1..)),
            None => (authority, None),
        },
    )
}

/// Checks a host in its canonical form: a domain, four decimal numbers, or a bracketed IPv6 address.
pub(crate) fn parse_host(host: &str) -> Result<HostKind, OriginError> {
    if let Some(address) = host.strip_prefix('[') {
        return address
            .strip_suffix(']')
            .and_then(|address| address.parse().ok())
            .filter(|address| is_canonical(address, host))
            .map(HostKind::Ipv6)
            .ok_or(OriginError::IpAddress);
    }
    if host.is_empty() {
        return Err(OriginError::InvalidHost);
    }
    domain::check_labels(host.as_bytes()).map_err(|error| match error {
        LabelError::Empty => OriginError::InvalidHost,
        LabelError::TooLong => OriginError::TooLong,
        LabelError::Unexpected(byte) => unexpected(byte, host),
    })?;
    if domain::is_too_long(host.as_bytes()) {
        return Err(OriginError::TooLong);
    }
    if domain::ends_in_number(host.as_bytes()) {
        // Such a host can only be an IPv4 address, and `Ipv4Addr` reads only the canonical form.
        return host
            .parse()
            .map(HostKind::Ipv4)
            .map_err(|_| OriginError::IpAddress);
    }
    Ok(HostKind::Domain)
}

/// Guesses the error from a byte that is not allowed in a host.
fn unexpected(byte: u8, host: &str) -> OriginError {
    match byte {
        b'A'..=b'Z' => OriginError::UpperCase,
        // The first colon was taken for the port's, so `a:b@c` arrives here as `a`.
        b'@' => OriginError::UserInfo,
        b'/' if host.find('/') == host.len().checked_sub(1) => OriginError::TrailingSlash,
        b'/' | b'?' | b'#' => OriginError::Path,
        0x80.. => OriginError::NotAscii,
        _ => OriginError::InvalidHost,
    }
}

/// Whether `host` is `address` as [the URL standard](https://url.spec.whatwg.org/#concept-ipv6-serializer)
/// writes it. Allocates nothing, because this runs on requests.
fn is_canonical(address: &Ipv6Addr, host: &str) -> bool {
    let mut rest = StripPrefixWriter(host);
    let written = match (address.to_ipv4_mapped(), address.segments()) {
        // Unlike std, the URL standard has no dotted form.
        (Some(_), [.., high, low]) => write!(rest, "[::ffff:{high:x}:{low:x}]"),
        (None, _) => write!(rest, "[{address}]"),
    };
    written.is_ok() && rest.0.is_empty()
}

/// A writer that removes what is written from the front of a text, and fails if it is not there.
struct StripPrefixWriter<'a>(&'a str);

impl fmt::Write for StripPrefixWriter<'_> {
    fn write_str(&mut self, written: &str) -> fmt::Result {
        self.0 = self.0.strip_prefix(written).ok_or(fmt::Error)?;
        Ok(())
    }
}

/// Checks the digits of a port.
pub(crate) fn parse_port(scheme: &str, digits: &str) -> Result<u16, OriginError> {
    match digits.bytes().find(|byte| !byte.is_ascii_digit()) {
        None => {}
        Some(b'/') if digits.find('/') == digits.len().checked_sub(1) => {
            return Err(OriginError::TrailingSlash);
        }
        Some(b'/' | b'?' | b'#') => return Err(OriginError::Path),
        Some(_) if digits.contains('@') => return Err(OriginError::UserInfo),
        Some(_) => return Err(OriginError::InvalidPort),
    }
    if digits.starts_with('0') {
        return Err(OriginError::InvalidPort);
    }
    let port = digits.parse().map_err(|_| OriginError::InvalidPort)?;
    if default_port(scheme) == Some(port) {
        return Err(OriginError::DefaultPort);
    }
    Ok(port)
}

/// The [default port](https://url.spec.whatwg.org/#default-port) of a special scheme.
pub(crate) fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        "ftp" => Some(21),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serialised_origins() {
        #[track_caller]
        fn check(text: &str, scheme: &str, host: &str, port: Option<u16>) {
            let origin = Origin::parse(text).unwrap();
            assert_eq!(
                (origin.scheme(), origin.host(), origin.port()),
                (scheme, host, port)
            );
            assert_eq!(origin.to_string(), text);
        }
        check("https://example.com", "https", "example.com", None);
        check("http://localhost:3000", "http", "localhost", Some(3000));
        check("https://example.com:80", "https", "example.com", Some(80));
        check("http://127.0.0.1:65535", "http", "127.0.0.1", Some(65535));
        check("http://255.0.0.0", "http", "255.0.0.0", None);
        check("http://[::1]:9090", "http", "[::1]", Some(9090));
        check("https://[2001:db8::1]", "https", "[2001:db8::1]", None);
        check(
            "https://[::ffff:102:304]",
            "https",
            "[::ffff:102:304]",
            None,
        );
        check("https://example.com.", "https", "example.com.", None);
        check("https://a_b.example.com", "https", "a_b.example.com", None);
        check(
            "https://xn--bcher-kva.example",
            "https",
            "xn--bcher-kva.example",
            None,
        );
        check("https://1.2.3.4.example", "https", "1.2.3.4.example", None);
        check("https://0x7f.example", "https", "0x7f.example", None);
        check("tauri://localhost", "tauri", "localhost", None);
        check(
            "chrome-extension://abcdef",
            "chrome-extension",
            "abcdef",
            None,
        );
        check("a+b-c.d0://x", "a+b-c.d0", "x", None);
        let label = "a".repeat(63);
        let long = format!("{label}.{label}.{label}.{}", "a".repeat(61));
        check(&format!("https://{long}"), "https", &long, None);
        let scheme = "a".repeat(MAX_SCHEME);
        check(&format!("{scheme}://x"), &scheme, "x", None);
        let host = format!("{long}.");
        let longest = format!("{scheme}://{host}:65535");
        check(&longest, &scheme, &host, Some(65535));
        assert_eq!((host.len(), longest.len()), (MAX_HOST, MAX_ORIGIN));
        check("ftp://h:80", "ftp", "h", Some(80));
        check("tauri://h:443", "tauri", "h", Some(443));
    }

    #[test]
    fn anything_else() {
        #[track_caller]
        fn check(text: &str, expected: OriginError) {
            assert_eq!(Origin::parse(text), Err(expected), "{text:?}");
        }
        check("", OriginError::Empty);
        check("http://h:80", OriginError::DefaultPort);
        check("ws://h:80", OriginError::DefaultPort);
        check("https://h:443", OriginError::DefaultPort);
        check("wss://h:443", OriginError::DefaultPort);
        check("ftp://h:21", OriginError::DefaultPort);
        check(&format!("{}://x", "a".repeat(65)), OriginError::TooLong);
        check("null", OriginError::Null);
        check("example.com", OriginError::NoScheme);
        check("https:example.com", OriginError::NoScheme);
        check("://example.com", OriginError::InvalidScheme);
        check("1http://example.com", OriginError::InvalidScheme);
        check("ht tp://example.com", OriginError::InvalidScheme);
        check("file://", OriginError::FileScheme);
        check("file:///tmp/x", OriginError::FileScheme);
        check("HTTPS://example.com", OriginError::UpperCase);
        check("hTtps://example.com", OriginError::UpperCase);
        check("https://Example.com", OriginError::UpperCase);
        check("https://example.com/", OriginError::TrailingSlash);
        check("https://example.com:8443/", OriginError::TrailingSlash);
        check("https://[::1]/", OriginError::TrailingSlash);
        check("https://example.com/a", OriginError::Path);
        check("https://example.com?a", OriginError::Path);
        check("https://example.com#a", OriginError::Path);
        check("https://example.com:8443/a", OriginError::Path);
        check("https://[::1]a", OriginError::Path);
        check("https://user@example.com", OriginError::UserInfo);
        check("https://user:secret@example.com", OriginError::UserInfo);
        check("https://", OriginError::InvalidHost);
        check("https://.example.com", OriginError::InvalidHost);
        check("https://example..com", OriginError::InvalidHost);
        check("https://example.com..", OriginError::InvalidHost);
        check("https://*.example.com", OriginError::InvalidHost);
        check("https://exa mple.com", OriginError::InvalidHost);
        check("https://example.com\0", OriginError::InvalidHost);
        check("https://[::1", OriginError::InvalidHost);
        check("https://bücher.example", OriginError::NotAscii);
        check("https://[0:0:0:0:0:0:0:1]", OriginError::IpAddress);
        check("https://[::FFFF:102:304]", OriginError::IpAddress);
        check("https://[::ffff:1.2.3.4]", OriginError::IpAddress);
        check("https://[fe80::1%25eth0]", OriginError::IpAddress);
        check("https://[::1]]", OriginError::Path);
        check("http://127.1", OriginError::IpAddress);
        check("http://0x7f000001", OriginError::IpAddress);
        check("http://0x", OriginError::IpAddress);
        check("http://2130706433", OriginError::IpAddress);
        check("http://127.0.0.01", OriginError::IpAddress);
        check("http://127.0.0.1.", OriginError::IpAddress);
        check("http://256.0.0.1", OriginError::IpAddress);
        check("https://example.com:", OriginError::InvalidPort);
        check("https://example.com:0", OriginError::InvalidPort);
        check("https://example.com:08443", OriginError::InvalidPort);
        check("https://example.com:65536", OriginError::InvalidPort);
        check("https://example.com:+80", OriginError::InvalidPort);
        check("https://example.com:*", OriginError::InvalidPort);
        check("https://example.com:443", OriginError::DefaultPort);
        check("http://example.com:80", OriginError::DefaultPort);
        check(
            &format!("https://{}.com", "a".repeat(64)),
            OriginError::TooLong,
        );
        check(
            &format!("https://{}", "a.".repeat(128)),
            OriginError::TooLong,
        );
        check(&format!("{}://x", "a".repeat(65)), OriginError::TooLong);
        check(
            &format!("https://{}", "a".repeat(10_000)),
            OriginError::TooLong,
        );
    }
}
