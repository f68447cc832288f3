//! The probable causes, from the facts of a message.

use cors_browser_model::Engine;

use super::mention;
use super::message::{Facts, Message};
use super::near_miss::difference;
use super::servers;
use crate::failure_code::FailureCode;
use crate::text::Printable;

/// The beginnings of the likely causes in `codes/browsers.md`, the most likely first.
pub(super) fn likely(message: &Message) -> Vec<&'static str> {
    let facts = &message.facts;
    let redirected = is_redirected(facts);
    let mut likely = Vec::new();
    match message.failure {
        FailureCode::AllowOriginMissing => {
            likely.extend(redirected.then_some("A redirect"));
            likely.extend_from_slice(match facts.status {
                Some(401 | 403) => &["Authentication", "No grant", "An error"],
                Some(404 | 405) => &["No route", "An error"],
                Some(300..=399) => &["A redirect"],
                Some(400..) => &["An error"],
                Some(_) if message.engine == Some(Engine::WebKit) => &["No grant", "Another value"],
                Some(_) => &["No grant", "A cache"],
                None if facts.preflight == Some(true) => {
                    &["No grant", "No route", "Authentication"]
                }
                None => &[],
            });
        }
        FailureCode::AllowOriginMultiple => {
            let is_known = facts
                .value
                .as_deref()
                .is_some_and(|value| !value.is_empty());
            likely.extend(is_known.then(|| match has_two_writers(message) {
                true => "Two places",
                false => "A list",
            }));
        }
        FailureCode::AllowOriginInvalid => likely.push(match facts.value.as_deref() {
            Some("") => "Empty",
            Some(value) if value.contains('*') => "A pattern",
            Some("true" | "True" | "false" | "undefined" | "None" | "null") => "`true`",
            Some(value) if value.contains(['"', '\'', '[']) => "`true`",
            _ => "No scheme",
        }),
        FailureCode::AllowOriginMismatch => {
            likely.extend(redirected.then_some("A redirect"));
            likely.extend(is_pattern(facts).then_some("A pattern"));
            let is_null = facts.origin.as_deref() == Some("null");
            likely.extend(is_null.then_some("The word `null`"));
            likely.extend(is_null_value(facts).then_some("The value `null`"));
            likely.extend(is_spelling(facts).then_some("Another spelling"));
            likely.push("One origin for all");
        }
        FailureCode::AllowCredentials => {
            let is_set = facts
                .value
                .as_deref()
                .is_some_and(|value| !value.is_empty());
            likely.extend(has_two_writers(message).then_some("Two places"));
            likely.extend(is_set.then_some("Another spelling"));
        }
        FailureCode::PreflightNotOk => likely.extend_from_slice(match facts.status {
            Some(401 | 403) => &["Authentication", "No grant"],
            Some(404 | 405 | 501) => &["No route"],
            Some(300..=399) => &["A redirect"],
            Some(400..) => &["An error"],
            _ => &[],
        }),
        FailureCode::WebSocketNotOpen => likely.extend_from_slice(match facts.status {
            None if facts.refused.is_some() => &["Another origin"],
            Some(403) => &["Another origin", "Another host"],
            Some(401) => &["Authentication"],
            Some(_) => &["No WebSocket there"],
            None => &[],
        }),
        FailureCode::MethodNotAllowed => {
            let method = facts.method.as_deref().unwrap_or_default();
            let is_lower = method.contains(|char: char| char.is_ascii_lowercase());
            likely.extend(is_lower.then_some("Lower case"));
        }
        FailureCode::HeaderNotAllowed => {
            let header = facts.header.as_deref().unwrap_or_default();
            let header = header.to_ascii_lowercase();
            likely.extend(is_response_header(&header).then_some("Sent to the wrong side"));
            likely.push("Not listed");
            let of_library = matches!(
                header.as_str(),
                "x-requested-with"
                    | "traceparent"
                    | "tracestate"
                    | "sentry-trace"
                    | "baggage"
                    | "cache-control"
                    | "pragma"
                    | "expires"
            );
            likely.extend(of_library.then_some("Added by a library"));
        }
        FailureCode::SchemeNotSupported => {
            let url = facts.url.as_deref().unwrap_or_default();
            let has_scheme = url.is_empty() || url.starts_with("file:");
            likely.extend((!has_scheme).then_some("No scheme"));
        }
        FailureCode::NoResponse => {
            let page = facts.origin.as_deref().unwrap_or_default();
            let url = facts.url.as_deref().unwrap_or_default();
            let is_mixed = page.starts_with("https:") && url.starts_with("http:");
            likely.extend(is_mixed.then_some("http from an https page"));
        }
        FailureCode::FetchFailed => {
            let is_font = facts.kind.as_deref() == Some("font");
            likely.extend(is_font.then_some("A font"));
        }
        FailureCode::ServerRefused => likely.extend(match facts.refused.as_deref() {
            Some("method" | "header" | "preflight") => Some("The method or a header"),
            Some("host") => Some("The name of the server"),
            Some("form") => Some("Protection against CSRF"),
            Some("settings") => Some("The settings"),
            _ => None,
        }),
        FailureCode::ResourcePolicy => {
            let is_of_page = facts.header.as_deref() == Some("Cross-Origin-Embedder-Policy");
            likely.extend(is_of_page.then_some("`Cross-Origin-Embedder-Policy`"));
        }
        FailureCode::CorsMentioned => {
            likely.extend(
                mention::HEADERS
                    .iter()
                    .filter(|header| is_header(facts, header)),
            );
            likely.push("Another text");
        }
        _ => {}
    }
    likely
}

/// Whether the facts exclude a cause.
pub(super) fn excludes(message: &Message, cause: &str) -> bool {
    let Message { engine, facts, .. } = message;
    let is_other_than = |named| engine.is_some_and(|engine| engine != named);
    let is_https = facts
        .url
        .as_deref()
        .is_some_and(|url| url.starts_with("https:"));
    let header = facts.header.as_deref().unwrap_or_default();
    let begins = |start| cause.starts_with(start);
    if begins("Another value") {
        is_other_than(Engine::WebKit)
    } else if begins("A broken connection") {
        is_other_than(Engine::Firefox)
    } else if begins("To https") || begins("http from an https page") {
        is_https
    } else if begins("No connection") {
        facts.status.is_some()
    } else if begins("Sent to the wrong side") {
        !header.is_empty() && !is_response_header(header)
    } else if begins("A pattern") {
        facts.value.is_some() && !is_pattern(facts)
    } else if begins("The value `null`") {
        facts.value.is_some() && !is_null_value(facts)
    } else if begins("A font") {
        facts.kind.as_deref() != Some("font")
    } else if message.failure == FailureCode::CorsMentioned && begins("`Access-Control-") {
        !is_header(facts, cause)
    } else {
        // Another cause says it more precisely.
        let is_said = seen(message).is_some() || is_pattern(facts) || is_null_value(facts);
        begins("Another spelling") && is_said
    }
}

/// Whether a cause begins with the header that the message names.
fn is_header(facts: &Facts, cause: &str) -> bool {
    let header = facts.header.as_deref().unwrap_or_default();
    let named = cause
        .strip_prefix('`')
        .and_then(|cause| cause.strip_prefix(header));
    !header.is_empty() && named.is_some_and(|rest| rest.starts_with('`'))
}

/// Whether the value shows that two programs write the header: no one writes a value twice, `*` into a list, or the
/// page's origin and one more.
pub(super) fn has_two_writers(message: &Message) -> bool {
    let facts = &message.facts;
    // Lines are joined with commas.
    let value = facts.value.as_deref().unwrap_or_default();
    let mut values: Vec<_> = value.split(',').map(str::trim).collect();
    let count = values.len();
    let is_page = |value: &&str| Some(*value) == facts.origin.as_deref();
    let is_of_page = count == 2 && values.iter().any(is_page);
    let has_wildcard = count > 1 && values.contains(&"*");
    values.sort_unstable();
    values.dedup();
    match message.failure {
        FailureCode::AllowOriginMultiple => values.len() < count || has_wildcard || is_of_page,
        FailureCode::AllowCredentials => count > 1,
        _ => false,
    }
}

/// Whether the value is a pattern, which is only for configurations.
fn is_pattern(facts: &Facts) -> bool {
    facts
        .value
        .as_deref()
        .is_some_and(|value| value.contains('*'))
}

/// Whether the value is `null`, and the page's origin is not.
fn is_null_value(facts: &Facts) -> bool {
    facts.value.as_deref() == Some("null") && facts.origin.as_deref() != Some("null")
}

fn is_response_header(name: &str) -> bool {
    name.to_ascii_lowercase().starts_with("access-control-")
}

/// Whether a remedy applies to this request.
pub(super) fn helps(place: &str, remedy: &str, message: &Message) -> bool {
    let facts = &message.facts;
    // Then no policy changes the response, and the other writer has to go first.
    if has_two_writers(message) {
        return place == "On the server";
    }
    match message.failure {
        FailureCode::AllowCredentials if place == "On the server" => return false,
        FailureCode::AllowOriginMismatch if place == "On the server" => {
            let is_written = is_pattern(facts) || is_null_value(facts);
            return is_written != remedy.contains("`Vary: Origin`");
        }
        _ => {}
    }
    let is_check = matches!(
        message.failure,
        FailureCode::AllowOriginMissing | FailureCode::AllowOriginMismatch
    );
    let method = facts.method.as_deref();
    if remedy.contains("redirect") && is_check {
        return is_redirected(facts);
    }
    // Only this method has to be written in upper case.
    !remedy.contains("`PATCH`") || method.is_none_or(|method| method == "patch")
}

/// The place to show first.
pub(super) fn first_place(message: &Message) -> Option<&'static str> {
    let Facts { status, method, .. } = &message.facts;
    match message.failure {
        // The policy was not applied, whatever it says.
        FailureCode::AllowOriginMissing | FailureCode::PreflightNotOk
            if status.is_some_and(|status| status >= 300) =>
        {
            Some("On the server")
        }
        // Another program writes the value.
        FailureCode::AllowOriginMismatch
            if is_pattern(&message.facts) || is_null_value(&message.facts) =>
        {
            Some("On the server")
        }
        FailureCode::MethodNotAllowed if method.as_deref() == Some("patch") => Some("In the page"),
        _ => None,
    }
}

fn is_redirected(facts: &Facts) -> bool {
    facts.redirected_from.is_some()
        || facts.location.is_some()
        || facts
            .status
            .is_some_and(|status| (300..=399).contains(&status))
}

/// A cause that the message shows directly.
pub(super) fn seen(message: &Message) -> Option<String> {
    let facts = &message.facts;
    match message.failure {
        FailureCode::AllowOriginMismatch | FailureCode::AllowOriginInvalid => {
            let (origin, value) = (facts.origin.as_deref()?, facts.value.as_deref()?);
            if is_pattern(facts) {
                return None;
            }
            let difference = difference(value, origin)?;
            let (value, origin) = (Printable(value), Printable(origin));
            Some(format!("`{value}` is not `{origin}`: {difference}."))
        }
        FailureCode::ServerRefused | FailureCode::WebSocketNotOpen => {
            servers::says(facts.server.as_deref()?, facts.refused.as_deref()?)
        }
        FailureCode::FetchFailed => {
            let status = facts.status?;
            Some(format!(
                "The response had status {status}, but the browser did not let the page read it. CORS is the usual \
                 reason for that."
            ))
        }
        _ => None,
    }
}

/// Whether the server means the page's origin, but writes it differently.
fn is_spelling(facts: &Facts) -> bool {
    match (facts.value.as_deref(), facts.origin.as_deref()) {
        (Some(value), Some(origin)) => difference(value, origin).is_some(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::super::page::Section;
    use super::*;

    /// A cause that is not found by its beginning would silently lose its rank.
    #[test]
    fn likely_causes_are_those_of_the_page() {
        for failure in FailureCode::ALL.iter().copied() {
            let causes = Section::of(failure).causes;
            for message in many_messages(failure) {
                for start in likely(&message) {
                    let is_there = causes.iter().any(|cause| cause.starts_with(start));
                    assert!(is_there, "{start}: {message:?}");
                }
            }
        }
    }

    #[test]
    fn excluded_causes_are_those_of_the_page() {
        #[track_caller]
        fn check(failure: FailureCode, engine: Engine, facts: Facts, starts: &[&str]) {
            let message = Message {
                failure,
                engine: Some(engine),
                facts,
            };
            let causes = Section::of(failure).causes;
            let excluded = causes.iter().filter(|cause| excludes(&message, cause));
            let excluded: Vec<_> = excluded.collect();
            assert_eq!(excluded.len(), starts.len(), "{excluded:?}");
            for (cause, start) in excluded.iter().zip(starts) {
                assert!(cause.starts_with(start), "{excluded:?}");
            }
        }
        let known = |url: &str, header: &str| Facts {
            url: Some(url.to_owned()),
            header: Some(header.to_owned()),
            ..Facts::default()
        };
        let http = known("http://api.example.com/", "x-custom");
        let https = known("https://api.example.com/", "x-custom");
        let chromium = Engine::Chromium;
        check(
            FailureCode::AllowOriginMissing,
            chromium,
            http.clone(),
            &["Another value"],
        );
        check(
            FailureCode::AllowOriginMultiple,
            chromium,
            http.clone(),
            &["A broken connection"],
        );
        check(
            FailureCode::HeaderNotAllowed,
            chromium,
            http,
            &["Sent to the wrong side"],
        );
        check(
            FailureCode::PreflightRedirect,
            chromium,
            https.clone(),
            &["To https"],
        );
        check(
            FailureCode::NoResponse,
            chromium,
            https,
            &["http from an https page"],
        );
        let answered = Facts {
            status: Some(200),
            kind: Some("font".to_owned()),
            ..Facts::default()
        };
        check(
            FailureCode::FetchFailed,
            chromium,
            answered,
            &["No connection"],
        );
        check(
            FailureCode::FetchFailed,
            chromium,
            Facts::default(),
            &["A font"],
        );
        let slash = Facts {
            origin: Some("https://app.example.com".to_owned()),
            value: Some("https://app.example.com/".to_owned()),
            ..Facts::default()
        };
        check(
            FailureCode::AllowOriginMismatch,
            chromium,
            slash,
            &["Another spelling", "A pattern", "The value `null`"],
        );
        let pattern = Facts {
            value: Some("https://*.example.com".to_owned()),
            ..Facts::default()
        };
        check(
            FailureCode::AllowOriginMismatch,
            chromium,
            pattern,
            &["Another spelling", "The value `null`"],
        );
    }

    /// A failure with every fact that matters.
    fn many_messages(failure: FailureCode) -> Vec<Message> {
        let values = [
            "",
            "*",
            "true",
            "true, true",
            "https://*.a.example",
            "a, b",
            "a, a",
            "null",
            "\"x\"",
            "app.example.com",
        ];
        let names = [
            "PUT",
            "patch",
            "x-custom",
            "access-control-allow-origin",
            "pragma",
            "Access-Control-Max-Age",
            "Cross-Origin-Embedder-Policy",
        ];
        let urls = [
            "http://api.example.com/",
            "https://api.example.com/",
            "localhost:1",
            "file:///a",
        ];
        let statuses = [None, Some(200), Some(302), Some(401), Some(404), Some(503)];
        let mut messages = Vec::new();
        let refused = ["origin", "method", "host", "form", "settings", "request"];
        for ((value, name), refused) in values
            .iter()
            .flat_map(|value| names.map(|name| (value, name)))
            .zip(refused.iter().cycle())
        {
            for (url, status) in urls
                .iter()
                .flat_map(|url| statuses.map(|status| (url, status)))
            {
                let origin = if status.is_none() {
                    "null"
                } else {
                    "https://a.example"
                };
                let facts = Facts {
                    url: Some((*url).to_owned()),
                    origin: Some(origin.to_owned()),
                    preflight: Some(status.is_none()),
                    method: Some(name.to_owned()),
                    header: Some(name.to_owned()),
                    value: Some((*value).to_owned()),
                    status,
                    kind: status.is_none().then(|| "font".to_owned()),
                    refused: Some((*refused).to_owned()),
                    ..Facts::default()
                };
                let engine = status.map(|_| Engine::WebKit);
                messages.push(Message {
                    failure,
                    engine,
                    facts,
                });
            }
        }
        let (engine, facts) = (None, Facts::default());
        messages.push(Message {
            failure,
            engine,
            facts,
        });
        messages
    }
}
