use std::fmt;
use std::io;

/// Why a browser could not be started or used.
///
/// A blocked fetch is not an error: see [`Outcome`](crate::Outcome).
#[derive(Debug)]
pub struct Error(String);

impl Error {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// For `map_err`: puts the failed action before the cause.
    pub(crate) fn io(doing: &str) -> impl FnOnce(io::Error) -> Self {
        move |error| Self(format!("cannot {doing}: {error}"))
    }

    pub(crate) fn while_doing(self, doing: &str) -> Self {
        Self(format!("cannot {doing}: {}", self.0))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}
