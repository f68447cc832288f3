//! Compares the model of the browser with real browsers: `cargo xtask test-matrix --browser NAME`, and with `--gateway NAME`
//! behind real gateways.

mod compare;
mod event_source;
mod exchanges;
#[cfg(unix)]
mod gateways;
mod generated;
mod in_process;
mod own_page;
mod pages;
mod shared;
mod web_platform;

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use compare::Tally;
use cors_matrix::case::Suite;
use cors_matrix::server::{FixtureBinary, Framework};
use cors_matrix::skip::skip;
use cors_real_browsers::{Browser, BrowserName};
use lexopt::ValueExt as _;
use regex_lite::Regex;

/// Generated cases for each engine. WebKit has fewer, because its inspector is slow.
const GENERATED: [(BrowserName, usize); 3] = [
    (BrowserName::Chromium, 2000),
    (BrowserName::Firefox, 2000),
    (BrowserName::Webkit, 500),
];

struct Options {
    engines: Vec<BrowserName>,
    frameworks: Vec<Framework>,
    cases: Option<Regex>,
    seed: u64,
    /// Only a handful of fetches, through these gateways.
    gateway: Option<String>,
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(options) => options,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    let agree = match &options.gateway {
        Some(gateway) => run_behind(gateway, &options),
        None => run(&options),
    };
    match agree {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn options() -> Result<Options, lexopt::Error> {
    let mut options = Options {
        engines: BrowserName::ALL.to_vec(),
        frameworks: Framework::ALL.to_vec(),
        cases: None,
        seed: 1,
        gateway: None,
    };
    let mut args = lexopt::Parser::from_env();
    while let Some(arg) = args.next()? {
        match arg {
            lexopt::Arg::Long("browser") => options.engines = args.value()?.parse_with(engines)?,
            lexopt::Arg::Long("framework") => options.frameworks = vec![args.value()?.parse()?],
            lexopt::Arg::Long("case") => {
                options.cases = Some(args.value()?.parse_with(Regex::new)?)
            }
            lexopt::Arg::Long("seed") => options.seed = args.value()?.parse()?,
            lexopt::Arg::Long("gateway") => options.gateway = Some(args.value()?.string()?),
            other => return Err(other.unexpected()),
        }
    }
    Ok(options)
}

fn engines(name: &str) -> Result<Vec<BrowserName>, String> {
    match name {
        "all" => return Ok(BrowserName::ALL.to_vec()),
        "installed" => return installed(),
        _ => {}
    }
    let found = BrowserName::ALL
        .into_iter()
        .find(|engine| engine.name().eq_ignore_ascii_case(name));
    found.map(|engine| vec![engine]).ok_or_else(|| {
        format!(
            "`{name}` is not a browser; use `chromium`, `firefox`, `webkit`, `all` or `installed`"
        )
    })
}

/// The browsers that are installed. With `CI=true`, all of them must be.
fn installed() -> Result<Vec<BrowserName>, String> {
    let mut installed = Vec::new();
    for engine in BrowserName::ALL {
        match engine.available() {
            Ok(()) => installed.push(engine),
            Err(missing) => skip(&format!("the model compared with {engine}"), &missing)?,
        }
    }
    Ok(installed)
}

/// Runs all cases. Returns whether browsers and model agree.
fn run(options: &Options) -> Result<bool, String> {
    for engine in &options.engines {
        engine.available()?;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cors-matrix/cases");
    let mut suite = Suite::read(&folder).map_err(|error| error.to_string())?;
    if let Some(cases) = &options.cases {
        suite.cases.retain(|case| cases.is_match(&case.name));
    }
    let fixtures = FixtureBinary::build(&options.frameworks, |_| {})?;
    let mut agree = true;
    for engine in options.engines.iter().copied() {
        let started = Instant::now();
        let mut browser = Browser::start(engine).map_err(|error| error.to_string())?;
        let mut report = |what: &str, tally: &Tally| {
            agree &= tally.disagreements.is_empty();
            println!("{engine}, {what}: {tally}");
        };
        for fixture in &fixtures {
            let tally = shared::run(&mut browser, fixture, &suite)?;
            report(&format!("shared cases on {}", fixture.framework), &tally);
        }
        if options.cases.is_none() {
            for fixture in &fixtures {
                let tally = pages::run(&mut browser, fixture)?;
                report(
                    &format!("pages and `refuse` on {}", fixture.framework),
                    &tally,
                );
            }
            let tally = in_process::run(&mut browser)?;
            report("cors-test", &tally);
            let tally = web_platform::run(&mut browser)?;
            report("tables of web-platform-tests", &tally);
            let tally = event_source::run(&mut browser)?;
            report("event sources that connect again", &tally);
            let count = GENERATED.iter().find(|(other, _)| *other == engine);
            let count = count.map_or(0, |(_, count)| *count);
            let tally = generated::run(&mut browser, count, options.seed)?;
            report(&format!("generated cases of seed {}", options.seed), &tally);
        }
        println!("{engine}: {:.0?}", started.elapsed());
    }
    Ok(agree)
}

/// Runs a handful of fetches in each browser, through gateways in front of a bare server. Returns whether browsers, model and
/// policy agree.
#[cfg(unix)]
fn run_behind(gateway: &str, options: &Options) -> Result<bool, String> {
    use cors_matrix::gateway::Gateways;

    for engine in &options.engines {
        engine.available()?;
    }
    let gateways: Gateways = gateway.parse()?;
    let framework = options.frameworks.first().copied();
    if gateways.0.is_empty() || options.engines.is_empty() {
        return Ok(true);
    }
    let fixtures = FixtureBinary::build(&[framework.unwrap_or(Framework::Axum)], |_| {})?;
    let fixture = fixtures.first().ok_or("no server was built")?;
    let setup = gateways::Setup::start(&gateways, fixture)?;
    let mut agree = true;
    for engine in options.engines.iter().copied() {
        let started = Instant::now();
        let mut browser = Browser::start(engine).map_err(|error| error.to_string())?;
        for (column, tally) in setup.run(&mut browser)? {
            agree &= tally.disagreements.is_empty();
            println!("{engine}, through {column}: {tally}");
        }
        println!("{engine}: {:.0?}", started.elapsed());
    }
    Ok(agree)
}

#[cfg(not(unix))]
fn run_behind(_: &str, _: &Options) -> Result<bool, String> {
    Err("`--gateway` needs a system with Unix sockets".to_owned())
}
