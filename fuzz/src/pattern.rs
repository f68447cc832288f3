//! Origin patterns: what is parsed, matched and covered, compared with naive matching.
//!
//! The first two lines of an input are patterns, and the others are origins. A backslash stands for a long label.

use cors_core::text::is_printable;
use cors_core::{Grant, Origin, OriginPattern, Policy};

use crate::naive;

/// Texts in the place of a pattern's `*`.
const STARS: [&str; 9] = ["a", "b.a", "7", "-", "x_y", "xn--a", "A", "", "a.b.c"];
const PORTS: [&str; 5] = ["", ":1", ":80", ":443", ":65535"];

/// Runs the target.
///
/// # Panics
///
/// If a pattern is wrong.
pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data).replace('\\', &"long-label-".repeat(5));
    let mut lines = text.lines();
    let [first, second] = [(); 2].map(|()| lines.next().unwrap_or_default());
    let mut origins: Vec<_> = lines.take(20).map(str::to_owned).collect();
    for pattern in [first, second] {
        origins.push(pattern.to_owned());
        let (host, any_port) = match pattern.strip_suffix(":*") {
            Some(host) => (host, true),
            None => (pattern, false),
        };
        for star in STARS {
            let origin = host.replacen('*', star, 1);
            let ports = PORTS.iter().filter(|_| any_port);
            origins.extend(ports.map(|port| format!("{origin}{port}")));
            origins.push(origin);
        }
    }
    for origin in &origins {
        let parsed = Origin::parse(origin);
        assert_eq!(
            parsed.is_ok(),
            naive::is_origin(origin),
            "{origin:?}: {parsed:?}"
        );
        if let Ok(parsed) = parsed {
            assert_eq!(parsed.to_string(), *origin);
        }
    }
    let first = check(first, &origins);
    let second = check(second, &origins);
    if let (Some(first), Some(second)) = (first, second) {
        check_cover(&first, &second, &origins);
        check_cover(&second, &first, &origins);
    }
}

fn check<'a>(text: &'a str, origins: &[String]) -> Option<OriginPattern<'a>> {
    let pattern = match OriginPattern::parse(text) {
        Ok(pattern) => pattern,
        Err(error) => {
            check_error(text, &error.to_string());
            return None;
        }
    };
    assert_eq!(pattern.as_str(), text);
    let like_an_origin = text
        .strip_suffix(":*")
        .unwrap_or(text)
        .replacen('*', "a", 1);
    let is_pattern = ["*", "null"].contains(&text) || naive::is_origin(&like_an_origin);
    assert!(is_pattern, "{text:?} is a pattern");
    for origin in origins {
        let Ok(parsed) = Origin::parse(origin) else {
            continue;
        };
        let expected = naive::matches(text, origin);
        assert_eq!(pattern.matches(&parsed), expected, "{text:?} {origin:?}");
    }
    Some(pattern)
}

/// A policy with the text says why it is not a pattern, and its suggestion is one.
fn check_error(text: &str, message: &str) {
    assert!(message.chars().all(is_printable), "{message:?}");
    let errors = Policy::new(Grant::new([text])).expect_err("it is not a pattern");
    for error in &errors {
        assert!(error.to_string().chars().all(is_printable), "{error}");
        // Several patterns in one item become several items.
        let suggestion = error.suggestion().unwrap_or_default();
        let patterns = suggestion.trim_matches('"').split("\", \"");
        for pattern in patterns.filter(|pattern| !pattern.is_empty()) {
            let parsed = OriginPattern::parse(pattern);
            assert!(parsed.is_ok(), "{text:?}: {suggestion:?}");
        }
    }
}

fn check_cover(wide: &OriginPattern<'_>, narrow: &OriginPattern<'_>, origins: &[String]) {
    if !wide.covers(narrow) {
        assert_ne!(wide.as_str(), narrow.as_str(), "a pattern covers itself");
        return;
    }
    for origin in origins {
        let (wide, narrow) = (wide.as_str(), narrow.as_str());
        let is_covered = !naive::matches(narrow, origin) || naive::matches(wide, origin);
        assert!(is_covered, "{wide:?} covers {narrow:?}, but not {origin:?}");
    }
}
