//! The handle of what follows a table.

use tokio::sync::{oneshot, watch};

use crate::status::Status;

/// Follows a table until it is dropped. The set stays as it is then. Created by [`Follow::start`](crate::Follow::start).
#[derive(Debug)]
#[must_use = "the set does not follow the table any more when this is dropped"]
pub struct Follower {
    status: watch::Receiver<Status>,
    /// Never sends. The thread ends when it is dropped.
    running: oneshot::Sender<()>,
}

impl Follower {
    pub(crate) fn new(status: watch::Receiver<Status>, running: oneshot::Sender<()>) -> Self {
        Self { status, running }
    }

    /// How the set and the table are at this moment. Waits for nothing.
    pub fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    /// Waits until the set has been filled, and returns at once if it has: before a server accepts requests, usually.
    ///
    /// This waits as long as the database is away. [`tokio::time::timeout`] limits it.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn wait(follower: cors_postgres::Follower) {
    /// let limit = std::time::Duration::from_secs(10);
    /// if tokio::time::timeout(limit, follower.wait_until_filled()).await.is_err() {
    ///     eprintln!("no customer's page can read responses yet: {:?}", follower.status().last_error);
    /// }
    /// # }
    /// ```
    pub async fn wait_until_filled(&self) -> Status {
        self.wait_for(|status| status.compared.is_some()).await
    }

    /// Waits until the status is as the caller wants it, and returns it: for tests, usually. Each change of the set changes
    /// the status after it, so a condition may also be about the set.
    pub async fn wait_for(&self, mut condition: impl FnMut(&Status) -> bool) -> Status {
        let mut receiver = self.status.clone();
        loop {
            // A copy: the condition may ask for the status, too.
            let status = receiver.borrow_and_update().clone();
            // The thread ends only after `self` is dropped.
            if condition(&status) || receiver.changed().await.is_err() {
                return status;
            }
        }
    }

    /// Stops following, and waits until the connection is closed. The set stays as it is.
    pub async fn stop(self) {
        let Self {
            mut status,
            running,
        } = self;
        drop(running);
        while status.changed().await.is_ok() {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// It can be in the state of any framework.
    #[test]
    fn is_send_and_sync() {
        fn check<T: Send + Sync + 'static>() {}
        check::<Follower>();
        check::<crate::Follow>();
    }
}
