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
    let source = policy::read(&args.file, &args.load)?;
    let mut checked = Checked::new(&source);
    let is_allowed = |code| args.allow.iter().any(|allowed| allowed == code);
    checked.findings.retain(|finding| !is_allowed(finding.code));
    match args.json {
        true => report::print_json(&source, &checked, out)?,
        false => report::print(&source, &checked, out)?,
    }
    let summary = Summary::of(&checked);
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
