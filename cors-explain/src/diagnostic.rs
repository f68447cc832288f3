//! A finding about a policy file, at its place in it.

use std::ops::Range;

use cors_core::{ConfigError, ErrorCode};
use serde::Serialize;

use crate::source::Source;
use crate::text::Short;

/// How bad it is. The worst comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file is no policy.
    Error,
    /// The policy is sound, but likely not what is meant, or not what is wise.
    Warning,
    /// Worth knowing.
    Note,
}

/// A finding. Its texts are in lower case, without a full stop.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Its name, which [`summary`](crate::summary) explains.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// Why that matters.
    pub reason: Option<String>,
    /// The place in the policy, such as `allow_origins[0]`; may be empty.
    pub path: String,
    /// The place in the file; empty at a file's beginning if it concerns all of it.
    pub span: Range<usize>,
    /// Other places that it is about, after the first.
    pub also: Vec<Range<usize>>,
    /// What to do about it.
    pub help: Option<String>,
    /// What the text at a place should be.
    pub replacement: Option<Replacement>,
}

/// A change to the file's text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Replacement {
    /// The place.
    pub span: Range<usize>,
    /// What should be there.
    pub text: String,
}

impl Diagnostic {
    /// A finding of which nothing more is said than this.
    pub(crate) fn new(
        severity: Severity,
        code: &'static str,
        span: Range<usize>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            severity,
            code,
            message: message.into(),
            reason: None,
            path: String::new(),
            span,
            also: Vec::new(),
            help: None,
            replacement: None,
        }
    }

    /// An error that `cors-core` found in a file.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_explain::{Diagnostic, Severity, Source};
    ///
    /// let source = Source::new("cors.toml", "allow_origins = [\"https://a.example/\"]");
    /// let errors = source.load().err().ok_or("it is a policy")?;
    /// let found = errors.iter().map(|error| Diagnostic::from_error(error, &source));
    /// let found: Vec<_> = found.collect();
    /// assert_eq!(found.len(), 1);
    /// assert_eq!((found[0].severity, found[0].span.clone()), (Severity::Error, 17..37));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_error(error: &ConfigError, source: &Source) -> Self {
        let span = error
            .location()
            .map_or(0..0, |location| location.span.clone());
        let replacement = error.suggestion().map(|suggestion| {
            let at_text = source.text.get(span.clone()).unwrap_or_default();
            // Where the span is a string, the suggestion is another; elsewhere it is as in the file.
            let is_string =
                at_text.starts_with(['"', '\'']) && error.code() != ErrorCode::WrongType;
            Replacement {
                span: span.clone(),
                text: match is_string {
                    true => format!("\"{suggestion}\""),
                    false => suggestion.to_owned(),
                },
            }
        });
        Self {
            path: error.path(),
            help: error.suggestion().map(|_| "did you mean this?".to_owned()),
            replacement,
            ..Self::new(
                Severity::Error,
                error.code().as_str(),
                span,
                error_message(error),
            )
        }
    }
}

/// An error as a sentence that names what it is about.
fn error_message(error: &ConfigError) -> String {
    let message = error.message();
    if let Some(value) = error.value() {
        return format!("`{}` {message}", Short(value));
    }
    let path = error.path();
    match error.code() {
        ErrorCode::MissingOrigins => match (path.rsplit_once('.'), error.grant()) {
            (Some((grant, _)), Some(_)) => format!("`{grant}` {message}"),
            _ => format!("the policy {message}"),
        },
        ErrorCode::WrongType if !path.is_empty() => format!("`{}`: {message}", Short(&path)),
        _ if !path.is_empty() => format!("`{}` {message}", Short(&path)),
        _ => message.to_owned(),
    }
}
