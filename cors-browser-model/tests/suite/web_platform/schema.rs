//! The format of `rows.toml`, and the cases that its rows stand for. The comparison with real browsers uses this file, too.

use std::collections::BTreeMap;
use std::time::Duration;

use cors_browser_model::{
    Body, Engine, Headers, Origin, PreflightCache, Request, Response, Run, SentRequest, Url, fetch,
};
use serde::Deserialize;

/// How many cases each table has.
pub(crate) const TABLES: [(&str, usize); 4] = [
    ("allow-origin", 58),
    ("redirects", 43),
    ("posts", 42),
    ("gets", 13),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    reasons: BTreeMap<String, String>,
    allow_origin: Vec<AllowOrigin>,
    redirects: Vec<Redirect>,
    posts: Vec<Header>,
    gets: Vec<Header>,
}

/// By engine, the name of a reason.
type Deviates = BTreeMap<String, String>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AllowOrigin {
    about: String,
    lines: Vec<Vec<String>>,
    #[serde(default)]
    readable: bool,
    #[serde(default)]
    deviates: Deviates,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Redirect {
    from: String,
    from_allows: String,
    to: String,
    to_allows: String,
    origin: Option<String>,
    #[serde(default)]
    deviates: Deviates,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    name: String,
    value: String,
    #[serde(default = "yes")]
    preflight: bool,
    #[serde(default)]
    deviates: Deviates,
}

fn yes() -> bool {
    true
}

/// A fetch of a page, the responses to it, and what is expected.
pub(crate) struct Case {
    pub(crate) name: String,
    /// The origin of the page.
    pub(crate) page: &'static str,
    pub(crate) method: &'static str,
    pub(crate) header: Option<(String, String)>,
    /// The requested resource, and the one to which it redirects.
    pub(crate) resources: Vec<Resource>,
    expected: Expected,
    /// By engine, the reason.
    deviates: BTreeMap<String, String>,
}

/// A URL, and what its server responds.
pub(crate) struct Resource {
    /// Such as `http://api.app.example.test:8000`.
    pub(crate) server: String,
    /// The path without its first `/`: no two resources have the same.
    pub(crate) path: String,
    pub(crate) status: u16,
    pub(crate) lines: Vec<(&'static str, String)>,
    /// The headers of the response to a preflight, with the status 200.
    pub(crate) preflight_lines: Vec<(&'static str, String)>,
}

struct Expected {
    readable: bool,
    preflight: bool,
    /// The `Origin` of the last request.
    origin: Option<String>,
    /// The `Access-Control-Request-Headers` of the preflight.
    asked: Option<String>,
}

/// What a browser or the model did.
#[derive(Debug)]
pub(crate) struct Did {
    pub(crate) readable: bool,
    pub(crate) preflight: bool,
    pub(crate) last_origin: Option<String>,
    pub(crate) asked: Option<String>,
}

const ALLOW_ORIGIN: &str = "Access-Control-Allow-Origin";
const ALLOW_HEADERS: &str = "Access-Control-Allow-Headers";

/// The page that `rows.toml` names in values.
const PAGE: &str = "http://app.example.test:8000";
/// A page whose own server responds, too. No other page has its name, because a browser would use its connection to one
/// server for the other.
const OWN: &str = "http://own.example.test:8000";

impl Case {
    /// What an engine of the model does.
    pub(crate) fn run(&self, engine: Engine) -> Result<Run, String> {
        let urls = self.urls();
        let url = urls.first().map_or("", String::as_str);
        let url = Url::parse(url).map_err(|error| error.to_string())?;
        let origin = Origin::parse(self.page).unwrap_or(Origin::Opaque);
        let mut request = Request::new(url, origin).method(self.method);
        if let Some((name, value)) = &self.header {
            request = request.header(name, value);
        }
        if self.method == "POST" {
            request = request.body(Body::Source);
        }
        let mut server = |sent: &SentRequest| {
            let mut resources = self.resources.iter();
            let resource = resources.find(|resource| resource.url() == sent.url.as_str())?;
            let (status, lines) = match &*sent.method {
                "OPTIONS" => (200, &resource.preflight_lines),
                _ => (resource.status, &resource.lines),
            };
            let lines = lines.iter().map(|(name, value)| (*name, value.as_str()));
            // Servers add the length.
            let lines = lines.chain([("Content-Length", "0")]);
            Some(Response::new(status, lines.collect::<Headers>()))
        };
        let mut cache = PreflightCache::new();
        let now = Duration::ZERO;
        Ok(fetch(engine, &request, &mut cache, now, &mut server))
    }
}

impl Resource {
    pub(crate) fn url(&self) -> String {
        format!("{}/{}", self.server, self.path)
    }

    fn new(server: String, path: String, lines: Vec<(&'static str, String)>) -> Self {
        Self {
            server,
            path,
            status: 200,
            lines,
            preflight_lines: Vec::new(),
        }
    }
}

impl Case {
    /// The URLs that are requested, in order.
    pub(crate) fn urls(&self) -> Vec<String> {
        self.resources.iter().map(Resource::url).collect()
    }

    /// Compares what happened with what is expected, or with the opposite if the engine deviates.
    pub(crate) fn compare(&self, engine: &str, did: &Did) -> Result<(), String> {
        let Expected {
            readable,
            preflight,
            origin,
            asked,
        } = &self.expected;
        let holds = did.readable == *readable
            && did.preflight == *preflight
            && (origin.is_none() || did.last_origin == *origin)
            && (asked.is_none() || did.asked == *asked);
        match (holds, self.deviates.get(engine)) {
            (true, None) | (false, Some(_)) => Ok(()),
            (true, Some(reason)) => Err(format!(
                "{engine} does what is expected, although it deviates: {reason}"
            )),
            (false, None) => Err(format!(
                "{engine}: expected readable: {readable}, preflight: {preflight} {asked:?}, origin: {origin:?}; {did:?}"
            )),
        }
    }
}

impl File {
    pub(crate) fn read() -> Self {
        match toml::from_str(include_str!("rows.toml")) {
            Ok(file) => file,
            Err(error) => unreachable!("rows.toml: {error}"),
        }
    }

    /// The cases of all rows.
    pub(crate) fn cases(&self) -> Vec<Case> {
        let mut cases = Vec::new();
        let groups = self.allow_origin.iter();
        let rows = groups.flat_map(|group| group.lines.iter().map(move |lines| (group, lines)));
        for (number, (group, lines)) in (1..).zip(rows) {
            cases.push(self.allow_origin(number, group, lines));
        }
        for (number, row) in (1..).zip(&self.redirects) {
            cases.push(self.redirect(number, row));
        }
        for (table, method, rows) in [("posts", "POST", &self.posts), ("gets", "GET", &self.gets)] {
            for (number, row) in (1..).zip(rows) {
                cases.push(self.header(&format!("{table}-{number}"), method, row));
            }
        }
        cases
    }

    fn allow_origin(&self, number: usize, group: &AllowOrigin, lines: &[String]) -> Case {
        let path = format!("allow-origin-{number}");
        let sent = lines.iter().map(|line| (ALLOW_ORIGIN, line.clone()));
        Case {
            name: format!("{path}: {}: {lines:?}", group.about),
            page: PAGE,
            method: "GET",
            header: None,
            resources: vec![Resource::new(server(PAGE, "api"), path, sent.collect())],
            expected: Expected {
                readable: group.readable,
                preflight: false,
                origin: Some(PAGE.to_owned()),
                asked: None,
            },
            deviates: self.deviations(&group.deviates),
        }
    }

    fn redirect(&self, number: usize, row: &Redirect) -> Case {
        let Redirect {
            from,
            from_allows,
            to,
            to_allows,
            origin,
            ..
        } = row;
        let path = format!("redirects-{number}");
        let allows = |value: &str| {
            let value = match value {
                "none" => return Vec::new(),
                "*" | "null" => value.to_owned(),
                "page" => OWN.to_owned(),
                name => server(OWN, name),
            };
            vec![(ALLOW_ORIGIN, value)]
        };
        let last = Resource::new(server(OWN, to), format!("{path}-to"), allows(to_allows));
        let mut first = Resource::new(server(OWN, from), path.clone(), allows(from_allows));
        first.status = 302;
        first.lines.push(("Location", last.url()));
        let origin = origin.as_ref().map(|origin| match &**origin {
            "page" => OWN.to_owned(),
            other => other.to_owned(),
        });
        Case {
            name: format!("{path}: {from} ({from_allows}) to {to} ({to_allows})"),
            page: OWN,
            method: "GET",
            header: None,
            resources: vec![first, last],
            expected: Expected {
                readable: origin.is_some(),
                preflight: false,
                origin,
                asked: None,
            },
            deviates: self.deviations(&row.deviates),
        }
    }

    /// Only a GET's preflight is granted.
    fn header(&self, path: &str, method: &'static str, row: &Header) -> Case {
        let is_granted = method == "GET";
        let everyone = (ALLOW_ORIGIN, "*".to_owned());
        let allowed = if is_granted { &row.name } else { "x-other" };
        let mut resource =
            Resource::new(server(PAGE, "api"), path.to_owned(), vec![everyone.clone()]);
        resource.preflight_lines = vec![everyone, (ALLOW_HEADERS, allowed.to_owned())];
        Case {
            name: format!("{path}: {}: {:?}", row.name, row.value),
            page: PAGE,
            method,
            header: Some((row.name.clone(), row.value.clone())),
            resources: vec![resource],
            expected: Expected {
                readable: is_granted || !row.preflight,
                preflight: row.preflight,
                origin: Some(PAGE.to_owned()),
                asked: row.preflight.then(|| row.name.clone()),
            },
            deviates: self.deviations(&row.deviates),
        }
    }

    fn deviations(&self, deviates: &Deviates) -> BTreeMap<String, String> {
        let named = deviates.iter().map(|(engine, name)| {
            let reason = self.reasons.get(name);
            let reason = reason.unwrap_or_else(|| unreachable!("rows.toml: no reason `{name}`"));
            (engine.clone(), reason.clone())
        });
        named.collect()
    }
}

/// The origin of a server of a page.
fn server(page: &str, name: &str) -> String {
    match name {
        "own" => page.to_owned(),
        name => page.replace("http://", &format!("http://{name}.")),
    }
}
