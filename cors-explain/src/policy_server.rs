//! A server with a policy in front of an application.

use std::fmt;

use cors_browser_model::{
    Destination, Exchange, Headers, Mode, Request, Response, Run, SentRequest, Server,
};
use cors_core::adapter::{
    Decision, HeaderSource, Refusal, RequestHead, RequestHeader, ResponseHeader, Verdict,
    merge_vary,
};
use cors_core::{Policy, RefusalReason};

use crate::simulation::Simulation;

/// The response of an application; `None` closes the connection.
pub type Application<'a> = &'a dyn Fn(&SentRequest) -> Option<Response>;

/// An [`Application`] that answers every request with 200, and opens every WebSocket.
pub fn ok_application(sent: &SentRequest) -> Option<Response> {
    let status = if sent.headers.contains("Upgrade") {
        101
    } else {
        200
    };
    Some(Response::new(status, Headers::new()))
}

/// A server for the browser model: a policy in front of an application.
///
/// # Examples
///
/// ```
/// use cors_browser_model::{Origin, Request, Response, SentRequest, Url, FetchOutcome};
/// use cors_explain::{Simulation, PolicyServer};
///
/// let policy = cors_core::Policy::from_toml("allow_origins = ['*']")?;
/// let teapot = |_: &SentRequest| Some(Response::new(418, [("Vary", "Accept")]));
/// let page = Origin::parse("https://app.example.com").ok_or("no origin")?;
/// let get = Request::new(Url::parse("https://api.example.com/")?, page);
/// let simulation = Simulation::new(&get, &mut PolicyServer::new(&policy, &teapot));
/// for (_, run) in &simulation.runs {
///     assert!(matches!(&run.outcome, FetchOutcome::Response(readable) if readable.status == 418));
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct PolicyServer<'a> {
    policy: &'a Policy,
    application: Application<'a>,
}

impl<'a> PolicyServer<'a> {
    /// A server with this policy in front of this application.
    pub fn new(policy: &'a Policy, application: Application<'a>) -> Self {
        Self {
            policy,
            application,
        }
    }
}

impl fmt::Debug for PolicyServer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("PolicyServer");
        debug.field("policy", self.policy).finish_non_exhaustive()
    }
}

impl Server for PolicyServer<'_> {
    fn respond(&mut self, sent: &SentRequest) -> Option<Response> {
        let answer = PolicyAnswer::new(self.policy, sent);
        match answer.status {
            Some(status) => Some(Response::new(status, answer.headers)),
            None => {
                let mut response = (self.application)(sent)?;
                answer.add_to(&mut response.headers);
                Some(response)
            }
        }
    }
}

/// The response of a server according to a policy.
///
/// # Examples
///
/// ```
/// use cors_browser_model::{SentRequest, Url};
/// use cors_explain::PolicyAnswer;
///
/// let policy = cors_core::Policy::from_toml("allow_origins = ['*']")?;
/// let sent = SentRequest {
///     method: "GET".to_owned(),
///     url: Url::parse("https://api.example.com/")?,
///     headers: [("Origin", "https://app.example.com")].into(),
///     credentials: false,
/// };
/// let answer = PolicyAnswer::new(&policy, &sent);
/// assert_eq!(answer.status, None);
/// assert_eq!(answer.headers.get("Access-Control-Allow-Origin").as_deref(), Some(&b"*"[..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PolicyAnswer {
    /// The status; `None` if it is the application's.
    pub status: Option<u16>,
    /// The headers; for an actual response those that the policy adds.
    pub headers: Headers,
}

impl PolicyAnswer {
    /// The response to a request.
    pub fn new(policy: &Policy, sent: &SentRequest) -> Self {
        let head = Head(sent);
        let decision = policy.decide(&head);
        let mut headers = Headers::new();
        for header in policy.headers(decision) {
            let name = canonical(header.name.name());
            match &header.value {
                HeaderSource::Constant(value) => headers.append(&name, value.as_bytes()),
                HeaderSource::Echo(asked) => {
                    let lines = head.lines(*asked).filter(|line| !line.is_empty());
                    lines.for_each(|line| headers.append(&name, line));
                }
            }
        }
        let status = match decision {
            Decision::Respond(preflight) => Some(preflight.status()),
            Decision::Refuse(refusal) => Some(refusal.status()),
            Decision::Forward(_) => None,
        };
        Self { status, headers }
    }

    /// Adds the headers to those of the application, as adapters do: the application's own CORS headers are
    /// removed, and `Vary` becomes one line.
    fn add_to(&self, headers: &mut Headers) {
        let vary = ResponseHeader::Vary.name();
        for owned in ResponseHeader::OWNED {
            headers.delete(owned.name());
        }
        let is_vary = |name: &[u8]| name.eq_ignore_ascii_case(vary.as_bytes());
        for added in self.headers.iter().filter(|added| !is_vary(&added.name)) {
            headers.delete(&String::from_utf8_lossy(&added.name));
        }
        for added in self.headers.iter() {
            if !is_vary(&added.name) {
                headers.append(&added.name, &added.value);
            } else if let Some(line) = merge_vary(headers.values(vary)) {
                headers.delete(vary);
                headers.append(&added.name, line);
            }
        }
    }
}

/// Why the policy refuses a request in one of the browsers.
///
/// # Examples
///
/// ```
/// use cors_browser_model::{Origin, Request, Url};
/// use cors_core::RefusalReason;
/// use cors_explain::{PolicyServer, Simulation, ok_application, refusal};
///
/// let policy = cors_core::Policy::from_toml("refuse = ['cross-site-writes']")?;
/// let page = Origin::parse("https://evil.example").ok_or("no origin")?;
/// let form = Request::form(Url::parse("https://shop.example/order")?, page);
/// let simulation = Simulation::new(&form, &mut PolicyServer::new(&policy, &ok_application));
/// assert_eq!(refusal(&policy, &simulation), Some(RefusalReason::CrossSiteWrite));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn refusal(policy: &Policy, simulation: &Simulation) -> Option<RefusalReason> {
    let runs = simulation.runs.iter();
    runs.flat_map(|(_, run)| refused(policy, run))
        .map(|(_, refusal)| refusal.reason())
        .next()
}

/// The item of `refuse` that would refuse a request without `fetch()`, if the policy refuses nothing of it and has no grant
/// for the page.
///
/// # Examples
///
/// ```
/// use cors_browser_model::{Origin, Request, Url};
/// use cors_explain::{PolicyServer, Simulation, ok_application, refusal, refusal_to_add};
///
/// let policy = cors_core::Policy::from_toml("allow_origins = ['https://app.example.com']")?;
/// let page = Origin::parse("https://evil.example").ok_or("no origin")?;
/// let socket = Request::websocket(Url::parse("wss://api.example.com/ws")?, page);
/// let simulation = Simulation::new(&socket, &mut PolicyServer::new(&policy, &ok_application));
/// assert_eq!(refusal(&policy, &simulation), None);
/// assert_eq!(refusal_to_add(&policy, &socket, &simulation), Some("websocket"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn refusal_to_add(
    policy: &Policy,
    request: &Request,
    simulation: &Simulation,
) -> Option<&'static str> {
    let item = match (request.mode, request.destination) {
        (Mode::WebSocket, _) => "websocket",
        (Mode::Navigate, _) if request.method == "POST" => "cross-site-writes",
        (_, Destination::Iframe | Destination::Image) => "unlisted-origins",
        _ => return None,
    };
    let (_, run) = simulation.shown()?;
    let exchange = run.exchanges.last()?;
    let has_grant = matches!(
        policy.decide(&Head(&exchange.sent)).verdict(),
        Verdict::Granted(_)
    );
    let is_own = request.origin.is_same_origin(&exchange.sent.url);
    let is_refused = refusal(policy, simulation).is_some();
    (!has_grant && !is_own && !is_refused).then_some(item)
}

/// The requests of a run that the policy refuses.
pub(crate) fn refused<'a>(
    policy: &'a Policy,
    run: &'a Run,
) -> impl Iterator<Item = (&'a Exchange, Refusal)> {
    let exchanges = run.exchanges.iter();
    exchanges.filter_map(|exchange| match policy.decide(&Head(&exchange.sent)) {
        Decision::Refuse(refusal) => Some((exchange, refusal)),
        _ => None,
    })
}

/// The parts of a request that a policy reads.
pub(crate) struct Head<'a>(pub(crate) &'a SentRequest);

impl RequestHead for Head<'_> {
    fn method(&self) -> &[u8] {
        self.0.method.as_bytes()
    }

    fn path(&self) -> Option<&[u8]> {
        Some(self.0.url.path().as_bytes())
    }

    fn authority(&self) -> Option<&[u8]> {
        let host = url::Position::BeforeHost..url::Position::AfterPort;
        Some(self.0.url[host].as_bytes())
    }

    fn lines(&self, name: RequestHeader) -> impl Iterator<Item = &[u8]> {
        self.0.headers.values(name.name())
    }
}

/// A name as people write it: `Access-Control-Allow-Origin`.
fn canonical(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let mut chars = word.chars();
        let first = chars.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(chars).collect::<String>()
    });
    words.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use cors_browser_model::Url;

    use super::*;

    #[track_caller]
    fn check(policy: &str, application: &[(&str, &str)], expected: &[(&str, &str)]) {
        let policy = Policy::from_toml(policy).unwrap();
        let application = |_: &SentRequest| {
            let mut headers = Headers::new();
            for (name, value) in application {
                headers.append(name, value);
            }
            Some(Response::new(200, headers))
        };
        let sent = SentRequest {
            method: "GET".to_owned(),
            url: Url::parse("https://api.example.com/").unwrap(),
            headers: [("Origin", "https://a.example")].into(),
            credentials: false,
        };
        let response = PolicyServer::new(&policy, &application).respond(&sent);
        let headers = response.unwrap().headers;
        let lines = headers.iter().map(|header| {
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
            (text(&header.name).to_lowercase(), text(&header.value))
        });
        let lines: Vec<_> = lines.collect();
        let lines: Vec<_> = lines
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        assert_eq!(lines, expected);
    }

    #[test]
    fn the_fields_of_the_application() {
        const ALLOW: &str = "access-control-allow-origin";
        let policy = "allow_origins = ['https://a.example']";
        let granted = (ALLOW, "https://a.example");
        let vary = ("vary", "Origin");
        check(policy, &[("X-A", "1")], &[("x-a", "1"), granted, vary]);
        check(
            policy,
            &[(ALLOW, "*"), ("Access-Control-Expose-Headers", "x-a")],
            &[granted, vary],
        );
        check(
            policy,
            &[("Vary", "Accept")],
            &[granted, ("vary", "Accept, Origin")],
        );
        check(
            policy,
            &[("Vary", "Accept, origin")],
            &[("vary", "Accept, origin"), granted],
        );
        let other = "allow_origins = ['https://b.example']";
        check(other, &[(ALLOW, "*")], &[vary]);
    }
}
