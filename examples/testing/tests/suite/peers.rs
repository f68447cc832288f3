//! The same questions to the same applications, with the CORS middleware of each peer, placed as its documentation says. The
//! table in `docs/migrating.md` is the findings: `UPDATE_EXPECT=1` writes it.

use std::fs;
use std::path::Path;

use actix_web::App;
use actix_web::test::init_service;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::from_fn;
use cors_test::Application;
use rocket::local::asynchronous::Client;
use rocket_cors::{AllowedHeaders, AllowedOrigins, CorsOptions};
use tower_http::cors::CorsLayer;
use warp::Filter as _;

use crate::failure::failure;
use crate::pages::Question::{
    self, HandlersHeader, MethodNotAllowed, NotFound, OwnPage, PlainOptions, ServerError,
    Unauthorized,
};
use crate::policy::check_policy;

const APP: &str = "https://app.example.com";

/// A question whose test fails, and why.
type Finding = (Question, &'static str);

const CAN_READ: &str = "the page should be blocked, and can read the response";
const ANSWERED: &str = "the status should be 204, and is 200";
const REFUSED: &str = "the status should be 204, and is 403";

/// It answers every OPTIONS request, and keeps a handler's header if it has none to write.
const TOWER_HTTP: &[Finding] = &[(PlainOptions, ANSWERED), (HandlersHeader, CAN_READ)];
/// It keeps a handler's header.
const ACTIX_CORS: &[Finding] = &[(HandlersHeader, CAN_READ)];
/// It responds 403 to each request whose `Origin` is not in its list, and the application's own is not.
const ROCKET_CORS: &[Finding] = &[(OwnPage, REFUSED), (PlainOptions, REFUSED)];
/// As rocket_cors.
const WARP_CORS: &[Finding] = &[(OwnPage, REFUSED), (PlainOptions, REFUSED)];
/// A rejection passes it without headers, and `recover` makes the response of it.
const WARP_CORS_INSIDE: &[Finding] = &[
    (
        Unauthorized,
        "401 Unauthorized: `Access-Control-Allow-Origin` is missing (allow-origin-missing)",
    ),
    (
        NotFound,
        "404 Not Found: `Access-Control-Allow-Origin` is missing (allow-origin-missing)",
    ),
    (
        MethodNotAllowed,
        "405 Method Not Allowed: `Access-Control-Allow-Origin` is missing (allow-origin-missing)",
    ),
    (
        ServerError,
        "500 Internal Server Error: `Access-Control-Allow-Origin` is missing (allow-origin-missing)",
    ),
    (OwnPage, REFUSED),
    (PlainOptions, REFUSED),
];

/// What `check_application` finds: see [`check_policy`]. The policy has no `refuse`, so a 403 is another status.
const TOWER_HTTP_DIFFERS: &[&str] = &[
    "warning[options-answered] OPTIONS /me (not a preflight): 200, from https://app.example.com",
    "warning[wildcard-with-credentials] GET /own: 200, from https://app.example.com.cors-test-unlisted.example",
    "note[policy-differs] OPTIONS /me (preflight for GET): 200, from https://app.example.com",
    "note[no-max-age] OPTIONS /me (preflight for GET): 200, from https://app.example.com",
];
const ACTIX_CORS_DIFFERS: &[&str] = &[
    "warning[missing-vary] OPTIONS /me (preflight for GET): 400, from https://app.example.com.cors-test-unlisted.example",
    "warning[wildcard-with-credentials] GET /own: 200, from https://app.example.com.cors-test-unlisted.example",
    "note[policy-differs] OPTIONS /me (preflight for GET): 200, from https://app.example.com",
    "note[no-max-age] OPTIONS /me (preflight for GET): 200, from https://app.example.com",
];
const ROCKET_CORS_DIFFERS: &[&str] = &[
    "error[policy-not-applied] OPTIONS /me (not a preflight): 400, from https://app.example.com",
    "warning[preflight-forwarded] OPTIONS /me (preflight for GET): 204, from https://app.example.com",
    "warning[policy-differs] OPTIONS /me (preflight for GET): 204, from https://app.example.com",
    "warning[missing-vary] OPTIONS /me (preflight for GET): 204, from https://app.example.com",
    "warning[unexpected-status] GET /me: 403, from https://app.example.com.cors-test-unlisted.example",
    "note[no-max-age] OPTIONS /me (preflight for GET): 204, from https://app.example.com",
];
const WARP_CORS_DIFFERS: &[&str] = &[
    "error[policy-not-applied] OPTIONS /me (not a preflight): 405, from https://app.example.com",
    "warning[missing-vary] OPTIONS /me (preflight for GET): 200, from https://app.example.com",
    "warning[unexpected-status] GET /me: 403, from https://app.example.com.cors-test-unlisted.example",
    "warning[policy-differs] GET /own: 200, without `Origin`",
    "note[policy-differs] OPTIONS /me (preflight for GET): 200, from https://app.example.com",
    "note[no-max-age] OPTIONS /me (preflight for GET): 200, from https://app.example.com",
];
const WARP_CORS_INSIDE_DIFFERS: &[&str] = &[
    "error[policy-not-applied] GET /me (without the route's headers): 401, from https://app.example.com",
    "warning[missing-vary] OPTIONS /me (preflight for GET): 200, from https://app.example.com",
    "warning[unexpected-status] GET /me: 403, from https://app.example.com.cors-test-unlisted.example",
    "warning[policy-differs] GET /own: 200, without `Origin`",
    "note[policy-differs] OPTIONS /me (preflight for GET): 200, from https://app.example.com",
    "note[no-max-age] OPTIONS /me (preflight for GET): 200, from https://app.example.com",
];

/// The columns of the guide's table.
const PEERS: [(&str, &[Finding]); 5] = [
    ("tower-http", TOWER_HTTP),
    ("actix-cors", ACTIX_CORS),
    ("rocket_cors", ROCKET_CORS),
    ("warp::cors", WARP_CORS),
    ("warp::cors inside `recover`", WARP_CORS_INSIDE),
];

#[test]
fn the_table_is_that_of_the_guide() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/migrating.md");
    let guide = fs::read_to_string(&path).unwrap();
    let head = "| what should hold | ";
    let (before, rest) = guide.split_once(head).unwrap();
    let (_, after) = rest.split_once("\n\n").unwrap();
    let written = format!("{before}{}\n{after}", table(head));
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(path, written).unwrap();
        return;
    }
    let count = format!("and {} tests for it", Question::ALL.len());
    assert!(guide.contains(&count), "the guide should say: {count}");
    assert!(guide == written, "the table should be:\n{}", table(head));
}

/// A row for the questions with the same cells, in the order of the questions.
fn table(head: &str) -> String {
    let mut rows: Vec<(Vec<&str>, Vec<&str>)> = Vec::new();
    for question in Question::ALL {
        let cells: Vec<_> = PEERS.iter().map(|peer| cell(peer.1, question)).collect();
        match rows.iter_mut().find(|row| row.1 == cells) {
            Some(row) => row.0.push(question.statement()),
            None => rows.push((vec![question.statement()], cells)),
        }
    }
    let peers = PEERS.map(|(peer, _)| peer).join(" | ");
    let line = "|---".repeat(PEERS.len() + 1);
    let rows = rows.iter().map(|(questions, cells)| {
        format!("| {} | {} |\n", questions.join("<br>"), cells.join(" | "))
    });
    format!("{head}{peers} |\n{line}|\n{}", rows.collect::<String>())
}

fn cell(findings: &[Finding], question: Question) -> &'static str {
    match findings.iter().find(|finding| finding.0 == question) {
        None => "yes",
        Some((_, CAN_READ)) => "**no**: it can read",
        Some((_, REFUSED)) => "**no**: 403",
        Some((_, ANSWERED)) => "**no**: the middleware responds",
        Some((_, why)) if why.ends_with("(allow-origin-missing)") => "**no**: blocked",
        Some((_, why)) => why,
    }
}

async fn check<D>(
    peer: &str,
    app: &mut impl Application<D>,
    expected: &[Finding],
    differences: &[&str],
) {
    check_policy(app, differences).await;
    let mut found = Vec::new();
    for question in Question::ALL {
        if let Some(text) = failure(question.ask(app)).await {
            found.push((question, finding(&text)));
        }
    }
    let found: Vec<_> = found
        .iter()
        .map(|(question, why)| (*question, &**why))
        .collect();
    assert_eq!(found, expected, "{peer}");
}

/// The first line of the text; if the page is blocked, the last response's status and the reason.
fn finding(text: &str) -> String {
    let mut lines = text.lines();
    let first = lines.clone().next().unwrap_or_default();
    let Some(blocked) = lines.clone().find(|line| line.starts_with("blocked: ")) else {
        return first.to_owned();
    };
    let is_status = |line: &&str| line.starts_with("  < ") && !line.contains(": ");
    let status = lines
        .rfind(is_status)
        .unwrap_or_default()
        .trim_start_matches("  < ");
    format!("{status}: {}", blocked.trim_start_matches("blocked: "))
}

#[tokio::test]
async fn tower_http() {
    let cors = CorsLayer::new()
        .allow_origin([HeaderValue::from_static(APP)])
        .allow_methods([Method::GET, Method::POST, Method::PUT])
        .allow_headers([header::CONTENT_TYPE, header::AUTHORIZATION])
        .expose_headers([HeaderName::from_static("x-request-id")])
        .allow_credentials(true);
    let mut app = cors_testing::axum::routes()
        .fallback(async || (StatusCode::NOT_FOUND, "no such page"))
        .layer(from_fn(cors_testing::axum::authenticated))
        .layer(cors);
    check("tower-http", &mut app, TOWER_HTTP, TOWER_HTTP_DIFFERS).await;
}

#[actix_web::test]
async fn actix_cors() {
    let cors = actix_cors::Cors::default()
        .allowed_origin(APP)
        .allowed_methods(["GET", "POST", "PUT"])
        .allowed_headers(["content-type", "authorization"])
        .expose_headers(["x-request-id"])
        .supports_credentials();
    let authenticated = actix_web::middleware::from_fn(cors_testing::actix::authenticated);
    let app = App::new()
        .configure(cors_testing::actix::routes)
        .wrap(authenticated)
        .wrap(cors);
    check(
        "actix-cors",
        &mut init_service(app).await,
        ACTIX_CORS,
        ACTIX_CORS_DIFFERS,
    )
    .await;
}

#[rocket::async_test]
async fn rocket_cors() {
    use cors_testing::rocket::{assembled, build};
    use rocket::http::Method;

    let methods = [Method::Get, Method::Post, Method::Put];
    let cors = CorsOptions {
        allowed_origins: AllowedOrigins::some_exact(&[APP]),
        allowed_methods: methods.into_iter().map(From::from).collect(),
        allowed_headers: AllowedHeaders::some(&["content-type", "authorization"]),
        expose_headers: ["x-request-id".to_owned()].into(),
        allow_credentials: true,
        ..CorsOptions::default()
    };
    let app = assembled(build().attach(cors.to_cors().unwrap()));
    let mut app = Client::untracked(app).await.unwrap();
    check("rocket_cors", &mut app, ROCKET_CORS, ROCKET_CORS_DIFFERS).await;
}

/// The filter of warp.
pub(crate) fn warp_cors() -> warp::cors::Cors {
    warp::cors()
        .allow_origin(APP)
        .allow_methods(["GET", "POST", "PUT"])
        .allow_headers(["content-type", "authorization"])
        .expose_headers(["x-request-id"])
        .allow_credentials(true)
        .build()
}

#[tokio::test]
async fn warp_cors_around_recover() {
    use cors_testing::warp::{authenticated, recovered, routes};

    let app = authenticated()
        .and(routes())
        .recover(recovered)
        .with(warp_cors());
    check(
        "warp::cors",
        &mut warp::service(app),
        WARP_CORS,
        WARP_CORS_DIFFERS,
    )
    .await;
}

/// As its documentation shows it: around the routes.
#[tokio::test]
async fn warp_cors_inside_recover() {
    use cors_testing::warp::{authenticated, recovered, routes};

    let app = authenticated()
        .and(routes())
        .with(warp_cors())
        .recover(recovered);
    check(
        "warp::cors, inside `recover`",
        &mut warp::service(app),
        WARP_CORS_INSIDE,
        WARP_CORS_INSIDE_DIFFERS,
    )
    .await;
}
