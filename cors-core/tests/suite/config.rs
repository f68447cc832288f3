//! Every error in a policy: place, code, suggestion.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::error::Error;
use std::io::ErrorKind;

use cors_core::{
    Config, ConfigError, DangerouslyAllow, ErrorCode, Grant, Policy, document, read_policy,
};

/// `line:column path [code] suggestion` for each error.
pub(crate) fn summary(error: &ConfigError) -> String {
    let location = error.location().unwrap();
    let mut line = format!("{}:{} {}", location.line, location.column, error.path());
    line.push_str(&format!(" [{}]", error.code()));
    if let Some(suggestion) = error.suggestion() {
        line.push_str(&format!(" {suggestion}"));
    }
    line
}

#[track_caller]
pub(crate) fn check(source: &str, expected: &[&str]) {
    let found: Vec<_> = match Policy::from_toml(source) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.iter().map(summary).collect(),
    };
    assert_eq!(found, expected, "{source}");
}

#[test]
fn valid_policies() {
    check("allow_origins = ['*']", &[]);
    check(
        "allow_origins = ['*']\nallow_headers = ['*', 'Authorization']",
        &[],
    );
    check(
        "allow_origins = ['https://a.b']\nallow_credentials = true\nallow_methods = ['*']",
        &[],
    );
    check(
        "allow_origins = ['https://a.b']\nallow_methods = ['patch', 'PURGE', 'GET']",
        &[],
    );
    check(
        "allow_origins = ['https://a.b', 'https://*.b', 'https://*.a.b:*']",
        &[],
    );
    check(
        "allow_origins = ['http://localhost:*', 'http://[::1]:*']\nallow_credentials = true",
        &[],
    );
    check(
        "allow_origins = ['tauri://localhost']\nallow_credentials = true",
        &[],
    );
    check(
        "allow_origins = ['http://a.b', 'https://*.github.io', 'https://*.com']",
        &[],
    );
    check(
        "[[grant]]\nallow_origins = ['https://a.b']\n[[grant]]\nallow_origins = ['*']",
        &[],
    );
    check("[[grant]]\nallow_origins = ['https://a.b']", &[]);
    check(
        "allow_origins = ['*']\nmax_age = 0\npreflight_status = 200\nexpose_timing = true",
        &[],
    );
    check(
        "allow_origins = ['*']\nexpose_headers = ['*']\nmax_age = 86_400",
        &[],
    );
    check(
        "\u{feff}allow_origins = ['*'] # a byte order mark, a comment, and\r\n\r\n",
        &[],
    );
    check(
        "dangerously_allow = ['insecure-origins', 'public-suffixes']\n\
         allow_credentials = true\nallow_origins = ['http://a.b', 'https://*.com', 'https://*.amazonaws.com']",
        &[],
    );
    check(
        "dangerously_allow = ['null-origin']\nallow_origins = ['null']",
        &[],
    );
}

#[test]
fn origins() {
    check("max_age = 5", &["1:1 allow_origins [missing-origins]"]);
    check(
        "allow_origins = []",
        &["1:17 allow_origins [missing-origins]"],
    );
    check(
        "preflight_status = 200",
        &["1:1 allow_origins [missing-origins]"],
    );
    check(
        "allow_origins = [\n  'https://a.b',\n  'https://a.b/',\n  'HTTPS://a.b', 'null'\n]",
        &[
            "3:3 allow_origins[1] [invalid-origin] https://a.b",
            "4:3 allow_origins[2] [invalid-origin] https://a.b",
            "4:18 allow_origins[3] [null-origin]",
        ],
    );
    check(
        "allow_origins = ['*', 'https://a.b']",
        &["1:18 allow_origins[0] [mixed-wildcard-origin]"],
    );
    check(
        "allow_origins = ['https://a.b', 'https://a.b']",
        &["1:33 allow_origins[1] [duplicate]"],
    );
    check(
        "allow_credentials = true\nallow_origins = ['*', 'null', 'http://a.b', 'https://*.co.uk', 'http://10.0.0.1']",
        &[
            "2:18 allow_origins[0] [mixed-wildcard-origin]",
            "2:18 allow_origins[0] [wildcard-origin-with-credentials]",
            "2:23 allow_origins[1] [null-origin-with-credentials]",
            "2:31 allow_origins[2] [insecure-origin] https://a.b",
            "2:45 allow_origins[3] [public-suffix]",
            "2:64 allow_origins[4] [insecure-origin] https://10.0.0.1",
        ],
    );
    check(
        "allow_credentials = true\nallow_origins = ['https://*.amazonaws.com', 'https://*.example.com', 'https://*.windows.net:*']",
        &[
            "2:18 allow_origins[0] [public-suffix]",
            "2:70 allow_origins[2] [public-suffix]",
        ],
    );
    // Below a public suffix: the dot may be missing.
    check(
        "allow_credentials = true\nallow_origins = ['https://*example.com', 'https://*-team.com', 'https://pr-*.com', 'https://*co.uk']",
        &[
            "2:18 allow_origins[0] [public-suffix] https://*.example.com",
            "2:42 allow_origins[1] [public-suffix]",
            "2:64 allow_origins[2] [public-suffix]",
            "2:84 allow_origins[3] [public-suffix]",
        ],
    );
    check(
        "dangerously_allow = ['null-origin']\nallow_credentials = true\nallow_origins = ['null']",
        &["3:18 allow_origins[0] [null-origin-with-credentials]"],
    );
}

/// In Rust code, each opt-in allows its own setting, and no other one.
#[test]
fn opt_ins_of_builders() {
    #[track_caller]
    fn check(set: fn(DangerouslyAllow, bool) -> DangerouslyAllow, grant: Grant) {
        let none = DangerouslyAllow::default();
        let all = none
            .insecure_origins(true)
            .public_suffixes(true)
            .null_origin(true)
            .any_host(true);
        let accepted = [none, set(none, true), set(all, false), all].map(|allow| {
            Policy::new(Config::new([grant.clone()]).dangerously_allow(allow)).is_ok()
        });
        assert_eq!(accepted, [false, true, false, true], "{grant:?}");
    }
    let with_credentials = |origin| Grant::new([origin]).allow_credentials(true);
    check(
        DangerouslyAllow::insecure_origins,
        with_credentials("http://a.example"),
    );
    check(
        DangerouslyAllow::public_suffixes,
        with_credentials("https://*.github.io"),
    );
    check(DangerouslyAllow::null_origin, Grant::new(["null"]));
    check(
        DangerouslyAllow::any_host,
        with_credentials("moz-extension://*"),
    );
}

#[test]
fn methods_and_headers() {
    check(
        "allow_origins = ['*']\nallow_methods = ['put', 'TRACE', 'connect', 'P T', '', 'GET', 'GET', ' DELETE']",
        &[
            "2:18 allow_methods[0] [invalid-method] PUT",
            "2:25 allow_methods[1] [forbidden-method]",
            "2:34 allow_methods[2] [forbidden-method]",
            "2:45 allow_methods[3] [invalid-method]",
            "2:52 allow_methods[4] [invalid-method]",
            "2:63 allow_methods[6] [duplicate]",
            "2:70 allow_methods[7] [invalid-method] DELETE",
        ],
    );
    check(
        "allow_origins = ['*']\nallow_methods = ['*', 'PUT', '*']",
        &[
            "2:23 allow_methods[1] [mixed-wildcard]",
            "2:30 allow_methods[2] [duplicate]",
        ],
    );
    check(
        "allow_origins = ['*']\nallow_headers = ['X-A', 'x-a', 'x a', 'X-B: ', 'Origin', 'cookie', 'Sec-X', 'proxy-a', 'Access-Control-Allow-Origin']",
        &[
            "2:25 allow_headers[1] [duplicate]",
            "2:32 allow_headers[2] [invalid-header]",
            "2:39 allow_headers[3] [invalid-header] X-B",
            "2:48 allow_headers[4] [forbidden-request-header]",
            "2:58 allow_headers[5] [forbidden-request-header]",
            "2:68 allow_headers[6] [forbidden-request-header]",
            "2:77 allow_headers[7] [forbidden-request-header]",
            "2:88 allow_headers[8] [forbidden-request-header]",
        ],
    );
    check(
        "allow_origins = ['*']\nallow_headers = ['*', 'x-a', 'authorization']",
        &["2:23 allow_headers[1] [mixed-wildcard]"],
    );
    check(
        "allow_origins = ['*']\nexpose_headers = ['*', 'ETag']",
        &["2:24 expose_headers[1] [mixed-wildcard]"],
    );
    check(
        "allow_origins = ['*']\nexpose_headers = ['Set-Cookie', 'set-cookie2', 'Access-Control-Max-Age']",
        &[
            "2:19 expose_headers[0] [forbidden-response-header]",
            "2:33 expose_headers[1] [forbidden-response-header]",
            "2:48 expose_headers[2] [forbidden-response-header]",
        ],
    );
    check(
        "allow_origins = ['*']\nexpose_headers = ['X-A:', 'Set-Cookie:', 'Origin: ', 'Cookie:']",
        &[
            "2:19 expose_headers[0] [invalid-header] X-A",
            "2:27 expose_headers[1] [invalid-header]",
            "2:42 expose_headers[2] [invalid-header]",
            // Scripts can read such a response header, although they cannot set the request header.
            "2:54 expose_headers[3] [invalid-header] Cookie",
        ],
    );
    check(
        "allow_origins = ['https://a.b']\nallow_credentials = true\nexpose_headers = ['*']",
        &["3:19 expose_headers[0] [wildcard-expose-with-credentials]"],
    );
}

/// Finding 4 of the red team: a preflight's response of any size was accepted.
#[test]
fn large_headers() {
    #[track_caller]
    fn check(grant: Grant, expected: &[(&str, &str)]) {
        let errors = Policy::new(grant).err();
        let errors = errors.iter().flatten();
        let found: Vec<_> = errors
            .filter(|error| error.code() == ErrorCode::LargeHeaders)
            .map(|error| (error.path(), error.message().to_owned()))
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(path, message)| ((*path).to_owned(), (*message).to_owned()))
            .collect();
        assert_eq!(found, expected);
    }
    let grant = || Grant::new(["https://app.example.com"]);
    let name = |length| ["x".repeat(length)];
    const LIMIT: usize = 65_536;
    let line = |name: &str| name.len() + ": \r\n".len();
    let methods = line("Access-Control-Allow-Methods");
    let headers = line("Access-Control-Allow-Headers");
    let expose = line("Access-Control-Expose-Headers");

    check(grant().allow_headers(name(LIMIT - headers)), &[]);
    check(grant().allow_methods(name(LIMIT - methods)), &[]);
    check(grant().expose_headers(name(LIMIT - expose)), &[]);
    let preflight = "puts 65537 bytes of headers on the response to a preflight, and the limit is 65536; write `[\"*\"]`, or list fewer";
    let actual = "puts 65537 bytes of headers on each actual response, and the limit is 65536";
    let over = LIMIT + 1;
    check(
        grant().allow_headers(name(over - headers)),
        &[("allow_headers", preflight)],
    );
    check(
        grant()
            .allow_methods(name(over - methods))
            .allow_credentials(true),
        &[("allow_methods", preflight)],
    );
    check(
        grant().expose_headers(name(over - expose)),
        &[(
            "expose_headers",
            &format!("{actual}; write `[\"*\"]`, or list fewer"),
        )],
    );
    check(
        grant()
            .expose_headers(name(over - expose))
            .allow_credentials(true),
        &[("expose_headers", &format!("{actual}; list fewer"))],
    );

    // Both lists are on one response; `expose_headers` is on another.
    let half = (LIMIT - methods - headers) / 2;
    let three = |more| {
        grant()
            .allow_methods(name(half))
            .allow_headers(["y".repeat(half - ", z".len() + more), "z".to_owned()])
            .expose_headers(name(half * 2 - 100))
    };
    assert_eq!(methods + headers + half * 2, LIMIT);
    check(three(0), &[]);
    check(three(1), &[("allow_headers", preflight)]);
    // Of two lists of one size, the error names the headers.
    let both = grant()
        .allow_methods(name(half + 1))
        .allow_headers(name(half + 1));
    check(
        both,
        &[("allow_headers", &preflight.replace("65537", "65538"))],
    );

    check(
        grant().allow_headers(name(10_000_000)),
        &[(
            "allow_headers",
            "puts 10000032 bytes of headers on the response to a preflight, and the limit is 65536; write `[\"*\"]`, or list fewer",
        )],
    );
    check(
        grant().allow_headers((0..100_000).map(|number| format!("x-{number:05}"))),
        &[(
            "allow_headers",
            "puts 900030 bytes of headers on the response to a preflight, and the limit is 65536; write `[\"*\"]`, or list fewer",
        )],
    );
    let source = format!(
        "[[grant]]\nallow_origins = ['https://a.b']\n[[grant]]\nallow_origins = ['*']\nallow_headers = ['{}']",
        "x".repeat(LIMIT)
    );
    self::check(&source, &["5:17 grant[1].allow_headers [large-headers]"]);
}

/// In Rust, an age can have a fraction of a second.
#[test]
fn fractions_of_seconds() {
    let age = std::time::Duration::from_millis(1_500);
    let errors = Policy::new(Grant::new(["*"]).max_age(age)).unwrap_err();
    let codes: Vec<_> = errors.iter().map(ConfigError::code).collect();
    assert_eq!(codes, [ErrorCode::MaxAge]);
}

#[test]
fn numbers() {
    let max_age = |value: &str| format!("allow_origins = ['*']\nmax_age = {value}");
    check(&max_age("86401"), &["2:11 max_age [max-age]"]);
    check(&max_age("-1"), &["2:11 max_age [max-age]"]);
    check(
        &max_age("18446744073709551616"),
        &["2:11 max_age [max-age]"],
    );
    check(&max_age(&"9".repeat(60)), &["2:11 max_age [wrong-type]"]);
    check(&max_age("1.5"), &["2:11 max_age [wrong-type]"]);
    check(&max_age("'3600'"), &["2:11 max_age [wrong-type] 3600"]);
    check(&max_age("1979-05-27"), &["2:11 max_age [wrong-type]"]);
    check(&max_age("'1h'"), &["2:11 max_age [wrong-type] 3600"]);
    check(&max_age("'10 minutes'"), &["2:11 max_age [wrong-type] 600"]);
    check(&max_age("' 1d'"), &["2:11 max_age [wrong-type] 86400"]);
    check(&max_age("'2d'"), &["2:11 max_age [wrong-type]"]);
    check(&max_age("'a day'"), &["2:11 max_age [wrong-type]"]);
    check(
        "allow_origins = ['*']\npreflight_status = 404",
        &["2:20 preflight_status [preflight-status]"],
    );
    check(
        "allow_origins = ['*']\npreflight_status = 99999",
        &["2:20 preflight_status [preflight-status]"],
    );
}

#[test]
fn keys_and_types() {
    check(
        "allow-origins = ['*']\nallow_method = []\ncolour = 1",
        &[
            "1:1 allow-origins [unknown-key] allow_origins",
            "2:1 allow_method [unknown-key] allow_methods",
            "3:1 colour [unknown-key]",
        ],
    );
    check(
        "allow_origins = 'https://a.b'\nallow_methods = ['GET', 1, 'put']\nallow_credentials = 'true'",
        &[
            "1:17 allow_origins [wrong-type] [\"https://a.b\"]",
            "2:25 allow_methods[1] [wrong-type]",
            "2:28 allow_methods[2] [invalid-method] PUT",
            "3:21 allow_credentials [wrong-type] true",
        ],
    );
    check(
        "allow_origins = ['*']\nallow_headers = 'content-type, authorization'\nallow_methods = 'PUT DELETE'\nexpose_headers = ' , '",
        &[
            "2:17 allow_headers [wrong-type] [\"content-type\", \"authorization\"]",
            "3:17 allow_methods [wrong-type] [\"PUT\", \"DELETE\"]",
            "4:18 expose_headers [wrong-type]",
        ],
    );
    check(
        "preflight_status = '200'\nallow_origins = ['*']\nallow_credentials = 'yes'",
        &[
            "1:20 preflight_status [wrong-type] 200",
            "3:21 allow_credentials [wrong-type]",
        ],
    );
    check(
        "allow_origins = ['https://a.b']\ncookies = true",
        &["2:1 cookies [unknown-key] allow_credentials"],
    );
    check(
        "dangerously_allow = ['insecure_origin', 'x']\nallow_origins = ['*']",
        &[
            "1:22 dangerously_allow[0] [unknown-danger] insecure-origins",
            "1:41 dangerously_allow[1] [unknown-danger]",
        ],
    );
    check(
        "allow_origins = ['*']\nmax_age = 5\n[[grant]]\nallow_origins = ['*']",
        &[
            "1:1 allow_origins [mixed-forms]",
            "2:1 max_age [mixed-forms]",
        ],
    );
    check(
        "[grant]\nallow_origins = ['*']",
        &["1:1 grant [wrong-type]"],
    );
    check("grant = [1]", &["1:10  [wrong-type]"]);
    check(
        "allow_origin = []\n[[grant]]\nallow_origins = ['https://a.b/']",
        &[
            "1:1 allow_origin [unknown-key] allow_origins",
            "3:18 allow_origins[0] [invalid-origin] https://a.b",
        ],
    );
    check("grant = []", &["1:1 allow_origins [missing-origins]"]);
}

/// The keys that other crates read are those that a file can have.
#[test]
fn listed_keys() {
    #[track_caller]
    fn check(listed: &[&str], expected: &str, table: &str) {
        assert_eq!(listed.join(" "), expected);
        for key in listed {
            let source = format!("{table}{key} = 1.5");
            let errors = Policy::from_toml(&source).unwrap_err();
            let codes: Vec<_> = errors.iter().map(ConfigError::code).collect();
            assert!(!codes.contains(&ErrorCode::UnknownKey), "{key}: {codes:?}");
        }
    }
    check(
        document::file_keys(),
        "preflight_status dangerously_allow refuse refuse_report_only hosts grant route",
        "",
    );
    check(
        document::route_keys(),
        "path dangerously_allow refuse refuse_report_only grant",
        "[[route]]\n",
    );
    let dangers = "insecure-origins public-suffixes null-origin any-host";
    assert_eq!(document::dangers().join(" "), dangers);
}

#[test]
fn several_grants() {
    check(
        "[[grant]]\nallow_origins = ['https://*.a.b']\n\n[[grant]]\nallow_origins = ['https://x.a.b', 'https://*.y.a.b']\n\n[[grant]]\nmax_age = -1\npreflight_status = 200",
        &[
            "4:1 grant[1] [unreachable-grant]",
            "7:1 grant[2].allow_origins [missing-origins]",
            "8:11 grant[2].max_age [max-age]",
            "9:1 grant[2].preflight_status [unknown-key]",
        ],
    );
    check(
        "[[grant]]\nallow_origins = ['https://a.b']\n[[grant]]\nallow_origins = ['https://c.d', 'https://a.b']\n[[grant]]\nallow_origins = ['*']\n[[grant]]\nallow_origins = ['https://e.f']",
        &[
            "4:33 grant[1].allow_origins[1] [duplicate]",
            "7:1 grant[3] [unreachable-grant]",
        ],
    );
}

/// Where a whole grant is unreachable, its origins are not reported one by one.
#[test]
fn unreachable_grants() {
    check(
        "[[grant]]\nallow_origins = ['https://a.b', 'https://c.d']\n[[grant]]\nallow_origins = ['https://c.d']",
        &["3:1 grant[1] [unreachable-grant]"],
    );
    check(
        "[[grant]]\nallow_origins = []\n[[grant]]\nallow_origins = ['https://a.b']",
        &["2:17 grant[0].allow_origins [missing-origins]"],
    );
}

#[test]
fn the_text_of_duplicates() {
    #[track_caller]
    fn check(grants: Vec<Grant>, expected: &str) {
        let errors = Policy::new(grants).unwrap_err();
        let messages: Vec<_> = errors.iter().map(ConfigError::message).collect();
        assert_eq!(messages, [expected]);
    }
    check(
        vec![Grant::new(["https://c.d", "https://a.b", "https://a.b"])],
        "is listed twice, first as allow_origins[1]; remove one",
    );
    check(
        vec![
            Grant::new(["https://e.f"]),
            Grant::new(["https://a.b", "https://a.b"]),
        ],
        "is listed twice, first as allow_origins[0]; remove one",
    );
    check(
        vec![
            Grant::new(["https://e.f"]),
            Grant::new(["https://a.b"]),
            Grant::new(["https://c.d", "https://a.b"]),
        ],
        "is already listed in grant[1], and the first matching grant decides; remove one",
    );
    check(
        vec![Grant::new(["https://a.b"]).allow_headers(["x-a", "x-b", "X-A"])],
        "is listed twice, first as allow_headers[0]; remove one",
    );
}

/// A message says what to write instead.
#[test]
fn the_text_of_messages() {
    #[track_caller]
    fn check(source: &str, expected: &[&str]) {
        let errors = Policy::from_toml(source).unwrap_err();
        let messages: Vec<_> = errors.iter().map(ConfigError::message).collect();
        assert_eq!(messages, expected, "{source}");
    }
    check(
        "allow_origins = [' https://a.b', 'https://c.d ', 'https://*', 'https://*:8443']",
        &[
            "begins with white space",
            "ends with white space",
            "has only a `*` for its host; to allow any origin, write `\"*\"` alone",
            "has only a `*` for its host; to allow any origin, write `\"*\"` alone",
        ],
    );
    check(
        "allow_origins = ['*']\nallow_methods = ['PUT, DELETE', 'P T']\nallow_headers = ['x-a,x-b', 'x a']",
        &[
            "is not a valid method; write each method as an item of its own",
            "is not a valid method",
            "is not a valid header name; write each name as an item of its own",
            "is not a valid header name",
        ],
    );
    check(
        "allow_origins = ['*']\nmax_age = 1.5\npreflight_status = 'x'\nallow_credentials = 99999999999999999999999999999999999999999",
        &[
            "expected an integer (seconds), found a float",
            "expected an integer, found a string",
            "expected `true` or `false`, found an out-of-range integer",
        ],
    );
    check(
        "[[grant]]\nallow_origins = ['*']\ncolour = 1\nhosts = []",
        &[
            "is not a key of a CORS policy",
            "applies to the whole file; move it to the top level",
        ],
    );
}

#[test]
fn shadowed_origins() {
    check(
        "[[grant]]\nallow_origins = ['https://*.a.com', 'https://b.a.com']\n[[grant]]\nallow_origins = ['https://c.a.com', 'https://other.com']",
        &["4:18 grant[1].allow_origins[0] [shadowed]"],
    );
}

/// Errors in a suggestion are reported together with the error that it is for.
#[test]
fn errors_in_suggestions() {
    check(
        "allow_credentials = true\nallow_origins = ['http://a.com/', 'https://*.github.io/']",
        &[
            "2:18 allow_origins[0] [invalid-origin] http://a.com",
            "2:18 allow_origins[0] [insecure-origin] https://a.com",
            "2:35 allow_origins[1] [invalid-origin] https://*.github.io",
            "2:35 allow_origins[1] [public-suffix]",
        ],
    );
    check(
        "allow_origins = ['*']\nallow_headers = ['Cookie:']\nallow_methods = [' trace']",
        &[
            "2:18 allow_headers[0] [invalid-header]",
            "3:18 allow_methods[0] [invalid-method]",
        ],
    );
    check(
        "allow_origins = 'a\"b'",
        &["1:17 allow_origins [wrong-type]"],
    );
}

#[test]
fn syntax() {
    // A byte order mark is not a character of the first line, but one of any other text.
    check(
        "\u{feff}allow_origins = ['\u{feff}', 'x']",
        &[
            "1:18 allow_origins[0] [invalid-origin]",
            "1:23 allow_origins[1] [invalid-origin] https://x",
        ],
    );
    check("allow_origins = [", &["1:18  [syntax]"]);
    check(
        "\u{feff}allow_origins = ['https://a.com/']",
        &["1:18 allow_origins[0] [invalid-origin] https://a.com"],
    );
    check(
        "allow_origins = ['*']\nallow_origins = ['*']",
        &["2:1  [syntax]"],
    );
}

#[test]
fn the_text_of_errors() {
    let errors =
        Policy::from_toml("allow_origins = [\"https://example.com/\"]\nallow_credentials = yes");
    let text = errors.unwrap_err().to_string();
    assert!(
        text.starts_with("1 error in the CORS policy\n  2:21: the file is not valid TOML: "),
        "{text}"
    );

    // A text from outside is escaped and shortened.
    let source = format!(r#"allow_origins = ["\u001b[2J{}"]"#, "a".repeat(1000));
    let text = Policy::from_toml(&source).unwrap_err().to_string();
    assert!(text.contains(r"`\u{1b}[2Jaaa"), "{text}");
    assert!(text.len() < 400, "{text}");
    let source = format!(
        "\"\\u001b[31m\\u202e{}\" = 3\nallow_origins = 'x'",
        "k".repeat(3000)
    );
    let text = Policy::from_toml(&source).unwrap_err().to_string();
    assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
    assert!(text.len() < 600, "{text}");

    let errors = Policy::new(vec![Grant::new(["https://a.b"]), Grant::new(["a.b"])]).unwrap_err();
    assert_eq!(
        errors.to_string(),
        "1 error in the CORS policy\n  \
         grant[1].allow_origins[0]: `a.b` has no scheme; did you mean `https://a.b`? [invalid-origin]"
    );
}

#[test]
fn files() {
    let folder = tempfile::tempdir().unwrap();
    let check = |name: &str, content: Option<&[u8]>, expected: &str| {
        let path = folder.path().join(name);
        if let Some(content) = content {
            std::fs::write(&path, content).unwrap();
        }
        let error = Policy::from_file(&path).unwrap_err();
        assert_eq!(error.path(), path);
        let text = error.to_string();
        let text = text.replace(&*path.to_string_lossy(), "FILE");
        assert!(text.starts_with(expected), "{text}");
        prints_everything_once(&error);
    };
    check("absent.toml", None, "FILE: cannot be read: ");
    check("", None, "FILE: cannot be read: ");
    check("empty.toml", Some(b""), "FILE: is empty");
    check("blank.toml", Some(b" \n\t\n"), "FILE: is empty");
    check("bom.toml", Some(b"\xef\xbb\xbf"), "FILE: is empty");
    check(
        "latin1.toml",
        Some(b"# caf\xe9"),
        "FILE: is not UTF-8 at byte 5",
    );
    check(
        "wrong.toml",
        Some(b"max_age = -1\nallow_origins = ['a.b', 'x']"),
        "FILE: 3 errors in the CORS policy\n\
         FILE:1:11: max_age: `-1` is out of range; use a number of seconds from 0 to 86400 [max-age]\n\
         FILE:2:18: allow_origins[0]: `a.b` has no scheme; did you mean `https://a.b`? [invalid-origin]\n\
         FILE:2:25: ",
    );
}

#[test]
fn large_files() {
    const MOST: u64 = 256 * 1024 * 1024;
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_len(MOST).unwrap();
    let source = read_policy(file.path()).unwrap();
    assert_eq!(source.len() as u64, MOST);
    file.as_file().set_len(MOST + 1).unwrap();
    let text = read_policy(file.path()).unwrap_err().to_string();
    assert!(text.ends_with(": is larger than 256 MiB"), "{text}");
}

#[test]
fn what_main_and_chains_of_sources_print() {
    for source in [
        "",
        "max_age = -1",
        "allow_origins = ['a.b', 'x', 'https://a.b']",
    ] {
        prints_everything_once(&Policy::from_toml(source).unwrap_err());
    }
    let grants = vec![Grant::new(["a.b"]), Grant::new(["https://a.b/"])];
    prints_everything_once(&Policy::new(grants).unwrap_err());
}

/// `main` prints the `Debug` of an error; others print its `Display` and then that of each source.
#[track_caller]
fn prints_everything_once(error: &dyn Error) {
    let text = error.to_string();
    assert_eq!(format!("{error:?}"), text);
    assert_eq!(format!("{error:#?}"), text);
    let mut source = error.source();
    while let Some(inner) = source {
        assert!(!text.contains(&inner.to_string()), "{text}: {inner}");
        source = inner.source();
    }
}

#[test]
fn the_error_of_the_system() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cors.toml");
    let error = Policy::from_file(&path).unwrap_err();
    assert_eq!(error.io_error().unwrap().kind(), ErrorKind::NotFound);
    assert!(error.errors().is_none());
    std::fs::write(&path, "max_age = -1").unwrap();
    let error = Policy::from_file(&path).unwrap_err();
    assert!(error.io_error().is_none());
    assert!(error.errors().is_some());
}

/// Red team, finding 6: the name of a file reaches terminals and logs, too.
#[test]
fn the_name_of_a_file_does_not_act_on_a_terminal() {
    let error = Policy::from_file("no/\u{1b}[2J\u{9b}\u{202e}\n.toml").unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with(r"no/\u{1b}[2J\u{9b}\u{202e}\n.toml: cannot be read: "),
        "{error}"
    );
}

#[cfg(feature = "serde")]
mod serde {
    use ::serde::Deserialize as _;
    use ::serde::de::value::{BytesDeserializer, Error as ValueError};
    use cors_core::Config;

    use super::*;

    #[test]
    fn json_round_trip() {
        let one = Grant::new(["https://a.b"])
            .allow_methods(["PUT"])
            .allow_headers(["x-a"])
            .expose_headers(["x-b"])
            .allow_credentials(true)
            .max_age(std::time::Duration::from_secs(60))
            .expose_timing(true);
        for mut config in [
            Config::from(one.clone()),
            vec![one, Grant::new(["*"])].into(),
        ] {
            for dangerous in [false, true] {
                config.dangerously_allow.null_origin = dangerous;
                config.dangerously_allow.insecure_origins = dangerous;
                config.dangerously_allow.public_suffixes = dangerous;
                config.preflight_status = if dangerous { 200 } else { 204 };
                let json = serde_json::to_string(&config).unwrap();
                assert_eq!(
                    serde_json::from_str::<Config>(&json).unwrap(),
                    config,
                    "{json}"
                );
                assert!(serde_json::from_str::<Policy>(&json).is_ok(), "{json}");
            }
        }
    }

    #[test]
    fn json_errors_come_together() {
        let json = r#"{"allow_origins": ["a.b", 1], "max_age": -1, "colour": null}"#;
        let text = serde_json::from_str::<Policy>(json)
            .unwrap_err()
            .to_string();
        for code in ["invalid-origin", "wrong-type", "max-age", "unknown-key"] {
            assert!(text.contains(code), "{text}");
        }
        let text = serde_json::from_str::<Policy>("[]")
            .unwrap_err()
            .to_string();
        assert!(text.contains("expected a table, found a list"), "{text}");
        let bytes = BytesDeserializer::<ValueError>::new(b"[]");
        let text = Policy::deserialize(bytes).unwrap_err().to_string();
        assert!(text.ends_with("expected a CORS policy"), "{text}");
        let json = r#"{"max_age": 1, "max_age": 2}"#;
        let text = serde_json::from_str::<Config>(json)
            .unwrap_err()
            .to_string();
        assert!(text.contains("duplicate key `max_age`"), "{text}");
        let json = r#"{"a\u009b": 1, "a\u009b": 2}"#;
        let text = serde_json::from_str::<Config>(json)
            .unwrap_err()
            .to_string();
        assert!(text.contains(r"duplicate key `a\u{9b}`"), "{text}");
    }

    /// Finding 8 of the red team: a format without a limit of its own overflowed the stack.
    #[test]
    fn nesting_has_a_limit() {
        #[track_caller]
        fn check(json: &str, expected: &str) {
            let mut reader = serde_json::Deserializer::from_str(json);
            reader.disable_recursion_limit();
            let policy = Policy::deserialize(&mut reader).unwrap_err().to_string();
            assert!(policy.contains(expected), "{policy}");
            let mut reader = serde_json::Deserializer::from_str(json);
            reader.disable_recursion_limit();
            let config = Config::deserialize(&mut reader).unwrap_err().to_string();
            assert!(config.contains(expected), "{config}");
        }
        let lists = |depth| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        let tables = |depth| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        let nested = "nested more than 32 levels deep";
        // The deepest that is read: its errors are reported as usual.
        check(&lists(32), "expected a table, found a list");
        check(&tables(32), "is not a key of a CORS policy");
        check(&lists(33), nested);
        check(&tables(33), nested);
        for depth in [10_000, 1_000_000] {
            check(&lists(depth), nested);
            check(&tables(depth), nested);
            check(&"[".repeat(depth), nested);
        }
    }
}

/// If each pattern were compared with each, this would take hours.
#[test]
fn many_wildcards_in_several_grants() {
    let grant = |name: &str| {
        let origins = (0..100_000).map(|number| format!("https://*.{name}-{number}.example:*"));
        Grant::new(origins)
    };
    Policy::new(vec![grant("a"), grant("b")]).unwrap();
    let errors = Policy::new(vec![grant("a"), grant("a")]).unwrap_err();
    let codes: Vec<_> = errors.iter().map(ConfigError::code).collect();
    assert_eq!(codes, [ErrorCode::UnreachableGrant]);
}

/// Finding 7 of the red team: if each error were compared with each, this would take hours.
#[test]
fn many_grants_that_cannot_be_read() {
    const GRANTS: usize = 200_000;
    let source = "[[grant]]\nallow_origins = 1\n".repeat(GRANTS);
    let errors = Policy::from_toml(&source).unwrap_err();
    assert!(
        errors
            .iter()
            .all(|error| error.code() == ErrorCode::WrongType)
    );
    assert_eq!(errors.iter().count(), GRANTS);
}

#[test]
fn an_item_among_those_that_cannot_be_read() {
    check(
        "[[grant]]\nallow_origins = [1, 'https://a.b/', 2, 'https://c.d/']\n[[grant]]\nallow_origins = [3, 'https://e.f/']",
        &[
            "2:18 grant[0].allow_origins[0] [wrong-type]",
            "2:21 grant[0].allow_origins[1] [invalid-origin] https://a.b",
            "2:37 grant[0].allow_origins[2] [wrong-type]",
            "2:40 grant[0].allow_origins[3] [invalid-origin] https://c.d",
            "4:18 grant[1].allow_origins[0] [wrong-type]",
            "4:21 grant[1].allow_origins[1] [invalid-origin] https://e.f",
        ],
    );
}
