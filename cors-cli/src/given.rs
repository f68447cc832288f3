//! What a policy names and does not have: variables that are given at run time, and sets of origins that the application
//! gives.

use std::io::{self, Write};
use std::ops::Range;

use cors_core::OriginLineError;
use cors_explain::{NamedSet, RunTimeVariable, Source};
use serde::Serialize;

use crate::output::{BOLD, Printable, Short, Styled, hanging, text_width};

/// Places in a policy, each with its place in the file.
type Places<'a> = &'a [(String, Range<usize>)];

/// Prints which variables are given at run time, and which sets by the application, if there are any. With `apart`, after
/// an empty line.
pub(super) fn write_given(
    out: &mut impl Write,
    source: &Source,
    variables: &[RunTimeVariable],
    sets: &[NamedSet],
    apart: bool,
) -> io::Result<()> {
    let variables = variables
        .iter()
        .map(|variable| (format!("${{{}}}", variable.name), &*variable.places));
    let variables: Vec<_> = variables.collect();
    let sets = sets.iter().filter(|set| set.file.is_none());
    let sets: Vec<_> = sets.map(|set| (set.name.clone(), &*set.places)).collect();
    if apart && !(variables.is_empty() && sets.is_empty()) {
        writeln!(out)?;
    }
    let title = "given at run time, so not checked:";
    write_places(out, source, title, &variables, |name| {
        let name = name.trim_start_matches("${").trim_end_matches('}');
        format!(
            "`--env {}=...` or `--env-file FILE` gives a value",
            Short(name)
        )
    })?;
    let title = "sets of origins that the application gives, so not checked:";
    write_places(out, source, title, &sets, |name| {
        format!("`--origins {}=FILE` fills the set", Short(name))
    })
}

fn write_places(
    out: &mut impl Write,
    source: &Source,
    title: &str,
    named: &[(String, Places<'_>)],
    hint: impl FnOnce(&str) -> String,
) -> io::Result<()> {
    const MAX_NAMES: usize = 10;
    const MAX_PLACES: usize = 3;
    let Some((first, _)) = named.first() else {
        return Ok(());
    };
    writeln!(out, "{}", Styled(BOLD, title))?;
    for (name, places) in named.iter().take(MAX_NAMES) {
        let shown = places.iter().take(MAX_PLACES).map(|(path, span)| {
            let line = source.line(span.start);
            format!("{} (line {line})", Printable(path))
        });
        let mut shown: Vec<_> = shown.collect();
        if places.len() > MAX_PLACES {
            shown.push(format!("{} more", places.len() - MAX_PLACES));
        }
        let text = format!("`{}`: {}", Short(name), shown.join(", "));
        writeln!(out, "{}", hanging("  ", &text, text_width()))?;
    }
    if named.len() > MAX_NAMES {
        writeln!(out, "  and {} more", named.len() - MAX_NAMES)?;
    }
    writeln!(out, "{}", hanging("  ", &hint(first), text_width()))
}

/// A variable that is given at run time, for JSON.
#[derive(Debug, Serialize)]
pub(super) struct Data<'a> {
    name: &'a str,
    places: Vec<Place<'a>>,
}

/// A set of origins, for JSON.
#[derive(Debug, Serialize)]
pub(super) struct SetData<'a> {
    name: &'a str,
    /// None if the application gives it.
    file: Option<FileData<'a>>,
    places: Vec<Place<'a>>,
}

/// A file that fills a set, for JSON.
#[derive(Debug, Serialize)]
struct FileData<'a> {
    name: &'a str,
    origins: usize,
    left_out: Vec<LineData>,
}

#[derive(Debug, Serialize)]
struct LineData {
    line: usize,
    message: String,
}

impl From<&OriginLineError> for LineData {
    fn from(error: &OriginLineError) -> Self {
        Self {
            line: error.line(),
            message: error.to_string(),
        }
    }
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
        places: places(source, &variable.places),
    });
    data.collect()
}

/// The sets of origins, for JSON.
pub(super) fn sets_to_json<'a>(source: &Source, sets: &'a [NamedSet]) -> Vec<SetData<'a>> {
    let data = sets.iter().map(|set| SetData {
        name: &set.name,
        file: set.file.as_ref().map(|file| FileData {
            name: file.name(),
            origins: file.len(),
            left_out: file.errors().iter().map(LineData::from).collect(),
        }),
        places: places(source, &set.places),
    });
    data.collect()
}

fn places<'a>(source: &Source, places: Places<'a>) -> Vec<Place<'a>> {
    let places = places.iter().map(|(path, span)| {
        let (line, column) = source.line_and_column(span.start);
        Place { path, line, column }
    });
    places.collect()
}
