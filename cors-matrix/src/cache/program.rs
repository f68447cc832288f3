//! The caches as programs. Each has one process or more, and a folder of its own, most of them with a socket.

use std::fs;
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::Cache;
use crate::message::{connect, connect_to_port};
use crate::program::{Running, tied};

/// How long Squid may take from the message that it accepts connections until it does.
const LISTENS: Duration = Duration::from_secs(20);

/// A running cache. Dropping it stops the cache and removes its folder.
#[derive(Debug)]
pub struct Program {
    running: Running,
    /// Where it listens, if it cannot listen on a Unix socket.
    port: Option<u16>,
}

/// A connection to a cache.
pub trait Stream: io::Read + io::Write {}

impl Stream for TcpStream {}

impl Stream for UnixStream {}

impl Program {
    /// Starts a cache for a server on this machine, and waits until it listens.
    ///
    /// # Errors
    ///
    /// If it does not start. The text contains what it printed.
    pub fn start(cache: Cache, port: u16) -> Result<Self, String> {
        let named = |error: io::Error| format!("{cache} does not start: {error}");
        let folder = TempDir::with_prefix("cors-cache-").map_err(named)?;
        let started = match cache {
            Cache::Nginx => nginx(folder, port, ""),
            Cache::Varnish => varnish(folder, port, "on"),
            Cache::VarnishPlain => varnish(folder, port, "off"),
            Cache::Squid => return squid(port).map_err(named),
        };
        started.map(Self::on_socket).map_err(named)
    }

    /// Starts nginx with another key for what it stores.
    ///
    /// # Errors
    ///
    /// As with [`Program::start`].
    pub fn start_nginx(port: u16, key: &str) -> Result<Self, String> {
        let named = |error: io::Error| format!("nginx does not start: {error}");
        let folder = TempDir::with_prefix("cors-cache-").map_err(named)?;
        let key = format!("proxy_cache_key {key};");
        nginx(folder, port, &key)
            .map(Self::on_socket)
            .map_err(named)
    }

    /// A port could be taken by another program before the cache binds it. A Unix socket cannot.
    fn on_socket(running: Running) -> Self {
        let port = None;
        Self { running, port }
    }

    /// A new connection, with a limit for the time between two bytes.
    ///
    /// # Errors
    ///
    /// If the cache does not accept it.
    pub fn connect(&self) -> io::Result<Box<dyn Stream>> {
        match self.port {
            Some(port) => Ok(Box::new(connect_to_port(port)?)),
            None => Ok(Box::new(connect(&socket(self.running.folder()))?)),
        }
    }
}

fn socket(folder: &Path) -> PathBuf {
    folder.join("socket")
}

/// `key` is the directive for the cache's key, or empty.
fn nginx(folder: TempDir, port: u16, key: &str) -> io::Result<Running> {
    let path = folder.path().display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {path}/{name};\n"))
        .concat();
    // One process: our `kill` stops it, and it does not change its user.
    let config = format!(
        "daemon off; master_process off; pid {path}/pid; error_log stderr notice;
        events {{}}
        http {{
            access_log off;
            {temporary}
            keepalive_requests 1000000;
            proxy_cache_path {path}/cache levels=1 keys_zone=cache:10m;
            upstream application {{ server 127.0.0.1:{port}; keepalive 8; }}
            server {{
                listen unix:{path}/socket;
                location / {{
                    proxy_pass http://application;
                    proxy_http_version 1.1;
                    proxy_set_header Connection '';
                    proxy_cache cache;
                    {key}
                    proxy_cache_valid any 1h;
                    proxy_cache_revalidate on;
                    add_header X-Cache $upstream_cache_status always;
                }}
            }}
        }}\n"
    );
    let file = folder.path().join("nginx.conf");
    fs::write(&file, config)?;
    let mut command = tied("nginx");
    command.args(["-e", "stderr", "-p"]).arg(folder.path());
    let mut program = Running::start(command.arg("-c").arg(&file), folder)?;
    // It prints its version when it listens.
    program.wait_for_error(|line| line.contains("[notice]") && line.contains(": nginx/"))?;
    Ok(program)
}

/// `gzip` says whether Varnish negotiates the encoding itself. Then it always asks the application for gzip, and
/// decompresses the response for clients that do not accept gzip. That is the default.
fn varnish(folder: TempDir, port: u16, gzip: &str) -> io::Result<Running> {
    let config = format!(
        "vcl 4.1;
        backend default {{ .host = \"127.0.0.1\"; .port = \"{port}\"; }}
        sub vcl_backend_response {{
            // By default it does not store errors.
            if (beresp.status == 500) {{ set beresp.ttl = 1h; }}
        }}
        sub vcl_deliver {{
            set resp.http.X-Cache = \"MISS\";
            if (obj.hits > 0) {{ set resp.http.X-Cache = \"HIT\"; }}
        }}\n"
    );
    let file = folder.path().join("cache.vcl");
    fs::write(&file, config)?;
    let errors = folder.path().join("errors");
    // With `-d`, it starts on a command on its standard input, and stops when that is closed. As root it would change
    // to a user that cannot read the folder, so the jail is off.
    let mut command = Command::new("varnishd");
    command
        .args(["-d", "-j", "none", "-T", "none", "-s", "malloc,64m"])
        .args(["-p", "default_ttl=3600"])
        // On a busy machine, more time can pass between two requests. By default, an entry is removed ten seconds after it
        // expires, and a connection is closed after five without a request.
        .args(["-p", "default_grace=3600", "-p", "timeout_idle=3600"])
        .args(["-p", &format!("http_gzip_support={gzip}"), "-f"])
        .arg(&file)
        .arg("-n")
        .arg(folder.path().join("work"))
        .arg("-a")
        .arg(socket(folder.path()))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(fs::File::create(&errors)?);
    let mut program = Running::start(&mut command, folder)?;
    if let Some(stdin) = &mut program.stdin {
        // If it has stopped already, it has printed why.
        let _ = stdin.write_all(b"start\n");
    }
    // Status 200 without a message: the response to `start`.
    let started = program.wait_for_output(|line| line.trim_end() == "200 0");
    started.map_err(|error| {
        let errors = fs::read_to_string(&errors).unwrap_or_default();
        io::Error::other(format!("{error}{errors}"))
    })?;
    Ok(program)
}

/// Squid listens on a port only, and does not let the system choose it. If another program takes the port before Squid does,
/// another port is tried.
fn squid(port: u16) -> io::Result<Program> {
    const TRIES: usize = 5;
    let mut result = Err(io::Error::other("no port is free"));
    for _ in 0..TRIES {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        result = squid_on(free.port(), port);
        if result.is_ok() {
            break;
        }
    }
    result
}

fn squid_on(own_port: u16, port: u16) -> io::Result<Program> {
    let folder = TempDir::with_prefix("cors-cache-")?;
    let config = format!(
        "http_port 127.0.0.1:{own_port} accel defaultsite=127.0.0.1 no-vhost
        cache_peer 127.0.0.1 parent {port} 0 no-query no-digest no-netdb-exchange originserver
        http_access allow all
        cache_mem 64 MB
        memory_cache_shared off
        # What does not say for how long: responses, and errors.
        refresh_pattern . 60 100% 60
        negative_ttl 1 hour
        visible_hostname cache
        pid_filename none
        access_log none
        cache_log stdio:/dev/null
        netdb_filename none
        pinger_enable off
        coredump_dir none
        shutdown_lifetime 0 seconds\n"
    );
    let file = folder.path().join("squid.conf");
    fs::write(&file, config)?;
    let mut command = tied("squid");
    // One process, which prints what happens. As root it changes its user, and then it is no longer tied: only dropping stops it.
    command.args(["-N", "-d", "1", "-f"]).arg(&file);
    let mut running = Running::start(&mut command, folder)?;
    running.wait_for_error(|line| line.contains("Accepting reverse-proxy HTTP"))?;
    // It has bound the port, but listens a moment later.
    let start = Instant::now();
    while let Err(error) = connect_to_port(own_port) {
        if start.elapsed() > LISTENS {
            return Err(error);
        }
        thread::yield_now();
    }
    Ok(Program {
        running,
        port: Some(own_port),
    })
}
