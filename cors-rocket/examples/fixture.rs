//! A Rocket application with a CORS policy in front of it: the fixture server of the workspace.
//!
//! ```sh
//! cargo run -p cors-rocket --example fixture-rocket -- --policy cors.toml --port 8000
//! ```

use std::net::Ipv4Addr;
use std::time::Duration;

use cors_matrix::fixture::{Fixture, announce};
use cors_rocket::Cors;
use rocket::config::{Config, LogLevel, Shutdown};
use rocket::fairing::AdHoc;
use rocket::http::uri::Origin;
use rocket::http::{Header, Method, Status};
use rocket::request::{FromRequest, Outcome, Request};
use rocket::response::Responder;
use rocket::response::stream::TextStream;
use rocket::serde::Serialize;
use rocket::serde::json::{Json, Value};
use rocket::tokio::time::sleep;
use rocket::{Build, Rocket, Route, get, post, routes};

#[rocket::main]
async fn main() -> Result<(), Box<rocket::Error>> {
    let Fixture { policy, port } = Fixture::from_args();
    let rocket = match policy {
        // First, so that no other fairing can have made something else of a preflight.
        Some(policy) => rocket::custom(config(port)).attach(Cors::new(policy)),
        None => rocket::custom(config(port)),
    };
    application(rocket).launch().await.map_err(Box::new)?;
    Ok(())
}

fn config(port: u16) -> Config {
    Config {
        address: Ipv4Addr::LOCALHOST.into(),
        port,
        log_level: LogLevel::Off,
        // A signal ends the process at once.
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
            Box::pin(async { announce(rocket.config().port) })
        }))
        .mount("/", for_each(&COMMON_METHODS, routes![echo]))
        .mount("/", for_each(&COMMON_METHODS, for_any_method.clone()))
        .mount(
            "/",
            for_each(&[Method::Trace, Method::Connect], for_any_method),
        )
        .mount("/", routes![json])
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

/// The same routes for each of these methods: Rocket's attributes name one.
fn for_each(methods: &[Method], routes: Vec<Route>) -> Vec<Route> {
    let with = |&method| {
        let mut routes = routes.clone();
        routes.iter_mut().for_each(|route| route.method = method);
        routes
    };
    methods.iter().flat_map(with).collect()
}

/// A response that says that a handler made it.
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

#[get("/status/<code>")]
fn status(code: u16) -> Option<Handled<(Status, ())>> {
    // A `Status` alone would go to a catcher, which would not know of the field.
    let response = Handled::new((Status::new(code), ()));
    (200..600).contains(&code).then_some(response)
}

#[post("/json", data = "<value>")]
fn json(value: Json<Value>) -> Handled<Json<Value>> {
    Handled::new(value)
}

/// Whoever knows the secret.
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
#[expect(clippy::panic, reason = "what a panicking handler does is to be seen")]
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
