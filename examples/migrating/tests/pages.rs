//! What pages can do with the applications, before the move and after it.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::mpsc::Sender;

use cors_migrating::server::{ServerError, start};
use cors_migrating::{after, before};
use cors_test::{Engine, Page, Remote, Seen, block_on};

type Serve = fn(Sender<u16>) -> Result<(), ServerError>;

const ITEMS: &str = "https://api.example.com/items";

/// What every page of an allowed site can do, before and after.
#[track_caller]
fn check(serve: Serve) -> Remote {
    let port = start(serve).unwrap();
    let mut server = Remote::at(&format!("http://127.0.0.1:{port}"));
    let page = Page::at("https://app.example.com").engines(Engine::BROWSERS);

    let seen = block_on(page.get(ITEMS).credentials().send(&mut server));
    seen.status(200).preflights(0).header("x-request-id");
    let put = page
        .fetch("PUT", ITEMS)
        .header("Authorization", "Bearer secret");
    block_on(put.send(&mut server))
        .assert_readable()
        .preflights(1);

    let evil = Page::at("https://evil.example").engines(Engine::BROWSERS);
    let seen = block_on(evil.get(ITEMS).credentials().send(&mut server));
    seen.assert_blocked();
    let put = evil.fetch("PUT", ITEMS);
    block_on(put.send(&mut server)).assert_blocked();
    server
}

/// An error as a page of an allowed site sees it.
fn missing(server: &mut Remote) -> Seen {
    let page = Page::at("https://app.example.com");
    block_on(page.get("https://api.example.com/nowhere").send(server))
}

#[test]
fn axum() {
    for serve in [before::axum::serve as Serve, after::axum::serve] {
        missing(&mut check(serve)).status(404);
    }
}

#[test]
fn actix() {
    for serve in [before::actix::serve as Serve, after::actix::serve] {
        missing(&mut check(serve)).status(404);
    }
}

#[test]
fn rocket() {
    for serve in [before::rocket::serve as Serve, after::rocket::serve] {
        missing(&mut check(serve)).status(404);
    }
}

/// warp::cors does not write to rejections.
#[test]
fn warp() {
    missing(&mut check(before::warp::serve)).assert_blocked();
    missing(&mut check(after::warp::serve)).status(404);
}
