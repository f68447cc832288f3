//! The shared cases of the CORS workspace, and the code that runs and checks them.
//!
//! - [`browser`]: compares what a page can read, by the model of the browser, with what the policy grants.
//! - [`case`]: the data files: policies, requests and expected responses.
//! - [`mod@column`]: what the matrix has a column for: frameworks and gateways.
//! - [`difference`]: the cases whose common response a framework or a gateway makes impossible, and why.
//! - [`message`]: HTTP/1.1 over TCP, raw enough to send what no client library would.
//! - [`load`]: a server under load, while its policy and a set of origins change.
//! - [`path`]: paths that servers read in different ways.
//! - `placement`: which responses a policy covers, depending on its place in an application.
//! - [`server`]: the fixture servers, built and started.
//! - [`routes`]: which part of a policy a path belongs to, the slow and obvious way.
//! - [`run`]: every case against every framework.
//! - [`judge`]: the checks: against the case, the engine's decision, the naive routes, the model of the browser and the
//!   bare server.
//! - [`report`]: the result, as a table, JSON or HTML.
//! - [`fixture`]: what the fixture servers have in common.
//! - [`document`]: the documents that they serve for caches to store.
//! - [`events`]: what our crates report to `tracing` while a function runs, for their tests.
//! - [`versions`]: policies that say which version they are.
//! - [`skip`]: what is not run, because a program that it needs is not installed.
//! - `postgres`: a private Postgres, for tests.
//! - [`readme`]: what the README shows, for tests that compare it.
//! - `program`: programs that are not ours, started and stopped.
//! - `gateway`: real gateways that apply an exported policy, as columns.
//! - `cache`: real caches in front of them, and random requests.

pub mod browser;
#[cfg(unix)]
pub mod cache;
pub mod case;
pub mod column;
pub mod difference;
pub mod document;
pub mod events;
pub mod fixture;
#[cfg(unix)]
pub mod gateway;
pub mod judge;
pub mod load;
pub mod message;
pub mod path;
#[cfg(feature = "placement")]
pub mod placement;
#[cfg(unix)]
pub mod postgres;
#[cfg(unix)]
mod program;
pub mod readme;
pub mod report;
pub mod routes;
pub mod run;
pub mod server;
pub mod skip;
pub mod versions;
