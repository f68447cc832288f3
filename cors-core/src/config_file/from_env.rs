//! A policy of environment variables alone.

use std::collections::{BTreeMap, HashSet};
use std::env;
use std::ffi::OsString;

use super::document::{Item, Key, Loaded, Node};
use super::guess::{did_you_mean, in_seconds};
use super::{OriginSets, read};
use crate::config::Grant;
use crate::environment::{self, excerpt};
use crate::error::{ConfigError, ConfigErrors, ErrorCode, Place};
use crate::policy::Policy;

impl Policy {
    /// Reads a policy from environment variables alone: `CORS_ALLOW_ORIGINS` and so on for the prefix `CORS_`.
    ///
    /// The names are the prefix and the keys of one [`Grant`], `PREFLIGHT_STATUS`, `DANGEROUSLY_ALLOW`,
    /// `REFUSE`, `REFUSE_REPORT_ONLY` and `HOSTS`, in upper case.
    /// The items of a list are separated by commas or white space, and one that is in it several times counts once. The
    /// others are `true` or `false`, or a number.
    ///
    /// # Errors
    ///
    /// As [`Policy::new`], each with the name of its variable. A variable that begins with the prefix and `ALLOW`, and is not
    /// one of these, is an error; others are ignored. An error quotes at most 32 characters of what a variable holds.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use cors_core::{ConfigErrors, Policy};
    ///
    /// fn policy() -> Result<Policy, ConfigErrors> {
    ///     // CORS_ALLOW_ORIGINS="https://app.example.com, https://admin.example.com"
    ///     // CORS_ALLOW_CREDENTIALS=true
    ///     Policy::from_env("CORS_")
    /// }
    /// ```
    pub fn from_env(prefix: &str) -> Result<Self, ConfigErrors> {
        from_variables(prefix, env::vars_os()).map(|loaded| loaded.policy)
    }
}

/// The keys that are not of a grant.
const OTHER_KEYS: [&str; 5] = [
    "preflight_status",
    "dangerously_allow",
    "refuse",
    "refuse_report_only",
    "hosts",
];

fn from_variables(
    prefix: &str,
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> Result<Loaded, ConfigErrors> {
    let variables = variables.filter_map(|(name, value)| {
        let name = name.to_string_lossy();
        let key = name.strip_prefix(prefix)?;
        Some((key.to_owned(), value))
    });
    let mut variables: BTreeMap<_, _> = variables.collect();
    let mut reader = Reader {
        prefix,
        errors: Vec::new(),
        has_origins: false,
    };
    let keys = [Grant::KEYS, &OTHER_KEYS].concat();
    let mut entries = Vec::new();
    for key in &keys {
        let value = variables.remove(&key.to_ascii_uppercase());
        if let Some(node) = value.and_then(|value| reader.value(key, &value)) {
            let name = (*key).to_owned();
            entries.push((Key { name, span: None }, Item { node, span: None }));
        }
    }
    for name in variables.keys() {
        reader.unknown(name, &keys);
    }
    let mut errors = reader.errors;
    let root = Item {
        node: Node::Table(entries),
        span: None,
    };
    let mut found = Vec::new();
    let loaded = read(&root, None, &OriginSets::default(), &mut found);
    for mut error in found {
        let name = format!("{prefix}{}", error.place.key.to_ascii_uppercase());
        if error.code == ErrorCode::MissingOrigins {
            if reader.has_origins {
                continue;
            }
            error.message =
                "has no origins; set it to the allowed origins, or to `*` to allow any origin"
                    .to_owned();
        }
        environment::in_variable(&mut error, &name);
        error.place = place(name);
        errors.push(error);
    }
    match loaded {
        Some(loaded) if errors.is_empty() => Ok(loaded),
        _ => Err(ConfigErrors(errors)),
    }
}

struct Reader<'p> {
    prefix: &'p str,
    errors: Vec<ConfigError>,
    /// Whether there are origins that could not be read, so that they are not missing.
    has_origins: bool,
}

impl Reader<'_> {
    /// The value of a key, in the form that it has in a file.
    fn value(&mut self, key: &str, value: &OsString) -> Option<Node> {
        let text = match environment::check(value) {
            Ok(text) => text,
            Err(reason) => {
                self.has_origins |= key == "allow_origins";
                self.error(key, ErrorCode::InvalidVariable, reason, None, None);
                return None;
            }
        };
        let word = text.trim();
        match key {
            "allow_credentials" | "expose_timing" | "refuse_report_only" => {
                let node = word.parse().ok().map(Node::Boolean);
                if node.is_none() {
                    let suggestion = match &*word.to_ascii_lowercase() {
                        "true" | "1" | "yes" | "on" => Some("true"),
                        "false" | "0" | "no" | "off" | "" => Some("false"),
                        _ => None,
                    };
                    let message = "is not `true` or `false`";
                    let suggestion = suggestion.map(str::to_owned);
                    self.error(key, ErrorCode::WrongType, message, Some(text), suggestion);
                }
                node
            }
            "max_age" | "preflight_status" => {
                let node = word.parse().ok().map(Node::Integer);
                if node.is_none() {
                    let (message, suggestion) = match key {
                        "max_age" => ("is not a number of seconds", in_seconds(word)),
                        _ => ("is not a number", None),
                    };
                    self.error(key, ErrorCode::WrongType, message, Some(text), suggestion);
                }
                node
            }
            _ => {
                // The names of header fields.
                let ignore_case = matches!(key, "allow_headers" | "expose_headers");
                let mut seen = HashSet::new();
                let items = environment::split(text).filter(|item| {
                    seen.insert(match ignore_case {
                        true => item.to_ascii_lowercase(),
                        false => (*item).to_owned(),
                    })
                });
                let items = items.map(|item| Item {
                    node: Node::Text(item.to_owned()),
                    span: None,
                });
                Some(Node::List(items.collect()))
            }
        }
    }

    /// Reports a name that is most likely meant to be one of `keys`.
    fn unknown(&mut self, name: &str, keys: &[&'static str]) {
        if !name.starts_with("ALLOW") {
            return;
        }
        let key = did_you_mean(name, keys);
        // The name is misspelt, not missing.
        self.has_origins |= key == Some("allow_origins");
        let suggestion = key.map(|key| format!("{}{}", self.prefix, key.to_ascii_uppercase()));
        let message = "is not a variable of a CORS policy";
        self.error(name, ErrorCode::UnknownKey, message, None, suggestion);
    }

    fn error(
        &mut self,
        key: &str,
        code: ErrorCode,
        message: &str,
        value: Option<&str>,
        suggestion: Option<String>,
    ) {
        let name = format!("{}{}", self.prefix, key.to_ascii_uppercase());
        let mut error = ConfigError::new(code, place(name.clone()), message).suggest(suggestion);
        error.value = value.map(excerpt);
        error.variable = Some(name);
        self.errors.push(error);
    }
}

/// The place of an error is the variable, and its items have no numbers there.
fn place(name: String) -> Place {
    Place {
        key: name,
        ..Place::default()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::{Config, DangerouslyAllow};

    fn load(variables: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
        let variables = variables.iter();
        let variables =
            variables.map(|(name, value)| (OsString::from(name), OsString::from(value)));
        from_variables("CORS_", variables).map(|loaded| loaded.config)
    }

    #[test]
    fn policies() {
        #[track_caller]
        fn check(variables: &[(&str, &str)], expected: impl Into<Config>) {
            assert_eq!(load(variables).unwrap(), expected.into());
        }
        check(&[("CORS_ALLOW_ORIGINS", "*")], Grant::new(["*"]));
        let grant = Grant::new(["https://a.b", "null"])
            .allow_methods(["PUT"])
            .allow_headers(["x-a", "x-b"])
            .expose_timing(true)
            .max_age(Duration::from_secs(60));
        let null = DangerouslyAllow::default()
            .null_origin(true)
            .insecure_origins(true);
        check(
            &[
                ("PATH", "/bin"),
                ("CORS_ALLOW_ORIGINS", "https://a.b,\n null https://a.b"),
                ("CORS_ALLOW_METHODS", "PUT,PUT"),
                ("CORS_ALLOW_HEADERS", "x-a,X-A\tx-b"),
                ("CORS_EXPOSE_HEADERS", ""),
                ("CORS_ALLOW_CREDENTIALS", "false"),
                ("CORS_EXPOSE_TIMING", " true"),
                ("CORS_MAX_AGE", "60\n"),
                ("CORS_PREFLIGHT_STATUS", "200"),
                ("CORS_DANGEROUSLY_ALLOW", "null-origin,insecure-origins"),
                ("CORS_MIDDLEWARE", "x"),
                ("cors_allow_x", "x"),
                ("XCORS_ALLOW_X", "x"),
            ],
            Config::new([grant])
                .preflight_status(200)
                .dangerously_allow(null),
        );
        check(
            &[
                ("CORS_ALLOW_ORIGINS", "https://a.b"),
                ("CORS_ALLOW_CREDENTIALS", "true"),
                ("CORS_EXPOSE_HEADERS", "x-a"),
            ],
            Grant::new(["https://a.b"])
                .allow_credentials(true)
                .expose_headers(["x-a"]),
        );
    }

    #[test]
    fn errors_name_their_variables() {
        #[track_caller]
        fn check(variables: &[(&str, &str)], expected: &[&str]) {
            let errors = load(variables).unwrap_err();
            let texts: Vec<_> = errors.iter().map(ToString::to_string).collect();
            assert_eq!(texts, expected);
            for error in &errors {
                assert_eq!(error.variable(), Some(error.key()));
            }
        }
        const ANY: (&str, &str) = ("CORS_ALLOW_ORIGINS", "*");
        const MISSING: &str = "CORS_ALLOW_ORIGINS: has no origins; set it to the allowed origins, or to `*` to allow any origin [missing-origins]";
        check(&[], &[MISSING]);
        check(&[("CORS_ALLOW_ORIGINS", " ,")], &[MISSING]);
        check(
            &[("CORS_ALLOW_ORIGIN", "*")],
            &[
                "CORS_ALLOW_ORIGIN: is not a variable of a CORS policy; did you mean `CORS_ALLOW_ORIGINS`? [unknown-key]",
            ],
        );
        check(
            &[ANY, ("CORS_ALLOW_\u{1b}XYZ_ANY", "x")],
            &["CORS_ALLOW_\\u{1b}XYZ_ANY: is not a variable of a CORS policy [unknown-key]"],
        );
        check(
            &[("CORS_ALLOW_ORIGINS", "https://a.b https://a.b/ ${X}")],
            &[
                "CORS_ALLOW_ORIGINS: holds `${`, and a variable in a variable is not replaced [invalid-variable]",
            ],
        );
        check(
            &[
                ("CORS_ALLOW_ORIGINS", "https://a.b https://a.b/"),
                ("CORS_ALLOW_METHODS", "put"),
                ("CORS_MAX_AGE", "-1"),
                ("CORS_ALLOW_CREDENTIALS", "YES"),
            ],
            &[
                "CORS_ALLOW_CREDENTIALS: `YES` is not `true` or `false`; did you mean `true`? [wrong-type]",
                "CORS_MAX_AGE: `-1` is out of range; use a number of seconds from 0 to 86400 [max-age]",
                "CORS_ALLOW_ORIGINS: `https://a.b/` ends with a slash; browsers send origins without it; did you mean `https://a.b`? [invalid-origin]",
                "CORS_ALLOW_METHODS: `put` is never sent: methods are case-sensitive, and browsers send this one in upper case; did you mean `PUT`? [invalid-method]",
            ],
        );
        check(
            &[
                ANY,
                ("CORS_MAX_AGE", "1h"),
                ("CORS_PREFLIGHT_STATUS", "OK"),
                ("CORS_EXPOSE_TIMING", ""),
                ("CORS_DANGEROUSLY_ALLOW", "null_origin"),
            ],
            &[
                "CORS_MAX_AGE: `1h` is not a number of seconds; did you mean `3600`? [wrong-type]",
                "CORS_EXPOSE_TIMING: `` is not `true` or `false`; did you mean `false`? [wrong-type]",
                "CORS_PREFLIGHT_STATUS: `OK` is not a number [wrong-type]",
                "CORS_DANGEROUSLY_ALLOW: `null_origin` is not one of `insecure-origins`, `public-suffixes`, `null-origin`, `any-host`; did you mean `null-origin`? [unknown-danger]",
            ],
        );
        check(
            &[
                ANY,
                ("CORS_PREFLIGHT_STATUS", "99999"),
                ("CORS_MAX_AGE", &"9".repeat(50)),
            ],
            &[
                "CORS_MAX_AGE: `99999999999999999999999999999999…` is not a number of seconds [wrong-type]",
                "CORS_PREFLIGHT_STATUS: `99999` is not a valid preflight status; use 204, or 200 for old clients [preflight-status]",
            ],
        );
        check(
            &[(
                "CORS_ALLOW_ORIGINS",
                "https://a.example/0123456789-0123456789-0123456789",
            )],
            &[
                "CORS_ALLOW_ORIGINS: `https://a.example/0123456789-012…` has a path, query or fragment; an origin ends after the host and port; did you mean `https://a.example`? [invalid-origin]",
            ],
        );
    }

    #[cfg(unix)]
    #[test]
    fn names_and_values_that_are_not_unicode() {
        let bytes =
            |text: &[u8]| -> OsString { std::os::unix::ffi::OsStringExt::from_vec(text.to_vec()) };
        let variables = [
            (bytes(b"CORS_ALLOW_ORIGINS"), bytes(b"https://a.b\xff")),
            (bytes(b"CORS_ALLOW_XYZ_ANY\xff"), bytes(b"")),
            (bytes(b"CORS_\xff"), bytes(b"")),
        ];
        let errors = from_variables("CORS_", variables.into_iter()).unwrap_err();
        let texts: Vec<_> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "CORS_ALLOW_ORIGINS: holds bytes that are not Unicode [invalid-variable]",
                "CORS_ALLOW_XYZ_ANY\u{fffd}: is not a variable of a CORS policy [unknown-key]",
            ]
        );
    }

    #[test]
    fn any_prefix() {
        let variables = |name: &str| [(OsString::from(name), OsString::from("*"))].into_iter();
        assert!(from_variables("", variables("ALLOW_ORIGINS")).is_ok());
        assert!(from_variables("APP__CORS__", variables("APP__CORS__ALLOW_ORIGINS")).is_ok());
        let errors = from_variables("CORS", variables("CORS_ALLOW_ORIGINS")).unwrap_err();
        assert!(
            errors
                .to_string()
                .contains("CORSALLOW_ORIGINS: has no origins")
        );
    }
}
