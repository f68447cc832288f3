//! The README, and the fixture servers.

#[cfg(unix)]
mod cached;
mod origins;
mod protocols;
mod readme;
#[cfg(unix)]
mod refusal_cached;
mod replace;
mod routes;
mod websocket;
