//! Compares a server's responses with a policy.

use std::io::{self, Write};

use cors_browser_model::{
    Blocked, Exchange, FetchOutcome, Kind, Origin, Response, SentRequest, Url,
};
use cors_core::Policy;
use cors_explain::server::{self, Difference, Finding, fault, not_forwarded};
use cors_explain::{
    FailureCode, PageRequest, PolicyAnswer, PolicyServer, Simulation, ok_application,
};
use serde_json::json;

use super::client;
use super::finding::{write_help, write_hint, write_more};
use super::other_half::OtherHalf;
use crate::output::{BOLD, GOOD, INFO, Printable, Styled, WARN, hanging, text_width};
use crate::simulation::{self, Detail};

/// The comparison of a server with a policy.
#[derive(Debug)]
pub(crate) struct Comparison<'a> {
    pub(crate) differences: Vec<Difference>,
    /// The number of compared responses.
    compared: usize,
    /// The server sends none of the policy's headers.
    nothing_applied: bool,
    /// The request that this command sent in addition.
    other_half: Option<&'a OtherHalf>,
    /// What is wrong with the deployment: it explains the differences.
    pub(crate) fault: Option<Finding>,
    /// The header of the request that the policy's middleware probably did not get, and whether a preflight shows that.
    not_forwarded: Option<(&'static str, Kind)>,
    /// Whether browsers would allow the request with the policy, if they do otherwise with the server.
    by_policy: Option<bool>,
    /// The server that the page requested.
    server: Origin,
}

impl<'a> Comparison<'a> {
    /// Compares the responses of the server that the page requested. After a redirect to another server, the policy
    /// does not apply.
    pub(crate) fn new(
        policy: &Policy,
        page: &PageRequest,
        simulation: &Simulation,
        other_half: Option<&'a OtherHalf>,
    ) -> Self {
        let mut comparison = Self {
            differences: Vec::new(),
            compared: 0,
            nothing_applied: true,
            other_half,
            fault: None,
            not_forwarded: None,
            by_policy: None,
            server: Origin::of(&page.request.url),
        };
        let Some((_, run)) = simulation.shown() else {
            return comparison;
        };
        let exchanges: Vec<_> = run
            .exchanges
            .iter()
            .filter(|exchange| comparison.is_own(&exchange.sent.url))
            .collect();
        let exchanges = match other_half {
            Some(half) => half.among(exchanges),
            None => exchanges,
        };
        comparison.fault = fault(policy, exchanges.iter().copied());
        // Another version of the policy, which has got the header.
        let is_another = exchanges.iter().any(|it| is_refused_preflight(policy, it));
        for exchange in exchanges {
            let Some(response) = &exchange.response else {
                continue;
            };
            let answer = PolicyAnswer::new(policy, &exchange.sent);
            let (kind, sent) = (exchange.kind, &exchange.sent);
            let mut compared = server::Comparison::new(kind, sent, response, &answer);
            let name = match comparison.fault {
                None if !is_another => not_forwarded(policy, kind, sent, response),
                _ => None,
            };
            let ran = match name {
                Some(_) => Some(
                    "the application responded: the policy's middleware ran, and did not take this for a preflight",
                ),
                None if is_without_grant(policy, kind, sent, response) => Some(
                    "a policy's middleware responded, and its policy has no grant for this origin: another version of the file?",
                ),
                None => None,
            };
            let status = compared
                .differences
                .iter_mut()
                .find(|difference| difference.field == Difference::STATUS);
            if let (Some(ran), Some(status)) = (ran, status) {
                ran.clone_into(&mut status.meaning);
            }
            if let Some(name) = name {
                comparison.not_forwarded.get_or_insert((name, kind));
            }
            comparison.compared += 1;
            comparison.nothing_applied &= compared.nothing_applied;
            comparison.differences.extend(compared.differences);
        }
        let meant = Simulation::new(
            &page.request,
            &mut PolicyServer::new(policy, &ok_application),
        );
        let is_allowed = |simulation: &Simulation| {
            let first = simulation.runs.first();
            first.is_some_and(|(_, run)| matches!(run.outcome, FetchOutcome::Response(_)))
        };
        comparison.by_policy = match (is_allowed(simulation), is_allowed(&meant)) {
            (true, false) => Some(false),
            (false, true) => Some(true),
            _ => None,
        };
        comparison
    }

    /// Whether a URL is of the server with the policy.
    pub(crate) fn is_own(&self, url: &Url) -> bool {
        Origin::of(url) == self.server
    }

    /// The fault that made browsers block a request.
    pub(crate) fn cause(&self, blocked: &Blocked) -> Option<&Finding> {
        let fault = self.fault.as_ref()?;
        (self.is_own(&blocked.url) && self.by_policy == Some(true)).then_some(fault)
    }

    /// What the policy would change for the page.
    fn outcome(&self) -> Option<&'static str> {
        self.by_policy.map(|is_allowed| match is_allowed {
            true => "with the policy, browsers would allow this request",
            false => "with the policy, browsers would block this request",
        })
    }

    /// Whether all responses are the policy's, and none is missing.
    pub(crate) fn is_equal(&self) -> bool {
        self.differences.is_empty() && self.unanswered().is_none()
    }

    /// Why the additional request has no response, if it has none.
    fn unanswered(&self) -> Option<&str> {
        self.other_half?.error.as_deref()
    }

    /// Whether this command sent a request in addition to those of browsers.
    pub(crate) fn is_additional(&self, sent: &SentRequest) -> bool {
        let half = self.other_half.map(|half| &half.exchange.sent);
        half.is_some_and(|half| client::is_same(half, sent))
    }

    /// Writes the additional request, and the differences, each with its meaning.
    pub(crate) fn write(
        &self,
        out: &mut impl Write,
        detail: &Detail<'_>,
        file: &str,
    ) -> io::Result<()> {
        let file = Printable(file);
        if let Some(half) = self.other_half {
            writeln!(out)?;
            let title = format!(
                "This command also sent {}, to compare it with `{file}`",
                half.name()
            );
            simulation::write_exchange(detail, out, &title, &half.exchange)?;
            write_hint(out, half.why())?;
        }
        writeln!(out)?;
        if self.compared == 0 {
            return writeln!(out, "there was no response to compare with `{file}`");
        }
        if self.is_equal() {
            let equal = Styled(GOOD, "equal");
            return writeln!(out, "{equal}: the server's responses match `{file}`");
        }
        let heading = format!("Where the server differs from `{file}`");
        writeln!(out, "{} [{}]", Styled(BOLD, heading), self.code())?;
        self.write_differences(out)?;
        if let Some(outcome) = self.outcome() {
            writeln!(out, "  {outcome}")?;
        }
        if let Some(fault) = &self.fault {
            let message = hanging("  ", &Printable(&fault.message).to_string(), text_width());
            writeln!(out, "  {}", message.trim_start())?;
        }
        if let Some(why) = self.unanswered() {
            writeln!(out, "  no response from {}", Printable(why))?;
        }
        if let Some(help) = self.help() {
            write_help(out, &help)?;
        }
        write_more(out, self.code())
    }

    fn write_differences(&self, out: &mut impl Write) -> io::Result<()> {
        let mut last = None;
        for difference in &self.differences {
            let request = (&difference.method, &difference.url);
            if last.replace(request) != Some(request) {
                writeln!(out, "  {} {}", Printable(request.0), request.1)?;
            }
            let field = match difference.field {
                Difference::STATUS => "the status".to_owned(),
                name => name.to_owned(),
            };
            writeln!(out, "    {}", Styled(WARN, field))?;
            for (label, value) in [
                ("policy", &difference.policy),
                ("server", &difference.server),
            ] {
                let value = value.as_deref().unwrap_or("(none)");
                writeln!(out, "      {label}  {}", Printable(value))?;
            }
            let meaning = Printable(&difference.meaning);
            writeln!(out, "      {}   {meaning}", Styled(INFO, "means"))?;
        }
        Ok(())
    }

    /// What to do. `None` if nothing shows what is wrong.
    fn help(&self) -> Option<String> {
        if let Some(fault) = &self.fault {
            return Some(fault.help.clone());
        }
        if let Some((name, kind)) = self.not_forwarded {
            return Some(not_forwarded_help(name, kind));
        }
        (self.nothing_applied && !self.differences.is_empty()).then(|| NOT_APPLIED.to_owned())
    }

    pub(crate) fn to_json(&self) -> serde_json::Value {
        let fault = self.fault.as_ref();
        let half = self.other_half.map(|half| {
            json!({
                "why": half.why(),
                "error": half.error,
                "exchange": simulation::exchange_json(&half.exchange),
            })
        });
        json!({
            "equal": self.is_equal(),
            "code": (!self.is_equal()).then(|| self.code()),
            "answers": self.compared,
            "by_policy": self.outcome(),
            "fault": fault.map(|fault| &fault.message),
            "not_forwarded": self.not_forwarded.map(|(name, _)| name),
            "help": self.help(),
            "differences": self.differences,
            "other_half": half,
        })
    }

    fn code(&self) -> &'static str {
        if let Some(fault) = &self.fault {
            return fault.code;
        }
        match self.nothing_applied {
            _ if self.not_forwarded.is_some() => "origin-not-forwarded",
            _ if self.differences.is_empty() => FailureCode::NoResponse.as_str(),
            true => "policy-not-applied",
            false => "policy-differs",
        }
    }
}

const NOT_APPLIED: &str = "the responses have none of the policy's headers: is the middleware applied, and outermost? Does the \
    gateway include the exported files in this server?";

/// Whether a middleware took a preflight for one, and its policy has no grant for the origin.
fn is_refused_preflight(policy: &Policy, exchange: &Exchange) -> bool {
    let Exchange {
        kind: Kind::Preflight,
        sent,
        response: Some(response),
        ..
    } = exchange
    else {
        return false;
    };
    let answer = PolicyAnswer::new(policy, sent);
    answer.headers.contains(server::ALLOW_ORIGIN)
        && is_without_grant(policy, Kind::Preflight, sent, response)
}

/// Whether a response is that of the policy to an origin without a grant.
fn is_without_grant(policy: &Policy, kind: Kind, sent: &SentRequest, response: &Response) -> bool {
    let mut foreign = sent.clone();
    foreign.headers.delete("Origin");
    foreign.headers.append("Origin", "https://cors.invalid");
    let answer = PolicyAnswer::new(policy, &foreign);
    let compared = server::Comparison::new(kind, &foreign, response, &answer);
    compared.differences.is_empty()
}

/// What to do if a header of the request does not reach the middleware.
fn not_forwarded_help(name: &str, kind: Kind) -> String {
    let seen = format!(
        "the response is that of the policy to a request without `{name}`: the middleware ran, and a proxy or a CDN in front \
         of it probably removes that header"
    );
    let forward = "forward `Origin`, `Access-Control-Request-Method` and `Access-Control-Request-Headers` (nginx: \
                   `proxy_set_header Origin $http_origin;`; CloudFront: an origin request policy with the three)";
    match kind {
        Kind::Preflight => format!("{seen}; {forward}"),
        Kind::Actual => format!(
            "{seen}, or the server has a policy without this origin, which only the response to a preflight shows; {forward}"
        ),
    }
}
