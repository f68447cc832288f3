//! Errors, warnings and notes about a policy file.

mod checklist;
mod lints;
mod silence;

use crate::diagnostic::Diagnostic;
use crate::source::{NamedSet, Places, RunTimeVariable, Source};

use self::silence::Silencers;

pub use self::checklist::ChecklistItem;

/// The findings about a policy file: its errors, or for a valid file its warnings and notes about risky or needless
/// settings. In the order of the file.
///
/// # Examples
///
/// ```
/// use cors_explain::{Severity, Source, findings};
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
    Checked::new(source).findings
}

/// The codes of all lints, including those about the comments that silence lints.
///
/// # Examples
///
/// ```
/// assert!(cors_explain::lint_codes().any(|code| code == "any-port"));
/// assert!(cors_explain::lint_codes().all(|code| code != "invalid-origin"));
/// ```
pub fn lint_codes() -> impl Iterator<Item = &'static str> {
    let lints = lints::LINTS.iter().map(|lint| lint.code);
    lints.chain([silence::UNUSED, silence::UNKNOWN])
}

/// Whether a comment in the file, `# cors-allow: CODE -- reason`, silences findings with this code.
///
/// # Examples
///
/// ```
/// assert!(cors_explain::is_silenceable("any-port"));
/// // An error cannot be silenced, nor can a finding about a comment.
/// assert!(!cors_explain::is_silenceable("invalid-origin"));
/// assert!(!cors_explain::is_silenceable("unused-allow"));
/// ```
pub fn is_silenceable(code: &str) -> bool {
    lints::LINTS.iter().any(|lint| lint.code == code)
}

/// The findings about a policy file, and a checklist for production.
///
/// # Examples
///
/// ```
/// use cors_explain::{Checked, Source};
///
/// let checked = Checked::new(&Source::new("cors.toml", "allow_origins = ['http://a.example']"));
/// let missing: Vec<_> = checked.checklist.iter().filter(|item| !item.ok).collect();
/// assert_eq!(missing.first().and_then(|item| item.code), Some("plain-http-origin"));
/// assert_eq!(checked.findings.first().map(|finding| finding.code), Some("plain-http-origin"));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Checked {
    /// What [`findings`] returns: in the order of the file.
    pub findings: Vec<Diagnostic>,
    /// The items of the checklist; none for a file with errors.
    pub checklist: Vec<ChecklistItem>,
    /// The variables whose values are not known here, so that their items were not checked:
    /// [`ValidPolicy::at_run_time`](crate::ValidPolicy::at_run_time); none for a file with errors.
    pub at_run_time: Vec<RunTimeVariable>,
    /// The sets of origins that the policy names: [`ValidPolicy::origin_sets`](crate::ValidPolicy::origin_sets); none for
    /// a file with errors.
    pub origin_sets: Vec<NamedSet>,
}

impl Checked {
    /// Checks a file.
    pub fn new(source: &Source) -> Self {
        let (mut at_run_time, mut origin_sets) = (Vec::new(), Vec::new());
        let (mut findings, checklist) = match source.load() {
            Ok(valid) => {
                at_run_time = valid.at_run_time();
                origin_sets = valid.origin_sets();
                let mut findings = lints::find(source, &valid);
                findings
                    .iter_mut()
                    .for_each(|finding| finding.fit(source.format()));
                let found: Vec<_> = findings.iter().map(|finding| finding.code).collect();
                let mut silencers = Silencers::new(source, &valid.places);
                silencers.apply(source, &mut findings);
                let checklist = checklist::of(&valid, &found, &findings);
                findings.extend(silencers.findings(true));
                (findings, checklist)
            }
            Err(errors) => {
                let errors = errors.iter();
                let mut findings: Vec<_> = errors
                    .map(|error| Diagnostic::from_error(error, source))
                    .collect();
                let silencers = Silencers::new(source, &Places::default());
                findings.extend(silencers.findings(false));
                (findings, Vec::new())
            }
        };
        findings.sort_by_key(|finding| finding.span.start);
        Self {
            findings,
            checklist,
            at_run_time,
            origin_sets,
        }
    }
}

#[cfg(test)]
mod tests {
    use cors_core::Variables;

    use super::*;
    use crate::codes;
    use crate::diagnostic::Severity;
    use crate::origin_file::OriginFile;

    /// The blocks of TOML after a line such as `Wrong:` in a code's section.
    fn blocks<'a>(section: &'a str, heading: &str) -> Vec<&'a str> {
        let start = format!("\n{heading}:\n\n```toml\n");
        let blocks = section.split(&start).skip(1);
        blocks
            .map(|rest| rest.split("```").next().unwrap())
            .collect()
    }

    /// An example, with the names that it leaves out filled in.
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
        // At run time, an unset variable is an error, and so is a set that the application does not supply. It supplies
        // this one.
        let source = Source::new("cors.toml", text)
            .variables(Variables::none())
            .origins("customers", OriginFile::new("customers.txt", ""))
            .without_other_sets();
        Checked::new(&source).findings
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
        check(
            opt_in,
            &["shared-suffix", "cookies-unprotected", "danger-allowed"],
        );
    }

    /// An example that a page shows as wrong gets the code. One that it shows as right does not, and is valid.
    #[test]
    fn the_examples_of_the_pages() {
        let errors = cors_core::ErrorCode::ALL.iter().map(|code| code.as_str());
        for name in errors.chain(lint_codes()) {
            let section = codes::find(name).unwrap().body();
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
