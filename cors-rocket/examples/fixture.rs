//! A Rocket application with a CORS policy: the fixture server of cors-rocket.
//!
//! ```sh
//! cargo run -p cors-rocket --example fixture-rocket -- --policy cors.toml --port 8000
//! ```

use std::convert::Infallible;
use std::io::{Cursor, Write as _};
use std::net::Ipv4Addr;
use std::time::Duration;

use cors_matrix::document::{Answer, Document};
use cors_matrix::fixture::{FixtureArgs, Tls, announce};
use cors_rocket::Cors;
use flate2::Compression;
use flate2::write::GzEncoder;
use rocket::config::{Config, LogLevel, Shutdown, TlsConfig};
use rocket::fairing::{AdHoc, Fairing, Info, Kind};
use rocket::futures::{SinkExt as _, StreamExt as _};
use rocket::http::uri::Origin;
use rocket::http::{Header, Method, Status};
use rocket::request::{FromRequest, Outcome, Request};
use rocket::response::stream::TextStream;
use rocket::response::{Responder, Response};
use rocket::serde::Serialize;
use rocket::serde::json::{Json, Value};
use rocket::tokio::time::sleep;
use rocket::{Build, Rocket, Route, get, post, routes};
use rocket_ws::{Channel, WebSocket};

#[rocket::main]
async fn main() -> Result<(), Box<rocket::Error>> {
    let FixtureArgs {
        policy,
        port,
        cacheable,
        tls,
    } = FixtureArgs::from_args();
    let rocket = rocket::custom(config(port, tls));
    let rocket = match policy {
        // First, so that no other fairing can change a preflight before ours sees it.
        Some(policy) => rocket.attach(Cors::new(policy)),
        None => rocket,
    };
    let rocket = match cacheable {
        true => rocket.attach(Gzip).mount("/", routes![document]),
        false => rocket,
    };
    application(rocket).launch().await.map_err(Box::new)?;
    Ok(())
}

fn config(port: u16, tls: Option<Tls>) -> Config {
    Config {
        address: Ipv4Addr::LOCALHOST.into(),
        port,
        tls: tls.map(|tls| TlsConfig::from_paths(tls.certificate, tls.key)),
        log_level: LogLevel::Off,
        // A signal stops the process at once.
        shutdown: Shutdown {
            ctrlc: false,
            signals: [].into(),
            ..Shutdown::default()
        },
        ..Config::default()
    }
}

fn application(rocket: Rocket<Build>) -> Rocket<Build> {
    let for_any_method = routes![status, private, error, panic, vary, own_cors, stream];
    rocket
        .attach(AdHoc::on_liftoff("announcement", |rocket| {
            let config = rocket.config();
            let scheme = if config.tls_enabled() {
                "https"
            } else {
                "http"
            };
            Box::pin(async { announce(scheme, config.port) })
        }))
        .mount("/", for_each(&COMMON_METHODS, routes![echo, realm, mcp]))
        .mount("/public", for_each(&COMMON_METHODS, routes![echo]))
        .mount("/", for_each(&COMMON_METHODS, for_any_method.clone()))
        .mount(
            "/",
            for_each(&[Method::Trace, Method::Connect], for_any_method),
        )
        .mount("/", routes![json, ws])
}

const COMMON_METHODS: [Method; 7] = [
    Method::Get,
    Method::Head,
    Method::Post,
    Method::Put,
    Method::Patch,
    Method::Delete,
    Method::Options,
];

/// The same routes for each of these methods: an attribute of Rocket names only one.
fn for_each(methods: &[Method], routes: Vec<Route>) -> Vec<Route> {
    let with = |&method| {
        let mut routes = routes.clone();
        routes.iter_mut().for_each(|route| route.method = method);
        routes
    };
    methods.iter().flat_map(with).collect()
}

/// A response with a header that shows that a handler made it.
#[derive(Responder)]
struct Handled<R> {
    body: R,
    by_handler: Header<'static>,
}

impl<R> Handled<R> {
    fn new(body: R) -> Self {
        let by_handler = Header::new("x-handler", "1");
        Self { body, by_handler }
    }
}

/// A response with one more header field.
#[derive(Responder)]
struct With<R> {
    body: R,
    field: Header<'static>,
}

#[derive(Serialize)]
#[serde(crate = "rocket::serde")]
struct Echo {
    framework: &'static str,
    method: &'static str,
    path: String,
}

#[get("/echo")]
fn echo(method: Method, uri: &Origin<'_>) -> Handled<With<Json<Echo>>> {
    Handled::new(With {
        body: Json(Echo {
            framework: "rocket",
            method: method.as_str(),
            path: uri.path().to_string(),
        }),
        field: Header::new("x-request-id", "fixture"),
    })
}

#[get("/realms/<_>/echo")]
fn realm(method: Method, uri: &Origin<'_>) -> Handled<With<Json<Echo>>> {
    echo(method, uri)
}

#[get("/mcp")]
fn mcp(method: Method, uri: &Origin<'_>) -> Handled<With<Json<Echo>>> {
    echo(method, uri)
}

#[get("/status/<code>")]
fn status(code: u16) -> Option<Handled<(Status, ())>> {
    // A `Status` alone would go to a catcher, which would not write the header.
    let response = Handled::new((Status::new(code), ()));
    (200..600).contains(&code).then_some(response)
}

#[post("/json", data = "<value>")]
fn json(value: Json<Value>) -> Handled<Json<Value>> {
    Handled::new(value)
}

/// A client that knows the secret.
struct User;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for User {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        match request.headers().get_one("Authorization") {
            Some("Bearer secret") => Outcome::Success(User),
            _ => Outcome::Error((Status::Unauthorized, ())),
        }
    }
}

#[get("/private")]
fn private(_user: User, method: Method, uri: &Origin<'_>) -> Handled<With<Json<Echo>>> {
    echo(method, uri)
}

#[get("/error")]
fn error() -> Status {
    Status::InternalServerError
}

#[get("/panic")]
#[expect(clippy::panic, reason = "shows what a panicking handler does")]
fn panic() {
    panic!("as asked")
}

#[get("/vary")]
fn vary() -> Handled<With<()>> {
    Handled::new(With {
        body: (),
        field: Header::new("Vary", "Accept-Encoding"),
    })
}

#[get("/own-cors")]
fn own_cors() -> Handled<With<()>> {
    Handled::new(With {
        body: (),
        field: Header::new("Access-Control-Allow-Origin", "https://evil.example"),
    })
}

/// A document for caches.
struct Stored(Answer);

impl<'r> Responder<'r, 'static> for Stored {
    fn respond_to(self, _: &'r Request<'_>) -> rocket::response::Result<'static> {
        let Self(answer) = self;
        let mut response = Response::build();
        response.status(Status::new(answer.status));
        for (name, value) in answer.fields {
            response.raw_header_adjoin(name, value);
        }
        if !answer.body.is_empty() {
            response.sized_body(answer.body.len(), Cursor::new(answer.body));
        }
        response.ok()
    }
}

/// The first value of each of the headers that a document depends on.
struct Asked<'r>(Option<&'r str>, Option<&'r str>);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Asked<'r> {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Infallible> {
        let first = |name| request.headers().get_one(name);
        Outcome::Success(Self(first("accept-language"), first("if-none-match")))
    }
}

#[get("/documents/<name>")]
fn document(name: &str, asked: Asked<'_>) -> Option<Stored> {
    let document = Document::named(name)?;
    Some(Stored(document.answer(asked.0, asked.1)))
}

/// Compresses text for clients that accept gzip: Rocket itself cannot compress.
struct Gzip;

#[rocket::async_trait]
impl Fairing for Gzip {
    fn info(&self) -> Info {
        Info {
            name: "gzip",
            kind: Kind::Response,
        }
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        let is_text = response.content_type().is_some_and(|of| of.0.is_text());
        if !is_text || response.body().is_none() {
            return;
        }
        response.adjoin_raw_header("Vary", "Accept-Encoding");
        let accepted = request.headers().get("accept-encoding");
        if !accepted
            .flat_map(|line| line.split(','))
            .any(|one| one.trim() == "gzip")
        {
            return;
        }
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        let written = match response.body_mut().to_bytes().await {
            Ok(bytes) => encoder.write_all(&bytes),
            Err(error) => Err(error),
        };
        match written.and_then(|()| encoder.finish()) {
            Ok(bytes) => {
                response.set_raw_header("Content-Encoding", "gzip");
                response.set_sized_body(bytes.len(), Cursor::new(bytes));
            }
            Err(_) => response.set_status(Status::InternalServerError),
        }
    }
}

#[get("/stream")]
fn stream() -> TextStream![String] {
    TextStream! {
        for chunk in 1..=5 {
            if chunk > 1 {
                sleep(Duration::from_millis(100)).await;
            }
            yield format!("chunk {chunk}\n");
        }
    }
}

/// Sends text messages back.
#[get("/ws")]
fn ws(socket: WebSocket) -> Handled<Channel<'static>> {
    Handled::new(socket.channel(|mut stream| {
        Box::pin(async move {
            while let Some(message) = stream.next().await {
                let message = message?;
                if message.is_text() {
                    stream.send(message).await?;
                }
            }
            Ok(())
        })
    }))
}
