//! Routes in files.

use cors_core::{ConfigError, Policy};

use crate::config::check;

#[test]
fn valid_routes() {
    const ROUTE: &str = "[[route]]\npath = '/public'\nallow_origins = ['*']\n";
    check(ROUTE, &[]);
    check(&format!("preflight_status = 200\n{ROUTE}"), &[]);
    check(&format!("allow_origins = ['https://a.b']\n{ROUTE}"), &[]);
    check(
        &format!("{ROUTE}[[grant]]\nallow_origins = ['https://a.b']"),
        &[],
    );
    check(
        &format!(
            "preflight_status = 200\ndangerously_allow = ['null-origin']\n[[grant]]\nallow_origins = ['null']\n{ROUTE}"
        ),
        &[],
    );
    // No origin is allowed there; what else is in the route has no effect.
    check("[[route]]\npath = '/'\nallow_origins = []", &[]);
    check(
        "[[route]]\npath = '/'\nallow_origins = []\nallow_methods = ['PUT']",
        &[],
    );
    check(
        "[[route]]\npath = '/realms/{realm}'\n[[route.grant]]\nallow_origins = ['https://a.b']\nallow_credentials = true\n[[route.grant]]\nallow_origins = ['*']",
        &[],
    );
    check(
        "[[route]]\npath = '/a'\ndangerously_allow = ['null-origin']\n[[route.grant]]\nallow_origins = ['null']",
        &[],
    );
    // Each part is checked alone.
    check(
        "allow_origins = ['*']\n[[route]]\npath = '/a'\nallow_origins = ['*']\n[[route]]\npath = '/b'\nallow_origins = ['*']",
        &[],
    );
}

#[test]
fn where_an_error_is() {
    #[track_caller]
    fn check(
        source: &str,
        value: &str,
        expected: (Option<usize>, Option<&str>, &str, Option<usize>),
    ) {
        let errors = Policy::from_toml(source).unwrap_err();
        let [error] = Vec::from_iter(&errors)[..] else {
            panic!("{errors}")
        };
        let grant = error.grant().map(|grant| grant.to_string());
        let found = (error.route(), grant.as_deref(), error.key(), error.index());
        assert_eq!(found, expected);
        assert_eq!(error.value(), Some(value));
    }
    const TOP: &str = "allow_origins = ['*']\n";
    check(
        "allow_origins = ['*']\nmax_age = -1",
        "-1",
        (None, Some("grant[0]"), "max_age", None),
    );
    check(
        &format!("preflight_status = 1\n{TOP}"),
        "1",
        (None, None, "preflight_status", None),
    );
    check(
        "allow_origins = ['*']\nrefuse = ['websocket']",
        "*",
        (None, Some("grant[0]"), "allow_origins", Some(0)),
    );
    let grants = "[[route.grant]]\nallow_origins = ['https://a.b']\n[[route.grant]]\nallow_origins = ['https://c.d', 'https://e.f', 'x']";
    check(
        &format!(
            "{TOP}[[route]]\npath = '/a'\nallow_origins = ['*']\n[[route]]\npath = '/b'\n{grants}"
        ),
        "x",
        (Some(1), Some("route[1].grant[1]"), "allow_origins", Some(2)),
    );
}

#[test]
fn the_text_of_duplicate_routes() {
    #[track_caller]
    fn check(paths: [&str; 2], expected: &str) {
        let routes =
            paths.map(|path| format!("[[route]]\npath = '{path}'\nallow_origins = ['*']\n"));
        let errors = Policy::from_toml(&routes.concat()).unwrap_err();
        let messages: Vec<_> = errors.iter().map(ConfigError::message).collect();
        assert_eq!(messages, [expected]);
    }
    check(["/a", "/a"], "is already the path of route[0]; remove one");
    check(
        ["/a/{b}", "/A/{c}"],
        "is for the same paths as route[0]: the case of letters and the names of segments do not distinguish routes; remove one",
    );
}

#[test]
fn errors_in_routes_come_together() {
    check(
        "max_age = -1\n[[route]]\npath = '/a'\nallow_origins = ['https://a.b/', 1, 'a.b']\nallow_methods = ['put', 'PUT', 'PUT']\n\n[[route]]\npath = 'b'\n[[route.grant]]\nallow_origins = ['https://a.b', 'https://a.b']\n[[route.grant]]\nallow_origins = ['null']\nmax_age = 'x'",
        &[
            "1:1 allow_origins [missing-origins]",
            "1:11 max_age [max-age]",
            "4:18 route[0].allow_origins[0] [invalid-origin] https://a.b",
            "4:34 route[0].allow_origins[1] [wrong-type]",
            "4:37 route[0].allow_origins[2] [invalid-origin] https://a.b",
            "5:18 route[0].allow_methods[0] [invalid-method] PUT",
            "5:32 route[0].allow_methods[2] [duplicate]",
            "8:8 route[1].path [invalid-path] /b",
            "10:33 route[1].grant[0].allow_origins[1] [duplicate]",
            "12:18 route[1].grant[1].allow_origins[0] [null-origin]",
            "13:11 route[1].grant[1].max_age [wrong-type]",
        ],
    );
    check(
        "[[route]]\npath = '/a'\nallow_origins = ['*']\n[[route]]\npath = '/A'\nallow_origins = ['*']",
        &["5:8 route[1].path [duplicate-route]"],
    );
    check(
        "[[route]]\npath = '/a'\n[[route.grant]]\nallow_origins = ['*']\n[[route.grant]]\nallow_origins = ['https://a.b']",
        &["5:1 route[0].grant[1] [unreachable-grant]"],
    );
    // What the top allows is not allowed in a route.
    check(
        "dangerously_allow = ['null-origin']\n[[route]]\npath = '/a'\nallow_origins = ['null']",
        &["4:18 route[0].allow_origins[0] [null-origin]"],
    );
}

#[test]
fn what_a_route_must_have() {
    check(
        "[[route]]\nallow_origins = ['*']",
        &["1:1 route[0] [invalid-path]"],
    );
    check(
        "[[route]]\npath = 1\nallow_origins = ['*']",
        &["2:8 route[0].path [wrong-type]"],
    );
    check(
        "[[route]]\npath = '/a'",
        &["1:1 route[0].allow_origins [missing-origins]"],
    );
    check(
        "[[route]]\n[[route]]\npath = '/a'\nallow_methods = ['put']",
        &[
            "1:1 route[0] [invalid-path]",
            "1:1 route[0].allow_origins [missing-origins]",
            "2:1 route[1].allow_origins [missing-origins]",
            "4:18 route[1].allow_methods[0] [invalid-method] PUT",
        ],
    );
    check(
        "[[route]]\npath = '/a'\ngrant = []",
        &["1:1 route[0].allow_origins [missing-origins]"],
    );
    // In a grant of its own, an empty list is not finished.
    check(
        "[[route]]\npath = '/a'\n[[route.grant]]\nallow_origins = []",
        &["4:17 route[0].allow_origins [missing-origins]"],
    );
    check(
        "[[route]]\npath = '/a'\n[[route.grant]]\nallow_origins = ['*']\n[[route.grant]]\nmax_age = 5",
        &["5:1 route[0].grant[1].allow_origins [missing-origins]"],
    );
    // A value of the wrong type, or a misspelt key, is not missing.
    check(
        "[[route]]\npath = '/a'\nallow_origins = 1",
        &["3:17 route[0].allow_origins [wrong-type]"],
    );
    check(
        "[[route]]\npath = '/a'\nallow_origins = [1]",
        &["3:18 route[0].allow_origins[0] [wrong-type]"],
    );
    check(
        "[[route]]\npath = '/a'\nallow_origin = ['*']",
        &["3:1 route[0].allow_origin [unknown-key] allow_origins"],
    );
    check(
        "[[route]]\npath = '/a'\n[route.grant]\nallow_origins = ['*']",
        &["3:1 route[0].grant [wrong-type]"],
    );
    check("route = []", &["1:1 allow_origins [missing-origins]"]);
    check("route = [1]", &["1:10 route[0] [wrong-type]"]);
    check(
        "[route]\npath = '/a'\nallow_origins = ['*']",
        &["1:1 route [wrong-type]"],
    );
}

#[test]
fn keys_in_the_wrong_place() {
    #[track_caller]
    fn check(source: &str, expected: &[&str]) {
        let errors = Policy::from_toml(source).unwrap_err();
        let found: Vec<_> = errors
            .iter()
            .map(|error| format!("{}: {}", error.path(), error.message()))
            .collect();
        assert_eq!(found, expected, "{source}");
        assert!(errors.iter().all(|error| error.suggestion().is_none()));
    }
    const ROUTE: &str = "[[route]]\npath = '/a'\n";
    check(
        &format!("path = '/b'\n{ROUTE}allow_origins = []"),
        &["path: is a key of a route; write it after a header `[[route]]`"],
    );
    check(
        "[[grant]]\npath = '/b'\nallow_origins = ['*']\nroute = []",
        &[
            "path: is a key of a route; write it after a header `[[route]]`",
            "route: applies to the whole file; move it to the top level",
        ],
    );
    check(
        &format!("{ROUTE}allow_origins = []\npreflight_status = 200\n[[route.route]]"),
        &[
            "route[0].preflight_status: applies to the whole file; move it to the top level",
            "route[0].route: cannot be in another route; write `[[route]]` again, with the whole path",
        ],
    );
    check(
        &format!(
            "{ROUTE}[[route.grant]]\nallow_origins = ['*']\npath = '/b'\ndangerously_allow = []\npreflight_status = 200\ngrant = []"
        ),
        &[
            "route[0].path: applies to the whole route; write it before the first `[[route.grant]]`",
            "route[0].dangerously_allow: applies to the whole route; write it before the first `[[route.grant]]`",
            "route[0].preflight_status: applies to the whole file; move it to the top level",
            "route[0].grant: cannot be in another grant; write `[[route.grant]]` again",
        ],
    );
    check(
        &format!("{ROUTE}max_age = 5\n[[route.grant]]\nallow_origins = ['*']"),
        &[
            "route[0].max_age: cannot be in a route together with `[[route.grant]]`; move it into a grant",
        ],
    );
    check(
        "[route]\npath = '/a'\nallow_origins = ['*']",
        &["route: expected a list of tables, each with the header `[[route]]`, found a table"],
    );
    check(
        "[[route]]\nallow_origins = ['*']",
        &[
            "route[0]: has no `path`; write the path that the route is for, such as `path = \"/public\"`",
        ],
    );
    check(
        ROUTE,
        &[
            "route[0].allow_origins: has no origins; list the allowed origins, or write `[]` to allow none",
        ],
    );
}

#[test]
fn misspelt_keys() {
    check(
        "routes = []\nallow_origins = ['*']",
        &["1:1 routes [unknown-key] route"],
    );
    check(
        "[[route]]\npath = '/a'\nallow-origins = ['*']\npaths = 1\nroutes = 2\ncolour = 3\ngrants = 4",
        &[
            "3:1 route[0].allow-origins [unknown-key] allow_origins",
            "4:1 route[0].paths [unknown-key] path",
            "5:1 route[0].routes [unknown-key]",
            "6:1 route[0].colour [unknown-key]",
            "7:1 route[0].grants [unknown-key] grant",
        ],
    );
}

/// Bounded work: each route is read once.
#[test]
fn many_routes_that_cannot_be_read() {
    const ROUTES: usize = 100_000;
    let source = "[[route]]\nallow_origins = 1\npath = 2\n".repeat(ROUTES);
    let errors = Policy::from_toml(&source).unwrap_err();
    assert_eq!(errors.iter().count(), 2 * ROUTES);
    let last = errors.iter().last().map(ConfigError::path);
    assert_eq!(last.as_deref(), Some("route[99999].path"));
}

#[cfg(feature = "serde")]
mod serde {
    use std::time::Duration;

    use cors_core::{Config, DangerouslyAllow, Grant, Part, Refuse};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn as_json() {
        #[track_caller]
        fn check(config: &Config, expected: &str) {
            let json = serde_json::to_string(config).unwrap();
            assert_eq!(json, expected);
            assert_eq!(serde_json::from_str::<Config>(&json).unwrap(), *config);
        }
        let grant = || Grant::new(["https://a.b"]);
        let config = Config::default();
        check(&config, "{}");
        check(
            &config.route("/a", Part::default()),
            r#"{"route":[{"path":"/a","allow_origins":[]}]}"#,
        );
        let null = DangerouslyAllow::default().null_origin(true);
        let config = Config::from(grant().max_age(Duration::ZERO))
            .route("/a", Part::new([grant()]).dangerously_allow(null))
            .route("/b", vec![grant(), Grant::new(["*"])]);
        check(
            &config,
            r#"{"allow_origins":["https://a.b"],"max_age":0,"route":[{"path":"/a","dangerously_allow":["null-origin"],"allow_origins":["https://a.b"]},{"path":"/b","grant":[{"allow_origins":["https://a.b"]},{"allow_origins":["*"]}]}]}"#,
        );
        assert!(serde_json::from_str::<Policy>(&serde_json::to_string(&config).unwrap()).is_ok());
    }

    fn grant() -> impl Strategy<Value = Grant> {
        let list = || proptest::collection::vec("[a-z*]{0,3}", 0..3);
        (
            list(),
            list(),
            list(),
            list(),
            any::<[bool; 2]>(),
            0..90_000_u64,
        )
            .prop_map(
                |(origins, methods, headers, exposed, [credentials, timing], max_age)| {
                    Grant::new(origins)
                        .allow_methods(methods)
                        .allow_headers(headers)
                        .expose_headers(exposed)
                        .allow_credentials(credentials)
                        .expose_timing(timing)
                        .max_age(Duration::from_secs(max_age))
                },
            )
    }

    fn part() -> impl Strategy<Value = Part> {
        let grants = proptest::collection::vec(grant(), 0..3);
        let flags = any::<([bool; 4], Option<[bool; 4]>)>();
        (grants, flags).prop_map(|(grants, ([insecure, suffixes, null, host], refuse))| {
            let allow = DangerouslyAllow::default()
                .insecure_origins(insecure)
                .public_suffixes(suffixes)
                .null_origin(null)
                .any_host(host);
            let mut part = Part::new(grants).dangerously_allow(allow);
            part.refuse = refuse.map(|[websocket, writes, unlisted, report_only]| {
                Refuse::default()
                    .websocket(websocket)
                    .cross_site_writes(writes)
                    .unlisted_origins(unlisted)
                    .report_only(report_only)
            });
            part
        })
    }

    proptest! {
        /// Every configuration, valid or not, is read as it was written.
        #[test]
        fn what_is_written_is_read(
            top in part(),
            routes in proptest::collection::vec(("[/a-z{}]{0,5}", part()), 0..4),
            status in any::<u16>(),
            hosts in proptest::collection::vec("[a-z.:*]{0,5}", 0..3),
        ) {
            let mut config = Config::new(top.grants)
                .dangerously_allow(top.dangerously_allow)
                .refuse(top.refuse.unwrap_or_default())
                .hosts(hosts)
                .preflight_status(status);
            for (path, part) in routes {
                config = config.route(path, part);
            }
            let json = serde_json::to_string(&config).unwrap();
            prop_assert_eq!(serde_json::from_str::<Config>(&json).unwrap(), config);
        }
    }
}
