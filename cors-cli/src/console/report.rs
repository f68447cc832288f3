//! The explanation of a message, as text and as JSON.

use std::io::{self, Write};

use cors_explain::console::{Advice, Facts, Message, Remedy};
use serde_json::{Value, json};

use crate::output::{BAD, BOLD, DIM, INFO, Printable, Styled, hanging, text_width};

/// Writes the explanation of a message. If it was written before, writes only the request.
pub(super) fn write(
    out: &mut impl Write,
    message: &Message,
    advice: &Advice,
    is_said: bool,
) -> io::Result<()> {
    let code = message.failure.as_str();
    let more = format!("(cors check --explain {code})");
    writeln!(out, "{} {}", Styled(BAD, code), Styled(DIM, more))?;
    write_wrapped(out, "", &advice.summary)?;
    write_facts(out, message)?;
    if is_said {
        writeln!(out, "\nThe causes and remedies are the same as above.")?;
    } else {
        write_advice(out, advice)?;
    }
    if !advice.commands.is_empty() {
        writeln!(out)?;
    }
    let mut commands = advice.commands.iter();
    commands.try_for_each(|command| writeln!(out, "{}", Styled(BOLD, command)))
}

fn write_advice(out: &mut impl Write, advice: &Advice) -> io::Result<()> {
    writeln!(out, "\n{}", Styled(BOLD, "Why, most likely first"))?;
    for (index, cause) in advice.causes.iter().enumerate() {
        write_wrapped(out, &format!("  {}. ", index + 1), cause)?;
    }
    writeln!(out, "\n{}", Styled(BOLD, "What to do"))?;
    let mut remedies = advice.remedies.iter();
    remedies.try_for_each(|remedy| write_remedy(out, remedy))
}

/// The lines to write are shorter than the text.
fn write_remedy(out: &mut impl Write, remedy: &Remedy) -> io::Result<()> {
    let Remedy {
        place, text, code, ..
    } = remedy;
    let mark = format!("  - {place}: ");
    let Some((first, rest)) = code.split_first() else {
        return write_wrapped(out, "  - ", &format!("{place}: {text}"));
    };
    writeln!(out, "{mark}{}", Styled(INFO, first))?;
    let indent = mark.len();
    rest.iter()
        .try_for_each(|line| writeln!(out, "{:indent$}{}", "", Styled(INFO, line)))
}

fn write_facts(out: &mut impl Write, message: &Message) -> io::Result<()> {
    let rows = rows(message);
    if !rows.is_empty() {
        writeln!(out)?;
    }
    let width = rows.iter().map(|(name, _)| name.len()).max();
    let width = width.unwrap_or_default();
    for (name, fact) in rows {
        let name = format!("{name:width$}");
        writeln!(out, "  {}  {}", Styled(DIM, name), Printable(&fact))?;
    }
    Ok(())
}

fn rows(message: &Message) -> Vec<(&'static str, String)> {
    let Facts {
        kind,
        url,
        redirected_from,
        location,
        origin,
        preflight,
        method,
        header,
        value,
        status,
        address_space,
        server,
        ..
    } = &message.facts;
    let preflight = preflight.and_then(|preflight| preflight.then_some("preflight of"));
    let sent = [preflight, kind.as_deref(), url.as_deref()];
    let sent: Vec<_> = sent.into_iter().flatten().collect();
    // Without more facts, only that it was a preflight is known.
    let sent = match sent.join(" ") {
        sent if sent.is_empty() => None,
        sent if sent == "preflight of" => Some("preflight".to_owned()),
        sent => Some(sent),
    };
    let engine = message.engine.map(|engine| engine.name().to_owned());
    let rows = [
        ("browser", engine),
        ("server", server.clone()),
        ("request", sent),
        ("redirected from", redirected_from.clone()),
        ("redirects to", location.clone()),
        ("page", origin.clone()),
        ("method", method.clone()),
        ("header", header.clone()),
        ("value", value.as_deref().map(shown)),
        ("status", status.map(|status| status.to_string())),
        ("network", address_space.clone()),
    ];
    let known = rows.into_iter();
    known
        .filter_map(|(name, fact)| Some((name, fact?)))
        .collect()
}

fn shown(value: &str) -> String {
    match value {
        "" => "(empty)".to_owned(),
        value => format!("`{value}`"),
    }
}

/// Writes a paragraph after a mark.
fn write_wrapped(out: &mut impl Write, mark: &str, text: &str) -> io::Result<()> {
    writeln!(out, "{}", hanging(mark, text, text_width()))
}

pub(super) fn to_json(message: &Message) -> Value {
    let advice = Advice::new(message);
    let fix = advice.remedies.iter();
    let fix: Vec<_> = fix
        .map(|remedy| json!({"place": remedy.place, "text": remedy.text, "code": remedy.code}))
        .collect();
    json!({
        "code": message.failure.as_str(),
        "browser": message.engine.map(cors_browser_model::Engine::name),
        "facts": message.facts,
        "summary": advice.summary,
        "causes": advice.causes,
        "fix": fix,
        "commands": advice.commands,
    })
}
