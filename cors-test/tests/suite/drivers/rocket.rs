use cors_test::{Application, Page, Rocket};
use rocket::http::{Cookie, CookieJar, Header, Status};
use rocket::local::asynchronous::Client;
use rocket::request::{FromRequest, Outcome, Request};
use rocket::response::stream::ByteStream;
use rocket::{Build, Responder, routes};

use super::{Latin, check, echo};

struct Head(Vec<String>, String);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Head {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        assert_eq!(request.headers().get("x-latin").count(), 0);
        let lines = request.headers().get("x-line").map(str::to_owned).collect();
        match request.host() {
            Some(host) => Outcome::Success(Self(lines, host.to_string())),
            None => Outcome::Error((Status::BadRequest, ())),
        }
    }
}

struct Lines;

impl<'r> rocket::response::Responder<'r, 'static> for Lines {
    fn respond_to(self, request: &'r Request<'_>) -> rocket::response::Result<'static> {
        rocket::Response::build_from("lines".respond_to(request)?)
            .raw_header_adjoin("x-line", "1")
            .raw_header_adjoin("x-line", "2")
            .ok()
    }
}

#[rocket::get("/lines")]
fn lines() -> Lines {
    Lines
}

fn echoed(head: &Head, body: &[u8]) -> String {
    let lines: Vec<_> = head.0.iter().map(String::as_str).collect();
    echo(&lines, &head.1, body)
}

#[rocket::post("/echo", data = "<body>")]
fn post(head: Head, body: &[u8]) -> String {
    echoed(&head, body)
}

#[rocket::patch("/echo", data = "<body>")]
fn patch(head: Head, body: &[u8]) -> String {
    echoed(&head, body)
}

#[rocket::delete("/echo", data = "<body>")]
fn delete(head: Head, body: &[u8]) -> String {
    echoed(&head, body)
}

#[rocket::get("/endless")]
fn endless() -> ByteStream![&'static str] {
    ByteStream! {
        loop {
            yield "data: 1\n\n";
        }
    }
}

#[rocket::get("/cookie")]
fn cookie(cookies: &CookieJar<'_>) -> Option<String> {
    cookies.get("sid").map(|cookie| cookie.value().to_owned())
}

#[derive(Responder)]
struct Login((), Header<'static>);

#[rocket::get("/login")]
fn login(cookies: &CookieJar<'_>) -> Login {
    cookies.add(Cookie::new("sid", "1"));
    Login((), Header::new("x-login", "1"))
}

fn app() -> rocket::Rocket<Build> {
    let config = rocket::Config {
        log_level: rocket::config::LogLevel::Off,
        ..rocket::Config::debug_default()
    };
    let routes = routes![lines, post, patch, delete, endless, cookie, login];
    rocket::custom(config).mount("/", routes)
}

#[rocket::async_test]
async fn requests_and_responses() {
    let mut app = Client::untracked(app()).await.unwrap();
    check(&mut app, Latin::Utf8Only).await;
}

#[rocket::async_test]
async fn a_method_that_rocket_does_not_know() {
    let mut app = Client::untracked(app()).await.unwrap();
    for method in ["PROPFIND", "patch"] {
        let request = http::Request::builder().method(method).uri("/echo");
        let request = request.body(Default::default()).unwrap();
        let response = Application::<Rocket>::respond(&mut app, request, 100).await;
        let expected = format!(
            "Rocket does not know the method `{method}`: its server responds 400 before any fairing"
        );
        assert_eq!(response.unwrap_err(), expected);
    }
}

#[rocket::async_test]
async fn cookies_are_kept_once() {
    let page = Page::at("https://api.example.com");
    let login = page.get("https://api.example.com/login");
    let cookie = page.get("https://api.example.com/cookie");
    let mut app = Client::untracked(app()).await.unwrap();
    login.send(&mut app).await.status(200);
    assert_eq!(cookie.send(&mut app).await.text(), "1");

    let mut app = Client::tracked(self::app()).await.unwrap();
    page.get("https://api.example.com/login")
        .send(&mut app)
        .await
        .status(200);
    let seen = page
        .get("https://api.example.com/cookie")
        .send(&mut app)
        .await;
    let text = seen.to_string();
    assert!(text.contains("use `Client::untracked`"), "{text}");
}
