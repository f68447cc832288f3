//! WebSockets over HTTP/2, which axum's `WebSocketUpgrade` accepts.

#[path = "../../../cors-tower/tests/suite/http2_client.rs"]
mod client;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::ws::WebSocketUpgrade;
use axum::routing::{any, get};
use cors_axum::{Config, CorsLayer, Grant, Policy, Refuse, WithCors as _};
use tokio::net::TcpListener;

use crate::block_on;
use crate::socket::{Serve, connect, echo};
use client::{APP, COOKIE, CROSS_SITE, EVIL, OPENS, OWN, REBOUND, REFUSED, SAME_ORIGIN};

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
        // A masked text frame; the mask is zero.
        let frame = &[0x81, 0x82, 0, 0, 0, 0, b'h', b'i'];
        client::exchange(connect(serve).await, authority, fields, frame).await
    })
}
