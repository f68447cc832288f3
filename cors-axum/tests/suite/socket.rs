//! Tests that need a real server, over loopback.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::routing::get;
use cors_axum::WithCors as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::{block_on, cors};

const ORIGIN: &str = "origin: https://app.example.com";
const ASKED_METHOD: &str = "access-control-request-method: PUT";

/// Sends a request to a server. Checks the status line and the headers without `date`.
#[track_caller]
fn check<S: Serve>(
    serve: impl FnOnce(TcpListener) -> S,
    head: &[&str],
    status: &str,
    fields: &[&str],
) {
    let got = block_on(async {
        let mut connection = connect(serve).await;
        send(&mut connection, head).await;
        receive_head(&mut connection).await
    });
    let mut lines = got.lines().filter(|line| !line.starts_with("date: "));
    assert_eq!(lines.next(), Some(status), "{head:?}");
    let mut lines: Vec<_> = lines.collect();
    lines.sort_unstable();
    assert_eq!(lines, fields, "{head:?}");
}

#[test]
fn around_the_router() {
    #[track_caller]
    fn check_with_cors(head: &[&str], status: &str, fields: &[&str]) {
        check(with_cors, head, status, fields);
    }
    check_with_cors(
        &["OPTIONS / HTTP/1.1", ORIGIN, ASKED_METHOD],
        "HTTP/1.1 204 No Content",
        &[
            "access-control-allow-credentials: true",
            "access-control-allow-methods: PUT",
            "access-control-allow-origin: https://app.example.com",
            "access-control-max-age: 86400",
            "vary: Origin",
        ],
    );
    let evil = "origin: https://evil.example";
    check_with_cors(
        &["OPTIONS * HTTP/1.1", evil, ASKED_METHOD],
        "HTTP/1.1 403 Forbidden",
        &["content-length: 0", "vary: Origin"],
    );
    check_with_cors(
        &["OPTIONS / HTTP/1.1", ORIGIN],
        "HTTP/1.1 405 Method Not Allowed",
        &[
            "access-control-allow-credentials: true",
            "access-control-allow-origin: https://app.example.com",
            "access-control-expose-headers: x-request-id",
            "allow: GET,HEAD",
            "content-length: 0",
            "vary: Origin",
        ],
    );
    check_with_cors(
        &["GET / HTTP/1.1"],
        "HTTP/1.1 200 OK",
        &[
            "content-length: 5",
            "content-type: text/plain; charset=utf-8",
            "vary: Origin",
        ],
    );
}

#[test]
fn last_layer() {
    check(
        |listener| axum::serve(listener, app().layer(cors())),
        &["OPTIONS / HTTP/1.1", ORIGIN, ASKED_METHOD],
        "HTTP/1.1 204 No Content",
        &[
            "access-control-allow-credentials: true",
            "access-control-allow-methods: PUT",
            "access-control-allow-origin: https://app.example.com",
            "access-control-max-age: 86400",
            // The router adds this.
            "allow: GET,HEAD",
            "vary: Origin",
        ],
    );
}

#[test]
fn connect_info() {
    #[track_caller]
    fn check<S: Serve>(serve: impl FnOnce(TcpListener) -> S, status: &str) {
        let head = ["HEAD /peer HTTP/1.1", ORIGIN];
        let got = block_on(async {
            let mut connection = connect(serve).await;
            send(&mut connection, &head).await;
            receive_head(&mut connection).await
        });
        assert!(got.starts_with(status), "{got}");
    }
    check(with_cors, "HTTP/1.1 500 ");
    check(
        |listener| {
            let app = app().with_cors(cors()).into_make_service();
            axum::serve(listener, app)
        },
        "HTTP/1.1 500 ",
    );
    check(
        |listener| {
            let app = app().with_cors(cors());
            axum::serve(
                listener,
                app.into_make_service_with_connect_info::<SocketAddr>(),
            )
        },
        "HTTP/1.1 200 ",
    );
}

#[test]
fn web_socket() {
    block_on(async {
        let mut connection = connect(with_cors).await;
        let head = [
            "GET /socket HTTP/1.1",
            ORIGIN,
            "connection: upgrade",
            "upgrade: websocket",
            "sec-websocket-version: 13",
            "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
        ];
        send(&mut connection, &head).await;
        let got = receive_head(&mut connection).await;
        assert!(got.starts_with("HTTP/1.1 101 "), "{got}");
        // <https://www.rfc-editor.org/rfc/rfc6455#section-1.3>
        assert!(got.contains("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
        assert!(got.contains("access-control-allow-origin: https://app.example.com"));

        // A masked text frame; the mask is zero.
        let frame = [0x81, 0x82, 0, 0, 0, 0, b'h', b'i'];
        connection.write_all(&frame).await.unwrap();
        let mut echo = [0; 4];
        connection.read_exact(&mut echo).await.unwrap();
        assert_eq!(echo, [0x81, 2, b'h', b'i']);
    });
}

#[test]
fn a_panic_ends_the_connection() {
    block_on(async {
        let mut connection = connect(with_cors).await;
        send(&mut connection, &["GET /panic HTTP/1.1", ORIGIN]).await;
        let mut got = String::new();
        connection.read_to_string(&mut got).await.unwrap();
        assert_eq!(got, "", "the same as without the policy");
    });
}

/// What `axum::serve` returns.
pub(crate) trait Serve:
    IntoFuture<Output = std::io::Result<()>, IntoFuture: Send + 'static>
{
}

impl<S: IntoFuture<Output = std::io::Result<()>, IntoFuture: Send + 'static>> Serve for S {}

fn with_cors(listener: TcpListener) -> impl Serve {
    axum::serve(listener, app().with_cors(cors()))
}

fn app() -> Router {
    let peer = async |ConnectInfo(_): ConnectInfo<SocketAddr>| "somebody";
    let socket = async |socket: WebSocketUpgrade| socket.on_upgrade(echo);
    Router::new()
        .route("/", get("hello"))
        .route("/peer", get(peer))
        .route("/socket", get(socket))
        .route("/panic", get(panic))
}

pub(crate) async fn echo(mut socket: WebSocket) {
    while let Some(Ok(message @ Message::Text(_))) = socket.recv().await {
        socket.send(message).await.unwrap();
    }
}

async fn panic() {
    panic!("a handler panics");
}

/// A connection to a server of its own.
pub(crate) async fn connect<S: Serve>(serve: impl FnOnce(TcpListener) -> S) -> TcpStream {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(listener).into_future());
    TcpStream::connect(address).await.unwrap()
}

async fn send(connection: &mut TcpStream, head: &[&str]) {
    let head = format!("{}\r\nhost: localhost\r\n\r\n", head.join("\r\n"));
    connection.write_all(head.as_bytes()).await.unwrap();
}

/// Everything before the empty line.
async fn receive_head(connection: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(connection.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap().trim_end().to_owned()
}
