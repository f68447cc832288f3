//! `cargo xtask bench`: measures what CORS costs, with our middleware and with the usual one of each framework.

use std::process::{Command, ExitCode};

use cors_matrix::skip::skip;
use lexopt::ValueExt as _;

use crate::{Error, cargo};

pub(crate) fn run(args: lexopt::Parser) -> Result<ExitCode, Error> {
    let mut arguments = Vec::new();
    crate::options(args, |name, args| {
        match name {
            "framework" => {
                arguments.extend(["--framework".to_owned(), args.value()?.string()?]);
            }
            "gate" | "record" | "quick" | "gateways" => arguments.push(format!("--{name}")),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    // Check this before the build, which takes minutes.
    let gate = arguments.iter().any(|argument| argument == "--gate");
    if gate && !has_valgrind() {
        let missing = "`valgrind` is not installed (Debian's package of that name)";
        skip("numbers of instructions", missing).map_err(Error::Failed)?;
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.iter().any(|argument| argument == "--gateways") {
        // What is measured is not in this program, so a build for tests is enough.
        let program = ["run", "--quiet", "--package", "cors-bench", "--"];
        return crate::exit_code(as_stored(cargo(&program)).args(arguments));
    }
    eprintln!("building the benchmarks (the first time this takes some minutes)");
    let build = ["build", "--release", "--quiet", "--package", "cors-bench"];
    let built = as_stored(cargo(&build)).status();
    let built = built.map_err(|error| Error::Failed(format!("cannot run cargo: {error}")))?;
    if !built.success() {
        return Err(Error::Failed(
            "cargo could not build the benchmarks".to_owned(),
        ));
    }
    // A separate program, so that xtask compiles quickly.
    let program = [
        "run",
        "--release",
        "--quiet",
        "--package",
        "cors-bench",
        "--",
    ];
    crate::exit_code(as_stored(cargo(&program)).args(arguments))
}

/// Removes environment variables that change the programs: CI services often set flags, such as `-D warnings`.
fn as_stored(mut cargo: Command) -> Command {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.ends_with("RUSTFLAGS") || text.starts_with("CARGO_PROFILE_") {
            cargo.env_remove(name);
        }
    }
    cargo
}

fn has_valgrind() -> bool {
    let output = Command::new("valgrind").arg("--version").output();
    output.is_ok_and(|output| output.status.success())
}
