//! Reads a policy file for a command that needs one.

use std::env;
use std::fs;
use std::io::Write;
use std::path::Path;

use cors_core::Variables;
use cors_explain::{Diagnostic, Source, ValidPolicy};
use serde_json::json;

use crate::cli::LoadArgs;
use crate::diagnostic;
use crate::error::Error;
use crate::output::{Json, Printable, width};

/// Reads a file.
pub(crate) fn read(path: &Path, args: &LoadArgs) -> Result<Source, Error> {
    let source = Source::read(path).map_err(|error| Error::new(error.to_string()))?;
    let source = source.variables(variables(args)?);
    Ok(match &args.table {
        Some(table) => source.table(table),
        None => source,
    })
}

/// The variables of the command line, those of the file, and those of this process if that is wanted.
fn variables(args: &LoadArgs) -> Result<Variables, Error> {
    // Not `Variables::of_process`: there, a variable that is not set is an error.
    let mut variables = Variables::at_run_time();
    if args.env_from_process {
        for (name, value) in env::vars_os() {
            // A policy cannot name others.
            if let Ok(name) = name.into_string() {
                variables = variables.set(name, value);
            }
        }
    }
    if let Some(path) = &args.env_file {
        let name = path.display().to_string();
        let name = Printable(&name);
        let text = fs::read_to_string(path)
            .map_err(|error| Error::new(format!("{name}: cannot be read: {error}")))?;
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let Some((name, value)) = name_and_value(line) else {
                return Err(Error::new(format!(
                    "{name}:{number}: is not `NAME=VALUE`; the name has letters, digits and `_`"
                )));
            };
            variables = variables.set(name, value);
        }
    }
    for given in &args.env {
        let Some((name, value)) = name_and_value(given) else {
            let message = "`--env` takes `NAME=VALUE`; the name has letters, digits and `_`";
            return Err(Error::new(message));
        };
        variables = variables.set(name, value);
    }
    Ok(variables)
}

/// A value may be a secret, so it is in no message.
fn name_and_value(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.split_once('=')?;
    let is_letter = |char: char| char.is_ascii_alphabetic() || char == '_';
    let is_name = name.starts_with(is_letter)
        && (name.chars()).all(|char| is_letter(char) || char.is_ascii_digit());
    is_name.then_some((name, value))
}

/// Parses and checks a policy file. If it is not valid, its errors are written.
pub(crate) fn load(
    source: &Source,
    json: bool,
    out: &mut impl Write,
) -> Result<ValidPolicy, Error> {
    let errors = match source.load() {
        Ok(valid) => return Ok(valid),
        Err(errors) => errors,
    };
    let errors = errors
        .iter()
        .map(|error| Diagnostic::from_error(error, source));
    let errors: Vec<_> = errors.collect();
    if json {
        let errors = errors.iter();
        let errors: Vec<_> = errors
            .map(|error| diagnostic::to_json(error, source))
            .collect();
        writeln!(out, "{}", Json(&json!({"mistakes": errors})))?; // tidy: quoted
    } else {
        for error in &errors {
            writeln!(out, "{}\n", diagnostic::render(error, source, width()))?;
        }
    }
    let plural = if errors.len() == 1 { "" } else { "s" };
    let (name, count) = (Printable(&source.name), errors.len());
    Err(Error::new(format!(
        "{name}: invalid policy ({count} error{plural})"
    )))
}
