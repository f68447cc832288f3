//! Texts from outside, in a form that is safe for a terminal or a log.
//!
//! Public for the command `cors`, which shows the same texts.

use std::fmt;

/// A text from outside, each character that [is not printable](is_printable) written as Rust does: `\u{1b}`.
///
/// Quotes and backslashes stay as they are: the result is a text, not a literal.
#[derive(Clone, Copy, Debug)]
pub struct Printable<'a>(pub &'a str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_chars(f, self.0.chars())
    }
}

/// The beginning of a text from outside, [printable](Printable).
#[derive(Clone, Copy, Debug)]
pub struct Excerpt<'a>(pub &'a str);

impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MAX: usize = 128;
        write_chars(f, self.0.chars().take(MAX))?;
        match self.0.chars().nth(MAX) {
            Some(_) => f.write_str("…"),
            None => Ok(()),
        }
    }
}

/// Whether a character is shown as itself: not a control or format character, not a space other than U+0020, not
/// unassigned. An accent after its letter is printable.
pub fn is_printable(char: char) -> bool {
    if char.is_ascii() {
        return !char.is_ascii_control();
    }
    // The standard library has the table, but gives access to it only through `escape_debug`. That escapes an
    // accent, too, unless it comes after another character.
    is_printable_alone(char) || String::from_iter(['a', char]).escape_debug().count() == 2
}

fn is_printable_alone(char: char) -> bool {
    char.escape_debug().len() == 1
}

fn write_chars(f: &mut fmt::Formatter<'_>, chars: impl Iterator<Item = char>) -> fmt::Result {
    for (index, char) in chars.enumerate() {
        let is_shown = match index {
            // An accent without a letter would change the character before the text, such as a quote.
            0 if !char.is_ascii() => is_printable_alone(char),
            _ => is_printable(char),
        };
        match is_shown {
            true => write!(f, "{char}")?,
            false => write!(f, "{}", char.escape_default())?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_stays_and_the_rest_is_named() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            assert_eq!(Printable(text).to_string(), expected);
            assert_eq!(Excerpt(text).to_string(), expected);
        }
        check("", "");
        check("\"it's\" \\ `a`", "\"it's\" \\ `a`");
        check(
            "a\u{1b}[2J\t\r\n\0\u{7f}",
            "a\\u{1b}[2J\\t\\r\\n\\u{0}\\u{7f}",
        );
        // The controls above ASCII: U+009B is what ESC and `[` are.
        check("\u{80}\u{9b}2J", "\\u{80}\\u{9b}2J");
        // Format characters: the soft hyphen, zero width, directions, a byte order mark, tags.
        check(
            "a\u{ad}b\u{200b}\u{200e}\u{202e}",
            "a\\u{ad}b\\u{200b}\\u{200e}\\u{202e}",
        );
        check("\u{2066}\u{feff}\u{e0041}", "\\u{2066}\\u{feff}\\u{e0041}");
        check("\u{600}\u{6dd}\u{1d173}", "\\u{600}\\u{6dd}\\u{1d173}");
        // Separators, spaces that look like another, what is private or not assigned.
        check(
            "\u{2028}\u{2029}\u{a0}\u{3000}",
            "\\u{2028}\\u{2029}\\u{a0}\\u{3000}",
        );
        check("\u{e000}\u{378}\u{10ffff}", "\\u{e000}\\u{378}\\u{10ffff}");
        // Letters with their accents, composed or not; an accent alone is not one.
        check("é e\u{301} ü", "é e\u{301} ü");
        check("\u{301}e", "\\u{301}e");
        check("हिन्दी 日本語 עברית", "हिन्दी 日本語 עברית");
        // What joins emoji is a format character, and what picks their form is not.
        check("😀 ❤\u{fe0f}", "😀 ❤\u{fe0f}");
        check("👩\u{200d}💻", "👩\\u{200d}💻");
    }

    #[test]
    fn of_a_long_text_the_beginning_is_shown() {
        let text = Excerpt(&"ü".repeat(200)).to_string();
        assert_eq!(text, format!("{}…", "ü".repeat(128)));
        assert_eq!(Excerpt(&"ü".repeat(128)).to_string(), "ü".repeat(128));
    }
}
