//! The dialogue between a browser and a server, as text and as data.

use std::io::{self, Write};

use cors_browser_model::{
    Check, Engine, Exchange, Failure, Headers, Kind, PreflightCache, Readable, Request, Run,
    SentRequest, Server, Step, Tainting, Url, Verdict, fetch,
};
use serde_json::{Value, json};

use crate::failure_code::FailureCode;
use crate::mask::masked_url;
use crate::output::{BAD, BOLD, DIM, GOOD, INFO, Printable, Styled, WARN, enumerate};
use crate::request::{PageRequest, lines};

/// What comes of a request in the standard and in each browser.
#[derive(Clone, Debug)]
pub struct Simulation {
    /// One for each of [`Engine::ALL`], in that order.
    pub runs: Vec<(Engine, Run)>,
}

impl Simulation {
    /// Plays a request against a server. Each engine begins with an empty preflight cache.
    pub fn new(request: &Request, server: &mut impl Server) -> Self {
        let runs = Engine::ALL.map(|engine| {
            let mut cache = PreflightCache::new();
            let now = std::time::Duration::ZERO;
            (engine, fetch(engine, request, &mut cache, now, server))
        });
        Self { runs: runs.into() }
    }

    /// The engines that block it, each with why.
    pub fn blocked(&self) -> impl Iterator<Item = (Engine, &Run, &Failure)> {
        self.runs
            .iter()
            .filter_map(|(engine, run)| match &run.verdict {
                Verdict::Blocked(failure) => Some((*engine, run, &**failure)),
                Verdict::Response(_) => None,
            })
    }

    /// The run to show: the standard's, or where that is allowed, the first that is not.
    pub(crate) fn shown(&self) -> Option<&(Engine, Run)> {
        let is_blocked = |(_, run): &&(Engine, Run)| matches!(run.verdict, Verdict::Blocked(_));
        self.runs.iter().find(is_blocked).or(self.runs.first())
    }
}

/// Writes who fetches what, and what is to be said about that.
pub(crate) fn write_request(out: &mut impl Write, page: &PageRequest) -> io::Result<()> {
    for note in &page.notes {
        writeln!(out, "{}: {note}", Styled(WARN, "note"))?;
    }
    if let Some(mixed_content) = &page.mixed_content {
        writeln!(out, "{}: {mixed_content}", Styled(BAD, "blocked"))?;
        writeln!(out, "What follows is what CORS would say.")?;
    }
    writeln!(out, "{}", Styled(BOLD, page.call()))?;
    writeln!(out, "on a page of {}", page.request.origin)
}

/// How much of an exchange is shown.
pub(crate) struct Detail<'a> {
    /// The header lines that a request is sent with besides those of the model.
    pub(crate) added: &'a dyn Fn(&SentRequest) -> Headers,
    /// Whether a response's header line of this name is shown. How many are not is.
    pub(crate) is_shown: &'a dyn Fn(&str) -> bool,
}

/// Writes what was sent and answered, and what the browser checked. `remark` says more about an answer.
pub(crate) fn write_exchanges(
    out: &mut impl Write,
    run: &Run,
    remark: impl FnMut(&Exchange) -> Option<String>,
) -> io::Result<()> {
    let detail = Detail {
        added: &|_| Headers::new(),
        is_shown: &|_| true,
    };
    write_exchanges_in(&detail, out, run, remark)
}

/// Writes what [`write_exchanges`] writes, in more or less detail.
pub(crate) fn write_exchanges_in(
    detail: &Detail<'_>,
    out: &mut impl Write,
    run: &Run,
    mut remark: impl FnMut(&Exchange) -> Option<String>,
) -> io::Result<()> {
    write_failed_checks(out, &run.checks, run)?;
    for exchange in &run.exchanges {
        writeln!(out)?;
        writeln!(out, "{}", Styled(BOLD, title(exchange)))?;
        write_sent(out, &exchange.sent, &(detail.added)(&exchange.sent))?;
        match &exchange.response {
            Some(response) => {
                let status = format!("{} {}", response.status, Printable(&response.reason));
                writeln!(out, "  {} {}", Styled(INFO, "<"), status.trim_end())?;
                write_received(out, &response.headers, detail.is_shown)?;
            }
            None => writeln!(out, "  {} no response", Styled(INFO, "<"))?,
        }
        if let Some(remark) = remark(exchange) {
            writeln!(out, "    {}", Styled(DIM, remark))?;
        }
        for check in &exchange.checks {
            write_check(out, *check, run)?;
        }
    }
    Ok(())
}

/// What an exchange is for, as a heading.
pub fn title(exchange: &Exchange) -> String {
    match exchange.kind {
        Kind::Preflight => {
            let causes: Vec<_> = exchange.causes.iter().map(ToString::to_string).collect();
            format!(
                "The browser asks first, because of {}",
                causes.join(" and ")
            )
        }
        Kind::Actual if exchange.causes.is_empty() => {
            "The browser sends the request; it needs no preflight".to_owned()
        }
        Kind::Actual => "The browser sends the request".to_owned(),
    }
}

fn write_sent(out: &mut impl Write, sent: &SentRequest, added: &Headers) -> io::Result<()> {
    let (method, url) = (Printable(&sent.method), masked_url(sent.url.as_str()));
    writeln!(out, "  {} {method} {url}", Styled(INFO, ">"))?;
    write_lines(out, ">", lines(added))?;
    write_lines(out, ">", lines(&sent.headers))?;
    if sent.credentials {
        let cookies = "with the cookies and the like that the browser has for it";
        writeln!(out, "  {} {}", Styled(INFO, ">"), Styled(DIM, cookies))?;
    }
    Ok(())
}

fn write_received(
    out: &mut impl Write,
    headers: &Headers,
    is_shown: impl Fn(&str) -> bool,
) -> io::Result<()> {
    let (shown, hidden): (Vec<_>, Vec<_>) = lines(headers).partition(|(name, _)| is_shown(name));
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

/// What is checked before anything is sent is worth a line only where it fails.
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

/// What a check of a run found, as a sentence: what is so, or what is wrong.
pub fn check_text(check: Check, run: &Run) -> String {
    match &run.verdict {
        Verdict::Blocked(failure) if !check.passed => {
            Printable(&failure.error.to_string()).to_string()
        }
        _ => statement(check.step).to_owned(),
    }
}

/// What a step checks, as a sentence that is true where it passes.
fn statement(step: Step) -> &'static str {
    match step {
        Step::Construct => "`fetch()` takes the request",
        Step::SameOriginMode => "in mode `same-origin` the URL is of the page's origin",
        Step::NoCorsRedirectMode => "in mode `no-cors` redirects are followed",
        Step::Scheme => "the URL is http or https",
        Step::Connection => "there is a response",
        Step::AllowOriginPresent => "`Access-Control-Allow-Origin` is there",
        Step::AllowOriginMatches => "it is the request's origin, or `*` without credentials",
        Step::AllowCredentials => "with credentials, `Access-Control-Allow-Credentials` is `true`",
        Step::PreflightStatus => "the status is in the range 200 to 299",
        Step::PreflightRedirect => "the preflight is not redirected",
        Step::AllowMethodsSyntax => "`Access-Control-Allow-Methods` is a list of methods",
        Step::AllowHeadersSyntax => "`Access-Control-Allow-Headers` is a list of names",
        Step::MethodAllowed => "the method is allowed",
        Step::AuthorizationListed => "`Authorization`, if set, is listed by name",
        Step::HeadersAllowed => "the headers are allowed",
        Step::RedirectMode => "redirects are followed",
        Step::RedirectLocation => "`Location` is a URL",
        Step::RedirectScheme => "`Location` is http or https",
        Step::RedirectCount => "there were at most 20 redirects",
        Step::RedirectCredentials => "`Location` has no user name and password",
        Step::RedirectBody => "the body can be sent again",
        _ => step.name(),
    }
}

/// Writes what comes of it in each browser, and what the consoles say. `readable` says what the page may
/// read, if that is allowed.
pub(crate) fn write_verdict(
    out: &mut impl Write,
    simulation: &Simulation,
    readable: impl FnOnce(&Readable) -> String,
) -> io::Result<()> {
    writeln!(out)?;
    let names = |blocked: bool| {
        let runs = simulation.runs.iter().filter(|(engine, run)| {
            *engine != Engine::Standard && matches!(run.verdict, Verdict::Blocked(_)) == blocked
        });
        let names: Vec<_> = runs.map(|(engine, _)| engine.name()).collect();
        enumerate(&names)
    };
    let blocked = names(true);
    let standard = simulation.runs.first().map(|(_, run)| &run.verdict);
    match (standard, blocked.is_empty()) {
        (Some(Verdict::Response(response)), true) => {
            let allowed = Styled(GOOD, "allowed by every browser");
            writeln!(out, "{allowed}: {}", readable(response))?;
        }
        (Some(Verdict::Blocked(_)), true) => writeln!(
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
                writeln!(out, "{}", Styled(BOLD, "What the consoles say"))?;
                written = true;
            }
            let name = if index == 0 { engine.name() } else { "" };
            let text = masked_console(line.text.trim_end(), run);
            writeln!(out, "  {name:9} {}", Printable(&text))?;
        }
    }
    Ok(())
}

/// A console's line without the secrets of the URLs in it.
fn masked_console(line: &str, run: &Run) -> String {
    let sent = run.exchanges.iter().map(|exchange| &exchange.sent.url);
    let failure = match &run.verdict {
        Verdict::Blocked(failure) => Some(failure),
        Verdict::Response(_) => None,
    };
    let failed = failure.into_iter().flat_map(|failure| {
        [
            Some(&failure.url),
            Some(&failure.first_url),
            failure.location.as_ref(),
        ]
    });
    let mut urls: Vec<_> = sent.chain(failed.flatten()).map(Url::as_str).collect();
    // One may be the beginning of another.
    urls.sort_unstable_by_key(|url| std::cmp::Reverse(url.len()));
    urls.dedup();
    urls.into_iter()
        .fold(line.to_owned(), |line, url| match masked_url(url) {
            masked if masked == url => line,
            masked => line.replace(url, &masked),
        })
}

/// What comes of a run for the page, as a clause.
pub fn verdict_text(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Response(readable) => readable_text(readable),
        Verdict::Blocked(failure) => Printable(&failure.error.to_string()).to_string(),
    }
}

/// What a page may read of a response.
pub(crate) fn readable_text(readable: &Readable) -> String {
    match readable.tainting {
        Tainting::Opaque => {
            "the request is sent, and the page may read nothing (mode `no-cors`)".to_owned()
        }
        Tainting::OpaqueRedirect => {
            "the page learns that there is a redirect, and no more".to_owned()
        }
        Tainting::Basic | Tainting::Cors => {
            let names = readable.headers.iter().map(|header| {
                let name = String::from_utf8_lossy(&header.name).into_owned();
                format!("`{}`", Printable(&name))
            });
            let status = format!("the page may read the status ({})", readable.status);
            match names.collect::<Vec<_>>().as_slice() {
                [] => format!("{status} and the body"),
                [name] => format!("{status}, the body and the header {name}"),
                names => format!("{status}, the body and the headers {}", enumerate(names)),
            }
        }
    }
}

/// The dialogue as data.
pub(crate) fn to_json(simulation: &Simulation) -> Value {
    let runs = simulation.runs.iter().map(|(engine, run)| {
        let checks = |checks: &[Check]| {
            let checks = checks.iter().map(|check| {
                json!({"step": check.step.name(), "passed": check.passed, "url": check.step.url()})
            });
            checks.collect::<Vec<_>>()
        };
        let exchanges = run.exchanges.iter().map(|exchange| {
            json!({
                "kind": match exchange.kind {
                    Kind::Preflight => "preflight",
                    Kind::Actual => "actual",
                },
                "causes": exchange.causes.iter().map(ToString::to_string).collect::<Vec<_>>(),
                "request": {
                    "method": exchange.sent.method,
                    "url": masked_url(exchange.sent.url.as_str()),
                    "headers": lines(&exchange.sent.headers).collect::<Vec<_>>(),
                    "credentials": exchange.sent.credentials,
                },
                "response": exchange.response.as_ref().map(|response| json!({
                    "status": response.status,
                    "headers": lines(&response.headers).collect::<Vec<_>>(),
                })),
                "checks": checks(&exchange.checks),
            })
        });
        json!({
            "engine": engine.name(),
            "checks": checks(&run.checks),
            "exchanges": exchanges.collect::<Vec<_>>(),
            "verdict": verdict_json(&run.verdict),
            "console": run.console.iter().map(|line| json!({
                "code": line.code,
                "text": masked_console(&line.text, run),
            })).collect::<Vec<_>>(),
        })
    });
    runs.collect()
}

fn verdict_json(verdict: &Verdict) -> Value {
    match verdict {
        Verdict::Response(readable) => json!({
            "allowed": true,
            "status": readable.status,
            "headers": lines(&readable.headers).collect::<Vec<_>>(),
        }),
        Verdict::Blocked(failure) => json!({
            "allowed": false,
            "code": FailureCode::from(&failure.error).code(),
            "message": failure.error.to_string(),
            "step": failure.error.step().name(),
        }),
    }
}
