//! The tables, and the page that they are on.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Command;

use cors_bench::callgrind;
use cors_bench::case::{self, Case, Origins, PER_KEY};
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
    pub(crate) set: Option<Build>,
    pub(crate) throughput: Vec<(Program, Throughput)>,
    skipped: Vec<String>,
}

/// What was measured of a variant in a case.
#[derive(Clone, Debug, Default)]
struct Cell {
    answer: Option<Answer>,
    /// In total, and more than the base.
    time: Option<(f64, f64)>,
    instructions: Option<i64>,
    /// How many, and of how many bytes.
    allocations: Option<(i64, i64)>,
}

impl Cell {
    /// Whether its response takes the same work.
    fn is_like(&self, other: &Self) -> bool {
        let answers = self.answer.as_ref().zip(other.answer.as_ref());
        answers.is_none_or(|(answer, other)| answer.is_like(other))
    }
}

/// The building of a policy, or the filling of a set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Build {
    pub(crate) count: usize,
    pub(crate) seconds: f64,
    pub(crate) origins: u64,
    pub(crate) held: u64,
}

/// The rows of the first table: each form of ours, with the two requests of [`SUMMARY_CASES`].
const SUMMARY: [(Program, Variant); 5] = [
    (Program::Axum, Variant::Ours),
    (Program::Actix, Variant::Ours),
    (Program::Rocket, Variant::Ours),
    (Program::Warp, Variant::Ours),
    (Program::Warp, Variant::Other),
];

const SUMMARY_CASES: [&str; 2] = ["GET allowed", "preflight allowed"];

/// The most instructions that a decision of the engine may take: with exact origins, and with others.
const GOALS: [(&str, i64); 5] = [
    ("exact origins, whatever their number", 250),
    ("wildcards, or an origin that a later `*` allows", 500),
    ("exact origins in routes", 450),
    ("a set of origins", 450),
    ("a set of origins with keys, in a route", 650),
];

/// The goal of a case, by its place in [`GOALS`]; none for a policy that refuses requests.
fn goal(origins: Origins) -> Option<usize> {
    match origins {
        Origins::Exact(_) | Origins::Live => Some(0),
        Origins::Wildcards | Origins::Domains | Origins::Names | Origins::Grants => Some(1),
        Origins::Routes(_) => Some(2),
        Origins::Set(_) => Some(3),
        Origins::Keys(_) | Origins::Changing => Some(4),
        Origins::Writes | Origins::Hosts => None,
    }
}

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

    /// Reports, once, that something was not measured.
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

    /// The difference to the base.
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
                "### Building a policy\n\nA policy with {} origins, whose texts have {} bytes, is built in {:.2} s and \
                 takes {} bytes (the goal: at most {}).\n",
                thousands(build.count as i64),
                thousands(build.origins as i64),
                build.seconds,
                thousands(build.held as i64),
                thousands(bound as i64),
            );
        }
        if let Some(set) = &self.set {
            let beyond = set.held.saturating_sub(set.origins) / (set.count as u64).max(1);
            let _ = writeln!(
                text,
                "### Filling a set\n\nA set of {} origins, {PER_KEY} under each key, whose texts have {} bytes, is filled by \
                 `replace` in {:.2} s and takes {} bytes: {beyond} for each origin beyond its text (the goal: at most 160).\n",
                thousands(set.count as i64),
                thousands(set.origins as i64),
                set.seconds,
                thousands(set.held as i64),
            );
        }
        if !self.throughput.is_empty() {
            text.push_str(
                "### Throughput\n\nRequests per second over loopback, with one thread for the server and one for the load \
                 generator: `GET allowed, 1,000 origins`. As above, `warp::cors` and rocket_cors do less.\n\n",
            );
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

    /// What a reader looks for first: ten lines.
    fn summary(&self) -> String {
        let mut text = String::from(
            "| framework | request | bare | peer | peer's time | our time | peer / ours |\n\
             |---|---|--:|---|--:|--:|--:|\n",
        );
        for (program, variant) in SUMMARY {
            for case in SUMMARY_CASES {
                let time = |variant| self.get(program, case, variant)?.time.map(|(time, _)| time);
                let (Some(bare), Some(peer), Some(ours)) =
                    (time(Variant::Base), time(Variant::Peer), time(variant))
                else {
                    continue;
                };
                let mark = if self.is_equal_work(program, case, variant) {
                    ""
                } else {
                    "\\*"
                };
                let _ = writeln!(
                    text,
                    "| {} | {case} | {bare:.0} ns | {} | {peer:.0} ns | {ours:.0} ns | {:.1}{mark} |",
                    name(program, variant),
                    form(program, Variant::Peer),
                    peer / ours,
                );
            }
        }
        text
    }

    /// Whether a form of ours and the peer send the same, so that their work is equal.
    fn is_equal_work(&self, program: Program, case: &str, variant: Variant) -> bool {
        let peer = self.get(program, case, Variant::Peer);
        let ours = self.get(program, case, variant);
        peer.zip(ours).is_none_or(|(peer, ours)| peer.is_like(ours))
    }

    /// The goals of the engine, and the case that comes closest to each.
    fn goals(&self) -> String {
        let mut text =
            String::from("| | most instructions | in the case | goal |\n|---|--:|---|--:|\n");
        for (index, (what, goal)) in GOALS.into_iter().enumerate() {
            let cases = case::all().into_iter();
            let cases = cases.filter(|case| self::goal(case.origins) == Some(index));
            let counts = cases.filter_map(|case| {
                let cell = self.more(Program::Engine, &case.name, Variant::Ours)?;
                Some((cell.instructions?, case.name))
            });
            if let Some((most, case)) = counts.max_by_key(|(count, _)| *count) {
                let mark = if most > goal { " **over**" } else { "" };
                let _ = writeln!(text, "| {what} | {most}{mark} | {case} | {goal} |");
            }
        }
        text
    }

    /// What the peer and ours send, in the cases in which that is not the same.
    fn answers(&self) -> String {
        let mut text = String::from("| | | peer | ours |\n|---|---|---|---|\n");
        for program in Program::ALL {
            for case in case::all() {
                // With more origins, the responses are the same as with one.
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

    /// The cells in which ours is compared with a peer.
    fn compared(&self) -> impl Iterator<Item = Compared> {
        let programs = Program::ALL.into_iter();
        programs.flat_map(move |program| {
            let forms = [Variant::Ours, Variant::Other].into_iter();
            forms.flat_map(move |variant| {
                case::all().into_iter().filter_map(move |case| {
                    let cell = |variant| self.more(program, &case.name, variant);
                    let (peer, ours) = (cell(Variant::Peer)?, cell(variant)?);
                    Some(Compared {
                        name: name(program, variant),
                        is_equal_work: peer.is_like(&ours),
                        peer,
                        ours,
                        case,
                    })
                })
            })
        })
    }

    /// The cells of equal work in which ours takes more time or more instructions than the peer.
    fn lost(&self) -> String {
        let equal: Vec<_> = self.compared().filter(|cell| cell.is_equal_work).collect();
        let count = equal.len();
        let lost = equal.into_iter().filter(|cell| {
            cell.is_peer_faster() || cell.ours.instructions > cell.peer.instructions
        });
        match by_form(lost) {
            lost if lost.is_empty() => format!(
                "In each of the {count} cells of equal work, ours takes less time and fewer instructions than the peer."
            ),
            lost => format!(
                "Of {count} cells of equal work, ours takes more time or more instructions than the peer in:\n\n{lost}"
            ),
        }
    }

    /// The cells of unequal work in which the peer takes less time.
    fn faster_peers(&self) -> String {
        let faster = self.compared().filter(|cell| {
            // With more origins, the responses are the same as with one.
            let is_one = !matches!(cell.case.origins, Origins::Exact(2..));
            is_one && !cell.is_equal_work && cell.is_peer_faster()
        });
        match by_form(faster) {
            faster if faster.is_empty() => {
                "No peer takes less time, in any cell of unequal work.".to_owned()
            }
            faster => format!(
                "In these cells the peer takes less time. It also does less there, as \
                 [the responses](#where-the-peers-work-is-not-equal) show:\n\n{faster}"
            ),
        }
    }

    pub(crate) fn page(&self) -> Result<String, String> {
        let methods = include_str!("../method.md");
        Ok(format!(
            "# Benchmarks\n\n\
             The time of one request: to the framework without CORS middleware (bare), with the usual CORS middleware (peer), \
             and with ours. The policy allows one origin with credentials. If the last column is above 1.0, ours is faster.\n\n{summary}\n\
             \\* The work is not equal: the peer omits `Vary` or other headers that ours sends. Of a preflight, \"bare\" is \
             the time of an ordinary `OPTIONS` route, which ours does not reach.\n\n\
             {machine}\n\n\
             ## Where a peer is faster\n\n{lost}\n\n{faster}\n\n\
             ## The engine\n\nThe instructions of a decision, and the goals.\n\n{goals}\n\
             ## Everything\n\n\
             Time (ns), instructions, and allocations with their bytes: each as the difference to the bare framework, whose own \
             numbers are in the column \"base\". An asterisk: the peer's work is not equal to ours.\n\n{table}\
             ## Where the peers' work is not equal\n\n\
             What they send: the status, then the `Access-Control-` headers and `Vary`.\n\n{answers}\n\
             {methods}",
            summary = self.summary(),
            machine = machine()?,
            lost = self.lost(),
            faster = self.faster_peers(),
            goals = self.goals(),
            table = self.table(),
            answers = self.answers(),
        ))
    }
}

/// A cell of a form of ours, and the same cell of the peer.
struct Compared {
    name: String,
    case: Case,
    is_equal_work: bool,
    peer: Cell,
    ours: Cell,
}

impl Compared {
    fn is_peer_faster(&self) -> bool {
        let times = self.peer.time.zip(self.ours.time);
        times.is_some_and(|((_, peer), (_, ours))| peer < ours)
    }
}

/// A list with a line for each form of ours, and the names of its cells.
fn by_form(cells: impl Iterator<Item = Compared>) -> String {
    let mut forms: Vec<(String, Vec<String>)> = Vec::new();
    for Compared { name, case, .. } in cells {
        match forms.last_mut() {
            Some((last, cases)) if *last == name => cases.push(case.name),
            _ => forms.push((name, vec![case.name])),
        }
    }
    let lines = forms.iter();
    let lines: Vec<_> = lines
        .map(|(name, cases)| format!("- {name}: {}", cases.join("; ")))
        .collect();
    lines.join("\n")
}

/// A form of ours, with the framework's name.
fn name(program: Program, variant: Variant) -> String {
    match form(program, variant) {
        "ours" => title(program).to_owned(),
        form => format!("{}, {form}", title(program)),
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

/// The name of a variant in a framework.
const fn form(program: Program, variant: Variant) -> &'static str {
    match (program, variant) {
        (_, Variant::Base) => "base",
        (Program::Engine, Variant::Ours) => "headers looked up before",
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

pub(crate) fn thousands(number: i64) -> String {
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

/// The versions and the machine.
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
        // If there are several versions, the last one is measured; an older one is for a test.
        let mut packages = lock.package.iter().rev();
        let version = packages.find(|package| package.name == name);
        format!("{name} {}", version.map_or("?", |package| &package.version))
    });
    let rustc = Command::new("rustc").arg("--version").output();
    let rustc = rustc.map_err(|error| format!("rustc: {error}"))?;
    let rustc = String::from_utf8_lossy(&rustc.stdout);
    Ok(format!(
        "Measured by `cargo xtask bench` with {}; {}, {}; on {}.",
        versions.join(", "),
        rustc.trim(),
        callgrind::available().unwrap_or_else(|_| "no valgrind".to_owned()),
        processor(),
    ))
}

/// The processor of this machine, and how many there are.
pub(crate) fn processor() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{}, {cores} cores", cpu.unwrap_or("an unknown processor"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A report with the times of the base, the peer and ours in a framework, in one case. The peer's response has `Vary`
    /// if the work is equal.
    fn report(program: Program, times: [f64; 3], is_equal_work: bool) -> Report {
        let mut report = Report::default();
        let [base, ..] = times;
        for (variant, time) in Variant::ALL.into_iter().zip(times) {
            let fields = match variant {
                Variant::Peer if !is_equal_work => Vec::new(),
                _ => vec!["vary".to_owned()],
            };
            let values = [
                Value::Answer(Answer {
                    status: 200,
                    fields,
                }),
                Value::Time {
                    median: time,
                    difference: time - base,
                },
            ];
            let rows = values.map(|value| Row {
                case: "GET allowed".to_owned(),
                variant,
                value,
            });
            report.add(program, rows.into());
        }
        report
    }

    #[test]
    fn summary() {
        #[track_caller]
        fn check(program: Program, times: [f64; 3], is_equal_work: bool, expected: &str) {
            let text = report(program, times, is_equal_work).summary();
            assert_eq!(text.lines().skip(2).collect::<Vec<_>>(), [expected]);
        }
        check(
            Program::Axum,
            [400.0, 1_200.0, 480.0],
            true,
            "| axum, `with_cors` | GET allowed | 400 ns | tower-http | 1200 ns | 480 ns | 2.5 |",
        );
        check(
            Program::Warp,
            [100.0, 200.0, 400.0],
            false,
            "| warp, service | GET allowed | 100 ns | `warp::cors` | 200 ns | 400 ns | 0.5\\* |",
        );
        check(
            Program::Actix,
            [300.0, 500.0, 400.0],
            true,
            "| actix-web | GET allowed | 300 ns | actix-cors | 500 ns | 400 ns | 1.2 |",
        );
    }

    #[test]
    fn the_rows_of_policies_that_refuse() {
        let mut report = Report::default();
        let mut add = |case: &str, cells: &[(Variant, u16, u64)]| {
            for (variant, status, instructions) in cells {
                let value = Value::Answer(Answer {
                    status: *status,
                    fields: Vec::new(),
                });
                let (case, variant) = (case.to_owned(), *variant);
                let count = callgrind::Instructions {
                    all: *instructions,
                    own: *instructions,
                };
                report.add_instructions(Program::Axum, vec![(case.clone(), variant, count)]);
                report.add(
                    Program::Axum,
                    vec![Row {
                        case,
                        variant,
                        value,
                    }],
                );
            }
        };
        add(
            "POST refused, cross-site-writes",
            &[
                (Variant::Base, 200, 3_000),
                (Variant::Peer, 403, 2_000),
                (Variant::Ours, 403, 1_000),
            ],
        );
        add(
            "POST allowed, cross-site-writes",
            &[
                (Variant::Base, 200, 3_000),
                (Variant::Peer, 403, 5_000),
                (Variant::Ours, 200, 4_000),
            ],
        );
        // No peer has a list of hosts.
        add(
            "GET allowed, unlisted-origins and hosts",
            &[(Variant::Base, 200, 3_000), (Variant::Ours, 200, 4_500)],
        );
        let text = report.table();
        let rows: Vec<_> = text.lines().skip(4).filter(|row| !row.is_empty()).collect();
        assert_eq!(
            rows,
            [
                "| POST allowed, cross-site-writes | , 3,000 | \\* | +2,000 |  |  | +1,000 |  |",
                "| POST refused, cross-site-writes | , 3,000 |  | −1,000 |  |  | −2,000 |  |",
                "| GET allowed, unlisted-origins and hosts | , 3,000 | | | |  | +1,500 |  |",
            ]
        );
        assert_eq!(
            report.answers().lines().skip(2).collect::<Vec<_>>(),
            ["| axum | POST allowed, cross-site-writes | 403  | 200  |"]
        );
    }

    #[test]
    fn where_a_peer_is_faster() {
        #[track_caller]
        fn check(peer: f64, is_equal_work: bool, expected: [&str; 2]) {
            let report = report(Program::Rocket, [100.0, peer, 300.0], is_equal_work);
            let texts = [report.lost(), report.faster_peers()];
            for (text, expected) in texts.iter().zip(expected) {
                assert!(text.contains(expected), "{text}");
            }
        }
        check(400.0, true, ["each of the 1 cells", "No peer"]);
        check(200.0, true, ["in:\n\n- Rocket: GET allowed", "No peer"]);
        check(400.0, false, ["each of the 0 cells", "No peer"]);
        check(
            200.0,
            false,
            ["each of the 0 cells", "show:\n\n- Rocket: GET allowed"],
        );
    }

    #[test]
    fn goals() {
        let mut report = Report::default();
        for (case, base, ours) in [
            ("GET allowed", 10, 195),
            ("GET denied", 10, 300),
            ("GET allowed, wildcards", 10, 400),
            ("POST allowed, cross-site-writes", 10, 900),
        ] {
            for (variant, all) in [(Variant::Base, base), (Variant::Ours, ours)] {
                let count = callgrind::Instructions { all, own: all };
                report.add_instructions(Program::Engine, vec![(case.to_owned(), variant, count)]);
            }
        }
        let text = report.goals();
        assert!(
            text.contains("| 290 **over** | GET denied | 250 |"),
            "{text}"
        );
        assert!(
            text.contains("| 390 | GET allowed, wildcards | 500 |"),
            "{text}"
        );
        // A policy that refuses requests has no goal.
        assert!(!text.contains("POST"), "{text}");
    }
}
