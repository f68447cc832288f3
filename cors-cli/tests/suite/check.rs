//! The output of `cors check`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::atomic::{AtomicUsize, Ordering};

use cors_explain::codes;
use serde_json::Value;

use crate::support;

const PAGES: [&str; 2] = [
    include_str!("../../../cors-explain/codes/errors.md"),
    include_str!("../../../cors-explain/codes/lints.md"),
];

fn cases() -> PathBuf {
    support::data("check")
}

/// Every code that `cors check` can print. (The tests of `cors-explain` check that the pages have all of
/// them.) Not `unset-variable` and `unknown-origin-set`: for the command, such a variable is given at run time, and such a set
/// by the application.
fn codes() -> BTreeSet<String> {
    let sections = PAGES.iter().flat_map(|page| page.split("\n## ").skip(1));
    sections
        .map(|section| section.lines().next().unwrap().to_owned())
        .filter(|code| !matches!(&**code, "unset-variable" | "unknown-origin-set"))
        .collect()
}

/// Runs `cors check` in a folder.
fn run_in(folder: &Path, args: &[&str]) -> Output {
    let mut command = support::command(folder);
    command.arg("check").args(args).output().unwrap()
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

/// A new folder with a file `cors.toml`.
fn folder_with(content: impl AsRef<[u8]>) -> PathBuf {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let name = format!("check-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("cors.toml"), content).unwrap();
    folder
}

fn check(content: impl AsRef<[u8]>, args: &[&str]) -> Output {
    run_in(&folder_with(content), args)
}

fn json(content: impl AsRef<[u8]>, args: &[&str]) -> Value {
    let output = check(content, &[&["--json"], args].concat());
    assert_eq!(stderr(&output), "");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// `code line:column` for each finding.
fn findings(content: impl AsRef<[u8]>, args: &[&str]) -> Vec<String> {
    support::findings(&json(content, args))
}

#[test]
fn each_code_has_a_case() {
    for code in codes() {
        let output = run_in(&cases(), &[&format!("{code}.toml")]);
        let text = stdout(&output);
        assert!(text.contains(&format!("[{code}]")), "{code}: {text}");
        assert_eq!(stderr(&output), "");
        support::snapshot(&format!("check/{code}.txt")).assert_eq(text);
    }
    let files = std::fs::read_dir(cases()).unwrap();
    let files = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let files: BTreeSet<_> = files.collect();
    let expected = codes().into_iter();
    let expected = expected.flat_map(|code| [format!("{code}.toml"), format!("{code}.txt")]);
    assert_eq!(files, expected.collect());
}

/// The change that a finding suggests removes the finding, and makes no error.
#[test]
fn changes_remove_their_findings() {
    let mut changes = 0;
    for code in codes() {
        let text = std::fs::read_to_string(cases().join(format!("{code}.toml"))).unwrap();
        changes += check_changes(&text);
        check_changes(&text.replace('\n', "\r\n"));
    }
    assert!(changes > 30, "{changes}");
    check_changes(
        "allow_origins = [\n\t'https://a.example', # one\n\t'http://localhost', # two\n]\n\
         allow_methods = [\n\t\"PUT\",\n\t\"GET\",\n\t\"HEAD\",\n]\nallow_headers = []\n",
    );
    check_changes(
        "allow_origins = ['https://a.example']\nallow_methods = ['GET', 'PUT', 'POST']\n",
    );
    check_changes("allow_origins = ['http://a.example', 'https://a.example']\n");
    // Next to a set, the last origin can be removed.
    for text in [
        "allow_origins = [{ set = 'a' }, 'http://localhost']\n",
        "allow_origins = ['http://localhost', { set = 'a' }]\n",
        "allow_origins = [\n  'http://localhost',\n  { set = 'a' },\n  'http://127.0.0.1',\n]\n",
        "allow_origins = ['http://a.example', { set = 'a' }, 'https://a.example']\n",
    ] {
        assert!(check_changes(text) > 0, "{text}");
    }
    check_changes("allow_origins = ['https://a.example']\ndangerously_allow = ['null-origin', ]\n");
    check_changes("allow_origins = ['https://a.example']\nallow_methods = [\n  'GET',\n]\n");
    check_changes(
        "grant = [{ allow_origins = ['https://a.example'], allow_methods = ['PUT', 'GET'] }]\n",
    );
}

#[track_caller]
fn check_changes(text: &str) -> usize {
    let report = json(text, &[]);
    let count = |report: &Value, code: &Value| {
        let findings = report["findings"].as_array().unwrap().iter();
        findings.filter(|finding| finding["code"] == *code).count()
    };
    let errors = &report["summary"]["errors"];
    let mut changes = 0;
    for finding in report["findings"].as_array().unwrap() {
        let change = &finding["replacement"];
        let Some(new) = change["text"].as_str() else {
            continue;
        };
        let at = |index: usize| usize::try_from(change["span"][index].as_u64().unwrap()).unwrap();
        let mut changed = text.to_owned();
        changed.replace_range(at(0)..at(1), new);
        let code = &finding["code"];
        let after = json(&changed, &[]);
        let (before, after_count) = (count(&report, code), count(&after, code));
        assert!(
            after_count < before,
            "{code} in\n{text}\nremains in\n{changed}"
        );
        if errors == 0 {
            assert_eq!(after["summary"]["errors"], 0, "{code}:\n{changed}");
        }
        changes += 1;
    }
    changes
}

#[test]
fn silencing() {
    #[track_caller]
    fn check(content: &str, expected: &[&str]) {
        assert_eq!(findings(content, &[]), expected, "{content}");
    }
    let everybody = "everybody-allowed 1:18";
    check("allow_origins = ['*']", &[everybody]);
    // At the end of the line, with and without a reason, with several codes, and with an unknown one.
    check("allow_origins = ['*'] # cors-allow: everybody-allowed", &[]);
    check(
        "allow_origins = ['*'] #cors-allow:everybody-allowed -- open, really -- yes",
        &[],
    );
    check(
        "allow_origins = ['*'] # see cors-allow: everybody-allowed",
        &[everybody],
    );
    check(
        "allow_origins = ['*'] # cors-allowed: everybody-allowed",
        &[everybody],
    );
    check(
        "allow_origins = ['*'] # cors-allow: everybody-allowed, any-port",
        &["unused-allow 1:56"],
    );
    check(
        "allow_origins = ['*'] # cors-allow",
        &[everybody, "unused-allow 1:23"],
    );
    check(
        "allow_origins = ['*'] # cors-allow: -- why",
        &[everybody, "unused-allow 1:23"],
    );
    check(
        "allow_origins = ['*'] # cors-allow: everyone",
        &[everybody, "unknown-code 1:37"],
    );
    // A `#` in a string does not begin a comment.
    check(
        "allow_origins = ['http://x.example']\nallow_headers = ['#cors-allow:plain-http-origin']",
        &["invalid-header 2:18"],
    );
    check(
        "allow_origins = ['*']\nallow_headers = ['x-#'] # cors-allow: everybody-allowed",
        &[everybody, "unused-allow 2:39"],
    );
    // Above a key: the key with all its items.
    check(
        "# cors-allow: localhost-origin\n\n# another comment\nallow_origins = [\n  'http://localhost',\n  'http://127.0.0.1',\n]",
        &[],
    );
    check(
        "allow_origins = ['http://localhost']\n# cors-allow: localhost-origin\nmax_age = 60",
        &["localhost-origin 1:18", "unused-allow 2:15"],
    );
    // Above an item: the item.
    check(
        "allow_origins = [\n  # cors-allow: localhost-origin\n  'http://localhost',\n  'http://127.0.0.1',\n]",
        &["localhost-origin 4:3"],
    );
    check(
        "allow_origins = [\n  'http://localhost', # cors-allow: localhost-origin\n  'http://127.0.0.1',\n]",
        &["localhost-origin 3:3"],
    );
    // After the last item, the comment does not apply to the next key.
    check(
        "allow_origins = [\n  'https://a.example',\n  # cors-allow: needless-method\n]\nallow_methods = ['OPTIONS']",
        &["unused-allow 3:17", "needless-method 5:18"],
    );
    // Above a grant: the grant with all its keys, and no other.
    check(
        "# cors-allow: localhost-origin\n[[grant]]\nallow_origins = ['http://localhost']\n\n\
         [[grant]]\nallow_origins = ['http://127.0.0.1']",
        &["localhost-origin 6:18"],
    );
    // Items on one line are one finding, on two lines two.
    check(
        "allow_origins = ['https://a.example']\nallow_methods = ['GET', 'HEAD',\n  'DELETE', 'POST']\nallow_headers = ['content-type']",
        &["safelisted-method 2:18", "safelisted-method 3:13"],
    );
    // An error is still reported, and the comment, too.
    check(
        "allow_origins = ['https://a.example/'] # cors-allow: invalid-origin",
        &["invalid-origin 1:18", "unused-allow 1:54"],
    );
    // For a file with errors it is not known what a comment would silence.
    check(
        "allow_origins = ['https://a.example/'] # cors-allow: any-port",
        &["invalid-origin 1:18"],
    );
    check(
        "allow_origins = [ # cors-allow: no-such",
        &["syntax 1:18", "unknown-code 1:33"],
    );
}

/// The origins of applications in a web view are not those of developers.
#[test]
fn origins_of_applications() {
    #[track_caller]
    fn check(origins: &[&str], reported: &[&str], is_removed: bool) {
        for more in ["", "allow_credentials = true\n"] {
            let text = format!("allow_origins = {origins:?}\n{more}");
            let report = json(&text, &["--allow", "cookies-unprotected"]);
            let found = report["findings"].as_array().unwrap();
            let messages: Vec<_> = found
                .iter()
                .map(|found| found["message"].as_str())
                .collect();
            assert_eq!(found.len(), usize::from(!reported.is_empty()), "{report:#}");
            for (finding, message) in found.iter().zip(messages) {
                assert_eq!(finding["code"], "localhost-origin");
                assert_eq!(finding["replacement"].is_object(), is_removed, "{report:#}");
                for origin in reported {
                    assert!(
                        message.unwrap().contains(&format!("`{origin}`")),
                        "{report:#}"
                    );
                }
            }
        }
    }
    let app = "https://app.example.com";
    for own in [
        "capacitor://localhost",
        "ionic://localhost",
        "tauri://localhost",
        "http://tauri.localhost",
        "https://tauri.localhost",
    ] {
        check(&[app, own], &[], false);
    }
    check(&["https://localhost", "capacitor://localhost"], &[], false);
    check(&["ionic://localhost", "https://localhost"], &[], false);
    // Nothing says whose it is, so nothing proposes to delete it.
    check(&["https://localhost", app], &["https://localhost"], false);
    // Those of developers.
    for developers in [
        "http://localhost:5173",
        "https://localhost:8443",
        "http://127.0.0.1:*",
    ] {
        check(&[app, developers], &[developers], true);
        check(
            &["https://localhost", "capacitor://localhost", developers],
            &[developers],
            true,
        );
    }
    check(
        &[app, "http://app.tauri.localhost"],
        &["http://app.tauri.localhost"],
        true,
    );
}

/// A page can send the response headers of the CORS protocol, and they have no effect.
#[test]
fn response_headers_in_requests() {
    #[track_caller]
    fn check(name: &str, expected: &str) {
        let text = format!("allow_origins = ['https://a.example']\nallow_headers = ['{name}']");
        let report = json(&text, &[]);
        let finding = &report["findings"][0];
        assert_eq!(finding["code"], "forbidden-request-header");
        assert_eq!(finding["message"], format!("`{name}` {expected}"));
    }
    let response = "is a response header of the CORS protocol: a page can send it, and it has no effect; remove it here and in \
                    the page";
    check("Access-Control-Allow-Origin", response);
    check("access-control-max-age", response);
    let forbidden = "is a forbidden request-header: scripts cannot set it; remove it";
    check("Access-Control-Request-Method", forbidden);
    check("Origin", forbidden);
}

/// Red team, finding 4: headers that are too large for proxies are reported.
#[test]
fn headers_too_large_for_proxies() {
    #[track_caller]
    fn check(lists: &str, expected: &[&str]) {
        // A list with this number of names of 100 bytes.
        let names = |count: u32| {
            let names = (0..count).map(|number| format!("'x-{number:098}'"));
            names.collect::<Vec<_>>().join(", ")
        };
        let text = format!("allow_origins = ['https://a.example']\n{lists}");
        let text = text.replace("MANY", &names(31)).replace("FEW", &names(29));
        let text = text.replace("HALF", &names(16));
        let found = findings(
            text,
            &[
                "--allow",
                "any-header,json-not-allowed,echoed-wildcard,lower-case-method,cookies-unprotected",
            ],
        );
        assert_eq!(found, expected, "{lists}");
    }
    check("allow_headers = [FEW]\nexpose_headers = [FEW]", &[]);
    check("allow_headers = [MANY]", &["large-header 2:1"]);
    check("expose_headers = [MANY]", &["large-header 2:1"]);
    check("allow_methods = [MANY]", &["large-header 2:1"]);
    // Both lists are in one response, and the finding is at the larger one.
    check(
        "allow_methods = [HALF]\nallow_headers = [HALF]",
        &["large-header 3:1"],
    );
    check("allow_headers = [HALF]\nexpose_headers = [HALF]", &[]);
    check(
        "allow_headers = ['*']\nallow_credentials = true\nexpose_headers = [MANY]",
        &["large-header 4:1"],
    );
    check(
        "allow_headers = [MANY] # cors-allow: large-header -- no proxy",
        &[],
    );
    check(
        "# cors-allow: large-header\nallow_headers = [\nMANY\n]",
        &[],
    );
}

/// Red team, finding 8: valid origins that no page has.
#[test]
fn origins_that_no_page_has() {
    #[track_caller]
    fn check(origin: &str, expected: Option<&str>) {
        let text = format!("allow_origins = ['{origin}']\nallow_credentials = true");
        let report = json(
            &text,
            &[
                "--allow",
                "wildcard-subdomains,any-port,localhost-origin,cookies-unprotected",
            ],
        );
        let finding = &report["findings"][0];
        let expected = expected.map(|text| format!("\"{text}\""));
        assert_eq!(finding["replacement"]["text"].as_str(), expected.as_deref());
        let code = expected.as_ref().map(|_| "scheme-without-pages");
        assert_eq!(finding["code"].as_str(), code, "{report:#}");
        check_changes(&text);
    }
    check("wss://a.example", Some("https://a.example"));
    check("ws://a.example:8080", Some("https://a.example:8080"));
    check("ws://a.example:443", Some("https://a.example"));
    check("wss://*.a.example:*", Some("https://*.a.example:*"));
    check("ftp://a.example", Some("https://a.example"));
    check("ws://localhost:3000", Some("http://localhost:3000"));
    check("wss://[::1]:80", Some("http://[::1]"));
    check("tauri://localhost", None);
    check("chrome-extension://abc", None);
    check("wssx://a.example", None);
    check("https://a.example", None);
}

/// What is not refused, and should be.
#[test]
fn requests_that_are_not_refused() {
    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let allow = "json-not-allowed,repeated-part,strict-route,hosts-missing";
        let found = findings(text, &["--allow", allow]);
        assert_eq!(found, expected, "{text}");
    }
    let cookies = |more: &str, expected: &[&str]| {
        let text =
            format!("allow_origins = ['https://a.example']\nallow_credentials = true\n{more}");
        check(&text, expected);
    };
    let unprotected = "cookies-unprotected 2:21";
    cookies("", &[unprotected]);
    cookies("allow_headers = ['content-type', 'x-id']", &[unprotected]);
    cookies("refuse = ['websocket']", &[unprotected]);
    cookies("refuse = ['cross-site-writes']", &[]);
    cookies(
        "refuse = ['cross-site-writes']\nrefuse_report_only = true",
        &[],
    );
    cookies("refuse = ['unlisted-origins']", &[]);
    // A token.
    for token in ["authorization", "X-CSRF-Token", "x-xsrf-token"] {
        cookies(&format!("allow_headers = ['{token}']"), &[]);
    }
    // Once for a file.
    let route =
        "[[route]]\npath = '/a'\nallow_origins = ['https://a.example']\nallow_credentials = true\n";
    cookies(route, &[unprotected]);
    cookies(&format!("refuse = ['cross-site-writes']\n{route}"), &[]);
    cookies(
        &format!("refuse = ['cross-site-writes']\n{route}refuse = ['websocket']"),
        &["cookies-unprotected 7:21"],
    );
    check("allow_origins = ['https://a.example']", &[]);

    let hosts = |hosts: &str, more: &str, expected: &[&str]| {
        check(
            &format!("hosts = [{hosts}]\nallow_origins = ['https://a.example']\n{more}"),
            expected,
        );
    };
    let local = "'localhost:*', '127.0.0.1:80', '[::1]', '127.1.2.3', 'app.localhost'";
    hosts(local, "", &["local-server-open 1:1"]);
    hosts(local, "refuse = ['websocket']", &["local-server-open 3:10"]);
    hosts(local, "refuse = ['unlisted-origins']", &[]);
    hosts(
        local,
        "refuse = ['unlisted-origins']\nrefuse_report_only = true",
        &[],
    );
    let route = "[[route]]\npath = '/a'\nallow_origins = ['https://b.example']\n";
    hosts(
        local,
        &format!("refuse = ['unlisted-origins']\n{route}"),
        &[],
    );
    hosts(
        local,
        &format!("refuse = ['unlisted-origins']\n{route}refuse = []"),
        &["local-server-open 7:10"],
    );
    hosts(
        local,
        &format!("{route}refuse = ['unlisted-origins']"),
        &["local-server-open 1:1"],
    );
    for elsewhere in ["'a.example'", "'localhost', 'a.example'", "'192.168.0.1'"] {
        hosts(elsewhere, "refuse = ['websocket']", &[]);
        hosts(elsewhere, "", &["hosts-unused 1:1"]);
    }
    // A part without origins is for the server's own pages alone, and that is a policy like any other.
    for refuse in ["websocket", "cross-site-writes", "unlisted-origins"] {
        check(&format!("refuse = ['{refuse}']"), &[]);
    }
}

/// A route with `refuse` alone: not the grants of the top.
#[test]
fn routes_that_only_refuse() {
    #[track_caller]
    fn check(route: &str, is_said: bool) {
        let text =
            format!("allow_origins = ['https://a.example']\n[[route]]\npath = '/a'\n{route}");
        let report = json(text, &["--allow", "hosts-missing"]);
        let finding = &report["findings"][0];
        assert_eq!(finding["code"], "strict-route", "{report:#}");
        let help = finding["help"].as_str().unwrap();
        assert_eq!(help.contains("inherits no grants"), is_said, "{help}");
    }
    check("refuse = ['websocket']", true);
    check("refuse = ['websocket']\nallow_origins = []", false);
    check(
        "refuse = ['websocket']\nallow_origins = ['https://b.example']",
        false,
    );
    check(
        "refuse = ['websocket']\n[[route.grant]]\nallow_origins = ['https://b.example']",
        false,
    );
    check("allow_origins = ['https://b.example']", false);
}

#[test]
fn allowing_on_the_command_line() {
    let text = "allow_origins = ['*']\nallow_methods = ['GET', 'OPTIONS'] # cors-allow: any-port";
    let all = [
        "everybody-allowed 1:18",
        "safelisted-method 2:18",
        "needless-method 2:25",
        "unused-allow 2:50",
    ];
    assert_eq!(findings(text, &[]), all);
    let args = [
        "--allow",
        "unused-allow,safelisted-method",
        "--allow",
        "everybody-allowed",
    ];
    assert_eq!(findings(text, &args), ["needless-method 2:25"]);
    // The comment is not reported if `--allow` silences the same finding.
    let text = "allow_origins = ['*'] # cors-allow: everybody-allowed";
    let none: [&str; 0] = [];
    assert_eq!(findings(text, &["--allow", "everybody-allowed"]), none);

    #[track_caller]
    fn wrong(args: &[&str], expected: &str) {
        let output = check("allow_origins = ['*']", args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert_eq!(stdout(&output), "");
        assert!(stderr(&output).starts_with(expected), "{}", stderr(&output));
    }
    wrong(
        &["--allow", "everyone-allowed"],
        "cors: `everyone-allowed` is not a code; did you mean `everybody-allowed`?\n",
    );
    wrong(
        &["--allow", "colour"],
        "cors: `colour` is not a code\n`cors check --explain all` lists",
    );
    wrong(&["--allow", ""], "cors: `` is not a code\n");
    wrong(
        &["--allow", "duplicate"],
        "cors: `duplicate` cannot be allowed: it is an error",
    );
    wrong(
        &["--explain", "max_age"],
        "cors: `max_age` is not a code; did you mean `max-age`?\n",
    );
}

#[test]
fn exit_status() {
    #[track_caller]
    fn status(content: &str, args: &[&str], expected: i32) {
        let output = check(content, args);
        assert_eq!(output.status.code(), Some(expected), "{args:?} {content}");
        let output = check(content, &[args, &["--json"]].concat());
        assert_eq!(
            output.status.code(),
            Some(expected),
            "--json {args:?} {content}"
        );
    }
    let fine = "allow_origins = ['https://a.example']";
    let note = "allow_origins = ['*']";
    let warning = "allow_origins = ['http://a.example']";
    let invalid = "allow_origins = ['a.example']";
    for (content, plain, warnings, notes) in [
        (fine, 0, 0, 0),
        (note, 0, 0, 1),
        (warning, 0, 1, 1),
        (invalid, 1, 1, 1),
    ] {
        status(content, &[], plain);
        status(content, &["--deny", "warnings"], warnings);
        status(content, &["--deny", "notes"], notes);
    }
    status(
        warning,
        &["--deny", "notes", "--allow", "plain-http-origin"],
        0,
    );
    status(
        "allow_origins = ['*'] # cors-allow: everybody-allowed",
        &["--deny", "notes"],
        0,
    );
}

#[test]
fn as_json() {
    let report = json("allow_origins = ['http://a.example']\n", &[]);
    let expected = serde_json::json!({
        "severity": "warning",
        "code": "plain-http-origin",
        "message": "`http://a.example` is plain http",
        "reason": report["findings"][0]["reason"],
        "path": "allow_origins[0]",
        "line": 1,
        "column": 18,
        "span": [17, 35],
        "also": [],
        "help": "use https",
        "replacement": { "span": [17, 35], "text": "\"https://a.example\"" },
    });
    assert_eq!(report["file"], "cors.toml");
    assert_eq!(report["findings"], serde_json::json!([expected]));
    assert_eq!(
        report["summary"],
        serde_json::json!({ "errors": 0, "warnings": 1, "notes": 0 })
    );
    let checklist = report["checklist"].as_array().unwrap();
    assert_eq!(checklist.len(), 7);
    assert_eq!(
        checklist[0],
        serde_json::json!({
            "item": "an allowlist of trusted origins",
            "ok": false,
            "text": "origins come from an allowlist (1 exact), but some cannot be trusted",
            "code": "plain-http-origin",
        })
    );
    assert_eq!(checklist[3]["code"], Value::Null);
    assert!(checklist[1..].iter().all(|item| item["ok"] == true));

    let report = json("allow_origins = []", &[]);
    assert_eq!(report["summary"]["errors"], 1);
    assert_eq!(report["checklist"], serde_json::json!([]));
    let report = json(
        "[[grant]]\nallow_origins = ['null', 'x']\n[[grant]]\nallow_origins = ['*']",
        &[],
    );
    assert_eq!(report["findings"][0]["path"], "grant[0].allow_origins[0]");
}

#[test]
fn the_checklist() {
    #[track_caller]
    fn items(content: &str, expected: [&str; 7]) {
        let report = json(content, &[]);
        let items = report["checklist"].as_array().unwrap().iter();
        let items: Vec<_> = items
            .map(|item| {
                let mark = if item["ok"] == true { "✓" } else { "!" };
                let code = item["code"].as_str();
                let code = code.map_or(String::new(), |code| format!(" [{code}]"));
                format!("{mark} {}{code}", item["text"].as_str().unwrap())
            })
            .collect();
        assert_eq!(items, expected, "{content}");
    }
    items(
        "allow_origins = ['https://a.example', 'https://b.example', 'https://*.c.example']\n\
         allow_methods = ['PUT']\nallow_headers = ['content-type', 'x-a']\nallow_credentials = true\nmax_age = 600",
        [
            "✓ origins come from an allowlist: 2 exact, 1 with subdomains",
            "✓ an allowed origin is echoed, any other gets no permission (by the library)",
            "✓ cookies are allowed for all listed origins, and never for `*`",
            "✓ `Vary: Origin` is on every response (by the library)",
            "✓ 1 method and 2 headers are listed, no `*`",
            "✓ browsers may cache preflights for 10 minutes",
            "✓ preflights get 204, before routing and authentication (by the library)",
        ],
    );
    items(
        "preflight_status = 200\nallow_origins = ['*']\nallow_methods = ['*']\nallow_headers = ['*']\nmax_age = 0",
        [
            "! any origin is allowed [everything-allowed]",
            "✓ every origin gets `*`, so no origin has to be echoed",
            "✓ no cookies: credentials are not allowed",
            "✓ responses are the same for every origin, so they need no `Vary`",
            "! any method and any header are allowed [everything-allowed]",
            "! browsers may not cache preflights [max-age-zero]",
            "✓ preflights get 200, before routing and authentication (by the library)",
        ],
    );
    items(
        "dangerously_allow = ['insecure-origins']\n[[grant]]\nallow_origins = ['http://a.example', 'https://b.example:*']\n\
         allow_credentials = true\nallow_headers = ['*']\nmax_age = 5\n[[grant]]\nallow_origins = ['*']",
        [
            "! origins come from an allowlist (1 exact, 1 with any port), and then any origin is allowed [everybody-allowed]",
            "✓ a listed origin is echoed, any other gets `*` (by the library)",
            "! cookies are allowed for the origins of 1 of 2 grants, including unsafe origins [danger-allowed]",
            "✓ `Vary: Origin` is on every response (by the library)",
            "! any header is allowed [echoed-wildcard]",
            "! browsers may cache preflights for 5 seconds to 24 hours [max-age-short]",
            "✓ preflights get 204, before routing and authentication (by the library)",
        ],
    );
    // A silenced finding is intended, so the item is met.
    items(
        "allow_origins = ['null'] # cors-allow: null-listed\ndangerously_allow = ['null-origin']",
        [
            "✓ origins come from an allowlist: 1 exact; a comment silences `null-listed`",
            "✓ an allowed origin is echoed, any other gets no permission (by the library)",
            "✓ no cookies: credentials are not allowed",
            "✓ `Vary: Origin` is on every response (by the library)",
            "✓ no methods and no headers are listed, no `*`",
            "✓ browsers may cache preflights for 24 hours",
            "✓ preflights get 204, before routing and authentication (by the library)",
        ],
    );
    let any_origin = |comment: &str, expected: &str| {
        let report = json(format!("allow_origins = ['*'] {comment}"), &[]);
        assert_eq!(report["checklist"][0]["text"], expected, "{comment}");
        assert_eq!(report["checklist"][0]["ok"], !comment.is_empty());
    };
    any_origin("", "any origin is allowed");
    any_origin(
        "# cors-allow: everybody-allowed",
        "any origin is allowed; a comment silences `everybody-allowed`",
    );
}

#[test]
fn files_that_cannot_be_read() {
    #[track_caller]
    fn wrong(content: &[u8], args: &[&str], expected: &str) {
        let output = check(content, args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert_eq!(stdout(&output), "");
        let message = stderr(&output);
        assert!(message.starts_with(expected), "{message}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
    wrong(b"", &["absent.toml"], "cors: absent.toml: cannot be read: ");
    wrong(b"", &["."], "cors: .: cannot be read: ");
    wrong(b"# caf\xe9", &[], "cors: cors.toml: is not UTF-8 at byte 5");
    wrong(
        b"",
        &["--json", "absent.toml"],
        "cors: absent.toml: cannot be read: ",
    );
}

/// An empty file is a policy with an error.
#[test]
fn empty_files() {
    for content in [&b""[..], b" \n", b"\xef\xbb\xbf\n", b"# nothing\n"] {
        let output = check(content, &[]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert_eq!(findings(content, &[]), ["missing-origins 1:1"]);
    }
}

#[test]
fn several_files() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    write("cors.toml", "allow_origins = ['https://a.example']");
    write("dev.toml", "allow_origins = ['http://localhost']");
    write("wrong.toml", "allow_origins = ['a.example']");
    let run = |args: &[&str], input: &str| {
        let mut command = support::command(folder);
        let command = command.arg("check").args(args);
        let piped = std::process::Stdio::piped;
        let command = command.stdin(piped()).stdout(piped()).stderr(piped());
        let mut child = command.spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    #[track_caller]
    fn is(output: &Output, status: i32, ends: &str, error: &str) {
        assert_eq!(output.status.code(), Some(status), "{output:?}");
        assert!(stdout(output).ends_with(ends), "{output:?}");
        assert!(stderr(output).starts_with(error), "{output:?}");
        assert_eq!(stderr(output).is_empty(), error.is_empty(), "{output:?}");
    }
    let check = |args: &[&str], status, ends: &str| is(&run(args, ""), status, ends, "");
    check(&["cors.toml", "cors.toml"], 0, "\n2 files: no errors\n");
    check(
        &["cors.toml", "dev.toml"],
        0,
        "\n2 files: no errors, 1 warning\n",
    );
    let deny = ["cors.toml", "dev.toml", "--deny", "warnings"];
    check(&deny, 1, "\n2 files: no errors, 1 warning\n");
    check(
        &["wrong.toml", "cors.toml", "dev.toml"],
        1,
        "\n3 files: 1 error, 1 warning\n",
    );
    // The others are checked.
    is(
        &run(&["absent.json", "wrong.toml"], ""),
        2,
        "\n1 file: 1 error\n",
        "cors: absent.json: cannot be read: ",
    );
    // Standard input.
    let output = run(&["-"], "allow_origins = ['http://a.example/']");
    is(
        &output,
        1,
        "see `cors check --explain invalid-origin`\n",
        "",
    );
    assert!(
        stdout(&output).contains("\n --> <stdin>:1:18\n"),
        "{output:?}"
    );
    is(
        &run(&["cors.toml", "-"], "allow_origins = ['*']"),
        0,
        "\n2 files: no errors, 1 note\n",
        "",
    );
    // One object for the only file, a list for several.
    let json = |args: &[&str]| -> Value {
        let output = run(&[&["--json"], args].concat(), "allow_origins = ['*']");
        serde_json::from_slice(&output.stdout).unwrap()
    };
    assert_eq!(json(&["-"])["file"], "<stdin>");
    let files = json(&["cors.toml", "-", "wrong.toml"]);
    let files = files.as_array().unwrap().iter();
    let files: Vec<_> = files
        .map(|file| (file["file"].as_str().unwrap(), &file["summary"]["errors"]))
        .map(|(name, errors)| (name, errors.as_u64().unwrap()))
        .collect();
    assert_eq!(files, [("cors.toml", 0), ("<stdin>", 0), ("wrong.toml", 1)]);
}

#[test]
fn colours() {
    let folder = folder_with("allow_origins = ['http://a.example']");
    let colours = |args: &[&str], variable: Option<&str>| {
        let mut command = support::command(Path::new("."));
        command.arg("check").args(args).current_dir(&folder);
        command.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
        if let Some(variable) = variable {
            command.env(variable, "1");
        }
        let output = command.output().unwrap();
        stdout(&output).contains('\u{1b}')
    };
    assert!(!colours(&[], None));
    assert!(colours(&["--color", "always"], None));
    assert!(colours(&["--color", "always"], Some("NO_COLOR")));
    assert!(!colours(&["--color", "never"], Some("CLICOLOR_FORCE")));
    assert!(!colours(&[], Some("NO_COLOR")));
    assert!(colours(&[], Some("CLICOLOR_FORCE")));
    assert!(!colours(&["--json", "--color", "always"], None));
}

#[test]
fn forms_of_files() {
    let text =
        "allow_origins = [\n\t\"https://ä.example\",\n\t\"https://b.example/\", # slash\n]\n";
    let expected = ["invalid-origin 2:2", "invalid-origin 3:2"];
    assert_eq!(findings(text, &[]), expected);
    assert_eq!(findings(text.replace('\n', "\r\n"), &[]), expected);
    assert_eq!(findings(format!("\u{feff}{text}"), &[]), expected);
    let text = "allow_origins = ['*']\r\n";
    assert_eq!(findings(text, &[]), ["everybody-allowed 1:18"]);
    assert_eq!(
        findings(format!("\u{feff}{text}"), &[]),
        ["everybody-allowed 1:18"]
    );
    let text = "\u{feff}allow_origins = ['ä', 'https://b.example/']";
    assert_eq!(
        findings(text, &[]),
        ["invalid-origin 1:18", "invalid-origin 1:23"]
    );
    // On the terminal, too.
    let output = check(text, &[]);
    assert!(
        stdout(&output).contains(" --> cors.toml:1:18\n"),
        "{}",
        stdout(&output)
    );
    assert!(
        stdout(&output).contains("1 | allow_origins"),
        "{}",
        stdout(&output)
    );
    let crlf = check("allow_origins = [\r\n\t'https://b.example/',\r\n]\r\n", &[]);
    assert!(!stdout(&crlf).contains('\r'), "{}", stdout(&crlf));
    // Control characters from a file are escaped.
    let output = check(
        r#"allow_origins = ["\u001b[2J", "\u202ex"]"#,
        &["--color", "never"],
    );
    assert!(
        !stdout(&output).contains(['\u{1b}', '\u{202e}']),
        "{}",
        stdout(&output)
    );
}

/// The policy of the README has no findings.
#[test]
fn the_sample_policy() {
    let sample = include_str!("../../../cors.toml");
    assert_eq!(findings(sample, &[]), [""; 0]);
    let output = check(sample, &["--deny", "notes"]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
}

/// Nor has the policy of the demo.
#[test]
fn the_policy_of_the_demo() {
    let found = findings(include_str!("../../../tools/demo/cors.toml"), &[]);
    assert_eq!(found, [""; 0]);
}

#[test]
fn long_output_is_cut() {
    #[track_caller]
    fn bounded(content: &str, count: usize, expected: &str) {
        let output = check(content, &[]);
        let text = stdout(&output);
        assert!(text.len() < 20_000, "{} bytes", text.len());
        assert!(text.contains(expected), "{text}");
        assert!(
            text.lines().all(|line| line.chars().count() <= 250),
            "{text}"
        );
        let report = json(content, &[]);
        assert_eq!(report["findings"].as_array().unwrap().len(), count);
    }
    let wrong: Vec<_> = (0..10_000)
        .map(|n| format!("\"https://a{n}.example/\""))
        .collect();
    let more = "and 9980 more [invalid-origin]";
    bounded(
        &format!("allow_origins = [{}]", wrong.join(", ")),
        10_000,
        more,
    );
    bounded(
        &format!("allow_origins = [\n{}\n]", wrong.join(",\n")),
        10_000,
        more,
    );
    let keys: String = (0..10_000).map(|n| format!("key{n} = 1\n")).collect();
    let keys = format!("{keys}allow_origins = ['*']");
    bounded(&keys, 10_000, "and 9980 more [unknown-key]");
    let local: Vec<_> = (1..10_000)
        .map(|n| format!("'http://localhost:{n}'"))
        .collect();
    let local = format!("allow_origins = [{}]", local.join(","));
    bounded(
        &local.replace(":80'", ":10080'"),
        1,
        "`http://localhost:4` and 9995 more are for development",
    );
    let long = format!("allow_origins = ['https://{}/']", "a".repeat(100_000));
    bounded(&long, 1, "[invalid-origin]");
    let long = format!("allow_origins = ['https://{}/', 'x']", "ä".repeat(100_000));
    bounded(&long, 2, "[invalid-origin]");
}

#[test]
fn pages() {
    let output = run_in(&cases(), &["--explain", "plain-http-origin"]);
    assert_eq!(output.status.code(), Some(0));
    let text = stdout(&output);
    assert!(
        text.starts_with("plain-http-origin\n\nAn origin is plain `http`.\n\n"),
        "{text}"
    );
    assert!(
        text.contains("\n    allow_origins = [\"http://app.example.com\"]\n"),
        "{text}"
    );
    assert!(!text.contains("```"), "{text}");
    assert!(
        text.ends_with("`# cors-allow: plain-http-origin -- reason`\n"),
        "{text}"
    );
    let coloured = run_in(&cases(), &["--explain", "syntax", "--color", "always"]);
    assert!(stdout(&coloured).starts_with("\u{1b}[1msyntax\u{1b}[0m\n"));
    let list = run_in(&cases(), &["--explain", "all"]);
    for code in codes() {
        assert!(
            stdout(&list).contains(&format!("\n  {code}\n      ")),
            "{code}"
        );
        let page = run_in(&cases(), &["--explain", &code]);
        assert!(
            stdout(&page)
                .lines()
                .all(|line| line.chars().count() <= 120),
            "{code}"
        );
    }
}

/// The pages of the codes that `cors probe` prints say what a code means, and what to do.
#[test]
fn codes_of_probe_are_explained() {
    let headings = [
        ("messages of browsers", "\nWhat to do\n"),
        ("findings about a server", "\nHow to correct it\n"),
    ];
    for (title, heading) in headings {
        let page = codes::PAGES.iter().find(|page| page.title == title);
        for code in page.unwrap().codes() {
            let output = run_in(&cases(), &["--explain", code.name]);
            let text = stdout(&output);
            let meaning = text.lines().nth(2).unwrap_or_default();
            assert!(!meaning.is_empty(), "{}: {text}", code.name);
            let (_, remedy) = text.split_once(heading).unwrap_or_default();
            assert!(!remedy.trim().is_empty(), "{}: {text}", code.name);
        }
    }
}

/// The configurations of public reports that were not understood, each with the codes of its findings and a part of the
/// output.
#[test]
fn configurations_of_reports() {
    #[track_caller]
    fn check(text: &str, args: &[&str], status: i32, expected: &[&str]) {
        let output = self::check(text, args);
        let shown = format!("{}{}", stdout(&output), stderr(&output));
        let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(output.status.code(), Some(status), "{shown}");
        for part in expected {
            assert!(shown.contains(part), "{text}: no `{part}` in\n{shown}");
        }
    }
    // A table of a larger file: before, "has no origins" and "`cors` is not a key".
    let larger = "[cors]\nallow_origins = [\"https://example.com\", \"*.example.com\"]\n";
    check(larger, &[], 1, &["1 error", "`--table cors`"]);
    check(
        larger,
        &["--table", "cors"],
        1,
        &[
            "cors.toml:2:41",
            "`*.example.com` has no scheme",
            "2 | allow_origins = [\"https://example.com\", \"https://*.example.com\"]",
        ],
    );
    check(larger, &["--table", "corse"], 1, &["`cors`"]);
    // One text for a list: before, a suggestion that was an error.
    check(
        "allow_origins = \"https://a.example,https://b.example\"\n",
        &[],
        1,
        &["allow_origins = [\"https://a.example\", \"https://b.example\"]"],
    );
    check(
        "allow_origins = [\"https://a.example,https://b.example\"]\n",
        &[],
        1,
        &[
            "several",
            "+ allow_origins = [\"https://a.example\", \"https://b.example\"]",
        ],
    );
    check(
        "allow_origins = [\"\\\"https://a.example\\\"\"]\n",
        &[],
        1,
        &[
            "quotation marks",
            "+ allow_origins = [\"https://a.example\"]",
        ],
    );
}

#[test]
fn variables() {
    #[track_caller]
    fn check(args: &[&str], status: i32, expected: &str) {
        let folder = folder_with(
            "allow_origins = ['https://app.example.com', '${CORS_TEST_ORIGINS}', '${CORS_TEST_MORE:-}']\n",
        );
        std::fs::write(
            folder.join("service.env"),
            "# origins\n\nCORS_TEST_ORIGINS=https://a.example,https://b.example/\n",
        )
        .unwrap();
        std::fs::write(
            folder.join("wrong.env"),
            "A=1\nexport CORS_TEST_ORIGINS=https://secret.example\n",
        )
        .unwrap();
        let mut command = support::command(&folder);
        command
            .arg("check")
            .args(args)
            .env("CORS_TEST_MORE", "https://c.example/");
        let output = command.output().unwrap();
        let shown = format!("{}{}", stdout(&output), stderr(&output));
        let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(output.status.code(), Some(status), "{args:?}: {shown}");
        assert!(shown.contains(expected), "{args:?}: {shown}");
        assert!(!shown.contains("secret"), "{shown}");
    }
    let at_run_time = "given at run time, so not checked: `${CORS_TEST_ORIGINS}`: allow_origins[1] (line 1) \
                       `--env CORS_TEST_ORIGINS=...` or `--env-file FILE` gives a value ready for";
    check(&[], 0, at_run_time);
    check(
        &["--json"],
        0,
        "\"at_run_time\": [ { \"name\": \"CORS_TEST_ORIGINS\", \"places\": [ { \"path\": \"allow_origins[1]\", \
         \"line\": 1, \"column\": 45 } ] } ]",
    );
    check(
        &["--env", "CORS_TEST_ORIGINS=https://a.example"],
        0,
        "no errors",
    );
    check(
        &["--env", "CORS_TEST_ORIGINS=https://a.example/"],
        1,
        "`https://a.example/` in `${CORS_TEST_ORIGINS}` ends with a slash",
    );
    check(
        &["--env-file", "service.env"],
        1,
        "`https://b.example/` in `${CORS_TEST_ORIGINS}` ends with a slash",
    );
    check(
        &["--env-file", "service.env", "--env", "CORS_TEST_ORIGINS="],
        0,
        "no errors",
    );
    check(
        &["--env-from-process", "--env", "CORS_TEST_MORE="],
        0,
        at_run_time,
    );
    check(
        &["--env-from-process", "--env", "CORS_TEST_ORIGINS="],
        1,
        "`https://c.example/` in `${CORS_TEST_MORE}` ends with a slash",
    );
    check(
        &["--env", "CORS_TEST_ORIGINS"],
        2,
        "`--env` takes `NAME=VALUE`",
    );
    check(
        &["--env", "1=https://secret.example"],
        2,
        "`--env` takes `NAME=VALUE`",
    );
    check(
        &["--env-file", "wrong.env"],
        2,
        "wrong.env:2: is not `NAME=VALUE`",
    );
    check(&["--env-file", "no.env"], 2, "no.env: cannot be read");
}
