//! Compares a server's responses with a policy.

use std::io::{self, Write};

use cors_browser_model::{Blocked, FetchOutcome, Kind, Origin, Response, SentRequest, Url};
use cors_core::Policy;
use cors_explain::server::{self, Difference, Finding, fault, not_forwarded};
use cors_explain::{PageRequest, PolicyAnswer, PolicyServer, Simulation, ok_application};
use serde_json::json;

use super::finding::write_help;
use crate::output::{BOLD, DIM, GOOD, INFO, Printable, Styled, WARN, hanging, text_width};

/// The comparison of a server with a policy.
#[derive(Debug)]
pub(crate) struct Comparison {
    pub(crate) differences: Vec<Difference>,
    /// The number of compared responses.
    compared: usize,
    /// The server sends none of the policy's headers.
    nothing_applied: bool,
    has_preflight: bool,
    /// What is wrong with the deployment: it explains the differences.
    pub(crate) fault: Option<Finding>,
    /// The header of the request that the policy's middleware probably did not get, and whether a preflight shows that.
    not_forwarded: Option<(&'static str, Kind)>,
    /// Whether browsers would allow the request with the policy, if they do otherwise with the server.
    by_policy: Option<bool>,
    /// The server that the page requested.
    server: Origin,
}

impl Comparison {
    /// Compares the responses of the server that the page requested. After a redirect to another server, the policy
    /// does not apply.
    pub(crate) fn new(policy: &Policy, page: &PageRequest, simulation: &Simulation) -> Self {
        let mut comparison = Self {
            differences: Vec::new(),
            compared: 0,
            nothing_applied: true,
            has_preflight: false,
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
        comparison.fault = fault(policy, exchanges.iter().copied());
        for exchange in exchanges {
            let Some(response) = &exchange.response else {
                continue;
            };
            let answer = PolicyAnswer::new(policy, &exchange.sent);
            let (kind, sent) = (exchange.kind, &exchange.sent);
            let mut compared = server::Comparison::new(kind, sent, response, &answer);
            let name = match comparison.fault {
                Some(_) => None,
                None => not_forwarded(policy, kind, sent, response),
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
            comparison.has_preflight |= kind == Kind::Preflight;
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

    /// Writes the differences, each with its meaning.
    pub(crate) fn write(&self, out: &mut impl Write, file: &str) -> io::Result<()> {
        writeln!(out)?;
        let file = Printable(file);
        if self.compared == 0 {
            return writeln!(out, "there was no response to compare with `{file}`");
        }
        if self.differences.is_empty() {
            let equal = Styled(GOOD, "equal");
            return writeln!(out, "{equal}: the server's responses match `{file}`");
        }
        let heading = format!("Where the server differs from `{file}`");
        writeln!(out, "{} [{}]", Styled(BOLD, heading), self.code())?;
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
        if let Some(outcome) = self.outcome() {
            writeln!(out, "  {outcome}")?;
        }
        if let Some(fault) = &self.fault {
            let message = hanging("  ", &Printable(&fault.message).to_string(), text_width());
            writeln!(out, "  {}", message.trim_start())?;
            write_help(out, &fault.help)?;
            let more = format!("see `cors check --explain {}`", fault.code);
            return writeln!(out, "  {}", Styled(DIM, more));
        }
        match self.not_forwarded {
            Some((name, kind)) => write_help(out, &not_forwarded_help(name, kind)),
            None if self.nothing_applied => {
                writeln!(
                    out,
                    "  {} the responses have none of the policy's headers: is the middleware applied, and outermost?",
                    Styled(INFO, "help:")
                )?;
                match self.has_preflight {
                    true => Ok(()),
                    false => write_help(
                        out,
                        "only the response to a preflight shows whether something removes them: use `-X` or `-H` with a \
                         method or a header that the policy allows",
                    ),
                }
            }
            None => Ok(()),
        }
    }

    pub(crate) fn to_json(&self) -> serde_json::Value {
        let fault = self.fault.as_ref();
        let not_forwarded = self.not_forwarded;
        let not_forwarded_help = not_forwarded.map(|(name, kind)| not_forwarded_help(name, kind));
        json!({
            "equal": self.differences.is_empty(),
            "code": (!self.differences.is_empty()).then(|| self.code()),
            "answers": self.compared,
            "by_policy": self.outcome(),
            "fault": fault.map(|fault| &fault.message),
            "not_forwarded": not_forwarded.map(|(name, _)| name),
            "help": fault.map(|fault| &fault.help).or(not_forwarded_help.as_ref()),
            "differences": self.differences,
        })
    }

    fn code(&self) -> &'static str {
        if let Some(fault) = &self.fault {
            return fault.code;
        }
        match self.nothing_applied {
            _ if self.not_forwarded.is_some() => "origin-not-forwarded",
            true => "policy-not-applied",
            false => "policy-differs",
        }
    }
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
            "{seen}, or the server has a policy without this origin; `-X PUT` sends a preflight, to which the middleware \
             responds itself in the second case; {forward}"
        ),
    }
}
