use cors_browser_model::{Headers, SentRequest};

use super::*;

const LIST: &str = "allow_origins = ['https://a.example']\nallow_methods = ['PUT']\nallow_headers = ['x-a']\n\
                    expose_headers = ['x-b']\nallow_credentials = true\n";
const ANY: &str = "allow_origins = ['*']\nallow_methods = ['PUT']";
const OTHER: &str = "allow_origins = ['https://b.example']\nallow_methods = ['PUT']";

const ORIGIN: (&str, &str) = (ALLOW_ORIGIN, "https://a.example");
const EVERYBODY: (&str, &str) = (ALLOW_ORIGIN, "*");
const CREDENTIALS: (&str, &str) = (ALLOW_CREDENTIALS, "true");
const METHODS: (&str, &str) = ("Access-Control-Allow-Methods", "GET, PUT");
const VARY: (&str, &str) = ("Vary", "Origin");
const NGINX: (&str, &str) = ("Server", "nginx/1.22.1");

type Lines = &'static [(&'static str, &'static str)];

/// A response of a server.
enum Got {
    /// The policy's, to an application that responds with this status.
    Policy(u16),
    /// The policy's, and these lines.
    And(u16, Lines),
    /// The policy's without `Access-Control-*`.
    Bare(u16, Lines),
    /// Something else.
    Else(u16, Lines),
}
use Got::{And, Bare, Else, Policy as By};

/// The exchange of a request that needs a preflight.
fn exchange(policy: &Policy, kind: Kind, got: &Got) -> Exchange {
    let preflight = [
        ("Origin", "https://a.example"),
        ("Access-Control-Request-Method", "PUT"),
    ];
    let (method, lines) = match kind {
        Kind::Preflight => ("OPTIONS", &preflight[..]),
        Kind::Actual => ("PUT", &preflight[..1]),
    };
    let sent = SentRequest {
        method: method.to_owned(),
        url: Url::parse("https://api.example.com/").unwrap(),
        headers: lines.iter().copied().collect(),
        credentials: false,
    };
    let answer = PolicyAnswer::new(policy, &sent);
    let with = |status, lines: Lines, mut headers: Headers| {
        for (name, value) in lines {
            headers.append(name, value);
        }
        Response::new(answer.status.unwrap_or(status), headers)
    };
    let response = match *got {
        By(status) => with(status, &[], answer.headers.clone()),
        And(status, lines) => with(status, lines, answer.headers.clone()),
        Bare(status, lines) => {
            let vary = answer.headers.get("Vary");
            let vary = vary.map(|vary| ("Vary", String::from_utf8(vary).unwrap()));
            let bare = with(status, lines, vary.into_iter().collect());
            Response { status, ..bare }
        }
        Else(status, lines) => Response::new(status, lines.iter().copied().collect::<Headers>()),
    };
    Exchange {
        kind,
        causes: Vec::new(),
        preflight_cached: false,
        sent,
        response: Some(response),
        checks: Vec::new(),
    }
}

/// The fault with a preflight, if there is one, and an actual response.
fn found(policy: &str, preflight: Option<&Got>, actual: Option<&Got>) -> Option<Finding> {
    let policy = Policy::from_toml(policy).unwrap();
    let preflight = preflight.map(|got| exchange(&policy, Kind::Preflight, got));
    let actual = actual.map(|got| exchange(&policy, Kind::Actual, got));
    let exchanges: Vec<_> = preflight.into_iter().chain(actual).collect();
    fault(&policy, &exchanges)
}

#[track_caller]
fn check(policy: &str, preflight: Option<Got>, actual: Option<Got>, expected: Option<&str>) {
    let found = found(policy, preflight.as_ref(), actual.as_ref());
    assert_eq!(found.as_ref().map(|it| it.code), expected, "{found:?}");
    let is_explained = found.is_none_or(|it| crate::codes::find(it.code).is_some());
    assert!(is_explained, "{expected:?}");
}

#[test]
fn a_right_deployment() {
    for policy in [LIST, ANY, OTHER] {
        for status in [200, 304, 401, 404, 413, 500, 502, 503] {
            check(policy, None, Some(By(status)), None);
            check(policy, Some(By(204)), Some(By(status)), None);
            // nginx in front of it.
            check(policy, None, Some(And(status, &[NGINX])), None);
            let compressed: Lines = &[NGINX, ("Vary", "Accept-Encoding")];
            check(
                policy,
                Some(And(204, compressed)),
                Some(And(status, compressed)),
                None,
            );
        }
        check(policy, Some(By(204)), None, None);
    }
    check(LIST, None, None, None);
}

/// The server has another version of the policy, and applies it to everything.
#[test]
fn another_version_of_the_policy() {
    const ECHO: &str = "allow_origins = ['https://a.example']\nallow_methods = ['*']\nallow_headers = ['*']\n\
                        allow_credentials = true\n";
    const STATUS: &str = "allow_origins = ['https://a.example']\nallow_methods = ['GET', 'PUT', 'PATCH']\nmax_age = 5\n\
                          expose_headers = ['x-b']\nallow_credentials = true\npreflight_status = 200\n";
    const ROUTE: &str = "[[route]]\npath = '/a'\nallow_origins = ['https://a.example']\nallow_methods = ['PUT']\n\
                         allow_credentials = true\n";
    const ROUTES: &str = "[[route]]\npath = '/a'\nallow_origins = ['https://a.example']\nallow_methods = ['PUT']\n\
                          allow_credentials = true\n\
                          [[route]]\npath = '/b'\nallow_origins = ['https://a.example']\n";
    const REFUSING: &str = "allow_origins = ['https://b.example']\nrefuse = ['unlisted-origins']\n\
                            hosts = ['api.example.com']";
    let all = [LIST, ANY, OTHER, ECHO, STATUS, ROUTE, ROUTES, REFUSING];
    for old in all {
        for new in all {
            let [old, new] = [old, new].map(|text| Policy::from_toml(text).unwrap());
            for status in [200, 307, 404, 503] {
                let rows = [
                    ("/a", Kind::Preflight),
                    ("/a", Kind::Actual),
                    ("/b", Kind::Preflight),
                    ("/b", Kind::Actual),
                ];
                let exchanges = rows.map(|(path, kind)| {
                    let mut exchange = exchange(&old, kind, &By(status));
                    exchange.sent.url.set_path(path);
                    let answer = PolicyAnswer::new(&old, &exchange.sent);
                    let status = answer.status.unwrap_or(status);
                    exchange.response = Some(Response::new(status, answer.headers));
                    exchange
                });
                // Another version may refuse nothing; and a refusal looks like the version's response with status 403.
                let refuses = |policy: &Policy| {
                    let actual = PolicyAnswer::new(policy, &exchanges[1].sent);
                    actual.status.is_some()
                };
                // Without the headers, 503 may be the gateway's own.
                let has_cors = |exchange: &Exchange| {
                    let response = exchange.response.as_ref();
                    response.is_some_and(|it| it.headers.contains(ALLOW_ORIGIN))
                };
                let is_named =
                    refuses(&new) && !refuses(&old) && (status != 503 || has_cors(&exchanges[1]));
                let expected = is_named.then_some("not-refused");
                // A simple request without a preflight, and with a redirect.
                for part in [&exchanges[..], &exchanges[1..2], &exchanges[..2]] {
                    let found = fault(&new, part).map(|it| it.code);
                    assert_eq!(found, expected, "{old:?} {new:?} {part:?}");
                }
                let [_, first, _, second] = &exchanges;
                let found = fault(&new, [first, second]).map(|it| it.code);
                assert_eq!(found, expected, "{old:?} {new:?}");
            }
        }
    }
}

#[test]
fn two_writers() {
    const TWO: Option<&str> = Some("second-writer");
    // Two lines, or one line with a comma.
    check(LIST, None, Some(And(200, &[EVERYBODY])), TWO);
    check(LIST, None, Some(And(200, &[ORIGIN])), TWO);
    check(
        LIST,
        None,
        Some(And(200, &[(ALLOW_ORIGIN, "https://b.example")])),
        TWO,
    );
    check(LIST, None, Some(And(502, &[NGINX, EVERYBODY])), TWO);
    check(LIST, Some(And(204, &[EVERYBODY])), None, TWO);
    check(
        LIST,
        Some(By(204)),
        Some(And(200, &[CREDENTIALS, NGINX])),
        TWO,
    );
    check(ANY, None, Some(And(200, &[EVERYBODY])), TWO);
    check(ANY, None, Some(And(200, &[ORIGIN])), TWO);
    let joined: Lines = &[(ALLOW_ORIGIN, "https://a.example, *"), CREDENTIALS];
    check(LIST, None, Some(Else(200, joined)), TWO);
    let joined: Lines = &[(ALLOW_ORIGIN, "https://b.example,https://a.example"), VARY];
    check(LIST, None, Some(Else(200, joined)), TWO);
    let joined: Lines = &[ORIGIN, (ALLOW_CREDENTIALS, "true, true")];
    check(LIST, None, Some(Else(200, joined)), TWO);
    // The gateway responds to the preflight, too: that follows.
    check(
        LIST,
        Some(Else(204, &[EVERYBODY, METHODS])),
        Some(And(200, &[EVERYBODY])),
        TWO,
    );

    // One writer, who lists all origins.
    let list: Lines = &[(ALLOW_ORIGIN, "https://a.example, https://b.example")];
    check(LIST, None, Some(Else(200, list)), None);
    // Neither value is the policy's.
    let others: Lines = &[EVERYBODY, EVERYBODY, VARY];
    check(LIST, None, Some(Else(200, others)), None);
    check(OTHER, None, Some(And(200, &[ORIGIN, EVERYBODY])), None);
    // One value, which is not the policy's.
    check(
        LIST,
        None,
        Some(Else(200, &[EVERYBODY, CREDENTIALS, VARY])),
        None,
    );
    check(ANY, None, Some(And(200, &[CREDENTIALS, CREDENTIALS])), None);
}

#[test]
fn errors_of_the_gateway() {
    const ERROR: Option<&str> = Some("gateway-error");
    for status in [400, 408, 413, 414, 429, 431, 502, 503, 504] {
        for policy in [LIST, ANY] {
            // The preflight shows that the policy is applied.
            check(policy, Some(By(204)), Some(Else(status, &[])), ERROR);
            // `Server` shows who responded.
            check(policy, None, Some(Else(status, &[NGINX])), ERROR);
            check(policy, Some(Else(status, &[NGINX])), None, ERROR);
            check(
                policy,
                None,
                Some(Else(status, &[("Server", "envoy")])),
                ERROR,
            );
        }
        // 502 and 504 are of gateways only. Other errors may be the application's, without the policy.
        let expected = ERROR.filter(|_| matches!(status, 502 | 504));
        check(LIST, None, Some(Else(status, &[])), expected);
        check(LIST, Some(Else(status, &[])), None, expected);
        check(
            LIST,
            None,
            Some(Else(status, &[("Server", "hyper")])),
            expected,
        );
        // The origin has no grant, so nothing follows for the page.
        check(OTHER, None, Some(Else(status, &[NGINX])), None);
        check(OTHER, Some(Else(status, &[NGINX])), None, None);
        // The headers of another writer.
        check(
            LIST,
            Some(By(204)),
            Some(Else(status, &[NGINX, EVERYBODY])),
            None,
        );
    }
    // Before the gateway has read `Origin`, it writes `Vary` alone.
    for status in [400, 414, 431] {
        check(LIST, Some(By(204)), Some(Bare(status, &[NGINX])), ERROR);
    }
    check(LIST, None, Some(Bare(414, &[NGINX])), ERROR);
    // Perhaps the application's, to which `Origin` was not forwarded.
    check(LIST, None, Some(Bare(400, &[NGINX])), None);
    check(LIST, None, Some(Bare(503, &[NGINX])), None);
}

#[test]
fn how_sure_it_is() {
    #[track_caller]
    fn check(preflight: Option<Got>, status: u16, lines: Lines, part: &str) {
        let found = found(LIST, preflight.as_ref(), Some(&Else(status, lines))).unwrap();
        assert!(found.message.contains(part), "{found:?}");
        let is_named = found.message.contains("`Server: nginx/1.22.1` names");
        assert_eq!(is_named, lines.contains(&NGINX), "{found:?}");
    }
    let proved = "another response is the policy's";
    check(Some(By(204)), 413, &[NGINX], proved);
    check(Some(By(204)), 413, &[], proved);
    let only = "a gateway sends this status when the application does not respond";
    check(None, 502, &[NGINX], only);
    check(None, 504, &[], only);
    check(None, 413, &[NGINX], "it is perhaps the gateway's own");
}

#[test]
fn a_long_name_of_a_gateway_is_cut() {
    let long = "nginx ".repeat(1_000);
    let response = Response::new(502, [("Server", &*long)]);
    let name = gateway_name(&response).unwrap();
    assert!(
        name.starts_with("nginx nginx") && name.len() < 200,
        "{name}"
    );
    let response = Response::new(502, [("Server", "nginxlike/1")]);
    assert_eq!(gateway_name(&response), None);
}

#[test]
fn headers_that_are_dropped() {
    const DROPPED: Option<&str> = Some("headers-dropped");
    for policy in [LIST, ANY] {
        for status in [200, 304, 307, 401, 404, 500] {
            check(policy, Some(By(204)), Some(Else(status, &[])), DROPPED);
            check(policy, Some(By(204)), Some(Else(status, &[NGINX])), DROPPED);
            let compressed: Lines = &[("Vary", "Accept-Encoding")];
            check(
                policy,
                Some(By(204)),
                Some(Else(status, compressed)),
                DROPPED,
            );
            // The application behind the gateway has written `Vary`, or an outer layer removed the rest.
            check(policy, Some(By(204)), Some(Bare(status, &[])), DROPPED);
            // Nothing shows that the policy is applied.
            check(policy, None, Some(Else(status, &[NGINX])), None);
            check(
                policy,
                Some(Else(200, &[ORIGIN, METHODS])),
                Some(Else(status, &[])),
                None,
            );
        }
    }
    check(OTHER, Some(By(403)), Some(Else(200, &[])), None);

    let policy = Policy::from_toml(LIST).unwrap();
    // After a redirect.
    let exchanges = [By(307), Else(200, &[])].map(|got| exchange(&policy, Kind::Actual, &got));
    assert_eq!(fault(&policy, &exchanges).map(|it| it.code), DROPPED);

    let redirected = [
        exchange(&policy, Kind::Actual, &By(307)),
        exchange(&policy, Kind::Preflight, &Else(405, &[])),
    ];
    assert_eq!(fault(&policy, &redirected).map(|it| it.code), DROPPED);

    let help = |status| {
        let found = found(LIST, Some(&By(204)), Some(&Else(status, &[])));
        found.unwrap().help
    };
    assert!(help(404).contains("without `always`, `add_header` adds nothing to status 404"));
    assert!(!help(200).contains("without `always`"));
}

#[test]
fn preflights_that_the_gateway_answers() {
    const BY_GATEWAY: Option<&str> = Some("preflight-by-gateway");
    for lines in [
        &[EVERYBODY, METHODS][..],
        &[EVERYBODY, CREDENTIALS, METHODS, VARY],
        &[ORIGIN, METHODS, VARY],
        &[ORIGIN, CREDENTIALS, METHODS],
    ] {
        for status in [200, 204] {
            check(LIST, Some(Else(status, lines)), Some(By(200)), BY_GATEWAY);
            // The policy does not grant it, and the actual response shows that it is applied.
            check(OTHER, Some(Else(status, lines)), Some(By(200)), BY_GATEWAY);
            // Nothing shows that the policy is applied.
            check(LIST, Some(Else(status, lines)), None, None);
            check(
                LIST,
                Some(Else(status, lines)),
                Some(Else(200, lines)),
                None,
            );
        }
    }
    check(
        ANY,
        Some(Else(204, &[ORIGIN, METHODS])),
        Some(By(200)),
        BY_GATEWAY,
    );
    // Only `Vary` differs: that is less sure.
    for (lines, is_less_sure) in [
        (&[ORIGIN, CREDENTIALS, METHODS][..], true),
        (&[ORIGIN, METHODS, VARY], false),
        (&[ORIGIN, METHODS], false),
    ] {
        let found = found(LIST, Some(&Else(204, lines)), Some(&By(200))).unwrap();
        assert_eq!(
            found.message.contains("probably"),
            is_less_sure,
            "{found:?}"
        );
    }
    // Another middleware without the policy.
    let other: Lines = &[
        ORIGIN,
        CREDENTIALS,
        METHODS,
        ("Vary", "origin, access-control-request-method"),
    ];
    check(LIST, Some(Else(200, other)), Some(By(200)), None);
    // Another version of the policy: other lists, or another status.
    let old: Lines = &[ORIGIN, CREDENTIALS, VARY];
    check(LIST, Some(Else(204, old)), Some(By(200)), None);
    check(LIST, Some(Else(200, old)), Some(By(200)), None);
    check(ANY, Some(Else(204, &[EVERYBODY])), Some(By(200)), None);
}

/// The preflight has failed, so a browser does not send the request that it is compared with.
#[test]
fn preflights_without_the_header() {
    const BY_GATEWAY: Option<&str> = Some("preflight-by-gateway");
    for policy in [LIST, ANY] {
        for status in [200, 204, 301, 401, 403, 404, 405, 500, 501] {
            for lines in [&[][..], &[METHODS], &[NGINX], &[("Vary", "Accept")]] {
                check(policy, Some(Else(status, lines)), Some(By(200)), BY_GATEWAY);
                // Nothing shows that the policy is applied.
                check(policy, Some(Else(status, lines)), None, None);
                check(
                    policy,
                    Some(Else(status, lines)),
                    Some(Else(200, lines)),
                    None,
                );
            }
            // The middleware, which has not got `Origin`.
            check(LIST, Some(Else(status, &[VARY])), Some(By(200)), None);
            // The origin has no grant, so nothing follows for the page.
            check(OTHER, Some(Else(status, &[])), Some(By(200)), None);
        }
        // The gateway sends these itself, and another response is the policy's.
        for status in [502, 503, 504] {
            let error = Some("gateway-error");
            check(policy, Some(Else(status, &[])), Some(By(200)), error);
        }
    }
    let found = found(LIST, Some(&Else(405, &[])), Some(&By(200))).unwrap();
    assert!(found.message.contains("(status 405)"), "{found:?}");
}

#[test]
fn preflights_that_something_else_answers_with_the_headers() {
    const FORWARDED: Option<&str> = Some("preflight-forwarded");
    const ALL: Lines = &[
        EVERYBODY,
        ("Access-Control-Allow-Methods", "PUT"),
        ("Access-Control-Max-Age", "86400"),
    ];
    for status in [302, 401, 404, 405, 501] {
        check(ANY, Some(Else(status, ALL)), None, FORWARDED);
        check(ANY, Some(Else(status, ALL)), Some(By(200)), FORWARDED);
        // The middleware has not got `Access-Control-Request-Method`.
        check(ANY, Some(Else(status, &[EVERYBODY])), None, None);
    }
    // Another version of the policy.
    check(ANY, Some(Else(200, ALL)), Some(By(200)), None);
    // The policy grants nothing, and what it sends is only `Vary`.
    check(OTHER, Some(Bare(405, &[])), None, None);
    // The policy's own.
    check(OTHER, Some(By(204)), None, None);
}

#[test]
fn requests_that_are_not_refused() {
    const REFUSING: &str = "allow_origins = ['https://b.example']\nrefuse = ['cross-site-writes']";
    const UNLISTED: &str = "allow_origins = ['https://b.example']\nrefuse = ['unlisted-origins']\n\
                            hosts = ['api.example.com']";
    const REPORTING: &str = "allow_origins = ['https://b.example']\nrefuse = ['cross-site-writes']\nrefuse_report_only = true";
    // Listed, and without credentials.
    const LISTED: &str = "allow_origins = ['https://a.example']\nallow_methods = ['PUT']\n\
                          refuse = ['cross-site-writes']";
    const NOT: Option<&str> = Some("not-refused");
    for policy in [REFUSING, UNLISTED, LISTED] {
        for status in [200, 204, 302, 401, 404, 500] {
            check(policy, None, Some(Else(status, &[])), NOT);
            check(policy, None, Some(Else(status, &[VARY])), NOT);
            check(policy, None, Some(Else(status, &[EVERYBODY])), NOT);
            // Also after a preflight that should have failed.
            let preflight = Else(204, &[ORIGIN, METHODS, VARY]);
            check(policy, Some(preflight), Some(Else(status, &[])), NOT);
        }
        check(policy, None, Some(By(403)), None);
        check(policy, None, Some(Else(403, &[NGINX])), None);
        // A preflight is never refused.
        check(
            policy,
            Some(Else(200, &[EVERYBODY, METHODS, VARY])),
            None,
            None,
        );
    }
    // The gateway's own errors. With the headers of another writer, a program has responded that is not the gateway.
    for status in [400, 413, 502, 503, 504] {
        check(REFUSING, None, Some(Else(status, &[])), None);
    }
    check(REFUSING, None, Some(Else(503, &[EVERYBODY])), NOT);
    check(REPORTING, None, Some(Else(200, &[])), None);
    check(LIST, None, Some(By(200)), None);
    let found = found(REFUSING, None, Some(&Else(200, &[]))).unwrap();
    assert_eq!(found.severity, Severity::Error);
    assert!(found.message.contains("responded with status 200"));
}
