//! Policies in JSON.

use std::ops::Range;

use cors_core::document::{Item, Key, Node};
use jsonc_parser::ast::{ObjectProp, ObjectPropName, Value};
use jsonc_parser::common::Ranged as _;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::{Entries, Invalid, MAX_DEPTH, TOO_DEEP, without_mark};

/// JSON of RFC 8259, without what the parser also knows.
const OPTIONS: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

pub(super) fn parse(text: &str) -> Result<Item, Invalid> {
    let (text, start) = without_mark(text);
    let reader = Reader { text, start };
    // The parser is recursive, and its own limit is too high for a thread with a small stack.
    if let Some(at) = too_deep(text) {
        return Err(Invalid::new(TOO_DEEP, reader.span(at..at + 1)));
    }
    let parsed = parse_to_ast(text, &CollectOptions::default(), &OPTIONS).map_err(|error| {
        let range = error.range();
        let mut message = error.kind().to_string();
        if let Some(first) = message.get_mut(..1) {
            first.make_ascii_lowercase();
        }
        Invalid::new(message, reader.span(range.start..range.end))
    })?;
    match parsed.value {
        Some(value) => reader.item(value),
        None => Err(Invalid::new("it has no value", reader.span(0..0))),
    }
}

/// The place of the first bracket that is too deep.
fn too_deep(text: &str) -> Option<usize> {
    let (mut depth, mut is_string, mut is_escaped) = (0_usize, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_string => is_escaped = true,
            b'"' => is_string = !is_string,
            b'[' | b'{' if !is_string => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Some(at);
                }
            }
            b']' | b'}' if !is_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

struct Reader<'a> {
    text: &'a str,
    /// The place of the text in the file.
    start: usize,
}

impl Reader<'_> {
    fn span(&self, range: Range<usize>) -> Range<usize> {
        self.start + range.start..self.start + range.end
    }

    fn item(&self, value: Value<'_>) -> Result<Item, Invalid> {
        let range = value.range();
        let node = match value {
            Value::StringLit(literal) => {
                self.check_string(range.start..range.end)?;
                Node::Text(literal.value.into_owned())
            }
            Value::NumberLit(literal) => match literal.value.parse() {
                Ok(integer) => Node::Integer(integer),
                Err(_) if literal.value.contains(['.', 'e', 'E']) => Node::Other("a float"),
                Err(_) => Node::Other("an out-of-range integer"),
            },
            Value::BooleanLit(literal) => Node::Boolean(literal.value),
            Value::NullKeyword(_) => Node::Other("null"),
            Value::Array(array) => {
                let items = array.elements.into_iter().map(|value| self.item(value));
                Node::List(items.collect::<Result<_, _>>()?)
            }
            Value::Object(object) => self.table(object.properties)?,
        };
        Ok(Item {
            node,
            span: Some(self.span(range.start..range.end)),
        })
    }

    fn table(&self, properties: Vec<ObjectProp<'_>>) -> Result<Node, Invalid> {
        let mut table = Entries::default();
        for ObjectProp { name, value, .. } in properties {
            let range = name.range();
            self.check_string(range.start..range.end)?;
            let key = Key {
                name: match name {
                    ObjectPropName::String(literal) => literal.value.into_owned(),
                    ObjectPropName::Word(literal) => literal.value.to_owned(),
                },
                span: Some(self.span(range.start..range.end)),
            };
            table.check(&key)?;
            table.push(key, self.item(value)?);
        }
        Ok(Node::Table(table.entries))
    }

    /// The parser allows line ends in strings.
    fn check_string(&self, range: Range<usize>) -> Result<(), Invalid> {
        let text = self.text.get(range.clone()).unwrap_or_default();
        match text.find(|char| char < ' ') {
            None => Ok(()),
            Some(at) => {
                let at = range.start + at;
                let message = "a string has a control character or a line end";
                Err(Invalid::new(message, self.span(at..at + 1)))
            }
        }
    }
}
