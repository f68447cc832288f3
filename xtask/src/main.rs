//! The tasks of the workspace: `cargo xtask --help`.

mod bench;
mod ci;
mod demo;
mod progress;
mod serve;
mod test_matrix;
mod tidy;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus, Stdio};

const HELP: &str = "\
The tasks of the CORS workspace

usage: cargo xtask <task> [options]

  demo                     the four frameworks under one policy, side by side; then a page where your
                           browser asks them, until you stop it
      --table              without the page
      --open               open the page in your browser
      --port N             the port of the page; 8090 or any free one if it is not said
  test-matrix              every shared case against every framework
      --framework NAME     against this one alone: axum, actix, rocket or warp
      --case REGEX         only the cases whose names match
      --report FILE        write the result as a page (.html) or as data (.json)
      --browser NAME       then the same in a real browser, compared with the model:
                           chromium, firefox, webkit, all or installed
      --cache NAME         instead: random requests through a real cache in front of each framework:
                           nginx, varnish, all or installed
      --seed N             the seed of these requests; 1 if it is not said
  serve                    one fixture server, until it is stopped
      --framework NAME     axum, actix, rocket or warp
      --policy FILE        the policy to apply
      --bare               no policy: the server without the middleware
      --port N             the port on 127.0.0.1; 0, the default, is any free one
  bench                    what CORS costs in each framework, beside its peers; writes docs/benchmarks.md
      --framework NAME     of this alone: engine, axum, actix, rocket or warp
      --quick              policies of at most 1,000 origins, and no throughput
      --gate               compare the numbers of instructions with the stored ones instead
      --record             store the numbers of instructions and allocations instead
  tidy                     find words that are hard to read, in all that is written here, and say what to write instead
  ci                       everything that must hold: format, lints, docs, tests, matrix, demo,
                           numbers of allocations and instructions

examples:
  cargo xtask test-matrix --framework rocket --case '^preflight/'
  cargo xtask serve --framework axum --policy cors.toml --port 8080

exit status: 0 fine, 1 something is wrong, 2 used wrongly
";

/// Why a task ends early.
enum Error {
    /// It was used wrongly: status 2.
    Usage(String),
    /// Something is wrong: status 1.
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
            Some("serve") => serve::run(args),
            Some("bench") => bench::run(args),
            Some("tidy") => tidy::run(args),
            Some("ci") => ci::run(args),
            _ => Err(Error::Usage(format!(
                "`{}` is no task; see `cargo xtask --help`",
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

/// The options of a task: `--help`, or what `option` makes of each.
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

/// Runs a program that says by its exit status how it went.
fn exit_code(command: &mut Command) -> Result<ExitCode, Error> {
    ended(command.status())
}

/// The same for a program that ends with its standard input, and so with this process, however that comes about.
fn exit_code_with_us(command: &mut Command) -> Result<ExitCode, Error> {
    let child = command.stdin(Stdio::piped()).spawn();
    ended(child.and_then(|mut child| {
        // `wait` would close it.
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
