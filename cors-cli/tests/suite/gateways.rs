//! The examples of `docs/deploying.md`: a server without CORS, behind a gateway with an exported policy.

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use cors_matrix::skip::skip;
use tempfile::TempDir;

use crate::docs::words;
use crate::support::{Done, cors};

/// A program that stops when this is dropped.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Program {
    fn stop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The files of the guide.
fn file(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/gateways");
    fs::read_to_string(folder.join(name)).unwrap()
}

/// The server of the guide, and its port.
fn server() -> (Program, u16, BufReader<ChildStdout>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/gateways");
    let mut child = Command::new("python3")
        .arg(folder.join("server.py"))
        .arg("0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        // It prints which connections were reset.
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    let port = line.trim().rsplit(':').next().unwrap().parse().unwrap();
    (Program(child), port, output)
}

/// A gateway of the guide.
struct Gateway {
    name: &'static str,
    /// What is written into the folder, from the files of the guide.
    files: &'static [&'static str],
    /// The folder of the exported files, in the guide.
    exported: &'static str,
    program: OsString,
    /// The arguments, in the folder.
    args: &'static [&'static str],
    /// What the files need so that several tests, which are not root, can run at once.
    change: fn(String) -> String,
}

/// nginx with the files of the guide.
fn nginx_gateway(program: OsString, change: fn(String) -> String) -> Gateway {
    Gateway {
        name: "nginx",
        files: &["nginx.conf"],
        exported: "/etc/nginx/cors",
        program,
        args: &["-e", "stderr", "-p", ".", "-c", "nginx.conf"],
        change,
    }
}

fn for_tests_of_nginx(text: &str) -> String {
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {name};\n"))
        .concat();
    let text = text.replace(
        "http {\n",
        &format!("http {{\naccess_log off;\n{temporary}"),
    );
    format!("daemon off; master_process off; pid pid; error_log stderr;\n{text}")
}

/// HAProxy with the files of the guide.
fn haproxy_gateway(program: OsString, change: fn(String) -> String) -> Gateway {
    Gateway {
        name: "haproxy",
        files: &["haproxy.cfg", "sites.cfg"],
        exported: "/etc/haproxy/cors",
        program,
        args: &[
            "-db",
            "-f",
            "haproxy.cfg",
            "-f",
            "exported/cors.cfg",
            "-f",
            "sites.cfg",
        ],
        change,
    }
}

fn is_installed(program: &OsString, args: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// The server behind a gateway.
struct Deployment {
    folder: TempDir,
    server: Program,
    _output: BufReader<ChildStdout>,
    _gateway: Program,
    port: u16,
}

impl Deployment {
    /// Exports the policy of the guide, and starts the server and the gateway.
    fn start(gateway: &Gateway) -> Self {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("cors.toml"), file("cors.toml")).unwrap();
        let exported = folder.path().join("exported");
        let out = exported.to_str().unwrap();
        let done = cors(folder.path(), &["export", gateway.name, "--out", out]);
        assert_eq!(done.status, 0, "{done:#?}");
        let (server, server_port, output) = server();
        // Somebody else may take the port meanwhile.
        let started = (0..5).find_map(|_| start(gateway, folder.path(), &exported, server_port));
        let (program, port) = started.expect("the gateway starts");
        Self {
            folder,
            server,
            _output: output,
            _gateway: program,
            port,
        }
    }

    /// Compares the responses at a path with the policy.
    fn probe(&self, path: &str, more: &[&str]) -> Done {
        let url = format!("http://127.0.0.1:{}{path}", self.port);
        let args = ["probe", "--policy", "cors.toml"];
        cors(self.folder.path(), &[&args, more, &[&*url]].concat())
    }
}

const APP: [&str; 2] = ["--origin", "https://app.example.com"];

/// Starts the gateway of the guide, and probes the server through it.
fn check(gateway: &Gateway) {
    let deployment = Deployment::start(gateway);
    let probe = |path: &str, more: &[&str]| {
        let done = deployment.probe(path, &[&APP, more].concat());
        assert!(
            done.stdout
                .contains("equal: the server's responses match `cors.toml`"),
            "{done:#?}"
        );
        done.status
    };
    responds_as_the_guide_says(deployment.port);
    assert_eq!(probe("/users", &[]), 0);
    assert_eq!(
        probe(
            "/users",
            &["-X", "PUT", "-H", "Content-Type: application/json"]
        ),
        0
    );
    assert_eq!(probe("/missing", &["--credentials", "include"]), 0);
    // The gateway's own error.
    let mut deployment = deployment;
    deployment.server.stop();
    let done = deployment.probe("/users", &APP);
    assert!(done.stdout.contains("equal: the server's"), "{done:#?}");
    assert_eq!(done.status, 0);
}

/// Sends the requests of the guide's `curl` commands.
#[track_caller]
fn responds_as_the_guide_says(port: u16) {
    let guide = file("../deploying.md");
    let commands: Vec<_> = guide
        .lines()
        .filter(|line| line.starts_with("curl "))
        .collect();
    let [actual, preflight] = commands[..] else {
        panic!("{commands:?}");
    };
    let check = |command: &str, status: &str, allows: bool| {
        let response = respond(command, port);
        assert!(
            response.starts_with(&format!("HTTP/1.1 {status} ")),
            "{command}\n{response}"
        );
        let origin = "\naccess-control-allow-origin: https://app.example.com\r";
        assert_eq!(
            response.to_lowercase().contains(origin),
            allows,
            "{command}\n{response}"
        );
    };
    let by_other = |command: &str| command.replace("app.example.com", "other.example.com");
    check(actual, "200", true);
    check(preflight, "204", true);
    check(&by_other(actual), "200", false);
    check(&by_other(preflight), "403", false);
}

/// The response to the request of a `curl` command with `-X` and `-H`.
#[track_caller]
fn respond(command: &str, port: u16) -> String {
    let (mut method, mut path, mut headers) = ("GET".to_owned(), String::new(), String::new());
    let mut words = words(command).into_iter().skip(1);
    while let Some(word) = words.next() {
        match &*word {
            "-si" => {}
            "-X" => method = words.next().unwrap(),
            "-H" => headers += &(words.next().unwrap() + "\r\n"),
            url => path = url.replace("http://127.0.0.1:8080", ""),
        }
    }
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n{headers}\r\n"
    )
    .unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response
}

/// Starts a gateway whose configuration has a fault, and checks the code that a plain call of `cors probe` names at each path.
#[track_caller]
fn names(gateway: &Gateway, rows: &[(&str, &[&str], &str)]) {
    let deployment = Deployment::start(gateway);
    for (path, args, code) in rows {
        let done = deployment.probe(path, args);
        assert!(done.stdout.contains(&format!("[{code}]")), "{done:#?}");
        let page = format!("see `cors check --explain {code}`");
        assert!(done.stdout.contains(&page), "{done:#?}");
        assert_eq!(done.status, 1);
    }
}

const EVIL_POST: &[&str] = &["--origin", "https://evil.example", "-d", "x"];

/// The gateway and its port. `None` if it does not start.
fn start(gateway: &Gateway, folder: &Path, exported: &Path, server: u16) -> Option<(Program, u16)> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    for name in gateway.files {
        let text = file(name)
            .replace("8080", &port.to_string())
            .replace("3000", &server.to_string())
            .replace(gateway.exported, exported.to_str().unwrap());
        fs::write(folder.join(name), (gateway.change)(text)).unwrap();
    }
    let mut command = Command::new(&gateway.program);
    command.args(gateway.args).current_dir(folder);
    command.env("CORS_DIR", exported).stdin(Stdio::null());
    command.stdout(Stdio::null());
    let mut program = Program(command.spawn().unwrap());
    let deadline = Instant::now() + Duration::from_secs(60);
    while Instant::now() < deadline && program.0.try_wait().unwrap().is_none() {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return Some((program, port));
        }
        std::thread::yield_now();
    }
    None
}

#[test]
fn nginx() {
    let programs = [Some("nginx".into()), std::env::var_os("CORS_NGINX")];
    for program in programs.into_iter().flatten() {
        if !is_installed(&program, &["-v"]) {
            skip("the example of nginx", "`nginx` is not installed").unwrap();
            return;
        }
        check(&nginx_gateway(program, |text| for_tests_of_nginx(&text)));
    }
}

/// Errors in the configuration of nginx that people make, each found by a call without options.
#[test]
fn faults_of_nginx() {
    let program = OsString::from("nginx");
    if !is_installed(&program, &["-v"]) {
        skip("faults of nginx", "`nginx` is not installed").unwrap();
        return;
    }
    // Locations next to that of the guide.
    let gateway = nginx_gateway(program.clone(), |text| {
        let to = text
            .lines()
            .find(|line| line.contains("proxy_pass"))
            .unwrap();
        let location = "        location / {";
        let locations = format!(
            "location /users/dropped {{ {to} add_header X-Frame-Options DENY; }}\n\
             location /users/twice {{ {to} add_header Access-Control-Allow-Origin * always;\n\
             include /etc/nginx/cors/cors.headers.conf; }}\n\
             location /users/gone {{ proxy_pass http://unix:/nowhere/application.sock; add_header X-A 1; }}\n\
             location /users/large {{ {to} client_max_body_size 1; add_header X-A 1; }}\n{location}"
        );
        let text = text.replace(location, &locations);
        // The folder is replaced before.
        let (_, folder) = text.split_once("include ").unwrap();
        let folder = folder.split_once("/cors.http.conf").unwrap().0.to_owned();
        for_tests_of_nginx(&text.replace("/etc/nginx/cors", &folder))
    });
    names(
        &gateway,
        &[
            ("/users/dropped", &APP, "headers-dropped"),
            ("/users/twice", &APP, "second-writer"),
            ("/users/gone", &APP, "gateway-error"),
            (
                "/users/large",
                &[&APP[..], &["-d", "hello"]].concat(),
                "gateway-error",
            ),
        ],
    );
    // Only the headers are included.
    let gateway = nginx_gateway(program.clone(), |text| {
        let is_server = |line: &&str| !line.contains("cors.server.conf");
        let lines: Vec<_> = text.lines().filter(is_server).collect();
        for_tests_of_nginx(&lines.join("\n"))
    });
    names(
        &gateway,
        &[
            ("/users", &APP, "preflight-forwarded"),
            ("/users", EVIL_POST, "not-refused"),
        ],
    );
    // Nothing is included in the server.
    let gateway = nginx_gateway(program, |text| {
        let is_left = |line: &&str| !line.contains("include ") || line.contains("cors.http.conf");
        let lines: Vec<_> = text.lines().filter(is_left).collect();
        for_tests_of_nginx(&lines.join("\n"))
    });
    names(
        &gateway,
        &[
            ("/users", &APP, "policy-not-applied"),
            ("/users", EVIL_POST, "not-refused"),
        ],
    );
}

#[test]
fn haproxy() {
    let program = OsString::from("haproxy");
    if !is_installed(&program, &["-v"]) {
        skip("the example of HAProxy", "`haproxy` is not installed").unwrap();
        return;
    }
    check(&haproxy_gateway(program, |text| text));
}

/// A frontend that does not take the exported section.
#[test]
fn faults_of_haproxy() {
    let program = OsString::from("haproxy");
    if !is_installed(&program, &["-v"]) {
        skip("faults of HAProxy", "`haproxy` is not installed").unwrap();
        return;
    }
    let gateway = haproxy_gateway(program, |text| {
        text.replace("frontend www from cors", "frontend www from base")
    });
    names(
        &gateway,
        &[
            ("/users", &APP, "policy-not-applied"),
            ("/users", EVIL_POST, "not-refused"),
        ],
    );
}

#[test]
fn envoy() {
    let program = std::env::var_os("CORS_ENVOY").unwrap_or_else(|| "envoy".into());
    if !is_installed(&program, &["--version"]) {
        skip(
            "the example of Envoy",
            "`envoy` is not installed, and `CORS_ENVOY` does not name it",
        )
        .unwrap();
        return;
    }
    check(&Gateway {
        name: "envoy",
        files: &["envoy.yaml"],
        exported: "/etc/envoy",
        program,
        args: &[
            "--concurrency",
            "1",
            "--disable-hot-restart",
            "-l",
            "error",
            "-c",
            "envoy.yaml",
        ],
        change: |text| text,
    });
}
