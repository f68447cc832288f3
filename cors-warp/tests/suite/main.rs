//! The filter form and the tower form, compared with the same routes without a policy.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test may panic")]

mod forms;
mod hello;
mod live;
mod paths;
mod placement;
mod rejections;
mod requests;
#[cfg(feature = "server")]
mod socket;
