//! A policy file: its text and the places in it.

use std::ops::Range;
use std::path::Path;

use cors_core::{Config, ConfigErrors, LoadError, Policy};
use toml::de::{DeTable, DeValue};

use crate::line_index::LineIndex;

/// A file that was read.
#[derive(Clone, Debug)]
pub struct Source {
    /// The path as the user gave it.
    pub name: String,
    /// Its text.
    pub text: String,
    lines: LineIndex,
}

/// A valid policy, and its source: [`Source::load`].
#[derive(Clone, Debug)]
pub struct ValidPolicy {
    /// The policy.
    pub policy: Policy,
    pub(crate) config: Config,
    pub(crate) places: Places,
}

impl Source {
    /// Reads a file. Its text need not be a valid policy.
    ///
    /// # Errors
    ///
    /// The errors of [`cors_core::read_policy`].
    pub fn read(path: &Path) -> Result<Self, LoadError> {
        let text = cors_core::read_policy(path)?;
        Ok(Self::new(path.display().to_string(), text))
    }

    /// A text as if it had been read from a file with this name.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            name: name.into(),
            lines: LineIndex::new(&text),
            text,
        }
    }

    /// Parses and checks the policy.
    ///
    /// # Errors
    ///
    /// Every error in it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_explain::Source;
    ///
    /// assert!(Source::new("cors.toml", "allow_origins = ['*']").load().is_ok());
    /// let errors = Source::new("cors.toml", "allow_origins = ['a']\nmax_age = 'b'").load().unwrap_err();
    /// assert_eq!(errors.iter().count(), 2);
    /// ```
    pub fn load(&self) -> Result<ValidPolicy, ConfigErrors> {
        ValidPolicy::new(&self.text)
    }

    /// The line and the column of a byte, counted from 1; columns are characters.
    ///
    /// # Examples
    ///
    /// ```
    /// let source = cors_explain::Source::new("cors.toml", "# ä\nmax_age = 1");
    /// assert_eq!(source.line_and_column("# ä".len()), (1, 4));
    /// assert_eq!(source.line_and_column("# ä\nmax_".len()), (2, 5));
    /// ```
    pub fn line_and_column(&self, at: usize) -> (usize, usize) {
        let line = self.lines.line(at);
        (line, self.lines.column(&self.text, line, at))
    }

    /// The line of a byte, counted from 1.
    pub fn line(&self, at: usize) -> usize {
        self.lines.line(at)
    }

    /// The bytes of a line, counted from 1, with its line end. A byte order mark is not part of the first line.
    ///
    /// # Examples
    ///
    /// ```
    /// let source = cors_explain::Source::new("cors.toml", "# a\nmax_age = 1");
    /// assert_eq!(source.line_range(source.line(2)), 0..4);
    /// assert_eq!(source.line_range(2), 4..15);
    /// ```
    pub fn line_range(&self, line: usize) -> Range<usize> {
        self.lines.range(line)
    }
}

impl ValidPolicy {
    /// Parses and checks a text.
    pub(crate) fn new(text: &str) -> Result<Self, ConfigErrors> {
        let policy = Policy::from_toml(text)?;
        Ok(Self {
            policy,
            // The same text was just read without an error.
            config: toml::from_str(text).unwrap_or_default(),
            places: Places::new(text),
        })
    }
}

/// The places of all parts of a TOML file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    /// The keys at the top level.
    pub(crate) file: Vec<Entry>,
    /// The keys of each `[[grant]]`; none if the keys of the only grant are at the top level.
    pub(crate) grants: Vec<GrantPlace>,
}

/// The place of a `[[grant]]`.
#[derive(Clone, Debug)]
pub(crate) struct GrantPlace {
    /// Its header.
    pub(crate) header: Range<usize>,
    pub(crate) keys: Vec<Entry>,
}

/// The place of a key.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) key: Range<usize>,
    pub(crate) value: Range<usize>,
    /// The items, if the value is a list.
    pub(crate) items: Vec<Range<usize>>,
}

impl Places {
    fn new(text: &str) -> Self {
        let Ok(table) = DeTable::parse(text) else {
            return Self::default();
        };
        let mut places = Self::default();
        for (name, value) in table.get_ref() {
            match value.get_ref() {
                DeValue::Array(grants) if name.get_ref() == "grant" => {
                    places.grants = grants.iter().filter_map(grant_place).collect();
                }
                _ => places.file.push(entry(name, value)),
            }
        }
        places
    }

    /// The entry of a key of a grant.
    pub(crate) fn entry(&self, grant: usize, key: &str) -> Option<&Entry> {
        let keys = match self.grants.get(grant) {
            Some(place) => &place.keys,
            None => &self.file,
        };
        keys.iter().find(|entry| entry.name == key)
    }

    /// The entry of a key of the whole file.
    pub(crate) fn file_entry(&self, key: &str) -> Option<&Entry> {
        self.file.iter().find(|entry| entry.name == key)
    }

    /// The nearest existing place in the file: the item, its key's value, the grant's header, or
    /// the beginning.
    pub(crate) fn span(&self, grant: usize, key: &str, index: Option<usize>) -> Range<usize> {
        let entry = self.entry(grant, key);
        let item = entry.and_then(|entry| entry.items.get(index?));
        item.or(entry.map(|entry| &entry.value))
            .or(self.grants.get(grant).map(|place| &place.header))
            .cloned()
            .unwrap_or(0..0)
    }
}

fn grant_place(grant: &toml::Spanned<DeValue<'_>>) -> Option<GrantPlace> {
    let DeValue::Table(keys) = grant.get_ref() else {
        return None;
    };
    Some(GrantPlace {
        header: grant.span(),
        keys: keys
            .iter()
            .map(|(name, value)| entry(name, value))
            .collect(),
    })
}

fn entry(
    name: &toml::Spanned<std::borrow::Cow<'_, str>>,
    value: &toml::Spanned<DeValue<'_>>,
) -> Entry {
    let items = match value.get_ref() {
        DeValue::Array(items) => items.iter().map(toml::Spanned::span).collect(),
        _ => Vec::new(),
    };
    Entry {
        name: name.get_ref().clone().into_owned(),
        key: name.span(),
        value: value.span(),
        items,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let text = "preflight_status = 200\n\n[[grant]]\nallow_origins = [\"*\"]\n\n[[grant]]\n\
                    allow_origins = [\n  \"https://a.example\",\n]\n";
        let places = Places::new(text);
        let at = |range: Range<usize>| text.get(range).unwrap();
        assert_eq!(at(places.span(0, "allow_origins", Some(0))), "\"*\"");
        assert_eq!(
            at(places.span(1, "allow_origins", Some(0))),
            "\"https://a.example\""
        );
        assert_eq!(at(places.span(1, "allow_methods", None)), "[[grant]]");
        assert_eq!(
            places.span(1, "", None).start,
            text.rfind("[[grant]]").unwrap()
        );
        assert_eq!(
            at(places.file_entry("preflight_status").unwrap().key.clone()),
            "preflight_status"
        );

        let places = Places::new("allow_origins = ['*']");
        assert_eq!(places.span(0, "allow_origins", Some(0)), 17..20);
        assert_eq!(places.span(0, "max_age", None), 0..0);
    }
}
