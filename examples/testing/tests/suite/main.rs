//! What pages can do with the applications: placed right, placed wrong, and with the CORS middleware of each peer.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod actix;
mod axum;
mod failure;
mod pages;
mod peers;
mod policy;
mod rocket;
mod warp;
