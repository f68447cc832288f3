//! nginx, with what the web says to write into its configuration.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use cors_matrix::skip::skip;
use tempfile::TempDir;

use super::habits::proxied;
use super::server::{APP, Done, Scripted, probe, probe_with};

const RECIPES: &str = r#"
# Echo any origin, so that credentials work.
location /reflect {
    add_header Access-Control-Allow-Origin $http_origin;
    add_header Access-Control-Allow-Credentials true;
    return 200 "hello";
}
# Allow everything.
location /everything {
    add_header Access-Control-Allow-Origin *;
    add_header Access-Control-Allow-Credentials true;
    add_header Access-Control-Allow-Methods "GET, POST, OPTIONS";
    return 200 "hello";
}
# Without `always`, errors go without.
location /errors {
    add_header Access-Control-Allow-Origin *;
    return 500 "oh";
}
location /errors-always {
    add_header Access-Control-Allow-Origin * always;
    return 500 "oh";
}
# The famous one.
location /options {
    if ($request_method = OPTIONS) {
        add_header Access-Control-Allow-Origin *;
        add_header Access-Control-Allow-Methods "GET, POST, OPTIONS";
        add_header Access-Control-Allow-Headers "Content-Type";
        add_header Access-Control-Max-Age 1728000;
        return 204;
    }
    add_header Access-Control-Allow-Origin *;
    return 200 "hello";
}
# A regular expression that matches too much.
location /regex {
    set $cors "";
    if ($http_origin ~ "https://app.example.com") { set $cors $http_origin; }
    add_header Access-Control-Allow-Origin $cors;
    add_header Vary Origin;
    return 200 "hello";
}
# As it should be, by a `map`.
location /right {
    add_header Access-Control-Allow-Origin $listed always;
    add_header Vary Origin always;
    return 200 "hello";
}
"#;

struct Nginx {
    child: Child,
    port: u16,
    _dir: TempDir,
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Nginx {
    /// With these locations. `None` where it is not installed.
    fn start(locations: &str) -> Option<Self> {
        if Command::new("nginx")
            .arg("-v")
            .stderr(Stdio::null())
            .status()
            .is_err()
        {
            skip("`cors probe` at nginx", "`nginx` is not installed").unwrap();
            return None;
        }
        // Somebody else may take the port meanwhile.
        let started = (0..5).find_map(|_| Self::start_once(locations));
        Some(started.expect("nginx starts"))
    }

    fn start_once(locations: &str) -> Option<Self> {
        let dir = TempDir::new().unwrap();
        let port = {
            let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
            listener.local_addr().unwrap().port()
        };
        // Below the folder that `-p` says: its own path may have spaces.
        let temp: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|name| format!("{name}_temp_path {name};\n"))
            .concat();
        // One process, so that it ends with its parent's `kill`.
        let config = format!(
            "daemon off; master_process off; pid pid; error_log stderr notice;\n\
             events {{}}\n\
             http {{ access_log off; {temp}\n\
             map $http_origin $listed {{ default \"\"; \"{APP}\" $http_origin; }}\n\
             server {{ listen 127.0.0.1:{port}; {locations} }} }}\n"
        );
        let file = dir.path().join("nginx.conf");
        fs::write(&file, config).unwrap();
        let mut child = Command::new("nginx")
            .args(["-e", "stderr", "-p"])
            .arg(dir.path())
            .arg("-c")
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let nginx = Self {
            child,
            port,
            _dir: dir,
        };
        let mut said = String::new();
        // It says its version when it listens.
        while log.read_line(&mut said).unwrap() > 0 {
            if said.contains("[notice]") && said.contains(": nginx/") {
                // A full pipe would block it.
                std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
                return Some(nginx);
            }
        }
        eprintln!("{said}");
        None
    }

    fn probe(&self, args: &str, path: &str) -> Done {
        probe(
            &format!("--origin {APP} {args}"),
            &format!("http://127.0.0.1:{}{path}", self.port),
        )
    }
}

#[test]
fn recipes() {
    let Some(nginx) = Nginx::start(RECIPES) else {
        return;
    };
    let audit = |path: &str, status: i32, expected: &[&str]| {
        let done = nginx.probe("--audit --delay 0 --json", path);
        assert_eq!(done.findings(), expected, "{path}: {}", done.stdout);
        done.has_status(status);
    };

    // To the page all is well, and that is the trouble.
    nginx
        .probe("--credentials include", "/reflect")
        .has_status(1)
        .says(&["allowed", "[missing-vary]"]);
    audit("/reflect", 1, &["reflected-origin-with-credentials"]);

    nginx
        .probe("", "/everything")
        .has_status(1)
        .says(&["allowed", "[wildcard-with-credentials]"]);
    let done = nginx
        .probe("--credentials include", "/everything")
        .has_status(1);
    done.says(&["\nallow-origin-wildcard\n", "[wildcard-with-credentials]"]);
    audit(
        "/everything",
        1,
        &["wildcard-with-credentials", "wildcard-origin"],
    );

    let done = nginx.probe("", "/errors").has_status(1);
    done.says(&["\nallow-origin-missing\n", "the status is 500"]);
    nginx
        .probe("", "/errors-always")
        .has_status(0)
        .says(&["allowed", "the status (500)"]);
    audit("/errors-always", 0, &["wildcard-origin"]);

    nginx
        .probe("-X PUT", "/options")
        .has_status(1)
        .says(&["\nmethod-not-allowed\n", "add `PUT`"]);
    let json = "-H Content-Type:application/json -d {}";
    nginx
        .probe(json, "/options")
        .has_status(0)
        .says(&["allowed"]);
    nginx
        .probe(&format!("-H X-A:1 {json}"), "/options")
        .has_status(1)
        .says(&["\nheader-not-allowed\n"]);
    nginx
        .probe("-X PUT", "/right")
        .has_status(1)
        .says(&["\nmethod-not-allowed\n"]);

    audit("/regex", 1, &["prefix-match", "unescaped-dot"]);
    audit("/right", 0, &[]);
    nginx.probe("", "/right").has_status(0).says(&["allowed"]);
}

const POLICY: &str = "allow_origins = ['https://app.example.com']\nallow_methods = ['PUT']\n";

/// Compares the responses at a path with [`POLICY`].
#[track_caller]
fn compare(nginx: &Nginx, path: &str, args: &[&str], expected: Option<&str>) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("cors.toml");
    fs::write(&file, POLICY).unwrap();
    let policy = ["--origin", APP, "--policy", file.to_str().unwrap()];
    let url = format!("http://127.0.0.1:{}{path}", nginx.port);
    let done = probe_with(&[&policy, args].concat(), &url);
    match expected {
        Some(code) => done.has_status(1).says(&[&format!("[{code}]")]),
        None => done
            .has_status(0)
            .says(&["equal: the server's responses match `"])
            .does_not_say(&["warning["]),
    };
}

const GET: &[&str] = &[];
const PUT: &[&str] = &["-X", "PUT", "-d", "hello"];

/// The application has the policy, and nginx adds faults.
#[test]
fn faults_in_front_of_the_policy() {
    let application = proxied(POLICY, &[]);
    let to = format!("proxy_pass http://127.0.0.1:{};", application.port);
    let Some(nginx) = Nginx::start(&format!(
        "location /right {{ {to} add_header X-Frame-Options DENY; }}\n\
         location /twice {{ {to} add_header Access-Control-Allow-Origin * always; }}\n\
         location /large {{ {to} client_max_body_size 1; }}\n\
         location /gone {{ proxy_pass http://unix:/nowhere/application.sock; }}\n\
         location /options {{\n\
             if ($request_method = OPTIONS) {{\n\
                 add_header Access-Control-Allow-Origin *;\n\
                 add_header Access-Control-Allow-Methods 'GET, PUT';\n\
                 return 204;\n\
             }}\n\
             {to}\n\
         }}\n"
    )) else {
        return;
    };
    compare(&nginx, "/right", GET, None);
    compare(&nginx, "/right", PUT, None);
    compare(&nginx, "/twice", GET, Some("second-writer"));
    compare(&nginx, "/twice", PUT, Some("second-writer"));
    compare(&nginx, "/large", GET, None);
    compare(&nginx, "/large", PUT, Some("gateway-error"));
    compare(&nginx, "/gone", GET, Some("gateway-error"));
    compare(&nginx, "/gone", PUT, Some("gateway-error"));
    compare(&nginx, "/options", GET, Some("preflight-by-gateway"));
    compare(&nginx, "/options", PUT, Some("preflight-by-gateway"));
    // nginx has not read the location.
    let long = format!("/right?{}", "x".repeat(10_000));
    compare(&nginx, &long, GET, Some("gateway-error"));
}

/// nginx has the policy, and forwards to an application without it.
#[test]
fn faults_of_a_policy_in_nginx() {
    const HEADERS: &str = "add_header Access-Control-Allow-Origin $listed always;\n\
                           add_header Access-Control-Allow-Methods $methods always;\n\
                           add_header Access-Control-Max-Age $max_age always;\n\
                           add_header Vary Origin always;\n";
    let application = Scripted::new(|request| match request.target.contains("missing") {
        true => (404, vec!["X-Handler: 1"]),
        false => (200, vec!["X-Handler: 1"]),
    });
    let to = format!("proxy_pass http://127.0.0.1:{};", application.port);
    let Some(nginx) = Nginx::start(&format!(
        "{HEADERS}\n\
         set $methods ''; set $max_age '';\n\
         if ($request_method = OPTIONS) {{ set $methods PUT; set $max_age 86400; return 204; }}\n\
         location / {{ {to} }}\n\
         location /dropped {{ {to} add_header X-Frame-Options DENY; }}\n\
         location /again {{ {to} add_header X-Frame-Options DENY; {HEADERS} }}\n\
         location /large {{ {to} client_max_body_size 1; }}\n\
         location /gone {{ proxy_pass http://unix:/nowhere/application.sock; }}\n\
         location /gone-dropped {{\n\
             proxy_pass http://unix:/nowhere/application.sock;\n\
             add_header X-Frame-Options DENY;\n\
         }}\n"
    )) else {
        return;
    };
    for path in [
        "/",
        "/missing",
        "/again",
        "/again/missing",
        "/large",
        "/gone",
    ] {
        compare(&nginx, path, GET, None);
        compare(&nginx, path, PUT, None);
    }
    for path in ["/dropped", "/dropped/missing"] {
        compare(&nginx, path, PUT, Some("headers-dropped"));
        compare(&nginx, path, GET, Some("headers-dropped"));
    }
    compare(&nginx, "/gone-dropped", PUT, Some("gateway-error"));
    compare(&nginx, "/gone-dropped", GET, Some("gateway-error"));
}

/// Public bug reports, F9.
#[test]
fn a_proxy_that_removes_origin() {
    let application = proxied(POLICY, &[]);
    let to = format!("proxy_pass http://127.0.0.1:{};", application.port);
    let Some(nginx) = Nginx::start(&format!(
        "location /without {{ {to} proxy_set_header Origin \"\"; }}\n\
         location /with {{ {to} proxy_set_header Origin $http_origin; }}\n\
         location /default {{ {to} }}\n"
    )) else {
        return;
    };
    compare(&nginx, "/without", PUT, Some("origin-not-forwarded"));
    compare(&nginx, "/without", GET, Some("origin-not-forwarded"));
    for path in ["/with", "/default"] {
        compare(&nginx, path, PUT, None);
        compare(&nginx, path, GET, None);
    }
}
