//! The command line of the programs of all frameworks.

use std::io::Read as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use cors_core::OriginSet;
use serde::{Deserialize, Serialize};

use crate::case::{self, Case, Origins};
use crate::counts::Count;
use crate::ours;
use crate::subject::{Answer, Framework, Subject, Variant};

/// One line of the output of such a program, as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The name of the case.
    pub case: String,
    /// What was measured.
    pub variant: Variant,
    /// Its result.
    pub value: Value,
}

/// A result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Value {
    /// Its response.
    Answer(Answer),
    /// Nanoseconds for a request.
    Time {
        /// The median of all rounds.
        median: f64,
        /// The median of the differences to the base in the same round; 0 for the base.
        difference: f64,
    },
    /// The position of a dump of callgrind.
    Instructions,
    /// Allocations for a request, and their bytes.
    Allocations {
        /// How many.
        count: u64,
        /// Their bytes in total.
        bytes: u64,
    },
    /// The building of a policy, or the filling of a set.
    Build {
        /// How many seconds it takes.
        seconds: f64,
        /// The bytes of the origins themselves.
        origins: u64,
        /// The bytes of the policy or the set in memory; 0 if allocations are not counted.
        held: u64,
    },
}

/// How often the instructions of a case are counted with each policy: some frameworks have hash tables with
/// random seeds in each request.
const DUMPS: usize = 4;
/// Requests before the measurement, so that pools are filled and tables have grown.
const WARM_UP: usize = 32;
/// How many turns each variant has.
const ROUNDS: usize = 101;
/// The approximate time of a turn.
const TURN: Duration = Duration::from_micros(500);
/// Requests that are created before they are measured: so few that they stay in the cache.
const BATCH: usize = 32;

/// Runs one framework's program.
pub fn run(framework: &dyn Framework) -> ExitCode {
    match Command::from_args() {
        Ok(Command::Serve(variant, origins)) => {
            end_with_stdin();
            framework.serve(variant, origins);
        }
        Ok(Command::Build(count)) => build(count),
        Ok(Command::Fill(count)) => fill(count),
        Ok(Command::Measure(measure, largest)) => {
            let mut cases = case::all();
            cases.retain(|case| case.origins.count() <= largest);
            for cases in cases.chunk_by(|a, b| a.origins == b.origins) {
                for _ in 0..measure.policies(cases) {
                    measure_all(framework, cases, measure);
                }
            }
        }
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

/// The numbers of allocations among what a program prints.
pub fn allocations(rows: &[Row]) -> Vec<Count> {
    let counts = rows.iter().filter_map(|row| match row.value {
        Value::Allocations { count, .. } => Some((row.case.clone(), row.variant, count)),
        _ => None,
    });
    counts.collect()
}

enum Command {
    /// What to measure, and the greatest number of origins.
    Measure(Measure, usize),
    Serve(Variant, Origins),
    /// Build a policy with this many origins.
    Build(usize),
    /// Fill a set with this many origins.
    Fill(usize),
}

#[derive(Clone, Copy)]
enum Measure {
    Answers,
    Time,
    Instructions {
        /// Whether to count the peers, too, some of which take long.
        peers: bool,
        /// With how many policies, one after the other: the hash tables of each have random seeds.
        policies: usize,
    },
    Allocations,
}

impl Measure {
    /// With how many policies cases are measured.
    fn policies(self, cases: &[Case]) -> usize {
        let many = |case: &Case| case.origins.count() > 1_000;
        match self {
            // Under callgrind, building these takes minutes.
            Self::Instructions { .. } if cases.iter().any(many) => 1,
            Self::Instructions { policies, .. } => policies,
            Self::Answers | Self::Time | Self::Allocations => 1,
        }
    }
}

impl Command {
    fn from_args() -> Result<Self, lexopt::Error> {
        let mut args = lexopt::Parser::from_env();
        let mut words = Vec::new();
        while let Some(arg) = args.next()? {
            match arg {
                lexopt::Arg::Value(word) => words.push(word.to_string_lossy().into_owned()),
                other => return Err(other.unexpected()),
            }
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (measure, largest) = match words[..] {
            ["serve", variant, origins] => {
                let origins = Origins::Exact(origins.parse().map_err(|_| "no number")?);
                return Ok(Self::Serve(variant.parse()?, origins));
            }
            ["build", count] => {
                return Ok(Self::Build(count.parse().map_err(|_| "no number")?));
            }
            ["fill", count] => {
                return Ok(Self::Fill(count.parse().map_err(|_| "no number")?));
            }
            ["answers", largest] => (Measure::Answers, largest),
            ["time", largest] => (Measure::Time, largest),
            [
                what @ ("instructions" | "instructions-without-peers"),
                largest,
                policies,
            ] => {
                let peers = what == "instructions";
                let policies = policies.parse().map_err(|_| "no number")?;
                (Measure::Instructions { peers, policies }, largest)
            }
            ["allocations", largest] => (Measure::Allocations, largest),
            _ => return Err("this program is run by `cargo xtask bench`".into()),
        };
        Ok(Self::Measure(
            measure,
            largest.parse().map_err(|_| "no number")?,
        ))
    }
}

/// Measures cases with the same policy.
fn measure_all(framework: &dyn Framework, cases: &[Case], measure: Measure) {
    let Some(origins) = cases.first().map(|case| case.origins) else {
        return;
    };
    ours::forget_sets();
    let subjects = Variant::ALL.into_iter().filter_map(|variant| {
        if variant == Variant::Peer && matches!(measure, Measure::Instructions { peers: false, .. })
        {
            return None;
        }
        let subject = framework.subject(variant, origins)?;
        Some((variant, subject))
    });
    let mut subjects: Vec<_> = subjects.collect();
    for case in cases {
        let mut print = |variant, value| print(&case.name, variant, value);
        if let Measure::Time = measure {
            time(&mut subjects, case, &mut print);
            continue;
        }
        for (variant, subject) in &mut subjects {
            for _ in 0..WARM_UP {
                subject.answer(&case.message);
            }
            match measure {
                Measure::Answers => print(*variant, Value::Answer(subject.answer(&case.message))),
                Measure::Instructions { .. } => {
                    for _ in 0..DUMPS {
                        ours::change_sets();
                        subject.count_instructions(&case.message);
                        print(*variant, Value::Instructions);
                    }
                }
                Measure::Allocations => print(*variant, count_allocations(subject.as_mut(), case)),
                Measure::Time => {}
            }
        }
    }
}

fn print(case: &str, variant: Variant, value: Value) {
    let case = case.to_owned();
    let row = Row {
        case,
        variant,
        value,
    };
    if let Ok(text) = serde_json::to_string(&row) {
        println!("{text}");
    }
}

/// Builds a policy from an existing configuration.
fn build(count: usize) {
    let config = ours::config(Origins::Exact(count));
    let texts = config.grants.iter().flat_map(|grant| &grant.allow_origins);
    let origins = texts.map(|text| text.len() as u64).sum();
    let mut policy = None;
    let mut seconds = 0.0;
    let held = held(|| {
        // The copy is dropped at the end.
        let config = config.clone();
        let start = Instant::now();
        policy = cors_core::Policy::new(config).ok();
        seconds = start.elapsed().as_secs_f64();
    });
    drop(policy);
    let value = Value::Build {
        seconds,
        origins,
        held,
    };
    print("build", Variant::Ours, value);
}

/// Fills a set with existing texts.
fn fill(count: usize) {
    let entries: Vec<_> = ours::entries(count).collect();
    let origins = entries.iter().map(|(_, origin)| origin.len() as u64).sum();
    let set = OriginSet::new();
    let mut seconds = 0.0;
    let held = held(|| {
        let start = Instant::now();
        set.replace(entries.iter().map(|(key, origin)| (key, origin)));
        seconds = start.elapsed().as_secs_f64();
    });
    let value = Value::Build {
        seconds,
        origins,
        held,
    };
    print("fill", Variant::Ours, value);
}

#[cfg(feature = "count-allocations")]
fn held(run: impl FnOnce()) -> u64 {
    allocation_counter::measure(run)
        .bytes_current
        .unsigned_abs()
}

#[cfg(not(feature = "count-allocations"))]
fn held(run: impl FnOnce()) -> u64 {
    run();
    0
}

#[cfg(feature = "count-allocations")]
fn count_allocations(subject: &mut dyn Subject, case: &Case) -> Value {
    let (count, bytes) = subject.count_allocations(&case.message);
    Value::Allocations { count, bytes }
}

#[cfg(not(feature = "count-allocations"))]
fn count_allocations(_: &mut dyn Subject, _: &Case) -> Value {
    eprintln!("this program was built without `count-allocations`");
    std::process::exit(2);
}

/// Measures the variants in turns, so that a slow phase of the machine affects all of them.
fn time(
    subjects: &mut [(Variant, Box<dyn Subject>)],
    case: &Case,
    print: &mut dyn FnMut(Variant, Value),
) {
    let message = &case.message;
    let batches: Vec<(usize, usize)> = subjects
        .iter_mut()
        .map(|(_, subject)| {
            subject.time(message, WARM_UP);
            let one = subject.time(message, 4).max(Duration::from_nanos(40)) / 4;
            let requests = (TURN.as_nanos() / one.as_nanos().max(1)) as usize;
            (requests.div_ceil(BATCH).max(1), requests.clamp(1, BATCH))
        })
        .collect();
    let rounds: Vec<Vec<f64>> = (0..ROUNDS)
        .map(|round| {
            let mut times = vec![0.0; subjects.len()];
            for turn in 0..subjects.len() {
                // Another variant is the first in each round.
                let at = (turn + round) % subjects.len();
                let (Some((_, subject)), Some((batches, batch)), Some(slot)) =
                    (subjects.get_mut(at), batches.get(at), times.get_mut(at))
                else {
                    continue;
                };
                let time = |_| {
                    ours::change_sets();
                    subject.time(message, *batch)
                };
                let total: Duration = (0..*batches).map(time).sum();
                *slot = total.as_nanos() as f64 / (batches * batch) as f64;
            }
            times
        })
        .collect();
    for (at, (variant, _)) in subjects.iter().enumerate() {
        let of = |round: &Vec<f64>, at: usize| round.get(at).copied().unwrap_or_default();
        let median_of =
            |value: &dyn Fn(&Vec<f64>) -> f64| median(rounds.iter().map(value).collect());
        let median = median_of(&|round| of(round, at));
        let difference = median_of(&|round| of(round, at) - of(round, 0));
        print(*variant, Value::Time { median, difference });
    }
}

/// The median.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// Exits when standard input is closed, so this process cannot outlive the one that started it.
fn end_with_stdin() {
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
}
