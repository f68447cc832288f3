//! Secrets in URLs. (Those in headers are with the dialogues.) Red team, finding 8.

use std::fs;

use tempfile::TempDir;

use super::server::{APP, Done, Scripted, probe_with};

/// Runs the command in every way in which it prints URLs.
#[track_caller]
fn check(url: &str, origin: &str, expected: impl Fn(&Done)) {
    let folder = TempDir::new().unwrap();
    let policy = folder.path().join("cors.toml");
    fs::write(&policy, "allow_origins = [\"https://app.example.com\"]").unwrap();
    let policy = policy.to_str().unwrap();
    for options in [
        &[][..],
        &["-v"],
        &["--json"],
        &["-X", "PUT"],
        &["--policy", policy],
        &["--policy", policy, "--json"],
        &["--audit", "--delay", "0", "-v"],
        &["--audit", "--delay", "0", "--json"],
    ] {
        let done = probe_with(&[&["--origin", origin], options].concat(), url);
        expected(&done.does_not_say(&["secret"]));
    }
}

#[test]
fn queries_are_sent_and_not_shown() {
    // Blocked, so that the consoles name the URL.
    let server = Scripted::new(|_| (200, vec!["X-A: 1"]));
    let url = format!("{}?token=secret1&b=secret2#secret3", server.url());
    check(&url, &format!("{APP}/login?next=secret4"), |done| {
        assert!(done.stdout.contains("?token=****&b=****"), "{done:#?}");
    });
    for request in server.requests() {
        assert_eq!(request.target, "/path?token=secret1&b=secret2");
    }
}

#[test]
fn queries_of_redirects_are_followed_and_not_shown() {
    let server = Scripted::new(|request| {
        let origin = format!("Access-Control-Allow-Origin: {}", request.origin());
        match request.target.as_str() {
            "/path" => (302, vec![origin, "Location: /cb?code=secret1".to_owned()]),
            _ => (200, vec!["X-A: 1".to_owned()]),
        }
    });
    check(&server.url(), APP, |_| ());
    let followed = server.requests();
    let mut followed = followed.iter().map(|request| &request.target);
    assert!(followed.any(|target| target == "/cb?code=secret1"));
}

#[test]
fn passwords_are_not_shown() {
    let server = Scripted::new(|_| (200, vec!["X-A: 1"]));
    let url = server.url().replace("http://", "http://secret1:secret2@");
    check(&url, APP, |_| ());
    // Not even where there is no such server, nor where the text is not a URL.
    for url in [
        "http://secret1:secret2@127.0.0.1:1/?secret=secret3",
        "secret1:secret2@a.example/?a=secret3",
        "ftp://secret1:secret2@a.example/#secret3",
    ] {
        let done = probe_with(&["--origin", APP, "--audit"], url).has_status(2);
        let shown = done.stderr.replace("?secret=****", "");
        assert!(!shown.contains("secret"), "{done:#?}");
    }
}
