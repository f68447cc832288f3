//! [HTTP-redirect fetch](https://fetch.spec.whatwg.org/#http-redirect-fetch).

use url::Url;

use crate::exchange::Response;
use crate::in_flight::InFlight;
use crate::network_error::NetworkError;
use crate::outcome::Tainting;
use crate::preflight::{Cause, preflight_causes};
use crate::profile::PreflightAgain;
use crate::request::{Body, Mode, has_credentials};
use crate::safelist::is_cors_non_wildcard_request_header_name;
use crate::step::{Checks, Step};

/// The [location URL](https://fetch.spec.whatwg.org/#concept-response-location-url) of a response, if
/// it redirects.
pub(crate) fn location(
    flight: &InFlight,
    response: &Response,
) -> Option<Result<Url, NetworkError>> {
    let profile = flight.profile();
    let mut extra = profile.extra_redirect_statuses.iter();
    let is_redirect_status = matches!(response.status, 301 | 302 | 303 | 307 | 308)
        || extra.any(|statuses| statuses.contains(&response.status));
    if !is_redirect_status {
        return None;
    }
    let mut lines = response.headers.values("Location");
    let value = lines.next()?;
    if value.is_empty() && profile.empty_location_is_absent {
        return None;
    }
    if lines.next().is_some() {
        return Some(Err(NetworkError::RedirectLocation));
    }
    let current = &flight.request.url;
    let location = current.join(&String::from_utf8_lossy(value));
    Some(
        location
            .map_err(|_| NetworkError::RedirectLocation)
            .map(|mut url| {
                if url.fragment().is_none() {
                    url.set_fragment(current.fragment());
                }
                url
            }),
    )
}

/// Steps 5 to 18: changes the request for the next hop.
pub(crate) fn follow(
    flight: &mut InFlight,
    location: Result<Url, NetworkError>,
    status: u16,
    checks: &mut Checks,
) -> Result<(), NetworkError> {
    // Steps 5 to 8.
    let location = checks.note(Step::RedirectLocation, location)?;
    let is_http = matches!(location.scheme(), "http" | "https");
    checks.require(Step::RedirectScheme, is_http, || {
        NetworkError::RedirectScheme
    })?;
    checks.require(Step::RedirectCount, flight.redirects < 20, || {
        NetworkError::RedirectCount
    })?;
    flight.redirects += 1;
    let causes = match flight.tainting {
        Tainting::Cors => preflight_causes(flight.engine, &flight.request),
        _ => Vec::new(),
    };
    // Steps 9 and 10.
    let request = &mut flight.request;
    let leaves_page = request.mode == Mode::Cors && !request.origin.is_same_origin(&location);
    let cross_origin = leaves_page || flight.tainting == Tainting::Cors;
    let clean = !(cross_origin && has_credentials(&location));
    checks.require(Step::RedirectCredentials, clean, || {
        NetworkError::RedirectCredentials
    })?;
    // Step 11.
    let sendable = status == 303 || request.body != Body::Stream;
    checks.require(Step::RedirectBody, sendable, || NetworkError::RedirectBody)?;
    // Step 12.
    let leaves_url = request.url.origin() != location.origin();
    let is_method = causes.iter().any(|cause| matches!(cause, Cause::Method(_)));
    request.use_cors_preflight |= match flight.engine.profile().preflight_again {
        PreflightAgain::Never => false,
        PreflightAgain::AfterMethod => is_method,
        PreflightAgain::AfterMethodOrOrigin => is_method || (leaves_url && !causes.is_empty()),
    };
    let drops_delete = flight.engine.profile().cross_origin_redirect_drops_delete;
    let becomes_get = match (status, &*request.method) {
        (301 | 302, "POST") => true,
        (303, method) => !matches!(method, "GET" | "HEAD"),
        (_, "DELETE") => leaves_url && drops_delete,
        _ => false,
    };
    if becomes_get {
        "GET".clone_into(&mut request.method);
        request.body = Body::None;
        for name in [
            "Content-Encoding",
            "Content-Language",
            "Content-Location",
            "Content-Type",
        ] {
            request.headers.delete(name);
        }
    }
    // Step 13.
    if leaves_url
        && !flight
            .engine
            .profile()
            .preflight_names_dropped_authorization
    {
        let is_kept = |name: &[u8]| !is_cors_non_wildcard_request_header_name(name);
        request.headers.retain(|header| is_kept(&header.name));
    }
    // Step 18, and the redirect-taint: after a server of another origin has redirected to a third origin,
    // no server may take the request for the page's own, not even the page's own server.
    flight.tainted |= leaves_url && !request.origin.is_same_origin(&request.url);
    flight.has_left |= leaves_url;
    request.url = location;
    Ok(())
}
