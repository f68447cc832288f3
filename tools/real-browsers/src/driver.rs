//! What the three debugging protocols have in common.

use std::fmt;
use std::time::Instant;

use crate::{CorsError, Error, Message};

/// One tab of a running browser.
pub(crate) trait Driver: fmt::Debug + Send {
    /// Loads a page. It need not wait until the page is there.
    fn navigate(&mut self, url: &str, deadline: Instant) -> Result<(), Error>;

    /// Evaluates an expression that is a promise of a string.
    fn evaluate(&mut self, expression: &str, deadline: Instant) -> Result<String, Error>;

    /// The next event of the browser, if there is one before the deadline.
    fn note(&mut self, deadline: Instant) -> Result<Option<Note>, Error>;

    /// Forgets the events so far.
    fn forget(&mut self) -> Result<(), Error>;
}

/// An event of the browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Note {
    /// The page's request `id` goes to `url`: once at first, and once for each redirect.
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
    /// Any other event.
    Other,
}

/// The request that a console message is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum About {
    Id(String),
    Url(String),
}
