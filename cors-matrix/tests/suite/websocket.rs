//! A WebSocket client opens `/ws` of the fixture servers and exchanges messages, as pages of several sites do it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::time::Duration;

use cors_matrix::server::{FixtureBinary, FixtureServer, Framework};
use tungstenite::client::IntoClientRequest as _;
use tungstenite::handshake::HandshakeError;
use tungstenite::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tungstenite::{Error, Message, WebSocket};

/// How long a server may take between two bytes.
const TIMEOUT: Duration = Duration::from_secs(20);

const REFUSES: &str = "
    allow_origins     = ['https://app.example.com']
    allow_credentials = true
    refuse            = ['websocket']
    hosts             = ['127.0.0.1:*']
";

const REPORTS: &str = "
    allow_origins      = ['https://app.example.com']
    allow_credentials  = true
    refuse             = ['websocket']
    refuse_report_only = true
    hosts              = ['127.0.0.1:*']
";

const REFUSES_NOTHING: &str = "
    allow_origins     = ['https://app.example.com']
    allow_credentials = true
";

/// A page that the policy lists.
const APP: &str = "Origin: https://app.example.com";
const EVIL: &str = "Origin: https://evil.example";
/// Browsers send the user's cookies with a WebSocket of any page.
const COOKIE: &str = "Cookie: session=secret";
const CROSS_SITE: &str = "Sec-Fetch-Site: cross-site";
const SAME_SITE: &str = "Sec-Fetch-Site: same-site";
const SAME_ORIGIN: &str = "Sec-Fetch-Site: same-origin";
/// A name of the attacker that leads to this server: DNS rebinding.
const REBOUND: &str = "Host: rebound.example";

const OPENS: Option<StatusCode> = None;
const REFUSED: Option<StatusCode> = Some(StatusCode::FORBIDDEN);

#[test]
#[ignore = "needs the fixture servers: cargo xtask test-servers"]
fn a_policy_that_refuses() {
    let servers = Servers::start(REFUSES);

    // Listed pages.
    servers.check(&[APP], OPENS);
    servers.check(&[APP, COOKIE, CROSS_SITE], OPENS);

    // Pages of other sites.
    servers.check(&[EVIL], REFUSED);
    servers.check(&[EVIL, COOKIE], REFUSED);
    servers.check(&[EVIL, COOKIE, CROSS_SITE], REFUSED);
    servers.check(&["Origin: null", COOKIE, CROSS_SITE], REFUSED);
    servers.check(&["Origin: http://app.example.com", COOKIE], REFUSED);
    servers.check(&["Origin: https://app.example.com.evil.example"], REFUSED);
    // Another port of this machine is the same site, and another origin.
    servers.check(&["Origin: http://127.0.0.1:1", COOKIE, SAME_SITE], REFUSED);
    servers.check(&["Origin: http://127.0.0.1", COOKIE], REFUSED);

    // The server's own pages have no grant.
    servers.check(&["Origin: http://127.0.0.1:{port}", COOKIE], OPENS);
    let own = "Origin: http://127.0.0.1:{port}";
    servers.check(&[own, COOKIE, SAME_ORIGIN], OPENS);
    // A proxy has changed `Host`.
    let proxied = "Origin: https://api.example.com";
    servers.check(&[proxied, COOKIE, SAME_ORIGIN], OPENS);
    servers.check(&[proxied, COOKIE], REFUSED);

    // Programs.
    servers.check(&[], OPENS);
    servers.check(&["Authorization: Bearer secret"], OPENS);

    // For its browser, a page of a rebound name and the server have one origin.
    let rebound = "Origin: http://rebound.example";
    servers.check(&[REBOUND, rebound], REFUSED);
    servers.check(&[REBOUND, rebound, SAME_ORIGIN], REFUSED);
    servers.check(&[REBOUND, APP], REFUSED);
    servers.check(&[REBOUND], REFUSED);
}

#[test]
#[ignore = "needs the fixture servers: cargo xtask test-servers"]
fn a_policy_that_only_reports() {
    let servers = Servers::start(REPORTS);
    servers.check(&[APP, COOKIE], OPENS);
    servers.check(&[EVIL, COOKIE, CROSS_SITE], OPENS);
    servers.check(&[REBOUND, "Origin: http://rebound.example"], OPENS);
}

/// The default. Browsers do not apply CORS to WebSockets.
#[test]
#[ignore = "needs the fixture servers: cargo xtask test-servers"]
fn a_policy_that_refuses_nothing() {
    let servers = Servers::start(REFUSES_NOTHING);
    servers.check(&[APP, COOKIE], OPENS);
    servers.check(&[EVIL, COOKIE, CROSS_SITE], OPENS);
    servers.check(&[REBOUND, "Origin: http://rebound.example"], OPENS);
}

/// The four servers with one policy.
struct Servers(Vec<(Framework, FixtureServer)>);

impl Servers {
    fn start(policy: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cors.toml");
        std::fs::write(&path, policy).unwrap();
        let start =
            |fixture: FixtureBinary| (fixture.framework, fixture.start(Some(&path)).unwrap());
        Self(
            FixtureBinary::built()
                .unwrap()
                .into_iter()
                .map(start)
                .collect(),
        )
    }

    /// Opens a WebSocket with these header lines, in which `{port}` is the server's, and compares the status of the
    /// response if it does not open.
    #[track_caller]
    fn check(&self, lines: &[&str], expected: Option<StatusCode>) {
        for (framework, server) in &self.0 {
            let port = server.port();
            let lines: Vec<_> = lines
                .iter()
                .map(|line| line.replace("{port}", &port.to_string()))
                .collect();
            let row = format!("{framework} {lines:?}");
            let mut stream = connect(port);
            match open(stream.try_clone().unwrap(), port, &lines) {
                Ok(socket) => {
                    assert_eq!(None, expected, "{row}");
                    let echoed = exchange(socket);
                    assert!(echoed.is_ok(), "{row}: {echoed:?}");
                }
                Err((status, headers)) => {
                    assert_eq!(Some(status), expected, "{row}");
                    assert!(!headers.contains_key("x-handler"), "{row}");
                    let got = send_frame(&mut stream, b"hello");
                    assert!(!got.contains("hello"), "{row}: {got}");
                }
            }
        }
    }
}

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    stream.set_read_timeout(Some(TIMEOUT)).unwrap();
    stream.set_write_timeout(Some(TIMEOUT)).unwrap();
    stream
}

/// Sends the handshake. If the server does not agree, returns the status and the headers of its response.
#[track_caller]
pub(crate) fn open<S: Read + Write>(
    stream: S,
    port: u16,
    lines: &[String],
) -> Result<WebSocket<S>, (StatusCode, HeaderMap)> {
    let uri = format!("ws://127.0.0.1:{port}/ws");
    let mut request = uri.into_client_request().unwrap();
    for line in lines {
        let (name, value) = line.split_once(": ").unwrap();
        let name: HeaderName = name.parse().unwrap();
        let value: HeaderValue = value.parse().unwrap();
        // `Host` replaces the one of the URI.
        request.headers_mut().insert(name, value);
    }
    match tungstenite::client(request, stream) {
        Ok((socket, _)) => Ok(socket),
        Err(HandshakeError::Failure(Error::Http(response))) => {
            Err((response.status(), response.headers().clone()))
        }
        Err(error) => panic!("{error}"),
    }
}

/// The server sends text back, and closes the WebSocket when it is asked to.
#[track_caller]
pub(crate) fn exchange<S: Read + Write>(mut socket: WebSocket<S>) -> tungstenite::Result<()> {
    // actix's default limit is 64 KiB.
    for len in [5, 500, 60_000] {
        let message = Message::text("x".repeat(len));
        socket.send(message.clone())?;
        assert_eq!(socket.read()?, message);
    }
    socket.close(None)?;
    assert!(socket.read()?.is_close());
    Ok(())
}

/// Sends a text frame on a connection that should not be a WebSocket. Returns everything that the server then sends.
#[track_caller]
fn send_frame(stream: &mut TcpStream, text: &[u8; 5]) -> String {
    // With a mask that is zero.
    let frame = [&[0x81, 0x85, 0, 0, 0, 0], &text[..]].concat();
    // If the server has closed the connection already, each of these may fail.
    let _ = stream.write_all(&frame);
    let _ = stream.shutdown(Shutdown::Write);
    let mut got = Vec::new();
    if let Err(error) = stream.read_to_end(&mut got) {
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    }
    String::from_utf8_lossy(&got).into_owned()
}
