//! `cors check`.

mod pages;
mod report;

use std::io::Write;

use cors_explain::{Checked, codes, lint_codes};

use crate::cli::{Check, Deny};
use crate::error::{Error, Outcome};
use crate::policy;

use self::report::Summary;

pub(crate) fn run(args: &Check, out: &mut impl Write) -> Result<Outcome, Error> {
    if let Some(name) = &args.explain {
        return pages::explain(name, out);
    }
    check_allowed(&args.allow)?;
    let is_allowed = |code| args.allow.iter().any(|allowed| allowed == code);
    let origins = policy::read_origins(&args.load)?;
    let mut reports = Vec::new();
    let mut unreadable = Vec::new();
    for file in &args.files {
        let source = match policy::read(file, &args.load, &origins) {
            Ok(source) => source,
            Err(Error::Message(message)) => {
                unreadable.push(message);
                continue;
            }
            Err(error) => return Err(error),
        };
        let mut checked = Checked::new(&source);
        checked.findings.retain(|finding| !is_allowed(finding.code));
        reports.push((source, checked));
    }
    let is_only = args.files.len() == 1;
    match args.json {
        true => report::print_json(&reports, is_only, out)?,
        false => report::print(&reports, is_only, out)?,
    }
    if !unreadable.is_empty() {
        return Err(Error::new(unreadable.join("\n")));
    }
    let summary = Summary::of(reports.iter().map(|(_, checked)| checked));
    let counted = match args.deny {
        None => summary.errors,
        Some(Deny::Warnings) => summary.errors + summary.warnings,
        Some(Deny::Notes) => summary.errors + summary.warnings + summary.notes,
    };
    Ok(match counted {
        0 => Outcome::Fine,
        _ => Outcome::Found,
    })
}

fn check_allowed(allowed: &[String]) -> Result<(), Error> {
    for code in allowed {
        if lint_codes().any(|lint| lint == code) {
            continue;
        }
        return Err(match codes::find(code) {
            None => pages::unknown(code),
            Some(_) if codes::is_error(code) => Error::new(format!(
                "`{code}` cannot be allowed: it is an error, and a policy with errors is not valid; see \
                 `cors check --explain {code}`"
            )),
            Some(_) => Error::new(format!(
                "`{code}` cannot be allowed: it is never reported for a policy file"
            )),
        });
    }
    Ok(())
}
