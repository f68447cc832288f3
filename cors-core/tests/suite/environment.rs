//! Items of lists that come from environment variables.

use cors_core::{
    ConfigError, ErrorCode, Grant, LoadOptions, Policy, Variables, document, list_from_env,
};

use crate::config::summary;

/// No process has these.
const NONE: &[(&str, &str)] = &[];

fn options(variables: &[(&str, &str)]) -> LoadOptions {
    let all = Variables::of_process();
    let all = variables
        .iter()
        .fold(all, |all, (name, value)| all.set(*name, *value));
    LoadOptions::default().variables(all)
}

/// The lists of a policy that has these variables, or its errors.
fn load(source: &str, variables: &[(&str, &str)]) -> Result<Grant, Vec<String>> {
    let root = document::parse_toml(source).map_err(|errors| vec![errors.to_string()])?;
    match options(variables).load_tree(&root, source) {
        Ok(loaded) => Ok(loaded.config.grants.into_iter().next().unwrap_or_default()),
        Err(errors) => Err(errors
            .iter()
            .map(|error| match error.variable() {
                Some(variable) => format!("{} ({variable})", summary(error)),
                None => summary(error),
            })
            .collect()),
    }
}

#[test]
fn what_an_item_is_replaced_by() {
    #[track_caller]
    fn check(list: &str, variables: &[(&str, &str)], expected: &[&str]) {
        let source = format!("allow_origins = ['*']\nallow_headers = {list}");
        let grant = load(&source, variables);
        assert_eq!(
            grant.map(|grant| grant.allow_headers),
            Ok(expected.iter().map(|item| (*item).to_owned()).collect())
        );
    }
    check("['${A}']", &[("A", "x")], &["x"]);
    check(
        "['a', '${A}', 'b']",
        &[("A", "x, y\tz\n")],
        &["a", "x", "y", "z", "b"],
    );
    check("['${A}']", &[("A", "")], &[]);
    check("['${A}']", &[("A", " ,, ")], &[]);
    check("['${A:-x y}']", NONE, &["x", "y"]);
    check("['${A:-x}']", &[("A", "")], &["x"]);
    // Not empty, although it has no items.
    check("['${A:-x}']", &[("A", " ")], &[]);
    check("['${A:-x}']", &[("A", "y")], &["y"]);
    check("['${A:-}']", NONE, &[]);
    check("['${A}', '${B}']", &[("A", "x"), ("B", "y")], &["x", "y"]);
    // What the list has otherwise, before or after, is left out; names of fields in any case.
    check("['x', '${A}', 'z']", &[("A", "z,X,y,y")], &["x", "y", "z"]);
    check(
        "['${A}', '${B}', '${A}']",
        &[("A", "x,y"), ("B", "y,z,x")],
        &["x", "y", "z"],
    );
    check("['${A:-x}', '${A:-y}']", NONE, &["x", "y"]);
    check("['${A:-x}', '${A:-y}']", &[("A", "z")], &["z"]);
    check("['$A', 'A', '$']", &[("A", "x")], &["$A", "A", "$"]);
}

/// An item of a variable has the index of the item that names the variable.
#[test]
fn where_an_item_is_in_the_file() {
    let source = "
        allow_origins = ['https://a.example', '${A}', 'https://b.example']
        allow_methods = ['PUT', 'PATCH']";
    let root = document::parse_toml(source).unwrap();
    let options = options(&[("A", "https://c.example https://d.example")]);
    let loaded = options.load_tree(&root, source).unwrap();
    let parts = loaded.policy.parts();
    let grant = parts.iter().flat_map(|part| part.grants()).next().unwrap();
    let find = |key, index| loaded.index_in_file(grant.id, key, index);
    let found = [0, 1, 2, 3, 4].map(|index| find("allow_origins", index));
    assert_eq!(found, [Some(0), Some(1), Some(1), Some(2), None]);
    // A list without a variable.
    assert_eq!(find("allow_methods", 1), Some(1));
}

#[test]
fn in_every_list_and_part() {
    let source = "preflight_status = 200
[[grant]]
allow_origins = ['${A}']
allow_methods = ['${B}']
allow_headers = ['${C}']
expose_headers = ['${D:-x-d}']
[[route]]
path = '/a'
allow_origins = ['${A}']
[[route]]
path = '/b'
[[route.grant]]
allow_origins = ['https://c.d', '${A}']
[[route.grant]]
allow_origins = ['${E:-*}']
";
    let variables = [("A", "https://a.b"), ("B", "PUT"), ("C", "x-c")];
    let root = document::parse_toml(source).unwrap();
    let loaded = options(&variables).load_tree(&root, source).unwrap();
    let expected = source
        .replace("${A}", "https://a.b")
        .replace("${B}", "PUT")
        .replace("${C}", "x-c")
        .replace("${D:-x-d}", "x-d")
        .replace("${E:-*}", "*");
    let expected_root = document::parse_toml(&expected).unwrap();
    let expected = options(NONE).load_tree(&expected_root, &expected).unwrap();
    assert_eq!(loaded.config, expected.config);

    let uses = document::variables(&root);
    let uses: Vec<_> = uses
        .iter()
        .map(|used| {
            let span = used.span.clone().unwrap();
            (
                &*used.place,
                used.key,
                &*used.name,
                used.default.as_deref(),
                source.get(span).unwrap(),
            )
        })
        .collect();
    assert_eq!(
        uses,
        [
            ("allow_origins[0]", "allow_origins", "A", None, "'${A}'"),
            ("allow_methods[0]", "allow_methods", "B", None, "'${B}'"),
            ("allow_headers[0]", "allow_headers", "C", None, "'${C}'"),
            (
                "expose_headers[0]",
                "expose_headers",
                "D",
                Some("x-d"),
                "'${D:-x-d}'"
            ),
            (
                "route[0].allow_origins[0]",
                "allow_origins",
                "A",
                None,
                "'${A}'"
            ),
            (
                "route[1].grant[0].allow_origins[1]",
                "allow_origins",
                "A",
                None,
                "'${A}'"
            ),
            (
                "route[1].grant[1].allow_origins[0]",
                "allow_origins",
                "E",
                Some("*"),
                "'${E:-*}'"
            ),
        ]
    );
}

#[track_caller]
fn check_errors(source: &str, variables: &[(&str, &str)], expected: &[&str]) {
    let expected: Vec<_> = expected.iter().map(|line| (*line).to_owned()).collect();
    assert_eq!(
        load(source, variables).err().unwrap_or_default(),
        expected,
        "{source}"
    );
}

#[test]
fn variables_that_cannot_be_used() {
    let in_list = |item: &str| format!("allow_origins = ['https://a.b', '{item}', 'https://a.b/']");
    let last = |column: usize| format!("1:{column} allow_origins[2] [invalid-origin] https://a.b");
    check_errors(
        &in_list("${A}"),
        NONE,
        &["1:33 allow_origins[1] [unset-variable] (A)", &last(41)],
    );
    for value in ["${B}", "https://c.d, x${"] {
        check_errors(
            &in_list("${A}"),
            &[("A", value)],
            &["1:33 allow_origins[1] [invalid-variable] (A)", &last(41)],
        );
    }
    for item in ["${a b}", "x${ab}", "${ab} ", "${ab:d", "${a}${", "${1:-}"] {
        check_errors(
            &in_list(item),
            &[("ab", "x")],
            &[
                "1:33 allow_origins[1] [invalid-variable]",
                &last(37 + item.len()),
            ],
        );
    }
    check_errors(
        "allow_origins = ['${A-https://a.b}']",
        NONE,
        &["1:18 allow_origins[0] [invalid-variable] ${A:-https://a.b}"],
    );
    // No variables in other keys.
    check_errors(
        "allow_origins = ['*']\nallow_credentials = '${A}'\nmax_age = '${A}'\npreflight_status = '${A}'\ndangerously_allow = ['${A}']\n[[route]]\npath = '/${A}'\nallow_origins = []",
        &[("A", "x")],
        &[
            "2:21 allow_credentials [invalid-variable]",
            "3:11 max_age [invalid-variable]",
            "4:20 preflight_status [invalid-variable]",
            "5:22 dangerously_allow[0] [invalid-variable]",
            "7:8 route[0].path [invalid-variable]",
        ],
    );
    check_errors(
        "allow_origins = '${A:-https://a.b}'",
        &[("A", "*")],
        &["1:17 allow_origins [wrong-type] [\"${A:-https://a.b}\"]"],
    );
}

#[test]
fn errors_in_what_a_variable_holds() {
    // The index is that in the file, before and after a variable.
    check_errors(
        "allow_origins = ['a.b', '${A}', 'c.d', 'https://e.f', 'https://e.f']",
        &[("A", "https://x.y,https://x.y/,y z")],
        &[
            "1:18 allow_origins[0] [invalid-origin] https://a.b",
            "1:25 allow_origins[1] [invalid-origin] https://x.y (A)",
            "1:25 allow_origins[1] [invalid-origin] https://y (A)",
            "1:25 allow_origins[1] [invalid-origin] https://z (A)",
            "1:33 allow_origins[2] [invalid-origin] https://c.d",
            "1:55 allow_origins[4] [duplicate]",
        ],
    );
    check_errors(
        "allow_origins = ['https://e.f', '${A}']\nallow_credentials = true\nallow_methods = ['${M:-put}']",
        &[("A", "*")],
        &[
            "1:33 allow_origins[1] [mixed-wildcard-origin] (A)",
            "1:33 allow_origins[1] [wildcard-origin-with-credentials] (A)",
            "3:18 allow_methods[0] [invalid-method] PUT (M)",
        ],
    );
    check_errors(
        "[[grant]]\nallow_origins = ['https://a.b']\n[[grant]]\nallow_origins = ['https://c.d', '${A}']",
        &[("A", "https://a.b")],
        &["4:33 grant[1].allow_origins[1] [duplicate] (A)"],
    );
}

#[test]
fn lists_that_variables_leave_empty() {
    #[track_caller]
    fn check(source: &str, variables: &[(&str, &str)], expected: &[(&str, Option<&str>)]) {
        let errors = options(variables).from_toml(source).unwrap_err();
        let found: Vec<_> = errors
            .iter()
            .map(|error| {
                assert_eq!(error.code(), ErrorCode::MissingOrigins);
                (error.to_string(), error.variable())
            })
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(text, variable)| ((*text).to_owned(), *variable))
            .collect();
        assert_eq!(found, expected);
    }
    check(
        "allow_origins = ['${A}']",
        &[("A", "")],
        &[(
            "1:17: allow_origins: has no origins, because `${A}` has none; put the allowed origins into the variable, or list them here [missing-origins]",
            Some("A"),
        )],
    );
    check(
        "[[route]]\npath = '/'\nallow_origins = ['${A:-}', '${B}', '${A}']",
        &[("A", ""), ("B", " ")],
        &[(
            "3:17: route[0].allow_origins: has no origins, because `${A}` and `${B}` have none; put the allowed origins into the variable, or list them here [missing-origins]",
            None,
        )],
    );
    check(
        "allow_origins = ['${A:-}', '${B:-}', '${C:-}']",
        NONE,
        &[(
            "1:17: allow_origins: has no origins, because `${A}`, `${B}` and `${C}` have none; put the allowed origins into the variable, or list them here [missing-origins]",
            None,
        )],
    );
    check(
        "allow_origins = ['${A:-}', '${B:-}', '${C:-}', '${D:-}', '${E:-}']",
        NONE,
        &[(
            "1:17: allow_origins: has no origins, because `${A}`, `${B}`, `${C}` and 2 more have none; put the allowed origins into the variable, or list them here [missing-origins]",
            None,
        )],
    );
}

/// An error of the list itself, which the variable did not cause, does not name it.
#[test]
fn a_list_with_an_empty_variable() {
    let long = "x".repeat(65_536);
    let source = format!("allow_origins = ['*']\nallow_headers = ['${{A}}', '{long}']");
    let errors = options(&[("A", "")]).from_toml(&source).unwrap_err();
    let found: Vec<_> = errors
        .iter()
        .map(|error| (error.code(), error.path(), error.variable()))
        .collect();
    assert_eq!(
        found,
        [(ErrorCode::LargeHeaders, "allow_headers".to_owned(), None)]
    );
}

#[test]
fn at_run_time() {
    let load = |source: &str| {
        let variables = Variables::at_run_time().set("GIVEN", "https://g.h");
        LoadOptions::default()
            .variables(variables)
            .from_toml(source)
    };
    for source in [
        "allow_origins = ['${A}']\nallow_methods = ['${A}']",
        "[[grant]]\nallow_origins = ['https://a.b']\n[[grant]]\nallow_origins = ['https://a.b:*', '${A}']",
        "[[grant]]\nallow_origins = ['${GIVEN}']\n[[grant]]\nallow_origins = ['${A}']\n[[route]]\npath = '/'\nallow_origins = ['${A}']",
        "allow_origins = ['${A:-*}']",
        // Not an origin, but another process may have another value.
        "allow_origins = ['${CARGO_PKG_NAME}']",
    ] {
        load(source).unwrap();
    }
    let codes = |source: &str| -> Vec<_> {
        let errors = load(source).unwrap_err();
        errors.iter().map(ConfigError::code).collect()
    };
    assert_eq!(
        codes("allow_origins = ['${A:-}']"),
        [ErrorCode::MissingOrigins]
    );
    assert_eq!(
        codes("allow_origins = ['${A:-x}']"),
        [ErrorCode::InvalidOrigin]
    );
    assert_eq!(
        codes("allow_origins = ['${GIVEN}', '${A}', '${']"),
        [ErrorCode::InvalidVariable]
    );
    // The methods are not known, but the origins are.
    assert_eq!(
        codes("allow_origins = []\nallow_methods = ['${A}']"),
        [ErrorCode::MissingOrigins]
    );
}

/// A value may be a secret.
#[test]
fn at_most_32_characters_of_a_value_are_shown() {
    const SECRET: &str = "0123456789abcdefghijklmnopqrstuvwxyz0123456789";
    #[track_caller]
    fn check(source: &str, value: &str, text: &str) {
        let errors = options(&[("A", value)]).from_toml(source).unwrap_err();
        let error = errors.iter().next().unwrap();
        assert_eq!(error.to_string(), text);
        // Of any text in the error, no 33 characters are from the value.
        let value: Vec<_> = value.chars().collect();
        let texts = [
            Some(error.message()),
            error.value(),
            error.suggestion(),
            Some(text),
        ];
        for part in value.windows(33) {
            let part = String::from_iter(part);
            assert!(
                texts.iter().flatten().all(|text| !text.contains(&part)),
                "{part}"
            );
        }
    }
    check(
        "allow_origins = ['${A}']",
        "https://a.example/b",
        "1:18: allow_origins[0]: `https://a.example/b` in `${A}` has a path, query or fragment; an origin ends after the host and port; did you mean `https://a.example`? [invalid-origin]",
    );
    check(
        "allow_origins = ['${A}']",
        &format!("https://a.example/{SECRET}"),
        "1:18: allow_origins[0]: `https://a.example/0123456789abcd…` in `${A}` has a path, query or fragment; an origin ends after the host and port; did you mean `https://a.example`? [invalid-origin]",
    );
    check(
        "allow_origins = ['${A}']",
        &format!("https://{SECRET}.example/b"),
        "1:18: allow_origins[0]: `https://0123456789abcdefghijklmn…` in `${A}` has a path, query or fragment; an origin ends after the host and port [invalid-origin]",
    );
    check(
        "allow_origins = ['${A}']\nallow_credentials = true",
        &format!("https://*.{SECRET}.compute.amazonaws.com"),
        "1:18: allow_origins[0]: `https://*.0123456789abcdefghijkl…` in `${A}` covers the public suffix `…`: with `allow_credentials`, anyone who registers a name below it can act as the user; list your own hosts, or add `\"public-suffixes\"` to `dangerously_allow` [public-suffix]",
    );
    check(
        "allow_origins = ['*']\nallow_headers = ['${A}']",
        &format!("{SECRET}:"),
        "2:18: allow_headers[0]: `0123456789abcdefghijklmnopqrstuv…` in `${A}` is not a valid header name [invalid-header]",
    );
    let variables = Variables::of_process().set("A", SECRET);
    assert!(!format!("{variables:?} {variables:#?}").contains("0123"));
}

#[test]
fn texts_of_errors() {
    #[track_caller]
    fn check(source: &str, variables: &[(&str, &str)], expected: &str) {
        let errors = options(variables).from_toml(source).unwrap_err();
        let text = errors.iter().next().unwrap().to_string();
        assert_eq!(text, format!("1:18: allow_origins[0]: {expected}"));
    }
    check(
        "allow_origins = ['${A}']",
        NONE,
        "`${A}` is not set; set it, or write a default: `${A:-}` for no items [unset-variable]",
    );
    check(
        "allow_origins = ['${A}']",
        &[("A", "${B}")],
        "`${A}` holds `${`, and a variable in a variable is not replaced [invalid-variable]",
    );
    check(
        "allow_origins = ['https://${A}']",
        NONE,
        "`https://${A}` has `${` and other text; a variable must be a whole item: write `\"${NAME}\"`, and put the other text into the variable [invalid-variable]",
    );
    #[cfg(unix)]
    {
        let bytes: std::ffi::OsString = std::os::unix::ffi::OsStringExt::from_vec(vec![0xff]);
        let variables = Variables::of_process().set("A", bytes);
        let options = LoadOptions::default().variables(variables);
        let errors = options.from_toml("allow_origins = ['${A}']").unwrap_err();
        assert!(
            errors
                .to_string()
                .contains("`${A}` holds bytes that are not Unicode [invalid-variable]")
        );
    }
}

/// The variables of the process: cargo gives a test this one.
#[test]
fn which_variables_have_a_value() {
    const OF_CARGO: &str = "CARGO_PKG_NAME";
    let variables = Variables::of_process().set("A", "");
    let has = |name| variables.has(name);
    assert_eq!(
        ["A", OF_CARGO, "CORS_NO_SUCH_VARIABLE"].map(has),
        [true, true, false]
    );
    for variables in [Variables::none(), Variables::at_run_time()] {
        let variables = variables.set("A", "");
        assert!(variables.has("A") && !variables.has(OF_CARGO));
    }
}

/// A value may be a secret.
#[test]
fn values_are_not_in_the_debug_output() {
    let text = format!("{:?}", Variables::none().set("A", "secret"));
    assert_eq!(text, r#"Variables { given: ["A"], at_run_time: false }"#);
}

#[test]
fn of_the_process() {
    let source = "allow_origins = ['*']\nallow_headers = ['${CARGO_PKG_NAME}']";
    let headers = load(source, NONE).unwrap().allow_headers;
    assert_eq!(headers, ["cors-policy-core"]);
    assert_eq!(list_from_env("CARGO_PKG_NAME").unwrap(), headers);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cors.toml");
    std::fs::write(&path, source.replace("allow_headers", "allow_methods")).unwrap();
    assert!(Policy::from_file(&path).is_ok());
    let errors = Policy::from_env("CARGO_PKG_").unwrap_err();
    let text = errors.to_string();
    assert!(
        text.contains("\n  CARGO_PKG_ALLOW_ORIGINS: has no origins"),
        "{text}"
    );
}

/// Variables are replaced in files only.
#[test]
fn not_in_rust() {
    #[track_caller]
    fn check(grant: Grant, expected: &str) {
        let errors = Policy::new(grant).unwrap_err();
        let errors: Vec<_> = errors.iter().map(ConfigError::to_string).collect();
        assert_eq!(errors, [expected]);
    }
    const REPLACED: &str = "is not replaced here, only in a file that `Policy::from_file` reads; in Rust, take the list from";
    check(
        Grant::new(["https://a.b", "${A:-x}"]),
        &format!(
            "allow_origins[1]: `${{A:-x}}` {REPLACED} `list_from_env(\"A\")` [invalid-variable]"
        ),
    );
    check(
        Grant::new(["*"]).allow_methods(["x${A}"]),
        &format!(
            "allow_methods[0]: `x${{A}}` {REPLACED} `list_from_env(\"NAME\")` [invalid-variable]"
        ),
    );
    for grant in [
        Grant::new(["*"]).allow_headers(["${A}"]),
        Grant::new(["*"]).expose_headers(["${A}"]),
    ] {
        let errors = Policy::new(grant).unwrap_err();
        let codes: Vec<_> = errors.iter().map(ConfigError::code).collect();
        assert_eq!(codes, [ErrorCode::InvalidVariable]);
    }
    #[cfg(feature = "serde")]
    {
        let json = r#"{"allow_origins": ["${A}"]}"#;
        let text = serde_json::from_str::<Policy>(json)
            .unwrap_err()
            .to_string();
        assert!(
            text.contains(REPLACED) && text.contains("[invalid-variable]"),
            "{text}"
        );
    }
}

/// Bounded work: long values, many variables, and both.
#[test]
fn long_lists() {
    let names = || (0..1000).map(|number| format!("A{number}"));
    let items = |prefix: &str| {
        let items = (0..100).map(|number| format!("https://{prefix}-{number}.example"));
        items.collect::<Vec<_>>().join(",")
    };
    let all = names().fold(Variables::of_process(), |all, name| {
        let value = items(&name.to_lowercase());
        all.set(name, value)
    });
    let list: Vec<_> = names().map(|name| format!("'${{{name}}}'")).collect();
    let source = format!("allow_origins = [{}]", list.join(","));
    let options = LoadOptions::default().variables(all);
    let root = document::parse_toml(&source).unwrap();
    let loaded = options.load_tree(&root, &source).unwrap();
    assert_eq!(loaded.config.grants[0].allow_origins.len(), 100_000);

    // The same long value in a thousand places.
    let long = "https://a.example ".repeat(10 * 1024 * 1024 / 18);
    let all = Variables::of_process().set("A", long);
    let options = LoadOptions::default().variables(all);
    let source = format!("allow_origins = [{}]", "'${A}', '${A:-x}', ".repeat(500));
    options.from_toml(&source).unwrap();

    let all = Variables::of_process().set("A", " ".repeat(257 * 1024 * 1024));
    let options = LoadOptions::default().variables(all);
    let errors = options
        .from_toml("allow_origins = ['${A}', '${A}']\nallow_methods = ['${A}']")
        .unwrap_err();
    let messages: Vec<_> = errors.iter().map(ConfigError::message).collect();
    assert_eq!(
        messages,
        ["`${A}` and the variables before it hold more than 256 MiB"]
    );
}

mod naive {
    use proptest::prelude::*;
    use proptest::sample::{select, subsequence};

    use super::*;

    /// A list, and what the variables in it hold. `None` is a variable that is not set.
    fn replaced(list: &[String], values: &[(&str, Option<String>)]) -> Option<Vec<String>> {
        let mut result = Vec::new();
        for item in list {
            let Some(inside) = item
                .strip_prefix("${")
                .and_then(|rest| rest.strip_suffix('}'))
            else {
                result.push(item.clone());
                continue;
            };
            let (name, default) = match inside.split_once(":-") {
                Some((name, default)) => (name, Some(default)),
                None => (inside, None),
            };
            let value = values.iter().find(|value| value.0 == name)?.1.as_deref();
            let text = match (value, default) {
                (None | Some(""), Some(default)) => default,
                (value, _) => value?,
            };
            for part in text.replace(['\t', '\n', ','], " ").split(' ') {
                let is_new = !list.iter().chain(&result).any(|item| item == part);
                if is_new && !part.is_empty() {
                    result.push(part.to_owned());
                }
            }
        }
        Some(result)
    }

    fn text() -> impl Strategy<Value = String> {
        let part = select(vec!["A", "B", "C", "D", "E", "-", ",", " ", "\t", "\n"]);
        proptest::collection::vec(part, 0..6).prop_map(|parts| parts.concat())
    }

    fn reference() -> impl Strategy<Value = String> {
        let name = select(vec!["A", "B_1", "_C"]);
        (name, proptest::option::of(text())).prop_map(|(name, default)| match default {
            None => format!("${{{name}}}"),
            // A line break needs an escape in TOML.
            Some(default) => format!("${{{name}:-{}}}", default.replace('\n', " ")),
        })
    }

    proptest! {
        #[test]
        fn lists(
            plain in subsequence(vec!["A", "B", "C", "AB", "$", "-"], 0..=4),
            references in proptest::collection::vec((reference(), any::<proptest::sample::Index>()), 0..5),
            values in proptest::collection::vec(proptest::option::of(text()), 3),
        ) {
            let mut list: Vec<_> = plain.into_iter().map(str::to_owned).collect();
            for (reference, at) in references {
                list.insert(at.index(list.len() + 1), reference);
            }
            let values: Vec<_> = ["A", "B_1", "_C"].into_iter().zip(values).collect();
            let given = values.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?)));
            let given: Vec<_> = given.collect();
            let source = format!("allow_origins = ['*']\nallow_methods = {list:?}");
            let found = load(&source, &given).ok().map(|grant| grant.allow_methods);
            prop_assert_eq!(found, replaced(&list, &values), "{}", source);
        }
    }
}
