//! How many requests had which outcome.

use crate::decide::RequestHead;
use crate::decision::{Decision, Verdict};
use crate::header::RequestHeader;
use crate::policy::Policy;
use crate::refuse::is_of_own_page;

/// Counts a request. A literal, because a label that is not one is allocated.
macro_rules! count {
    ($outcome:literal) => {
        metrics::counter!("cors_requests_total", "outcome" => $outcome).increment(1)
    };
}

impl Policy {
    /// Counts a request that has an `Origin` other than the server's own, or is refused.
    pub(crate) fn count(&self, head: &impl RequestHead, decision: Decision) {
        let is_refusal = decision.refusal().is_some();
        match (decision, decision.verdict()) {
            (Decision::Refuse(_), _) => count!("refused"),
            (Decision::Forward(_), _) if is_refusal => count!("reported"),
            (Decision::Respond(_), Verdict::Granted(_)) => {
                match self.allows_asked(head, decision) {
                    true => count!("preflight-granted"),
                    false => count!("preflight-not-allowed"),
                }
            }
            (Decision::Respond(_), _) => count!("preflight-no-grant"),
            (Decision::Forward(_), _) if is_of_own_page(head) => {}
            // A part that is one `*` grant does not look for an `Origin`.
            (Decision::Forward(_), Verdict::Granted(_)) if has_origin(head) => count!("granted"),
            (Decision::Forward(_), Verdict::NoGrant) => count!("no-grant"),
            (Decision::Forward(_), _) => {}
        }
    }
}

fn has_origin(head: &impl RequestHead) -> bool {
    head.lines(RequestHeader::Origin).next().is_some()
}
