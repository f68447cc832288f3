//! A finding about a server.

use serde::Serialize;

use crate::diagnostic::Severity;

/// A finding about a server. [`codes`](crate::codes) explains its code.
///
/// # Examples
///
/// ```
/// use cors_explain::Severity;
/// use cors_explain::server::Finding;
///
/// let finding = Finding::warning("no-max-age", "there is no `Access-Control-Max-Age`".to_owned(), "send it");
/// assert_eq!(finding.severity, Severity::Warning);
/// assert_eq!(finding.with_severity(Severity::Note).severity, Severity::Note);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Its code.
    pub code: &'static str,
    /// The problem, in lower case, without a full stop.
    pub message: String,
    /// What to do about it, in lower case, without a full stop.
    pub help: String,
}

impl Finding {
    /// A finding of severity [`Severity::Warning`].
    pub fn warning(code: &'static str, message: String, help: impl Into<String>) -> Self {
        let help = help.into();
        Self {
            severity: Severity::Warning,
            code,
            message,
            help,
        }
    }

    /// The same finding with another severity.
    #[must_use]
    pub fn with_severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }
}

/// Every code, in the order of the page.
#[cfg(test)]
pub(crate) const CODES: &[&str] = &[
    "missing-vary",
    "wildcard-with-credentials",
    "allow-credentials-not-true",
    "no-max-age",
    "max-age-invalid",
    "headers-not-exposed",
    "cookie-not-sent",
    "policy-differs",
    "policy-not-applied",
    "origin-not-forwarded",
    "second-writer",
    "gateway-error",
    "headers-dropped",
    "preflight-by-gateway",
    "options-answered",
    "preflight-forwarded",
    "not-refused",
    "unexpected-status",
    "reflected-origin",
    "reflected-origin-with-credentials",
    "preflight-reflects",
    "websocket-any-origin",
    "null-accepted",
    "prefix-match",
    "suffix-match",
    "unescaped-dot",
    "special-characters",
    "plain-http-accepted",
    "localhost-accepted",
    "shared-host-accepted",
    "any-port-accepted",
    "any-subdomain-accepted",
    "static-allow-origin",
    "wildcard-origin",
    "origin-not-allowed",
];

#[cfg(test)]
mod tests {
    use super::CODES;
    use crate::codes;

    #[test]
    fn every_section_has_an_example_and_a_remedy() {
        for name in CODES {
            let code = codes::find(name).unwrap();
            assert!(code.body().contains("### Example"), "{name}");
            assert!(code.body().contains("### How to correct it"), "{name}");
        }
    }
}
