//! Random requests to a gateway, and to a server that applies the same policy itself. Both must respond alike, but for a
//! few listed causes.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::Path;

use super::InFront;
use super::generate::Generator;
use cors_core::adapter::{RequestHead as _, RequestHeader};

use crate::case::{Suite, is_relevant};
use crate::column::{Column, Gateway, Version};
use crate::judge::{Sameness, show};
use crate::message::{Answer, Line, RawRequest};
use crate::run::{PolicyFiles, Serves, Started, Subject};
use crate::server::FixtureBinary;

/// Requests for each policy of the cases.
const EACH: usize = 600;
/// A gateway that gets fewer of them was not tested.
const ENOUGH: usize = 10_000;
/// How many differences without a listed cause are shown.
const SHOWN: usize = 5;

/// Why a gateway responds in another way.
struct Cause {
    name: &'static str,
    gateways: &'static [Gateway],
    /// Only in versions before this one.
    before: Option<&'static str>,
    applies: fn(&Difference<'_>) -> bool,
}

/// The responses to a request that are not the same.
struct Difference<'a> {
    request: &'a RawRequest,
    library: &'a Seen,
    gateway: &'a Seen,
    /// The response of the gateway without a policy.
    bare: &'a Seen,
}

/// All causes. Each must be found in each of its columns.
const CAUSES: [Cause; 6] = [
    Cause {
        name: "the gateway refuses the request itself, with any policy",
        gateways: &Gateway::ALL,
        before: None,
        applies: |it| {
            let grants = |seen: &Seen| -> Vec<Line> {
                let lines = seen.lines.iter();
                let lines = lines.filter(|line| line.0.starts_with("access-control"));
                lines.cloned().collect()
            };
            let granted = grants(it.gateway);
            let is_refused = it.gateway.status == 400 && it.bare.status == 400;
            // A page must not read more than the policy grants.
            is_refused && (granted.is_empty() || granted == grants(it.library))
        },
    },
    Cause {
        name: "`*` after other grants, and `*` for preflights, match an IPv6 address that no browser writes like this",
        gateways: &[Gateway::Nginx, Gateway::Haproxy, Gateway::EnvoyRoutes],
        before: None,
        applies: |it| {
            let mut origins = it.request.lines(RequestHeader::Origin);
            origins.any(|origin| origin.ends_with(b"://[0:0:0:0:0:0:0:1]"))
        },
    },
    Cause {
        name: "an empty line counts as none",
        gateways: &[Gateway::Nginx],
        before: None,
        applies: |it| {
            let is_empty = |line: &Line| line.1.trim_ascii().is_empty();
            decisive(it.request).any(is_empty)
        },
    },
    Cause {
        name: "of several lines of a field, the first counts",
        gateways: &[Gateway::Nginx],
        before: Some("1.23"),
        applies: |it| {
            let lines = || {
                it.request
                    .lines
                    .iter()
                    .map(|line| line.0.to_ascii_lowercase())
            };
            let several = |name: &String| lines().filter(|other| other == name).count() > 1;
            lines().any(|name| several(&name))
        },
    },
    Cause {
        name: "an upgrade to several protocols is refused by the gateway itself, as if it were an actual request",
        gateways: &[Gateway::Envoy],
        before: None,
        applies: |it| {
            let mut lines = it.request.lines(RequestHeader::Upgrade);
            let is_refused = it.gateway.status == 403 && it.bare.status == 403;
            is_refused && lines.any(|line| line.contains(&b','))
        },
    },
    Cause {
        name: "an empty line of `Origin` is dropped, so that another one counts",
        gateways: &[Gateway::Envoy, Gateway::EnvoyRoutes],
        before: None,
        applies: |it| {
            let named = |name| move |line: &&Line| line.0.eq_ignore_ascii_case(name);
            let origins: Vec<_> = it.request.lines.iter().filter(named("origin")).collect();
            origins.len() > 1 && origins.iter().any(|line| line.1.trim_ascii().is_empty())
        },
    },
];

/// The lines of which an empty one is not the same as none.
fn decisive(request: &RawRequest) -> impl Iterator<Item = &Line> {
    request.lines.iter().filter(|(name, _)| {
        ["origin", "access-control-request-method", "sec-fetch-site"]
            .iter()
            .any(|other| name.eq_ignore_ascii_case(other))
    })
}

impl Cause {
    fn is_of(&self, column: Column) -> bool {
        let before = self
            .before
            .and_then(|before| before.parse::<Version>().ok());
        column.gateway.is_some_and(|found| {
            self.gateways.contains(&found.gateway)
                && before.is_none_or(|before| found.version < before)
        })
    }
}

/// What is compared of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    /// 0 if the connection was closed.
    status: u16,
    lines: Vec<Line>,
}

impl Seen {
    fn of(answer: &Answer) -> Self {
        let Answer::Response(response) = answer else {
            return Self {
                status: 0,
                lines: Vec::new(),
            };
        };
        let mut lines = response.lines.clone();
        // That of a refusal.
        lines.retain(|(name, _)| is_relevant(name) || name == "cache-control");
        lines.sort_by(|(a, _), (b, _)| a.cmp(b));
        Self {
            status: response.status,
            lines: Sameness::Lists.lines(&lines),
        }
    }

    fn text(&self) -> String {
        let lines: Vec<_> = self.lines.iter().map(show).collect();
        format!("{} {}", self.status, lines.join(" "))
    }
}

/// Sends random requests for each policy of the cases, and prints the result. Returns whether all differences have a
/// listed cause.
///
/// # Errors
///
/// If a gateway or a server does not start or does not respond.
pub fn run(
    columns: &[InFront<'_>],
    fixture: &FixtureBinary,
    suite: &Suite,
    seed: u64,
) -> Result<bool, String> {
    let files = PolicyFiles::write(suite)
        .map_err(|error| format!("cannot write the policies of the cases: {error}"))?;
    let mut tallies: Vec<Tally> = columns
        .iter()
        .map(|column| Tally::new(column.column()))
        .collect();
    let mut bare: Vec<_> = columns.iter().map(bare).collect::<Result<_, _>>()?;
    for (index, policy) in suite.policies.iter().enumerate() {
        // Several groups have the same policy.
        let mut earlier = suite.policies.iter().take(index);
        if earlier.any(|other| other.source == policy.source) {
            continue;
        }
        let file = files.path(index);
        let mut generator = Generator::new(&policy.config, seed);
        let requests: Vec<_> = (0..EACH).map(|_| generator.request()).collect();
        let library = fixture.start(Some(&file))?;
        let failed = |error: io::Error| format!("{}: {error}", policy.name);
        let expected = ask(&library, &requests).map_err(failed)?;
        std::thread::scope(|scope| {
            let threads: Vec<_> = columns
                .iter()
                .zip(&mut bare)
                .zip(&mut tallies)
                .map(|((column, bare), tally)| {
                    let (file, requests, expected) = (&file, &requests, &expected);
                    scope.spawn(move || {
                        let found = one(column, file, requests)?;
                        tally.compare(&policy.name, &**bare, requests, expected, &found)
                    })
                })
                .collect();
            let mut results = threads.into_iter().map(|thread| {
                let panicked = || Err("a thread panicked".to_owned());
                thread.join().unwrap_or_else(|_| panicked())
            });
            results.try_for_each(|result| result)
        })
        .map_err(|error| format!("{}: {error}", policy.name))?;
    }
    for tally in &tallies {
        print!("{}", tally.text(seed));
    }
    Ok(tallies.iter().all(Tally::is_well))
}

/// A gateway without a policy.
fn bare(column: &InFront<'_>) -> Result<Box<dyn Serves>, String> {
    match column.start(None)? {
        Started::Running(server) => Ok(server),
        Started::Refused(message) => Err(message),
    }
}

/// The responses of a gateway with a policy. None if it cannot be exported.
fn one(column: &InFront<'_>, policy: &Path, requests: &[RawRequest]) -> Result<Vec<Seen>, String> {
    match column.start(Some(policy))? {
        Started::Running(server) => {
            ask(&*server, requests).map_err(|error| format!("{}: {error}", column.column()))
        }
        Started::Refused(_) => Ok(Vec::new()),
    }
}

fn ask(server: &dyn Serves, requests: &[RawRequest]) -> io::Result<Vec<Seen>> {
    let mut answers = requests.iter().map(|request| server.send(request));
    let answers = answers.by_ref().map(|answer| Ok(Seen::of(&answer?)));
    answers.collect()
}

/// The result of the requests to a gateway.
#[derive(Debug)]
struct Tally {
    column: Column,
    requests: usize,
    same: usize,
    /// How many differences have each cause.
    causes: BTreeMap<&'static str, usize>,
    /// How many have none, and some of them in full.
    others: usize,
    shown: Vec<String>,
}

impl Tally {
    fn new(column: Column) -> Self {
        let causes = CAUSES.iter().filter(|cause| cause.is_of(column));
        Self {
            column,
            requests: 0,
            same: 0,
            causes: causes.map(|cause| (cause.name, 0)).collect(),
            others: 0,
            shown: Vec::new(),
        }
    }

    fn compare(
        &mut self,
        policy: &str,
        bare: &dyn Serves,
        requests: &[RawRequest],
        expected: &[Seen],
        found: &[Seen],
    ) -> Result<(), String> {
        for ((request, library), gateway) in requests.iter().zip(expected).zip(found) {
            self.requests += 1;
            if library == gateway {
                self.same += 1;
                continue;
            }
            let bare = bare.send(request);
            let bare = bare.map_err(|error| format!("{}: {error}", self.column))?;
            self.add(
                policy,
                &Difference {
                    request,
                    library,
                    gateway,
                    bare: &Seen::of(&bare),
                },
            );
        }
        Ok(())
    }

    fn add(&mut self, policy: &str, difference: &Difference<'_>) {
        let mut causes = CAUSES.iter().filter(|cause| cause.is_of(self.column));
        if let Some(cause) = causes.find(|cause| (cause.applies)(difference)) {
            *self.causes.entry(cause.name).or_default() += 1;
            return;
        }
        self.others += 1;
        if self.shown.len() < SHOWN {
            let Difference {
                request,
                library,
                gateway,
                ..
            } = difference;
            let lines: Vec<_> = request.lines.iter().map(show).collect();
            self.shown.push(format!(
                "{policy}: {} {} {}\n      library: {}\n      gateway: {}",
                request.method,
                request.target,
                lines.join(" "),
                library.text(),
                gateway.text(),
            ));
        }
    }

    /// The causes that no difference has.
    fn unused(&self) -> Vec<&'static str> {
        let unused = self.causes.iter().filter(|(_, count)| **count == 0);
        unused.map(|(name, _)| *name).collect()
    }

    fn is_well(&self) -> bool {
        self.others == 0 && self.requests >= ENOUGH && self.unused().is_empty()
    }

    fn text(&self, seed: u64) -> String {
        let mut text = format!(
            "{}: {} random requests (seed {seed}), {} with the library's response",
            self.column, self.requests, self.same
        );
        text += if self.is_well() { "\n" } else { ": FAILED\n" };
        for (name, count) in &self.causes {
            let _ = writeln!(text, "  {count}: {name}");
        }
        if self.others > 0 {
            let _ = writeln!(text, "  {} without a listed cause:", self.others);
        }
        for difference in &self.shown {
            let _ = writeln!(text, "    {difference}");
        }
        if self.requests < ENOUGH {
            let _ = writeln!(text, "  fewer than {ENOUGH} requests");
        }
        for name in self.unused() {
            let _ = writeln!(text, "  no difference has this cause, remove it: {name}");
        }
        text
    }
}
