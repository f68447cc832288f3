//! Writes findings about a server.

use std::io::{self, Write};

use cors_explain::Severity;
use cors_explain::server::Finding;

use crate::output::{BAD, BOLD, DIM, INFO, Printable, Styled, WARN, hanging, text_width};

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

/// Writes a remark below what it is about.
pub(crate) fn write_hint(out: &mut impl Write, hint: &str) -> io::Result<()> {
    writeln!(out, "  {}", Styled(DIM, hint))
}

/// Writes how to read more about a code.
pub(crate) fn write_more(out: &mut impl Write, code: &str) -> io::Result<()> {
    write_hint(out, &format!("see `cors check --explain {code}`"))
}

/// A severity's name, in its colour.
pub(crate) fn severity(severity: Severity) -> Styled<&'static str> {
    match severity {
        Severity::Error => Styled(BAD, "error"),
        Severity::Warning => Styled(WARN, "warning"),
        Severity::Note => Styled(INFO, "note"),
    }
}
