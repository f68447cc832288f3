//! Rocket.

use cors_rocket::{Cors, LoadError, Policy};
use rocket::config::LogLevel;
use rocket::http::{Cookie, CookieJar, Header, SameSite, Status};
use rocket::request::{FromRequest, Outcome, Request};
use rocket::shield::Shield;
use rocket::{Build, Config, Responder, Rocket, Route, catchers, routes};

use crate::may_enter;

/// The application: the fairing is the first one.
///
/// # Errors
///
/// When the policy cannot be read, or is invalid.
pub fn app() -> Result<Rocket<Build>, LoadError> {
    let cors = Cors::new(Policy::from_file("cors.toml")?);
    Ok(assembled(build().attach(cors)))
}

/// With the routes and catchers.
pub fn assembled(app: Rocket<Build>) -> Rocket<Build> {
    let catchers = catchers![unauthorized, not_found];
    app.mount("/", routes()).register("/", catchers)
}

/// A server without routes, and without lines in the log. It has none of the headers of Rocket's shield, because their
/// order changes from run to run.
pub fn build() -> Rocket<Build> {
    let config = Config {
        log_level: LogLevel::Off,
        ..Config::debug_default()
    };
    rocket::custom(config).attach(Shield::new())
}

/// The routes. Those that need authentication have the guard [`User`].
fn routes() -> Vec<Route> {
    routes![me, put_item, broken, login, session, options, own]
}

#[derive(Responder)]
struct Me(&'static str, Header<'static>, Header<'static>);

#[rocket::get("/me")]
fn me(_user: User) -> Me {
    let id = Header::new("x-request-id", "1");
    Me("Ada", id, Header::new("x-secret", "2"))
}

#[rocket::put("/items/<_id>", data = "<body>")]
fn put_item(_user: User, _id: u32, body: String) -> String {
    body
}

#[rocket::get("/broken")]
fn broken(_user: User) -> Status {
    Status::InternalServerError
}

#[rocket::post("/login")]
fn login(cookies: &CookieJar<'_>) -> Status {
    cookies.add(Cookie::build(("sid", "1")).same_site(SameSite::Lax));
    Status::NoContent
}

#[rocket::get("/session")]
fn session(cookies: &CookieJar<'_>) -> String {
    let session = cookies.get("sid").map(Cookie::value);
    session.unwrap_or_default().to_owned()
}

#[derive(Responder)]
#[response(status = 204)]
struct NoContent((), Header<'static>);

#[rocket::options("/session")]
fn options() -> NoContent {
    NoContent((), Header::new("x-request-id", "1"))
}

#[derive(Responder)]
struct Own(&'static str, Header<'static>);

#[rocket::get("/own")]
fn own() -> Own {
    Own("own", Header::new("access-control-allow-origin", "*"))
}

#[rocket::catch(401)]
fn unauthorized() -> &'static str {
    "who are you?"
}

#[rocket::catch(404)]
fn not_found() -> &'static str {
    "no such page"
}

/// Authentication.
#[derive(Debug)]
pub struct User;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for User {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        let token = request.headers().get_one("authorization");
        match may_enter(request.uri().path().as_str(), token.map(str::as_bytes)) {
            true => Outcome::Success(Self),
            false => Outcome::Error((Status::Unauthorized, ())),
        }
    }
}
