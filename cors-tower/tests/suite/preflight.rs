//! CORS-preflight requests are answered at once. The response depends on the origin only.

use std::convert::Infallible;
use std::time::Duration;

use cors_tower::{Config, CorsLayer, Grant, Head, HttpCors, Outcome, Policy};
use http::{Method, Request, Response, StatusCode};
use tower::{Layer as _, ServiceExt as _, service_fn};

use crate::{ASKED_METHOD, ORIGIN, REFUSED, block_on, check_response, get, grant, headers};

#[test]
fn what_is_a_preflight() {
    #[track_caller]
    fn check(method: &str, fields: &[(&str, &str)], expected: bool) {
        let application = service_fn(async |_| Ok::<_, Infallible>(Response::new("ran")));
        let mut request = Request::new(());
        *request.method_mut() = method.parse().unwrap();
        *request.headers_mut() = headers(fields);
        let policy = Policy::new(grant()).unwrap();
        let Ok(response) = block_on(CorsLayer::new(policy).layer(application).oneshot(request));
        assert_eq!(
            response.into_body().is_empty(),
            expected,
            "{method} {fields:?}"
        );
    }
    check("OPTIONS", &[ORIGIN, ASKED_METHOD], true);
    check("OPTIONS", &[REFUSED, ASKED_METHOD], true);
    check("OPTIONS", &[("origin", ""), ASKED_METHOD], true);
    check("OPTIONS", &[ORIGIN, ORIGIN, ASKED_METHOD], true);
    check(
        "OPTIONS",
        &[ORIGIN, ("access-control-request-method", "")],
        true,
    );

    check("OPTIONS", &[], false);
    check("OPTIONS", &[ORIGIN], false);
    check("OPTIONS", &[ASKED_METHOD], false);
    check(
        "OPTIONS",
        &[ORIGIN, ("access-control-request-headers", "x")],
        false,
    );
    check("options", &[ORIGIN, ASKED_METHOD], false);
    check("GET", &[ORIGIN, ASKED_METHOD], false);
}

#[test]
fn responses() {
    #[track_caller]
    fn check(policy: impl Into<Config>, fields: &[(&str, &str)], status: u16, expected: &[&str]) {
        let mut asked = vec![ASKED_METHOD];
        asked.extend_from_slice(fields);
        let request = ("OPTIONS", &*asked);
        check_response(
            &policy.into(),
            request,
            &[("x", "not run")],
            (status, expected),
        );
    }
    // The whole lists, whatever the preflight asks for.
    let granted = [
        "access-control-allow-origin: https://app.example.com",
        "access-control-allow-credentials: true",
        "access-control-allow-methods: PUT, DELETE",
        "access-control-allow-headers: content-type, x-custom",
        "access-control-max-age: 600",
        "vary: Origin",
    ];
    check(grant(), &[ORIGIN], 204, &granted);
    let headers = ("access-control-request-headers", "x-other,x-custom");
    check(grant(), &[ORIGIN, headers], 204, &granted);
    let status_200 = Config::from(grant()).preflight_status(200);
    check(status_200.clone(), &[ORIGIN], 200, &granted);

    check(grant(), &[REFUSED], 403, &["vary: Origin"]);
    check(grant(), &[ORIGIN, ORIGIN], 403, &["vary: Origin"]);
    check(status_200, &[REFUSED], 403, &["vary: Origin"]);

    // Empty lists are left out.
    check(
        Grant::new(["https://app.example.com"]).max_age(Duration::from_secs(0)),
        &[ORIGIN],
        204,
        &[
            "access-control-allow-origin: https://app.example.com",
            "access-control-max-age: 0",
            "vary: Origin",
        ],
    );
    // The same response for every origin.
    check(
        Grant::new(["*"])
            .allow_methods(["*"])
            .allow_headers(["*", "authorization"]),
        &[REFUSED],
        204,
        &[
            "access-control-allow-origin: *",
            "access-control-allow-methods: *",
            "access-control-allow-headers: *, authorization",
            "access-control-max-age: 86400",
        ],
    );
}

#[test]
fn echoes() {
    #[track_caller]
    fn check(asked: &[(&str, &str)], expected: &[&str]) {
        let policy = Grant::new(["https://app.example.com"])
            .allow_methods(["*"])
            .allow_headers(["*"])
            .allow_credentials(true)
            .into();
        let mut fields = vec![ORIGIN];
        fields.extend_from_slice(asked);
        let mut lines = vec![
            "access-control-allow-credentials: true",
            "access-control-allow-origin: https://app.example.com",
            "access-control-max-age: 86400",
            "vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
        ];
        lines.extend_from_slice(expected);
        check_response(&policy, ("OPTIONS", &fields), &[], (204, &lines));
    }
    let headers = |names| ("access-control-request-headers", names);
    let method = "access-control-allow-methods: PUT";
    check(&[ASKED_METHOD], &[method]);
    check(
        &[ASKED_METHOD, headers("authorization,x")],
        &[method, "access-control-allow-headers: authorization,x"],
    );
    // One line for each header that is not empty.
    check(&[ASKED_METHOD, headers("")], &[method]);
    check(
        &[ASKED_METHOD, headers("x"), headers(""), headers("y, z")],
        &[
            method,
            "access-control-allow-headers: x",
            "access-control-allow-headers: y, z",
        ],
    );
}

/// A response without the layer echoes the same.
#[test]
fn echoes_without_the_layer() {
    let grant = Grant::new(["https://app.example.com"]).allow_headers(["*"]);
    let policy = Policy::new(grant.allow_credentials(true)).unwrap();
    let asked = ("access-control-request-headers", "x-a");
    let mut request = get(&[ORIGIN, ASKED_METHOD, asked]);
    *request.method_mut() = Method::OPTIONS;
    let outcome = HttpCors::new(policy).decide::<()>(Head::from(&request));
    let Outcome::Respond(response) = outcome else {
        panic!("forwarded")
    };
    let allowed = &response.headers()["access-control-allow-headers"];
    assert_eq!(allowed, "x-a");
}

#[test]
fn any_body_with_a_default() {
    // Such as tonic's.
    type Body = http_body_util::combinators::UnsyncBoxBody<bytes::Bytes, &'static str>;

    let application = service_fn(async |_| Ok::<_, Infallible>(Response::new(Body::default())));
    let service = CorsLayer::new(Policy::new(grant()).unwrap()).layer(application);
    let mut request = get(&[ORIGIN, ASKED_METHOD]);
    *request.method_mut() = Method::OPTIONS;
    let Ok(response) = block_on(service.oneshot(request));
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
}
