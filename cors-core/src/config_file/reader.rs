//! Reads a configuration from a tree of items: keys and types.

use std::ops::Range;
use std::time::Duration;

use super::document::{Item, Key, Node};
use super::location_without_line;
use crate::config::{Config, Grant, MAX_MAX_AGE};
use crate::error::{ConfigError, ErrorCode, Place};
use crate::validate;

const FILE_KEYS: [&str; 3] = ["preflight_status", "dangerously_allow", "grant"];
const DANGERS: [&str; 4] = [
    "insecure-origins",
    "public-suffixes",
    "null-origin",
    "any-host",
];
const SECONDS: &str = "an integer (seconds)";

/// Reads a file. Does not check the configuration in it.
pub(super) fn read_config(root: &Item, errors: &mut Vec<ConfigError>) -> (Config, Vec<Unread>) {
    let mut reader = Reader {
        errors,
        unread: Vec::new(),
    };
    (reader.file(root), reader.unread)
}

struct Reader<'e> {
    errors: &'e mut Vec<ConfigError>,
    unread: Vec<Unread>,
}

/// A value that could not be read completely.
pub(super) struct Unread {
    pub(super) grant: Option<usize>,
    pub(super) key: &'static str,
    /// The indices of the items of a list that could be read.
    pub(super) items: Vec<usize>,
}

impl Reader<'_> {
    fn file(&mut self, root: &Item) -> Config {
        let mut config = Config::default();
        let Node::Table(entries) = &root.node else {
            self.wrong_type(Place::default(), root, "a table");
            self.skip(None, "allow_origins");
            return config;
        };
        let several = root.get("grant").is_some();
        let mut grant = Grant::default();
        let mut has_grant = false;
        for (key, item) in entries {
            let place = at(Place::default(), &key.name);
            match key.name.as_str() {
                "grant" => config.grants = self.grants(item),
                "preflight_status" => {
                    if let Some(value) = self.integer(place, item) {
                        match u16::try_from(value) {
                            Ok(status) => config.preflight_status = status,
                            Err(_) => self.push(validate::preflight_status(value), item),
                        }
                    }
                }
                "dangerously_allow" => self.dangers(place, item, &mut config),
                name if Grant::KEYS.contains(&name) && several => {
                    let message = "cannot be at the top level together with `[[grant]]`; move it into a grant";
                    let error = ConfigError::new(ErrorCode::MixedForms, place, message);
                    self.push_at(error, &key.span);
                }
                name if Grant::KEYS.contains(&name) => {
                    let place = Place {
                        grant: Some(0),
                        ..Place::default()
                    };
                    has_grant = true;
                    self.grant_key(place, key, item, &mut grant);
                }
                _ => {
                    // A file without `[[grant]]` is one grant.
                    let grant = (!several).then_some(0);
                    let known = [Grant::KEYS, &FILE_KEYS].concat();
                    self.unknown_key(place, grant, key, &known);
                }
            }
        }
        if has_grant {
            config.grants.push(grant);
        }
        config
    }

    fn grants(&mut self, item: &Item) -> Vec<Grant> {
        let Node::List(items) = &item.node else {
            let place = at(Place::default(), "grant");
            self.wrong_type(
                place,
                item,
                "a list of tables, each with the header `[[grant]]`",
            );
            self.skip(None, "allow_origins");
            return Vec::new();
        };
        let numbered = items.len() > 1;
        let mut grants = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let place = Place {
                grant: Some(index),
                numbered,
                ..Place::default()
            };
            let mut grant = Grant::default();
            match &item.node {
                Node::Table(entries) => {
                    for (key, item) in entries {
                        self.grant_key(place.clone(), key, item, &mut grant);
                    }
                }
                _ => {
                    self.wrong_type(place, item, "a table");
                    self.skip(Some(index), "allow_origins");
                }
            }
            grants.push(grant);
        }
        grants
    }

    /// Reads a key of a grant; `place` is the grant's.
    fn grant_key(&mut self, place: Place, key: &Key, item: &Item, grant: &mut Grant) {
        let place = at(place, &key.name);
        match key.name.as_str() {
            "allow_origins" => grant.allow_origins = self.texts(place, "allow_origins", item),
            "allow_methods" => grant.allow_methods = self.texts(place, "allow_methods", item),
            "allow_headers" => grant.allow_headers = self.texts(place, "allow_headers", item),
            "expose_headers" => grant.expose_headers = self.texts(place, "expose_headers", item),
            "allow_credentials" => grant.allow_credentials = self.boolean(place, item),
            "expose_timing" => grant.expose_timing = self.boolean(place, item),
            "max_age" => {
                if let Some(value) = self.seconds(place.clone(), item) {
                    match u64::try_from(value) {
                        Ok(seconds) => grant.max_age = Duration::from_secs(seconds),
                        Err(_) => self.push(validate::max_age(place, value), item),
                    }
                }
            }
            name if FILE_KEYS.contains(&name) => {
                let message = "applies to the whole file; move it to the top level";
                let error = ConfigError::new(ErrorCode::UnknownKey, place, message);
                self.push_at(error, &key.span);
            }
            _ => self.unknown_key(place.clone(), place.grant, key, Grant::KEYS),
        }
    }

    fn dangers(&mut self, place: Place, item: &Item, config: &mut Config) {
        let texts = self.texts(place.clone(), "dangerously_allow", item);
        for (index, text) in texts.iter().enumerate() {
            match text.as_str() {
                "insecure-origins" => config.dangerously_allow.insecure_origins = true,
                "public-suffixes" => config.dangerously_allow.public_suffixes = true,
                "null-origin" => config.dangerously_allow.null_origin = true,
                "any-host" => config.dangerously_allow.any_host = true,
                _ => {
                    let place = Place {
                        index: Some(index),
                        ..place.clone()
                    };
                    let span = item.nth(index).and_then(|item| item.span.clone());
                    let message = format!("is not one of `{}`", DANGERS.join("`, `"));
                    let error = ConfigError::new(ErrorCode::UnknownDanger, place, message)
                        .value_of(text)
                        .suggest(did_you_mean(text, &DANGERS));
                    self.push_at(error, &span);
                }
            }
        }
    }

    fn texts(&mut self, place: Place, key: &'static str, item: &Item) -> Vec<String> {
        let Node::List(items) = &item.node else {
            let grant = place.grant;
            let expected = "a list of strings";
            let mut error = wrong_type(place, item, expected);
            if let Node::Text(text) = &item.node {
                error = error.suggest(as_list(text));
            }
            self.push(error, item);
            self.skip(grant, key);
            return Vec::new();
        };
        let mut texts = Vec::with_capacity(items.len());
        let mut read = Vec::new();
        for (index, item) in items.iter().enumerate() {
            match &item.node {
                Node::Text(text) => {
                    texts.push(text.clone());
                    read.push(index);
                }
                _ => {
                    let place = Place {
                        index: Some(index),
                        ..place.clone()
                    };
                    self.wrong_type(place, item, "a string");
                }
            }
        }
        if read.len() < items.len() {
            self.unread.push(Unread {
                grant: place.grant,
                key,
                items: read,
            });
        }
        texts
    }

    fn boolean(&mut self, place: Place, item: &Item) -> bool {
        match &item.node {
            Node::Boolean(value) => *value,
            Node::Text(text) if matches!(text.as_str(), "true" | "false") => {
                let error = wrong_type(place, item, "`true` or `false`");
                self.push(error.suggest(Some(text)), item);
                false
            }
            _ => {
                self.wrong_type(place, item, "`true` or `false`");
                false
            }
        }
    }

    fn integer(&mut self, place: Place, item: &Item) -> Option<i128> {
        let error = match &item.node {
            Node::Integer(value) => return Some(*value),
            Node::Text(text) if text.parse::<u64>().is_ok() => {
                wrong_type(place, item, "an integer").suggest(Some(text))
            }
            _ => wrong_type(place, item, "an integer"),
        };
        self.push(error, item);
        None
    }

    fn seconds(&mut self, place: Place, item: &Item) -> Option<i128> {
        let error = match &item.node {
            Node::Integer(value) => return Some(*value),
            Node::Text(text) => wrong_type(place, item, SECONDS).suggest(in_seconds(text)),
            _ => wrong_type(place, item, SECONDS),
        };
        self.push(error, item);
        None
    }

    fn wrong_type(&mut self, place: Place, item: &Item, expected: &str) {
        self.push(wrong_type(place, item, expected), item);
    }

    /// Reports an unknown key, and suggests the most similar one of `known`.
    fn unknown_key(
        &mut self,
        place: Place,
        grant: Option<usize>,
        key: &Key,
        known: &[&'static str],
    ) {
        let suggestion = did_you_mean(&key.name, known);
        if suggestion == Some("allow_origins") {
            // The key is misspelt, not missing.
            self.skip(None, "allow_origins");
            if grant.is_some() {
                self.skip(grant, "allow_origins");
            }
        }
        let message = "is not a key of a CORS policy";
        let error = ConfigError::new(ErrorCode::UnknownKey, place, message).suggest(suggestion);
        self.push_at(error, &key.span);
    }

    fn skip(&mut self, grant: Option<usize>, key: &'static str) {
        self.unread.push(Unread {
            grant,
            key,
            items: Vec::new(),
        });
    }

    fn push(&mut self, error: ConfigError, item: &Item) {
        self.push_at(error, &item.span);
    }

    fn push_at(&mut self, mut error: ConfigError, span: &Option<Range<usize>>) {
        error.location = span.clone().map(location_without_line);
        self.errors.push(error);
    }
}

fn at(place: Place, key: &str) -> Place {
    Place {
        key: key.to_owned(),
        ..place
    }
}

fn wrong_type(place: Place, item: &Item, expected: &str) -> ConfigError {
    let message = format!("expected {expected}, found {}", item.kind());
    ConfigError::new(ErrorCode::WrongType, place, message)
}

/// The list that a text is meant to be: its items may be separated by commas or spaces, as in a header.
fn as_list(text: &str) -> Option<String> {
    if text.contains(|char: char| char.is_control() || matches!(char, '"' | '\\')) {
        return None;
    }
    let items = text.split([',', ' ']).filter(|item| !item.is_empty());
    let items: Vec<_> = items.map(|item| format!("\"{item}\"")).collect();
    (!items.is_empty()).then(|| format!("[{}]", items.join(", ")))
}

/// The number of seconds of a text such as `3600`, `1h` or `10 minutes`, if it is a valid max age.
fn in_seconds(text: &str) -> Option<String> {
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
fn did_you_mean<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
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

    #[test]
    fn guesses() {
        #[track_caller]
        fn check(name: &str, expected: Option<&str>) {
            let known = [Grant::KEYS, &FILE_KEYS].concat();
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
    }
}
