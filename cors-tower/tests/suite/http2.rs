//! WebSockets over HTTP/2 at a plain hyper server. The client opens one with an
//! [extended CONNECT](https://www.rfc-editor.org/rfc/rfc8441#section-4).

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use cors_tower::{Config, CorsLayer, Grant, Head, HttpCors, Outcome, Policy, Refuse};
use h2::ext::Protocol;
use http::{Method, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::{HttpService, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use tower::Layer as _;

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
        OPENS => ("hello", 2),
        _ => ("", 0),
    };
    let expected = (expected, echo.to_owned());
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
fn exchange<S>(service: S, authority: &str, fields: &[(&str, &str)]) -> (u16, String)
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

        let (client, connection) = h2::client::handshake(client).await.unwrap();
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
        let (response, mut stream) = client
            .send_request(request.body(()).unwrap(), false)
            .unwrap();
        let response = response.await.unwrap();
        let status = response.status();
        if status.is_success() {
            stream.send_data("hello".into(), true).unwrap();
        }
        let mut body = response.into_body();
        let mut echo = Vec::new();
        while let Some(data) = body.data().await {
            echo.extend_from_slice(&data.unwrap());
        }
        (status.as_u16(), String::from_utf8(echo).unwrap())
    })
}
