//! `cors probe`.

mod advice;
mod audit;
mod browser;
mod client;
mod compare;
pub(crate) mod finding;
pub(crate) mod handshake;
mod header;
mod other_half;

use std::io::{self, Write};

use cors_browser_model::{
    Blocked, Credentials, FetchOutcome, Headers, Readable, Response, Run, SentRequest,
};
use cors_explain::server::{
    Finding, cookies_not_sent, headers_not_exposed, hidden_headers, review,
};
use cors_explain::{
    FailureCode, PageRequest, Simulation, Source, ValidPolicy, codes, masked_url, readable_text,
};
use serde_json::{Value, json};

use self::client::{Client, SendError, Sender};
use self::compare::Comparison;
use self::other_half::OtherHalf;
use crate::cli::{Expected, Probe, RequestOptions};
use crate::error::{Error, Outcome};
use crate::output::{BAD, BOLD, DIM, GOOD, Json, Printable, Styled, hanging, text_width};
use crate::simulation::Detail;
use crate::{given, policy, request, simulation};

pub(crate) fn run(args: &Probe, out: &mut impl Write) -> Result<Outcome, Error> {
    let websocket = handshake::http_url(&args.url);
    let (options, own) = without_own(&args.request)?;
    let mut page = match &websocket {
        Some(http_url) => handshake::read(args, &options, http_url)?,
        None => request::read(&args.url, &args.origin, &options)?,
    };
    for name in browser::OWN.iter().filter(|name| own.contains(name)) {
        page.notes.push(format!(
            "no script can set `{name}`: this value is sent in place of the browser's own"
        ));
    }
    if websocket.is_none() && page.request.credentials == Credentials::Include {
        page.notes.push(
            "this command sends no cookies; a server may answer differently to a browser that does"
                .to_owned(),
        );
    }
    if args.audit && args.policy.is_some() {
        return Err(Error::new(
            "`--audit` and `--policy` cannot be combined; run `cors probe` twice, once with each",
        ));
    }
    if args.audit && args.expect.is_some() {
        return Err(Error::new(
            "`--audit` and `--expect` cannot be combined: an audit tests many origins; remove one of the two",
        ));
    }
    if args.policy.is_none() && !args.load.is_default() {
        return Err(Error::new(
            "`--table`, `--env`, `--env-file`, `--env-from-process` and `--origins` are for a policy: add `--policy FILE`",
        ));
    }
    let sender = Sender {
        page: (!args.audit).then(|| page.request.origin.clone()),
        body: page.body.clone(),
        own,
    };
    let mut client = Client::new(args, sender)?;
    if args.audit {
        return audit::run(args, &page, &mut client, out);
    }
    let policy = match &args.policy {
        Some(file) => {
            let origins = policy::read_origins(&args.load)?;
            let source = policy::read(file, &args.load, &origins)?;
            let valid = policy::load(&source, args.json, out)?;
            Some((source, valid))
        }
        None => None,
    };
    let simulation = Simulation::new(&page.request, &mut client);
    // An additional request without a response is a difference from the policy.
    let send_error = client.send_error().cloned();
    let other_half = policy
        .as_ref()
        .and_then(|(_, valid)| OtherHalf::send(&valid.policy, &simulation, &mut client));
    let comparison = policy
        .as_ref()
        .map(|(_, valid)| Comparison::new(&valid.policy, &page, &simulation, other_half.as_ref()));
    let report = Report {
        findings: findings(&page, &simulation, comparison.as_ref()),
        args,
        page: &page,
        client: &client,
        simulation: &simulation,
        comparison,
        policy: policy.as_ref(),
        send_error: send_error.as_ref(),
    };
    match args.json {
        true => writeln!(out, "{}", Json(&report.to_json()))?,
        false => report.write(out)?,
    }
    match report.send_error {
        Some(send_error) => Err(send_error.clone().into_error()),
        None => Ok(report.outcome()),
    }
}

/// The response that is blocked, or that the page reads.
fn last_response(run: &Run) -> Option<&Response> {
    run.exchanges.last()?.response.as_ref()
}

/// What the page reads, if it reads something.
fn readable(run: &Run) -> Option<&Readable> {
    match &run.outcome {
        FetchOutcome::Response(readable) => Some(readable),
        FetchOutcome::Blocked(_) => None,
    }
}

/// The options without the headers that replace a browser's own, and these headers.
fn without_own(options: &RequestOptions) -> Result<(RequestOptions, Headers), Error> {
    let mut options = options.clone();
    let mut own = Headers::new();
    for header in std::mem::take(&mut options.headers) {
        let (name, value) = request::parse_header(&header)?;
        let is_own = browser::OWN
            .iter()
            .any(|own| own.eq_ignore_ascii_case(name));
        match is_own {
            true => own.append(name, value),
            false => options.headers.push(header),
        }
    }
    Ok((options, own))
}

/// What is wrong with the responses, apart from differences from a policy.
fn findings(
    page: &PageRequest,
    simulation: &Simulation,
    comparison: Option<&Comparison<'_>>,
) -> Vec<Finding> {
    let exchanges = simulation
        .shown()
        .map_or(&[][..], |(_, run)| &run.exchanges);
    let mut reviewed = exchanges.to_vec();
    if let Some(comparison) = comparison.filter(|it| it.fault.is_some()) {
        // A policy's responses have none of these findings: they follow from the fault.
        reviewed.retain(|exchange| !comparison.is_own(&exchange.sent.url));
    }
    let mut findings = review(&reviewed);
    let hidden = simulation
        .shown()
        .and_then(|(_, run)| Some((last_response(run)?, readable(run)?)));
    findings
        .extend(hidden.and_then(|(response, readable)| headers_not_exposed(response, readable)));
    findings.extend(cookies_not_sent(&page.request, exchanges));
    findings.sort_by_key(|finding| finding.severity);
    findings
}

/// The result of a request.
struct Report<'a> {
    args: &'a Probe,
    page: &'a PageRequest,
    client: &'a Client,
    simulation: &'a Simulation,
    findings: Vec<Finding>,
    comparison: Option<Comparison<'a>>,
    policy: Option<&'a (Source, ValidPolicy)>,
    send_error: Option<&'a SendError>,
}

impl Report<'_> {
    fn outcome(&self) -> Outcome {
        let is_different = self
            .comparison
            .as_ref()
            .is_some_and(|comparison| !comparison.is_equal());
        let is_fine = match self.is_as_expected() {
            Some(is_expected) => is_expected,
            None => self.gets(Expected::Readable) && !finding::are_bad(&self.findings),
        };
        match is_fine && !is_different {
            true => Outcome::Fine,
            false => Outcome::Found,
        }
    }

    /// Whether the page gets this in every browser, and by the standard.
    fn gets(&self, expected: Expected) -> bool {
        let is_mixed = self.page.mixed_content.is_some();
        let blocked = self.simulation.blocked().count();
        match expected {
            Expected::Readable => !is_mixed && blocked == 0,
            Expected::Blocked => is_mixed || blocked == self.simulation.runs.len(),
        }
    }

    /// Whether the page gets what `--expect` says. `None` without it.
    fn is_as_expected(&self) -> Option<bool> {
        self.args.expect.map(|expected| self.gets(expected))
    }

    /// Writes whether the page gets what is expected.
    fn write_expected(&self, out: &mut impl Write) -> io::Result<()> {
        let Some(expected) = self.args.expect else {
            return Ok(());
        };
        let what = match expected {
            Expected::Readable => "every browser should let the page read the response",
            Expected::Blocked => "every browser should block the request",
        };
        let result = match self.gets(expected) {
            true => Styled(GOOD, "as expected"),
            false => Styled(BAD, "not as expected"),
        };
        writeln!(out)?;
        writeln!(out, "{result}: {what}")
    }

    /// The fault of the deployment that made browsers block a request.
    fn fault(&self, blocked: &Blocked) -> Option<&Finding> {
        self.comparison.as_ref()?.cause(blocked)
    }

    /// The headers that the page cannot read.
    fn hidden_headers(&self) -> Vec<String> {
        let shown = self.simulation.shown();
        let hidden =
            shown.and_then(|(_, run)| Some(hidden_headers(last_response(run)?, readable(run)?)));
        hidden.unwrap_or_default()
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let Some((_, run)) = self.simulation.shown() else {
            return Ok(());
        };
        let is_answered = run
            .exchanges
            .iter()
            .any(|exchange| exchange.response.is_some());
        if self.send_error.is_some() && !is_answered {
            return Ok(());
        }
        simulation::write_request(out, self.page)?;
        let verbose = self.args.verbose;
        let added = |sent: &SentRequest| match verbose {
            true => self.client.added(sent),
            false => Headers::new(),
        };
        let detail = Detail {
            metadata: verbose,
            added: &added,
            is_shown: &|name| verbose || header::is_relevant(name),
        };
        simulation::write_exchanges(&detail, out, run, |_| None)?;
        if self.send_error.is_some() {
            return Ok(());
        }
        let others = self.client.sent().filter(|sent| {
            let mut exchanges = run.exchanges.iter();
            let comparison = self.comparison.as_ref();
            !exchanges.any(|exchange| client::is_same(&exchange.sent, sent))
                && !comparison.is_some_and(|comparison| comparison.is_additional(sent))
        });
        for other in others {
            let (method, url) = (Printable(&other.method), masked_url(other.url.as_str()));
            let more = format!("Another engine also sends {method} {url}");
            writeln!(out, "{}", Styled(DIM, more))?;
        }
        simulation::write_verdict(out, self.simulation, false, readable_text)?;
        self.write_expected(out)?;
        self.write_causes(out)?;
        if let (Some(comparison), Some(file)) = (&self.comparison, &self.args.policy) {
            comparison.write(out, &detail, &file.display().to_string())?;
        }
        if let Some((source, valid)) = self.policy {
            let (variables, sets) = (valid.at_run_time(), valid.origin_sets());
            given::write_given(out, source, &variables, &sets, true)?;
        }
        finding::write_findings(out, &self.findings)
    }

    /// For each reason to block: what it means, and what to do.
    fn write_causes(&self, out: &mut impl Write) -> io::Result<()> {
        let mut codes_written = Vec::new();
        for (engine, run, blocked) in self.simulation.blocked() {
            let code = FailureCode::from(&blocked.error).as_str();
            if codes_written.contains(&code) {
                continue;
            }
            let by = match codes_written.is_empty() {
                true => String::new(),
                false => format!(" ({})", engine.name()),
            };
            codes_written.push(code);
            writeln!(out)?;
            writeln!(out, "{}{by}", Styled(BOLD, code))?;
            if let Some(code) = codes::find(code) {
                let summary = code.summary();
                writeln!(out, "{}", hanging("  ", &summary, text_width()))?;
            }
            // The comparison says what to do about a fault.
            if self.fault(blocked).is_none() {
                let remedy = advice::remedy(blocked, last_response(run));
                finding::write_help(out, &remedy)?;
            }
            finding::write_more(out, code)?;
        }
        Ok(())
    }

    fn to_json(&self) -> Value {
        let given = self
            .policy
            .map(|(source, valid)| (source, valid.at_run_time(), valid.origin_sets()));
        let given = given.as_ref();
        let mut causes: Vec<Value> = Vec::new();
        for (_, run, blocked) in self.simulation.blocked() {
            let code = FailureCode::from(&blocked.error).as_str();
            if causes.iter().all(|cause| cause["code"] != code) {
                causes.push(json!({
                    "code": code,
                    "message": blocked.error.to_string(),
                    "help": match self.fault(blocked) {
                        Some(fault) => fault.help.clone(),
                        None => advice::remedy(blocked, last_response(run)),
                    },
                }));
            }
        }
        json!({
            "call": self.page.call(),
            "origin": self.page.request.origin.to_string(),
            "notes": self.page.notes,
            "mixed_content": self.page.mixed_content,
            "requests": self.client.sent().count(),
            "expected": self.args.expect.map(|expected| match expected {
                Expected::Readable => "readable",
                Expected::Blocked => "blocked",
            }),
            "as_expected": self.is_as_expected(),
            "error": self.send_error.map(|send_error| &send_error.message),
            "engines": simulation::to_json(self.simulation),
            "causes": causes,
            "hidden_headers": self.hidden_headers(),
            "findings": self.findings,
            "comparison": self.comparison.as_ref().map(Comparison::to_json),
            "at_run_time": given.map(|(source, variables, _)| given::to_json(source, variables)),
            "origin_sets": given.map(|(source, _, sets)| given::sets_to_json(source, sets)),
        })
    }
}
