//! What HAProxy gets, and what it does with it.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use cors_core::{Config, Grant, LoadOptions, OriginSet, Part, Policy, Refuse};
use cors_export::{Export, Gateway, Options, export};
use proptest::test_runner::{Config as Runs, TestCaseError, TestRunner};
use tempfile::TempDir;

use crate::check_files;
use crate::policies::policies;

#[test]
fn the_policy_of_the_readme() {
    let policy = Policy::from_toml(include_str!("../../../cors.toml")).unwrap();
    check_files(
        &policy,
        Gateway::Haproxy,
        &Options::new("cors.toml"),
        "haproxy/simple",
    );
}

#[test]
fn a_policy_with_everything() {
    let options = Options::new("api.toml").prefix("api").unwrap();
    let options = options.made_from("variables: APP_ORIGINS");
    check_files(
        &everything(),
        Gateway::Haproxy,
        &options,
        "haproxy/everything",
    );
}

fn everything() -> Policy {
    let customers = OriginSet::new();
    let rows = [
        ("acme", "https://acme.example"),
        ("Acme", "https://upper.example"),
        ("other", "https://other.example"),
    ];
    assert!(customers.replace(rows).is_empty());
    customers.insert("https://partner.example").unwrap();
    LoadOptions::default()
        .origin_set("customers", &customers)
        .from_toml(include_str!("everything.toml"))
        .unwrap()
}

fn is_installed() -> bool {
    let version = Command::new("haproxy").arg("-v").output();
    version.is_ok_and(|output| output.status.success())
}

/// Whether the test can run. Where `CI` is `true`, it must.
#[track_caller]
fn can_run(what: &str) -> bool {
    let is_installed = is_installed();
    if !is_installed {
        cors_matrix::skip::skip(what, "HAProxy is not installed").unwrap();
    }
    is_installed
}

/// HAProxy with exported files, which are used as their comments say.
struct Setup {
    folder: TempDir,
    prefixes: Vec<String>,
    listener: UnixListener,
}

impl Setup {
    /// Each exported policy has a frontend, with these rules of its own.
    fn new(exported: &[(&str, &Export)], rules: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let base = format!(
            "global
                stats socket {} level admin
            defaults base
                mode http
                timeout connect 20s
                timeout client 60s
                timeout server 60s\n",
            path("commands").display()
        );
        fs::write(path("base.cfg"), base).unwrap();
        let mut sites = String::new();
        for (number, (prefix, exported)) in exported.iter().enumerate() {
            for file in &exported.files {
                fs::write(path(&file.name), &file.text).unwrap();
            }
            let bind = match number {
                // The standard input.
                0 => "fd@0".to_owned(),
                _ => format!("unix@{}", path("other").display()),
            };
            sites.push_str(&format!(
                "frontend {prefix} from {prefix}
                    bind {bind}
                    {rules}
                    default_backend application\n"
            ));
        }
        sites.push_str("backend application\n server application 127.0.0.1:9\n");
        fs::write(path("sites.cfg"), sites).unwrap();
        Self {
            // It listens already, so no request is too early.
            listener: UnixListener::bind(path("socket")).unwrap(),
            prefixes: exported
                .iter()
                .map(|(prefix, _)| (*prefix).to_owned())
                .collect(),
            folder,
        }
    }

    /// HAProxy, with these files. Its working directory is another one.
    fn command<'a>(&self, files: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = Command::new("haproxy");
        command.arg("-db").current_dir("/");
        command.stdin(OwnedFd::from(self.listener.try_clone().unwrap()));
        for name in files {
            command.arg("-f").arg(self.folder.path().join(name));
        }
        for prefix in &self.prefixes {
            command.env(format!("{}_DIR", prefix.to_uppercase()), self.folder.path());
        }
        command
    }

    fn in_order(&self) -> Command {
        let exported = self.prefixes.iter().map(|prefix| format!("{prefix}.cfg"));
        let exported: Vec<_> = exported.collect();
        let exported = exported.iter().map(|name| &**name);
        self.command(
            ["base.cfg"]
                .into_iter()
                .chain(exported)
                .chain(["sites.cfg"]),
        )
    }

    /// Has HAProxy read the files.
    fn check(&self, mut command: Command) -> Result<(), String> {
        let checked = command.arg("-c").output().unwrap();
        let text = String::from_utf8_lossy(&checked.stderr).into_owned();
        match checked.status.success() && !text.contains("[WARNING]") {
            true => Ok(()),
            false => Err(text),
        }
    }

    fn start(self) -> Running {
        self.check(self.in_order()).unwrap();
        let mut command = self.in_order();
        Running {
            program: command.stderr(Stdio::null()).spawn().unwrap(),
            folder: self.folder,
        }
    }
}

struct Running {
    program: Child,
    folder: TempDir,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

impl Running {
    fn ask(&self, socket: &str, text: &str) -> String {
        let mut stream = UnixStream::connect(self.folder.path().join(socket)).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// The status of a response, and its fields but those that have nothing to do with the policy.
    fn send(&self, request: &str) -> String {
        let (line, fields) = request.split_once('\n').unwrap_or((request, ""));
        let mut head = format!("{line} HTTP/1.1\r\nHost: api.example.com\r\nConnection: close\r\n");
        for field in fields.lines() {
            head.push_str(&format!("{field}\r\n"));
        }
        let answer = self.ask("socket", &format!("{head}\r\n"));
        let mut lines = answer.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1));
        let fields = lines.take_while(|line| !line.is_empty());
        let fields = fields.filter(|line| line.starts_with("access-") || line.starts_with("vary"));
        let mut text = status.unwrap_or_default().to_owned();
        for field in fields {
            text.push('\n');
            text.push_str(field);
        }
        text
    }

    #[track_caller]
    fn check(&self, request: &str, expected: &str) {
        assert_eq!(self.send(request), expected, "{request}");
    }

    /// Whether an origin has a grant.
    #[track_caller]
    fn check_grant(&self, path: &str, origin: &str, expected: bool) {
        let response = self.send(&format!("GET {path}\nOrigin: {origin}"));
        let found = response.contains(&format!("\naccess-control-allow-origin: {origin}\n"));
        assert_eq!(found, expected, "{origin}: {response}");
    }
}

#[test]
fn haproxy_accepts_every_policy() {
    if !can_run("configurations for HAProxy") {
        return;
    }
    let policy = Policy::new(Grant::new(["https://app.example.com"])).unwrap();
    let other = export(&policy, Gateway::Haproxy, &Options::new("other.toml")).unwrap();
    let prefix = "a_prefix_of_32_bytes_is_the_limit";
    let prefix = prefix.get(..32).unwrap();
    let options = Options::new("a\nfrontend b \u{7f} \"${X} \\");
    let options = options.prefix(prefix).unwrap().made_from("c \\");
    let runs = Runs {
        cases: 24,
        failure_persistence: None,
        ..Runs::default()
    };
    let tested = TestRunner::new(runs).run(&policies(true), |policy| {
        let exported = export(&policy, Gateway::Haproxy, &options)
            .map_err(|refusals| TestCaseError::fail(format!("{refusals:?}")))?;
        let both = [("cors", &other), (prefix, &exported)];
        let setup = Setup::new(&both, "");
        setup.check(setup.in_order()).map_err(TestCaseError::fail)
    });
    tested.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn a_wrong_order_of_the_files_is_an_error() {
    if !can_run("the order of the files for HAProxy") {
        return;
    }
    let policy = Policy::new(Grant::new(["https://app.example.com"])).unwrap();
    let exported = export(&policy, Gateway::Haproxy, &Options::new("cors.toml")).unwrap();
    let setup = Setup::new(&[("cors", &exported)], "");
    let check = |files: [&str; 3]| setup.check(setup.command(files));
    check(["base.cfg", "cors.cfg", "sites.cfg"]).unwrap();
    assert!(check(["cors.cfg", "base.cfg", "sites.cfg"]).is_err());
    assert!(check(["base.cfg", "sites.cfg", "cors.cfg"]).is_err());
}

#[test]
fn a_set_changes_while_haproxy_runs() {
    if !can_run("sets of origins in HAProxy") {
        return;
    }
    let exported = export(&everything(), Gateway::Haproxy, &Options::new("cors.toml")).unwrap();
    let setup = Setup::new(&[("cors", &exported)], "http-request return status 200");
    let file = setup.folder.path().join("cors.set.customers.acl");
    let file = file.display().to_string();
    let haproxy = setup.start();
    let realm = "/realms/acme/x";
    haproxy.check_grant(realm, "https://acme.example", true);
    haproxy.check_grant(realm, "https://upper.example", false);
    haproxy.check_grant(realm, "https://new.example", false);
    haproxy.check_grant("/", "https://partner.example", true);

    // The commands that the comment of the file has.
    let command = |text: &str| {
        let answer = haproxy.ask("commands", &format!("{}\n", text.replace("FILE", &file)));
        answer.trim().to_owned()
    };
    assert_eq!(command("add acl FILE acme\\ https://new.example"), "");
    haproxy.check_grant(realm, "https://new.example", true);
    haproxy.check_grant("/realms/other/x", "https://new.example", false);
    haproxy.check_grant("/", "https://new.example", false);
    assert_eq!(command("add acl FILE https://new.example"), "");
    haproxy.check_grant("/", "https://new.example", true);
    assert_eq!(command("del acl FILE https://new.example"), "");
    haproxy.check_grant("/", "https://new.example", false);
    haproxy.check_grant(realm, "https://new.example", true);

    assert_eq!(command("prepare acl FILE"), "New version created: 1");
    assert_eq!(command("add acl @1 FILE https://only.example"), "");
    haproxy.check_grant("/", "https://only.example", false);
    assert_eq!(command("commit acl @1 FILE"), "");
    haproxy.check_grant("/", "https://only.example", true);
    haproxy.check_grant("/", "https://partner.example", false);

    // What no set takes.
    for origin in [
        "null",
        "*",
        "file://",
        "http://plain.example",
        "http://127.x.example",
        "HTTPS://upper.example",
        "a b://c",
    ] {
        assert_eq!(
            command(&format!("add acl FILE {}", origin.replace(' ', "\\ "))),
            ""
        );
        haproxy.check_grant("/", origin, false);
    }
    for origin in [
        "app://x",
        "http://a.localhost:5173",
        "http://127.0.0.1",
        "http://[::1]:3000",
    ] {
        assert_eq!(command(&format!("add acl FILE {origin}")), "");
        haproxy.check_grant("/", origin, true);
    }
}

#[test]
fn lines_are_joined() {
    if !can_run("lines of Vary in HAProxy") {
        return;
    }
    #[track_caller]
    fn check(vary: &[&str], expected: &str) {
        let policy = Policy::new(
            Grant::new(["https://app.example.com"])
                .allow_credentials(true)
                .allow_methods(["*"])
                .allow_headers(["*"]),
        );
        let exported = export(
            &policy.unwrap(),
            Gateway::Haproxy,
            &Options::new("cors.toml"),
        )
        .unwrap();
        let fields: String = vary
            .iter()
            .map(|line| match *line {
                // A variable that is not set.
                "" => " hdr Vary %[var(txn.x)]".to_owned(),
                line => format!(" hdr Vary \"{line}\""),
            })
            .collect();
        let rule = format!("http-request return status 200 hdr X-Vary \"vary: x\"{fields}");
        let haproxy = Setup::new(&[("cors", &exported)], &rule).start();
        haproxy.check("GET /", &format!("200\nvary: {expected}"));
        haproxy.check(
            "OPTIONS /\nX-A: access-control-request-headers: no\nOrigin: https://app.example.com\nAccess-Control-Request-Method: PUT\n\
             Access-Control-Request-Headers: x-a,x-b\nX-B: b\nAccess-Control-Request-Headers:\naccess-control-request-headers: x-c",
            "204\naccess-control-allow-origin: https://app.example.com\naccess-control-allow-credentials: true\n\
             access-control-max-age: 86400\nvary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers\n\
             access-control-allow-methods: PUT\naccess-control-allow-headers: x-a,x-b, x-c",
        );
    }
    check(&[], "Origin");
    check(&[""], "Origin");
    check(&["", ""], "Origin");
    check(&["Accept"], "Accept, Origin");
    check(&["Accept, origin"], "Accept, origin");
    check(&["*"], "*");
    check(&["Accept", "*, x"], "*");
    check(&["Accept", "", "X-A, X-B"], "Accept, X-A, X-B, Origin");
    check(&["", "Accept", ""], "Accept, Origin");
    check(&["Origin", "Accept"], "Origin, Accept");
    check(&["X-Origin", "Originx"], "X-Origin, Originx, Origin");
}

#[test]
fn long_lists_have_room() {
    if !can_run("long lists in HAProxy") {
        return;
    }
    let names = |count: u32| (0..count).map(|number| format!("x-{number:05}"));
    let policy = Policy::new(
        Grant::new(["https://app.example.com"])
            .allow_methods(names(900))
            .allow_headers(names(900))
            .expose_headers(names(400)),
    );
    let exported = export(
        &policy.unwrap(),
        Gateway::Haproxy,
        &Options::new("cors.toml"),
    )
    .unwrap();
    // A response that fills the buffer.
    let rule = format!(
        "http-request return status 200 content-type text/plain string {}",
        "x".repeat(15_000)
    );
    let haproxy = Setup::new(&[("cors", &exported)], &rule).start();
    let response = haproxy.send("GET /\nOrigin: https://app.example.com");
    assert!(
        response.starts_with("200\naccess-control-allow-origin: https://app"),
        "{response}"
    );
    let response = haproxy
        .send("OPTIONS /\nOrigin: https://app.example.com\nAccess-Control-Request-Method: PUT");
    assert!(
        response.starts_with("204\naccess-control-allow-origin: https://app"),
        "{response}"
    );
}

#[test]
fn names_are_written_as_they_are() {
    if !can_run("names with special characters in HAProxy") {
        return;
    }
    // `%ci` and `$HOME` are variables of HAProxy.
    let names = [
        "x-%ci", "x-$home", "$HOME", "%%", "%", "'", "`", "#", "!|^~&*+",
    ];
    let grant = Grant::new(["https://app.example.com"]).allow_methods(names);
    let policy = Policy::new(grant.expose_headers(names)).unwrap();
    let exported = export(&policy, Gateway::Haproxy, &Options::new("cors.toml")).unwrap();
    let rule = "http-request return status 200";
    let haproxy = Setup::new(&[("cors", &exported)], rule).start();
    let list = names.join(", ");
    haproxy.check(
        "GET /\nOrigin: https://app.example.com",
        &format!(
            "200\naccess-control-allow-origin: https://app.example.com\n\
             access-control-expose-headers: {list}\nvary: Origin"
        ),
    );
    haproxy.check(
        "OPTIONS /\nOrigin: https://app.example.com\nAccess-Control-Request-Method: PUT",
        &format!(
            "204\naccess-control-allow-origin: https://app.example.com\n\
             access-control-allow-methods: {list}\naccess-control-max-age: 86400\nvary: Origin"
        ),
    );
}

#[test]
fn many_routes() {
    if !can_run("many routes in HAProxy") {
        return;
    }
    let mut config = Config::new([Grant::new(["https://app.example.com"])]);
    for route in 0..150_u64 {
        let origin = format!("https://customer-{route}.example.com");
        // Each part has another outcome, and every other one refuses.
        let grant = Grant::new([origin]).max_age(Duration::from_secs(route));
        let refuse = Refuse::default().cross_site_writes(route % 2 == 0);
        config = config.route(format!("/{route}"), Part::new([grant]).refuse(refuse));
    }
    let policy = Policy::new(config).unwrap();
    let exported = export(&policy, Gateway::Haproxy, &Options::new("cors.toml")).unwrap();
    let rule = "http-request return status 200";
    let haproxy = Setup::new(&[("cors", &exported)], rule).start();
    for (route, status) in [("/0", 403), ("/148", 403), ("/149", 200), ("/x", 200)] {
        let request = format!("POST {route}\nOrigin: https://evil.example");
        haproxy.check(&request, &format!("{status}\nvary: Origin"));
    }
    haproxy.check(
        "GET /149/x\nOrigin: https://customer-149.example.com",
        "200\naccess-control-allow-origin: https://customer-149.example.com\nvary: Origin",
    );
}
