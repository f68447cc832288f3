//! The files of each gateway: as they are for a policy, and whether the gateway accepts them for any policy.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod envoy;
mod haproxy;
mod nginx;
mod policies;
