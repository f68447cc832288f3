//! `cors probe --audit`: tests for known errors in the matching of origins.

mod judge;
mod plan;
mod test;

use std::io::{self, Write};
use std::time::Duration;

use cors_browser_model::SentRequest;
use cors_explain::server::{ALLOW_ORIGIN, Finding, value};
use cors_explain::{PageRequest, Severity, header_lines, masked_url};
use serde_json::{Value, json};

use self::judge::{Answer, Tested, Verdict};
use self::plan::{Planned, Target};
use self::test::{ALLOWED, Asks, Test};
use crate::cli::Probe;
use crate::error::{Error, Outcome};
use crate::output::{BAD, BOLD, DIM, GOOD, INFO, Json, Printable, Styled, WARN};
use crate::probe::client::{self, Client, SendError};
use crate::probe::finding;
use crate::probe::handshake;
use crate::probe::header;

pub(crate) fn run(
    args: &Probe,
    page: &PageRequest,
    client: &mut Client,
    out: &mut impl Write,
) -> Result<Outcome, Error> {
    let target = Target::new(&page.request.origin)?;
    let delay = client::seconds("--delay", args.delay)?;
    let method = &page.request.method;
    if page.body.is_some()
        || !["GET", "HEAD"]
            .iter()
            .any(|safe| method.eq_ignore_ascii_case(safe))
    {
        let message = "an audit sends only GET or HEAD, without a body, so that it changes nothing; remove `-X` and `-d`";
        return Err(Error::new(message));
    }
    let planned = plan::plan(&target, &page.request.url);
    let mut audit = Audit {
        args,
        page,
        target,
        requests: planned
            .iter()
            .filter(|planned| planned.origin.is_ok())
            .count(),
        tested: Vec::new(),
        findings: Vec::new(),
        tests: Vec::new(),
        skipped: Vec::new(),
        send_error: None,
    };
    if !args.json {
        audit.write_heading(out)?;
    }
    for Planned { test, asks, origin } in planned {
        match origin {
            Ok(origin) => audit.test(test, asks, origin, client, delay, out)?,
            Err(why) => audit.skip(test, asks, &why, out)?,
        }
        // An audit takes some time, so show its first lines at once.
        out.flush()?;
        if audit.send_error.is_some() {
            break;
        }
    }
    if audit.send_error.is_none() {
        audit.findings.extend(judge::overall(&audit.tested));
    }
    audit.findings.sort_by_key(|finding| finding.severity);
    match args.json {
        true => writeln!(out, "{}", Json(&audit.to_json()))?,
        false => audit.write_findings(out)?,
    }
    match audit.send_error {
        Some(send_error) => Err(send_error.into_error()),
        None if finding::are_bad(&audit.findings) => Ok(Outcome::Found),
        None => Ok(Outcome::Fine),
    }
}

struct Audit<'a> {
    args: &'a Probe,
    page: &'a PageRequest,
    target: Target,
    requests: usize,
    tested: Vec<Tested>,
    findings: Vec<Finding>,
    /// Each test as JSON.
    tests: Vec<Value>,
    /// The lines about skipped tests.
    skipped: Vec<String>,
    /// Why it ended early, if it did.
    send_error: Option<SendError>,
}

impl Audit<'_> {
    fn skip(&mut self, test: &Test, asks: Asks, why: &str, out: &mut impl Write) -> io::Result<()> {
        self.tests
            .push(test_json(test, asks, None, "skipped", Some(why)));
        if self.args.json {
            return Ok(());
        }
        let skipped = format!("  – skipped     {}: {why}", test.from);
        // Several forms of a test are skipped for one reason.
        if self.skipped.contains(&skipped) {
            return Ok(());
        }
        writeln!(out, "{}", Styled(DIM, &skipped))?;
        self.skipped.push(skipped);
        Ok(())
    }

    fn test(
        &mut self,
        test: &'static Test,
        asks: Asks,
        origin: Option<String>,
        client: &mut Client,
        delay: Duration,
        out: &mut impl Write,
    ) -> io::Result<()> {
        if !self.tested.is_empty() {
            std::thread::sleep(delay);
        }
        let request = plan::request(asks, origin.as_deref(), self.page);
        if self.args.verbose && !self.args.json {
            write_sent(out, &request, client)?;
        }
        let response = match client.send(&request) {
            Ok(response) => response,
            // A server need not answer a handshake at a URL where it has no WebSocket.
            Err(send_error)
                if asks == Asks::WebSocket && !handshake::is_websocket(&request.url) =>
            {
                return self.write_unanswered(out, test, origin.as_deref(), &send_error);
            }
            Err(send_error) => {
                self.send_error = Some(send_error);
                return Ok(());
            }
        };
        let tested = Tested {
            test,
            asks,
            origin,
            response,
        };
        let verdict = judge::verdict(&tested, &self.tested, &self.target);
        let outcome = match tested.answer() {
            Answer::Accepted { .. } => "accepted",
            Answer::Everybody => "everybody",
            Answer::Refused => "refused",
        };
        let why = match &verdict {
            Verdict::Good => None,
            Verdict::Explained(why, _) => Some(*why),
            Verdict::Found(finding) => Some(finding.code),
        };
        let origin = tested.origin.as_deref();
        self.tests.push(test_json(test, asks, origin, outcome, why));
        if !self.args.json {
            self.write_test(out, &tested, &verdict)?;
        }
        if let Verdict::Found(finding) = verdict {
            self.findings.push(*finding);
        }
        self.tested.push(tested);
        Ok(())
    }

    fn write_heading(&self, out: &mut impl Write) -> io::Result<()> {
        for note in &self.page.notes {
            writeln!(out, "{} {note}", Styled(INFO, "note:"))?;
        }
        let request = &self.page.request;
        let (method, url) = (Printable(&request.method), masked_url(request.url.as_str()));
        let heading = format!("Auditing {method} {url}");
        writeln!(out, "{}", Styled(BOLD, heading))?;
        writeln!(
            out,
            "  {} requests, {} s apart; the allowed origin is {}",
            self.requests, self.args.delay, self.target.origin
        )?;
        match self.args.verbose {
            true => Ok(()),
            false => writeln!(out),
        }
    }

    fn write_test(
        &self,
        out: &mut impl Write,
        tested: &Tested,
        verdict: &Verdict,
    ) -> io::Result<()> {
        if self.args.verbose {
            let response = &tested.response;
            writeln!(out, "    {} {}", Styled(INFO, "<"), response.status)?;
            for (name, value) in
                header_lines(&response.headers).filter(|(name, _)| header::is_relevant(name))
            {
                writeln!(out, "    {} {name}: {value}", Styled(INFO, "<"))?;
            }
        }
        let answer = tested.answer();
        let (mark, word) = match (verdict, answer) {
            (_, Answer::Refused) if tested.origin.is_none() => {
                match value(&tested.response.headers, ALLOW_ORIGIN) {
                    Some(value) if !value.is_empty() => (Styled(INFO, "·"), "one origin"),
                    _ => (Styled(GOOD, "✓"), "no origin"),
                }
            }
            (Verdict::Good, Answer::Accepted { .. }) => (Styled(GOOD, "✓"), "allowed"),
            (Verdict::Good, Answer::Everybody) => (Styled(INFO, "·"), "public"),
            (Verdict::Good, Answer::Refused) if tested.test.code == ALLOWED => {
                (Styled(WARN, "✗"), "not allowed")
            }
            (Verdict::Good, Answer::Refused) => (Styled(GOOD, "✓"), "not allowed"),
            (Verdict::Found(finding), _) if finding.severity == Severity::Note => {
                (Styled(INFO, "·"), "allowed")
            }
            (Verdict::Explained(_, Severity::Note), _) => (Styled(INFO, "·"), "allowed"),
            (Verdict::Explained(..) | Verdict::Found(_), _) => (Styled(BAD, "✗"), "allowed"),
        };
        write!(out, "  {mark} {word:11} {}", tested.test.from)?;
        if let Some(origin) = &tested.origin {
            write!(out, ": {}", Styled(DIM, Printable(origin)))?;
        }
        let credentials = match answer {
            Answer::Accepted { credentials: true } => ", with credentials",
            _ => "",
        };
        match verdict {
            Verdict::Good => writeln!(out),
            Verdict::Explained(why, _) => writeln!(out, "{credentials} ({why})"),
            Verdict::Found(finding) => {
                let severity = finding::severity(finding.severity);
                writeln!(out, "{credentials} {severity}[{}]", finding.code)
            }
        }
    }

    fn write_unanswered(
        &mut self,
        out: &mut impl Write,
        test: &Test,
        origin: Option<&str>,
        send_error: &SendError,
    ) -> io::Result<()> {
        let why = &send_error.message;
        self.tests.push(test_json(
            test,
            Asks::WebSocket,
            origin,
            "no-response",
            Some(why),
        ));
        if self.args.json {
            return Ok(());
        }
        let (mark, from) = (Styled(INFO, "·"), test.from);
        writeln!(out, "  {mark} no response {from}: {why}")
    }

    fn write_findings(&self, out: &mut impl Write) -> io::Result<()> {
        if self.findings.is_empty() && self.send_error.is_none() {
            writeln!(out)?;
            return writeln!(out, "{}: no problems found", Styled(GOOD, "fine"));
        }
        finding::write_findings(out, &self.findings)
    }

    fn to_json(&self) -> Value {
        json!({
            "url": masked_url(self.page.request.url.as_str()),
            "origin": self.target.origin,
            "notes": self.page.notes,
            "error": self.send_error.as_ref().map(|send_error| &send_error.message),
            "requests": self.requests,
            "tests": self.tests,
            "findings": self.findings,
        })
    }
}

fn write_sent(out: &mut impl Write, request: &SentRequest, client: &Client) -> io::Result<()> {
    let (method, url) = (Printable(&request.method), masked_url(request.url.as_str()));
    writeln!(out)?;
    writeln!(out, "    {} {method} {url}", Styled(INFO, ">"))?;
    for (name, value) in header_lines(&client.added(request)).chain(header_lines(&request.headers))
    {
        writeln!(out, "    {} {name}: {value}", Styled(INFO, ">"))?;
    }
    Ok(())
}

/// `why` is the reason for skipping it, the explanation why it was accepted, or the code of the finding.
fn test_json(
    test: &Test,
    asks: Asks,
    origin: Option<&str>,
    outcome: &str,
    why: Option<&str>,
) -> Value {
    json!({
        "test": test.code,
        "from": test.from,
        "origin": origin,
        "preflight": asks == Asks::Preflight,
        "websocket": asks == Asks::WebSocket,
        "outcome": outcome,
        "why": why,
    })
}
