//! What Go's `CrossOriginProtection`, tower-http's `csrf` layer and `refuse` do with the same requests.
//!
//! tower-http's layer and ours are run. Go's column is data: what a server of Go 1.27.3 responded to the same bytes over a
//! socket. (Go 1.25.0 lets more paths pass.) The tables in `docs/migrating.md` are these rows: `UPDATE_EXPECT=1` writes them.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::convert::Infallible;
use std::fs;
use std::path::Path;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::CONTENT_LENGTH;
use axum::http::{Method, Request};
use axum::response::Response;
use cors_axum::{Config, Grant, Policy, Refuse, WithCors as _};
use cors_migrating::server::runtime;
use cors_migrating::{after, before};
use tower::{Service, ServiceExt as _};
use tower_http::csrf::CsrfLayer;

/// A request, and what becomes of it.
struct Row {
    setup: Setup,
    /// Its cell in the table.
    name: &'static str,
    line: &'static str,
    headers: &'static [&'static str],
    /// With Go, tower-http and ours: [`PASSES`], or the status of the response that the application did not send.
    outcomes: [&'static str; 3],
    /// Why they differ.
    why: &'static str,
}

/// How the layers are set up.
#[derive(Clone, Copy)]
enum Setup {
    /// As the guide shows it.
    Usual,
    /// The peers trust one origin, which is an entry of the policy's list.
    Listed(&'static str, &'static str),
    /// The guide's policy with another `refuse`.
    Refusing(&'static str),
    /// Three more parts of the application are not protected: Go's patterns are `/deliveries/{id}`, `/exact` and
    /// `POST /sms/`.
    MoreBypassed,
}

use Setup::{Listed, MoreBypassed, Refusing, Usual};

const PASSES: &str = "passes";
const REFUSED: &str = "403";
const PASS: [&str; 3] = [PASSES; 3];
const REFUSE: [&str; 3] = [REFUSED; 3];
/// Only ours refuses.
const STRICTER: [&str; 3] = [PASSES, PASSES, REFUSED];
/// Only ours does not refuse.
const LOOSER: [&str; 3] = [REFUSED, REFUSED, PASSES];

const POST: &str = "POST /items";
const API: &str = "Host: api.example.com";
const TRUSTED: &str = "Origin: https://app.example.com";
const FOREIGN: &str = "Origin: https://other.example";
const OWN: &str = "Origin: https://api.example.com";
const NULL: &str = "Origin: null";
const SAME_ORIGIN: &str = "Sec-Fetch-Site: same-origin";
const SAME_SITE: &str = "Sec-Fetch-Site: same-site";
const CROSS_SITE: &str = "Sec-Fetch-Site: cross-site";
const NONE: &str = "Sec-Fetch-Site: none";
const UPGRADE: &str = "Upgrade: websocket";
const ASKS_FOR_PUT: &str = "Access-Control-Request-Method: PUT";

const WITHOUT_CREDENTIALS: &str = "allow_origins = ['https://reader.example']";
const PATTERN: &str = "allow_origins = ['https://*.pages.example']\nallow_credentials = true";
const EVERYONE: &str = "allow_origins = ['*']";

const NOT_SENT: &str = "No browser sends this. An origin is compared as a whole";
const PORT: &str =
    "Browsers leave out the default port of an origin. Some clients and proxies write it in `Host`";
const IN_DOUBT: &str = "No browser sends this. What is in doubt is refused";
const BELOW: &str = "A route has everything below its path";

#[rustfmt::skip] // One row, one line.
const ROWS: &[Row] = &[
    // Trusted origins.
    row(Usual, "trusted origin", POST, &[API, TRUSTED], PASS, ""),
    row(Usual, "trusted origin, `Sec-Fetch-Site: cross-site`", POST, &[API, TRUSTED, CROSS_SITE], PASS, ""),
    row(Usual, "trusted origin, `Sec-Fetch-Site: same-site`", POST, &[API, TRUSTED, SAME_SITE], PASS, ""),
    row(Usual, "trusted origin with another port", POST, &[API, "Origin: https://app.example.com:8443"], REFUSE, ""),
    row(Usual, "trusted origin with `:443`", POST, &[API, "Origin: https://app.example.com:443"], REFUSE, ""),
    row(Usual, "trusted host, over http", POST, &[API, "Origin: http://app.example.com"], REFUSE, ""),
    row(Usual, "trusted origin in upper case", POST, &[API, "Origin: HTTPS://APP.EXAMPLE.COM"], REFUSE, ""),
    row(Usual, "two `Origin` lines, the first is trusted", POST, &[API, TRUSTED, FOREIGN], STRICTER, "They read the first line. A proxy or the application may read the last"),
    row(Usual, "two `Origin` lines, the last is trusted", POST, &[API, FOREIGN, TRUSTED], REFUSE, ""),
    row(Usual, "foreign origin", POST, &[API, FOREIGN], REFUSE, ""),
    row(Refusing("[\"cross-site-writes\"]\nrefuse_report_only = true"), "foreign origin, with `refuse_report_only = true`", POST, &[API, FOREIGN], LOOSER, "The request is only logged"),
    row(Usual, "foreign origin, `Sec-Fetch-Site: cross-site`", POST, &[API, FOREIGN, CROSS_SITE], REFUSE, ""),
    row(Usual, "foreign origin, `Sec-Fetch-Site: same-origin`", POST, &[API, FOREIGN, SAME_ORIGIN], PASS, ""),
    row(Usual, "foreign origin, `Sec-Fetch-Site: none`", POST, &[API, FOREIGN, NONE], PASS, ""),
    // What is listed.
    row(Listed("https://reader.example", WITHOUT_CREDENTIALS), "trusted origin whose grant has no credentials", POST, &[API, "Origin: https://reader.example"], STRICTER, "Its pages may read public data. They may not write with a user's cookies: set `allow_credentials = true`"),
    row(Listed("https://*.pages.example", PATTERN), "origin of a pattern in the list", POST, &[API, "Origin: https://a.pages.example"], LOOSER, "Their lists have exact origins"),
    row(Listed("https://app.example.com", EVERYONE), "foreign origin, with a grant to `*`", POST, &[API, FOREIGN], REFUSE, ""),
    // `Sec-Fetch-Site`.
    row(Usual, "`Sec-Fetch-Site: same-origin`", POST, &[API, SAME_ORIGIN], PASS, ""),
    row(Usual, "`Sec-Fetch-Site: none`", POST, &[API, NONE], PASS, ""),
    row(Usual, "`Sec-Fetch-Site: same-site`", POST, &[API, SAME_SITE], REFUSE, ""),
    row(Usual, "`Sec-Fetch-Site: cross-site`", POST, &[API, CROSS_SITE], REFUSE, ""),
    row(Usual, "`Sec-Fetch-Site: Same-Origin`", POST, &[API, "Sec-Fetch-Site: Same-Origin"], REFUSE, ""),
    row(Usual, "`Sec-Fetch-Site: other`", POST, &[API, "Sec-Fetch-Site: other"], REFUSE, ""),
    row(Usual, "`Sec-Fetch-Site`, not ASCII", POST, &[API, "Sec-Fetch-Site: \u{ff}"], REFUSE, ""),
    row(Usual, "`Sec-Fetch-Site`, empty", POST, &[API, "Sec-Fetch-Site: "], STRICTER, IN_DOUBT),
    row(Usual, "`Sec-Fetch-Site: same-origin`, two lines", POST, &[API, SAME_ORIGIN, SAME_ORIGIN], STRICTER, IN_DOUBT),
    row(Usual, "`Sec-Fetch-Site: same-origin`, then `cross-site`", POST, &[API, SAME_ORIGIN, CROSS_SITE], STRICTER, IN_DOUBT),
    row(Usual, "`Sec-Fetch-Site: cross-site`, then `same-origin`", POST, &[API, CROSS_SITE, SAME_ORIGIN], REFUSE, ""),
    row(Usual, "neither `Sec-Fetch-Site` nor `Origin`", POST, &[API], PASS, ""),
    // `Origin` and `Host`.
    row(Usual, "the server's own origin", POST, &[API, OWN], PASS, ""),
    row(Usual, "the server's own origin, over http", POST, &[API, "Origin: http://api.example.com"], PASS, ""),
    row(Usual, "the server's own origin, `Sec-Fetch-Site: cross-site`", POST, &[API, OWN, CROSS_SITE], REFUSE, ""),
    row(Usual, "origin of a host below the server's", POST, &[API, "Origin: https://a.api.example.com"], REFUSE, ""),
    row(Usual, "`Host` with a dot at its end", POST, &["Host: api.example.com.", OWN], REFUSE, ""),
    row(Usual, "origin and `Host` with port 8443", POST, &["Host: api.example.com:8443", "Origin: https://api.example.com:8443"], PASS, ""),
    row(Usual, "origin and `Host` with an IPv6 address", POST, &["Host: [::1]:3000", "Origin: http://[::1]:3000"], PASS, ""),
    row(Usual, "origin with port 8444, `Host` with 8443", POST, &["Host: api.example.com:8443", "Origin: https://api.example.com:8444"], REFUSE, ""),
    row(Usual, "origin with port 8443, `Host` without", POST, &[API, "Origin: https://api.example.com:8443"], REFUSE, ""),
    row(Usual, "https origin without a port, `Host` with 443", POST, &["Host: api.example.com:443", OWN], LOOSER, PORT),
    row(Usual, "http origin without a port, `Host` with 80", POST, &["Host: api.example.com:80", "Origin: http://api.example.com"], LOOSER, PORT),
    row(Usual, "http origin without a port, `Host` with 443", POST, &["Host: api.example.com:443", "Origin: http://api.example.com"], REFUSE, ""),
    row(Usual, "origin with port 443, `Host` without", POST, &[API, "Origin: https://api.example.com:443"], REFUSE, ""),
    row(Usual, "origin and `Host` with port 443", POST, &["Host: api.example.com:443", "Origin: https://api.example.com:443"], STRICTER, "No browser sends this: it leaves out the default port of an origin"),
    row(Usual, "`Host` in upper case", POST, &["Host: API.EXAMPLE.COM", OWN], LOOSER, "The case of a host does not matter"),
    row(Usual, "host of the origin in upper case", POST, &[API, "Origin: https://API.EXAMPLE.COM"], LOOSER, "The case of a host does not matter"),
    row(Usual, "scheme of the origin in upper case", POST, &[API, "Origin: HTTPS://api.example.com"], STRICTER, NOT_SENT),
    row(Usual, "origin with a path", POST, &[API, "Origin: https://api.example.com/a"], STRICTER, NOT_SENT),
    row(Usual, "origin with a user", POST, &[API, "Origin: https://a@api.example.com"], [PASSES, REFUSED, REFUSED], NOT_SENT),
    row(Usual, "origin with another scheme, `app:`", POST, &[API, "Origin: app://api.example.com"], [PASSES, REFUSED, REFUSED], "It is an application's origin, not the server's"),
    row(Usual, "origin without a scheme", POST, &["Host: api.example.com:8443", "Origin: api.example.com:8443"], REFUSE, ""),
    row(Usual, "origin, not ASCII", POST, &[API, "Origin: \u{ff}"], REFUSE, ""),
    row(Usual, "origin, empty", POST, &[API, "Origin: "], STRICTER, IN_DOUBT),
    row(Usual, "origin `null`", POST, &[API, NULL], REFUSE, ""),
    row(Usual, "origin `null`, no `Host`", POST, &[NULL], [PASSES, REFUSED, REFUSED], "Go compares two empty hosts. Every site can send `null`"),
    row(Usual, "the server's own origin, no `Host`", POST, &[OWN], REFUSE, ""),
    row(Usual, "two `Host` lines, the first as in the origin", POST, &[API, "Host: other.example", OWN], ["400", PASSES, REFUSED], "tower-http reads the first line. Go's server responds before the check"),
    row(Usual, "`Host` that is not a host", POST, &["Host: not a host", OWN], ["400", REFUSED, REFUSED], "Go's server responds before the check"),
    row(Usual, "host of the target as in the origin, no `Host`", "POST https://api.example.com/items", &[OWN], PASS, ""),
    row(Usual, "host of the target as in the origin, another `Host`", "POST https://api.example.com/items", &["Host: other.example", OWN], PASS, ""),
    row(Usual, "`Host` as in the origin, another host of the target", "POST https://api.example.com/items", &["Host: other.example", FOREIGN], REFUSE, ""),
    row(Usual, "another host of the target, no `Host`", "POST https://api.example.com/items", &[FOREIGN], REFUSE, ""),
    row(Usual, "DNS rebinding: the foreign page's host leads to this server", POST, &["Host: other.example", FOREIGN, SAME_ORIGIN], PASS, ""),
    row(Refusing(r#"["unlisted-origins"]"#), "DNS rebinding, with `unlisted-origins` and `hosts`", POST, &["Host: other.example", FOREIGN, SAME_ORIGIN], STRICTER, "`hosts` lists the names of the server"),
    // Methods.
    row(Usual, "`GET`, foreign origin", "GET /items", &[API, FOREIGN, CROSS_SITE], PASS, ""),
    row(Usual, "`HEAD`, foreign origin", "HEAD /items", &[API, FOREIGN, CROSS_SITE], PASS, ""),
    row(Usual, "`OPTIONS`, foreign origin", "OPTIONS /items", &[API, FOREIGN, CROSS_SITE], PASS, ""),
    row(Usual, "`PUT`, foreign origin", "PUT /items", &[API, FOREIGN, CROSS_SITE], REFUSE, ""),
    row(Usual, "`DELETE`, foreign origin", "DELETE /items", &[API, FOREIGN, CROSS_SITE], REFUSE, ""),
    row(Usual, "`TRACE`, foreign origin", "TRACE /items", &[API, FOREIGN, CROSS_SITE], REFUSE, ""),
    row(Usual, "`get` in lower case, foreign origin", "get /items", &[API, FOREIGN, CROSS_SITE], REFUSE, ""),
    row(Usual, "preflight, trusted origin", "OPTIONS /items", &[API, TRUSTED, ASKS_FOR_PUT], [PASSES, PASSES, "204"], "A preflight is answered by the CORS middleware"),
    row(Usual, "preflight, foreign origin", "OPTIONS /items", &[API, FOREIGN, ASKS_FOR_PUT], STRICTER, "A preflight is answered by the CORS middleware"),
    // WebSocket.
    row(Usual, "WebSocket, foreign origin", "GET /ws", &[API, FOREIGN, CROSS_SITE, UPGRADE], PASS, ""),
    row(Refusing(r#"["cross-site-writes", "websocket"]"#), "WebSocket, foreign origin, with `websocket`", "GET /ws", &[API, FOREIGN, CROSS_SITE, UPGRADE], STRICTER, "A WebSocket is opened by a `GET`, which they let pass"),
    row(Refusing(r#"["cross-site-writes", "websocket"]"#), "WebSocket, trusted origin, with `websocket`", "GET /ws", &[API, TRUSTED, CROSS_SITE, UPGRADE], PASS, ""),
    // Parts of the application that are not protected.
    row(Usual, "below the part that is not protected, foreign origin", "POST /hooks/a", &[API, FOREIGN], PASS, ""),
    row(Usual, "below the part that is not protected, `Sec-Fetch-Site: cross-site`", "POST /hooks/a", &[API, FOREIGN, CROSS_SITE], PASS, ""),
    row(Usual, "below the part that is not protected, origin, not ASCII", "POST /hooks/a", &[API, "Origin: \u{ff}"], PASS, ""),
    row(Usual, "`/hooks` without the slash, foreign origin", "POST /hooks", &[API, FOREIGN], LOOSER, BELOW),
    row(Usual, "`/items/../hooks/a`, foreign origin", "POST /items/../hooks/a", &[API, FOREIGN], REFUSE, ""),
    row(Usual, "`/hooks/%2e%2e/items`, foreign origin", "POST /hooks/%2e%2e/items", &[API, FOREIGN], STRICTER, "They see the path as it was sent. Here, a path that servers read in several ways is in no route"),
    row(Usual, "`/hooks/../items`, foreign origin", "POST /hooks/../items", &[API, FOREIGN], [REFUSED, PASSES, REFUSED], "The same, but Go resolves `..` first"),
    row(Usual, "`/HOOKS/a`, foreign origin", "POST /HOOKS/a", &[API, FOREIGN], REFUSE, ""),
    row(MoreBypassed, "`/deliveries/{id}` is not protected: `/deliveries/1`", "POST /deliveries/1", &[API, FOREIGN], PASS, ""),
    row(MoreBypassed, "`/deliveries/{id}` is not protected: `/deliveries/1/a`", "POST /deliveries/1/a", &[API, FOREIGN], LOOSER, BELOW),
    row(MoreBypassed, "`/exact` is not protected: `/exact`", "POST /exact", &[API, FOREIGN], PASS, ""),
    row(MoreBypassed, "`/exact` is not protected: `/exact/`", "POST /exact/", &[API, FOREIGN], LOOSER, BELOW),
    row(MoreBypassed, "`POST` of `/sms/` is not protected: `POST`", "POST /sms/", &[API, FOREIGN], PASS, ""),
    row(MoreBypassed, "`POST` of `/sms/` is not protected: `PUT`", "PUT /sms/", &[API, FOREIGN], LOOSER, "A route is for every method"),
];

const ERROR: &str = "error";
const MATCHES: &str = "accepted";
/// It is accepted, and refuses its origin as a browser sends it.
const NEVER: &str = "never matches";
const NEVER_SENT: &str = "No browser sends this origin";

/// An entry of the list; what Go, tower-http and ours do with it; and why they differ. Ours is for a grant with credentials.
#[rustfmt::skip] // One row, one line.
const ENTRIES: &[(&str, [&str; 3], &str)] = &[
    ("https://app.example.com", [MATCHES; 3], ""),
    ("https://app.example.com:8443", [MATCHES; 3], ""),
    ("http://localhost:3000", [MATCHES; 3], ""),
    ("http://app.example.com", [MATCHES, MATCHES, ERROR], "Anyone on the network can change the pages of a plain http origin"),
    ("https://*.example.com", [NEVER, NEVER, MATCHES], "It is a pattern here"),
    ("capacitor://localhost", [MATCHES, ERROR, MATCHES], "tower-http takes only http and https. It is the origin of an application's web view"),
    ("https://App.Example.com", [NEVER, NEVER, ERROR], NEVER_SENT),
    ("https://app.example.com:443", [NEVER, NEVER, ERROR], NEVER_SENT),
    ("https://\u{e4}pp.example.com", [NEVER, ERROR, ERROR], NEVER_SENT),
    ("https://app.example.com/", [ERROR; 3], ""),
    ("https://app.example.com/path", [ERROR; 3], ""),
    ("https://app.example.com?query=value", [ERROR; 3], ""),
    ("https://app.example.com#fragment", [ERROR; 3], ""),
    ("https://app example.com", [ERROR; 3], ""),
    ("app.example.com", [ERROR; 3], ""),
    ("https://", [ERROR; 3], ""),
    ("file:///", [ERROR; 3], ""),
    ("mailto:a@example.com", [ERROR; 3], ""),
    ("", [ERROR; 3], ""),
    ("null", [ERROR; 3], ""),
    ("*", [ERROR; 3], ""),
];

/// The response to a refused `POST`: of Go, tower-http and ours.
#[rustfmt::skip] // One row, one line.
const REFUSALS: &[(&str, Setup, &[&str], [&str; 3])] = &[
    ("foreign origin", Usual, &[API, FOREIGN], [GO_REFUSAL, "`403`", "`403`<br>`cache-control: no-store`<br>`vary: Origin`"]),
    ("origin whose grant has no credentials", Listed("https://other.example", WITHOUT_CREDENTIALS), &[API, "Origin: https://reader.example"], [GO_REFUSAL, "`403`", "`403`<br>`access-control-allow-origin: https://reader.example`<br>`cache-control: no-store`<br>`vary: Origin`"]),
];

const GO_REFUSAL: &str = "`403`<br>`content-type: text/plain; charset=utf-8`<br>`x-content-type-options: nosniff`<br>a body that says why";

const fn row(
    setup: Setup,
    name: &'static str,
    line: &'static str,
    headers: &'static [&'static str],
    outcomes: [&'static str; 3],
    why: &'static str,
) -> Row {
    Row {
        setup,
        name,
        line,
        headers,
        outcomes,
        why,
    }
}

#[test]
fn requests() {
    for row in ROWS {
        check(row);
    }
}

#[test]
fn entries() {
    for (entry, [go, tower_http, ours], why) in ENTRIES {
        let sent = entry.to_lowercase().replace(":443", "").replace('*', "a");
        let origin = format!("Origin: {sent}");
        let outcome = |response| match outcome(&response) == PASSES {
            true => MATCHES,
            false => NEVER,
        };
        let request = || request(POST, &[API, &origin]);
        let added = CsrfLayer::new().add_trusted_origin(entry).ok();
        let added = added.map(|layer| outcome(send(app().layer(layer), request())));
        assert_eq!(added.unwrap_or(ERROR), *tower_http, "tower-http: {entry}");
        let refuse = Refuse::default().cross_site_writes(true);
        let grant = Grant::new([*entry]).allow_credentials(true);
        let policy = Policy::new(Config::new([grant]).refuse(refuse)).ok();
        let policy = policy.map(|policy| outcome(send(app().with_cors(policy), request())));
        assert_eq!(policy.unwrap_or(ERROR), *ours, "ours: {entry}");
        let differs = go != ours || tower_http != ours;
        assert_eq!(differs, !why.is_empty(), "{entry}");
    }
}

#[test]
fn refusals() {
    for (name, setup, headers, [_, tower_http, ours]) in REFUSALS {
        let response = send(app().layer(setup.csrf()), request(POST, headers));
        assert_eq!(facts(response), *tower_http, "tower-http: {name}");
        let response = send(app().with_cors(setup.policy()), request(POST, headers));
        assert_eq!(facts(response), *ours, "ours: {name}");
    }
}

/// The applications of the guide.
#[test]
fn applications() {
    for (headers, status) in [(&[API, FOREIGN], 403), (&[API, TRUSTED], 200)] {
        let response = send(before::axum::with_csrf().unwrap(), request(POST, headers));
        assert_eq!(response.status(), status, "before: {headers:?}");
        let response = send(after::axum::refusing().unwrap(), request(POST, headers));
        assert_eq!(response.status(), status, "after: {headers:?}");
    }
}

#[test]
fn the_tables_are_those_of_the_guide() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/migrating.md");
    let guide = fs::read_to_string(&path).unwrap();
    let tables = [different_rows(), same_rows(), entry_rows(), refusal_rows()];
    let written = tables.iter().fold(guide.clone(), |guide, (head, rows)| {
        let (before, rest) = guide.split_once(head).unwrap();
        let (_, after) = rest.split_once("\n\n").unwrap();
        format!("{before}{head}{rows}\n{after}")
    });
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(path, written).unwrap();
        return;
    }
    assert!(guide == written, "a table should be:\n{tables:#?}");
}

/// The head of a table, and its rows.
type Table = (&'static str, String);

fn different_rows() -> Table {
    let head = "| request | Go | tower-http | here | why |\n|---|---|---|---|---|\n";
    let rows = ROWS.iter().filter(|row| !row.why.is_empty());
    let rows = rows.map(|row| line(row.name, row.outcomes, row.why));
    (head, rows.collect())
}

fn same_rows() -> Table {
    let head = "| all three | requests |\n|---|---|\n";
    let rows = [PASSES, REFUSED].map(|outcome| {
        let rows = ROWS.iter().filter(|row| row.outcomes == [outcome; 3]);
        let names: Vec<_> = rows.map(|row| row.name).collect();
        format!("| {outcome} | {} |\n", names.join("<br>"))
    });
    (head, rows.concat())
}

fn entry_rows() -> Table {
    let head =
        "| entry | Go | tower-http | here, with credentials | why |\n|---|---|---|---|---|\n";
    let cell = |entry: &str| match entry {
        "" => "an empty one".to_owned(),
        entry => format!("`{entry}`"),
    };
    let different = ENTRIES.iter().filter(|(_, _, why)| !why.is_empty());
    let different = different.map(|(entry, outcomes, why)| line(&cell(entry), *outcomes, why));
    let same = [MATCHES, ERROR].map(|outcome| {
        let entries = ENTRIES.iter().filter(|entry| entry.1 == [outcome; 3]);
        let entries: Vec<_> = entries.map(|(entry, ..)| cell(entry)).collect();
        line(&entries.join("<br>"), [outcome; 3], "")
    });
    (head, different.chain(same).collect())
}

fn refusal_rows() -> Table {
    let head = "| refused | Go | tower-http | here |\n|---|---|---|---|\n";
    let rows = REFUSALS.iter().map(|(name, _, _, [go, tower_http, ours])| {
        format!("| {name} | {go} | {tower_http} | {ours} |\n")
    });
    (head, rows.collect())
}

fn line(name: &str, [go, tower_http, ours]: [&str; 3], why: &str) -> String {
    format!("| {name} | {go} | {tower_http} | {ours} | {why} |\n").replace("|  |", "| |")
}

/// Sends a request to tower-http's layer and to ours, and compares what becomes of it.
#[track_caller]
fn check(row: &Row) {
    let Row {
        name,
        outcomes: [go, tower_http, ours],
        ..
    } = row;
    let request = || request(row.line, row.headers);
    let response = send(app().layer(row.setup.csrf()), request());
    assert_eq!(outcome(&response), *tower_http, "tower-http: {name}");
    let response = send(app().with_cors(row.setup.policy()), request());
    assert_eq!(outcome(&response), *ours, "ours: {name}");
    let differs = go != ours || tower_http != ours;
    assert_eq!(
        differs,
        !row.why.is_empty(),
        "{name}: an explanation where they differ, and only there"
    );
}

impl Setup {
    fn csrf(self) -> CsrfLayer {
        let usual = before::axum::csrf().unwrap();
        match self {
            Usual | Refusing(_) => usual,
            Listed(origin, _) => usual.add_trusted_origin(origin).unwrap(),
            MoreBypassed => usual.with_insecure_bypass(|method, uri| {
                let segments: Vec<_> = uri.path().split('/').skip(1).collect();
                match *segments {
                    ["deliveries", id] => !id.is_empty(),
                    ["exact"] => true,
                    ["sms", _, ..] => method == Method::POST,
                    _ => false,
                }
            }),
        }
    }

    fn policy(self) -> Policy {
        let usual = include_str!("../csrf.toml");
        let refuse = r#"["cross-site-writes"]"#;
        let text = match self {
            Usual => usual.to_owned(),
            Listed(_, grant) => format!("{grant}\nrefuse = {refuse}"),
            Refusing(more) => {
                assert!(usual.contains(refuse));
                let usual = usual.replace(refuse, more);
                format!("hosts = ['api.example.com']\n{usual}")
            }
            MoreBypassed => {
                let routes = ["/deliveries/{id}", "/exact", "/sms"];
                let routes =
                    routes.map(|path| format!("[[route]]\npath = '{path}'\nrefuse = []\n"));
                format!("{usual}\n{}", routes.concat())
            }
        };
        Policy::from_toml(&text).unwrap()
    }
}

/// Its responses have a header that no layer writes.
fn app() -> Router {
    Router::new().fallback(|| async { [("x-application", "1")] })
}

fn request(line: &str, headers: &[&str]) -> Request<Body> {
    let (method, target) = line.split_once(' ').unwrap();
    let mut request = Request::builder().method(method).uri(target);
    for header in headers {
        let (name, value) = header.split_once(": ").unwrap();
        request = request.header(name, value.as_bytes());
    }
    request.body(Body::empty()).unwrap()
}

#[track_caller]
fn send(
    app: impl Service<Request<Body>, Response = Response, Error = Infallible>,
    request: Request<Body>,
) -> Response {
    let Ok(response) = runtime().unwrap().block_on(app.oneshot(request));
    response
}

fn outcome(response: &Response) -> String {
    match response.headers().contains_key("x-application") {
        true => PASSES.to_owned(),
        false => response.status().as_str().to_owned(),
    }
}

/// The status and the headers of a response without a body, as a cell of a table.
fn facts(response: Response) -> String {
    let (head, body) = response.into_parts();
    let body = runtime().unwrap().block_on(to_bytes(body, usize::MAX));
    assert!(body.unwrap().is_empty());
    let headers = head.headers.iter();
    let headers = headers.filter(|(name, _)| *name != CONTENT_LENGTH);
    let mut headers: Vec<_> = headers
        .map(|(name, value)| format!("`{name}: {}`", value.to_str().unwrap()))
        .collect();
    headers.sort_unstable();
    headers.insert(0, format!("`{}`", head.status.as_str()));
    headers.join("<br>")
}
