//! What `docs/migrating.md` says, tried: a small application in each framework, [`before`] the move with the CORS
//! middleware of a peer, and [`after`] it with ours. The guide shows parts of these files, and `tests/migrating.rs`
//! compares what both applications send with the guide's tables of differences.
//!
//! `tests/csrf.rs` compares `refuse` with the peers that refuse writes of other sites' pages.
//!
//! [`guides`] has the Rust code of the other guides in `docs/`; `tests/guides.rs` compares it with them, and `tests/mcp.rs`
//! and `tests/customers.rs` run the recipes for MCP and for origins in a database.

pub mod after;
pub mod before;
pub mod guides;
pub mod routes;
pub mod server;
