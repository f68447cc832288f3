//! All other requests reach the application, and its response gets the headers.

use std::cell::Cell;
use std::convert::Infallible;
use std::task::Poll;

use cors_tower::{Config, CorsLayer, Grant, Policy};
use http::{Request, Response, StatusCode};
use tower::{Layer as _, Service, ServiceExt as _, service_fn};

use crate::{ORIGIN, REFUSED, block_on, check_response, get, grant, lines};

#[test]
fn usable_origins() {
    #[track_caller]
    fn check(origins: &[&str], granted: bool) {
        let origins: Vec<_> = origins.iter().map(|&origin| ("origin", origin)).collect();
        let mut expected = vec!["vary: Origin", "x-handler: 1"];
        if granted {
            expected.push("access-control-allow-origin: https://app.example.com");
        }
        let policy = Grant::new(["https://app.example.com"]).into();
        check_response(&policy, ("GET", &origins), &[], (200, &expected));
    }
    check(&["https://app.example.com"], true);
    check(&[], false);
    check(&[""], false);
    check(&["null"], false);
    check(&["https://evil.example"], false);
    check(&["http://app.example.com"], false);
    check(&["https://app.example.com:8443"], false);
    check(&["https://app.example.com:443"], false);
    check(&["https://app.example.com/"], false);
    check(&["https://APP.example.com"], false);
    check(&["https://app.example.com https://app.example.com"], false);
    check(&["https://app.example.com, https://app.example.com"], false);
    check(
        &["https://app.example.com", "https://app.example.com"],
        false,
    );
    check(&["https://app.example.com", "https://evil.example"], false);
    check(&["https://app.example.com\u{fc}"], false);
    check(&[&"https://app.example.com".repeat(1000)], false);
}

#[test]
fn several_lines_of_another_field() {
    #[track_caller]
    fn check(origins: &[(&str, &str)], granted: bool) {
        let cookies = [("cookie", "a=1"), ("cookie", "b=2")];
        let mut expected = vec!["vary: Origin", "x-handler: 1"];
        if granted {
            expected.push("access-control-allow-origin: https://app.example.com");
        }
        let policy = Grant::new(["https://app.example.com"]).into();
        let fields = [&cookies, origins].concat();
        check_response(&policy, ("GET", &fields), &[], (200, &expected));
    }
    check(&[ORIGIN], true);
    check(&[REFUSED], false);
    check(&[ORIGIN, ORIGIN], false);
    check(&[], false);
}

#[test]
fn responses() {
    #[track_caller]
    fn check(policy: impl Into<Config>, fields: &[(&str, &str)], expected: &[&str]) {
        let policy = policy.into();
        for method in ["GET", "HEAD", "POST", "PUT", "OPTIONS", "PURGE"] {
            let mut expected = expected.to_vec();
            expected.push("x-handler: 1");
            check_response(&policy, (method, fields), &[], (200, &expected));
        }
    }
    check(
        grant(),
        &[ORIGIN],
        &[
            "access-control-allow-origin: https://app.example.com",
            "access-control-allow-credentials: true",
            "access-control-expose-headers: x-request-id, x-total",
            "vary: Origin",
        ],
    );
    check(grant(), &[REFUSED], &["vary: Origin"]);
    check(grant(), &[], &["vary: Origin"]);
    check(
        Grant::new(["https://*.example.com"]).expose_timing(true),
        &[ORIGIN],
        &[
            "access-control-allow-origin: https://app.example.com",
            "timing-allow-origin: https://app.example.com",
            "vary: Origin",
        ],
    );
    // The same response for every origin.
    let everyone = || Grant::new(["*"]).expose_headers(["*"]).expose_timing(true);
    for fields in [&[ORIGIN][..], &[REFUSED], &[], &[ORIGIN, ORIGIN]] {
        check(
            everyone(),
            fields,
            &[
                "access-control-allow-origin: *",
                "access-control-expose-headers: *",
                "timing-allow-origin: *",
            ],
        );
    }
    // Not if some origins have another grant.
    let grants = || vec![grant(), everyone().expose_timing(false)];
    check(
        grants(),
        &[REFUSED],
        &[
            "access-control-allow-origin: *",
            "access-control-expose-headers: *",
            "vary: Origin",
        ],
    );
    check(grants(), &[], &["vary: Origin"]);
}

#[test]
fn the_first_grant_decides() {
    #[track_caller]
    fn check(origin: &str, expected: &[&str]) {
        let policy = Config::from(vec![
            Grant::new(["https://app.example.com"]).allow_credentials(true),
            Grant::new(["https://*.example.com"]).expose_headers(["x"]),
            Grant::new(["*"]),
        ]);
        let mut expected = expected.to_vec();
        expected.extend(["vary: Origin", "x-handler: 1"]);
        check_response(
            &policy,
            ("GET", &[("origin", origin)]),
            &[],
            (200, &expected),
        );
    }
    check(
        "https://app.example.com",
        &[
            "access-control-allow-credentials: true",
            "access-control-allow-origin: https://app.example.com",
        ],
    );
    check(
        "https://other.example.com",
        &[
            "access-control-allow-origin: https://other.example.com",
            "access-control-expose-headers: x",
        ],
    );
    check("https://evil.example", &["access-control-allow-origin: *"]);
}

#[test]
fn only_one_writer() {
    #[track_caller]
    fn check(origin: (&str, &str), says: &[(&str, &str)], expected: &[&str]) {
        let policy = Grant::new(["https://app.example.com"])
            .allow_credentials(true)
            .into();
        let mut expected = expected.to_vec();
        expected.extend(["vary: Origin", "x-handler: 1"]);
        if origin == ORIGIN {
            expected.extend([
                "access-control-allow-origin: https://app.example.com",
                "access-control-allow-credentials: true",
            ]);
        }
        check_response(&policy, ("GET", &[origin]), says, (200, &expected));
    }
    for origin in [ORIGIN, REFUSED] {
        let star = ("access-control-allow-origin", "*");
        let own = ("access-control-allow-origin", "https://app.example.com");
        let evil = ("access-control-allow-origin", "https://evil.example");
        check(origin, &[star], &[]);
        check(origin, &[own], &[]);
        check(origin, &[own, evil, star], &[]);
        check(origin, &[("access-control-allow-credentials", "true")], &[]);
        check(origin, &[("access-control-expose-headers", "x, y")], &[]);
        // Headers without a meaning there stay the application's.
        check(
            origin,
            &[
                ("access-control-allow-methods", "PUT"),
                ("timing-allow-origin", "*"),
            ],
            &[
                "access-control-allow-methods: PUT",
                "timing-allow-origin: *",
            ],
        );
    }
}

#[test]
fn timing_is_replaced() {
    let policy = Grant::new(["https://app.example.com"])
        .expose_timing(true)
        .into();
    let expected = [
        "access-control-allow-origin: https://app.example.com",
        "timing-allow-origin: https://app.example.com",
        "vary: Origin",
        "x-handler: 1",
    ];
    let says = [("timing-allow-origin", "*"), ("timing-allow-origin", "x")];
    check_response(&policy, ("GET", &[ORIGIN]), &says, (200, &expected));
}

#[test]
fn red_team_1_one_vary_line() {
    #[track_caller]
    fn check(says: &[&str], expected: &[&str]) {
        let says: Vec<_> = says.iter().map(|&line| ("vary", line)).collect();
        let mut lines: Vec<_> = expected
            .iter()
            .map(|line| format!("vary: {line}"))
            .collect();
        lines.push("x-handler: 1".to_owned());
        let lines: Vec<_> = lines.iter().map(String::as_str).collect();
        let policy = Grant::new(["https://app.example.com"]).into();
        check_response(&policy, ("GET", &[REFUSED]), &says, (200, &lines));
    }
    check(&[], &["Origin"]);
    check(&["Accept-Encoding"], &["Accept-Encoding, Origin"]);
    check(&["Accept", "Cookie"], &["Accept, Cookie, Origin"]);
    check(&["X-Origin"], &["X-Origin, Origin"]);
    check(&["origin"], &["origin"]);
    check(&["Accept, ORIGIN"], &["Accept, ORIGIN"]);
    check(&["Accept", "Cookie, Origin"], &["Accept, Cookie, Origin"]);
    check(&["Origin", "accept-encoding"], &["Origin, accept-encoding"]);
    check(&["*"], &["*"]);
    check(&["*", "accept-encoding"], &["*"]);
    // If the policy writes no `Vary`, the application's lines stay as they are.
    let everyone = Grant::new(["*"]).into();
    let says = [("vary", "Accept"), ("vary", "Cookie")];
    let expected = [
        "access-control-allow-origin: *",
        "vary: Accept",
        "vary: Cookie",
        "x-handler: 1",
    ];
    check_response(&everyone, ("GET", &[]), &says, (200, &expected));
}

#[test]
fn a_response_with_nothing_but_vary() {
    let application = service_fn(async |_| {
        let response = Response::builder().header("vary", "Accept-Encoding");
        Ok::<_, Infallible>(response.body("").unwrap())
    });
    let service = CorsLayer::new(Policy::new(grant()).unwrap()).layer(application);
    let Ok(response) = block_on(service.oneshot(Request::new(())));
    assert_eq!(lines(response.headers()), ["vary: Accept-Encoding, Origin"]);
}

#[test]
fn every_status() {
    for code in [
        101, 200, 204, 206, 301, 304, 400, 401, 404, 405, 413, 500, 503, 999,
    ] {
        let status = StatusCode::from_u16(code).unwrap();
        let application = service_fn(async |_| {
            let mut response = Response::new("body");
            *response.status_mut() = status;
            response.extensions_mut().insert("extension");
            Ok::<_, Infallible>(response)
        });
        let service = CorsLayer::new(Policy::new(grant()).unwrap()).layer(application);
        let Ok(response) = block_on(service.oneshot(get(&[ORIGIN])));
        assert_eq!(response.status(), status);
        assert_eq!(lines(response.headers()).len(), 4, "{status}");
        assert_eq!(response.extensions().get(), Some(&"extension"));
        assert_eq!(*response.body(), "body");
    }
}

#[test]
fn errors_are_not_responses() {
    let application = service_fn(async |_: Request<()>| Err::<Response<()>, _>("an error"));
    let service = CorsLayer::new(Policy::new(grant()).unwrap()).layer(application);
    let response = block_on(service.oneshot(get(&[ORIGIN])));
    assert_eq!(response.unwrap_err(), "an error");
}

#[test]
fn readiness_is_that_of_the_service_inside() {
    struct Ready<'a>(&'a Cell<bool>);

    impl Service<Request<()>> for Ready<'_> {
        type Response = Response<()>;
        type Error = Infallible;
        type Future = std::future::Ready<Result<Response<()>, Infallible>>;

        fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> Poll<Result<(), Infallible>> {
            match self.0.get() {
                true => Poll::Ready(Ok(())),
                false => Poll::Pending,
            }
        }

        fn call(&mut self, _: Request<()>) -> Self::Future {
            std::future::ready(Ok(Response::new(())))
        }
    }

    let ready = Cell::new(false);
    let mut service = CorsLayer::new(Policy::new(grant()).unwrap()).layer(Ready(&ready));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(service.poll_ready(&mut context).is_pending());
    ready.set(true);
    assert!(service.poll_ready(&mut context).is_ready());
}
