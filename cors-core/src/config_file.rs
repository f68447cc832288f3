//! The shape of a policy file, in TOML or in any format that serde reads.
//!
//! Do not derive a reader from the structs in `config`: a derived one stops at the first error, and a
//! flattened one loses the places. So a file of any format is first read into a tree of [`Item`]s, and one
//! [reader] finds all errors in the tree.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use crate::error::{ConfigError, Location, Place};
use crate::policy::Policy;

mod reader;
#[cfg(feature = "serde")]
mod serde;
#[cfg(feature = "toml")]
mod toml;

#[cfg(feature = "toml")]
pub use self::toml::{LoadError, PolicyFile, read_policy};

/// A value in a file, with its place if the format has one.
#[derive(Debug)]
struct Item {
    node: Node,
    span: Option<Range<usize>>,
}

#[derive(Debug)]
enum Node {
    Text(String),
    Integer(i128),
    Boolean(bool),
    List(Vec<Item>),
    Table(Vec<(Key, Item)>),
    /// A type that no key has; the text names it.
    Other(&'static str),
}

#[derive(Debug)]
struct Key {
    name: String,
    span: Option<Range<usize>>,
}

impl Item {
    fn kind(&self) -> &'static str {
        match self.node {
            Node::Text(_) => "a string",
            Node::Integer(_) => "an integer",
            Node::Boolean(_) => "a boolean",
            Node::List(_) => "a list",
            Node::Table(_) => "a table",
            Node::Other(kind) => kind,
        }
    }

    fn get(&self, key: &str) -> Option<&Self> {
        match &self.node {
            Node::Table(entries) => entries
                .iter()
                .find(|(name, _)| name.name == key)
                .map(|(_, item)| item),
            _ => None,
        }
    }

    fn nth(&self, index: usize) -> Option<&Self> {
        match &self.node {
            Node::List(items) => items.get(index),
            _ => None,
        }
    }

    /// The span of the value at `place`, or of the innermost value around it.
    fn span_of(&self, place: &Place) -> Option<Range<usize>> {
        let grant = place.grant.and_then(|grant| self.get("grant")?.nth(grant));
        let value = grant.unwrap_or(self).get(&place.key);
        let item = value.and_then(|list| list.nth(place.index?));
        match item.or(value).or(grant) {
            Some(item) => item.span.clone(),
            // Point at the beginning of the file, not at all of it.
            None => self.span.as_ref().map(|_| 0..0),
        }
    }
}

/// Reads a policy from a file. All errors are added to `errors` in the order of the
/// file, with their spans.
fn read(root: &Item, errors: &mut Vec<ConfigError>) -> Option<Policy> {
    let (config, unread) = reader::read_config(root, errors);
    let mut found = Vec::new();
    let policy = Policy::compile(&config, &HashSet::new(), &mut found);
    // A key may be misspelt in several ways; the first one counts.
    let mut unread_items = HashMap::with_capacity(unread.len());
    for unread in &unread {
        let place = (unread.grant, unread.key);
        unread_items.entry(place).or_insert(&unread.items);
    }
    for mut error in found {
        let place = &mut error.place;
        let unread = unread_items.get(&(place.grant, place.key.as_str()));
        match (unread, place.index) {
            // A value that could not be read was reported, and is not missing.
            (Some(_), None) => continue,
            (Some(items), Some(index)) => place.index = items.get(index).copied(),
            (None, _) => {}
        }
        error.location = root.span_of(&error.place).map(location_without_line);
        errors.push(error);
    }
    errors.sort_by_key(|error| error.location.as_ref().map(|location| location.span.start));
    policy.filter(|_| errors.is_empty())
}

/// A location whose line is not counted yet.
fn location_without_line(span: Range<usize>) -> Location {
    Location {
        span,
        line: 0,
        column: 0,
    }
}
