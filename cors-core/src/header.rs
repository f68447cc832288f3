//! The headers of the CORS protocol, and Fetch's classes of header names.

/// A request header that a policy reads or echoes.
///
/// # Examples
///
/// ```
/// use cors_core::adapter::RequestHeader;
///
/// assert_eq!(RequestHeader::Origin.name(), "origin");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RequestHeader {
    /// [`Origin`](https://fetch.spec.whatwg.org/#origin-header).
    Origin,
    /// [`Access-Control-Request-Method`](https://fetch.spec.whatwg.org/#http-access-control-request-method).
    AccessControlRequestMethod,
    /// [`Access-Control-Request-Headers`](https://fetch.spec.whatwg.org/#http-access-control-request-headers).
    AccessControlRequestHeaders,
    /// [`Host`](https://www.rfc-editor.org/rfc/rfc9110#section-7.2).
    Host,
    /// [`Sec-Fetch-Site`](https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header).
    SecFetchSite,
    /// [`Sec-Fetch-Mode`](https://www.w3.org/TR/fetch-metadata/#sec-fetch-mode-header).
    SecFetchMode,
    /// [`Sec-Fetch-Dest`](https://www.w3.org/TR/fetch-metadata/#sec-fetch-dest-header).
    SecFetchDest,
    /// [`Upgrade`](https://www.rfc-editor.org/rfc/rfc9110#section-7.8).
    Upgrade,
}

impl RequestHeader {
    /// The header's name in lower case, as HTTP/2 and most HTTP/1 libraries write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Origin => "origin",
            Self::AccessControlRequestMethod => "access-control-request-method",
            Self::AccessControlRequestHeaders => "access-control-request-headers",
            Self::Host => "host",
            Self::SecFetchSite => "sec-fetch-site",
            Self::SecFetchMode => "sec-fetch-mode",
            Self::SecFetchDest => "sec-fetch-dest",
            Self::Upgrade => "upgrade",
        }
    }
}

/// A response header that a policy has an adapter write.
///
/// # Examples
///
/// ```
/// use cors_core::adapter::ResponseHeader;
///
/// assert_eq!(ResponseHeader::Vary.name(), "vary");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResponseHeader {
    /// [`Access-Control-Allow-Origin`](https://fetch.spec.whatwg.org/#http-access-control-allow-origin).
    AccessControlAllowOrigin,
    /// [`Access-Control-Allow-Credentials`](https://fetch.spec.whatwg.org/#http-access-control-allow-credentials).
    AccessControlAllowCredentials,
    /// [`Access-Control-Allow-Methods`](https://fetch.spec.whatwg.org/#http-access-control-allow-methods).
    AccessControlAllowMethods,
    /// [`Access-Control-Allow-Headers`](https://fetch.spec.whatwg.org/#http-access-control-allow-headers).
    AccessControlAllowHeaders,
    /// [`Access-Control-Max-Age`](https://fetch.spec.whatwg.org/#http-access-control-max-age).
    AccessControlMaxAge,
    /// [`Access-Control-Expose-Headers`](https://fetch.spec.whatwg.org/#http-access-control-expose-headers).
    AccessControlExposeHeaders,
    /// [`Timing-Allow-Origin`](https://w3c.github.io/resource-timing/#sec-timing-allow-origin).
    TimingAllowOrigin,
    /// [`Vary`](https://www.rfc-editor.org/rfc/rfc9110#section-12.5.5). On an actual response
    /// [`merge_vary`] makes one line of it and of the application's own lines; every other header
    /// replaces the existing lines.
    Vary,
    /// [`Cache-Control`](https://www.rfc-editor.org/rfc/rfc9111#section-5.2), on the response to a request that is
    /// refused.
    CacheControl,
}

impl ResponseHeader {
    /// The headers of the CORS protocol. In the response to a preflight, only the policy writes them.
    pub const ALL: &[Self] = &[
        Self::AccessControlAllowOrigin,
        Self::AccessControlAllowCredentials,
        Self::AccessControlAllowMethods,
        Self::AccessControlAllowHeaders,
        Self::AccessControlMaxAge,
        Self::AccessControlExposeHeaders,
        Self::TimingAllowOrigin,
        Self::Vary,
    ];

    /// The headers of an actual response that only the policy writes: an adapter removes what the
    /// application or an upstream server wrote there before it writes its own.
    pub const OWNED: &[Self] = &[
        Self::AccessControlAllowOrigin,
        Self::AccessControlAllowCredentials,
        Self::AccessControlExposeHeaders,
    ];

    /// The header's name in lower case, as HTTP/2 and most HTTP/1 libraries write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AccessControlAllowOrigin => "access-control-allow-origin",
            Self::AccessControlAllowCredentials => "access-control-allow-credentials",
            Self::AccessControlAllowMethods => "access-control-allow-methods",
            Self::AccessControlAllowHeaders => "access-control-allow-headers",
            Self::AccessControlMaxAge => "access-control-max-age",
            Self::AccessControlExposeHeaders => "access-control-expose-headers",
            Self::TimingAllowOrigin => "timing-allow-origin",
            Self::Vary => "vary",
            Self::CacheControl => "cache-control",
        }
    }
}

/// The one `Vary` line of a response that varies by `Origin`: the application's lines in their order,
/// joined by commas, then `Origin` if they do not list it. `None` if the application's only line already
/// lists it (or `*`): keep that line. If `*` is in one of several lines, the result is `*`, which means
/// the same; nginx 1.22 does not find a `*` that is joined with others.
///
/// An adapter writes it in place of all lines of the response. [RFC 9110, section
/// 5.3](https://www.rfc-editor.org/rfc/rfc9110#section-5.3) gives several lines the meaning of the
/// joined one, but some caches read only one line. (nginx 1.22 reads the last one. With `Origin` in
/// another line, it served the response for one origin to other origins.)
///
/// # Examples
///
/// ```
/// use cors_core::adapter::merge_vary;
///
/// let merged = |lines: &[&str]| {
///     let line = merge_vary(lines.iter().map(|line| line.as_bytes()));
///     line.map(|line| String::from_utf8_lossy(&line).into_owned())
/// };
/// assert_eq!(merged(&[]).as_deref(), Some("Origin"));
/// assert_eq!(merged(&["Accept-Encoding"]).as_deref(), Some("Accept-Encoding, Origin"));
/// assert_eq!(merged(&["origin", "Accept"]).as_deref(), Some("origin, Accept"));
/// assert_eq!(merged(&["Accept, origin"]), None);
/// assert_eq!(merged(&["*"]), None);
/// assert_eq!(merged(&["*", "Accept"]).as_deref(), Some("*"));
/// ```
pub fn merge_vary<'a>(lines: impl IntoIterator<Item = &'a [u8]>) -> Option<Vec<u8>> {
    let (mut merged, mut count) = (Vec::new(), 0);
    for line in lines {
        count += 1;
        append(&mut merged, line);
    }
    if !varies_by_origin(&merged) {
        append(&mut merged, b"Origin");
        return Some(merged);
    }
    let is_any = names(&merged).any(|name| name == b"*");
    match is_any {
        _ if count == 1 => None,
        true => Some(b"*".to_vec()),
        false => Some(merged),
    }
}

/// Appends to a [list](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.1).
fn append(list: &mut Vec<u8>, items: &[u8]) {
    if !list.is_empty() && !items.is_empty() {
        list.extend_from_slice(b", ");
    }
    list.extend_from_slice(items);
}

/// Whether a line of `Vary` lists `Origin` or `*`, so that caches store the response for one origin only.
///
/// See [RFC 9110, section 12.5.5](https://www.rfc-editor.org/rfc/rfc9110#section-12.5.5).
///
/// # Examples
///
/// ```
/// use cors_core::adapter::varies_by_origin;
///
/// assert!(varies_by_origin(b"Accept-Encoding, origin"));
/// assert!(varies_by_origin(b"*"));
/// assert!(!varies_by_origin(b"Accept-Encoding, X-Origin"));
/// ```
pub fn varies_by_origin(line: &[u8]) -> bool {
    names(line).any(|name| name == b"*" || name.eq_ignore_ascii_case(b"origin"))
}

pub(crate) fn names(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|&byte| byte == b',').map(<[u8]>::trim_ascii)
}

/// Whether this is a [token](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2), as a method or a header name
/// must be.
pub(crate) fn is_token(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// A [forbidden request-header](https://fetch.spec.whatwg.org/#forbidden-request-header) by its
/// name. (Headers that are forbidden only with certain values, such as `X-HTTP-Method`, may be listed.)
///
/// `name` is in lower case.
pub(crate) fn is_forbidden_request_header(name: &str) -> bool {
    matches!(
        name,
        "accept-charset"
            | "accept-encoding"
            | "access-control-request-headers"
            | "access-control-request-method"
            | "connection"
            | "content-length"
            | "cookie"
            | "cookie2"
            | "date"
            | "dnt"
            | "expect"
            | "host"
            | "keep-alive"
            | "origin"
            | "referer"
            | "set-cookie"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
            | "via"
    ) || name.starts_with("proxy-")
        || name.starts_with("sec-")
}

/// A [forbidden response-header name](https://fetch.spec.whatwg.org/#forbidden-response-header-name).
///
/// `name` is in lower case.
pub(crate) fn is_forbidden_response_header(name: &str) -> bool {
    matches!(name, "set-cookie" | "set-cookie2")
}

/// Whether this is a header of the CORS protocol. In a list of request or response headers it is always
/// an error.
///
/// `name` is in lower case.
pub(crate) fn is_cors_header(name: &str) -> bool {
    name == "origin" || name.starts_with("access-control-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_response_headers() {
        // A new one does not compile here; if it is one of the CORS protocol, it belongs into `ALL`, too.
        let place = |header: ResponseHeader| match header {
            ResponseHeader::CacheControl => 8,
            ResponseHeader::AccessControlAllowOrigin => 0,
            ResponseHeader::AccessControlAllowCredentials => 1,
            ResponseHeader::AccessControlAllowMethods => 2,
            ResponseHeader::AccessControlAllowHeaders => 3,
            ResponseHeader::AccessControlMaxAge => 4,
            ResponseHeader::AccessControlExposeHeaders => 5,
            ResponseHeader::TimingAllowOrigin => 6,
            ResponseHeader::Vary => 7,
        };
        let places = ResponseHeader::ALL.iter().map(|header| place(*header));
        assert!(places.eq(0..8));
    }

    #[test]
    fn vary_lines() {
        #[track_caller]
        fn check(line: &str, expected: bool) {
            assert_eq!(varies_by_origin(line.as_bytes()), expected, "{line:?}");
        }
        check("Origin", true);
        check("origin", true);
        check("Accept,ORIGIN", true);
        check("Accept \t, \tOrigin\t ", true);
        check("Accept, *", true);
        check("", false);
        check(",,", false);
        check("Accept", false);
        check("Origins", false);
        check("Origin Accept", false);
    }

    #[test]
    fn red_team_1_one_vary_line() {
        #[track_caller]
        fn check(lines: &[&str], expected: Option<&str>) {
            let merged = merge_vary(lines.iter().map(|line| line.as_bytes()));
            let merged = merged.map(|line| String::from_utf8(line).unwrap());
            assert_eq!(merged.as_deref(), expected, "{lines:?}");
        }
        check(&[], Some("Origin"));
        check(&[""], Some("Origin"));
        check(&["", ""], Some("Origin"));
        check(&["Accept"], Some("Accept, Origin"));
        check(&["Accept", "Cookie"], Some("Accept, Cookie, Origin"));
        check(&["Accept", "", "Cookie"], Some("Accept, Cookie, Origin"));
        check(&["X-Origin"], Some("X-Origin, Origin"));
        // Lines that already list it are kept byte for byte, but in one line.
        check(&["Origin"], None);
        check(&["Accept \t,ORIGIN"], None);
        check(&["origin", "Accept"], Some("origin, Accept"));
        check(&["Accept", "origin"], Some("Accept, origin"));
        check(&["Origin", "Origin"], Some("Origin, Origin"));
        check(&["Origin", ""], Some("Origin"));
        check(&["*"], None);
        check(&["Accept, *"], None);
        check(&["Accept", "*"], Some("*"));
        check(&["*", "accept-encoding", "Origin"], Some("*"));
    }

    #[test]
    fn tokens() {
        #[track_caller]
        fn check(name: &str, expected: bool) {
            assert_eq!(is_token(name), expected, "{name:?}");
        }
        check("X-Custom", true);
        check("!#$%&'*+-.^_`|~09azAZ", true);
        check("", false);
        check("x y", false);
        check("x,y", false);
        check("x:y", false);
        check("ü", false);
        check("x\u{7f}", false);
    }
}
