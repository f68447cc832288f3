//! Real gateways in front of a bare fixture server, with the policy that `cors export` has written for them. They are
//! columns of the matrix.
//!
//! `nginx.rs`, `haproxy.rs` and `envoy.rs` have the configuration of each gateway without CORS, and the places where the
//! exported files are included.

pub mod changed;
mod envoy;
mod generate;
mod haproxy;
mod nginx;
pub mod random;

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::str::FromStr;
use std::time::Instant;

use tempfile::TempDir;

use crate::column::{Column, Gateway, GatewayVersion, Version};
use crate::message::{self, Answer, RawRequest};
use crate::program::{Running, can_tie, version};
use crate::run::{Serves, Started, Subject};
use crate::server::{Framework, ORIGIN_SET, ORIGINS, VARIABLES};
use crate::skip::skip;

/// Where the program of a column is.
#[derive(Clone, Copy, Debug)]
struct Place {
    gateway: Gateway,
    /// The environment variable that names it.
    variable: Option<&'static str>,
    /// Its name, where no variable does, and the Debian package that has it.
    name: Option<(&'static str, &'static str)>,
}

/// All of them. nginx is tested in two versions: that of Debian, and a current one. `.ci/run` installs them.
const PLACES: [Place; 5] = [
    Place {
        gateway: Gateway::Nginx,
        variable: None,
        name: Some(("nginx", "nginx")),
    },
    Place {
        gateway: Gateway::Nginx,
        variable: Some("CORS_NGINX"),
        name: None,
    },
    Place {
        gateway: Gateway::Haproxy,
        variable: None,
        name: Some(("haproxy", "haproxy")),
    },
    Place {
        gateway: Gateway::Envoy,
        variable: Some("CORS_ENVOY"),
        name: None,
    },
    Place {
        gateway: Gateway::EnvoyRoutes,
        variable: Some("CORS_ENVOY"),
        name: None,
    },
];

impl Place {
    /// What is there.
    ///
    /// # Errors
    ///
    /// Says what is missing.
    fn find(self) -> Result<Installed, String> {
        let named = self.variable.and_then(std::env::var_os);
        let (program, package) = match (named, self.name, self.variable) {
            (Some(program), _, _) => (program, self.gateway.program()),
            (None, Some((name, package)), _) => (OsString::from(name), package),
            (None, None, variable) => {
                return Err(format!(
                    "`{}` is not set: it names a current {}, which `.ci/run` installs",
                    variable.unwrap_or_default(),
                    self.gateway
                ));
            }
        };
        let option = match self.gateway {
            Gateway::Nginx | Gateway::Haproxy => "-v",
            Gateway::Envoy | Gateway::EnvoyRoutes => "--version",
        };
        let printed = version(&program, option, package)?;
        can_tie()?;
        Ok(Installed {
            version: GatewayVersion {
                gateway: self.gateway,
                version: Version::find(&printed)
                    .ok_or_else(|| format!("{} has no version: {printed}", self.gateway))?,
            },
            program: program.into(),
        })
    }

    fn describe(self) -> String {
        match self.variable {
            Some(variable) => format!("{} of `{variable}`", self.gateway),
            None => self.gateway.to_string(),
        }
    }
}

/// A gateway that is installed.
#[derive(Clone, Debug)]
pub struct Installed {
    /// Which one.
    pub version: GatewayVersion,
    program: PathBuf,
}

/// Gateways by name: `nginx`, `haproxy`, `envoy`, `all` or `installed`.
#[derive(Clone, Debug)]
pub struct Gateways(pub Vec<Installed>);

impl FromStr for Gateways {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let mut found: Vec<Installed> = Vec::new();
        let mut missing = None;
        for place in PLACES {
            if !["all", "installed"].contains(&name) && name != place.gateway.program() {
                continue;
            }
            match (place.find(), name) {
                // The same version once.
                (Ok(other), _) if found.iter().any(|it| it.version == other.version) => {}
                (Ok(installed), _) => found.push(installed),
                (Err(missing), "installed") => {
                    skip(&format!("the matrix with {}", place.describe()), &missing)?;
                }
                (Err(error), "all") => return Err(error),
                (Err(error), _) => missing = Some(error),
            }
        }
        match missing {
            Some(missing) if found.is_empty() => Err(missing),
            _ if found.is_empty() && name != "installed" => Err(format!(
                "`{name}` is not a gateway; write `nginx`, `haproxy`, `envoy`, `all` or `installed`"
            )),
            _ => Ok(Self(found)),
        }
    }
}

/// A gateway in front of a bare fixture server.
#[derive(Clone, Copy, Debug)]
pub struct InFront<'a> {
    /// The gateway.
    pub installed: &'a Installed,
    /// The framework of the server.
    pub framework: Framework,
    /// The port of the server.
    pub port: u16,
    /// The program `cors`.
    pub cors: &'a Path,
}

/// What the names of folders of gateways begin with.
const FOLDER: &str = "cors-gateway-";

/// A gateway that is to be started.
struct Setup {
    program: PathBuf,
    /// Where it works.
    folder: TempDir,
    /// The folder of the exported files; `None` without a policy.
    exported: Option<PathBuf>,
    /// The port of the application.
    port: u16,
}

impl Installed {
    /// Starts it in front of a server on this port of 127.0.0.1, with the files that `cors export` has written to a
    /// folder, or without CORS. Then it accepts connections.
    ///
    /// # Errors
    ///
    /// If it does not start. The error contains what it printed.
    pub fn start(&self, exported: Option<&Path>, port: u16) -> io::Result<RunningGateway> {
        let folder = TempDir::with_prefix(FOLDER)?;
        self.start_in(folder, exported.map(Path::to_owned), port)
    }

    fn start_in(
        &self,
        folder: TempDir,
        exported: Option<PathBuf>,
        port: u16,
    ) -> io::Result<RunningGateway> {
        let socket = socket(folder.path());
        let setup = Setup {
            program: self.program.clone(),
            folder,
            exported,
            port,
        };
        let program = match self.version.gateway {
            Gateway::Nginx => nginx::start(setup),
            Gateway::Haproxy => haproxy::start(setup),
            Gateway::Envoy | Gateway::EnvoyRoutes => envoy::start(setup),
        }?;
        Ok(RunningGateway { program, socket })
    }
}

/// A running gateway. Dropping it stops it.
#[derive(Debug)]
pub struct RunningGateway {
    /// Owns the folder of the socket.
    program: Running,
    socket: PathBuf,
}

impl RunningGateway {
    /// The Unix socket on which it listens.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// The number of its process. It has no other one.
    pub fn process(&self) -> u32 {
        self.program.process()
    }

    /// When its process was started.
    pub fn started(&self) -> Instant {
        self.program.started()
    }
}

/// Why a gateway does not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartError {
    /// The policy cannot be exported to it. What was printed.
    Refused(String),
    /// It cannot be started, or the export failed.
    Failed(String),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Refused(message) | Self::Failed(message)) = self;
        f.write_str(message)
    }
}

impl std::error::Error for StartError {}

impl Serves for RunningGateway {
    fn send(&self, request: &RawRequest) -> io::Result<Answer> {
        message::send_to_socket(&self.socket, request)
    }
}

impl Subject for InFront<'_> {
    fn column(&self) -> Column {
        Column {
            framework: self.framework,
            gateway: Some(self.installed.version),
        }
    }

    fn start(&self, policy: Option<&Path>) -> Result<Started, String> {
        self.start_edited(policy, &|_| Ok(()))
    }
}

impl InFront<'_> {
    /// Exports a policy and starts the gateway, or starts it without CORS.
    ///
    /// # Errors
    ///
    /// If the policy is not exported, or the gateway does not start.
    pub fn run(&self, policy: Option<&Path>) -> Result<RunningGateway, StartError> {
        self.run_edited(policy, &|_| Ok(()))
    }

    /// Starts it as a column. `edit` is called with the folder of the exported files.
    fn start_edited(
        &self,
        policy: Option<&Path>,
        edit: &dyn Fn(&Path) -> Result<(), String>,
    ) -> Result<Started, String> {
        match self.run_edited(policy, edit) {
            Ok(gateway) => Ok(Started::Running(Box::new(gateway))),
            Err(StartError::Refused(message)) => Ok(Started::Refused(message)),
            Err(StartError::Failed(message)) => Err(message),
        }
    }

    fn run_edited(
        &self,
        policy: Option<&Path>,
        edit: &dyn Fn(&Path) -> Result<(), String>,
    ) -> Result<RunningGateway, StartError> {
        let column = self.column();
        let named =
            |error: io::Error| StartError::Failed(format!("{column} does not start: {error}"));
        let folder = TempDir::with_prefix(FOLDER).map_err(named)?;
        let exported = match policy {
            None => None,
            Some(policy) => {
                let exported = folder.path().join("exported");
                export(self.cors, column, policy, &exported)?;
                edit(&exported).map_err(StartError::Failed)?;
                Some(exported)
            }
        };
        let started = self.installed.start_in(folder, exported, self.port);
        started.map_err(named)
    }
}

/// Where a gateway listens. A port could be taken by another program before the gateway binds it.
fn socket(folder: &Path) -> PathBuf {
    folder.join("socket")
}

/// Calls `cors export`, with the variables and the set of origins that the fixture servers have.
fn export(cors: &Path, column: Column, policy: &Path, to: &Path) -> Result<(), StartError> {
    let failed = |error: &dyn fmt::Display| {
        StartError::Failed(format!(
            "cannot export {} to {column}: {error}",
            policy.display()
        ))
    };
    let Some(GatewayVersion { gateway, .. }) = column.gateway else {
        return Err(failed(&"it is not a gateway"));
    };
    fs::create_dir_all(to).map_err(|error| failed(&error))?;
    let mut command = Command::new(cors);
    command.arg("export").args(gateway.name().split(' '));
    command.arg(policy).arg("--out").arg(to);
    command.args(["--origins", &format!("{ORIGIN_SET}={ORIGINS}")]);
    for (name, value) in VARIABLES {
        command.args(["--env", &format!("{name}={value}")]);
    }
    let output = command
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .map_err(|error| failed(&error))?;
    let printed = String::from_utf8_lossy(&output.stderr).into_owned();
    match output.status.code() {
        Some(0) => Ok(()),
        Some(1) => Err(StartError::Refused(printed)),
        _ => Err(failed(&format!("{}: {printed}", output.status))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let error = "traefik".parse::<Gateways>().unwrap_err();
        assert!(error.starts_with("`traefik` is not a gateway"), "{error}");
    }

    #[test]
    fn a_missing_program_is_named() {
        let place = Place {
            gateway: Gateway::Haproxy,
            variable: Some("CORS_NO_SUCH_VARIABLE"),
            name: None,
        };
        let error = place.find().unwrap_err();
        assert!(
            error.starts_with("`CORS_NO_SUCH_VARIABLE` is not set"),
            "{error}"
        );
        let place = Place {
            name: Some(("no-such-program", "some-package")),
            ..place
        };
        let error = place.find().unwrap_err();
        assert!(error.contains("`some-package` has it"), "{error}");
    }
}
