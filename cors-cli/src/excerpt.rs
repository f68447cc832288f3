//! The part of a file that is shown with a finding.

use std::ops::Range;

use annotate_snippets::{Origin, Snippet};
use cors_explain::Source;

use crate::output::printable_lines;

/// The part of the file that is shown: the lines of a span, or for a long line the part around the span. The
/// renderer gets no more, because its time would grow with the size of the file for every finding.
pub(crate) struct Excerpt<'a> {
    /// The text in the file.
    text: &'a str,
    /// The text that is shown.
    shown: String,
    /// The place of the beginning of the text in the file.
    start: usize,
    /// What is shown before it, if the line was cut.
    cut: &'static str,
    line: usize,
}

impl<'a> Excerpt<'a> {
    pub(crate) fn new(source: &'a Source, span: &Range<usize>, width: usize) -> Self {
        /// The maximum number of lines for one place.
        const MAX_LINES: usize = 12;
        let line = source.line(span.start);
        let last = source.line(span.end.saturating_sub(1).max(span.start));
        let last = last.min(line + MAX_LINES - 1);
        let lines = || (line..=last).map(|line| source.line_range(line));
        if lines().any(|range| range.len() > longest_line(width)) {
            return Self::of_long_line(source, span, width, line);
        }
        let start = source.line_range(line).start;
        let end = source.line_range(last).end;
        let text = source.text.get(start..end).unwrap_or_default();
        Self {
            text,
            shown: printable_lines(text),
            start,
            cut: "",
            line,
        }
    }

    fn of_long_line(source: &'a Source, span: &Range<usize>, width: usize, line: usize) -> Self {
        let range = source.line_range(line);
        let around = width / 4;
        let text = source.text.get(range.clone()).unwrap_or_default();
        let text = text.trim_end_matches(['\r', '\n']);
        let from = span.start.saturating_sub(range.start);
        let to = span.end.saturating_sub(range.start).min(from + 2 * around);
        let from = char_boundary(text, from.saturating_sub(around));
        let to = char_boundary(text, to + around);
        let cut = if from > 0 { "…" } else { "" };
        let rest = if to < text.len() { "…" } else { "" };
        let text = text.get(from..to).unwrap_or_default();
        Self {
            text,
            shown: format!("{cut}{}{rest}", printable_lines(text)),
            start: range.start + from,
            cut,
            line,
        }
    }

    pub(crate) fn snippet<T: Clone>(&self) -> Snippet<'_, T> {
        Snippet::source(&*self.shown).line_start(self.line)
    }

    pub(crate) fn is_cut(&self) -> bool {
        !self.cut.is_empty()
    }

    /// A place in the file with this name.
    pub(crate) fn origin<'b>(source: &Source, name: &'b str, at: usize) -> Origin<'b> {
        let (line, column) = source.line_and_column(at);
        Origin::path(name).line(line).char_column(column)
    }

    pub(crate) fn contains(&self, span: &Range<usize>) -> bool {
        self.start <= span.start && span.end <= self.start + self.text.len()
    }

    /// The place of a span of the file in the text that is shown.
    pub(crate) fn within(&self, span: &Range<usize>) -> Range<usize> {
        let place = |at: usize| {
            let at = char_boundary(self.text, at.saturating_sub(self.start));
            let (before, rest) = self.text.split_at_checked(at).unwrap_or_default();
            // A place between the two characters of a line end is the line end.
            let before = match rest.starts_with('\n') {
                true => before.strip_suffix('\r').unwrap_or(before),
                false => before,
            };
            self.cut.len() + printable_lines(before).len()
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A mark stays at its place, although the text before it is longer than in the file.
    #[test]
    fn marks_stay_with_what_they_mark() {
        #[track_caller]
        fn check(text: &str, marked: &str, expected: &str) {
            let source = Source::new("cors.toml", text);
            let start = text.find(marked).unwrap();
            let span = start..start + marked.len();
            for width in [40, 1000] {
                let excerpt = Excerpt::new(&source, &span, width);
                assert_eq!(excerpt.shown.get(excerpt.within(&span)), Some(expected));
            }
        }
        check("a = '\u{9b}2J', 'x'", "'x'", "'x'");
        check(
            "a = '\u{200b}', 'x\u{202e}'\r\n",
            "'x\u{202e}'",
            "'x\\u{202e}'",
        );
        check("# \u{e0041}\r\na = ['\u{1b}'\r\n,\t'x']", "'x'", "'x'");
        check("\u{feff}a = 'x'", "'x'", "'x'");
        check("a\r\nb", "\n", "\r\n");
        check("a = 'e\u{301}' # \u{2028}", "'e\u{301}'", "'e\u{301}'");
        let long = format!("a = ['{}', 'x', '{0}']", "\u{ad}".repeat(500));
        check(&long, "'x'", "'x'");
    }
}
