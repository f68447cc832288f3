//! Throughput over loopback, with the load generator `wrk` or `oha`.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use cors_bench::case::ALLOWED;
use cors_bench::measure::median;
use cors_bench::programs::Program;
use cors_bench::subject::Variant;

/// Origins of the policy.
const ORIGINS: usize = 1_000;
/// Connections at the same time.
const CONNECTIONS: &str = "32";
/// How many turns each variant has.
const ROUNDS: usize = 3;

/// Responses per second.
pub(crate) type Throughput = Vec<(Variant, f64)>;

/// A load generator.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Generator {
    Oha,
    Wrk,
}

/// The installed load generator, or an error that says what is missing.
pub(crate) fn generator() -> Result<Generator, String> {
    let is_installed = |name: &str| {
        let command = Command::new(name)
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        command.is_ok()
    };
    match (is_installed("wrk"), is_installed("oha")) {
        (true, _) => Ok(Generator::Wrk),
        (false, true) => Ok(Generator::Oha),
        (false, false) => Err("neither `wrk` (Debian's package of that name) nor `oha` (`cargo install oha`) is installed".to_owned()),
    }
}

impl Generator {
    /// Sends requests from an allowed origin for two seconds. Returns the responses per second.
    fn run(self, port: u16) -> Result<f64, String> {
        let url = format!("http://127.0.0.1:{port}/");
        let origin = format!("Origin: {ALLOWED}");
        let (mut command, line) = match self {
            Self::Wrk => {
                let mut command = Command::new("wrk");
                command.args(["-t1", "-c", CONNECTIONS, "-d2s", "-H", &origin, &url]);
                (command, "Requests/sec:")
            }
            Self::Oha => {
                let mut command = Command::new("oha");
                command.args([
                    "--no-tui",
                    "-c",
                    CONNECTIONS,
                    "-z",
                    "2s",
                    "-H",
                    &origin,
                    &url,
                ]);
                (command, "Requests/sec:")
            }
        };
        let output = command
            .output()
            .map_err(|error| format!("{self:?}: {error}"))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let rate = text.lines().find_map(|text| text.trim().strip_prefix(line));
        rate.and_then(|rate| rate.trim().parse().ok())
            .ok_or_else(|| format!("{self:?} gives no rate:\n{text}"))
    }
}

/// Starts each variant, and measures them in turns.
pub(crate) fn run(program: Program, generator: Generator) -> Result<Throughput, String> {
    let mut servers = Vec::new();
    for variant in Variant::ALL {
        let has_other = matches!(program, Program::Axum | Program::Warp);
        if variant != Variant::Other || has_other {
            servers.push((variant, Server::start(program, variant)?, Vec::new()));
        }
    }
    for _ in 0..ROUNDS {
        for (_, server, rates) in &mut servers {
            rates.push(generator.run(server.port)?);
        }
    }
    let rates = servers.into_iter();
    Ok(rates
        .map(|(variant, _, rates)| (variant, median(rates)))
        .collect())
}

/// A running server. Dropping it stops it.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    fn start(program: Program, variant: Variant) -> Result<Self, String> {
        let mut child = Command::new(program.path()?)
            .args(["serve", variant.name(), &ORIGINS.to_string()])
            // The server exits when this pipe is closed.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{program}: {error}"))?;
        let stdout = child.stdout.take();
        // From here on, dropping it stops it.
        let mut server = Self { child, port: 0 };
        let mut line = String::new();
        if let Some(stdout) = stdout {
            let _ = BufReader::new(stdout).read_line(&mut line);
        }
        let port = line.trim().strip_prefix("listening on http://127.0.0.1:");
        server.port = port
            .and_then(|port| port.parse().ok())
            .ok_or_else(|| format!("{program}: the server did not start: {line}"))?;
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
