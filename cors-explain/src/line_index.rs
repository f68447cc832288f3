//! An index of the lines of a text, to find a place without reading the text again.

use std::ops::Range;

/// The lines of a text. Lines and columns are counted from 1, as editors do.
#[derive(Clone, Debug)]
pub(crate) struct LineIndex {
    /// The byte at which each line begins.
    starts: Vec<usize>,
    /// How many characters begin before each [`STRIDE`]th byte. A file may be one line.
    chars: Vec<usize>,
    len: usize,
}

const STRIDE: usize = 1024;

impl LineIndex {
    pub(crate) fn new(text: &str) -> Self {
        // A byte order mark is not a character of the first line.
        let first = match text.starts_with('\u{feff}') {
            true => '\u{feff}'.len_utf8(),
            false => 0,
        };
        let newlines = text.match_indices('\n').map(|(at, _)| at + 1);
        let mut count = 0;
        let chars = text.as_bytes().chunks(STRIDE).map(|chunk| {
            let before = count;
            count += count_chars(chunk);
            before
        });
        Self {
            chars: chars.collect(),
            starts: std::iter::once(first).chain(newlines).collect(),
            len: text.len(),
        }
    }

    /// The line of a byte.
    pub(crate) fn line(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at).max(1)
    }

    /// The bytes of a line, with its line end.
    pub(crate) fn range(&self, line: usize) -> Range<usize> {
        let start = self.starts.get(line.saturating_sub(1)).copied();
        let end = self.starts.get(line).copied();
        start.unwrap_or(self.len)..end.unwrap_or(self.len)
    }

    /// The column of a byte in a line. `text` is the text of the index.
    pub(crate) fn column(&self, text: &str, line: usize, at: usize) -> usize {
        let start = self.range(line).start;
        let before = |at| self.chars_before(text, at);
        before(at).saturating_sub(before(start)) + 1
    }

    fn chars_before(&self, text: &str, at: usize) -> usize {
        let (chunk, start) = match self.chars.get(at / STRIDE) {
            Some(chars) => (*chars, at / STRIDE * STRIDE),
            None => (0, 0),
        };
        let rest = text.as_bytes().get(start..at).unwrap_or_default();
        chunk + count_chars(rest)
    }
}

/// How many characters begin in these bytes of a text.
fn count_chars(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns() {
        #[track_caller]
        fn check(text: &str, at: usize, expected: (usize, usize)) {
            let index = LineIndex::new(text);
            let line = index.line(at);
            assert_eq!(
                (line, index.column(text, line, at)),
                expected,
                "{text:?} at {at}"
            );
        }
        check("", 0, (1, 1));
        check("ab", 2, (1, 3));
        check("a\nbc\n", 1, (1, 2));
        check("a\nbc\n", 2, (2, 1));
        check("a\nbc\n", 4, (2, 3));
        check("a\nbc\n", 5, (3, 1));
        check("a\r\nbc", 4, (2, 2));
        check("\u{feff}ab", 0, (1, 1));
        check("\u{feff}ab", 4, (1, 2));
        check("äö = 1", 5, (1, 4));
        let long = format!("x\n{}y", "ä".repeat(5000));
        check(&long, 2 + 2 * 5000, (2, 5001));
        check(&long, 2 + 2 * 512, (2, 513));
    }

    #[test]
    fn ranges() {
        let index = LineIndex::new("\u{feff}a\r\nbc\n");
        assert_eq!(index.range(1), 3..6);
        assert_eq!(index.range(2), 6..9);
        assert_eq!(index.range(3), 9..9);
        assert_eq!(index.range(9), 9..9);
    }
}
