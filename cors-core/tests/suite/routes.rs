//! Policies with routes: which part decides, what it answers, and why.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use cors_core::adapter::{Decision, ResponseHeader, Verdict};
use cors_core::{Config, ErrorCode, Grant, Part, Policy, Reason};

use crate::common::Request;

const APP: &str = "https://app.example.com";

/// Each part grants only an origin of its own: that of its number, 0 for the top.
fn policy(routes: &[&str]) -> Policy {
    let origin = |number: usize| format!("https://part{number}.example");
    let config = Config::new([Grant::new([origin(0)])]);
    let config = (1..).zip(routes).fold(config, |config, (number, route)| {
        config.route(*route, Grant::new([origin(number)]))
    });
    Policy::new(config).unwrap()
}

/// The part that grants a path, by its number.
fn part(policy: &Policy, parts: usize, path: &str) -> Option<usize> {
    (0..parts).find(|number| {
        let text = format!("GET {path}\nOrigin: https://part{number}.example");
        let decision = policy.decide(&Request(text.as_bytes()));
        let Verdict::Granted(grant) = decision.verdict() else {
            return false;
        };
        assert_eq!(grant.route(), number.checked_sub(1), "{path}");
        true
    })
}

#[track_caller]
fn check(routes: &[&str], rows: &[(&str, Option<usize>)]) {
    let policy = policy(routes);
    for (path, expected) in rows {
        let found = part(&policy, routes.len() + 1, path);
        assert_eq!(found, *expected, "{path} in {routes:?}");
    }
}

#[test]
fn the_most_specific_route_decides() {
    check(
        &["/public", "/public/internal", "/a/b", "/{x}", "/{x}/b/c"],
        &[
            ("/", Some(0)),
            ("/public", Some(1)),
            ("/public/", Some(1)),
            ("/public/x/y", Some(1)),
            ("/public/internal", Some(2)),
            ("/public/internal/x", Some(2)),
            ("/public/internals", Some(1)),
            ("/publications", Some(4)),
            ("/a", Some(4)),
            ("/a/b", Some(3)),
            ("/a/b/c", Some(3)),
            // The way over the literal `a` ends without a route.
            ("/a/c", Some(4)),
            ("/x/b", Some(4)),
            ("/x/b/c", Some(5)),
            ("/x/b/c/d", Some(5)),
            ("/x/b/d", Some(4)),
        ],
    );
    check(
        &[
            "/realms/{realm}",
            "/realms/{realm}/users",
            "/realms/main/users/{id}",
        ],
        &[
            ("/realms", Some(0)),
            // A capture is never empty.
            ("/realms/", Some(0)),
            ("/realms/x", Some(1)),
            ("/realms/x/", Some(1)),
            ("/realms/%7Bx%7D", Some(1)),
            ("/realms/x/users/1", Some(2)),
            ("/realms/main/users", Some(2)),
            ("/realms/main/users/", Some(2)),
            ("/realms/main/users/1", Some(3)),
        ],
    );
    check(&["/"], &[("/", Some(1)), ("/a", Some(1)), ("/a/", Some(1))]);
}

#[test]
fn abnormal_paths_have_no_grant() {
    let rows: Vec<_> = [
        "",
        "*",
        "app.example.com:443",
        "//",
        "/public//x",
        "//public",
        "/public/./x",
        "/public/.",
        "/public/..",
        "/x/../public",
        "/public/%2e%2e/x",
        "/public%2fx",
        "/public%5cx",
        "/public\\x",
        "/public;x",
        "/publi%63",
        "/%7Epublic",
        "/public%00",
        "/public\u{7f}",
        "/public/\u{fc}",
        "/public%",
        "/public%4",
        "/public%zz",
        // Other parts, if the case of letters did not count.
        "/PUBLIC",
        "/Public/x",
        "/a/mixedCase",
        "/a/MIXEDCASE/x",
    ]
    .map(|path| (path, None))
    .into();
    check(&["/public", "/a/MixedCase"], &rows);
    check(
        &["/public", "/a/MixedCase"],
        &[
            ("/public/X", Some(1)),
            ("/a/MixedCase/X", Some(2)),
            ("/A/other", Some(0)),
            ("/public/%25%3b%C3%BC", Some(1)),
            ("/public/...", Some(1)),
        ],
    );
}

#[test]
fn case_counts_only_between_parts() {
    // Only upper case in all routes.
    check(
        &["/A"],
        &[
            ("/A", Some(1)),
            ("/a", None),
            ("/b", Some(0)),
            ("/A/b", Some(1)),
        ],
    );
    // `/A/x` is `/{b}/x` for us, and `/a/x` for a server to which case does not count.
    check(
        &["/a/x", "/{b}/x"],
        &[
            ("/a/x", Some(1)),
            ("/b/x", Some(2)),
            ("/B/x", Some(2)),
            ("/A/x", None),
            ("/b/X", None),
            ("/b/y", Some(0)),
        ],
    );
    check(
        &["/A/b", "/a/c"],
        &[
            ("/a/b", None),
            ("/A/b", Some(1)),
            ("/a/c", Some(2)),
            ("/A/c", None),
        ],
    );
}

#[test]
fn without_routes_paths_do_not_count() {
    check(&[], &[("//", Some(0)), ("*", Some(0)), ("/%2e", Some(0))]);
    let request = format!("GET\nOrigin: {APP}");
    let without = Policy::new(Grant::new([APP])).unwrap();
    assert!(
        without
            .decide(&Request(request.as_bytes()))
            .headers()
            .is_granted()
    );
    let with = Config::new([Grant::new([APP])]).route("/public", Grant::new([APP]));
    let explanation = Policy::new(with)
        .unwrap()
        .explain(&Request(request.as_bytes()));
    assert_eq!(explanation.reason(), Reason::UnknownPath);
}

/// The status of a preflight or `forward`, then the headers' names, and `Vary`.
#[test]
fn answers_follow_from_the_part() {
    let policy = Policy::new(
        Config::new([Grant::new([APP]).allow_credentials(true)])
            .route("/public", Grant::new(["*"]).expose_headers(["x-id"]))
            .route(
                "/echo",
                Grant::new([APP])
                    .allow_methods(["*"])
                    .allow_credentials(true),
            )
            .route("/nobody", Part::default())
            .route(
                "/two",
                [Grant::new([APP]).allow_credentials(true), Grant::new(["*"])],
            ),
    )
    .unwrap();
    #[track_caller]
    fn check(policy: &Policy, request: &str, expected: &[&str]) {
        let decision = policy.decide(&Request(request.as_bytes()));
        let status = match decision {
            Decision::Forward(_) => "forward".to_owned(),
            Decision::Respond(preflight) => preflight.status().to_string(),
            Decision::Refuse(refusal) => refusal.status().to_string(),
        };
        let names = policy
            .headers(decision)
            .iter()
            .map(|header| match header.name {
                ResponseHeader::Vary => format!("{:?}", header.value),
                name => name.name().trim_start_matches("access-control-").to_owned(),
            });
        let found: Vec<_> = [status].into_iter().chain(names).collect();
        assert_eq!(found, expected, "{request}");
    }
    let vary = r#"Constant("Origin")"#;
    let other = "Origin: https://other.example";
    let app = format!("Origin: {APP}");
    let preflight = "Access-Control-Request-Method: PUT";
    check(
        &policy,
        &format!("GET /\n{app}"),
        &["forward", "allow-origin", "allow-credentials", vary],
    );
    check(&policy, &format!("GET /\n{other}"), &["forward", vary]);
    check(&policy, "GET /", &["forward", vary]);
    // The same for all requests, without `Vary`.
    check(
        &policy,
        &format!("GET /public\n{app}"),
        &["forward", "allow-origin", "expose-headers"],
    );
    check(
        &policy,
        "GET /public/x",
        &["forward", "allow-origin", "expose-headers"],
    );
    check(
        &policy,
        &format!("OPTIONS /public\n{other}\n{preflight}"),
        &["204", "allow-origin", "max-age"],
    );
    check(
        &policy,
        &format!("OPTIONS /public\nOrigin: x\n{preflight}"),
        &["403"],
    );
    check(
        &policy,
        &format!("OPTIONS /echo\n{app}\n{preflight}"),
        &[
            "204",
            "allow-origin",
            "allow-credentials",
            "allow-methods",
            "max-age",
            r#"Constant("Origin, Access-Control-Request-Method")"#,
        ],
    );
    check(
        &policy,
        &format!("OPTIONS /echo\n{other}\n{preflight}"),
        &["403", vary],
    );
    check(
        &policy,
        &format!("OPTIONS /nobody\n{app}\n{preflight}"),
        &["403", vary],
    );
    check(
        &policy,
        &format!("GET /nobody/x\n{app}"),
        &["forward", vary],
    );
    check(
        &policy,
        &format!("GET /two\n{app}"),
        &["forward", "allow-origin", "allow-credentials", vary],
    );
    check(
        &policy,
        &format!("GET /two\n{other}"),
        &["forward", "allow-origin", vary],
    );
    // An abnormal path, whatever the part that it might belong to.
    check(
        &policy,
        &format!("GET /public//x\n{app}"),
        &["forward", vary],
    );
    check(&policy, "GET /public//x", &["forward", vary]);
    check(
        &policy,
        &format!("OPTIONS /public/../x\n{other}\n{preflight}"),
        &["403", vary],
    );
    let without_top = Policy::new(Config::default().route("/public", Grant::new(["*"]))).unwrap();
    check(&without_top, &format!("GET /\n{app}"), &["forward", vary]);
    check(&without_top, "GET /public", &["forward", "allow-origin"]);
}

#[test]
fn parts_of_explanations() {
    let policy = policy(&["/a", "/b"]);
    #[track_caller]
    fn check(policy: &Policy, path: &str, expected: (Option<usize>, &str, Option<&str>)) {
        let text = format!("GET {path}\nOrigin: https://part2.example");
        let explanation = policy.explain(&Request(text.as_bytes()));
        let elsewhere = explanation.granted_elsewhere();
        let elsewhere = elsewhere.map(|grant| grant.to_string());
        let reason = explanation.reason().as_str();
        let found = (explanation.route(), reason, elsewhere.as_deref());
        assert_eq!(found, expected, "{path}");
    }
    let there = Some("route[1].grant[0]");
    check(&policy, "/", (None, "origin-not-allowed", there));
    check(&policy, "/a", (Some(0), "origin-not-allowed", there));
    check(&policy, "/b", (Some(1), "granted", None));
}

#[test]
fn explanations() {
    let policy = Policy::new(
        Config::new([Grant::new([APP])])
            .route("/public", Grant::new(["*"]))
            .route(
                "/realms/{realm}",
                vec![
                    Grant::new(["https://admin.example.com"]),
                    Grant::new(["https://ops.example.com"]),
                ],
            ),
    )
    .unwrap();
    #[track_caller]
    fn check(policy: &Policy, request: &str, expected: &str) {
        let request = request.as_bytes();
        let explanation = policy.explain(&Request(request));
        assert_eq!(explanation.to_string(), expected);
        assert_eq!(explanation.decision(), policy.decide(&Request(request)));
    }
    check(
        &policy,
        "GET /public/x\nOrigin: https://other.example",
        "route[0] (`/public`) decides; any origin is allowed",
    );
    check(
        &policy,
        "GET /realms/a/b\nOrigin: https://ops.example.com",
        "route[1] (`/realms/{realm}`) decides; origin `https://ops.example.com` is in route[1].grant[1]",
    );
    check(
        &policy,
        "GET /realms/a/b\nOrigin: https://app.example.com",
        "route[1] (`/realms/{realm}`) decides; origin `https://app.example.com` is in no grant of the route; \
         for other paths it has grant[0]",
    );
    check(
        &policy,
        "GET /realms\nOrigin: http://app.example.com",
        "no route is for the path `/realms`; origin `http://app.example.com` is in no grant at the top; \
         it differs from `https://app.example.com` by the scheme",
    );
    check(
        &policy,
        "GET /x//\u{1b}\nOrigin: https://app.example.com",
        "the path `/x//\\u{1b}` has an empty segment, so it has no grant: servers may read it in several ways",
    );
    check(
        &policy,
        "GET /Public\nOrigin: https://app.example.com",
        "the path `/Public` would belong to route[0] if the case of letters did not count, so it has no grant: \
         servers may read it in several ways",
    );
    let policy = Policy::new(Config::default().route("/public", Grant::new(["*"]))).unwrap();
    check(
        &policy,
        "GET /\nOrigin: https://app.example.com",
        "no route is for the path `/`; the top has no grants; for other paths it has route[0].grant[0]",
    );
}

#[test]
fn errors_in_routes() {
    #[track_caller]
    fn check(config: Config, expected: &[(ErrorCode, &str)]) {
        let errors = Policy::new(config).unwrap_err();
        let paths: Vec<_> = errors.iter().map(|error| error.path()).collect();
        let found: Vec<_> = errors
            .iter()
            .map(|error| error.code())
            .zip(&paths)
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(code, path)| (*code, (*path).to_owned()))
            .collect();
        assert!(
            found
                .iter()
                .copied()
                .eq(expected.iter().map(|(code, path)| (*code, path))),
            "{errors}"
        );
    }
    let everyone = || Grant::new(["*"]);
    check(
        Config::default().route("public/", everyone()),
        &[(ErrorCode::InvalidPath, "route[0].path")],
    );
    check(
        Config::default()
            .route("x", everyone())
            .route("/a/{b}", everyone())
            .route("/A/{c}", everyone())
            .route("/a/{b}", everyone()),
        &[
            (ErrorCode::InvalidPath, "route[0].path"),
            (ErrorCode::DuplicateRoute, "route[2].path"),
            (ErrorCode::DuplicateRoute, "route[3].path"),
        ],
    );
    check(
        Config::default().route(
            "/a",
            everyone().allow_credentials(true).allow_methods(["put"]),
        ),
        &[
            (
                ErrorCode::WildcardOriginWithCredentials,
                "route[0].allow_origins[0]",
            ),
            (ErrorCode::InvalidMethod, "route[0].allow_methods[0]"),
        ],
    );
    check(
        Config::new([everyone()]).route("/a", [everyone(), Grant::new([APP])]),
        &[(ErrorCode::UnreachableGrant, "route[0].grant[1]")],
    );
    // What the top allows does not reach into routes.
    let danger = cors_core::DangerouslyAllow::default().null_origin(true);
    check(
        Config::new([Grant::new(["null"])])
            .dangerously_allow(danger)
            .route("/a", Grant::new(["null"])),
        &[(ErrorCode::NullOrigin, "route[0].allow_origins[0]")],
    );
    check(
        Config::default().route("/a", Grant::default()),
        &[(ErrorCode::MissingOrigins, "route[0].allow_origins")],
    );
    check(
        Config::default(),
        &[(ErrorCode::MissingOrigins, "allow_origins")],
    );
}
