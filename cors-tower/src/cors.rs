use std::sync::Arc;

use cors_core::{
    Applied, Decision, Field, Policy, PolicySource, Prepared, RequestHeader, ResponseHeader, Value,
};
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    InvalidHeaderValue, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};

use crate::actual::Actual;
use crate::head::{Head, Remembering, header_name};

/// A policy for messages of the `http` crate, step by step, for where there is no tower service to
/// put a [`CorsLayer`](crate::CorsLayer) around.
///
/// A clone shares what it was cloned from; it costs one reference count.
///
/// # Examples
///
/// ```
/// use cors_tower::{Answer, Cors, Grant, Policy};
/// use http::{Request, Response};
///
/// let cors = Cors::new(Policy::new(Grant::new(["https://app.example.com"]))?);
/// let request = Request::get("/").header("origin", "https://app.example.com").body(())?;
///
/// let response = match cors.answer(request.method(), request.headers()) {
///     Answer::Respond(response) => response,
///     Answer::Forward(pending) => {
///         let mut response = Response::new("what the application says");
///         pending.write(response.headers_mut());
///         response
///     }
/// };
/// assert_eq!(response.headers()["access-control-allow-origin"], "https://app.example.com");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Cors(Applied<Arc<Shared>>);

#[derive(Debug)]
struct Shared {
    policy: Policy,
    /// Of use for the rows of actual responses.
    actual: Prepared<Actual>,
    /// Of use for the rows of preflights.
    preflights: Prepared<PreparedPreflight>,
}

/// What to do with a request.
#[derive(Debug)]
#[must_use]
pub enum Answer<B> {
    /// It is a CORS-preflight request: respond with this, and run nothing else.
    Respond(Response<B>),
    /// Run the application, then write these fields to its response.
    Forward(Pending),
}

/// The fields that are due on the response to a request.
#[derive(Clone, Debug)]
#[must_use]
pub struct Pending {
    shared: Arc<Shared>,
    decision: Decision,
    /// What to echo.
    origin: Option<HeaderValue>,
}

impl Cors {
    /// Applies `policy`: a [`Policy`], or a [`LivePolicy`](cors_core::LivePolicy) that can be replaced.
    pub fn new(policy: impl Into<PolicySource>) -> Self {
        Self(Applied::new(policy, |policy| Arc::new(Shared::new(policy))))
    }

    /// The policy in force.
    pub fn policy(&self) -> Policy {
        self.0.current().policy.clone()
    }

    /// Decides a request.
    pub fn answer<B: Default>(&self, method: &Method, headers: &HeaderMap) -> Answer<B> {
        let pending = self.decide(method, headers);
        match pending.preflight(headers) {
            Some(response) => Answer::Respond(response),
            None => Answer::Forward(pending),
        }
    }

    pub(crate) fn decide(&self, method: &Method, headers: &HeaderMap) -> Pending {
        let shared = self.0.current();
        let head = Head::new(method, headers);
        let remembering = Remembering::new(head);
        let decision = shared.policy.decide(&remembering);
        let origin = remembering.origin();
        shared.policy.trace(&head, decision);
        // Two arms that each make the whole: it need not be moved once more.
        match origin {
            Some(origin) if decision.fields().is_granted() => Pending {
                shared,
                decision,
                origin: Some(origin.clone()),
            },
            _ => Pending {
                shared,
                decision,
                origin: None,
            },
        }
    }
}

impl Shared {
    fn new(policy: Policy) -> Self {
        // A policy fixes nothing that is no field value. If it did, nothing baked grants nothing.
        let baked = policy.bake(header_value).unwrap_or_default();
        Self {
            policy,
            actual: baked.prepare(Actual::new),
            preflights: baked.prepare(PreparedPreflight::new),
        }
    }
}

/// The fields of the answer to a preflight, written already as far as possible: to copy them takes
/// half of what it takes to write them.
#[derive(Debug)]
struct PreparedPreflight {
    headers: HeaderMap,
    /// Whether the first field's value is the request's origin.
    echoes_origin: bool,
    /// Fields that echo something else, and what.
    echoes: Box<[(HeaderName, HeaderName)]>,
}

impl PreparedPreflight {
    fn new(fields: &[Field<HeaderValue>]) -> Self {
        let mut headers = HeaderMap::new();
        let mut echoes_origin = false;
        let mut echoes = Vec::new();
        for field in fields {
            let name = response_header_name(field.name);
            match &field.value {
                Value::Fixed(value) => {
                    headers.append(name, value.clone());
                }
                Value::Echo(RequestHeader::Origin) if headers.is_empty() => {
                    echoes_origin = true;
                    // It grants nothing, should it ever stay.
                    headers.append(name, HeaderValue::from_static(""));
                }
                Value::Echo(header) => echoes.push((name, header_name(*header))),
            }
        }
        Self {
            headers,
            echoes_origin,
            echoes: echoes.into_boxed_slice(),
        }
    }

    fn headers(&self, origin: Option<&HeaderValue>, asked: &HeaderMap) -> HeaderMap {
        let mut headers = self.headers.clone();
        if self.echoes_origin
            && let (Some(place), Some(origin)) = (headers.values_mut().next(), origin)
        {
            // It is tempting to `insert` it. That makes room for one more field first, though this one
            // is there.
            *place = origin.clone();
        }
        for (name, echoed) in &self.echoes {
            for value in asked
                .get_all(echoed)
                .iter()
                .filter(|value| !value.is_empty())
            {
                // What can fail here cannot fail before there are some 24,000 header fields.
                let _ = headers.try_append(name, value.clone());
            }
        }
        headers
    }
}

impl Pending {
    /// The answer, if it is a CORS-preflight request that is pending.
    #[inline]
    pub(crate) fn preflight<B: Default>(&self, asked: &HeaderMap) -> Option<Response<B>> {
        let Decision::Respond(preflight) = self.decision else {
            return None;
        };
        let mut response = Response::new(B::default());
        *response.status_mut() =
            StatusCode::from_u16(preflight.status()).unwrap_or(StatusCode::FORBIDDEN);
        if let Some(prepared) = self.shared.preflights.get(preflight.fields()) {
            *response.headers_mut() = prepared.headers(self.origin.as_ref(), asked);
        }
        Some(response)
    }

    /// Writes the fields. What `headers` has of those that are the policy's alone is replaced or
    /// removed; `Vary` is merged.
    pub fn write(mut self, headers: &mut HeaderMap) {
        self.write_once(headers);
    }

    /// The same where it cannot be taken. A second time there would be no origin to echo.
    pub(crate) fn write_once(&mut self, headers: &mut HeaderMap) {
        if let Some(row) = self.shared.actual.get(self.decision.fields()) {
            row.write(&mut self.origin, headers);
        }
    }
}

/// A clone of a static value has no references to count, and these are on every other response.
fn header_value(value: &str) -> Result<HeaderValue, InvalidHeaderValue> {
    match value {
        "*" => Ok(HeaderValue::from_static("*")),
        "true" => Ok(HeaderValue::from_static("true")),
        "Origin" => Ok(HeaderValue::from_static("Origin")),
        value => HeaderValue::from_str(value),
    }
}

pub(crate) const fn response_header_name(name: ResponseHeader) -> HeaderName {
    match name {
        ResponseHeader::AccessControlAllowOrigin => ACCESS_CONTROL_ALLOW_ORIGIN,
        ResponseHeader::AccessControlAllowCredentials => ACCESS_CONTROL_ALLOW_CREDENTIALS,
        ResponseHeader::AccessControlAllowMethods => ACCESS_CONTROL_ALLOW_METHODS,
        ResponseHeader::AccessControlAllowHeaders => ACCESS_CONTROL_ALLOW_HEADERS,
        ResponseHeader::AccessControlMaxAge => ACCESS_CONTROL_MAX_AGE,
        ResponseHeader::AccessControlExposeHeaders => ACCESS_CONTROL_EXPOSE_HEADERS,
        ResponseHeader::TimingAllowOrigin => HeaderName::from_static("timing-allow-origin"),
        ResponseHeader::Vary => VARY,
    }
}
