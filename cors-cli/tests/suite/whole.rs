//! The command as a whole: help, completions, manual pages, colours, status.

use std::fs;

use crate::support::cors;

const COMMANDS: [&str; 6] = ["check", "explain", "probe", "schema", "completions", "man"];

#[test]
fn every_command_has_help() {
    let folder = tempfile::tempdir().unwrap();
    let help = cors(folder.path(), &["--help"]);
    assert_eq!(help.status, 0);
    for command in COMMANDS {
        assert!(
            help.stdout.contains(&format!("\n  {command} ")),
            "{}",
            help.stdout
        );
        let help = cors(folder.path(), &[command, "--help"]);
        assert_eq!(help.status, 0, "{help:?}");
        assert!(
            help.stdout.contains(&format!("Usage: cors {command}")),
            "{}",
            help.stdout
        );
    }
}

#[test]
fn every_shell_has_completions() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ran = cors(folder.path(), &["completions", shell]);
        assert_eq!(ran.status, 0, "{ran:?}");
        assert!(
            ran.stdout.contains("from-console"),
            "{shell}: {}",
            ran.stdout
        );
    }
}

/// The options whose values are codes offer codes, and no files.
#[test]
fn codes_are_completed() {
    let folder = tempfile::tempdir().unwrap();
    let script = cors(folder.path(), &["completions", "bash"]).stdout;
    let (_, check) = script
        .split_once("\n        cors__subcmd__check)\n")
        .expect("the command check");
    for option in ["--allow", "--explain"] {
        let (_, values) = check.split_once(&format!("{option})\n")).unwrap();
        let values = values.lines().next().unwrap();
        assert!(
            values.contains("compgen -W") && values.contains(" localhost-origin "),
            "{values}"
        );
    }
    // An error does not list them all.
    let ran = cors(folder.path(), &["check", "--allow", "local-origin"]);
    assert!(ran.stderr.len() < 200, "{ran:?}");
}

#[test]
fn manual_pages() {
    let folder = tempfile::tempdir().unwrap();
    let ran = cors(folder.path(), &["man"]);
    assert!(ran.stdout.starts_with(".ie"), "{}", ran.stdout);
    assert!(ran.stdout.contains(".TH cors 1"), "{}", ran.stdout);
    // The folder is created.
    for dir in [".", "share/man"] {
        let ran = cors(folder.path(), &["man", "--dir", dir]);
        assert_eq!(ran.status, 0, "{ran:?}");
        for command in COMMANDS {
            let page = folder.path().join(dir).join(format!("cors-{command}.1"));
            let page = fs::read_to_string(page).unwrap();
            assert!(page.contains(&format!(".TH cors-{command} 1")), "{page}");
        }
    }
    let ran = cors(folder.path(), &["man", "--dir", "cors.1/man"]);
    assert_eq!(ran.status, 2);
    assert!(
        ran.stderr
            .starts_with("cors: cors.1/man: cannot be written to: "),
        "{ran:?}"
    );
}

#[test]
fn used_wrongly() {
    let folder = tempfile::tempdir().unwrap();
    for args in [
        &["chek"][..],
        &["explain"],
        &["explain", "cors.toml", "https://api.example.com"],
        &["probe", "https://api.example.com"],
        &["check", "--deny", "everything"],
        &[
            "explain",
            "cors.toml",
            "--origin",
            "null",
            "--from-console",
            "x",
            "https://a/",
        ],
    ] {
        let ran = cors(folder.path(), args);
        assert_eq!(ran.status, 2, "{ran:?}");
        assert!(ran.stderr.starts_with("error: "), "{ran:?}");
        assert_eq!(ran.stdout, "");
    }
}
