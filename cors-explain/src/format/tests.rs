use proptest::prelude::*;

use crate::{Diagnostic, Source, findings};

fn found(name: &str, text: &str) -> Vec<Diagnostic> {
    findings(&Source::new(name, text))
}

/// The findings as `code path line:column text`, in the order of their names: the formats order a file differently.
fn summary(name: &str, text: &str) -> Vec<String> {
    let source = Source::new(name, text);
    let mut found: Vec<_> = findings(&source)
        .iter()
        .map(|finding| {
            let marked = text
                .get(finding.span.clone())
                .unwrap()
                .trim_matches(['"', '\'']);
            format!("{} {} {marked}", finding.code, finding.path)
        })
        .collect();
    found.sort();
    found
}

/// The same policy in each format has the same findings, at the same text.
#[track_caller]
fn check_same(toml: &str, json: &str, yaml: &str, expected: &[&str]) {
    assert_eq!(summary("a.toml", toml), expected, "TOML");
    assert_eq!(summary("a.json", json), expected, "JSON");
    assert_eq!(summary("a.yaml", yaml), expected, "YAML");
    // JSON is YAML.
    assert_eq!(summary("a.YML", json), expected, "JSON as YAML");
}

#[test]
fn the_same_findings() {
    check_same(
        "allow_origins = ['https://a.example', 'http://b.example']\nmax_age = 30",
        r#"{"allow_origins": ["https://a.example", "http://b.example"], "max_age": 30}"#,
        "# a\nallow_origins: [https://a.example, 'http://b.example']\nmax_age: 30 # b\n",
        &[
            "max-age-short max_age 30",
            "plain-http-origin allow_origins[1] http://b.example",
        ],
    );
    check_same(
        "allow_origin = ['*']\nmax_age = 'a'\npreflight_status = 201\nallow_methods = [1, true, 1.5]",
        r#"{"allow_origin": ["*"], "max_age": "a", "preflight_status": 201, "allow_methods": [1, true, 1.5]}"#,
        "allow_origin: ['*']\nmax_age: a\npreflight_status: 201\nallow_methods:\n- 1\n- true\n- 1.5\n",
        &[
            "preflight-status preflight_status 201",
            "unknown-key allow_origin allow_origin",
            "wrong-type allow_methods[0] 1",
            "wrong-type allow_methods[1] true",
            "wrong-type allow_methods[2] 1.5",
            "wrong-type max_age a",
        ],
    );
    check_same(
        "[[grant]]\nallow_origins = ['https://a.example/']\n[[grant]]\nallow_origins = ['${A}', '${1}']\nallow_credentials = 'true'",
        r#"{"grant": [{"allow_origins": ["https://a.example/"]},
            {"allow_origins": ["${A}", "${1}"], "allow_credentials": "true"}]}"#,
        "grant:\n  - allow_origins: [https://a.example/]\n  - allow_origins:\n      - ${A}\n      - \"${1}\"\n    allow_credentials: 'true'\n",
        &[
            "invalid-origin grant[0].allow_origins[0] https://a.example/",
            "invalid-variable grant[1].allow_origins[1] ${1}",
            "wrong-type grant[1].allow_credentials true",
        ],
    );
    check_same(
        "[[route]]\npath = 'a'\nallow_origins = ['*']\n[[route]]\npath = '/b'\n[[route.grant]]\nallow_origins = ['https://ä.example']\nmax_age = -1\n",
        r#"{"route": [{"path": "a", "allow_origins": ["*"]},
            {"path": "/b", "grant": [{"allow_origins": ["https://ä.example"], "max_age": -1}]}]}"#,
        "route:\n- {path: a, allow_origins: ['*']}\n-\n  path: /b\n  grant:\n  - allow_origins:\n    - https://ä.example\n    max_age: -1\n",
        &[
            "invalid-origin route[1].allow_origins[0] https://ä.example",
            "invalid-path route[0].path a",
            "max-age route[1].max_age -1",
        ],
    );
    check_same(
        "allow_origins = 'https://a.example'\nallow_credentials = 1",
        r#"{"allow_origins": "https://a.example", "allow_credentials": 1}"#,
        "allow_origins: https://a.example\nallow_credentials: 1\n",
        &[
            "wrong-type allow_credentials 1",
            "wrong-type allow_origins https://a.example",
        ],
    );
}

#[test]
fn places() {
    #[track_caller]
    fn check(name: &str, text: &str, expected: &[(&str, usize, usize)]) {
        let source = Source::new(name, text);
        let found: Vec<_> = findings(&source)
            .iter()
            .map(|finding| {
                let (line, column) = source.line_and_column(finding.span.start);
                (finding.code, line, column)
            })
            .collect();
        assert_eq!(found, expected, "{text}");
        // The library counts the same places.
        if let Err(errors) = source.load() {
            let places: Vec<_> = errors
                .iter()
                .map(|error| {
                    let place = error.location().unwrap();
                    (error.code().as_str(), place.line, place.column)
                })
                .collect();
            assert_eq!(places, expected, "{text}");
        }
    }
    check(
        "a.json",
        "{\r\n  \"ä\": 1,\r\n  \"allow_origins\": [\"ä\",\r\n\"ä\", 5]}",
        &[
            ("unknown-key", 2, 3),
            ("invalid-origin", 3, 21),
            ("invalid-origin", 4, 1),
            ("wrong-type", 4, 6),
        ],
    );
    check(
        "a.yaml",
        "# ä\r\nä: 1 # ä\r\nallow_origins: [\"ä\", # ä\r\n 5]\r\n",
        &[
            ("unknown-key", 2, 1),
            ("invalid-origin", 3, 17),
            ("wrong-type", 4, 2),
        ],
    );
    check(
        "a.yaml",
        "\u{feff}# ä\nallow_origins: [\"ä\", 'ä', ä, {}]\n",
        &[
            ("invalid-origin", 2, 17),
            ("invalid-origin", 2, 22),
            ("invalid-origin", 2, 27),
            ("invalid-origin-set", 2, 30),
        ],
    );
    check(
        "a.json",
        "\u{feff}{\"allow_origins\": [5]}",
        &[("wrong-type", 1, 20)],
    );
    check(
        "a.yaml",
        "--- # the policy\nallow_origins:\n- |\n  a\n- >-\n  b\n- 'c\n  d'\n- e\n  f\n...\n",
        &[
            ("invalid-origin", 4, 3),
            ("invalid-origin", 6, 3),
            ("invalid-origin", 7, 3),
            ("invalid-origin", 9, 3),
        ],
    );
    check(
        "a.json",
        "{\"route\": [{\"allow_origins\": []}]}",
        &[("invalid-path", 1, 12)],
    );
    check(
        "a.yaml",
        "route:\n- allow_origins: []\n",
        &[("invalid-path", 2, 3)],
    );
    check("a.json", "[]", &[("wrong-type", 1, 1)]);
    check("a.yaml", "# nothing", &[("wrong-type", 1, 1)]);
}

/// A block of YAML ends with its last value.
#[test]
fn ends_of_blocks() {
    #[track_caller]
    fn check(text: &str, expected: &str) {
        let found = found("a.yaml", text);
        let finding = found.first().unwrap();
        assert_eq!(finding.code, "wrong-type");
        assert_eq!(text.get(finding.span.clone()), Some(expected));
    }
    let after = "\n\n# next\nallow_origins: ['https://a.example']\n";
    check(&format!("max_age:\n- 1\n- b # c{after}"), "1\n- b");
    check(&format!("max_age:\n  - 1\n  - b # c{after}"), "- 1\n  - b");
    check(
        &format!("max_age:\n  a: 1\n  b: [c, d]{after}"),
        "a: 1\n  b: [c, d]",
    );
    check(&format!("max_age:\n  - - a\n  -{after}"), "- - a\n  -");
    check(&format!("max_age: [a,\n b]{after}"), "[a,\n b]");
    check(&format!("max_age: {{a: b, c}}{after}"), "{a: b, c}");
}

/// A file that has no tree is one error, with its place.
#[test]
fn not_valid() {
    #[track_caller]
    fn check(name: &str, text: &str, place: (usize, usize), message: &str) {
        let errors = Source::new(name, text).load().unwrap_err();
        let error = errors.iter().next().unwrap();
        assert_eq!(errors.iter().count(), 1);
        let start: String = text.chars().take(40).collect();
        assert_eq!(error.code().as_str(), "syntax", "{start:?}");
        let location = error.location().unwrap();
        assert_eq!(
            (location.line, location.column),
            place,
            "{start:?}: {error}"
        );
        assert!(error.message().contains(message), "{start:?}: {error}");
        found(name, text);
    }
    let json = |text: &str, place, message| check("a.json", text, place, message);
    json("", (1, 1), "the file is not valid JSON: it has no value");
    json(" \n", (1, 1), "no value");
    json("{\"a\": 1,}", (1, 8), "trailing comma");
    json("{\"a\": 1 // b\n}", (1, 9), "comment");
    json("{a: 1}", (1, 2), "expected string");
    json("{'a': 1}", (1, 2), "single-quoted");
    json("{\"a\": 1 \"b\": 2}", (1, 8), "expected comma");
    json("{\"a\": 1} 2", (1, 10), "more than one");
    json("{\"a\": 01}", (1, 8), "expected comma");
    json("{\"a\": +1}", (1, 7), "plus");
    json("{\"a\": NaN}", (1, 7), "unexpected token");
    json("{\"ä\": \"a\nb\"}", (1, 9), "control character");
    json("{\"a\u{0}\": 1}", (1, 4), "control character");
    json("{\"a\": 1, \"b\": {\"c\": 1, \"c\": 2}}", (1, 24), "twice");
    json("{\"a\": 1, \"\\u0061\": 2}", (1, 10), "twice");
    json("{", (1, 1), "unterminated object");
    json(&"[".repeat(100_000), (1, 129), "128 levels");
    json(&"{\"a\":".repeat(100_000), (1, 641), "128 levels");
    json("\u{1}\u{2}\u{fffd}", (1, 1), "unexpected");
    let yaml = |text: &str, place, message| check("a.yaml", text, place, message);
    yaml("a: [1", (1, 6), "the file is not valid YAML: ");
    yaml("a: 1\n\tb: 2", (1, 4), "found a tab");
    yaml("allow_origins: [*]", (1, 17), "must be in quotation marks");
    yaml("allow_origins:\n- *", (2, 3), "must be in quotation marks");
    yaml("a: 1\nb: 2\na: 3", (3, 1), "twice");
    yaml("b: {a: 1, 'a': 2}", (1, 11), "twice");
    yaml("a: 1\n---\nb: 2", (2, 1), "several documents");
    yaml("[a]: 1", (1, 1), "a key is a list or a table");
    yaml("? {a: b}\n: 1", (1, 3), "a key is a list or a table");
    yaml("a: &a b\n*a : 1", (2, 1), "a key is an alias");
    yaml("!!str a: 1", (1, 1), "a key has a tag");
    yaml("a: b\u{0}: c", (1, 5), "control character");
    yaml("a: \u{1b}[31m", (1, 4), "control character");
    // The parser has a limit for brackets, too.
    yaml(&"[".repeat(100_000), (1, 256), "128 levels");
    yaml(&"[".repeat(129), (1, 129), "128 levels");
    yaml(&"- ".repeat(100_000), (1, 257), "128 levels");
    let deep: String = (0..2_000)
        .map(|depth| format!("{}a:\n", " ".repeat(depth)))
        .collect();
    yaml(&deep, (129, 129), "128 levels");
}

/// What YAML has and a policy does not read is an error where it is used, and elsewhere none: larger files have it.
#[test]
fn aliases_and_tags() {
    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        assert_eq!(summary("a.yaml", text), expected, "{text}");
        let larger = format!(
            "cors:\n  allow_origins: ['https://a.example']\nother:\n  {}",
            text.replace('\n', "\n  ")
        );
        let source = Source::new("a.yaml", larger).table("cors");
        assert_eq!(findings(&source), []);
    }
    check(
        "a: &a ['https://a.example']\nallow_origins: *a",
        &["unknown-key a a", "wrong-type allow_origins *a"],
    );
    check(
        "allow_origins: &a ['https://a.example']\n<<: {max_age: 5}",
        &["unknown-key << <<"],
    );
    check(
        "allow_origins: !!seq ['https://a.example']",
        &["wrong-type allow_origins !!seq ['https://a.example']"],
    );
    check(
        "allow_origins: ['https://a.example']\nmax_age: !!int '600'",
        &["wrong-type max_age !!int '600"],
    );
    check(
        "!policy\nallow_origins: ['https://a.example']",
        &["wrong-type  !policy\nallow_origins: ['https://a.example']"],
    );
    let bomb: String = (1..30)
        .map(|n| format!("a{n}: &a{n} [*a{0}, *a{0}, *a{0}]\n", n - 1))
        .collect();
    let found = found(
        "a.yaml",
        &format!("a0: &a0 ['https://a.example']\n{bomb}allow_origins: *a29"),
    );
    assert_eq!(found.len(), 31);
}

#[test]
fn scalars_of_yaml() {
    #[track_caller]
    fn check(value: &str, expected: &str) {
        let text = format!("allow_origins: ['https://a.example']\nallow_methods: {value}\n");
        let found = found("a.yaml", &text);
        let message = &found.first().unwrap().message;
        assert_eq!(
            *message,
            format!("`allow_methods`: expected a list of strings, found {expected}")
        );
    }
    for text in [
        "a",
        "yes",
        "No",
        "on",
        "'true'",
        "\"1\"",
        "1_000",
        "1s",
        "0b1",
        "0o8",
        "inf",
        "nan",
        "1.2.3",
        "2001-01-01",
        "|\n  1",
    ] {
        check(text, "a string");
    }
    for text in ["true", "True", "FALSE"] {
        check(text, "a boolean");
    }
    for text in ["1", "-1", "+1", "007", "0x1F", "0o17"] {
        check(text, "an integer");
    }
    for text in ["1.", ".5", "-1.5e3", "1e5", ".inf", "-.INF", ".NaN"] {
        check(text, "a float");
    }
    for text in ["", "~", "null", "# a"] {
        check(text, "null");
    }
    check(
        "9999999999999999999999999999999999999999",
        "an out-of-range integer",
    );
}

/// A suggestion is a change only if it is valid there.
#[test]
fn changes() {
    #[track_caller]
    fn check(name: &str, text: &str, expected: Result<&str, Option<&str>>) {
        let found = found(name, text);
        let finding = found.first().unwrap();
        match (&finding.replacement, expected) {
            (Some(change), Ok(expected)) => {
                let mut text = text.to_owned();
                text.replace_range(change.span.clone(), &change.text);
                assert_eq!(text, expected);
                let after = findings(&Source::new(name, text));
                assert!(
                    after.iter().all(|after| after.code != finding.code),
                    "{after:?}"
                );
            }
            (None, Err(expected)) => assert_eq!(finding.help.as_deref(), expected),
            (change, _) => panic!("{text}: {change:?}"),
        }
    }
    check(
        "a.json",
        r#"{"allow_origins": ["https://a.b/"]}"#,
        Ok(r#"{"allow_origins": ["https://a.b"]}"#),
    );
    check(
        "a.yaml",
        "allow_origins: [https://a.b/]",
        Ok("allow_origins: [\"https://a.b\"]"),
    );
    check(
        "a.yaml",
        "allow_origins:\n- 'https://a.b/'",
        Ok("allow_origins:\n- \"https://a.b\""),
    );
    check(
        "a.json",
        r#"{"allow_origin": ["https://a.b"]}"#,
        Ok(r#"{"allow_origins": ["https://a.b"]}"#),
    );
    check(
        "a.yaml",
        "allow_origin: [https://a.b]",
        Ok("\"allow_origins\": [https://a.b]"),
    );
    check(
        "a.json",
        r#"{"allow_origins": "https://a.b, c.d"}"#,
        Ok(r#"{"allow_origins": ["https://a.b", "https://c.d"]}"#),
    );
    check(
        "a.yaml",
        "allow_origins: https://a.b",
        Ok("allow_origins: [\"https://a.b\"]"),
    );
    check(
        "a.yaml",
        "allow_origins: [https://a.b]\nmax_age: 1h",
        Ok("allow_origins: [https://a.b]\nmax_age: 3600"),
    );
    check(
        "a.json",
        r#"{"allow_origins": ["https://a.b"], "max_age": 5}"#,
        Ok(r#"{"allow_origins": ["https://a.b"], "max_age": 7200}"#),
    );
    check(
        "a.yaml",
        "allow_origins: ['https://a.b,https://c.d']",
        Err(Some("did you mean `\"https://a.b\", \"https://c.d\"`?")),
    );
    check(
        "a.yaml",
        "allow_origins:\n- https://a.b\nallow_methods:\n- GET\n- PUT\nallow_headers:\n- content-type",
        Err(Some("remove it; this changes nothing")),
    );
    check(
        "a.json",
        r#"{"allow_origins": ["*"]}"#,
        Err(Some("if it is intended, use `--allow everybody-allowed`")),
    );
    check(
        "a.json",
        r#"{"allow_origins": ["https://a.b"], "allow_methods": ["GET"]}"#,
        Ok(r#"{"allow_origins": ["https://a.b"], "allow_methods": []}"#),
    );
    check(
        "a.yaml",
        "allow_origins: [https://a.b]\nallow_methods:\n- GET\n",
        Err(Some("remove it; this changes nothing")),
    );
}

/// Comments silence nothing in YAML.
#[test]
fn comments() {
    let found = found(
        "a.yaml",
        "# cors-allow: everybody-allowed\nallow_origins: ['*']",
    );
    assert_eq!(
        found.first().map(|finding| finding.code),
        Some("everybody-allowed")
    );
}

#[test]
fn large_files() {
    let origins: String = (0..20_000)
        .map(|n| format!("\"https://ä{n}.example:8080\", "))
        .collect();
    for name in ["a.json", "a.yaml"] {
        let text = format!("{{\"allow_origins\": [{origins}\"https://a.example\"]}}");
        let source = Source::new(name, text);
        let errors = source.load().unwrap_err();
        assert_eq!(errors.iter().count(), 20_000);
        let last = errors.iter().last().unwrap().location().unwrap().clone();
        assert_eq!(
            source.text.get(last.span),
            Some("\"https://ä19999.example:8080\"")
        );
    }
    let keys: String = (0..20_000).map(|n| format!("ä{n}: ''\n")).collect();
    assert_eq!(found("a.yaml", &keys).len(), 20_001);
}

proptest! {
    /// Any text is a policy or an error; nothing panics.
    #[test]
    fn any_text(text in "([\\[\\]{}:,'\"#&*!|>%@`?~ \t\r\n-]|\\PC|[a-c0-9]|allow_origins|\\\\|\u{feff}|ä|---|\\.\\.\\.|<<|\"a\": ){0,40}") {
        for name in ["a.json", "a.yaml"] {
            let source = Source::new(name, text.clone());
            for finding in findings(&source) {
                prop_assert!(text.get(finding.span).is_some());
            }
        }
    }
}
