//! The engines, and how each differs from the standard.

use std::time::Duration;

use crate::profile::{
    CacheClearing, CacheProfile, CacheUpdate, CacheWildcard, CookieProfile, CrossSiteCookies,
    PreflightAgain, Profile, Reconnection, RedirectedPreflight, TaintedKey, ValueRule,
};
use crate::request::Destination;

/// The browser engine that fetches.
///
/// # Examples
///
/// ```
/// use cors_browser_model::Engine;
///
/// // Two hours in Chromium, a day in Firefox, ten minutes in WebKit.
/// let limit = |engine: Engine| engine.profile().max_age_limit.map(|limit| limit.as_secs());
/// assert_eq!(Engine::BROWSERS.map(limit), [Some(7_200), Some(86_400), Some(600)]);
/// assert_eq!(limit(Engine::Standard), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Engine {
    /// The Fetch standard, to the letter.
    Standard,
    /// Chromium: Chrome, Edge, Opera and others. Measured: 156.0.8078.79.
    Chromium,
    /// Firefox. Measured: 153.7.0esr.
    Firefox,
    /// WebKit: Safari and others. Measured: WebKitGTK 2.50.6.
    WebKit,
}

impl Engine {
    /// The standard and the browsers.
    pub const ALL: [Self; 4] = [Self::Standard, Self::Chromium, Self::Firefox, Self::WebKit];
    /// The browsers.
    pub const BROWSERS: [Self; 3] = [Self::Chromium, Self::Firefox, Self::WebKit];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Standard => "Fetch standard",
            Self::Chromium => "Chromium",
            Self::Firefox => "Firefox",
            Self::WebKit => "WebKit",
        }
    }

    /// How it differs from the standard.
    pub const fn profile(self) -> &'static Profile {
        match self {
            Self::Standard => &STANDARD,
            Self::Chromium => &CHROMIUM,
            Self::Firefox => &FIREFOX,
            Self::WebKit => &WEBKIT,
        }
    }

    /// The message of the `TypeError` that a script gets for every network error. A script gets nothing
    /// else. The standard does not define the message.
    pub const fn type_error(self) -> &'static str {
        match self {
            Self::Standard => "",
            Self::Chromium => "Failed to fetch",
            Self::Firefox => "NetworkError when attempting to fetch resource.",
            Self::WebKit => "Load failed",
        }
    }
}

const DEFAULT_MAX_AGE: Duration = Duration::from_secs(5);

const STANDARD: Profile = Profile {
    wildcard_covers_authorization: false,
    max_age_limit: None,
    max_age_is_signed: false,
    malformed_max_age: Some(DEFAULT_MAX_AGE),
    joins_empty_lines: true,
    repairs_values: false,
    counts_allow_origin_lines: false,
    status_before_cors_check: false,
    redirected_preflight: RedirectedPreflight::Status,
    method_before_header_syntax: false,
    flag_stands_in_for_methods: true,
    reports_headers_as_set: false,
    extra_safelisted_request_headers: &[],
    extra_forbidden_request_headers: &[],
    sums_safelisted_values: true,
    joins_request_headers: false,
    extra_redirect_statuses: &[],
    empty_location_is_absent: false,
    cross_origin_redirect_drops_delete: false,
    exposed_wildcard_survives_garbage: false,
    websocket_destination: Some("empty"),
    preflight_mode_to_plain_http: false,
    same_origin_origin: &[],
    fonts_without_cors: false,
    cross_origin_redirect_drops_metadata: false,
    preflight_of_page_after_redirects: false,
    preflight_again: PreflightAgain::Never,
    preflight_names_dropped_authorization: false,
    reconnection: Reconnection::SameRequest,
    cache: CacheProfile {
        update: CacheUpdate::MaxAge,
        wildcard: CacheWildcard::Always,
        wildcard_covers_authorization: false,
        head_is_safelisted: true,
        flag_needs_method: true,
        credentialed_serves_all: true,
        tainted_key: TaintedKey::Null,
        cleared_by: CacheClearing::NetworkError,
        keeps_refused: false,
        url_limit: None,
        keeps_opaque_origins: true,
    },
    cookies: CookieProfile {
        lax_by_default: true,
        none_needs_secure: true,
        site_has_scheme: true,
        redirects_count: false,
        cross_site: CrossSiteCookies::BySameSite,
    },
};

const CHROMIUM: Profile = Profile {
    wildcard_covers_authorization: true,
    max_age_limit: Some(Duration::from_secs(7_200)),
    max_age_is_signed: true,
    redirected_preflight: RedirectedPreflight::BeforeCorsCheck,
    flag_stands_in_for_methods: false,
    extra_safelisted_request_headers: &[
        ("device-memory", ValueRule::Decimal),
        ("downlink", ValueRule::Decimal),
        ("dpr", ValueRule::Decimal),
        ("ect", ValueRule::OneOf(&["slow-2g", "2g", "3g", "4g"])),
        ("intervention", ValueRule::Any),
        ("rtt", ValueRule::Integer),
        ("save-data", ValueRule::IgnoringCase("on")),
        ("viewport-width", ValueRule::Integer),
        ("width", ValueRule::Integer),
    ],
    extra_forbidden_request_headers: &["user-agent"],
    websocket_destination: None,
    preflight_mode_to_plain_http: true,
    joins_request_headers: true,
    empty_location_is_absent: true,
    same_origin_origin: &[Destination::Script, Destination::Font],
    reconnection: Reconnection::LastUrl,
    cache: CacheProfile {
        update: CacheUpdate::Replace,
        wildcard: CacheWildcard::UncredentialedEntry,
        flag_needs_method: false,
        tainted_key: TaintedKey::Page,
        cleared_by: CacheClearing::Miss,
        url_limit: Some(1024),
        keeps_opaque_origins: false,
        ..STANDARD.cache
    },
    ..STANDARD
};

const FIREFOX: Profile = Profile {
    wildcard_covers_authorization: true,
    max_age_limit: Some(Duration::from_secs(86_400)),
    malformed_max_age: None,
    joins_empty_lines: false,
    counts_allow_origin_lines: true,
    redirected_preflight: RedirectedPreflight::AfterCorsCheck,
    method_before_header_syntax: true,
    flag_stands_in_for_methods: false,
    sums_safelisted_values: false,
    extra_redirect_statuses: &[300..=300],
    exposed_wildcard_survives_garbage: true,
    cache: CacheProfile {
        update: CacheUpdate::Restart,
        wildcard: CacheWildcard::Never,
        head_is_safelisted: false,
        flag_needs_method: false,
        credentialed_serves_all: false,
        tainted_key: TaintedKey::Page,
        cleared_by: CacheClearing::CorsCheck,
        ..STANDARD.cache
    },
    preflight_of_page_after_redirects: true,
    preflight_again: PreflightAgain::AfterMethodOrOrigin,
    reconnection: Reconnection::LastUrlIfPermanent,
    cookies: CookieProfile {
        lax_by_default: false,
        site_has_scheme: false,
        redirects_count: true,
        cross_site: CrossSiteCookies::Separate,
        ..STANDARD.cookies
    },
    ..STANDARD
};

const WEBKIT: Profile = Profile {
    websocket_destination: Some("websocket"),
    repairs_values: true,
    wildcard_covers_authorization: true,
    max_age_limit: Some(Duration::from_secs(600)),
    max_age_is_signed: true,
    status_before_cors_check: true,
    flag_stands_in_for_methods: false,
    reports_headers_as_set: true,
    sums_safelisted_values: false,
    joins_request_headers: true,
    extra_redirect_statuses: &[309..=399],
    empty_location_is_absent: true,
    cross_origin_redirect_drops_delete: true,
    cache: CacheProfile {
        update: CacheUpdate::Replace,
        wildcard: CacheWildcard::UncredentialedRequest,
        wildcard_covers_authorization: true,
        flag_needs_method: false,
        tainted_key: TaintedKey::Unique,
        cleared_by: CacheClearing::Miss,
        keeps_refused: true,
        ..STANDARD.cache
    },
    same_origin_origin: &[Destination::Script],
    fonts_without_cors: true,
    cross_origin_redirect_drops_metadata: true,
    preflight_again: PreflightAgain::AfterMethod,
    preflight_names_dropped_authorization: true,
    reconnection: Reconnection::FirstUrl,
    cookies: CookieProfile {
        lax_by_default: false,
        none_needs_secure: false,
        site_has_scheme: false,
        redirects_count: true,
        cross_site: CrossSiteCookies::NotKept,
    },
    ..STANDARD
};
