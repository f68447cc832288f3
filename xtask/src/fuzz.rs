//! `cargo xtask fuzz`: runs the fuzz targets with `cargo fuzz`, one after the other.

use std::fs;
use std::process::{Command, ExitCode};

use lexopt::ValueExt as _;

use crate::{Error, root};

/// A slower input is a failure: the targets take milliseconds.
const SLOWEST: &str = "-timeout=10";

pub(crate) fn run(args: lexopt::Parser) -> Result<ExitCode, Error> {
    let mut only = None;
    let mut seconds = 60_u32;
    crate::options(args, |name, args| {
        match name {
            "target" => only = Some(args.value()?.string()?),
            "seconds" => seconds = args.value()?.parse()?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    let all = targets()?;
    let targets = match only {
        None => all,
        Some(name) if all.contains(&name) => vec![name],
        Some(name) => {
            let all = all.join(", ");
            return Err(Error::Usage(format!("`{name}` is not a target: {all}")));
        }
    };
    for target in targets {
        eprintln!("\n== {target}: {seconds} s");
        // libFuzzer writes what it finds to the first folder. The files in the other one are those that CI runs.
        let found = root().join("target/fuzz").join(&target);
        fs::create_dir_all(&found).map_err(failed)?;
        let mut command = Command::new("rustup");
        command
            .args(["run", "nightly", "cargo", "fuzz", "run"])
            // The workspace has no `unsafe`, so a sanitizer would find nothing.
            .args(["--sanitizer", "none", "--codegen-units", "16", &target])
            .arg(&found)
            .arg(root().join("fuzz/corpus").join(&target))
            .args(["--", "-print_final_stats=1", SLOWEST])
            .arg(format!("-max_total_time={seconds}"))
            // The profile of the workspace links for minutes.
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .current_dir(root());
        let status = command.status().map_err(failed)?;
        if !status.success() {
            return Err(Error::Failed(format!(
                "{target} failed ({status}): if there is an input in fuzz/artifacts/{target}/, \
                 `cargo run -p cors-fuzz --bin {target} FILE` runs it; this task needs a nightly compiler and \
                 `cargo install cargo-fuzz --locked`",
            )));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn targets() -> Result<Vec<String>, Error> {
    let mut targets = Vec::new();
    for entry in fs::read_dir(root().join("fuzz/fuzz_targets")).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_stem().unwrap_or_default();
        targets.push(name.to_string_lossy().into_owned());
    }
    targets.sort();
    Ok(targets)
}

fn failed(error: std::io::Error) -> Error {
    Error::Failed(error.to_string())
}
