//! The tree that a policy is read from, for tools that show or change files.
//!
//! Each format has its own parser, and they all build this tree.

use std::ops::Range;

use super::reader::{self, Sources};
use crate::config::Config;
use crate::environment::Reference;
use crate::error::Place;
use crate::grant_id::GrantId;
use crate::policy::Policy;

#[cfg(feature = "toml")]
pub use super::toml::{parse as parse_toml, syntax_error};

/// A value in a file.
#[derive(Clone, Debug)]
pub struct Item {
    /// The value.
    pub node: Node,
    /// Its bytes in the text, if the format has places. For a string they include the quotes.
    pub span: Option<Range<usize>>,
}

/// A value, without its place.
#[derive(Clone, Debug)]
pub enum Node {
    /// A string.
    Text(String),
    /// An integer.
    Integer(i128),
    /// `true` or `false`.
    Boolean(bool),
    /// A list.
    List(Vec<Item>),
    /// A table, in the order of the file. No key is in it twice.
    Table(Vec<(Key, Item)>),
    /// A type that no key has; the text names it, as in `a float`.
    Other(&'static str),
}

/// A key of a table.
#[derive(Clone, Debug)]
pub struct Key {
    /// The key as text, without quotes and escapes.
    pub name: String,
    /// Its bytes in the text.
    pub span: Option<Range<usize>>,
}

/// A place where a list of a policy takes its items from a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VariableUse {
    /// The name of the variable.
    pub name: String,
    /// The default: the text after `:-`.
    pub default: Option<String>,
    /// The key of the list: `allow_origins`.
    pub key: &'static str,
    /// The place as text, as [`ConfigError::path`](crate::ConfigError::path) has it: `allow_origins[0]`.
    pub place: String,
    /// The bytes of the item.
    pub span: Option<Range<usize>>,
}

/// The variables that a policy uses, in the order of the file.
pub fn variables(policy: &Item) -> Vec<VariableUse> {
    let mut uses = Vec::new();
    find_variables(policy, &Place::default(), &mut uses);
    uses
}

/// Adds the variables in a part of the file to `uses`.
fn find_variables(part: &Item, of_part: &Place, uses: &mut Vec<VariableUse>) {
    let Node::Table(entries) = &part.node else {
        return;
    };
    for (key, item) in entries {
        let Node::List(items) = &item.node else {
            continue;
        };
        match (key.name.as_str(), of_part) {
            (
                "route",
                Place {
                    route: None,
                    grant: None,
                    ..
                },
            ) => {
                for (index, route) in items.iter().enumerate() {
                    let place = Place {
                        route: Some(index),
                        ..Place::default()
                    };
                    find_variables(route, &place, uses);
                }
            }
            (
                "grant",
                Place {
                    route, grant: None, ..
                },
            ) => {
                for (index, grant) in items.iter().enumerate() {
                    let place = Place {
                        route: *route,
                        grant: Some(index),
                        numbered: items.len() > 1,
                        ..Place::default()
                    };
                    find_variables(grant, &place, uses);
                }
            }
            (name, _) => {
                let Some(key) = LISTS.iter().find(|key| **key == name) else {
                    continue;
                };
                let place = Place {
                    key: name.to_owned(),
                    ..of_part.clone()
                };
                uses.extend(items.iter().enumerate().filter_map(|(index, item)| {
                    let Reference { name, default } = Reference::parse(item.text()?)?.ok()?;
                    let place = Place {
                        index: Some(index),
                        ..place.clone()
                    };
                    Some(VariableUse {
                        name: name.to_owned(),
                        default: default.map(str::to_owned),
                        key,
                        place: place.to_string(),
                        span: item.span.clone(),
                    })
                }));
            }
        }
    }
}

/// The keys at the top of a file, next to those of a grant.
pub fn file_keys() -> &'static [&'static str] {
    &reader::FILE_KEYS
}

/// The keys of a route, next to those of a grant.
pub fn route_keys() -> &'static [&'static str] {
    &reader::ROUTE_KEYS
}

/// The items that `dangerously_allow` can have.
pub fn dangers() -> &'static [&'static str] {
    &reader::DANGERS
}

/// The lists whose items can be variables.
const LISTS: [&str; 4] = [
    "allow_origins",
    "allow_methods",
    "allow_headers",
    "expose_headers",
];

/// A policy, and where its parts are in the file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Loaded {
    /// The policy.
    pub policy: Policy,
    /// Its configuration, with the items of variables.
    pub config: Config,
    pub(super) sources: Sources,
}

impl Loaded {
    /// The index in the file of an item in a list of the [configuration](Self::config). All items of a variable have
    /// the index of the item that names the variable.
    pub fn index_in_file(&self, grant: GrantId, key: &str, index: usize) -> Option<usize> {
        match self.sources.get(&(grant.route(), Some(grant.index()), key)) {
            Some(source) => source.items.get(index).copied(),
            None => Some(index),
        }
    }
}

/// A table of a larger file, if it is there. A table in a table is `server.cors`.
pub fn table<'a>(root: &'a Item, name: &str) -> Option<&'a Item> {
    name.split('.').try_fold(root, |item, key| item.get(key))
}

impl Item {
    pub(super) fn kind(&self) -> &'static str {
        match self.node {
            Node::Text(_) => "a string",
            Node::Integer(_) => "an integer",
            Node::Boolean(_) => "a boolean",
            Node::List(_) => "a list",
            Node::Table(_) => "a table",
            Node::Other(kind) => kind,
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        match &self.node {
            Node::Table(entries) => entries
                .iter()
                .find(|(name, _)| name.name == key)
                .map(|(_, item)| item),
            _ => None,
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.node {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn nth(&self, index: usize) -> Option<&Self> {
        match &self.node {
            Node::List(items) => items.get(index),
            _ => None,
        }
    }

    /// The value at `place`.
    pub(super) fn at(&self, place: &Place) -> Option<&Self> {
        let part = match place.route {
            Some(route) => self.get("route")?.nth(route)?,
            None => self,
        };
        let grant = place.grant.and_then(|grant| part.get("grant")?.nth(grant));
        let value = grant.unwrap_or(part).get(&place.key)?;
        match place.index {
            Some(index) => value.nth(index),
            None => Some(value),
        }
    }

    /// The span of the value at `place`, or of the innermost value around it.
    pub(super) fn span_of(&self, place: &Place) -> Option<Range<usize>> {
        let route = place.route.and_then(|route| self.get("route")?.nth(route));
        let part = route.unwrap_or(self);
        let grant = place.grant.and_then(|grant| part.get("grant")?.nth(grant));
        let value = grant.unwrap_or(part).get(&place.key);
        let item = value.and_then(|list| list.nth(place.index?));
        match item.or(value).or(grant).or(route) {
            Some(item) => item.span.clone(),
            // Point at the beginning of the file, not at all of it.
            None => self.span.as_ref().map(|span| span.start..span.start),
        }
    }
}
