//! `cors explain --from-console`: explains messages from a browser's console.

mod report;
#[cfg(test)]
mod tests;

use std::io::{Read, Write};

use cors_explain::console::{Advice, messages};
use serde_json::json;

use crate::error::{Error, Outcome};
use crate::output::Json;

/// A longer text is not a message, but a log.
const MAX_BYTES: u64 = 4 << 20;

/// Users do not read more.
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
            "the text has more than 4 MiB; paste only the lines about CORS",
        ));
    }
    let messages = messages(text).map_err(|why| Error::new(why.to_string()))?;
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
        writeln!(
            out,
            "\n{rest} more messages are not shown; paste them alone"
        )?;
    }
    Ok(Outcome::Found)
}
