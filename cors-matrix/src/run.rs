//! Every case against every framework.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::{fs, io};

use tempfile::TempDir;

use crate::case::{Case, Expected, Suite};
use crate::difference::KnownDifference;
use crate::judge::{JUDGES, JudgedExchange, Pass, meets, relevant};
use crate::message::{self, Answer, RawRequest};
use crate::report::{CaseFailure, Report};
use crate::server::{FixtureBinary, Framework};

/// The responses of a framework's servers to a case, with the middleware and without.
type Answers = io::Result<(Answer, Answer)>;

/// Runs all cases of a suite against the fixture servers and checks the responses. `done` is
/// called after each case on each framework.
///
/// # Errors
///
/// If a server cannot be started. What is wrong with its responses is in the report.
pub fn run(
    fixtures: &[FixtureBinary],
    suite: &Suite,
    differences: &[KnownDifference],
    done: &(dyn Fn() + Sync),
) -> Result<Report, String> {
    let folder = PolicyFiles::write(suite)
        .map_err(|error| format!("cannot write the policies of the cases: {error}"))?;
    let answers = std::thread::scope(|scope| {
        let threads: Vec<_> = fixtures
            .iter()
            .map(|fixture| scope.spawn(|| ask(fixture, suite, &folder, done)))
            .collect();
        threads
            .into_iter()
            .map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|_| Err("a thread panicked".to_owned()))
            })
            .collect::<Result<Vec<_>, _>>()
    })?;
    let frameworks = fixtures.iter().map(|fixture| fixture.framework).collect();
    Ok(judge(suite, differences, frameworks, &answers))
}

/// Sends every case to one framework's servers: one for each policy, and a bare one.
fn ask(
    fixture: &FixtureBinary,
    suite: &Suite,
    folder: &PolicyFiles,
    done: &(dyn Fn() + Sync),
) -> Result<Vec<Answers>, String> {
    let bare = fixture.start(None)?;
    let mut bare_answers: HashMap<&RawRequest, Answer> = HashMap::new();
    let mut answers: Vec<Option<Answers>> = suite.cases.iter().map(|_| None).collect();
    for (index, policy) in suite.policies.iter().enumerate() {
        let cases = suite.cases.iter().zip(&mut answers);
        let mut cases = cases
            .filter(|(case, _)| Arc::ptr_eq(&case.policy, policy))
            .peekable();
        if cases.peek().is_none() {
            continue;
        }
        let server = fixture.start(Some(&folder.path(index)))?;
        for (case, slot) in cases {
            let mut ask = || {
                let answer = message::send(server.port(), &case.request)?;
                if !bare_answers.contains_key(&case.request) {
                    let answer = message::send(bare.port(), &case.request)?;
                    bare_answers.insert(&case.request, answer);
                }
                let bare = bare_answers.get(&case.request).cloned();
                Ok((answer, bare.unwrap_or(Answer::Closed)))
            };
            *slot = Some(ask());
            done();
        }
    }
    let missing = || Err(io::Error::other("the case was not run"));
    Ok(answers
        .into_iter()
        .map(|answer| answer.unwrap_or_else(missing))
        .collect())
}

fn judge(
    suite: &Suite,
    differences: &[KnownDifference],
    frameworks: Vec<Framework>,
    answers: &[Vec<Answers>],
) -> Report {
    let mut report = Report::new(frameworks, differences.len());
    for (index, case) in suite.cases.iter().enumerate() {
        // The response that all frameworks without a known difference must have.
        let mut common: Option<(Framework, &Answer)> = None;
        for (column, answers) in answers.iter().enumerate() {
            let Some(framework) = report.frameworks.get(column).copied() else {
                continue;
            };
            let mut failures = Vec::new();
            let known = differences
                .iter()
                .position(|difference| difference.applies(framework, case));
            match answers.get(index) {
                Some(Ok((answer, bare))) => {
                    let exchange = JudgedExchange {
                        policy: &case.policy,
                        request: &case.request,
                        expected: &case.expected,
                        answer,
                        bare,
                    };
                    let difference = known.and_then(|known| differences.get(known));
                    judge_one(&exchange, difference, &mut report.judged, &mut failures);
                    if known.is_none() {
                        match common {
                            None => common = Some((framework, answer)),
                            Some((other, theirs)) if !same(answer, theirs, case) => {
                                failures.push((
                                    "comparison",
                                    format!("differs from the response of {other}"),
                                ));
                            }
                            Some(_) => {}
                        }
                    }
                }
                Some(Err(error)) => failures.push(("connection", error.to_string())),
                None => failures.push(("connection", "the case was not run".to_owned())),
            }
            let failures = failures.into_iter().map(|(judge, message)| CaseFailure {
                framework,
                case: case.name.clone(),
                judge: judge.to_owned(),
                message,
            });
            report.add(column, &case.group, known, failures.collect());
        }
    }
    report
}

fn judge_one(
    exchange: &JudgedExchange<'_>,
    difference: Option<&KnownDifference>,
    judged: &mut [usize; JUDGES.len()],
    failures: &mut Vec<(&'static str, String)>,
) {
    let Some(difference) = difference else {
        for (judge, judged) in JUDGES.iter().zip(judged) {
            match judge.judge(exchange) {
                Ok(Pass::Checked) => *judged += 1,
                Ok(Pass::NotApplicable) => {}
                Err(message) => failures.push((judge.name, message)),
            }
        }
        return;
    };
    let instead = difference.instead(exchange.expected);
    if meets(exchange.answer, exchange.expected).is_ok() {
        let message = "the known difference no longer exists: remove it from the list";
        failures.push(("known difference", message.to_owned()));
    } else if let Err(message) = meets(exchange.answer, &instead) {
        failures.push(("known difference", message));
    }
}

/// Whether two frameworks send the same, byte for byte.
fn same(a: &Answer, b: &Answer, case: &Case) -> bool {
    match (a, b) {
        (Answer::Response(a), Answer::Response(b)) => {
            let any_status = matches!(case.expected, Expected::Response { status: None, .. });
            (any_status || a.status == b.status) && relevant(a) == relevant(b)
        }
        (a, b) => a == b,
    }
}

/// The policies of a suite as files. Dropping this removes them.
#[derive(Debug)]
pub struct PolicyFiles(TempDir);

impl PolicyFiles {
    /// Writes them to a temporary folder.
    ///
    /// # Errors
    ///
    /// If that fails.
    pub fn write(suite: &Suite) -> io::Result<Self> {
        let files = Self(TempDir::with_prefix("cors-matrix-")?);
        for (index, policy) in suite.policies.iter().enumerate() {
            fs::write(files.path(index), &policy.source)?;
        }
        Ok(files)
    }

    /// The file of a policy, by its place in [`Suite::policies`].
    pub fn path(&self, policy: usize) -> PathBuf {
        self.0.path().join(format!("{policy}.toml"))
    }
}
