//! `cargo xtask bench`: what CORS costs, beside its peers.

use std::process::ExitCode;

use lexopt::ValueExt as _;

use crate::{Error, cargo};

pub(crate) fn run(args: lexopt::Parser) -> Result<ExitCode, Error> {
    let mut arguments = Vec::new();
    crate::options(args, |name, args| {
        match name {
            "framework" => {
                arguments.extend(["--framework".to_owned(), args.value()?.string()?]);
            }
            "gate" | "record" | "quick" => arguments.push(format!("--{name}")),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    // Before the build, so that nobody waits for it in vain.
    let gate = arguments.iter().any(|argument| argument == "--gate");
    if gate && !has_valgrind() {
        let missing = "instructions: `valgrind` is not installed (Debian's package of that name)";
        if std::env::var("CI").as_deref() == Ok("true") {
            return Err(Error::Failed(missing.to_owned()));
        }
        eprintln!("{missing}, SKIPPED");
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("building the benchmarks (the first time this takes some minutes)");
    let mut build = cargo(&["build", "--release", "--quiet", "--package", "cors-bench"]);
    let built = build.status();
    let built = built.map_err(|error| Error::Failed(format!("cannot run cargo: {error}")))?;
    if !built.success() {
        return Err(Error::Failed(
            "cargo could not build the benchmarks".to_owned(),
        ));
    }
    // It is a program of its own, because this one should compile quickly.
    let program = [
        "run",
        "--release",
        "--quiet",
        "--package",
        "cors-bench",
        "--",
    ];
    crate::exit_code(cargo(&program).args(arguments))
}

fn has_valgrind() -> bool {
    let output = std::process::Command::new("valgrind")
        .arg("--version")
        .output();
    output.is_ok_and(|output| output.status.success())
}
