//! What was most likely meant by a key or a value.

use super::reader::{DANGERS, REFUSALS};
use crate::config::MAX_MAX_AGE;
use crate::environment::Reference;
use crate::header;
use crate::refuse;
use crate::written_list;

/// The list that a text is meant to be: its items may be separated by commas, semicolons or white space.
pub(super) fn as_list(key: &str, text: &str, has_variables: bool) -> Option<String> {
    if has_variables && let Some(Ok(_)) = Reference::parse(text) {
        let is_plain = |char: char| !char.is_control() && !matches!(char, '"' | '\\');
        return text.chars().all(is_plain).then(|| format!("[\"{text}\"]"));
    }
    let items = written_list::as_items(text, |item| match key {
        _ if has_variables && matches!(Reference::parse(item), Some(Ok(_))) => {
            Some(item.to_owned())
        }
        "allow_origins" => written_list::origin(item),
        "allow_methods" => written_list::method(item),
        "dangerously_allow" => did_you_mean(item, &DANGERS).map(str::to_owned),
        "refuse" => did_you_mean(item, &REFUSALS).map(str::to_owned),
        "hosts" => refuse::is_host_pattern(item).then(|| item.to_owned()),
        _ => written_list::header(item, |name| {
            !header::is_cors_header(name)
                && match key {
                    "expose_headers" => !header::is_forbidden_response_header(name),
                    _ => !header::is_forbidden_request_header(name),
                }
        }),
    });
    items.map(|items| format!("[{items}]"))
}

/// The number of seconds of a text such as `3600`, `1h` or `10 minutes`, if it is a valid max age.
pub(super) fn in_seconds(text: &str) -> Option<String> {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let unit = match unit.trim_start() {
        "" | "s" | "sec" | "second" | "seconds" => 1,
        "m" | "min" | "minute" | "minutes" => 60,
        "h" | "hour" | "hours" => 60 * 60,
        "d" | "day" | "days" => 24 * 60 * 60,
        _ => return None,
    };
    let seconds = number.parse::<u64>().ok()?.checked_mul(unit)?;
    (seconds <= MAX_MAX_AGE.as_secs()).then(|| seconds.to_string())
}

/// The known name that `name` is most likely meant to be.
pub(super) fn did_you_mean<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    /// Below this [Jaro-Winkler similarity](strsim::jaro_winkler) names have little in common.
    const SIMILAR: f64 = 0.85;
    // A longer name is not a misspelling, and the comparison takes quadratic time.
    if name.len() > 64 {
        return None;
    }
    let separator = match known.contains(&"grant") || known.contains(&"max_age") {
        true => '_',
        false => '-',
    };
    let name = name
        .to_ascii_lowercase()
        .replace(['-', '_', ' ', '.'], separator.encode_utf8(&mut [0; 4]));
    let name = name.strip_prefix("access_control_").unwrap_or(&name);
    let exact = known.iter().find(|key| **key == name);
    let similar = || {
        known
            .iter()
            .map(|key| (strsim::jaro_winkler(name, key), key))
            .filter(|(similarity, _)| *similarity >= SIMILAR)
            .max_by(|(a, _), (b, _)| a.total_cmp(b))
            .map(|(_, key)| key)
    };
    // `origins`, `credentials`
    let end = || {
        known
            .iter()
            .find(|key| name.len() > 4 && key.ends_with(name))
    };
    // What other libraries and scripts call it.
    let same = || {
        let is_same = matches!(name, "cookie" | "cookies");
        known
            .iter()
            .find(|key| is_same && **key == "allow_credentials")
    };
    exact.or_else(same).or_else(similar).or_else(end).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Grant;

    #[test]
    fn guesses() {
        #[track_caller]
        fn check(name: &str, expected: Option<&str>) {
            let known = [
                Grant::KEYS,
                &["preflight_status", "dangerously_allow", "grant", "route"],
            ]
            .concat();
            assert_eq!(did_you_mean(name, &known), expected, "{name:?}");
        }
        check("allow-origins", Some("allow_origins"));
        check("allow_origin", Some("allow_origins"));
        check("allowed_origins", Some("allow_origins"));
        check("origins", Some("allow_origins"));
        check("Access-Control-Allow-Origin", Some("allow_origins"));
        check("Access-Control-Max-Age", Some("max_age"));
        check("credentials", Some("allow_credentials"));
        check("maxage", Some("max_age"));
        check("grants", Some("grant"));
        check("exposed_headers", Some("expose_headers"));
        check("cookies", Some("allow_credentials"));
        check("colour", None);
        check("", None);
        check(&"allow_origins".repeat(1000), None);
        // The end of a key, but too short.
        check("gins", None);
        let in_grant = did_you_mean("Access-Control-Allow-Origin", Grant::KEYS);
        assert_eq!(in_grant, Some("allow_origins"));
        let (longest, longer) = ("a".repeat(64), "a".repeat(65));
        assert_eq!(did_you_mean(&longest, &[&longest]), Some(&*longest));
        assert_eq!(did_you_mean(&longer, &[&longer]), None);
    }

    #[test]
    fn lists() {
        #[track_caller]
        fn check(key: &str, text: &str, expected: Option<&str>) {
            assert_eq!(as_list(key, text, false).as_deref(), expected, "{text:?}");
        }
        check(
            "refuse",
            "web_socket; cross-site-writes",
            Some("[\"websocket\", \"cross-site-writes\"]"),
        );
        check("refuse", "x", None);
        check(
            "hosts",
            "example.com:8443 *.example.com",
            Some("[\"example.com:8443\", \"*.example.com\"]"),
        );
        check("hosts", "https://example.com", None);
        // Scripts can read it, and cannot send it.
        check("expose_headers", "date", Some("[\"date\"]"));
        check("allow_headers", "date", None);
    }
}
