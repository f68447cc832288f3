//! The policy for messages of the `http` crate, step by step.

use std::sync::Arc;

use cors_core::adapter::{Decision, PerResponse, PolicyCache, Refusal};
use cors_core::{Policy, PolicySource};
use http::{HeaderMap, HeaderValue, Response, StatusCode};

use crate::apply::{ActualHeaders, PreflightHeaders};
use crate::head::{CaptureOrigin, Head};

/// A policy for messages of the `http` crate, step by step: for code without a tower service that a
/// [`CorsLayer`](crate::CorsLayer) could wrap.
///
/// A clone shares the policy; it only counts a reference.
///
/// # Examples
///
/// ```
/// use cors_tower::{Grant, Head, HttpCors, Outcome, Policy};
/// use http::{Request, Response};
///
/// let cors = HttpCors::new(Policy::new(Grant::new(["https://app.example.com"]))?);
/// let request = Request::get("/").header("origin", "https://app.example.com").body(())?;
///
/// let response = match cors.decide(Head::from(&request)) {
///     Outcome::Respond(response) => response,
///     Outcome::Forward(headers) => {
///         let mut response = Response::new("what the application says");
///         headers.write(response.headers_mut());
///         response
///     }
/// };
/// assert_eq!(response.headers()["access-control-allow-origin"], "https://app.example.com");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct HttpCors(PolicyCache<Arc<Prepared>>);

/// A policy and its headers as values of the `http` crate.
#[derive(Debug)]
struct Prepared {
    policy: Policy,
    headers: PerResponse<ActualHeaders, PreflightHeaders>,
}

/// What to do with a request.
#[derive(Debug)]
#[must_use]
pub enum Outcome<B> {
    /// It is a CORS-preflight request, or it is refused: respond with this, and run nothing else.
    Respond(Response<B>),
    /// Run the application, then write these headers to its response.
    Forward(ResponseHeaders),
}

/// The headers that belong on the response to a request.
#[derive(Clone, Debug)]
#[must_use]
pub struct ResponseHeaders {
    prepared: Arc<Prepared>,
    decision: Decision,
    /// What to echo.
    origin: Option<HeaderValue>,
}

impl HttpCors {
    /// Applies `policy`: a [`Policy`], or a [`LivePolicy`](cors_core::LivePolicy) that can be replaced.
    pub fn new(policy: impl Into<PolicySource>) -> Self {
        let prepare = |policy: Policy| {
            let headers = policy.prepare(ActualHeaders::new, PreflightHeaders::new);
            Arc::new(Prepared { policy, headers })
        };
        Self(PolicyCache::new(policy, prepare))
    }

    /// The current policy.
    pub fn policy(&self) -> Policy {
        self.0.current().policy.clone()
    }

    /// Decides a request.
    pub fn decide<B: Default>(&self, head: Head<'_>) -> Outcome<B> {
        let response_headers = self.response_headers(head);
        match response_headers.answer(head.headers()) {
            Some(response) => Outcome::Respond(response),
            None => Outcome::Forward(response_headers),
        }
    }

    pub(crate) fn response_headers(&self, head: Head<'_>) -> ResponseHeaders {
        let prepared = self.0.current();
        let capture = CaptureOrigin::new(head);
        let decision = prepared.policy.decide(&capture);
        let origin = capture.origin();
        prepared.policy.log(&head, decision);
        // Each arm creates the whole result, so it is not moved once more.
        match origin {
            Some(origin) if decision.headers().is_granted() => ResponseHeaders {
                prepared,
                decision,
                origin: Some(origin.clone()),
            },
            _ => ResponseHeaders {
                prepared,
                decision,
                origin: None,
            },
        }
    }
}

impl ResponseHeaders {
    /// The response, if the request is a CORS-preflight request or is refused.
    #[inline]
    pub(crate) fn answer<B: Default>(&self, asked: &HeaderMap) -> Option<Response<B>> {
        let (status, headers) = match self.decision {
            Decision::Forward(_) => return None,
            Decision::Respond(preflight) => {
                let prepared = self.prepared.headers.preflight(preflight);
                let headers = prepared.map(|all| all.headers(self.origin.as_ref(), asked));
                (preflight.status(), headers.unwrap_or_default())
            }
            Decision::Refuse(refusal) => (refusal.status(), self.refused(refusal)),
        };
        let mut response = Response::new(B::default());
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::FORBIDDEN);
        *response.headers_mut() = headers;
        Some(response)
    }

    #[cold]
    fn refused(&self, refusal: Refusal) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if let Some(refused) = self.prepared.headers.refused(refusal) {
            refused.write(&mut self.origin.clone(), &mut headers, |_| {});
        }
        headers
    }

    /// Writes the headers. The headers that only the policy writes are replaced or removed in `headers`.
    /// After that, `headers` has at most one `Vary` line.
    pub fn write(mut self, headers: &mut HeaderMap) {
        self.write_once(headers);
    }

    /// The same for callers that cannot move `self`. Call it only once: the origin is moved out.
    pub(crate) fn write_once(&mut self, headers: &mut HeaderMap) {
        let Prepared {
            policy,
            headers: all,
        } = &*self.prepared;
        if let Some(actual) = all.actual(self.decision.headers()) {
            actual.write(&mut self.origin, headers, |header| {
                policy.warn_replaced(header)
            });
        }
    }
}
