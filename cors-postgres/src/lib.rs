#![doc = include_str!("../README.md")]
//!
//! # Where to find what
//!
//! - What is followed, and how: [`Follow`].
//! - Health checks and metrics: [`Follower::status`] and [`Status`].
//! - The table and its triggers: [`MIGRATION`].
//!
//! # Which protocol
//!
//! One connection does everything, in this order: `LISTEN`, then the first read of the whole table, then what
//! notifications announce. So a change that is committed while the table is read is read again afterwards. A notification
//! has only a key. The table decides what is under the key, so neither the order of notifications nor how many there are
//! makes a difference.
//!
//! Changes are made to a copy of the set first, and requests see them all at once. A read that fails changes nothing.
//!
//! # Features
//!
//! - `tls`: encrypted connections, with rustls and the certificates of the system. For another implementation of TLS, enable
//!   its feature of `sqlx` 0.8 in your own `Cargo.toml`. Without any, `sslmode=require` is an error of the connection.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod backoff;
mod bad_rows;
mod follow;
mod follower;
mod pending;
mod session;
mod status;
mod table;
mod worker;

pub use sqlx;

pub use crate::follow::Follow;
pub use crate::follower::Follower;
pub use crate::status::{LastError, Status};

/// The migration that creates the table `cors_origins` and its triggers: `migrations/0001_cors_origins.sql` of this crate.
///
/// Copy it to your own migrations, or run it. It has several statements:
///
/// ```no_run
/// # async fn run(pool: sqlx::PgPool) -> Result<(), sqlx::Error> {
/// sqlx::raw_sql(cors_postgres::MIGRATION).execute(&pool).await?;
/// # Ok(())
/// # }
/// ```
pub const MIGRATION: &str = include_str!("../migrations/0001_cors_origins.sql");
