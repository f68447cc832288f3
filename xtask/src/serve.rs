//! `cargo xtask serve`: runs one fixture server until it is stopped.

use std::path::PathBuf;
use std::process::ExitCode;

use cors_core::LoadOptions;
use cors_matrix::server::Framework;
use lexopt::ValueExt as _;

use crate::{Error, progress};

pub(crate) fn run(args: lexopt::Parser) -> Result<ExitCode, Error> {
    let (mut framework, mut policy, mut bare, mut port) = (None, None, false, 0);
    let mut origins = Vec::new();
    crate::options(args, |name, args| {
        match name {
            "framework" => framework = Some(args.value()?.parse::<Framework>()?),
            "policy" => policy = Some(PathBuf::from(args.value()?)),
            "origins" => origins.push(args.value()?),
            "bare" => bare = true,
            "port" => port = args.value()?.parse()?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    let missing = |what: &str| Error::Usage(format!("{what} is missing; see `cargo xtask --help`"));
    let framework = framework.ok_or_else(|| missing("`--framework`"))?;
    let policy = match policy {
        _ if bare => None,
        Some(policy) => Some(policy),
        None => return Err(missing("`--policy`")),
    };
    // The server checks the policy, too, but an error should be reported before the build.
    if let Some(policy) = &policy {
        let options = LoadOptions::default().any_origin_set();
        options
            .from_file(policy)
            .map_err(|error| Error::Usage(error.to_string()))?;
    }
    let fixture = progress::build(&[framework])?.into_iter().next();
    let fixture = fixture.ok_or_else(|| Error::Failed("no server was built".to_owned()))?;
    let mut command = fixture.command(policy.as_deref(), port);
    for origins in origins {
        command.arg("--origins").arg(origins);
    }
    crate::exit_code_with_us(&mut command)
}
