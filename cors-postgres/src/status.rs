//! What health checks and metrics read.

use std::time::{Duration, Instant};

/// How a set and its table are: [`Follower::status`](crate::Follower::status).
///
/// The set itself says how many origins it has, and whether it has been filled: [`OriginSet::len`] and
/// [`OriginSet::is_filled`].
///
/// [`OriginSet::len`]: cors_core::OriginSet::len
/// [`OriginSet::is_filled`]: cors_core::OriginSet::is_filled
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Status {
    /// Since when the set follows the table. `None` while the connection is lost or the table is read for the first time
    /// after that.
    pub connected_since: Option<Instant>,
    /// The last moment at which everything that was committed was in the set, or was just being read.
    pub confirmed: Option<Instant>,
    /// When the whole table was last compared with the set. The first comparison fills the set.
    pub compared: Option<Instant>,
    /// How many times that was done.
    pub comparisons: u64,
    /// How many keys were read again because of notifications.
    pub keys_read: u64,
    /// How many rows of the table are left out, because [`OriginSet`](cors_core::OriginSet) does not take them.
    pub bad_rows: usize,
    /// The last error of the connection. It stays after the error is over.
    pub last_error: Option<LastError>,
    /// Whether the set was emptied, because the table could not be read for too long:
    /// [`Follow::empty_after`](crate::Follow::empty_after).
    pub is_emptied: bool,
}

impl Status {
    /// How long ago the set was [confirmed](Self::confirmed): how old it may be. `None` before it is filled.
    pub fn age(&self) -> Option<Duration> {
        self.confirmed.map(|confirmed| confirmed.elapsed())
    }
}

/// An error of the connection.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LastError {
    /// What it is, in words that may change in every version.
    pub text: String,
    /// When it was noticed.
    pub at: Instant,
}
