//! Texts with holes, and where they are in a pasted text.

use std::ops::Range;

use cors_browser_model::Engine;

use super::message::{Fact, Facts};
use super::text::{Compact, Gap};
use crate::failure_code::FailureCode;

/// A text of a browser. `{url}` and the like are holes, by the names of [`Fact`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Template {
    /// Whose text it is, where only one says it so.
    pub(super) engine: Option<Engine>,
    pub(super) role: Role,
    pub(super) text: &'static str,
}

/// What a text is in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It names the failure.
    Names(FailureCode),
    /// It says no more than that something failed; what was printed beside it says more.
    Vague(FailureCode),
    /// The same in words that everybody uses, so it has to stand alone.
    Bare(FailureCode),
    /// It comes first, and says which request failed.
    Opens,
    /// It comes first, and says that the preflight failed.
    OpensPreflight,
    /// It comes last, and says more about the response.
    Closes,
}

/// A text that was found.
#[derive(Clone, Debug)]
pub(super) struct Match {
    pub(super) template: Template,
    pub(super) range: Range<usize>,
    pub(super) facts: Facts,
}

/// How many times a text is looked for: a paste may hold a day's log.
const MAX_MATCHES: usize = 200;

impl Template {
    /// Everywhere in a text, in time that grows no faster than the text.
    pub(super) fn matches(self, text: &Compact) -> Vec<Match> {
        let mut parts = Parts::new(self.text);
        let mut matches = Vec::new();
        let mut from = 0;
        while let Some(start) = parts.start(text, from) {
            let start = parts.last_start(text, start);
            from = match parts.rest(text, start) {
                Some((end, facts)) if self.fits(text, start..end) => {
                    matches.push(Match {
                        template: self,
                        range: start..end,
                        facts,
                    });
                    end
                }
                _ => start + parts.head.text.len(),
            };
            if matches.len() == MAX_MATCHES {
                break;
            }
        }
        matches
    }

    /// Whether what has to stand alone does so.
    fn fits(self, text: &Compact, range: Range<usize>) -> bool {
        let before = text.as_str().get(..range.start).unwrap_or_default();
        let after = text.as_str().get(range.end..).unwrap_or_default();
        let begins = text.gap_before(range.start) == Gap::Line;
        let ends = text.gap_before(range.end) == Gap::Line;
        match self.role {
            Role::Bare(_) => {
                (begins || !before.ends_with(char::is_alphabetic))
                    && (ends || !after.starts_with(char::is_alphabetic))
            }
            _ => true,
        }
    }
}

/// A template, taken apart: a literal, and holes with a literal behind each.
struct Parts {
    head: Literal,
    tail: Vec<(Fact, Literal)>,
}

impl Parts {
    fn new(template: &str) -> Self {
        let mut pieces = template.split(['{', '}']);
        let head = Literal::new(pieces.next().unwrap_or_default());
        let mut tail = Vec::new();
        while let (Some(hole), Some(literal)) = (pieces.next(), pieces.next()) {
            tail.extend(Fact::named(hole).map(|fact| (fact, Literal::new(literal))));
        }
        Self { head, tail }
    }

    fn start(&mut self, text: &Compact, from: usize) -> Option<usize> {
        self.head.find(text.as_str(), from)
    }

    /// The last of the starts before the first hole ends: what was begun before was not gone on with. In
    /// a hole, as in a URL, may stand what only looks like a start; there is no space before it.
    fn last_start(&mut self, text: &Compact, start: usize) -> usize {
        let Some((fact, literal)) = self.tail.first_mut() else {
            return start;
        };
        let hole = start + self.head.text.len();
        let end = literal.find(text.as_str(), hole).unwrap_or(hole);
        let starts = text.as_str().get(hole..end).unwrap_or_default();
        if literal.text.is_empty() || starts.len() > fact.max_len() {
            return start;
        }
        let mut later = starts.rmatch_indices(&self.head.text);
        let later = later.find(|(at, _)| text.gap_before(hole + at) > Gap::Nothing);
        later.map_or(start, |(at, _)| hole + at)
    }

    /// The end of the template that starts there, and what is in the holes.
    fn rest(&mut self, text: &Compact, start: usize) -> Option<(usize, Facts)> {
        let mut facts = Facts::default();
        let mut at = start + self.head.text.len();
        for (fact, literal) in &mut self.tail {
            let hole = match literal.text.as_str() {
                "" => at..end_of_word(text, at, *fact),
                _ => at..literal.find(text.as_str(), at)?,
            };
            if hole.len() > fact.max_len() {
                return None;
            }
            at = hole.end + literal.text.len();
            let content = match fact.has_spaces() {
                true => text.spaced(hole),
                // Then it is several words of a sentence.
                false if text.has_space(hole.clone()) => return None,
                false => text.tight(hole),
            };
            let is_last = literal.text.is_empty();
            facts.set(*fact, &content, is_last)?;
        }
        Some((at, facts))
    }
}

/// Where a hole ends that nothing closes.
fn end_of_word(text: &Compact, start: usize, fact: Fact) -> usize {
    let rest = text.as_str().get(start..).unwrap_or_default();
    let closing = if fact.has_spaces() {
        Gap::Line
    } else {
        Gap::Space
    };
    let ends = |(at, char): &(usize, char)| {
        (*at > 0 && text.gap_before(start + at) >= closing)
            || (fact == Fact::Status && !char.is_ascii_digit())
            || *at > fact.max_len()
    };
    let end = rest.char_indices().find(ends);
    start + end.map_or(rest.len(), |(at, _)| at)
}

/// A literal, and where it was found last. It is looked for from ever later places, so that a text is
/// read once and no more, however often the literal before it occurs.
struct Literal {
    text: String,
    found: Option<usize>,
    exhausted: bool,
}

impl Literal {
    fn new(text: &str) -> Self {
        Self {
            text: Compact::new(text).as_str().to_owned(),
            found: None,
            exhausted: false,
        }
    }

    fn find(&mut self, text: &str, from: usize) -> Option<usize> {
        if self.exhausted {
            return None;
        }
        if self.found.is_none_or(|found| found < from) {
            let found = text.get(from..).and_then(|rest| rest.find(&self.text));
            self.found = found.map(|at| from + at);
            self.exhausted = found.is_none();
        }
        self.found
    }
}
