//! The table and its triggers.

use cors_core::OriginSet;
use sqlx::postgres::{PgConnection, PgListener};
use sqlx::{Connection as _, Executor as _};

use crate::harness::{database, in_time};

/// The table has no constraint that keeps out what a set takes, and keeps out what is never right.
#[tokio::test]
async fn constraints() {
    let Some(cluster) = database().await else {
        return;
    };
    let mut connection = PgConnection::connect(&cluster.url()).await.unwrap();
    let long = format!("https://{}example", "a.".repeat(120));
    let too_long = format!("app://{}", "a".repeat(507));
    let long_key = "k".repeat(512);
    let too_long_key = "k".repeat(513);
    let rows = [
        ("", "https://acme.example", true),
        ("acme", "https://acme.example:8443", true),
        ("ACME", "http://localhost:3000", true),
        ("caf%C3%A9", "http://[::1]:8080", true),
        ("a.b~c_d-e!$&'()*+,=:@", "moz-extension://0123-abcd", true),
        (&*long_key, &*long, true),
        ("acme", "app://", false),
        ("acme", "", false),
        ("acme", "null", false),
        ("acme", "*", false),
        ("acme", "acme.example", false),
        ("acme", "https://*.acme.example", false),
        ("acme", "https://acme.example/", false),
        ("acme", "https://acme.example/path", false),
        ("acme", " https://acme.example", false),
        ("acme", "https://acme.example\n", false),
        ("acme", "HTTPS://acme.example", false),
        ("acme", "https://user@acme.example", false),
        ("acme", &*too_long, false),
        (" acme", "https://acme.example", false),
        ("ac/me", "https://acme.example", false),
        ("ac;me", "https://acme.example", false),
        ("ac\\me", "https://acme.example", false),
        (&*too_long_key, "https://acme.example", false),
    ];
    for (key, origin, expected) in rows {
        let set = OriginSet::new();
        let taken = match key {
            "" => set.insert(origin),
            key => set.insert_for(key, origin),
        };
        if expected {
            taken.unwrap();
        }
        let insert = sqlx::query("insert into cors_origins values ($1, $2)");
        let inserted = insert.bind(key).bind(origin).execute(&mut connection).await;
        assert_eq!(
            inserted.is_ok(),
            expected,
            "{key:?} {origin:?} {inserted:?}"
        );
    }
}

/// Each statement sends what it must, and not more.
#[tokio::test]
async fn notifications() {
    let Some(cluster) = database().await else {
        return;
    };
    let mut connection = PgConnection::connect(&cluster.url()).await.unwrap();
    let mut listener = PgListener::connect(&cluster.url()).await.unwrap();
    listener.listen("cors_origins").await.unwrap();
    let thousand: Vec<_> = (1..=1000).map(|key| format!("key:{key}")).collect();
    let thousand: Vec<_> = thousand.iter().map(String::as_str).collect();
    let rows: [(&str, &[&str]); 15] = [
        (
            "insert into cors_origins values ('a', 'https://a.example')",
            &["key:a"],
        ),
        (
            "insert into cors_origins select 'a', 'https://' || i from generate_series(1, 10000) as i",
            &["key:a"],
        ),
        (
            "insert into cors_origins values ('b', 'https://a.example'), ('', 'https://a.example')",
            &["key:", "key:b"],
        ),
        (
            "insert into cors_origins values ('a', 'https://a.example') on conflict do nothing",
            &[],
        ),
        (
            "update cors_origins set key = 'c' where key = 'b'",
            &["key:b", "key:c"],
        ),
        ("update cors_origins set key = 'c' where key = 'b'", &[]),
        (
            "update cors_origins set origin = 'https://c.example' where key = 'c'",
            &["key:c"],
        ),
        ("delete from cors_origins where key = 'a'", &["key:a"]),
        ("delete from cors_origins where key = 'a'", &[]),
        ("truncate cors_origins", &["all"]),
        (
            "insert into cors_origins select i, 'https://a.example' from generate_series(1, 1000) as i",
            &thousand,
        ),
        (
            "insert into cors_origins select i, 'https://b.example' from generate_series(1, 1001) as i",
            &["all"],
        ),
        (
            "update cors_origins set key = key || 'x' where key::int <= 501",
            &["all"],
        ),
        ("delete from cors_origins", &["all"]),
        (
            "alter table cors_origins drop constraint cors_origins_key_is_a_segment; \
             alter table cors_origins drop constraint cors_origins_pkey; \
             insert into cors_origins values (repeat('k', 10000), 'https://a.example'); \
             insert into cors_origins values ('a', 'https://a.example')",
            &["all", "key:a"],
        ),
    ];
    for (statement, expected) in rows {
        connection.execute(sqlx::raw_sql(statement)).await.unwrap();
        connection
            .execute("notify cors_origins, 'end'")
            .await
            .unwrap();
        let mut found = Vec::new();
        loop {
            let notification = in_time("a notification", listener.recv()).await.unwrap();
            match notification.payload() {
                "end" => break,
                payload => found.push(payload.to_owned()),
            }
        }
        found.sort();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(found, expected, "{statement}");
    }
}
