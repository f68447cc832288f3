//! Rocket.

use std::net::Ipv4Addr;
use std::sync::mpsc::Sender;

use rocket::config::{LogLevel, Shutdown};
use rocket::fairing::AdHoc;
use rocket::http::{Header, Status};
use rocket::{Build, Config, Responder, Rocket, Route, routes};
use rocket_ws::{Channel, WebSocket};

use crate::server::{ServerError, runtime};

/// The routes.
pub fn routes() -> Vec<Route> {
    routes![get_items, post_items, put_items, options, broken, own, ws]
}

#[derive(Responder)]
struct Items(&'static str, Header<'static>);

const ITEMS: fn() -> Items = || Items("items", Header::new("x-request-id", "1"));

#[rocket::get("/items")]
fn get_items() -> Items {
    ITEMS()
}

#[rocket::post("/items")]
fn post_items() -> Items {
    ITEMS()
}

#[rocket::put("/items")]
fn put_items() -> Items {
    ITEMS()
}

#[derive(Responder)]
#[response(status = 204)]
struct NoContent((), Header<'static>);

#[rocket::options("/items")]
fn options() -> NoContent {
    NoContent((), Header::new("x-request-id", "1"))
}

#[rocket::get("/broken")]
fn broken() -> Result<&'static str, Status> {
    Err(Status::InternalServerError)
}

#[derive(Responder)]
struct Own((), Header<'static>, Header<'static>);

/// A handler that writes a header which is the middleware's to write.
#[rocket::get("/own")]
fn own() -> Own {
    let origin = Header::new("access-control-allow-origin", "*");
    Own((), origin, Header::new("vary", "accept-encoding"))
}

/// A WebSocket that is closed at once.
#[rocket::get("/ws")]
fn ws(socket: WebSocket) -> Channel<'static> {
    socket.channel(|_stream| Box::pin(async { Ok(()) }))
}

/// A server without routes that announces its port.
pub fn rocket(started: Sender<u16>) -> Rocket<Build> {
    let config = Config {
        address: Ipv4Addr::LOCALHOST.into(),
        port: 0,
        log_level: LogLevel::Off,
        shutdown: Shutdown {
            ctrlc: false,
            signals: [].into(),
            ..Shutdown::default()
        },
        ..Config::release_default()
    };
    rocket::custom(config).attach(AdHoc::on_liftoff("port", move |rocket| {
        let _ = started.send(rocket.config().port);
        Box::pin(async {})
    }))
}

/// Serves it.
///
/// # Errors
///
/// When it cannot.
pub fn launch(app: Rocket<Build>) -> Result<(), ServerError> {
    runtime()?.block_on(app.launch())?;
    Ok(())
}
