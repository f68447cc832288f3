//! Requests over a real connection.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use actix_web::middleware::from_fn;
use actix_web::rt::{self, System};
use actix_web::{App, HttpResponse, HttpServer, web};

use crate::harness::{GRANTED, cors, deny};

async fn panicking() -> HttpResponse {
    panic!("as expected");
}

/// Sends back everything that it receives after the upgrade.
async fn upgrade(payload: web::Payload) -> HttpResponse {
    HttpResponse::SwitchingProtocols()
        .upgrade("websocket")
        .streaming(payload)
}

/// Starts a server with several workers, runs `client`, and stops it.
fn with_server(client: impl FnOnce(SocketAddr) + Send + 'static) {
    System::new().block_on(async {
        let cors = cors();
        let factory = move || {
            App::new()
                .route("/", web::get().to(HttpResponse::Ok))
                .route("/panic", web::get().to(panicking))
                .route("/upgrade", web::get().to(upgrade))
                .service(web::scope("/private").wrap(from_fn(deny)))
                .wrap(cors.clone())
        };
        let server = HttpServer::new(factory)
            .workers(2)
            .disable_signals()
            .bind(("127.0.0.1", 0))
            .unwrap();
        let address = server.addrs()[0];
        let server = server.run();
        let handle = server.handle();
        let server = rt::spawn(server);
        let result = rt::task::spawn_blocking(move || client(address)).await;
        handle.stop(false).await;
        server.await.unwrap().unwrap();
        result.unwrap();
    });
}

/// Sends `requests` on one connection. Returns all responses without `Date`, the headers of each
/// response sorted by name.
fn exchange(address: SocketAddr, requests: &str) -> Vec<String> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(requests.as_bytes()).unwrap();
    let mut received = String::new();
    stream.read_to_string(&mut received).unwrap();
    let responses = received.split_terminator("\r\n\r\n");
    let sorted = |response: &str| {
        let (status, fields) = response.split_once("\r\n").unwrap();
        let mut fields = fields.split("\r\n").collect::<Vec<_>>();
        fields.retain(|field| !field.starts_with("date:"));
        fields.sort_unstable();
        [&[status], &*fields].concat().join("\n")
    };
    responses.map(sorted).collect()
}

const PREFLIGHT: &str = "OPTIONS /nowhere HTTP/1.1\r\nHost: x\r\n\
    Origin: https://app.example.com\r\nAccess-Control-Request-Method: PUT\r\n\r\n";
const REFUSED_PREFLIGHT: &str = "OPTIONS / HTTP/1.1\r\nHost: x\r\n\
    Origin: https://evil.example\r\nAccess-Control-Request-Method: PUT\r\n\r\n";
const UNAUTHENTICATED: &str = "HEAD /private/ HTTP/1.1\r\nHost: x\r\n\
    Origin: https://app.example.com\r\n\r\n";
const LAST: &str = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

#[test]
fn bytes() {
    with_server(|address| {
        // More connections than workers.
        for _ in 0..4 {
            let requests = [PREFLIGHT, REFUSED_PREFLIGHT, UNAUTHENTICATED, LAST].concat();
            assert_eq!(
                exchange(address, &requests),
                [
                    "HTTP/1.1 204 No Content\n\
                     access-control-allow-credentials: true\n\
                     access-control-allow-headers: content-type, authorization\n\
                     access-control-allow-methods: GET, PUT\n\
                     access-control-allow-origin: https://app.example.com\n\
                     access-control-max-age: 600\n\
                     vary: Origin",
                    "HTTP/1.1 403 Forbidden\n\
                     content-length: 0\n\
                     vary: Origin",
                    "HTTP/1.1 401 Unauthorized\n\
                     access-control-allow-credentials: true\n\
                     access-control-allow-origin: https://app.example.com\n\
                     access-control-expose-headers: x-request-id\n\
                     content-length: 2\n\
                     content-type: text/plain; charset=utf-8\n\
                     vary: Origin",
                    "HTTP/1.1 200 OK\n\
                     connection: close\n\
                     content-length: 0\n\
                     vary: Origin",
                ]
            );
        }
    });
}

#[test]
fn panics_end_the_connection() {
    with_server(|address| {
        let request = "GET /panic HTTP/1.1\r\nHost: x\r\nOrigin: https://app.example.com\r\n\r\n";
        assert!(exchange(address, request).is_empty());
        assert_eq!(exchange(address, LAST).len(), 1, "the server goes on");
    });
}

#[test]
fn upgrades_are_passed_on() {
    with_server(|address| {
        let mut stream = TcpStream::connect(address).unwrap();
        let request = "GET /upgrade HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\n\
            Upgrade: websocket\r\nOrigin: https://app.example.com\r\n\r\nping";
        stream.write_all(request.as_bytes()).unwrap();
        let mut received = Vec::new();
        while !received.ends_with(b"\r\n\r\nping") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            received.extend(byte);
        }
        let received = String::from_utf8(received).unwrap();
        assert!(received.starts_with("HTTP/1.1 101 "), "{received}");
        for field in GRANTED {
            assert!(received.contains(field), "{received}");
        }
    });
}
