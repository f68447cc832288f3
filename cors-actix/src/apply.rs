//! Applies a decision to a response.

use std::rc::Rc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    CACHE_CONTROL, HeaderMap, HeaderName, HeaderValue, InvalidHeaderValue, VARY,
};
use cors_core::adapter::{
    Decision, Header, HeaderSet, HeaderSource, PerResponse, PolicyCache, Preflight, Refusal,
    RequestHeader, ResponseHeader, merge_vary,
};
use cors_core::{Policy, PolicySource};

use crate::head::{CaptureOrigin, Head, header_name};

/// The policy in one worker.
///
/// Each worker prepares its own. If all workers shared one, each header of each response would count
/// references in memory that all workers write to, and the workers would wait for each other.
#[derive(Debug)]
pub(crate) struct WorkerPolicy(PolicyCache<Rc<Prepared>>);

/// A policy and its headers as values of actix-web.
#[derive(Debug)]
struct Prepared {
    policy: Policy,
    headers: PerResponse<Box<[Header<HeaderValue>]>>,
}

/// What to do with a request.
pub(crate) enum Outcome {
    Respond(HttpResponse),
    Forward(ResponseHeaders),
}

/// The headers that belong on the response to a request.
#[derive(Clone, Debug)]
pub(crate) struct ResponseHeaders {
    prepared: Rc<Prepared>,
    headers: HeaderSet,
    /// What to echo. The request itself is not kept: actix-web panics if a request that it changes is shared.
    origin: Option<HeaderValue>,
}

impl WorkerPolicy {
    pub(crate) fn new(policy: PolicySource) -> Self {
        Self(PolicyCache::new(policy, |policy| {
            Rc::new(Prepared::new(policy))
        }))
    }

    pub(crate) fn decide(&self, head: Head<'_>) -> Outcome {
        let prepared = self.0.current();
        let head = CaptureOrigin::new(head);
        let decision = prepared.policy.decide(&head);
        prepared.policy.log(&head, decision);
        match decision {
            Decision::Respond(preflight) => Outcome::Respond(prepared.respond(preflight, &head)),
            Decision::Refuse(refusal) => Outcome::Respond(prepared.refuse(refusal, &head)),
            Decision::Forward(headers) => Outcome::Forward(ResponseHeaders {
                prepared,
                headers,
                origin: match headers.is_granted() {
                    true => head.origin().cloned(),
                    false => None,
                },
            }),
        }
    }
}

impl Prepared {
    fn new(policy: Policy) -> Self {
        let convert = |headers: &[Header<Box<str>>]| {
            let headers = headers.iter();
            let headers = headers.map(|header| header.try_map(|value| header_value(value)));
            headers.collect::<Result<Box<[_]>, _>>()
        };
        let headers = policy.prepare(convert, convert);
        Self { policy, headers }
    }

    fn respond(&self, preflight: Preflight, head: &CaptureOrigin<'_>) -> HttpResponse {
        answer(preflight.status(), self.headers.preflight(preflight), head)
    }

    fn refuse(&self, refusal: Refusal, head: &CaptureOrigin<'_>) -> HttpResponse {
        answer(refusal.status(), self.headers.refused(refusal), head)
    }
}

/// A response without a body.
fn answer(
    status: u16,
    all: Option<&impl AsRef<[Header<HeaderValue>]>>,
    head: &CaptureOrigin<'_>,
) -> HttpResponse {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::FORBIDDEN);
    let mut response = HttpResponse::new(status);
    if let Some(all) = all {
        write(all.as_ref(), response.headers_mut(), true, |name| {
            head.headers().get_all(header_name(name))
        });
    }
    response
}

impl ResponseHeaders {
    /// Writes the headers. The headers that only the policy writes are replaced or removed in `headers`.
    /// After that, `headers` has at most one `Vary` line.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        // Most responses have none of these headers: one pass over the names is faster than a lookup of each.
        let is_plain = !headers.keys().any(|name| *name == VARY || is_owned(name));
        if !is_plain {
            for owned in ResponseHeader::OWNED {
                if headers
                    .remove(response_header_name(*owned))
                    .next()
                    .is_some()
                {
                    self.prepared.policy.warn_replaced(*owned);
                }
            }
        }
        if let Some(all) = self.prepared.headers.actual(self.headers) {
            // An actual response echoes only the origin.
            write(all, headers, is_plain, |_| self.origin.iter());
        }
    }
}

/// Writes `all` to `headers`. `headers` must have none of the headers that only the policy writes and, if
/// `is_plain`, no `Vary`.
fn write<'a, I: Iterator<Item = &'a HeaderValue>>(
    all: &[Header<HeaderValue>],
    headers: &mut HeaderMap,
    is_plain: bool,
    asked: impl Fn(RequestHeader) -> I,
) {
    for header in all {
        let name = response_header_name(header.name);
        match header.name {
            ResponseHeader::Vary if !is_plain => {
                vary_by_origin(headers);
                continue;
            }
            ResponseHeader::TimingAllowOrigin => drop(headers.remove(&name)),
            // The others were removed before, and `append` takes a third fewer instructions than `insert`.
            _ => {}
        }
        match &header.value {
            HeaderSource::Constant(value) => headers.append(name, value.clone()),
            HeaderSource::Echo(echoed) => {
                for value in asked(*echoed).filter(|value| !value.is_empty()) {
                    headers.append(name.clone(), value.clone());
                }
            }
        }
    }
}

/// A clone of a static value counts no references, and nearly every response has these values.
fn header_value(value: &str) -> Result<HeaderValue, InvalidHeaderValue> {
    match value {
        "*" => Ok(HeaderValue::from_static("*")),
        "true" => Ok(HeaderValue::from_static("true")),
        "Origin" => Ok(HeaderValue::from_static("Origin")),
        value => HeaderValue::from_str(value),
    }
}

/// Merges the application's `Vary` and ours into one line.
fn vary_by_origin(headers: &mut HeaderMap) {
    let lines = headers.get_all(VARY).map(HeaderValue::as_bytes);
    // Valid values are a valid value when they are joined.
    if let Some(Ok(line)) = merge_vary(lines).map(HeaderValue::try_from) {
        headers.insert(VARY, line);
    }
}

fn is_owned(name: &HeaderName) -> bool {
    let mut owned = ResponseHeader::OWNED.iter();
    owned.any(|owned| *name == response_header_name(*owned))
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
        ResponseHeader::CacheControl => CACHE_CONTROL,
        other => HeaderName::from_static(other.name()),
    }
}
