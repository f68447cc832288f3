//! The same with TLS, where the client and the server agree by ALPN on HTTP/2 or HTTP/1.1.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use cors_matrix::fixture::Tls;
use cors_matrix::message::Connection;
use cors_matrix::server::{FixtureBinary, FixtureServer, Framework};
use rcgen::{CertificateParams, KeyPair};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tokio_rustls::{TlsConnector, rustls};
use tungstenite::http::StatusCode;

use super::cases::{Cases, LEAST, one_after_other};
use super::{APP, EVIL, POLICIES, Servers, http2, request, stream};
use crate::websocket;

/// What the client offers for HTTP/1.1: browsers name it, and other programs offer nothing.
const HTTP1: [Option<&str>; 2] = [Some("http/1.1"), None];
const HTTP2: Option<&str> = Some("h2");

/// The policy that refuses.
const REFUSES: &str = POLICIES[1];

/// The numbers of exchanges.
#[derive(Debug, Default)]
struct Counts {
    http2: usize,
    /// For each of [`HTTP1`].
    http1: [usize; HTTP1.len()],
}

#[test]
#[ignore = "needs the fixture servers: cargo xtask test-servers"]
fn each_case_gets_the_answer_of_clear_text() {
    let cases = Cases::read();
    let certificate = Certificate::new();
    thread::scope(|scope| {
        for fixture in FixtureBinary::built().unwrap() {
            let (cases, certificate) = (&cases, &certificate);
            scope.spawn(move || run(&fixture, cases, certificate));
        }
    });
}

fn run(fixture: &FixtureBinary, cases: &Cases, certificate: &Certificate) {
    let framework = fixture.framework;
    let mut counts = Counts::default();
    cases.each_policy(fixture, |policy, _, exchanges| {
        let server = certificate.serve(fixture, policy);
        let client = server.client(HTTP2);
        counts.http2 += http2::concurrent(framework, "https", client.stream(), exchanges);
        for (offered, count) in HTTP1.into_iter().zip(&mut counts.http1) {
            let client = server.client(offered);
            let how = format!("over TLS, offered {offered:?}");
            one_after_other(&how, exchanges, || client.connect());
            *count += exchanges.len();
        }
    });
    println!("{framework}, TLS: {counts:?}");
    let Counts { http2, http1 } = counts;
    let is_enough = [http2].iter().chain(&http1).all(|count| *count >= LEAST);
    assert!(is_enough, "{framework}: {http2} {http1:?}");
}

/// A request's `Host`, the page's origin, and the status, with [`REFUSES`]. `{port}` is that of the server with TLS.
const PAGES: [(&str, &str, u16); 9] = [
    // The server's own pages have no grant.
    ("127.0.0.1:{port}", "https://127.0.0.1:{port}", 200),
    ("127.0.0.1", "https://127.0.0.1", 200),
    ("127.0.0.1:443", "https://127.0.0.1", 200),
    ("api.example.com", "https://api.example.com", 200),
    // Others of this machine.
    ("127.0.0.1:{port}", "https://127.0.0.1", 403),
    ("127.0.0.1:{port}", "https://127.0.0.1:1", 403),
    ("127.0.0.1", "https://127.0.0.1:{port}", 403),
    // Pages of other sites.
    ("127.0.0.1:{port}", APP, 200),
    ("127.0.0.1:{port}", EVIL, 403),
];

#[test]
#[ignore = "needs the fixture servers: cargo xtask test-servers"]
fn own_pages_and_others() {
    const METHODS: [&str; 2] = ["GET", "POST"];
    let certificate = Certificate::new();
    for fixture in FixtureBinary::built().unwrap() {
        let framework = fixture.framework;
        let servers = Servers::start(&fixture, REFUSES);
        let server = certificate.serve(&fixture, &servers.file());
        let port = server.port().to_string();
        let rows = PAGES
            .iter()
            .flat_map(|row| METHODS.map(|method| (row, method)));
        let exchanges: Vec<_> = rows
            .map(|((host, origin, status), method)| {
                let [host, origin] = [host, origin].map(|text| text.replace("{port}", &port));
                let sent = request(method, "/echo", Some(&origin), &[("Host", &host)], "");
                let exchange = servers.alone(&host, sent);
                assert_eq!(exchange.alone.status, *status, "{}", exchange.name);
                exchange
            })
            .collect();
        let client = server.client(HTTP2);
        let answers = http2::concurrent(framework, "https", client.stream(), &exchanges);
        assert_eq!(answers, PAGES.len() * METHODS.len(), "{framework}");
        for offered in HTTP1 {
            let client = server.client(offered);
            one_after_other("over TLS", &exchanges, || client.connect());
        }
    }
}

/// A WebSocket of a page opens or does not, with [`REFUSES`].
#[test]
#[ignore = "needs the fixture servers: cargo xtask test-servers"]
fn websockets() {
    let certificate = Certificate::new();
    for fixture in FixtureBinary::built().unwrap() {
        let servers = Servers::start(&fixture, REFUSES);
        let server = certificate.serve(&fixture, &servers.file());
        let own = format!("https://127.0.0.1:{}", server.port());
        for (origin, opens) in [(&*own, true), (APP, true), (EVIL, false)] {
            let row = format!("{}: {origin}", fixture.framework);
            for offered in HTTP1 {
                let stream = server.client(offered).connect_stream();
                let lines = [format!("Origin: {origin}")];
                match websocket::open(stream, server.port(), &lines) {
                    Ok(socket) => {
                        assert!(opens, "{row}");
                        let echoed = websocket::exchange(socket);
                        assert!(echoed.is_ok(), "{row}: {echoed:?}");
                    }
                    Err((status, _)) => {
                        assert_eq!((status, opens), (StatusCode::FORBIDDEN, false), "{row}");
                    }
                }
            }
        }
    }
}

/// A certificate for 127.0.0.1, in a folder with its key.
struct Certificate {
    folder: TempDir,
    /// It is its own authority.
    roots: Arc<RootCertStore>,
}

impl Certificate {
    fn new() -> Self {
        let parameters = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = parameters.self_signed(&key).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let files = Tls::in_folder(folder.path());
        fs::write(files.certificate, certificate.pem()).unwrap();
        fs::write(files.key, key.serialize_pem()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(certificate.der().clone()).unwrap();
        Self {
            folder,
            roots: Arc::new(roots),
        }
    }

    /// Starts a server that has it.
    fn serve(&self, fixture: &FixtureBinary, policy: &Path) -> Server {
        let server = fixture.start_with_tls(Some(policy), self.folder.path());
        Server {
            framework: fixture.framework,
            server: server.unwrap(),
            roots: Arc::clone(&self.roots),
        }
    }
}

/// A server with TLS.
struct Server {
    framework: Framework,
    server: FixtureServer,
    roots: Arc<RootCertStore>,
}

impl Server {
    fn port(&self) -> u16 {
        self.server.port()
    }

    /// A client that offers one protocol by ALPN, or none.
    fn client(&self, offered: Option<&'static str>) -> Client {
        let mut config = ClientConfig::builder_with_provider(ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(Arc::clone(&self.roots))
            .with_no_client_auth();
        config.alpn_protocols = offered.map(Into::into).into_iter().collect();
        Client {
            framework: self.framework,
            port: self.port(),
            offered,
            config: Arc::new(config),
        }
    }
}

/// A client of a server with TLS. The server must choose what it offers.
struct Client {
    framework: Framework,
    port: u16,
    offered: Option<&'static str>,
    config: Arc<ClientConfig>,
}

impl Client {
    #[track_caller]
    fn connect(&self) -> Connection<StreamOwned<ClientConnection, std::net::TcpStream>> {
        Connection::new(self.connect_stream())
    }

    #[track_caller]
    fn connect_stream(&self) -> StreamOwned<ClientConnection, std::net::TcpStream> {
        let connection = ClientConnection::new(Arc::clone(&self.config), name()).unwrap();
        let mut stream = StreamOwned::new(connection, stream(self.port));
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock).unwrap();
        }
        self.check(&stream.conn);
        stream
    }

    /// For HTTP/2.
    async fn stream(&self) -> TlsStream<TcpStream> {
        let connector = TlsConnector::from(Arc::clone(&self.config));
        let stream = http2::stream(self.port).await;
        let stream = connector.connect(name(), stream).await.unwrap();
        self.check(stream.get_ref().1);
        stream
    }

    #[track_caller]
    fn check(&self, connection: &rustls::CommonState) {
        let chosen = connection.alpn_protocol();
        let offered = self.offered.map(str::as_bytes);
        assert_eq!(chosen, offered, "{}: not what is offered", self.framework);
    }
}

fn name() -> ServerName<'static> {
    ServerName::from(Ipv4Addr::LOCALHOST)
}
