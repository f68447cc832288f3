//! `cargo xtask test-load`: the fixture servers under load, while their policy and a set of origins change.

use std::process::ExitCode;

use cors_matrix::load::{self, REQUESTS};
use cors_matrix::server::Framework;
use lexopt::ValueExt as _;

use crate::{Error, progress};

pub(crate) fn run(args: lexopt::Parser) -> Result<ExitCode, Error> {
    let (mut framework, mut requests) = (None, REQUESTS);
    crate::options(args, |name, args| {
        match name {
            "framework" => framework = Some(args.value()?.parse::<Framework>()?),
            "requests" => requests = args.value()?.parse()?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    let frameworks = framework.map_or(Framework::ALL.to_vec(), |framework| vec![framework]);
    let fixtures = progress::build(&frameworks)?;
    match load::run(&fixtures, requests).map_err(Error::Failed)? {
        true => Ok(ExitCode::SUCCESS),
        false => Ok(ExitCode::FAILURE),
    }
}
