use std::sync::Arc;

use cors_core::{
    Applied, Decision, Field, Fields, Policy, PolicySource, Preflight, Prepared, RequestHeader,
    ResponseHeader, Value, varies_by_origin,
};
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    InvalidHeaderValue, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};

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
    fields: Fields,
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
        let shared = self.0.current();
        let head = Remembering::new(Head::new(method, headers));
        let decision = shared.policy.decide(&head);
        shared.policy.trace(&head, decision);
        match decision {
            Decision::Respond(preflight) => {
                Answer::Respond(shared.respond(preflight, head.origin(), headers))
            }
            Decision::Forward(fields) => Answer::Forward(Pending {
                shared,
                fields,
                origin: match fields.is_granted() {
                    true => head.origin().cloned(),
                    false => None,
                },
            }),
        }
    }
}

impl Shared {
    fn new(policy: Policy) -> Self {
        // A policy fixes nothing that is no field value. If it did, nothing baked grants nothing.
        let baked = policy.bake(header_value).unwrap_or_default();
        Self {
            policy,
            actual: baked.prepare(prepare_actual),
            preflights: baked.prepare(PreparedPreflight::new),
        }
    }

    fn respond<B: Default>(
        &self,
        preflight: Preflight,
        origin: Option<&HeaderValue>,
        asked: &HeaderMap,
    ) -> Response<B> {
        let mut response = Response::new(B::default());
        *response.status_mut() =
            StatusCode::from_u16(preflight.status()).unwrap_or(StatusCode::FORBIDDEN);
        if let Some(prepared) = self.preflights.get(preflight.fields()) {
            *response.headers_mut() = prepared.headers(origin, asked);
        }
        response
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
    /// Writes the fields. What `headers` has of those that are the policy's alone is replaced or
    /// removed; `Vary` is merged.
    pub fn write(&self, headers: &mut HeaderMap) {
        // It is tempting to just remove and merge. But hardly any response has one of these, and a
        // look-up costs more than one look at each name.
        let is_plain = !headers.keys().any(|name| MERGED.contains(name));
        if !is_plain {
            for name in &OWNED {
                headers.remove(name);
            }
        }
        for (name, value) in self.shared.actual.get(self.fields).into_iter().flatten() {
            // What is not fixed is the origin: an actual response echoes nothing else.
            let Some(value) = value.as_ref().or(self.origin.as_ref()) else {
                continue;
            };
            if !is_plain && *name == VARY && varies(headers) {
                continue;
            }
            if !is_plain && *name == TIMING_ALLOW_ORIGIN {
                headers.remove(name);
            }
            // This cannot fail before there are some 24,000 header fields.
            let _ = headers.try_append(name, value.clone());
        }
    }
}

/// The fields of an actual response. What has no value has the request's origin.
type Actual = Box<[(HeaderName, Option<HeaderValue>)]>;

fn prepare_actual(fields: &[Field<HeaderValue>]) -> Actual {
    let fields = fields.iter().map(|field| {
        let value = match &field.value {
            Value::Fixed(value) => Some(value.clone()),
            Value::Echo(_) => None,
        };
        (response_header_name(field.name), value)
    });
    fields.collect()
}

/// Whether the application has said already that the response varies by `Origin`.
fn varies(headers: &HeaderMap) -> bool {
    let mut lines = headers.get_all(VARY).iter();
    lines.any(|line| varies_by_origin(line.as_bytes()))
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

const OWNED: [HeaderName; 3] = {
    let [origin, credentials, exposed] = ResponseHeader::OWNED;
    [
        response_header_name(origin),
        response_header_name(credentials),
        response_header_name(exposed),
    ]
};

/// The fields of a response that cannot just be added.
const MERGED: [HeaderName; 5] = {
    let [origin, credentials, exposed] = ResponseHeader::OWNED;
    [
        response_header_name(origin),
        response_header_name(credentials),
        response_header_name(exposed),
        TIMING_ALLOW_ORIGIN,
        VARY,
    ]
};

const TIMING_ALLOW_ORIGIN: HeaderName = HeaderName::from_static("timing-allow-origin");

const fn response_header_name(name: ResponseHeader) -> HeaderName {
    match name {
        ResponseHeader::AccessControlAllowOrigin => ACCESS_CONTROL_ALLOW_ORIGIN,
        ResponseHeader::AccessControlAllowCredentials => ACCESS_CONTROL_ALLOW_CREDENTIALS,
        ResponseHeader::AccessControlAllowMethods => ACCESS_CONTROL_ALLOW_METHODS,
        ResponseHeader::AccessControlAllowHeaders => ACCESS_CONTROL_ALLOW_HEADERS,
        ResponseHeader::AccessControlMaxAge => ACCESS_CONTROL_MAX_AGE,
        ResponseHeader::AccessControlExposeHeaders => ACCESS_CONTROL_EXPOSE_HEADERS,
        ResponseHeader::TimingAllowOrigin => TIMING_ALLOW_ORIGIN,
        ResponseHeader::Vary => VARY,
    }
}
