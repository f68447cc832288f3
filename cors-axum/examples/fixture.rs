//! A small axum application with a CORS policy around it.
//!
//! ```sh
//! cargo run --example fixture-axum -- --policy cors.toml --port 3000
//! ```

use std::convert::Infallible;
use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};

use axum::body::Body;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{OriginalUri, Path, Request};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{AppendHeaders, IntoResponse, Response};
use axum::routing::{MethodFilter, any, get, on, post};
use axum::serve::Listener;
use axum::{Json, Router};
use cors_axum::{CorsLayer, LivePolicy, WithCors as _};
use cors_matrix::document::Document;
use cors_matrix::fixture::{FixtureArgs, announce};
use futures_util::{StreamExt as _, stream};
use serde::Serialize;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tower_http::compression::CompressionLayer;

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

    let app = match cacheable {
        true => cacheable_app(),
        false => app(),
    };
    match tls {
        Some(tls) => {
            let acceptor = TlsAcceptor::from(Arc::new(tls.server_config()?));
            announce("https", port);
            serve(TlsListener { listener, acceptor }, app, policy).await?;
        }
        None => {
            announce("http", port);
            serve(listener, app, policy).await?;
        }
    }
    Ok(())
}

async fn serve<L>(listener: L, app: Router, policy: Option<LivePolicy>) -> io::Result<()>
where
    L: Listener<Addr: fmt::Debug>,
{
    match policy {
        // Last, so that it is outermost: it also covers the 404s and authentication.
        Some(policy) => axum::serve(listener, app.with_cors(CorsLayer::new(policy))).await,
        None => axum::serve(listener, app).await,
    }
}

/// Accepts connections with TLS. One handshake waits for another, so this is for clients that begin it at once.
struct TlsListener {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, address) = Listener::accept(&mut self.listener).await;
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

fn app() -> Router {
    Router::new()
        .merge(echoes())
        .route("/status/{code}", any(status))
        .route("/json", post(json))
        .route("/private", any(echo).layer(from_fn(authenticate)))
        .route("/error", any(error))
        .route("/panic", any(panic))
        .route("/vary", any(vary))
        .route("/own-cors", any(own_cors))
        .route("/stream", any(stream))
        .route("/ws", get(ws))
}

/// `/echo`, and the same for routes of a policy.
fn echoes() -> Router {
    let echo = || on(ECHO_METHODS, echo);
    Router::new()
        .route("/echo", echo())
        .route("/mcp", echo())
        .route("/realms/{realm}/echo", echo())
        .nest("/public", Router::new().route("/echo", echo()))
}

/// The same with documents for caches, and with compression.
fn cacheable_app() -> Router {
    app()
        .route("/documents/{name}", get(document))
        .layer(CompressionLayer::new())
}

/// `GET` includes `HEAD`.
const ECHO_METHODS: MethodFilter = MethodFilter::GET
    .or(MethodFilter::POST)
    .or(MethodFilter::PUT)
    .or(MethodFilter::PATCH)
    .or(MethodFilter::DELETE)
    .or(MethodFilter::OPTIONS);

const HANDLED: (&str, &str) = ("x-handler", "1");

#[derive(Serialize)]
struct Echo {
    framework: &'static str,
    method: String,
    path: String,
}

/// `OriginalUri`, because a nested router strips its prefix from the URI.
async fn echo(method: Method, OriginalUri(uri): OriginalUri) -> impl IntoResponse {
    let body = Echo {
        framework: "axum",
        method: method.to_string(),
        path: uri.path().to_owned(),
    };
    ([HANDLED, ("x-request-id", "fixture")], Json(body))
}

async fn status(Path(code): Path<u16>) -> Response {
    match StatusCode::from_u16(code) {
        Ok(code) => (code, [HANDLED]).into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn json(Json(value): Json<Value>) -> impl IntoResponse {
    ([HANDLED], Json(value))
}

async fn authenticate(headers: HeaderMap, request: Request, next: Next) -> Response {
    match headers.get(header::AUTHORIZATION) {
        Some(value) if value == "Bearer secret" => next.run(request).await,
        _ => (
            StatusCode::UNAUTHORIZED,
            [(header::WWW_AUTHENTICATE, "Bearer")],
        )
            .into_response(),
    }
}

/// An error of the application. axum requires that it can become a response.
struct AppError(Box<dyn Error>);

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        (StatusCode::INTERNAL_SERVER_ERROR, self.0.to_string()).into_response()
    }
}

impl<E: Error + 'static> From<E> for AppError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

async fn error() -> Result<String, AppError> {
    let number: u32 = "many".parse()?;
    Ok(number.to_string())
}

#[expect(
    clippy::panic,
    reason = "shows what happens to the response if a handler panics"
)]
async fn panic() {
    panic!("a handler panics");
}

async fn vary() -> impl IntoResponse {
    [HANDLED, ("vary", "Accept-Encoding")]
}

async fn own_cors() -> impl IntoResponse {
    [
        HANDLED,
        ("access-control-allow-origin", "https://evil.example"),
    ]
}

async fn document(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let Some(document) = Document::named(&name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let asked = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let answer = document.answer(asked(header::ACCEPT_LANGUAGE), asked(header::IF_NONE_MATCH));
    let status = StatusCode::from_u16(answer.status).unwrap_or_default();
    (status, AppendHeaders(answer.fields), answer.body).into_response()
}

async fn stream() -> Body {
    let chunks = stream::iter(1..=5).then(|number| async move {
        if number > 1 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok::<_, Infallible>(format!("chunk {number}\n"))
    });
    Body::from_stream(chunks)
}

/// Sends text messages back.
async fn ws(upgrade: WebSocketUpgrade) -> impl IntoResponse {
    ([HANDLED], upgrade.on_upgrade(send_back))
}

async fn send_back(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if let Message::Text(_) = message
            && socket.send(message).await.is_err()
        {
            return;
        }
    }
}
