//! What an exported policy costs in a gateway: `cargo xtask bench --gateways`.
//!
//! Two gateways without CORS and one for each policy run at the same time, in front of the same server, and take turns. The
//! second one without CORS shows how exact the measurement is.

mod process;
mod section;

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use cors_bench::case::{self, ALLOWED, EXPOSED, HEADERS, MAX_AGE, METHODS};
use cors_bench::measure::median;
use cors_matrix::column::{Gateway, GatewayVersion};
use cors_matrix::gateway::{Gateways, Installed, RunningGateway};
use cors_matrix::message::{Connection, RawRequest, RawResponse};

pub(crate) use section::section;

/// How many origins the policies have.
const COUNTS: [usize; 3] = [1, 1_000, 100_000];
/// How often a policy is exported, and each gateway is started.
const STARTS: usize = 5;
/// How many turns each gateway has with each request.
const TURNS: usize = 420;
/// How many requests it gets in a turn: as few as take longer than to read the time.
const REQUESTS: usize = 50;
/// The requests: cases of the other tables. What the last one is compared with is [`PLAIN`].
const CASES: [&str; 4] = [PLAIN, "GET allowed", "GET denied", PREFLIGHT];
const PLAIN: &str = "GET without Origin";
const PREFLIGHT: &str = "preflight allowed";

/// All that was measured.
pub(crate) struct Measured {
    exports: Vec<(Gateway, Vec<Export>)>,
    gateways: Vec<Costs>,
}

/// A call of `cors export`, with a policy of [`COUNTS`].
#[derive(Clone, Copy, Debug)]
struct Export {
    seconds: f64,
    /// Of all files.
    bytes: u64,
}

/// What was measured of a gateway.
#[derive(Debug)]
struct Costs {
    version: GatewayVersion,
    /// Twice without CORS, then with each policy.
    starts: Vec<Start>,
    /// Of each case: the processor time of all but the first gateway, as a ratio to that of the first one.
    ratios: Vec<(&'static str, Vec<f64>)>,
}

#[derive(Clone, Copy, Debug)]
struct Start {
    /// From the start of the process to its first response.
    seconds: f64,
    /// Resident, after all requests.
    bytes: u64,
}

/// Measures the gateways that are installed; `None` without one.
pub(crate) fn measure() -> Result<Option<Measured>, String> {
    let mut gateways = "installed".parse::<Gateways>()?.0;
    // Its routes are for a few hundred origins.
    gateways.retain(|it| it.version.gateway != Gateway::EnvoyRoutes);
    if gateways.is_empty() {
        return Ok(None);
    }
    let cors = build_cors()?;
    let port = process::serve().map_err(|error| format!("cannot serve: {error}"))?;
    let mut measured = Measured {
        exports: Vec::new(),
        gateways: Vec::new(),
    };
    for gateway in &gateways {
        let name = gateway.version.gateway;
        eprintln!("{}: exports", gateway.version);
        // Two versions get the same files.
        if !measured.exports.iter().any(|(other, _)| *other == name) {
            let exports = COUNTS.into_iter().map(|count| export(&cors, name, count));
            let exports = exports.collect::<Result<_, _>>()?;
            measured.exports.push((name, exports));
        }
        let costs = costs(gateway, port);
        let costs = costs.map_err(|error| format!("{}: {error}", gateway.version))?;
        measured.gateways.push(costs);
    }
    Ok(Some(measured))
}

/// The folder of the programs that are built. Policies and exported files stay there.
fn built() -> Result<PathBuf, String> {
    let here =
        std::env::current_exe().map_err(|error| format!("cannot find this program: {error}"))?;
    let built = here.parent().and_then(Path::parent);
    built
        .map(Path::to_owned)
        .ok_or_else(|| format!("{} is not in a folder of cargo", here.display()))
}

/// Builds `cors` as it is released. Only the time of this program is measured.
fn build_cors() -> Result<PathBuf, String> {
    eprintln!("building `cors` (the first time this takes some minutes)");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--release", "--quiet", "--package", "cors-cli"])
        .status()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    match built.success() {
        true => Ok(self::built()?.join("release/cors")),
        false => Err("cargo could not build `cors`".to_owned()),
    }
}

/// The folder of the exported files.
fn folder(gateway: Gateway, count: usize) -> Result<PathBuf, String> {
    Ok(built()?.join(format!("gateways/{}-{count}", gateway.name())))
}

fn export(cors: &Path, gateway: Gateway, count: usize) -> Result<Export, String> {
    let folder = folder(gateway, count)?;
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(failed)?;
    }
    fs::create_dir_all(&folder).map_err(failed)?;
    let policy = folder.with_extension("toml");
    fs::write(&policy, policy_text(count)).map_err(failed)?;
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let mut command = Command::new(cors);
        command.args(["export", gateway.name()]).arg(&policy);
        command.arg("--out").arg(&folder).stdin(Stdio::null());
        let start = Instant::now();
        let output = command.output().map_err(failed)?;
        times.push(start.elapsed().as_secs_f64());
        if !output.status.success() {
            let printed = String::from_utf8_lossy(&output.stderr);
            return Err(format!("`cors export` failed: {printed}"));
        }
    }
    let mut bytes = 0;
    for file in fs::read_dir(&folder).map_err(failed)? {
        bytes += file.and_then(|file| file.metadata()).map_err(failed)?.len();
    }
    Ok(Export {
        seconds: median(times),
        bytes,
    })
}

/// A policy as a user writes it: what [`cors_bench::ours`] has as a value.
fn policy_text(count: usize) -> String {
    // The notation of Rust's texts without special characters is that of TOML.
    let origins = case::exact(count);
    format!(
        "allow_origins = {origins:#?}\nallow_methods = {METHODS:?}\nallow_headers = {HEADERS:?}\n\
         expose_headers = [{EXPOSED:?}]\nallow_credentials = true\nmax_age = {MAX_AGE}\n"
    )
}

/// A gateway that runs.
struct Variant {
    /// Whether it applies a policy.
    has_cors: bool,
    gateway: RunningGateway,
    connection: Connection<UnixStream>,
}

impl Variant {
    /// Starts it, and returns how long it took to its first response.
    fn start(
        installed: &Installed,
        exported: Option<&Path>,
        port: u16,
    ) -> Result<(Self, Duration), String> {
        let gateway = installed.start(exported, port);
        let gateway = gateway.map_err(|error| format!("it does not start: {error}"))?;
        let stream = UnixStream::connect(gateway.socket());
        let stream = stream.map_err(|error| format!("it does not accept a connection: {error}"))?;
        let mut variant = Self {
            has_cors: exported.is_some(),
            connection: Connection::new(stream),
            gateway,
        };
        variant.send(PLAIN, &request(PLAIN)?)?;
        let time = variant.gateway.started().elapsed();
        Ok((variant, time))
    }

    fn send(&mut self, case: &str, request: &RawRequest) -> Result<(), String> {
        let response = self.connection.exchange(request);
        let response = response.map_err(|error| format!("no response to {case}: {error}"))?;
        match is_right(case, self.has_cors, &response) {
            true => Ok(()),
            false => Err(format!("a wrong response to {case}: {response:?}")),
        }
    }

    /// The processor time of some requests, in nanoseconds.
    fn cost(&mut self, case: &str) -> Result<f64, String> {
        let request = request(case)?;
        let process = self.gateway.process();
        let before = process::processor_time(process)?;
        for _ in 0..REQUESTS {
            self.send(case, &request)?;
        }
        Ok((process::processor_time(process)? - before) as f64)
    }
}

/// Whether a response is what is measured: a gateway that does nothing would be fast.
fn is_right(case: &str, has_cors: bool, response: &RawResponse) -> bool {
    let origins: Vec<_> = response.lines("access-control-allow-origin").collect();
    let is_granted = origins == [ALLOWED.as_bytes()];
    let is_preflight = case == PREFLIGHT;
    match has_cors {
        true if is_preflight => is_granted && response.status == 204,
        true if case == "GET allowed" => is_granted && response.status == 200,
        _ => origins.is_empty() && response.status == 200,
    }
}

/// The request of a case.
fn request(name: &str) -> Result<RawRequest, String> {
    let mut cases = case::all().into_iter();
    let case = cases.find(|case| case.name == name);
    let message = case.ok_or_else(|| format!("{name} is not a case"))?.message;
    let lines = message.text_lines();
    let lines = lines.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
    Ok(RawRequest {
        method: message.method.to_owned(),
        target: message.path.to_owned(),
        lines: lines.collect(),
        body: Vec::new(),
    })
}

fn costs(gateway: &Installed, port: u16) -> Result<Costs, String> {
    let version = gateway.version;
    let mut exported = vec![None, None];
    for count in COUNTS {
        exported.push(Some(folder(version.gateway, count)?));
    }
    eprintln!("{version}: start");
    let mut times = vec![Vec::new(); exported.len()];
    let mut variants = Vec::new();
    for _ in 0..STARTS {
        variants.clear();
        for (exported, times) in exported.iter().zip(&mut times) {
            let (variant, time) = Variant::start(gateway, exported.as_deref(), port)?;
            times.push(time.as_secs_f64());
            variants.push(variant);
        }
    }
    eprintln!("{version}: requests");
    let mut turns = vec![vec![Vec::new(); variants.len()]; CASES.len()];
    for _ in 0..TURNS {
        for (case, turns) in CASES.into_iter().zip(&mut turns) {
            for (variant, times) in variants.iter_mut().zip(turns) {
                times.push(variant.cost(case)?);
            }
        }
    }
    let starts = times.into_iter().zip(&variants);
    let starts = starts.map(|(times, variant)| {
        Ok(Start {
            seconds: median(times),
            bytes: process::resident(variant.gateway.process())?,
        })
    });
    Ok(Costs {
        version,
        starts: starts.collect::<Result<_, String>>()?,
        ratios: ratios(turns),
    })
}

/// The ratios of each case, from the times of all turns.
fn ratios(turns: Vec<Vec<Vec<f64>>>) -> Vec<(&'static str, Vec<f64>)> {
    let times = turns.into_iter().map(|gateways| {
        let times = gateways.into_iter().map(undisturbed);
        times.collect::<Vec<_>>()
    });
    let cases: Vec<_> = CASES.into_iter().zip(times).collect();
    let first = |name: &str| {
        let case = cases.iter().find(|(case, _)| *case == name);
        case.and_then(|(_, times)| times.first().copied())
            .unwrap_or(f64::NAN)
    };
    let cases = cases.iter().map(|(case, times)| {
        // Without CORS, it is a request for the server behind the gateway, as a `GET` is.
        let base = first(if *case == PREFLIGHT { PLAIN } else { case });
        let others = times.iter().skip(1);
        (*case, others.map(|time| time / base).collect())
    });
    cases.collect()
}

/// The time that a tenth of the turns did not exceed. In the others, other programs used the machine more: they take the caches, and
/// let the gateway sleep and wake more often.
fn undisturbed(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 10).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use cors_core::Config;

    use super::*;

    /// The text and the value that the frameworks have are the same policy.
    #[test]
    fn policies() {
        for count in [1, 3] {
            let text: Config = toml::from_str(&policy_text(count)).unwrap();
            let value = cors_bench::ours::config(case::Origins::Exact(count));
            assert_eq!(text, value);
        }
    }

    #[test]
    fn responses() {
        #[track_caller]
        fn check(case: &str, has_cors: bool, status: u16, origins: &[&str], expected: bool) {
            let line = |origin: &&str| {
                let name = "access-control-allow-origin".to_owned();
                (name, origin.as_bytes().to_vec())
            };
            let response = RawResponse {
                status,
                lines: origins.iter().map(line).collect(),
                pieces: Vec::new(),
            };
            assert_eq!(is_right(case, has_cors, &response), expected);
        }
        check("GET allowed", true, 200, &[ALLOWED], true);
        check("GET allowed", true, 200, &[], false);
        check("GET allowed", true, 200, &["*"], false);
        check("GET allowed", true, 200, &[ALLOWED; 2], false);
        check("GET allowed", false, 200, &[], true);
        check("GET allowed", false, 200, &[ALLOWED], false);
        check("GET denied", true, 200, &[], true);
        check("GET denied", true, 200, &[ALLOWED], false);
        check(PLAIN, true, 200, &[], true);
        check(PLAIN, true, 502, &[], false);
        check(PREFLIGHT, true, 204, &[ALLOWED], true);
        check(PREFLIGHT, true, 204, &[], false);
        check(PREFLIGHT, true, 200, &[ALLOWED], false);
    }

    #[test]
    fn ratios_of_cases() {
        // Of two gateways: ten turns with each case, the second of which counts.
        let turns = |first: f64, second: f64| {
            [first, second].map(|time| {
                let mut times = vec![time * 9.0; 8];
                times.extend([time, time / 2.0]);
                times
            })
        };
        let times = [(10.0, 11.0), (20.0, 25.0), (20.0, 20.0), (30.0, 5.0)];
        let times = times.map(|(first, second)| turns(first, second).to_vec());
        let expected = [
            (PLAIN, vec![1.1]),
            ("GET allowed", vec![1.25]),
            ("GET denied", vec![1.0]),
            (PREFLIGHT, vec![0.5]),
        ];
        assert_eq!(ratios(times.to_vec()), expected);
    }

    #[test]
    fn requests() {
        for case in CASES {
            let request = request(case).unwrap();
            let is_preflight = request.method == "OPTIONS";
            assert_eq!(is_preflight, case == PREFLIGHT, "{case}");
        }
        assert!(request("HEAD allowed").is_err());
    }
}
