//! A small application in each framework, as users assemble it: routes, authentication, a fallback, an error, and our
//! middleware around all of it. The tests ask what a page can do with it.
//!
//! - `GET /me` responds `Ada`, with the headers `x-request-id` and `x-secret`.
//! - `PUT /items/1` responds with the body that it gets.
//! - `GET /broken` is an error of a handler.
//! - `POST /login` sets the cookie `sid`, and `GET /session` responds with its value.
//! - `OPTIONS /session` responds with `x-request-id`, too.
//! - `GET /own` writes `Access-Control-Allow-Origin: *` itself.
//!
//! All paths but the last three need the header `Authorization: Bearer secret`.

pub mod actix;
pub mod axum;
pub mod rocket;
pub mod warp;

/// Whether authentication accepts a request.
pub fn may_enter(path: &str, authorization: Option<&[u8]>) -> bool {
    matches!(path, "/login" | "/session" | "/own") || authorization == Some(b"Bearer secret")
}

/// The value of the cookie `sid` in a line `Cookie`.
pub fn session(cookies: &[u8]) -> String {
    let cookies = String::from_utf8_lossy(cookies);
    let mut cookies = cookies.split("; ");
    let session = cookies.find_map(|cookie| cookie.strip_prefix("sid="));
    session.unwrap_or_default().to_owned()
}
