//! The [CORS check](https://fetch.spec.whatwg.org/#cors-check).

use crate::engine::Engine;
use crate::header::{Headers, decode};
use crate::network_error::NetworkError;
use crate::request::Credentials;
use crate::step::{Checks, Step};

const ALLOW_ORIGIN: &str = "Access-Control-Allow-Origin";

/// Whether a page may read a response: the [CORS check](https://fetch.spec.whatwg.org/#cors-check).
/// The origin is the request's, serialised.
///
/// # Errors
///
/// The failing step.
///
/// # Examples
///
/// ```
/// use cors_browser_model::{Credentials, Engine, Headers, NetworkError, cors_check};
///
/// let check = |value: &str, credentials| {
///     let headers = Headers::from_iter([("Access-Control-Allow-Origin", value)]);
///     cors_check(Engine::Standard, "https://app.example.com", credentials, &headers)
/// };
/// assert_eq!(check("https://app.example.com", Credentials::SameOrigin), Ok(()));
/// assert_eq!(check("*", Credentials::SameOrigin), Ok(()));
/// let mismatch = NetworkError::AllowOriginMismatch { value: "*".to_owned() };
/// assert_eq!(check("*", Credentials::Include), Err(mismatch));
/// ```
pub fn cors_check(
    engine: Engine,
    origin: &str,
    credentials: Credentials,
    headers: &Headers,
) -> Result<(), NetworkError> {
    check(engine, origin, credentials, headers, &mut Checks::default())
}

pub(crate) fn check(
    engine: Engine,
    origin: &str,
    credentials: Credentials,
    headers: &Headers,
    checks: &mut Checks,
) -> Result<(), NetworkError> {
    let profile = engine.profile();
    let include = credentials == Credentials::Include;
    let mut lines = headers
        .iter()
        .filter(|header| header.name == ALLOW_ORIGIN.as_bytes());
    if profile.counts_allow_origin_lines && lines.nth(1).is_some() {
        return checks.fail(NetworkError::AllowOriginRepeated);
    }
    // Steps 1 and 2.
    let Some(allowed) = headers.get_as(profile, ALLOW_ORIGIN) else {
        return checks.fail(NetworkError::AllowOriginMissing);
    };
    checks.pass(Step::AllowOriginPresent);
    // Steps 3 and 4. Do not parse both sides: browsers compare bytes, so `https://a.example/` and
    // `HTTPS://A.EXAMPLE` fail in all of them.
    let matches = (!include && allowed == b"*") || allowed == origin.as_bytes();
    let value = decode(&allowed);
    checks.require(Step::AllowOriginMatches, matches, || {
        NetworkError::AllowOriginMismatch { value }
    })?;
    // Step 5.
    if !include {
        return Ok(());
    }
    // Steps 6 to 8.
    let value = headers.get_as(profile, "Access-Control-Allow-Credentials");
    let is_true = value.as_deref() == Some(b"true");
    let value = value.as_deref().map(decode);
    checks.require(Step::AllowCredentials, is_true, || {
        NetworkError::AllowCredentials { value }
    })
}
