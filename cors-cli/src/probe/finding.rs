//! Findings about a server, with the codes of `codes/servers.md`.

use std::io::{self, Write};

use cors_explain::Severity;
use serde::Serialize;

use crate::output::{BAD, BOLD, INFO, Printable, Styled, WARN, hanging, text_width};

/// A finding.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Finding {
    pub(crate) severity: Severity,
    pub(crate) code: &'static str,
    /// The problem, in lower case, without a full stop.
    pub(crate) message: String,
    /// What to do about it, in lower case, without a full stop.
    pub(crate) help: String,
}

/// Every code, in the order of the page.
#[cfg(test)]
pub(crate) const CODES: [&str; 22] = [
    "missing-vary",
    "wildcard-with-credentials",
    "allow-credentials-not-true",
    "no-max-age",
    "max-age-invalid",
    "policy-differs",
    "policy-not-applied",
    "reflected-origin",
    "reflected-origin-with-credentials",
    "preflight-reflects",
    "websocket-any-origin",
    "null-accepted",
    "prefix-match",
    "suffix-match",
    "unescaped-dot",
    "special-characters",
    "plain-http-accepted",
    "any-port-accepted",
    "any-subdomain-accepted",
    "static-allow-origin",
    "wildcard-origin",
    "origin-not-allowed",
];

impl Finding {
    pub(crate) fn warning(code: &'static str, message: String, help: impl Into<String>) -> Self {
        let help = help.into();
        Self {
            severity: Severity::Warning,
            code,
            message,
            help,
        }
    }

    pub(crate) fn with_severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }
}

/// Whether there are findings other than notes.
pub(crate) fn are_bad(findings: &[Finding]) -> bool {
    let mut bad = findings
        .iter()
        .filter(|finding| finding.severity != Severity::Note);
    bad.next().is_some()
}

/// Writes findings, and how to read more about them.
pub(crate) fn write_findings(out: &mut impl Write, findings: &[Finding]) -> io::Result<()> {
    for finding in findings {
        let message = Printable(&finding.message).to_string();
        let severity = severity(finding.severity);
        writeln!(out)?;
        let message = hanging("  ", &message, text_width());
        let message = Styled(BOLD, message.trim_start());
        writeln!(out, "{severity}[{}]: {message}", finding.code)?;
        write_help(out, &finding.help)?;
    }
    if let Some(finding) = findings.first() {
        writeln!(out)?;
        writeln!(
            out,
            "see `cors check --explain {}`, and the same for every code",
            finding.code
        )?;
    }
    Ok(())
}

/// Writes what to do.
pub(crate) fn write_help(out: &mut impl Write, help: &str) -> io::Result<()> {
    let help = hanging("        ", &Printable(help).to_string(), text_width());
    writeln!(out, "  {} {}", Styled(INFO, "help:"), help.trim_start())
}

/// A severity's name, in its colour.
pub(crate) fn severity(severity: Severity) -> Styled<&'static str> {
    match severity {
        Severity::Error => Styled(BAD, "error"),
        Severity::Warning => Styled(WARN, "warning"),
        Severity::Note => Styled(INFO, "note"),
    }
}

#[cfg(test)]
mod tests {
    use cors_explain::codes;

    use super::CODES;

    #[test]
    fn every_finding_is_documented() {
        let page = codes::PAGES.last().unwrap();
        let documented: Vec<_> = page.codes().map(|code| code.name).collect();
        assert_eq!(documented, CODES);
        for code in page.codes() {
            assert!(code.summary().ends_with('.'), "{}", code.name);
        }
    }

    #[test]
    fn every_section_has_an_example_and_a_remedy() {
        for name in CODES {
            let code = codes::find(name).unwrap();
            assert!(code.body().contains("### Example"), "{name}");
            assert!(code.body().contains("### How to correct it"), "{name}");
        }
    }
}
