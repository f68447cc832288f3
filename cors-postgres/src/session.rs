//! A connection to the database.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use cors_core::text::Printable;
use futures_util::TryStreamExt as _;
use sqlx::postgres::{PgArguments, PgConnection, PgListener, PgPool, PgPoolOptions, PgRow};
use sqlx::query::Query;
use sqlx::{Connection as _, Postgres};

use crate::follow::Settings;
use crate::pending::Pending;

/// A connection that listens.
pub(crate) struct Session {
    pool: PgPool,
    listener: PgListener,
    timeout: Duration,
}

/// Why a session has ended.
#[derive(Debug)]
pub(crate) enum Failure {
    Database(sqlx::Error),
    Closed,
    Silent(Duration),
    Deaf,
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // The server has written a part of it.
            Self::Database(error) => Printable(&error.to_string()).fmt(f),
            Self::Closed => f.write_str("the connection was closed"),
            Self::Silent(time) => write!(f, "the database sent nothing for {time:?}"),
            Self::Deaf => f.write_str(
                "the connection gets no notifications; connect to the server itself, and not to a pooler that gives each \
                 transaction another connection",
            ),
        }
    }
}

impl Session {
    /// Connects, and listens.
    pub(crate) async fn open(settings: &Settings) -> Result<Self, Failure> {
        let timeout = settings.timeout;
        // The pool, without which sqlx does not listen, hides why it cannot connect.
        let probe = within(timeout, PgConnection::connect_with(&settings.options)).await?;
        within(timeout, probe.close()).await?;
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(timeout)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_lazy_with(settings.options.clone());
        let mut listener = within(timeout, PgListener::connect_with(&pool)).await?;
        // What was committed in between would not be read: the worker opens another session, and reads everything.
        listener.eager_reconnect(false);
        within(timeout, listener.listen(&settings.channel)).await?;
        Ok(Self {
            pool,
            listener,
            timeout,
        })
    }

    /// The pool of the connection.
    pub(crate) fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Runs a query, and gives its rows to a function.
    pub(crate) async fn read(
        &mut self,
        query: Query<'_, Postgres, PgArguments>,
        mut take: impl FnMut(&PgRow) -> Result<(), sqlx::Error>,
    ) -> Result<(), Failure> {
        let mut rows = query.fetch(&mut self.listener);
        while let Some(row) = within(self.timeout, rows.try_next()).await? {
            take(&row)?;
        }
        Ok(())
    }

    /// Asks whether this connection still listens.
    pub(crate) async fn check(&mut self, channel: &str) -> Result<(), Failure> {
        let query = "select 1 from pg_listening_channels() as channel where channel = $1";
        let found = sqlx::query(query)
            .bind(channel)
            .fetch_optional(&mut self.listener);
        match within(self.timeout, found).await? {
            Some(_) => Ok(()),
            None => Err(Failure::Deaf),
        }
    }

    /// Takes the notifications that have already arrived.
    pub(crate) fn drain(&mut self, pending: &mut Pending) {
        while let Some(notification) = self.listener.next_buffered() {
            pending.add(notification.payload());
        }
    }

    /// Waits for the payload of the next notification. It may be dropped while it waits, and loses nothing then.
    pub(crate) async fn next(&mut self) -> Result<String, Failure> {
        match self.listener.try_recv().await? {
            Some(notification) => Ok(notification.payload().to_owned()),
            None => Err(Failure::Closed),
        }
    }
}

async fn within<T>(
    limit: Duration,
    future: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, Failure> {
    match tokio::time::timeout(limit, future).await {
        Ok(result) => Ok(result?),
        Err(_) => Err(Failure::Silent(limit)),
    }
}
