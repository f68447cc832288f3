//! The part of a file that is shown with a finding.

use std::ops::Range;

use annotate_snippets::{Origin, Snippet};

use crate::source::Source;

/// What of the file is shown: the whole lines that a span is in, or of a long line the part around it.
/// The renderer is given no more, for it would pay for the file's size with every finding, and the
/// terminal for the line's.
pub(crate) struct Excerpt {
    text: String,
    /// The place in the file of the text's beginning.
    start: usize,
    /// What stands before that, because the line was cut.
    cut: &'static str,
    line: usize,
}

impl Excerpt {
    pub(crate) fn new(source: &Source, span: &Range<usize>, width: usize) -> Self {
        /// More lines than this of one place show nothing more.
        const MAX_LINES: usize = 12;
        let line = source.lines.line(span.start);
        let last = source
            .lines
            .line(span.end.saturating_sub(1).max(span.start));
        let last = last.min(line + MAX_LINES - 1);
        let lines = || (line..=last).map(|line| source.lines.range(line));
        if lines().any(|range| range.len() > longest_line(width)) {
            return Self::of_long_line(source, span, width, line);
        }
        let start = source.lines.range(line).start;
        let end = source.lines.range(last).end;
        Self {
            text: source.text.get(start..end).unwrap_or_default().to_owned(),
            start,
            cut: "",
            line,
        }
    }

    fn of_long_line(source: &Source, span: &Range<usize>, width: usize, line: usize) -> Self {
        let range = source.lines.range(line);
        let around = width / 4;
        let text = source.text.get(range.clone()).unwrap_or_default();
        let text = text.trim_end_matches(['\r', '\n']);
        let from = span.start.saturating_sub(range.start);
        let to = span.end.saturating_sub(range.start).min(from + 2 * around);
        let from = char_boundary(text, from.saturating_sub(around));
        let to = char_boundary(text, to + around);
        let cut = if from > 0 { "…" } else { "" };
        let rest = if to < text.len() { "…" } else { "" };
        let shown = text.get(from..to).unwrap_or_default();
        Self {
            text: format!("{cut}{shown}{rest}"),
            start: range.start + from,
            cut,
            line,
        }
    }

    pub(crate) fn snippet<T: Clone>(&self) -> Snippet<'_, T> {
        Snippet::source(&*self.text).line_start(self.line)
    }

    pub(crate) fn is_cut(&self) -> bool {
        !self.cut.is_empty()
    }

    pub(crate) fn origin<'a>(&self, source: &'a Source, at: usize) -> Origin<'a> {
        let (line, column) = source.line_and_column(at);
        Origin::path(&*source.name).line(line).char_column(column)
    }

    pub(crate) fn contains(&self, span: &Range<usize>) -> bool {
        let end = self.start + self.text.len() - self.cut.len();
        self.start <= span.start && span.end <= end
    }

    /// Where a span of the file is in the text.
    pub(crate) fn within(&self, span: &Range<usize>) -> Range<usize> {
        let place = |at: usize| {
            let at = at.saturating_sub(self.start) + self.cut.len();
            char_boundary(&self.text, at)
        };
        place(span.start)..place(span.end).max(place(span.start))
    }
}

/// How many bytes a line may have and still be shown whole, in several lines of the terminal.
pub(crate) fn longest_line(width: usize) -> usize {
    (3 * width).max(400)
}

/// The nearest place at or before this one where a text can be cut.
fn char_boundary(text: &str, at: usize) -> usize {
    let before = (0..=at.min(text.len())).rev();
    let mut boundaries = before.filter(|at| text.is_char_boundary(*at));
    boundaries.next().unwrap_or_default()
}
