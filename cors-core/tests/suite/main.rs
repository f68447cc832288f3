//! The policy, the engine and the handle, as their users call them.

#[cfg(feature = "toml")]
#[path = "../common/mod.rs"]
mod common;
#[cfg(feature = "toml")]
mod config;
#[cfg(feature = "toml")]
mod decide;
#[cfg(feature = "toml")]
mod environment;
mod live;
#[cfg(feature = "toml")]
mod matching;
mod origin_set;
#[cfg(feature = "toml")]
mod parts;
#[cfg(feature = "toml")]
mod refuse;
#[cfg(feature = "toml")]
mod route_file;
#[cfg(feature = "toml")]
mod routes;
#[cfg(feature = "toml")]
mod table;
#[cfg(feature = "toml")]
mod written_list;
