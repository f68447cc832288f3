//! Applies a decision to a response.

use cors_core::adapter::{Decision, Header, HeaderSource, ResponseHeader, merge_vary};
use rocket::http::Status;
use rocket::{Request, Response};

use crate::fairing::AppliedPolicy;
use crate::head::{Head, lines};

impl AppliedPolicy {
    /// Every value is borrowed: constant ones from `self`, echoed ones from `request`.
    pub(crate) fn apply<'r>(&'r self, request: &'r Request<'_>, response: &mut Response<'r>) {
        let head = Head::from(request);
        let Self(policy) = self;
        // Reading the cache of a request writes to it.
        let decision = match policy.refuses().then(|| refused(request)).flatten() {
            Some(decision) => decision,
            None => {
                let decision = policy.decide(&head);
                policy.log(&head, decision);
                decision
            }
        };
        match decision {
            Decision::Respond(preflight) => answer(preflight.status(), response),
            Decision::Refuse(refusal) => answer(refusal.status(), response),
            Decision::Forward(_) => {
                remove(ResponseHeader::OWNED, response, |header| {
                    policy.warn_replaced(header)
                });
            }
        }
        for header in policy.headers(decision) {
            write(header, request, response);
        }
    }
}

impl AppliedPolicy {
    /// The decision, if the request is refused.
    pub(crate) fn refused(&self, request: &Request<'_>) -> Option<Decision> {
        let Self(policy) = self;
        if !policy.refuses() {
            return None;
        }
        let head = Head::from(request);
        let decision = policy.decide(&head);
        if !matches!(decision, Decision::Refuse(_)) {
            return None;
        }
        policy.log(&head, decision);
        Some(decision)
    }
}

/// The decision for a request that was refused when it arrived. After that it has another method.
pub(crate) fn refused(request: &Request<'_>) -> Option<Decision> {
    *request.local_cache(|| None)
}

/// Makes the response of our route that to a preflight, or to a refused request.
fn answer(status: u16, response: &mut Response<'_>) {
    // Our route wrote no body. A body is from a response fairing that did not know which response this is.
    if response.body().is_some() {
        *response = Response::new();
    }
    response.set_status(Status::new(status));
    remove(ResponseHeader::ALL, response, |_| {});
}

/// Removes headers; `removed` is called for each that was there.
fn remove(owned: &[ResponseHeader], response: &mut Response<'_>, removed: impl Fn(ResponseHeader)) {
    // Names are compared without case, as in Rocket. Most responses have none of these headers: one pass
    // over the lines takes less time than a lookup of each name.
    let mut lines = response.headers().iter();
    if !lines.any(|line| owned.iter().any(|owned| line.name == owned.name())) {
        return;
    }
    drop(lines);
    for owned in owned {
        if response.headers().contains(owned.name()) {
            response.remove_header(owned.name());
            removed(*owned);
        }
    }
}

/// Merges the application's `Vary` and ours into one line.
fn vary_by_origin(response: &mut Response<'_>) {
    let vary = ResponseHeader::Vary.name();
    let lines = response.headers().get(vary).map(str::as_bytes);
    // UTF-8 lines are UTF-8 when they are joined.
    if let Some(Ok(line)) = merge_vary(lines).map(String::from_utf8) {
        response.set_raw_header(vary, line);
    }
}

fn write<'r>(header: &'r Header<Box<str>>, request: &'r Request<'_>, response: &mut Response<'r>) {
    let name = header.name.name();
    match &header.value {
        HeaderSource::Constant(value) if header.name == ResponseHeader::Vary => {
            // Most responses have none.
            if lines(response.headers(), name).next().is_none() {
                response.set_raw_header(name, &**value);
            } else {
                vary_by_origin(response);
            }
        }
        HeaderSource::Constant(value) => {
            response.set_raw_header(name, &**value);
        }
        HeaderSource::Echo(echoed) => {
            let asked = lines(request.headers(), echoed.name());
            let mut asked = asked.filter(|line| !line.is_empty());
            if let Some(first) = asked.next() {
                response.set_raw_header(name, first);
            }
            for line in asked {
                response.adjoin_raw_header(name, line);
            }
        }
    }
}
