//! The formats of policy files, by their names.

mod json;
mod yaml;

use std::collections::HashSet;
use std::ops::Range;
use std::path::Path;

use cors_core::ConfigErrors;
use cors_core::document::{self, Item, Key};

/// How deep the tables and lists of a file may be in each other, in the formats that are not TOML. A tree is dropped
/// recursively.
const MAX_DEPTH: usize = 128;
const TOO_DEEP: &str = "tables and lists are more than 128 levels deep";

/// The format of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Toml,
    Json,
    Yaml,
}

impl Format {
    /// The format of a file with this name: TOML, unless it ends with that of another format.
    pub(crate) fn of(name: &str) -> Self {
        let extension = Path::new(name).extension().unwrap_or_default();
        match extension.to_ascii_lowercase().to_str() {
            Some("json") => Self::Json,
            Some("yaml" | "yml") => Self::Yaml,
            _ => Self::Toml,
        }
    }

    /// Parses a file. Does not look at the keys in it.
    pub(crate) fn parse(self, text: &str) -> Result<Item, ConfigErrors> {
        let (name, parsed) = match self {
            Self::Toml => return document::parse_toml(text),
            Self::Json => ("JSON", json::parse(text)),
            Self::Yaml => ("YAML", yaml::parse(text)),
        };
        parsed.map_err(|Invalid { message, span }| {
            let message = format!("the file is not valid {name}: {message}");
            document::syntax_error(text, message, Some(span))
        })
    }

    /// Whether the text of a value, or of a key, is a string.
    pub(crate) fn is_string(self, text: &str) -> bool {
        let is_quoted = text.starts_with(['"', '\'']);
        // YAML has strings without quotation marks. A suggestion for another value is a number, for a number.
        let is_plain = |first: char| !matches!(first, '0'..='9' | '-' | '+' | '[' | '{');
        is_quoted || self == Self::Yaml && text.starts_with(is_plain)
    }

    /// Whether a text that is written in place of a value, or of a key, is valid there.
    pub(crate) fn takes(self, replacement: &str) -> bool {
        match self {
            Self::Toml => true,
            Self::Json => json::parse(replacement).is_ok(),
            // JSON is also YAML. An empty list is written in place of one whose place may begin after its first `-`.
            Self::Yaml => replacement != "[]" && json::parse(replacement).is_ok(),
        }
    }
}

/// Why a text has no tree. The place is in bytes.
#[derive(Debug)]
struct Invalid {
    message: String,
    span: Range<usize>,
}

impl Invalid {
    fn new(message: impl Into<String>, span: Range<usize>) -> Self {
        let message = message.into();
        Self { message, span }
    }
}

/// The text without a byte order mark, and where it begins.
fn without_mark(text: &str) -> (&str, usize) {
    match text.strip_prefix('\u{feff}') {
        Some(rest) => (rest, text.len() - rest.len()),
        None => (text, 0),
    }
}

/// The entries of a table that is read. Do not compare each key with each other: there may be very many.
#[derive(Debug, Default)]
struct Entries {
    entries: Vec<(Key, Item)>,
    names: HashSet<String>,
}

impl Entries {
    fn check(&mut self, key: &Key) -> Result<(), Invalid> {
        match self.names.insert(key.name.clone()) {
            true => Ok(()),
            false => Err(Invalid::new(
                "the table has this key twice",
                key.span.clone().unwrap_or_default(),
            )),
        }
    }

    fn push(&mut self, key: Key, item: Item) {
        self.entries.push((key, item));
    }
}

#[cfg(test)]
mod tests;
