//! Lists that were written as one text: finding F6 of the bug reports.

use cors_core::{LoadOptions, Policy, Variables};
use proptest::prelude::*;
use proptest::sample::select;

const SEVERAL: &str = "has several origins in one item; write each as an item of its own";
const QUOTES: &str = "has quotation marks; an environment variable needs none of its own";
const BRACKET: &str = "has a bracket; an environment variable needs none around its items";
const SEPARATOR: &str = "has a `,` or `;`, which is not part of an origin";
const PORTS: &str = "has a list of ports; write an origin for each port, or `*` for any port";
const SPACE: &str = "has white space, which is not part of an origin";

/// A list of one item, in TOML.
fn list(item: &str) -> String {
    format!("[{item:?}]")
}

#[test]
fn in_one_item() {
    #[track_caller]
    fn check(item: &str, message: &str, suggestion: Option<&str>) {
        let errors = Policy::from_toml(&format!("allow_origins = {}", list(item))).unwrap_err();
        let error = errors.iter().next().unwrap();
        assert_eq!(
            (error.message(), error.suggestion()),
            (message, suggestion),
            "{item}"
        );
        if let Some(suggestion) = suggestion {
            let list = match suggestion.starts_with('"') {
                true => format!("[{suggestion}]"),
                false => list(suggestion),
            };
            Policy::from_toml(&format!("allow_origins = {list}")).unwrap();
        }
    }
    const BOTH: Option<&str> = Some("\"https://a.example\", \"https://b.example\"");
    const ONE: Option<&str> = Some("https://a.example");
    for item in [
        "https://a.example,https://b.example",
        " https://a.example , https://b.example/ ",
        "https://a.example https://b.example",
        "https://a.example;https://b.example;",
        "https://a.example\nhttps://b.example\nhttps://a.example",
        "a.example,b.example",
        "[\"https://a.example\", \"https://b.example\"]",
        "['https://a.example','https://b.example']",
        "\"https://a.example\",\"https://b.example\"",
    ] {
        check(item, SEVERAL, BOTH);
    }
    check(
        "http://[::1]:*,http://localhost:3000",
        SEVERAL,
        Some("\"http://[::1]:*\", \"http://localhost:3000\""),
    );
    check("[http://[::1]]", BRACKET, Some("http://[::1]"));
    // What cannot be guessed, or must be alone.
    check("https://a.example,https://", SEVERAL, None);
    check("https://a.example,https://b.example,*", SEVERAL, None);
    check("https://a.example,https://b.example,null", SEVERAL, None);

    check("\"https://a.example\"", QUOTES, ONE);
    check("'https://a.example/'", QUOTES, ONE);
    check("[\"https://a.example\"]", QUOTES, ONE);
    check("\"https://a.example", QUOTES, ONE);
    check("\u{201c}https://a.example\u{201d}", QUOTES, ONE);
    check("\"https://\"", QUOTES, None);
    check("\"*\"", QUOTES, Some("*"));
    check("[https://a.example]", BRACKET, ONE);
    check("[https://a.example", BRACKET, ONE);
    check("https://a.example]", BRACKET, ONE);
    check("https://a.example,", SEPARATOR, ONE);
    check("https://a.example;", SEPARATOR, ONE);
    check("https://a.example, b", SEPARATOR, None);
    check("https://a .example", SPACE, None);
    check("https: //a.example", SPACE, None);
    check("ht tps://a.example", SPACE, None);

    // These have texts of their own.
    check(" https://a.example", "begins with white space", ONE);
    check("https://a.example ", "ends with white space", ONE);
    check("[::1]", "has no scheme", Some("https://[::1]"));
    check(
        "https://a.example/x,y z",
        "has a path, query or fragment; an origin ends after the host and port",
        ONE,
    );
    // The ports of Spring.
    for (item, suggestion) in [
        (
            "https://*.a.example:[8080,8081]",
            Some("\"https://*.a.example:8080\", \"https://*.a.example:8081\""),
        ),
        (
            "https://a.example:[443, 8443]",
            Some("\"https://a.example\", \"https://a.example:8443\""),
        ),
        ("http://[::1]:[3000]", Some("\"http://[::1]:3000\"")),
        ("http://localhost:[*]", Some("\"http://localhost:*\"")),
        ("http://localhost:[80,*]", Some("\"http://localhost:*\"")),
        ("https://a.example:[80,99999]", None),
        ("https://:[80]", None),
    ] {
        check(item, PORTS, suggestion);
    }
    check("https://a.example:[80,http]", SEPARATOR, None);
}

/// A variable has no quotation marks, in a suggestion either.
#[test]
fn in_a_variable() {
    #[track_caller]
    fn check(value: &str, expected: &[(&str, Option<&str>)]) {
        let variables = Variables::of_process().set("A", value);
        let options = LoadOptions::default().variables(variables);
        let errors = options.from_toml("allow_origins = ['${A}']").unwrap_err();
        let found: Vec<_> = errors
            .iter()
            .map(|error| (error.message(), error.suggestion()))
            .collect();
        assert_eq!(found, expected);
    }
    check(
        "\"https://a.example\"",
        &[(QUOTES, Some("https://a.example"))],
    );
    check(
        "[\"https://a.example\",\"https://b.example\"]",
        &[
            (QUOTES, Some("https://a.example")),
            (QUOTES, Some("https://b.example")),
        ],
    );
    check(
        "http://a.b;http://c.d",
        &[(SEVERAL, Some("http://a.b,http://c.d"))],
    );
}

#[test]
fn in_other_lists() {
    #[track_caller]
    fn check(key: &str, item: &str, suggestion: Option<&str>) {
        let source = format!("allow_origins = ['*']\n{key} = {}", list(item));
        let errors = Policy::from_toml(&source).unwrap_err();
        let error = errors.iter().next().unwrap();
        assert_eq!(error.suggestion(), suggestion, "{source}");
    }
    check("allow_methods", "PUT, delete", Some("\"PUT\", \"DELETE\""));
    check("allow_methods", "PUT;PUT", Some("\"PUT\""));
    check("allow_methods", "PUT, TRACE", None);
    check("allow_methods", "\"PUT\"", Some("PUT"));
    check("allow_methods", "P T", None);
    check("allow_headers", "x-a,x-b:", Some("\"x-a\", \"x-b\""));
    check("allow_headers", "x-a,cookie", None);
    check("expose_headers", "\"etag\"", Some("etag"));
    check("expose_headers", "etag,*", None);
}

#[test]
fn as_the_whole_list() {
    #[track_caller]
    fn check(key: &str, text: &str, suggestion: Option<&str>) {
        let source = format!("{key} = {text:?}");
        let errors = Policy::from_toml(&source).unwrap_err();
        let error = errors.iter().find(|error| error.key() == key).unwrap();
        assert_eq!(error.suggestion(), suggestion, "{source}");
    }
    for text in [
        "https://a.b,https://c.d",
        " https://a.b; https://c.d/ ",
        "https://a.b\nhttps://c.d",
        "[\"https://a.b\", \"https://c.d\"]",
        "a.b c.d a.b",
    ] {
        let both = Some("[\"https://a.b\", \"https://c.d\"]");
        check("allow_origins", text, both);
    }
    check("allow_origins", "http://[::1]", Some("[\"http://[::1]\"]"));
    check("allow_origins", "*", Some("[\"*\"]"));
    check("allow_origins", "*,https://a.b", None);
    check("allow_origins", "https://", None);
    check("allow_origins", "", None);
    check("allow_origins", "${A}", Some("[\"${A}\"]"));
    check(
        "allow_origins",
        "${A:-https://a.b, c}",
        Some("[\"${A:-https://a.b, c}\"]"),
    );
    check(
        "allow_origins",
        "https://a.b,${A}",
        Some("[\"https://a.b\", \"${A}\"]"),
    );
    check("allow_origins", "https://a.b,x${A}", None);
    check("allow_origins", "${A:-\"}", None);
    check(
        "allow_methods",
        "put, DELETE",
        Some("[\"PUT\", \"DELETE\"]"),
    );
    check("allow_methods", "PUT, TRACE", None);
    check("allow_headers", "x-a cookie", None);
    check("expose_headers", "ETag", Some("[\"ETag\"]"));
    check(
        "dangerously_allow",
        "null_origin",
        Some("[\"null-origin\"]"),
    );
    check("dangerously_allow", "x", None);
}

proptest! {
    /// What is suggested for an item, or for a whole list, is valid in its place.
    #[test]
    fn suggestions_are_valid(pieces in proptest::collection::vec(select(PIECES.to_vec()), 1..9), is_list: bool) {
        let text = pieces.concat();
        let value = match is_list {
            true => list(&text),
            false => format!("{text:?}"),
        };
        let load = |value: &str| {
            let source = format!("allow_origins = {value}\ndangerously_allow = ['null-origin']");
            Policy::from_toml(&source)
        };
        if let Err(errors) = load(&value)
            && let Some(error) = errors.iter().find(|error| error.key() == "allow_origins")
            && let Some(suggestion) = error.suggestion()
        {
            let new = match (is_list, suggestion.starts_with('"')) {
                (true, true) => format!("[{suggestion}]"),
                (true, false) => list(suggestion),
                (false, _) => suggestion.to_owned(),
            };
            let result = load(&new);
            prop_assert!(result.is_ok(), "{} -> {}: {:?}", value, new, result);
        }
    }
}

const PIECES: &[&str] = &[
    "https://",
    "http://",
    "HTTPS://",
    "a.example",
    "b.example",
    "localhost",
    "[::1]",
    "*.",
    "*",
    "-",
    ":*",
    ":80",
    "/",
    "x",
    ",",
    ";",
    " ",
    "\n",
    "\"",
    "'",
    "[",
    "]",
    "null",
    "?",
    "^",
];

#[test]
fn long_texts() {
    // The longest text with a suggestion, and a longer one.
    for (length, suggestion) in [(16_384, Some("[\"PUT\", \"DELETE\"]")), (16_385, None)] {
        let text = format!("{:length$}", "put, DELETE");
        let source = format!("allow_origins = ['*']\nallow_methods = '{text}'");
        let errors = Policy::from_toml(&source).unwrap_err();
        let error = errors.iter().next().unwrap();
        assert_eq!(error.suggestion(), suggestion);
    }
    let long = "https://a.example,".repeat(100_000);
    let item = format!("allow_origins = ['{long}']");
    let errors = Policy::from_toml(&item).unwrap_err();
    let error = errors.iter().next().unwrap();
    assert_eq!((error.message(), error.suggestion()), (SEVERAL, None));
    let text = format!("allow_origins = '{long}'");
    assert!(Policy::from_toml(&text).is_err());
}
