//! What nginx gets.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::ffi::OsString;
use std::fs;
use std::process::Command;

use cors_core::{Grant, LoadOptions, OriginSet, Policy};
use cors_export::{Export, Gateway, Options, export};
use proptest::test_runner::{Config as Runs, TestCaseError, TestRunner};

use crate::check_files;
use crate::policies::policies;

#[test]
fn the_policy_of_the_readme() {
    let policy = Policy::from_toml(include_str!("../../../cors.toml")).unwrap();
    check_files(
        &policy,
        Gateway::Nginx,
        &Options::new("cors.toml"),
        "nginx/simple",
    );
}

#[test]
fn a_policy_with_everything() {
    let customers = OriginSet::new();
    let rows = [
        ("acme", "https://acme.example"),
        ("Acme", "https://acme.example"),
        (
            "other",
            "https://a-long-name-of-a-customer.customers.example.com",
        ),
    ];
    assert!(customers.replace(rows).is_empty());
    customers.insert("https://partner.example").unwrap();
    let policy = LoadOptions::default()
        .origin_set("customers", &customers)
        .from_toml(include_str!("everything.toml"));
    let options = Options::new("api.toml").prefix("api").unwrap();
    let options = options.made_from("variables: APP_ORIGINS");
    check_files(
        &policy.unwrap(),
        Gateway::Nginx,
        &options,
        "nginx/everything",
    );
}

/// A file of an earlier export, or another policy with another prefix, must not give a variable a second meaning: nginx
/// takes the last one, without a message.
#[test]
fn each_variable_has_one_meaning() {
    let (zoo, bar) = (OriginSet::new(), OriginSet::new());
    // nginx ignores the case of the keys, so they are in one value. It is too long for one text.
    let keys = ["a".repeat(1600), "A".repeat(1600)];
    for set in [&zoo, &bar] {
        let rows = keys.iter().map(|key| (&**key, "https://zoo.example"));
        assert!(set.replace(rows).is_empty());
    }
    let exposed: Vec<_> = (0..1000).map(|number| format!("'x-{number}'")).collect();
    let text = include_str!("everything.toml")
        .replace("\"x-request-id\"", &exposed.join(", "))
        .replace("{ set = \"customers\" }", "{ set = \"bar\" }")
        .replace(
            "{ set = \"customers\", key",
            "{ set = \"bar\", key = \"{realm}\" }, { set = \"zoo\", key",
        );
    let policy = LoadOptions::default()
        .origin_set("zoo", &zoo)
        .origin_set("bar", &bar)
        .from_toml(&text)
        .unwrap();
    let exported = export(&policy, Gateway::Nginx, &Options::new("cors.toml")).unwrap();
    let names: Vec<_> = exported.files.iter().map(|file| &*file.name).collect();
    let expected = ["http", "server", "headers", "sets"];
    assert_eq!(names, expected.map(|name| format!("cors.{name}.conf")));

    let lines = exported.files.iter().flat_map(|file| file.text.lines());
    let maps = lines.filter_map(|line| line.strip_prefix("map ")?.strip_suffix(" {"));
    let mut variables: Vec<_> = maps
        .map(|map| map.rsplit_once("$cors_").unwrap().1)
        .collect();
    assert!(variables.contains(&"setpiece1"), "{variables:?}");
    variables.sort_unstable();
    for pair in variables.windows(2) {
        assert_ne!(pair.first(), pair.last());
    }
    for variable in &variables {
        // With the prefix `cors_own`, `host` would be what `own_host` is with the prefix `cors`.
        for (index, _) in variable.match_indices('_') {
            let rest = variable.get(index + 1..).unwrap();
            assert!(!variables.contains(&rest), "{variable}");
        }
    }
}

/// The program. A name without a folder is searched in `PATH`.
fn nginx() -> OsString {
    std::env::var_os("CORS_NGINX").unwrap_or_else(|| "nginx".into())
}

fn is_installed() -> bool {
    let version = Command::new(nginx()).arg("-v").output();
    version.is_ok_and(|output| output.status.success())
}

/// Has nginx read the files, as their comments say, together with those of another policy.
fn accepts(exported: &[Export]) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let (mut http, mut server, mut headers) = (String::new(), String::new(), String::new());
    for file in exported.iter().flat_map(|exported| &exported.files) {
        write(&file.name, &file.text);
        let context = match &*file.name {
            name if name.ends_with(".server.conf") => &mut server,
            name if name.ends_with(".headers.conf") => &mut headers,
            _ => &mut http,
        };
        context.push_str(&format!("include {};\n", file.name));
    }
    let path = folder.path().display();
    write(
        "nginx.conf",
        &format!(
            "pid {path}/pid;
            events {{}}
            http {{
                access_log off;
                {http}
                server {{
                    listen unix:{path}/socket;
                    {server}
                    {headers}
                    location / {{ proxy_pass http://127.0.0.1:9; }}
                    location /own {{ add_header X-Own 1; {headers} }}
                }}
            }}\n"
        ),
    );
    let tested = Command::new(nginx())
        .args(["-t", "-e", "stderr", "-p"])
        .arg(folder.path())
        .args(["-c", "nginx.conf"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&tested.stderr).into_owned();
    // A warning about hashes is harmless: the comments say so.
    let mut lines = text
        .lines()
        .filter(|line| !line.contains("could not build optimal"));
    match tested.status.success() && !lines.any(|line| line.contains("[warn]")) {
        true => Ok(()),
        false => Err(text),
    }
}

#[test]
fn nginx_accepts_every_policy() {
    if !is_installed() {
        return cors_matrix::skip::skip("configurations for nginx", "nginx is not installed")
            .unwrap();
    }
    let other = export(
        &Policy::new(Grant::new(["https://app.example.com"])).unwrap(),
        Gateway::Nginx,
        &Options::new("other.toml"),
    );
    let other = other.unwrap();
    let runs = Runs {
        cases: 24,
        failure_persistence: None,
        ..Runs::default()
    };
    let prefix = "p".repeat(32);
    let options = Options::new("a\nreturn 200; \"\u{7f}")
        .prefix(prefix)
        .unwrap();
    let tested = TestRunner::new(runs).run(&policies(true), |policy| {
        let exported = export(&policy, Gateway::Nginx, &options)
            .map_err(|refusals| TestCaseError::fail(format!("{refusals:?}")))?;
        accepts(&[other.clone(), exported]).map_err(TestCaseError::fail)
    });
    tested.unwrap_or_else(|error| panic!("{error}"));
}
