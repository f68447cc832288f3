//! The README, and the fixture servers.

mod readme;
mod replace;
mod routes;
