//! `cargo xtask ci`: everything that must hold.

use std::process::ExitCode;

use crate::{Error, cargo};

/// A step: what it is, its arguments to cargo, and what it needs in the environment.
struct Step {
    what: &'static str,
    cargo: &'static [&'static str],
    environment: Option<(&'static str, &'static str)>,
}

const STEPS: [Step; 9] = [
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
        environment: None,
    },
    Step {
        what: "test matrix, and the browsers that are installed",
        cargo: &["xtask", "test-matrix", "--browser", "installed"],
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
    for step in &STEPS {
        step.run()?;
    }
    match cargo(&["deny", "--version"]).output() {
        Ok(output) if output.status.success() => DENY.run()?,
        _ => eprintln!("\n== {}: skipped, cargo-deny is not installed", DENY.what),
    }
    eprintln!("\nall is well");
    Ok(ExitCode::SUCCESS)
}

impl Step {
    fn run(&self) -> Result<(), Error> {
        eprintln!("\n== {}: cargo {}", self.what, self.cargo.join(" "));
        let failed = |how: String| Err(Error::Failed(format!("\n{} failed: {how}", self.what)));
        match cargo(self.cargo).envs(self.environment).status() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => failed(status.to_string()),
            Err(error) => failed(error.to_string()),
        }
    }
}
