//! What is followed, and how.

use std::io;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use cors_core::OriginSet;
use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;
use tokio::sync::{oneshot, watch};

use crate::follower::Follower;
use crate::status::Status;
use crate::table::Queries;
use crate::worker::Worker;

/// Between these a time cannot be too short to wait for, nor be outside of what clocks have.
const MIN: Duration = Duration::from_millis(1);
const MAX: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// Which table a set follows, and how.
///
/// # Examples
///
/// ```no_run
/// use cors_core::OriginSet;
/// use cors_postgres::Follow;
///
/// # async fn start() -> Result<(), Box<dyn std::error::Error>> {
/// let customers = OriginSet::new();
/// let follower = Follow::url("postgres://cors@db.internal/app")?.start(&customers)?;
/// follower.wait_until_filled().await;
/// assert!(customers.is_filled());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is followed until `start`"]
pub struct Follow {
    options: PgConnectOptions,
    schema: Option<String>,
    table: String,
    compare_every: Duration,
    check_every: Duration,
    timeout: Duration,
    longest_pause: Duration,
    empty_after: Option<Duration>,
}

/// What the thread needs of a [`Follow`].
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) options: PgConnectOptions,
    pub(crate) queries: Queries,
    pub(crate) channel: String,
    pub(crate) compare_every: Duration,
    pub(crate) check_every: Duration,
    pub(crate) timeout: Duration,
    pub(crate) longest_pause: Duration,
    pub(crate) empty_after: Option<Duration>,
}

impl Follow {
    /// Follows the table `cors_origins` of a database.
    ///
    /// The follower has a connection of its own, because it waits for notifications on it. With a pool:
    /// `Follow::new(PgConnectOptions::clone(&pool.connect_options()))`. The connection must lead to the primary server, as
    /// a standby has no notifications, and not through a pooler that gives each transaction another connection.
    ///
    /// The user needs only the right to `select` from the table.
    pub fn new(options: PgConnectOptions) -> Self {
        let options = match options.get_application_name() {
            Some(_) => options,
            None => options.application_name("cors-postgres"),
        };
        Self {
            // A read of the whole table is slow, and no reason for a warning.
            options: options.disable_statement_logging(),
            schema: None,
            table: "cors_origins".to_owned(),
            compare_every: Duration::from_secs(300),
            check_every: Duration::from_secs(10),
            timeout: Duration::from_secs(30),
            longest_pause: Duration::from_secs(30),
            empty_after: None,
        }
    }

    /// The same with a URL: `postgres://user:password@host:5432/database`, with the parameters of [`PgConnectOptions`].
    ///
    /// # Errors
    ///
    /// If the URL is wrong. Nothing connects yet.
    pub fn url(url: &str) -> Result<Self, sqlx::Error> {
        url.parse().map(Self::new)
    }

    /// The name of the table, and of the channel of its notifications. `cors_origins` by default.
    ///
    /// The migration has the name of both: see there. Case counts, as if the name was in quotation marks in SQL. The table
    /// may also be a view with the columns `key` and `origin`; the triggers are on what the view reads then.
    pub fn table(mut self, name: impl Into<String>) -> Self {
        self.table = name.into();
        self
    }

    /// The schema of the table. Without it, the `search_path` of the connection decides.
    pub fn schema(mut self, name: impl Into<String>) -> Self {
        self.schema = Some(name.into());
        self
    }

    /// How often the whole table is compared with the set, about: five minutes by default. This finds the changes that were
    /// not announced, because a trigger was missing or disabled.
    pub fn compare_every(mut self, interval: Duration) -> Self {
        self.compare_every = interval.clamp(MIN, MAX);
        self
    }

    /// How often the database is asked whether the connection still gets notifications: every ten seconds by default.
    pub fn check_every(mut self, interval: Duration) -> Self {
        self.check_every = interval.clamp(MIN, MAX);
        self
    }

    /// How long the database may send nothing while an answer is expected, until the connection counts as lost: 30 seconds
    /// by default.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit.clamp(MIN, MAX);
        self
    }

    /// The longest pause before the next attempt to connect: 30 seconds by default. The first one is a tenth of a second, and
    /// each is twice as long as the one before it, less a part that is drawn at random.
    pub fn longest_pause(mut self, limit: Duration) -> Self {
        self.longest_pause = limit.clamp(MIN, MAX);
        self
    }

    /// Empties the set when it has not been [confirmed](Status::confirmed) for so long. Not by default.
    ///
    /// While the database is away, the set stays as it is. So an origin that was removed from the table may still be allowed
    /// then. With this limit no customer's page can read responses after that time, until the table can be read again.
    pub fn empty_after(mut self, limit: Duration) -> Self {
        self.empty_after = Some(limit.clamp(MIN, MAX));
        self
    }

    /// Starts to follow: from now on the set has what the table has. This waits for nothing; see
    /// [`Follower::wait_until_filled`].
    ///
    /// Only the follower may change the set, because the table replaces all of it. A thread of its own does the work, so
    /// that reading a large table does not delay requests. It ends when the [`Follower`] is dropped.
    ///
    /// # Errors
    ///
    /// If the thread cannot be started. An error of the connection is not one of these, however permanent it is: the
    /// follower tries again, and [`Status::last_error`] has the last one.
    pub fn start(self, set: &OriginSet) -> io::Result<Follower> {
        // Often enough that the set is not emptied while the database is there.
        let check_every = self
            .empty_after
            .map_or(self.check_every, |limit| self.check_every.min(limit / 3));
        let settings = Settings {
            options: self.options,
            queries: Queries::new(self.schema.as_deref(), &self.table),
            channel: self.table,
            compare_every: self.compare_every,
            check_every,
            timeout: self.timeout,
            longest_pause: self.longest_pause,
            empty_after: self.empty_after,
        };
        let (status, status_receiver) = watch::channel(Status::default());
        let (running, stopped) = oneshot::channel();
        let worker = Worker::new(settings, set.clone(), status);
        let (started, is_started) = mpsc::sync_channel(1);
        thread::Builder::new()
            .name("cors-postgres".to_owned())
            .spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build();
                match runtime {
                    Ok(runtime) => {
                        let _ = started.send(Ok(()));
                        runtime.block_on(worker.run(stopped));
                    }
                    Err(error) => _ = started.send(Err(error)),
                }
            })?;
        is_started.recv().map_err(io::Error::other)??;
        Ok(Follower::new(status_receiver, running))
    }
}
