//! A policy file, for a command that needs one.

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

/// Makes a policy of a file; if it is not one, its mistakes are written.
pub(crate) fn load(
    source: &Source,
    json: bool,
    out: &mut impl Write,
) -> Result<ValidPolicy, Error> {
    let errors = match source.load() {
        Ok(valid) => return Ok(valid),
        Err(errors) => errors,
    };
    let mistakes = errors
        .iter()
        .map(|error| Diagnostic::from_error(error, source));
    let mistakes: Vec<_> = mistakes.collect();
    if json {
        let mistakes = mistakes.iter();
        let mistakes: Vec<_> = mistakes
            .map(|found| diagnostic::to_json(found, source))
            .collect();
        writeln!(out, "{}", Json(&json!({"mistakes": mistakes})))?;
    } else {
        for mistake in &mistakes {
            writeln!(out, "{}\n", diagnostic::render(mistake, source, width()))?;
        }
    }
    let plural = if mistakes.len() == 1 { "" } else { "s" };
    let (name, count) = (Printable(&source.name), mistakes.len());
    Err(Error::new(format!(
        "{name} is no policy: it has {count} mistake{plural}"
    )))
}
