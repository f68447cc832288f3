//! Tests with a real Postgres.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

mod faults;
mod harness;
mod migration;
mod proxy;
#[cfg(feature = "tls")]
mod tls;
