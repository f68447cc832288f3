//! What is reported to `tracing` while a set follows a table.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "../../cors-core/tests/common/events.rs"]
mod events;

use std::sync::mpsc::Receiver;
use std::time::Duration;

use cors_core::OriginSet;
use cors_matrix::postgres::Cluster;
use cors_matrix::skip::skip;
use cors_postgres::{Follow, MIGRATION};
use events::Listener;
use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, Executor as _};

const NEVER: Duration = Duration::MAX;
const LIMIT: Duration = Duration::from_secs(60);

async fn sql(cluster: &Cluster, statements: &str) {
    let mut connection = PgConnection::connect(&cluster.url()).await.unwrap();
    connection.execute(sqlx::raw_sql(statements)).await.unwrap();
    connection.close().await.unwrap();
}

/// The next event of ours that is not for debugging, without what differs each time.
#[track_caller]
fn next(events: &Receiver<String>) -> String {
    loop {
        let event = events.recv_timeout(LIMIT).unwrap();
        if event.contains("CORS origins: ") && !event.starts_with("DEBUG") {
            let parts = event.split(" seconds=").next().unwrap();
            return parts
                .split(" error=the connection")
                .next()
                .unwrap()
                .to_owned();
        }
    }
}

#[tokio::test]
async fn what_is_reported() {
    let Some(mut cluster) = Cluster::start().unwrap() else {
        return skip("events of cors-postgres", "`postgresql` is not installed").unwrap();
    };
    let (listener, events) = Listener::new();
    tracing::subscriber::set_global_default(listener).unwrap();
    let set = OriginSet::new();
    let follow = Follow::url(&cluster.url())
        .unwrap()
        .check_every(NEVER)
        .longest_pause(Duration::from_millis(50));
    let follower = follow.clone().compare_every(NEVER).start(&set).unwrap();

    // Once, however many attempts follow.
    assert_eq!(
        next(&events),
        "WARN message=CORS origins: no connection to the database; the set stays as it is \
         error=error returned from database: relation \"cors_origins\" does not exist origins=0"
    );
    sql(&cluster, MIGRATION).await;
    assert_eq!(
        next(&events),
        "INFO message=CORS origins: the set follows the table origins=0 bad_rows=0 changed=0"
    );
    let bad = "insert into cors_origins values ('a', 'https://a.example'), ('a', 'http://a.example'), ('.', 'app://a')";
    sql(&cluster, bad).await;
    let errors = [next(&events), next(&events)];
    assert_eq!(
        errors,
        [
            "ERROR message=CORS origins: a row of the table is left out key=. error=key `.` is not one segment of a path \
             in normal form; write it as clients send it, such as `acme`",
            "ERROR message=CORS origins: a row of the table is left out key=a error=origin `http://a.example` is plain http: \
             an attacker on the network can act as the user; use https; did you mean `https://a.example`?",
        ]
    );
    // They are not reported again.
    sql(
        &cluster,
        "insert into cors_origins values ('a', 'https://b.example')",
    )
    .await;
    follower.wait_for(|_| set.len() == 2).await;
    sql(
        &cluster,
        "alter table cors_origins disable trigger user; insert into cors_origins values ('b', 'https://b.example'); \
         alter table cors_origins enable trigger user; notify cors_origins",
    )
    .await;
    assert_eq!(
        next(&events),
        "INFO message=CORS origins: the set follows the table origins=3 bad_rows=2 changed=1"
    );

    cluster.kill().unwrap();
    let lost = next(&events);
    assert!(
        lost.starts_with(
            "WARN message=CORS origins: no connection to the database; the set stays as it is"
        ),
        "{lost}"
    );
    cluster.start_again().unwrap();
    assert_eq!(
        next(&events),
        "INFO message=CORS origins: the set follows the table origins=3 bad_rows=2 changed=0"
    );
    follower.stop().await;

    // Nothing was reported in between.
    let follower = follow
        .compare_every(Duration::from_millis(10))
        .start(&set)
        .unwrap();
    let bad = next(&events);
    assert!(bad.contains("a row of the table is left out"), "{bad}");
    next(&events);
    assert_eq!(
        next(&events),
        "INFO message=CORS origins: the set follows the table origins=3 bad_rows=2 changed=0"
    );
    let unannounced =
        "alter table cors_origins disable trigger user; delete from cors_origins where key = 'b'";
    sql(&cluster, unannounced).await;
    assert_eq!(
        [next(&events), next(&events)],
        [
            "INFO message=CORS origins: the set follows the table origins=2 bad_rows=2 changed=1",
            "WARN message=CORS origins: the table had changes without a notification; are its triggers enabled? changed=1",
        ]
    );
    follower.stop().await;
    if let Some(event) = events
        .try_iter()
        .find(|event| event.contains("CORS origins: ") && !event.starts_with("DEBUG"))
    {
        panic!("{event}");
    }
}
