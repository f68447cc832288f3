//! `cargo xtask mutants`: changes the code in one place after the other, with `cargo mutants`, and compares the changes that
//! no test notices with those that are listed.

mod copy;
mod list;
mod progress;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use cors_matrix::server::Framework;
use lexopt::ValueExt as _;

use crate::Error;
use copy::{Copy, Run};
use list::List;
use progress::{Numbers, Progress};

/// A package whose code is changed, and the tests that must notice it.
#[derive(Debug)]
struct Package {
    folder: &'static str,
    /// Its name for cargo.
    name: &'static str,
    /// The first stage finds most changes, in little time. Each other one gets those that are left of all files.
    stages: &'static [Stage],
}

/// The tests that run with a change.
#[derive(Debug)]
struct Stage {
    packages: &'static [&'static str],
    /// What cargo builds of the packages; empty: all that has tests.
    targets: &'static [&'static str],
    /// What selects the tests.
    tests: &'static [&'static str],
    /// The framework whose fixture server is built with the change, for the tests that send requests to it.
    server: Option<Framework>,
}

impl Stage {
    const fn own(
        packages: &'static [&'static str],
        targets: &'static [&'static str],
        tests: &'static [&'static str],
    ) -> Self {
        Self {
            packages,
            targets,
            tests,
            server: None,
        }
    }

    const fn with_server(packages: &'static [&'static str], framework: Framework) -> Self {
        Self {
            packages,
            targets: &[],
            // Those with caches start programs, and test no code that these do not.
            tests: &["--include-ignored", "--skip=cached"],
            server: Some(framework),
        }
    }
}

/// Leaves out the tests that start an example.
const WITHOUT_EXAMPLES: &[&str] = &["--skip=hello::"];

const PACKAGES: [Package; 7] = [
    Package {
        folder: "cors-core",
        name: "cors-policy-core",
        stages: &[
            Stage::own(
                &["cors-policy-core"],
                &["--lib", "--test=suite"],
                &[
                    // What takes a second or longer.
                    "--skip=agrees_with",
                    "--skip=large_headers",
                    "--skip=long_lists",
                    "--skip=many_grants",
                    "--skip=many_routes",
                    "--skip=many_wildcards",
                    "--skip=replacements_and",
                    "--skip=several_replace",
                ],
            ),
            Stage::own(
                &["cors-policy-core"],
                &[
                    "--test=events",
                    "--test=logger",
                    "--test=metrics",
                    "--test=watch",
                ],
                &[],
            ),
            Stage::own(&["cors-policy-core"], &["--tests"], &[]),
            Stage::with_server(
                &["cors-axum", "cors-explain", "cors-matrix"],
                Framework::Axum,
            ),
            // The examples of the documentation.
            Stage::own(&["cors-policy-core"], &[], &[]),
        ],
    },
    Package {
        folder: "cors-tower",
        name: "cors-tower",
        stages: &[
            Stage::own(&["cors-tower"], &["--tests"], &[]),
            Stage::with_server(&["cors-axum", "cors-matrix"], Framework::Axum),
        ],
    },
    Package {
        folder: "cors-axum",
        name: "cors-axum",
        stages: &[
            Stage::own(&["cors-axum"], &["--tests"], WITHOUT_EXAMPLES),
            Stage::with_server(&["cors-axum", "cors-matrix"], Framework::Axum),
        ],
    },
    Package {
        folder: "cors-actix",
        name: "cors-actix",
        stages: &[
            Stage::own(&["cors-actix"], &["--tests"], WITHOUT_EXAMPLES),
            Stage::with_server(&["cors-actix", "cors-matrix"], Framework::Actix),
        ],
    },
    Package {
        folder: "cors-rocket",
        name: "cors-rocket",
        stages: &[
            Stage::own(&["cors-rocket"], &["--tests"], WITHOUT_EXAMPLES),
            Stage::with_server(&["cors-rocket", "cors-matrix"], Framework::Rocket),
        ],
    },
    Package {
        folder: "cors-warp",
        name: "cors-warp",
        stages: &[
            Stage::own(&["cors-warp"], &["--tests"], WITHOUT_EXAMPLES),
            Stage::with_server(&["cors-warp", "cors-matrix"], Framework::Warp),
        ],
    },
    Package {
        folder: "cors-browser-model",
        name: "cors-browser-model",
        stages: &[
            Stage::own(&["cors-browser-model"], &["--lib", "--test=suite"], &[]),
            Stage::own(&["cors-browser-model", "cors-explain"], &[], &[]),
        ],
    },
];

/// With a diff, how many mutants are tested before the time limit is looked at. Without one, those of a file are tested at
/// once.
const AT_ONCE: usize = 5;

pub(crate) fn run(args: lexopt::Parser) -> Result<ExitCode, Error> {
    let (mut only, mut minutes, mut since) = (None, None, None);
    crate::options(args, |name, args| {
        match name {
            "package" => only = Some(args.value()?.string()?),
            "minutes" => minutes = Some(args.value()?.parse()?),
            "in-diff" => since = Some(args.value()?.string()?),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    let packages: Vec<_> = PACKAGES
        .iter()
        .filter(|package| only.as_ref().is_none_or(|only| only == package.folder))
        .collect();
    if packages.is_empty() {
        let all = PACKAGES.map(|package| package.folder).join(", ");
        let only = only.unwrap_or_default();
        return Err(Error::Usage(format!("`{only}` is not one of {all}")));
    }
    let started = Instant::now();
    let limit = minutes.map(|minutes: u32| Duration::from_secs(60) * minutes);
    let is_time_over = || limit.is_some_and(|limit| started.elapsed() >= limit);

    let copy = Copy::of_work_tree()?;
    let diff = since.map(|since| copy.diff(&since)).transpose()?;
    let mut list = List::read()?;
    let mut table = Vec::new();
    for package in packages {
        let stages = package.stages.len();
        let mut files = copy.mutants(package, None)?;
        list.check_existence(package.folder, &files);
        if diff.is_some() {
            files = copy.mutants(package, diff.as_deref())?;
        }
        let mut files: Vec<_> = files
            .into_iter()
            .map(|(file, mutants)| {
                let progress = match diff {
                    None => copy.progress(&file, mutants, stages),
                    Some(_) => Progress::new(mutants, stages),
                };
                (file, progress)
            })
            .collect();
        for (index, stage) in package.stages.iter().enumerate() {
            let mut known = None;
            for (file, progress) in &mut files {
                while progress.stage() == Some(index) && !is_time_over() {
                    let patience = match known {
                        Some(patience) => patience,
                        None => *known.insert(copy.patience(stage)?),
                    };
                    let run = Run {
                        package,
                        stage,
                        patience,
                        file,
                        diff: diff.as_deref(),
                    };
                    let most = if diff.is_some() { AT_ONCE } else { usize::MAX };
                    let mutants = progress.next(most);
                    let (numbers, missed) = copy.test(&run, mutants)?;
                    progress.add(mutants.len(), numbers, missed);
                    if diff.is_none() {
                        copy.store(file, progress)?;
                    }
                    eprintln!("{}  {file}", progress.numbers());
                }
            }
        }
        let mut sum = Numbers::default();
        for (file, progress) in &files {
            if let Some(survivors) = progress.survivors() {
                list.compare(file, survivors, diff.is_none());
            }
            sum = sum.plus(progress.numbers());
        }
        table.push((package.folder, sum));
    }

    println!();
    for (folder, numbers) in &table {
        println!("{numbers}  {folder}");
    }
    if list.problems.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    Err(Error::Failed(format!(
        "\n{}\na mutant that no test notices needs a test, simpler code, or a reason in {}",
        list.problems.join("\n"),
        list::FILE,
    )))
}
