//! Encrypted connections.

use cors_core::OriginSet;
use cors_postgres::Follow;
use rcgen::{CertificateParams, KeyPair};
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::harness::{Harness, database, in_time, insert, number, tenants};

#[tokio::test]
async fn the_certificate_is_checked() {
    let Some(mut cluster) = database().await else {
        return;
    };
    let parameters = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = parameters.self_signed(&key).unwrap().pem();
    let port = cluster
        .serve_tls(&certificate, &key.serialize_pem())
        .unwrap();
    let options = |host| {
        PgConnectOptions::new_without_pgpass()
            .host(host)
            .port(port)
            .username("postgres")
            .database("postgres")
            .ssl_mode(PgSslMode::VerifyFull)
    };
    let trusting = |host| options(host).ssl_root_cert_from_pem(certificate.clone().into_bytes());

    for (options, expected) in [
        (options("127.0.0.1"), "UnknownIssuer"),
        (trusting("localhost"), "not valid for name"),
    ] {
        let set = OriginSet::new();
        let follower = Follow::new(options).start(&set).unwrap();
        let failed = follower.wait_for(|status| status.last_error.is_some());
        let error = in_time(expected, failed).await.last_error.unwrap().text;
        assert!(error.contains(expected), "{error}");
        assert!(!set.is_filled());
    }

    let follow = Follow::new(trusting("127.0.0.1"));
    let mut harness = Harness::start_unfilled(cluster, follow);
    let rows = tenants(0..10, 10);
    harness.change(&insert(&rows), rows).await;
    harness.agrees().await;
    let are_encrypted = "select bool_and(ssl)::int::bigint from pg_stat_ssl join pg_stat_activity using (pid) \
                         where application_name = 'cors-postgres'";
    assert_eq!(number(&harness.cluster, are_encrypted).await, 1);
}
