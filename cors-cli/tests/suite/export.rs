//! `cors export`. What the files have is tested by the tests of `cors-export`.

use std::fs;

use tempfile::TempDir;

use crate::support::{Done, cors};

const POLICY: &str = "allow_origins = ['https://app.example.com']\nallow_methods = ['PUT']\n";

fn folder(policy: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("cors.toml"), policy).unwrap();
    folder
}

#[track_caller]
fn run(folder: &TempDir, args: &[&str], status: i32) -> Done {
    let done = cors(folder.path(), &[&["export"], args].concat());
    assert_eq!(done.status, status, "{done:#?}");
    done
}

#[test]
fn files() {
    #[track_caller]
    fn check(args: &[&str], names: &[&str]) {
        let folder = folder(POLICY);
        let done = run(&folder, &[args, &["--out", "a/b"]].concat(), 0);
        for name in names {
            assert!(done.stdout.contains(&format!("a/b/{name}\n")), "{done:#?}");
        }
        let found = fs::read_dir(folder.path().join("a/b")).unwrap().count();
        assert_eq!(found, names.len(), "{done:#?}");
        let first = names.first().unwrap();
        let differences = format!("those of {first} list the differences from the libraries");
        assert!(done.stdout.contains(&differences), "{done:#?}");
        let text = fs::read_to_string(folder.path().join("a/b").join(first)).unwrap();
        assert!(text.contains("differs from the libraries"), "{text}");
        // On standard output, with the same text.
        let printed = run(&folder, args, 0).stdout;
        for name in names {
            let text = fs::read_to_string(folder.path().join("a/b").join(name)).unwrap();
            assert!(
                printed.contains(&format!("==> {name} <==\n{text}")),
                "{name}"
            );
        }
    }
    let nginx = ["cors.http.conf", "cors.server.conf", "cors.headers.conf"];
    check(&["nginx"], &nginx);
    let nginx = ["api.http.conf", "api.server.conf", "api.headers.conf"];
    check(&["nginx", "--prefix", "api"], &nginx);
    check(&["envoy"], &["cors.lua", "cors.filter.yaml"]);
    check(
        &["envoy", "--no-lua"],
        &["cors.routes.yaml", "cors.filter.yaml"],
    );
}

#[test]
fn what_has_changed() {
    let folder = folder(POLICY);
    let check = ["nginx", "--check", "out"];
    let missing = run(&folder, &check, 1).stdout;
    assert!(
        missing.starts_with("out/cors.http.conf: is not there; export the policy again\n"),
        "{missing}"
    );
    run(&folder, &["nginx", "--out", "out"], 0);
    assert_eq!(
        run(&folder, &check, 0).stdout,
        "the files are those of the policy\n"
    );
    // The first line has the version.
    let file = folder.path().join("out/cors.http.conf");
    let text = fs::read_to_string(&file).unwrap();
    let other = text.replacen("Made by", "Written by", 1);
    fs::write(&file, &other).unwrap();
    run(&folder, &check, 0);
    fs::write(&file, other.replace("https://app", "https://evil")).unwrap();
    let line = |text: &str| {
        1 + text
            .lines()
            .position(|line| line.contains("https://app"))
            .unwrap()
    };
    let changed = format!(
        "out/cors.http.conf:{}: differs from the policy; export it again\n",
        line(&text)
    );
    assert_eq!(run(&folder, &check, 1).stdout, changed);
    // A line is missing at the end.
    fs::write(&file, text.trim_end()).unwrap();
    let last = format!(
        "out/cors.http.conf:{}: differs from the policy; export it again\n",
        text.lines().count() + 1
    );
    assert_eq!(run(&folder, &check, 1).stdout, last);
    fs::write(&file, &text).unwrap();
    fs::write(
        folder.path().join("cors.toml"),
        POLICY.replace("app", "shop"),
    )
    .unwrap();
    assert_eq!(run(&folder, &check, 1).stdout, changed);
}

#[test]
fn differences() {
    for (gateway, name) in [
        ("nginx", "nginx"),
        ("haproxy", "HAProxy"),
        ("envoy", "Envoy"),
    ] {
        let done = run(&folder(POLICY), &[gateway, "--differences"], 0);
        let title = format!("Where {name} differs from the libraries\n- ");
        assert!(done.stdout.starts_with(&title), "{done:#?}");
    }
}

#[test]
fn variables_and_sets() {
    let policy = "[[route]]\npath = '/realms/{realm}'\nallow_origins = ['${APP}', { set = 'customers', key = '{realm}' }]\n";
    let folder = folder(policy);
    fs::write(
        folder.path().join("customers.txt"),
        "acme https://acme.example\n",
    )
    .unwrap();
    let done = run(&folder, &["nginx"], 2);
    assert!(
        done.stderr
            .starts_with("cors: the variable `APP` has no value"),
        "{done:#?}"
    );
    let app = ["--env", "APP=https://secret.example"];
    let done = run(&folder, &[&["nginx"], &app[..]].concat(), 1);
    assert_eq!(
        done.stderr,
        "cors: cors.toml: route[0].grant[0]: what is in the set `customers` is not known; give it with `--origins customers=FILE`\n"
    );
    let all = [&app[..], &["--origins", "customers=customers.txt"]].concat();
    let done = run(&folder, &[&["nginx"], &all[..]].concat(), 0);
    for text in [
        "Made from variables: APP\n",
        "Made from the set customers: customers.txt\n",
        "https://secret.example",
        "https://acme.example",
    ] {
        assert!(done.stdout.contains(text), "{text}");
    }
    let done = run(&folder, &[&["envoy"], &all[..]].concat(), 1);
    assert!(
        done.stderr
            .starts_with("cors: cors.toml: route[0].grant[0]: "),
        "{done:#?}"
    );
    assert_eq!(done.stdout, "");
}

#[test]
fn wrong_options() {
    #[track_caller]
    fn check(args: &[&str], expected: &str) {
        let done = run(&folder(POLICY), args, 2);
        assert!(done.stderr.contains(expected), "{done:#?}");
        assert_eq!(done.stdout, "");
    }
    check(&["traefik"], "invalid value 'traefik'");
    check(&["nginx", "--no-lua"], "`--no-lua` is for Envoy");
    check(
        &["nginx", "--prefix", "my api"],
        "`--prefix my api`: a prefix is a lower-case letter",
    );
    check(
        &["nginx", "--out", "a", "--check", "a"],
        "cannot be used with",
    );
    check(&["nginx", "other.toml"], "other.toml: cannot be read");
    check(
        &["nginx", "--out", "cors.toml"],
        "cors.toml: is a file; `--out` takes a folder",
    );
}

#[test]
fn an_invalid_policy() {
    let done = run(
        &folder("allow_origins = ['https://a.example/']"),
        &["nginx", "--out", "out"],
        2,
    );
    assert!(done.stdout.contains("invalid-origin"), "{done:#?}");
}
