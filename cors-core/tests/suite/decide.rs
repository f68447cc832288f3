//! The decisions of policies, one row for each case.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use cors_core::Policy;
use cors_core::adapter::{
    Decision, HeaderSource, RequestHead, RequestHeader, Verdict, is_preflight,
};

use crate::common::Request;

/// A decision as text: `forward` or a status, then a line for each header.
fn answer(policy: &Policy, request: &[u8]) -> String {
    let request = Request(request);
    let decision = policy.decide(&request);
    let mut lines = match decision {
        Decision::Respond(preflight) => vec![preflight.status().to_string()],
        Decision::Refuse(refusal) => vec![refusal.status().to_string()],
        Decision::Forward(_) => vec!["forward".to_owned()],
    };
    for field in policy.headers(decision) {
        let name = field.name.name();
        match &field.value {
            HeaderSource::Constant(value) => lines.push(format!("{name}: {value}")),
            HeaderSource::Echo(header) => lines.extend(
                request
                    .lines(*header)
                    .filter(|line| !line.is_empty())
                    .map(|line| format!("{name}: {}", String::from_utf8_lossy(line))),
            ),
        }
    }
    lines.join("\n")
}

#[track_caller]
fn check(policy: &str, request: &[u8], expected: &[&str]) {
    let policy = Policy::from_toml(policy).unwrap();
    let request_text = String::from_utf8_lossy(request).into_owned();
    assert_eq!(
        answer(&policy, request),
        expected.join("\n"),
        "{request_text}"
    );
}

/// `is_preflight` is true exactly for the requests to which `decide` responds.
#[test]
fn is_preflight_agrees_with_decide() {
    #[track_caller]
    fn check(request: &str, expected: bool) {
        let head = Request(request.as_bytes());
        assert_eq!(is_preflight(&head), expected, "{request}");
        let policy = Policy::from_toml(COOKIES).unwrap();
        let is_answered = matches!(policy.decide(&head), Decision::Respond(_));
        assert_eq!(is_answered, expected, "{request}");
    }
    let origin = "Origin: https://evil.example";
    let asks = "Access-Control-Request-Method: PUT";
    check(&format!("OPTIONS\n{origin}\n{asks}"), true);
    check(
        &format!("OPTIONS\n{asks}\n{origin}\n{asks}\n{origin}"),
        true,
    );
    check("OPTIONS\nOrigin:\nAccess-Control-Request-Method:", true);
    check(&format!("OPTIONS\n{origin}"), false);
    check(&format!("OPTIONS\n{asks}"), false);
    check("OPTIONS", false);
    check(&format!("GET\n{origin}\n{asks}"), false);
    check(&format!("options\n{origin}\n{asks}"), false);
}

const COOKIES: &str = r#"
    allow_origins     = ["https://app.example.com", "https://*.example.org"]
    allow_methods     = ["PUT", "DELETE"]
    allow_headers     = ["content-type", "Authorization"]
    expose_headers    = ["x-request-id", "ETag"]
    allow_credentials = true
    max_age           = 600
"#;

#[test]
fn actual_requests() {
    let granted = &[
        "forward",
        "access-control-allow-origin: https://app.example.com",
        "access-control-allow-credentials: true",
        "access-control-expose-headers: x-request-id, ETag",
        "vary: Origin",
    ];
    let nothing = &["forward", "vary: Origin"];
    check(COOKIES, b"GET\nOrigin: https://app.example.com", granted);
    check(COOKIES, b"POST\norigin: https://app.example.com", granted);
    // Not preflights: one of the three conditions is missing.
    check(
        COOKIES,
        b"OPTIONS\nOrigin: https://app.example.com",
        granted,
    );
    check(
        COOKIES,
        b"OPTIONS\nAccess-Control-Request-Method: PUT",
        nothing,
    );
    check(
        COOKIES,
        b"options\nOrigin: https://app.example.com\nAccess-Control-Request-Method: PUT",
        granted,
    );
    check(
        COOKIES,
        b"GET\nOrigin: https://app.example.com\nAccess-Control-Request-Method: PUT",
        granted,
    );
    // Without a grant, only the headers are missing.
    check(COOKIES, b"GET", nothing);
    check(COOKIES, b"GET\nOrigin: https://evil.example", nothing);
    check(COOKIES, b"GET\nOrigin: null", nothing);
    check(COOKIES, b"GET\nOrigin:", nothing);
    check(COOKIES, b"GET\nOrigin: \xff", nothing);
    check(
        COOKIES,
        b"GET\nOrigin: https://app.example.com\nOrigin: https://app.example.com",
        nothing,
    );
    check(
        COOKIES,
        b"GET\nOrigin: https://app.example.com https://evil.example",
        nothing,
    );
    check(
        COOKIES,
        b"GET\nOrigin: https://app.example.com, https://app.example.com",
        nothing,
    );
}

#[test]
fn preflights() {
    let granted = &[
        "204",
        "access-control-allow-origin: https://x.example.org",
        "access-control-allow-credentials: true",
        "access-control-allow-methods: PUT, DELETE",
        "access-control-allow-headers: content-type, Authorization",
        "access-control-max-age: 600",
        "vary: Origin",
    ];
    let refused = &["403", "vary: Origin"];
    // The whole lists, whatever is requested.
    for asked in [
        "PUT",
        "PATCH",
        "",
        "\nAccess-Control-Request-Headers: x-unlisted",
    ] {
        let request = format!(
            "OPTIONS\nOrigin: https://x.example.org\nAccess-Control-Request-Method: {asked}"
        );
        check(COOKIES, request.as_bytes(), granted);
    }
    for origin in [
        "https://evil.example",
        "null",
        "",
        "https://example.org",
        "x\nOrigin: y",
    ] {
        let request = format!("OPTIONS\nOrigin: {origin}\nAccess-Control-Request-Method: PUT");
        check(COOKIES, request.as_bytes(), refused);
    }
    let status = format!("preflight_status = 200\n{COOKIES}");
    let request = b"OPTIONS\nOrigin: https://x.example.org\nAccess-Control-Request-Method: PUT";
    check(&status, request, &[&["200"], &granted[1..]].concat());
    let request = b"OPTIONS\nOrigin: https://evil.example\nAccess-Control-Request-Method: PUT";
    check(&status, request, refused);
}

#[test]
fn empty_lists_are_left_out() {
    let policy = "allow_origins = ['https://app.example.com']\nmax_age = 0";
    check(
        policy,
        b"OPTIONS\nOrigin: https://app.example.com\nAccess-Control-Request-Method: PUT",
        &[
            "204",
            "access-control-allow-origin: https://app.example.com",
            "access-control-max-age: 0",
            "vary: Origin",
        ],
    );
    check(
        policy,
        b"GET\nOrigin: https://app.example.com",
        &[
            "forward",
            "access-control-allow-origin: https://app.example.com",
            "vary: Origin",
        ],
    );
}

#[test]
fn one_grant_for_any_origin() {
    let policy = r#"
        allow_origins  = ["*"]
        allow_methods  = ["*"]
        allow_headers  = ["*", "authorization"]
        expose_headers = ["*"]
        expose_timing  = true
    "#;
    let same = &[
        "forward",
        "access-control-allow-origin: *",
        "access-control-expose-headers: *",
        "timing-allow-origin: *",
    ];
    check(policy, b"GET\nOrigin: https://app.example.com", same);
    check(policy, b"GET\nOrigin: null", same);
    check(policy, b"GET\nOrigin: nonsense", same);
    check(policy, b"GET", same);
    let granted = &[
        "204",
        "access-control-allow-origin: *",
        "access-control-allow-methods: *",
        "access-control-allow-headers: *, authorization",
        "access-control-max-age: 86400",
    ];
    check(
        policy,
        b"OPTIONS\nOrigin: null\nAccess-Control-Request-Method: PUT",
        granted,
    );
    check(
        policy,
        b"OPTIONS\nOrigin: https://a.b\nAccess-Control-Request-Method: PUT",
        granted,
    );
    check(
        policy,
        b"OPTIONS\nOrigin: nonsense\nAccess-Control-Request-Method: PUT",
        &["403"],
    );
}

#[test]
fn echoes() {
    let policy = r#"
        allow_origins     = ["https://app.example.com"]
        allow_methods     = ["*"]
        allow_headers     = ["*"]
        allow_credentials = true
    "#;
    let common = [
        "204",
        "access-control-allow-origin: https://app.example.com",
        "access-control-allow-credentials: true",
    ];
    let end = [
        "access-control-max-age: 86400",
        "vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
    ];
    let check = |asked: &str, echoed: &[&str]| {
        let request = format!("OPTIONS\nOrigin: https://app.example.com\n{asked}");
        check(
            policy,
            request.as_bytes(),
            &[&common, echoed, &end].concat(),
        );
    };
    check(
        "Access-Control-Request-Method: PURGE\nAccess-Control-Request-Headers: authorization,x-a",
        &[
            "access-control-allow-methods: PURGE",
            "access-control-allow-headers: authorization,x-a",
        ],
    );
    check(
        "Access-Control-Request-Method: PUT",
        &["access-control-allow-methods: PUT"],
    );
    check(
        "Access-Control-Request-Method: PUT\nAccess-Control-Request-Headers:",
        &["access-control-allow-methods: PUT"],
    );
    check(
        "Access-Control-Request-Method: PUT\nAccess-Control-Request-Headers: x-a\nAccess-Control-Request-Headers: x-b",
        &[
            "access-control-allow-methods: PUT",
            "access-control-allow-headers: x-a",
            "access-control-allow-headers: x-b",
        ],
    );
}

#[test]
fn several_grants() {
    let policy = r#"
        [[grant]]
        allow_origins     = ["https://app.example.com"]
        allow_methods     = ["GET", "PUT"]
        allow_credentials = true
        expose_timing     = true

        [[grant]]
        allow_origins = ["*"]
        max_age       = 60
    "#;
    check(
        policy,
        b"GET\nOrigin: https://app.example.com",
        &[
            "forward",
            "access-control-allow-origin: https://app.example.com",
            "access-control-allow-credentials: true",
            "timing-allow-origin: https://app.example.com",
            "vary: Origin",
        ],
    );
    let everybody = &["forward", "access-control-allow-origin: *", "vary: Origin"];
    check(policy, b"GET\nOrigin: https://other.example", everybody);
    check(policy, b"GET\nOrigin: null", everybody);
    check(
        policy,
        b"GET\nOrigin: https://other.example/",
        &["forward", "vary: Origin"],
    );
    check(policy, b"GET", &["forward", "vary: Origin"]);
    check(
        policy,
        b"OPTIONS\nOrigin: https://other.example\nAccess-Control-Request-Method: GET",
        &[
            "204",
            "access-control-allow-origin: *",
            "access-control-max-age: 60",
            "vary: Origin",
        ],
    );
}

#[test]
fn null_by_name() {
    let policy = "allow_origins = ['null']\ndangerously_allow = ['null-origin']";
    check(
        policy,
        b"GET\nOrigin: null",
        &[
            "forward",
            "access-control-allow-origin: null",
            "vary: Origin",
        ],
    );
    check(policy, b"GET\nOrigin: Null", &["forward", "vary: Origin"]);
}

/// An adapter that does not know the path of a request: a policy with routes grants nothing.
#[test]
fn what_an_adapter_does_not_know() {
    struct Head;
    impl RequestHead for Head {
        fn method(&self) -> &[u8] {
            b"GET"
        }
        fn lines(&self, name: RequestHeader) -> impl Iterator<Item = &[u8]> {
            let origin = (name == RequestHeader::Origin).then_some(b"https://a.example".as_slice());
            origin.into_iter()
        }
    }
    assert_eq!(
        (Head.path(), Head.authority(), Head.protocol()),
        (None, None, None)
    );
    let policy =
        "allow_origins = ['https://a.example']\n[[route]]\npath = '/public'\nallow_origins = ['*']";
    let policy = Policy::from_toml(policy).unwrap();
    assert_eq!(policy.decide(&Head).verdict(), Verdict::NoGrant);
}

#[test]
fn headers_say_whether_there_is_a_grant() {
    let policy = Policy::from_toml("allow_origins = ['https://a.example']").unwrap();
    let is_granted = |request: &str| match policy.decide(&Request(request.as_bytes())) {
        Decision::Forward(headers) => headers.is_granted(),
        other => unreachable!("{other:?}"),
    };
    assert!(is_granted("GET\nOrigin: https://a.example"));
    assert!(!is_granted("GET\nOrigin: https://b.example"));
    assert!(!is_granted("GET"));
}
