//! The findings of `cors check` in a policy, for the page.

use cors_explain::{Diagnostic, Severity, Source};
use serde::Serialize;

/// A finding with its place.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    level: Severity,
    code: &'static str,
    title: String,
    /// Why it matters.
    explanation: Option<String>,
    help: Option<String>,
    #[serde(flatten)]
    place: Span,
    suggestion: Option<Suggestion>,
}

/// A place in a text; the end is exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Span {
    pub(crate) start: Position,
    pub(crate) end: Position,
}

/// Lines and columns are counted from 1. Columns are characters, neither bytes nor the code units of a
/// script's strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// The text that should be at a place.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Suggestion {
    replacement: String,
    #[serde(flatten)]
    place: Span,
}

impl Finding {
    pub(crate) fn new(source: &Source, found: Diagnostic) -> Self {
        Self {
            level: found.severity,
            code: found.code,
            title: found.message,
            explanation: found.reason.or_else(|| cors_explain::summary(found.code)),
            help: found.help,
            place: Span::new(source, &found.span),
            suggestion: found.replacement.map(|replacement| Suggestion {
                place: Span::new(source, &replacement.span),
                replacement: replacement.text,
            }),
        }
    }
}

impl Span {
    pub(crate) fn new(source: &Source, bytes: &std::ops::Range<usize>) -> Self {
        let position = |at| {
            let (line, column) = source.line_and_column(at);
            Position { line, column }
        };
        Self {
            start: position(bytes.start),
            end: position(bytes.end),
        }
    }
}
