use std::rc::Rc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, HeaderMap,
    HeaderName, HeaderValue, InvalidHeaderValue, VARY,
};
use cors_core::{
    Applied, Baked, Decision, Fields, Policy, PolicySource, Preflight, RequestHeader,
    ResponseHeader, Value, merge_vary,
};

use crate::head::{Head, Remembering, header_name};

/// The policy in force in one worker, with the values that it fixes.
///
/// It is tempting to bake once for the whole server. But then each field of each response would
/// count references in memory that all workers write to, and they would wait for each other.
#[derive(Debug)]
pub(crate) struct Worker(Applied<Rc<Shared>>);

#[derive(Debug)]
struct Shared {
    policy: Policy,
    baked: Baked<HeaderValue>,
}

/// What to do with a request.
pub(crate) enum Answer {
    Respond(HttpResponse),
    Forward(Pending),
}

/// The fields that are due on the response to a request.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    shared: Rc<Shared>,
    fields: Fields,
    /// What to echo. It is tempting to keep the request instead; actix-web panics when one that it
    /// wants to change is shared.
    origin: Option<HeaderValue>,
}

impl Worker {
    pub(crate) fn new(policy: PolicySource) -> Self {
        Self(Applied::new(policy, |policy| Rc::new(Shared::new(policy))))
    }

    pub(crate) fn answer(&self, head: Head<'_>) -> Answer {
        let shared = self.0.current();
        let head = Remembering::new(head);
        let decision = shared.policy.decide(&head);
        shared.policy.trace(&head, decision);
        match decision {
            Decision::Respond(preflight) => Answer::Respond(shared.respond(preflight, &head)),
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
        Self { policy, baked }
    }

    fn respond(&self, preflight: Preflight, head: &Remembering<'_>) -> HttpResponse {
        let status = StatusCode::from_u16(preflight.status()).unwrap_or(StatusCode::FORBIDDEN);
        let mut response = HttpResponse::new(status);
        let headers = response.headers_mut();
        self.write(preflight.fields(), headers, true, |name| {
            head.headers().get_all(header_name(name))
        });
        response
    }

    /// Writes the fields to `headers`, which have none of those that are the policy's alone and, if they
    /// are plain, no `Vary`.
    fn write<'a, I: Iterator<Item = &'a HeaderValue>>(
        &self,
        fields: Fields,
        headers: &mut HeaderMap,
        is_plain: bool,
        asked: impl Fn(RequestHeader) -> I,
    ) {
        for field in self.baked.fields(fields) {
            let name = response_header_name(field.name);
            match field.name {
                ResponseHeader::Vary if !is_plain => {
                    vary_by_origin(headers);
                    continue;
                }
                ResponseHeader::TimingAllowOrigin => drop(headers.remove(&name)),
                // No other field is there any more. It is tempting to `insert` them all the same;
                // `append` costs a third less.
                _ => {}
            }
            match &field.value {
                Value::Fixed(value) => headers.append(name, value.clone()),
                Value::Echo(header) => {
                    for value in asked(*header).filter(|value| !value.is_empty()) {
                        headers.append(name.clone(), value.clone());
                    }
                }
            }
        }
    }
}

impl Pending {
    /// Writes the fields. What `headers` has of those that are the policy's alone is replaced or
    /// removed; `Vary` is merged.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        // Most responses have none of these: one walk over the names is faster than a look-up of each.
        let is_plain = !headers.keys().any(|name| *name == VARY || is_owned(name));
        if !is_plain {
            for name in ResponseHeader::OWNED {
                headers.remove(response_header_name(name));
            }
        }
        // An actual response echoes nothing but the origin.
        self.shared
            .write(self.fields, headers, is_plain, |_| self.origin.iter());
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

/// Makes one line of the application's `Vary` and ours.
fn vary_by_origin(headers: &mut HeaderMap) {
    let lines = headers.get_all(VARY).map(HeaderValue::as_bytes);
    // Lines that are values give a value when they are joined.
    if let Some(Ok(line)) = merge_vary(lines).map(HeaderValue::try_from) {
        headers.insert(VARY, line);
    }
}

fn is_owned(name: &HeaderName) -> bool {
    let mut owned = ResponseHeader::OWNED.into_iter();
    owned.any(|owned| *name == response_header_name(owned))
}

fn response_header_name(name: ResponseHeader) -> HeaderName {
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
