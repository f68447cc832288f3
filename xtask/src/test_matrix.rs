//! `cargo xtask test-matrix`: runs every shared case on every framework.

use std::path::PathBuf;
use std::process::ExitCode;

use cors_matrix::case::Suite;
use cors_matrix::difference::Differences;
use cors_matrix::run;
use cors_matrix::server::Framework;
use lexopt::ValueExt as _;
use regex_lite::Regex;

use crate::{Error, cargo, progress, root};

pub(crate) fn run(args: lexopt::Parser) -> Result<ExitCode, Error> {
    let (mut framework, mut cases, mut report, mut browser) = (None, None, None, None);
    let (mut cache, mut seed) = (None, None);
    crate::options(args, |name, args| {
        match name {
            "framework" => framework = Some(args.value()?.parse::<Framework>()?),
            "case" => cases = Some(args.value()?.parse_with(Regex::new)?),
            "browser" => browser = Some(args.value()?.string()?),
            "cache" => cache = Some(args.value()?.string()?),
            "seed" => seed = Some(args.value()?.parse()?),
            "report" => report = Some(PathBuf::from(args.value()?)),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    let frameworks = framework.map_or(Framework::ALL.to_vec(), |framework| vec![framework]);
    match (
        cache,
        cases.is_some() || report.is_some() || browser.is_some(),
    ) {
        (Some(cache), false) => return real_caches(&cache, &frameworks, seed.unwrap_or(1)),
        (Some(_), true) => {
            let message =
                "`--cache` runs no cases, so only `--framework` and `--seed` can be used with it";
            return Err(Error::Usage(message.to_owned()));
        }
        (None, _) if seed.is_some() => {
            let message = "`--seed` can only be used with `--cache`";
            return Err(Error::Usage(message.to_owned()));
        }
        (None, _) => {}
    }
    let report = report.map(ReportFile::new).transpose()?;

    let folder = root().join("cors-matrix");
    let mut suite =
        Suite::read(&folder.join("cases")).map_err(|error| Error::Failed(error.to_string()))?;
    let differences = Differences::read(&folder.join("differences.toml")).map_err(Error::Failed)?;
    if let Some(cases) = &cases {
        suite.cases.retain(|case| cases.is_match(&case.name));
        if suite.cases.is_empty() {
            return Err(Error::Usage(format!(
                "no case has a name that matches `{cases}`"
            )));
        }
    }

    let fixtures = progress::build(&frameworks)?;
    let bar = progress::bar(suite.cases.len() * fixtures.len(), "running the cases");
    let result = run::run(&fixtures, &suite, &differences, &|| bar.inc(1));
    bar.finish_and_clear();
    let mut result = result.map_err(Error::Failed)?;
    if cases.is_none() {
        result.reject_unused(&differences);
    }
    print!("{}", result.text(&differences));
    if let Some(ReportFile { path, html }) = report {
        let text = if html {
            result.html(&differences)
        } else {
            result.json(&differences)
        };
        std::fs::write(&path, text)
            .map_err(|error| Error::Failed(format!("{}: {error}", path.display())))?;
        println!("the report is in {}", path.display());
    }
    if !result.failures.is_empty() {
        return Ok(ExitCode::FAILURE);
    }
    match browser {
        Some(browser) => real_browsers(&browser, framework, cases.as_ref()),
        None => Ok(ExitCode::SUCCESS),
    }
}

/// Runs the cases in real browsers, and compares these with the model. That is done by a separate
/// program, so that xtask compiles quickly.
fn real_browsers(
    browser: &str,
    framework: Option<Framework>,
    cases: Option<&Regex>,
) -> Result<ExitCode, Error> {
    let mut command = cargo(&["run", "--quiet", "--package", "cors-real-browsers", "--"]);
    command.args(["--browser", browser]);
    if let Some(framework) = framework {
        command.args(["--framework", framework.name()]);
    }
    if let Some(cases) = cases {
        command.args(["--case", cases.as_str()]);
    }
    crate::exit_code(&mut command)
}

/// Sends random requests through real caches, and compares the responses with what the policy grants.
#[cfg(unix)]
fn real_caches(name: &str, frameworks: &[Framework], seed: u64) -> Result<ExitCode, Error> {
    use cors_matrix::cache::{self, Caches};

    let caches: Caches = name.parse().map_err(Error::Usage)?;
    // Report this before the build.
    caches.available().map_err(Error::Failed)?;
    if caches.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let fixtures = progress::build(frameworks)?;
    match cache::run(&caches, &fixtures, seed).map_err(Error::Failed)? {
        true => Ok(ExitCode::SUCCESS),
        false => Ok(ExitCode::FAILURE),
    }
}

#[cfg(not(unix))]
fn real_caches(_: &str, _: &[Framework], _: u64) -> Result<ExitCode, Error> {
    let message = "`--cache` needs a system with Unix sockets";
    Err(Error::Failed(message.to_owned()))
}

/// Where to write the report, and as what.
struct ReportFile {
    path: PathBuf,
    html: bool,
}

impl ReportFile {
    fn new(path: PathBuf) -> Result<Self, Error> {
        match path.extension().and_then(|end| end.to_str()) {
            Some("html") => Ok(Self { path, html: true }),
            Some("json") => Ok(Self { path, html: false }),
            _ => Err(Error::Usage(format!(
                "`{}` does not end with .html or .json",
                path.display()
            ))),
        }
    }
}
