//! `cors check --explain CODE`: a code's page on a terminal.

use std::io::{self, Write};

use cors_explain::codes::{self, Code};
use cors_explain::is_silenceable;

use crate::error::{Error, Outcome};
use crate::output::{BOLD, INFO, Short, Styled, hanging, indented, text_width, width, wrapped};

pub(super) fn explain(name: &str, out: &mut impl Write) -> Result<Outcome, Error> {
    match (name, codes::find(name)) {
        (_, Some(code)) => print(code, out)?,
        ("all", None) => list(out)?,
        (_, None) => return Err(unknown(name)),
    }
    Ok(Outcome::Fine)
}

/// The error for a name that is not a code.
pub(super) fn unknown(name: &str) -> Error {
    let near = codes::near(name).map(|code| format!("; did you mean `{}`?", code.name));
    Error::new(format!(
        "`{}` is not a code{}\n`cors check --explain all` lists the codes",
        Short(name),
        near.unwrap_or_default()
    ))
}

/// Prints every code with its summary.
fn list(out: &mut impl Write) -> io::Result<()> {
    let width = width();
    for (index, page) in codes::PAGES.iter().enumerate() {
        let mut codes = page.codes().peekable();
        if codes.peek().is_none() {
            continue;
        }
        if index > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{}", Styled(BOLD, page.title))?;
        for code in codes {
            let summary = wrapped(&code.summary(), width.saturating_sub(6));
            writeln!(
                out,
                "  {}\n{}",
                code.name,
                indented(&summary, "      ").trim_end()
            )?;
        }
    }
    Ok(())
}

fn print(code: Code, out: &mut impl Write) -> io::Result<()> {
    let width = text_width();
    writeln!(out, "{}\n", Styled(BOLD, code.name))?;
    let mut paragraph = String::new();
    let mut code_block = false;
    // An empty line at the end, so that the last paragraph ends like the others.
    for line in code.body().lines().chain([""]) {
        let begins = line.is_empty() || line.starts_with("- ") || line.starts_with("### ");
        if begins && !code_block && !paragraph.is_empty() {
            print_paragraph(out, &std::mem::take(&mut paragraph), width)?;
        }
        match line {
            _ if line.starts_with("```") => code_block = !code_block,
            _ if code_block => writeln!(out, "    {}", Styled(INFO, line))?,
            "" => writeln!(out)?,
            _ => {
                paragraph.push(' ');
                paragraph.push_str(line);
            }
        }
    }
    if is_silenceable(code.name) {
        let comment = format!("`# cors-allow: {} -- reason`", code.name);
        let hint = format!(
            "If it is intended, add this comment to its line or to the line above: {comment}"
        );
        writeln!(out, "{}", wrapped(&hint, width))?;
    }
    Ok(())
}

/// Prints a paragraph, an item of a list or a heading.
fn print_paragraph(out: &mut impl Write, paragraph: &str, width: usize) -> io::Result<()> {
    let paragraph = paragraph.trim_start();
    if let Some(heading) = paragraph.strip_prefix("### ") {
        return writeln!(out, "{}", Styled(BOLD, heading));
    }
    match paragraph.strip_prefix("- ") {
        Some(item) => writeln!(out, "{}", hanging("- ", item, width)),
        None => writeln!(out, "{}", wrapped(paragraph, width)),
    }
}
