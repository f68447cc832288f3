//! The rows of four tables of web-platform-tests: a browser does what a row expects, or deviates as the row says, and the
//! model does the same.

#[path = "../../../../../cors-browser-model/tests/suite/web_platform/schema.rs"]
mod schema;

use cors_real_browsers::{
    Browser, Fetch, Observed, ReceivedRequest, Reply, Script, ScriptedServer,
};
use schema::{Case, Did, File, Resource, TABLES};

use crate::compare::{Agreement, Tally, compare, profile};
use crate::own_page;

/// Runs all rows in a browser.
pub(crate) fn run(browser: &mut Browser) -> Result<Tally, String> {
    let cases = File::read().cases();
    let mut tally = Tally::default();
    for page in cases.chunk_by(|a, b| a.page == b.page) {
        let compared = run_page(browser, page)?;
        for (case, compared) in page.iter().zip(compared) {
            tally.add(&case.name, compared);
        }
    }
    let count = TABLES.iter().map(|(_, count)| count).sum::<usize>();
    match cases.len() == count {
        true => Ok(tally),
        false => Err(format!("{} rows instead of {count}", cases.len())),
    }
}

/// Opens a page, and lets it send the requests of its cases.
fn run_page(
    browser: &mut Browser,
    cases: &[Case],
) -> Result<Vec<Result<Agreement, String>>, String> {
    let Some(first) = cases.first() else {
        return Ok(Vec::new());
    };
    let server = ScriptedServer::start().map_err(|error| error.to_string())?;
    browser
        .open(first.page)
        .map_err(|error| error.to_string())?;
    let mut is_own = false;
    for resource in cases.iter().flat_map(|case| &case.resources) {
        is_own |= resource.server == first.page;
        server.script(&*resource.path, script(resource));
        let routed = browser.route(&resource.server, server.port());
        routed.map_err(|error| error.to_string())?;
    }
    if is_own {
        own_page::wait(browser, first.page, || !server.take_requests().is_empty())?;
    }
    let fetches: Vec<Fetch> = cases.iter().map(fetch).collect();
    let observed = browser
        .fetch_all(&fetches)
        .map_err(|error| error.to_string())?;
    let pairs = cases.iter().zip(&observed);
    let compared = pairs.map(|(case, observed)| {
        let paths = case.resources.iter().map(|resource| &*resource.path);
        let received: Vec<_> = paths.flat_map(|path| server.seen(path)).collect();
        let run = case.run(profile(browser.engine()))?;
        let agreement = compare(browser.engine(), &run, observed, &received)?;
        case.compare(browser.engine().name(), &did(observed, &received))?;
        Ok(agreement)
    });
    Ok(compared.collect())
}

fn script(resource: &Resource) -> Script {
    let reply = |status, lines: &[(&str, String)]| {
        let lines = lines.iter();
        lines.fold(Reply::new(status), |reply, (name, value)| {
            reply.line(*name, value.as_str())
        })
    };
    Script {
        preflight: reply(200, &resource.preflight_lines),
        actual: reply(resource.status, &resource.lines),
    }
}

fn fetch(case: &Case) -> Fetch {
    let urls = case.urls();
    let mut urls = urls.iter();
    let mut fetch = Fetch::get(urls.next().map_or("", String::as_str)).method(case.method);
    fetch.headers.extend(case.header.clone());
    fetch.redirects.extend(urls.cloned());
    match case.method {
        "POST" => fetch.body("data"),
        _ => fetch,
    }
}

fn did(observed: &Observed, received: &[ReceivedRequest]) -> Did {
    let text = |request: Option<&ReceivedRequest>, name: &str| {
        let value = request?.header(name)?;
        Some(String::from_utf8_lossy(value).into_owned())
    };
    let preflight = received.iter().find(|request| request.is_preflight());
    Did {
        readable: observed.is_read(),
        preflight: preflight.is_some(),
        last_origin: text(received.last(), "Origin"),
        asked: text(preflight, "Access-Control-Request-Headers"),
    }
}
