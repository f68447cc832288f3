//! Templates of texts with holes, and how they are found in a pasted text.

use std::ops::Range;

use cors_browser_model::Engine;

use super::message::{Fact, Facts};
use super::text::{Compact, Gap};
use crate::failure_code::FailureCode;

/// A text of a browser or a server. `{url}` and the like are holes, by the names of [`Fact`]. `{server=Spring}` at the
/// end is not in the text: it is a fact that the text implies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Template {
    /// The browser that prints it, if only one has this text.
    pub(super) engine: Option<Engine>,
    pub(super) role: Role,
    pub(super) text: &'static str,
}

/// The role of a text in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It names the failure.
    Names(FailureCode),
    /// It only says that something failed; other lines say more.
    Vague(FailureCode),
    /// The same in common words, so it has to be alone on its line.
    Bare(FailureCode),
    /// It comes first, and names the request that failed.
    Opens,
    /// It comes first, and says that the preflight failed.
    OpensPreflight,
    /// It comes last, and has facts about the response.
    Closes,
}

/// A text that was found.
#[derive(Clone, Debug)]
pub(super) struct Match {
    pub(super) template: Template,
    pub(super) range: Range<usize>,
    pub(super) facts: Facts,
}

/// How often a text is searched: a pasted text may be a day's log.
const MAX_MATCHES: usize = 200;

impl Template {
    /// Finds all occurrences in a text, in linear time.
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

    /// Whether a text that has to be alone is alone.
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

/// The parts of a template: a literal, holes with a literal after each, and the facts that it implies.
struct Parts {
    head: Literal,
    tail: Vec<(Fact, Literal)>,
    implied: Vec<(Fact, &'static str)>,
}

impl Parts {
    fn new(template: &'static str) -> Self {
        let mut pieces = template.split(['{', '}']);
        let head = Literal::new(pieces.next().unwrap_or_default());
        let (mut tail, mut implied) = (Vec::new(), Vec::new());
        while let (Some(hole), Some(literal)) = (pieces.next(), pieces.next()) {
            match hole.split_once('=') {
                Some((name, fact)) => implied.extend(Fact::named(name).map(|name| (name, fact))),
                None => tail.extend(Fact::named(hole).map(|fact| (fact, Literal::new(literal)))),
            }
        }
        Self {
            head,
            tail,
            implied,
        }
    }

    fn start(&mut self, text: &Compact, from: usize) -> Option<usize> {
        self.head.find(text.as_str(), from)
    }

    /// The last start before the end of the first hole: earlier starts were not continued. A hole, such as a URL,
    /// may contain a text that looks like a start; there is no space before it.
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

    /// The end of the template that starts there, and the content of the holes.
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
                // Then it is a part of a sentence.
                false if text.has_space(hole.clone()) => return None,
                false => text.tight(hole),
            };
            let is_last = literal.text.is_empty();
            facts.set(*fact, &content, is_last)?;
        }
        for (fact, content) in &self.implied {
            facts.set(*fact, content, false)?;
        }
        Some((at, facts))
    }
}

/// The end of a hole that no literal follows.
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

/// A literal, and where it was found last. It is only searched from later places, so that a text is read once,
/// however often the literal before it occurs.
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
