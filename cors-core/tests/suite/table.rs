//! A policy in a table of a larger file.

use cors_core::{ErrorCode, LoadOptions, Policy, PolicyFile};

use crate::config::summary;

const APP: &str = "name = 'app'
[server]
port = 80
[server.cors]
allow_origins = ['https://a.b', 'https://a.b/']
[[server.cors.route]]
path = '/a'
allow_origins = ['*', 1]
[server.cors.deep]
[database]
max_age = 5
[a.b.c]
[d]
";

#[test]
fn tables() {
    #[track_caller]
    fn check(source: &str, table: &str, expected: &[&str]) {
        let options = LoadOptions::default().table(table);
        let found: Vec<_> = match options.from_toml(source) {
            Ok(_) => Vec::new(),
            Err(errors) => errors.iter().map(summary).collect(),
        };
        assert_eq!(found, expected);
    }
    const VALID: &str = "[x]\n[cors]\nallow_origins = ['*']\n[x.y.z]\nallow_origins = ['*']";
    check(VALID, "cors", &[]);
    check(VALID, "x.y.z", &[]);
    check("'a b' = { allow_origins = ['*'] }", "a b", &[]);
    check(
        APP,
        "server.cors",
        &[
            "5:33 allow_origins[1] [invalid-origin] https://a.b",
            "8:23 route[0].allow_origins[1] [wrong-type]",
            "9:14 deep [unknown-key]",
        ],
    );
    check(VALID, "x", &["4:6 x.y.z [unknown-key]"]);
    check("cors = 1", "cors", &["1:8  [wrong-type]"]);
    check(
        "[[cors]]\nallow_origins = ['*']",
        "cors",
        &["1:1  [wrong-type]"],
    );
    // The rest of the file must be TOML.
    check(
        "[cors]\nallow_origins = ['*']\n[x",
        "cors",
        &["3:3  [syntax]"],
    );
}

#[test]
fn missing_tables() {
    #[track_caller]
    fn check(source: &str, table: &str, expected: &str) {
        let errors = LoadOptions::default()
            .table(table)
            .from_toml(source)
            .unwrap_err();
        let texts: Vec<_> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(texts, [expected]);
    }
    check(
        APP,
        "cors",
        "1:1: cors: is not a table of the file, which has `server`, `server.cors`, `database`, `a`, `a.b` and 1 more; did you mean `server.cors`? [unknown-key]",
    );
    check(
        "[a]\nb = 1\n['c.d']",
        "a.b.c",
        "1:1: a.b.c: is not a table of the file, which has `a` [unknown-key]",
    );
    for table in ["", ".", "cors", "\u{1b}"] {
        let errors = LoadOptions::default()
            .table(table)
            .from_toml("x = 1")
            .unwrap_err();
        let text = errors.to_string();
        assert!(
            text.contains("is not a table of the file, which has no tables"),
            "{text}"
        );
        assert!(!text.contains('\u{1b}'));
    }
}

/// Finding F11 of the bug reports: two errors, and the first one was not so.
#[test]
fn a_larger_file_that_is_read_as_a_policy() {
    #[track_caller]
    fn check(source: &str, expected: &[&str]) {
        let errors = Policy::from_toml(source).unwrap_err();
        let found: Vec<_> = errors.iter().map(summary).collect();
        assert_eq!(found, expected, "{source}");
    }
    let errors =
        Policy::from_toml("[cors]\nallow_origins = ['https://example.com', '*.example.com']");
    assert_eq!(
        errors.unwrap_err().to_string(),
        "1 error in the CORS policy\n  1:2: cors: is a table with the keys of a CORS policy: load it with `Policy::from_file_table(path, \"cors\")`, or give the command `--table cors` [unknown-key]"
    );
    check(APP, &["4:9 server.cors [unknown-key]"]);
    check(
        "[a.cors]\nallow_origins = []\n[b]\nallow_headers = []",
        &["1:4 a.cors [unknown-key]"],
    );
    check(
        "x.grant = [{ allow_origins = [] }]",
        &["1:1 x [unknown-key]"],
    );
    // A table that is called as a key of a policy is not that key.
    check(
        "[hosts]\na = 1\n[cors]\nallow_origins = []",
        &["3:2 cors [unknown-key]"],
    );
    // Not larger, not a policy, or too deep.
    check(
        "[cors]\nmax_age = 1",
        &[
            "1:1 allow_origins [missing-origins]",
            "1:2 cors [unknown-key]",
        ],
    );
    check(
        "allow_origin = ['*']\n[cors]\nallow_origins = []",
        &[
            "1:1 allow_origin [unknown-key] allow_origins",
            "2:2 cors [unknown-key]",
        ],
    );
    check(
        "[routes]\nallow_origins = []",
        &[
            "1:1 allow_origins [missing-origins]",
            "1:2 routes [unknown-key] route",
        ],
    );
    check(
        "[a.b.cors]\nallow_origins = []",
        &["1:1 allow_origins [missing-origins]", "1:2 a [unknown-key]"],
    );
}

#[test]
fn files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.toml");
    std::fs::write(&path, "[x]\n[cors]\nallow_origins = ['*']").unwrap();
    assert!(Policy::from_file_table(&path, "cors").is_ok());
    let error = Policy::from_file_table(&path, "x").unwrap_err();
    let codes: Vec<_> = error
        .errors()
        .unwrap()
        .iter()
        .map(|error| error.code())
        .collect();
    assert_eq!(codes, [ErrorCode::MissingOrigins]);
    assert!(Policy::from_file(&path).is_err());

    let path: &'static str = path.to_str().unwrap().to_owned().leak();
    static NONE: PolicyFile = PolicyFile::new("no/app.toml").table("cors");
    assert!(NONE.get().is_err());
    assert!(PolicyFile::new(path).table("cors").get().is_ok());
    assert!(PolicyFile::new(path).get().is_err());
}
