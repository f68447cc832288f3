//! What `refuse` refuses: a row for each kind of request.

use cors_core::adapter::{Decision, RequestHead, ResponseHeader};
use cors_core::{Config, ErrorCode, Grant, Part, Policy, RefusalReason, Refuse};

use crate::common::Request;

const APP: &str = "Origin: https://app.example.com";
const COOKIES: &str = "Origin: https://cookies.example.com";
const OTHER: &str = "Origin: https://other.example";
const OWN: &str = "Origin: https://api.example.com";
const HOST: &str = "Host: api.example.com";
const CROSS: &str = "Sec-Fetch-Site: cross-site";
const UPGRADE: &str = "Upgrade: websocket";

/// A grant without credentials, and one with.
fn grants() -> Config {
    Config::new([
        Grant::new(["https://app.example.com"]).allow_methods(["PUT"]),
        Grant::new(["https://cookies.example.com"]).allow_credentials(true),
    ])
}

fn refused(policy: &Policy, lines: &[&str]) -> Option<RefusalReason> {
    let request = lines.join("\n");
    let decision = policy.decide(&Request(request.as_bytes()));
    match decision {
        Decision::Refuse(refusal) => {
            assert_eq!(refusal.status(), 403);
            let names: Vec<_> = policy
                .headers(decision)
                .iter()
                .map(|header| header.name)
                .collect();
            let last = [ResponseHeader::Vary, ResponseHeader::CacheControl];
            assert!(names.ends_with(&last), "{names:?}");
            Some(refusal.reason())
        }
        Decision::Respond(_) | Decision::Forward(_) => None,
    }
}

#[track_caller]
fn check(policy: &Policy, lines: &[&str], expected: Option<RefusalReason>) {
    assert_eq!(refused(policy, lines), expected, "{lines:?}");
}

#[test]
fn websockets() {
    let policy = Policy::new(grants().refuse(Refuse::default().websocket(true))).unwrap();
    let no = Some(RefusalReason::WebSocket);
    check(&policy, &["GET /ws", HOST, OTHER, UPGRADE], no);
    check(&policy, &["GET /ws", HOST, APP, UPGRADE], None);
    check(&policy, &["GET /ws", HOST, COOKIES, UPGRADE], None);
    check(&policy, &["GET /ws", HOST, OWN, UPGRADE], None);
    // A program that is not a browser.
    check(&policy, &["GET /ws", HOST, UPGRADE], None);
    check(&policy, &["GET /ws", HOST, "Origin: null", UPGRADE], no);
    check(&policy, &["GET /ws", HOST, "Origin:", UPGRADE], no);
    check(&policy, &["GET /ws", HOST, APP, APP, UPGRADE], no);
    // Any spelling of the token, and any method.
    for upgrade in [
        "Upgrade: WebSocket",
        "Upgrade: h2c, websocket",
        "Upgrade: websocket/13 , h2c",
        "Upgrade: h2c\nUpgrade: WEBSOCKET",
        "Upgrade:websocket\nConnection: close",
    ] {
        check(&policy, &["GET /ws", HOST, OTHER, upgrade], no);
        check(&policy, &["POST /ws", HOST, OTHER, upgrade], no);
    }
    check(&policy, &["GET /ws", HOST, OTHER, "Upgrade: h2c"], None);
    check(
        &policy,
        &["GET /ws", HOST, OTHER, "Upgrade: websockets"],
        None,
    );
    check(&policy, &["GET /ws", HOST, OTHER], None);
    check(&policy, &["POST /ws", HOST, OTHER], None);
}

#[test]
fn writes() {
    let policy = Policy::new(grants().refuse(Refuse::default().cross_site_writes(true))).unwrap();
    let no = Some(RefusalReason::CrossSiteWrite);
    for method in ["POST", "PUT", "DELETE", "PATCH", "PROPFIND", "get"] {
        let start = format!("{method} /a");
        check(&policy, &[&start, HOST, OTHER], no);
        // Without credentials, a grant does not allow to act as the user.
        check(&policy, &[&start, HOST, APP], no);
        check(&policy, &[&start, HOST, COOKIES], None);
        check(&policy, &[&start, HOST, OWN], None);
        check(&policy, &[&start, HOST], None);
        check(&policy, &[&start, HOST, CROSS], no);
        check(&policy, &[&start, HOST, "Sec-Fetch-Site: none"], None);
        check(&policy, &[&start, HOST, "Origin: null"], no);
    }
    for method in ["GET", "HEAD", "OPTIONS"] {
        check(
            &policy,
            &[&format!("{method} /a"), HOST, OTHER, CROSS],
            None,
        );
    }
    // A preflight is not judged.
    check(
        &policy,
        &[
            "OPTIONS /a",
            HOST,
            OTHER,
            "Access-Control-Request-Method: PUT",
        ],
        None,
    );
}

#[test]
fn unlisted_origins() {
    let policy = Policy::new(grants().refuse(Refuse::default().unlisted_origins(true))).unwrap();
    let no = Some(RefusalReason::UnlistedOrigin);
    for method in ["GET", "POST", "OPTIONS"] {
        let start = format!("{method} /a");
        check(&policy, &[&start, HOST, OTHER], no);
        check(&policy, &[&start, HOST, APP], None);
        check(&policy, &[&start, HOST, APP, CROSS], None);
        check(&policy, &[&start, HOST, OWN], None);
        check(&policy, &[&start, HOST], None);
        // An image, or a form without `Origin`.
        check(&policy, &[&start, HOST, CROSS], no);
        check(&policy, &[&start, HOST, "Sec-Fetch-Site: same-site"], no);
        check(&policy, &[&start, HOST, "Sec-Fetch-Site: none"], None);
        check(
            &policy,
            &[&start, HOST, OTHER, "Sec-Fetch-Site: same-origin"],
            None,
        );
    }
    check(
        &policy,
        &[
            "OPTIONS /a",
            HOST,
            OTHER,
            "Access-Control-Request-Method: PUT",
        ],
        None,
    );
    // A link that is followed.
    let link = ["Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"];
    for (method, expected) in [("GET", None), ("HEAD", None), ("POST", no), ("OPTIONS", no)] {
        check(
            &policy,
            &[&format!("{method} /a"), HOST, CROSS, link[0], link[1]],
            expected,
        );
    }
    check(&policy, &["GET /a", HOST, CROSS, link[0]], no);
    check(
        &policy,
        &["GET /a", HOST, CROSS, link[0], "Sec-Fetch-Dest: iframe"],
        no,
    );
    check(
        &policy,
        &["GET /a", HOST, CROSS, link[0], link[0], link[1]],
        no,
    );
    check(
        &policy,
        &["GET /a", HOST, CROSS, OTHER, link[0], link[1]],
        no,
    );
}

#[test]
fn the_own_origin() {
    let policy = Policy::new(grants().refuse(Refuse::default().unlisted_origins(true))).unwrap();
    let no = Some(RefusalReason::UnlistedOrigin);
    let rows = [
        ("https://api.example.com", "api.example.com", None),
        ("https://api.example.com", "API.Example.Com", None),
        ("https://api.example.com", "api.example.com:443", None),
        ("http://api.example.com", "api.example.com:80", None),
        ("https://api.example.com", "api.example.com:80", no),
        ("https://api.example.com:8443", "api.example.com:8443", None),
        ("https://api.example.com:8443", "api.example.com", no),
        ("http://[::1]:3000", "[::1]:3000", None),
        ("http://127.0.0.1:3000", "localhost:3000", no),
        ("https://evil.example", "api.example.com", no),
        ("app://api.example.com", "api.example.com", no),
        ("null", "null", no),
    ];
    for (origin, host, expected) in rows {
        let lines = [
            "GET /a",
            &format!("Origin: {origin}"),
            &format!("Host: {host}"),
        ];
        check(&policy, &lines, expected);
    }
    check(&policy, &["GET /a", OWN], no);
    check(&policy, &["GET /a", OWN, HOST, HOST], no);
    // Values are compared exactly, and several lines are another site.
    for site in [
        "Same-Origin",
        "",
        "same-origin, same-origin",
        "same-origin\nSec-Fetch-Site: same-origin",
    ] {
        check(
            &policy,
            &["GET /a", HOST, OWN, &format!("Sec-Fetch-Site: {site}")],
            no,
        );
    }
}

#[test]
fn hosts() {
    let refuse = Refuse::default().unlisted_origins(true);
    let config = grants()
        .refuse(refuse)
        .hosts(["api.example.com", "localhost:*"]);
    let policy = Policy::new(config).unwrap();
    let wrong = Some(RefusalReason::Host);
    check(&policy, &["GET /a", HOST], None);
    check(&policy, &["GET /a", "Host: API.example.com:443", APP], None);
    check(&policy, &["GET /a", "Host: localhost:1"], None);
    // DNS rebinding: the page's host is that of the request.
    check(
        &policy,
        &[
            "GET /a",
            "Host: rebound.example",
            "Origin: http://rebound.example",
        ],
        wrong,
    );
    check(
        &policy,
        &[
            "GET /a",
            "Host: rebound.example",
            "Sec-Fetch-Site: same-origin",
        ],
        wrong,
    );
    check(&policy, &["GET /a", "Host: rebound.example", APP], wrong);
    check(
        &policy,
        &[
            "GET /a",
            "Host: rebound.example",
            CROSS,
            "Sec-Fetch-Mode: navigate",
            "Sec-Fetch-Dest: document",
        ],
        wrong,
    );
    check(&policy, &["GET /a"], wrong);
    check(&policy, &["GET /a", HOST, HOST], wrong);
    check(&policy, &["GET /a", "Host: api.example.com:8080"], wrong);
    // `"websocket"` looks at upgrades only, `"cross-site-writes"` at no host.
    let config = grants()
        .refuse(Refuse::default().websocket(true))
        .hosts(["api.example.com"]);
    let policy = Policy::new(config).unwrap();
    check(&policy, &["GET /a", "Host: rebound.example", OTHER], None);
    check(
        &policy,
        &[
            "GET /a",
            "Host: rebound.example",
            "Origin: http://rebound.example",
            UPGRADE,
        ],
        wrong,
    );
    check(&policy, &["GET /a", HOST, APP, UPGRADE], None);
    let config = grants()
        .refuse(Refuse::default().cross_site_writes(true))
        .hosts(["api.example.com"]);
    let policy = Policy::new(config).unwrap();
    check(
        &policy,
        &[
            "POST /a",
            "Host: rebound.example",
            "Origin: http://rebound.example",
        ],
        None,
    );
}

/// A head with the target's authority, or of an extended CONNECT.
struct Http2<'a>(Request<'a>, Option<&'static str>, Option<&'static str>);

impl RequestHead for Http2<'_> {
    fn method(&self) -> &[u8] {
        self.0.method()
    }
    fn authority(&self) -> Option<&[u8]> {
        self.1.map(str::as_bytes)
    }
    fn protocol(&self) -> Option<&[u8]> {
        self.2.map(str::as_bytes)
    }
    fn lines(&self, name: cors_core::adapter::RequestHeader) -> impl Iterator<Item = &[u8]> {
        self.0.lines(name)
    }
}

#[test]
fn the_authority_and_the_protocol_of_http2() {
    let refuse = Refuse::default().websocket(true).unlisted_origins(true);
    let policy = Policy::new(grants().refuse(refuse).hosts(["api.example.com"])).unwrap();
    let check = |lines: &str, authority, protocol, expected| {
        let head = Http2(Request(lines.as_bytes()), authority, protocol);
        assert_eq!(
            policy.decide(&head).refusal(),
            expected,
            "{lines} {authority:?} {protocol:?}"
        );
    };
    let own = Some("api.example.com");
    check(&format!("GET /a\n{OWN}"), own, None, None);
    check(
        &format!("GET /a\nHost: other.example\n{OWN}"),
        own,
        None,
        None,
    );
    check(
        &format!("GET /a\n{HOST}"),
        Some("other.example"),
        None,
        Some(RefusalReason::Host),
    );
    check(
        &format!("CONNECT /a\n{OTHER}"),
        own,
        Some("websocket"),
        Some(RefusalReason::WebSocket),
    );
    check(
        &format!("CONNECT /a\n{OTHER}"),
        own,
        Some("WebSocket"),
        Some(RefusalReason::WebSocket),
    );
    check(&format!("CONNECT /a\n{APP}"), own, Some("websocket"), None);
}

#[test]
fn a_grant_to_everybody_is_no_reason_to_pass() {
    let config = Config::new([Grant::new(["https://app.example.com"]), Grant::new(["*"])]);
    let refuse = Refuse::default().websocket(true).unlisted_origins(true);
    let policy = Policy::new(config.refuse(refuse)).unwrap();
    check(&policy, &["GET /a", HOST, APP], None);
    check(
        &policy,
        &["GET /a", HOST, OTHER],
        Some(RefusalReason::UnlistedOrigin),
    );
    check(
        &policy,
        &["GET /a", HOST, OTHER, UPGRADE],
        Some(RefusalReason::WebSocket),
    );
    // One `*` grant alone: the headers stay on every response, with `Vary`.
    let refuse = Refuse::default().cross_site_writes(true);
    let policy = Policy::new(Config::new([Grant::new(["*"])]).refuse(refuse)).unwrap();
    check(
        &policy,
        &["POST /a", HOST, OTHER],
        Some(RefusalReason::CrossSiteWrite),
    );
    for lines in [
        &["GET /a", HOST][..],
        &["GET /a", OTHER],
        &["POST /a", OTHER],
    ] {
        let request = lines.join("\n");
        let decision = policy.decide(&Request(request.as_bytes()));
        let names = policy.headers(decision).iter().map(|header| header.name);
        let names: Vec<_> = names
            .filter(|name| *name != ResponseHeader::CacheControl)
            .collect();
        assert_eq!(
            names,
            [
                ResponseHeader::AccessControlAllowOrigin,
                ResponseHeader::Vary
            ],
            "{lines:?}"
        );
    }
    let refuse = refuse.report_only(true);
    let policy = Policy::new(Config::new([Grant::new(["*"])]).refuse(refuse)).unwrap();
    let decision = policy.decide(&Request(b"POST /a\nOrigin: https://other.example"));
    assert_eq!(
        policy.headers(decision).len(),
        1,
        "what only reports does not vary"
    );
    assert_eq!(decision.refusal(), Some(RefusalReason::CrossSiteWrite));
}

#[test]
fn parts() {
    let writes = Refuse::default().cross_site_writes(true);
    let config = grants()
        .refuse(writes)
        .route("/inherits", Grant::new(["https://app.example.com"]))
        .route(
            "/own",
            Part::new([Grant::new(["https://app.example.com"])])
                .refuse(Refuse::default().unlisted_origins(true)),
        )
        .route(
            "/nothing",
            Part::new([Grant::new(["*"])]).refuse(Refuse::default()),
        )
        .route(
            "/reports",
            Part::default().refuse(Refuse::default().websocket(true).report_only(true)),
        );
    let policy = Policy::new(config).unwrap();
    let (write, unlisted) = (
        Some(RefusalReason::CrossSiteWrite),
        Some(RefusalReason::UnlistedOrigin),
    );
    check(&policy, &["POST /", HOST, OTHER], write);
    check(&policy, &["POST /inherits", HOST, APP], write);
    check(&policy, &["POST /own", HOST, APP], None);
    check(&policy, &["GET /own", HOST, OTHER], unlisted);
    check(&policy, &["GET /inherits", HOST, OTHER], None);
    check(&policy, &["POST /nothing", HOST, OTHER], None);
    check(&policy, &["GET /reports", HOST, OTHER, UPGRADE], None);
    // An abnormal path: what any part refuses, but not what one reports.
    check(&policy, &["POST /nothing//x", HOST, OTHER], write);
    check(&policy, &["GET /OWN", HOST, APP], unlisted);
    check(&policy, &["GET /reports//x", HOST, OTHER], unlisted);
    check(&policy, &["GET /reports//x", HOST], None);
    check(
        &policy,
        &[
            "OPTIONS /own/../x",
            HOST,
            OTHER,
            "Access-Control-Request-Method: PUT",
        ],
        None,
    );
}

#[test]
fn explanations() {
    let policy = Policy::new(grants().refuse(Refuse::default().cross_site_writes(true))).unwrap();
    let text = |policy: &Policy, lines: &[&str]| {
        policy
            .explain(&Request(lines.join("\n").as_bytes()))
            .to_string()
    };
    assert_eq!(
        text(&policy, &["POST /a", HOST, APP]),
        "origin `https://app.example.com` is in grant[0]; refused by `cross-site-writes`: the request may change \
         something, and is from a page of an origin without a grant with credentials"
    );
    let config = grants().refuse(Refuse::default().unlisted_origins(true).report_only(true));
    assert_eq!(
        text(&Policy::new(config).unwrap(), &["GET /a", HOST, CROSS]),
        "the request has no `Origin`, so it is not a CORS request; `unlisted-origins` only reports it: the request is \
         from a page of an origin that no grant lists"
    );
}

#[test]
fn errors() {
    #[track_caller]
    fn check(toml: &str, expected: &[&str]) {
        let found = match Policy::from_toml(toml) {
            Ok(_) => Vec::new(),
            Err(errors) => errors
                .iter()
                .map(|error| {
                    let location = error.location().unwrap();
                    let suggestion = error
                        .suggestion()
                        .map(|text| format!(" {text}"))
                        .unwrap_or_default();
                    format!(
                        "{}:{} {} [{}]{suggestion}",
                        location.line,
                        location.column,
                        error.path(),
                        error.code()
                    )
                })
                .collect(),
        };
        assert_eq!(found, expected, "{toml}");
    }
    let origins = "allow_origins = ['https://a.b']\n";
    check(
        &format!(
            "{origins}refuse = ['websocket', 'cross-site-writes', 'unlisted-origins']\nrefuse_report_only = true\nhosts = ['a.b', 'localhost:*']"
        ),
        &[],
    );
    check("refuse = ['unlisted-origins']", &[]);
    check(
        "refuse = ['unlisted-origins']\n[[route]]\npath = '/a'\nrefuse = []\nallow_origins = ['*']",
        &[],
    );
    check("[[route]]\npath = '/a'\nrefuse = ['websocket']", &[]);
    check("refuse = []", &["1:1 allow_origins [missing-origins]"]);
    check(
        &format!("{origins}refuse = ['websockets', 1, '${{A}}']\nrefuse_report_only = 'true'"),
        &[
            "2:11 refuse[0] [unknown-refusal] websocket",
            "2:25 refuse[1] [wrong-type]",
            "2:28 refuse[2] [invalid-variable]",
            "3:22 refuse_report_only [wrong-type] true",
        ],
    );
    check(
        &format!("{origins}refuse_report_only = true"),
        &["2:1 refuse_report_only [report-only]"],
    );
    check(
        "refuse = ['websocket', 'unlisted-origins', 'cross-site-writes']\nallow_origins = ['*']",
        &[
            "2:18 allow_origins[0] [refuse-everybody]",
            "2:18 allow_origins[0] [refuse-everybody]",
        ],
    );
    check("refuse = ['cross-site-writes']\nallow_origins = ['*']", &[]);
    // What only reports is checked, too. A route inherits.
    check(
        &format!(
            "{origins}refuse = ['websocket']\nrefuse_report_only = true\n[[route]]\npath = '/a'\nallow_origins = ['*']"
        ),
        &["6:18 route[0].allow_origins[0] [refuse-everybody]"],
    );
    check(
        &format!(
            "{origins}hosts = ['https://a.b', 'a.b', 'A.b', 'a.b', '*', '${{A}}', 'localhost:*']"
        ),
        &[
            "2:10 hosts[0] [invalid-host] a.b",
            "2:32 hosts[2] [invalid-host] a.b",
            "2:39 hosts[3] [duplicate]",
            "2:46 hosts[4] [invalid-host]",
            "2:51 hosts[5] [invalid-variable]",
        ],
    );
    check(
        &format!("{origins}hosts = [1, 'A.b']"),
        &[
            "2:10 hosts[0] [wrong-type]",
            "2:13 hosts[1] [invalid-host] a.b",
        ],
    );
    check(
        &format!("{origins}[[route]]\npath = '/a'\nallow_origins = []\nhosts = ['a.b']"),
        &["5:1 route[0].hosts [unknown-key]"],
    );
    assert_eq!(ErrorCode::RefuseEverybody.as_str(), "refuse-everybody");
}
