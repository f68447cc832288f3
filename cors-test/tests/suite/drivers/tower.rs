use ::axum::Router;
use ::axum::body::Body;
use ::axum::http::{HeaderMap, HeaderValue};
use ::axum::response::IntoResponse;
use ::axum::routing::{any, get};
use bytes::Bytes;
use futures_util::stream;
use warp::Filter as _;

use super::{Latin, check, echo};

fn header_lines() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.append("x-line", HeaderValue::from_static("1"));
    headers.append("x-line", HeaderValue::from_static("2"));
    headers.append("x-latin", HeaderValue::from_bytes(b"caf\xe9").unwrap());
    headers
}

async fn lines() -> impl IntoResponse {
    (header_lines(), "lines")
}

fn echoed(headers: HeaderMap, body: Bytes) -> String {
    let lines = headers.get_all("x-line").iter();
    let lines: Vec<_> = lines.map(|line| line.to_str().unwrap()).collect();
    assert_eq!(headers.get("x-latin").unwrap().as_bytes(), b"\xe9");
    let lengths = headers.get_all("content-length").iter();
    let lengths: Vec<_> = lengths.map(|line| line.to_str().unwrap()).collect();
    assert!(lengths.is_empty() || lengths == [body.len().to_string()]);
    echo(
        &lines,
        headers.get("host").unwrap().to_str().unwrap(),
        &body,
    )
}

fn parts() -> impl futures_util::Stream<Item = Result<Bytes, std::convert::Infallible>> {
    let part = Bytes::from_static(b"data: 1\n\n");
    futures_util::StreamExt::map(stream::repeat(part), Ok)
}

async fn endless() -> impl IntoResponse {
    (
        [("content-type", "text/event-stream")],
        Body::from_stream(parts()),
    )
}

fn cookie(headers: HeaderMap) -> String {
    let cookies = headers.get("cookie").unwrap().to_str().unwrap();
    cookies.strip_prefix("other=2; sid=").unwrap().to_owned()
}

/// The application in axum.
pub(super) fn axum() -> Router {
    Router::new()
        .route("/lines", get(lines))
        .route("/echo", any(async |headers, body| echoed(headers, body)))
        .route("/endless", get(endless))
        .route("/cookie", get(async |headers| cookie(headers)))
}

#[tokio::test]
async fn axum_s_requests_and_responses() {
    check(&mut axum(), Latin::Sent).await;
}

#[tokio::test]
async fn warp_s_requests_and_responses() {
    let lines = warp::path!("lines").map(|| {
        let mut response = warp::reply::Response::new("lines".into());
        *response.headers_mut() = header_lines();
        response
    });
    let echo = warp::path!("echo")
        .and(warp::header::headers_cloned())
        .and(warp::body::bytes())
        .map(echoed);
    let endless = warp::path!("endless").map(|| warp::reply::stream(parts()));
    let cookie = warp::path!("cookie")
        .and(warp::header::headers_cloned())
        .map(cookie);
    let mut app = warp::service(lines.or(echo).or(endless).or(cookie));
    check(&mut app, Latin::Sent).await;
}
