//! Sets of origins as text: a line for each origin.

use std::fmt;

use crate::origin_set::{OriginSet, OriginSetEntry};
use crate::text::Excerpt;

impl OriginSet {
    /// Replaces everything in the set by what a text lists: `ORIGIN` or `KEY ORIGIN` in each line. Empty lines, and what comes
    /// after a `#` at the beginning of a word, do not count. A line may end with CRLF.
    ///
    /// Returns what is wrong with the lines that were left out; the others count. A last line without its end is left out,
    /// because it may be half written.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_core::OriginSet;
    ///
    /// let customers = OriginSet::new();
    /// let text = "# our partners\nhttps://partner.example\nacme https://acme.example\nacme acme.example\n";
    /// let errors = customers.replace_by_lines(text);
    /// assert_eq!(customers.len(), 2);
    /// assert!(customers.contains_for("acme", "https://acme.example"));
    /// let [error] = &*errors else { panic!() };
    /// assert_eq!(
    ///     error.to_string(),
    ///     "line 4: `acme acme.example`: origin `acme.example` has no scheme; did you mean `https://acme.example`?",
    /// );
    /// ```
    pub fn replace_by_lines(&self, text: &str) -> Vec<OriginLineError> {
        let (mut entries, mut errors) = (Vec::new(), Vec::new());
        let text = text.trim_start_matches('\u{feff}');
        for (index, line) in text.split_inclusive('\n').enumerate() {
            let read = match (entry(line), line.ends_with('\n')) {
                (Ok(Some(_)) | Err(_), false) => {
                    Err("has no end, so it may be half written; end the line".to_owned())
                }
                (read, _) => read,
            };
            match read {
                Ok(entry) => entries.extend(entry),
                Err(message) => errors.push(OriginLineError {
                    line: index + 1,
                    text: line.trim().to_owned(),
                    message,
                }),
            }
        }
        let left_out = self.replace(entries);
        debug_assert!(left_out.is_empty(), "they were checked");
        errors
    }
}

/// The entry in a line, if it has one.
fn entry(line: &str) -> Result<Option<OriginSetEntry>, String> {
    let words = line.split_whitespace();
    let words: Vec<_> = words.take_while(|word| !word.starts_with('#')).collect();
    let entry: OriginSetEntry = match *words {
        [] => return Ok(None),
        [origin] => origin.into(),
        [key, origin] => (key, origin).into(),
        _ => return Err("has more than a key and an origin".to_owned()),
    };
    match entry.check() {
        Ok(()) => Ok(Some(entry)),
        Err(error) => Err(error.to_string()),
    }
}

/// Why a line of a set of origins was left out. [`Display`](fmt::Display) names the line and what is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginLineError {
    line: usize,
    text: String,
    message: String,
}

impl OriginLineError {
    /// The number of the line, counted from 1.
    pub fn line(&self) -> usize {
        self.line
    }
}

impl fmt::Display for OriginLineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            line,
            text,
            message,
        } = self;
        write!(f, "line {line}: `{}`: {message}", Excerpt(text))
    }
}

impl std::error::Error for OriginLineError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        #[track_caller]
        fn check(text: &str, origins: &[(&str, &str)], expected: &[&str]) {
            let set = OriginSet::new();
            set.insert("https://before.example").unwrap();
            let errors = set.replace_by_lines(text);
            for error in &errors {
                let start = format!("line {}: ", error.line());
                assert!(error.to_string().starts_with(&start), "{error}");
            }
            let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
            assert_eq!(errors, expected);
            let snapshot = set.snapshot();
            let mut found: Vec<_> = snapshot
                .iter()
                .map(|(key, origin)| (key.unwrap_or(""), origin))
                .collect();
            found.sort_unstable();
            assert_eq!(found, origins);
        }
        let a = ("", "https://a.example");
        check("", &[], &[]);
        check("https://a.example\n", &[a], &[]);
        check(
            "\u{feff}https://a.example\r\n\r\n  # comment\r\n",
            &[a],
            &[],
        );
        check("\t https://a.example \t# since May\n#\n#x", &[a], &[]);
        check(
            "k https://a.example\nhttps://a.example\nK  https://a.example\n",
            &[a, ("K", a.1), ("k", a.1)],
            &[],
        );
        check(
            "https://a.example\nhttps://b.example",
            &[a],
            &["line 2: `https://b.example`: has no end, so it may be half written; end the line"],
        );
        check(
            "https://a.example/\n\nk l https://a.example\n../x https://a.example\nhttps://a.example\nnull\n",
            &[a],
            &[
                "line 1: `https://a.example/`: origin `https://a.example/` ends with a slash; browsers send origins without it; did you mean `https://a.example`?",
                "line 3: `k l https://a.example`: has more than a key and an origin",
                "line 4: `../x https://a.example`: key `../x` is not one segment of a path in normal form; write it as clients send it, such as `acme`",
                "line 6: `null`: origin `null` can be sent by any site, from a sandboxed frame",
            ],
        );
    }
}
