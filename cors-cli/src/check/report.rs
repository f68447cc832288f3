//! The output of `cors check`.

use std::collections::HashMap;
use std::io::{self, Write};

use anstyle::Style;
use cors_explain::{Checked, ChecklistItem, Severity, Source};
use serde::Serialize;

use crate::diagnostic::{self, Data};
use crate::given;
use crate::output::{
    BAD, BOLD, DIM, GOOD, Json, Printable, Styled, WARN, indented, width, wrapped,
};

/// More findings with one code than this are counted, but not shown.
const MAX_SHOWN: usize = 20;

/// The number of findings of each severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Summary {
    pub(super) errors: usize,
    pub(super) warnings: usize,
    pub(super) notes: usize,
}

impl Summary {
    pub(super) fn of<'a>(checked: impl IntoIterator<Item = &'a Checked>) -> Self {
        let mut summary = Self::default();
        for finding in checked.into_iter().flat_map(|checked| &checked.findings) {
            match finding.severity {
                Severity::Error => summary.errors += 1,
                Severity::Warning => summary.warnings += 1,
                Severity::Note => summary.notes += 1,
            }
        }
        summary
    }

    fn style(self) -> Style {
        match self {
            Self { errors: 1.., .. } => BAD,
            Self { warnings: 1.., .. } => WARN,
            _ => GOOD,
        }
    }

    /// `2 errors, 1 warning`.
    fn text(self) -> String {
        let errors = match self.errors {
            0 => "no errors".to_owned(),
            count => counted(count, "error"),
        };
        let others = [(self.warnings, "warning"), (self.notes, "note")];
        let others = others.iter().filter(|(count, _)| *count > 0);
        let others = others.map(|(count, what)| counted(*count, what));
        let all: Vec<_> = std::iter::once(errors).chain(others).collect();
        all.join(", ")
    }
}

fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

/// Prints the findings as text, and after those of several files, how many they are.
pub(super) fn print(
    reports: &[(Source, Checked)],
    is_only: bool,
    out: &mut impl Write,
) -> io::Result<()> {
    for (source, checked) in reports {
        print_file(source, checked, out)?;
        if !is_only {
            writeln!(out)?;
        }
    }
    if !is_only && !reports.is_empty() {
        let files = counted(reports.len(), "file");
        let summary = Summary::of(reports.iter().map(|(_, checked)| checked));
        writeln!(out, "{files}: {}", Styled(summary.style(), summary.text()))?;
    }
    Ok(())
}

fn print_file(source: &Source, checked: &Checked, out: &mut impl Write) -> io::Result<()> {
    let width = width();
    let mut shown: HashMap<&str, usize> = HashMap::new();
    for finding in &checked.findings {
        let count = shown.entry(finding.code).or_default();
        *count += 1;
        if *count <= MAX_SHOWN {
            writeln!(out, "{}\n", diagnostic::render(finding, source, width))?;
        }
    }
    let more = shown.iter().filter(|(_, count)| **count > MAX_SHOWN);
    let mut more: Vec<_> = more.collect();
    more.sort();
    for (code, count) in &more {
        let count = *count - MAX_SHOWN;
        writeln!(
            out,
            "and {count} more {}",
            Styled(BOLD, format!("[{code}]"))
        )?;
    }
    if !more.is_empty() {
        writeln!(out, "`--json` prints them all\n")?;
    }
    let (variables, sets) = (&checked.at_run_time, &checked.origin_sets);
    given::write_given(out, source, variables, sets, false)?;
    if !variables.is_empty() || sets.iter().any(|set| set.file.is_none()) {
        writeln!(out)?;
    }
    print_checklist(checked, width, out)?;
    let summary = Summary::of([checked]);
    let name = Printable(&source.name);
    writeln!(out, "{name}: {}", Styled(summary.style(), summary.text()))?;
    if let Some(finding) = checked.findings.first() {
        let hint = format!("see `cors check --explain {}`", finding.code);
        writeln!(out, "{}", Styled(DIM, hint))?;
    }
    Ok(())
}

fn print_checklist(checked: &Checked, width: usize, out: &mut impl Write) -> io::Result<()> {
    if checked.checklist.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}", Styled(BOLD, "ready for production?"))?;
    for item in &checked.checklist {
        let (mark, style) = match item.ok {
            true => ("✓", GOOD),
            false => ("!", WARN),
        };
        let code = item.code.map(|code| format!(" [{code}]"));
        let text = format!("{}{}", item.text, code.unwrap_or_default());
        let text = indented(&wrapped(&text, width.saturating_sub(4)), "    ");
        writeln!(out, "  {} {}", Styled(style, mark), text.trim())?;
    }
    writeln!(out)
}

#[derive(Serialize)]
struct Report<'a> {
    file: &'a str,
    findings: Vec<Data<'a>>,
    summary: Summary,
    checklist: &'a [ChecklistItem],
    at_run_time: Vec<given::Data<'a>>,
    origin_sets: Vec<given::SetData<'a>>,
}

/// Prints the findings as JSON: an object for the only file, or a list of objects.
pub(super) fn print_json(
    reports: &[(Source, Checked)],
    is_only: bool,
    out: &mut impl Write,
) -> io::Result<()> {
    let reports = reports.iter().map(|(source, checked)| Report {
        file: &source.name,
        findings: (checked.findings.iter())
            .map(|finding| diagnostic::to_json(finding, source))
            .collect(),
        summary: Summary::of([checked]),
        checklist: &checked.checklist,
        at_run_time: given::to_json(source, &checked.at_run_time),
        origin_sets: given::sets_to_json(source, &checked.origin_sets),
    });
    let reports: Vec<_> = reports.collect();
    match &*reports {
        [report] if is_only => writeln!(out, "{}", Json(report)),
        // It could not be read.
        [] if is_only => Ok(()),
        reports => writeln!(out, "{}", Json(&reports)),
    }
}
