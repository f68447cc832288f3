//! Policies and requests: what the engine decides, compared with a naive decision.

use cors_core::adapter::{Decision, Header, HeaderSource, RequestHead as _, is_preflight};
use cors_core::text::is_printable;
use cors_core::{Policy, RefusalReason};
use cors_matrix::message::RawRequest;

use crate::bytes::Bytes;
use crate::naive::{self, Decided};
use crate::policy::{self, Plan};
use crate::request;

/// Runs the target.
///
/// # Panics
///
/// If the engine is wrong.
pub fn run(data: &[u8]) {
    let bytes = &mut Bytes::new(data);
    let plan = policy::plan(bytes);
    let Ok(policy) = Policy::new(plan.config.clone()) else {
        return;
    };
    let patterns = plan.patterns();
    for _ in 0..16 {
        let request = request::request(bytes, &plan, &patterns);
        check(&plan, &policy, &request);
        if bytes.is_empty() {
            break;
        }
    }
}

fn check(plan: &Plan, policy: &Policy, request: &RawRequest) {
    let decision = policy.decide(request);
    let expected = naive::decide(plan, request);
    let found = Decided {
        status: match decision {
            Decision::Respond(preflight) => Some(preflight.status()),
            Decision::Refuse(refusal) => Some(refusal.status()),
            Decision::Forward(_) => None,
        },
        reason: decision.refusal().map(RefusalReason::as_str),
        lines: lines(policy.headers(decision), request),
    };
    assert_eq!(found, expected, "{request:?}\n{:?}", plan.config);
    let responds = matches!(decision, Decision::Respond(_));
    assert_eq!(responds, is_preflight(request), "{request:?}");

    let explanation = policy.explain(request);
    assert_eq!(explanation.decision(), decision, "{request:?}");
    let text = explanation.to_string();
    assert!(text.chars().all(is_printable), "{text:?}");
}

/// The lines that an adapter writes.
fn lines(headers: &[Header<Box<str>>], request: &RawRequest) -> Vec<(String, Vec<u8>)> {
    let lines = headers.iter().flat_map(|header| {
        let values = match &header.value {
            HeaderSource::Constant(value) => vec![value.as_bytes().to_vec()],
            HeaderSource::Echo(name) => {
                let values = request.lines(*name).filter(|line| !line.is_empty());
                values.map(<[u8]>::to_vec).collect()
            }
        };
        values
            .into_iter()
            .map(|value| (header.name.name().to_owned(), value))
    });
    lines.collect()
}
