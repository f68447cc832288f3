//! `cargo xtask test-matrix`: runs every shared case on every framework, or through gateways.

use std::path::PathBuf;
use std::process::ExitCode;

use cors_matrix::case::Suite;
use cors_matrix::difference::Differences;
use cors_matrix::run::{self, Subject};
use cors_matrix::server::Framework;
use lexopt::ValueExt as _;
use regex_lite::Regex;

use crate::{Error, cargo, progress, root};

pub(crate) fn run(args: lexopt::Parser) -> Result<ExitCode, Error> {
    let (mut framework, mut cases, mut report, mut browser) = (None, None, None, None);
    let (mut cache, mut gateway, mut seed) = (None, None, None);
    crate::options(args, |name, args| {
        match name {
            "framework" => framework = Some(args.value()?.parse::<Framework>()?),
            "case" => cases = Some(args.value()?.parse_with(Regex::new)?),
            "browser" => browser = Some(args.value()?.string()?),
            "cache" => cache = Some(args.value()?.string()?),
            "gateway" => gateway = Some(args.value()?.string()?),
            "seed" => seed = Some(args.value()?.parse()?),
            "report" => report = Some(PathBuf::from(args.value()?)),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    let usage = |message: &str| Err(Error::Usage(message.to_owned()));
    let frameworks = framework.map_or(Framework::ALL.to_vec(), |framework| vec![framework]);
    match (cache, &gateway) {
        (Some(_), Some(_)) => return usage("`--cache` and `--gateway` cannot be used together"),
        (Some(_), None) if cases.is_some() || report.is_some() || browser.is_some() => {
            return usage(
                "`--cache` runs no cases, so only `--framework` and `--seed` can be used with it",
            );
        }
        (Some(cache), None) => return real_caches(&cache, &frameworks, seed.unwrap_or(1)),
        (None, Some(_)) if browser.is_some() && cases.is_some() => {
            return usage(
                "`--case` cannot be used with `--browser` and `--gateway`: a browser sends other requests through a gateway",
            );
        }
        (None, None) if seed.is_some() => {
            return usage("`--seed` can only be used with `--cache` or `--gateway`");
        }
        (None, _) => {}
    }
    let cases = Cases {
        only: cases,
        report: report.map(ReportFile::new).transpose()?,
    };
    if let Some(gateway) = gateway {
        let framework = framework.unwrap_or(Framework::Axum);
        let status = real_gateways(&gateway, framework, &cases, seed.unwrap_or(1))?;
        return match browser {
            Some(browser) if status == ExitCode::SUCCESS => {
                real_browsers(&browser, Some(framework), None, Some(&gateway))
            }
            _ => Ok(status),
        };
    }
    let suite = cases.suite()?;
    let fixtures = progress::build(&frameworks)?;
    if !cases.run(&fixtures, &suite, &known("differences.toml")?)? {
        return Ok(ExitCode::FAILURE);
    }
    match browser {
        Some(browser) => real_browsers(&browser, framework, cases.only.as_ref(), None),
        None => Ok(ExitCode::SUCCESS),
    }
}

/// What to run, and where to write the result.
struct Cases {
    /// Only the cases whose names match.
    only: Option<Regex>,
    report: Option<ReportFile>,
}

impl Cases {
    fn suite(&self) -> Result<Suite, Error> {
        let mut suite = Suite::read(&folder().join("cases"))
            .map_err(|error| Error::Failed(error.to_string()))?;
        if let Some(cases) = &self.only {
            suite.cases.retain(|case| cases.is_match(&case.name));
            if suite.cases.is_empty() {
                return Err(Error::Usage(format!(
                    "no case has a name that matches `{cases}`"
                )));
            }
        }
        Ok(suite)
    }

    /// Runs them, and prints the result. Returns whether all passed.
    fn run<S: Subject>(
        &self,
        subjects: &[S],
        suite: &Suite,
        differences: &Differences,
    ) -> Result<bool, Error> {
        let bar = progress::bar(suite.cases.len() * subjects.len(), "running the cases");
        let result = run::run(subjects, suite, differences, &|| bar.inc(1));
        bar.finish_and_clear();
        let mut result = result.map_err(Error::Failed)?;
        if self.only.is_none() {
            result.reject_unused(differences);
        }
        print!("{}", result.text(differences));
        if let Some(ReportFile { path, html }) = &self.report {
            let text = if *html {
                result.html(differences)
            } else {
                result.json(differences)
            };
            std::fs::write(path, text)
                .map_err(|error| Error::Failed(format!("{}: {error}", path.display())))?;
            println!("the report is in {}", path.display());
        }
        Ok(result.failures.is_empty())
    }
}

/// The known differences in a file.
fn known(file: &str) -> Result<Differences, Error> {
    Differences::read(&folder().join(file)).map_err(Error::Failed)
}

/// The folder of the cases and the known differences.
fn folder() -> PathBuf {
    root().join("cors-matrix")
}

/// Runs the cases in real browsers, or a handful of fetches through gateways, and compares these with the model. That is
/// done by a separate program, so that xtask compiles quickly.
fn real_browsers(
    browser: &str,
    framework: Option<Framework>,
    cases: Option<&Regex>,
    gateway: Option<&str>,
) -> Result<ExitCode, Error> {
    let mut command = cargo(&["run", "--quiet", "--package", "cors-real-browsers", "--"]);
    command.args(["--browser", browser]);
    if let Some(framework) = framework {
        command.args(["--framework", framework.name()]);
    }
    if let Some(cases) = cases {
        command.args(["--case", cases.as_str()]);
    }
    if let Some(gateway) = gateway {
        command.args(["--gateway", gateway]);
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

/// Runs the cases through real gateways, which apply what `cors export` has written.
#[cfg(unix)]
fn real_gateways(
    name: &str,
    framework: Framework,
    cases: &Cases,
    seed: u64,
) -> Result<ExitCode, Error> {
    use cors_matrix::gateway::{Gateways, InFront, changed, random};

    // Report what is missing before the build.
    let gateways: Gateways = name.parse().map_err(Error::Failed)?;
    if gateways.0.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let suite = cases.suite()?;
    let fixture = progress::build(&[framework])?.into_iter().next();
    let fixture = fixture.ok_or_else(|| Error::Failed("no server was built".to_owned()))?;
    let cors = progress::build_cors()?;
    let server = fixture.start(None).map_err(Error::Failed)?;
    let column = |installed| InFront {
        installed,
        framework,
        port: server.port(),
        cors: &cors,
    };
    let columns: Vec<_> = gateways.0.iter().map(column).collect();
    let differences = known("gateway-differences.toml")?;
    let mut is_well = cases.run(&columns, &suite, &differences)?;
    // Cases that are chosen are looked at closely.
    if cases.only.is_none() {
        println!();
        is_well &= changed::run(&columns, &suite, &differences).map_err(Error::Failed)?;
        is_well &= random::run(&columns, &fixture, &suite, seed).map_err(Error::Failed)?;
    }
    match is_well {
        true => Ok(ExitCode::SUCCESS),
        false => Ok(ExitCode::FAILURE),
    }
}

#[cfg(not(unix))]
fn real_gateways(_: &str, _: Framework, _: &Cases, _: u64) -> Result<ExitCode, Error> {
    let message = "`--gateway` needs a system with Unix sockets";
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
