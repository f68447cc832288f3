//! The text of a policy, read as TOML, JSON and YAML.

use std::ops::Range;

use cors_core::adapter::{Header, HeaderSource};
use cors_core::text::is_printable;
use cors_core::{LoadOptions, Policy, Variables};
use cors_explain::{Diagnostic, Severity, Source, findings};
use serde_json::json;

/// Runs the target.
///
/// # Panics
///
/// If a text is not read as it should be.
pub fn run(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    for name in ["cors.toml", "cors.json", "cors.yaml"] {
        let source = Source::new(name, text);
        let policy = source.load();
        if let Ok(policy) = &policy {
            check_policy(&policy.policy);
        }
        let findings = findings(&source);
        let has_error = findings
            .iter()
            .any(|finding| finding.severity == Severity::Error);
        assert_eq!(policy.is_err(), has_error, "{name}: {findings:?}");
        for finding in &findings {
            check_finding(finding, &source);
        }
        if name == "cors.toml" {
            let options = LoadOptions::default()
                .variables(Variables::at_run_time())
                .any_origin_set();
            let by_core = options.from_toml(text);
            assert_eq!(by_core.is_ok(), policy.is_ok(), "{by_core:?}");
        }
    }
    if let Ok(config) = serde_json::from_str::<cors_core::Config>(text) {
        // Another reader, which knows neither places nor variables.
        if let Ok(policy) = Policy::new(config) {
            check_policy(&policy);
        }
    }
}

fn check_policy(policy: &Policy) {
    for part in policy.parts().into_iter().chain(policy.abnormal_part()) {
        check_headers(part.actual_without_grant());
        check_headers(part.preflight_without_grant());
        for grant in part.grants() {
            check_headers(grant.actual);
            check_headers(grant.preflight);
            assert!(
                !(grant.is_everyone && grant.allows_credentials),
                "{grant:?}"
            );
            let patterns = grant.patterns.iter();
            assert!(
                patterns
                    .flat_map(|text| text.chars())
                    .all(|char| char.is_ascii_graphic())
            );
        }
    }
}

fn check_headers(headers: &[Header<Box<str>>]) {
    for header in headers {
        if let HeaderSource::Constant(value) = &header.value {
            let is_shown = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
            assert!(value.bytes().all(is_shown), "{header:?}");
        }
    }
}

fn check_finding(finding: &Diagnostic, source: &Source) {
    let spans = finding.also.iter().chain([&finding.span]);
    let changed = finding.replacement.as_ref().map(|change| &change.span);
    for span in spans.chain(changed) {
        assert!(source.text.get(Range::clone(span)).is_some(), "{finding:?}");
        let (line, column) = source.line_and_column(span.start);
        assert!(line > 0 && column > 0, "{finding:?}");
    }
    let optional = [&finding.reason, &finding.help].into_iter().flatten();
    for text in optional.chain([&finding.message, &finding.path]) {
        let is_shown = |char: char| char == '\n' || is_printable(char);
        assert!(text.chars().all(is_shown), "{finding:?}");
    }
    assert!(
        cors_explain::summary(finding.code).is_some(),
        "{}",
        finding.code
    );
    let value = json!({
        "severity": finding.severity,
        "message": finding.message,
        "path": finding.path,
        "replacement": finding.replacement,
    });
    let read = serde_json::from_str(&value.to_string());
    assert!(
        read.is_ok_and(|read: serde_json::Value| read == value),
        "{value}"
    );
    if let Some(change) = &finding.replacement {
        let mut text = source.text.clone();
        text.replace_range(change.span.clone(), &change.text);
        let _ = Source::new(source.name.clone(), text).load();
    }
}
