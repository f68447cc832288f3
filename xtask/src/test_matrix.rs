//! `cargo xtask test-matrix`: every shared case against every framework.

use std::path::PathBuf;
use std::process::ExitCode;

use cors_matrix::case::Suite;
use cors_matrix::difference::Difference;
use cors_matrix::run;
use cors_matrix::server::Framework;
use lexopt::ValueExt as _;
use regex_lite::Regex;

use crate::{Error, cargo, progress, root};

pub(crate) fn run(args: lexopt::Parser) -> Result<ExitCode, Error> {
    let (mut framework, mut cases, mut report, mut browser) = (None, None, None, None);
    crate::options(args, |name, args| {
        match name {
            "framework" => framework = Some(args.value()?.parse::<Framework>()?),
            "case" => cases = Some(args.value()?.parse_with(Regex::new)?),
            "browser" => browser = Some(args.value()?.string()?),
            "report" => report = Some(PathBuf::from(args.value()?)),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    let report = report.map(ReportFile::new).transpose()?;

    let folder = root().join("cors-matrix");
    let mut suite =
        Suite::read(&folder.join("cases")).map_err(|error| Error::Failed(error.to_string()))?;
    let differences = Difference::read(&folder.join("differences.toml")).map_err(Error::Failed)?;
    if let Some(cases) = &cases {
        suite.cases.retain(|case| cases.is_match(&case.name));
        if suite.cases.is_empty() {
            return Err(Error::Usage(format!(
                "no case has a name that matches `{cases}`"
            )));
        }
    }
    let frameworks = framework.map_or(Framework::ALL.to_vec(), |framework| vec![framework]);

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

/// Has real browsers run the cases, and compares them with the model that has judged above. It is a
/// program of its own, because this one should compile quickly.
fn real_browsers(
    browser: &str,
    framework: Option<Framework>,
    cases: Option<&Regex>,
) -> Result<ExitCode, Error> {
    let mut command = cargo(&["run", "--quiet", "--package", "cors-verdicts", "--"]);
    command.args(["--browser", browser]);
    if let Some(framework) = framework {
        command.args(["--framework", framework.name()]);
    }
    if let Some(cases) = cases {
        command.args(["--case", cases.as_str()]);
    }
    crate::exit_code(&mut command)
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
                "`{}` ends neither with .html nor with .json",
                path.display()
            ))),
        }
    }
}
