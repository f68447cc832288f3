//! Programs that are not ours, such as caches and gateways: each has a folder of its own, and ends with this process.

use std::ffi::OsStr;
use std::io::{self, BufRead as _, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long to wait until a program listens.
const PATIENCE: Duration = Duration::from_secs(60);

/// Starts [`tied`] programs.
const SETPRIV: &str = "setpriv";

/// A running program. Dropping it stops the program and removes its folder.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    /// What has a pipe for its standard input stops when this is closed.
    pub(crate) stdin: Option<ChildStdin>,
    folder: TempDir,
    /// When it was started.
    started: Instant,
}

impl Running {
    /// Runs a command that works in a folder.
    pub(crate) fn start(command: &mut Command, folder: TempDir) -> io::Result<Self> {
        let started = Instant::now();
        let mut child = command.spawn()?;
        Ok(Self {
            stdin: child.stdin.take(),
            child,
            folder,
            started,
        })
    }

    /// The number of its process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// When it was started.
    pub(crate) fn started(&self) -> Instant {
        self.started
    }

    /// Its folder.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Waits until it prints to standard output that it is ready.
    pub(crate) fn wait_for_output(&mut self, ready: impl Fn(&str) -> bool) -> io::Result<()> {
        wait_for(self.child.stdout.take(), ready)
    }

    /// Waits until it prints to standard error that it is ready.
    pub(crate) fn wait_for_error(&mut self, ready: impl Fn(&str) -> bool) -> io::Result<()> {
        wait_for(self.child.stderr.take(), ready)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It then stops properly, together with its other processes.
        let ends = self.stdin.take().is_some();
        if !ends {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

/// A command that runs a program without standard input and output. The kernel kills the program if this process is
/// killed and cannot drop anything.
pub(crate) fn tied(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(SETPRIV);
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command.stderr(Stdio::piped());
    command
}

/// Whether [`tied`] programs can be started.
pub(crate) fn can_tie() -> Result<(), String> {
    version(SETPRIV, "-V", "util-linux").map(drop)
}

/// What a program prints when it is asked for its version.
///
/// # Errors
///
/// Says that the program is missing, and which Debian package has it.
pub(crate) fn version(
    program: impl AsRef<OsStr>,
    option: &str,
    package: &str,
) -> Result<String, String> {
    let program = program.as_ref();
    let output = Command::new(program)
        .arg(option)
        .stdin(Stdio::null())
        .output()
        .map_err(|_| {
            let program = program.to_string_lossy();
            format!("`{program}` is missing; Debian's package `{package}` has it")
        })?;
    let bytes = [output.stdout, output.stderr].concat();
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Reads lines until one says that the program is ready. If none does, the error contains all lines.
fn wait_for(
    output: Option<impl Read + Send + 'static>,
    ready: impl Fn(&str) -> bool,
) -> io::Result<()> {
    let Some(output) = output.map(BufReader::new) else {
        return Err(io::Error::other("it has no output"));
    };
    // A thread reads to the end, because a full pipe would block the program.
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in output.split(b'\n').map_while(Result::ok) {
            let _ = sender.send(String::from_utf8_lossy(&line).into_owned());
        }
    });
    let deadline = Instant::now() + PATIENCE;
    let mut said = String::new();
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let Ok(line) = lines.recv_timeout(left) else {
            return Err(io::Error::other(said));
        };
        if ready(&line) {
            return Ok(());
        }
        said += &line;
        said.push('\n');
    }
}
