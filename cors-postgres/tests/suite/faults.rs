//! After each change and each fault the set is as the table, and no key ever had another key's origin.

use std::collections::BTreeSet;
use std::time::Duration;

use cors_core::OriginSet;
use cors_postgres::Follow;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use crate::harness::{Harness, Row, contents, database, in_time, insert, number, sql, tenants};
use crate::proxy::Proxy;

/// So long that no test waits for it.
const NEVER: Duration = Duration::MAX;

const TERMINATE: &str = "select pg_terminate_backend(pid) from pg_stat_activity \
                         where application_name = 'cors-postgres'";

/// Connects again soon.
fn quick(follow: Follow) -> Follow {
    follow.longest_pause(Duration::from_millis(50))
}

/// Only notifications lead to changes.
fn notified(follow: Follow) -> Follow {
    quick(follow)
        .compare_every(NEVER)
        .check_every(NEVER)
        .timeout(NEVER)
}

fn row(key: &str, origin: &str) -> Row {
    (key.to_owned(), origin.to_owned())
}

#[tokio::test]
async fn changes_arrive() {
    let Some(cluster) = database().await else {
        return;
    };
    let mut harness = Harness::start(cluster, notified).await;
    assert!(harness.set.is_filled() && harness.set.is_empty());

    // Many rows in one statement, with few keys and with many, and in many statements of one transaction.
    for rows in [tenants(0..20, 500), tenants(20..2020, 5)] {
        let model = &harness.model | &rows;
        harness.change(&insert(&rows), model).await;
        harness.agrees().await;
    }
    let rows = tenants(3000..13_000, 1);
    let statements: String = rows
        .iter()
        .map(|row| insert(&BTreeSet::from([row.clone()])))
        .collect();
    let model = &harness.model | &rows;
    harness.change(&statements, model).await;
    harness.agrees().await;
    let model = &harness.model - &rows;
    let delete =
        "delete from cors_origins where key in (select 't' || generate_series(3000, 12999))";
    harness.change(delete, model).await;
    harness.agrees().await;

    // A tenant is renamed. Both keys have changed.
    let (old, mut model): (BTreeSet<_>, _) = harness
        .model
        .iter()
        .cloned()
        .partition(|(key, _)| key == "t7");
    assert_eq!(old.len(), 500);
    model.extend(old.into_iter().map(|(_, origin)| row("renamed", &origin)));
    harness
        .change(
            "update cors_origins set key = 'renamed' where key = 't7'",
            model,
        )
        .await;
    harness.agrees().await;

    // Two tenants change their names.
    let swap = |key: &str| match key {
        "t8" => "t9".to_owned(),
        "t9" => "t8".to_owned(),
        key => key.to_owned(),
    };
    let model = harness
        .model
        .iter()
        .map(|(key, origin)| (swap(key), origin.clone()))
        .collect();
    let statement = "update cors_origins set key = case key when 't8' then 't9' else 't8' end where key in ('t8', 't9')";
    harness.change(statement, model).await;
    harness.agrees().await;

    // An origin changes. Without a key, and with keys that could be taken for something else.
    let mut model = &harness.model - &tenants(1..2, 1);
    model.insert(row("t1", "https://new.t1.example"));
    let statement = "update cors_origins set origin = 'https://new.t1.example' \
                     where key = 't1' and origin = 'https://o0.t1.example'";
    harness.change(statement, model).await;
    harness.agrees().await;
    for key in ["", "all", "*", "key:", "caf%C3%A9", "a'b", &"k".repeat(512)] {
        let mut model = harness.model.clone();
        model.insert(row(key, "https://same.example"));
        model.insert(row(key, "app://localhost"));
        let quoted = key.replace('\'', "''");
        let statement = format!(
            "insert into cors_origins values ('{quoted}', 'https://same.example'), ('{quoted}', 'app://localhost')"
        );
        harness.change(&statement, model.clone()).await;
        harness.agrees().await;
        model.remove(&row(key, "app://localhost"));
        let statement =
            format!("delete from cors_origins where key = '{quoted}' and origin like 'app%'");
        harness.change(&statement, model).await;
        harness.agrees().await;
    }

    // What is rolled back is not seen, and what changes nothing changes nothing.
    let statement = "begin; insert into cors_origins values ('t1', 'https://never.example'); rollback; \
                     update cors_origins set origin = origin where key = 't1'";
    let model = harness.model.clone();
    harness.change(statement, model).await;
    harness.agrees().await;

    assert_eq!(harness.table().await, harness.model);
    harness
        .change("truncate cors_origins", BTreeSet::new())
        .await;
    harness.agrees().await;
    let status = harness.follower.status();
    assert!(status.last_error.is_none(), "{status:?}");
    assert!(status.connected_since.is_some() && status.keys_read > 0);
}

#[derive(Clone, Debug)]
enum Change {
    Insert(usize, usize),
    Delete(usize, usize),
    DeleteKey(usize),
    Rename(usize, usize),
    Truncate,
}

/// The changes of a transaction.
fn changes() -> impl Strategy<Value = Vec<Change>> {
    let (key, origin) = (0..4_usize, 0..6_usize);
    let change = prop_oneof![
        8 => (key.clone(), origin.clone()).prop_map(|(key, origin)| Change::Insert(key, origin)),
        4 => (key.clone(), origin).prop_map(|(key, origin)| Change::Delete(key, origin)),
        1 => key.clone().prop_map(Change::DeleteKey),
        2 => (key.clone(), key).prop_map(|(old, new)| Change::Rename(old, new)),
        1 => Just(Change::Truncate),
    ];
    prop::collection::vec(change, 1..6)
}

impl Change {
    fn apply(&self, model: &mut BTreeSet<Row>) {
        match self {
            Self::Insert(key, origin) => _ = model.insert((name(*key), address(*origin))),
            Self::Delete(key, origin) => _ = model.remove(&(name(*key), address(*origin))),
            Self::DeleteKey(key) => model.retain(|(other, _)| *other != name(*key)),
            Self::Rename(old, new) => {
                let renamed = model.iter().filter(|(key, _)| *key == name(*old));
                let renamed: Vec<_> = renamed
                    .map(|(_, origin)| (name(*new), origin.clone()))
                    .collect();
                model.retain(|(key, _)| *key != name(*old));
                model.extend(renamed);
            }
            Self::Truncate => model.clear(),
        }
    }

    fn sql(&self) -> String {
        match self {
            Self::Insert(key, origin) => format!(
                "insert into cors_origins values ('{}', '{}') on conflict do nothing;",
                name(*key),
                address(*origin)
            ),
            Self::Delete(key, origin) => format!(
                "delete from cors_origins where key = '{}' and origin = '{}';",
                name(*key),
                address(*origin)
            ),
            Self::DeleteKey(key) => {
                format!("delete from cors_origins where key = '{}';", name(*key))
            }
            // What both keys have would be there twice.
            Self::Rename(old, new) => format!(
                "delete from cors_origins as one using cors_origins as other \
                 where one.key = '{0}' and other.key = '{1}' and one.origin = other.origin and '{0}' <> '{1}'; \
                 update cors_origins set key = '{1}' where key = '{0}';",
                name(*old),
                name(*new)
            ),
            Self::Truncate => "truncate cors_origins;".to_owned(),
        }
    }
}

/// The first means: without a key.
fn name(key: usize) -> String {
    ["", "a", "b", "c"][key].to_owned()
}

fn address(origin: usize) -> String {
    format!("https://o{origin}.example")
}

/// In a random order, with a comparison all the time, and while the connection is cut again and again.
#[tokio::test]
async fn random_changes_arrive() {
    let Some(cluster) = database().await else {
        return;
    };
    let often = |follow: Follow| quick(follow).compare_every(Duration::from_millis(20));
    let mut harness = Harness::start(cluster, often).await;
    let mut runner = TestRunner::new(ProptestConfig::default());
    for round in 0..200 {
        let changes = changes().new_tree(&mut runner).unwrap().current();
        let mut model = harness.model.clone();
        let mut statements = String::new();
        for change in &changes {
            change.apply(&mut model);
            statements += &change.sql();
        }
        if round % 20 == 19 {
            statements += &format!("commit; {TERMINATE};");
        }
        // For a failure.
        println!("{statements}");
        harness.change(&statements, model).await;
        // Some changes follow while the ones before are being read.
        if round % 3 == 0 {
            harness.agrees().await;
        }
    }
    harness.agrees().await;
    assert_eq!(harness.table().await, harness.model);
}

/// Transactions end in another order than they began.
#[tokio::test]
async fn the_order_of_transactions_makes_no_difference() {
    use sqlx::{Connection as _, Executor as _};
    let Some(cluster) = database().await else {
        return;
    };
    let mut harness = Harness::start(cluster, notified).await;
    let mut connections = Vec::new();
    for _ in 0..2 {
        connections.push(
            sqlx::PgConnection::connect(&harness.cluster.url())
                .await
                .unwrap(),
        );
    }
    let [one, other] = &mut *connections else {
        panic!("two connections");
    };
    harness.expect(BTreeSet::from([
        row("a", "https://one.example"),
        row("a", "https://other.example"),
    ]));
    let mut first = one.begin().await.unwrap();
    let statement = "insert into cors_origins values ('a', 'https://one.example')";
    first.execute(statement).await.unwrap();
    let mut second = other.begin().await.unwrap();
    let statement = "insert into cors_origins values ('a', 'https://other.example')";
    second.execute(statement).await.unwrap();
    second.commit().await.unwrap();
    first.commit().await.unwrap();
    harness.agrees().await;
    // Notifications for nothing, and by hand.
    let rows = BTreeSet::from([row("b", "https://b.example")]);
    let model = &harness.model | &rows;
    let statements = format!(
        "alter table cors_origins disable trigger user; {} \
         notify cors_origins, 'key:c'; notify cors_origins, 'key:b'; notify cors_origins, 'key:a/b'",
        insert(&rows)
    );
    harness.change(&statements, model).await;
    harness.agrees().await;
    harness
        .change(
            "truncate cors_origins; notify cors_origins",
            BTreeSet::new(),
        )
        .await;
    harness.agrees().await;
}

/// What is committed while the table is read for the first time is not lost.
#[tokio::test]
async fn changes_during_the_first_read_arrive() {
    let Some(cluster) = database().await else {
        return;
    };
    let proxy = Proxy::start(cluster.socket()).await;
    let rows = tenants(0..2000, 5);
    sql(&cluster, &insert(&rows)).await;
    proxy.hold_new_after(20_000);
    let follow = notified(Follow::url(&proxy.url()).unwrap());
    let mut harness = Harness::start_unfilled(cluster, follow);
    harness.expect(rows);
    in_time("the read", proxy.is_holding()).await;
    assert!(!harness.set.is_filled());

    let keys: BTreeSet<_> = harness.model.iter().map(|(key, _)| key.clone()).collect();
    let mut model = BTreeSet::new();
    let mut statements = String::new();
    // In whatever order the keys are read, some of them have been read already, and some have not.
    for (index, key) in keys.iter().enumerate() {
        let old = harness
            .model
            .iter()
            .filter(|(other, _)| other == key)
            .cloned();
        match index % 500 {
            0 => statements += &format!("delete from cors_origins where key = '{key}';"),
            1 => {
                model.extend(old.map(|(key, origin)| (format!("{key}-new"), origin)));
                statements +=
                    &format!("update cors_origins set key = '{key}-new' where key = '{key}';");
            }
            2 => {
                model.extend(old);
                let added = BTreeSet::from([row(key, "https://added.example")]);
                statements += &insert(&added);
                model.extend(added);
            }
            _ => model.extend(old),
        }
    }
    harness.change(&statements, model).await;
    assert!(!harness.set.is_filled());
    proxy.release();
    harness.agrees().await;
    assert_eq!(harness.follower.status().comparisons, 1);
    assert!(harness.follower.status().last_error.is_none());
}

/// Nothing is seen of a read that was cut off, and the next one has all.
#[tokio::test]
async fn a_read_is_cut_off() {
    let Some(cluster) = database().await else {
        return;
    };
    let proxy = Proxy::start(cluster.socket()).await;
    let rows = tenants(0..2000, 5);
    sql(&cluster, &insert(&rows)).await;
    proxy.hold_new_after(20_000);
    let follow = notified(Follow::url(&proxy.url()).unwrap());
    let mut harness = Harness::start_unfilled(cluster, follow);
    harness.expect(rows);
    // The first read.
    in_time("the read", proxy.is_holding()).await;
    sql(&harness.cluster, TERMINATE).await;
    assert!(!harness.set.is_filled());
    proxy.release();
    harness.agrees().await;
    let status = harness.follower.status();
    assert_eq!(status.comparisons, 1);
    assert!(status.last_error.is_some());

    // Another one: the set stays as it was.
    let before = contents(&harness.set);
    proxy.hold_new_after(20_000);
    let all = tenants(0..2000, 6);
    harness.expect(all.clone());
    let statements = format!("{TERMINATE}; {}", insert(&(&all - &before)));
    sql(&harness.cluster, &statements).await;
    harness
        .wait("lost", |status| status.connected_since.is_none())
        .await;
    in_time("the read", proxy.is_holding()).await;
    assert_eq!(contents(&harness.set), before);
    sql(&harness.cluster, TERMINATE).await;
    proxy.release();
    harness.agrees().await;
}

/// While the database is away the set stays as it is. Then it is as the table again.
#[tokio::test]
async fn the_server_is_killed() {
    let Some(cluster) = database().await else {
        return;
    };
    let mut harness = Harness::start(cluster, notified).await;
    let rows = tenants(0..10, 10);
    harness.change(&insert(&rows), rows.clone()).await;
    harness.agrees().await;
    for round in 1..=3 {
        harness.cluster.kill().unwrap();
        let status = harness
            .wait("lost", |status| status.connected_since.is_none())
            .await;
        assert!(status.last_error.is_some() && !status.is_emptied);
        assert_eq!(contents(&harness.set), harness.model);
        assert!(harness.follower.status().age().is_some());

        harness.cluster.start_again().unwrap();
        let mut model = harness.model.clone();
        model.retain(|(key, _)| *key != format!("t{round}"));
        model.extend(tenants(100 * round..100 * round + 5, 2));
        let statements = format!(
            "delete from cors_origins where key = 't{round}'; {}",
            insert(&tenants(100 * round..100 * round + 5, 2))
        );
        harness.change(&statements, model).await;
        harness.agrees().await;
        harness
            .wait("connected", |status| status.connected_since.is_some())
            .await;
    }
}

/// A database that does not answer any more, and does not close the connection.
#[tokio::test]
async fn the_network_is_silent() {
    let Some(cluster) = database().await else {
        return;
    };
    let proxy = Proxy::start(cluster.socket()).await;
    let follow = Follow::url(&proxy.url()).unwrap();
    let follow = follow
        .compare_every(NEVER)
        .check_every(Duration::from_millis(10))
        .timeout(Duration::from_secs(1));
    let mut harness = Harness::start_unfilled(cluster, follow);
    harness
        .wait("filled", |status| status.compared.is_some())
        .await;
    proxy.hold();
    let rows = tenants(0..10, 1);
    harness.change(&insert(&rows), rows).await;
    let status = harness
        .wait("lost", |status| status.connected_since.is_none())
        .await;
    let error = status.last_error.unwrap().text;
    assert_eq!(error, "the database sent nothing for 1s");
    assert!(harness.set.is_empty());
    proxy.release();
    harness.agrees().await;
}

/// A pooler gives each transaction another connection, so this one does not listen.
#[tokio::test]
async fn the_connection_does_not_listen() {
    fn change(bytes: &mut [u8]) {
        let listen = b"LISTEN \"cors_origins\"";
        if let Some(at) = bytes.windows(listen.len()).position(|part| part == listen) {
            bytes[at..at + listen.len()].copy_from_slice(b"select 'cors_origins'");
        }
    }
    let Some(cluster) = database().await else {
        return;
    };
    let proxy = Proxy::start_with(cluster.socket(), change).await;
    let follow = Follow::url(&proxy.url()).unwrap();
    let follow = follow
        .compare_every(NEVER)
        .check_every(Duration::from_millis(10));
    let mut harness = Harness::start_unfilled(cluster, follow);
    let status = harness
        .wait("an error", |status| status.last_error.is_some())
        .await;
    let error = status.last_error.unwrap().text;
    assert!(
        error.starts_with("the connection gets no notifications; "),
        "{error}"
    );
    // Each new connection reads the table, so changes arrive nevertheless.
    let rows = tenants(0..10, 1);
    harness.change(&insert(&rows), rows).await;
    harness.agrees().await;
}

/// Changes that no trigger announces are found by the next comparison.
#[tokio::test]
async fn the_triggers_are_missing() {
    let Some(cluster) = database().await else {
        return;
    };
    let often = |follow: Follow| quick(follow).compare_every(Duration::from_millis(20));
    let mut harness = Harness::start(cluster, often).await;
    let rows = tenants(0..100, 10);
    let statements = format!(
        "drop trigger cors_origins_inserted on cors_origins; drop trigger cors_origins_updated on cors_origins; \
         drop trigger cors_origins_deleted on cors_origins; drop trigger cors_origins_truncated on cors_origins; {}",
        insert(&rows)
    );
    harness.change(&statements, rows).await;
    harness.agrees().await;
    let model = &harness.model - &tenants(0..50, 10);
    let statement = "delete from cors_origins where key in (select 't' || generate_series(0, 49))";
    harness.change(statement, model).await;
    harness.agrees().await;
    harness
        .change("truncate cors_origins", BTreeSet::new())
        .await;
    harness.agrees().await;
    assert_eq!(harness.follower.status().keys_read, 0);
}

/// Rows that a set does not take are left out; the others count.
/// The comparison that is due does not wait for a pause between notifications. Here each read causes the next notification.
#[tokio::test]
async fn notifications_never_pause() {
    let Some(cluster) = database().await else {
        return;
    };
    let view = "create function announce() returns boolean language plpgsql as \
                $$ begin perform pg_notify('endless', 'key:t0'); return true; end $$; \
                create view endless as select key, origin from cors_origins where announce();";
    sql(&cluster, view).await;
    let often = |follow: Follow| {
        let often = quick(follow).compare_every(Duration::from_millis(1));
        often.table("endless")
    };
    let mut harness = Harness::start(cluster, often).await;
    let rows = tenants(0..1, 1);
    harness.change(&insert(&rows), rows).await;
    harness.agrees().await;
    let status = harness
        .wait("the first notification", |status| status.keys_read > 0)
        .await;
    let (comparisons, keys_read) = (status.comparisons + 3, status.keys_read + 3);
    harness
        .wait("comparisons and notifications", |status| {
            status.comparisons >= comparisons && status.keys_read >= keys_read
        })
        .await;
}

#[tokio::test]
async fn rows_are_bad() {
    let Some(cluster) = database().await else {
        return;
    };
    let mut harness = Harness::start(cluster, notified).await;
    let good = BTreeSet::from([
        row("a", "https://a.example"),
        row("", "https://none.example"),
    ]);
    let statements = format!(
        "{} insert into cors_origins values ('a', 'http://a.example'), ('a', 'https://A.example'), \
         ('', 'https://none.example:443'), ('%61', 'https://a.example'), ('%61', 'https://b.example')",
        insert(&good)
    );
    harness.change(&statements, good).await;
    harness.agrees().await;
    harness
        .wait("bad rows", |status| status.bad_rows == 5)
        .await;
    // Without the constraints, there can be anything.
    let statements = "alter table cors_origins drop constraint cors_origins_origin_is_exact; \
                      alter table cors_origins drop constraint cors_origins_key_is_a_segment; \
                      insert into cors_origins select 'b', repeat('x', i) from generate_series(1, 1000) as i; \
                      insert into cors_origins values ('b', 'null'), ('b', ''), ('a/b', 'https://a.example'), \
                      ('c', 'https://c.example'), (repeat('k', 1500), 'https://k.example')";
    let mut model = harness.model.clone();
    model.insert(row("c", "https://c.example"));
    model.insert(row(&"k".repeat(1500), "https://k.example"));
    harness.change(statements, model.clone()).await;
    harness.agrees().await;
    harness
        .wait("bad rows", |status| status.bad_rows == 1008)
        .await;
    // The same when everything is read.
    sql(&harness.cluster, "notify cors_origins").await;
    harness
        .wait("a comparison", |status| status.comparisons == 2)
        .await;
    assert_eq!(harness.follower.status().bad_rows, 1008);
    // They are corrected: unannounced, and then announced.
    model.insert(row("a", "https://b.a.example"));
    let statements = "alter table cors_origins disable trigger user; \
                      delete from cors_origins where key in ('b', 'a/b', '%61', '') and origin <> 'https://none.example'; \
                      update cors_origins set origin = 'https://b.a.example' where origin = 'http://a.example'; \
                      alter table cors_origins enable trigger user; notify cors_origins";
    harness.change(statements, model).await;
    harness.agrees().await;
    harness
        .wait("bad rows", |status| status.bad_rows == 1)
        .await;
    sql(
        &harness.cluster,
        "delete from cors_origins where origin ~ 'A'",
    )
    .await;
    harness
        .wait("no bad rows", |status| status.bad_rows == 0)
        .await;
    harness.agrees().await;
}

/// With `empty_after`, a revoked origin is not allowed for ever.
#[tokio::test]
async fn the_set_is_emptied() {
    let Some(cluster) = database().await else {
        return;
    };
    // A slow machine may be slower, so the set may be emptied at any time.
    let limited = |follow: Follow| notified(follow).empty_after(Duration::from_secs(2));
    let mut harness = Harness::start(cluster, limited).await;
    let rows = tenants(0..10, 10);
    harness.change(&insert(&rows), rows.clone()).await;
    harness.agrees().await;
    harness.cluster.kill().unwrap();
    let status = harness.wait("emptied", |status| status.is_emptied).await;
    assert!(harness.set.is_empty() && harness.set.is_filled());
    assert!(status.connected_since.is_none());
    assert!(status.age().unwrap() >= Duration::from_secs(2));
    harness.cluster.start_again().unwrap();
    harness.agrees().await;
    harness.wait("filled", |status| !status.is_emptied).await;
}

/// Errors of the connection are in the status, and nothing is permanent.
#[tokio::test]
async fn the_table_comes_later() {
    let Some(cluster) = database().await else {
        return;
    };
    sql(&cluster, "alter table cors_origins rename to other").await;
    let follow = notified(Follow::url(&cluster.url()).unwrap());
    let mut harness = Harness::start_unfilled(cluster, follow);
    let status = harness
        .wait("an error", |status| status.last_error.is_some())
        .await;
    let error = status.last_error.clone().unwrap().text;
    assert!(
        error.contains("relation \"cors_origins\" does not exist"),
        "{error}"
    );
    assert!(!harness.set.is_filled() && status.age().is_none());
    sql(&harness.cluster, "alter table other rename to cors_origins").await;
    let rows = tenants(0..10, 10);
    harness.change(&insert(&rows), rows).await;
    harness.agrees().await;
}

/// A table of another name, in another schema.
#[tokio::test]
async fn the_table_has_another_name() {
    let Some(cluster) = database().await else {
        return;
    };
    let migration = cors_postgres::MIGRATION.replace("cors_origins", "customers");
    let statements = format!("create schema app; set search_path = app; {migration}");
    sql(&cluster, &statements).await;
    let set = OriginSet::new();
    let follow = notified(Follow::url(&cluster.url()).unwrap());
    let follower = follow.schema("app").table("customers").start(&set).unwrap();
    in_time("filled", follower.wait_until_filled()).await;
    sql(
        &cluster,
        "insert into app.customers values ('a', 'https://a.example')",
    )
    .await;
    sql(
        &cluster,
        "insert into cors_origins values ('b', 'https://b.example')",
    )
    .await;
    in_time("the row", follower.wait_for(|_| !set.is_empty())).await;
    assert_eq!(
        contents(&set),
        BTreeSet::from([row("a", "https://a.example")])
    );

    // It has one connection, and none after it is stopped.
    let connections =
        "select count(*) from pg_stat_activity where application_name = 'cors-postgres'";
    assert_eq!(number(&cluster, connections).await, 1);
    in_time("stopped", follower.stop()).await;
    assert_eq!(number(&cluster, connections).await, 0);
    assert_eq!(set.len(), 1);
}

/// Two keys are two tenants, also where the database takes them for one.
#[tokio::test]
async fn keys_differ_in_their_case() {
    let Some(cluster) = database().await else {
        return;
    };
    let statements = "create collation ignoring_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false); \
                      alter table cors_origins drop constraint cors_origins_key_is_a_segment; \
                      alter table cors_origins alter column key type text collate ignoring_case";
    sql(&cluster, statements).await;
    let mut harness = Harness::start(cluster, notified).await;
    let rows = BTreeSet::from([
        row("acme", "https://small.example"),
        row("ACME", "https://large.example"),
        row("Acme", "https://mixed.example"),
    ]);
    harness.change(&insert(&rows), rows.clone()).await;
    // The trigger sends one of them.
    sql(&harness.cluster, "notify cors_origins").await;
    harness.agrees().await;
    let rows: BTreeSet<_> = rows.into_iter().filter(|(key, _)| key != "ACME").collect();
    let statement = "delete from cors_origins where origin = 'https://large.example'";
    harness.change(statement, rows).await;
    sql(&harness.cluster, "notify cors_origins, 'key:ACME'").await;
    harness.agrees().await;
}
