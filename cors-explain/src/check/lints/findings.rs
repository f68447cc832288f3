//! How a lint reports a finding.

use super::Lint;
use super::subject::Place;
use crate::diagnostic::{Diagnostic, Replacement};

/// Collects the findings of a lint.
pub(super) struct Findings<'a> {
    lint: &'a Lint,
    found: &'a mut Vec<Diagnostic>,
}

/// A finding of a lint.
pub(super) struct Finding {
    place: Place,
    message: String,
    reason: Option<String>,
    help: Option<String>,
    replacement: Option<Replacement>,
}

impl<'a> Findings<'a> {
    pub(super) fn of(lint: &'a Lint, found: &'a mut Vec<Diagnostic>) -> Self {
        Self { lint, found }
    }

    pub(super) fn report(&mut self, finding: Finding) {
        let Lint { code, severity, .. } = *self.lint;
        let mut spans = finding.place.spans.into_iter();
        let span = spans.next().unwrap_or(0..0);
        self.found.push(Diagnostic {
            path: finding.place.path,
            also: spans.collect(),
            reason: finding.reason,
            help: finding.help,
            replacement: finding.replacement,
            ..Diagnostic::new(severity, code, span, finding.message)
        });
    }
}

impl Finding {
    /// What is wrong, and where.
    pub(super) fn at(place: Place, message: impl Into<String>) -> Self {
        Self {
            place,
            message: message.into(),
            reason: None,
            help: None,
            replacement: None,
        }
    }

    /// Why that matters.
    pub(super) fn because(self, reason: impl Into<String>) -> Self {
        let reason = Some(reason.into());
        Self { reason, ..self }
    }

    /// What to do about it.
    pub(super) fn help(self, help: impl Into<String>) -> Self {
        let help = Some(help.into());
        Self { help, ..self }
    }

    /// What to write in the file instead, if that is known.
    pub(super) fn change(self, replacement: Option<Replacement>) -> Self {
        Self {
            replacement,
            ..self
        }
    }
}
