//! `cors check`.

mod checklist;
mod lints;
mod pages;
mod report;
mod silence;

use std::io::Write;

use crate::cli::{Check, Deny};
use crate::diagnostic::Diagnostic;
use crate::source::{Places, Source};
use crate::{Error, Outcome, codes};

use self::report::Summary;
use self::silence::Silencers;

pub(crate) fn run(args: &Check, out: &mut impl Write) -> Result<Outcome, Error> {
    if let Some(name) = &args.explain {
        return pages::explain(name, out);
    }
    check_allowed(&args.allow)?;
    let source = Source::read(&args.file)?;
    let checked = Checked::new(&source, &args.allow);
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

/// What there is to say about a policy file: its mistakes, or where it has none, what is risky or of no use in it. In
/// the order of the file.
///
/// # Examples
///
/// ```
/// use cors_cli::{Severity, Source, findings};
///
/// let found = findings(&Source::new("cors.toml", "allow_origins = [\"https://a.example/\"]"));
/// let finding = found.first().ok_or("nothing was found")?;
/// assert_eq!((finding.severity, finding.code), (Severity::Error, "invalid-origin"));
/// assert_eq!(finding.span, 17..37);
/// let replacement = finding.replacement.as_ref().ok_or("nothing would be right")?;
/// assert_eq!(replacement.text, "\"https://a.example\"");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn findings(source: &Source) -> Vec<Diagnostic> {
    Checked::new(source, &[]).findings
}

/// Every code of a lint, those about the comments that silence the others included.
pub(crate) fn lint_codes() -> impl Iterator<Item = &'static str> {
    let lints = lints::LINTS.iter().map(|lint| lint.code);
    lints.chain([silence::UNUSED, silence::UNKNOWN])
}

fn check_allowed(allowed: &[String]) -> Result<(), Error> {
    for code in allowed {
        if lint_codes().any(|lint| lint == code) {
            continue;
        }
        return Err(match codes::find(code) {
            None => codes::unknown(code),
            Some(_) if codes::is_mistake(code) => Error::new(format!(
                "`{code}` cannot be allowed: it is a mistake, and with mistakes a file is no policy; see \
                 `cors check --explain {code}`"
            )),
            Some(_) => Error::new(format!(
                "`{code}` cannot be allowed: it is nothing that is found in a policy file"
            )),
        });
    }
    Ok(())
}

/// What there is to say about a file.
struct Checked {
    /// In the order of the file.
    findings: Vec<Diagnostic>,
    /// None for a file with mistakes.
    checklist: Vec<checklist::Item>,
}

impl Checked {
    fn new(source: &Source, allowed: &[String]) -> Self {
        let (mut findings, checklist) = match source.load() {
            Ok(valid) => {
                let mut findings = lints::find(source, &valid);
                let checklist = checklist::of(&valid.config, &findings);
                let mut silencers = Silencers::new(source, &valid.places);
                silencers.apply(source, &mut findings);
                findings.extend(silencers.findings(true));
                (findings, checklist)
            }
            Err(errors) => {
                let mistakes = errors.iter();
                let mut findings: Vec<_> = mistakes
                    .map(|error| Diagnostic::mistake(error, source))
                    .collect();
                let silencers = Silencers::new(source, &Places::default());
                findings.extend(silencers.findings(false));
                (findings, Vec::new())
            }
        };
        findings.retain(|finding| !allowed.iter().any(|code| code == finding.code));
        findings.sort_by_key(|finding| finding.span.start);
        Self {
            findings,
            checklist,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Severity;

    /// The blocks of TOML behind a line such as `Wrong:` in a code's section.
    fn blocks<'a>(section: &'a str, heading: &str) -> Vec<&'a str> {
        let start = format!("\n{heading}:\n\n```toml\n");
        let blocks = section.split(&start).skip(1);
        blocks
            .map(|rest| rest.split("```").next().unwrap())
            .collect()
    }

    /// An example with the names that it leaves out.
    fn with_all_names(example: &str) -> String {
        let whole = example.lines().map(|line| {
            let last = line.trim().strip_prefix("# and so on, to `x-part-");
            let last = last.and_then(|last| last.strip_suffix('`')?.parse().ok());
            let Some(last) = last else {
                return format!("{line}\n");
            };
            (2..=last)
                .map(|number: u32| format!("\"x-part-{number:05}\",\n"))
                .collect()
        });
        whole.collect()
    }

    fn found(text: &str) -> Vec<Diagnostic> {
        Checked::new(&Source::new("cors.toml", text), &[]).findings
    }

    /// Finding 8 of the red team: with the opt-in, and without credentials.
    #[test]
    fn domains_above_public_suffixes() {
        #[track_caller]
        fn check(more: &str, expected: &[&str]) {
            let text = format!("allow_origins = ['https://*.amazonaws.com']\n{more}\n");
            let found = found(&text);
            let codes: Vec<_> = found.iter().map(|finding| finding.code).collect();
            assert_eq!(codes, expected, "{text}");
            let said = found.iter().map(|finding| finding.message.as_str());
            let said: Vec<_> = said.collect();
            assert!(
                said.join("\n")
                    .contains("a public suffix below `amazonaws.com`"),
                "{said:?}"
            );
        }
        check("", &["shared-suffix"]);
        check("allow_credentials = true", &["public-suffix"]);
        let opt_in = "allow_credentials = true\ndangerously_allow = ['public-suffixes']";
        check(opt_in, &["shared-suffix", "danger-allowed"]);
    }

    /// What the pages show as wrong gets the code; what they show as right does not, and is a policy.
    #[test]
    fn the_examples_of_the_pages() {
        let mistakes = cors_core::ErrorCode::ALL.iter().map(|code| code.as_str());
        for name in mistakes.chain(lint_codes()) {
            let section = codes::find(name).unwrap().text;
            let wrong = blocks(section, "Wrong");
            let right = blocks(section, "Right");
            assert!(
                !wrong.is_empty() && !right.is_empty(),
                "{name}: no examples"
            );
            assert_eq!(
                wrong.len() + right.len(),
                section.matches("```toml").count(),
                "{name}: an example is neither wrong nor right"
            );
            for text in wrong {
                let text = &with_all_names(text);
                let found = found(text);
                let mut codes = found.iter().map(|finding| finding.code);
                assert!(
                    codes.any(|code| code == name),
                    "{name}: nothing wrong in\n{text}"
                );
            }
            for text in right {
                let mut found = found(text).into_iter();
                let wrong = found
                    .find(|finding| finding.code == name || finding.severity == Severity::Error);
                assert!(wrong.is_none(), "{name}: {wrong:?} in\n{text}");
            }
        }
    }
}
