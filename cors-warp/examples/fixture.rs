//! A small warp server with a CORS policy around all of it.
//!
//! ```sh
//! cargo run --example fixture-warp -- --policy cors.toml --port 3030
//! ```

use std::convert::Infallible;
use std::error::Error;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use cors_matrix::document::Document;
use cors_matrix::fixture::{FixtureArgs, announce};
use cors_warp::{Cors, LivePolicy};
use futures_util::{SinkExt as _, StreamExt as _, stream};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tower::Layer as _;
use tower_http::compression::CompressionLayer;
use warp::filters::BoxedFilter;
use warp::http::{HeaderValue, Method, StatusCode};
use warp::path::FullPath;
use warp::reject::{self, Reject};
use warp::reply::{self, Response, with_header, with_status};
use warp::ws::{WebSocket, Ws};
use warp::{Filter, Rejection, Reply};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let FixtureArgs {
        policy,
        port,
        cacheable,
        tls,
    } = FixtureArgs::from_args();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let port = listener.local_addr()?.port();

    if let Some(tls) = tls {
        let acceptor = TlsAcceptor::from(Arc::new(tls.server_config()?));
        announce("https", port);
        let app = match policy {
            Some(policy) => Cors::new(policy).wrap(routes()).boxed(),
            None => routes().map(Reply::into_response).boxed(),
        };
        return serve_tls(listener, acceptor, app).await;
    }
    announce("http", port);
    if cacheable {
        serve_cacheable(policy, listener).await;
        return Ok(());
    }
    match policy {
        // Around everything: all routes, their rejections, and authentication.
        Some(policy) => {
            let app = Cors::new(policy).wrap(routes());
            warp::serve(app).incoming(listener).run().await;
        }
        None => warp::serve(routes()).incoming(listener).run().await,
    }
    Ok(())
}

/// The same with documents for caches, and with compression. It uses the tower form, because warp's own
/// compression ignores what the client accepts.
async fn serve_cacheable(policy: Option<LivePolicy>, listener: TcpListener) {
    let document = warp::path!("documents" / String)
        .and(warp::header::optional("accept-language"))
        .and(warp::header::optional("if-none-match"))
        .map(document);
    let routes = document.or(routes());
    let app = CompressionLayer::new().layer(warp::service(routes));
    match policy {
        Some(policy) => cors_warp::serve(listener, Cors::new(policy).layer(app)).await,
        None => cors_warp::serve(listener, app).await,
    }
}

/// The same with TLS. [`warp::serve`] accepts connections only from listeners of TCP and of Unix sockets.
async fn serve_tls(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    app: BoxedFilter<(Response,)>,
) -> Result<(), Box<dyn Error>> {
    let service = TowerToHyperService::new(warp::service(app));
    loop {
        let (stream, _) = listener.accept().await?;
        let (acceptor, service) = (acceptor.clone(), service.clone());
        tokio::spawn(async move {
            // The client sees what is wrong with its connection.
            if let Ok(stream) = acceptor.accept(stream).await {
                let builder = auto::Builder::new(TokioExecutor::new());
                let stream = TokioIo::new(stream);
                let _ = builder
                    .serve_connection_with_upgrades(stream, service)
                    .await;
            }
        });
    }
}

fn routes() -> impl Filter<Extract = (impl Reply,), Error = Rejection> + Clone {
    let echo_request = warp::method().and(warp::path::full()).map(echo);

    let realm = warp::path!("realms" / String / "echo").map(drop);
    let echo = warp::path!("echo")
        .or(warp::path!("public" / ..).and(warp::path!("echo")))
        .unify()
        .or(realm.untuple_one())
        .unify()
        .or(warp::path!("mcp"))
        .unify()
        .and(echo_methods())
        .and(echo_request);
    let status = warp::path!("status" / StatusCode).map(handled);
    let json = warp::path!("json")
        .and(warp::post())
        .and(warp::body::json())
        .map(|value: Value| handled(reply::json(&value)));
    let private = warp::path!("private")
        .and(warp::header::exact("authorization", "Bearer secret"))
        .and(echo_request)
        .recover(unauthorized);
    let error = warp::path!("error").and_then(error);
    let panic = warp::path!("panic").map(panic);
    let vary =
        warp::path!("vary").map(|| with_header(handled(warp::reply()), "vary", "Accept-Encoding"));
    let own_cors = warp::path!("own-cors").map(|| {
        let evil = "https://evil.example";
        with_header(handled(warp::reply()), "access-control-allow-origin", evil)
    });
    let stream = warp::path!("stream").map(chunks);
    let ws = warp::path!("ws")
        .and(warp::ws())
        .map(|upgrade: Ws| handled(upgrade.on_upgrade(send_back)));

    echo.or(status)
        .or(json)
        .or(private)
        .or(error)
        .or(panic)
        .or(vary)
        .or(own_cors)
        .or(stream)
        .or(ws)
}

/// Sends text messages back.
async fn send_back(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.next().await {
        if message.is_text() && socket.send(message).await.is_err() {
            return;
        }
    }
}

fn echo_methods() -> impl Filter<Extract = (), Error = Rejection> + Copy {
    warp::get()
        .or(warp::head())
        .unify()
        .or(warp::post())
        .unify()
        .or(warp::put())
        .unify()
        .or(warp::patch())
        .unify()
        .or(warp::delete())
        .unify()
        .or(warp::options())
        .unify()
}

fn handled(reply: impl Reply) -> impl Reply {
    with_header(reply, "x-handler", "1")
}

fn echo(method: Method, path: FullPath) -> impl Reply {
    let body = reply::json(&json!({
        "framework": "warp",
        "method": method.as_str(),
        "path": path.as_str(),
    }));
    with_header(handled(body), "x-request-id", "fixture")
}

/// A rejection for any reason but the path is about the token.
async fn unauthorized(rejection: Rejection) -> Result<impl Reply, Rejection> {
    if rejection.is_not_found() {
        return Err(rejection);
    }
    let challenge = with_header(warp::reply(), "www-authenticate", "Bearer");
    Ok(with_status(challenge, StatusCode::UNAUTHORIZED))
}

/// A custom rejection. Nothing recovers from it here, so warp responds with 500.
#[derive(Debug)]
struct Failed;

impl Reject for Failed {}

async fn error() -> Result<StatusCode, Rejection> {
    Err(reject::custom(Failed))
}

#[expect(
    clippy::panic,
    reason = "shows what happens to the response if a handler panics"
)]
fn panic() -> StatusCode {
    panic!("a handler panics")
}

fn document(
    name: String,
    accept_language: Option<String>,
    if_none_match: Option<String>,
) -> Response {
    let Some(document) = Document::named(&name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let answer = document.answer(accept_language.as_deref(), if_none_match.as_deref());
    let status = StatusCode::from_u16(answer.status).unwrap_or_default();
    let mut response = with_status(answer.body, status).into_response();
    // Each is a line of its own: `with_header` would replace an earlier one.
    for (name, value) in answer.fields {
        let value = HeaderValue::from_static(value);
        match name {
            "vary" => drop(response.headers_mut().append(name, value)),
            _ => drop(response.headers_mut().insert(name, value)),
        }
    }
    response
}

fn chunks() -> impl Reply {
    let chunks = stream::iter(1..=5).then(|number| async move {
        if number > 1 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok::<_, Infallible>(format!("chunk {number}\n"))
    });
    reply::stream(chunks)
}
