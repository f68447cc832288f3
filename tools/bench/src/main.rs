//! Runs the programs of the engine and of the frameworks, and writes the tables: `cargo xtask bench`.

#[cfg(unix)]
mod gateways;
mod load;
mod page;
mod report;

use std::process::ExitCode;

use cors_bench::callgrind;
use cors_bench::counts::{self, Conditions, Count, Counts, Unit};
use cors_bench::measure::{Value, allocations};
use cors_bench::programs::Program;
use cors_matrix::skip::is_ci;
use lexopt::ValueExt as _;
use report::{Build, Report};

/// The measurement for the gate.
const GATE: &str = "instructions-without-peers";
/// Origins up to which instructions are counted for the gate.
const GATED: usize = 1_000;
/// Policies with which they are counted in one process.
const POLICIES: usize = 16;
/// How many processes count until the numbers are the stored ones. Each has other seeds for its hash tables, and
/// another address for its stack, from which actix-web makes its seeds. At about one address of twenty, all of
/// its tables have collisions.
const PROCESSES: usize = 5;
/// How many more bytes are above the stack in each process.
const STEP: usize = 1_009;
/// Origins up to which everything is measured.
const LARGEST: usize = 1_000_000;
/// Origins up to which the instructions of all variants are counted. Not more, because under callgrind a peer
/// takes minutes to build its list.
const COUNTED: usize = 100_000;

#[derive(Default)]
struct Options {
    programs: Vec<Program>,
    /// Compare with the stored numbers.
    gate: bool,
    /// Store the numbers.
    record: bool,
    /// Small policies, no throughput.
    quick: bool,
    /// Only the gateways.
    gateways: bool,
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(options) => options,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    let result = match (options.gate, options.record) {
        (true, _) => gate(&options),
        (false, true) => record(&options).map(|()| true),
        (false, false) if options.gateways => gateways().map(|()| true),
        (false, false) => measure(&options).map(|()| true),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn options() -> Result<Options, lexopt::Error> {
    let mut options = Options {
        programs: Program::ALL.to_vec(),
        ..Options::default()
    };
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            lexopt::Arg::Long("framework") => options.programs = vec![args.value()?.parse()?],
            lexopt::Arg::Long("gate") => options.gate = true,
            lexopt::Arg::Long("record") => options.record = true,
            lexopt::Arg::Long("quick") => options.quick = true,
            lexopt::Arg::Long("gateways") => options.gateways = true,
            other => return Err(other.unexpected()),
        }
    }
    Ok(options)
}

/// Compares the instructions with the stored ones. Returns whether they are the same.
fn gate(options: &Options) -> Result<bool, String> {
    callgrind::available()?;
    let stored = Counts::read()?;
    // In continuous integration before anything is counted.
    let not_compared = stored
        .conditions
        .not_compared(&Conditions::now()?, is_ci())?;
    let mut agree = true;
    for program in &options.programs {
        let mut counted = count(*program, GATE, GATED, 0)?;
        let mut differences = compare(&stored, *program, &counted)?;
        for process in 1..PROCESSES {
            if differences.is_empty() || not_compared.is_some() {
                break;
            }
            let again = count(*program, GATE, GATED, process)?;
            counted = callgrind::least(counted.into_iter().chain(again));
            differences = compare(&stored, *program, &counted)?;
        }
        for difference in &differences {
            println!("{difference}");
        }
        if differences.is_empty() {
            let cases = counted.len();
            println!("{program}: the instructions of {cases} runs are the stored ones");
        }
        agree &= differences.is_empty();
    }
    if let Some(why) = not_compared {
        println!("warning: {why}");
        return Ok(true);
    }
    if !agree {
        println!("{}", counts::ADVICE);
    }
    Ok(agree)
}

/// Stores the numbers.
fn record(options: &Options) -> Result<(), String> {
    callgrind::available()?;
    let mut counts = Counts::read().unwrap_or_default();
    let now = Conditions::now()?;
    if options.programs.len() < Program::ALL.len()
        && let [difference, ..] = &counts.conditions.differences(&now)[..]
    {
        return Err(format!("{difference}; store all, without `--framework`"));
    }
    counts.conditions = now;
    for program in &options.programs {
        eprintln!("{program}: counting");
        let counted = (0..PROCESSES).map(|process| count(*program, GATE, GATED, process));
        let counted = callgrind::least(
            counted
                .collect::<Result<Vec<_>, _>>()?
                .into_iter()
                .flatten(),
        );
        counts.set(Unit::Instructions, *program, &own(&counted));
        let rows = program.measure_memory("allocations", GATED)?;
        counts.set(Unit::Allocations, *program, &allocations(&rows));
    }
    counts.write()
}

fn compare(
    stored: &Counts,
    program: Program,
    counted: &callgrind::Counts,
) -> Result<Vec<String>, String> {
    stored.compare(Unit::Instructions, program, &own(counted))
}

/// The numbers that are compared: those that a change of ours can move.
fn own(counted: &callgrind::Counts) -> Vec<Count> {
    let counts = counted.iter();
    let counts = counts.map(|(case, variant, count)| (case.clone(), *variant, count.own));
    counts.collect()
}

fn count(
    program: Program,
    what: &str,
    largest: usize,
    process: usize,
) -> Result<callgrind::Counts, String> {
    let arguments = [what, &largest.to_string(), &POLICIES.to_string()];
    let padding = "x".repeat(process * STEP);
    callgrind::count(&program.path()?, &arguments, &[("PADDING", &padding)])
}

/// Measures, prints the tables, and writes `docs/benchmarks.md` if everything was measured.
fn measure(options: &Options) -> Result<(), String> {
    let largest = if options.quick { GATED } else { LARGEST };
    let mut report = Report::default();
    for program in &options.programs {
        let program = *program;
        eprintln!("{program}: answers, time");
        report.add(program, program.measure("answers", largest)?);
        report.add(program, program.measure("time", largest)?);
        eprintln!("{program}: allocations");
        report.add(program, program.measure_memory("allocations", largest)?);
        match callgrind::available() {
            Ok(_) => {
                eprintln!("{program}: instructions");
                // The engine has no slow peer.
                let largest = match program {
                    Program::Engine => largest,
                    _ => largest.min(COUNTED),
                };
                let counts = count(program, "instructions", largest, 0)?;
                report.add_instructions(program, counts);
            }
            Err(missing) => report.skip(format!("instructions: {missing}")),
        }
    }
    if options.programs.contains(&Program::Engine) {
        eprintln!("building a policy and a set of {largest} origins");
        report.build = Some(build("build", largest)?);
        report.set = Some(build("fill", largest)?);
    }
    if options.quick {
        report.skip("throughput: this is `--quick`".to_owned());
    } else {
        match load::generator() {
            Ok(generator) => {
                for program in &options.programs {
                    if *program != Program::Engine {
                        eprintln!("{program}: throughput");
                        report
                            .throughput
                            .push((*program, load::run(*program, generator)?));
                    }
                }
            }
            Err(missing) => report.skip(format!("throughput: {missing}")),
        }
    }
    println!("{}", report.table());
    if options.quick || options.programs.len() < Program::ALL.len() {
        println!("Only a part was measured, so `docs/benchmarks.md` is not written.");
        return Ok(());
    }
    let section = match measure_gateways()? {
        Some(section) => section,
        // Without a gateway, what was measured before stays.
        None => page::read().map_or_else(|_| String::new(), |page| page::section(&page).to_owned()),
    };
    page::write(&report.page()?, &section)
}

/// Measures the gateways, and replaces their section of the page.
fn gateways() -> Result<(), String> {
    let section = measure_gateways()?.ok_or("no gateway is installed")?;
    println!("{section}");
    page::write(&page::read()?, &section)
}

/// The section of the page; `None` without a gateway.
#[cfg(unix)]
fn measure_gateways() -> Result<Option<String>, String> {
    Ok(gateways::measure()?.as_ref().map(gateways::section))
}

#[cfg(not(unix))]
fn measure_gateways() -> Result<Option<String>, String> {
    println!("SKIPPED: gateways: they are measured on Linux");
    Ok(None)
}

/// Builds a policy or fills a set twice: to measure the time, and to measure the memory.
fn build(what: &str, count: usize) -> Result<Build, String> {
    let rows = [
        Program::Engine.measure(what, count)?,
        Program::Engine.measure_memory(what, count)?,
    ];
    let [fast, counted] = rows.map(|rows| rows.into_iter().next().map(|row| row.value));
    match (fast, counted) {
        (Some(Value::Build { seconds, .. }), Some(Value::Build { origins, held, .. })) => {
            Ok(Build {
                count,
                seconds,
                origins,
                held,
            })
        }
        _ => Err("the engine's program printed no result of the building".to_owned()),
    }
}
