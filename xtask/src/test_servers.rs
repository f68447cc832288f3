//! `cargo xtask test-servers`: the tests that need the fixture servers, which `cargo test` ignores.

use std::path::Path;
use std::process::ExitCode;

use cors_matrix::server::{Framework, SERVERS};
use lexopt::ValueExt as _;

use crate::{Error, cargo, progress};

pub(crate) fn run(args: lexopt::Parser) -> Result<ExitCode, Error> {
    let mut package = None;
    crate::options(args, |name, args| {
        match name {
            "package" => package = Some(args.value()?.string()?),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    let fixtures = progress::build(&Framework::ALL)?;
    let folder = fixtures.first().and_then(|fixture| fixture.path.parent());
    // The same as in `cargo test` of `cargo xtask ci`, so that nothing is compiled again.
    let mut tests = cargo(&["test", "--all-features", "--tests"]);
    match package {
        Some(package) => tests.args(["--package", &package]),
        None => tests.arg("--workspace"),
    };
    tests.args(["--", "--ignored"]);
    crate::exit_code(tests.env(SERVERS, folder.unwrap_or(Path::new(""))))
}
