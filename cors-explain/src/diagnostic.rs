//! A finding about a policy file, with its place.

use std::ops::Range;

use cors_browser_model::Url;
use cors_core::{ConfigError, ErrorCode, OriginPattern};
use serde::Serialize;

use crate::format::Format;
use crate::source::Source;
use crate::text::Short;

/// The severity of a finding. The most severe comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file is not a valid policy.
    Error,
    /// The policy is valid, but the setting is probably not intended or not safe.
    Warning,
    /// Good to know.
    Note,
}

/// A finding. Its texts are in lower case, without a full stop.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnostic {
    /// Its severity.
    pub severity: Severity,
    /// Its code, which [`summary`](crate::summary) explains.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// Why that matters.
    pub reason: Option<String>,
    /// The place in the policy, such as `allow_origins[0]`; may be empty.
    pub path: String,
    /// The place in the file; empty, at the beginning, if the finding concerns the whole file.
    pub span: Range<usize>,
    /// More places, after the first.
    pub also: Vec<Range<usize>>,
    /// What to do about it.
    pub help: Option<String>,
    /// The text to write at a place instead.
    pub replacement: Option<Replacement>,
}

/// A change to the file's text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Replacement {
    /// The place.
    pub span: Range<usize>,
    /// The new text.
    pub text: String,
}

impl Diagnostic {
    /// A finding with only these parts.
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
        let suggestion = error.suggestion().map(str::to_owned);
        let suggestion = suggestion.or_else(|| ascii_origin(error));
        // What a variable holds is not in the file.
        let suggestion = suggestion.filter(|_| error.variable().is_none());
        let replacement = suggestion.map(|suggestion| {
            let at_text = source.text.get(span.clone()).unwrap_or_default();
            // If the span is a string, the suggestion is its content, or several strings; otherwise it is literal
            // text.
            let is_string = source.format().is_string(at_text)
                && !suggestion.starts_with('"')
                && error.code() != ErrorCode::WrongType;
            Replacement {
                span: span.clone(),
                text: match is_string {
                    true => format!("\"{suggestion}\""),
                    false => suggestion,
                },
            }
        });
        let mut finding = Self {
            path: error.path(),
            help: replacement.as_ref().map(|_| DID_YOU_MEAN.to_owned()),
            replacement,
            ..Self::new(
                Severity::Error,
                error.code().as_str(),
                span,
                error_message(error),
            )
        };
        finding.fit(source.format());
        finding
    }

    /// Changes what is written for TOML only.
    pub(crate) fn fit(&mut self, format: Format) {
        if format == Format::Toml {
            return;
        }
        if self
            .help
            .as_deref()
            .is_some_and(|help| help.contains("add a comment"))
        {
            self.help = Some(format!("if it is intended, use `--allow {}`", self.code));
        }
        let is_valid = |change: &mut Replacement| format.takes(&change.text);
        if let Some(change) = self.replacement.take_if(|change| !is_valid(change))
            && self.help.as_deref() == Some(DID_YOU_MEAN)
        {
            self.help = Some(format!("did you mean `{}`?", change.text));
        }
    }
}

const DID_YOU_MEAN: &str = "did you mean this?";

/// What browsers send for an origin outside ASCII. `cors-core` does not suggest it, because that takes the tables of
/// Unicode, which applications would then compile.
fn ascii_origin(error: &ConfigError) -> Option<String> {
    let value = error.value().filter(|value| !value.is_ascii())?;
    if error.code() != ErrorCode::InvalidOrigin {
        return None;
    }
    let origin = Url::parse(value).ok()?.origin();
    let text = origin.ascii_serialization();
    // Where browsers do not know the scheme, the origin is `null`.
    (origin.is_tuple() && OriginPattern::parse(&text).is_ok()).then_some(text)
}

/// An error as a sentence with its subject.
fn error_message(error: &ConfigError) -> String {
    let message = error.message();
    if let Some(value) = error.value() {
        let value = Short(value);
        return match error.variable() {
            Some(variable) => format!("`{value}` in `${{{}}}` {message}", Short(variable)),
            None => format!("`{value}` {message}"),
        };
    }
    let path = error.path();
    let is_of_a_part = error.grant().is_some() || error.route().is_some();
    match error.code() {
        ErrorCode::MissingOrigins => match path.rsplit_once('.') {
            Some((part, _)) if is_of_a_part => format!("`{part}` {message}"),
            _ => format!("the policy {message}"),
        },
        // The message begins with the variable.
        ErrorCode::UnsetVariable | ErrorCode::InvalidVariable if error.variable().is_some() => {
            message.to_owned()
        }
        ErrorCode::WrongType if !path.is_empty() => format!("`{}`: {message}", Short(&path)),
        _ if !path.is_empty() => format!("`{}` {message}", Short(&path)),
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use cors_core::Policy;

    use super::*;

    /// The text that is written in place of an item, or of a whole list, is valid there.
    #[test]
    fn lists_in_one_text() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            let source = Source::new("cors.toml", text);
            let errors = source.load().unwrap_err();
            let error = errors.iter().next().unwrap();
            let found = Diagnostic::from_error(error, &source);
            let Replacement { span, text: new } = found.replacement.unwrap();
            let mut text = text.to_owned();
            text.replace_range(span, &new);
            assert_eq!(text, expected);
            assert!(Source::new("cors.toml", text).load().is_ok());
        }
        check(
            "allow_origins = ['https://a.b,https://c.d', 'https://e.f']",
            "allow_origins = [\"https://a.b\", \"https://c.d\", 'https://e.f']",
        );
        check(
            "allow_origins = ['\"https://a.b\"']",
            "allow_origins = [\"https://a.b\"]",
        );
        check(
            "allow_origins = 'https://a.b, c.d'",
            "allow_origins = [\"https://a.b\", \"https://c.d\"]",
        );
    }

    #[test]
    fn variables_and_routes() {
        #[track_caller]
        fn check(text: &str, expected: &str, has_replacement: bool) {
            let source = Source::new("cors.toml", text);
            let errors = Policy::from_toml(text).unwrap_err();
            let error = errors.iter().next().unwrap();
            let found = Diagnostic::from_error(error, &source);
            assert_eq!(found.message, expected);
            assert_eq!(found.replacement.is_some(), has_replacement, "{text}");
        }
        check(
            "allow_origins = ['${A-https://a.b}']",
            "`${A-https://a.b}` has a form that is not known; write `${NAME}`, or `${NAME:-default}`",
            true,
        );
        check(
            "allow_origins = ['${NO_SUCH_VARIABLE:-https://a.b/}']",
            "`https://a.b/` in `${NO_SUCH_VARIABLE}` ends with a slash; browsers send origins without it",
            false,
        );
        check(
            "allow_origins = ['${NO_SUCH_VARIABLE:-https://рф}']",
            "`https://рф` in `${NO_SUCH_VARIABLE}` has a character outside ASCII; browsers send domains in Punycode (`xn--...`)",
            false,
        );
        check(
            "allow_origins = ['${NO_SUCH_VARIABLE}']",
            "`${NO_SUCH_VARIABLE}` is not set; set it, or write a default: `${NO_SUCH_VARIABLE:-}` for no items",
            false,
        );
        check(
            "allow_origins = ['${NO_SUCH_VARIABLE:-}']",
            "the policy has no origins, because `${NO_SUCH_VARIABLE}` has none; put the allowed origins into the variable, or list them here",
            false,
        );
        check(
            "[[route]]\npath = '/a'",
            "`route[0]` has no origins; list the allowed origins, or write `[]` to allow none",
            false,
        );
    }

    #[test]
    fn origins_outside_ascii() {
        #[track_caller]
        fn check(origin: &str, expected: Option<&str>) {
            let source = Source::new("cors.toml", format!("allow_origins = [\"{origin}\"]"));
            let errors = source.load().unwrap_err();
            let error = errors.iter().next().unwrap();
            let found = Diagnostic::from_error(error, &source);
            let text = found.replacement.map(|replacement| replacement.text);
            let expected = expected.map(|origin| format!("\"{origin}\""));
            assert_eq!(text, expected, "{origin}");
            assert_eq!(found.help.is_some(), expected.is_some(), "{origin}");
        }
        check(
            "https://Bücher.example/",
            Some("https://xn--bcher-kva.example"),
        );
        check("HTTPS://*.рф", Some("https://*.xn--p1ai"));
        check("https://مثال.example", Some("https://xn--mgbh0fb.example"));
        check(
            "https://bu\u{308}cher.example",
            Some("https://xn--bcher-kva.example"),
        );
        check("https://ﬁsh.example", Some("https://fish.example"));
        check("https://\u{308}a.example", None);
        check("مثال.example", None);
        check("https://рф:*", None);
        check("app://рф", None);
    }
}
