//! A finding about a policy file, shown at its place in it.

use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Patch, Renderer};
use cors_core::{ConfigError, ErrorCode};
use serde::Serialize;

use crate::excerpt::{Excerpt, longest_line};
use crate::output::{Printable, Short, printable_lines, wrapped};
use crate::source::Source;

/// How bad it is. The worst comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file is no policy.
    Error,
    /// The policy is sound, but likely not what is meant, or not what is wise.
    Warning,
    /// Worth knowing.
    Note,
}

/// A finding. Its texts are in lower case, without a full stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Its name, which [`summary`](crate::summary) explains.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// Why that matters.
    pub reason: Option<String>,
    /// The place in the policy, such as `allow_origins[0]`; may be empty.
    pub path: String,
    /// The place in the file; empty at a file's beginning if it concerns all of it.
    pub span: Range<usize>,
    /// Other places that it is about, after the first.
    pub also: Vec<Range<usize>>,
    /// What to do about it.
    pub help: Option<String>,
    /// What the text at a place should be.
    pub replacement: Option<Replacement>,
}

/// A change to the file's text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Replacement {
    /// The place.
    pub span: Range<usize>,
    /// What should be there.
    pub text: String,
}

impl Diagnostic {
    /// A finding of which nothing more is said than this.
    pub(crate) fn new(
        severity: Severity,
        code: &'static str,
        span: Range<usize>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            severity,
            code,
            message: message.into(),
            reason: None,
            path: String::new(),
            span,
            also: Vec::new(),
            help: None,
            replacement: None,
        }
    }

    /// A mistake that the library found.
    pub(crate) fn mistake(error: &ConfigError, source: &Source) -> Self {
        let span = error
            .location()
            .map_or(0..0, |location| location.span.clone());
        let replacement = error.suggestion().map(|suggestion| {
            let at_text = source.text.get(span.clone()).unwrap_or_default();
            // Where the span is a string, the suggestion is another; elsewhere it is as in the file.
            let is_string =
                at_text.starts_with(['"', '\'']) && error.code() != ErrorCode::WrongType;
            Replacement {
                span: span.clone(),
                text: match is_string {
                    true => format!("\"{suggestion}\""),
                    false => suggestion.to_owned(),
                },
            }
        });
        Self {
            path: error.path(),
            help: error.suggestion().map(|_| "did you mean this?".to_owned()),
            replacement,
            ..Self::new(
                Severity::Error,
                error.code().as_str(),
                span,
                mistake_message(error),
            )
        }
    }

    /// The finding as a terminal of `width` columns shows it.
    pub(crate) fn render(&self, source: &Source, width: usize) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
            Severity::Note => Level::NOTE,
        };
        // `warning[code]: ` stands before the first line, and as much space before the others.
        let before = "warning[]: ".len() + self.code.len();
        let message = wrapped(&self.message, width.saturating_sub(before).max(40));
        let reason = self.reason.as_deref();
        let reason = reason.map(|reason| wrapped(reason, width.saturating_sub(12)));
        let help = self.help.as_deref();
        let help = help.map(|help| wrapped(help, width.saturating_sub(6)));

        let name = Printable(&source.name).to_string();
        let excerpt = Excerpt::new(source, &self.span, width);
        let also = self.also.iter().filter(|span| excerpt.contains(span));
        let marks = std::iter::once(&self.span).chain(also);
        let marks = marks.map(|span| AnnotationKind::Primary.span(excerpt.within(span)));
        let title = level.primary_title(&*message).id(self.code);
        let snippet = excerpt.snippet().annotations(marks);
        let mut group = match excerpt.is_cut() {
            // The renderer would count columns in what it is given.
            true => title
                .element(Excerpt::origin(source, &name, self.span.start))
                .element(snippet),
            false => title.element(snippet.path(&*name)),
        };
        if let Some(reason) = &reason {
            group = group.element(Level::NOTE.no_name().message(&**reason));
        }
        let change = self.replacement.as_ref();
        let change = change.map(|change| (change, Excerpt::new(source, &change.span, width)));
        // Half a change would be a wrong one.
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
            (Some(help), None) => {
                report.push(Group::with_title(Level::HELP.secondary_title(&**help)))
            }
            (None, None) => {}
        }
        let renderer = Renderer::styled()
            .decor_style(DecorStyle::Ascii)
            .term_width(width);
        renderer.render(&report)
    }

    /// The finding as data.
    pub(crate) fn to_json<'a>(&'a self, source: &Source) -> Data<'a> {
        let (line, column) = source.line_and_column(self.span.start);
        Data {
            severity: self.severity,
            code: self.code,
            message: &self.message,
            reason: self.reason.as_deref(),
            path: &self.path,
            line,
            column,
            span: bytes(&self.span),
            also: self.also.iter().map(bytes).collect(),
            help: self.help.as_deref(),
            replacement: self.replacement.as_ref().map(|change| JsonReplacement {
                span: bytes(&change.span),
                text: &change.text,
            }),
        }
    }
}

/// A finding as `--json` prints it.
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

/// A mistake as a sentence that names what it is about.
fn mistake_message(error: &ConfigError) -> String {
    let message = error.message();
    if let Some(value) = error.value() {
        return format!("`{}` {message}", Short(value));
    }
    let path = error.path();
    match error.code() {
        ErrorCode::MissingOrigins => match (path.rsplit_once('.'), error.grant()) {
            (Some((grant, _)), Some(_)) => format!("`{grant}` {message}"),
            _ => format!("the policy {message}"),
        },
        ErrorCode::WrongType if !path.is_empty() => format!("`{}`: {message}", Short(&path)),
        _ if !path.is_empty() => format!("`{}` {message}", Short(&path)),
        _ => message.to_owned(),
    }
}
