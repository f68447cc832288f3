//! `cors probe` against servers: scripted ones, ours, and others.

mod audit;
mod dialogue;
mod expect;
mod fixtures;
mod habits;
mod nginx;
mod output;
mod policy;
mod secrets;
pub(crate) mod server;
mod tls;
mod tower_http;
mod trouble;
mod websocket;
