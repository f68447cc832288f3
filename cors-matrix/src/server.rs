//! The fixture servers, built and started.

use std::env::consts::EXE_SUFFIX;
use std::fmt;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::str::FromStr;
use std::sync::mpsc;
use std::time::Duration;

/// How long to wait until a server listens, or until it has read another policy.
const PATIENCE: Duration = Duration::from_secs(60);

/// The environment variable that names the folder of the built fixture servers. `cargo xtask test-servers` builds
/// them and sets it.
pub const SERVERS: &str = "CORS_FIXTURE_SERVERS";

/// The environment variable with the name of the only framework that [`FixtureBinary::built`] returns.
pub const FRAMEWORK: &str = "CORS_FIXTURE_FRAMEWORK";

/// Environment variables of the fixture servers, for the policies that have items from variables.
pub const VARIABLES: [(&str, &str); 2] = [
    (
        "CORS_MATRIX_ORIGINS",
        "https://variable.example.com, https://second.example.com",
    ),
    ("CORS_MATRIX_EMPTY", ""),
];

/// The set of origins that the fixture servers have, for the policies that name it.
pub const ORIGIN_SET: &str = "customers";

/// The file of [`ORIGIN_SET`].
pub const ORIGINS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/cases/customers.txt");

/// A web framework with an adapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Framework {
    /// axum
    Axum,
    /// actix-web
    Actix,
    /// Rocket
    Rocket,
    /// warp
    Warp,
}

impl Framework {
    /// All of them, in the order of every table.
    pub const ALL: [Self; 4] = [Self::Axum, Self::Actix, Self::Rocket, Self::Warp];

    /// Its short name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Axum => "axum",
            Self::Actix => "actix",
            Self::Rocket => "rocket",
            Self::Warp => "warp",
        }
    }
}

impl fmt::Display for Framework {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Framework {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL
            .into_iter()
            .find(|framework| framework.name() == name);
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join("`, `");
            format!("`{name}` is not a framework; use one of `{names}`")
        })
    }
}

/// The built fixture server of a framework.
#[derive(Clone, Debug)]
pub struct FixtureBinary {
    /// The framework.
    pub framework: Framework,
    /// The executable.
    pub path: PathBuf,
}

impl FixtureBinary {
    /// Builds the fixture servers of some frameworks with cargo. `compiled` is called with the name of each
    /// crate that was compiled.
    ///
    /// # Errors
    ///
    /// When cargo cannot be run or fails; what it printed is part of the error.
    pub fn build(
        frameworks: &[Framework],
        mut compiled: impl FnMut(&str),
    ) -> Result<Vec<Self>, String> {
        let mut arguments = Vec::new();
        for framework in frameworks {
            arguments.extend(["--package".to_owned(), format!("cors-{framework}")]);
            arguments.extend(["--example".to_owned(), format!("fixture-{framework}")]);
        }
        let mut fixtures = Vec::new();
        for (target, path) in cargo_build(&arguments, &mut compiled)? {
            let framework = target.strip_prefix("fixture-");
            if let Some(framework) = framework.and_then(|name| name.parse().ok()) {
                fixtures.push(Self { framework, path });
            }
        }
        if fixtures.len() != frameworks.len() {
            return Err("cargo did not build all fixture servers".to_owned());
        }
        fixtures.sort_by_key(|fixture| fixture.framework);
        Ok(fixtures)
    }

    /// The fixture servers in the folder that [`SERVERS`] names, for tests: a test that runs cargo makes everyone who
    /// runs it wait for four frameworks, and waits itself for the lock of the cargo that runs it.
    ///
    /// # Errors
    ///
    /// When [`SERVERS`] is not set, a server is not in its folder, or [`FRAMEWORK`] does not name a framework. The text
    /// says what to run.
    pub fn built() -> Result<Vec<Self>, String> {
        let folder = std::env::var_os(SERVERS).ok_or_else(|| {
            format!(
                "the fixture servers are not there: `{SERVERS}` is not set. `cargo xtask test-servers` builds them, sets \
                 it and runs the tests that need them"
            )
        })?;
        let frameworks = match std::env::var(FRAMEWORK) {
            Ok(name) => vec![name.parse()?],
            Err(_) => Framework::ALL.to_vec(),
        };
        let in_folder = |framework| Self::in_folder(framework, Path::new(&folder));
        frameworks.into_iter().map(in_folder).collect()
    }

    /// The fixture server of a framework in a folder.
    ///
    /// # Errors
    ///
    /// When it is not there.
    pub fn in_folder(framework: Framework, folder: &Path) -> Result<Self, String> {
        let path = folder.join(format!("fixture-{framework}{EXE_SUFFIX}"));
        match path.is_file() {
            true => Ok(Self { framework, path }),
            false => Err(format!("{} is not there", path.display())),
        }
    }

    /// The command that runs the server with a policy, or bare without one. The server exits when its standard
    /// input is closed, so it cannot outlive the process that started it.
    pub fn command(&self, policy: Option<&Path>, port: u16) -> Command {
        let mut command = Command::new(&self.path);
        match policy {
            Some(policy) => command.arg("--policy").arg(policy),
            None => command.arg("--bare"),
        };
        command.args(["--port", &port.to_string(), "--until-stdin-ends"]);
        command.stdin(Stdio::piped());
        command
    }

    /// Starts the server on a port that the system chooses, and waits until it listens.
    ///
    /// # Errors
    ///
    /// If it cannot be started, or does not print that it listens. The error contains what it printed.
    pub fn start(&self, policy: Option<&Path>) -> Result<FixtureServer, String> {
        self.start_with_origins(policy, Path::new(ORIGINS))
    }

    /// The same, with another file for the set of origins.
    ///
    /// # Errors
    ///
    /// As with [`FixtureBinary::start`], and if the file cannot be read.
    pub fn start_with_origins(
        &self,
        policy: Option<&Path>,
        origins: &Path,
    ) -> Result<FixtureServer, String> {
        self.start_command(&mut self.command_with_origins(policy, origins))
    }

    /// The same for a server that listens with TLS, with the files of a folder: see
    /// [`Tls::in_folder`](crate::fixture::Tls::in_folder).
    ///
    /// # Errors
    ///
    /// As with [`FixtureBinary::start`], and if it cannot listen with these files.
    pub fn start_with_tls(
        &self,
        policy: Option<&Path>,
        folder: &Path,
    ) -> Result<FixtureServer, String> {
        let mut command = self.command_with_origins(policy, Path::new(ORIGINS));
        self.start_command(command.arg("--tls").arg(folder))
    }

    /// The same for a server that also serves [documents](crate::document::Document) and compresses responses.
    ///
    /// # Errors
    ///
    /// As with [`FixtureBinary::start`].
    pub fn start_cacheable(&self, policy: Option<&Path>) -> Result<FixtureServer, String> {
        self.start_command(self.command(policy, 0).arg("--cacheable"))
    }

    fn command_with_origins(&self, policy: Option<&Path>, origins: &Path) -> Command {
        let mut command = self.command(policy, 0);
        let origins = format!("{ORIGIN_SET}={}", origins.display());
        command.args(["--origins", &origins]);
        command
    }

    fn start_command(&self, command: &mut Command) -> Result<FixtureServer, String> {
        let in_framework = |message: String| format!("{}: {message}", self.framework);
        let mut child = command
            // The policy may name variables, and takes none of this process. Windows opens no socket without
            // this one.
            .env_clear()
            .envs(std::env::var_os("SystemRoot").map(|folder| ("SystemRoot", folder)))
            .envs(VARIABLES)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| in_framework(format!("cannot start the fixture server: {error}")))?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let (say, said) = mpsc::channel();
        // From here on, dropping it stops it.
        let mut server = FixtureServer {
            framework: self.framework,
            stdin: child.stdin.take(),
            child,
            said,
            port: 0,
        };
        std::thread::spawn(move || {
            if let Some(stdout) = stdout {
                // Read to the end: a full pipe would block the server.
                for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                    let _ = say.send(line);
                }
            }
        });
        let errors = std::thread::spawn(move || {
            let mut text = String::new();
            if let Some(mut stderr) = stderr {
                let _ = stderr.read_to_string(&mut text);
            }
            text
        });
        let line = server.said.recv_timeout(PATIENCE).unwrap_or_default();
        let port = line
            .trim()
            .split_once("://127.0.0.1:")
            .filter(|(start, _)| start.starts_with("listening on http"))
            .and_then(|(_, port)| port.parse().ok());
        match port {
            Some(port) => {
                server.port = port;
                Ok(server)
            }
            None => {
                drop(server);
                let errors = errors.join().unwrap_or_default();
                Err(in_framework(format!(
                    "the fixture server did not start: {line}{errors}"
                )))
            }
        }
    }
}

/// Builds the program `cors` with cargo, and returns where it is. `compiled` is called with the name of each crate that
/// was compiled.
///
/// # Errors
///
/// When cargo cannot be run or fails; what it printed is part of the error.
pub fn build_cors(mut compiled: impl FnMut(&str)) -> Result<PathBuf, String> {
    let arguments = ["--package", "cors-cli", "--bin", "cors"].map(str::to_owned);
    let built = cargo_build(&arguments, &mut compiled)?.into_iter();
    let mut paths = built.filter(|(target, _)| target == "cors");
    let path = paths.next().map(|(_, path)| path);
    path.ok_or_else(|| "cargo did not build `cors`".to_owned())
}

/// Runs `cargo build`, and returns the names of the programs that it built, with their paths.
fn cargo_build(
    arguments: &[String],
    compiled: &mut dyn FnMut(&str),
) -> Result<Vec<(String, PathBuf)>, String> {
    // Under `cargo xtask` this is the cargo that runs it.
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args([
        "build",
        "--message-format",
        "json-render-diagnostics",
        "--quiet",
    ]);
    command.args(arguments);
    // The folder of the cargo that runs this program: `CARGO_TARGET_DIR` can be relative.
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command
        .spawn()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    let mut programs = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines() {
            let line = line.map_err(|error| format!("cannot read from cargo: {error}"))?;
            let Ok(message) = serde_json::from_str::<serde_json::Value>(&line) else {
                continue;
            };
            let text = |pointer: &str| message.pointer(pointer).and_then(|value| value.as_str());
            let Some(target) = text("/target/name") else {
                continue;
            };
            compiled(target);
            if let Some(path) = text("/executable") {
                programs.push((target.to_owned(), path.into()));
            }
        }
    }
    let status = child
        .wait()
        .map_err(|error| format!("cannot wait for cargo: {error}"))?;
    match status.success() {
        true => Ok(programs),
        false => Err(format!("`cargo build` failed: {status}")),
    }
}

/// A running fixture server. Dropping it stops it.
#[derive(Debug)]
pub struct FixtureServer {
    framework: Framework,
    child: Child,
    /// The server stops when this is closed.
    stdin: Option<ChildStdin>,
    /// Each line of its standard output.
    said: mpsc::Receiver<String>,
    port: u16,
}

impl FixtureServer {
    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The number of its process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Replaces the policy of the running server, and returns the new version. Every request that is sent
    /// after that gets the new policy.
    ///
    /// # Errors
    ///
    /// If the policy cannot be read or has errors, or if the server is bare or gone. Then nothing has
    /// changed.
    pub fn replace_policy(&mut self, policy: &Path) -> Result<u64, String> {
        let replaced = self.replace(policy);
        replaced.map_err(|message| format!("{}: {message}", self.framework))
    }

    fn replace(&mut self, policy: &Path) -> Result<u64, String> {
        let gone = || "the fixture server is gone".to_owned();
        let stdin = self.stdin.as_mut().ok_or_else(gone)?;
        let path = policy.to_str().filter(|path| !path.contains('\n'));
        let path = path.ok_or_else(|| format!("cannot tell the path `{}`", policy.display()))?;
        writeln!(stdin, "{path}").map_err(|_| gone())?;
        let line = self.said.recv_timeout(PATIENCE).map_err(|_| {
            // A later line would be taken for the response to another request.
            self.stdin = None;
            let _ = self.child.kill();
            gone()
        })?;
        let answer = serde_json::from_str::<serde_json::Value>(&line);
        let answer = answer.map_err(|_| format!("the fixture server said: {line}"))?;
        match answer.get("version").and_then(serde_json::Value::as_u64) {
            Some(version) => Ok(version),
            None => Err(match answer.get("error").and_then(|error| error.as_str()) {
                Some(error) => error.to_owned(),
                None => format!("the fixture server said: {line}"),
            }),
        }
    }
}

impl Drop for FixtureServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
