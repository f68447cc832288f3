//! An `EventSource` that connects again, to another origin and after redirects: where it connects, and that its
//! `Last-Event-ID` needs no preflight, whatever the value.

use std::time::Duration;

use cors_browser_model::{
    FetchOutcome, Headers, Origin, PreflightCache, Reconnection, Request, Response, Run,
    SentRequest, Url, fetch,
};
use cors_real_browsers::{Action, Browser, ReceivedRequest, Reply, Script, ScriptedServer};

use crate::compare::{Agreement, Tally, profile};

const PAGE: &str = "http://app.example.test:8000";
const API: &str = "http://stream.example.test:8000";
const CDN: &str = "http://stream-2.example.test:8000";

/// Values with which `Last-Event-ID` would and would not be safelisted by the proposal in
/// <https://github.com/whatwg/fetch/pull/1788>, each with the number of times that it is repeated.
const IDS: [(&str, usize); 6] = [
    ("abc123", 1),
    ("e5p3n<3k0k0s", 1),
    ("\"(){}@", 1),
    ("\u{e9}", 1),
    ("a", 128),
    ("a", 129),
];
/// How the first request is redirected, if it is.
const REDIRECTS: [u16; 5] = [301, 302, 303, 307, 308];

/// A stream, and the redirect that leads to it.
struct Case {
    name: String,
    id: String,
    redirect: Option<(u16, &'static str)>,
}

/// Lets a page open all streams.
pub(crate) fn run(browser: &mut Browser) -> Result<Tally, String> {
    let server = ScriptedServer::start().map_err(|error| error.to_string())?;
    browser.open(PAGE).map_err(|error| error.to_string())?;
    for origin in [API, CDN] {
        let routed = browser.route(origin, server.port());
        routed.map_err(|error| error.to_string())?;
    }
    let mut tally = Tally::default();
    for case in cases() {
        for (path, reply) in case.replies() {
            server.script(path, Script::actual(reply));
        }
        let url = case.first_url()?;
        let opened = browser.act(Action::EventSourceAgain, url.as_str());
        let opened = opened.map_err(|error| error.to_string())?;
        let received = server.take_requests();
        tally.add(&case.name, case.compare(browser, opened, &received));
    }
    Ok(tally)
}

fn cases() -> Vec<Case> {
    let direct = IDS.iter().enumerate().map(|(number, (text, times))| Case {
        name: format!("event-source-{number}"),
        id: text.repeat(*times),
        redirect: None,
    });
    let to_other = REDIRECTS.map(|status| ("other", status, CDN));
    let redirected = to_other.into_iter().chain([("same", 302, API)]);
    let redirected = redirected.map(|(origin, status, to)| Case {
        name: format!("event-source-{status}-{origin}"),
        id: "\"7".to_owned(),
        redirect: Some((status, to)),
    });
    direct.chain(redirected).collect()
}

impl Case {
    /// The path and the response of each resource: the stream, and what redirects to it.
    fn replies(&self) -> Vec<(String, Reply)> {
        let allowed = |status| Reply::new(status).line("Access-Control-Allow-Origin", "*");
        let mut stream = allowed(200).line("Content-Type", "text/event-stream");
        stream.body = format!("retry: 1\nid: {}\ndata: a\n\n", self.id).into_bytes();
        let mut replies = vec![(self.name.clone(), stream)];
        if let Some((status, to)) = self.redirect {
            let redirect = allowed(status).line("Location", format!("{to}/{}", self.name));
            replies.push((format!("{}-from", self.name), redirect));
        }
        replies
    }

    fn first_url(&self) -> Result<Url, String> {
        let end = if self.redirect.is_some() { "-from" } else { "" };
        let url = format!("{API}/{}{end}", self.name);
        Url::parse(&url).map_err(|error| error.to_string())
    }

    fn compare(
        &self,
        browser: &Browser,
        opened: Option<bool>,
        received: &[ReceivedRequest],
    ) -> Result<Agreement, String> {
        if opened != Some(true) {
            return Err(format!(
                "it did not connect again: {opened:?}, {received:?}"
            ));
        }
        let run = self.modelled(browser)?;
        let seen: Vec<_> = received
            .iter()
            .map(|request| {
                described(&request.method, &request.target, |name| {
                    request.header(name).map(<[u8]>::to_vec)
                })
            })
            .collect();
        let sent = run.exchanges.iter().map(|exchange| &exchange.sent);
        let modelled: Vec<_> = sent
            .map(|sent| described(&sent.method, sent.url.path(), |name| sent.headers.get(name)))
            .collect();
        match seen == modelled {
            true => Ok(Agreement::Readable),
            false => Err(format!("sent {seen:?}, in the model {modelled:?}")),
        }
    }

    /// Both connections in the model.
    fn modelled(&self, browser: &Browser) -> Result<Run, String> {
        let engine = profile(browser.engine());
        let replies = self.replies();
        let mut server = |sent: &SentRequest| {
            let path = sent.url.path().trim_start_matches('/');
            let (_, reply) = replies.iter().find(|(other, _)| other == path)?;
            let mut headers = Headers::new();
            for (name, value) in &reply.lines {
                headers.append(name, value);
            }
            Some(Response::new(reply.status, headers))
        };
        let mut connect = |request: &Request| {
            let mut cache = PreflightCache::new();
            fetch(engine, request, &mut cache, Duration::ZERO, &mut server)
        };
        let origin = || Origin::parse(PAGE).unwrap_or(Origin::Opaque);
        let first_url = self.first_url()?;
        let mut run = connect(&Request::event_source(first_url.clone(), origin()));
        let FetchOutcome::Response(response) = &run.outcome else {
            return Err(format!("blocked in the model: {:?}", run.outcome));
        };
        let is_permanent = matches!(self.redirect, Some((301 | 308, _)));
        let url = match engine.profile().reconnection {
            Reconnection::SameRequest | Reconnection::LastUrl => response.url.clone(),
            Reconnection::LastUrlIfPermanent if is_permanent => response.url.clone(),
            Reconnection::LastUrlIfPermanent | Reconnection::FirstUrl => first_url,
        };
        let again = Request::event_source(url, origin()).header("Last-Event-ID", &self.id);
        run.exchanges.extend(connect(&again).exchanges);
        Ok(run)
    }
}

fn described(method: &str, path: &str, value: impl Fn(&str) -> Option<Vec<u8>>) -> String {
    let text = |name| {
        let value = value(name).unwrap_or_else(|| b"-".to_vec());
        value.escape_ascii().to_string()
    };
    format!(
        "{method} {path} from {} after {}",
        text("Origin"),
        text("Last-Event-ID")
    )
}
