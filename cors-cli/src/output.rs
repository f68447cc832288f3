//! Output for a terminal. If the output is not a terminal, the styles are removed.

use std::fmt;

use anstyle::{AnsiColor, Style};
use cors_core::text::is_printable;
use serde::Serialize;

pub(crate) use cors_core::text::{Excerpt as Short, Printable};

pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(crate) const WARN: Style = AnsiColor::Yellow.on_default().bold();
pub(crate) const INFO: Style = AnsiColor::Cyan.on_default();

/// A text in a style.
pub(crate) struct Styled<T>(pub(crate) Style, pub(crate) T);

impl<T: fmt::Display> fmt::Display for Styled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(style, text) = self;
        write!(f, "{style}{text}{style:#}")
    }
}

/// The lines of a text from outside. Line ends and tabs stay, because only the renderer knows the columns.
pub(crate) fn printable_lines(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\n' | '\t' => shown.push(char),
            '\r' if chars.peek() == Some(&'\n') => shown.push(char),
            _ if is_printable(char) => shown.push(char),
            _ => shown.extend(char.escape_default()),
        }
    }
    shown
}

/// The number of columns of the output: `COLUMNS`, or that of the terminal, or a default.
pub(crate) fn width() -> usize {
    const DEFAULT: usize = 100;
    const LEAST: usize = 40;
    let variable = std::env::var("COLUMNS").ok();
    let variable = variable.and_then(|columns| columns.parse().ok());
    let terminal = || terminal_size::terminal_size_of(std::io::stdout());
    let columns = variable.or_else(|| terminal().map(|(width, _)| width.0));
    columns.map_or(DEFAULT, |columns| usize::from(columns).max(LEAST))
}

/// A paragraph in lines of at most `width` columns, if its words are not longer. A quoted text is one word.
pub(crate) fn wrapped(paragraph: &str, width: usize) -> String {
    let mut text = String::with_capacity(paragraph.len());
    let mut column = 0;
    for word in words(paragraph) {
        let len = word.chars().count();
        if column > 0 && column + 1 + len > width {
            text.push('\n');
            column = 0;
        } else if column > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(&word);
        column += len;
    }
    text
}

/// The words of a paragraph. A word between backticks may have spaces.
fn words(paragraph: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut is_quoted = false;
    for word in paragraph.split_whitespace() {
        match words.last_mut() {
            Some(last) if is_quoted => {
                last.push(' ');
                last.push_str(word);
            }
            _ => words.push(word.to_owned()),
        }
        is_quoted ^= word.matches('`').count() % 2 == 1;
    }
    words
}

/// A JSON document in which all characters that are not printable are escaped. JSON itself escapes only those below
/// U+0020.
pub(crate) struct Json<'a, T>(pub(crate) &'a T);

impl<T: Serialize> fmt::Display for Json<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = serde_json::to_string_pretty(self.0).map_err(|_| fmt::Error)?;
        let is_escaped = |char: char| !is_printable(char) && char != '\n';
        for piece in text.split_inclusive(is_escaped) {
            // A piece ends with such a character, or is the last one.
            match piece.char_indices().next_back() {
                Some((at, char)) if is_escaped(char) => {
                    f.write_str(piece.get(..at).unwrap_or_default())?;
                    // It is within a string: outside of strings there are only line ends and printable characters.
                    let mut units = [0; 2];
                    for unit in char.encode_utf16(&mut units) {
                        write!(f, "\\u{unit:04x}")?;
                    }
                }
                _ => f.write_str(piece)?,
            }
        }
        Ok(())
    }
}

/// The number of columns of a paragraph: longer lines are hard to read.
pub(crate) fn text_width() -> usize {
    width().min(90)
}

/// A paragraph after a mark, with its other lines indented by the width of the mark.
pub(crate) fn hanging(mark: &str, paragraph: &str, width: usize) -> String {
    let indent = mark.chars().count();
    let lines = wrapped(paragraph, width.saturating_sub(indent));
    format!(
        "{mark}{}",
        lines.replace('\n', &format!("\n{:indent$}", ""))
    )
}

/// The lines of a text, each after an indent.
pub(crate) fn indented(text: &str, indent: &str) -> String {
    let lines = text.lines().map(|line| match line {
        "" => "\n".to_owned(),
        _ => format!("{indent}{line}\n"),
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_from_outside() {
        assert_eq!(
            printable_lines("a\tb\r\nc\rd\u{9b}\u{2028}\ne\u{301}"),
            "a\tb\r\nc\\rd\\u{9b}\\u{2028}\ne\u{301}"
        );
    }

    #[test]
    fn wrapping() {
        assert_eq!(wrapped("one two\nthree four", 9), "one two\nthree\nfour");
        assert_eq!(wrapped("unbreakable x", 5), "unbreakable\nx");
        assert_eq!(wrapped("  ", 5), "");
        assert_eq!(wrapped("a `b c` d", 6), "a\n`b c`\nd");
        assert_eq!(hanging("- ", "one two three", 9), "- one two\n  three");
    }

    /// Red team, finding 6.
    #[test]
    fn json_stays_what_it_is() {
        let value = serde_json::json!({
            "a\u{7f}": "\u{9b}31m\n\u{1b} \\ \" \u{2028}\u{202e}\u{feff}\u{e0041} é e\u{301} 😀",
            "b": [1, {}, "\u{ad}"]
        });
        let text = Json(&value).to_string();
        assert!(text.chars().all(|char| char == '\n' || is_printable(char)));
        assert!(text.contains(r"\udb40\udc41"), "{text}");
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&text).unwrap(),
            value
        );
    }
}
