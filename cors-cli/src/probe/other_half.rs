//! The other half of the page's request: what `--policy` compares in addition to what browsers send.
//!
//! A request without a preflight, or a preflight that failed, has nothing to be compared with. Both together show which program
//! responded. Only `OPTIONS` and `GET` are sent, which change nothing on a server.

use std::time::Duration;

use cors_browser_model::{
    Engine, Exchange, Kind, Origin, PreflightCache, Request, SentRequest, fetch,
};
use cors_core::Policy;
use cors_explain::server::{ALLOW_ORIGIN, Comparison, fault, value};
use cors_explain::{PolicyAnswer, Simulation};

use super::client::Client;

/// A request in addition to those of browsers, and the response.
#[derive(Debug)]
pub(crate) struct OtherHalf {
    pub(crate) exchange: Exchange,
    /// What went wrong, if the server did not respond.
    pub(crate) error: Option<String>,
}

impl OtherHalf {
    /// Sends it, if the run has only one half, the policy grants the page both, and the run alone does not show what is wrong.
    pub(crate) fn send(
        policy: &Policy,
        simulation: &Simulation,
        client: &mut Client,
    ) -> Option<Self> {
        let (engine, run) = simulation.shown()?;
        let server = Origin::of(&run.exchanges.first()?.sent.url);
        let exchanges = run.exchanges.iter();
        let own: Vec<_> = exchanges
            .filter(|exchange| Origin::of(&exchange.sent.url) == server)
            .collect();
        let last = own.last()?;
        let kind = match last.kind {
            Kind::Preflight if !is_equal(policy, last) => Kind::Actual,
            Kind::Actual if own.iter().all(|exchange| exchange.kind == Kind::Actual) => {
                Kind::Preflight
            }
            Kind::Preflight | Kind::Actual => return None,
        };
        let is_needed = is_granted(policy, &last.sent)
            && client.send_error().is_none()
            && fault(policy, own.iter().copied()).is_none();
        if !is_needed {
            return None;
        }
        let request = match (kind, request(&last.sent)?) {
            (Kind::Actual, get) => get,
            (Kind::Preflight, get) => match preflighted(policy, &last.sent, &get) {
                Some(request) => request,
                // No page needs what the policy sends then. Only the comparison does.
                None if own.iter().any(|exchange| !is_equal(policy, exchange)) => {
                    get.use_cors_preflight()
                }
                None => return None,
            },
        };
        let exchange = exchange(*engine, kind, &request, client)?;
        let error = client.send_error().map(|error| error.message.clone());
        Some(Self { exchange, error })
    }

    /// The exchanges of a run, with this one at its place: a preflight is before its request.
    pub(crate) fn among<'a>(&'a self, mut exchanges: Vec<&'a Exchange>) -> Vec<&'a Exchange> {
        let last = exchanges.pop();
        match self.exchange.kind {
            Kind::Preflight => exchanges.extend([&self.exchange].into_iter().chain(last)),
            Kind::Actual => exchanges.extend(last.into_iter().chain([&self.exchange])),
        }
        exchanges
    }

    /// Why it is sent.
    pub(crate) fn why(&self) -> &'static str {
        match self.exchange.kind {
            Kind::Preflight => {
                "the page's request needs no preflight, and both show together which program responds"
            }
            Kind::Actual => {
                "the preflight is not the policy's, and both show together which program responds"
            }
        }
    }

    /// What it is.
    pub(crate) fn name(&self) -> &'static str {
        match self.exchange.kind {
            Kind::Preflight => "a preflight",
            Kind::Actual => "a `GET`",
        }
    }
}

/// Whether the response is the policy's.
fn is_equal(policy: &Policy, exchange: &Exchange) -> bool {
    let answer = PolicyAnswer::new(policy, &exchange.sent);
    exchange.response.as_ref().is_some_and(|response| {
        let compared = Comparison::new(exchange.kind, &exchange.sent, response, &answer);
        compared.differences.is_empty()
    })
}

fn is_granted(policy: &Policy, sent: &SentRequest) -> bool {
    let answer = PolicyAnswer::new(policy, sent);
    answer.headers.contains(ALLOW_ORIGIN)
}

/// A `GET` to the URL and from the origin of a request that was sent. `None` if it was sent without an origin.
fn request(sent: &SentRequest) -> Option<Request> {
    let origin = Origin::parse(&value(&sent.headers, "Origin")?)?;
    Some(Request::new(sent.url.clone(), origin))
}

/// A request that needs a preflight, and that the policy allows: with the first method of its list, or with the first header.
fn preflighted(policy: &Policy, sent: &SentRequest, get: &Request) -> Option<Request> {
    /// What a policy that allows every method may send back.
    const PUT: &str = "PUT";
    let mut preflight = sent.clone();
    preflight.method = "OPTIONS".to_owned();
    preflight
        .headers
        .append("Access-Control-Request-Method", PUT);
    let answer = PolicyAnswer::new(policy, &preflight);
    let first = |name: &str, excluded: &[&str]| {
        let list = value(&answer.headers, name)?;
        let mut items = list.split(',').map(str::trim);
        let item = items.find(|item| !item.is_empty() && !excluded.contains(item))?;
        Some(item.to_owned())
    };
    // The first three need no preflight, and no script can use the others.
    let method = first(
        "Access-Control-Allow-Methods",
        &["GET", "HEAD", "POST", "CONNECT", "TRACE", "TRACK"],
    );
    let request = get.clone().use_cors_preflight();
    match method {
        Some(method) if method == "*" => Some(request.method(PUT)),
        Some(method) => Some(request.method(method)),
        None => {
            let header = first("Access-Control-Allow-Headers", &["*"])?;
            Some(request.header(header, "1"))
        }
    }
}

/// Sends the first request of a run, if it is of this kind, and nothing else.
fn exchange(
    engine: Engine,
    kind: Kind,
    request: &Request,
    client: &mut Client,
) -> Option<Exchange> {
    let is_kind = |sent: &SentRequest| match kind {
        Kind::Preflight => {
            sent.method == "OPTIONS" && sent.headers.contains("Access-Control-Request-Method")
        }
        Kind::Actual => sent.method == "GET",
    };
    let mut is_over = false;
    let mut server = |sent: &SentRequest| {
        let is_first = !std::mem::replace(&mut is_over, true);
        (is_first && is_kind(sent)).then(|| client.send(sent).ok())?
    };
    let cache = &mut PreflightCache::new();
    let run = fetch(engine, request, cache, Duration::ZERO, &mut server);
    let first = run.exchanges.into_iter().next()?;
    (first.kind == kind && is_kind(&first.sent)).then_some(first)
}
