//! Policies in YAML: one document, with the scalars of the core schema of YAML 1.2.

use std::ops::Range;

use cors_core::document::{Item, Key, Node};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle};

use super::{Entries, Invalid, MAX_DEPTH, TOO_DEEP, without_mark};

pub(super) fn parse(text: &str) -> Result<Item, Invalid> {
    let (text, start) = without_mark(text);
    let mut reader = Reader {
        open: Vec::new(),
        document: None,
        places: Places::new(text, start),
    };
    // The parser ends at a zero byte, and takes the other control characters.
    let is_allowed =
        |char: char| !char.is_control() || matches!(char, '\t' | '\n' | '\r' | '\u{85}');
    if let Some((at, char)) = text.char_indices().find(|(_, char)| !is_allowed(*char)) {
        let span = start + at..start + at + char.len_utf8();
        return Err(Invalid::new("it has a control character", span));
    }
    for event in Parser::new_from_str(text) {
        match event {
            Ok((event, span)) => {
                let start = reader.places.byte(span.start);
                let end = reader.places.byte(span.end).max(start);
                reader.event(event, start..end)?;
            }
            Err(error) => {
                let at = reader.places.byte(*error.marker());
                return Err(Invalid::new(in_words(error.info()), at..at));
            }
        }
    }
    let empty = Item {
        node: Node::Other("null"),
        span: Some(start..start),
    };
    Ok(reader.document.unwrap_or(empty))
}

/// The parser's message, with what is most often the reason.
fn in_words(info: &str) -> String {
    match info {
        "recursion limit exceeded" => TOO_DEEP.to_owned(),
        _ if info.contains("anchor or alias") => {
            "a text that begins with `*` or `&` must be in quotation marks: `\"*\"`".to_owned()
        }
        _ => info.to_owned(),
    }
}

struct Reader<'a> {
    open: Vec<Open>,
    document: Option<Item>,
    places: Places<'a>,
}

/// A list or a table that has not ended.
struct Open {
    start: usize,
    /// The end of what is in it.
    end: usize,
    is_tagged: bool,
    node: OpenNode,
}

enum OpenNode {
    List(Vec<Item>),
    Table {
        entries: Entries,
        /// The key whose value is next.
        key: Option<Key>,
    },
}

impl Reader<'_> {
    fn event(&mut self, event: Event<'_>, span: Range<usize>) -> Result<(), Invalid> {
        match event {
            Event::Scalar(text, style, _, tag) => {
                if self.takes_key() {
                    if tag.is_some() {
                        return Err(Invalid::new("a key has a tag", span));
                    }
                    return self.key(text.into_owned(), span);
                }
                let node = match (tag, style) {
                    (Some(_), _) => Node::Other(TAGGED),
                    (None, ScalarStyle::Plain) => plain(&text),
                    (None, _) => Node::Text(text.into_owned()),
                };
                self.value(node, span)
            }
            // Not replaced: a few aliases of aliases are as long as the memory.
            Event::Alias(_) if self.takes_key() => Err(Invalid::new("a key is an alias", span)),
            Event::Alias(_) => self.value(Node::Other("an alias, which is not read"), span),
            Event::SequenceStart(_, tag) => {
                self.open(OpenNode::List(Vec::new()), tag.is_some(), span)
            }
            Event::MappingStart(_, tag) => {
                let entries = Entries::default();
                let node = OpenNode::Table { entries, key: None };
                self.open(node, tag.is_some(), span)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            Event::DocumentStart(_) if self.document.is_some() => {
                Err(Invalid::new("it has several documents", span))
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
        }
    }

    /// Whether what is next is the key of a table.
    fn takes_key(&self) -> bool {
        let open = self.open.last().map(|open| &open.node);
        matches!(open, Some(OpenNode::Table { key: None, .. }))
    }

    fn key(&mut self, name: String, span: Range<usize>) -> Result<(), Invalid> {
        if let Some(Open {
            end,
            node: OpenNode::Table { entries, key },
            ..
        }) = self.open.last_mut()
        {
            *end = span.end;
            let span = Some(span);
            let next = key.insert(Key { name, span });
            entries.check(next)?;
        }
        Ok(())
    }

    fn open(&mut self, node: OpenNode, is_tagged: bool, span: Range<usize>) -> Result<(), Invalid> {
        if self.takes_key() {
            return Err(Invalid::new("a key is a list or a table", span));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(Invalid::new(TOO_DEEP, span));
        }
        self.open.push(Open {
            start: span.start,
            end: span.end,
            is_tagged,
            node,
        });
        Ok(())
    }

    /// The place of the end is that of the bracket, or somewhere after the block.
    fn close(&mut self, bracket: Range<usize>) -> Result<(), Invalid> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        let end = match bracket.is_empty() {
            true => open.end,
            false => bracket.end,
        };
        let node = match open.node {
            _ if open.is_tagged => Node::Other(TAGGED),
            OpenNode::List(items) => Node::List(items),
            OpenNode::Table { entries, .. } => Node::Table(entries.entries),
        };
        self.value(node, open.start..end)
    }

    fn value(&mut self, node: Node, span: Range<usize>) -> Result<(), Invalid> {
        let end = span.end;
        let item = Item {
            node,
            span: Some(span),
        };
        let Some(open) = self.open.last_mut() else {
            self.document = Some(item);
            return Ok(());
        };
        open.end = open.end.max(end);
        match &mut open.node {
            OpenNode::List(items) => items.push(item),
            OpenNode::Table { entries, key } => {
                if let Some(key) = key.take() {
                    entries.push(key, item);
                }
            }
        }
        Ok(())
    }
}

const TAGGED: &str = "a value with a tag, which is not read";

/// The value of a text without quotation marks: <https://yaml.org/spec/1.2.2/#103-core-schema>.
fn plain(text: &str) -> Node {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Node::Other("null"),
        "true" | "True" | "TRUE" => return Node::Boolean(true),
        "false" | "False" | "FALSE" => return Node::Boolean(false),
        _ => {}
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (digits, radix) = match (text.strip_prefix("0x"), text.strip_prefix("0o")) {
        (Some(digits), _) => (digits, 16),
        (_, Some(digits)) => (digits, 8),
        (None, None) => (unsigned, 10),
    };
    if !digits.is_empty() && digits.chars().all(|char| char.is_digit(radix)) {
        let digits = if radix == 10 { text } else { digits };
        return match i128::from_str_radix(digits, radix) {
            Ok(integer) => Node::Integer(integer),
            Err(_) => Node::Other("an out-of-range integer"),
        };
    }
    let is_float = matches!(text, ".nan" | ".NaN" | ".NAN")
        || matches!(unsigned, ".inf" | ".Inf" | ".INF")
        // `inf` and the like are numbers for Rust.
        || unsigned.starts_with(|char: char| char.is_ascii_digit() || char == '.')
            && unsigned.parse::<f64>().is_ok();
    match is_float {
        true => Node::Other("a float"),
        false => Node::Text(text.to_owned()),
    }
}

/// The bytes of the parser's places, which are lines and columns in characters. Each place is searched for from the
/// one before: a line may be as long as the file.
struct Places<'a> {
    text: &'a str,
    /// The place of the text in the file.
    start: usize,
    /// The place of each line in the text.
    lines: Vec<usize>,
    line: usize,
    column: usize,
    at: usize,
}

impl<'a> Places<'a> {
    fn new(text: &'a str, start: usize) -> Self {
        let bytes = text.as_bytes();
        let ends = bytes.iter().enumerate().filter(|(at, byte)| match byte {
            b'\n' => true,
            b'\r' => bytes.get(at + 1) != Some(&b'\n'),
            _ => false,
        });
        let starts = ends.map(|(at, _)| at + 1);
        Self {
            text,
            start,
            lines: std::iter::once(0).chain(starts).collect(),
            line: 0,
            column: 0,
            at: 0,
        }
    }

    fn byte(&mut self, place: Marker) -> usize {
        // The parser counts lines from 1.
        let line = place.line().saturating_sub(1);
        if line != self.line {
            self.line = line;
            self.column = 0;
            self.at = self.lines.get(line).copied().unwrap_or(self.text.len());
        }
        let (before, after) = self.text.split_at_checked(self.at).unwrap_or_default();
        let moved: usize = match place.col().checked_sub(self.column) {
            Some(more) => {
                let chars = after.chars().take(more);
                chars.map(char::len_utf8).sum()
            }
            None => {
                let chars = before.chars().rev().take(self.column - place.col());
                chars.map(char::len_utf8).sum()
            }
        };
        self.at = match place.col() < self.column {
            true => self.at - moved,
            false => self.at + moved,
        };
        self.column = place.col();
        self.start + self.at
    }
}
