//! The predictions of the model of the browser, for the current policy.

#[cfg(test)]
mod tests;

use cors_browser_model::{
    Check, Credentials, Destination, Engine, Exchange, FetchOutcome, Kind, Run, Tainting, Url,
};
use cors_core::Policy;
use cors_explain::{Fix, PageRequest, PolicyAnswer, Simulation, Source};
use cors_matrix::server::Framework;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::application::{Answer, Fixture};
use crate::demo::{CurrentPolicy, Demo};
use crate::finding::Span;
use crate::scenario::{self, By, Request};

/// A request of a page.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    /// The origin of the page; any origin is possible.
    pub(crate) origin: String,
    /// The URL, on one of the four servers.
    pub(crate) url: String,
    pub(crate) request: Request<String, Vec<(String, String)>>,
    /// The browser.
    pub(crate) engine: String,
}

/// The predicted outcome, and how it comes about.
#[derive(Debug, Serialize)]
pub(crate) struct Predicted {
    pub(crate) outcome: Outcome,
    pub(crate) dialogue: Value,
}

/// What the page gets.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum Outcome {
    /// The browser does not let the page read the response, or does not send the request.
    Blocked,
    /// A response.
    Readable(Readable),
    /// A form: the page learns only that a document arrived.
    Sent {
        /// The status with which the policy refuses it. With `None`, the application is reached.
        refused: Option<u16>,
    },
    /// A WebSocket.
    Open,
    /// An error event instead of a WebSocket.
    Refused,
}

/// What the page may read.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Readable {
    /// The type of a [`Response`](https://fetch.spec.whatwg.org/#dom-response-type).
    pub(crate) r#type: &'static str,
    /// The status; `None` if it is the framework's own.
    pub(crate) status: Option<u16>,
    pub(crate) headers: Map<String, Value>,
}

impl Predicted {
    /// # Errors
    ///
    /// If the request is invalid.
    pub(crate) fn new(demo: &Demo, asked: Asked) -> Result<Self, String> {
        let engine = Engine::BROWSERS
            .into_iter()
            .find(|engine| engine.name() == asked.engine)
            .ok_or_else(|| format!("`{}` is not an engine", asked.engine))?;
        let url = Url::parse(&asked.url).map_err(|error| format!("`{}`: {error}", asked.url))?;
        let framework = framework(demo, &url)
            .ok_or_else(|| format!("`{}` is not on one of the four servers", asked.url))?;
        let policy = demo.policy();
        let Asked {
            origin, request, ..
        } = asked;
        let by = request.by;
        let (page, note) = page(&origin, url, request)?;
        let server = Fixture {
            framework,
            policy: &policy.valid.policy,
            body: page.body.as_deref(),
        };
        let simulation = Simulation::new(&page.request, &mut { server });
        let (_, run) = simulation
            .runs
            .iter()
            .find(|(other, _)| *other == engine)
            .ok_or("the model does not know this engine")?;
        let is_own = run.exchanges.iter().any(|exchange| {
            let sent = &exchange.sent;
            exchange.kind == Kind::Actual
                && PolicyAnswer::new(server.policy, sent).status.is_none()
                && server.answer(sent) == Answer::Own
        });
        let notes = note.iter().chain(&page.notes).chain(&page.mixed_content);
        let dialogue = json!({
            "call": page.call(),
            "notes": notes.collect::<Vec<_>>(),
            "checks": run.checks.iter().filter(|check| !check.passed)
                .map(|check| check_json(*check, run)).collect::<Vec<_>>(),
            "steps": run.exchanges.iter()
                .map(|exchange| step(&policy, run, exchange)).collect::<Vec<_>>(),
            "engines": engines(by, &simulation, is_own),
        });
        let is_blocked = matches!(run.outcome, FetchOutcome::Blocked(_));
        let is_refused = cors_explain::refusal(server.policy, &simulation).is_some();
        // Other browsers may block what this one does not.
        let cause = (is_blocked || is_refused).then(|| {
            Fix::find(&policy.source, &policy.valid, &page, &simulation, &|sent| {
                server.application(sent)
            })
        });
        let outcome = match by {
            By::Fetch => Outcome::of_fetch(&run.outcome, page.mixed_content.is_some(), is_own),
            By::Form => Outcome::of_form(&policy.valid.policy, run),
            By::WebSocket => Outcome::of_websocket(&run.outcome),
        };
        Ok(Self {
            outcome,
            dialogue: with_cause(dialogue, &policy.source, cause.flatten().as_ref()),
        })
    }
}

/// The framework whose server has a URL.
fn framework(demo: &Demo, url: &Url) -> Option<Framework> {
    let origin = url.origin().ascii_serialization();
    let mut urls = demo.urls.iter();
    urls.find(|(_, url)| *url == origin)
        .map(|(framework, _)| *framework)
}

fn page(
    origin: &str,
    url: Url,
    sent: Request<String, Vec<(String, String)>>,
) -> Result<(PageRequest, Option<String>), String> {
    use cors_browser_model::Request;

    let (origin, note) = cors_explain::parse_origin(origin)?;
    let request = match sent.by {
        By::Fetch => Request::new(url, origin),
        By::Form => {
            let form = Request {
                destination: Destination::Iframe,
                ..Request::form(url, origin)
            };
            return Ok((PageRequest::new(form, None), note));
        }
        By::WebSocket => {
            let socket = Request::websocket(url, origin);
            return Ok((PageRequest::new(socket, None), note));
        }
    };
    let mut request = request
        .method(sent.method)
        .credentials(match sent.credentials {
            scenario::Credentials::Omit => Credentials::Omit,
            scenario::Credentials::SameOrigin => Credentials::SameOrigin,
            scenario::Credentials::Include => Credentials::Include,
        });
    for (name, value) in sent.headers {
        request = request.header(name, value);
    }
    Ok((PageRequest::new(request, sent.body), note))
}

impl Outcome {
    fn of_fetch(outcome: &FetchOutcome, is_mixed_content: bool, is_own: bool) -> Self {
        let FetchOutcome::Response(readable) = outcome else {
            return Self::Blocked;
        };
        if is_mixed_content {
            return Self::Blocked;
        }
        let headers = readable.headers.iter().map(|header| {
            let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
            (text(&header.name), Value::from(text(&header.value)))
        });
        Self::Readable(Readable {
            r#type: match readable.tainting {
                Tainting::Basic => "basic",
                Tainting::Cors => "cors",
                Tainting::Opaque => "opaque",
                Tainting::OpaqueRedirect => "opaqueredirect",
            },
            status: (!is_own).then_some(readable.status),
            headers: headers.collect(),
        })
    }

    /// The browser sends a form in any case.
    fn of_form(policy: &Policy, run: &Run) -> Self {
        let refused = run.exchanges.last();
        Self::Sent {
            refused: refused.and_then(|exchange| PolicyAnswer::new(policy, &exchange.sent).status),
        }
    }

    fn of_websocket(outcome: &FetchOutcome) -> Self {
        match outcome {
            FetchOutcome::Response(_) => Self::Open,
            FetchOutcome::Blocked(_) => Self::Refused,
        }
    }
}

fn step(policy: &CurrentPolicy, run: &Run, exchange: &Exchange) -> Value {
    let sent = &exchange.sent;
    let first = (sent.method.clone(), sent.url.to_string());
    let lines = cors_explain::header_lines(&sent.headers);
    json!({
        "kind": match exchange.kind {
            Kind::Preflight => "preflight",
            Kind::Actual => "request",
        },
        "title": cors_explain::title(exchange),
        "sent": std::iter::once(first).chain(lines).collect::<Vec<_>>(),
        "credentials": sent.credentials,
        "received": exchange.response.as_ref().map(|response| json!({
            "status": response.status,
            "headers": cors_explain::header_lines(&response.headers).collect::<Vec<_>>(),
        })),
        "remark": cors_explain::remark(&policy.source, &policy.valid, exchange),
        "checks": exchange.checks.iter().map(|check| check_json(*check, run)).collect::<Vec<_>>(),
    })
}

fn check_json(check: Check, run: &Run) -> Value {
    json!({
        "ok": check.passed,
        "text": cors_explain::check_text(check, run),
        "href": check.step.url(),
    })
}

/// The outcome in each browser.
fn engines(by: By, simulation: &Simulation, is_own: bool) -> Value {
    let browsers = simulation.runs.iter();
    let browsers = browsers.filter(|(engine, _)| Engine::BROWSERS.contains(engine));
    let engines = browsers.map(|(engine, run)| {
        let is_blocked = matches!(run.outcome, FetchOutcome::Blocked(_));
        // The status in the model is not the framework's.
        let is_unknown = is_own && !is_blocked;
        let console = run.console.iter().filter(|_| !is_unknown);
        json!({
            "name": engine.name(),
            "blocked": is_blocked,
            "verdict": match by {
                By::Form => "the form is sent, and the page may not read the response".to_owned(),
                By::Fetch if is_unknown => "the page may read the framework's own response".to_owned(),
                By::Fetch | By::WebSocket => cors_explain::outcome_text(&run.outcome),
            },
            "console": console.map(|line| &line.text).collect::<Vec<_>>(),
        })
    });
    engines.collect()
}

/// Adds to the dialogue why the request is blocked, which line of the policy is responsible, and what would allow it.
fn with_cause(mut dialogue: Value, source: &Source, fix: Option<&Fix>) -> Value {
    let cause = fix.map(|fix| {
        json!({
            "code": fix.code(),
            "message": fix.message(),
            "explanation": cors_explain::summary(fix.code()),
            "further": fix.further(),
            "advice": fix.advice(),
        })
    });
    let place = fix.and_then(Fix::place).map(|place| {
        let Span { start, end } = Span::new(source, &place.span);
        let line = source.text.lines().nth(start.line - 1).unwrap_or_default();
        json!({
            "line": start.line,
            "column": start.column,
            "end": end.column,
            "text": line,
            "message": place.message,
        })
    });
    let change = fix.and_then(|fix| {
        let (diff, text) = (fix.diff(source)?, fix.text()?);
        let warnings = fix.warnings().iter().map(|warning| &warning.message);
        Some(json!({
            "diff": diff,
            "text": text,
            "danger": fix.danger(),
            "in_page": fix.in_page(),
            "warnings": warnings.collect::<Vec<_>>(),
        }))
    });
    if let Value::Object(dialogue) = &mut dialogue {
        dialogue.insert("cause".to_owned(), json!(cause));
        dialogue.insert("policy".to_owned(), json!(place));
        dialogue.insert("change".to_owned(), json!(change));
    }
    dialogue
}
