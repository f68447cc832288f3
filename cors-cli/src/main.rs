//! The command `cors`: `cors --help`.

mod check;
mod cli;
mod console;
mod diagnostic;
mod error;
mod excerpt;
mod explain;
mod export;
mod given;
mod output;
mod policy;
mod probe;
mod replace;
mod request;
mod simulation;

use std::fs;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};
use cors_core::text::is_printable;

use crate::cli::{Cli, Command};
use crate::error::{Error, Outcome};
use crate::output::Printable;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return used_wrongly(&error),
    };
    cli.color.write_global();
    let mut out = io::BufWriter::new(anstream::stdout().lock());
    let result = run(cli.command, &mut out);
    // The output comes before the error.
    let written = out.flush();
    match result.and_then(|outcome| Ok(written.map(|()| outcome)?)) {
        Ok(Outcome::Fine) => ExitCode::SUCCESS,
        Ok(Outcome::Found) => ExitCode::FAILURE,
        // `cors ... | head` is not an error.
        Err(Error::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(Error::Output(error)) => fail(&format!("cannot write the output: {error}")),
        Err(Error::Message(message)) => fail(&message),
    }
}

/// Prints the error of the command line, or the help that it asks for.
fn used_wrongly(error: &clap::Error) -> ExitCode {
    let mut arguments = std::env::args_os();
    let are_printable = arguments.all(|text| text.to_string_lossy().chars().all(is_printable));
    if are_printable || !error.use_stderr() {
        error.exit();
    }
    // The error quotes the arguments unchanged, and a colour in them is not from us.
    for line in error.render().to_string().lines() {
        let _ = writeln!(anstream::stderr(), "{}", Printable(line));
    }
    ExitCode::from(2)
}

fn fail(message: &str) -> ExitCode {
    let mut before = "cors: ";
    for line in message.lines() {
        // An error of standard error can be reported nowhere.
        let _ = writeln!(anstream::stderr(), "{before}{}", Printable(line));
        before = "";
    }
    ExitCode::from(2)
}

fn run(command: Command, out: &mut impl Write) -> Result<Outcome, Error> {
    match command {
        Command::Check(args) => check::run(&args, out),
        Command::Explain(args) => explain::run(&args, out),
        Command::Export(args) => export::run(&args, out),
        Command::Probe(args) => probe::run(&args, out),
        Command::Schema => {
            out.write_all(include_bytes!("../schema.json"))?;
            Ok(Outcome::Fine)
        }
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut cli::for_completions(), "cors", out);
            Ok(Outcome::Fine)
        }
        Command::Man { dir } => {
            match &dir {
                None => clap_mangen::Man::new(Cli::command()).render(out)?,
                Some(dir) => {
                    let created = fs::create_dir_all(dir);
                    created
                        .and_then(|()| clap_mangen::generate_to(Cli::command(), dir))
                        .map_err(|error| {
                            let dir = dir.display().to_string();
                            Error::new(format!(
                                "{}: cannot be written to: {error}",
                                Printable(&dir)
                            ))
                        })?;
                }
            }
            Ok(Outcome::Fine)
        }
    }
}
