//! Random requests for a policy: what it grants, what is nearly that, and what no browser sends.

use cors_core::{Config, Grant};
use fastrand::Rng;

use crate::message::{Line, RawRequest};
use crate::path::awkward;
use crate::server::ORIGINS;

/// Routes of the fixture servers on which a gateway is not seen: without `/panic`, and without `/stream`, which takes 400 ms.
const PATHS: [&str; 15] = [
    "/",
    "/echo",
    "/echo?a=/../b",
    "/vary",
    "/own-cors",
    "/json",
    "/private",
    "/error",
    "/status/204",
    "/status/304",
    "/status/404",
    "/nowhere",
    "/mcp",
    "/public/echo",
    "/realms/acme/echo",
];

/// Origins that no policy has to list.
const OTHER_ORIGINS: [&str; 22] = [
    "null",
    "NULL",
    "",
    "*",
    "https://evil.example",
    "http://127.0.0.1",
    "http://127.0.0.1:3000",
    "http://1.2.3.256",
    "http://1.2.3",
    "http://[::1]",
    "http://[2001:db8::1]:8080",
    "http://[::FFFF]",
    "http://[0:0:0:0:0:0:0:1]",
    "file://",
    "data:",
    "https://a.example/",
    "https://user@a.example",
    "https://a.example https://b.example",
    "https://a.example, https://b.example",
    "https://a.example:443",
    "ftp://a.example:21",
    "app://a",
];

/// What takes the place of a `*` in a host.
const LABELS: [&str; 12] = [
    "a",
    "b.a",
    "c.b.a",
    "x-1",
    "-",
    "_x",
    "7",
    "A",
    "",
    "a.",
    "xn--bcher-kva",
    "a..b",
];

/// What takes the place of `:*`, or is added.
const PORTS: [&str; 14] = [
    "", ":1", ":80", ":443", ":8443", ":3000", ":65535", ":65536", ":99999", ":0", ":08", ":",
    ":a", ":-1",
];

const METHODS: [&str; 8] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "put", "PURGE",
];

const NAMES: [&str; 8] = [
    "content-type",
    "authorization",
    "x-a",
    "X-A",
    "x-a,x-b",
    "x-a, authorization",
    "*",
    "range",
];

/// Values of `Host`, for policies that compare it with the origin or with a list.
const HOSTS: [&str; 9] = [
    "127.0.0.1",
    "127.0.0.1:80",
    "127.0.0.1:3000",
    "localhost",
    "localhost:8080",
    "api.example.com",
    "API.example.com",
    "app.example.com",
    "evil.example",
];

const SITES: [&str; 6] = [
    "none",
    "same-origin",
    "same-site",
    "cross-site",
    "Cross-Site",
    "",
];
const MODES: [&str; 5] = ["cors", "no-cors", "navigate", "websocket", ""];
const DESTINATIONS: [&str; 4] = ["empty", "document", "image", "websocket"];

/// Draws requests for a policy.
#[derive(Debug)]
pub(super) struct Generator {
    random: Rng,
    /// The patterns of origins, and the origins of sets.
    patterns: Vec<String>,
    methods: Vec<String>,
    names: Vec<String>,
    /// Paths of routes, if there are routes.
    awkward: Option<Awkward>,
    refuses: bool,
}

struct Awkward(Box<dyn Iterator<Item = String> + Send>);

impl std::fmt::Debug for Awkward {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Awkward")
    }
}

impl Generator {
    pub(super) fn new(config: &Config, seed: u64) -> Self {
        let parts = config.routes.iter().map(|route| &route.part);
        let of_parts = parts.clone().flat_map(|part| &part.grants);
        let grants: Vec<&Grant> = config.grants.iter().chain(of_parts).collect();
        let all = |list: fn(&Grant) -> &Vec<String>| -> Vec<String> {
            grants
                .iter()
                .flat_map(|grant| list(grant))
                .cloned()
                .collect()
        };
        let mut patterns = all(|grant| &grant.allow_origins);
        if grants.iter().any(|grant| !grant.origin_sets.is_empty()) {
            let lines = std::fs::read_to_string(ORIGINS).unwrap_or_default();
            let origins = lines
                .lines()
                .filter_map(|line| line.split_whitespace().last());
            patterns.extend(origins.map(str::to_owned));
        }
        let refuse = parts.map(|part| part.refuse.unwrap_or_default());
        let mut refuse = refuse.chain([config.refuse]);
        let paths = config.routes.iter().map(|route| {
            let segments = route.path.split('/').map(|segment| match segment {
                capture if capture.starts_with('{') => "acme",
                literal => literal,
            });
            segments.collect::<Vec<_>>().join("/")
        });
        let paths: Vec<String> = paths.collect();
        Self {
            random: Rng::with_seed(seed),
            patterns,
            methods: all(|grant| &grant.allow_methods),
            names: all(|grant| &grant.allow_headers),
            awkward: (!paths.is_empty()).then(|| {
                let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
                // As many as are used, so that nothing is borrowed.
                let drawn = awkward(seed, &paths)
                    .filter(|path| path.starts_with('/') && !path.starts_with("/panic"));
                let drawn: Vec<_> = drawn.take(1_000).collect();
                Awkward(Box::new(drawn.into_iter().cycle()))
            }),
            refuses: refuse.any(|it| it.websocket || it.cross_site_writes || it.unlisted_origins),
        }
    }

    /// Draws one.
    pub(super) fn request(&mut self) -> RawRequest {
        let mut lines = Vec::new();
        self.origins(&mut lines);
        let is_options = self.random.u8(..100) < 45;
        let method = match is_options {
            true => "OPTIONS",
            false => self.random.choice(METHODS).unwrap_or_default(),
        };
        if self.random.u8(..100) < if is_options { 90 } else { 5 } {
            self.asked(&mut lines);
        }
        if self.refuses {
            self.fetch_metadata(&mut lines);
        }
        let target = match &mut self.awkward {
            Some(Awkward(paths)) if self.random.u8(..3) > 0 => paths.next().unwrap_or_default(),
            _ => self.random.choice(PATHS).unwrap_or_default().to_owned(),
        };
        self.random.shuffle(&mut lines);
        RawRequest {
            method: method.to_owned(),
            target,
            lines,
            body: Vec::new(),
        }
    }

    /// The lines of `Origin`: one, mostly.
    fn origins(&mut self, lines: &mut Vec<Line>) {
        let count = match self.random.u8(..20) {
            0 | 1 => 0,
            2 => 2,
            _ => 1,
        };
        for _ in 0..count {
            let name = self.random.choice(["Origin", "origin", "ORIGIN"]);
            let mut value = self.origin().into_bytes();
            match self.random.u8(..40) {
                0 => value.push(0xff),
                1 => value.insert(0, b'\t'),
                2 => value.push(b' '),
                3 => value.clear(),
                _ => {}
            }
            lines.push((name.unwrap_or_default().to_owned(), value));
        }
    }

    fn origin(&mut self) -> String {
        let pattern = match self.random.u8(..4) {
            0 => None,
            _ => self.random.choice(&self.patterns).cloned(),
        };
        let Some(pattern) = pattern.filter(|pattern| pattern != "*") else {
            let other = self.random.choice(OTHER_ORIGINS).unwrap_or_default();
            return other.to_owned();
        };
        let mut origin = pattern;
        if let Some(before) = origin.strip_suffix(":*") {
            origin = format!("{before}{}", self.random.choice(PORTS).unwrap_or_default());
        }
        if let Some((before, after)) = origin.split_once('*') {
            let label = match self.random.u8(..6) {
                0 => {
                    let host = before.split("://").last().unwrap_or_default();
                    let end = after.split(':').next().unwrap_or_default();
                    self.long_label(host.len() + end.len())
                }
                _ => self.random.choice(LABELS).unwrap_or_default().to_owned(),
            };
            origin = format!("{before}{label}{after}");
        }
        for _ in 0..self
            .random
            .choice([0, 0, 0, 0, 1, 1, 2])
            .unwrap_or_default()
        {
            self.change(&mut origin);
        }
        origin
    }

    /// A label at the limit of 63 bytes, or labels that make a host at the limit of 253 bytes, where the rest of the host
    /// has this length.
    fn long_label(&mut self, rest: usize) -> String {
        let end = self.random.usize(..4);
        if self.random.bool() {
            return "a".repeat(62 + end);
        }
        let len = (252 + end).saturating_sub(rest);
        let byte = |index| if index % 50 == 40 { '.' } else { 'b' };
        (0..len).map(byte).collect()
    }

    /// Changes an origin at one place.
    fn change(&mut self, origin: &mut String) {
        let port = origin.rfind(':').filter(|at| *at > 6);
        match self.random.u8(..12) {
            0 => origin.make_ascii_uppercase(),
            1 => {
                let at = self.random.usize(..=origin.len());
                if let Some((before, after)) = origin.split_at_checked(at) {
                    let mut after = after.to_owned();
                    if let Some(first) = after.get_mut(..1) {
                        first.make_ascii_uppercase();
                    }
                    *origin = format!("{before}{after}");
                }
            }
            2 => origin.insert(port.unwrap_or(origin.len()), '.'),
            3 => origin.push_str(self.random.choice(PORTS).unwrap_or_default()),
            4 => origin.push_str(".evil.example"),
            5 => *origin = origin.replacen("://", "://evil-", 1),
            6 => *origin = origin.replacen("://", "://a.", 1),
            7 => {
                origin.pop();
            }
            8 => *origin = origin.replacen("https:", "http:", 1),
            9 => *origin = origin.replacen("http:", "https:", 1),
            10 => origin.push('/'),
            _ => {
                // A `.` in a pattern of a gateway must not match any character.
                *origin = origin.replacen('.', "x", 1);
            }
        }
    }

    /// What a preflight asks for.
    fn asked(&mut self, lines: &mut Vec<Line>) {
        let count = |random: &mut Rng| match random.u8(..20) {
            0 => 2,
            _ => 1,
        };
        let mut add = |name: &str, value: &str| {
            lines.push((name.to_owned(), value.as_bytes().to_vec()));
        };
        for _ in 0..count(&mut self.random) {
            let listed = self.random.choice(&self.methods).map(String::as_str);
            let method = match self.random.u8(..8) {
                0 => "",
                1..4 => listed.unwrap_or("GET"),
                _ => self.random.choice(METHODS).unwrap_or_default(),
            };
            add("Access-Control-Request-Method", method);
        }
        if self.random.bool() {
            return;
        }
        for _ in 0..count(&mut self.random) {
            let listed = self.random.choice(&self.names).map(String::as_str);
            let long = "x-a,".repeat(500);
            let names = match self.random.u8(..16) {
                0 => "",
                1 => &long,
                2..8 => listed.unwrap_or("x-a"),
                _ => self.random.choice(NAMES).unwrap_or_default(),
            };
            add("Access-Control-Request-Headers", names);
        }
    }

    /// What a policy that refuses requests looks at.
    fn fetch_metadata(&mut self, lines: &mut Vec<Line>) {
        let random = &mut self.random;
        let mut add = |name: &str, value: Option<&str>| {
            lines.extend(value.map(|value| (name.to_owned(), value.as_bytes().to_vec())));
        };
        if random.u8(..4) > 0 {
            add("Sec-Fetch-Site", random.choice(SITES));
            add("Sec-Fetch-Mode", random.choice(MODES));
            add("Sec-Fetch-Dest", random.choice(DESTINATIONS));
        }
        let host = random.choice(HOSTS).filter(|_| random.bool());
        add("Host", host);
        if random.u8(..4) == 0 {
            // The server's own page.
            let host = host.unwrap_or("127.0.0.1");
            let origin = format!(
                "{}://{host}",
                random.choice(["http", "https"]).unwrap_or_default()
            );
            add("Origin", Some(&origin));
        }
        if random.u8(..6) == 0 {
            let values = ["websocket", "WebSocket", "h2c", "h2c, websocket"];
            add("Upgrade", random.choice(values));
            add("Connection", Some("Upgrade"));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::iter;

    use super::*;

    fn draw(source: &str, seed: u64) -> Vec<RawRequest> {
        let policy = crate::case::NamedPolicy::new("test", source).unwrap();
        let mut generator = Generator::new(&policy.config, seed);
        iter::repeat_with(|| generator.request())
            .take(2_000)
            .collect()
    }

    const SOURCE: &str = "
        allow_origins = ['https://app.example.com', 'https://*.example.org:*']
        allow_methods = ['PROPFIND']
        refuse        = ['websocket']
        [[route]]
        path          = '/realms/{realm}'
        allow_origins = ['https://route.example']
        allow_headers = ['x-route']
    ";

    #[test]
    fn same_seed() {
        assert_eq!(draw(SOURCE, 1), draw(SOURCE, 1));
        assert_ne!(draw(SOURCE, 1), draw(SOURCE, 2));
    }

    /// Everything that decides a response is drawn, both ways.
    #[test]
    fn requests() {
        let requests = draw(SOURCE, 1);
        let values = |name: &str| -> BTreeSet<String> {
            let lines = requests.iter().flat_map(|request| &request.lines);
            let lines = lines.filter(|line| line.0.eq_ignore_ascii_case(name));
            lines
                .map(|line| String::from_utf8_lossy(&line.1).into_owned())
                .collect()
        };
        let origins = values("origin");
        let has_host = |len: usize| {
            let hosts = origins
                .iter()
                .filter_map(|origin| origin.strip_prefix("https://"));
            hosts
                .into_iter()
                .any(|host| host.split(':').next().unwrap().len() == len)
        };
        for origin in [
            "https://app.example.com",
            "https://a.example.org",
            "https://a.example.org:65535",
            "https://a.example.org:65536",
            "https://route.example",
            "HTTPS://APP.EXAMPLE.COM",
            "null",
            "",
        ] {
            assert!(origins.contains(origin), "{origin}");
        }
        assert!(has_host(253) && has_host(254));
        assert!(values("access-control-request-method").contains("PROPFIND"));
        assert!(values("access-control-request-headers").contains("x-route"));
        assert!(values("sec-fetch-site").contains("cross-site"));
        assert!(values("upgrade").contains("websocket"));
        let count = |request: &RawRequest| {
            let lines = request.lines.iter();
            lines
                .filter(|line| line.0.eq_ignore_ascii_case("origin"))
                .count()
        };
        for expected in [0, 1, 2] {
            assert!(requests.iter().any(|request| count(request) == expected));
        }
        for path in ["/echo", "/realms/acme"] {
            assert!(
                requests.iter().any(|request| request.target == path),
                "{path}"
            );
        }
    }
}
