//! A client that opens a WebSocket over HTTP/2, with an
//! [extended CONNECT](https://www.rfc-editor.org/rfc/rfc8441#section-4). The tests of cors-axum use it, too.

use h2::ext::Protocol;
use http::Request;
use tokio::io::{AsyncRead, AsyncWrite};

pub(crate) const OWN: &str = "api.example.com";
/// A name of the attacker that leads to this server: DNS rebinding.
pub(crate) const REBOUND: &str = "rebound.example";

pub(crate) const APP: (&str, &str) = ("origin", "https://app.example.com");
pub(crate) const EVIL: (&str, &str) = ("origin", "https://evil.example");
/// Browsers send the user's cookies with a WebSocket of any page.
pub(crate) const COOKIE: (&str, &str) = ("cookie", "session=secret");
pub(crate) const CROSS_SITE: (&str, &str) = ("sec-fetch-site", "cross-site");
pub(crate) const SAME_ORIGIN: (&str, &str) = ("sec-fetch-site", "same-origin");

pub(crate) const OPENS: u16 = 200;
pub(crate) const REFUSED: u16 = 403;

/// Opens a WebSocket at `/socket`, after a GET of `/`, and sends `data` if it opens. Returns the status of the response and
/// what came after it.
pub(crate) async fn exchange<T>(
    connection: T,
    authority: &str,
    fields: &[(&str, &str)],
    data: &'static [u8],
) -> (u16, Vec<u8>)
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (client, connection) = h2::client::handshake(connection).await.unwrap();
    tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    // The response to this comes after the server's settings, which allow the next request.
    let get = Request::get(format!("https://{authority}/"));
    let (response, _) = client.send_request(get.body(()).unwrap(), true).unwrap();
    assert_eq!(response.await.unwrap().status(), 200);
    assert!(client.is_extended_connect_protocol_enabled());

    let mut client = client.ready().await.unwrap();
    let mut request = Request::connect(format!("https://{authority}/socket"))
        .extension(Protocol::from_static("websocket"))
        .header("sec-websocket-version", "13");
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    let request = request.body(()).unwrap();
    let (response, mut stream) = client.send_request(request, false).unwrap();
    let response = response.await.unwrap();
    let status = response.status();
    if status.is_success() {
        stream.send_data(data.into(), true).unwrap();
    }
    let mut body = response.into_body();
    let mut echo = Vec::new();
    while let Some(data) = body.data().await {
        echo.extend_from_slice(&data.unwrap());
    }
    (status.as_u16(), echo)
}
