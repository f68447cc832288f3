//! Compares the model with the standard, section by section, and with what real browsers did.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

mod cache;
mod cors_check;
mod engine;
mod filter;
mod measured;
mod message;
mod metadata;
mod preflight;
mod properties;
mod recorded;
mod redirect;
mod request;
mod safelist;
mod web_platform;

use std::time::Duration;

use cors_browser_model::{
    Engine, FetchOutcome, Headers, Kind, Origin, PreflightCache, Request, Response, Run,
    SentRequest, Url, fetch,
};

const PAGE: &str = "https://app.example.com";
const API: &str = "https://api.example.com/";

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

/// `fetch(url)` on the page.
fn get(text: &str) -> Request {
    Request::new(url(text), Origin::parse(PAGE).unwrap())
}

/// Header lines, one to a line of text.
fn headers(lines: &str) -> Headers {
    let lines = lines.split('\n').filter(|line| !line.trim().is_empty());
    lines
        .map(|line| line.trim_start().split_once(':').unwrap())
        .collect()
}

fn response(status: u16, lines: &str) -> Response {
    Response::new(status, headers(lines))
}

/// Fetches with an empty cache.
fn run(engine: Engine, request: &Request, mut answer: impl FnMut(&SentRequest) -> Response) -> Run {
    let mut server = |sent: &SentRequest| Some(answer(sent));
    fetch(
        engine,
        request,
        &mut PreflightCache::new(),
        Duration::ZERO,
        &mut server,
    )
}

/// The requests of a run: `PRE` and the requested method, or the method; and the URL's path.
fn sent(run: &Run) -> Vec<String> {
    let exchanges = run.exchanges.iter();
    let text = exchanges.map(|exchange| match exchange.kind {
        Kind::Preflight => {
            let method = exchange
                .sent
                .headers
                .get("Access-Control-Request-Method")
                .unwrap();
            format!("PRE {}", method.escape_ascii())
        }
        Kind::Actual => exchange.sent.method.clone(),
    });
    text.collect()
}

/// The headers of a request without `Sec-Fetch-*`, for which `metadata.rs` is.
fn without_metadata(sent: &SentRequest) -> Headers {
    let headers = sent.headers.iter();
    let kept = headers.filter(|header| !header.name.starts_with(b"Sec-Fetch-"));
    kept.map(|header| (&header.name, &header.value)).collect()
}

/// The name of the step that failed, or nothing.
fn failed(run: &Run) -> &'static str {
    match &run.outcome {
        FetchOutcome::Response(_) => "",
        FetchOutcome::Blocked(failure) => failure.error.step().name(),
    }
}
