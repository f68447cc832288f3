//! `cors explain --from-console`: a message of a browser's console, explained.
//!
//! A pasted text is [freed](text) of what pasting does to it, the browsers' [texts](templates) are found
//! in it, [put together](mod@read) to messages, and each is [explained](advice) with what the page about its
//! failure says, in the order that the [facts in the message](evidence) suggest.

mod advice;
mod command;
mod evidence;
mod keys;
mod message;
mod near_miss;
mod not_cors;
mod page;
mod read;
mod remedy;
mod report;
mod template;
mod templates;
#[cfg(test)]
mod tests;
mod text;

use std::io::{Read, Write};

use serde_json::json;

use self::advice::Advice;
use self::message::Message;
use self::text::Compact;
use crate::output::Json;
use crate::{Error, Outcome};

pub(crate) use self::read::read;

/// More is no message, but a log.
const MAX_BYTES: u64 = 4 << 20;

/// Nobody reads on after so many.
const MAX_MESSAGES: usize = 10;

/// Explains a text; `-` stands for standard input.
pub(crate) fn run(text: &str, json: bool, out: &mut impl Write) -> Result<Outcome, Error> {
    match text {
        "-" => explain(&from_stdin()?, json, out),
        text => explain(text, json, out),
    }
}

fn from_stdin() -> Result<String, Error> {
    let mut bytes = Vec::new();
    let stdin = std::io::stdin().lock();
    let read = stdin.take(MAX_BYTES + 1).read_to_end(&mut bytes);
    if let Err(error) = read {
        return Err(Error::new(format!("cannot read standard input: {error}")));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn explain(text: &str, json: bool, out: &mut impl Write) -> Result<Outcome, Error> {
    if text.len() as u64 > MAX_BYTES {
        return Err(Error::new(
            "the text has more than 4 MiB; paste only the lines that speak of CORS",
        ));
    }
    let messages = read(text);
    if messages.is_empty() {
        return Err(not_understood(text));
    }
    // A `TypeError`, and beside it what it comes from.
    if messages.iter().all(Message::may_be_anything)
        && let Some(what) = not_cors::find(&Compact::new(text))
    {
        return Err(no_cors(what));
    }
    if json {
        let messages: Vec<_> = messages.iter().map(report::to_json).collect();
        writeln!(out, "{}", Json(&json!({"messages": messages})))?;
        return Ok(Outcome::Found);
    }
    let mut told: Vec<Advice> = Vec::new();
    for message in messages.iter().take(MAX_MESSAGES) {
        if !told.is_empty() {
            writeln!(out)?;
        }
        let advice = Advice::new(message);
        let is_said = told.iter().any(|told| advice.repeats(told));
        report::write(out, message, &advice, is_said)?;
        told.push(advice);
    }
    let rest = messages.len().saturating_sub(MAX_MESSAGES);
    if rest > 0 {
        writeln!(out, "\nand {rest} more; paste them by themselves")?;
    }
    Ok(Outcome::Found)
}

fn not_understood(text: &str) -> Error {
    let compact = Compact::new(text);
    if compact.as_str().is_empty() {
        return Error::new("there is no text to explain; paste a message of a browser's console");
    }
    if let Some(what) = not_cors::guess(&compact) {
        return no_cors(what);
    }
    Error::new(
        "no message about CORS is in this text; such messages look like this:
  Chromium  Access to fetch at 'https://...' from origin 'https://...' has been blocked by CORS policy: ...
  Firefox   Cross-Origin Request Blocked: The Same Origin Policy disallows reading ... (Reason: ...)
  WebKit    Origin https://... is not allowed by Access-Control-Allow-Origin. Status code: ...
of a Firefox in another language, paste the address of `Learn more`",
    )
}

fn no_cors(what: &str) -> Error {
    Error::new(format!("this is no matter of CORS, but {what}"))
}
