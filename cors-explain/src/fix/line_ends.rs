//! Keeps the line ends and the byte order mark of a file that is changed: `toml_edit` writes every line with `\n`.

use similar::{Algorithm, DiffOp, capture_diff_slices};

const MARK: char = '\u{feff}';

/// The changed text with the byte order mark and the line ends of the original: an unchanged line keeps its line end, a
/// replaced line has that of the original line, and a new line has the most frequent one.
pub(super) fn kept(original: &str, changed: &str) -> String {
    let (mark, original) = match original.strip_prefix(MARK) {
        Some(rest) => ("\u{feff}", rest),
        None => ("", original),
    };
    let changed = changed.strip_prefix(MARK).unwrap_or(changed);
    let usual = usual_end(original);
    let (old, old_ends): (Vec<_>, Vec<_>) = lines(original).unzip();
    let (new, new_ends): (Vec<_>, Vec<_>) = lines(changed).unzip();
    let mut text = String::from(mark);
    for op in capture_diff_slices(Algorithm::Myers, &old, &new) {
        let old_range = op.old_range();
        for (offset, index) in op.new_range().enumerate() {
            let stands_for = match op {
                DiffOp::Equal { .. } | DiffOp::Replace { .. } => old_range.clone().nth(offset),
                DiffOp::Insert { .. } | DiffOp::Delete { .. } => None,
            };
            let end = stands_for.and_then(|index| old_ends.get(index));
            text.extend(new.get(index).copied());
            text += match (new_ends.get(index), end) {
                // The last line of a file may have no line end.
                (Some(&"") | None, _) => "",
                (_, Some(&"") | None) => usual,
                (_, Some(end)) => end,
            };
        }
    }
    text
}

fn usual_end(text: &str) -> &'static str {
    let with_return = text.matches("\r\n").count();
    match 2 * with_return > text.matches('\n').count() {
        true => "\r\n",
        false => "\n",
    }
}

/// Each line, and what ends it.
fn lines(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split_inclusive('\n').map(|line| {
        let content = match line.strip_suffix('\n') {
            Some(line) => line.strip_suffix('\r').unwrap_or(line),
            None => line,
        };
        line.split_at_checked(content.len()).unwrap_or((line, ""))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Red team, finding 2.
    #[test]
    fn line_ends_are_kept() {
        #[track_caller]
        fn check(original: &str, changed: &str, expected: &str) {
            assert_eq!(kept(original, changed), expected);
        }
        check("a\nb\n", "a\nc\nb\n", "a\nc\nb\n");
        check("a\r\nb\r\n", "a\nc\nb\n", "a\r\nc\r\nb\r\n");
        // A byte order mark, whether the editor keeps it or not.
        check("\u{feff}a\r\n", "a\nb\n", "\u{feff}a\r\nb\r\n");
        check("\u{feff}a\n", "\u{feff}b\n", "\u{feff}b\n");
        // Mixed: untouched lines, a replaced one, a new one.
        check("a\r\nb\nc\r\n", "a\nb\nc\nd\n", "a\r\nb\nc\r\nd\r\n");
        check("a\nb\r\nc\n", "a\nx\nc\nd\n", "a\nx\r\nc\nd\n");
        check("a\nb\r\n", "x\na\ny\nb\n", "x\na\ny\nb\r\n");
        // Without a line end at the end of the file.
        check("a\r\nb", "a\nb", "a\r\nb");
        check("a\r\nb", "a\nb\nc\n", "a\r\nb\r\nc\r\n");
        check("a", "a\nb\n", "a\nb\n");
        // Removed lines, and nothing at all.
        check("a\r\nb\r\nc\r\n", "a\nc\n", "a\r\nc\r\n");
        check("", "a\n", "a\n");
        check("a\r\n", "", "");
    }
}
