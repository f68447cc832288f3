//! `cors explain`: what browsers do with a request under a policy, why, and what to change.

mod cause;
mod edit;
mod fix;
mod line_ends;

use std::io::{self, Write};
use std::ops::Range;

use cors_browser_model::{
    CORS_SAFELISTED_RESPONSE_HEADER_NAMES, Credentials, Exchange, Kind, Origin, Readable,
    SentRequest, Tainting,
};
use cors_core::adapter::Verdict;
use serde_json::json;

use crate::cli::Explain;
use crate::output::{BAD, BOLD, GOOD, Json, Printable, Styled, WARN, enumerate, width};
use crate::policy_server::{Head, PolicyServer, ok_application};
use crate::replace::replace;
use crate::request::PageRequest;
use crate::simulation::{self, Simulation};
use crate::source::{Source, ValidPolicy};
use crate::{Error, Outcome, console};

pub use self::fix::Fix;

pub(crate) fn run(args: &Explain, out: &mut impl Write) -> Result<Outcome, Error> {
    if let Some(text) = &args.from_console {
        return console::run(text, args.json, out);
    }
    // The command line sees to it that these come together.
    let (Some(file), Some(url), Some(origin)) = (&args.file, &args.url, &args.origin) else {
        return Err(Error::new("a policy, a URL and `--origin` are needed"));
    };
    let page = PageRequest::new(url, origin, &args.request)?;
    let source = Source::read(file)?;
    let valid = source.valid(args.json, out)?;
    let simulation = Simulation::new(
        &page.request,
        &mut PolicyServer::new(&valid.policy, &ok_application),
    );
    let fix = Fix::find(&source, &valid, &page, &simulation, &ok_application);
    let new_text = fix.as_ref().and_then(Fix::text);
    let written = match new_text {
        Some(text) if args.fix => Some(replace(file, text)),
        _ => None,
    };
    if args.json {
        write_json(out, &source, &page, &simulation, fix.as_ref())?;
    } else {
        write_dialogue(out, &source, &valid, &page, &simulation)?;
        if let Some(fix) = &fix {
            write_fix(out, &source, fix, written.as_ref())?;
        }
    }
    // After the dialogue, so that the change is there to be made by hand.
    if let Some(Err(why)) = &written {
        return Err(Error::new(format!(
            "{}: {why}; it is as it was, and the change is still to be made",
            Printable(&source.name)
        )));
    }
    let is_blocked = fix.is_some() && written.is_none();
    match is_blocked || page.mixed_content.is_some() {
        true => Ok(Outcome::Found),
        false => Ok(Outcome::Fine),
    }
}

fn write_dialogue(
    out: &mut impl Write,
    source: &Source,
    valid: &ValidPolicy,
    page: &PageRequest,
    simulation: &Simulation,
) -> io::Result<()> {
    simulation::write_request(out, page)?;
    if let Some((_, run)) = simulation.shown() {
        simulation::write_exchanges(out, run, |exchange| Some(remark(source, valid, exchange)))?;
    }
    simulation::write_verdict(out, simulation, |readable| {
        readable_text(valid, page, readable)
    })
}

/// Why the policy answers an exchange of this request as it does.
pub fn remark(source: &Source, valid: &ValidPolicy, exchange: &Exchange) -> String {
    let explanation = valid.policy.explain(&Head(&exchange.sent));
    let mut remark = explanation.to_string();
    if let Verdict::Granted(grant) = explanation.decision().verdict() {
        let (line, _) =
            source.line_and_column(granting(valid, grant.index(), &exchange.sent).start);
        remark = format!("{remark} ({}:{line})", Printable(&source.name));
    }
    match exchange.kind {
        Kind::Preflight => remark,
        Kind::Actual => format!("{remark}; status and body are the application's"),
    }
}

/// The place of the pattern that a granted origin matches.
fn granting(valid: &ValidPolicy, grant: usize, sent: &SentRequest) -> Range<usize> {
    let origin = sent.headers.get("Origin").unwrap_or_default();
    let origin = String::from_utf8_lossy(&origin);
    let patterns = valid
        .config
        .grants
        .get(grant)
        .map(|grant| &grant.allow_origins);
    let index = patterns.and_then(|patterns| {
        patterns
            .iter()
            .position(|pattern| cause::matches(pattern, &origin))
    });
    valid.places.span(grant, "allow_origins", index)
}

/// What the page may read, whatever the application answers.
fn readable_text(valid: &ValidPolicy, page: &PageRequest, readable: &Readable) -> String {
    if readable.tainting == Tainting::Basic {
        return "the page may read all of the response but `Set-Cookie`".to_owned();
    }
    let origin = page.request.origin.to_string();
    let grants = valid.config.grants.iter();
    let mut grants = grants.filter(|grant| {
        grant
            .allow_origins
            .iter()
            .any(|pattern| cause::matches(pattern, &origin))
    });
    let exposed = grants
        .next()
        .map(|grant| grant.expose_headers.as_slice())
        .unwrap_or_default();
    let all =
        exposed.iter().any(|name| name == "*") && page.request.credentials != Credentials::Include;
    if all {
        return "the page may read the status, the body and all headers".to_owned();
    }
    let names = CORS_SAFELISTED_RESPONSE_HEADER_NAMES
        .into_iter()
        .chain(exposed.iter().map(String::as_str));
    let names: Vec<_> = names.collect();
    format!(
        "the page may read the status, the body and the headers {}",
        enumerate(&names)
    )
}

/// `written`: what came of writing the change to the file, if that was tried.
fn write_fix(
    out: &mut impl Write,
    source: &Source,
    fix: &Fix,
    written: Option<&Result<(), String>>,
) -> io::Result<()> {
    writeln!(out)?;
    writeln!(out, "{}", Styled(BOLD, "Why"))?;
    match fix.place() {
        Some(finding) => writeln!(out, "{}", finding.render(source, width()))?,
        None => {
            let error = Styled(BAD, format_args!("error[{}]", fix.code()));
            writeln!(out, "{error}: {}", fix.message())?;
        }
    }
    for further in fix.further() {
        writeln!(out, "and then: {further}")?;
    }
    writeln!(out)?;
    writeln!(out, "{}", Styled(BOLD, "What to change"))?;
    for advice in fix.advice() {
        writeln!(out, "  - {advice}")?;
    }
    let Some(diff) = fix.diff(source) else {
        if fix.advice().is_empty() {
            writeln!(out, "  no change of the policy allows this request")?;
        }
        return Ok(());
    };
    if let Some(danger) = fix.danger() {
        let warning =
            format!("this opts into `{danger}`, see `cors check --explain danger-allowed`");
        writeln!(out, "  - {}: {warning}", Styled(WARN, "dangerous"))?;
    }
    if !fix.advice().is_empty() || fix.danger().is_some() {
        writeln!(out, "  - or change the policy:")?;
    }
    write_diff(out, source, &diff)?;
    match written {
        Some(Ok(())) => writeln!(
            out,
            "\nThis is written to {}: every browser allows the request now.",
            Printable(&source.name)
        ),
        Some(Err(_)) => writeln!(
            out,
            "\nWith this, every browser allows the request; it could not be written."
        ),
        None => writeln!(
            out,
            "\nWith this, every browser allows the request; `--fix` writes it."
        ),
    }
}

fn write_diff(out: &mut impl Write, source: &Source, diff: &str) -> io::Result<()> {
    // The returns before line ends are worth seeing where not every line has one.
    let lines = source.text.matches('\n').count();
    let returns = source.text.matches("\r\n").count();
    let (end, tab) = (if returns == lines { "\r\n" } else { "\n" }, " ".repeat(4));
    for line in diff.split_inclusive('\n') {
        let line = line.strip_suffix(end).unwrap_or(line);
        let line = line.strip_suffix('\n').unwrap_or(line).replace('\t', &tab);
        let line = Printable(&line);
        match line.0.as_bytes().first() {
            Some(b'+') => writeln!(out, "{}", Styled(GOOD, line))?,
            Some(b'-') => writeln!(out, "{}", Styled(BAD, line))?,
            _ => writeln!(out, "{line}")?,
        }
    }
    Ok(())
}

fn write_json(
    out: &mut impl Write,
    source: &Source,
    page: &PageRequest,
    simulation: &Simulation,
    fix: Option<&Fix>,
) -> io::Result<()> {
    let origin = match &page.request.origin {
        Origin::Opaque => "null".to_owned(),
        origin => origin.to_string(),
    };
    let document = json!({
        "policy": source.name,
        "request": {"call": page.call(), "origin": origin, "notes": page.notes, "mixed_content": page.mixed_content},
        "runs": simulation::to_json(simulation),
        "blocked": fix.map(|fix| json!({
            "code": fix.code(),
            "message": fix.message(),
            "place": fix.place().map(|finding| json!(finding.to_json(source))),
            "further": fix.further(),
            "advice": fix.advice(),
            "dangerous": fix.danger(),
            "diff": fix.diff(source),
            "policy": fix.text(),
        })),
    });
    writeln!(out, "{}", Json(&document))
}
