//! The rows of four tables of web-platform-tests. `tools/real-browsers` runs them in real browsers.

mod schema;

use std::collections::BTreeSet;
use std::time::Duration;

use cors_browser_model::{
    Body, Engine, FetchOutcome, Kind, Origin, PreflightCache, Request, Response, Run, SentRequest,
    fetch,
};
use schema::{Case, Did, File, Resource, TABLES};

use crate::url;

fn compare(case: &Case, engine: Engine) -> Result<(), String> {
    let mut request = Request::new(
        url(&case.resources[0].url()),
        Origin::parse(case.page).unwrap(),
    )
    .method(case.method);
    if let Some((name, value)) = &case.header {
        request = request.header(name, value);
    }
    if case.method == "POST" {
        request = request.body(Body::Source);
    }
    let mut server = |sent: &SentRequest| {
        let mut resources = case.resources.iter();
        resources
            .find(|resource| resource.url() == sent.url.as_str())
            .map(|resource| response(resource, sent))
    };
    let run = fetch(
        engine,
        &request,
        &mut PreflightCache::new(),
        Duration::ZERO,
        &mut server,
    );
    case.compare(key(engine), &did(&run))
}

fn response(resource: &Resource, sent: &SentRequest) -> Response {
    let (status, lines) = match &*sent.method {
        "OPTIONS" => (200, &resource.preflight_lines),
        _ => (resource.status, &resource.lines),
    };
    let lines = lines.iter().map(|(name, value)| (name, value));
    Response::new(status, lines.collect::<cors_browser_model::Headers>())
}

fn did(run: &Run) -> Did {
    let sent = |name: &str, kind: Kind| {
        let mut exchanges = run.exchanges.iter().rev();
        let exchange = exchanges.find(|exchange| exchange.kind == kind)?;
        let value = exchange.sent.headers.get(name)?;
        Some(String::from_utf8(value).unwrap())
    };
    let last = run.exchanges.last().unwrap().kind;
    let mut kinds = run.exchanges.iter().map(|exchange| exchange.kind);
    Did {
        readable: matches!(run.outcome, FetchOutcome::Response(_)),
        preflight: kinds.any(|kind| kind == Kind::Preflight),
        last_origin: sent("Origin", last),
        asked: sent("Access-Control-Request-Headers", Kind::Preflight),
    }
}

fn key(engine: Engine) -> &'static str {
    match engine {
        Engine::Standard => "standard",
        Engine::Chromium => "chromium",
        Engine::Firefox => "firefox",
        Engine::WebKit => "webkit",
    }
}

#[test]
fn rows() {
    let file = File::read();
    let cases = file.cases();
    for (table, count) in TABLES {
        let of_table = cases.iter().filter(|case| case.name.starts_with(table));
        assert_eq!(of_table.count(), count, "{table}");
    }
    let mut wrong = Vec::new();
    for case in &cases {
        for engine in Engine::ALL {
            let compared = compare(case, engine);
            wrong.extend(compared.err().map(|how| format!("{}: {how}", case.name)));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn every_case_is_another_one() {
    let cases = File::read().cases();
    let urls: Vec<_> = cases.iter().flat_map(Case::urls).collect();
    assert_eq!(urls.iter().collect::<BTreeSet<_>>().len(), urls.len());
    // What is after the number.
    let named = |case: &Case| case.name.split_once(": ").unwrap().1.to_owned() + case.method;
    let names: BTreeSet<_> = cases.iter().map(named).collect();
    assert_eq!(names.len(), cases.len());
}
