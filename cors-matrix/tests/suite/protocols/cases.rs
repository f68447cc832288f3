//! The cases of the matrix on connections that they share.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use cors_matrix::case::{Case, NamedPolicy, Suite};
use cors_matrix::difference::{Differences, KnownDifference};
use cors_matrix::message::{self, Answer, Connection};
use cors_matrix::run::{PolicyFiles, Subject as _};
use cors_matrix::server::{FixtureBinary, Framework};
use fastrand::Rng;

use super::{Exchange, Known, connect, ends_connection, http2};

/// How many requests are sent before the first answer is read.
const BATCH: usize = 16;
/// The least number of exchanges of each kind, with each framework: the cases must not get lost.
pub(super) const LEAST: usize = 1_000;

#[test]
#[ignore = "needs the fixture servers: cargo xtask test-servers"]
fn each_case_gets_its_answer_on_a_shared_connection() {
    let cases = Cases::read();
    thread::scope(|scope| {
        for fixture in FixtureBinary::built().unwrap() {
            let cases = &cases;
            scope.spawn(move || run(&fixture, cases));
        }
    });
}

/// The cases, and what they need.
pub(super) struct Cases {
    suite: Suite,
    differences: Differences,
    files: PolicyFiles,
}

impl Cases {
    pub(super) fn read() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let suite = Suite::read(&folder.join("cases")).unwrap();
        Self {
            differences: Differences::read(&folder.join("differences.toml")).unwrap(),
            files: PolicyFiles::write(&suite).unwrap(),
            suite,
        }
    }

    /// Calls a function for each policy: with its file, with the port of a server that has it, and with the exchanges.
    pub(super) fn each_policy(
        &self,
        fixture: &FixtureBinary,
        mut check: impl FnMut(&Path, u16, &[Exchange<'_>]),
    ) {
        let bare = fixture.start(None).unwrap();
        let mut bare_answers = HashMap::new();
        for (index, policy) in self.suite.policies.iter().enumerate() {
            let file = self.files.path(index);
            let server = fixture.start(Some(&file)).unwrap();
            let port = server.port();
            let cases = self.suite.cases.iter();
            let cases = cases.filter(|case| Arc::ptr_eq(&case.policy, policy));
            let exchanges: Vec<_> = cases
                .filter_map(|case| {
                    let mut differences = self.differences.known.iter();
                    let difference =
                        differences.find(|difference| difference.applies(fixture.column(), case));
                    let bare = bare_answers
                        .entry(&case.request)
                        .or_insert_with(|| message::send(bare.port(), &case.request).unwrap());
                    alone(fixture.framework, port, case, policy, difference, bare)
                })
                .collect();
            check(&file, port, &exchanges);
        }
    }
}

/// The numbers of exchanges.
#[derive(Debug, Default)]
struct Counts {
    one_after_other: usize,
    pipelined: usize,
    http2: usize,
}

fn run(fixture: &FixtureBinary, cases: &Cases) {
    let framework = fixture.framework;
    let mut counts = Counts::default();
    cases.each_policy(fixture, |_, port, exchanges| {
        let kept = one_after_other("after another", exchanges, || connect(port));
        counts.one_after_other += exchanges.len();
        counts.pipelined += pipelined(framework, port, kept);
        counts.http2 += http2::concurrent(framework, "http", http2::stream(port), exchanges);
    });
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
pub(super) fn one_after_other<'a, 'b, S: Read + Write>(
    how: &str,
    exchanges: &'a [Exchange<'b>],
    connect: impl Fn() -> Connection<S>,
) -> Vec<&'a Exchange<'b>> {
    let mut connection = None;
    let mut kept = Vec::new();
    for exchange in exchanges {
        let current = connection.get_or_insert_with(&connect);
        let answer = current.exchange(&exchange.request);
        let answer = answer.unwrap_or_else(|error| panic!("{}: {error}", exchange.name));
        exchange.check(how, &answer);
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
