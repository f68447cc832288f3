//! The text of a dialogue between a browser and an application.

use std::fmt;

use cors_browser_model::{Blocked, Engine, Exchange, FetchOutcome, Headers, Kind, Run, console};
use cors_explain::console::Advice;
use cors_explain::{
    FailureCode, PageRequest, check_text, header_lines, masked_console, masked_url, outcome_text,
    title,
};

use crate::seen::Outcome;

/// What the browser sent, what it received, what it checked, and the result.
pub(crate) struct Dialogue<'a>(pub(crate) &'a PageRequest, pub(crate) &'a Outcome);

impl fmt::Display for Dialogue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(page, outcome) = self;
        let run = &outcome.run;
        for note in page.notes.iter().chain(&page.mixed_content) {
            writeln!(f, "note: {note}")?;
        }
        writeln!(f, "{}", page.call())?;
        writeln!(f, "on a page of {}", page.request.origin)?;
        for check in run.checks.iter().filter(|check| !check.passed) {
            writeln!(f, "  ✗ {}", check_text(*check, run))?;
        }
        for exchange in &run.exchanges {
            write_exchange(f, exchange, run)?;
        }
        if let Some(trouble) = &outcome.trouble {
            writeln!(f, "\nthe application did not respond: {trouble}")?;
        }
        match &run.outcome {
            FetchOutcome::Response(_) => writeln!(f, "\nallowed: {}", outcome_text(&run.outcome)),
            FetchOutcome::Blocked(blocked) => write_blocked(f, blocked, outcome),
        }
    }
}

/// What is wrong, and in which response.
pub(crate) fn reason(blocked: &Blocked) -> String {
    let error = &blocked.error;
    let response = match blocked.kind {
        Some(Kind::Preflight) => "the response to the preflight",
        _ => "the response",
    };
    match blocked.status {
        Some(status) => format!("{error}, in {response} ({status})"),
        None => error.to_string(),
    }
}

fn write_exchange(f: &mut fmt::Formatter<'_>, exchange: &Exchange, run: &Run) -> fmt::Result {
    let sent = &exchange.sent;
    writeln!(f, "\n{}", title(exchange))?;
    writeln!(f, "  > {} {}", sent.method, masked_url(sent.url.as_str()))?;
    write_lines(f, '>', &sent.headers)?;
    match &exchange.response {
        Some(response) => {
            let status = format!("{} {}", response.status, response.reason);
            writeln!(f, "  < {}", status.trim_end())?;
            write_lines(f, '<', &response.headers)?;
        }
        None => writeln!(f, "  < no response")?,
    }
    for check in &exchange.checks {
        let mark = if check.passed { '✓' } else { '✗' };
        writeln!(f, "  {mark} {}", check_text(*check, run))?;
    }
    Ok(())
}

fn write_lines(f: &mut fmt::Formatter<'_>, mark: char, headers: &Headers) -> fmt::Result {
    for (name, value) in header_lines(headers) {
        writeln!(f, "  {mark} {}", format!("{name}: {value}").trim_end())?;
    }
    Ok(())
}

fn write_blocked(f: &mut fmt::Formatter<'_>, blocked: &Blocked, outcome: &Outcome) -> fmt::Result {
    let code = FailureCode::from(&blocked.error).as_str();
    writeln!(
        f,
        "\nblocked: {} ({code})",
        outcome_text(&outcome.run.outcome)
    )?;
    let consoles = Engine::BROWSERS.map(|engine| (engine, console(engine, blocked)));
    if consoles.iter().any(|(_, lines)| !lines.is_empty()) {
        writeln!(f, "\nMessages in the consoles")?;
    }
    for (engine, lines) in consoles {
        let lines = lines
            .first()
            .map(|line| masked_console(&line.text, &outcome.run));
        if let Some(line) = lines {
            writeln!(f, "  {:9} {line}", engine.name())?;
        }
    }
    let mut advice = Advice::of(blocked);
    let exchanges = &outcome.run.exchanges;
    let is_granted = |exchange: &Exchange| {
        exchange.kind == Kind::Preflight && exchange.checks.iter().all(|check| check.passed)
    };
    if blocked.kind == Some(Kind::Actual) && exchanges.iter().any(is_granted) {
        // The policy has a grant for the page.
        advice.causes.retain(|cause| !cause.starts_with("No grant"));
        advice
            .remedies
            .retain(|remedy| remedy.place != "In the policy");
    }
    writeln!(f, "\nWhy, most likely first")?;
    for (number, cause) in (1..).zip(&advice.causes) {
        writeln!(f, "  {number}. {cause}")?;
    }
    writeln!(f, "\nWhat to do")?;
    for remedy in &advice.remedies {
        writeln!(f, "  - {}: {}", remedy.place, remedy.text)?;
        for line in &remedy.code {
            writeln!(f, "      {line}")?;
        }
    }
    Ok(())
}
