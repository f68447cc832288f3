//! Requests that share a connection get the answers that they get alone, over HTTP/1.1 and HTTP/2, with and without TLS:
//! every case of the matrix, and exchanges that are more than a request and a response.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod cases;
mod http1;
mod http2;
mod tls;

use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use cors_matrix::case::{Expected, NamedPolicy};
use cors_matrix::judge::{JUDGES, JudgedExchange, Sameness, relevant, show};
use cors_matrix::message::{self, Answer, Connection, RawRequest, RawResponse};
use cors_matrix::server::{FixtureBinary, FixtureServer, Framework};
use tempfile::TempDir;

/// How long a server may take between two bytes.
const TIMEOUT: Duration = Duration::from_secs(20);

const APP: &str = "https://app.example.com";
const EVIL: &str = "https://evil.example";
/// Pages that send the same request: one that the policies list, one that they do not, and a program.
const PAGES: [Option<&str>; 3] = [Some(APP), Some(EVIL), None];

const JSON: (&str, &str) = ("Content-Type", "application/json");
/// The start of a long body. Rocket answers when it has 512 bytes, or all of the body.
const PART: [u8; 1_000] = [b' '; 1_000];
/// The end of such a body.
const END: &[u8] = br#"{"a":1}"#;

/// A request for a protocol that no server here speaks.
const OTHER_PROTOCOL: [(&str, &str); 3] = [
    ("Connection", "Upgrade, HTTP2-Settings"),
    ("Upgrade", "h2c"),
    ("HTTP2-Settings", "AAMAAABkAAQAAP__"),
];

/// One grants, and the other refuses, too.
const POLICIES: [&str; 2] = [
    "
    allow_origins     = ['https://app.example.com']
    allow_credentials = true
    allow_methods     = ['PUT']
    allow_headers     = ['content-type']
    expose_headers    = ['x-request-id']
    ",
    "
    allow_origins = ['https://app.example.com']
    allow_methods = ['PUT']
    refuse        = ['websocket', 'unlisted-origins']
    ",
];

/// What a framework does not do with any middleware, or with none. Such exchanges are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    /// Its response to HEAD over HTTP/2 has a body.
    Http2Head,
    /// Its response to HEAD has a body if the next request has arrived.
    PipelinedHead,
    /// It closes the connection after a request for an upgrade that it ignores.
    IgnoredUpgrade,
}

const KNOWN: [(Framework, Known, &str); 3] = [
    (
        Framework::Actix,
        Known::PipelinedHead,
        "when it writes a response, it looks at the method of the request that it has read last",
    ),
    (
        Framework::Actix,
        Known::IgnoredUpgrade,
        "it takes what follows for the other protocol, and says `Connection: upgrade` with any status",
    ),
    (
        Framework::Warp,
        Known::Http2Head,
        "hyper removes the body of a response to HEAD in HTTP/1.1 only; the other frameworks remove it themselves",
    ),
];

impl Known {
    /// Whether an exchange is left out.
    fn applies(self, framework: Framework, request: &RawRequest) -> bool {
        let is_head = request.method == "HEAD";
        is_head && self.is_of(framework)
    }

    fn is_of(self, framework: Framework) -> bool {
        let mut known = KNOWN.iter();
        known.any(|(other, known, _)| (*other, *known) == (framework, self))
    }
}

/// Each of [`KNOWN`] is so without our middleware, and no other framework has one.
#[test]
#[ignore = "needs the fixture servers: cargo xtask test-servers"]
fn known_differences() {
    for fixture in FixtureBinary::built().unwrap() {
        let server = fixture.start(None).unwrap();
        let port = server.port();
        let [get, head] = ["GET", "HEAD"].map(|method| request(method, "/echo", None, &[], ""));

        let mut connection = connect(port);
        connection.send([&get, &head, &get]).unwrap();
        let read = [&get, &head, &get].map(|request| connection.receive(request).is_ok());

        let mut connection = connect(port);
        let upgrade = request("GET", "/echo", None, &OTHER_PROTOCOL, "");
        connection.exchange(&upgrade).unwrap();
        let is_open = connection.exchange(&get).is_ok();

        let found = [
            (Known::Http2Head, !http2::answers(port, &head)),
            (Known::PipelinedHead, read != [true; 3]),
            (Known::IgnoredUpgrade, !is_open),
        ];
        for (known, found) in found {
            let known_here = known.is_of(fixture.framework);
            let row = format!("{} {known:?}: see `KNOWN`", fixture.framework);
            assert_eq!(found, known_here, "{row}");
        }
    }
}

/// A request, and what its answer must be, however it is sent.
struct Exchange<'a> {
    name: String,
    policy: &'a NamedPolicy,
    request: RawRequest,
    expected: Expected,
    /// Its answer on a connection of its own.
    alone: RawResponse,
    /// The answer of the bare server.
    bare: Answer,
    /// A framework that cannot do what the case expects does not do what the engine decides.
    is_judged: bool,
}

impl Exchange<'_> {
    #[track_caller]
    fn check(&self, how: &str, response: &RawResponse) {
        let lines: Vec<_> = response.lines.iter().map(show).collect();
        let row = format!("{} {how}: {} {lines:?}", self.name, response.status);
        let answer = Answer::Response(response.clone());
        assert_eq!(
            Sameness::Bytes.meets(&answer, &self.expected),
            Ok(()),
            "{row}"
        );
        // It has the path of the request.
        assert_eq!(
            response.pieces.concat(),
            self.alone.pieces.concat(),
            "{row}"
        );
        if self.is_judged {
            judge(&row, self.policy, &self.request, &answer, &self.bare);
        }
    }
}

/// Compares an answer with what the engine makes of the bare server's.
#[track_caller]
fn judge(row: &str, policy: &NamedPolicy, request: &RawRequest, answer: &Answer, bare: &Answer) {
    let engine = JUDGES.iter().find(|judge| judge.name == "engine").unwrap();
    let exchange = JudgedExchange {
        policy,
        request,
        expected: &Expected::Closed,
        answer,
        bare,
        sameness: Sameness::Bytes,
    };
    let judged = engine.judge(&exchange);
    assert!(judged.is_ok(), "{row}: {judged:?}");
}

/// A server with one of [`POLICIES`], and the bare one.
struct Servers {
    framework: Framework,
    policy: NamedPolicy,
    server: FixtureServer,
    bare: FixtureServer,
    /// The folder of [`Servers::file`].
    folder: TempDir,
}

impl Servers {
    /// Those of a framework, one after the other.
    fn each(fixture: &FixtureBinary) -> impl Iterator<Item = Self> {
        let sources = POLICIES.into_iter();
        sources.map(|source| Self::start(fixture, source))
    }

    fn start(fixture: &FixtureBinary, source: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cors.toml");
        std::fs::write(&path, source).unwrap();
        Self {
            framework: fixture.framework,
            policy: NamedPolicy::new("protocols", source).unwrap(),
            server: fixture.start(Some(&path)).unwrap(),
            bare: fixture.start(None).unwrap(),
            folder,
        }
    }

    /// The file of the policy.
    fn file(&self) -> PathBuf {
        self.folder.path().join("cors.toml")
    }

    /// Sends a request alone, which says what its answer must be.
    #[track_caller]
    fn alone(&self, name: &str, request: RawRequest) -> Exchange<'_> {
        let origin = request.lines.iter().find(|(name, _)| name == "Origin");
        let name = format!(
            "{}, {name}: {} {} {:?}",
            self.framework,
            request.method,
            request.target,
            origin.map(show)
        );
        let Answer::Response(alone) = message::send(self.server.port(), &request).unwrap() else {
            panic!("{name}: the connection was closed");
        };
        let exchange = Exchange {
            policy: &self.policy,
            expected: Expected::Response {
                status: Some(alone.status),
                lines: relevant(&alone),
            },
            bare: message::send(self.bare.port(), &request).unwrap(),
            is_judged: true,
            name,
            request,
            alone: alone.clone(),
        };
        exchange.check("alone", &alone);
        exchange
    }
}

/// The same request with a body in two parts, [`PART`] and [`END`], from each page.
fn overlapping(servers: &Servers) -> [Exchange<'_>; PAGES.len()] {
    let body = [&PART, END].concat();
    let body = String::from_utf8_lossy(&body);
    PAGES.map(|page| {
        let request = request("POST", "/json", page, &[JSON], &body);
        servers.alone("in two parts", request)
    })
}

/// A request of a page, or of a program.
fn request(
    method: &str,
    target: &str,
    page: Option<&str>,
    lines: &[(&str, &str)],
    body: &str,
) -> RawRequest {
    let origin = page.map(|page| ("Origin", page));
    let lines = lines.iter().copied().chain(origin);
    RawRequest {
        method: method.to_owned(),
        target: target.to_owned(),
        lines: lines
            .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
            .collect(),
        body: body.into(),
    }
}

fn connect(port: u16) -> Connection<TcpStream> {
    Connection::new(stream(port))
}

fn stream(port: u16) -> TcpStream {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    stream.set_read_timeout(Some(TIMEOUT)).unwrap();
    stream.set_write_timeout(Some(TIMEOUT)).unwrap();
    stream
}

/// Whether nothing more can be asked on the connection.
fn ends_connection(response: &RawResponse) -> bool {
    let mut lines = response.lines("connection");
    let ends = |line: &[u8]| !line.eq_ignore_ascii_case(b"keep-alive");
    // A parser that refuses a request does not always say that it closes the connection: actix-web's does not.
    matches!(response.status, 101 | 400) || lines.any(ends)
}
