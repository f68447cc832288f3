//! A pasted text without the details that pasting changes: white space, quotation marks, letter case.

use std::ops::Range;

/// A text without white space and control characters, in lower case, with one form of quotation marks,
/// and the way back to what was pasted.
///
/// Consoles wrap, mail quotes and terminals break lines in the middle of words, so white space does
/// not show where a word of a message ends.
#[derive(Clone, Debug, Default)]
pub(super) struct Compact {
    text: String,
    /// For every byte of the text, the character that it stands for.
    origins: Vec<usize>,
    /// For every character that is left: the original character, and the separator before it.
    chars: Vec<(char, Gap)>,
}

/// The separator between two characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Gap {
    Nothing,
    Space,
    Line,
}

impl Compact {
    pub(super) fn new(pasted: &str) -> Self {
        let mut compact = Self::default();
        let mut gap = Gap::Line;
        let mut chars = pasted.chars().peekable();
        while let Some(char) = chars.next() {
            match char {
                '\n' | '\r' => gap = Gap::Line,
                // A colour: ESC [ numbers, and a letter.
                '\u{1b}' if chars.next_if_eq(&'[').is_some() => {
                    while chars
                        .next_if(|char| char.is_ascii_digit() || *char == ';')
                        .is_some()
                    {}
                    chars.next_if(char::is_ascii_alphabetic);
                }
                _ if char.is_whitespace() => gap = gap.max(Gap::Space),
                _ if char.is_control() || is_invisible(char) => {}
                // The mark of a quotation in mails and in Markdown.
                '>' if gap == Gap::Line => {}
                // An escape in JSON and in shells.
                '\\' if chars.peek().copied().is_some_and(is_quote) => {}
                _ => compact.push(char, std::mem::replace(&mut gap, Gap::Nothing)),
            }
        }
        compact
    }

    fn push(&mut self, char: char, gap: Gap) {
        let simple = if is_quote(char) {
            '\''
        } else {
            char.to_ascii_lowercase()
        };
        self.text.push(simple);
        self.origins.resize(self.text.len(), self.chars.len());
        self.chars.push((char, gap));
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// The separator before a byte of the text.
    pub(super) fn gap_before(&self, at: usize) -> Gap {
        let char = self.origins.get(at).and_then(|char| self.chars.get(*char));
        char.map_or(Gap::Line, |(_, gap)| *gap)
    }

    /// Whether there are spaces within a range, as opposed to the line breaks of a wrapped text.
    pub(super) fn has_space(&self, range: Range<usize>) -> bool {
        self.pasted(range)
            .skip(1)
            .any(|(_, gap)| *gap == Gap::Space)
    }

    /// What was pasted at a range, without any white space.
    pub(super) fn tight(&self, range: Range<usize>) -> String {
        self.pasted(range).map(|(char, _)| *char).collect()
    }

    /// What was pasted at a range, with single spaces for white space.
    pub(super) fn spaced(&self, range: Range<usize>) -> String {
        let is_url = self.tight(range.clone()).contains("://");
        // Long words are broken anywhere, lists of short words only between words.
        let space = if is_url { Gap::Space } else { Gap::Line };
        let mut spaced = String::new();
        for (char, gap) in self.pasted(range) {
            let is_wanted = *gap == Gap::Space || *gap == space || spaced.ends_with(',');
            if *gap > Gap::Nothing && is_wanted && !spaced.is_empty() {
                spaced.push(' ');
            }
            spaced.push(*char);
        }
        spaced
    }

    fn pasted(&self, range: Range<usize>) -> impl Iterator<Item = &(char, Gap)> {
        let char_at = |at: usize| self.origins.get(at).copied().unwrap_or(self.chars.len());
        let chars = char_at(range.start)..char_at(range.end);
        self.chars.get(chars).unwrap_or_default().iter()
    }
}

fn is_quote(char: char) -> bool {
    matches!(
        char,
        '\'' | '"' | '`' | '´' | '‘' | '’' | '‚' | '“' | '”' | '„' | '«' | '»' | '′' | '″'
    )
}

/// Whether it has no width: web pages and chats insert such characters into long words, and some of them
/// turn the text around.
fn is_invisible(char: char) -> bool {
    matches!(
        char,
        '\u{ad}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_pasting_changes_is_gone() {
        #[track_caller]
        fn check(pasted: &str, expected: &str) {
            assert_eq!(Compact::new(pasted).as_str(), expected, "{pasted:?}");
        }
        check("No ‘Origin’\n  here", "no'origin'here");
        check("> quo\n> ted > is", "quoted>is");
        check(r#"\"a\" \n"#, r"'a'\n");
        check("\u{1b}[31mred\u{1b}[0m \u{1b}x", "redx");
        check("wo\u{200b}rd\u{a0}ß", "wordß");
    }

    #[test]
    fn the_way_back_keeps_case_and_words() {
        let compact = Compact::new("x ‘PUT  Po\nst’ ß\tz");
        let text = compact.as_str();
        let at = |needle: &str| text.find(needle).unwrap();
        let value = at("put")..at("'ß");
        assert_eq!(compact.spaced(value.clone()), "PUT Po st");
        let origins = Compact::new("https://a.exa\nmple,\nhttps://b.example c");
        let all = origins.as_str().len();
        assert_eq!(
            origins.spaced(0..all),
            "https://a.example, https://b.example c"
        );
        assert_eq!(compact.tight(value), "PUTPost");
        assert_eq!(compact.tight(at("ß")..text.len()), "ßz");
        assert_eq!(compact.gap_before(at("st'")), Gap::Line);
        assert_eq!(compact.gap_before(at("z")), Gap::Space);
        assert_eq!(compact.gap_before(at("ut")), Gap::Nothing);
    }
}
