//! `cors explain`: what browsers do with a request and a policy, why, and what to change.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::Path;

use cors_browser_model::{Headers, Origin};
use cors_core::RefusalReason;
use cors_explain::{
    Fix, PageRequest, PolicyServer, Simulation, Source, ValidPolicy, ok_application,
    readable_by_policy, refusal, refusal_to_add, remark,
};
use serde_json::json;

use crate::cli::{Element, Explain};
use crate::error::{Error, Outcome};
use crate::output::{BAD, BOLD, GOOD, Json, Printable, Styled, WARN, width};
use crate::probe::handshake;
use crate::replace::replace;
use crate::simulation::Detail;
use crate::{console, diagnostic, given, policy, request, simulation};

pub(crate) fn run(args: &Explain, out: &mut impl Write) -> Result<Outcome, Error> {
    if let Some(text) = &args.from_console {
        return console::run(text, args.json, out);
    }
    let (file, url) = file_and_url(args)?;
    // clap requires it.
    let Some(origin) = &args.origin else {
        return Err(Error::new("the option --origin is missing"));
    };
    if args.fix && policy::is_standard_input(file) {
        return Err(Error::new(
            "`--fix` changes a file, and the policy is standard input; leave out `--fix`, and make the change by hand",
        ));
    }
    let is_websocket = handshake::http_url(url).is_some();
    let page = match args.element {
        Some(element) => request::read_element(url, origin, element)?,
        None if !is_websocket => request::read(url, origin, &args.request)?,
        None if args.request.is_default() => {
            request::read_element(url, origin, Element::Websocket)?
        }
        None => {
            return Err(Error::new(
                "a page cannot set the method, headers, body or credentials of a WebSocket; remove these options",
            ));
        }
    };
    let origins = policy::read_origins(&args.load)?;
    let source = policy::read(file, &args.load, &origins)?;
    let valid = policy::load(&source, args.json, out)?;
    let simulation = Simulation::new(
        &page.request,
        &mut PolicyServer::new(&valid.policy, &ok_application),
    );
    let fix = Fix::find(&source, &valid, &page, &simulation, &ok_application);
    let new_text = fix.as_ref().and_then(Fix::text);
    let written = match new_text {
        Some(text) if args.fix => Some(replace(file, &source.text, text)),
        _ => None,
    };
    if args.json {
        write_json(out, &source, &valid, &page, &simulation, fix.as_ref())?;
    } else {
        write_simulation(out, &source, &valid, &page, &simulation)?;
        let (variables, sets) = (valid.at_run_time(), valid.origin_sets());
        given::write_given(out, &source, &variables, &sets, true)?;
        if let Some(fix) = &fix {
            write_fix(out, &source, fix, written.as_ref())?;
        }
    }
    // After the explanation, so that the user can make the change by hand.
    if let Some(Err(why)) = &written {
        return Err(Error::new(format!(
            "{}: {why}; the file is unchanged, make the change by hand",
            Printable(&source.name)
        )));
    }
    let is_blocked =
        (fix.as_ref()).is_some_and(|fix| fix.in_page() || fix.in_set() || written.is_none());
    match is_blocked || page.mixed_content.is_some() {
        true => Ok(Outcome::Found),
        false => Ok(Outcome::Fine),
    }
}

fn write_simulation(
    out: &mut impl Write,
    source: &Source,
    valid: &ValidPolicy,
    page: &PageRequest,
    simulation: &Simulation,
) -> io::Result<()> {
    simulation::write_request(out, page)?;
    if let Some((_, run)) = simulation.shown() {
        let detail = Detail {
            metadata: valid.policy.refuses(),
            added: &|_| Headers::new(),
            is_shown: &|_| true,
        };
        simulation::write_exchanges(&detail, out, run, |exchange| {
            Some(remark(source, valid, exchange))
        })?;
    }
    let refusal = refusal(&valid.policy, simulation);
    if let Some(reason) = refusal {
        writeln!(out)?;
        writeln!(
            out,
            "{}: the request {reason}",
            Styled(BAD, "refused by the policy")
        )?;
    }
    simulation::write_verdict(out, simulation, refusal.is_some(), |readable| {
        readable_by_policy(valid, page, readable)
    })?;
    match refusal_to_add(&valid.policy, &page.request, simulation) {
        Some(item) => writeln!(
            out,
            "{}: the policy has no grant for this page, and does not refuse its requests; `refuse = [\"{item}\"]` does",
            Styled(WARN, "note")
        ),
        None => Ok(()),
    }
}

/// The policy, which is `cors.toml` if only the URL is given, and the URL.
fn file_and_url(args: &Explain) -> Result<(&Path, &str), Error> {
    let missing = || {
        Error::new(
            "the argument URL is missing; write `cors explain [FILE] --origin ORIGIN URL`; the default of FILE is `cors.toml`",
        )
    };
    let first = args.file.as_deref().ok_or_else(missing)?;
    match (&args.url, first.to_str()) {
        (Some(url), _) => Ok((first, url)),
        (None, Some(url)) if !is_policy_file(first) => Ok((Path::new("cors.toml"), url)),
        (None, _) => Err(missing()),
    }
}

fn is_policy_file(path: &Path) -> bool {
    let extension = path.extension().and_then(OsStr::to_str);
    let is_named = matches!(extension, Some("toml" | "json" | "yaml" | "yml"));
    let has_scheme = path.to_string_lossy().contains("://");
    policy::is_standard_input(path) || (!has_scheme && is_named) || path.is_file()
}

/// `written` is the result of writing the change to the file, if that was tried.
fn write_fix(
    out: &mut impl Write,
    source: &Source,
    fix: &Fix,
    written: Option<&Result<(), String>>,
) -> io::Result<()> {
    writeln!(out)?;
    writeln!(out, "{}", Styled(BOLD, "Why"))?;
    match fix.place() {
        Some(finding) => writeln!(out, "{}", diagnostic::render(&finding, source, width()))?,
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
    let diff = fix.diff(source);
    if diff.is_none() && fix.by_hand().is_empty() {
        return match (fix.in_page(), fix.advice()) {
            (true, _) => writeln!(out, "\nWith this, every browser allows the request."),
            _ if fix.in_set() => writeln!(
                out,
                "\nWith the origin in the set, every browser allows the request."
            ),
            (false, []) => writeln!(out, "  no change of the policy allows this request"),
            (false, _) => Ok(()),
        };
    }
    if let Some(danger) = fix.danger() {
        let warning =
            format!("this opts into `{danger}`, see `cors check --explain danger-allowed`");
        writeln!(out, "  - {}: {warning}", Styled(WARN, "dangerous"))?;
    }
    if fix.in_page() || fix.in_set() {
        writeln!(out, "  - and change the policy:")?;
    } else if !fix.advice().is_empty() || fix.danger().is_some() {
        writeln!(out, "  - or change the policy:")?;
    }
    let these = match fix.in_page() || fix.in_set() {
        true => "With both changes",
        false => "With this",
    };
    let Some(diff) = diff else {
        for step in fix.by_hand() {
            writeln!(out, "  - {step}")?;
        }
        return writeln!(
            out,
            "\n{these}, every browser allows the request; make the change by hand, `--fix` changes only TOML files."
        );
    };
    write_diff(out, source, &diff)?;
    for warning in fix.warnings() {
        let reason = warning.reason.as_ref();
        let reason = reason.map(|reason| format!(": {reason}"));
        write!(
            out,
            "\n{}: {}{}; see `cors check --explain {}`\n",
            Styled(WARN, "warning"),
            warning.message,
            reason.unwrap_or_default(),
            warning.code
        )?;
    }
    let name = Printable(&source.name);
    match written {
        Some(Ok(())) if fix.in_page() => writeln!(
            out,
            "\nThe change was written to {name}. Correct the page, too: with both changes, every browser allows the request."
        ),
        Some(Ok(())) if fix.in_set() => writeln!(
            out,
            "\nThe change was written to {name}. With the origin in the set, too, every browser allows the request."
        ),
        Some(Ok(())) => writeln!(
            out,
            "\nThe change was written to {name}: every browser allows the request now."
        ),
        Some(Err(_)) => writeln!(
            out,
            "\n{these}, every browser allows the request; it could not be written."
        ),
        None => writeln!(
            out,
            "\n{these}, every browser allows the request; `--fix` writes {}.",
            if fix.in_page() || fix.in_set() {
                "that of the policy"
            } else {
                "it"
            }
        ),
    }
}

fn write_diff(out: &mut impl Write, source: &Source, diff: &str) -> io::Result<()> {
    // Show the carriage returns if not every line has one.
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
    valid: &ValidPolicy,
    page: &PageRequest,
    simulation: &Simulation,
    fix: Option<&Fix>,
) -> io::Result<()> {
    let (variables, sets) = (valid.at_run_time(), valid.origin_sets());
    let origin = match &page.request.origin {
        Origin::Opaque => "null".to_owned(),
        origin => origin.to_string(),
    };
    let document = json!({
        "policy": source.name,
        "request": {"call": page.call(), "origin": origin, "notes": page.notes, "mixed_content": page.mixed_content},
        "runs": simulation::to_json(simulation),
        "refused": refusal(&valid.policy, simulation).map(RefusalReason::as_str),
        "blocked": fix.map(|fix| json!({
            "code": fix.code(),
            "message": fix.message(),
            "place": fix.place().map(|finding| json!(diagnostic::to_json(&finding, source))),
            "further": fix.further(),
            "advice": fix.advice(),
            "in_page": fix.in_page(),
            "in_set": fix.in_set(),
            "warnings": fix.warnings().iter().map(|warning| warning.code).collect::<Vec<_>>(),
            "dangerous": fix.danger(),
            "diff": fix.diff(source),
            "by_hand": fix.by_hand(),
            "policy": fix.text(),
        })),
        "at_run_time": given::to_json(source, &variables),
        "origin_sets": given::sets_to_json(source, &sets),
    });
    writeln!(out, "{}", Json(&document))
}
