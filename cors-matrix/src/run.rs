//! Every case in every column.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use tempfile::TempDir;

use crate::case::{Case, Expected, NamedPolicy, Suite};
use crate::column::Column;
use crate::difference::{Differences, KnownDifference};
use crate::judge::{JUDGES, JudgedExchange, Pass, Sameness, relevant};
use crate::message::{self, Answer, RawRequest};
use crate::report::{CaseFailure, RefusedPolicy, Report};
use crate::server::{FixtureBinary, FixtureServer};

/// What a column of the matrix tests.
pub trait Subject: Sync {
    /// The column.
    fn column(&self) -> Column;

    /// Starts it with a policy, or bare without one.
    ///
    /// # Errors
    ///
    /// If it does not start.
    fn start(&self, policy: Option<&Path>) -> Result<Started, String>;
}

/// The result of [`Subject::start`].
#[derive(Debug)]
pub enum Started {
    /// It waits for requests.
    Running(Box<dyn Serves>),
    /// It cannot apply the policy, and says why.
    Refused(String),
}

/// What responds to requests. Dropping it stops it.
pub trait Serves: std::fmt::Debug + Send {
    /// Sends a request on a new connection.
    ///
    /// # Errors
    ///
    /// As with [`message::send`].
    fn send(&self, request: &RawRequest) -> io::Result<Answer>;
}

impl Subject for FixtureBinary {
    fn column(&self) -> Column {
        Column {
            framework: self.framework,
            gateway: None,
        }
    }

    fn start(&self, policy: Option<&Path>) -> Result<Started, String> {
        let server = Self::start(self, policy)?;
        Ok(Started::Running(Box::new(server)))
    }
}

impl Serves for FixtureServer {
    fn send(&self, request: &RawRequest) -> io::Result<Answer> {
        message::send(self.port(), request)
    }
}

/// What happened to a case in a column.
enum Outcome {
    /// The response, and that without the policy.
    Answered { answer: Answer, bare: Answer },
    /// No response came.
    Failed(io::Error),
    /// The policy is not applied.
    Refused,
}

/// The outcomes in a column.
struct Outcomes {
    /// Of each case.
    cases: Vec<Outcome>,
    /// The policies that are not applied, and why.
    refused: Vec<(Arc<NamedPolicy>, String)>,
}

/// Runs all cases of a suite in some columns and checks the responses. `done` is called after each case in each
/// column.
///
/// # Errors
///
/// If a bare server or gateway cannot be started. What else is wrong is in the report.
pub fn run<S: Subject>(
    subjects: &[S],
    suite: &Suite,
    differences: &Differences,
    done: &(dyn Fn() + Sync),
) -> Result<Report, String> {
    let folder = PolicyFiles::write(suite)
        .map_err(|error| format!("cannot write the policies of the cases: {error}"))?;
    let outcomes = std::thread::scope(|scope| {
        let threads: Vec<_> = subjects
            .iter()
            .map(|subject| scope.spawn(|| ask(subject, suite, &folder, done)))
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
    let columns = subjects.iter().map(Subject::column).collect();
    Ok(judge(suite, differences, columns, &outcomes))
}

/// Sends every case to the servers of a column: one for each policy, and a bare one.
fn ask(
    subject: &impl Subject,
    suite: &Suite,
    folder: &PolicyFiles,
    done: &(dyn Fn() + Sync),
) -> Result<Outcomes, String> {
    let Started::Running(bare) = subject.start(None)? else {
        return Err(format!("{} cannot run without a policy", subject.column()));
    };
    let mut bare_answers: HashMap<&RawRequest, Answer> = HashMap::new();
    let mut outcomes: Vec<Option<Outcome>> = suite.cases.iter().map(|_| None).collect();
    let mut refused = Vec::new();
    for (index, policy) in suite.policies.iter().enumerate() {
        let cases = suite.cases.iter().zip(&mut outcomes);
        let mut cases = cases
            .filter(|(case, _)| Arc::ptr_eq(&case.policy, policy))
            .peekable();
        if cases.peek().is_none() {
            continue;
        }
        let server = match subject.start(Some(&folder.path(index))) {
            Ok(Started::Running(server)) => server,
            Err(message) => {
                // The other policies can be fine.
                for (_, slot) in cases {
                    let message = format!("{}: {message}", policy.name);
                    *slot = Some(Outcome::Failed(io::Error::other(message)));
                    done();
                }
                continue;
            }
            Ok(Started::Refused(message)) => {
                refused.push((Arc::clone(policy), message));
                for (_, slot) in cases {
                    *slot = Some(Outcome::Refused);
                    done();
                }
                continue;
            }
        };
        for (case, slot) in cases {
            let mut ask = || {
                let answer = server.send(&case.request)?;
                if !bare_answers.contains_key(&case.request) {
                    bare_answers.insert(&case.request, bare.send(&case.request)?);
                }
                let bare = bare_answers.get(&case.request).cloned();
                let bare = bare.unwrap_or(Answer::Closed);
                Ok(Outcome::Answered { answer, bare })
            };
            *slot = Some(ask().unwrap_or_else(Outcome::Failed));
            done();
        }
    }
    let missing = || Outcome::Failed(io::Error::other("the case was not run"));
    let cases = outcomes.into_iter();
    Ok(Outcomes {
        cases: cases
            .map(|outcome| outcome.unwrap_or_else(missing))
            .collect(),
        refused,
    })
}

fn judge(
    suite: &Suite,
    differences: &Differences,
    columns: Vec<Column>,
    outcomes: &[Outcomes],
) -> Report {
    let mut report = Report::new(columns, differences);
    for (index, case) in suite.cases.iter().enumerate() {
        // The response that all frameworks without a known difference must have.
        let mut common: Option<(Column, &Answer)> = None;
        for (number, outcomes) in outcomes.iter().enumerate() {
            let Some(column) = report.columns.get(number).copied() else {
                continue;
            };
            let mut failures = Vec::new();
            let mut listed = differences.known.iter();
            let known = listed.position(|difference| difference.applies(column, case));
            match outcomes.cases.get(index) {
                Some(Outcome::Answered { answer, bare }) => {
                    let exchange = JudgedExchange {
                        policy: &case.policy,
                        request: &case.request,
                        expected: &case.expected,
                        answer,
                        bare,
                        sameness: match column.gateway {
                            None => Sameness::Bytes,
                            Some(_) => Sameness::Lists,
                        },
                    };
                    let difference = known.and_then(|known| differences.known.get(known));
                    judge_one(&exchange, difference, &mut report.judged, &mut failures);
                    // Gateways have statuses of their own for what an application or a client does wrong.
                    if known.is_none() && column.gateway.is_none() {
                        match common {
                            None => common = Some((column, answer)),
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
                Some(Outcome::Refused) => {
                    report.add_refused(number, &case.group);
                    continue;
                }
                Some(Outcome::Failed(error)) => failures.push(("connection", error.to_string())),
                None => failures.push(("connection", "the case was not run".to_owned())),
            }
            let failures = failures.into_iter().map(|(judge, message)| CaseFailure {
                column,
                case: case.name.clone(),
                judge: judge.to_owned(),
                message,
            });
            report.add(number, &case.group, known, failures.collect());
        }
    }
    for (column, outcomes) in report.columns.clone().into_iter().zip(outcomes) {
        judge_refusals(suite, differences, column, outcomes, &mut report);
    }
    report
}

/// Compares the policies that are refused in a column with those that are listed.
fn judge_refusals(
    suite: &Suite,
    differences: &Differences,
    column: Column,
    outcomes: &Outcomes,
    report: &mut Report,
) {
    for policy in &suite.policies {
        let cases = suite.cases.iter();
        let cases = cases.filter(|case| Arc::ptr_eq(&case.policy, policy));
        let cases = cases.count();
        if cases == 0 {
            continue;
        }
        let mut listed = differences.refused.iter();
        let known = listed.position(|refusal| refusal.applies(column, &policy.name));
        let listed = known.and_then(|known| differences.refused.get(known));
        let mut refused = outcomes.refused.iter();
        let refused = refused.find(|(refused, _)| Arc::ptr_eq(refused, policy));
        let wrong = match (refused, listed) {
            (None, None) => None,
            (None, Some(_)) => {
                Some("the policy is exported: remove it from the list of those that are not".into())
            }
            (Some((_, message)), Some(listed)) if listed.explains(message) => None,
            (Some((_, message)), Some(_)) => Some(format!(
                "the policy is not exported for another reason than the listed one: {message}"
            )),
            (Some((_, message)), None) => Some(format!("the policy cannot be exported: {message}")),
        };
        if refused.is_some() {
            report.refused.push(RefusedPolicy {
                column,
                policy: policy.name.clone(),
                cases,
                known,
            });
        }
        report.failures.extend(wrong.map(|message| CaseFailure {
            column,
            case: policy.name.clone(),
            judge: "known refusal".to_owned(),
            message,
        }));
    }
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
    if exchange.meets(exchange.expected).is_ok() {
        let message = "the known difference no longer exists: remove it from the list";
        failures.push(("known difference", message.to_owned()));
    } else if let Err(message) = exchange.meets(&instead) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::{Gateway, GatewayVersion};
    use crate::message::RawResponse;
    use crate::server::Framework;

    /// A gateway that answers every request alike, and refuses some policies.
    #[derive(Clone, Copy, Debug)]
    struct Fake(&'static [&'static str]);

    impl Subject for Fake {
        fn column(&self) -> Column {
            Column {
                framework: Framework::Axum,
                gateway: Some(GatewayVersion {
                    gateway: Gateway::Nginx,
                    version: "1.22".parse().unwrap(),
                }),
            }
        }

        fn start(&self, policy: Option<&Path>) -> Result<Started, String> {
            let source = policy.map(|policy| fs::read_to_string(policy).unwrap());
            let source = source.unwrap_or_default();
            match self.0.iter().any(|refused| source.contains(refused)) {
                true => Ok(Started::Refused("error: not this one".to_owned())),
                false => Ok(Started::Running(Box::new(*self))),
            }
        }
    }

    impl Serves for Fake {
        fn send(&self, _: &RawRequest) -> io::Result<Answer> {
            Ok(Answer::Response(RawResponse {
                status: 200,
                lines: vec![("vary".to_owned(), b"Origin".to_vec())],
                pieces: Vec::new(),
            }))
        }
    }

    /// A refusal that is not listed is a failure, and so is a listed policy that is exported.
    #[test]
    fn refusals() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("common.toml", "");
        let case = |name: &str| {
            format!(
                "[[case]]\nname = '{name}'\npolicy = '{name}'\nsend = 'GET /'\n\
                 expect = '''\n200\nvary: Origin\n'''\n"
            )
        };
        write(
            "group.toml",
            &format!(
                "[policies]\nfirst = \"allow_origins = ['https://a.example']\"\n\
                 second = \"allow_origins = ['https://b.example']\"\n{}{}",
                case("first"),
                case("second"),
            ),
        );
        let suite = Suite::read(folder.path()).unwrap();
        let check = |refused, listed: &[(&str, &str)], expected: &[&str]| {
            let entry = |(policies, error): &(&str, &str)| {
                format!(
                    "[[refused]]\ngateway = 'nginx'\npolicies = '{policies}'\nerror = '{error}'\n\
                     reason = 'why'\n"
                )
            };
            let list = folder.path().join("list");
            fs::write(&list, listed.iter().map(entry).collect::<String>()).unwrap();
            let differences = Differences::read(&list).unwrap();
            let report = run(&[Fake(refused)], &suite, &differences, &|| {});
            let mut report = report.unwrap();
            report.reject_unused(&differences);
            let failures = report.failures.iter();
            let failures: Vec<_> = failures
                .map(|failure| format!("{}: {}", failure.case, failure.message))
                .collect();
            assert_eq!(failures.len(), expected.len(), "{failures:?}");
            for (failure, expected) in failures.iter().zip(expected) {
                assert!(failure.starts_with(expected), "{failure}");
            }
            let total = report.total();
            assert_eq!(
                (total.refused, total.exchanges),
                (refused.len(), 2 - refused.len())
            );
        };
        check(&[], &[], &[]);
        check(&["b.example"], &[("second", "not this")], &[]);
        let missing = "group/second: the policy cannot be exported: error: not this one";
        check(&["b.example"], &[], &[missing]);
        let other = "group/second: the policy is not exported for another reason";
        check(&["b.example"], &[("second", "sets")], &[other]);
        check(
            &[],
            &[("second", "not this")],
            &[
                "group/second: the policy is exported",
                "second: no refused policy has this name",
            ],
        );
        check(
            &["a.example", "b.example"],
            &[("first", "not this"), ("second", "not this")],
            &[],
        );
    }
}
