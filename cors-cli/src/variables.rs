//! The variables that are given at run time.

use std::io::{self, Write};

use cors_explain::{RunTimeVariable, Source};
use serde::Serialize;

use crate::output::{BOLD, Printable, Short, Styled, hanging, text_width};

/// Prints which variables are given at run time.
pub(super) fn write_run_time(
    out: &mut impl Write,
    source: &Source,
    variables: &[RunTimeVariable],
) -> io::Result<()> {
    const MAX_VARIABLES: usize = 10;
    const MAX_PLACES: usize = 3;
    let Some(first) = variables.first() else {
        return Ok(());
    };
    writeln!(
        out,
        "{}",
        Styled(BOLD, "given at run time, so not checked:")
    )?;
    for RunTimeVariable { name, places, .. } in variables.iter().take(MAX_VARIABLES) {
        let shown = places.iter().take(MAX_PLACES).map(|(path, span)| {
            let line = source.line(span.start);
            format!("{} (line {line})", Printable(path))
        });
        let mut shown: Vec<_> = shown.collect();
        if places.len() > MAX_PLACES {
            shown.push(format!("{} more", places.len() - MAX_PLACES));
        }
        let text = format!("`${{{}}}`: {}", Short(name), shown.join(", "));
        writeln!(out, "{}", hanging("  ", &text, text_width()))?;
    }
    if variables.len() > MAX_VARIABLES {
        writeln!(out, "  and {} more", variables.len() - MAX_VARIABLES)?;
    }
    let text = format!(
        "`--env {}=...` or `--env-file FILE` gives a value",
        Short(&first.name)
    );
    writeln!(out, "{}", hanging("  ", &text, text_width()))
}

/// A variable that is given at run time, for JSON.
#[derive(Debug, Serialize)]
pub(super) struct Data<'a> {
    name: &'a str,
    places: Vec<Place<'a>>,
}

#[derive(Debug, Serialize)]
struct Place<'a> {
    path: &'a str,
    line: usize,
    column: usize,
}

/// The variables that are given at run time, for JSON.
pub(super) fn to_json<'a>(source: &Source, variables: &'a [RunTimeVariable]) -> Vec<Data<'a>> {
    let data = variables.iter().map(|variable| Data {
        name: &variable.name,
        places: (variable.places.iter())
            .map(|(path, span)| {
                let (line, column) = source.line_and_column(span.start);
                Place { path, line, column }
            })
            .collect(),
    });
    data.collect()
}
