//! The cases of the matrix on connections that they share.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use cors_matrix::case::{Case, NamedPolicy, Suite};
use cors_matrix::difference::{Differences, KnownDifference};
use cors_matrix::message::{self, Answer};
use cors_matrix::run::{PolicyFiles, Subject as _};
use cors_matrix::server::{FixtureBinary, Framework};
use fastrand::Rng;

use super::{Exchange, Known, connect, ends_connection, http2};

/// How many requests are sent before the first answer is read.
const BATCH: usize = 16;
/// The least number of exchanges of each kind, with each framework: the cases must not get lost.
const LEAST: usize = 1_000;

#[test]
#[ignore = "needs the fixture servers: cargo xtask test-servers"]
fn each_case_gets_its_answer_on_a_shared_connection() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let suite = Suite::read(&folder.join("cases")).unwrap();
    let differences = Differences::read(&folder.join("differences.toml")).unwrap();
    let files = PolicyFiles::write(&suite).unwrap();
    let fixtures = FixtureBinary::built().unwrap();
    thread::scope(|scope| {
        for fixture in &fixtures {
            scope.spawn(|| run(fixture, &suite, &differences.known, &files));
        }
    });
}

/// The numbers of exchanges.
#[derive(Debug, Default)]
struct Counts {
    one_after_other: usize,
    pipelined: usize,
    http2: usize,
}

fn run(
    fixture: &FixtureBinary,
    suite: &Suite,
    differences: &[KnownDifference],
    files: &PolicyFiles,
) {
    let framework = fixture.framework;
    let bare = fixture.start(None).unwrap();
    let mut bare_answers = HashMap::new();
    let mut counts = Counts::default();
    for (index, policy) in suite.policies.iter().enumerate() {
        let server = fixture.start(Some(&files.path(index))).unwrap();
        let port = server.port();
        let cases = suite.cases.iter();
        let cases = cases.filter(|case| Arc::ptr_eq(&case.policy, policy));
        let exchanges: Vec<_> = cases
            .filter_map(|case| {
                let difference = differences
                    .iter()
                    .find(|difference| difference.applies(fixture.column(), case));
                let bare = bare_answers
                    .entry(&case.request)
                    .or_insert_with(|| message::send(bare.port(), &case.request).unwrap());
                alone(framework, port, case, policy, difference, bare)
            })
            .collect();
        let kept = one_after_other(port, &exchanges);
        counts.one_after_other += exchanges.len();
        counts.pipelined += pipelined(framework, port, kept);
        counts.http2 += http2::concurrent(framework, port, &exchanges);
    }
    println!("{framework}: {counts:?}");
    assert!(counts.one_after_other >= LEAST, "{framework}: {counts:?}");
    assert!(counts.pipelined >= LEAST, "{framework}: {counts:?}");
    assert!(counts.http2 >= LEAST, "{framework}: {counts:?}");
}

/// Sends a case alone. `None` if it has no response.
fn alone<'a>(
    framework: Framework,
    port: u16,
    case: &'a Case,
    policy: &'a NamedPolicy,
    difference: Option<&KnownDifference>,
    bare: &Answer,
) -> Option<Exchange<'a>> {
    let Answer::Response(alone) = message::send(port, &case.request).unwrap() else {
        return None;
    };
    let expected = difference.map(|difference| difference.instead(&case.expected));
    Some(Exchange {
        name: format!("{framework}, {}", case.name),
        policy,
        request: case.request.clone(),
        expected: expected.unwrap_or_else(|| case.expected.clone()),
        alone,
        bare: bare.clone(),
        is_judged: difference.is_none(),
    })
}

/// Sends each request after the answer to the one before it. Returns the exchanges after which the connection stays open.
#[track_caller]
fn one_after_other<'a, 'b>(port: u16, exchanges: &'a [Exchange<'b>]) -> Vec<&'a Exchange<'b>> {
    let mut connection = None;
    let mut kept = Vec::new();
    for exchange in exchanges {
        let current = connection.get_or_insert_with(|| connect(port));
        let answer = current.exchange(&exchange.request);
        let answer = answer.unwrap_or_else(|error| panic!("{}: {error}", exchange.name));
        exchange.check("after another", &answer);
        match ends_connection(&answer) {
            true => connection = None,
            false => kept.push(exchange),
        }
    }
    kept
}

/// Sends many requests before the first answer is read. Returns their number.
#[track_caller]
fn pipelined(framework: Framework, port: u16, mut exchanges: Vec<&Exchange<'_>>) -> usize {
    exchanges.retain(|exchange| !Known::PipelinedHead.applies(framework, &exchange.request));
    // Neighbours of a file are similar.
    Rng::with_seed(1).shuffle(&mut exchanges);
    let mut connection = connect(port);
    for batch in exchanges.chunks(BATCH) {
        let requests = batch.iter().map(|exchange| &exchange.request);
        connection.send(requests).unwrap();
        for exchange in batch {
            let answer = connection.receive(&exchange.request);
            let answer = answer.unwrap_or_else(|error| panic!("{}: {error}", exchange.name));
            exchange.check("in a pipeline", &answer);
        }
    }
    exchanges.len()
}
