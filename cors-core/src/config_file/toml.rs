//! Policies in TOML.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

use once_cell::sync::OnceCell;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::document::{Item, Key, Node};
use super::{LoadOptions, location_without_line};
use crate::error::{ConfigError, ConfigErrors, ErrorCode, Place};
use crate::policy::Policy;
use crate::text::Printable;

/// The largest file that is read, in bytes: room for millions of origins.
const MAX_FILE: u64 = 256 * 1024 * 1024;

impl Policy {
    /// Reads a policy from a TOML file.
    ///
    /// An item `"${NAME}"` of `allow_origins`, `allow_methods`, `allow_headers` or `expose_headers` is replaced by the
    /// items of the environment variable `NAME`, which are separated by commas or white space. One that is not set is an
    /// error; `"${NAME:-a, b}"` has the items `a` and `b` if the variable is not set or empty. An item that is already in
    /// the list is left out. An error quotes at most 32 characters of what a variable holds.
    ///
    /// # Errors
    ///
    /// A [`LoadError`] that names the file: the file cannot be read, is larger than 256 MiB, is not UTF-8,
    /// is empty, or has errors. All errors are reported together, each with its place.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, LoadError> {
        LoadOptions::default().from_file(path)
    }

    /// Reads a policy from a table of a larger TOML file; a table in a table is `server.cors`. Other keys of the file
    /// are not looked at.
    ///
    /// # Errors
    ///
    /// As [`Policy::from_file`], and if the file has no such table.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use cors_core::{LoadError, Policy};
    ///
    /// fn policy() -> Result<Policy, LoadError> {
    ///     Policy::from_file_table("app.toml", "cors")
    /// }
    /// ```
    pub fn from_file_table(path: impl AsRef<Path>, table: &str) -> Result<Self, LoadError> {
        LoadOptions::default().table(table).from_file(path)
    }

    /// Reads a policy from TOML, as [`Policy::from_file`] does.
    ///
    /// # Errors
    ///
    /// Every error, each with its place. If the text is not TOML, only the first such place is reported,
    /// because the rest cannot be read reliably.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_core::Policy;
    ///
    /// let policy = Policy::from_toml(r#"
    ///     allow_origins = ["https://app.example.com"]
    ///     allow_methods = ["PUT"]
    /// "#)?;
    ///
    /// let errors = Policy::from_toml("allow_origin = ['*']\nmax_age = -1").unwrap_err();
    /// assert_eq!(errors.to_string(), "\
    /// 2 errors in the CORS policy
    ///   1:1: allow_origin: is not a key of a CORS policy; did you mean `allow_origins`? [unknown-key]
    ///   2:11: max_age: `-1` is out of range; use a number of seconds from 0 to 86400 [max-age]");
    /// # Ok::<(), cors_core::ConfigErrors>(())
    /// ```
    pub fn from_toml(source: &str) -> Result<Self, ConfigErrors> {
        LoadOptions::default().from_toml(source)
    }
}

/// Parses a file. Does not look at the keys in it.
pub fn parse(source: &str) -> Result<Item, ConfigErrors> {
    let (table, syntax_errors) = DeTable::parse_recoverable(source);
    // Report only the first: the others may be consequences of it. What the parser recovers is a guess, so do not
    // report errors in it.
    let Some(error) = syntax_errors.first() else {
        return Ok(Item {
            span: Some(table.span()),
            node: self::table(table.into_inner()),
        });
    };
    let message = format!("the file is not valid TOML: {}", error.message());
    Err(syntax_error(source, message, error.span()))
}

/// The error of a file that has no tree: its place is a range of bytes of `source`.
pub fn syntax_error(
    source: &str,
    message: impl Into<String>,
    span: Option<Range<usize>>,
) -> ConfigErrors {
    let mut invalid = ConfigError::new(ErrorCode::Syntax, Place::default(), message);
    invalid.location = span.map(location_without_line);
    let mut errors = vec![invalid];
    count_lines(source, &mut errors);
    ConfigErrors(errors)
}

/// A policy in a file that is read on first use, for a `static` that all workers share.
///
/// # Examples
///
/// ```no_run
/// use cors_core::{LoadError, Policy, PolicyFile};
///
/// static POLICY: PolicyFile = PolicyFile::new("cors.toml");
///
/// fn policy() -> Result<Policy, LoadError> {
///     // The file is read once, or again if that failed.
///     POLICY.get().cloned()
/// }
/// ```
#[derive(Debug)]
pub struct PolicyFile {
    path: &'static str,
    table: Option<&'static str>,
    policy: OnceCell<Policy>,
}

impl PolicyFile {
    /// A policy in the file at `path`. Reads nothing yet.
    pub const fn new(path: &'static str) -> Self {
        Self {
            path,
            table: None,
            policy: OnceCell::new(),
        }
    }

    /// Reads the policy from a table of a larger file: [`LoadOptions::table`].
    #[must_use]
    pub const fn table(mut self, name: &'static str) -> Self {
        self.table = Some(name);
        self
    }

    /// The policy. Reads the file if it was not read yet.
    ///
    /// # Errors
    ///
    /// As [`Policy::from_file`]. The next call tries again.
    pub fn get(&self) -> Result<&Policy, LoadError> {
        self.policy.get_or_try_init(|| match self.table {
            Some(table) => Policy::from_file_table(self.path, table),
            None => Policy::from_file(self.path),
        })
    }
}

/// Why a policy could not be loaded from a file. [`Display`](fmt::Display) names the file and writes a
/// line for each error. [`Debug`](fmt::Debug) does the same, so a `main` that returns the error prints
/// them.
pub struct LoadError {
    path: PathBuf,
    reason: Reason,
}

enum Reason {
    Unreadable(io::Error),
    #[cfg(feature = "watch")]
    Unwatched(io::Error),
    TooLarge,
    NotUtf8 {
        at: usize,
    },
    Empty,
    Invalid(ConfigErrors),
}

impl LoadError {
    pub(super) fn invalid(path: &Path, errors: ConfigErrors) -> Self {
        Self::new(path, Reason::Invalid(errors))
    }

    fn new(path: &Path, reason: Reason) -> Self {
        Self {
            path: path.to_owned(),
            reason,
        }
    }

    #[cfg(feature = "watch")]
    pub(crate) fn is_empty_file(&self) -> bool {
        matches!(self.reason, Reason::Empty)
    }

    #[cfg(feature = "watch")]
    pub(crate) fn is_unreadable(&self) -> bool {
        matches!(self.reason, Reason::Unreadable(_))
    }

    #[cfg(feature = "watch")]
    pub(crate) fn unwatched(path: &Path, error: io::Error) -> Self {
        Self::new(path, Reason::Unwatched(error))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The errors in the policy, if the file could be read.
    pub fn errors(&self) -> Option<&ConfigErrors> {
        match &self.reason {
            Reason::Invalid(errors) => Some(errors),
            _ => None,
        }
    }

    /// The system's error, if the file could not be read or watched.
    pub fn io_error(&self) -> Option<&io::Error> {
        match &self.reason {
            Reason::Unreadable(error) => Some(error),
            #[cfg(feature = "watch")]
            Reason::Unwatched(error) => Some(error),
            _ => None,
        }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display().to_string();
        let path = Printable(&path);
        match &self.reason {
            Reason::Unreadable(error) => write!(f, "{path}: cannot be read: {error}"),
            #[cfg(feature = "watch")]
            Reason::Unwatched(error) => write!(f, "{path}: cannot be watched: {error}"),
            Reason::TooLarge => write!(f, "{path}: is larger than {} MiB", MAX_FILE >> 20),
            Reason::NotUtf8 { at } => write!(f, "{path}: is not UTF-8 at byte {at}"),
            Reason::Empty => write!(
                f,
                "{path}: is empty; a policy needs at least `allow_origins`"
            ),
            Reason::Invalid(errors) => {
                let count = errors.iter().count();
                let noun = if count == 1 { "error" } else { "errors" };
                write!(f, "{path}: {count} {noun} in the CORS policy")?;
                // Each line begins with the path, so that terminals and editors can open the place.
                errors.iter().try_for_each(|error| match error.location() {
                    Some(_) => write!(f, "\n{path}:{error}"),
                    None => write!(f, "\n{path}: {error}"),
                })
            }
        }
    }
}

/// Not derived, because `main` prints the `Debug` of an error that it returns.
impl fmt::Debug for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Without a source: this error's text contains that of the [system's error](Self::io_error), and a program that prints the
/// chain of sources would print it twice.
impl std::error::Error for LoadError {}

/// Reads the text of a policy file, for tools that show or change it. [`Policy::from_toml`] parses
/// the text.
///
/// # Errors
///
/// A [`LoadError`] that names the file: the file cannot be read, is larger than 256 MiB, is not UTF-8 or is
/// empty.
///
/// # Examples
///
/// ```
/// let error = cors_core::read_policy("nowhere/cors.toml").unwrap_err();
/// assert!(error.to_string().starts_with("nowhere/cors.toml: cannot be read: "));
/// ```
pub fn read_policy(path: impl AsRef<Path>) -> Result<String, LoadError> {
    let path = path.as_ref();
    read_opened(path, File::open(path))
}

/// Reads a file that was opened, or reports why it could not be opened.
pub(crate) fn read_opened(path: &Path, file: io::Result<File>) -> Result<String, LoadError> {
    read_file(file).map_err(|reason| LoadError::new(path, reason))
}

fn read_file(file: io::Result<File>) -> Result<String, Reason> {
    let mut bytes = Vec::new();
    let file = file.map_err(Reason::Unreadable)?;
    file.take(MAX_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(Reason::Unreadable)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(Reason::TooLarge);
    }
    let source = String::from_utf8(bytes).map_err(|error| Reason::NotUtf8 {
        at: error.utf8_error().valid_up_to(),
    })?;
    match source.trim_start_matches('\u{feff}').trim().is_empty() {
        true => Err(Reason::Empty),
        false => Ok(source),
    }
}

fn table(entries: DeTable<'_>) -> Node {
    let mut entries: Vec<_> = entries
        .into_iter()
        .map(|(name, value)| {
            let span = Some(name.span());
            let name = name.into_inner().into_owned();
            (Key { name, span }, item(value))
        })
        .collect();
    entries.sort_by_key(|(key, _)| key.span.as_ref().map(|span| span.start));
    Node::Table(entries)
}

fn item(value: Spanned<DeValue<'_>>) -> Item {
    let span = Some(value.span());
    let node = match value.into_inner() {
        DeValue::String(text) => Node::Text(text.into_owned()),
        DeValue::Integer(integer) => {
            match i128::from_str_radix(integer.as_str(), integer.radix()) {
                Ok(value) => Node::Integer(value),
                Err(_) => Node::Other("an out-of-range integer"),
            }
        }
        DeValue::Float(_) => Node::Other("a float"),
        DeValue::Boolean(value) => Node::Boolean(value),
        DeValue::Datetime(_) => Node::Other("a date or time"),
        DeValue::Array(items) => Node::List(items.into_iter().map(item).collect()),
        DeValue::Table(entries) => table(entries),
    };
    Item { node, span }
}

/// Sets the lines and columns of errors, which are in the order of the file, in one pass.
pub(super) fn count_lines(source: &str, errors: &mut [ConfigError]) {
    let mut locations = errors
        .iter_mut()
        .filter_map(|error| error.location.as_mut())
        .peekable();
    let (mut line, mut column) = (1, 1);
    for (at, char) in source.char_indices().chain([(source.len(), '\0')]) {
        while let Some(location) = locations.next_if(|location| location.span.start <= at) {
            (location.line, location.column) = (line, column);
        }
        (line, column) = match char {
            '\n' => (line + 1, 1),
            // A byte order mark is not a character of the first line.
            '\u{feff}' if at == 0 => (line, column),
            _ => (line, column + 1),
        };
    }
}
