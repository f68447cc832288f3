//! Shows a finding about a policy file at its place.

use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Patch, Renderer};
use cors_explain::{Diagnostic, Severity, Source};
use serde::Serialize;

use crate::excerpt::{Excerpt, longest_line};
use crate::output::{Printable, printable_lines, wrapped};

/// The finding as text for a terminal of `width` columns.
pub(crate) fn render(finding: &Diagnostic, source: &Source, width: usize) -> String {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    // `warning[code]: ` is before the first line, and as much space before the others.
    let before = "warning[]: ".len() + finding.code.len();
    let message = wrapped(&finding.message, width.saturating_sub(before).max(40));
    let reason = finding.reason.as_deref();
    let reason = reason.map(|reason| wrapped(reason, width.saturating_sub(12)));
    let help = finding.help.as_deref();
    let help = help.map(|help| wrapped(help, width.saturating_sub(6)));

    let name = Printable(&source.name).to_string();
    let excerpt = Excerpt::new(source, &finding.span, width);
    let also = finding.also.iter().filter(|span| excerpt.contains(span));
    let marks = std::iter::once(&finding.span).chain(also);
    let marks = marks.map(|span| AnnotationKind::Primary.span(excerpt.within(span)));
    let title = level.primary_title(&*message).id(finding.code);
    let snippet = excerpt.snippet().annotations(marks);
    let mut group = match excerpt.is_cut() {
        // The renderer would count columns in the excerpt.
        true => title
            .element(Excerpt::origin(source, &name, finding.span.start))
            .element(snippet),
        false => title.element(snippet.path(&*name)),
    };
    if let Some(reason) = &reason {
        group = group.element(Level::NOTE.no_name().message(&**reason));
    }
    let change = finding.replacement.as_ref();
    let change = change.map(|change| (change, Excerpt::new(source, &change.span, width)));
    // An incomplete change would be wrong.
    let change = change.filter(|(change, excerpt)| {
        excerpt.contains(&change.span) && change.text.len() <= longest_line(width)
    });
    let mut report = vec![group];
    match (&help, &change) {
        (help, Some((change, excerpt))) => {
            let help = help.as_deref().unwrap_or("write this");
            let text = printable_lines(&change.text);
            let patch = Patch::new(excerpt.within(&change.span), text);
            let snippet = excerpt.snippet().patch(patch);
            report.push(Level::HELP.secondary_title(help).element(snippet));
        }
        (Some(help), None) => report.push(Group::with_title(Level::HELP.secondary_title(&**help))),
        (None, None) => {}
    }
    let renderer = Renderer::styled()
        .decor_style(DecorStyle::Ascii)
        .term_width(width);
    renderer.render(&report)
}

/// The finding as data.
pub(crate) fn to_json<'a>(finding: &'a Diagnostic, source: &Source) -> Data<'a> {
    let (line, column) = source.line_and_column(finding.span.start);
    Data {
        severity: finding.severity,
        code: finding.code,
        message: &finding.message,
        reason: finding.reason.as_deref(),
        path: &finding.path,
        line,
        column,
        span: bytes(&finding.span),
        also: finding.also.iter().map(bytes).collect(),
        help: finding.help.as_deref(),
        replacement: finding.replacement.as_ref().map(|change| JsonReplacement {
            span: bytes(&change.span),
            text: &change.text,
        }),
    }
}

/// A finding in the form of `--json`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Data<'a> {
    severity: Severity,
    code: &'a str,
    message: &'a str,
    reason: Option<&'a str>,
    path: &'a str,
    line: usize,
    column: usize,
    span: [usize; 2],
    also: Vec<[usize; 2]>,
    help: Option<&'a str>,
    replacement: Option<JsonReplacement<'a>>,
}

#[derive(Clone, Debug, Serialize)]
struct JsonReplacement<'a> {
    span: [usize; 2],
    text: &'a str,
}

fn bytes(span: &Range<usize>) -> [usize; 2] {
    [span.start, span.end]
}
