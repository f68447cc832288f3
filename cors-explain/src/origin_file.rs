//! Files that fill sets of origins.

use cors_core::{OriginLineError, OriginSet, OriginSetEntry};

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

    /// The first line with an origin under any key, or without one.
    pub(crate) fn line_of_origin(&self, origin: &str) -> Option<(usize, Option<&str>)> {
        self.entries().find_map(|(line, words)| match *words {
            [other] if other == origin => Some((line, None)),
            [key, other] if other == origin => Some((line, Some(key))),
            _ => None,
        })
    }

    /// A line that was left out, and is meant for this origin.
    pub(crate) fn left_out(&self, key: Option<&str>, origin: &str) -> Option<&OriginLineError> {
        let quoted = format!("`{origin}`");
        // The suggestion quotes the origin.
        let about = |error: &&OriginLineError| error.to_string().contains(&quoted);
        // Few are about one origin, so few lines are looked up.
        let mut errors = self.errors.iter().filter(about).take(10);
        errors.find(|error| {
            let text = self.text.lines().nth(error.line().saturating_sub(1));
            let words = text.unwrap_or_default().split_whitespace();
            let words: Vec<_> = words.take_while(|word| !word.starts_with('#')).collect();
            match *words {
                [_] => key.is_none(),
                [other, _] => key == Some(other),
                _ => false,
            }
        })
    }

    /// The words of the lines that were not left out.
    fn entries(&self) -> impl Iterator<Item = (usize, Vec<&str>)> {
        let lines = (1..).zip(self.text.trim_start_matches('\u{feff}').lines());
        let lines = lines.map(|(line, text)| {
            let words = text.split_whitespace();
            let words = words.take_while(|word| !word.starts_with('#'));
            (line, words.collect::<Vec<_>>())
        });
        // The errors are in the order of the lines.
        let is_wrong = |line: usize| {
            self.errors
                .binary_search_by_key(&line, OriginLineError::line)
        };
        lines.filter(move |(line, _)| is_wrong(*line).is_err())
    }

    pub(crate) fn set(&self) -> &OriginSet {
        &self.set
    }

    /// The same file with one more line; `None` if a set does not take it.
    pub(crate) fn with(&self, entry: &OriginSetEntry) -> Option<Self> {
        // A clone would be the same set.
        let set = OriginSet::new();
        let snapshot = self.set.snapshot();
        let entries = snapshot.iter().map(|(key, origin)| OriginSetEntry {
            key: key.map(str::to_owned),
            origin: origin.to_owned(),
        });
        let errors = set.replace(entries.chain([entry.clone()]));
        errors.is_empty().then(|| Self {
            set,
            ..self.clone()
        })
    }
}
