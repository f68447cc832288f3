//! WebSockets over HTTP/2. The client opens one with an
//! [extended CONNECT](https://www.rfc-editor.org/rfc/rfc8441#section-4), which axum's `WebSocketUpgrade` accepts.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::Request;
use axum::routing::{any, get};
use cors_axum::{Config, CorsLayer, Grant, Policy, Refuse, WithCors as _};
use h2::ext::Protocol;
use tokio::net::TcpListener;

use crate::block_on;
use crate::socket::{Serve, connect, echo};

const OWN: &str = "api.example.com";
/// A name of the attacker that leads to this server: DNS rebinding.
const REBOUND: &str = "rebound.example";

const APP: (&str, &str) = ("origin", "https://app.example.com");
const EVIL: (&str, &str) = ("origin", "https://evil.example");
/// Browsers send the user's cookies with a WebSocket of any page.
const COOKIE: (&str, &str) = ("cookie", "session=secret");
const CROSS_SITE: (&str, &str) = ("sec-fetch-site", "cross-site");
const SAME_ORIGIN: (&str, &str) = ("sec-fetch-site", "same-origin");

const OPENS: u16 = 200;
const REFUSED: u16 = 403;

/// Opens a WebSocket with the policy around the router, and as its last layer. The handler is reached only by one that
/// opens, and then sends back what it receives.
#[track_caller]
fn check(config: &Config, authority: &str, fields: &[(&str, &str)], expected: u16) {
    let cors = || CorsLayer::new(Policy::new(config.clone()).unwrap());
    let reached = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&reached);
    let socket = async move |upgrade: WebSocketUpgrade| {
        counted.fetch_add(1, Ordering::SeqCst);
        upgrade.on_upgrade(echo)
    };
    let app = Router::new()
        .route("/", get("hello"))
        // Not `get`: the method is CONNECT.
        .route("/socket", any(socket));

    let around = app.clone().with_cors(cors());
    let layered = app.layer(cors());
    let got = [
        exchange(|listener| axum::serve(listener, around), authority, fields),
        exchange(|listener| axum::serve(listener, layered), authority, fields),
    ];
    let (echo, calls) = match expected {
        OPENS => (&[0x81, 2, b'h', b'i'][..], 2),
        _ => (&[][..], 0),
    };
    let expected = (expected, echo.to_vec());
    assert_eq!(got, [expected.clone(), expected], "{authority} {fields:?}");
    let calls_got = reached.load(Ordering::SeqCst);
    assert_eq!(calls_got, calls, "{authority} {fields:?}");
}

#[test]
fn pages() {
    let config = config(Refuse::default().websocket(true));
    // Listed pages.
    check(&config, OWN, &[APP], OPENS);
    check(&config, OWN, &[APP, COOKIE, CROSS_SITE], OPENS);

    // Pages of other sites.
    check(&config, OWN, &[EVIL], REFUSED);
    check(&config, OWN, &[EVIL, COOKIE, CROSS_SITE], REFUSED);

    // The server's own pages, and programs.
    check(
        &config,
        OWN,
        &[("origin", "https://api.example.com")],
        OPENS,
    );
    check(&config, OWN, &[EVIL, SAME_ORIGIN], OPENS);
    check(&config, OWN, &[], OPENS);
}

#[test]
fn rebound_names() {
    let config = config(Refuse::default().websocket(true));
    let own_page = ("origin", "http://rebound.example");
    check(&config, REBOUND, &[own_page], REFUSED);
    check(&config, REBOUND, &[own_page, SAME_ORIGIN], REFUSED);
    // `:authority` decides, and not `Host`.
    check(&config, REBOUND, &[own_page, ("host", OWN)], REFUSED);
    check(&config, OWN, &[own_page, ("host", REBOUND)], REFUSED);
}

#[test]
fn what_does_not_refuse() {
    for refuse in [
        Refuse::default(),
        Refuse::default().websocket(true).report_only(true),
    ] {
        check(&config(refuse), OWN, &[EVIL, COOKIE, CROSS_SITE], OPENS);
    }
}

fn config(refuse: Refuse) -> Config {
    let config = Config::new([Grant::new(["https://app.example.com"])]).refuse(refuse);
    match refuse == Refuse::default() {
        true => config,
        false => config.hosts([OWN]),
    }
}

/// Opens a WebSocket on a connection to a server of its own. Returns the status of the response and what came after it.
fn exchange<S: Serve>(
    serve: impl FnOnce(TcpListener) -> S,
    authority: &str,
    fields: &[(&str, &str)],
) -> (u16, Vec<u8>) {
    block_on(async {
        let (client, connection) = h2::client::handshake(connect(serve).await).await.unwrap();
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
            // A masked text frame; the mask is zero.
            let frame = [0x81, 0x82, 0, 0, 0, 0, b'h', b'i'];
            stream.send_data(frame.to_vec().into(), true).unwrap();
        }
        let mut body = response.into_body();
        let mut echo = Vec::new();
        while let Some(data) = body.data().await {
            echo.extend_from_slice(&data.unwrap());
        }
        (status.as_u16(), echo)
    })
}
