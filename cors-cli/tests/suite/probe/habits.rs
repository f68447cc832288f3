//! Servers with the bad habits of public bug reports: each gets the answer that a specialist would give.

use super::server::{APP, Done, Request, Scripted, probe_with};

const ALLOW: &str = "Access-Control-Allow-Origin: https://app.example.com";
const VARY: &str = "Vary: Origin";

/// Runs `cors probe` at a server for a page of [`APP`].
#[track_caller]
fn ask(server: &Scripted, args: &[&str]) -> Done {
    probe_with(&[&["--origin", APP], args].concat(), &server.url())
}

/// The application says `Vary: Origin`, and what compresses its response replaces that.
#[test]
fn what_compresses_replaces_vary() {
    let server = Scripted::new(|request: &Request| {
        let vary = match request.header("Accept-Encoding") {
            Some("identity") | None => VARY,
            Some(_) => "Vary: Accept-Encoding",
        };
        match request.origin() {
            APP => (200, vec![ALLOW, vary]),
            _ => (200, vec![vary]),
        }
    });
    ask(&server, &[]).has_status(1).says(&[
        "warning[missing-vary]: the response has `Access-Control-Allow-Origin: https://app.example.com` and",
        "`Vary: Accept-Encoding` without `Vary: Origin`",
    ]);
    let done = ask(&server, &["--audit", "--delay", "0", "--json"]);
    assert_eq!(done.has_status(1).findings(), ["missing-vary"]);
    // A user can ask otherwise, and is told that no page can.
    let identity = ["-H", "accept-encoding: identity"];
    ask(&server, &identity).has_status(0).says(&[
        "note: no script can set `Accept-Encoding`: this value is sent in place of the browser's own\n",
        "allowed by every browser",
    ]);
    let sent: Vec<_> = server
        .requests()
        .iter()
        .map(|request| {
            request
                .lines
                .iter()
                .filter(|(name, _)| name.eq_ignore_ascii_case("Accept-Encoding"))
                .count()
        })
        .collect();
    assert!(sent.iter().all(|count| *count == 1), "{sent:?}");
}

#[test]
fn the_referrer_is_that_of_the_page() {
    #[track_caller]
    fn check(args: &[&str], expected: &[Option<&str>]) {
        let server = Scripted::new(|request: &Request| {
            let origin = format!("Access-Control-Allow-Origin: {}", request.origin());
            let mut lines = vec![origin, VARY.to_owned()];
            if request.target == "/path" {
                lines.push("Location: /other".to_owned());
            }
            (307, lines)
        });
        probe_with(args, &server.url());
        let requests = server.requests();
        let sent = requests.iter().map(|request| request.header("Referer"));
        assert_eq!(sent.collect::<Vec<_>>(), expected, "{args:?}");
    }
    let of_app = Some("https://app.example.com/");
    check(&["--origin", APP], &[of_app, of_app]);
    check(
        &["--origin", "https://app.example.com/users?id=1"],
        &[of_app, of_app],
    );
    check(&["--origin", "null"], &[None, None]);
    let given = ["--origin", APP, "-H", "Referer: https://app.example.com/x"];
    check(&given, &[Some("https://app.example.com/x"); 2]);
}
