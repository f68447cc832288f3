//! Measures a million origins on a private Postgres: `cargo run --release -p cors-postgres --example measure`.

use std::error::Error;
use std::fs;
use std::time::{Duration, Instant};

use cors_core::OriginSet;
use cors_matrix::postgres::Cluster;
use cors_postgres::{Follow, Follower, MIGRATION};
use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, Executor as _};

const KEYS: usize = 10_000;
const ORIGINS: usize = 1_000_000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let Some(cluster) = Cluster::start()? else {
        return Err("`postgresql` is not installed".into());
    };
    let mut connection = PgConnection::connect(&cluster.url()).await?;
    connection.execute(sqlx::raw_sql(MIGRATION)).await?;
    let insert = format!(
        "insert into cors_origins select 't' || i % {KEYS}, 'https://o' || i || '.t' || i % {KEYS} || '.example' \
         from generate_series(0, {ORIGINS} - 1) as i"
    );
    connection.execute(&*insert).await?;
    connection.execute("vacuum analyze cors_origins").await?;

    let before = memory("VmRSS")?;
    let set = OriginSet::new();
    let started = Instant::now();
    let follow = Follow::url(&cluster.url())?.compare_every(Duration::from_secs(100_000));
    let follower = follow.start(&set)?;
    follower.wait_until_filled().await;
    println!(
        "{} origins under {KEYS} keys were read in {:.2?}",
        set.len(),
        started.elapsed()
    );
    let text: usize = set.snapshot().iter().map(|(_, origin)| origin.len()).sum();
    let used = memory("VmRSS")? - before;
    println!(
        "memory: {} bytes for each origin without its text; at most {} meanwhile",
        (used.saturating_sub(text)) / ORIGINS,
        (memory("VmHWM")? - before).saturating_sub(text) / ORIGINS
    );

    let started = Instant::now();
    connection.execute("notify cors_origins").await?;
    follower.wait_for(|status| status.comparisons == 2).await;
    println!(
        "a comparison without changes: {:.2?}; at most {} bytes for each origin meanwhile",
        started.elapsed(),
        (memory("VmHWM")? - before).saturating_sub(text) / ORIGINS
    );

    single_changes(&mut connection, &set, "t7", 1000).await?;
    many_changes(&mut connection, &set, &follower).await?;

    let insert = "insert into cors_origins select '', 'https://o' || i || '.example' from generate_series(1, 100000) as i";
    connection.execute(insert).await?;
    let len = ORIGINS + 1000 + 10_000 + 100_000;
    follower.wait_for(|_| set.len() == len).await;
    println!("with 100,000 origins that have no key:");
    single_changes(&mut connection, &set, "", 20).await?;
    follower.stop().await;
    Ok(())
}

/// Inserts one origin after the other, and waits until the set has it.
async fn single_changes(
    connection: &mut PgConnection,
    set: &OriginSet,
    key: &str,
    count: usize,
) -> Result<(), Box<dyn Error>> {
    let mut times = Vec::new();
    for change in 0..count {
        let origin = format!("https://changed{change}.example");
        let insert = sqlx::query("insert into cors_origins values ($1, $2)");
        let insert = insert.bind(key).bind(&origin);
        let started = Instant::now();
        insert.execute(&mut *connection).await?;
        let committed = started.elapsed();
        let has = || match key {
            "" => set.contains(&origin),
            key => set.contains_for(key, &origin),
        };
        while !has() {
            std::thread::yield_now();
        }
        times.push((started.elapsed(), committed));
    }
    times.sort_unstable();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    let last = times.last().copied().unwrap_or_default();
    println!(
        "{count} changes, from `insert` to the set: median {:.2?} (committed after {:.2?}), at most {:.2?} (committed after {:.2?})",
        median.0, median.1, last.0, last.1
    );
    Ok(())
}

/// A thousand changes in a second, for ten seconds.
async fn many_changes(
    connection: &mut PgConnection,
    set: &OriginSet,
    follower: &Follower,
) -> Result<(), Box<dyn Error>> {
    const CHANGES: u32 = 10_000;
    let (len, keys_read) = (set.len(), follower.status().keys_read);
    let started = Instant::now();
    for change in 0..CHANGES {
        let at = started + Duration::from_millis(1) * change;
        tokio::time::sleep_until(at.into()).await;
        let insert = sqlx::query("insert into cors_origins values ($1, $2)");
        let insert = insert.bind(format!("t{}", change % 5000));
        let insert = insert.bind(format!("https://many{change}.example"));
        insert.execute(&mut *connection).await?;
    }
    let written = started.elapsed();
    let all = len + CHANGES as usize;
    follower.wait_for(|_| set.len() == all).await;
    println!(
        "{CHANGES} changes in {written:.2?}; all were in the set {:.2?} later; {} keys were read",
        started.elapsed() - written,
        follower.status().keys_read - keys_read
    );
    Ok(())
}

/// A number of bytes that the system has about this process.
fn memory(what: &str) -> Result<usize, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with(what));
    let kibibytes = line.and_then(|line| line.split_whitespace().nth(1));
    Ok(kibibytes.ok_or("this needs Linux")?.parse::<usize>()? * 1024)
}
