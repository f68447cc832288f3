//! A plain hyper server, over loopback.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::convert::Infallible;

use bytes::Bytes;
use cors_core::adapter::RequestHead;
use cors_matrix::path::{PUBLIC, TARGETS};
use cors_tower::{Config, CorsLayer, Grant, Head, HttpCors, Outcome, Policy};
use http::{Method, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::{HttpService, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tower::Layer as _;

const ORIGIN: &str = "Origin: https://app.example.com";
const REFUSED: &str = "Origin: https://evil.example";
const ASKED_METHOD: &str = "Access-Control-Request-Method: PUT";

/// Sends a request through the layer, and through [`HttpCors`] step by step. Checks the whole response.
#[track_caller]
fn check(head: &[&str], status: &str, fields: &[&str], body: &str) {
    let layer = CorsLayer::new(policy()).layer(tower::service_fn(application));
    let steps = service_fn(async |request: Request<Incoming>| {
        match HttpCors::new(policy()).decide(Head::from(&request)) {
            Outcome::Respond(response) => Ok(response),
            Outcome::Forward(pending) => {
                let mut response = application(request).await?;
                pending.write(response.headers_mut());
                Ok::<_, Infallible>(response)
            }
        }
    });
    for got in [
        exchange(TowerToHyperService::new(layer), head),
        exchange(steps, head),
    ] {
        let (got_head, got_body) = got.split_once("\r\n\r\n").unwrap();
        let mut lines = got_head.lines().filter(|line| !line.starts_with("date: "));
        assert_eq!(lines.next(), Some(status), "{head:?}");
        let mut lines: Vec<_> = lines.collect();
        lines.sort_unstable();
        assert_eq!(lines, fields, "{head:?}");
        assert_eq!(got_body, body, "{head:?}");
    }
}

#[test]
fn preflights() {
    check(
        &["OPTIONS / HTTP/1.1", ORIGIN, ASKED_METHOD],
        "HTTP/1.1 204 No Content",
        &[
            "access-control-allow-methods: PUT",
            "access-control-allow-origin: https://app.example.com",
            "access-control-max-age: 86400",
            "connection: close",
            "vary: Origin",
        ],
        "",
    );
    check(
        &["OPTIONS * HTTP/1.1", REFUSED, ASKED_METHOD],
        "HTTP/1.1 403 Forbidden",
        &["connection: close", "content-length: 0", "vary: Origin"],
        "",
    );
}

#[test]
fn actual_requests() {
    check(
        &["GET / HTTP/1.1", ORIGIN],
        "HTTP/1.1 200 OK",
        &[
            "access-control-allow-origin: https://app.example.com",
            "connection: close",
            "content-length: 5",
            "vary: Accept-Encoding, Origin",
        ],
        "GET /",
    );
    check(
        &["OPTIONS * HTTP/1.1", REFUSED],
        "HTTP/1.1 200 OK",
        &[
            "connection: close",
            "content-length: 9",
            "vary: Accept-Encoding, Origin",
        ],
        "OPTIONS *",
    );
    check(
        &["HEAD / HTTP/1.1"],
        "HTTP/1.1 200 OK",
        &[
            "connection: close",
            "content-length: 6",
            "vary: Accept-Encoding, Origin",
        ],
        "",
    );
}

#[test]
fn paths_as_sent() {
    for (target, path) in TARGETS {
        let service = service_fn(async |request: Request<Incoming>| {
            let path = Head::from(&request).path().unwrap().to_vec();
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(path))))
        });
        let got = exchange(service, &[&format!("GET {target} HTTP/1.1")]);
        let (_, body) = got.split_once("\r\n\r\n").unwrap();
        assert_eq!(body, path, "{target}");
    }
}

/// Without a request of a framework.
#[test]
fn a_head_of_parts() {
    let headers = crate::headers(&[("host", "b.example")]);
    let head = Head::new(&Method::PUT, "/path", &headers);
    assert_eq!(RequestHead::authority(&head), None);
    let head = head.authority(Some("a.example"));
    assert_eq!(RequestHead::authority(&head), Some(&b"a.example"[..]));
    assert_eq!(RequestHead::method(&head), b"PUT");
    assert_eq!(head.path(), Some(&b"/path"[..]));
}

#[test]
fn routes() {
    let policy = || Policy::new(Config::new([]).route("/public", Grant::new(["*"]))).unwrap();
    for (target, granted) in PUBLIC {
        let layer = CorsLayer::new(policy()).layer(tower::service_fn(application));
        let steps = service_fn(async |request: Request<Incoming>| {
            let mut response = Response::new(Full::default());
            match HttpCors::new(policy()).decide(Head::from(&request)) {
                Outcome::Respond(response) => return Ok(response),
                Outcome::Forward(headers) => headers.write(response.headers_mut()),
            }
            Ok::<_, Infallible>(response)
        });
        for line in [
            format!("GET {target} HTTP/1.1"),
            format!("OPTIONS {target} HTTP/1.1"),
        ] {
            let head = [&line, ORIGIN, ASKED_METHOD];
            for got in [
                exchange(TowerToHyperService::new(layer.clone()), &head),
                exchange(&steps, &head),
            ] {
                let found = got.contains("access-control-allow-origin: *");
                assert_eq!(found, granted, "{line}");
            }
        }
    }
}

fn policy() -> Policy {
    Policy::new(Grant::new(["https://app.example.com"]).allow_methods(["PUT"])).unwrap()
}

async fn application(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = format!("{} {}", request.method(), request.uri());
    let mut response = Response::new(Full::new(Bytes::from(body)));
    let headers = response.headers_mut();
    headers.append("vary", "Accept-Encoding".parse().unwrap());
    headers.append("access-control-allow-origin", "*".parse().unwrap());
    Ok(response)
}

/// Serves one connection. Returns everything that the server sends.
fn exchange<S>(service: S, head: &[&str]) -> String
where
    S: HttpService<Incoming, ResBody = Full<Bytes>, Error = Infallible>,
{
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_io().build().unwrap().block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = async {
            let (connection, _) = listener.accept().await.unwrap();
            hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(connection), service)
                .await
                .unwrap();
        };
        let client = async {
            let head = head.join("\r\n");
            let head = format!("{head}\r\nHost: localhost\r\nConnection: close\r\n\r\n");
            let mut connection = TcpStream::connect(address).await.unwrap();
            connection.write_all(head.as_bytes()).await.unwrap();
            let mut got = String::new();
            connection.read_to_string(&mut got).await.unwrap();
            got
        };
        tokio::join!(server, client).1
    })
}
