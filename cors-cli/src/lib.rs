//! The command `cors`: `cors --help`.
//!
//! # As a library
//!
//! What `cors check` and `cors explain` find is also there as data, for tools that show it elsewhere than in a
//! terminal. It changes with the command, in every version.
//!
//! ```
//! use cors_browser_model::{Origin, Request, Url};
//! use cors_cli::{Fix, PageRequest, Simulation, PolicyServer, Source, findings, ok_application};
//!
//! let source = Source::new("cors.toml", "allow_origins = [\"https://app.example.com\"]\n");
//! assert!(findings(&source).is_empty());
//! let valid = source.load()?;
//!
//! let page = Origin::parse("https://app.example.com").ok_or("no origin")?;
//! let put = Request::new(Url::parse("https://api.example.com/")?, page).method("PUT");
//! let page = PageRequest::of(put, None);
//! let simulation = Simulation::new(&page.request, &mut PolicyServer::new(&valid.policy, &ok_application));
//! assert!(simulation.blocked().any(|(engine, ..)| engine.name() == "Firefox"));
//!
//! let fix = Fix::find(&source, &valid, &page, &simulation, &ok_application).ok_or("nothing is wrong")?;
//! assert_eq!(fix.message(), "`PUT` is not in `allow_methods`");
//! assert!(fix.text().ok_or("no change helps")?.ends_with("allow_methods = [\"PUT\"]\n"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod check;
mod cli;
mod codes;
mod console;
mod diagnostic;
mod excerpt;
mod explain;
mod failure_code;
mod line_index;
mod mask;
mod output;
mod policy_server;
mod probe;
mod replace;
mod request;
mod simulation;
mod source;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};
use cors_core::text::is_printable;

use crate::cli::{Cli, Command};
use crate::output::Printable;

pub use crate::check::findings;
pub use crate::codes::summary;
pub use crate::diagnostic::{Diagnostic, Replacement, Severity};
pub use crate::explain::{Fix, remark};
pub use crate::policy_server::{Application, PolicyServer, ok_application};
pub use crate::request::{PageRequest, lines, parse_origin};
pub use crate::simulation::{Simulation, check_text, title, verdict_text};
pub use crate::source::{Source, ValidPolicy};

/// What a command found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// Nothing is wrong: status 0.
    Fine,
    /// Something is: status 1.
    Found,
}

/// Why a command could not do what it was asked to do: status 2.
#[derive(Debug)]
enum Error {
    /// What is wrong, for people.
    Message(String),
    /// Nobody reads what is written.
    Output(io::Error),
}

impl Error {
    fn new(message: impl Into<String>) -> Self {
        Self::Message(message.into())
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// Runs the command with the arguments of this process.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return used_wrongly(&error),
    };
    cli.color.write_global();
    let mut out = io::BufWriter::new(anstream::stdout().lock());
    let result = run(cli.command, &mut out);
    // What was written comes before what went wrong.
    let written = out.flush();
    match result.and_then(|outcome| Ok(written.map(|()| outcome)?)) {
        Ok(Outcome::Fine) => ExitCode::SUCCESS,
        Ok(Outcome::Found) => ExitCode::FAILURE,
        // `cors ... | head` is no mistake.
        Err(Error::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(Error::Output(error)) => fail(&format!("cannot write the output: {error}")),
        Err(Error::Message(message)) => fail(&message),
    }
}

/// What the command line should have been, or the help that it asks for.
fn used_wrongly(error: &clap::Error) -> ExitCode {
    let mut arguments = std::env::args_os();
    let are_printable = arguments.all(|text| text.to_string_lossy().chars().all(is_printable));
    if are_printable || !error.use_stderr() {
        error.exit();
    }
    // The error quotes the arguments as they are, and a colour in them is not one of ours.
    for line in error.render().to_string().lines() {
        let _ = writeln!(anstream::stderr(), "{}", Printable(line));
    }
    ExitCode::from(2)
}

fn fail(message: &str) -> ExitCode {
    let mut before = "cors: ";
    for line in message.lines() {
        // Where nobody reads it, there is nobody to tell.
        let _ = writeln!(anstream::stderr(), "{before}{}", Printable(line));
        before = "";
    }
    ExitCode::from(2)
}

fn run(command: Command, out: &mut impl Write) -> Result<Outcome, Error> {
    match command {
        Command::Check(args) => check::run(&args, out),
        Command::Explain(args) => explain::run(&args, out),
        Command::Probe(args) => probe::run(&args, out),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "cors", out);
            Ok(Outcome::Fine)
        }
        Command::Man { dir } => {
            match &dir {
                None => clap_mangen::Man::new(Cli::command()).render(out)?,
                Some(dir) => clap_mangen::generate_to(Cli::command(), dir).map_err(|error| {
                    let dir = dir.display().to_string();
                    Error::new(format!(
                        "{}: cannot be written to: {error}",
                        Printable(&dir)
                    ))
                })?,
            }
            Ok(Outcome::Fine)
        }
    }
}
