//! The Rust code of the other guides: `tests/guides.rs` compares it.

pub mod actix_guard;
pub mod axum_guard;
pub mod customers;
pub mod environment;
pub mod in_rust;
pub mod included;
pub mod local_guard;
pub mod logs;
pub mod watched;
