//! What the response to a CORS-preflight request allows:
//! [CORS-preflight fetch](https://fetch.spec.whatwg.org/#cors-preflight-fetch), step 7.

use std::collections::HashSet;
use std::time::Duration;

use crate::cors_check;
use crate::exchange::Response;
use crate::header::{Headers, List, decode};
use crate::in_flight::InFlight;
use crate::network_error::{Malformed, NetworkError};
use crate::profile::{Profile, RedirectedPreflight};
use crate::redirect;
use crate::safelist::{self, cors_unsafe_request_header_names};
use crate::step::{Checks, Step};

/// What a preflight's response allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreflightGrant {
    /// The methods that it lists.
    pub methods: Vec<String>,
    /// The header names that it lists.
    pub headers: Vec<String>,
    /// For how long it may be cached; `None`: it is not cached.
    pub max_age: Option<Duration>,
}

/// A preflight that failed.
pub(crate) struct Refused {
    pub(crate) error: NetworkError,
    /// What it would have allowed, if that could be read.
    pub(crate) grant: Option<PreflightGrant>,
}

impl From<NetworkError> for Refused {
    fn from(error: NetworkError) -> Self {
        Self { error, grant: None }
    }
}

/// [CORS-preflight fetch](https://fetch.spec.whatwg.org/#cors-preflight-fetch), step 7.
pub(crate) fn judge(
    flight: &InFlight,
    response: &Response,
    checks: &mut Checks,
) -> Result<PreflightGrant, Refused> {
    let (profile, headers) = (flight.profile(), &response.headers);
    access(flight, response, checks)?;
    // Steps 7.1 to 7.3.
    let methods = headers.list(ALLOW_METHODS);
    let names = headers.list(ALLOW_HEADERS);
    let method_syntax = syntax(flight, headers, ALLOW_METHODS, &methods);
    let name_syntax = syntax(flight, headers, ALLOW_HEADERS, &names);
    checks.note(
        Step::AllowMethodsSyntax,
        method_syntax.map_err(NetworkError::AllowMethodsSyntax),
    )?;
    let name_syntax = name_syntax.map_err(NetworkError::AllowHeadersSyntax);
    if !profile.method_before_header_syntax {
        checks.note(Step::AllowHeadersSyntax, name_syntax.clone())?;
    }
    // Steps 7.4 and 7.8 to 7.10.
    let request = &flight.request;
    let stands_in = profile.flag_stands_in_for_methods && request.use_cors_preflight;
    let grant = PreflightGrant {
        methods: match methods.present || !stands_in {
            true => methods.tokens.iter().map(|token| decode(token)).collect(),
            false => vec![request.method.clone()],
        },
        headers: names.tokens.iter().map(|token| decode(token)).collect(),
        max_age: max_age(profile, headers),
    };
    match allows(flight, &grant, name_syntax, checks) {
        Ok(()) => Ok(grant),
        Err(error) => Err(Refused {
            error,
            grant: Some(grant),
        }),
    }
}

/// The CORS check and the status.
fn access(flight: &InFlight, response: &Response, checks: &mut Checks) -> Result<(), NetworkError> {
    let profile = flight.profile();
    let redirect = |when, checks: &mut Checks| match profile.redirected_preflight == when {
        false => Ok(()),
        true => {
            let stays = redirect::location(flight, response).is_none();
            checks.require(Step::PreflightRedirect, stays, || {
                NetworkError::PreflightRedirect
            })
        }
    };
    let status = |first, checks: &mut Checks| match profile.status_before_cors_check == first {
        false => Ok(()),
        true => checks.require(Step::PreflightStatus, response.is_ok(), || {
            NetworkError::PreflightStatus
        }),
    };
    redirect(RedirectedPreflight::BeforeCorsCheck, checks)?;
    status(true, checks)?;
    // Use the credentials mode of the request. Do not use the preflight's, which is never `include`:
    // then the actual request would be sent and fail.
    let (origin, credentials) = (flight.preflight_origin(), flight.request.credentials);
    cors_check::check(
        flight.engine,
        &origin,
        credentials,
        &response.headers,
        checks,
    )?;
    redirect(RedirectedPreflight::AfterCorsCheck, checks)?;
    status(false, checks)
}

/// Steps 7.5 to 7.7.
fn allows(
    flight: &InFlight,
    grant: &PreflightGrant,
    name_syntax: Result<(), NetworkError>,
    checks: &mut Checks,
) -> Result<(), NetworkError> {
    let (profile, request) = (flight.profile(), &flight.request);
    let is_wildcard = |listed: &String| listed == "*" && !flight.includes_credentials();
    // Step 7.5. Do not ignore case: unlike header names, methods are case-sensitive, and `PATCH` does
    // not allow `patch`.
    let method_allowed = grant.methods.contains(&request.method)
        || safelist::is_cors_safelisted_method(&request.method)
        || grant.methods.iter().any(is_wildcard);
    let result = method_allowed
        .then_some(())
        .ok_or(NetworkError::MethodNotAllowed);
    checks.note(Step::MethodAllowed, result)?;
    if profile.method_before_header_syntax {
        checks.note(Step::AllowHeadersSyntax, name_syntax)?;
    }
    // Step 7.6.
    let listed: HashSet<_> = grant
        .headers
        .iter()
        .map(|name| name.to_ascii_lowercase())
        .collect();
    if request.headers.contains("Authorization") && !profile.wildcard_covers_authorization {
        let is_listed = listed.contains("authorization");
        checks.require(Step::AuthorizationListed, is_listed, || {
            NetworkError::AuthorizationNotListed
        })?;
    }
    // Step 7.7.
    let mut refused = cors_unsafe_request_header_names(flight.engine, &request.headers);
    match grant.headers.iter().any(is_wildcard) {
        true => refused.clear(),
        false => refused.retain(|name| !listed.contains(name)),
    }
    if profile.reports_headers_as_set {
        refused = as_set(&request.headers, &refused.into_iter().collect());
    }
    checks.require(Step::HeadersAllowed, refused.is_empty(), || {
        NetworkError::HeadersNotAllowed { names: refused }
    })
}

const ALLOW_METHODS: &str = "Access-Control-Allow-Methods";
const ALLOW_HEADERS: &str = "Access-Control-Allow-Headers";

fn syntax(
    flight: &InFlight,
    headers: &Headers,
    name: &str,
    list: &List<'_>,
) -> Result<(), Malformed> {
    let Some(token) = list.invalid else {
        return Ok(());
    };
    let value = headers.get_as(flight.profile(), name).unwrap_or_default();
    Err(Malformed {
        value: decode(&value),
        token: decode(token),
    })
}

/// Whether only `*` covers the `Authorization` of a request, in an engine that allows it.
pub(crate) fn is_authorization_covered_by_wildcard(
    flight: &InFlight,
    grant: &PreflightGrant,
) -> bool {
    let lists = |name: &str| {
        grant
            .headers
            .iter()
            .any(|listed| listed.eq_ignore_ascii_case(name))
    };
    flight.request.headers.contains("Authorization")
        && !flight.includes_credentials()
        && lists("*")
        && !lists("authorization")
}

/// Steps 7.8 to 7.10.
fn max_age(profile: &Profile, headers: &Headers) -> Option<Duration> {
    const DEFAULT: Option<Duration> = Some(Duration::from_secs(5));
    let value = headers.get_as(profile, "Access-Control-Max-Age");
    let Some(value) = value.filter(|value| !value.is_empty()) else {
        return DEFAULT;
    };
    let (negative, digits) = match &*value {
        [b'-', digits @ ..] if profile.max_age_is_signed => (true, digits),
        [b'+', digits @ ..] if profile.max_age_is_signed => (false, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return profile.malformed_max_age;
    }
    let next = |sum: u64, digit: &u8| {
        sum.saturating_mul(10)
            .saturating_add(u64::from(digit - b'0'))
    };
    let seconds = digits.iter().fold(0, next);
    if profile.max_age_is_signed && seconds > i64::MAX.unsigned_abs() {
        return profile.malformed_max_age;
    }
    let max_age = Duration::from_secs(if negative { 0 } else { seconds });
    Some(
        profile
            .max_age_limit
            .map_or(max_age, |limit| max_age.min(limit)),
    )
}

/// The refused names in WebKit's order: the names that it knows, in its own spelling, then the others.
fn as_set(headers: &Headers, refused: &HashSet<String>) -> Vec<String> {
    let (mut known, mut other) = (Vec::new(), Vec::new());
    let mut seen = HashSet::new();
    for header in headers.iter() {
        let name = decode(&header.name);
        if !refused.contains(&name.to_ascii_lowercase()) || !seen.insert(name.to_ascii_lowercase())
        {
            continue;
        }
        match KNOWN_TO_WEBKIT
            .iter()
            .find(|known| known.eq_ignore_ascii_case(&name))
        {
            Some(spelling) => known.push((*spelling).to_owned()),
            None => other.push(name),
        }
    }
    known.append(&mut other);
    known
}

/// The names of WebKit's `HTTPHeaderNames.in` that a script can send.
const KNOWN_TO_WEBKIT: [&str; 27] = [
    "Accept",
    "Accept-Language",
    "Accept-Ranges",
    "Age",
    "Authorization",
    "Cache-Control",
    "Content-Disposition",
    "Content-Encoding",
    "Content-Language",
    "Content-Location",
    "Content-Range",
    "Content-Type",
    "ETag",
    "Expires",
    "If-Match",
    "If-Modified-Since",
    "If-None-Match",
    "If-Range",
    "If-Unmodified-Since",
    "Last-Event-ID",
    "Last-Modified",
    "Link",
    "Location",
    "Pragma",
    "Range",
    "User-Agent",
    "Vary",
];
