//! The same over HTTP/2, without TLS: the client knows that the server speaks HTTP/2. The cases of the matrix are sent with
//! TLS, too: see `tls.rs`.

use std::net::Ipv4Addr;
use std::rc::Rc;

use bytes::Bytes;
use cors_matrix::message::{RawRequest, RawResponse};
use cors_matrix::server::{FixtureBinary, Framework};
use h2::client::{ResponseFuture, SendRequest};
use h2::{Reason, SendStream};
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::time::timeout;

use super::{
    END, Exchange, JSON, Known, PAGES, PART, POLICIES, Servers, TIMEOUT, overlapping, request,
};

/// How many requests are sent before the first answer is read. The frameworks accept up to 200.
const BATCH: usize = 100;
/// The longest list of fields that hyper accepts, as HTTP/2 counts them.
const MAX_FIELDS: usize = 16 * 1024;

/// Sends requests on one connection at the same time, and checks their answers. Returns their number.
#[track_caller]
pub(super) fn concurrent<S: Stream>(
    framework: Framework,
    scheme: &str,
    stream: impl Future<Output = S>,
    exchanges: &[Exchange<'_>],
) -> usize {
    let requests = exchanges.iter().filter_map(|exchange| {
        let request = to_http2(scheme, &exchange.request)?;
        let is_known = Known::Http2Head.applies(framework, &exchange.request);
        (!is_known).then_some((exchange, request))
    });
    let requests: Vec<_> = requests.collect();
    let sent: Vec<_> = requests
        .iter()
        .map(|(exchange, request)| (request.clone(), exchange.request.body.clone()))
        .collect();
    let answers = block_on(async { send(stream.await, &sent).await });
    let answers = answers.unwrap_or_else(|error| panic!("{framework}: {error}"));
    for ((exchange, _), answer) in requests.iter().zip(&answers) {
        exchange.check(&format!("over HTTP/2, {scheme}"), answer);
    }
    answers.len()
}

/// What HTTP/2 is sent on.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Stream for S {}

pub(super) async fn stream(port: u16) -> TcpStream {
    let address = (Ipv4Addr::LOCALHOST, port);
    TcpStream::connect(address).await.unwrap()
}

/// Whether a server answers a request over HTTP/2.
pub(super) fn answers(port: u16, request: &RawRequest) -> bool {
    let sent = to_http2("http", request).unwrap();
    block_on(async { send(stream(port).await, &[(sent, Vec::new())]).await }).is_ok()
}

/// Trailers, an answer before the body ends, and requests that the client cancels, one after the other on one connection.
#[test]
#[ignore = "needs the fixture servers: cargo xtask test-servers"]
fn streams_between_others() {
    const BODY: &str = r#"{"a":1}"#;
    const CANCELLED: usize = 10;
    for fixture in FixtureBinary::built().unwrap() {
        let mut answers = 0;
        for (servers, page) in Servers::each(&fixture).flat_map(|servers| {
            let servers = Rc::new(servers);
            PAGES.map(|page| (Rc::clone(&servers), page))
        }) {
            let alone = |name, method, target, lines: &[_], body| {
                servers.alone(name, request(method, target, page, lines, body))
            };
            let json = alone("trailers", "POST", "/json", &[JSON], BODY);
            let private = alone("before the body ends", "POST", "/private", &[], "");
            let next = alone("after cancelled ones", "GET", "/echo", &[], "");
            let got = block_on(async {
                let client = handshake(stream(servers.server.port()).await).await?;

                let (response, mut stream) = start(&client, &json, false).await?;
                stream.send_data(BODY.into(), false)?;
                stream.send_trailers(trailers())?;
                let with_trailers = read(response).await?;

                let (response, mut stream) = start(&client, &private, false).await?;
                stream.send_data(PART.to_vec().into(), false)?;
                let early = read(response).await?;

                for _ in 0..CANCELLED {
                    let (_, mut stream) = start(&client, &json, false).await?;
                    stream.send_data("{".into(), false)?;
                    stream.send_reset(Reason::CANCEL);
                }
                let (response, _) = start(&client, &next, true).await?;
                Ok([with_trailers, early, read(response).await?])
            });
            for (exchange, answer) in [json, private, next].iter().zip(&got.unwrap()) {
                exchange.check("over HTTP/2", answer);
                answers += 1;
            }
        }
        assert_eq!(answers, 3 * POLICIES.len() * PAGES.len());
    }
}

/// Requests of several pages that the server handles at the same time on one connection.
#[test]
#[ignore = "needs the fixture servers: cargo xtask test-servers"]
fn streams_that_overlap() {
    const ROUNDS: usize = 10;
    for fixture in FixtureBinary::built().unwrap() {
        for servers in Servers::each(&fixture) {
            let plain = overlapping(&servers);
            let got = block_on(async {
                let client = handshake(stream(servers.server.port()).await).await?;
                let mut answers = Vec::new();
                for _ in 0..ROUNDS {
                    let mut begun = Vec::new();
                    for plain in &plain {
                        let (response, mut stream) = start(&client, plain, false).await?;
                        stream.send_data(PART.to_vec().into(), false)?;
                        begun.push((plain, response, stream));
                    }
                    while let Some((plain, response, mut stream)) = begun.pop() {
                        // A server that has refused the request may have closed the stream.
                        let _ = stream.send_data(END.into(), true);
                        answers.push((plain, read(response).await?));
                    }
                }
                Ok(answers)
            });
            for (plain, answer) in got.unwrap() {
                plain.check("over HTTP/2 while others are handled", &answer);
            }
        }
    }
}

/// Trailers that name a page and make the request a preflight, if they were fields of its head.
fn trailers() -> HeaderMap {
    let fields = [
        ("origin", super::APP),
        ("access-control-request-method", "PUT"),
    ];
    let fields = fields.map(|(name, value)| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        )
    });
    HeaderMap::from_iter(fields)
}

/// Sends the head of a request.
async fn start(
    client: &SendRequest<Bytes>,
    exchange: &Exchange<'_>,
    ends: bool,
) -> Result<(ResponseFuture, SendStream<Bytes>), h2::Error> {
    let request = to_http2("http", &exchange.request).unwrap();
    client.clone().ready().await?.send_request(request, ends)
}

/// Sends requests with their bodies on one connection at the same time.
async fn send(
    stream: impl Stream,
    requests: &[(Request<()>, Vec<u8>)],
) -> Result<Vec<RawResponse>, h2::Error> {
    let mut client = handshake(stream).await?;
    let mut answers = Vec::new();
    for batch in requests.chunks(BATCH) {
        let mut responses = Vec::new();
        for (request, body) in batch {
            client = client.ready().await?;
            let (response, mut stream) = client.send_request(request.clone(), body.is_empty())?;
            if !body.is_empty() {
                stream.send_data(body.clone().into(), true)?;
            }
            responses.push(response);
        }
        for response in responses {
            answers.push(read(response).await?);
        }
    }
    Ok(answers)
}

/// Runs an exchange, which may not take longer than [`TIMEOUT`].
fn block_on<T>(exchange: impl Future<Output = Result<T, h2::Error>>) -> Result<T, h2::Error> {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { timeout(TIMEOUT, exchange).await.unwrap() })
}

async fn handshake(stream: impl Stream) -> Result<SendRequest<Bytes>, h2::Error> {
    let (client, connection) = h2::client::handshake(stream).await?;
    // An error of the connection is one of each request, too.
    tokio::spawn(async { drop(connection.await) });
    Ok(client)
}

/// Reads a response to its end.
async fn read(response: ResponseFuture) -> Result<RawResponse, h2::Error> {
    let (head, mut body) = response.await?.into_parts();
    let mut pieces = Vec::new();
    while let Some(data) = body.data().await {
        let data = data?;
        body.flow_control().release_capacity(data.len())?;
        pieces.push(data.to_vec());
    }
    let lines = head.headers.iter();
    Ok(RawResponse {
        status: head.status.as_u16(),
        lines: lines
            .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
            .collect(),
        pieces,
    })
}

/// The same request in HTTP/2. `None` if that cannot say it: its target has no path of its own, `Host` comes twice, or
/// a field is about the connection.
fn to_http2(scheme: &str, request: &RawRequest) -> Option<Request<()>> {
    const OF_CONNECTION: [&str; 4] = ["connection", "expect", "transfer-encoding", "upgrade"];
    let mut hosts = Vec::new();
    let mut built = Request::builder().method(&*request.method);
    let mut size = 0;
    for (name, value) in &request.lines {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        let value = value.trim_ascii();
        size += name.as_str().len() + value.len() + 32;
        if OF_CONNECTION.contains(&name.as_str()) {
            return None;
        }
        match name == "host" {
            true => hosts.push(str::from_utf8(value).ok()?),
            false => built = built.header(name, HeaderValue::from_bytes(value).ok()?),
        }
    }
    let host = match *hosts {
        [] => "127.0.0.1",
        [host] => host,
        _ => return None,
    };
    // actix-web resets the stream of a target that is not ASCII, which no browser sends.
    let target = &request.target;
    if size > MAX_FIELDS || !target.starts_with('/') || !target.is_ascii() {
        return None;
    }
    let request = built.uri(format!("{scheme}://{host}{}", request.target));
    request.body(()).ok()
}
