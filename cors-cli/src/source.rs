//! A policy file: its text, and the places in it.

use std::io::Write;
use std::ops::Range;
use std::path::Path;

use cors_core::{Config, ConfigErrors, Policy};
use serde_json::json;
use toml::de::{DeTable, DeValue};

use crate::Error;
use crate::diagnostic::Diagnostic;
use crate::line_index::LineIndex;
use crate::output::{Json, Printable, width};

/// A file that was read.
#[derive(Clone, Debug)]
pub struct Source {
    /// The path as the user gave it.
    pub name: String,
    /// What is in it.
    pub text: String,
    pub(crate) lines: LineIndex,
}

/// A sound policy, and what it was made of.
#[derive(Clone, Debug)]
pub struct ValidPolicy {
    /// The policy.
    pub policy: Policy,
    pub(crate) config: Config,
    pub(crate) places: Places,
}

impl Source {
    /// Reads a file.
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        let text = cors_core::read_policy(path).map_err(|error| Error::new(error.to_string()))?;
        Ok(Self::new(path.display().to_string(), text))
    }

    /// A text as if it had been read from a file of this name.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            name: name.into(),
            lines: LineIndex::new(&text),
            text,
        }
    }

    /// Makes a policy of it.
    ///
    /// # Errors
    ///
    /// Every mistake in it.
    pub fn load(&self) -> Result<ValidPolicy, ConfigErrors> {
        ValidPolicy::new(&self.text)
    }

    /// Makes a policy of it, for a command that needs one; where it is none, its mistakes are written.
    pub(crate) fn valid(&self, json: bool, out: &mut impl Write) -> Result<ValidPolicy, Error> {
        let errors = match self.load() {
            Ok(valid) => return Ok(valid),
            Err(errors) => errors,
        };
        let mistakes = errors.iter().map(|error| Diagnostic::mistake(error, self));
        let mistakes: Vec<_> = mistakes.collect();
        if json {
            let mistakes: Vec<_> = mistakes.iter().map(|found| found.to_json(self)).collect();
            writeln!(out, "{}", Json(&json!({"mistakes": mistakes})))?;
        } else {
            for mistake in &mistakes {
                writeln!(out, "{}\n", mistake.render(self, width()))?;
            }
        }
        let plural = if mistakes.len() == 1 { "" } else { "s" };
        let (name, count) = (Printable(&self.name), mistakes.len());
        Err(Error::new(format!(
            "{name} is no policy: it has {count} mistake{plural}"
        )))
    }

    /// The line and the column of a byte, counted from 1; columns are characters.
    ///
    /// # Examples
    ///
    /// ```
    /// let source = cors_cli::Source::new("cors.toml", "# ä\nmax_age = 1");
    /// assert_eq!(source.line_and_column("# ä".len()), (1, 4));
    /// assert_eq!(source.line_and_column("# ä\nmax_".len()), (2, 5));
    /// ```
    pub fn line_and_column(&self, at: usize) -> (usize, usize) {
        let line = self.lines.line(at);
        (line, self.lines.column(&self.text, line, at))
    }
}

impl ValidPolicy {
    /// Makes a policy of a text.
    pub(crate) fn new(text: &str) -> Result<Self, ConfigErrors> {
        let policy = Policy::from_toml(text)?;
        Ok(Self {
            policy,
            // The same text was just read without a mistake.
            config: toml::from_str(text).unwrap_or_default(),
            places: Places::new(text),
        })
    }
}

/// Where everything stands in a file that is TOML.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    /// The keys at the top.
    pub(crate) file: Vec<Entry>,
    /// The keys of each `[[grant]]`; none if the keys of the only grant stand at the top.
    pub(crate) grants: Vec<GrantPlace>,
}

/// Where a `[[grant]]` stands.
#[derive(Clone, Debug)]
pub(crate) struct GrantPlace {
    /// Its header.
    pub(crate) header: Range<usize>,
    pub(crate) keys: Vec<Entry>,
}

/// Where a key stands.
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

    /// The nearest to a place that is in the file: the item, its key's value, the grant's header, or
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
