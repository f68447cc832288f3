//! What the thread does: everything, one after the other.

use std::cell::Cell;
use std::convert::Infallible;
use std::future;
use std::time::{Duration, Instant};

use cors_core::OriginSet;
use sqlx::PgPool;
use tokio::select;
use tokio::sync::{oneshot, watch};
use tokio::time::{sleep, sleep_until, timeout};

use crate::backoff::{Backoff, jitter};
use crate::bad_rows::BadRows;
use crate::follow::Settings;
use crate::pending::Pending;
use crate::session::{Failure, Session};
use crate::status::{LastError, Status};
use crate::table::Read;

/// How long a connection may take to close.
const CLOSING: Duration = Duration::from_secs(1);

/// So many keys are read with one query.
const KEYS: usize = 1000;

pub(crate) struct Worker {
    settings: Settings,
    set: OriginSet,
    status: watch::Sender<Status>,
    bad_rows: BadRows,
    /// The current connection, or the last one.
    pool: Option<PgPool>,
    /// Whether the log has the current outage.
    is_outage_reported: bool,
}

/// How old the set is.
#[derive(Default)]
struct Age {
    /// The last moment at which everything that was committed was in the set. `None` if nothing is in the set.
    confirmed: Cell<Option<Instant>>,
    /// When the current read of the table got its last row.
    progress: Cell<Option<Instant>>,
}

impl Worker {
    pub(crate) fn new(settings: Settings, set: OriginSet, status: watch::Sender<Status>) -> Self {
        Self {
            settings,
            set,
            status,
            bad_rows: BadRows::default(),
            pool: None,
            is_outage_reported: false,
        }
    }

    pub(crate) async fn run(mut self, mut stopped: oneshot::Receiver<()>) {
        let age = Age::default();
        // What was there before is new now.
        let start = self.set.is_filled().then(Instant::now);
        age.confirmed.set(start);
        let limit = self.settings.empty_after;
        loop {
            select! {
                biased;
                _ = &mut stopped => break,
                () = age.exceeds(limit) => self.empty(&age),
                never = self.follow(&age) => match never {},
            }
        }
        if let Some(pool) = &self.pool {
            let _ = timeout(CLOSING, pool.close()).await;
        }
    }

    /// Connects again and again.
    async fn follow(&mut self, age: &Age) -> Infallible {
        let mut backoff = Backoff::new(self.settings.longest_pause);
        loop {
            let Err(failure) = self.session(age).await;
            age.progress.set(None);
            let was_good = self.lost(&failure);
            sleep(backoff.next(was_good)).await;
        }
    }

    /// Follows the table on one connection.
    async fn session(&mut self, age: &Age) -> Result<Infallible, Failure> {
        let mut session = Session::open(&self.settings).await?;
        self.pool = Some(session.pool().clone());
        // Do not read before the connection listens: a change in between would be lost.
        self.read_all(&mut session, age).await?;
        let mut pending = Pending::default();
        let mut compare_at = self.next_comparison();
        let mut check_at = Instant::now() + self.settings.check_every;
        loop {
            session.drain(&mut pending);
            // Also if notifications arrive without a pause.
            if compare_at <= Instant::now() {
                self.compare(&mut session, age, &mut pending).await?;
                compare_at = self.next_comparison();
                continue;
            }
            if !pending.is_empty() {
                match pending.take() {
                    Some(keys) => self.read_keys(&mut session, &keys, age).await?,
                    None => _ = self.read_all(&mut session, age).await?,
                }
                continue;
            }
            select! {
                payload = session.next() => pending.add(&payload?),
                () = sleep_until(check_at.into()) => {
                    let asked = Instant::now();
                    session.check(&self.settings.channel).await?;
                    self.confirm(age, asked, |_| {});
                    check_at = Instant::now() + self.settings.check_every;
                }
                () = sleep_until(compare_at.into()) => {}
            }
        }
    }

    fn next_comparison(&self) -> Instant {
        Instant::now() + jitter(self.settings.compare_every, 0.9..1.1)
    }

    /// Looks for changes that were not announced.
    async fn compare(
        &mut self,
        session: &mut Session,
        age: &Age,
        pending: &mut Pending,
    ) -> Result<(), Failure> {
        let changed = self.read_all(session, age).await?;
        if changed > 0 {
            // With the answer come the notifications of what was just read.
            session.check(&self.settings.channel).await?;
            session.drain(pending);
            if pending.is_empty() {
                tracing::warn!(
                    changed,
                    "CORS origins: the table had changes without a notification; are its triggers enabled?",
                );
            }
        }
        Ok(())
    }

    /// Reads the whole table. Returns how many keys have changed.
    async fn read_all(&mut self, session: &mut Session, age: &Age) -> Result<usize, Failure> {
        let began = Instant::now();
        let mut read = Read::new(&self.set, &mut self.bad_rows);
        let query = sqlx::query(&self.settings.queries.all);
        let rows = session.read(query, |row| {
            age.progress.set(Some(Instant::now()));
            read.take(row)
        });
        rows.await?;
        let changed = read.finish_all(&self.set);
        let (origins, bad_rows) = (self.set.len(), self.bad_rows.len());
        let seconds = began.elapsed().as_secs_f64();
        let was_connected = self.status.borrow().connected_since.is_some();
        if was_connected && changed == 0 {
            tracing::debug!(
                origins,
                bad_rows,
                seconds,
                "CORS origins: the set is as the table"
            );
        } else {
            tracing::info!(
                origins,
                bad_rows,
                changed,
                seconds,
                "CORS origins: the set follows the table",
            );
        }
        self.is_outage_reported = false;
        self.confirm(age, began, |status| {
            status.connected_since.get_or_insert_with(Instant::now);
            status.compared = Some(began);
            status.comparisons += 1;
            status.bad_rows = bad_rows;
            status.is_emptied = false;
        });
        Ok(changed)
    }

    /// Reads some keys of the table.
    async fn read_keys(
        &mut self,
        session: &mut Session,
        keys: &[String],
        age: &Age,
    ) -> Result<(), Failure> {
        for keys in keys.chunks(KEYS) {
            let began = Instant::now();
            let mut read = Read::new(&self.set, &mut self.bad_rows);
            let query = sqlx::query(&self.settings.queries.some).bind(keys);
            let rows = session.read(query, |row| {
                age.progress.set(Some(Instant::now()));
                read.take(row)
            });
            rows.await?;
            let changed = read.finish_some(keys, &self.set);
            let bad_rows = self.bad_rows.len();
            tracing::debug!(
                keys = keys.len(),
                changed,
                "CORS origins: keys were read again"
            );
            self.confirm(age, began, |status| {
                status.keys_read = status.keys_read.saturating_add(keys.len() as u64);
                status.bad_rows = bad_rows;
            });
        }
        Ok(())
    }

    /// The set has everything that was committed at a moment.
    fn confirm(&self, age: &Age, moment: Instant, change: impl FnOnce(&mut Status)) {
        age.progress.set(None);
        age.confirmed.set(Some(moment));
        self.status.send_modify(|status| {
            status.confirmed = Some(moment);
            change(status);
        });
    }

    /// A session has ended. Returns how long the set followed the table in it.
    fn lost(&mut self, failure: &Failure) -> Duration {
        let text = failure.to_string();
        let status = self.status.borrow();
        let was_good = status.connected_since.map(|since| since.elapsed());
        drop(status);
        if self.is_outage_reported {
            tracing::debug!(error = %text, "CORS origins: the database is still away");
        } else {
            tracing::warn!(
                error = %text,
                origins = self.set.len(),
                "CORS origins: no connection to the database; the set stays as it is",
            );
        }
        self.is_outage_reported = true;
        self.status.send_modify(|status| {
            status.connected_since = None;
            status.last_error = Some(LastError {
                text,
                at: Instant::now(),
            });
        });
        was_good.unwrap_or_default()
    }

    /// The set is too old.
    fn empty(&mut self, age: &Age) {
        age.confirmed.set(None);
        age.progress.set(None);
        self.set.replace::<&str>([]);
        tracing::error!(
            "CORS origins: the table could not be read for too long; the set is empty now"
        );
        self.status.send_modify(|status| {
            status.connected_since = None;
            status.is_emptied = true;
        });
    }
}

impl Age {
    /// Waits until the set is too old. A read that gets rows counts: its end makes the set new. If it fails, it does not
    /// count any more.
    async fn exceeds(&self, limit: Option<Duration>) {
        let Some(limit) = limit else {
            return future::pending().await;
        };
        loop {
            let newest = self.progress.get().max(self.confirmed.get());
            match self.confirmed.get().and(newest) {
                Some(newest) if newest.elapsed() >= limit => return,
                Some(newest) => sleep_until((newest + limit).into()).await,
                // Whatever is confirmed from now on is not too old before that.
                None => sleep(limit).await,
            }
        }
    }
}
