//! Explains messages of browser consoles.
//!
//! [`messages`] normalizes a pasted text, finds the texts of browsers in it and joins them to messages. [`Advice`]
//! explains a message with the page about its failure, in the order that the facts in the message suggest.

mod advice;
mod command;
mod evidence;
mod keys;
mod mention;
mod message;
mod near_miss;
mod not_cors;
mod page;
mod read;
mod remedy;
mod servers;
mod template;
mod templates;
#[cfg(test)]
mod tests;
mod text;

use std::error::Error;
use std::fmt;

use self::read::read;
use self::text::Compact;

pub use self::advice::{Advice, Remedy};
pub use self::message::{Facts, Message};

/// The messages about CORS in a text that was copied from a console, in its order.
///
/// # Errors
///
/// Why the text has no such message.
///
/// # Examples
///
/// ```
/// use cors_explain::console::{Advice, messages};
///
/// let found = messages("No 'Access-Control-Allow-Origin' header is present on the requested resource.")?;
/// assert_eq!(found.len(), 1);
/// assert_eq!(found[0].failure.as_str(), "allow-origin-missing");
/// assert!(!Advice::new(&found[0]).causes.is_empty());
///
/// let error = messages("net::ERR_NAME_NOT_RESOLVED").unwrap_err();
/// assert!(error.to_string().starts_with("this is not a CORS error"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn messages(text: &str) -> Result<Vec<Message>, NoMessage> {
    let messages = read(text);
    if messages.is_empty() {
        return none_known(text);
    }
    // A `TypeError` together with its cause.
    if messages.iter().all(Message::may_be_anything)
        && let Some(what) = not_cors::find(&Compact::new(text))
    {
        return Err(NoMessage(Why::NotCors(what)));
    }
    Ok(messages)
}

/// Why [`messages`] found no message about CORS in a text. Its text is in lower case, in one line or several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoMessage(Why);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Why {
    Empty,
    /// What the text is about instead.
    NotCors(&'static str),
    Unknown,
}

fn none_known(text: &str) -> Result<Vec<Message>, NoMessage> {
    let compact = Compact::new(text);
    if compact.as_str().is_empty() {
        return Err(NoMessage(Why::Empty));
    }
    if let Some(what) = not_cors::guess(&compact) {
        return Err(NoMessage(Why::NotCors(what)));
    }
    let mentioned = mention::find(text, &compact);
    mentioned.map_or(Err(NoMessage(Why::Unknown)), |message| Ok(vec![message]))
}

impl fmt::Display for NoMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Why::Empty => f.write_str(
                "the text is empty; paste a message from a browser's console",
            ),
            Why::NotCors(what) => write!(f, "this is not a CORS error: {what}"),
            Why::Unknown => f.write_str(
                "this text has no message about CORS; such messages look like this:
  Chromium  Access to fetch at 'https://...' from origin 'https://...' has been blocked by CORS policy: ...
  Firefox   Cross-Origin Request Blocked: The Same Origin Policy disallows reading ... (Reason: ...)
  WebKit    Origin https://... is not allowed by Access-Control-Allow-Origin. Status code: ...
if Firefox has another language, paste the URL of `Learn more`",
            ),
        }
    }
}

impl Error for NoMessage {}
