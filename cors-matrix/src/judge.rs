//! The checks of an exchange. Each [`Judge`] compares one exchange with what must be, by a source of its own.

use cors_core::adapter::{
    Decision, Header, HeaderSource, RequestHead as _, RequestHeader, ResponseHeader, is_preflight,
};

use crate::browser;
use crate::case::{Expected, NamedPolicy, is_relevant};
use crate::message::{Answer, Line, RawRequest, RawResponse};
use crate::routes::PolicyPart;

/// An exchange with a server, and the same with the server that has no middleware.
#[derive(Clone, Copy, Debug)]
pub struct JudgedExchange<'a> {
    /// The server's policy.
    pub policy: &'a NamedPolicy,
    /// What was sent.
    pub request: &'a RawRequest,
    /// What must come back, by the case.
    pub expected: &'a Expected,
    /// What came back.
    pub answer: &'a Answer,
    /// What came back from the bare server.
    pub bare: &'a Answer,
    /// How they are compared.
    pub sameness: Sameness,
}

/// When two responses are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sameness {
    /// Each line must be the same, byte for byte, and so must each piece of the body. For frameworks.
    Bytes,
    /// What a recipient reads must be the same. For gateways: some of them send several lines of a field as one, or add a
    /// line for a name where our crates add the name to a line. RFC 9110, section 5.3, says that this changes nothing.
    ///
    /// The lines that the cases are about are compared as lists: those of one name are joined in their order, each comma
    /// is followed by one space, and empty items are left out. A `Vary` that contains `*` is `*`. So a line that is
    /// missing, or that is sent twice, is still found. The body is compared as a whole: a gateway can join pieces. All
    /// other lines must be the same as those of the same gateway without the policy.
    Lists,
}

impl Sameness {
    /// Relevant lines, sorted by name, as they are compared.
    pub(crate) fn lines(self, lines: &[Line]) -> Vec<Line> {
        if self == Self::Bytes {
            return lines.to_vec();
        }
        let mut lists: Vec<(&str, Vec<&[u8]>)> = Vec::new();
        for (name, value) in lines {
            let items = value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
            let items = items.filter(|item| !item.is_empty());
            match lists.last_mut() {
                Some((last, all)) if last == name => all.extend(items),
                _ => lists.push((name, items.collect())),
            }
        }
        let lists = lists.into_iter().map(|(name, items)| {
            let value = match name == "vary" && items.contains(&&b"*"[..]) {
                true => b"*".to_vec(),
                false => items.join(&b", "[..]),
            };
            (name.to_owned(), value)
        });
        lists.collect()
    }

    fn pieces(self, pieces: &[Vec<u8>]) -> Vec<Vec<u8>> {
        match self {
            Self::Bytes => pieces.to_vec(),
            Self::Lists => vec![pieces.concat()],
        }
    }
}

/// A check of exchanges.
#[derive(Clone, Copy, Debug)]
pub struct Judge {
    /// What exchanges are compared with.
    pub name: &'static str,
    judge: fn(&JudgedExchange<'_>) -> Result<Pass, String>,
}

/// The result of a check that finds nothing wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// The exchange is as it must be.
    Checked,
    /// This check does not apply to the exchange.
    NotApplicable,
}

/// All checks.
pub const JUDGES: [Judge; 5] = [
    Judge {
        name: "case",
        judge: |exchange| exchange.meets(exchange.expected).map(|()| Pass::Checked),
    },
    Judge {
        name: "engine",
        judge: engine,
    },
    Judge {
        name: "routes",
        judge: routes,
    },
    Judge {
        name: "browser",
        judge: browser::judge,
    },
    Judge {
        name: "bare server",
        judge: untouched,
    },
];

impl Judge {
    /// Checks an exchange.
    ///
    /// # Errors
    ///
    /// What is wrong.
    pub fn judge(&self, exchange: &JudgedExchange<'_>) -> Result<Pass, String> {
        (self.judge)(exchange)
    }
}

impl Sameness {
    /// Compares an answer with an expected one.
    ///
    /// # Errors
    ///
    /// How the answer differs.
    pub fn meets(self, answer: &Answer, expected: &Expected) -> Result<(), String> {
        let (response, status, lines) = match (answer, expected) {
            (Answer::Closed, Expected::Closed) => return Ok(()),
            (Answer::Closed, Expected::Response { .. }) => {
                return Err("the connection was closed without a response".to_owned());
            }
            (Answer::Response(response), Expected::Closed) => {
                return Err(format!(
                    "status {} where the connection should be closed",
                    response.status
                ));
            }
            (Answer::Response(response), Expected::Response { status, lines }) => {
                (response, status, lines)
            }
        };
        if let Some(status) = status.filter(|status| *status != response.status) {
            return Err(format!("status {} instead of {status}", response.status));
        }
        self.same_lines(&relevant(response), lines)
    }

    /// Compares relevant lines, sorted by name.
    fn same_lines(self, found: &[Line], expected: &[Line]) -> Result<(), String> {
        let as_compared = |lines| self.lines(lines);
        same_lines(&as_compared(found), &as_compared(expected))
    }
}

impl JudgedExchange<'_> {
    /// Compares the response with an expected one.
    ///
    /// # Errors
    ///
    /// How the answer differs.
    pub fn meets(&self, expected: &Expected) -> Result<(), String> {
        self.sameness.meets(self.answer, expected)
    }
}

/// Compares the response with the engine's decision, applied to the bare server's response.
fn engine(exchange: &JudgedExchange<'_>) -> Result<Pass, String> {
    let decision = exchange.policy.policy.decide(exchange.request);
    let headers = exchange.policy.policy.headers(decision);
    let (response, expected, status) = match (decision, exchange.answer, exchange.bare) {
        (Decision::Respond(preflight), Answer::Response(response), _) => {
            let mut lines = Vec::new();
            write(headers, exchange.request, &mut lines);
            if !response.pieces.is_empty() {
                return Err("the answer to a preflight has a body".to_owned());
            }
            (response, lines, preflight.status())
        }
        (Decision::Refuse(refusal), Answer::Response(response), _) => {
            let mut lines = Vec::new();
            write(headers, exchange.request, &mut lines);
            lines.retain(|(name, _)| is_relevant(name));
            let caching: Vec<_> = response.lines("cache-control").collect();
            if !response.pieces.is_empty() || caching != [b"no-store"] {
                return Err(
                    "the answer to a refused request has a body, or may be stored".to_owned(),
                );
            }
            (response, lines, refusal.status())
        }
        (Decision::Forward(_), Answer::Response(response), Answer::Response(bare)) => {
            let is_owned = |name: &str| {
                ResponseHeader::OWNED
                    .iter()
                    .any(|owned| owned.name() == name)
            };
            let mut lines = relevant(bare);
            lines.retain(|(name, _)| !is_owned(name));
            write(headers, exchange.request, &mut lines);
            (response, lines, bare.status)
        }
        // The framework sends no response, with the middleware or without it.
        (Decision::Forward(_), Answer::Closed, Answer::Closed) => return Ok(Pass::NotApplicable),
        (_, answer, _) => return Err(format!("decided {decision:?}, got {answer:?}")),
    };
    if response.status != status {
        return Err(format!("status {} instead of {status}", response.status));
    }
    let mut expected = expected;
    expected.sort_by(|(a, _), (b, _)| a.cmp(b));
    exchange
        .sameness
        .same_lines(&relevant(response), &expected)
        .map(|()| Pass::Checked)
}

/// Checks that a policy with routes grants what the part of the path grants, without the engine.
fn routes(exchange: &JudgedExchange<'_>) -> Result<Pass, String> {
    let (config, request) = (&exchange.policy.config, exchange.request);
    let Answer::Response(response) = exchange.answer else {
        return Ok(Pass::NotApplicable);
    };
    if config.routes.is_empty() {
        return Ok(Pass::NotApplicable);
    }
    let path = String::from_utf8_lossy(request.path().unwrap_or_default());
    let part = PolicyPart::of(config, &path);
    let grants = part.grants(config);
    let is_for_all = matches!(grants, [grant] if grant.allow_origins == ["*"]);
    let origins: Vec<_> = request.lines(RequestHeader::Origin).collect();
    let origin = match &*origins {
        [origin] => Some(*origin),
        _ => None,
    };
    let grant = grants.iter().find(|grant| {
        let (mut patterns, mut sets) = (grant.allow_origins.iter(), grant.origin_sets.iter());
        origin.is_some_and(|origin| {
            let text = String::from_utf8_lossy(origin);
            patterns.any(|pattern| is_match(pattern, origin))
                || sets.any(|set| part.set_has(config, set, &path, &text))
        })
    });
    let grant = match is_for_all && !is_preflight(request) {
        true => grants.first(),
        false => grant,
    };
    let allowed = grant.map(
        |grant| match grant.allow_origins.iter().any(|origin| origin == "*") {
            true => b"*",
            false => origin.unwrap_or_default(),
        },
    );
    let found: Vec<_> = response.lines("access-control-allow-origin").collect();
    if found != Vec::from_iter(allowed) {
        return Err(format!("{part:?} allows {allowed:?}, got {found:?}"));
    }
    let credentials = grant.is_some_and(|grant| grant.allow_credentials);
    if response
        .lines("access-control-allow-credentials")
        .next()
        .is_some()
        != credentials
    {
        return Err(format!("{part:?}: credentials should be {credentials}"));
    }
    let varies = response.lines("vary").any(|line| {
        let line = String::from_utf8_lossy(line).to_ascii_lowercase();
        line.split(',')
            .any(|name| ["origin", "*"].contains(&name.trim()))
    });
    let refuses = part.refuses(config);
    match varies == (!is_for_all || refuses) {
        true => Ok(Pass::Checked),
        false => Err(format!("{part:?}: `Vary: Origin` is {varies}")),
    }
}

/// Whether a pattern of the cases with routes matches an origin.
fn is_match(pattern: &str, origin: &[u8]) -> bool {
    let origin = String::from_utf8_lossy(origin);
    match pattern.split_once('*') {
        None => origin == pattern,
        Some((before, after)) => {
            let inside = origin.strip_prefix(before);
            let inside = inside.and_then(|rest| rest.strip_suffix(after));
            inside.is_some_and(|inside| pattern == "*" || !inside.is_empty())
        }
    }
}

/// Writes headers as an adapter must, the slow and obvious way.
pub fn write(headers: &[Header<Box<str>>], request: &RawRequest, lines: &mut Vec<Line>) {
    for header in headers {
        let name = header.name.name();
        let mut values: Vec<Vec<u8>> = match &header.value {
            HeaderSource::Constant(value) => vec![value.as_bytes().to_vec()],
            HeaderSource::Echo(echoed) => request
                .lines(*echoed)
                .filter(|line| !line.is_empty())
                .map(<[u8]>::to_vec)
                .collect(),
        };
        if header.name == ResponseHeader::Vary {
            values = vec![one_vary_line(lines, values)];
        }
        lines.retain(|(other, _)| other != name);
        lines.extend(values.into_iter().map(|value| (name.to_owned(), value)));
    }
}

/// The application's `Vary` and ours in one line.
fn one_vary_line(application: &[Line], ours: Vec<Vec<u8>>) -> Vec<u8> {
    let lines = application.iter().filter(|(name, _)| name == "vary");
    let lines: Vec<_> = lines.map(|(_, line)| line.clone()).collect();
    let joined = lines.join(&b", "[..]);
    let names = String::from_utf8_lossy(&joined).to_ascii_lowercase();
    if lines.len() > 1 && names.split(',').any(|name| name.trim() == "*") {
        return b"*".to_vec();
    }
    match names
        .split(',')
        .any(|name| ["origin", "*"].contains(&name.trim()))
    {
        true => joined,
        false => [lines, ours].concat().join(&b", "[..]),
    }
}

/// Checks that everything but the CORS headers is the same as without the middleware.
fn untouched(exchange: &JudgedExchange<'_>) -> Result<Pass, String> {
    // A preflight never reaches the application, nor does a refused request, so there is nothing to compare.
    if !matches!(
        exchange.policy.policy.decide(exchange.request),
        Decision::Forward(_)
    ) {
        return Ok(Pass::NotApplicable);
    }
    let (response, bare) = match (exchange.answer, exchange.bare) {
        (Answer::Closed, Answer::Closed) => return Ok(Pass::Checked),
        (Answer::Response(response), Answer::Response(bare)) => (response, bare),
        (answer, bare) => return Err(format!("{answer:?} instead of {bare:?}")),
    };
    if response.status != bare.status {
        return Err(format!(
            "status {} instead of {}",
            response.status, bare.status
        ));
    }
    same_lines(&other_lines(response), &other_lines(bare))?;
    let pieces = |response: &RawResponse| exchange.sameness.pieces(&response.pieces);
    match pieces(response) == pieces(bare) {
        true => Ok(Pass::Checked),
        false => Err("the body, or the pieces in which it is sent, differ".to_owned()),
    }
}

/// The relevant lines of a response, sorted by name.
pub fn relevant(response: &RawResponse) -> Vec<Line> {
    sorted(response, is_relevant)
}

/// The lines of a response that the middleware must not change, sorted by name.
fn other_lines(response: &RawResponse) -> Vec<Line> {
    // `Date` can differ between two requests.
    sorted(response, |name| {
        (name == "x-handler" || !is_relevant(name)) && name != "date"
    })
}

fn sorted(response: &RawResponse, wanted: impl Fn(&str) -> bool) -> Vec<Line> {
    let mut lines = response.lines.clone();
    lines.retain(|(name, _)| wanted(name));
    lines.sort_by(|(a, _), (b, _)| a.cmp(b));
    lines
}

fn same_lines(found: &[Line], expected: &[Line]) -> Result<(), String> {
    if found == expected {
        return Ok(());
    }
    let only_in = |these: &[Line], those: &[Line]| {
        let lines = these.iter().filter(|line| !those.contains(line));
        let lines: Vec<_> = lines.map(show).collect();
        lines.join(", ")
    };
    let (more, less) = (only_in(found, expected), only_in(expected, found));
    Err(match (more.is_empty(), less.is_empty()) {
        (true, true) => "a line comes twice, or in another order".to_owned(),
        (true, false) => format!("without {less}"),
        (false, true) => format!("with {more}"),
        (false, false) => format!("with {more}, without {less}"),
    })
}

/// A header line, cut to a readable length.
pub fn show((name, value): &Line) -> String {
    let value = String::from_utf8_lossy(value);
    match value.char_indices().nth(120) {
        Some((cut, _)) => format!("`{name}: {}…`", value.get(..cut).unwrap_or_default()),
        None => format!("`{name}: {value}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(text: &str) -> Answer {
        let Ok(Expected::Response { status, lines }) = Expected::parse(text.as_bytes()) else {
            return Answer::Closed;
        };
        Answer::Response(RawResponse {
            status: status.unwrap(),
            lines,
            pieces: Vec::new(),
        })
    }

    /// Each deliberate fault is found by the checks that can find it.
    #[test]
    fn faults() {
        let source = "allow_origins = ['https://a.b']\nallow_methods = ['PUT']";
        let policy = NamedPolicy::new("faults/policy", source).unwrap();
        let check = |method: &str, expected: &str, bare: &str, answer: &str, objecting: &[&str]| {
            let mut lines = vec![("origin".to_owned(), b"https://a.b".to_vec())];
            if method == "OPTIONS" {
                lines.push(("access-control-request-method".to_owned(), b"PUT".to_vec()));
            }
            let request = RawRequest {
                method: method.to_owned(),
                target: "/".to_owned(),
                lines,
                body: Vec::new(),
            };
            let exchange = JudgedExchange {
                policy: &policy,
                request: &request,
                expected: &Expected::parse(expected.as_bytes()).unwrap(),
                answer: &response(answer),
                bare: &response(bare),
                sameness: Sameness::Bytes,
            };
            let found: Vec<_> = JUDGES
                .iter()
                .filter(|judge| judge.judge(&exchange).is_err())
                .map(|judge| judge.name)
                .collect();
            assert_eq!(found, objecting, "{answer}");
        };
        let right = "200\naccess-control-allow-origin: https://a.b\nvary: Origin\nx-handler: 1";
        let bare = "200\nx-handler: 1";
        let get = |answer: &str, objecting| check("GET", right, bare, answer, objecting);
        get(right, &[]);
        get(&right.replace("vary: Origin", ""), &["case", "engine"]);
        get(&format!("{right}\nvary: Origin"), &["case", "engine"]);
        let own = |vary: &str| right.replace("vary: Origin", vary);
        let vary = |bare: &str, answer: &str, objecting: &[&str]| {
            let bare = format!("200\nx-handler: 1\n{bare}");
            check(
                "GET",
                &own("vary: Origin, A"),
                &bare,
                &own(answer),
                objecting,
            );
        };
        vary("vary: Origin\nvary: A", "vary: Origin, A", &[]);
        vary("vary: Origin, A", "vary: Origin, A", &[]);
        // Several lines are one fault, whatever is in them.
        vary(
            "vary: Origin\nvary: A",
            "vary: Origin\nvary: A",
            &["case", "engine"],
        );
        vary("vary: A", "vary: Origin, A", &["engine"]);
        get(&right.replace("b\n", "c\n"), &["case", "engine", "browser"]);
        get(
            &right.replace("200", "201"),
            &["case", "engine", "bare server"],
        );
        get(
            &right.replace("x-handler: 1", ""),
            &["case", "engine", "bare server"],
        );
        get("closed", &["case", "engine", "bare server"]);
        check("GET", "closed", "closed", "closed", &[]);

        let right = "204\naccess-control-allow-origin: https://a.b\n\
                     access-control-allow-methods: PUT\naccess-control-max-age: 86400\nvary: Origin";
        let preflight = |answer: &str, objecting| check("OPTIONS", right, bare, answer, objecting);
        preflight(right, &[]);
        preflight(&right.replace("204", "200"), &["case", "engine"]);
        preflight(&right.replace("204", "404"), &["case", "engine", "browser"]);
        preflight(&right.replace("PUT", "put"), &["case", "engine", "browser"]);
        preflight(&format!("{right}\nx-handler: 1"), &["case", "engine"]);
        preflight(bare, &["case", "engine", "browser"]);
    }

    /// What a gateway may change, and what it may not.
    #[test]
    fn lists() {
        #[track_caller]
        fn check(a: &str, b: &str, expected: bool) {
            let lines = |text: &str| match response(&format!("200\n{text}")) {
                Answer::Response(response) => relevant(&response),
                Answer::Closed => Vec::new(),
            };
            let (a, b) = (lines(a), lines(b));
            assert_eq!(
                Sameness::Lists.lines(&a) == Sameness::Lists.lines(&b),
                expected
            );
            assert_ne!(Sameness::Bytes.lines(&a), Sameness::Bytes.lines(&b));
        }
        check("vary: A, Origin", "vary: A\nvary: Origin", true);
        check("vary: A, Origin", "vary: A,Origin", true);
        check("vary: A, Origin", "vary: A, , Origin,", true);
        check("vary: *", "vary: A , *\nvary: Origin", true);
        check("vary: A, Origin", "vary: A", false);
        check("vary: Origin", "vary: Origin\nvary: Origin", false);
        check("vary: A, Origin", "vary: Origin, A", false);
        check("vary:", "", false);
        let origin = "access-control-allow-origin: https://a.b";
        check(origin, &format!("{origin}\n{origin}"), false);
        check(origin, "access-control-allow-origin: https://A.b", false);
        check(origin, "access-control-allow-origin: *", false);
    }

    /// The check of routes needs no engine: it finds the grant of another part.
    #[test]
    fn grants_of_other_parts() {
        let source = "allow_origins = ['https://a.b']\n\
                      [[route]]\npath = '/public'\nallow_origins = ['*']\n\
                      [[route]]\npath = '/c/{d}'\nallow_origins = ['https://*.c']\nallow_credentials = true";
        let policy = NamedPolicy::new("faults/routes", source).unwrap();
        let judge = |target: &str, origin: &str, answer: &str| {
            let request = RawRequest {
                method: "GET".to_owned(),
                target: target.to_owned(),
                lines: vec![("origin".to_owned(), origin.as_bytes().to_vec())],
                body: Vec::new(),
            };
            let answer = response(answer);
            routes(&JudgedExchange {
                policy: &policy,
                request: &request,
                expected: &Expected::Closed,
                answer: &answer,
                bare: &answer,
                sameness: Sameness::Bytes,
            })
        };
        let everyone = "200\naccess-control-allow-origin: *";
        let top = "200\naccess-control-allow-origin: https://a.b\nvary: Origin";
        let route = "200\naccess-control-allow-origin: https://b.c\n\
                     access-control-allow-credentials: true\nvary: Origin";
        let nothing = "200\nvary: Origin";
        let answers = [everyone, top, route, nothing, "200"];
        for (target, origin, right) in [
            ("/public/a", "https://a.b", everyone),
            ("/public/a?b=/../c", "null", everyone),
            ("/", "https://a.b", top),
            ("/publica", "https://a.b", top),
            ("/c/d/e", "https://b.c", route),
            ("/c", "https://b.c", nothing),
            ("/c/d", "https://.c", nothing),
            ("/", "https://b.c", nothing),
            ("/public//a", "https://a.b", nothing),
            ("/Public", "https://a.b", nothing),
            ("*", "https://a.b", nothing),
        ] {
            for answer in answers {
                let found = judge(target, origin, answer).is_ok();
                assert_eq!(found, answer == right, "{target} {origin} {answer}");
            }
        }
        let without_credentials = route.replace("-credentials: true", "-methods: GET");
        assert!(judge("/c/d", "https://b.c", &without_credentials).is_err());
        let varies = format!("{everyone}\nvary: Origin");
        assert!(judge("/public", "https://a.b", &varies).is_err());
    }
}
