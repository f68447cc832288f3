//! What the three debugging protocols have in common for us.

use std::fmt;
use std::time::Instant;

use crate::{CorsError, Error, Message};

/// One tab of a running browser.
pub(crate) trait Driver: fmt::Debug + Send {
    /// Loads a page. It need not wait until the page is there.
    fn navigate(&mut self, url: &str, deadline: Instant) -> Result<(), Error>;

    /// Evaluates an expression that is a promise of a string.
    fn evaluate(&mut self, expression: &str, deadline: Instant) -> Result<String, Error>;

    /// What the browser said next, if it does so before the deadline.
    fn note(&mut self, deadline: Instant) -> Result<Option<Note>, Error>;

    /// Forgets what the browser said so far.
    fn forget(&mut self) -> Result<(), Error>;
}

/// Something that the browser said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Note {
    /// The page's request `id` goes to `url`: once to begin with, once more for each redirect.
    Sent { id: String, url: String },
    /// The page's request `id` failed.
    Failed {
        id: String,
        network_error: String,
        cors_error: Option<CorsError>,
    },
    /// The console shows messages about a request.
    Said {
        about: About,
        messages: Vec<Message>,
    },
    /// Nothing of interest here.
    Other,
}

/// Which request the console talks about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum About {
    Id(String),
    Url(String),
}
