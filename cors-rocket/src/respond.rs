//! How a decision is carried out on a response.

use cors_core::{Decision, Field, ResponseHeader, Value, merge_vary};
use rocket::http::{Header, Status};
use rocket::{Request, Response};

use crate::fairing::Shared;
use crate::head::{Head, lines};

/// All that a policy may say in the answer to a preflight, where nobody else has a say.
const OWNED_IN_PREFLIGHT: [ResponseHeader; 8] = [
    ResponseHeader::AccessControlAllowOrigin,
    ResponseHeader::AccessControlAllowCredentials,
    ResponseHeader::AccessControlAllowMethods,
    ResponseHeader::AccessControlAllowHeaders,
    ResponseHeader::AccessControlMaxAge,
    ResponseHeader::AccessControlExposeHeaders,
    ResponseHeader::TimingAllowOrigin,
    ResponseHeader::Vary,
];

impl Shared {
    /// Every value is borrowed: what the policy fixes from `self`, what is echoed from `request`.
    pub(crate) fn respond<'r>(&'r self, request: &'r Request<'_>, response: &mut Response<'r>) {
        let head = Head::from(request);
        let decision = self.policy.decide(&head);
        self.policy.trace(&head, decision);
        match decision {
            Decision::Respond(preflight) => {
                // It is as our route left it, but for what Rocket says in every response, unless a
                // response fairing took it for one of the application's.
                if response.body().is_some() {
                    *response = Response::new();
                }
                response.set_status(Status::new(preflight.status()));
                remove(&OWNED_IN_PREFLIGHT, response);
            }
            Decision::Forward(_) => remove(&ResponseHeader::OWNED, response),
        }
        for field in self.values.fields(decision.fields()) {
            write(field, request, response);
        }
    }
}

fn remove(owned: &[ResponseHeader], response: &mut Response<'_>) {
    let is_owned = |line: Header<'_>| owned.iter().any(|owned| line.name == owned.name());
    // Most responses have none of them. To see that takes less time than to look each of them up.
    if response.headers().iter().any(is_owned) {
        for owned in owned {
            response.remove_header(owned.name());
        }
    }
}

/// Makes one line of the application's `Vary` and ours.
fn vary_by_origin(response: &mut Response<'_>) {
    let vary = ResponseHeader::Vary.name();
    let lines = response.headers().get(vary).map(str::as_bytes);
    // Lines that are UTF-8 are UTF-8 when they are joined.
    if let Some(Ok(line)) = merge_vary(lines).map(String::from_utf8) {
        response.set_raw_header(vary, line);
    }
}

fn write<'r>(field: &'r Field<String>, request: &'r Request<'_>, response: &mut Response<'r>) {
    let name = field.name.name();
    match &field.value {
        Value::Fixed(value) if field.name == ResponseHeader::Vary => {
            // Most responses have none.
            if lines(response.headers(), name).next().is_none() {
                response.set_raw_header(name, value.as_str());
            } else {
                vary_by_origin(response);
            }
        }
        Value::Fixed(value) => {
            response.set_raw_header(name, value.as_str());
        }
        Value::Echo(header) => {
            let asked = lines(request.headers(), header.name());
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
