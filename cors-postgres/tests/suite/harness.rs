//! A database, a set that follows it, a plain model of both, and a thread that reads the set all the time.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use cors_core::OriginSet;
use cors_matrix::postgres::Cluster;
use cors_matrix::skip::skip;
use cors_postgres::{Follow, Follower, MIGRATION, Status};
use sqlx::postgres::{PgConnection, PgPool};
use sqlx::{Connection as _, Row as _};

/// A test that waits longer has failed.
const LIMIT: Duration = Duration::from_secs(60);

pub(crate) type Row = (String, String);

/// Origins by their keys.
type Ever = HashMap<String, HashSet<String>>;

/// A cluster with the table. `None` where Postgres is not installed.
pub(crate) async fn database() -> Option<Cluster> {
    let Some(cluster) = Cluster::start().unwrap() else {
        skip("tests of cors-postgres", "`postgresql` is not installed").unwrap();
        return None;
    };
    sql(&cluster, MIGRATION).await;
    Some(cluster)
}

/// Runs statements. They are one transaction.
pub(crate) async fn sql(cluster: &Cluster, statements: &str) {
    let mut connection = PgConnection::connect(&cluster.url()).await.unwrap();
    let done = sqlx::raw_sql(statements).execute(&mut connection).await;
    done.unwrap_or_else(|error| panic!("{error}: {statements}"));
    connection.close().await.unwrap();
}

/// A number that a query returns.
pub(crate) async fn number(cluster: &Cluster, query: &str) -> i64 {
    let mut connection = PgConnection::connect(&cluster.url()).await.unwrap();
    let row = sqlx::query(query).fetch_one(&mut connection).await.unwrap();
    row.get(0)
}

pub(crate) async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    let result = tokio::time::timeout(LIMIT, future).await;
    result.unwrap_or_else(|_| panic!("this takes too long: {what}"))
}

pub(crate) fn contents(set: &OriginSet) -> BTreeSet<Row> {
    let snapshot = set.snapshot();
    let rows = snapshot.iter();
    rows.map(|(key, origin)| (key.unwrap_or_default().to_owned(), origin.to_owned()))
        .collect()
}

pub(crate) struct Harness {
    pub(crate) cluster: Cluster,
    pub(crate) set: OriginSet,
    pub(crate) follower: Follower,
    /// The rows that the set has to have.
    pub(crate) model: BTreeSet<Row>,
    /// All rows that were ever in the table. Shared with the reader.
    ever: Arc<Mutex<Ever>>,
    reader: Reader,
}

impl Harness {
    /// Follows the table of a cluster, which is empty, once it is filled.
    pub(crate) async fn start(cluster: Cluster, follow: impl FnOnce(Follow) -> Follow) -> Self {
        let follow = follow(Follow::url(&cluster.url()).unwrap());
        let harness = Self::start_unfilled(cluster, follow);
        harness
            .wait("filled", |status| status.compared.is_some())
            .await;
        harness
    }

    pub(crate) fn start_unfilled(cluster: Cluster, follow: Follow) -> Self {
        let set = OriginSet::new();
        let ever = Arc::default();
        let reader = Reader::start(set.clone(), Arc::clone(&ever));
        Self {
            cluster,
            follower: follow.start(&set).unwrap(),
            set,
            model: BTreeSet::new(),
            ever,
            reader,
        }
    }

    /// Runs statements, after which the set has to have these rows.
    pub(crate) async fn change(&mut self, statements: &str, model: BTreeSet<Row>) {
        self.expect(model);
        sql(&self.cluster, statements).await;
    }

    /// From now on these rows are right.
    pub(crate) fn expect(&mut self, model: BTreeSet<Row>) {
        let mut ever = self.ever.lock().unwrap();
        for (key, origin) in &model {
            ever.entry(key.clone()).or_default().insert(origin.clone());
        }
        drop(ever);
        self.model = model;
    }

    /// Waits until the set has what the model has.
    pub(crate) async fn agrees(&self) {
        let agrees = |_: &Status| contents(&self.set) == self.model;
        let waited = tokio::time::timeout(LIMIT, self.follower.wait_for(agrees)).await;
        if waited.is_err() {
            let found = contents(&self.set);
            let missing: Vec<_> = self.model.difference(&found).take(5).collect();
            let wrong: Vec<_> = found.difference(&self.model).take(5).collect();
            let status = self.follower.status();
            panic!("the set lacks {missing:?}, and should not have {wrong:?}; {status:?}");
        }
        self.reader.check();
    }

    pub(crate) async fn wait(&self, what: &str, condition: impl FnMut(&Status) -> bool) -> Status {
        in_time(what, self.follower.wait_for(condition)).await
    }

    /// The rows of the table.
    pub(crate) async fn table(&self) -> BTreeSet<Row> {
        let pool = PgPool::connect(&self.cluster.url()).await.unwrap();
        let rows = sqlx::query("select key, origin from cors_origins");
        let rows = rows.fetch_all(&pool).await.unwrap();
        pool.close().await;
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    }
}

/// Asks the set all the time, as requests do.
struct Reader {
    is_done: Arc<AtomicBool>,
    wrong: Arc<Mutex<Option<Row>>>,
    thread: Option<JoinHandle<()>>,
}

impl Reader {
    fn start(set: OriginSet, ever: Arc<Mutex<Ever>>) -> Self {
        let is_done = Arc::new(AtomicBool::new(false));
        let wrong: Arc<Mutex<Option<Row>>> = Arc::default();
        let thread = {
            let (is_done, wrong) = (Arc::clone(&is_done), Arc::clone(&wrong));
            thread::spawn(move || {
                while !is_done.load(Ordering::Relaxed) {
                    if let Some(row) = not_in(&set, &ever) {
                        wrong.lock().unwrap().get_or_insert(row);
                    }
                    thread::yield_now();
                }
            })
        };
        Self {
            is_done,
            wrong,
            thread: Some(thread),
        }
    }

    /// No key ever had an origin that the table did not have under this key.
    #[track_caller]
    fn check(&self) {
        assert_eq!(*self.wrong.lock().unwrap(), None);
    }
}

/// An origin of the set that was never in the table under its key.
fn not_in(set: &OriginSet, ever: &Mutex<Ever>) -> Option<Row> {
    // First the set: rows are in `ever` before they are in the table.
    let snapshot = set.snapshot();
    let ever = ever.lock().unwrap();
    let was_there = |(key, origin): &(Option<&str>, &str)| {
        let origins = ever.get(key.unwrap_or_default());
        origins.is_some_and(|origins| origins.contains(*origin))
    };
    let mut rows = snapshot.iter();
    let (key, origin) = rows.find(|row| !was_there(row))?;
    Some((key.unwrap_or_default().to_owned(), origin.to_owned()))
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.is_done.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Rows of tenants, such as `t7`, with so many origins each.
pub(crate) fn tenants(tenants: std::ops::Range<usize>, origins: usize) -> BTreeSet<Row> {
    let rows = tenants.flat_map(|tenant| {
        (0..origins).map(move |origin| {
            let key = format!("t{tenant}");
            let origin = format!("https://o{origin}.t{tenant}.example");
            (key, origin)
        })
    });
    rows.collect()
}

/// The statement that inserts them.
pub(crate) fn insert(rows: &BTreeSet<Row>) -> String {
    let rows: Vec<_> = rows
        .iter()
        .map(|(key, origin)| format!("('{key}', '{origin}')"))
        .collect();
    format!("insert into cors_origins values {};", rows.join(", "))
}
