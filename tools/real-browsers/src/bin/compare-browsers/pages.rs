//! What pages of our own and of an attacker can do to a server with `refuse`: forms, links, frames, images, WebSockets and
//! fetches.

use std::fmt;

use cors_browser_model::{Credentials, FetchOutcome, Origin, Request, Url};
use cors_core::Policy;
use cors_core::adapter::{Decision, RequestHead, RequestHeader};
use cors_matrix::server::FixtureBinary;
use cors_real_browsers::{Action, Browser, Fetch, Front, Observed, ReceivedRequest};

use crate::compare::{Agreement, Tally, compare, compare_sent};
use crate::exchanges::Exchanges;
use crate::own_page;

/// A part for each item of `refuse`.
const POLICY: &str = r#"
refuse = ["cross-site-writes"]
hosts  = ["*.example.com", "api.plain.test"]

[[grant]]
allow_origins     = ["https://app.example.com"]
allow_methods     = ["PUT"]
allow_credentials = true

[[grant]]
allow_origins = ["https://read.example.com"]
allow_methods = ["PUT"]

[[route]]
path   = "/ws"
refuse = ["websocket"]

[[route.grant]]
allow_origins = ["https://app.example.com", "https://read.example.com"]

[[route]]
path          = "/mcp"
allow_origins = ["https://app.example.com", "https://read.example.com"]
refuse        = ["unlisted-origins"]
"#;

/// Requests that a page sends before it is opened again.
type Visit = &'static [Sending];

const VISITS: [Visit; 3] = [
    &[Sending::Action(Action::Form, "/echo")],
    &[Sending::Action(Action::Link, "/mcp")],
    &[
        Sending::Action(Action::Frame, "/mcp"),
        Sending::Action(Action::Image, "/mcp"),
        Sending::Action(Action::WebSocket, "/ws"),
        Sending::Fetch("GET", "/mcp"),
        Sending::Fetch("POST", "/echo"),
        Sending::Fetch("PUT", "/echo"),
    ],
];

/// How a page sends a request, and to which path.
#[derive(Clone, Copy)]
enum Sending {
    Action(Action, &'static str),
    Fetch(&'static str, &'static str),
}

/// A page, the server that it uses, and what becomes of its requests, in the order of [`VISITS`]: `+` reaches the
/// application, `-` is refused, `0` is not sent, and `.` is not tried.
///
/// Each `#` is the name of a visit, so that the names of servers with pages of their own occur once: a browser would use its
/// connection to the server of our blank pages for another server of the same name.
const PAGES: [[&str; 4]; 8] = [
    [
        "a listed page",
        "https://app.example.com",
        "https://api.example.com",
        "+ + - - + + + +",
    ],
    // The preflight of the last request is granted, and the request is refused.
    [
        "a listed page without credentials",
        "https://read.example.com",
        "https://api.example.com",
        "- + - - + + - -",
    ],
    [
        "an attacker",
        "https://evil.example.org",
        "https://api.example.com",
        "- + - - - - - 0",
    ],
    [
        "an attacker on the same site",
        "https://blog.example.com",
        "https://api.example.com",
        "- + - - - - - 0",
    ],
    [
        "the server's own page",
        "https://own-#.example.com",
        "https://own-#.example.com",
        "+ + + + + + + +",
    ],
    // `hosts` counts for `websocket` and `unlisted-origins` only, and a write is that of the server's own page.
    [
        "a rebound name",
        "http://rebound-#.evil.test",
        "http://rebound-#.evil.test",
        "+ - - - - - + +",
    ],
    // What has neither `Origin` nor `Sec-Fetch-Site` passes.
    [
        "an attacker with plain http",
        "http://evil.plain.test",
        "http://api.plain.test",
        "- + + + - - - 0",
    ],
    // A sandbox does not submit forms.
    [
        "a sandboxed page",
        "null",
        "https://api.example.com",
        ". + - - - - - 0",
    ],
];

/// Lets all pages send all requests to a framework.
pub(crate) fn run(browser: &mut Browser, fixture: &FixtureBinary) -> Result<Tally, String> {
    let policy = Policy::from_toml(POLICY).map_err(|error| error.to_string())?;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let file = folder.path().join("cors.toml");
    std::fs::write(&file, POLICY).map_err(|error| error.to_string())?;
    let server = fixture.start(Some(&file))?;
    let front =
        |front: Result<Front, cors_real_browsers::Error>| front.map_err(|error| error.to_string());
    let mut visitor = Visitor {
        browser,
        policy: &policy,
        plain: front(Front::plain(server.port()))?,
        tls: front(Front::tls(server.port()))?,
    };
    let mut visits = 0;
    let mut tally = Tally::default();
    for [name, page, server, expected] in PAGES {
        let mut expected = expected.split(' ');
        for visit in VISITS {
            visits += 1;
            // Another framework has other URLs, for which the browser has no preflights in its cache.
            let visit_name = format!("{}-{visits}", fixture.framework);
            let [page, server] = [page, server].map(|origin| origin.replace('#', &visit_name));
            let expected: Vec<_> = expected.by_ref().take(visit.len()).collect();
            if expected == ["."] {
                continue;
            }
            visitor.open(&page, &server)?;
            for (number, (sending, expected)) in visit.iter().zip(expected).enumerate() {
                let url = sending.url(&server, &format!("{visit_name}-{number}"))?;
                let compared = visitor.send(sending, &page, url, expected)?;
                tally.add(format!("{name}: {sending}"), compared);
            }
        }
    }
    Ok(tally)
}

struct Visitor<'a> {
    browser: &'a mut Browser,
    policy: &'a Policy,
    plain: Front,
    tls: Front,
}

impl Visitor<'_> {
    /// Opens a page, and lets the name of the server lead to the framework.
    fn open(&mut self, page: &str, server: &str) -> Result<(), String> {
        let front = match server.starts_with("https:") {
            true => &self.tls,
            false => &self.plain,
        };
        let opened = self.browser.open(page);
        let routed = opened.and_then(|()| self.browser.route(server, front.port()));
        routed.map_err(|error| error.to_string())?;
        match page == server {
            true => own_page::wait(self.browser, server, || !front.take().is_empty()),
            false => Ok(()),
        }
    }

    /// Lets the page send a request, and compares the result with what is expected, with the policy and with the model.
    /// The outer error is that of the browser.
    fn send(
        &mut self,
        sending: &Sending,
        page: &str,
        url: Url,
        expected: &str,
    ) -> Result<Result<Agreement, String>, String> {
        let seen = sending.send(self.browser, &url)?;
        let recorded: Vec<_> = [&self.plain, &self.tls]
            .into_iter()
            .flat_map(Front::take)
            .collect();
        let exchanges = Exchanges::of(&url, &recorded);
        let request = sending.modelled(url, Origin::parse(page).unwrap_or(Origin::Opaque));
        let run = exchanges.modelled(self.browser.engine(), &request);
        let compared = self.compare_result(&exchanges, expected).and_then(|()| {
            let requests = exchanges.requests();
            match seen {
                Seen::Fetch(Some(observed)) => {
                    compare(self.browser.engine(), &run, &observed, &requests)
                }
                Seen::Fetch(None) => Err("the fetch has no result".to_owned()),
                Seen::Action(success) => {
                    compare_sent(&run, &requests)?;
                    let is_open = matches!(run.outcome, FetchOutcome::Response(_));
                    match sending {
                        Sending::Action(Action::WebSocket, _) if success != Some(is_open) => {
                            Err(format!("open: {success:?}, in the model: {is_open}"))
                        }
                        _ => Ok(Agreement::Sent),
                    }
                }
            }
        });
        Ok(compared)
    }

    /// Compares what became of the request with what is expected, and with the policy.
    fn compare_result(&self, exchanges: &Exchanges<'_>, expected: &str) -> Result<(), String> {
        let actual = exchanges
            .last()
            .filter(|(request, _)| !request.is_preflight());
        let Some((request, response)) = actual else {
            return match expected {
                "0" => Ok(()),
                _ => Err(format!("it was not sent; expected {expected}")),
            };
        };
        let refused = matches!(self.policy.decide(&Head(request)), Decision::Refuse(_));
        let response = response.ok_or("the framework did not respond")?;
        let is_refusal = response.status == 403 && !response.headers.contains("x-handler");
        let found = if is_refusal { "-" } else { "+" };
        match found == expected && is_refusal == refused {
            true => Ok(()),
            false => Err(format!(
                "{found}, expected {expected}, refused by the policy: {refused}; {request:?} {response:?}"
            )),
        }
    }
}

/// What the page learns.
enum Seen {
    Action(Option<bool>),
    Fetch(Option<Observed>),
}

impl Sending {
    fn url(&self, server: &str, query: &str) -> Result<Url, String> {
        let (Self::Action(_, path) | Self::Fetch(_, path)) = self;
        Url::parse(&format!("{server}{path}?{query}")).map_err(|error| error.to_string())
    }

    fn send(&self, browser: &mut Browser, url: &Url) -> Result<Seen, String> {
        let seen = match self {
            Self::Action(Action::WebSocket, _) => {
                // `ws` for `http`, and `wss` for `https`.
                let url = url.as_str().replacen("http", "ws", 1);
                browser.act(Action::WebSocket, &url).map(Seen::Action)
            }
            Self::Action(action, _) => browser.act(*action, url.as_str()).map(Seen::Action),
            Self::Fetch(method, _) => {
                let fetch = Fetch::get(url.as_str()).method(*method);
                let observed = browser.fetch_all(&[fetch]);
                observed.map(|mut observed| Seen::Fetch(observed.pop()))
            }
        };
        seen.map_err(|error| error.to_string())
    }

    fn modelled(&self, url: Url, origin: Origin) -> Request {
        let make = match self {
            Self::Action(Action::Form, _) => Request::form,
            Self::Action(Action::Link, _) => Request::link,
            Self::Action(Action::Frame, _) => Request::frame,
            Self::Action(Action::Image, _) => Request::image,
            Self::Action(Action::WebSocket, _) => Request::websocket,
            Self::Action(Action::ModuleScript, _) => Request::module_script,
            Self::Action(Action::Font, _) => Request::font,
            Self::Action(Action::EventSource | Action::EventSourceAgain, _) => {
                Request::event_source
            }
            Self::Action(Action::ModuleScriptWithCredentials, _) => {
                return Request::module_script(url, origin).credentials(Credentials::Include);
            }
            Self::Action(Action::EventSourceWithCredentials, _) => {
                return Request::event_source(url, origin).credentials(Credentials::Include);
            }
            Self::Fetch(method, _) => return Request::new(url, origin).method(*method),
        };
        make(url, origin)
    }
}

impl fmt::Display for Sending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Action(action, path) => write!(f, "{action} {path}"),
            Self::Fetch(method, path) => write!(f, "fetch {method} {path}"),
        }
    }
}

/// The parts of a received request that a policy reads.
struct Head<'a>(&'a ReceivedRequest);

impl RequestHead for Head<'_> {
    fn method(&self) -> &[u8] {
        self.0.method.as_bytes()
    }

    fn path(&self) -> Option<&[u8]> {
        self.0.target.as_bytes().split(|byte| *byte == b'?').next()
    }

    fn lines(&self, name: RequestHeader) -> impl Iterator<Item = &[u8]> {
        let lines = self.0.lines.iter();
        lines
            .filter(move |(line, _)| line.eq_ignore_ascii_case(name.name()))
            .map(|(_, value)| value.as_slice())
    }
}
