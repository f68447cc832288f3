//! The environment variables that a file takes items from.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;

/// The values of the variables that a policy file takes items from.
///
/// # Examples
///
/// ```
/// use cors_core::{LoadOptions, Variables};
///
/// let variables = Variables::of_process().set("ORIGINS", "https://a.example, https://b.example");
/// let options = LoadOptions::default().variables(variables);
/// # let _ = options;
/// ```
#[derive(Clone, Default)]
pub struct Variables {
    given: BTreeMap<String, OsString>,
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
            ..Self::default()
        }
    }

    /// Gives a variable its value, in place of that of the process.
    #[must_use]
    pub fn set(mut self, name: impl Into<String>, value: impl Into<OsString>) -> Self {
        self.given.insert(name.into(), value.into());
        self
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
