//! Programs that cannot outlive this process.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Sender, SyncSender};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::Error;

/// A running program with a directory of its own. Dropping it removes the directory, and kills the program and the
/// processes that it started.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    name: String,
    directory: TempDir,
}

impl Process {
    /// Starts a program. Its home is `directory`; what it prints goes to a file there.
    pub(crate) fn spawn(
        program: &Path,
        directory: TempDir,
        arrange: impl FnOnce(&mut Command),
    ) -> Result<Self, Error> {
        let name = program.display().to_string();
        let output = File::create(directory.path().join(OUTPUT)).map_err(Error::io("log"))?;
        let errors = output.try_clone().map_err(Error::io("log"))?;
        // The kernel kills it if this process is killed and cannot drop anything.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(program);
        arrange(&mut command);
        // WebKit would use a proxy for its own inspector. All other requests go through our gate.
        for proxy in ["ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"] {
            command.env_remove(proxy).env_remove(proxy.to_lowercase());
        }
        command
            .env("HOME", directory.path())
            .env("XDG_RUNTIME_DIR", directory.path())
            // It overrides the other variables of a locale: messages of browsers are compared word for word.
            .env("LC_ALL", "C.UTF-8")
            .env_remove("LANGUAGE")
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XDG_CACHE_HOME")
            .env_remove("XDG_DATA_HOME")
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors);
        // A group, so that all of its processes can be killed.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let child = spawn(command).map_err(Error::io(&format!("run `{name}`")))?;
        Ok(Self {
            child,
            name,
            directory,
        })
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// What it printed.
    pub(crate) fn output(&self) -> String {
        let bytes = std::fs::read(self.directory().join(OUTPUT)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Polls until there is a result. Browsers write to files when they are ready, and there is no event for
    /// that.
    pub(crate) fn wait_for<T>(
        &mut self,
        what: &str,
        deadline: Instant,
        mut ask: impl FnMut(&Self) -> Option<T>,
    ) -> Result<T, Error> {
        loop {
            if let Some(answer) = ask(self) {
                return Ok(answer);
            }
            let ended = self.child.try_wait().ok().flatten();
            if ended.is_none() && Instant::now() < deadline {
                thread::sleep(Duration::from_millis(5));
                continue;
            }
            let ended = ended.map_or_else(String::new, |status| format!(" ({status})"));
            return Err(Error::new(format!(
                "`{}` did not say {what}{ended}; it printed:\n{}",
                self.name,
                self.output().trim_end()
            )));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        kill(&mut self.child);
        drop(self.child.wait());
        // The other processes of the group need a moment to stop, and write until then.
        let path: PathBuf = self.directory().to_owned();
        for _ in 0..50 {
            if std::fs::remove_dir_all(&path).is_ok() || !path.exists() {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

/// Kills a program and the processes that it started.
#[cfg(unix)]
fn kill(child: &mut Child) {
    use rustix::process::{Pid, Signal, kill_process_group};

    if let Some(group) = Pid::from_raw(child.id().cast_signed()) {
        // Fails only if nothing is left of it.
        let _ = kill_process_group(group, Signal::KILL);
    }
}

/// Kills a program. None is started here: `setpriv`, which starts them, is a program of Linux.
#[cfg(not(unix))]
fn kill(child: &mut Child) {
    drop(child.kill());
}

const OUTPUT: &str = "output.txt";

type Job = (Command, SyncSender<io::Result<Child>>);

/// The kernel kills the program when the *thread* that spawned it ends. So one thread, which lives as long as this
/// process, spawns all of them. A browser can then be moved between threads.
static SPAWNER: LazyLock<Mutex<Sender<Job>>> = LazyLock::new(|| {
    let (jobs, todo) = mpsc::channel::<Job>();
    thread::spawn(move || {
        for (mut command, done) in todo {
            drop(done.send(command.spawn()));
        }
    });
    Mutex::new(jobs)
});

fn spawn(command: Command) -> io::Result<Child> {
    let (done, spawned) = mpsc::sync_channel(1);
    let spawner = SPAWNER.lock().unwrap_or_else(PoisonError::into_inner);
    let sent = spawner.send((command, done));
    sent.map_err(|_| io::Error::other("the spawning thread is gone"))?;
    spawned.recv().map_err(io::Error::other)?
}
