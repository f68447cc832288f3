//! WebSockets over HTTP/2 at a plain hyper server.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use cors_tower::{Config, CorsLayer, Grant, Head, HttpCors, Outcome, Policy, Refuse};
use http::{Method, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::{HttpService, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use tower::Layer as _;

use crate::http2_client::{
    self, APP, COOKIE, CROSS_SITE, EVIL, OPENS, OWN, REBOUND, REFUSED, SAME_ORIGIN,
};

/// Opens a WebSocket through the layer, and through [`HttpCors`] step by step. The application is reached only by one
/// that opens, and then sends back what it receives.
#[track_caller]
fn check(config: &Config, authority: &str, fields: &[(&str, &str)], expected: u16) {
    let policy = || Policy::new(config.clone()).unwrap();
    let reached = Arc::new(AtomicUsize::new(0));

    let counted = Arc::clone(&reached);
    let inner = tower::service_fn(move |request| application(request, Arc::clone(&counted)));
    let layer = CorsLayer::new(policy()).layer(inner);

    let counted = Arc::clone(&reached);
    let cors = HttpCors::new(policy());
    let steps = service_fn(move |request: Request<Incoming>| {
        let outcome = cors.decide(Head::from(&request));
        let counted = Arc::clone(&counted);
        async move {
            match outcome {
                Outcome::Respond(response) => Ok(response),
                Outcome::Forward(pending) => {
                    let mut response = application(request, counted).await?;
                    pending.write(response.headers_mut());
                    Ok(response)
                }
            }
        }
    });

    let got = [
        exchange(TowerToHyperService::new(layer), authority, fields),
        exchange(steps, authority, fields),
    ];
    let (echo, calls) = match expected {
        OPENS => (&b"hello"[..], 2),
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
    check(&config, OWN, &[EVIL, COOKIE], REFUSED);
    check(&config, OWN, &[EVIL, COOKIE, CROSS_SITE], REFUSED);
    check(&config, OWN, &[("origin", "null")], REFUSED);

    // The server's own pages, and programs.
    check(
        &config,
        OWN,
        &[("origin", "https://api.example.com")],
        OPENS,
    );
    check(&config, OWN, &[EVIL, SAME_ORIGIN], OPENS);
    check(&config, OWN, &[], OPENS);
    let other_port = ("origin", "https://api.example.com:8443");
    check(&config, OWN, &[other_port], REFUSED);
}

#[test]
fn rebound_names() {
    let config = config(Refuse::default().websocket(true));
    let own_page = ("origin", "http://rebound.example");
    check(&config, REBOUND, &[own_page], REFUSED);
    check(&config, REBOUND, &[own_page, SAME_ORIGIN], REFUSED);
    check(&config, REBOUND, &[APP], REFUSED);
    check(&config, REBOUND, &[], REFUSED);
    // `:authority` decides, and not `Host`.
    check(&config, REBOUND, &[own_page, ("host", OWN)], REFUSED);
    check(&config, OWN, &[own_page, ("host", REBOUND)], REFUSED);
    check(&config, OWN, &[APP, ("host", REBOUND)], OPENS);
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

/// A CONNECT without a path asks a proxy for a tunnel.
#[test]
fn a_tunnel_is_not_a_websocket() {
    let cors = HttpCors::new(Policy::new(config(Refuse::default().websocket(true))).unwrap());
    for (target, is_refused) in [
        ("api.example.com:443", false),
        ("https://api.example.com/socket", true),
    ] {
        let request = Request::connect(target).header(EVIL.0, EVIL.1);
        let outcome = cors.decide::<()>(Head::from(&request.body(()).unwrap()));
        let found = matches!(outcome, Outcome::Respond(_));
        assert_eq!(found, is_refused, "{target}");
    }
}

fn config(refuse: Refuse) -> Config {
    let config = Config::new([Grant::new(["https://app.example.com"])]).refuse(refuse);
    match refuse == Refuse::default() {
        true => config,
        false => config.hosts([OWN]),
    }
}

/// Sends back what it receives over a WebSocket's stream. Counts only these requests.
async fn application(
    mut request: Request<Incoming>,
    reached: Arc<AtomicUsize>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    if request.method() == Method::CONNECT {
        reached.fetch_add(1, Ordering::SeqCst);
        let upgrade = hyper::upgrade::on(&mut request);
        tokio::spawn(async {
            let stream = TokioIo::new(upgrade.await.unwrap());
            let (mut from, mut to) = tokio::io::split(stream);
            tokio::io::copy(&mut from, &mut to).await.unwrap();
        });
    }
    Ok(Response::default())
}

/// Serves one connection, and opens a WebSocket on it. Returns the status of the response and what came after it.
fn exchange<S>(service: S, authority: &str, fields: &[(&str, &str)]) -> (u16, Vec<u8>)
where
    S: HttpService<Incoming, ResBody = Full<Bytes>, Error = Infallible> + Send + 'static,
    S::Future: Send,
{
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.build().unwrap().block_on(async {
        let (client, server) = tokio::io::duplex(64 * 1024);
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder.enable_connect_protocol();
        tokio::spawn(builder.serve_connection(TokioIo::new(server), service));

        http2_client::exchange(client, authority, fields, b"hello").await
    })
}
