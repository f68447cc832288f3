//! Compares a server's responses with a policy.

use std::io::{self, Write};

use cors_browser_model::{FetchOutcome, Origin};
use cors_core::Policy;
use cors_explain::server::{self, Difference};
use cors_explain::{PageRequest, PolicyAnswer, PolicyServer, Simulation, ok_application};
use serde_json::json;

use crate::output::{BOLD, GOOD, INFO, Printable, Styled, WARN};

/// The comparison of a server with a policy.
#[derive(Debug)]
pub(crate) struct Comparison {
    pub(crate) differences: Vec<Difference>,
    /// The number of compared responses.
    compared: usize,
    /// The server sends none of the policy's headers.
    nothing_applied: bool,
    /// The result with the policy, if it differs for the page.
    by_policy: Option<&'static str>,
}

impl Comparison {
    /// Compares the responses of the server that the page requested. After a redirect to another server, the policy
    /// does not apply.
    pub(crate) fn new(policy: &Policy, page: &PageRequest, simulation: &Simulation) -> Self {
        let own = Origin::of(&page.request.url);
        let mut comparison = Self {
            differences: Vec::new(),
            compared: 0,
            nothing_applied: true,
            by_policy: None,
        };
        let Some((_, run)) = simulation.shown() else {
            return comparison;
        };
        for exchange in &run.exchanges {
            let Some(response) = &exchange.response else {
                continue;
            };
            if Origin::of(&exchange.sent.url) != own {
                continue;
            }
            let answer = PolicyAnswer::new(policy, &exchange.sent);
            let compared =
                server::Comparison::new(exchange.kind, &exchange.sent, response, &answer);
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
            (true, false) => Some("with the policy, browsers would block this request"),
            (false, true) => Some("with the policy, browsers would allow this request"),
            _ => None,
        };
        comparison
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
        if let Some(by_policy) = self.by_policy {
            writeln!(out, "  {by_policy}")?;
        }
        if self.nothing_applied {
            writeln!(
                out,
                "  {} the responses have none of the policy's headers: is the middleware applied, and outermost?",
                Styled(INFO, "help:")
            )?;
        }
        Ok(())
    }

    pub(crate) fn to_json(&self) -> serde_json::Value {
        json!({
            "equal": self.differences.is_empty(),
            "code": (!self.differences.is_empty()).then(|| self.code()),
            "answers": self.compared,
            "by_policy": self.by_policy,
            "differences": self.differences,
        })
    }

    fn code(&self) -> &'static str {
        match self.nothing_applied {
            true => "policy-not-applied",
            false => "policy-differs",
        }
    }
}
