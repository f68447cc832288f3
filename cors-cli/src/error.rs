//! The results of a command.

use std::io;

/// What a command found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// No problems were found: status 0.
    Fine,
    /// Problems were found: status 1.
    Found,
}

/// Why a command failed: status 2.
#[derive(Debug)]
pub(crate) enum Error {
    /// What is wrong, for people.
    Message(String),
    /// The output cannot be written.
    Output(io::Error),
}

impl Error {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self::Message(message.into())
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}
