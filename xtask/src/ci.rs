//! `cargo xtask ci` runs every required check, and `cargo xtask check` the quick ones.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use cors_matrix::skip::{SKIPPED, skip_in};

use crate::{Error, cargo, root};

/// A step: what it is, its arguments to cargo, and what it needs in the environment.
struct Step {
    what: &'static str,
    cargo: &'static [&'static str],
    environment: Option<(&'static str, &'static str)>,
}

const FORMAT: Step = Step {
    what: "format",
    cargo: &["fmt", "--all", "--check"],
    environment: None,
};

const WORDS: Step = Step {
    what: "words",
    cargo: &["xtask", "tidy"],
    environment: None,
};

const LINTS: Step = Step {
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
};

const STEPS: [Step; 16] = [
    Step {
        what: "lock file",
        cargo: &["fetch", "--locked"],
        environment: None,
    },
    FORMAT,
    WORDS,
    LINTS,
    Step {
        what: "the list of dependencies",
        cargo: &["xtask", "dependencies"],
        environment: None,
    },
    Step {
        what: "each feature of the published packages",
        cargo: &["xtask", "features"],
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
        what: "the gateways that are installed, with browsers",
        cargo: &[
            "xtask",
            "test-matrix",
            "--gateway",
            "installed",
            "--browser",
            "installed",
        ],
        environment: None,
    },
    Step {
        what: "the servers under load",
        cargo: &["xtask", "test-load"],
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

const MUTANTS: Step = Step {
    what: "mutants of the last commit",
    cargo: &["xtask", "mutants", "--in-diff", "HEAD^", "--minutes", "2"],
    environment: None,
};

/// What `check` runs. Doc tests, the comparison with browsers, caches and the benchmarks are left to `ci`.
const CHECK: [Step; 6] = [
    FORMAT,
    WORDS,
    LINTS,
    // Tests run the examples `hello`. `cargo test --examples` would make test programs of them.
    Step {
        what: "examples",
        cargo: &[
            "build",
            "--workspace",
            "--exclude",
            "cors-real-browsers",
            "--exclude",
            "cors-bench",
            "--all-features",
            "--examples",
        ],
        environment: None,
    },
    Step {
        what: "unit and property tests",
        cargo: &[
            "test",
            "--workspace",
            // They drive browsers and valgrind, which takes as long as all other tests.
            "--exclude",
            "cors-real-browsers",
            "--exclude",
            "cors-bench",
            "--all-features",
            "--lib",
            "--bins",
            "--tests",
        ],
        environment: Some(("PROPTEST_RNG_SEED", "1")),
    },
    Step {
        what: "test matrix on axum",
        cargo: &["xtask", "test-matrix", "--framework", "axum"],
        environment: None,
    },
];

pub(crate) fn ci(args: lexopt::Parser) -> Result<ExitCode, Error> {
    crate::options(args, |_, _| Ok(false))?;
    run(|skipped| {
        let mut times = times(&STEPS, skipped)?;
        // Each needs a subcommand of cargo.
        for (program, step) in [("deny", DENY), ("mutants", MUTANTS)] {
            if program == "mutants" && !has_parent() {
                eprintln!("\n== {}: the history has one commit only", step.what);
                continue;
            }
            match cargo(&[program, "--version"]).output() {
                Ok(output) if output.status.success() => {
                    times.push((step.what, step.run(skipped)?));
                }
                _ => {
                    let missing = format!("`cargo-{program}` is not installed");
                    skip_in(Some(skipped), step.what, &missing).map_err(Error::Failed)?;
                }
            }
        }
        Ok(times)
    })
}

/// Whether a commit is before the last one. A clone can be without the history.
fn has_parent() -> bool {
    let mut git = Command::new("git");
    git.args(["rev-parse", "--quiet", "--verify", "HEAD^"]);
    let output = git.current_dir(root()).output();
    output.is_ok_and(|output| output.status.success())
}

pub(crate) fn check(args: lexopt::Parser) -> Result<ExitCode, Error> {
    crate::options(args, |_, _| Ok(false))?;
    run(|skipped| times(&CHECK, skipped))
}

/// How long each step took.
type Times = Vec<(&'static str, Duration)>;

fn times(steps: &[Step], skipped: &Path) -> Result<Times, Error> {
    let times = steps.iter().map(|step| Ok((step.what, step.run(skipped)?)));
    times.collect()
}

/// Runs steps, which write what they skip to a file; then prints how long each took, and what was skipped.
fn run(steps: impl FnOnce(&Path) -> Result<Times, Error>) -> Result<ExitCode, Error> {
    let list = skipped_file()?;
    let times = steps(&list);
    let skipped = std::fs::read_to_string(&list).unwrap_or_default();
    let _ = std::fs::remove_file(&list);
    if let Ok(times) = &times {
        let all = times.iter().map(|(_, time)| time).sum();
        eprintln!("\ntime of each step:");
        for (what, time) in times.iter().chain([&("all", all)]) {
            eprintln!("{:>7.0} s  {what}", time.as_secs_f64());
        }
    }
    // Several tests need the same program.
    let skipped: BTreeSet<_> = skipped.lines().collect();
    if !skipped.is_empty() {
        eprintln!("\nwhat was skipped:");
    }
    for line in skipped {
        eprintln!("  {line}");
    }
    times?;
    eprintln!("\nall checks passed");
    Ok(ExitCode::SUCCESS)
}

/// The file to which tests write what they skip, empty.
fn skipped_file() -> Result<PathBuf, Error> {
    let failed = |error| Error::Failed(format!("cannot write a list of what is skipped: {error}"));
    let file = std::env::current_exe().map_err(failed)?;
    // One for each process: several may run.
    let file = file.with_file_name(format!("skipped-{}", std::process::id()));
    std::fs::write(&file, "").map_err(failed)?;
    Ok(file)
}

impl Step {
    /// Runs the step, and returns how long it took.
    fn run(&self, skipped: &Path) -> Result<Duration, Error> {
        let started = Instant::now();
        eprintln!("\n== {}: cargo {}", self.what, self.cargo.join(" "));
        let failed = |how: String| Err(Error::Failed(format!("\n{} failed: {how}", self.what)));
        let mut cargo = cargo(self.cargo);
        cargo.envs(self.environment).env(SKIPPED, skipped);
        match cargo.status() {
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
