//! Runs the programs of the engine and of the frameworks, and makes a table: `cargo xtask bench`.

mod callgrind;
mod load;
mod report;

use std::path::Path;
use std::process::ExitCode;

use cors_bench::counts::{self, Counts, Unit};
use cors_bench::measure::{Value, allocations};
use cors_bench::programs::Program;
use lexopt::ValueExt as _;
use report::{Build, Report};

/// Origins up to which instructions are counted for the gate.
const GATED: usize = 1_000;
/// Origins up to which all is measured.
const LARGEST: usize = 1_000_000;
/// Origins up to which the instructions of all variants are counted. It is tempting to go to the
/// end, but under callgrind a peer takes minutes to take in what it then looks up in no time.
const COUNTED: usize = 100_000;

#[derive(Default)]
struct Options {
    programs: Vec<Program>,
    /// Compare, and say whether all is as stored.
    gate: bool,
    /// Store what is counted.
    record: bool,
    /// Small policies, no throughput.
    quick: bool,
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
            other => return Err(other.unexpected()),
        }
    }
    Ok(options)
}

/// Compares the instructions with the stored ones; says whether they are the same.
fn gate(options: &Options) -> Result<bool, String> {
    callgrind::available()?;
    let stored = Counts::read()?;
    let mut agree = true;
    for program in &options.programs {
        let counted = callgrind::count(*program, GATED)?;
        let differences = stored.compare(Unit::Instructions, *program, &counted)?;
        for difference in &differences {
            println!("{difference}");
        }
        if differences.is_empty() {
            println!(
                "{program}: the instructions of {} runs are as stored",
                counted.len()
            );
        }
        agree &= differences.is_empty();
    }
    if !agree {
        println!("{}", counts::ADVICE);
    }
    Ok(agree)
}

/// Stores what is counted.
fn record(options: &Options) -> Result<(), String> {
    callgrind::available()?;
    let mut counts = Counts::read().unwrap_or_default();
    for program in &options.programs {
        eprintln!("{program}: counting");
        let instructions = callgrind::count(*program, GATED)?;
        counts.set(Unit::Instructions, *program, &instructions);
        let rows = program.measure_memory("allocations", GATED)?;
        counts.set(Unit::Allocations, *program, &allocations(&rows));
    }
    counts.write()
}

/// Measures everything, prints the table, and writes `BENCHMARKS.md` unless it is only a part.
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
                // The engine has no peer that would take long.
                let largest = match program {
                    Program::Engine => largest,
                    _ => largest.min(COUNTED),
                };
                report.add_instructions(program, callgrind::count(program, largest)?);
            }
            Err(missing) => report.skip(format!("instructions: {missing}")),
        }
    }
    if options.programs.contains(&Program::Engine) {
        eprintln!("building a policy of {largest} origins");
        report.build = Some(build(largest)?);
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
        println!("This is a part only, so `BENCHMARKS.md` stays as it is.");
        return Ok(());
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../BENCHMARKS.md");
    std::fs::write(&path, report.page()?)
        .map_err(|error| format!("cannot write BENCHMARKS.md: {error}"))?;
    println!("It is in BENCHMARKS.md.");
    Ok(())
}

/// Builds a policy twice: to see how long it takes, and to see what it holds.
fn build(count: usize) -> Result<Build, String> {
    let rows = [
        Program::Engine.measure("build", count)?,
        Program::Engine.measure_memory("build", count)?,
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
        _ => Err("the engine's program says nothing of the building".to_owned()),
    }
}
