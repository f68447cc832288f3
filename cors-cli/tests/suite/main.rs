//! Tests that run the command as its users do.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

mod check;
mod configurations;
mod console;
mod docs;
mod explain;
mod export;
mod fix;
mod formats;
mod gateways;
mod hostile;
mod origin_sets;
mod probe;
mod readme;
mod schema;
mod support;
mod variables;
mod whole;
