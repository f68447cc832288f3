//! Reads a policy file for a command that needs one.

use std::io::Write;
use std::path::Path;

use cors_explain::{Diagnostic, Source, ValidPolicy};
use serde_json::json;

use crate::diagnostic;
use crate::error::Error;
use crate::output::{Json, Printable, width};

/// Reads a file.
pub(crate) fn read(path: &Path) -> Result<Source, Error> {
    Source::read(path).map_err(|error| Error::new(error.to_string()))
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
