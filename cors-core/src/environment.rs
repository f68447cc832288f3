//! Items of lists that come from environment variables.

use std::collections::HashSet;
use std::env;
use std::ffi::{OsStr, OsString};

use crate::error::{ConfigError, ConfigErrors, ErrorCode, Place};

/// How many characters of what a variable holds are quoted: it may be a secret.
#[cfg(any(feature = "toml", feature = "serde"))]
const MAX_QUOTED: usize = 32;

/// Reads a list from an environment variable: its items are separated by commas and white space. An item that is in it
/// several times is returned once.
///
/// In a policy file, write `"${NAME}"` as an item instead.
///
/// # Errors
///
/// The variable is not set, is not Unicode or holds `${`, or `name` is not a name of letters, digits and `_`. A
/// variable that is set but empty is an empty list.
///
/// # Examples
///
/// ```no_run
/// use cors_core::{ConfigErrors, Grant, Policy, list_from_env};
///
/// fn policy() -> Result<Policy, ConfigErrors> {
///     // APP_ORIGINS="https://app.example.com, https://admin.example.com"
///     Policy::new(Grant::new(list_from_env("APP_ORIGINS")?).allow_methods(["PUT"]))
/// }
/// ```
pub fn list_from_env(name: &str) -> Result<Vec<String>, ConfigErrors> {
    let value = match is_name(name) {
        true => env::var_os(name),
        // The name may have `=` or a zero byte, which no variable has.
        false => None,
    };
    list_from(name, value)
}

fn list_from(name: &str, value: Option<OsString>) -> Result<Vec<String>, ConfigErrors> {
    let error = |code, message| {
        let place = Place {
            key: name.to_owned(),
            ..Place::default()
        };
        let mut error = ConfigError::new(code, place, message);
        error.variable = Some(name.to_owned());
        ConfigErrors(vec![error])
    };
    if !is_name(name) {
        return Err(error(ErrorCode::InvalidVariable, INVALID_NAME));
    }
    let Some(value) = value else {
        let message = "is not set; set it, and leave it empty for no items";
        return Err(error(ErrorCode::UnsetVariable, message));
    };
    let value = check(&value).map_err(|reason| error(ErrorCode::InvalidVariable, reason))?;
    let mut seen = HashSet::new();
    let items = split(value).filter(|item| seen.insert(*item));
    Ok(items.map(str::to_owned).collect())
}

/// The items in what a variable holds.
pub(crate) fn split(value: &str) -> impl Iterator<Item = &str> {
    let items = value.split(|char: char| char == ',' || char.is_whitespace());
    items.filter(|item| !item.is_empty())
}

/// What a variable holds, or why it cannot be used.
pub(crate) fn check(value: &OsStr) -> Result<&str, &'static str> {
    let value = value.to_str().ok_or("holds bytes that are not Unicode")?;
    match value.contains("${") {
        true => Err("holds `${`, and a variable in a variable is not replaced"),
        false => Ok(value),
    }
}

/// The beginning of what a variable holds.
#[cfg(any(feature = "toml", feature = "serde"))]
pub(crate) fn excerpt(value: &str) -> String {
    match value.char_indices().nth(MAX_QUOTED) {
        Some((end, _)) => format!("{}…", value.get(..end).unwrap_or_default()),
        None => value.to_owned(),
    }
}

/// Names the variable that holds the value of an error. Of a long value, only the beginning is left.
#[cfg(any(feature = "toml", feature = "serde"))]
pub(crate) fn in_variable(error: &mut ConfigError, name: &str) {
    error.variable = Some(name.to_owned());
    if let Some(items) = &mut error.suggestion {
        // Several items have no quotation marks there.
        *items = items.replace("\", \"", ",").replace('"', "");
    }
    let Some(value) = &error.value else {
        return;
    };
    let excerpt = excerpt(value);
    if excerpt == *value {
        return;
    }
    // A message has the texts that it quotes in backticks.
    let message = error.message.split('`').enumerate();
    let message: Vec<_> = message
        .map(
            |(index, text)| match index % 2 == 1 && value.contains(text) {
                true => "…",
                false => text,
            },
        )
        .collect();
    error.message = message.join("`");
    let is_known = |suggestion: &String| excerpt.contains(&**suggestion);
    error.suggestion = error.suggestion.take().filter(is_known);
    error.value = Some(excerpt);
}

const INVALID_NAME: &str =
    "is not the name of a variable: letters, digits and `_`, and no digit first";

/// An item that names a variable: `${NAME}` or `${NAME:-default}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reference<'a> {
    pub(crate) name: &'a str,
    pub(crate) default: Option<&'a str>,
}

/// Why an item with `${` does not name a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InvalidReference {
    /// Continues a sentence that begins with the item.
    pub(crate) message: &'static str,
    pub(crate) suggestion: Option<String>,
}

impl<'a> Reference<'a> {
    /// `None` for an item without `${`.
    pub(crate) fn parse(item: &'a str) -> Option<Result<Self, InvalidReference>> {
        item.contains("${").then(|| Self::parse_whole(item))
    }

    fn parse_whole(item: &'a str) -> Result<Self, InvalidReference> {
        let invalid = |message| InvalidReference {
            message,
            suggestion: None,
        };
        const WHOLE: &str = "has `${` and other text; a variable must be a whole item: write `\"${NAME}\"`, and put the other text into the variable";
        let Some(rest) = item.strip_prefix("${") else {
            return Err(invalid(WHOLE));
        };
        if let Some((before, _)) = rest.split_once("${") {
            return Err(match before.contains('}') {
                true => invalid(WHOLE),
                false => invalid("has `${` in a default, which is not replaced"),
            });
        }
        let inside = match rest.split_once('}') {
            None => {
                return Err(invalid(
                    "has no `}`; write `${NAME}`, or `${NAME:-default}`",
                ));
            }
            Some((inside, "")) => inside,
            Some(_) => return Err(invalid(WHOLE)),
        };
        if let Some((name, default)) = inside.split_once(":-")
            && is_name(name)
        {
            let default = Some(default);
            return Ok(Self { name, default });
        }
        if is_name(inside) {
            let default = None;
            return Ok(Self {
                name: inside,
                default,
            });
        }
        let end = inside.find(|char: char| !is_name_char(char));
        let (name, rest) = inside.split_at(end.unwrap_or(inside.len()));
        if is_name(name) && rest.starts_with([':', '-', '=', '?', '+']) {
            let default = rest
                .strip_prefix('-')
                .filter(|default| !default.contains('`'));
            return Err(InvalidReference {
                message: "has a form that is not known; write `${NAME}`, or `${NAME:-default}`",
                suggestion: default.map(|default| format!("${{{name}:-{default}}}")),
            });
        }
        Err(InvalidReference {
            message: "has a wrong name of a variable: letters, digits and `_`, and no digit first",
            suggestion: match inside.split_once(":-") {
                Some((name, default)) if is_name(name.trim()) => {
                    Some(format!("${{{}:-{default}}}", name.trim()))
                }
                None if is_name(inside.trim()) => Some(format!("${{{}}}", inside.trim())),
                _ => None,
            },
        })
    }
}

/// Why an item with `${` is an error where no variables are replaced: in Rust, and in what serde reads. `None` for an
/// item without it.
pub(crate) fn not_replaced(item: &str) -> Option<String> {
    let name = match Reference::parse(item)? {
        Ok(reference) => reference.name,
        Err(_) => "NAME",
    };
    Some(format!(
        "is not replaced here, only in a file that `Policy::from_file` reads; in Rust, take the list from `list_from_env(\"{name}\")`"
    ))
}

pub(crate) fn is_name(text: &str) -> bool {
    text.chars().all(is_name_char) && text.starts_with(|char: char| !char.is_ascii_digit())
}

fn is_name_char(char: char) -> bool {
    char.is_ascii_alphanumeric() || char == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_that_name_a_variable() {
        #[track_caller]
        fn check(item: &str, expected: Option<(&str, Option<&str>)>) {
            let expected = expected.map(|(name, default)| Ok(Reference { name, default }));
            assert_eq!(Reference::parse(item), expected, "{item}");
        }
        check("https://a.b", None);
        check("$A", None);
        check("{A}", None);
        check("", None);
        check("${A}", Some(("A", None)));
        check("${_a1}", Some(("_a1", None)));
        check("${A:-}", Some(("A", Some(""))));
        check("${A:-b}", Some(("A", Some("b"))));
        check("${A:-b, c\t:-d}", Some(("A", Some("b, c\t:-d"))));
        check("${A:-http://[::1]:*}", Some(("A", Some("http://[::1]:*"))));
    }

    #[test]
    fn items_that_do_not() {
        #[track_caller]
        fn check(item: &str, message: &str, suggestion: Option<&str>) {
            let error = Reference::parse(item).unwrap().unwrap_err();
            assert!(error.message.starts_with(message), "{item}: {error:?}");
            assert_eq!(error.suggestion.as_deref(), suggestion, "{item}");
        }
        for item in [
            "x${A}",
            "${A}x",
            " ${A}",
            "${A} ",
            "${A}${B}",
            "$${A}",
            "${A}}",
            "${A:-b}c}",
            "https://${A}",
        ] {
            check(item, "has `${` and other text", None);
        }
        check("${A:-${B}}", "has `${` in a default", None);
        check("${${A}}", "has `${` in a default", None);
        check("${A", "has no `}`", None);
        check("${", "has no `}`", None);
        for item in [
            "${}", "${:-b}", "${1}", "${1A:-b}", "${a b}", "${ä}", "${A.B}",
        ] {
            check(item, "has a wrong name", None);
        }
        check("${ A }", "has a wrong name", Some("${A}"));
        check("${A :-b}", "has a wrong name", Some("${A:-b}"));
        check("${A-b}", "has a form", Some("${A:-b}"));
        for item in ["${A:=b}", "${A:?b}", "${A:+b}", "${A:b}", "${A=b}", "${A:}"] {
            check(item, "has a form", None);
        }
    }

    #[test]
    fn lists() {
        #[track_caller]
        fn check(value: &str, expected: &[&str]) {
            assert_eq!(list_from("A", Some(value.into())).unwrap(), expected);
        }
        check("", &[]);
        check(" , ,\t\n", &[]);
        check("a", &["a"]);
        check("a,b c\td\ne\r\nf", &["a", "b", "c", "d", "e", "f"]);
        check(",a, ,b,", &["a", "b"]);
        check("a,b,a", &["a", "b"]);
        check("a;b", &["a;b"]);
    }

    #[test]
    fn texts_of_errors() {
        #[track_caller]
        fn check(name: &str, value: Option<OsString>, expected: &str) {
            let error = list_from(name, value).unwrap_err();
            let error = error.iter().next().unwrap();
            assert_eq!(error.to_string(), expected);
            assert_eq!(error.variable(), Some(name));
        }
        check(
            "A",
            None,
            "A: is not set; set it, and leave it empty for no items [unset-variable]",
        );
        check(
            "A",
            Some("secret ${B}".into()),
            "A: holds `${`, and a variable in a variable is not replaced [invalid-variable]",
        );
        check(
            "A=",
            None,
            "A=: is not the name of a variable: letters, digits and `_`, and no digit first [invalid-variable]",
        );
        #[cfg(unix)]
        check(
            "A",
            Some(std::os::unix::ffi::OsStringExt::from_vec(vec![0xff])),
            "A: holds bytes that are not Unicode [invalid-variable]",
        );
        assert!(list_from_env("A VARIABLE THAT\0NO = PROCESS HAS").is_err());
    }

    #[cfg(any(feature = "toml", feature = "serde"))]
    #[test]
    fn at_most_32_characters_are_quoted() {
        #[track_caller]
        fn check(value: &str, expected: &str) {
            assert_eq!(excerpt(value), expected);
        }
        check("", "");
        check(&"ü".repeat(32), &"ü".repeat(32));
        check(&"ü".repeat(33), &format!("{}…", "ü".repeat(32)));
    }
}
