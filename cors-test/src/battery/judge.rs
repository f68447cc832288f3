//! What is wrong with the responses.

use cors_browser_model::{Exchange as Modelled, Kind, Response};
use cors_explain::server::{
    self, ALLOW_ORIGIN, Comparison, Difference, allows_credentials, names_origin, review,
    varies_by_origin,
};
use cors_explain::{PolicyAnswer, Severity};

use super::origins;
use super::plan::{Asks, Probe};

/// A request, its response, and the response of the policy.
pub(super) struct Exchange {
    pub(super) probe: Probe,
    pub(super) answer: PolicyAnswer,
    /// Or why there is none.
    pub(super) response: Result<Response, String>,
}

/// A group of requests, and what is wrong with their responses.
pub(super) struct Judged {
    pub(super) asks: Asks,
    pub(super) exchanges: Vec<Exchange>,
    /// Each with the index of its exchange.
    pub(super) found: Vec<(usize, server::Finding)>,
    /// Whether the responses for granted origins have none of the policy's headers; `None` if no origin is granted.
    pub(super) nothing_applied: Option<bool>,
}

/// Judges requests that differ only in their origin.
pub(super) fn judge(asks: Asks, exchanges: Vec<Exchange>) -> Judged {
    let compared: Vec<_> = exchanges
        .iter()
        .map(|exchange| {
            let response = exchange.response.as_ref().ok()?;
            let sent = &exchange.probe.sent;
            Some(Comparison::new(
                asks.kind(),
                sent,
                response,
                &exchange.answer,
            ))
        })
        .collect();
    let granted = exchanges.iter().zip(&compared);
    let granted = granted.filter(|(exchange, _)| exchange.is_granted());
    let applied: Vec<_> = granted
        .filter_map(|(_, comparison)| Some(!comparison.as_ref()?.nothing_applied))
        .collect();
    // Without a grant the policy's only header may be `Vary`, so such a response does not show what is missing.
    let nothing_applied = (!applied.is_empty()).then(|| !applied.contains(&true));
    let is_constant = is_constant(&exchanges);
    let mut found = Vec::new();
    for (index, (exchange, comparison)) in exchanges.iter().zip(&compared).enumerate() {
        let findings = match (&exchange.response, comparison) {
            (Ok(response), Some(comparison)) => {
                let view = View {
                    asks: &asks,
                    exchange,
                    response,
                    is_constant,
                };
                view.findings(comparison, nothing_applied == Some(true))
            }
            (Err(why), _) => vec![no_response(why)],
            (Ok(_), None) => Vec::new(),
        };
        found.extend(findings.into_iter().map(|finding| (index, finding)));
    }
    Judged {
        asks,
        exchanges,
        found,
        nothing_applied,
    }
}

/// Whether all responses name the same origin.
fn is_constant(exchanges: &[Exchange]) -> bool {
    let mut values = exchanges.iter().map(|exchange| {
        let response = exchange.response.as_ref().ok()?;
        server::value(&response.headers, ALLOW_ORIGIN)
    });
    let first = values.next().flatten();
    first.is_some() && values.all(|value| value == first)
}

impl Exchange {
    /// Whether a page of the origin may read the response of the policy.
    fn is_granted(&self) -> bool {
        self.answer.headers.contains(ALLOW_ORIGIN)
    }
}

/// A response that is judged.
struct View<'a> {
    asks: &'a Asks,
    exchange: &'a Exchange,
    response: &'a Response,
    /// All responses of the group name the same origin, so that caches need not distinguish them.
    is_constant: bool,
}

const VARY: &str = "vary";

impl View<'_> {
    fn findings(&self, comparison: &Comparison, nothing_applied: bool) -> Vec<server::Finding> {
        let mut findings: Vec<_> = self.unexpected_status().into_iter().collect();
        if nothing_applied && comparison.nothing_applied {
            if !comparison.differences.is_empty() {
                findings.push(not_applied(self.response.status));
            }
            return findings;
        }
        findings.extend(self.not_refused());
        // Each of these explains the other differences.
        let explained = (self.several_origins())
            .or_else(|| self.reflected())
            .or_else(|| self.options_answered());
        if explained.is_some() {
            findings.extend(explained);
            return findings;
        }
        let mut differences = comparison.differences.clone();
        if self.blocks() || self.opens() {
            // The other fields follow from that, and caches do not.
            differences.retain(|difference| {
                difference.field.eq_ignore_ascii_case(ALLOW_ORIGIN) || difference.field == VARY
            });
            findings.extend(self.differences(&differences));
            return findings;
        }
        let status = self.preflight_status();
        let is_status_explained = status.is_some() || !findings.is_empty();
        findings.extend(status);
        differences
            .retain(|difference| difference.field != Difference::STATUS || !is_status_explained);
        findings.extend(self.differences(&differences));
        findings.extend(self.stored_refusal());
        findings
    }

    fn origin(&self) -> Option<&str> {
        let sender = self.exchange.probe.sender.as_ref();
        sender.map(|sender| sender.origin.as_str())
    }

    fn is_ok(&self) -> bool {
        (200..=299).contains(&self.response.status)
    }

    /// Whether a page of the origin may read the response.
    fn is_readable(&self) -> bool {
        names_origin(self.response, "*")
            || (self.origin()).is_some_and(|origin| names_origin(self.response, origin))
    }

    /// A page of the origin is blocked, and may read the response of the policy.
    fn blocks(&self) -> bool {
        self.exchange.is_granted() && !self.is_readable()
    }

    /// A page of the origin may read the response, and not that of the policy. Browsers use a preflight's response only with an
    /// ok status.
    fn opens(&self) -> bool {
        let is_used = self.asks.kind() == Kind::Actual || self.is_ok();
        !self.exchange.is_granted() && self.is_readable() && is_used
    }

    /// A response to another request than the one that was meant.
    fn unexpected_status(&self) -> Option<server::Finding> {
        const CODE: &str = "unexpected-status";
        if self.origin().is_none() && self.exchange.answer.status.is_some() {
            // A request without an origin is refused only for its host.
            let host = crate::wire::authority(&self.exchange.probe.sent.url);
            return Some(server::Finding::warning(
                CODE,
                format!(
                    "the policy refuses all requests for the host `{host}`, which is not among its `hosts`"
                ),
                "write the route as a URL with one of the hosts",
            ));
        }
        let Asks::Request(Some(expected)) = self.asks else {
            return None;
        };
        let status = self.response.status;
        if status == *expected || self.exchange.answer.status.is_some() {
            return None;
        }
        let sent = &self.exchange.probe.sent;
        Some(server::Finding::warning(
            CODE,
            format!(
                "the response to {} {} has the status {status}, not {expected}",
                sent.method,
                cors_explain::masked_url(sent.url.path())
            ),
            "correct the route's path, methods, headers or body, or its status: the other findings are about another response \
             than the one that was meant",
        ))
    }

    /// A request that the policy refuses, and the application does not.
    fn not_refused(&self) -> Option<server::Finding> {
        let refused = self.exchange.answer.status?;
        if self.asks.kind() == Kind::Preflight || self.response.status == refused {
            return None;
        }
        let finding = server::Finding::warning(
            "not-refused",
            "the policy refuses the request, and the response is not that refusal".to_owned(),
            "another origin's page can send it with the user's cookies; apply the policy outermost, with a middleware that knows \
             `refuse`",
        );
        Some(finding.with_severity(Severity::Error))
    }

    /// A refusal that caches may keep.
    fn stored_refusal(&self) -> Option<server::Finding> {
        const CACHE_CONTROL: &str = "Cache-Control";
        let is_refused = self.exchange.answer.status == Some(self.response.status);
        let policy = server::value(&self.exchange.answer.headers, CACHE_CONTROL)?;
        let found = server::value(&self.response.headers, CACHE_CONTROL).unwrap_or_default();
        let is_stored = !found.split(',').any(|directive| directive.trim() == policy);
        (is_refused && is_stored).then(|| {
            server::Finding::warning(
                "policy-differs",
                "`cache-control` differs from the policy: a cache may store the refusal, and send it to other pages".to_owned(),
                "send `Cache-Control: no-store` with a refusal",
            )
        })
    }

    fn several_origins(&self) -> Option<server::Finding> {
        if self.response.headers.values(ALLOW_ORIGIN).count() < 2 {
            return None;
        }
        let finding = server::Finding::warning(
            "allow-origin-multiple",
            "the response has several lines of `Access-Control-Allow-Origin`, which browsers reject".to_owned(),
            "two places write it, such as two middlewares, or a handler and a middleware: let only the outermost one write it",
        );
        Some(finding.with_severity(Severity::Error))
    }

    /// An origin without a grant that the response names.
    fn reflected(&self) -> Option<server::Finding> {
        let sender = self.exchange.probe.sender.as_ref()?;
        if self.exchange.is_granted() || !names_origin(self.response, &sender.origin) {
            return None;
        }
        let credentials = allows_credentials(self.response);
        let compare = "compare the whole origin with the list";
        let echo = "echo `Origin` only if it is on the list";
        let (code, what, help) = match sender.code {
            _ if self.asks.kind() == Kind::Preflight => (
                "preflight-reflects",
                "to a preflight allows an origin that the policy does not list",
                "use the same list for preflights and other requests",
            ),
            origins::NULL_ACCEPTED => (
                origins::NULL_ACCEPTED,
                "allows the origin `null`, which any page can have in a sandboxed frame",
                "remove `null` from the list",
            ),
            origins::PREFIX => (
                origins::PREFIX,
                "allows an origin that only begins like one of the policy",
                compare,
            ),
            origins::SUFFIX => (
                origins::SUFFIX,
                "allows an origin whose host only ends like one of the policy",
                compare,
            ),
            origins::HTTP => (
                origins::HTTP,
                "allows an origin of the policy with http instead of https",
                "remove origins with `http://` from the list",
            ),
            _ if credentials => (
                "reflected-origin-with-credentials",
                "names an origin that the policy does not list, and allows credentials",
                echo,
            ),
            _ => (
                origins::REFLECTED,
                "names an origin that the policy does not list",
                echo,
            ),
        };
        let finding = server::Finding::warning(code, format!("the response {what}"), help);
        Some(match credentials {
            _ if !self.opens() => finding.with_severity(Severity::Note),
            true => finding.with_severity(Severity::Error),
            false => finding,
        })
    }

    /// A plain `OPTIONS` that gets the response of a preflight, which has headers that no other response has.
    fn options_answered(&self) -> Option<server::Finding> {
        const ONLY_PREFLIGHTS: [&str; 3] = [
            "Access-Control-Allow-Methods",
            "Access-Control-Allow-Headers",
            "Access-Control-Max-Age",
        ];
        let is_plain =
            self.asks.kind() == Kind::Actual && self.exchange.probe.sent.method == "OPTIONS";
        let has = |name: &&str| self.response.headers.contains(name);
        let is_answered = is_plain && ONLY_PREFLIGHTS.iter().any(has);
        is_answered.then(|| {
            server::Finding::warning(
                "options-answered",
                "an `OPTIONS` request that is not a preflight gets the response of one".to_owned(),
                "the CORS middleware answers every `OPTIONS`, so the application's own `OPTIONS` never runs; answer only those with \
                 `Origin` and `Access-Control-Request-Method`",
            )
        })
    }

    /// A status of the response to a preflight that another layer or a handler has sent.
    fn preflight_status(&self) -> Option<server::Finding> {
        if self.asks.kind() != Kind::Preflight {
            return None;
        }
        let status = self.response.status;
        let expects_ok = self
            .exchange
            .answer
            .status
            .is_some_and(|status| status < 300);
        let finding = match status {
            300..=399 if expects_ok => server::Finding::warning(
                "preflight-redirect",
                format!(
                    "the preflight is redirected (status {status}), which browsers do not follow"
                ),
                "answer preflights before any redirect: apply the CORS middleware outermost",
            ),
            _ if expects_ok && !self.is_ok() => server::Finding::warning(
                "preflight-not-ok",
                format!(
                    "the preflight gets the status {status}, so browsers do not send the request"
                ),
                "the CORS middleware lets preflights pass, and something inside of it responds; use one that answers them itself",
            ),
            _ if self.is_ok() && self.has_content() => server::Finding::warning(
                "preflight-forwarded",
                "the response to the preflight has content, so it is from a handler".to_owned(),
                "the CORS middleware lets preflights pass, and a handler runs for them; use one that answers them itself",
            ),
            _ => return None,
        };
        Some(match finding.code {
            "preflight-forwarded" => finding,
            _ => finding.with_severity(Severity::Error),
        })
    }

    /// Whether the head says that there is content. The body is not read, because it may not end.
    fn has_content(&self) -> bool {
        let headers = &self.response.headers;
        match headers.get("Content-Length") {
            Some(length) => length != b"0",
            None => headers.contains("Content-Type"),
        }
    }

    fn differences(&self, differences: &[Difference]) -> Vec<server::Finding> {
        let (kind, sent) = (self.asks.kind(), &self.exchange.probe.sent);
        let reviewed = review(&[Modelled {
            kind,
            causes: Vec::new(),
            preflight_cached: false,
            sent: sent.clone(),
            response: Some(self.response.clone()),
            checks: Vec::new(),
        }]);
        let mut findings: Vec<server::Finding> = Vec::new();
        for difference in differences {
            let explains =
                |finding: &&server::Finding| explained_by(finding.code).contains(&difference.field);
            let finding = match reviewed.iter().find(explains) {
                _ if difference.field == VARY && !self.is_constant => self.vary(difference),
                _ if self.has_no_effect(difference) => no_effect(),
                Some(finding) => finding.clone(),
                None => self.differs(difference),
            };
            if !findings.contains(&finding) {
                findings.push(finding);
            }
        }
        findings
    }

    /// Browsers ignore the other fields of a response that the page may not read.
    fn has_no_effect(&self, difference: &Difference) -> bool {
        match difference.field {
            Difference::STATUS => true,
            VARY => self.is_constant,
            _ => !self.exchange.is_granted() && !self.opens(),
        }
    }

    fn vary(&self, difference: &Difference) -> server::Finding {
        if varies_by_origin(self.response) {
            return self.differs(difference);
        }
        server::Finding::warning(
            "missing-vary",
            "the response has no `Vary: Origin`, and with the policy it has".to_owned(),
            "a cache may send the response for one origin to pages of another, which are then blocked; send `Vary: Origin` with \
             every response, also for requests without `Origin` and for errors",
        )
    }

    fn differs(&self, difference: &Difference) -> server::Finding {
        let finding = server::Finding::warning(
            "policy-differs",
            format!(
                "`{}` differs from the policy: {}",
                difference.field, difference.meaning
            ),
            "if it differs everywhere, the middleware has other settings than the policy; if it differs at some paths, a handler or \
             another middleware also writes the header",
        );
        let is_origin = difference.field.eq_ignore_ascii_case(ALLOW_ORIGIN);
        match is_origin && self.blocks() {
            true => finding.with_severity(Severity::Error),
            false => finding,
        }
    }
}

/// The fields whose difference a finding of `review` explains.
fn explained_by(code: &str) -> &'static [&'static str] {
    match code {
        "wildcard-with-credentials" => &[
            "access-control-allow-origin",
            "access-control-allow-credentials",
        ],
        "allow-credentials-not-true" => &["access-control-allow-credentials"],
        "no-max-age" | "max-age-invalid" => &["access-control-max-age"],
        _ => &[],
    }
}

fn no_effect() -> server::Finding {
    let finding = server::Finding::warning(
        "policy-differs",
        "the status or a header differs from the policy, without effect: browsers accept each status from 200 to 299, and \
         ignore the other headers of a response that the page may not read"
            .to_owned(),
        "nothing has to change for browsers",
    );
    finding.with_severity(Severity::Note)
}

fn no_response(why: &str) -> server::Finding {
    let finding = server::Finding::warning(
        "no-response",
        format!("the application does not respond: {why}"),
        "correct the application, or the driver",
    );
    finding.with_severity(Severity::Error)
}

pub(super) const NOT_APPLIED: &str = "policy-not-applied";

/// A response without the policy's headers.
fn not_applied(status: u16) -> server::Finding {
    let (who, help) = match status {
        401 | 403 | 407 => (
            "authentication",
            "apply the CORS middleware outside of authentication: in axum and actix-web, the one that is added last is outermost",
        ),
        404 | 405 | 501 => (
            "the router",
            "apply the CORS middleware outermost, to the whole application with its fallback",
        ),
        500..=599 => (
            "an error",
            "apply the CORS middleware outside of what sends errors, such as a time limit, a limit of the load, or a handler of panics",
        ),
        _ => (
            "the application",
            "apply the CORS middleware outermost, to the whole application",
        ),
    };
    let finding = server::Finding::warning(
        NOT_APPLIED,
        format!(
            "the response has none of the policy's headers: {who} responds outside of the CORS middleware, with {status}"
        ),
        help,
    );
    finding.with_severity(Severity::Error)
}

/// No response has the policy's headers.
pub(super) fn never_applied() -> server::Finding {
    let finding = server::Finding::warning(
        NOT_APPLIED,
        "no response has any of the policy's headers".to_owned(),
        "apply the CORS middleware, outermost, to the whole application",
    );
    finding.with_severity(Severity::Error)
}
