use std::sync::Arc;

use cors_core::{
    Baked, Decision, Fields, Policy, Preflight, RequestHeader, ResponseHeader, Value,
    varies_by_origin,
};
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, Entry,
    ORIGIN, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};

use crate::head::{Head, header_name};

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
pub struct Cors(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    policy: Policy,
    baked: Baked<HeaderValue>,
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
    cors: Cors,
    fields: Fields,
    /// What to echo.
    origin: Option<HeaderValue>,
}

impl Cors {
    /// Applies `policy`.
    pub fn new(policy: Policy) -> Self {
        // A policy fixes nothing that is no field value. If it did, nothing baked grants nothing.
        let baked = policy.bake(HeaderValue::from_str).unwrap_or_default();
        Self(Arc::new(Shared { policy, baked }))
    }

    /// The policy.
    pub fn policy(&self) -> &Policy {
        &self.0.policy
    }

    /// Decides a request.
    pub fn answer<B: Default>(&self, method: &Method, headers: &HeaderMap) -> Answer<B> {
        let head = Head::new(method, headers);
        let decision = self.0.policy.decide(&head);
        self.0.policy.trace(&head, decision);
        match decision {
            Decision::Respond(preflight) => Answer::Respond(self.respond(preflight, headers)),
            Decision::Forward(fields) => Answer::Forward(Pending {
                cors: self.clone(),
                fields,
                origin: match fields.is_granted() {
                    true => headers.get(ORIGIN).cloned(),
                    false => None,
                },
            }),
        }
    }

    fn respond<B: Default>(&self, preflight: Preflight, asked: &HeaderMap) -> Response<B> {
        let mut response = Response::new(B::default());
        *response.status_mut() =
            StatusCode::from_u16(preflight.status()).unwrap_or(StatusCode::FORBIDDEN);
        self.write(preflight.fields(), response.headers_mut(), |name| {
            asked.get_all(header_name(name)).iter()
        });
        response
    }

    fn write<'a, I: Iterator<Item = &'a HeaderValue>>(
        &self,
        fields: Fields,
        headers: &mut HeaderMap,
        asked: impl Fn(RequestHeader) -> I,
    ) {
        // What can fail below cannot fail before there are some 24,000 header fields.
        for field in self.0.baked.fields(fields) {
            let name = response_header_name(field.name);
            match &field.value {
                Value::Fixed(value) if field.name == ResponseHeader::Vary => vary(headers, value),
                Value::Fixed(value) => {
                    let _ = headers.try_insert(name, value.clone());
                }
                Value::Echo(header) => {
                    headers.remove(&name);
                    for value in asked(*header).filter(|value| !value.is_empty()) {
                        let _ = headers.try_append(&name, value.clone());
                    }
                }
            }
        }
    }
}

impl Pending {
    /// Writes the fields. What `headers` has of those that are the policy's alone is replaced or
    /// removed; `Vary` is merged.
    pub fn write(self, headers: &mut HeaderMap) {
        // It is tempting to just remove them. But hardly any response has one, and three look-ups
        // cost more than one look at each name.
        if headers.keys().any(|name| OWNED.contains(name)) {
            for name in &OWNED {
                headers.remove(name);
            }
        }
        // An actual response echoes nothing but the origin.
        self.cors
            .write(self.fields, headers, |_| self.origin.iter());
    }
}

/// Adds `Origin` to `Vary`, unless the application has said it already.
fn vary(headers: &mut HeaderMap, value: &HeaderValue) {
    match headers.try_entry(VARY) {
        Ok(Entry::Vacant(entry)) => {
            let _ = entry.try_insert(value.clone());
        }
        Ok(Entry::Occupied(mut entry)) => {
            if !entry.iter().any(|line| varies_by_origin(line.as_bytes())) {
                entry.append(value.clone());
            }
        }
        Err(_) => {}
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

const fn response_header_name(name: ResponseHeader) -> HeaderName {
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
