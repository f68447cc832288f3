//! Simulates what browsers do with a request, and describes it.

use cors_browser_model::{
    Blocked, Check, Engine, Exchange, FetchOutcome, Kind, PreflightCache, Readable, Request, Run,
    Server, Step, Tainting, Url, fetch,
};

use crate::mask::masked_url;
use crate::text::{Printable, enumerate};

/// The result of a request in the standard and in each browser.
///
/// # Examples
///
/// ```
/// use cors_browser_model::{Engine, Origin, Request, Url};
/// use cors_explain::{PolicyServer, Simulation, ok_application, title, outcome_text};
///
/// let policy = cors_core::Policy::from_toml("allow_origins = ['https://app.example.com']")?;
/// let page = Origin::parse("https://app.example.com").ok_or("no origin")?;
/// let put = Request::new(Url::parse("https://api.example.com/")?, page).method("PUT");
/// let simulation = Simulation::new(&put, &mut PolicyServer::new(&policy, &ok_application));
///
/// assert_eq!(simulation.runs.len(), Engine::ALL.len());
/// assert_eq!(simulation.blocked().count(), Engine::ALL.len());
/// let (_, run) = simulation.shown().ok_or("no run")?;
/// let titles: Vec<_> = run.exchanges.iter().map(title).collect();
/// assert_eq!(titles, ["The browser asks first, because of the method `PUT`"]);
/// assert_eq!(
///     outcome_text(&run.outcome),
///     "`Access-Control-Allow-Methods` does not allow the method"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Simulation {
    /// One for each of [`Engine::ALL`], in that order.
    pub runs: Vec<(Engine, Run)>,
}

impl Simulation {
    /// Simulates a request to a server. Each engine begins with an empty preflight cache.
    pub fn new(request: &Request, server: &mut impl Server) -> Self {
        let runs = Engine::ALL.map(|engine| {
            let mut cache = PreflightCache::new();
            let now = std::time::Duration::ZERO;
            (engine, fetch(engine, request, &mut cache, now, server))
        });
        Self { runs: runs.into() }
    }

    /// The engines that block it, each with its reason.
    pub fn blocked(&self) -> impl Iterator<Item = (Engine, &Run, &Blocked)> {
        self.runs
            .iter()
            .filter_map(|(engine, run)| match &run.outcome {
                FetchOutcome::Blocked(failure) => Some((*engine, run, &**failure)),
                FetchOutcome::Response(_) => None,
            })
    }

    /// The run to show: the first that is blocked, or that of the standard.
    pub fn shown(&self) -> Option<&(Engine, Run)> {
        let is_blocked =
            |(_, run): &&(Engine, Run)| matches!(run.outcome, FetchOutcome::Blocked(_));
        self.runs.iter().find(is_blocked).or(self.runs.first())
    }
}

/// The purpose of an exchange, as a heading.
pub fn title(exchange: &Exchange) -> String {
    match exchange.kind {
        Kind::Preflight => {
            let causes: Vec<_> = exchange.causes.iter().map(ToString::to_string).collect();
            format!(
                "The browser asks first, because of {}",
                causes.join(" and ")
            )
        }
        Kind::Actual if exchange.causes.is_empty() => {
            "The browser sends the request; it needs no preflight".to_owned()
        }
        Kind::Actual => "The browser sends the request".to_owned(),
    }
}

/// The result of a check of a run, as a sentence: what is true, or what is wrong.
///
/// # Examples
///
/// ```
/// use cors_browser_model::{Origin, Request, SentRequest, Url};
/// use cors_explain::{Simulation, check_text};
///
/// let page = Origin::parse("https://app.example.com").ok_or("no origin")?;
/// let get = Request::new(Url::parse("https://api.example.com/")?, page);
/// let simulation = Simulation::new(&get, &mut |_: &SentRequest| None);
/// let (_, run) = simulation.shown().ok_or("no run")?;
/// let checks = run.exchanges.iter().flat_map(|exchange| &exchange.checks);
/// let failed = checks.filter(|check| !check.passed).map(|check| check_text(*check, run));
/// assert_eq!(failed.collect::<Vec<_>>(), ["there was no response"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn check_text(check: Check, run: &Run) -> String {
    match &run.outcome {
        FetchOutcome::Blocked(failure) if !check.passed => {
            Printable(&failure.error.to_string()).to_string()
        }
        _ => statement(check.step).to_owned(),
    }
}

/// What a step checks, as a sentence that is true if it passes.
fn statement(step: Step) -> &'static str {
    match step {
        Step::Construct => "`fetch()` accepts the request",
        Step::SameOriginMode => "in mode `same-origin`, the URL has the page's origin",
        Step::NoCorsRedirectMode => "in mode `no-cors`, redirects are followed",
        Step::Scheme => "the URL is http or https",
        Step::Connection => "there is a response",
        Step::WebSocketStatus => "the status is 101, so the WebSocket is open",
        Step::AllowOriginPresent => "`Access-Control-Allow-Origin` is present",
        Step::AllowOriginMatches => "it is the request's origin, or `*` without credentials",
        Step::AllowCredentials => "with credentials, `Access-Control-Allow-Credentials` is `true`",
        Step::PreflightStatus => "the status is in the range 200 to 299",
        Step::PreflightRedirect => "the preflight is not redirected",
        Step::AllowMethodsSyntax => "`Access-Control-Allow-Methods` is a list of methods",
        Step::AllowHeadersSyntax => "`Access-Control-Allow-Headers` is a list of names",
        Step::MethodAllowed => "the method is allowed",
        Step::AuthorizationListed => "`Authorization`, if set, is listed by name",
        Step::HeadersAllowed => "the headers are allowed",
        Step::RedirectMode => "redirects are followed",
        Step::RedirectLocation => "`Location` is a URL",
        Step::RedirectScheme => "`Location` is http or https",
        Step::RedirectCount => "there were at most 20 redirects",
        Step::RedirectCredentials => "`Location` has no user name and password",
        Step::RedirectBody => "the body can be sent again",
        _ => step.name(),
    }
}

/// A console's line without the secrets of the URLs in it.
pub fn masked_console(line: &str, run: &Run) -> String {
    let sent = run.exchanges.iter().map(|exchange| &exchange.sent.url);
    let failure = match &run.outcome {
        FetchOutcome::Blocked(failure) => Some(failure),
        FetchOutcome::Response(_) => None,
    };
    let failed = failure.into_iter().flat_map(|failure| {
        [
            Some(&failure.url),
            Some(&failure.first_url),
            failure.location.as_ref(),
        ]
    });
    let mut urls: Vec<_> = sent.chain(failed.flatten()).map(Url::as_str).collect();
    // One URL may be the beginning of another.
    urls.sort_unstable_by_key(|url| std::cmp::Reverse(url.len()));
    urls.dedup();
    urls.into_iter()
        .fold(line.to_owned(), |line, url| match masked_url(url) {
            masked if masked == url => line,
            masked => line.replace(url, &masked),
        })
}

/// The result of a run for the page, as a clause.
pub fn outcome_text(outcome: &FetchOutcome) -> String {
    match outcome {
        FetchOutcome::Response(readable) => readable_text(readable),
        FetchOutcome::Blocked(failure) => Printable(&failure.error.to_string()).to_string(),
    }
}

/// What a page may read of a response.
pub fn readable_text(readable: &Readable) -> String {
    match readable.tainting {
        Tainting::Opaque => "the request is sent, and the page may read nothing".to_owned(),
        Tainting::OpaqueRedirect => "the page only learns that there is a redirect".to_owned(),
        _ if readable.status == 101 => "the page may send and read messages".to_owned(),
        Tainting::Basic | Tainting::Cors => {
            let names = readable.headers.iter().map(|header| {
                let name = String::from_utf8_lossy(&header.name).into_owned();
                format!("`{}`", Printable(&name))
            });
            let status = format!("the page may read the status ({})", readable.status);
            match names.collect::<Vec<_>>().as_slice() {
                [] => format!("{status} and the body"),
                [name] => format!("{status}, the body and the header {name}"),
                names => format!("{status}, the body and the headers {}", enumerate(names)),
            }
        }
    }
}
