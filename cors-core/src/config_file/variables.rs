//! The environment variables that a file takes items from.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;

use crate::environment::{self, Reference};
use crate::error::ErrorCode;
use crate::text::Excerpt;

/// The values of the variables that a policy file takes items from.
///
/// # Examples
///
/// ```
/// use cors_core::{LoadOptions, Variables};
///
/// let variables = Variables::of_process().set("ORIGINS", "https://a.example, https://b.example");
/// let options = LoadOptions::default().variables(variables);
/// let policy = options.from_toml("allow_origins = ['https://app.example.com', '${ORIGINS}']")?;
///
/// let unset = LoadOptions::default().from_toml("allow_origins = ['${NO_SUCH_VARIABLE}']");
/// assert!(unset.unwrap_err().to_string().contains("unset-variable"));
/// # Ok::<(), cors_core::ConfigErrors>(())
/// ```
#[derive(Clone, Default)]
pub struct Variables {
    given: BTreeMap<String, OsString>,
    ignores_process: bool,
    at_run_time: bool,
}

impl Variables {
    /// The environment variables of the process. One that is not set and has no default is an error.
    pub fn of_process() -> Self {
        Self::default()
    }

    /// For tools that check a file for another process: a variable that is not [given](Self::set) is not an error.
    /// Its default counts; without one, nothing is known of its items, and their list is not empty.
    pub fn at_run_time() -> Self {
        Self {
            at_run_time: true,
            ..Self::none()
        }
    }

    /// Gives a variable its value, in place of that of the process.
    #[must_use]
    pub fn set(mut self, name: impl Into<String>, value: impl Into<OsString>) -> Self {
        self.given.insert(name.into(), value.into());
        self
    }

    /// No variables: the default counts, and one without a default is an error. For servers that run policies of others.
    pub fn none() -> Self {
        Self {
            ignores_process: true,
            ..Self::default()
        }
    }

    /// Whether a variable has a value.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_core::Variables;
    ///
    /// let variables = Variables::at_run_time().set("ORIGINS", "https://a.example");
    /// assert!(variables.has("ORIGINS") && !variables.has("PATH"));
    /// ```
    pub fn has(&self, name: &str) -> bool {
        self.given.contains_key(name) || (!self.ignores_process && env::var_os(name).is_some())
    }

    /// The text that an item is replaced by.
    pub(super) fn get<'a>(&'a self, reference: Reference<'a>) -> Result<Replacement<'a>, Unusable> {
        let Reference { name, default } = reference;
        let value = match self.given.get(name) {
            Some(value) => Some(Cow::Borrowed(&**value)),
            None if self.ignores_process => None,
            None => env::var_os(name).map(Cow::Owned),
        };
        match (value, default) {
            (None, None) if self.at_run_time => Ok(Replacement::AtRunTime),
            (None, None) => {
                let message = format!(
                    "is not set; set it, or write a default: `${{{0}:-}}` for no items",
                    Excerpt(name)
                );
                Err((ErrorCode::UnsetVariable, message))
            }
            (Some(value), None) => text(value).map(Replacement::Value),
            (Some(value), Some(_)) if !value.is_empty() => text(value).map(Replacement::Value),
            (_, Some(default)) => Ok(Replacement::Default(default)),
        }
    }
}

/// The text that an item is replaced by.
pub(super) enum Replacement<'a> {
    /// The value of the variable.
    Value(Cow<'a, str>),
    Default(&'a str),
    /// It is known at run time only.
    AtRunTime,
}

/// Why a variable cannot be used: continues a sentence that begins with its name.
pub(super) type Unusable = (ErrorCode, String);

fn text(value: Cow<'_, OsStr>) -> Result<Cow<'_, str>, Unusable> {
    let invalid = |reason: &str| (ErrorCode::InvalidVariable, reason.to_owned());
    match value {
        Cow::Borrowed(value) => environment::check(value)
            .map(Cow::Borrowed)
            .map_err(invalid),
        Cow::Owned(value) => {
            let checked = environment::check(&value).map_err(invalid)?;
            Ok(Cow::Owned(checked.to_owned()))
        }
    }
}

/// The names alone: a value may be a secret.
impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Variables")
            .field("given", &self.given.keys())
            .field("at_run_time", &self.at_run_time)
            .finish()
    }
}
