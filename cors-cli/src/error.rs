//! How a command ends.

use std::io;

/// What a command found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Nothing is wrong: status 0.
    Fine,
    /// Something is: status 1.
    Found,
}

/// Why a command could not do what it was asked to do: status 2.
#[derive(Debug)]
pub(crate) enum Error {
    /// What is wrong, for people.
    Message(String),
    /// Nobody reads what is written.
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
