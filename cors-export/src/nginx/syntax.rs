//! The syntax of nginx.

use std::fmt::Write as _;

use crate::origin_regex::escape;

/// The text of a file.
///
/// nginx reads a file in pieces of 4,096 bytes, into which each parameter and each comment must fit.
pub(super) struct Text<'a> {
    prefix: &'a str,
    text: String,
    /// Pieces of long values, in quotes. Each is the value of a variable.
    pieces: Vec<String>,
    /// What the names of these variables begin with. Files of one policy have different names.
    piece: &'static str,
    has_dollar: bool,
}

/// A text of more bytes does not fit into nginx's usual `map_hash_bucket_size`.
const LONG: usize = 46;

/// So many long texts of a map are regular expressions, which need no larger bucket. nginx compares them one after the other.
const MANY: usize = 100;

impl<'a> Text<'a> {
    pub(super) fn new(prefix: &'a str) -> Self {
        Self {
            prefix,
            text: String::new(),
            pieces: Vec::new(),
            piece: "piece",
            has_dollar: false,
        }
    }

    pub(super) fn with_pieces(self, piece: &'static str) -> Self {
        Self { piece, ..self }
    }

    pub(super) fn finish(mut self) -> String {
        let pieces = std::mem::take(&mut self.pieces);
        if !pieces.is_empty() {
            self.comment("The pieces of values that are too long for nginx.");
        }
        for (index, piece) in pieces.iter().enumerate() {
            self.map("''", &format!("{}{index}", self.piece), piece);
            self.end();
        }
        if self.has_dollar {
            self.comment("A dollar sign, which nginx cannot write otherwise.");
            let dollar = self.variable("dollar");
            self.line(&format!("geo {dollar} {{ default \"$\"; }}"));
            self.blank();
        }
        let end = self.text.trim_end().len();
        self.text.truncate(end);
        self.text + "\n"
    }

    pub(super) fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    pub(super) fn blank(&mut self) {
        self.line("");
    }

    pub(super) fn blank_comment(&mut self) {
        self.line("#");
    }

    /// A comment, in lines of some 110 bytes.
    pub(super) fn comment(&mut self, comment: &str) {
        self.wrapped("#", "#", comment);
    }

    /// A comment that is an item of a list.
    pub(super) fn item(&mut self, comment: &str) {
        self.wrapped("# -", "#  ", comment);
    }

    fn wrapped(&mut self, first: &str, next: &str, comment: &str) {
        let mut line = first.to_owned();
        let mut is_empty = true;
        for word in printable(comment).split(' ') {
            if !is_empty && line.len() + 1 + word.len() > 110 {
                self.line(&line);
                next.clone_into(&mut line);
            }
            line.push(' ');
            line.push_str(word);
            is_empty = false;
        }
        self.line(&line);
    }

    /// A comment that is a line of an example.
    pub(super) fn verbatim(&mut self, line: &str) {
        self.line(&format!("# {line}"));
    }

    /// A comment in a map.
    pub(super) fn row_comment(&mut self, comment: &str) {
        self.line(&format!("    # {}", printable(comment)));
    }

    /// A variable of this policy.
    pub(super) fn variable(&self, name: &str) -> String {
        format!("${}_{name}", self.prefix)
    }

    /// Begins a map.
    pub(super) fn map(&mut self, source: &str, name: &str, default: &str) {
        let variable = self.variable(name);
        self.line(&format!("map {source} {variable} {{"));
        self.line(&format!("    default {default};"));
    }

    /// Ends it.
    pub(super) fn end(&mut self) {
        self.line("}");
        self.blank();
    }

    /// A row for a text.
    pub(super) fn row(&mut self, key: &str, value: &str) {
        let _ = writeln!(self.text, "    {} {value};", quote(key));
    }

    /// Rows for texts, which can be long. The case of letters does not count.
    pub(super) fn rows(&mut self, rows: &[(&str, String)]) {
        let keys: Vec<&str> = rows.iter().map(|(key, _)| *key).collect();
        let needs_bucket = bucket_size(&keys).is_some();
        for (key, value) in rows {
            match key.len() > LONG && !needs_bucket {
                true => self.regex_without_case(&format!("^{}$", escape(key)), value),
                false => self.row(key, value),
            }
        }
    }

    /// A row for a regular expression.
    pub(super) fn regex(&mut self, regex: &str, value: &str) {
        let key = quote(&format!("~{regex}"));
        self.line(&format!("    {key} {value};"));
    }

    pub(super) fn regex_without_case(&mut self, regex: &str, value: &str) {
        self.regex(&format!("*{regex}"), value);
    }

    /// A value without variables. A long one becomes several variables.
    pub(super) fn constant(&mut self, value: &str) -> String {
        /// A little less than nginx reads.
        const LONGEST: usize = 3000;
        let dollar = format!("${{{}_dollar}}", self.prefix);
        let mut pieces = Vec::new();
        let mut piece = String::new();
        for char in value.chars() {
            match char {
                '$' => piece.push_str(&dollar),
                '"' | '\\' => piece.extend(['\\', char]),
                _ => piece.push(char),
            }
            if piece.len() > LONGEST {
                pieces.push(std::mem::take(&mut piece));
            }
        }
        self.has_dollar |= value.contains('$');
        if pieces.is_empty() {
            return format!("\"{piece}\"");
        }
        pieces.push(piece);
        let mut names = String::new();
        for piece in pieces {
            let _ = write!(
                names,
                "${{{}_{}{}}}",
                self.prefix,
                self.piece,
                self.pieces.len()
            );
            self.pieces.push(format!("\"{piece}\""));
        }
        format!("\"{names}\"")
    }
}

/// The `map_hash_bucket_size` that the texts of a map need, if that is not nginx's usual one.
pub(super) fn bucket_size(keys: &[&str]) -> Option<usize> {
    let long = keys.iter().map(|key| key.len()).filter(|len| *len > LONG);
    if long.clone().count() <= MANY {
        return None;
    }
    // A pointer, the length and the text; then a pointer.
    let longest = (long.max()? + 2).next_multiple_of(8) + 16;
    Some(longest.next_multiple_of(64))
}

/// The `map_hash_max_size` for so many texts, if nginx's usual one, 2,048, is too small: with it, so many similar texts can
/// fall into one place of the hash that nginx does not start.
pub(super) fn max_size(texts: usize) -> Option<usize> {
    /// As many texts as one place of the hash always has room for.
    const FEW: usize = 1000;
    // nginx's hash multiplies by 31, which never divides this.
    (texts > FEW).then(|| texts.next_power_of_two() + 1)
}

/// A text in quotes.
fn quote(text: &str) -> String {
    if !text.contains(['"', '\\']) {
        return format!("\"{text}\"");
    }
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match (char, chars.peek()) {
            ('"', _) => quoted.push_str("\\\""),
            // nginx keeps any other backslash as it is.
            ('\\', Some('\\' | '"' | '\'' | 't' | 'r' | 'n') | None) => quoted.push_str("\\\\"),
            _ => quoted.push(char),
        }
    }
    quoted.push('"');
    quoted
}

/// A text from outside, for a comment: one line, and not longer than nginx reads.
fn printable(text: &str) -> String {
    const LONGEST: usize = 2000;
    let mut printable = String::new();
    for char in text.chars() {
        if printable.len() > LONGEST {
            printable.push_str("...");
            break;
        }
        match char {
            ' '..='~' => printable.push(char),
            _ if char.is_alphanumeric() => printable.push(char),
            _ => printable.extend(char.escape_default()),
        }
    }
    printable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            assert_eq!(quote(text), expected);
        }
        check("", r#""""#);
        check("a;{}#$x", r#""a;{}#$x""#);
        check(r#"a"b"#, r#""a\"b""#);
        check(r"~\.", r#""~\.""#);
        check(r"a\", r#""a\\""#);
        check(r"\t", r#""\\t""#);
        // A backslash, and then any character.
        check(r"\\.", r#""\\\.""#);
        check(r#"\""#, r#""\\\"""#);
    }

    #[test]
    fn values() {
        let mut text = Text::new("p");
        assert_eq!(text.constant("PUT, x-a"), r#""PUT, x-a""#);
        assert_eq!(text.constant("a$b"), r#""a${p_dollar}b""#);
        assert_eq!(
            text.constant(&"Q".repeat(7000)),
            r#""${p_piece0}${p_piece1}${p_piece2}""#
        );
        let text = text.finish();
        assert!(text.contains(r#"geo $p_dollar { default "$"; }"#), "{text}");
        assert!(text.contains("map '' $p_piece2 {"), "{text}");
        assert!(text.lines().all(|line| line.len() < 4000), "{text}");
        assert_eq!(text.matches('Q').count(), 7000);
    }

    #[test]
    fn comments() {
        #[track_caller]
        fn check(comment: &str, expected: &str) {
            let mut text = Text::new("p");
            text.comment(comment);
            assert_eq!(text.finish(), expected);
        }
        check("cors.toml", "# cors.toml\n");
        check("a\nreturn 200;", "# a\\nreturn 200;\n");
        check("\u{85}\u{2028}\u{202e}", "# \\u{85}\\u{2028}\\u{202e}\n");
        check("b\u{fc}cher", "# b\u{fc}cher\n");
        let word = "a".repeat(100);
        check(&format!("{word} {word}"), &format!("# {word}\n# {word}\n"));
        check(&"a".repeat(9000), &format!("# {}...\n", "a".repeat(2001)));
    }

    #[test]
    fn hash_sizes() {
        let keys = |len: usize, count| vec!["a".repeat(len); count];
        #[track_caller]
        fn check(keys: &[String], expected: Option<usize>) {
            let keys: Vec<&str> = keys.iter().map(|key| &**key).collect();
            assert_eq!(bucket_size(&keys), expected);
        }
        check(&keys(46, 1000), None);
        check(&keys(47, 100), None);
        check(&keys(47, 101), Some(128));
        check(&keys(110, 101), Some(128));
        check(&keys(111, 101), Some(192));
        assert_eq!(
            [1000, 1001, 65_536, 100_000].map(max_size),
            [None, Some(1025), Some(65_537), Some(131_073)]
        );
    }
}
