//! Reads a policy file for a command that needs one.

use std::env;
use std::fs;
use std::io::{self, Read as _, Write};
use std::path::Path;

use cors_core::Variables;
use cors_explain::{Diagnostic, OriginFile, Source, ValidPolicy};
use serde_json::json;

use crate::cli::LoadArgs;
use crate::diagnostic;
use crate::error::Error;
use crate::output::{Json, Printable, width};

/// As for a file.
const MAX_INPUT: u64 = 256 * 1024 * 1024;

/// The name of standard input as a policy file.
const STANDARD_INPUT: &str = "-";

/// What `--origins` gives: names of sets, and the files with what is in them.
pub(crate) type OriginFiles = Vec<(String, OriginFile)>;

/// Reads the files of `--origins`. Lines that are left out are reported on standard error.
pub(crate) fn read_origins(args: &LoadArgs) -> Result<OriginFiles, Error> {
    let files = args.origins.iter().map(|given| {
        let (name, path) = given
            .split_once('=')
            .filter(|(name, path)| !name.is_empty() && !path.is_empty())
            .ok_or_else(|| {
                let given = Printable(given);
                Error::new(format!("`--origins` takes `NAME=FILE`, not `{given}`"))
            })?;
        let text = fs::read_to_string(path)
            .map_err(|error| Error::new(format!("{}: cannot be read: {error}", Printable(path))))?;
        let file = OriginFile::new(path, text);
        report_left_out(&file);
        Ok((name.to_owned(), file))
    });
    files.collect()
}

fn report_left_out(file: &OriginFile) {
    const MAX: usize = 10;
    let warn = |what: &str| {
        let name = Printable(file.name());
        // An error of standard error can be reported nowhere.
        let _ = writeln!(
            anstream::stderr(),
            "cors: warning: left out of {name}: {what}"
        );
    };
    for error in file.errors().iter().take(MAX) {
        warn(&error.to_string());
    }
    let more = file.errors().len().saturating_sub(MAX);
    if more > 0 {
        warn(&format!("{more} more lines"));
    }
}

/// Reads a file, or standard input if its name is `-`.
pub(crate) fn read(path: &Path, args: &LoadArgs, origins: &OriginFiles) -> Result<Source, Error> {
    let source = match is_standard_input(path) {
        true => Source::new("<stdin>", read_standard_input()?),
        false => read_file(path)?,
    };
    let source = source.variables(variables(args)?);
    let origins = origins.iter();
    let source = origins.fold(source, |source, (name, file)| {
        source.origins(name, file.clone())
    });
    Ok(match &args.table {
        Some(table) => source.table(table),
        None => source,
    })
}

pub(crate) fn is_standard_input(path: &Path) -> bool {
    path == Path::new(STANDARD_INPUT)
}

fn read_file(path: &Path) -> Result<Source, Error> {
    Source::read(path).or_else(|error| {
        // An empty file is a policy with an error. For `Source::read` it is one that cannot be used: while a file is
        // written, it can be empty.
        match fs::read_to_string(path) {
            Ok(text) if text.trim_start_matches('\u{feff}').trim().is_empty() => {
                Ok(Source::new(path.display().to_string(), text))
            }
            _ => Err(Error::new(error.to_string())),
        }
    })
}

fn read_standard_input() -> Result<String, Error> {
    let mut text = String::new();
    let read = io::stdin().take(MAX_INPUT + 1).read_to_string(&mut text);
    read.map_err(|error| Error::new(format!("standard input cannot be read: {error}")))?;
    match text.len() as u64 > MAX_INPUT {
        true => Err(Error::new(format!(
            "standard input is larger than {} MiB",
            MAX_INPUT >> 20
        ))),
        false => Ok(text),
    }
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
