//! `cargo xtask ci`: runs every required check.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::{Error, cargo};

/// A step: what it is, its arguments to cargo, and what it needs in the environment.
struct Step {
    what: &'static str,
    cargo: &'static [&'static str],
    environment: Option<(&'static str, &'static str)>,
}

const STEPS: [Step; 11] = [
    Step {
        what: "lock file",
        cargo: &["fetch", "--locked"],
        environment: None,
    },
    Step {
        what: "format",
        cargo: &["fmt", "--all", "--check"],
        environment: None,
    },
    Step {
        what: "lints",
        cargo: &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--all-features",
            "--",
            "--deny",
            "warnings",
        ],
        environment: None,
    },
    Step {
        what: "docs",
        cargo: &["doc", "--workspace", "--all-features", "--no-deps"],
        environment: Some(("RUSTDOCFLAGS", "--deny warnings")),
    },
    Step {
        what: "unit, property and doc tests",
        cargo: &["test", "--workspace", "--all-features"],
        // Property tests use the same values in each run, so that no commit fails by chance. Without this variable,
        // `cargo test` uses new values each time.
        environment: Some(("PROPTEST_RNG_SEED", "1")),
    },
    Step {
        what: "tests with the fixture servers",
        cargo: &["xtask", "test-servers"],
        environment: None,
    },
    Step {
        what: "test matrix, and the browsers that are installed",
        cargo: &["xtask", "test-matrix", "--browser", "installed"],
        environment: None,
    },
    Step {
        what: "the caches that are installed",
        cargo: &["xtask", "test-matrix", "--cache", "installed"],
        environment: None,
    },
    Step {
        what: "demo",
        cargo: &["xtask", "demo", "--table"],
        environment: None,
    },
    Step {
        what: "numbers of allocations",
        cargo: &[
            "test",
            "--package",
            "cors-bench",
            "--features",
            "count-allocations",
            "--test",
            "allocations",
        ],
        environment: None,
    },
    Step {
        what: "numbers of instructions",
        cargo: &["xtask", "bench", "--gate"],
        environment: None,
    },
];

const DENY: Step = Step {
    what: "licences and sources of the dependencies",
    cargo: &["deny", "check", "bans", "licenses", "sources"],
    environment: None,
};

pub(crate) fn run(args: lexopt::Parser) -> Result<ExitCode, Error> {
    crate::options(args, |_, _| Ok(false))?;
    let mut times = Vec::new();
    for step in &STEPS {
        times.push((step.what, step.run()?));
    }
    match cargo(&["deny", "--version"]).output() {
        Ok(output) if output.status.success() => times.push((DENY.what, DENY.run()?)),
        _ => eprintln!("\n== {}: skipped, cargo-deny is not installed", DENY.what),
    }
    let all: Duration = times.iter().map(|(_, time)| time).sum();
    eprintln!("\ntime of each step:");
    for (what, time) in times.iter().chain([&("all", all)]) {
        eprintln!("{:>7.0} s  {what}", time.as_secs_f64());
    }
    eprintln!("\nall checks passed");
    Ok(ExitCode::SUCCESS)
}

impl Step {
    /// Runs the step, and returns how long it took.
    fn run(&self) -> Result<Duration, Error> {
        let started = Instant::now();
        eprintln!("\n== {}: cargo {}", self.what, self.cargo.join(" "));
        let failed = |how: String| Err(Error::Failed(format!("\n{} failed: {how}", self.what)));
        match cargo(self.cargo).envs(self.environment).status() {
            Ok(status) if status.success() => {
                let time = started.elapsed();
                eprintln!("== {}: {:.0} s", self.what, time.as_secs_f64());
                Ok(time)
            }
            Ok(status) => failed(status.to_string()),
            Err(error) => failed(error.to_string()),
        }
    }
}
