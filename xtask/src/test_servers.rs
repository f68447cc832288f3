//! `cargo xtask test-servers`: the tests that need the fixture servers, which `cargo test` ignores.

use std::path::Path;
use std::process::ExitCode;

use cors_matrix::server::{FRAMEWORK, Framework, SERVERS};
use lexopt::ValueExt as _;

use crate::{Error, cargo, progress};

pub(crate) fn run(args: lexopt::Parser) -> Result<ExitCode, Error> {
    let (mut package, mut framework) = (None, None);
    crate::options(args, |name, args| {
        match name {
            "package" => package = Some(args.value()?.string()?),
            "framework" => framework = Some(args.value()?.parse::<Framework>()?),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    let fixtures = match &framework {
        Some(framework) => progress::build(std::slice::from_ref(framework))?,
        None => progress::build(&Framework::ALL)?,
    };
    let folder = fixtures.first().and_then(|fixture| fixture.path.parent());
    // The same as in `cargo test` of `cargo xtask ci`, so that nothing is compiled again.
    let mut tests = cargo(&["test", "--all-features", "--tests"]);
    match package {
        Some(package) => tests.args(["--package", &package]),
        None => tests.arg("--workspace"),
    };
    tests.args(["--", "--ignored"]);
    tests.envs(framework.map(|framework| (FRAMEWORK, framework.name())));
    crate::exit_code(tests.env(SERVERS, folder.unwrap_or(Path::new(""))))
}
