//! The rows of four tables of web-platform-tests. `tools/real-browsers` runs them in real browsers.

mod schema;

use std::collections::BTreeSet;

use cors_browser_model::{Engine, FetchOutcome, Kind, Run};
use schema::{Case, Did, File, TABLES};

fn compare(case: &Case, engine: Engine) -> Result<(), String> {
    case.compare(key(engine), &did(&case.run(engine)?))
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
