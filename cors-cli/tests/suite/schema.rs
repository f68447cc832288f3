//! The JSON Schema of policy files is what the reader accepts.

use std::collections::BTreeSet;
use std::path::Path;

use cors_core::document::{self, Item, Node};
use cors_core::{Grant, LoadOptions, Variables};
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::support::cors;

fn schema() -> Value {
    serde_json::from_str(include_str!("../../schema.json")).unwrap()
}

#[test]
fn the_command_prints_it() {
    let ran = cors(Path::new("."), &["schema"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    assert_eq!(ran.stdout, include_str!("../../schema.json"));
    assert!(jsonschema::draft202012::meta::is_valid(&schema()));
}

#[test]
fn keys() {
    #[track_caller]
    fn check(schema: &Value, expected: &[&'static str]) {
        assert_eq!(schema["type"], "object");
        assert_eq!(schema["additionalProperties"], false);
        let properties = schema["properties"].as_object().unwrap();
        let keys: BTreeSet<_> = properties.keys().map(String::as_str).collect();
        assert_eq!(keys, expected.iter().copied().collect());
        for (key, property) in properties {
            let described = match property["$ref"].as_str() {
                Some(name) => &self::schema()["$defs"][name.strip_prefix("#/$defs/").unwrap()],
                None => property,
            };
            assert!(described["description"].is_string(), "{key}");
        }
    }
    let schema = schema();
    let defs = &schema["$defs"];
    check(&schema, &[Grant::KEYS, document::file_keys()].concat());
    check(
        &defs["route"],
        &[Grant::KEYS, document::route_keys()].concat(),
    );
    check(&defs["grant"], Grant::KEYS);
    assert_eq!(
        defs["dangerously_allow"]["items"]["enum"],
        json!(document::dangers())
    );
    // What only one form has is checked for every key.
    for part in [&schema, &defs["route"]] {
        let mixed = part["dependentSchemas"]["grant"]["properties"].as_object();
        let mixed: BTreeSet<_> = mixed.unwrap().keys().map(String::as_str).collect();
        assert_eq!(mixed, Grant::KEYS.iter().copied().collect());
    }
}

/// The value that a validator gets for a file.
fn to_json(item: &Item) -> Value {
    match &item.node {
        Node::Text(text) => json!(text),
        Node::Integer(integer) => json!(i64::try_from(*integer).unwrap()),
        Node::Boolean(boolean) => json!(boolean),
        Node::List(items) => items.iter().map(to_json).collect(),
        Node::Table(entries) => {
            let entries = entries.iter();
            let entries = entries.map(|(key, item)| (key.name.clone(), to_json(item)));
            Value::Object(entries.collect())
        }
        Node::Other(_) => json!(0.5),
    }
}

/// The schema and the reader agree about the file.
#[track_caller]
fn check(validator: &Validator, text: &str, is_valid: bool) {
    let read = document::parse_toml(text).unwrap();
    let options = LoadOptions::default().variables(Variables::at_run_time());
    let loaded = options.any_origin_set().from_tree(&read, text).map(|_| ());
    assert_eq!(
        loaded.is_ok(),
        is_valid,
        "the reader, of\n{text}\n{loaded:?}"
    );
    let errors: Vec<_> = validator
        .iter_errors(&to_json(&read))
        .map(|error| error.to_string())
        .collect();
    assert_eq!(
        errors.is_empty(),
        is_valid,
        "the schema, of\n{text}\n{errors:?}"
    );
}

#[test]
fn the_reader_agrees() {
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    let check = |text: &str, is_valid| check(&validator, text, is_valid);
    for good in [
        "allow_origins = ['*']",
        "allow_origins = ['https://a.example:8080', 'https://*.b.example:*', 'http://[::1]:*', 'https://pr-*.c.example']",
        "allow_origins = ['https://xn--bcher-kva.example', 'web+app.x-1://a_b', 'https://a.example', '${ORIGINS}', '${MORE:-https://b.example, app://c}']",
        "allow_origins = ['https://a.example']\nallow_methods = ['PUT', '${METHODS}']\nallow_headers = ['x-a', '${A:-}']\n\
         expose_headers = ['x-b', '${B}']\nallow_credentials = true\nexpose_timing = false\nmax_age = 0\n\
         preflight_status = 200\ndangerously_allow = []",
        "allow_origins = ['http://a.example']\nallow_credentials = true\ndangerously_allow = ['insecure-origins']",
        "allow_origins = ['https://a.example']\nallow_methods = []\nmax_age = 86400\npreflight_status = 204",
        "dangerously_allow = ['null-origin']\n[[grant]]\nallow_origins = ['null']\n[[grant]]\nallow_origins = ['*']\nmax_age = 5",
        "allow_origins = ['https://a.example', { set = 'a b' }, { set = 'c' }]",
        "[[route]]\npath = '/{a}/{b_1}'\nallow_origins = [{ set = 'a', key = '{b_1}' }, { set = 'a', key = '{a}' }]",
        "[[route]]\npath = '/{a}'\n[[route.grant]]\nallow_origins = [{ key = '{a}', set = '$' }]",
        "[[route]]\npath = '/'\nallow_origins = []",
        "grant = []\n[[route]]\npath = '/a/{b}/c.d'\nallow_origins = ['*']\nallow_methods = ['*']",
        "allow_origins = ['https://a.example']\n[[route]]\npath = '/{realm}'\ndangerously_allow = ['any-host']\n\
         [[route.grant]]\nallow_origins = ['moz-extension://*']\nallow_credentials = true\n\
         [[route.grant]]\nallow_origins = ['*']",
    ] {
        check(good, true);
    }
    for bad in [
        "",
        "preflight_status = 204",
        "allow_origins = []",
        "grant = []",
        "route = []",
        "max_age = 5\n[[route]]\npath = '/'\nallow_origins = []",
        "[[grant]]\nallow_methods = ['PUT']",
        "[[grant]]\nallow_origins = []",
        // An unknown key, and a key of another place.
        "allow_origin = ['*']",
        "allow_origins = ['*']\npath = '/'",
        "[[grant]]\nallow_origins = ['*']\ncolour = 1",
        "[[grant]]\nallow_origins = ['*']\npreflight_status = 204",
        "[[grant]]\nallow_origins = ['*']\ndangerously_allow = []",
        "[[grant]]\nallow_origins = ['*']\n[[grant.grant]]\nallow_origins = ['*']",
        "[[route]]\npath = '/'\nallow_origins = ['*']\ncolour = 1",
        "[[route]]\npath = '/'\nallow_origins = ['*']\npreflight_status = 204",
        "[[route]]\npath = '/'\nallow_origins = ['*']\n[[route.route]]\npath = '/'",
        "[[route]]\npath = '/'\n[[route.grant]]\nallow_origins = ['*']\npath = '/'",
        // Both forms.
        "allow_origins = ['*']\n[[grant]]\nallow_origins = ['*']",
        "max_age = 5\n[[grant]]\nallow_origins = ['*']",
        "[[route]]\npath = '/'\nallow_origins = ['*']\n[[route.grant]]\nallow_origins = ['*']",
        "[[route]]\npath = '/'\nallow_credentials = true\n[[route.grant]]\nallow_origins = ['*']",
        // Routes.
        "[[route]]\nallow_origins = ['*']",
        "[[route]]\npath = '/'",
        "[[route]]\npath = '/'\ngrant = []",
        "[[route]]\npath = '/'\nmax_age = 5",
        // Values that are never right.
        "allow_origins = ['']",
        "allow_origins = ['https://a.example https://b.example']",
        "allow_origins = ['https://a.example,https://b.example']",
        "allow_origins = ['https://${A}']",
        "allow_origins = ['${A']",
        "allow_origins = ['${1}']",
        "allow_origins = ['a.example']",
        "allow_origins = ['HTTPS://a.example']",
        "allow_origins = ['https://A.example']",
        "allow_origins = ['https://a.example/']",
        "allow_origins = ['https://a@a.example']",
        "allow_origins = ['https://a.example?b']",
        "allow_origins = ['https://a.example#b']",
        "allow_origins = ['https://a%2d.example']",
        "allow_origins = ['https://{a}.example']",
        "allow_origins = ['${A-b}']",
        // Sets.
        "allow_origins = [{ set = 'a', keys = '{b}' }]",
        "allow_origins = [{ set = ['a'] }]",
        "allow_origins = [{ set = '${A}' }]",
        "allow_origins = [[{ set = 'a' }]]",
        "allow_origins = { set = 'a' }",
        "allow_methods = [{ set = 'a' }]\nallow_origins = ['*']",
        "[[route]]\npath = '/{a}'\nallow_origins = [{ key = '{a}' }]",
        "[[route]]\npath = '/{a}'\nallow_origins = [{ set = 'a', key = 'a' }]",
        "[[route]]\npath = '/{a}'\nallow_origins = [{ set = 'a', key = '/{a}' }]",
        "[[route]]\npath = '/{a}'\nallow_origins = [{ set = 'a', key = 1 }]",
        "allow_origins = ['${A:-${B}}']",
        "allow_origins = ['*']\nallow_methods = ['']",
        "allow_origins = ['*']\nallow_methods = ['PUT, DELETE']",
        "allow_origins = ['*']\nallow_headers = ['x-a:']",
        "allow_origins = ['*']\nexpose_headers = ['x a']",
        "allow_origins = ['*']\nmax_age = -1",
        "allow_origins = ['*']\nmax_age = 86401",
        "allow_origins = ['*']\npreflight_status = 201",
        "allow_origins = ['*']\ndangerously_allow = ['everything']",
        "allow_origins = ['*']\ndangerously_allow = ['${A}']",
    ] {
        check(bad, false);
    }
    for path in [
        "", "a", "/a/", "//", "/a//b", "/a*", "/a?b", "/a#b", "/a;b", "/a b", "/\\\\", "/a{b}",
        "/{a", "/{}", "/{1}", "/${A}",
    ] {
        check(
            &format!("[[route]]\npath = \"{path}\"\nallow_origins = []"),
            false,
        );
    }
    what_is_refused(&check);
}

fn what_is_refused(check: &dyn Fn(&str, bool)) {
    let origin = "allow_origins = ['https://a.example']";
    for good in [
        "refuse = ['cross-site-writes']".to_owned(),
        format!("{origin}\nrefuse = []"),
        format!(
            "{origin}\nrefuse = ['websocket', 'unlisted-origins']\nrefuse_report_only = true\nhosts = ['a.example']"
        ),
        "[[route]]\npath = '/a'\nrefuse = ['cross-site-writes']\nrefuse_report_only = false"
            .to_owned(),
    ] {
        check(&good, true);
    }
    for bad in [
        "refuse = []".to_owned(),
        format!("{origin}\nrefuse = ['everything']"),
        format!("{origin}\nrefuse = ['${{A}}']"),
        format!("{origin}\nrefuse_report_only = true"),
        format!("{origin}\nhosts = ['']"),
        format!("[[route]]\npath = '/a'\n{origin}\nrefuse_report_only = true"),
        format!("[[route]]\npath = '/a'\n{origin}\nhosts = ['a.example']"),
        "[[route]]\npath = '/a'\ngrant = []\nrefuse = ['cross-site-writes']".to_owned(),
        format!("[[grant]]\n{origin}\nrefuse = []"),
    ] {
        check(&bad, false);
    }
}

/// A value of any other type than its key's is wrong, at the top, in a grant and in a route.
#[test]
fn types() {
    let validator = jsonschema::draft202012::new(&schema()).unwrap();
    let values = [
        "'a'",
        "1",
        "1.5",
        "true",
        "[]",
        "[1]",
        "['x-a']",
        "[[]]",
        "[{}]",
        "{}",
        "1979-05-27",
    ];
    let keys = |own: &[&'static str]| [Grant::KEYS, own].concat();
    // The places of a key: what is before it, and what the part has without it.
    let top = keys(document::file_keys());
    let route = keys(document::route_keys());
    let places = [
        (top, ""),
        (keys(&[]), "[[grant]]\n"),
        (route, "[[route]]\n"),
        (keys(&[]), "[[route]]\npath = '/a'\n[[route.grant]]\n"),
    ];
    let mut wrong = 0;
    for (keys, before) in places {
        for key in keys {
            for value in values {
                let takes = match key {
                    "allow_credentials" | "expose_timing" | "refuse_report_only" => value == "true",
                    "max_age" => value == "1",
                    // No such status.
                    "preflight_status" => false,
                    "path" => false,
                    "allow_methods" | "allow_headers" | "expose_headers" => {
                        matches!(value, "[]" | "['x-a']")
                    }
                    "allow_origins" => value == "[]" && before == "[[route]]\n",
                    "dangerously_allow" | "refuse" => value == "[]",
                    "hosts" => matches!(value, "[]" | "['x-a']"),
                    "route" => value == "[]",
                    "grant" => false,
                    _ => panic!("a new key: {key}"),
                };
                let mut text = format!("{before}{key} = {value}\n");
                if !matches!(key, "allow_origins" | "grant") {
                    text += "allow_origins = ['https://a.example']\n";
                }
                if before == "[[route]]\n" && key != "path" {
                    text += "path = '/a'\n";
                }
                if key == "refuse_report_only" {
                    text += "refuse = []\n";
                }
                check(&validator, &text, takes);
                wrong += usize::from(!takes);
            }
        }
    }
    assert!(wrong > 200, "{wrong}");
}
