//! The check of an application: right ones have no findings, and each defect has its own.

use std::time::Duration;

use ::axum::Router;
use ::axum::extract::Request;
use ::axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use ::axum::middleware::{Next, from_fn};
use ::axum::response::{IntoResponse, Redirect, Response};
use ::axum::routing::{get, options};
use bytes::Bytes;
use cors_axum::{CorsLayer, Policy, WithCors as _};
use cors_test::Severity::{self, Error, Note, Warning};
use cors_test::{Application, Findings, Route, check_application};
use tower_http::cors::{self, AllowOrigin};

const APP: &str = "https://app.example.com";
const WWW: &str = "https://www.example.com";
const TOKEN: &str = "Bearer secret";

/// One grant, with the status that tower-http sends.
const ONE: &str = "
    allow_origins    = ['https://app.example.com', 'https://www.example.com']
    allow_methods    = ['PUT', 'DELETE']
    allow_headers    = ['authorization', 'content-type']
    expose_headers   = ['x-request-id']
    max_age          = 600
    preflight_status = 200
";

fn policy(text: &str) -> Policy {
    Policy::from_toml(text)
        .map_err(|errors| errors.to_string())
        .unwrap()
}

fn application() -> Router {
    Router::new()
        .route("/me", get(|| async { ([("x-request-id", "1")], "Ada") }))
        .route(
            "/items/{id}",
            get(|| async {}).put(|| async {}).delete(|| async {}),
        )
        .route(
            "/error",
            get(|| async { StatusCode::INTERNAL_SERVER_ERROR }),
        )
        .route("/files", options(|| async { [("Tus-Version", "1.0.0")] }))
        .route("/old", get(|| async { Redirect::permanent("/me") }))
}

/// With a token for everything but `/error`.
async fn authenticated(request: Request, next: Next) -> Response {
    let has_token = request.headers().contains_key(header::AUTHORIZATION);
    match has_token || request.uri().path() == "/error" {
        true => next.run(request).await,
        false => StatusCode::UNAUTHORIZED.into_response(),
    }
}

fn routes() -> [Route; 5] {
    [
        Route::new("/me").header("Authorization", TOKEN).status(200),
        Route::new("/items/1?page=2")
            .methods(["GET", "PUT", "DELETE"])
            .header("Authorization", TOKEN)
            .body("application/json", "{}")
            .status(200),
        Route::new("/error").status(500),
        Route::new("/files")
            .methods(["OPTIONS"])
            .header("Authorization", TOKEN)
            .status(200),
        Route::new("/old")
            .header("Authorization", TOKEN)
            .status(308),
    ]
}

async fn findings<D>(mut app: impl Application<D>, policy: &str) -> Findings {
    check_application(&mut app, &self::policy(policy), &routes()).await
}

/// The application has exactly these findings, and they are about these responses among others.
#[track_caller]
fn check(findings: &Findings, expected: &[(&str, Severity, &str)]) {
    let found: Vec<_> = findings
        .iter()
        .map(|finding| (finding.code(), finding.severity()))
        .collect();
    let codes: Vec<_> = expected
        .iter()
        .map(|(code, severity, _)| (*code, *severity))
        .collect();
    assert_eq!(found, codes, "{findings}");
    for (finding, (code, _, place)) in findings.iter().zip(expected) {
        let places: Vec<_> = finding.places().iter().map(ToString::to_string).collect();
        assert!(
            places.iter().any(|found| found == place),
            "{code}: {place}\n{places:#?}"
        );
        assert!(
            cors_explain::codes::find(code).is_some(),
            "{code} has no page"
        );
        assert!(
            !finding.message().ends_with('.') && !finding.help().ends_with('.'),
            "{code}"
        );
    }
}

#[tokio::test]
async fn right_applications() {
    #[track_caller]
    fn none(findings: &Findings, policy: &str) {
        assert!(findings.is_empty(), "{policy}\n{findings}");
        assert!(
            findings.requests() > 50,
            "{policy}: {}",
            findings.requests()
        );
        findings.assert_none();
    }
    for text in [
        ONE,
        "allow_origins = ['*']",
        "allow_origins = ['*']\nallow_methods = ['*']\nallow_headers = ['*', 'authorization']\nexpose_headers = ['*']",
        "allow_origins = ['*']\nrefuse = ['cross-site-writes']",
        "allow_origins = ['https://app.example.com']\nallow_credentials = true\nexpose_timing = true\nmax_age = 0",
        "allow_origins = ['https://app.example.com']\nallow_credentials = true\nallow_methods = ['*']\nallow_headers = ['*']",
        "allow_origins = ['https://*.example.com', 'http://localhost:*', 'moz-extension://*', 'https://pr-*.example.org']",
        "allow_origins = ['null', 'https://app.example.com']\ndangerously_allow = ['null-origin']",
        "refuse = ['cross-site-writes']",
        "[[grant]]
         allow_origins = ['https://app.example.com']
         allow_credentials = true
         allow_methods = ['PUT']
         [[grant]]
         allow_origins = ['*']",
        "allow_origins = ['https://app.example.com']
         allow_methods = ['PUT']
         [[route]]
         path = '/items'
         allow_origins = ['*']
         [[route]]
         path = '/me'
         allow_origins = []",
        "[[route]]
         path = '/me'
         allow_origins = ['https://app.example.com']",
        "allow_origins = ['https://app.example.com']
         refuse = ['websocket', 'cross-site-writes', 'unlisted-origins']
         hosts = ['cors-test.example']",
        "allow_origins = ['https://app.example.com']
         refuse = ['cross-site-writes', 'unlisted-origins']
         refuse_report_only = true
         hosts = ['cors-test.example']",
        "allow_origins = ['https://app.example.com']
         allow_credentials = true
         refuse = ['cross-site-writes']
         [[route]]
         path = '/items'
         allow_origins = ['https://www.example.com']
         refuse = []",
    ] {
        let app = application()
            .layer(from_fn(authenticated))
            .with_cors(policy(text));
        none(&findings(app, text).await, text);
    }
}

fn tower_http() -> cors::CorsLayer {
    let origins = [APP, "https://www.example.com"].map(|origin| origin.parse().unwrap());
    cors::CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::PUT, Method::DELETE])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE])
        .expose_headers([HeaderName::from_static("x-request-id")])
        .max_age(Duration::from_secs(600))
}

/// It sends more than the policy to origins without a grant.
const NOTE: (&str, Severity, &str) = (
    "policy-differs",
    Note,
    "OPTIONS /me (preflight for GET): 200, from null",
);
/// It answers every `OPTIONS`.
const ANSWERED: (&str, Severity, &str) = (
    "options-answered",
    Warning,
    "OPTIONS /me (not a preflight): 200, from https://app.example.com",
);

/// An application under the policy.
fn right() -> Router {
    application()
        .layer(from_fn(authenticated))
        .layer(CorsLayer::new(policy(ONE)))
}

/// What a layer outside of the policy knows of a request.
struct Asked {
    method: Method,
    path: String,
    headers: HeaderMap,
}

impl Asked {
    fn is_preflight(&self) -> bool {
        let headers = &self.headers;
        self.method == "OPTIONS" && headers.contains_key("access-control-request-method")
    }

    fn origin(&self) -> Option<HeaderValue> {
        self.headers.get(header::ORIGIN).cloned()
    }
}

/// Changes each response.
fn changed(app: Router, change: fn(&Asked, &mut Response)) -> Router {
    app.layer(from_fn(move |request: Request, next: Next| async move {
        let asked = Asked {
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            headers: request.headers().clone(),
        };
        let mut response = next.run(request).await;
        change(&asked, &mut response);
        response
    }))
}

const ALLOW_ORIGIN: HeaderName = header::ACCESS_CONTROL_ALLOW_ORIGIN;
const ALLOW_CREDENTIALS: HeaderName = header::ACCESS_CONTROL_ALLOW_CREDENTIALS;

fn text(value: &'static str) -> HeaderValue {
    HeaderValue::from_static(value)
}

#[tokio::test]
async fn placement() {
    let cors = || CorsLayer::new(policy(ONE));
    let inside = application().layer(cors()).layer(from_fn(authenticated));
    check(
        &findings(inside, ONE).await,
        &[(
            "policy-not-applied",
            Error,
            "OPTIONS /items/1?page=**** (preflight for PUT): 401, from https://app.example.com",
        )],
    );
    let fallback = application()
        .layer(cors())
        .fallback(async || StatusCode::NOT_FOUND);
    check(
        &findings(fallback, ONE).await,
        &[(
            "policy-not-applied",
            Error,
            "GET /cors-test-unknown (a path that no route has): 404, from https://app.example.com",
        )],
    );
    let methods = application().route_layer(cors());
    check(
        &findings(methods, ONE).await,
        &[(
            "policy-not-applied",
            Error,
            "OPTIONS /cors-test-unknown (preflight for GET): 404, from https://app.example.com",
        )],
    );
    let missing = application().layer(from_fn(authenticated));
    let found = findings(missing, ONE).await;
    check(
        &found,
        &[(
            "policy-not-applied",
            Error,
            "PATCH /me (a method that the route does not list): 405, from https://app.example.com",
        )],
    );
    let message = found.iter().next().unwrap().message();
    assert_eq!(message, "no response has any of the policy's headers");
    let overloaded = changed(right(), |asked, response| {
        if asked.path == "/items/1" && !asked.is_preflight() {
            *response = StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
    });
    let routes = [Route::new("/me"), Route::new("/items/1")];
    let found = check_application(&mut { overloaded }, &policy(ONE), &routes).await;
    check(
        &found,
        &[(
            "policy-not-applied",
            Error,
            "GET /items/1: 503, from https://app.example.com",
        )],
    );
}

#[tokio::test]
async fn right_policy_in_two_layers() {
    findings(right().with_cors(policy(ONE)), ONE)
        .await
        .assert_none();
}

#[tokio::test]
async fn another_policy() {
    for (from, to, expected) in [
        ("'PUT', 'DELETE'", "'PUT'", Warning),
        ("'authorization', ", "", Warning),
        ("'x-request-id'", "'x-other'", Warning),
        ("600", "60", Warning),
        (", 'https://www.example.com'", "", Error),
        ("max_age ", "allow_credentials = true\nmax_age ", Warning),
        ("max_age ", "expose_timing = true\nmax_age ", Warning),
        ("= 200", "= 204", Note),
    ] {
        let other = ONE.replace(from, to);
        assert_ne!(other, ONE, "{from}");
        let app = application().layer(CorsLayer::new(policy(&other)));
        let found = findings(app, ONE).await;
        let codes: Vec<_> = found
            .iter()
            .map(|finding| (finding.code(), finding.severity()))
            .collect();
        let note = ("policy-differs", Note);
        let expected = ("policy-differs", expected);
        // An origin that the other policy does not list also gets another status.
        assert!(
            codes == [expected] || codes == [expected, note],
            "{to}: {found}"
        );
    }
}

type Predicate = (fn(&str) -> bool, &'static str, &'static str);
/// Wrong lists of origins: what each allows, its finding, and an origin that shows it.
const PREDICATES: [Predicate; 4] = [
    (
        |origin| origin.starts_with(APP) || origin == WWW,
        "prefix-match",
        "https://app.example.com.cors-test-unlisted.example",
    ),
    (
        |origin| {
            origin.starts_with("https://") && origin.ends_with("app.example.com") || origin == WWW
        },
        "suffix-match",
        "https://cors-test-unlistedapp.example.com",
    ),
    (
        |origin| [APP, WWW].contains(&&*origin.replace("http:", "https:")),
        "plain-http-accepted",
        "http://app.example.com",
    ),
    (
        |origin| [APP, WWW, "null"].contains(&origin),
        "null-accepted",
        "null",
    ),
];

#[tokio::test]
async fn another_middleware() {
    let app = application().layer(from_fn(authenticated));
    let found = findings(app.clone().layer(tower_http()), ONE).await;
    check(&found, &[ANSWERED, NOTE]);
    found
        .without_notes()
        .without("options-answered")
        .assert_none();
    let other = tower_http().allow_methods([Method::PUT]);
    let found = findings(app.clone().layer(other), ONE).await;
    let differs = (
        "policy-differs",
        Warning,
        "OPTIONS /me (preflight for GET): 200, from https://app.example.com",
    );
    check(&found, &[differs, ANSWERED, NOTE]);
    let message = found.iter().next().unwrap().message();
    assert_eq!(
        message,
        "`access-control-allow-methods` differs from the policy: `DELETE` is not allowed"
    );
    // A list that is a function, with an error.
    for (is_allowed, code, origin) in PREDICATES {
        let predicate =
            AllowOrigin::predicate(move |origin, _| is_allowed(origin.to_str().unwrap()));
        let layer = tower_http().allow_origin(predicate);
        let found = findings(app.clone().layer(layer), ONE).await;
        let place = format!("GET /me: 200, from {origin}");
        check(&found.without_notes(), &[(code, Warning, &place), ANSWERED]);
    }
    let reflecting = tower_http().allow_origin(AllowOrigin::mirror_request());
    let found = findings(app.clone().layer(reflecting), ONE).await;
    let reflected = (
        "reflected-origin",
        Warning,
        "GET /me: 200, from https://cors-test-unlisted.example",
    );
    check(&found.without_notes(), &[reflected, ANSWERED]);
    // One origin in all responses: caches need not distinguish them.
    let bare = cors::CorsLayer::new().allow_origin(AllowOrigin::exact(APP.parse().unwrap()));
    let found = findings(
        app.layer(bare),
        "allow_origins = ['https://app.example.com']",
    )
    .await;
    let codes: Vec<_> = found.iter().map(|finding| finding.code()).collect();
    assert_eq!(codes, ["policy-differs", "no-max-age"], "{found}");
}

/// What the handler writes stays where the layer writes nothing.
#[tokio::test]
async fn a_handler_with_its_own_headers() {
    let own = || {
        let handler = get(async || ([(ALLOW_ORIGIN, "*")], "own"));
        Router::new().route("/own", handler)
    };
    let routes = [Route::new("/own")];
    let kept = changed(own(), |_, _| ()).layer(tower_http());
    let found = check_application(&mut { kept }, &policy(ONE), &routes).await;
    let differs = (
        "policy-differs",
        Warning,
        "GET /own: 200, from https://cors-test-unlisted.example",
    );
    check(
        &found.without_notes().without("options-answered"),
        &[differs],
    );
    let both = own().layer(CorsLayer::new(policy(ONE)));
    let added = changed(both, |asked, response| {
        if asked.path == "/own" && response.headers().contains_key(ALLOW_ORIGIN) {
            response.headers_mut().append(ALLOW_ORIGIN, text(APP));
        }
    });
    let found = check_application(&mut { added }, &policy(ONE), &routes).await;
    check(
        &found,
        &[(
            "allow-origin-multiple",
            Error,
            "GET /own: 200, from https://www.example.com",
        )],
    );
}

/// Defects of the responses, each with exactly its finding.
#[tokio::test]
async fn defects() {
    type Change = fn(&Asked, &mut Response);
    type Expected = &'static [(&'static str, Severity, &'static str)];
    const LISTED: &str = "GET /me: 200, from https://app.example.com";
    const UNLISTED: &str = "GET /me: 200, from https://cors-test-unlisted.example";
    const PREFLIGHT: &str = "OPTIONS /me (preflight for GET): 200, from https://app.example.com";
    let rows: [(Change, Expected); 18] = [
        (
            |_, response| drop(response.headers_mut().remove(header::VARY)),
            &[("missing-vary", Warning, LISTED)],
        ),
        (
            |asked, response| {
                if asked.origin().is_none() {
                    response.headers_mut().remove(header::VARY);
                }
            },
            &[("missing-vary", Warning, "GET /me: 200, without `Origin`")],
        ),
        (
            |asked, response| {
                if asked.is_preflight() && response.status() == 403 {
                    response.headers_mut().remove(header::VARY);
                }
            },
            &[(
                "missing-vary",
                Warning,
                "OPTIONS /me (preflight for GET): 403, from null",
            )],
        ),
        (
            |_, response| {
                if let Some(origin) = response.headers().get(ALLOW_ORIGIN).cloned() {
                    response.headers_mut().append(ALLOW_ORIGIN, origin);
                }
            },
            &[("allow-origin-multiple", Error, LISTED)],
        ),
        (
            |asked, response| {
                if let Some(origin) = asked.origin() {
                    response.headers_mut().insert(ALLOW_ORIGIN, origin);
                }
            },
            &[("reflected-origin", Warning, UNLISTED)],
        ),
        (
            |asked, response| {
                if let Some(origin) = asked
                    .origin()
                    .filter(|_| response.headers().get(ALLOW_ORIGIN).is_none())
                {
                    response.headers_mut().insert(ALLOW_ORIGIN, origin);
                    response
                        .headers_mut()
                        .insert(ALLOW_CREDENTIALS, text("true"));
                }
            },
            &[("reflected-origin-with-credentials", Error, UNLISTED)],
        ),
        (
            |asked, response| {
                if let Some(origin) = asked.origin().filter(|_| asked.is_preflight()) {
                    *response.status_mut() = StatusCode::OK;
                    response.headers_mut().insert(ALLOW_ORIGIN, origin);
                }
            },
            &[(
                "preflight-reflects",
                Warning,
                "OPTIONS /me (preflight for GET): 200, from https://cors-test-unlisted.example",
            )],
        ),
        // With a status that browsers do not accept.
        (
            |asked, response| {
                if let Some(origin) = asked.origin().filter(|_| asked.is_preflight()) {
                    response.headers_mut().insert(ALLOW_ORIGIN, origin);
                }
            },
            &[(
                "preflight-reflects",
                Note,
                "OPTIONS /me (preflight for GET): 403, from https://cors-test-unlisted.example",
            )],
        ),
        // At some paths with a status that browsers accept.
        (
            |asked, response| {
                if let Some(origin) = asked.origin().filter(|_| asked.is_preflight()) {
                    response.headers_mut().insert(ALLOW_ORIGIN, origin);
                    if asked.path == "/error" {
                        *response.status_mut() = StatusCode::OK;
                    }
                }
            },
            &[(
                "preflight-reflects",
                Warning,
                "OPTIONS /error (preflight for GET): 200, from https://cors-test-unlisted.example",
            )],
        ),
        (
            |asked, response| {
                if asked.origin().is_some_and(|origin| origin == "null") {
                    response.headers_mut().insert(ALLOW_ORIGIN, text("null"));
                }
            },
            &[("null-accepted", Warning, "GET /me: 200, from null")],
        ),
        (
            |_, response| {
                if response.headers().contains_key(ALLOW_ORIGIN) {
                    response.headers_mut().insert(ALLOW_ORIGIN, text("*"));
                    response
                        .headers_mut()
                        .insert(ALLOW_CREDENTIALS, text("true"));
                }
            },
            &[("wildcard-with-credentials", Warning, LISTED)],
        ),
        (
            |_, response| {
                response
                    .headers_mut()
                    .insert(ALLOW_CREDENTIALS, text("yes"));
            },
            &[
                ("allow-credentials-not-true", Warning, LISTED),
                ("policy-differs", Note, UNLISTED),
            ],
        ),
        (
            |asked, response| {
                if asked.is_preflight() && response.status() == 200 {
                    response
                        .headers_mut()
                        .insert(header::ACCESS_CONTROL_MAX_AGE, text("1h"));
                }
            },
            &[("max-age-invalid", Warning, PREFLIGHT)],
        ),
        (
            |asked, response| {
                if asked.is_preflight() {
                    response
                        .headers_mut()
                        .insert(header::CONTENT_LENGTH, text("5"));
                }
            },
            &[("preflight-forwarded", Warning, PREFLIGHT)],
        ),
        (
            |asked, response| {
                if asked.is_preflight() {
                    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
                }
            },
            &[
                (
                    "preflight-not-ok",
                    Error,
                    "OPTIONS /me (preflight for GET): 405, from https://app.example.com",
                ),
                (
                    "policy-differs",
                    Note,
                    "OPTIONS /me (preflight for GET): 405, from null",
                ),
            ],
        ),
        (
            |asked, response| {
                if asked.is_preflight() && response.status() == 200 {
                    *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
                }
            },
            &[(
                "preflight-redirect",
                Error,
                "OPTIONS /me (preflight for GET): 307, from https://app.example.com",
            )],
        ),
        (
            |asked, response| {
                if asked.method == "OPTIONS" && !asked.is_preflight() {
                    response
                        .headers_mut()
                        .insert(header::ACCESS_CONTROL_ALLOW_METHODS, text("PUT"));
                }
            },
            &[(
                "options-answered",
                Warning,
                "OPTIONS /files: 200, from https://app.example.com",
            )],
        ),
        (
            |asked, response| {
                if asked.path == "/me" && response.status() == 200 && asked.method == "GET" {
                    *response.status_mut() = StatusCode::NOT_FOUND;
                }
            },
            &[("unexpected-status", Warning, "GET /me: 404, from null")],
        ),
    ];
    for (change, expected) in rows {
        check(&findings(changed(right(), change), ONE).await, expected);
    }
}

#[tokio::test]
async fn refusals() {
    const REFUSES: &str = "
        allow_origins = ['https://app.example.com']
        refuse = ['websocket', 'cross-site-writes', 'unlisted-origins']
        hosts = ['cors-test.example']
    ";
    let app = || application().layer(from_fn(authenticated));
    let only_grants = policy("allow_origins = ['https://app.example.com']");
    let ignores = app().layer(CorsLayer::new(only_grants));
    check(
        &findings(ignores, REFUSES).await,
        &[(
            "not-refused",
            Error,
            "GET /me (the handshake of a WebSocket): 200, from null",
        )],
    );
    let stored = changed(
        app().layer(CorsLayer::new(policy(REFUSES))),
        |_, response| {
            response.headers_mut().remove(header::CACHE_CONTROL);
        },
    );
    check(
        &findings(stored, REFUSES).await,
        &[(
            "policy-differs",
            Warning,
            "POST /me (as from a form): 403, from null",
        )],
    );
}

#[tokio::test]
async fn a_host_that_the_policy_refuses() {
    const HOSTS: &str = "
        allow_origins = ['https://app.example.com']
        refuse = ['unlisted-origins']
        hosts = ['api.example.com']
    ";
    let mut app = application().with_cors(policy(HOSTS));
    let found = check_application(&mut app, &policy(HOSTS), &[Route::new("/me")]).await;
    check(
        &found,
        &[(
            "unexpected-status",
            Warning,
            "GET /me: 403, without `Origin`",
        )],
    );
    let url = Route::new("https://api.example.com/me").status(200);
    check_application(&mut app, &policy(HOSTS), &[url])
        .await
        .assert_none();
}

/// The text has the cause, the place, the remedy and an example.
#[tokio::test]
async fn the_text_of_a_finding() {
    let policy = policy("allow_origins = ['https://app.example.com']\nallow_methods = ['PUT']");
    let cors = CorsLayer::new(policy.clone());
    let mut app = application().layer(cors).layer(from_fn(authenticated));
    let routes = [Route::new("/items/1")
        .methods(["PUT"])
        .header("Authorization", TOKEN)
        .status(200)];
    let found = check_application(&mut app, &policy, &routes).await;
    let expected = "\
1 finding in 54 requests

error[policy-not-applied]: the response has none of the policy's headers: authentication responds outside of the CORS middleware, with 401
  OPTIONS /items/1 (preflight for PUT): 401, from https://app.example.com and 5 more
  PUT /items/1 (without the route's headers): 401, from https://app.example.com and 6 more
  OPTIONS /cors-test-unknown (preflight for GET): 401, from https://app.example.com and 5 more
  help: apply the CORS middleware outside of authentication: in axum and actix-web, the one that is added last is outermost
  read more: cors check --explain policy-not-applied

  > OPTIONS https://cors-test.example/items/1
  > Origin: https://app.example.com
  > Access-Control-Request-Method: PUT
  > Access-Control-Request-Headers: authorization
  < 401 Unauthorized
  < allow: GET,HEAD,PUT,DELETE
  < content-length: 0
  with the policy:
  < 204
  < Access-Control-Allow-Origin: https://app.example.com
  < Access-Control-Allow-Methods: PUT
  < Access-Control-Max-Age: 86400
  < Vary: Origin
";
    assert_eq!(found.to_string(), expected);
    let none = found.without("policy-not-applied");
    assert_eq!(none.to_string(), "no findings in 54 requests\n");
}

/// An application that fails.
struct Down;

impl Application<Down> for Down {
    async fn respond(
        &mut self,
        _: ::axum::http::Request<Bytes>,
        _: usize,
    ) -> Result<::axum::http::Response<Bytes>, String> {
        Err("it is down".to_owned())
    }
}

#[tokio::test]
async fn an_application_that_does_not_respond() {
    let found = findings(Down, ONE).await;
    check(
        &found,
        &[(
            "no-response",
            Error,
            "GET /me: no response, without `Origin`",
        )],
    );
}

/// The number of requests is linear.
#[tokio::test]
async fn how_many_requests() {
    async fn count(routes: &[Route], policy: &str) -> usize {
        let policy = self::policy(policy);
        let mut app = application().with_cors(policy.clone());
        check_application(&mut app, &policy, routes)
            .await
            .requests()
    }
    const PLAIN: &str = "allow_origins = ['https://a.example']";
    const REFUSES: &str = "allow_origins = ['https://a.example']\nrefuse = ['websocket', 'cross-site-writes']\nhosts = ['cors-test.example']";
    // One that is granted, three that look like it, an unlisted one, and `null`; none only without a preflight.
    let (preflight, request) = (6, 7);
    let unknown = preflight + request + request;
    let route = || Route::new("/me");
    // There is nothing that looks like an allowed origin.
    assert_eq!(count(&[], "allow_origins = ['*']").await, 2 + 3 + 3);
    assert_eq!(count(&[], PLAIN).await, unknown);
    // With its method, with another method, and `OPTIONS`.
    let plain = unknown + preflight + 3 * request;
    assert_eq!(count(&[route()], PLAIN).await, plain);
    let two = route().methods(["GET", "PUT"]);
    assert_eq!(count(&[two], PLAIN).await, plain + preflight + request);
    // Also without its headers.
    let token = || route().header("Authorization", TOKEN);
    assert_eq!(count(&[token()], PLAIN).await, plain + request);
    // Forms of all, because no grant has credentials, and WebSockets of all but the listed origin.
    let refused = 6 + 5;
    assert_eq!(count(&[route()], REFUSES).await, plain + refused);
    let many: Vec<_> = (100..200)
        .map(|number| format!("'https://{number}.example'"))
        .collect();
    let many = format!("allow_origins = [{}]", many.join(", "));
    assert_eq!(count(&[route()], &many).await, plain + 99 * 7);
    let routes = "\n[[route]]\npath = '/me'\nallow_origins = ['https://a.example']";
    assert_eq!(
        count(&[route()], &format!("{PLAIN}{routes}")).await,
        plain + unknown
    );
}
