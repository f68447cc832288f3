//! The table, and the page that it is on.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Command;

use cors_bench::callgrind;
use cors_bench::case::{self, Origins};
use cors_bench::measure::{Row, Value};
use cors_bench::programs::Program;
use cors_bench::subject::{Answer, Variant};
use serde::Deserialize;

use crate::load::Throughput;

/// All that was measured.
#[derive(Default)]
pub(crate) struct Report {
    cells: BTreeMap<(Program, String, Variant), Cell>,
    pub(crate) build: Option<Build>,
    pub(crate) throughput: Vec<(Program, Throughput)>,
    skipped: Vec<String>,
}

/// What was measured of a variant in a case.
#[derive(Clone, Debug, Default)]
struct Cell {
    answer: Option<Answer>,
    /// In all, and more than the base.
    time: Option<(f64, f64)>,
    instructions: Option<i64>,
    /// How many, and of how many bytes.
    allocations: Option<(i64, i64)>,
}

impl Cell {
    /// Whether what it answers takes the same work.
    fn is_like(&self, other: &Self) -> bool {
        let answers = self.answer.as_ref().zip(other.answer.as_ref());
        answers.is_none_or(|(answer, other)| answer.is_like(other))
    }
}

/// The building of a policy.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Build {
    pub(crate) count: usize,
    pub(crate) seconds: f64,
    pub(crate) origins: u64,
    pub(crate) held: u64,
}

/// The goal of a framework: the most that it may cost more than the base.
struct Goal {
    program: Program,
    variant: Variant,
    /// The form, where there are two.
    form: &'static str,
    /// A `GET` without `Origin` or denied, one allowed, a preflight allowed.
    instructions: [i64; 3],
    allocations: [i64; 3],
}

const GOAL_CASES: [(&str, usize); 4] = [
    ("GET without Origin", 0),
    ("GET denied", 0),
    ("GET allowed", 1),
    ("preflight allowed", 2),
];

const GOALS: [Goal; 6] = [
    Goal {
        program: Program::Axum,
        variant: Variant::Ours,
        form: "axum, `with_cors`",
        instructions: [1_750, 2_500, 3_100],
        allocations: [2, 2, 0],
    },
    Goal {
        program: Program::Axum,
        variant: Variant::Other,
        form: "axum, `Router::layer`",
        instructions: [1_750, 2_500, 3_100],
        allocations: [2, 2, 0],
    },
    Goal {
        program: Program::Actix,
        variant: Variant::Ours,
        form: "actix-web",
        instructions: [850, 1_600, 0],
        allocations: [0, 0, 0],
    },
    Goal {
        program: Program::Rocket,
        variant: Variant::Ours,
        form: "Rocket",
        instructions: [1_900, 9_700, 17_000],
        allocations: [2, 7, 9],
    },
    Goal {
        program: Program::Warp,
        variant: Variant::Ours,
        form: "warp, around the service",
        instructions: [750, 1_400, 950],
        allocations: [0, 0, 0],
    },
    Goal {
        program: Program::Warp,
        variant: Variant::Other,
        form: "warp, as a filter",
        instructions: [1_500, 2_800, 1_900],
        allocations: [0, 0, 0],
    },
];

impl Report {
    pub(crate) fn add(&mut self, program: Program, rows: Vec<Row>) {
        for row in rows {
            let cell = self.cell(program, row.case, row.variant);
            match row.value {
                Value::Answer(answer) => cell.answer = Some(answer),
                Value::Time { median, difference } => cell.time = Some((median, difference)),
                Value::Allocations { count, bytes } => {
                    cell.allocations = Some((count as i64, bytes as i64));
                }
                Value::Instructions | Value::Build { .. } => {}
            }
        }
    }

    pub(crate) fn add_instructions(&mut self, program: Program, counts: callgrind::Counts) {
        for (case, variant, count) in counts {
            self.cell(program, case, variant).instructions = Some(count.all as i64);
        }
    }

    /// Says what was not measured, once.
    pub(crate) fn skip(&mut self, what: String) {
        if !self.skipped.contains(&what) {
            self.skipped.push(what);
        }
    }

    fn cell(&mut self, program: Program, case: String, variant: Variant) -> &mut Cell {
        self.cells.entry((program, case, variant)).or_default()
    }

    fn get(&self, program: Program, case: &str, variant: Variant) -> Option<&Cell> {
        self.cells.get(&(program, case.to_owned(), variant))
    }

    /// More than the base.
    fn more(&self, program: Program, case: &str, variant: Variant) -> Option<Cell> {
        let cell = self.get(program, case, variant)?;
        let base = self.get(program, case, Variant::Base)?;
        let instructions = cell.instructions.zip(base.instructions);
        let allocations = cell.allocations.zip(base.allocations);
        Some(Cell {
            answer: cell.answer.clone(),
            time: cell.time,
            instructions: instructions.map(|(cell, base)| cell - base),
            allocations: allocations.map(|(cell, base)| (cell.0 - base.0, cell.1 - base.1)),
        })
    }

    /// Everything that was measured.
    pub(crate) fn table(&self) -> String {
        let mut text = String::new();
        for program in Program::ALL {
            if self.cells.keys().any(|(measured, ..)| *measured == program) {
                self.program(&mut text, program);
            }
        }
        if let Some(build) = &self.build {
            let bound = 2 * build.origins + 32 * build.count as u64;
            let _ = writeln!(
                text,
                "### Building a policy\n\n{} origins of {} bytes together: {:.2} s, and {} bytes held \
                 (the goal: at most {}).\n",
                thousands(build.count as i64),
                thousands(build.origins as i64),
                build.seconds,
                thousands(build.held as i64),
                thousands(bound as i64),
            );
        }
        if !self.throughput.is_empty() {
            text.push_str("### Throughput\n\nRequests in a second over loopback, one thread on each side, allowed, 1,000 origins.\n\n");
            text.push_str("| | base | peer | ours | ours, other form |\n|---|--:|--:|--:|--:|\n");
            for (program, rates) in &self.throughput {
                let _ = write!(text, "| {program} |");
                for variant in Variant::ALL {
                    let rate = rates.iter().find(|(other, _)| *other == variant);
                    let rate = rate.map(|(_, rate)| thousands(*rate as i64));
                    let _ = write!(text, " {} |", rate.unwrap_or_default());
                }
                text.push('\n');
            }
            text.push('\n');
        }
        for what in &self.skipped {
            let _ = writeln!(text, "Not measured: {what}.\n");
        }
        text
    }

    fn program(&self, text: &mut String, program: Program) {
        let variants: Vec<_> = Variant::ALL.into_iter().skip(1).collect();
        let variants: Vec<_> = variants
            .into_iter()
            .filter(|variant| {
                let mut keys = self.cells.keys();
                keys.any(|(measured, _, other)| *measured == program && other == variant)
            })
            .collect();
        let _ = write!(text, "### {}\n\n| | base |", title(program));
        for variant in &variants {
            let _ = write!(
                text,
                " {} +ns | +instr | +allocs/bytes |",
                form(program, *variant)
            );
        }
        let _ = write!(
            text,
            "\n|---|--:|{}\n",
            "--:|--:|--:|".repeat(variants.len())
        );
        for case in case::all() {
            let Some(base) = self.get(program, &case.name, Variant::Base) else {
                continue;
            };
            let ours = self.get(program, &case.name, Variant::Ours);
            let time = base.time.map(|(time, _)| format!("{time:.0} ns"));
            let instructions = base.instructions.map(|n| format!(", {}", thousands(n)));
            let _ = write!(
                text,
                "| {} | {}{} |",
                case.name,
                time.unwrap_or_default(),
                instructions.unwrap_or_default()
            );
            for variant in &variants {
                let Some(cell) = self.more(program, &case.name, *variant) else {
                    text.push_str(" | | |");
                    continue;
                };
                let is_equal = ours.is_none_or(|ours| ours.is_like(&cell));
                let mark = if is_equal { "" } else { "\\*" };
                let time = cell.time.map(|(_, more)| nanoseconds(more));
                let instructions = cell.instructions.map(signed);
                let allocations = cell
                    .allocations
                    .map(|(count, bytes)| format!("{}/{}", signed(count), signed(bytes)));
                let _ = write!(
                    text,
                    " {}{mark} | {} | {} |",
                    time.unwrap_or_default(),
                    instructions.unwrap_or_default(),
                    allocations.unwrap_or_default()
                );
            }
            text.push('\n');
        }
        text.push('\n');
    }

    /// The goal, and how far it is reached.
    fn goals(&self) -> String {
        let mut text = String::from("| |");
        for (case, _) in GOAL_CASES {
            let _ = write!(text, " {case} |");
        }
        text.push_str("\n|---|--:|--:|--:|--:|\n");
        for goal in &GOALS {
            let _ = write!(text, "| {} |", goal.form);
            for (case, column) in GOAL_CASES {
                let [instructions, allocations] = [goal.instructions, goal.allocations]
                    .map(|most| most.get(column).copied().unwrap_or_default());
                let cell = self
                    .more(goal.program, case, goal.variant)
                    .unwrap_or_default();
                let counted = cell.instructions.unwrap_or(i64::MAX);
                let allocated = cell.allocations.map_or(i64::MAX, |(count, _)| count);
                let mark = |is_over: bool| if is_over { " **over**" } else { "" };
                let _ = write!(
                    text,
                    " {} of {}{}, {} of {}{} |",
                    signed(counted),
                    signed(instructions),
                    mark(counted > instructions),
                    signed(allocated),
                    signed(allocations),
                    mark(allocated > allocations)
                );
            }
            text.push('\n');
        }
        text
    }

    /// What each sends where they do not send the same.
    fn answers(&self) -> String {
        let mut text = String::from("| | | peer | ours |\n|---|---|---|---|\n");
        for program in Program::ALL {
            for case in case::all() {
                // With more origins they answer the same as with one.
                if matches!(case.origins, Origins::Exact(2..)) {
                    continue;
                }
                let answer = |variant| self.get(program, &case.name, variant)?.answer.as_ref();
                if let (Some(peer), Some(ours)) = (answer(Variant::Peer), answer(Variant::Ours))
                    && !peer.is_like(ours)
                {
                    let [peer, ours] = [peer, ours].map(words);
                    let _ = writeln!(text, "| {program} | {} | {peer} | {ours} |", case.name);
                }
            }
        }
        text
    }

    /// Where ours takes more time or more instructions than the peer for the same work.
    fn lost(&self) -> String {
        let (mut equal, mut lost) = (0, Vec::new());
        for program in Program::ALL {
            for case in case::all() {
                let cell = |variant| self.more(program, &case.name, variant);
                let (Some(peer), Some(ours)) = (cell(Variant::Peer), cell(Variant::Ours)) else {
                    continue;
                };
                if !peer.is_like(&ours) {
                    continue;
                }
                equal += 1;
                let is_slower = peer
                    .time
                    .zip(ours.time)
                    .is_some_and(|(peer, ours)| ours.1 > peer.1);
                if is_slower || ours.instructions > peer.instructions {
                    lost.push(format!("{program}, {}", case.name));
                }
            }
        }
        match lost.is_empty() {
            true => format!(
                "In each of the {equal} cells with equal work ours is faster than the peer, in time and in instructions."
            ),
            false => format!(
                "Of {equal} cells with equal work ours is slower than the peer in: {}.",
                lost.join("; ")
            ),
        }
    }

    pub(crate) fn page(&self) -> Result<String, String> {
        let methods = include_str!("../method.md");
        Ok(format!(
            "# Benchmarks\n\n\
             Written by `cargo xtask bench`. {machine}\n\n\
             ## The goal\n\nInstructions and allocations more than the bare framework.\n\n{goals}\n\
             {lost}\n\n\
             ## Everything\n\n\
             More than the bare framework, which is the column \"base\". An asterisk: the peer's work \
             is not equal to ours, see below.\n\n{table}\
             ## Where the peers' work is not equal\n\n\
             What they answer: the status, then the `Access-Control-` fields and `Vary`.\n\n{answers}\n\
             {methods}",
            machine = machine()?,
            goals = self.goals(),
            lost = self.lost(),
            table = self.table(),
            answers = self.answers(),
        ))
    }
}

const fn title(program: Program) -> &'static str {
    match program {
        Program::Engine => "The engine alone",
        Program::Axum => "axum",
        Program::Actix => "actix-web",
        Program::Rocket => "Rocket",
        Program::Warp => "warp",
    }
}

/// What a variant is in a framework.
const fn form(program: Program, variant: Variant) -> &'static str {
    match (program, variant) {
        (_, Variant::Base) => "base",
        (Program::Engine, Variant::Ours) => "fields at hand",
        (Program::Engine, _) => "in a `HeaderMap`",
        (Program::Axum, Variant::Peer) => "tower-http",
        (Program::Axum, Variant::Ours) => "`with_cors`",
        (Program::Axum, Variant::Other) => "`Router::layer`",
        (Program::Actix, Variant::Peer) => "actix-cors",
        (Program::Rocket, Variant::Peer) => "rocket_cors",
        (Program::Warp, Variant::Peer) => "`warp::cors`",
        (Program::Warp, Variant::Ours) => "service",
        (Program::Warp, Variant::Other) => "filter",
        (Program::Actix | Program::Rocket, Variant::Ours | Variant::Other) => "ours",
    }
}

fn words(answer: &Answer) -> String {
    let names = answer.fields.iter();
    let names = names.map(|name| name.trim_start_matches("access-control-"));
    let names: Vec<_> = names.collect();
    format!("{} {}", answer.status, names.join(" "))
}

fn nanoseconds(more: f64) -> String {
    signed(more.round() as i64)
}

fn signed(number: i64) -> String {
    match number {
        1.. => format!("+{}", thousands(number)),
        _ => thousands(number),
    }
}

fn thousands(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    match number < 0 {
        true => format!("−{text}"),
        false => text,
    }
}

/// The versions and the machine, in a sentence.
fn machine() -> Result<String, String> {
    #[derive(Deserialize)]
    struct Lock {
        package: Vec<Package>,
    }
    #[derive(Deserialize)]
    struct Package {
        name: String,
        version: String,
    }
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.lock"));
    let text = text.map_err(|error| format!("Cargo.lock: {error}"))?;
    let lock: Lock = toml::from_str(&text).map_err(|error| format!("Cargo.lock: {error}"))?;
    let names = [
        "axum",
        "tower-http",
        "actix-web",
        "actix-cors",
        "rocket",
        "rocket_cors",
        "warp",
    ];
    let versions = names.map(|name| {
        // Where there are several, the last one is ours: another is there for a test.
        let mut packages = lock.package.iter().rev();
        let version = packages.find(|package| package.name == name);
        format!("{name} {}", version.map_or("?", |package| &package.version))
    });
    let rustc = Command::new("rustc").arg("--version").output();
    let rustc = rustc.map_err(|error| format!("rustc: {error}"))?;
    let rustc = String::from_utf8_lossy(&rustc.stdout);
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    Ok(format!(
        "{}. {}, {}. {}, {cores} cores.",
        versions.join(", "),
        rustc.trim(),
        callgrind::available().unwrap_or_else(|_| "no valgrind".to_owned()),
        cpu.unwrap_or("An unknown processor"),
    ))
}
