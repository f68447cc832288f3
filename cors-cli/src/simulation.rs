//! Writes the exchanges between a browser and a server as text and as JSON.

use std::io::{self, Write};

use cors_browser_model::{
    Check, Engine, Exchange, FetchOutcome, Headers, Kind, Readable, Run, SentRequest,
};
use cors_explain::{
    FailureCode, PageRequest, Simulation, check_text, enumerate, header_lines, masked_console,
    masked_url, title,
};
use serde_json::{Value, json};

use crate::output::{BAD, BOLD, DIM, GOOD, INFO, Printable, Styled, WARN};

/// Writes the call of `fetch()`, and the notes about it.
pub(crate) fn write_request(out: &mut impl Write, page: &PageRequest) -> io::Result<()> {
    for note in &page.notes {
        writeln!(out, "{}: {note}", Styled(WARN, "note"))?;
    }
    if let Some(mixed_content) = &page.mixed_content {
        writeln!(out, "{}: {mixed_content}", Styled(BAD, "blocked"))?;
        writeln!(out, "Without that, CORS would have this result:")?;
    }
    writeln!(out, "{}", Styled(BOLD, page.call()))?;
    writeln!(out, "on a page of {}", page.request.origin)
}

/// How much of an exchange is shown.
pub(crate) struct Detail<'a> {
    /// Whether the `Sec-Fetch-*` of a request are shown.
    pub(crate) metadata: bool,
    /// The header lines of a request in addition to those of the model.
    pub(crate) added: &'a dyn Fn(&SentRequest) -> Headers,
    /// Whether a response's header with this name is shown. The number of the others is shown.
    pub(crate) is_shown: &'a dyn Fn(&str) -> bool,
}

/// Writes the requests, the responses, and the checks of the browser. `remark` adds a line about a response.
pub(crate) fn write_exchanges(
    detail: &Detail<'_>,
    out: &mut impl Write,
    run: &Run,
    mut remark: impl FnMut(&Exchange) -> Option<String>,
) -> io::Result<()> {
    write_failed_checks(out, &run.checks, run)?;
    for exchange in &run.exchanges {
        writeln!(out)?;
        write_exchange(detail, out, &title(exchange), exchange)?;
        if let Some(remark) = remark(exchange) {
            writeln!(out, "    {}", Styled(DIM, remark))?;
        }
        for check in &exchange.checks {
            write_check(out, *check, run)?;
        }
    }
    Ok(())
}

/// Writes a request and its response, below a title.
pub(crate) fn write_exchange(
    detail: &Detail<'_>,
    out: &mut impl Write,
    title: &str,
    exchange: &Exchange,
) -> io::Result<()> {
    writeln!(out, "{}", Styled(BOLD, title))?;
    write_sent(detail, out, &exchange.sent)?;
    match &exchange.response {
        Some(response) => {
            let status = format!("{} {}", response.status, Printable(&response.reason));
            writeln!(out, "  {} {}", Styled(INFO, "<"), status.trim_end())?;
            write_received(out, &response.headers, detail.is_shown)
        }
        None => writeln!(out, "  {} no response", Styled(INFO, "<")),
    }
}

fn write_sent(detail: &Detail<'_>, out: &mut impl Write, sent: &SentRequest) -> io::Result<()> {
    let (method, url) = (Printable(&sent.method), masked_url(sent.url.as_str()));
    writeln!(out, "  {} {method} {url}", Styled(INFO, ">"))?;
    write_lines(out, ">", header_lines(&(detail.added)(sent)))?;
    let lines = header_lines(&sent.headers);
    let is_shown = |name: &str| detail.metadata || !name.starts_with("Sec-Fetch-");
    write_lines(out, ">", lines.filter(|(name, _)| is_shown(name)))?;
    if sent.credentials {
        let cookies = "with the browser's cookies and other credentials for it";
        writeln!(out, "  {} {}", Styled(INFO, ">"), Styled(DIM, cookies))?;
    }
    Ok(())
}

fn write_received(
    out: &mut impl Write,
    headers: &Headers,
    is_shown: impl Fn(&str) -> bool,
) -> io::Result<()> {
    let (shown, hidden): (Vec<_>, Vec<_>) =
        header_lines(headers).partition(|(name, _)| is_shown(name));
    write_lines(out, "<", shown)?;
    match hidden.len() {
        0 => Ok(()),
        count => {
            let more = format!("… and {count} more, see -v");
            writeln!(out, "  {} {}", Styled(INFO, "<"), Styled(DIM, more))
        }
    }
}

fn write_lines(
    out: &mut impl Write,
    mark: &str,
    lines: impl IntoIterator<Item = (String, String)>,
) -> io::Result<()> {
    for (name, value) in lines {
        let line = format!("{name}: {value}");
        writeln!(out, "  {} {}", Styled(INFO, mark), line.trim_end())?;
    }
    Ok(())
}

/// A check before anything is sent is shown only if it fails.
fn write_failed_checks(out: &mut impl Write, checks: &[Check], run: &Run) -> io::Result<()> {
    let failed = checks.iter().filter(|check| !check.passed);
    failed
        .copied()
        .try_for_each(|check| write_check(out, check, run))
}

fn write_check(out: &mut impl Write, check: Check, run: &Run) -> io::Result<()> {
    let text = check_text(check, run);
    match check.passed {
        true => writeln!(out, "  {} {text}", Styled(GOOD, "✓")),
        false => writeln!(out, "  {} {}", Styled(BAD, "✗"), Styled(BAD, text)),
    }
}

/// Writes the result in each browser, and the messages of the consoles. `is_refused`: the server refuses the request, which is
/// written already. `readable` describes what the page may read, if that is allowed.
pub(crate) fn write_verdict(
    out: &mut impl Write,
    simulation: &Simulation,
    is_refused: bool,
    readable: impl FnOnce(&Readable) -> String,
) -> io::Result<()> {
    if !is_refused {
        writeln!(out)?;
    }
    let names = |blocked: bool| {
        let runs = simulation.runs.iter().filter(|(engine, run)| {
            *engine != Engine::Standard
                && matches!(run.outcome, FetchOutcome::Blocked(_)) == blocked
        });
        let names: Vec<_> = runs.map(|(engine, _)| engine.name()).collect();
        enumerate(&names)
    };
    let blocked = names(true);
    let standard = simulation.runs.first().map(|(_, run)| &run.outcome);
    match (standard, blocked.is_empty()) {
        (Some(FetchOutcome::Response(_)), true) if is_refused => {
            writeln!(
                out,
                "no browser blocks the request, so it reaches the server, and not the application"
            )?;
        }
        (Some(FetchOutcome::Response(response)), true) => {
            let allowed = Styled(GOOD, "allowed by every browser");
            writeln!(out, "{allowed}: {}", readable(response))?;
        }
        (Some(FetchOutcome::Blocked(_)), true) => writeln!(
            out,
            "{}: the Fetch standard blocks it; Chromium, Firefox and WebKit do not yet",
            Styled(WARN, "allowed, for now")
        )?,
        (_, false) if names(false).is_empty() => {
            writeln!(out, "{} by every browser", Styled(BAD, "blocked"))?;
        }
        (_, false) => {
            let allowing = names(false);
            let blocked_by = Styled(BAD, format_args!("blocked by {blocked}"));
            writeln!(out, "{blocked_by}, allowed by {allowing}")?;
        }
        (None, true) => {}
    }
    write_consoles(out, simulation)
}

fn write_consoles(out: &mut impl Write, simulation: &Simulation) -> io::Result<()> {
    let mut written = false;
    for (engine, run) in &simulation.runs {
        for (index, line) in run.console.iter().enumerate() {
            if !written {
                writeln!(out)?;
                writeln!(out, "{}", Styled(BOLD, "Messages in the consoles"))?;
                written = true;
            }
            let name = if index == 0 { engine.name() } else { "" };
            let text = masked_console(line.text.trim_end(), run);
            writeln!(out, "  {name:9} {}", Printable(&text))?;
        }
    }
    Ok(())
}

/// The exchanges as JSON.
pub(crate) fn to_json(simulation: &Simulation) -> Value {
    let runs = simulation.runs.iter().map(|(engine, run)| {
        let exchanges = run.exchanges.iter().map(exchange_json);
        json!({
            "engine": engine.name(),
            "checks": checks_json(&run.checks),
            "exchanges": exchanges.collect::<Vec<_>>(),
            "verdict": outcome_json(&run.outcome),
            "console": run.console.iter().map(|line| json!({
                "code": line.code,
                "text": masked_console(&line.text, run),
            })).collect::<Vec<_>>(),
        })
    });
    runs.collect()
}

/// A request and its response as JSON.
pub(crate) fn exchange_json(exchange: &Exchange) -> Value {
    json!({
        "kind": match exchange.kind {
            Kind::Preflight => "preflight",
            Kind::Actual => "actual",
        },
        "causes": exchange.causes.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "request": {
            "method": exchange.sent.method,
            "url": masked_url(exchange.sent.url.as_str()),
            "headers": header_lines(&exchange.sent.headers).collect::<Vec<_>>(),
            "credentials": exchange.sent.credentials,
        },
        "response": exchange.response.as_ref().map(|response| json!({
            "status": response.status,
            "headers": header_lines(&response.headers).collect::<Vec<_>>(),
        })),
        "checks": checks_json(&exchange.checks),
    })
}

fn checks_json(checks: &[Check]) -> Value {
    let checks = checks.iter().map(
        |check| json!({"step": check.step.name(), "passed": check.passed, "url": check.step.url()}),
    );
    checks.collect()
}

fn outcome_json(outcome: &FetchOutcome) -> Value {
    match outcome {
        FetchOutcome::Response(readable) => json!({
            "allowed": true,
            "status": readable.status,
            "headers": header_lines(&readable.headers).collect::<Vec<_>>(),
        }),
        FetchOutcome::Blocked(failure) => json!({
            "allowed": false,
            "code": FailureCode::from(&failure.error).as_str(),
            "message": failure.error.to_string(),
            "step": failure.error.step().name(),
        }),
    }
}
