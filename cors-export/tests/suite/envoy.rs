//! What Envoy gets, and what it does with it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use cors_core::adapter::{Decision, HeaderSource, RequestHead, RequestHeader};
use cors_core::{Config, Grant, OriginSet, Policy};
use cors_export::{Export, Gateway, Options, export};
use cors_matrix::skip::skip;
use proptest::prelude::Strategy;
use proptest::test_runner::{Config as Runs, TestRunner};
use proptest::{option, proptest};
use tempfile::TempDir;

use crate::check_files;
use crate::policies::policies;

/// Two lists, sets excepted, of everything that a policy can have.
const EVERYTHING: &str = r#"
preflight_status = 200
hosts = ["api.example.com", "localhost:*", "*.hosts.example:8443"]
refuse = ["cross-site-writes"]
dangerously_allow = ["null-origin"]

[[grant]]
allow_origins = ["https://app.example.com", "https://*.example.com:*", "http://localhost:*"]
allow_credentials = true
allow_methods = ["*"]
allow_headers = ["*"]
expose_headers = ["x-request-id", "x-$%'`"]
expose_timing = true

[[grant]]
allow_origins = ["https://pr-*.example.net", "https://*-team.example.net:8443", "https://*.example.org", "null", "http://[::1]:*"]
allow_methods = ["PATCH", "x!#$%&'*+-.^_`|~"]
max_age = 0

[[grant]]
allow_origins = ["moz-extension://*"]

[[route]]
path = "/public"
allow_origins = ["*"]
refuse = []

[[route]]
path = "/realms/{realm}"
allow_origins = ["https://admin.example.com"]
allow_credentials = true
refuse = ["unlisted-origins", "websocket"]

[[route]]
path = "/realms/Main/x"
allow_origins = ["https://main.example.com", "https://*.main.example.com"]
refuse = ["unlisted-origins", "websocket", "cross-site-writes"]

[[route]]
path = "/ws"
allow_origins = ["https://admin.example.com"]
refuse = ["websocket"]

[[route]]
path = "/it's"
allow_origins = ["https://app.example.com"]

[[route]]
path = "/{a}/x"
[[route.grant]]
allow_origins = ["https://x.example.com"]
allow_credentials = true
[[route.grant]]
allow_origins = ["*"]
"#;

/// The same without what is refused.
fn without_refusals() -> String {
    let lines = EVERYTHING.lines();
    let lines = lines.filter(|line| !line.starts_with("refuse"));
    lines.fold(String::new(), |text, line| text + line + "\n")
}

#[test]
fn the_policy_of_the_readme() {
    let policy = Policy::from_toml(include_str!("../../../cors.toml")).unwrap();
    let options = Options::new("cors.toml");
    check_files(&policy, Gateway::Envoy, &options, "envoy/simple");
    check_files(
        &policy,
        Gateway::EnvoyRoutes,
        &options,
        "envoy/simple-routes",
    );
}

#[test]
fn a_policy_with_everything() {
    let options = Options::new("api\n.toml").prefix("api").unwrap();
    let options = options.made_from("variables: APP_ORIGINS");
    let policy = Policy::from_toml(EVERYTHING).unwrap();
    check_files(&policy, Gateway::Envoy, &options, "envoy/everything");
    let policy = Policy::from_toml(&without_refusals()).unwrap();
    check_files(
        &policy,
        Gateway::EnvoyRoutes,
        &options,
        "envoy/everything-routes",
    );
}

#[test]
fn what_envoy_cannot_do() {
    #[track_caller]
    fn check(policy: &Policy, gateway: Gateway, expected: &[&str]) {
        let refusals = export(policy, gateway, &Options::new("cors.toml"));
        let refusals = refusals.err().unwrap_or_default();
        let refusals: Vec<_> = refusals.iter().map(ToString::to_string).collect();
        assert_eq!(refusals, expected);
    }
    let set = OriginSet::new();
    set.insert("https://customer.example").unwrap();
    let grant = Grant::new(["https://a.example"]).allow_origin_set("customers");
    let with_set = Config::new([grant]).origin_set("customers", &set);
    let with_set = Policy::new(with_set).unwrap();
    for gateway in [Gateway::Envoy, Gateway::EnvoyRoutes] {
        check(
            &with_set,
            gateway,
            &[
                "grant[0]: Envoy cannot follow the set `customers` while it runs; list its origins in the policy, decide in the \
                 application, or use nginx or HAProxy",
            ],
        );
    }
    let text = "allow_origins = ['https://a.example']\nrefuse = ['websocket']\n\
                  [[route]]\npath = '/a'\nallow_origins = []\nrefuse = []\n\
                  [[route]]\npath = '/b'\nallow_origins = []";
    let refuse = Policy::from_toml(text).unwrap();
    check(&refuse, Gateway::Envoy, &[]);
    let message = "routes of Envoy cannot compare `Origin` with `Host`; leave out `--no-lua`, or refuse in the application";
    check(
        &refuse,
        Gateway::EnvoyRoutes,
        &[
            &format!("refuse: {message}"),
            &format!("route[1].refuse: {message}"),
        ],
    );
    let origins = (0..1001).map(|number| format!("'https://a{number}.example', "));
    let many = format!("allow_origins = [{}]", origins.collect::<String>());
    let many = Policy::from_toml(&many).unwrap();
    check(&many, Gateway::Envoy, &[]);
    check(
        &many,
        Gateway::EnvoyRoutes,
        &[
            "allow_origins: Envoy compares the routes of 1001 origins one after the other, and more than 1000 are too slow; \
             leave out `--no-lua`",
        ],
    );
}

/// The program, or `None` if it is not installed.
fn program() -> Option<PathBuf> {
    let program = std::env::var_os("CORS_ENVOY").unwrap_or_else(|| "envoy".into());
    let version = Command::new(&program).arg("--version").output();
    match version {
        Ok(version) if version.status.success() => Some(program.into()),
        _ => {
            let missing = "`CORS_ENVOY` does not name Envoy, and `envoy` is not installed";
            skip("the exported files of Envoy", missing).unwrap();
            None
        }
    }
}

/// A configuration with the exported files, in a folder.
fn write_config(exported: &Export, folder: &Path) -> PathBuf {
    let indent = |text: &str| {
        text.lines().fold(String::new(), |mut indented, line| {
            let _ = writeln!(indented, "{:16}{line}", "");
            indented
        })
    };
    let folder_text = folder.to_str().unwrap();
    let mut routes = indent(DEFAULT_ROUTE);
    let mut filter = String::new();
    for file in &exported.files {
        fs::write(folder.join(&file.name), &file.text).unwrap();
        if file.name.ends_with(".filter.yaml") {
            filter = indent(&file.text.replace("/etc/envoy", folder_text));
        } else if file.name.ends_with(".routes.yaml") {
            routes = indent(&file.text);
        }
    }
    let config = CONFIG
        .replace("FOLDER", folder_text)
        .replace("ROUTES\n", &routes)
        .replace("FILTER\n", &filter);
    let file = folder.join("envoy.yaml");
    fs::write(&file, config).unwrap();
    file
}

/// An application that has its own fields.
const DEFAULT_ROUTE: &str = "\
- match: { prefix: '' }
  direct_response: { status: 503 }
  response_headers_to_add:
  - header: { key: access-control-allow-origin, value: 'https://evil.example' }
  - header: { key: access-control-allow-credentials, value: 'true' }
  - header: { key: access-control-expose-headers, value: evil }
";

/// The cluster has no endpoints, so Envoy itself responds with 503.
const CONFIG: &str = "\
layered_runtime:
  layers:
  - name: expressions
    static_layer: { re2.max_program_size.error_level: 65536 }
static_resources:
  listeners:
  - name: clients
    address: { pipe: { path: 'FOLDER/socket' } }
    filter_chains:
    - filters:
      - name: http
        typed_config:
          '@type': type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: clients
          http_protocol_options: { allow_custom_methods: true }
          upgrade_configs: [{ upgrade_type: websocket }]
          route_config:
            virtual_hosts:
            - name: application
              domains: ['*']
              routes:
ROUTES
          http_filters:
FILTER
                - name: router
                  typed_config:
                    '@type': type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
  clusters:
  - name: upstream
    type: STATIC
    connect_timeout: 1s
    load_assignment: { cluster_name: upstream }
";

#[test]
fn envoy_accepts_the_files_of_any_policy() {
    let Some(program) = program() else { return };
    let mut runner = TestRunner::new(Runs {
        failure_persistence: None,
        ..Runs::with_cases(6)
    });
    let result = runner.run(&policies(false), |policy| {
        for gateway in [Gateway::Envoy, Gateway::EnvoyRoutes] {
            // Routes cannot refuse.
            let Ok(exported) = export(&policy, gateway, &Options::new("any.toml")) else {
                assert_eq!(gateway, Gateway::EnvoyRoutes);
                continue;
            };
            let folder = TempDir::new().unwrap();
            let config = write_config(&exported, folder.path());
            let mut command = Command::new(&program);
            command
                .args(["--mode", "validate", "-l", "warn", "-c"])
                .arg(config);
            let output = command.output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{said}\n{:?}", exported.files);
        }
        Ok(())
    });
    result.unwrap();
}

/// A running Envoy. Dropping it stops it.
struct Envoy {
    child: Child,
    connection: Option<BufReader<UnixStream>>,
    folder: TempDir,
}

impl Envoy {
    fn start(program: &Path, exported: &Export) -> Self {
        let folder = TempDir::new().unwrap();
        let config = write_config(exported, folder.path());
        let mut command = Command::new(program);
        command.args([
            "--disable-hot-restart",
            "--concurrency",
            "1",
            "-l",
            "info",
            "-c",
        ]);
        command.arg(config).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("starting main dispatch loop") {
            line.clear();
            assert_ne!(
                said.read_line(&mut line).unwrap(),
                0,
                "Envoy does not start"
            );
        }
        // A full pipe would block it.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        Self {
            child,
            connection: None,
            folder,
        }
    }

    /// The status and the fields of the response to a request. No response here has content but those of Envoy itself.
    fn send(&mut self, request: &str) -> (u16, Vec<(String, String)>) {
        let socket = self.folder.path().join("socket");
        let connection = self
            .connection
            .get_or_insert_with(|| BufReader::new(UnixStream::connect(socket).unwrap()));
        connection.get_mut().write_all(request.as_bytes()).unwrap();
        let mut line = || {
            let mut line = String::new();
            connection.read_line(&mut line).unwrap();
            line.trim_end().to_owned()
        };
        let status = line().split(' ').nth(1).unwrap_or_default().parse();
        let status = status.unwrap_or_else(|_| panic!("no response to {request}"));
        let mut fields = Vec::new();
        loop {
            let line = line();
            let Some((name, value)) = line.split_once(": ") else {
                break;
            };
            fields.push((name.to_owned(), value.to_owned()));
        }
        let field = |name| fields.iter().find(|(field, _)| field == name);
        let length = field("content-length").map_or(0, |(_, value)| value.parse().unwrap());
        let mut content = vec![
            0;
            if request.starts_with("HEAD") {
                0
            } else {
                length
            }
        ];
        connection.read_exact(&mut content).unwrap();
        if field("connection").is_some_and(|(_, value)| value == "close") {
            self.connection = None;
        }
        (status, fields)
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[derive(Debug)]
struct Request {
    method: String,
    target: String,
    fields: Vec<(RequestHeader, String)>,
}

impl RequestHead for Request {
    fn method(&self) -> &[u8] {
        self.method.as_bytes()
    }

    fn path(&self) -> Option<&[u8]> {
        self.target.split('?').next().map(str::as_bytes)
    }

    fn lines(&self, name: RequestHeader) -> impl Iterator<Item = &[u8]> {
        let fields = self.fields.iter().filter(move |field| field.0 == name);
        fields.map(|field| field.1.as_bytes())
    }
}

impl Request {
    fn new(method: &str, target: &str, fields: &[(&str, &str)]) -> Self {
        let names = [
            RequestHeader::Origin,
            RequestHeader::AccessControlRequestMethod,
            RequestHeader::SecFetchSite,
            RequestHeader::SecFetchMode,
            RequestHeader::SecFetchDest,
            RequestHeader::Upgrade,
        ];
        let fields = fields.iter().map(|(name, value)| {
            let name = names.into_iter().find(|known| known.name() == *name);
            (name.unwrap(), (*value).to_owned())
        });
        let host = (RequestHeader::Host, "api.example.com".to_owned());
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            fields: std::iter::once(host).chain(fields).collect(),
        }
    }

    fn text(&self) -> String {
        let mut text = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        for (name, value) in &self.fields {
            let _ = write!(text, "{}: {value}\r\n", name.name());
            if *name == RequestHeader::Upgrade {
                text.push_str("connection: upgrade\r\n");
            }
        }
        text + "\r\n"
    }

    /// What the library would have an adapter send. 503 is from the application.
    fn expected(&self, policy: &Policy) -> (u16, Vec<(String, String)>) {
        let decision = policy.decide(self);
        let status = match decision {
            Decision::Respond(preflight) => preflight.status(),
            Decision::Refuse(refusal) => refusal.status(),
            Decision::Forward(_) => 503,
        };
        let mut fields = Vec::new();
        for header in policy.headers(decision) {
            let values = match &header.value {
                HeaderSource::Constant(value) => vec![value.to_string()],
                HeaderSource::Echo(name) => {
                    let fields = self.fields.iter().filter(|field| field.0 == *name);
                    fields.map(|field| field.1.clone()).collect()
                }
            };
            let values = values.into_iter().filter(|value| !value.is_empty());
            fields.extend(values.map(|value| (header.name.name().to_owned(), value)));
        }
        fields.sort_unstable();
        (status, fields)
    }
}

/// Requests near the edges of the policies here.
fn requests() -> impl Strategy<Value = Request> {
    let label = "(a|app|x|xn--|xn--a|pr-7|pr-|pr-_|b-team|-team|xn--a-team|1|0x1|0xg|1a|[a-z]{63}|[a-z]{64}|[a-z0-9_.-]{1,5})";
    let host = "(example\\.(com|net|org)\\.?|main\\.example\\.com|localhost|127\\.0\\.0\\.[0-9]{1,3}|\\[::1\\]|\\[[0-9a-f:]{2,9}\\]|\\[(0|1|f)(:(0|0|1)){7}\\]|\\[(1:){0,3}:(0|1)(:(0|1)){0,4}\\])";
    let port = "(:|:[0-9]{1,5}|:443|:80|:8443|:0443)?";
    let origin = format!(
        "(https?|wss|moz-extension|file|[a-z][a-z0-9+.-]{{0,2}})://({label}\\.){{0,2}}{host}{port}|https://(app|admin|main|x|b\\.main)\\.example\\.com|null|[!-~]{{0,5}}|https://(a\\.){{117,122}}example\\.com\\.?"
    );
    let path = "(/(public|PUBLIC|realms|Realms|main|Main|x|X|a|\\.|\\.\\.|%2[efEF5]|%41|%7f|%zz|%|;|\\\\|~|[!-\"$-~]{1,3}|)){1,4}(\\?[!-\"$-~]{0,3})?";
    let method = "GET|HEAD|POST|PUT|OPTIONS|OPTIONS|OPTIONS";
    let host_field = "api\\.example\\.com|localhost:3000|evil\\.example|a\\.hosts\\.example:8443|app\\.example\\.com";
    let rows = [
        (RequestHeader::Origin, &*origin, 0.9),
        (RequestHeader::Origin, &*origin, 0.02),
        (RequestHeader::AccessControlRequestMethod, "PUT|x|", 0.6),
        (RequestHeader::AccessControlRequestHeaders, "a,b|", 0.3),
        (
            RequestHeader::SecFetchSite,
            "same-origin|none|cross-site|same-site|None",
            0.4,
        ),
        (RequestHeader::SecFetchSite, "none", 0.02),
        (RequestHeader::SecFetchMode, "navigate|cors", 0.4),
        (RequestHeader::SecFetchDest, "document|empty", 0.4),
    ];
    let fields = rows.map(|(name, value, probability)| {
        let field = proptest::string::string_regex(value).unwrap();
        option::weighted(probability, field.prop_map(move |value| (name, value)))
    });
    (method, path, host_field, Vec::from(fields)).prop_map(|(method, target, host, fields)| {
        Request {
            method,
            target,
            fields: std::iter::once((RequestHeader::Host, host))
                .chain(fields.into_iter().flatten())
                .collect(),
        }
    })
}

/// A policy, and Envoy with it.
struct Through {
    gateway: Gateway,
    policy: Policy,
    envoy: Mutex<Envoy>,
}

impl Through {
    fn start(program: &Path, gateway: Gateway, text: &str) -> Self {
        let policy = Policy::from_toml(text).unwrap();
        let exported = export(&policy, gateway, &Options::new("cors.toml")).unwrap();
        Self {
            gateway,
            policy,
            envoy: Mutex::new(Envoy::start(program, &exported)),
        }
    }

    #[track_caller]
    fn check(&self, request: &Request) {
        let origins: Vec<_> = request.lines(RequestHeader::Origin).collect();
        // Envoy drops an empty one of several lines.
        let is_dropped = origins.len() > 1 && origins.iter().any(|origin| origin.is_empty());
        // An expression does not look closely at an IPv6 address.
        let is_ipv6 = origins.iter().any(|origin| origin.contains(&b'['));
        if is_dropped || (self.gateway == Gateway::EnvoyRoutes && is_ipv6) {
            return;
        }
        let (status, fields) = self.envoy.lock().unwrap().send(&request.text());
        let names = [
            "access-control-",
            "vary",
            "timing-allow-origin",
            "cache-control",
        ];
        let is_ours = |name: &str| names.iter().any(|start| name.starts_with(start));
        let fields = fields.into_iter().filter(|(name, _)| is_ours(name));
        let mut fields: Vec<_> = fields.collect();
        fields.sort_unstable();
        assert_eq!(
            (status, fields),
            request.expected(&self.policy),
            "{request:?} {:?}",
            self.gateway
        );
    }
}

const ANY: &str = "\
[[grant]]
allow_origins = ['https://app.example.com', 'https://*.example.com']
allow_credentials = true
[[grant]]
allow_origins = ['https://pr-*.example.net', 'https://*-team.example.net:8443', 'https://xn--*.example.net']
max_age = 1
[[grant]]
allow_origins = ['https://*.example.net']
max_age = 2
[[grant]]
allow_origins = ['*']
allow_headers = ['*']
";

#[test]
fn random_requests() {
    let Some(program) = program() else { return };
    let readme = include_str!("../../../cors.toml");
    let start = |gateway, text: &str| Through::start(&program, gateway, text);
    let through = [
        start(Gateway::Envoy, readme),
        start(Gateway::Envoy, "allow_origins = ['*']"),
        start(Gateway::Envoy, ANY),
        start(Gateway::Envoy, EVERYTHING),
        start(Gateway::EnvoyRoutes, readme),
        start(Gateway::EnvoyRoutes, &without_refusals()),
    ];
    let config = Runs {
        failure_persistence: None,
        ..Runs::default()
    };
    proptest!(config, |(request in requests())| {
        for through in &through {
            through.check(&request);
        }
    });
}

#[test]
fn the_edges_of_origins() {
    let Some(program) = program() else { return };
    let (longest, too_long) = ("a".repeat(63), "a".repeat(64));
    let labels = [
        "a",
        "",
        "A",
        "a_b",
        "pr-",
        "pr-7",
        "pr-7_",
        "b-team",
        "b_-team",
        "-team",
        "xn--a-team",
        "xn--a",
        "xn-",
        "1",
        "0x",
        "0x1f",
        "0x1g",
        "1a",
        &longest,
        &too_long,
    ];
    let hosts = ["example.com", "example.net", "localhost", "example.net."];
    let ports = [
        "", ":1", ":0", ":08", ":80", ":443", ":8443", ":65535", ":65536", ":100000", ":", ":a",
        "/",
    ];
    let mut origins = Vec::new();
    for label in labels {
        for host in hosts {
            let ports = ports
                .iter()
                .map(|port| format!("https://{label}.{host}{port}"));
            origins.extend(ports);
            origins.push(format!("https://a.{label}.{host}"));
            origins.push(format!("https://{host}.{label}"));
        }
    }
    for scheme in [
        "http",
        "ftp",
        "wss",
        "file",
        "app+x",
        "1a",
        "App",
        "",
        &longest,
        &format!("{too_long}a"),
    ] {
        let hosts = ["a", "a:21", "a:80", "*", "a.", "."];
        origins.extend(hosts.map(|host| format!("{scheme}://{host}")));
    }
    for address in [
        "0.0.0.0",
        "255.0.0.1",
        "256.0.0.1",
        "1.2.3",
        "1.2.3.4.",
        "01.2.3.4",
        "1.2.3.4.5",
        "1.2.3.0x4",
        "1.2..4",
        "[::]",
        "[::1]",
        "[::1",
        "::1",
        "[0::1]",
        "[::01]",
        "[1:2:3:4:5:6:7:8]",
        "[1:2:3:4:5:6:7]",
        "[1::3:4:5:6:7:8]",
        "[1:0:3:4:5:6:7:8]",
        "[1:0:0:4:5:6:7:8]",
        "[1::4:5:6:7:8]",
        "[1::4:5:0:0:8]",
        "[1:0:0:4:5::8]",
        "[1:0:0:4::]",
        "[1::4:0:0:0:8]",
        "[1:0::1]",
        "[1::0:1]",
        "[::ffff:102:304]",
        "[::ffff:1.2.3.4]",
        "[F::]",
        "[12345::]",
        "[1::2::3]",
        "[]",
        "[:]",
        "[1:2:3:4:5:6:7:8:9]",
    ] {
        let ports = ["", ":1", ":80", "x"];
        origins.extend(ports.map(|port| format!("http://{address}{port}")));
        origins.push(format!("moz-extension://{address}"));
    }
    for length in 250..258 {
        let host = format!(
            "{}{}.example.net",
            "a.".repeat(100),
            "b".repeat(length - 212)
        );
        let ends = ["", ".", ":1", ".:1"];
        origins.extend(ends.map(|end| format!("https://{host}{end}")));
    }
    origins.extend(
        [
            "null", "NULL", "*", "https://", "://", "a", "https:", "https:/a",
        ]
        .map(str::to_owned),
    );
    for (gateway, text) in [
        (Gateway::Envoy, ANY),
        (Gateway::Envoy, EVERYTHING),
        (Gateway::EnvoyRoutes, ANY),
    ] {
        let through = Through::start(&program, gateway, text);
        for origin in &origins {
            through.check(&Request::new(
                "OPTIONS",
                "/",
                &[("origin", origin), ("access-control-request-method", "PUT")],
            ));
        }
    }
}

#[test]
fn requests_that_are_refused() {
    let Some(program) = program() else { return };
    let through = Through::start(&program, Gateway::Envoy, EVERYTHING);
    let check = |method, target, fields: &[(&str, &str)]| {
        through.check(&Request::new(method, target, fields))
    };
    let values = [
        (
            "origin",
            &[
                "",
                "https://admin.example.com",
                "https://evil.example",
                "http://API.example.com",
                "http://api.example.com:80",
            ][..],
        ),
        (
            "sec-fetch-site",
            &["", "none", "same-origin", "cross-site", "None"],
        ),
        ("upgrade", &["", "websocket", "WebSocket"]),
        ("access-control-request-method", &["", "PUT"]),
    ];
    let none: Vec<Vec<(&str, &str)>> = vec![Vec::new()];
    let combinations = values.iter().fold(none, |before, (name, values)| {
        let with = |fields: &Vec<_>| {
            let values = values.iter().map(|value| {
                let mut fields = fields.clone();
                fields.extend((!value.is_empty()).then_some((*name, *value)));
                fields
            });
            values.collect::<Vec<_>>()
        };
        before.iter().flat_map(with).collect()
    });
    for fields in combinations {
        for method in ["GET", "POST", "OPTIONS"] {
            for target in [
                "/",
                "/public/x",
                "/ws",
                "/realms/a",
                "/realms/Main/x",
                "/realms/main/x",
                "//",
            ] {
                check(method, target, &fields);
            }
        }
    }
    let evil = ("origin", "https://evil.example");
    check(
        "GET",
        "/realms/a",
        &[("sec-fetch-site", "none"), ("sec-fetch-site", "none")],
    );
    check(
        "GET",
        "/realms/a",
        &[evil, ("origin", "https://admin.example.com")],
    );
    let link = [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
    ];
    for method in ["GET", "HEAD", "POST"] {
        check(method, "/realms/a", &link);
        check(method, "/realms/a", &link[..2]);
        check(method, "/realms/a", &[&link[..], &[evil]].concat());
    }
}

/// Every byte that can be in a path, percent-encoded or not.
#[test]
fn bytes_of_paths() {
    let Some(program) = program() else { return };
    for (gateway, text) in [
        (Gateway::Envoy, EVERYTHING.to_owned()),
        (Gateway::EnvoyRoutes, without_refusals()),
    ] {
        let through = Through::start(&program, gateway, &text);
        let check = |target: &str| {
            through.check(&Request::new(
                "GET",
                target,
                &[("origin", "https://x.example.com")],
            ))
        };
        for byte in 0..=255_u8 {
            check(&format!("/a/x/%{byte:02x}"));
            check(&format!("/public/a%{byte:02X}b"));
            // Envoy refuses a fragment, and what is not ASCII.
            if byte.is_ascii_graphic() && byte != b'#' {
                let char = char::from(byte);
                check(&format!("/{char}/x/{char}"));
                check(&format!("/public{char}"));
                check(&format!("/a/x/%4{char}"));
                check(&format!("/a/x/%{char}1"));
            }
        }
        for target in [
            "/a/x/%",
            "/a/x/%4",
            "/a/x?//",
            "/a/x?/../",
            "/a/x/.",
            "/a/x/..",
            "/a/x/.a",
            "/a/x//",
            "/A/X",
        ] {
            check(target);
        }
    }
}
