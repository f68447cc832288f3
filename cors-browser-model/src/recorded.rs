//! Checks one recorded exchange at a time.

use std::fmt;

use url::Url;

use crate::engine::Engine;
use crate::exchange::{Kind, Response};
use crate::grant::{self, PreflightGrant};
use crate::header::{Header, Headers, is_token};
use crate::in_flight::InFlight;
use crate::message;
use crate::network_error::NetworkError;
use crate::origin::Origin;
use crate::outcome::{Judged, Readable};
use crate::receive;
use crate::request::{Credentials, Request};
use crate::safelist;
use crate::step::Checks;

/// A request that was recorded on the wire, and the script's request that must have caused it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// What the request is for.
    pub kind: Kind,
    /// The script's request.
    pub request: Request,
}

/// Why a recorded request cannot come from a page that uses `fetch()`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NotFromPage {
    /// There is not exactly one `Origin` in serialised form.
    Origin,
    /// No script can send the method.
    Method,
    /// `Access-Control-Request-Headers` is not a list of names that a script can set.
    Headers,
}

impl Recorded {
    /// Finds the script's request that causes a recorded request. The wire does not show whether it was made
    /// with credentials, so the caller says that.
    ///
    /// # Errors
    ///
    /// If no page could have sent it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_browser_model::{Credentials, Headers, Kind, Recorded, Url};
    ///
    /// let url = Url::parse("https://api.example.com/")?;
    /// let headers = Headers::from_iter([
    ///     ("Origin", "https://app.example.com"),
    ///     ("Access-Control-Request-Method", "PUT"),
    ///     ("Access-Control-Request-Headers", "x-a"),
    /// ]);
    /// let recorded = Recorded::read("OPTIONS", url, &headers, Credentials::SameOrigin)?;
    /// assert_eq!(recorded.kind, Kind::Preflight);
    /// assert_eq!(recorded.request.method, "PUT");
    /// assert!(recorded.request.headers.contains("x-a"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read(
        method: &str,
        url: Url,
        headers: &Headers,
        credentials: Credentials,
    ) -> Result<Self, NotFromPage> {
        let origin = only(headers, "Origin").and_then(|origin| std::str::from_utf8(origin).ok());
        let origin = origin.and_then(Origin::parse).ok_or(NotFromPage::Origin)?;
        let request = Request::new(url, origin).credentials(credentials);
        let is_preflight = method == "OPTIONS" && headers.contains("Access-Control-Request-Method");
        let (kind, request) = match is_preflight {
            true => (Kind::Preflight, asked_for(request, headers)?),
            false => {
                let mut request = request.method(method);
                request.headers = headers.clone();
                request.headers.retain(|Header { name, value }| {
                    !safelist::is_forbidden_request_header(Engine::Standard, name, value)
                });
                (Kind::Actual, request)
            }
        };
        let method = &request.method;
        let is_sendable = is_token(method.as_bytes())
            && !safelist::is_forbidden_method(method)
            && safelist::normalize_method(method) == *method;
        match is_sendable {
            true => Ok(Self { kind, request }),
            false => Err(NotFromPage::Method),
        }
    }
}

/// What a preflight asks for.
fn asked_for(request: Request, headers: &Headers) -> Result<Request, NotFromPage> {
    // This byte is unsafe in every header that could be safelisted, and allowed in every other header.
    const UNSAFE: &str = "\"";
    let method = only(headers, "Access-Control-Request-Method").ok_or(NotFromPage::Method)?;
    let method = std::str::from_utf8(method).map_err(|_| NotFromPage::Method)?;
    let mut request = request.method(method);
    let names = headers.list("Access-Control-Request-Headers");
    let is_forbidden = |name: &&[u8]| {
        safelist::is_forbidden_request_header(Engine::Standard, name, UNSAFE.as_bytes())
    };
    if names.invalid.is_some() || names.tokens.iter().any(is_forbidden) {
        return Err(NotFromPage::Headers);
    }
    for name in &names.tokens {
        request.headers.append(name, UNSAFE);
    }
    request.use_cors_preflight =
        names.tokens.is_empty() && safelist::is_cors_safelisted_method(method);
    Ok(request)
}

fn only<'a>(headers: &'a Headers, name: &'a str) -> Option<&'a [u8]> {
    let mut values = headers.values(name);
    let value = values.next()?;
    values.next().is_none().then_some(value)
}

/// Checks the response to a preflight.
///
/// # Examples
///
/// ```
/// use cors_browser_model::{Engine, NetworkError, Origin, Request, Response, Url, judge_preflight};
///
/// let page = Origin::parse("https://app.example.com").ok_or("no origin")?;
/// let put = Request::new(Url::parse("https://api.example.com/")?, page).method("PUT");
/// let response = Response::new(403, [("Vary", "Origin")]);
/// let judged = judge_preflight(Engine::WebKit, &put, &response);
/// // In the standard, Access-Control-Allow-Origin is missing; WebKit checks the status first.
/// assert_eq!(judged.result.map_err(|failure| failure.error), Err(NetworkError::PreflightStatus));
/// assert_eq!(judged.console[0].text, "Preflight response is not successful. Status code: 403");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn judge_preflight(
    engine: Engine,
    request: &Request,
    response: &Response,
) -> Judged<PreflightGrant> {
    judge(
        engine,
        request,
        response,
        Kind::Preflight,
        |flight, checks| grant::judge(flight, response, checks).map_err(|refused| refused.error),
    )
}

/// Checks the response to an actual request. A redirect is checked like any response, and is not followed.
///
/// # Examples
///
/// ```
/// use cors_browser_model::{Engine, Origin, Request, Response, Url, judge_response};
///
/// let page = Origin::parse("https://app.example.com").ok_or("no origin")?;
/// let get = Request::new(Url::parse("https://api.example.com/")?, page);
/// let response = Response::new(404, [("Access-Control-Allow-Origin", "*"), ("X-A", "1")]);
/// let readable = judge_response(Engine::Chromium, &get, &response).result.map_err(|f| f.error)?;
/// assert_eq!(readable.status, 404);
/// assert!(!readable.headers.contains("X-A"), "not exposed");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn judge_response(engine: Engine, request: &Request, response: &Response) -> Judged<Readable> {
    let judged = judge(engine, request, response, Kind::Actual, |flight, checks| {
        flight.route(checks)?;
        receive::receive(flight, response, checks)
    });
    let status = judged
        .result
        .is_ok()
        .then(|| message::status(engine, response));
    Judged {
        console: judged.console.into_iter().chain(status.flatten()).collect(),
        ..judged
    }
}

fn judge<T>(
    engine: Engine,
    request: &Request,
    response: &Response,
    kind: Kind,
    judge: impl FnOnce(&mut InFlight, &mut Checks) -> Result<T, NetworkError>,
) -> Judged<T> {
    let mut checks = Checks::default();
    let constructed = request.constructed(engine);
    let mut flight = InFlight::new(engine, constructed.as_ref().unwrap_or(request).clone());
    let result = match constructed {
        Err(error) => checks.fail(error),
        Ok(_) if !response.is_http() => checks.fail(NetworkError::Connection),
        Ok(_) => judge(&mut flight, &mut checks),
    };
    let response = Some(response).filter(|response| response.is_http());
    let result = result.map_err(|error| flight.failure(error, Some(kind), response));
    let console = match &result {
        Ok(_) => Vec::new(),
        Err(failure) => message::console(engine, failure),
    };
    Judged {
        checks: checks.0,
        result,
        console,
    }
}

impl fmt::Display for NotFromPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Origin => "there is not exactly one serialised `Origin`",
            Self::Method => "no script can send the method",
            Self::Headers => {
                "`Access-Control-Request-Headers` lists a header that no script can set"
            }
        })
    }
}

impl std::error::Error for NotFromPage {}
