//! The shared cases of the CORS workspace, and the code that runs and judges them.
//!
//! - [`browser`]: what a page gets to see, by the model of the browser, and by the policy.
//! - [`case`]: the data files: policies, what is sent, what must come back.
//! - [`difference`]: where a framework makes the common answer impossible, and why.
//! - [`message`]: HTTP/1.1 over TCP, raw enough to send what no client library would.
//! - [`server`]: the fixture servers, built and started.
//! - [`run`]: every case against every framework.
//! - [`judge`]: what is right: the case's expectation, the engine's decision, the browser's
//!   verdict, the bare server.
//! - [`report`]: the result, as a table, JSON or HTML.
//! - [`fixture`]: what the fixture servers have in common.
//! - [`document`]: what they have for caches to store.
//! - [`events`]: what our crates report while something runs, for their tests.
//! - [`readme`]: what the README shows, for tests that compare it.
//! - `cache`: real caches in front of them, and random requests.

pub mod browser;
#[cfg(unix)]
pub mod cache;
pub mod case;
pub mod difference;
pub mod document;
pub mod events;
pub mod fixture;
pub mod judge;
pub mod message;
pub mod readme;
pub mod report;
pub mod run;
pub mod server;
