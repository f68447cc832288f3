//! A preflight and the request that follows it, judged together.

use cors_browser_model::Kind;

use super::Compared;
use crate::server::finding::Finding;
use crate::server::header::{ALLOW_CREDENTIALS, ALLOW_ORIGIN, varies_by_origin};
use crate::text::listed;

/// The finding about a preflight and the request that follows it, if only the response to the request is the policy's.
pub(super) fn preflight_by_gateway(pair: &[Compared<'_>]) -> Option<Finding> {
    let [preflight, actual] = pair else {
        return None;
    };
    if (preflight.kind, actual.kind) != (Kind::Preflight, Kind::Actual) || !actual.is_exact() {
        return None;
    }
    let start = "the response to the request is the policy's, and that to its preflight";
    let message = match preflight.response.headers.contains(ALLOW_ORIGIN) {
        true => {
            let (names, probably) = differing(preflight)?;
            format!(
                "{start} is not: the policy sends {names} alike with both, so another program{probably} responded to the \
                 preflight"
            )
        }
        false if has_no_grant(preflight, actual) => {
            let status = preflight.response.status;
            format!(
                "{start} does not have `{ALLOW_ORIGIN}` (status {status}): the policy sends it with both, so another program \
                 responded to the preflight"
            )
        }
        false => return None,
    };
    Some(Finding::warning(
        "preflight-by-gateway",
        message,
        "forward `OPTIONS` to the application: remove the answer of the gateway (nginx: `if ($request_method = \
         OPTIONS) { return 204; }`; Envoy: the CORS filter; an API gateway: its CORS setting), and apply the middleware outside \
         of the router and of authentication; or let nginx answer by the policy: include `cors.server.conf` of `cors export \
         nginx` in the `server` block",
    ))
}

/// The headers that a policy sends alike with both, and that differ from the policy in the preflight; and how sure it is that
/// another program wrote them. Another version of the policy has other lists, and sends these three alike with both.
fn differing(preflight: &Compared<'_>) -> Option<(String, &'static str)> {
    let is_different = |name: &str| {
        let mut fields = preflight.differences.iter();
        fields.any(|difference| difference.field.eq_ignore_ascii_case(name))
    };
    let alike = [
        (ALLOW_ORIGIN, is_different(ALLOW_ORIGIN)),
        (ALLOW_CREDENTIALS, is_different(ALLOW_CREDENTIALS)),
        ("Vary", preflight.lost_vary()),
    ];
    let differing = alike.iter().filter(|(_, is_different)| *is_different);
    let names: Vec<_> = differing.map(|(name, _)| *name).collect();
    let probably = match &*names {
        [] => return None,
        // A middleware without the policy may leave it out, because no cache stores the response to a preflight.
        ["Vary"] => " probably",
        _ => "",
    };
    Some((listed(&names), probably))
}

/// The preflight fails, and the policy grants both. A middleware that gets the preflight without `Origin` sends `Vary`.
fn has_no_grant(preflight: &Compared<'_>, actual: &Compared<'_>) -> bool {
    let is_granted = preflight.is_granted() && actual.is_granted();
    is_granted && preflight.url == actual.url && !varies_by_origin(preflight.response)
}
