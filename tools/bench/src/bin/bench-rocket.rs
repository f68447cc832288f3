//! Rocket: bare, with rocket_cors, with ours.

use std::collections::HashSet;
use std::net::Ipv4Addr;
use std::process::ExitCode;

use cors_bench::case::{EXPOSED, HEADERS, MAX_AGE, METHODS, Message, Origins};
use cors_bench::subject::{self, Answer, Framework, Subject, Variant};
use cors_bench::{measure, ours, ready};
use cors_matrix::fixture::announce;
use cors_rocket::Cors;
use rocket::config::{LogLevel, Shutdown};
use rocket::fairing::AdHoc;
use rocket::http::{Header, Status};
use rocket::local::asynchronous::{Client, LocalRequest, LocalResponse};
use rocket::{Build, Config, Rocket, get, options, post, routes};
use rocket_cors::{AllowedHeaders, AllowedOrigins, CorsOptions};

fn main() -> ExitCode {
    measure::run(&Rocket05)
}

struct Rocket05;

impl Framework for Rocket05 {
    fn subject(&self, variant: Variant, origins: Origins) -> Option<Box<dyn Subject>> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .ok()?;
        let client = runtime
            .block_on(Client::untracked(rocket(variant, origins)?))
            .ok()?;
        // Requests borrow from it. It lives as long as the process.
        Some(Box::new(Local(Box::leak(Box::new(client)))))
    }

    fn serve(&self, variant: Variant, origins: Origins) {
        let announcement = AdHoc::on_liftoff("announcement", |rocket| {
            Box::pin(async { announce("http", rocket.config().port) })
        });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        if let (Ok(runtime), Some(rocket)) = (runtime, rocket(variant, origins))
            && let Err(error) = runtime.block_on(rocket.attach(announcement).launch())
        {
            eprintln!("{error}");
        }
    }
}

#[get("/")]
fn hello() -> &'static str {
    "hello"
}

#[post("/")]
fn written() -> &'static str {
    "hello"
}

#[options("/")]
fn no_content() -> Status {
    Status::NoContent
}

fn rocket(variant: Variant, origins: Origins) -> Option<Rocket<Build>> {
    if variant == Variant::Other {
        // Return before Rocket is created: that turns its log on until one is ignited.
        return None;
    }
    let mut rocket = rocket::custom(Config {
        address: Ipv4Addr::LOCALHOST.into(),
        port: 0,
        log_level: LogLevel::Off,
        shutdown: Shutdown {
            ctrlc: false,
            signals: [].into(),
            ..Shutdown::default()
        },
        ..Config::release_default()
    })
    .mount("/", routes![hello, no_content]);
    if origins == Origins::Writes {
        rocket = rocket.mount("/", routes![written]);
    }
    match variant {
        Variant::Base => Some(rocket),
        Variant::Peer => Some(rocket.attach(peer(origins)?)),
        Variant::Ours => Some(rocket.attach(Cors::new(ours::policy(origins).ok()?))),
        Variant::Other => None,
    }
}

fn peer(origins: Origins) -> Option<rocket_cors::Cors> {
    let allowed_origins = match origins {
        Origins::Exact(_) => AllowedOrigins::some_exact(&origins.exact()?),
        // The closest to our wildcards. It matches only `https://*.example.com`.
        Origins::Wildcards => AllowedOrigins::some_regex(&[r"^https://[a-z0-9.-]+\.example\.com$"]),
        Origins::Domains
        | Origins::Names
        | Origins::Grants
        | Origins::Routes(_)
        | Origins::Set(_)
        | Origins::Keys(_)
        | Origins::Changing
        | Origins::Writes
        | Origins::Hosts
        | Origins::Live => return None,
    };
    let methods = METHODS.iter().filter_map(|method| method.parse().ok());
    CorsOptions {
        allowed_origins,
        allowed_methods: methods.collect(),
        allowed_headers: AllowedHeaders::some(&HEADERS),
        allow_credentials: true,
        expose_headers: HashSet::from([EXPOSED.to_owned()]),
        max_age: Some(MAX_AGE as usize),
        ..CorsOptions::default()
    }
    .to_cors()
    .ok()
}

struct Local(&'static Client);

impl subject::App for Local {
    type Request = LocalRequest<'static>;
    type Response = LocalResponse<'static>;

    fn request(&self, message: &Message) -> LocalRequest<'static> {
        let method = message.method.parse().unwrap_or(rocket::http::Method::Get);
        let mut request = self.0.req(method, message.path);
        for (name, value) in message.text_lines() {
            request.add_header(Header::new(name, value.to_owned()));
        }
        request
    }

    fn call(&mut self, request: LocalRequest<'static>) -> LocalResponse<'static> {
        ready(request.dispatch())
    }

    fn answer(&self, response: &LocalResponse<'static>) -> Answer {
        let names: Vec<_> = response
            .headers()
            .iter()
            .map(|line| line.name.to_string())
            .collect();
        Answer::new(response.status().code, names.iter().map(String::as_str))
    }
}
