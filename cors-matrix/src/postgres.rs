//! A private Postgres in a temporary folder, for tests and examples. It ends with its owner.

use std::fs;
use std::io::{self, BufRead as _, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

use tempfile::TempDir;

/// A server with the database `postgres` and the superuser `postgres`, who needs no password. It is reached by a Unix
/// socket, and not by a port, unless [`serve_tls`](Self::serve_tls) opens one.
#[derive(Debug)]
pub struct Cluster {
    programs: PathBuf,
    /// The numbers of the user and the group that run the server, if they are not this process's: it refuses to run as
    /// root.
    user: Option<(String, String)>,
    server: Option<Child>,
    /// Also a part of the socket's name.
    port: u16,
    /// Whether connections to the port are accepted.
    serves_tls: bool,
    // Last, because it is removed then.
    folder: TempDir,
}

impl Cluster {
    /// Makes a cluster and starts its server. `None` if Postgres is not installed.
    ///
    /// The server ends when this is dropped, and when the *thread* that called this ends.
    ///
    /// # Errors
    ///
    /// If Postgres is installed and does not start, with what it printed.
    pub fn start() -> Result<Option<Self>, String> {
        let Some(programs) = programs() else {
            return Ok(None);
        };
        let folder = tempfile::tempdir().map_err(text)?;
        let is_root = fs::metadata(folder.path()).map_err(text)?.uid() == 0;
        let user = match is_root {
            true => Some(server_user()?),
            false => None,
        };
        if let Some((user, _)) = &user {
            finish(Command::new("chown").arg(user).arg(folder.path()))?;
        }
        let mut cluster = Self {
            programs,
            user,
            server: None,
            port: 5432,
            serves_tls: false,
            folder,
        };
        let mut initdb = cluster.command("initdb");
        initdb
            .args(["--username=postgres", "--auth=trust", "--encoding=UTF8"])
            .args(["--locale=C", "--no-sync", "--no-instructions", "--pgdata"])
            .arg(cluster.data());
        finish(&mut initdb)?;
        cluster.start_again()?;
        Ok(Some(cluster))
    }

    /// Where to connect to, for `sqlx` and `psql`.
    pub fn url(&self) -> String {
        let (folder, port) = (self.folder.path().display(), self.port);
        format!("postgres://postgres@localhost:{port}/postgres?host={folder}")
    }

    /// The Unix socket.
    pub fn socket(&self) -> PathBuf {
        let name = format!(".s.PGSQL.{}", self.port);
        self.folder.path().join(name)
    }

    /// Starts the server again, so that it also accepts connections to a port of 127.0.0.1, encrypted and not. The socket
    /// and the URL are other ones then. The certificate and its key are in PEM.
    ///
    /// # Errors
    ///
    /// If it does not start, with what it printed.
    pub fn serve_tls(&mut self, certificate: &str, key: &str) -> Result<u16, String> {
        self.kill()?;
        for (name, content) in [("server.crt", certificate), ("server.key", key)] {
            self.write_secret(name, content)?;
        }
        self.serves_tls = true;
        // Postgres cannot let the system choose, so another program may take the port before it does.
        for _ in 0..10 {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(text)?;
            self.port = listener.local_addr().map_err(text)?.port();
            drop(listener);
            match self.start_again() {
                Err(error) if error.contains("could not bind") => {}
                started => return started.map(|()| self.port),
            }
        }
        Err("no port is free".to_owned())
    }

    /// Writes a file into the folder that only the server can read.
    fn write_secret(&self, name: &str, content: &str) -> Result<(), String> {
        let path = self.folder.path().join(name);
        fs::write(&path, content).map_err(text)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(text)?;
        if let Some((user, _)) = &self.user {
            finish(Command::new("chown").arg(user).arg(path))?;
        }
        Ok(())
    }

    /// Kills the server's main process by SIGKILL. The others end when they notice it.
    ///
    /// # Errors
    ///
    /// If it cannot be killed.
    pub fn kill(&mut self) -> Result<(), String> {
        let Some(mut server) = self.server.take() else {
            return Ok(());
        };
        server.kill().map_err(text)?;
        server.wait().map(drop).map_err(text)
    }

    /// Starts the server after it was killed.
    ///
    /// # Errors
    ///
    /// If it does not start, with what it printed.
    pub fn start_again(&mut self) -> Result<(), String> {
        let mut printed = String::new();
        // The processes of a server that was killed may still have its memory.
        for _ in 0..1000 {
            printed.clear();
            if self.start_once(&mut printed).map_err(text)? {
                return Ok(());
            }
            if !printed.contains("is still in use") && !printed.contains("lock file") {
                break;
            }
            thread::yield_now();
        }
        Err(format!("Postgres does not start:\n{printed}"))
    }

    fn start_once(&mut self, printed: &mut String) -> io::Result<bool> {
        let mut command = self.command("postgres");
        if self.serves_tls {
            // The files are relative to the data.
            command
                .args(["-c", "listen_addresses=127.0.0.1", "-c", "ssl=on"])
                .args(["-c", "ssl_cert_file=../server.crt"])
                .args(["-c", "ssl_key_file=../server.key"]);
        } else {
            command.args(["-c", "listen_addresses="]);
        }
        let mut server = command
            .arg("-D")
            .arg(self.data())
            .arg("-k")
            .arg(self.folder.path())
            .args(["-p", &self.port.to_string(), "-c", "fsync=off"])
            // Nothing outside of the folder is left when it is killed.
            .args(["-c", "dynamic_shared_memory_type=mmap"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let log = server.stderr.take();
        // From here on it is ended.
        self.server = Some(server);
        let Some(mut log) = log.map(BufReader::new) else {
            return Ok(false);
        };
        loop {
            let start = printed.len();
            if log.read_line(printed)? == 0 {
                break;
            }
            let line = printed.get(start..).unwrap_or_default();
            if line.contains("database system is ready to accept connections") {
                // A full pipe would block it.
                thread::spawn(move || io::copy(&mut log, &mut io::sink()));
                return Ok(true);
            }
        }
        if let Some(mut server) = self.server.take() {
            server.wait()?;
        }
        Ok(false)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A program of Postgres, which runs as its user and ends with this thread.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new("setpriv");
        // SIGQUIT: the server ends at once, and frees its memory.
        command.args(["--pdeathsig", "QUIT"]);
        if let Some((user, group)) = &self.user {
            command.args(["--reuid", user, "--regid", group, "--clear-groups"]);
        }
        command
            .arg("--")
            .arg(self.programs.join(program))
            .current_dir(self.folder.path())
            .env("LC_ALL", "C")
            .stdin(Stdio::null());
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let Some(mut server) = self.server.take() else {
            return;
        };
        let mut quit = Command::new("sh");
        quit.args(["-c", "kill -QUIT \"$1\"", "sh"]);
        if finish(quit.arg(server.id().to_string())).is_err() {
            let _ = server.kill();
        }
        let _ = server.wait();
    }
}

/// The folder of `initdb` and `postgres`: in the path, or where Debian installs them, the newest.
fn programs() -> Option<PathBuf> {
    let has_both = |folder: &Path| {
        ["initdb", "postgres"]
            .iter()
            .all(|name| folder.join(name).exists())
    };
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = std::env::split_paths(&path).find(|folder| has_both(folder));
    in_path.or_else(|| {
        let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
        let versions = versions.flatten().map(|entry| entry.path());
        let versions = versions.filter(|version| has_both(&version.join("bin")));
        let newest = versions.max_by_key(|version| {
            let name = version.file_name().unwrap_or_default().to_string_lossy();
            name.parse::<u32>().unwrap_or_default()
        });
        Some(newest?.join("bin"))
    })
}

/// The user and the group that run the server. Debian's package makes the first user.
fn server_user() -> Result<(String, String), String> {
    let number = |option, name| finish(Command::new("id").args([option, name]));
    let of = |name| Ok((number("-u", name)?, number("-g", name)?));
    of("postgres").or_else(|_: String| of("nobody"))
}

/// Runs a command, and returns what it printed.
fn finish(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(text)?;
    let printed = String::from_utf8_lossy(&output.stdout);
    match output.status.success() {
        true => Ok(printed.trim().to_owned()),
        false => {
            let errors = String::from_utf8_lossy(&output.stderr);
            Err(format!("{command:?} failed:\n{printed}{errors}"))
        }
    }
}

fn text(error: io::Error) -> String {
    error.to_string()
}
