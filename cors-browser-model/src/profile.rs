//! The places where engines differ, each with its evidence. What each engine does there is in
//! `engine.rs`.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::request::Destination;

/// What an engine does where engines differ. *Measured* means that the engine was seen to do it; the rest is
/// from its source, in the file that is named.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Profile {
    /// `*` in `Access-Control-Allow-Headers` covers `Authorization`, which
    /// [CORS-preflight fetch](https://fetch.spec.whatwg.org/#cors-preflight-fetch) forbids. Measured
    /// in all three. A flag of Chromium and a preference of Firefox turn the rule of the standard on; Firefox warns.
    pub wildcard_covers_authorization: bool,
    /// The longest time for which a preflight is cached; the standard sets no limit. Chromium:
    /// `kMaxTimeout` in `preflight_result.cc`. Firefox: `AddResultToCache` in
    /// `nsCORSListenerProxy.cpp`. WebKit: `CrossOriginPreflightResultCache.cpp`.
    pub max_age_limit: Option<Duration>,
    /// `Access-Control-Max-Age` is read as a signed 64-bit integer: `-1` is 0 instead of malformed
    /// (measured), and a number that is too large is malformed instead of the largest. Chromium:
    /// `StringToInt64` in `preflight_result.cc`. WebKit: `parseInteger<int64_t>` in
    /// `CrossOriginPreflightResultCache.cpp`.
    pub max_age_is_signed: bool,
    /// The value that replaces a malformed `Access-Control-Max-Age`; `None`: the preflight is not cached.
    /// Measured in all three.
    pub malformed_max_age: Option<Duration>,
    /// A line with an empty value counts when the lines of a header are joined. Firefox skips it:
    /// `MergeHeader` in `nsHttpHeaderArray.h`.
    pub joins_empty_lines: bool,
    /// More than one line `Access-Control-Allow-Origin` fails before its value is read (measured), if the name
    /// has exactly this spelling, which it never has in HTTP/2. Firefox: `CheckOriginHeader` in
    /// `nsCORSListenerProxy.cpp`. Lines with other spellings are joined like those of any header.
    pub counts_allow_origin_lines: bool,
    /// The preflight's status is checked before its CORS check. WebKit: `validatePreflightResponse`
    /// in `CrossOriginAccessControl.cpp`.
    pub status_before_cors_check: bool,
    /// How a redirect of the preflight is treated. Measured in all three.
    pub redirected_preflight: RedirectedPreflight,
    /// The method is checked before `Access-Control-Allow-Headers` is parsed. Firefox:
    /// `CheckPreflightRequestApproved` in `nsCORSListenerProxy.cpp`.
    pub method_before_header_syntax: bool,
    /// Without `Access-Control-Allow-Methods`, any method is allowed if the use-CORS-preflight flag is
    /// set. No browser does that: all look for the method in the empty list.
    pub flag_stands_in_for_methods: bool,
    /// A refused header is reported in the script's spelling, headers that WebKit knows first. Other engines report
    /// the first of the sorted lower-case names. Measured; the order is that of `HTTPHeaderMap.h`. Chromium
    /// reports the first of a hash table: if several are refused, it can be any of them.
    pub reports_headers_as_set: bool,
    /// Request headers that are safelisted in addition to the standard's. Chromium:
    /// `IsCorsSafelistedHeader` in `services/network/public/cpp/cors/cors.cc`. `Last-Event-ID` is safelisted in no engine,
    /// whatever its value (measured, with `fetch()` and `XMLHttpRequest`), although
    /// <https://github.com/whatwg/fetch/pull/1788> proposes it.
    pub extra_safelisted_request_headers: &'static [(&'static str, ValueRule)],
    /// Request headers that are forbidden in addition to the standard's. A value that a script sets is dropped without
    /// an error and needs no preflight, and the browser sends its own. Measured, with `fetch()` and
    /// `XMLHttpRequest`: `User-Agent` in Chromium, whatever its value (`kForbiddenHeaderFields` in
    /// `net/http/http_util.cc`, <https://crbug.com/571722>). Firefox and WebKit send a preflight for it, and send it.
    pub extra_forbidden_request_headers: &'static [&'static str],
    /// More than 1024 bytes of safelisted values make all of them unsafe. Neither
    /// `InternalHeaders::GetUnsafeHeaders` (Firefox) nor `isSimpleCrossOriginAccessRequest` (WebKit)
    /// adds them up.
    pub sums_safelisted_values: bool,
    /// Request headers with one name are joined before the safelist is applied: Chromium's and WebKit's header
    /// maps contain each name once.
    pub joins_request_headers: bool,
    /// Statuses that redirect in addition to the standard's five. Firefox: `nsHttpChannel.cpp`
    /// (bug 1614151). WebKitGTK: `shouldStartHTTPRedirection` in `NetworkDataTaskSoup.cpp`.
    pub extra_redirect_statuses: &'static [RangeInclusive<u16>],
    /// An empty `Location` counts as absent. Chromium: `HttpResponseHeaders::IsRedirect`. WebKitGTK:
    /// `NetworkDataTaskSoup.cpp`.
    pub empty_location_is_absent: bool,
    /// A redirect to another origin turns DELETE into GET. WebKitGTK: `shouldRedirectAsGET` in
    /// `NetworkDataTaskSoup.cpp`.
    pub cross_origin_redirect_drops_delete: bool,
    /// `*` in `Access-Control-Expose-Headers` counts although an element after it is not a token.
    /// Firefox: `InternalHeaders::CORSHeaders`.
    pub exposed_wildcard_survives_garbage: bool,
    /// In a value that is not UTF-8, a script reads U+FFFD, in UTF-8, instead of the invalid bytes. In other engines
    /// it reads the bytes. Measured: WebKit.
    pub repairs_values: bool,
    /// The `Sec-Fetch-Dest` of a WebSocket's handshake; `None`: it has no `Sec-Fetch-*` at all. Measured in all three.
    pub websocket_destination: Option<&'static str>,
    /// A preflight to plain http on other than loopback has `Sec-Fetch-Mode`, and no other of these headers. Measured:
    /// Chromium.
    pub preflight_mode_to_plain_http: bool,
    /// A module script and a font of the page's own origin are requested with `Origin`. Measured: Chromium both, WebKit
    /// module scripts.
    pub same_origin_origin: &'static [Destination],
    /// Fonts are requested with mode `no-cors`, so that a server of any origin needs no header. Measured, with
    /// `@font-face`: WebKit.
    pub fonts_without_cors: bool,
    /// A redirect to another origin removes `Sec-Fetch-*`, except from a preflight. Measured: WebKit.
    pub cross_origin_redirect_drops_metadata: bool,
    /// After redirects because of which `Origin` is `null`, a preflight is sent with the origin of the page, and its
    /// response is compared with that. Measured: Firefox.
    pub preflight_of_page_after_redirects: bool,
    /// When a request that needed a preflight needs one again after a redirect, although it became a simple GET. Measured,
    /// with 303: Firefox and WebKit.
    pub preflight_again: PreflightAgain,
    /// A redirect to another origin removes `Authorization` after the preflight, which names it. Measured: WebKit.
    pub preflight_names_dropped_authorization: bool,
    /// Where an `EventSource` connects again after its first request was redirected, with `Last-Event-ID` and without a
    /// preflight. Measured in all three, with 301, 302, 303, 307 and 308. The model makes each connection on its own.
    pub reconnection: Reconnection,
    /// The CORS-preflight cache.
    pub cache: CacheProfile,
    /// Cookies. The model does not keep any.
    pub cookies: CookieProfile,
}

/// What an engine does with cookies where engines differ. The standard is
/// [RFC 6265bis](https://www.ietf.org/archive/id/draft-ietf-httpbis-rfc6265bis-20.html). Measured in all three.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CookieProfile {
    /// A cookie without a known `SameSite` has `Lax`. In Firefox and WebKit it has `None`.
    pub lax_by_default: bool,
    /// A cookie with `SameSite=None` and without `Secure` is ignored. Not in WebKit.
    pub none_needs_secure: bool,
    /// The scheme is a part of the site. Not in Firefox and WebKit.
    pub site_has_scheme: bool,
    /// After a redirect through another site, a request is not one of the same site for `SameSite`. Not in Chromium, and
    /// not in the standard.
    pub redirects_count: bool,
    /// What becomes of cookies in requests to other sites.
    pub cross_site: CrossSiteCookies,
}

/// See [`CookieProfile::cross_site`]. A user can choose otherwise in each browser. Debian's Chromium blocks them by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrossSiteCookies {
    /// Those that `SameSite` allows are sent, as in the standard and in Chrome.
    BySameSite,
    /// As [`BySameSite`](Self::BySameSite), but they are kept for the site of the page, except for navigations: Firefox.
    Separate,
    /// Those that `SameSite` allows are sent, and only navigations set any: WebKitGTK. Safari was not measured.
    NotKept,
}

/// What an engine's CORS-preflight cache does where engines differ. The sources are
/// `preflight_cache.cc` and `preflight_result.cc` for Chromium, `nsCORSListenerProxy.cpp` for Firefox,
/// `CrossOriginPreflightResultCache.cpp` for WebKit.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CacheProfile {
    /// What another preflight for the same origin and URL does to the entries.
    pub update: CacheUpdate,
    /// When `*` in an entry covers a method or header name. Firefox stores `*` but compares it as a
    /// name, so it sends a preflight each time.
    pub wildcard: CacheWildcard,
    /// `*` in an entry covers `Authorization`. Not in Chromium, although its preflight passes.
    pub wildcard_covers_authorization: bool,
    /// HEAD needs no entry, because it is safelisted. In Firefox, only GET and POST need none.
    pub head_is_safelisted: bool,
    /// With the use-CORS-preflight flag even a safelisted method needs an entry.
    pub flag_needs_method: bool,
    /// An entry from a preflight for a request with credentials also serves requests without. Firefox separates them.
    pub credentialed_serves_all: bool,
    /// The origin of the key for a request whose origin is `null` because of redirects.
    pub tainted_key: TaintedKey,
    /// What clears the entries of an origin and URL.
    pub cleared_by: CacheClearing,
    /// A preflight that refuses the method or a header is cached nevertheless.
    pub keeps_refused: bool,
    /// URLs of this many bytes and more are not cached.
    pub url_limit: Option<usize>,
    /// Preflights of opaque origins are cached. Measured in all three, with a sandboxed page: not in
    /// Chromium.
    pub keeps_opaque_origins: bool,
}

/// See [`Profile::redirected_preflight`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectedPreflight {
    /// It is a response like any other; its status fails.
    Status,
    /// An error of its own, before the CORS check.
    BeforeCorsCheck,
    /// An error of its own, after the CORS check.
    AfterCorsCheck,
}

/// See [`Profile::preflight_again`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PreflightAgain {
    /// Never.
    Never,
    /// If it needed one because of its method.
    AfterMethod,
    /// As [`AfterMethod`](Self::AfterMethod), and if the redirect leads to another origin.
    AfterMethodOrOrigin,
}

/// See [`Profile::reconnection`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reconnection {
    /// At the last URL, with the `Origin` of the last request: the standard, in which it is
    /// [the same request](https://html.spec.whatwg.org/multipage/server-sent-events.html#reestablish-the-connection), with its
    /// URL list.
    SameRequest,
    /// At the last URL, with the origin of the page.
    LastUrl,
    /// At the last URL after 301 and 308, with the origin of the page; otherwise at the first.
    LastUrlIfPermanent,
    /// At the first URL, so that the server redirects again.
    FirstUrl,
}

/// See [`CacheProfile::update`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheUpdate {
    /// Entries stay and get the new max-age, counted from the time when they were first stored.
    MaxAge,
    /// Entries stay, and the time of those that are named again starts again.
    Restart,
    /// The old entries are removed.
    Replace,
}

/// See [`CacheProfile::wildcard`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheWildcard {
    /// Always.
    Always,
    /// If the entry was made without credentials.
    UncredentialedEntry,
    /// If the request is without credentials.
    UncredentialedRequest,
    /// Never.
    Never,
}

/// See [`CacheProfile::tainted_key`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaintedKey {
    /// `null`, as it is sent.
    Null,
    /// The page's origin.
    Page,
    /// An origin that no other request has, so the entry is never found.
    Unique,
}

/// See [`CacheProfile::cleared_by`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheClearing {
    /// A network error at the end of a fetch that needed a preflight.
    NetworkError,
    /// A failed preflight, CORS check or connection.
    CorsCheck,
    /// A request that an entry does not cover removes it.
    Miss,
}

/// What the value of an [extra safelisted header](Profile::extra_safelisted_request_headers) must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueRule {
    /// Anything.
    Any,
    /// Digits.
    Integer,
    /// Digits, perhaps with a dot and digits.
    Decimal,
    /// One of these.
    OneOf(&'static [&'static str]),
    /// This, in any case.
    IgnoringCase(&'static str),
}
