//! Files that fill sets of origins.

use cors_core::{OriginLineError, OriginSet};

/// A text file with what is in a set of origins: a line `ORIGIN` or `KEY ORIGIN` for each, as
/// [`OriginSet::replace_by_lines`] reads it.
///
/// # Examples
///
/// ```
/// use cors_explain::{OriginFile, Source};
///
/// let file = OriginFile::new("customers.txt", "# May\nacme https://acme.example\nacme acme.example\n");
/// assert_eq!(file.line(Some("acme"), "https://acme.example"), Some(2));
/// let [error] = file.errors() else { panic!() };
/// assert_eq!(error.line(), 3);
///
/// let policy = "[[route]]\npath = '/{realm}'\nallow_origins = [{ set = 'customers', key = '{realm}' }]";
/// let source = Source::new("cors.toml", policy);
/// assert!(source.load()?.origin_sets()[0].file.is_none());
/// let filled = source.origins("customers", file);
/// assert!(filled.load()?.origin_sets()[0].file.is_some());
/// # Ok::<(), cors_core::ConfigErrors>(())
/// ```
#[derive(Clone, Debug)]
pub struct OriginFile {
    name: String,
    text: String,
    set: OriginSet,
    errors: Vec<OriginLineError>,
}

impl OriginFile {
    /// The text of a file with this name. Lines that are wrong are [errors](Self::errors), and left out.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let (set, text) = (OriginSet::new(), text.into());
        Self {
            name: name.into(),
            errors: set.replace_by_lines(&text),
            text,
            set,
        }
    }

    /// The path as the user gave it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is wrong with the lines that were left out.
    pub fn errors(&self) -> &[OriginLineError] {
        &self.errors
    }

    /// How many origins the file has, without lines that were left out.
    pub fn len(&self) -> usize {
        self.set.len()
    }

    /// Whether the file has no origins.
    pub fn is_empty(&self) -> bool {
        self.set.is_empty()
    }

    /// The first line with an origin, counted from 1.
    pub fn line(&self, key: Option<&str>, origin: &str) -> Option<usize> {
        let wanted: Vec<_> = key.into_iter().chain([origin]).collect();
        self.entries()
            .find(|(_, entry)| *entry == wanted)
            .map(|(line, _)| line)
    }

    /// The words of the lines that were not left out.
    fn entries(&self) -> impl Iterator<Item = (usize, Vec<&str>)> {
        let lines = (1..).zip(self.text.trim_start_matches('\u{feff}').lines());
        let lines = lines.map(|(line, text)| {
            let words = text.split_whitespace();
            let words = words.take_while(|word| !word.starts_with('#'));
            (line, words.collect::<Vec<_>>())
        });
        lines.filter(|(line, _)| self.errors.iter().all(|error| error.line() != *line))
    }

    pub(crate) fn set(&self) -> &OriginSet {
        &self.set
    }
}
