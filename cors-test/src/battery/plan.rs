//! Which requests are sent.

use bytes::Bytes;
use cors_browser_model::{Headers, Kind, Origin, Relation, SentRequest, Url};
use cors_core::Policy;
use cors_explain::PolicyAnswer;
use cors_explain::server::ALLOW_ORIGIN;

use super::origins::{self, Sender};
use super::route::{Route, SERVER};

/// Requests that differ only in their origin.
pub(super) struct Group {
    pub(super) asks: Asks,
    pub(super) probes: Vec<Probe>,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asks {
    /// A preflight, for a method.
    Preflight(String),
    /// A request with what the route needs, and the status of its response.
    Request(Option<u16>),
    /// A request without what the route needs.
    Without,
    /// A request with a method that the route does not have.
    OtherMethod,
    /// A request to a path that no route has.
    UnknownPath,
    /// `OPTIONS` that is not a preflight.
    Options,
    /// What a form sends, which the policy refuses.
    Form,
    /// The handshake of a WebSocket, which the policy refuses.
    WebSocket,
}

/// A request.
#[derive(Debug)]
pub(super) struct Probe {
    /// `None` for a program that is not a browser.
    pub(super) sender: Option<Sender>,
    pub(super) sent: SentRequest,
    pub(super) body: Bytes,
}

impl Asks {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Preflight(_) => Kind::Preflight,
            _ => Kind::Actual,
        }
    }

    /// What distinguishes the request from one of the route.
    pub(super) fn note(&self) -> Option<String> {
        match self {
            Self::Preflight(method) => Some(format!("preflight for {method}")),
            Self::Request(_) => None,
            Self::Without => Some("without the route's headers".to_owned()),
            Self::OtherMethod => Some("a method that the route does not list".to_owned()),
            Self::UnknownPath => Some("a path that no route has".to_owned()),
            Self::Options => Some("not a preflight".to_owned()),
            Self::Form => Some("as from a form".to_owned()),
            Self::WebSocket => Some("the handshake of a WebSocket".to_owned()),
        }
    }
}

/// All requests: those to the routes, then those to paths that no route has.
pub(super) fn plan<'a>(
    policy: &'a Policy,
    routes: &'a [Route],
) -> impl Iterator<Item = Group> + use<'a> {
    // With the headers of a route, so that authentication does not respond instead of the router.
    let unknown = match routes.first() {
        Some(route) => Some((top(&route.url), route.headers.clone())),
        None => Url::parse(SERVER).ok().map(|url| (url, Headers::new())),
    };
    // Each route of a policy may respond for what is below it.
    let below = routes.iter().filter(|_| policy.has_routes());
    let below = below.map(|route| (route.url.clone(), route.headers.clone()));
    let unknown = unknown.into_iter().chain(below);
    let unknown = unknown.flat_map(|(url, headers)| of_unknown(policy, &below_it(&url), &headers));
    let listed = routes.iter().flat_map(|route| of_route(policy, route));
    listed.chain(unknown)
}

fn of_unknown(policy: &Policy, url: &Url, headers: &Headers) -> Vec<Group> {
    let (target, none) = (Target::new(policy, url), Bytes::new());
    vec![
        target.preflight("GET", headers),
        target.request(Asks::UnknownPath, "GET", headers, &none),
        target.request(Asks::Options, "OPTIONS", headers, &none),
    ]
}

fn of_route(policy: &Policy, route: &Route) -> Vec<Group> {
    let (target, none) = (Target::new(policy, &route.url), Headers::new());
    let mut groups = Vec::new();
    for method in &route.methods {
        let body = match &**method {
            "GET" | "HEAD" | "OPTIONS" => Bytes::new(),
            _ => route.body.clone(),
        };
        groups.push(target.preflight(method, &route.headers));
        groups.push(target.request(Asks::Request(route.status), method, &route.headers, &body));
        if route.headers != none {
            groups.push(target.request(Asks::Without, method, &none, &Bytes::new()));
        }
    }
    let mut others = ["PATCH", "PUT", "DELETE", "POST", "GET"].into_iter();
    if let Some(other) = others.find(|other| route.methods.iter().all(|method| method != other)) {
        groups.push(target.request(Asks::OtherMethod, other, &route.headers, &Bytes::new()));
    }
    groups.push(target.request(Asks::Options, "OPTIONS", &route.headers, &Bytes::new()));
    groups.extend([
        target.form(&route.headers),
        target.websocket(&route.headers),
    ]);
    groups
}

fn top(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_path("");
    url
}

/// A path below this one that no route has.
fn below_it(url: &Url) -> Url {
    let mut url = url.clone();
    let path = format!("{}/cors-test-unknown", url.path().trim_end_matches('/'));
    url.set_path(&path);
    url.set_query(None);
    url
}

/// A URL, and the pages that request it.
struct Target<'a> {
    policy: &'a Policy,
    url: &'a Url,
    senders: Vec<Sender>,
}

impl<'a> Target<'a> {
    fn new(policy: &'a Policy, url: &'a Url) -> Self {
        let mut target = Self {
            policy,
            url,
            senders: Vec::new(),
        };
        let patterns = policy.origin_patterns(url.path());
        target.senders = origins::senders(&patterns, |origin| target.is_granted(origin));
        target
    }

    fn is_granted(&self, origin: &str) -> bool {
        let sender = Sender {
            origin: origin.to_owned(),
            code: origins::REFLECTED,
        };
        let probe = self.probe("GET", Some(&sender), &Headers::new(), &Bytes::new());
        let answer = PolicyAnswer::new(self.policy, &probe.sent);
        answer.headers.contains(ALLOW_ORIGIN)
    }

    fn probe(
        &self,
        method: &str,
        sender: Option<&Sender>,
        headers: &Headers,
        body: &Bytes,
    ) -> Probe {
        let mut lines = Headers::new();
        if let Some(sender) = sender {
            lines.append("Origin", &sender.origin);
        }
        for header in headers.iter() {
            lines.append(&header.name, &header.value);
        }
        Probe {
            sender: sender.cloned(),
            sent: SentRequest {
                method: method.to_owned(),
                url: self.url.clone(),
                headers: lines,
                credentials: false,
            },
            body: body.clone(),
        }
    }

    /// A preflight from each origin.
    fn preflight(&self, method: &str, headers: &Headers) -> Group {
        let mut names: Vec<_> = headers
            .iter()
            .map(|header| String::from_utf8_lossy(&header.name).to_ascii_lowercase())
            .collect();
        names.sort_unstable();
        names.dedup();
        // A page cannot set it.
        names.retain(|name| name != "cookie");
        let mut lines = Headers::from([("Access-Control-Request-Method", method)]);
        if !names.is_empty() {
            lines.append("Access-Control-Request-Headers", names.join(","));
        }
        let senders = self.senders.iter();
        let probes =
            senders.map(|sender| self.probe("OPTIONS", Some(sender), &lines, &Bytes::new()));
        Group {
            asks: Asks::Preflight(method.to_owned()),
            probes: probes.collect(),
        }
    }

    /// A request from each origin, and one without an origin.
    fn request(&self, asks: Asks, method: &str, headers: &Headers, body: &Bytes) -> Group {
        let from = self.senders.iter().map(|sender| {
            let metadata = [("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Dest", "empty")];
            self.page_sends(method, sender, &metadata, headers, body)
        });
        let without = self.probe(method, None, headers, body);
        Group {
            asks,
            probes: from.chain([without]).collect(),
        }
    }

    /// A form of each origin that the policy refuses.
    fn form(&self, headers: &Headers) -> Group {
        let metadata = [
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Sec-Fetch-Mode", "navigate"),
            ("Sec-Fetch-Dest", "document"),
        ];
        self.refused(Asks::Form, "POST", &metadata, headers)
    }

    /// A WebSocket of each origin that the policy refuses.
    fn websocket(&self, headers: &Headers) -> Group {
        let handshake = [
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("Sec-Fetch-Mode", "websocket"),
            ("Sec-Fetch-Dest", "empty"),
        ];
        self.refused(Asks::WebSocket, "GET", &handshake, headers)
    }

    fn refused(
        &self,
        asks: Asks,
        method: &str,
        lines: &[(&str, &str)],
        headers: &Headers,
    ) -> Group {
        let mut headers = headers.clone();
        // A form has its own.
        headers.delete("Content-Type");
        let senders = self.senders.iter();
        let probes = senders
            .map(|sender| self.page_sends(method, sender, lines, &headers, &Bytes::new()))
            .filter(|probe| PolicyAnswer::new(self.policy, &probe.sent).status.is_some());
        Group {
            asks,
            probes: probes.collect(),
        }
    }

    /// What a browser sends for a page of an origin.
    fn page_sends(
        &self,
        method: &str,
        sender: &Sender,
        lines: &[(&str, &str)],
        headers: &Headers,
        body: &Bytes,
    ) -> Probe {
        let mut probe = self.probe(method, Some(sender), headers, body);
        for (name, value) in lines {
            probe.sent.headers.append(name, value);
        }
        let relation = Origin::parse(&sender.origin).map(|origin| Relation::of(&origin, self.url));
        let site = match relation {
            Some(Relation::SameOrigin) => "same-origin",
            Some(Relation::SameSite) => "same-site",
            Some(Relation::CrossSite) | None => "cross-site",
        };
        probe.sent.headers.append("Sec-Fetch-Site", site);
        probe
    }
}

#[cfg(test)]
mod tests {
    use cors_core::Grant;
    use cors_explain::header_lines;

    use super::*;

    /// What the policy and the application get to know of a page.
    #[test]
    fn requests_of_a_page() {
        let origins = [
            "https://api.example.com",
            "https://app.example.com",
            "https://app.example.org",
        ];
        let policy = Policy::new(Grant::new(origins)).unwrap();
        let route = Route::new("https://api.example.com/me").header("X-A", "1");
        let groups = of_route(&policy, &route);
        let lines = |asks: &Asks, origin: Option<&str>| {
            let group = groups.iter().find(|group| group.asks == *asks).unwrap();
            let mut probes = group.probes.iter();
            let probe = probes.find(|probe| {
                let sender = probe.sender.as_ref();
                sender.map(|sender| sender.origin.as_str()) == origin
            });
            let lines = header_lines(&probe.unwrap().sent.headers);
            lines
                .map(|(name, value)| format!("{name}: {value}"))
                .collect::<Vec<_>>()
        };
        for (origin, site) in origins
            .iter()
            .zip(["same-origin", "same-site", "cross-site"])
        {
            let expected = [
                &format!("Origin: {origin}"),
                "X-A: 1",
                "Sec-Fetch-Mode: cors",
                "Sec-Fetch-Dest: empty",
                &format!("Sec-Fetch-Site: {site}"),
            ];
            assert_eq!(lines(&Asks::Request(None), Some(origin)), expected);
        }
        assert_eq!(lines(&Asks::Request(None), None), ["X-A: 1"]);
        let preflight = [
            "Origin: https://app.example.org",
            "Access-Control-Request-Method: GET",
            "Access-Control-Request-Headers: x-a",
        ];
        let asks = Asks::Preflight("GET".to_owned());
        assert_eq!(lines(&asks, Some("https://app.example.org")), preflight);
    }
}
