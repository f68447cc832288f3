//! The questions, which do not depend on the framework. Each is a test as users write it.

use cors_test::{Application, Page};

use crate::policy::check_policy;

const API: &str = "https://api.example.com";
const TOKEN: &str = "Bearer secret";

/// Our page.
fn app_page() -> Page {
    Page::at("https://app.example.com")
}

/// A question. [`ask`](Self::ask) panics if the answer is wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Question {
    Preflight,
    Unauthorized,
    NotFound,
    MethodNotAllowed,
    ServerError,
    ExposedHeader,
    Cookies,
    ForeignPage,
    ForeignWrite,
    OpaqueOrigin,
    OwnPage,
    PlainOptions,
    HandlersHeader,
}

impl Question {
    pub(crate) const ALL: [Self; 13] = [
        Self::Preflight,
        Self::Unauthorized,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::ServerError,
        Self::ExposedHeader,
        Self::Cookies,
        Self::ForeignPage,
        Self::ForeignWrite,
        Self::OpaqueOrigin,
        Self::OwnPage,
        Self::PlainOptions,
        Self::HandlersHeader,
    ];

    /// What should hold, in the guide.
    pub(crate) fn statement(self) -> &'static str {
        match self {
            Self::Preflight => "a preflight is answered before authentication",
            Self::Unauthorized => "the page reads a 401",
            Self::NotFound => "the page reads a 404",
            Self::MethodNotAllowed => "the page reads a 405",
            Self::ServerError => "the page reads a 500",
            Self::ExposedHeader => "the page reads the exposed header, and not another one",
            Self::Cookies => "cookies are sent with credentials, and not without",
            Self::ForeignPage => "a page of another site reads nothing",
            Self::ForeignWrite => "the preflight of another site's page fails",
            Self::OpaqueOrigin => "a sandboxed frame reads nothing",
            Self::OwnPage => "the server's own page can send a `POST`",
            Self::PlainOptions => {
                "the server's own page can send `OPTIONS`, and the application responds"
            }
            Self::HandlersHeader => {
                "a handler's `Access-Control-Allow-Origin: *` lets no other site's page read"
            }
        }
    }

    pub(crate) async fn ask<D>(self, app: &mut impl Application<D>) {
        match self {
            Self::Preflight => preflight(app).await,
            Self::Unauthorized => unauthorized(app).await,
            Self::NotFound => not_found(app).await,
            Self::MethodNotAllowed => method_not_allowed(app).await,
            Self::ServerError => server_error(app).await,
            Self::ExposedHeader => exposed_header(app).await,
            Self::Cookies => cookies(app).await,
            Self::ForeignPage => foreign_page(app).await,
            Self::ForeignWrite => foreign_write(app).await,
            Self::OpaqueOrigin => opaque_origin(app).await,
            Self::OwnPage => own_page(app).await,
            Self::PlainOptions => plain_options(app).await,
            Self::HandlersHeader => handlers_header(app).await,
        }
    }
}

/// Asks all of them, and compares the application with its policy.
pub(crate) async fn ask_all<D>(app: &mut impl Application<D>) {
    for question in Question::ALL {
        question.ask(app).await;
    }
    check_policy(app, &[]).await;
}

/// A preflight has no token, and is answered before authentication.
pub(crate) async fn preflight<D>(app: &mut impl Application<D>) {
    let page = app_page();
    let url = format!("{API}/items/1");
    let edit = || {
        page.fetch("PUT", &url)
            .header("Authorization", TOKEN)
            .json(r#"{"n":1}"#)
    };
    let seen = edit().send(app).await;
    seen.status(200).preflights(1);
    assert_eq!(seen.text(), r#"{"n":1}"#);
    // The browser keeps the result of the preflight.
    edit().send(app).await.status(200).preflights(0);
}

/// The page can read a 401, and show a form for the password.
pub(crate) async fn unauthorized<D>(app: &mut impl Application<D>) {
    let seen = app_page().get(&format!("{API}/me")).send(app).await;
    seen.status(401);
    assert_eq!(seen.text(), "who are you?");
}

pub(crate) async fn not_found<D>(app: &mut impl Application<D>) {
    let page = app_page();
    let request = page.get(&format!("{API}/missing"));
    let seen = request.header("Authorization", TOKEN).send(app).await;
    seen.status(404);
    assert_eq!(seen.text(), "no such page");
}

/// The status is 405, except in Rocket, which responds 404.
pub(crate) async fn method_not_allowed<D>(app: &mut impl Application<D>) {
    let page = app_page();
    let request = page.fetch("PUT", &format!("{API}/me"));
    let request = request.header("Authorization", TOKEN);
    request.send(app).await.assert_readable();
}

pub(crate) async fn server_error<D>(app: &mut impl Application<D>) {
    let page = app_page();
    let request = page.get(&format!("{API}/broken"));
    let request = request.header("Authorization", TOKEN);
    request.send(app).await.status(500);
}

pub(crate) async fn exposed_header<D>(app: &mut impl Application<D>) {
    let page = app_page();
    let request = page.get(&format!("{API}/me"));
    let seen = request.header("Authorization", TOKEN).send(app).await;
    seen.header("x-request-id").no_header("x-secret");
}

pub(crate) async fn cookies<D>(app: &mut impl Application<D>) {
    let page = app_page();
    let login = page.fetch("POST", &format!("{API}/login")).credentials();
    login.send(app).await.assert_readable();
    let session = || page.get("https://api.example.com/session");
    let seen = session().credentials().send(app).await;
    assert_eq!(seen.status(200).text(), "1");
    // Without credentials, no cookies are sent.
    assert_eq!(session().send(app).await.text(), "");
}

/// A page of another site reads nothing, whether the user is logged in or not.
pub(crate) async fn foreign_page<D>(app: &mut impl Application<D>) {
    let page = Page::at("https://evil.example");
    let url = format!("{API}/session");
    page.get(&url).send(app).await.assert_blocked();
    page.get(&url)
        .credentials()
        .send(app)
        .await
        .assert_blocked();
}

/// The preflight of a page of another site fails, so nothing is written.
pub(crate) async fn foreign_write<D>(app: &mut impl Application<D>) {
    let page = Page::at("https://evil.example");
    let request = page.fetch("PUT", &format!("{API}/items/1")).json("{}");
    request.send(app).await.assert_blocked().preflights(1);
}

/// A sandboxed frame.
pub(crate) async fn opaque_origin<D>(app: &mut impl Application<D>) {
    let page = Page::at("null");
    let seen = page.get(&format!("{API}/session")).send(app).await;
    seen.assert_blocked();
}

/// A page of the application's own origin needs no CORS, but browsers send `Origin` with its POST.
pub(crate) async fn own_page<D>(app: &mut impl Application<D>) {
    let page = Page::at(API);
    let seen = page.fetch("POST", &format!("{API}/login")).send(app).await;
    seen.status(204);
}

/// A request with OPTIONS that is not a preflight is the application's.
pub(crate) async fn plain_options<D>(app: &mut impl Application<D>) {
    let page = Page::at(API);
    let request = page.fetch("OPTIONS", &format!("{API}/session"));
    request.send(app).await.status(204).header("x-request-id");
}

/// The policy decides, and not a handler that writes a header of CORS.
pub(crate) async fn handlers_header<D>(app: &mut impl Application<D>) {
    let url = format!("{API}/own");
    let page = app_page();
    page.get(&url).credentials().send(app).await.status(200);
    let page = Page::at("https://evil.example");
    page.get(&url).send(app).await.assert_blocked();
}
