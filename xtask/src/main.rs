//! The tasks of the workspace: `cargo xtask --help`.

mod bench;
mod ci;
mod demo;
mod dependencies;
mod fuzz;
mod mutants;
mod progress;
mod release;
mod serve;
mod test_load;
mod test_matrix;
mod test_servers;
mod tidy;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus, Stdio};

const HELP: &str = "\
The tasks of the CORS workspace

usage: cargo xtask <task> [options]

  demo                     Compare the responses of the four frameworks with one policy, then serve a
                           page that sends requests to them from your browser, until you stop it
      --table              Print the comparison and exit
      --open               Open the page in your browser
      --port N             Port of the page [default: 8090, or a free one]
  test-matrix              Run every shared case on every framework
      --framework NAME     Only this framework: axum, actix, rocket or warp
      --case REGEX         Only cases whose names match
      --report FILE        Write the result as a page (.html) or as data (.json)
      --browser NAME       Then run the cases in a real browser, and compare it with the model:
                           chromium, firefox, webkit, all or installed
      --cache NAME         Instead, send random requests to each framework through a real cache:
                           nginx, varnish, squid, all or installed
      --gateway NAME       Instead, run the cases through a real gateway, which applies what `cors export`
                           has written, in front of a bare server: nginx, haproxy, envoy, all or installed.
                           With --browser, then let pages of a real browser fetch through it
      --seed N             Seed of random requests [default: 1]
  test-servers             Run the tests that need the four fixture servers, which `cargo test` ignores
      --package NAME       Only the tests of this package
      --framework NAME     Only with the server of this framework: axum, actix, rocket or warp
  test-load                Send requests to each fixture server while its policy and a set of origins change,
                           and print how much memory and how many file descriptors it has
      --framework NAME     Only this framework
      --requests N         Requests to each framework [default: 20000]
  serve                    Run one fixture server until you stop it
      --framework NAME     axum, actix, rocket or warp
      --policy FILE        The policy to apply
      --origins NAME=FILE  The set of origins NAME follows FILE: a line `ORIGIN` or `KEY ORIGIN` for each
      --bare               Run the server without the middleware
      --port N             Port on 127.0.0.1 [default: 0, a free one]
  bench                    Measure what CORS costs in each framework, and write docs/benchmarks.md
      --framework NAME     Only this one: engine, axum, actix, rocket or warp
      --quick              Policies of at most 1,000 origins, and no throughput
      --gate               Compare the instructions with the stored numbers instead
      --record             Store the numbers of instructions and allocations instead
      --gateways           Measure what exported policies cost in the gateways that are installed instead, and
                           write this section of the page alone
  fuzz                     Search for inputs with which a fuzz target fails; needs nightly and `cargo-fuzz`
      --target NAME        Only this target
      --seconds N          How long each target runs [default: 60]
  mutants                  Change the code in one place after the other, and find the changes that no test notices;
                           needs `cargo-mutants`. What is tested is kept: the task goes on where it was stopped
      --package NAME       Only the code of this folder, such as cors-core
      --minutes N          Begin nothing after these minutes
      --in-diff COMMIT     Only lines that differ from this commit
  package                  Make the archive of each published package, and build it from that archive
  features                 Check each published package without features, and with each one alone
  minimal-versions         Check the published packages with the lowest versions of their dependencies
  api                      Compare the public items with the stored ones; needs `cargo-public-api`
      --record             Store them instead
  advisories               Compare the dependencies with the database of advisories; needs `cargo-deny`
  dependencies             Compare docs/dependencies.md with the dependencies of the published packages
      --record             Write its rows instead; the reasons are written by hand
  tidy                     Find words that are hard to read, and print what to write instead
  check                    While you work: format, lints, words, unit tests, and the matrix on axum
  ci                       Run every required check: format, lints, docs, tests, matrix, demo, and the
                           numbers of allocations and instructions

examples:
  cargo xtask test-matrix --framework rocket --case '^preflight/'
  cargo xtask serve --framework axum --policy cors.toml --port 8080

exit status: 0: no problems, 1: a check failed, 2: usage error
";

/// Why a task stops early.
enum Error {
    /// Usage error: status 2.
    Usage(String),
    /// A check failed, or something could not be done: status 1.
    Failed(String),
}

impl From<lexopt::Error> for Error {
    fn from(error: lexopt::Error) -> Self {
        Self::Usage(format!("{error}; see `cargo xtask --help`"))
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(status) => status,
        Err(Error::Usage(message)) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
        Err(Error::Failed(message)) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<ExitCode, Error> {
    let mut args = lexopt::Parser::from_env();
    match args.next()? {
        Some(lexopt::Arg::Value(task)) => match task.to_str() {
            Some("demo") => demo::run(args),
            Some("test-matrix") => test_matrix::run(args),
            Some("test-load") => test_load::run(args),
            Some("test-servers") => test_servers::run(args),
            Some("serve") => serve::run(args),
            Some("bench") => bench::run(args),
            Some("fuzz") => fuzz::run(args),
            Some("mutants") => mutants::run(args),
            Some("package") => release::package(args),
            Some("features") => release::each_feature(args),
            Some("minimal-versions") => release::minimal_versions(args),
            Some("api") => release::api(args),
            Some("advisories") => release::advisories(args),
            Some("dependencies") => dependencies::run(args),
            Some("tidy") => tidy::run(args),
            Some("check") => ci::check(args),
            Some("ci") => ci::ci(args),
            _ => Err(Error::Usage(format!(
                "`{}` is not a task; see `cargo xtask --help`",
                task.to_string_lossy()
            ))),
        },
        Some(lexopt::Arg::Long("help") | lexopt::Arg::Short('h')) => {
            print!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
        Some(other) => Err(other.unexpected().into()),
        None => Err(Error::Usage(HELP.to_owned())),
    }
}

/// Reads the options of a task: `--help`, and those that `option` accepts.
fn options(
    mut args: lexopt::Parser,
    mut option: impl FnMut(&str, &mut lexopt::Parser) -> Result<bool, lexopt::Error>,
) -> Result<(), Error> {
    while let Some(arg) = args.next()? {
        let name = match arg {
            lexopt::Arg::Long(name) => name.to_owned(),
            lexopt::Arg::Short('h') => "help".to_owned(),
            _ => return Err(arg.unexpected().into()),
        };
        if name == "help" {
            print!("{HELP}");
            std::process::exit(0);
        }
        if !option(&name, &mut args)? {
            return Err(lexopt::Arg::Long(&name).unexpected().into());
        }
    }
    Ok(())
}

/// The root of the workspace.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// Runs a program and returns its exit status.
fn exit_code(command: &mut Command) -> Result<ExitCode, Error> {
    ended(command.status())
}

/// The same for a program that exits when its standard input is closed, so it cannot outlive this process.
fn exit_code_with_us(command: &mut Command) -> Result<ExitCode, Error> {
    let child = command.stdin(Stdio::piped()).spawn();
    ended(child.and_then(|mut child| {
        // `wait` closes the pipe of a child that has it, so take it out first.
        let stdin = child.stdin.take();
        let status = child.wait();
        drop(stdin);
        status
    }))
}

fn ended(status: io::Result<ExitStatus>) -> Result<ExitCode, Error> {
    let status = status.map_err(|error| Error::Failed(format!("cannot run a program: {error}")))?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

/// The cargo that runs this task, in the workspace.
fn cargo(args: &[&str]) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command.args(args).current_dir(root());
    command
}
