//! Compares a server's responses with a policy.

mod meaning;

use std::io::{self, Write};

use cors_browser_model::{Exchange, FetchOutcome, Kind, Origin, Response};
use cors_core::Policy;
use cors_core::adapter::ResponseHeader;
use cors_explain::{
    PageRequest, PolicyAnswer, PolicyServer, Simulation, masked_url, ok_application,
};
use serde::Serialize;
use serde_json::json;

use crate::output::{BOLD, GOOD, INFO, Printable, Styled, WARN};
use crate::probe::header::value;

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

/// A difference in one response.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Difference {
    method: String,
    url: String,
    field: &'static str,
    policy: Option<String>,
    server: Option<String>,
    /// What the difference means for pages.
    meaning: String,
}

const STATUS: &str = "status";

impl Comparison {
    /// Compares the responses of the server that the page requested. After a redirect to another server, the policy
    /// does not apply.
    pub(crate) fn new(policy: &Policy, page: &PageRequest, simulation: &Simulation) -> Self {
        let server = Origin::of(&page.request.url);
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
            if Origin::of(&exchange.sent.url) != server {
                continue;
            }
            comparison.compared += 1;
            comparison.add(
                exchange,
                response,
                &PolicyAnswer::new(policy, &exchange.sent),
            );
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

    fn add(&mut self, exchange: &Exchange, response: &Response, answer: &PolicyAnswer) {
        let mut add = |field, policy, server, meaning| {
            self.differences.push(Difference {
                method: exchange.sent.method.clone(),
                url: masked_url(exchange.sent.url.as_str()),
                field,
                policy,
                server,
                meaning,
            });
        };
        if let Some(status) = answer.status.filter(|status| *status != response.status) {
            let meaning = meaning::of_status(status, response);
            let server = response.status.to_string();
            add(STATUS, Some(status.to_string()), Some(server), meaning);
        }
        for field in fields(exchange.kind) {
            let name = field.name();
            let policy = value(&answer.headers, name);
            let server = value(&response.headers, name);
            if let Some(meaning) =
                meaning::of_field(*field, policy.as_deref(), server.as_deref(), &exchange.sent)
            {
                add(name, policy, server, meaning);
            } else if policy.is_some() {
                self.nothing_applied = false;
            }
        }
        let has_cors = |field: &ResponseHeader| {
            *field != ResponseHeader::Vary && response.headers.contains(field.name())
        };
        self.nothing_applied &= !fields(exchange.kind).iter().any(has_cors);
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
                STATUS => "the status".to_owned(),
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

/// The headers that matter in a response.
fn fields(kind: Kind) -> &'static [ResponseHeader] {
    use ResponseHeader as Field;
    match kind {
        Kind::Preflight => &[
            Field::AccessControlAllowOrigin,
            Field::AccessControlAllowCredentials,
            Field::AccessControlAllowMethods,
            Field::AccessControlAllowHeaders,
            Field::AccessControlMaxAge,
            Field::Vary,
        ],
        Kind::Actual => &[
            Field::AccessControlAllowOrigin,
            Field::AccessControlAllowCredentials,
            Field::AccessControlExposeHeaders,
            Field::TimingAllowOrigin,
            Field::Vary,
        ],
    }
}
