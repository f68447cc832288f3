//! The Rust code of the other guides: `tests/guides.rs` compares it.

pub mod customers;
pub mod environment;
pub mod fed;
pub mod in_rust;
pub mod included;
pub mod mcp;
#[cfg(test)]
mod testing;
pub mod watched;
pub mod watched_set;
