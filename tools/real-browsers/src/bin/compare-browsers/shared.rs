//! The shared cases that a page can send, with a fixture server.

use std::collections::HashSet;
use std::sync::Arc;

use cors_browser_model::{Credentials, Headers, Recorded, Request, Url};
use cors_matrix::case::{Case, NamedPolicy, Suite};
use cors_matrix::run::PolicyFiles;
use cors_matrix::server::FixtureBinary;
use cors_real_browsers::{Browser, Fetch, Front, RecordedExchange};

use crate::compare::{Tally, compare};
use crate::exchanges::Exchanges;

/// The most headers that a script sets here.
const MAX_HEADERS: usize = 64;

/// Runs the cases of all policies in one browser against one framework.
pub(crate) fn run(
    browser: &mut Browser,
    fixture: &FixtureBinary,
    suite: &Suite,
) -> Result<Tally, String> {
    let files = PolicyFiles::write(suite).map_err(|error| error.to_string())?;
    let mut tally = Tally::default();
    for (index, policy) in suite.policies.iter().enumerate() {
        let cases = suite
            .cases
            .iter()
            .filter(|case| Arc::ptr_eq(&case.policy, policy));
        let server = fixture.start(Some(&files.path(index)))?;
        // Browsers let an https page send requests only to https.
        let doors = [
            Front::plain(server.port()).map_err(|error| error.to_string())?,
            Front::tls(server.port()).map_err(|error| error.to_string())?,
        ];
        let mut planned = plan(cases, policy, &doors);
        planned.sort_by(|a, b| {
            a.request
                .origin
                .to_string()
                .cmp(&b.request.origin.to_string())
        });
        for page in planned.chunk_by(|a, b| a.request.origin == b.request.origin) {
            let Some(first) = page.first() else { continue };
            let origin = first.request.origin.to_string();
            browser.open(&origin).map_err(|error| error.to_string())?;
            let fetches: Vec<Fetch> = page
                .iter()
                .map(|planned| script(&planned.request))
                .collect();
            let observed = browser
                .fetch_all(&fetches)
                .map_err(|error| error.to_string())?;
            let recorded: Vec<RecordedExchange> = doors.iter().flat_map(Front::take).collect();
            for (planned, observed) in page.iter().zip(&observed) {
                let exchanges = Exchanges::of(&planned.request.url, &recorded);
                let engine = browser.engine();
                let run = exchanges.modelled(engine, &planned.request);
                tally.add(
                    &planned.name,
                    compare(engine, &run, observed, &exchanges.requests()),
                );
            }
        }
    }
    Ok(tally)
}

/// A fetch of a page that sends a case's request.
struct Planned {
    name: String,
    request: Request,
}

/// The fetches with which pages send the requests of these cases, each once.
fn plan<'a>(
    cases: impl Iterator<Item = &'a Case>,
    policy: &NamedPolicy,
    doors: &[Front; 2],
) -> Vec<Planned> {
    let mut seen = HashSet::new();
    let mut planned = Vec::new();
    let cases = cases.filter(|case| is_sent_as_it_is(&case.request.target));
    for case in cases {
        for credentials in [Credentials::SameOrigin, Credentials::Include] {
            let mut headers = Headers::new();
            for (name, value) in &case.request.lines {
                headers.append(name, value);
            }
            let origin = headers.get("origin").unwrap_or_default();
            let door = match origin.starts_with(b"https:") {
                true => &doors[1],
                false => &doors[0],
            };
            // A query of its own identifies the fetch of each exchange.
            let glue = if case.request.target.contains('?') {
                '&'
            } else {
                '?'
            };
            let number = planned.len();
            let target = format!(
                "{}{}{glue}fetch={number}",
                door.origin(),
                case.request.target
            );
            let Ok(url) = Url::parse(&target) else {
                continue;
            };
            let method = &case.request.method;
            let Ok(Recorded { request, .. }) = Recorded::read(method, url, &headers, credentials)
            else {
                continue;
            };
            // Only upload listeners of `XMLHttpRequest` set the flag. Thousands of headers crash WebKit's
            // inspector.
            if request.use_cors_preflight || request.headers.iter().count() > MAX_HEADERS {
                continue;
            }
            // Only the query differs, and a handler that streams is slow.
            let mut same = request.clone();
            same.url.set_query(None);
            if is_openable(&request.origin.to_string()) && seen.insert(format!("{same:?}")) {
                planned.push(Planned {
                    name: format!("{} ({}, {credentials:?})", case.name, policy.name),
                    request,
                });
            }
        }
    }
    planned
}

/// Whether every browser sends a target as it is. They remove segments `.` and `..`, and WebKit decodes what is
/// percent-encoded and need not be.
fn is_sent_as_it_is(target: &str) -> bool {
    let url = Url::parse(&format!("http://a.example{target}"));
    let unchanged =
        url.is_ok_and(|url| url.as_str().strip_prefix("http://a.example") == Some(target));
    unchanged && !target.contains('%')
}

/// Whether a page can have this origin. Other origins belong to extensions and applications, or to no
/// script. Browsers open nothing at port 1, one of the
/// [bad ports](https://fetch.spec.whatwg.org/#bad-port).
fn is_openable(origin: &str) -> bool {
    let parsed = cors_core::Origin::parse(origin);
    origin == "null"
        || parsed.is_ok_and(|origin| {
            matches!(origin.scheme(), "http" | "https") && origin.port() != Some(1)
        })
}

/// The call of a script that sends a request.
pub(crate) fn script(request: &Request) -> Fetch {
    let mut fetch = Fetch::get(request.url.as_str()).method(&request.method);
    for header in request.headers.iter() {
        let text = |bytes: &[u8]| bytes.iter().copied().map(char::from).collect::<String>();
        fetch = fetch.header(text(&header.name), text(&header.value));
    }
    match request.credentials {
        Credentials::Include => fetch.with_credentials(),
        _ => fetch,
    }
}
