//! The text of a file for HAProxy.

use std::fmt::Write as _;

#[derive(Debug, Default)]
pub(super) struct Text(String);

impl Text {
    /// A line of a section, or of a map.
    pub(super) fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    pub(super) fn blank(&mut self) {
        self.0.push('\n');
    }

    /// A line in a section.
    pub(super) fn rule(&mut self, rule: &str) {
        let _ = writeln!(self.0, "    {rule}");
    }

    /// What the next rules are for.
    pub(super) fn section(&mut self, comment: &str) {
        self.blank();
        self.detail(comment);
    }

    /// A comment in a section.
    pub(super) fn detail(&mut self, comment: &str) {
        self.0.push_str("    ");
        self.comment(comment);
    }

    /// Several lines of comment.
    pub(super) fn comments(&mut self, comment: &str) {
        for line in comment.lines() {
            self.comment(line);
        }
    }

    /// A line of comment: any text, in which control characters are escaped.
    pub(super) fn comment(&mut self, comment: &str) {
        self.0.push('#');
        if !comment.is_empty() {
            self.0.push(' ');
        }
        for char in comment.chars() {
            match char.is_control() || matches!(char, '\u{2028}' | '\u{2029}') {
                true => self.0.extend(char.escape_default()),
                false => self.0.push(char),
            }
        }
        self.0.push('\n');
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.0
    }
}

/// A word in a rule, for any text without control characters.
pub(super) fn quoted(text: &str) -> String {
    let mut word = String::with_capacity(text.len() + 2);
    word.push('"');
    for char in text.chars() {
        // `$` begins an environment variable.
        if matches!(char, '"' | '\\' | '$') {
            word.push('\\');
        }
        word.push(char);
    }
    word.push('"');
    word
}
