//! Both forms over TCP, each with its own server.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::forms::{COVERED, Form, ORIGIN, Routes, block_on, boxed, cors};
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use warp::Filter as _;
use warp::http::StatusCode;
use warp::ws::Ws;

/// A running server.
struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

async fn start(form: Form, routes: Routes) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    // If the sender is dropped without sending, the server does not stop.
    let signal = stopped.then(|stopped| async move {
        if stopped.is_err() {
            std::future::pending().await
        }
    });
    let task = match form {
        Form::Bare => {
            let server = warp::serve(routes).incoming(listener);
            tokio::spawn(server.graceful(signal).run())
        }
        Form::Filter => {
            let server = warp::serve(cors().wrap(routes)).incoming(listener);
            tokio::spawn(server.graceful(signal).run())
        }
        Form::Tower => {
            let service = cors().layer(warp::service(routes));
            tokio::spawn(cors_warp::serve_with_shutdown(listener, service, signal))
        }
    };
    Server {
        address,
        stop,
        task,
    }
}

async fn connect(server: &Server, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// The head of a response, in lower case.
async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap().to_lowercase()
}

/// Checks that a head has this status, and the headers unless the routes are bare.
#[track_caller]
fn check(head: &str, form: Form, status: u16) {
    let line = format!("http/1.1 {status} ");
    assert!(head.starts_with(&line), "{form:?}: {head}");
    let field = format!("\r\naccess-control-allow-origin: {ORIGIN}\r\n");
    assert_eq!(
        head.contains(&field),
        form != Form::Bare,
        "{form:?}: {head}"
    );
}

#[test]
fn websockets_are_upgraded() {
    for form in COVERED {
        block_on(async {
            let echo = warp::ws().map(|ws: Ws| {
                ws.on_upgrade(|socket| {
                    let (sender, receiver) = socket.split();
                    receiver.forward(sender).map(|_| ())
                })
            });
            let server = start(form, boxed(echo)).await;
            let request = format!(
                "GET / HTTP/1.1\r\nhost: x\r\norigin: {ORIGIN}\r\nconnection: upgrade\r\n\
                 upgrade: websocket\r\nsec-websocket-version: 13\r\n\
                 sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            );
            let mut stream = connect(&server, &request).await;
            check(&head(&mut stream).await, form, 101);
            // A masked text message of two bytes, and the same back without the mask.
            let message = [0x81, 0x82, 0, 0, 0, 0, b'h', b'i'];
            stream.write_all(&message).await.unwrap();
            let mut echoed = [0; 4];
            stream.read_exact(&mut echoed).await.unwrap();
            assert_eq!(echoed, [0x81, 2, b'h', b'i'], "{form:?}");
        });
    }
}

#[test]
fn a_panic_closes_the_connection() {
    for form in [Form::Bare, Form::Filter, Form::Tower] {
        block_on(async {
            let panic = warp::path!("panic").map(|| -> StatusCode { panic!("handler") });
            let server = start(form, boxed(panic)).await;
            let request = format!("GET /panic HTTP/1.1\r\nhost: x\r\norigin: {ORIGIN}\r\n\r\n");
            let mut stream = connect(&server, &request).await;
            let mut response = Vec::new();
            stream.read_to_end(&mut response).await.unwrap();
            assert_eq!(response, b"", "{form:?}");
            // The server survives.
            let request = request.replace("/panic", "/nowhere");
            let mut stream = connect(&server, &request).await;
            check(&head(&mut stream).await, form, 404);
        });
    }
}

#[test]
fn a_shutdown_waits_for_the_responses() {
    for form in COVERED {
        block_on(async {
            let (entered, leave) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
            let routes = boxed(warp::any().then({
                let (entered, leave) = (entered.clone(), leave.clone());
                move || {
                    let (entered, leave) = (entered.clone(), leave.clone());
                    async move {
                        entered.notify_one();
                        leave.notified().await;
                        "done"
                    }
                }
            }));
            let server = start(form, routes).await;
            let request = format!("GET / HTTP/1.1\r\nhost: x\r\norigin: {ORIGIN}\r\n\r\n");
            let mut stream = connect(&server, &request).await;
            entered.notified().await;
            server.stop.send(()).unwrap();
            // The signal came first, so new connections are refused.
            while TcpStream::connect(server.address).await.is_ok() {}
            assert!(!server.task.is_finished());
            leave.notify_one();
            check(&head(&mut stream).await, form, 200);
            server.task.await.unwrap();
        });
    }
}
