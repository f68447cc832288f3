//! `cors explain`: its output, and that its fixes work.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Done, cors, snapshot};

const URL: &str = "https://api.example.com/users";

/// A file `cors.toml` in a folder of its own.
fn policy(text: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("cors.toml"), text).unwrap();
    folder
}

/// The options may name a URL; without one it is [`URL`].
fn arguments<'a>(origin: &'a str, options: &[&'a str]) -> Vec<&'a str> {
    let mut args = vec!["explain", "cors.toml", "--origin", origin];
    args.extend(options);
    if !options.iter().any(|option| option.contains("://")) {
        args.push(URL);
    }
    args
}

/// Explains a request that is blocked with this code and this message of Chromium, applies the fix and explains the
/// request again. The file `name` has the whole output.
#[track_caller]
fn check_fixed(name: &str, text: &str, origin: &str, options: &[&str], code: &str, console: &str) {
    let folder = policy(text);
    let args = arguments(origin, options);
    let blocked = cors(folder.path(), &args);
    assert_eq!(blocked.status, 1, "{blocked:?}");
    assert!(
        blocked.stdout.contains(&format!("error[{code}]")),
        "{}",
        blocked.stdout
    );
    assert!(blocked.stdout.contains(console), "{}", blocked.stdout);

    let mut fix = args.clone();
    fix.push("--fix");
    let fixed = cors(folder.path(), &fix);
    assert_eq!(fixed.status, 0, "{fixed:?}");
    let allowed = cors(folder.path(), &args);
    assert_eq!(allowed.status, 0, "{allowed:?}");
    assert!(
        allowed.stdout.contains("allowed by every browser"),
        "{}",
        allowed.stdout
    );
    let sound = cors(folder.path(), &["check", "cors.toml"]);
    assert_eq!(sound.status, 0, "{sound:?}");

    let transcript = format!(
        "{}\n{}",
        transcript(&blocked, &args),
        transcript(&allowed, &args)
    );
    snapshot(&format!("explain/{name}.txt")).assert_eq(&transcript);
}

/// Explains a request for which no change of the policy is proposed.
#[track_caller]
fn check_unfixable(name: &str, text: &str, origin: &str, options: &[&str], code: &str) {
    let folder = policy(text);
    let mut args = arguments(origin, options);
    let blocked = cors(folder.path(), &args);
    assert_eq!(blocked.status, 1, "{blocked:?}");
    assert!(
        blocked.stdout.contains(&format!("error[{code}]")),
        "{}",
        blocked.stdout
    );
    snapshot(&format!("explain/{name}.txt")).assert_eq(&transcript(&blocked, &args));
    args.push("--fix");
    assert_eq!(cors(folder.path(), &args).status, 1);
    let after = fs::read_to_string(folder.path().join("cors.toml")).unwrap();
    assert_eq!(after, text, "the policy is unchanged");
}

/// The whole output.
fn transcript(done: &Done, args: &[&str]) -> String {
    let quoted = |arg: &&str| match arg.contains([' ', '*', '"']) {
        true => format!("'{arg}'"),
        false => (*arg).to_owned(),
    };
    let args: Vec<_> = args.iter().map(quoted).collect();
    let Done {
        status,
        stdout,
        stderr,
    } = done;
    format!(
        "$ cors {}\n{stdout}{stderr}[status {status}]\n",
        args.join(" ")
    )
}

const APP: &str = "https://app.example.com";
const POLICY: &str = "\
allow_origins = [\"https://app.example.com\"]
allow_methods = [\"GET\", \"POST\"]
allow_headers = [\"content-type\"]
";

#[test]
fn the_four_errors_of_the_article() {
    check_fixed(
        "no-allow-origin",
        POLICY,
        "https://www.example.com",
        &[],
        "allow-origin-missing",
        "Access to fetch at 'https://api.example.com/users' from origin 'https://www.example.com' has been \
         blocked by CORS policy: No 'Access-Control-Allow-Origin' header is present on the requested \
         resource.\n",
    );
    check_fixed(
        "wildcard-with-credentials",
        "# A public API.\nallow_origins = [\"*\"]\nallow_methods = [\"PUT\"]\n",
        APP,
        &["--credentials", "include"],
        "allow-origin-wildcard",
        "Access to fetch at 'https://api.example.com/users' from origin 'https://app.example.com' has been \
         blocked by CORS policy: The value of the 'Access-Control-Allow-Origin' header in the response must \
         not be the wildcard '*' when the request's credentials mode is 'include'.\n",
    );
    check_fixed(
        "method",
        POLICY,
        APP,
        &["-X", "PUT"],
        "method-not-allowed",
        "Access to fetch at 'https://api.example.com/users' from origin 'https://app.example.com' has been \
         blocked by CORS policy: Method PUT is not allowed by Access-Control-Allow-Methods in preflight \
         response.\n",
    );
    check_fixed(
        "header",
        POLICY,
        APP,
        &["-H", "X-Custom-Header: 1"],
        "header-not-allowed",
        "Access to fetch at 'https://api.example.com/users' from origin 'https://app.example.com' has been \
         blocked by CORS policy: Request header field x-custom-header is not allowed by \
         Access-Control-Allow-Headers in preflight response.\n",
    );
}

const SOCKET: &str = "wss://api.example.com/ws";
const REFUSING: &str = "\
refuse = [\"websocket\", \"cross-site-writes\"]
hosts  = [\"api.example.com\"]

[[grant]]
allow_origins = [\"https://read.example.com\"]
allow_methods = [\"PUT\"]

[[grant]]
allow_origins     = [\"https://app.example.com\"]
allow_credentials = true
";

#[test]
fn refused_requests() {
    #[track_caller]
    fn check(name: &str, text: &str, origin: &str, options: &[&str], reason: &str) {
        let reason = format!("refused by the policy: the request {reason}\n");
        check_fixed(name, text, origin, options, "refused", &reason);
    }
    let write =
        "may change something, and is from a page of an origin without a grant with credentials";
    let socket = "opens a WebSocket from a page of an origin that no grant lists";
    let page = "https://new.example.com";
    check("refused-form", REFUSING, page, &["--as", "form"], write);
    check("refused-websocket", REFUSING, page, &[SOCKET], socket);
    // The preflight is granted.
    let put = ["-X", "PUT"];
    check(
        "refused-write",
        REFUSING,
        "https://read.example.com",
        &put,
        write,
    );
    let everybody = "refuse = [\"websocket\"]\n\n[[grant]]\nallow_origins = [\"https://app.example.com\"]\n\n\
                     [[grant]]\nallow_origins = [\"*\"]\n";
    check("refused-everybody", everybody, page, &[SOCKET], socket);
    let unlisted = "is from a page of an origin that no grant lists";
    let local = "refuse = [\"unlisted-origins\"]\nallow_origins = [\"https://app.example.com\"]\n";
    check("refused-read", local, page, &[], unlisted);
}

#[test]
fn refused_requests_that_no_grant_lets_pass() {
    let local = "allow_origins = [\"https://app.example.com\"]\nrefuse = [\"unlisted-origins\"]\n";
    check_unfixable("refused-image", local, APP, &["--as", "image"], "refused");
    check_unfixable("refused-frame", local, APP, &["--as", "frame"], "refused");
    let other = "wss://api.example.net/ws";
    check_unfixable("refused-host", REFUSING, APP, &[other], "refused");
}

#[test]
fn near_misses() {
    let missing = "No 'Access-Control-Allow-Origin' header is present";
    let check =
        |name, text, origin| check_fixed(name, text, origin, &[], "allow-origin-missing", missing);
    check("scheme", POLICY, "http://app.example.com");
    check(
        "port",
        "allow_origins = [\"http://localhost:3000\"]\n",
        "http://localhost:5173",
    );
    check("subdomain", POLICY, "https://beta.app.example.com");
    check(
        "bare-domain",
        "allow_origins = [\"https://*.example.com\"]\nallow_credentials = true\n",
        "https://example.com",
    );
}

#[test]
fn allowed_requests() {
    let allowed = |name: &str, text: &str, origin: &str, options: &[&str]| {
        let folder = policy(text);
        let args = arguments(origin, options);
        let ran = cors(folder.path(), &args);
        assert_eq!(ran.status, 0, "{ran:?}");
        snapshot(&format!("explain/{name}.txt")).assert_eq(&transcript(&ran, &args));
    };
    // CORS does not apply to them.
    let evil = "https://evil.example";
    allowed("open-websocket", POLICY, evil, &[SOCKET]);
    allowed("open-form", POLICY, evil, &["--as", "form"]);
    allowed("open-image", POLICY, evil, &["--as", "image"]);
    allowed("link", REFUSING, evil, &["--as", "link"]);
    allowed(
        "own-websocket",
        REFUSING,
        "https://api.example.com",
        &[SOCKET],
    );
    allowed("listed-form", REFUSING, APP, &["--as", "form"]);
    // The URL of a page instead of its origin.
    allowed(
        "address",
        POLICY,
        "HTTPS://App.example.com:443/login?next=/",
        &[],
    );
    let json = ["-d", "{}", "-H", "Content-Type: application/json"];
    allowed("trailing-slash", POLICY, "https://app.example.com/", &[]);
    allowed("case", POLICY, "https://APP.example.com", &[]);
    allowed("default-port", POLICY, "https://app.example.com:443", &[]);
    allowed("json-post", POLICY, APP, &json);
    // Headers that scripts cannot set are left out, and secrets are masked.
    let headers = ["-H", "Cookie: sid=1", "-H", "Authorization: Bearer secret"];
    let text =
        "allow_origins = [\"*\"]\nallow_headers = [\"authorization\"]\nexpose_headers = [\"*\"]\n";
    allowed("secrets", text, APP, &headers);
    allowed("same-origin", POLICY, "https://api.example.com", &[]);
}

#[test]
fn more_than_one_obstacle() {
    check_fixed(
        "everything",
        POLICY,
        "https://www.example.com",
        &[
            "-X",
            "PATCH",
            "-H",
            "X-B: 1",
            "-H",
            "X-A: 1",
            "--credentials",
            "include",
        ],
        "allow-origin-missing",
        "Response to preflight request doesn't pass access control check: No 'Access-Control-Allow-Origin'",
    );
    // The grant cannot allow credentials, because of its other origin; so the page's origin gets a grant of its own.
    check_fixed(
        "own-grant",
        "allow_origins = [\n  \"http://intranet.example\",\n  \"https://app.example.com\",\n]\n\
         expose_headers = [\"*\"]\n",
        APP,
        &["--credentials", "include"],
        "allow-credentials-missing",
        "The value of the 'Access-Control-Allow-Credentials' header in the response is ''",
    );
    check_fixed(
        "grants",
        "[[grant]]\nallow_origins = [\"https://admin.example.com\"]\nallow_credentials = true\n\n\
         [[grant]]\nallow_origins = [\"https://*.example.com\"]\nallow_methods = [\"PUT\"]\n",
        "https://shop.example.com",
        &["-X", "DELETE", "--credentials", "include"],
        "allow-credentials-missing",
        "Response to preflight request doesn't pass access control check: The value of the \
         'Access-Control-Allow-Credentials' header in the response is ''",
    );
    // Only a dangerous opt-in allows it.
    check_fixed(
        "dangerous",
        "allow_origins = [\"https://app.example.com\"]\nallow_credentials = true\n",
        "http://app.example.com",
        &["--credentials", "include"],
        "allow-origin-missing",
        "No 'Access-Control-Allow-Origin' header is present",
    );
    check_fixed(
        "null",
        POLICY,
        "file:///home/me/index.html",
        &[],
        "allow-origin-missing",
        "from origin 'null' has been blocked",
    );
}

const ROUTES: &str = "\
allow_origins     = [\"https://app.example.com\"]
allow_credentials = true

[[route]]
path          = \"/public\"
allow_origins = [\"*\"]

[[route]]
path = \"/realms/{realm}\"

[[route.grant]]
allow_origins     = [\"https://admin.example.com\"]
allow_methods     = [\"PUT\"]
allow_credentials = true

[[route.grant]]
allow_origins = [\"https://*.example.org\"]

[[route]]
path          = \"/internal\"
allow_origins = []
";

#[test]
fn fixes_in_routes() {
    let missing = "No 'Access-Control-Allow-Origin' header is present";
    let check = |name, origin, options: &[&str], code, console| {
        check_fixed(name, ROUTES, origin, options, code, console);
    };
    let realm = "https://api.example.com/realms/main/users";
    // The origin has a grant at the top, and the route decides.
    check(
        "route-origin",
        APP,
        &[realm],
        "allow-origin-missing",
        missing,
    );
    check(
        "route-scheme",
        "http://admin.example.com",
        &[realm],
        "allow-origin-missing",
        missing,
    );
    check(
        "route-method",
        "https://a.example.org",
        &["-X", "PUT", realm],
        "method-not-allowed",
        "Method PUT is not allowed",
    );
    check(
        "route-credentials",
        "https://a.example.org",
        &["--credentials", "include", realm],
        "allow-credentials-missing",
        "The value of the 'Access-Control-Allow-Credentials' header in the response is ''",
    );
    check(
        "route-everybody",
        APP,
        &[
            "--credentials",
            "include",
            "https://api.example.com/public/logo.svg",
        ],
        "allow-origin-wildcard",
        "must not be the wildcard '*'",
    );
    check(
        "route-nobody",
        APP,
        &["https://api.example.com/internal"],
        "allow-origin-missing",
        missing,
    );
    check_fixed(
        "route-no-top",
        "[[route]]\npath = \"/public\"\nallow_origins = [\"*\"]\n",
        APP,
        &["-X", "PUT", "--credentials", "include"],
        "allow-origin-missing",
        missing,
    );
}

#[test]
fn paths_without_a_grant() {
    let check = |name, url: &str| {
        check_unfixable(name, ROUTES, APP, &[url], "allow-origin-missing");
    };
    check("path-case", "https://api.example.com/Realms/main");
    check(
        "path-empty-segment",
        "https://api.example.com/public//logo.svg",
    );
    check("path-semicolon", "https://api.example.com/public;a=b");
}

#[test]
fn errors_in_the_page() {
    // The page has to be corrected, and no change of the policy is needed.
    check_unfixable(
        "lower-case-patch",
        "allow_origins = [\"https://app.example.com\"]\nallow_methods = [\"PATCH\"]\n",
        APP,
        &["-X", "patch"],
        "method-not-allowed",
    );
    let own = ["-H", "Access-Control-Allow-Origin: *"];
    let code = "header-not-allowed";
    check_unfixable("response-header", POLICY, APP, &own, code);
    check_unfixable(
        "forbidden-method",
        POLICY,
        APP,
        &["-X", "CONNECT"],
        "script-error",
    );
    check_unfixable(
        "null-with-credentials",
        POLICY,
        "null",
        &["--credentials", "include"],
        "allow-origin-missing",
    );
}

/// The page has to be corrected, and the policy is changed for the corrected page.
#[test]
fn errors_in_the_page_and_in_the_policy() {
    #[track_caller]
    fn check(name: &str, wrong: &[&str], corrected: &[&str], added: &str) {
        let folder = policy(POLICY);
        let mut args = arguments(APP, wrong);
        let blocked = cors(folder.path(), &args);
        snapshot(&format!("explain/{name}.txt")).assert_eq(&transcript(&blocked, &args));
        args.push("--fix");
        let fixed = cors(folder.path(), &args);
        // The request of the page as it is stays blocked.
        assert_eq!((blocked.status, fixed.status), (1, 1), "{fixed:?}");
        let written =
            "The change was written to cors.toml. Correct the page, too: with both changes";
        assert!(fixed.stdout.contains(written), "{}", fixed.stdout);
        let text = fs::read_to_string(folder.path().join("cors.toml")).unwrap();
        assert!(text.contains(added), "{text}");
        let allowed = cors(folder.path(), &arguments(APP, corrected));
        assert_eq!(allowed.status, 0, "{allowed:?}");
        assert!(allowed.stdout.contains("allowed by every browser"));
    }
    check(
        "lower-case-patch-not-listed",
        &["-X", "patch"],
        &["-X", "PATCH"],
        "\"PATCH\"",
    );
    check(
        "response-header-and-others",
        &["-H", "Access-Control-Allow-Origin: *", "-H", "X-A: 1"],
        &["-H", "X-A: 1"],
        "[\"content-type\", \"x-a\"]",
    );
}

/// A method of the server's own is not taken for an error.
#[test]
fn lower_case_methods_of_a_server() {
    let folder = policy(POLICY);
    let args = arguments(APP, &["-X", "purge", "--fix"]);
    let fixed = cors(folder.path(), &args);
    assert_eq!(fixed.status, 0, "{fixed:?}");
}

/// A change that `cors check` warns about is written with the warning.
#[test]
fn changes_for_development() {
    #[track_caller]
    fn check(text: &str, origin: &str, expected: Option<&str>) {
        for fix in [&[][..], &["--fix"]] {
            let folder = policy(text);
            let args = arguments(origin, &[&["--credentials", "include"], fix].concat());
            let ran = cors(folder.path(), &args);
            let warning = ran
                .stdout
                .lines()
                .find(|line| line.starts_with("warning: "));
            assert_eq!(warning, expected, "{}", ran.stdout);
        }
    }
    let text = "allow_origins = [\"https://app.example.com\"]\nallow_credentials = true\n";
    let development = |origin: &str| {
        format!(
            "warning: `{origin}` is for development: in production it allows any program that serves a page on a visitor's own \
             machine, as the user; see `cors check --explain localhost-origin`"
        )
    };
    for origin in ["http://localhost:5173", "http://127.0.0.1:8080"] {
        check(text, origin, Some(&development(origin)));
    }
    check(text, "https://www.example.com", None);
    check(text, "capacitor://localhost", None);
}

/// Without FILE, the policy is `cors.toml`.
#[test]
fn the_default_file() {
    let folder = policy(POLICY);
    let ran = cors(folder.path(), &["explain", "--origin", APP, URL]);
    assert_eq!(ran.status, 0, "{ran:?}");
    assert!(ran.stdout.contains("(cors.toml:1)"), "{}", ran.stdout);
    // A URL can end like a file.
    let args = ["explain", "--origin", APP, "https://api.example.com/a.json"];
    assert_eq!(cors(folder.path(), &args).status, 0);
}

#[test]
fn only_the_standard_blocks() {
    check_fixed(
        "authorization",
        "allow_origins = [\"https://app.example.com\"]\nallow_headers = [\"*\"]\n",
        APP,
        &["-H", "Authorization: Bearer secret"],
        "authorization-not-listed",
        "the Fetch standard blocks it; Chromium, Firefox and WebKit do not yet",
    );
}

#[test]
fn only_chromium_does_not_ask() {
    check_fixed(
        "user-agent",
        POLICY,
        APP,
        &["-H", "User-Agent: x"],
        "header-not-allowed",
        "blocked by Firefox and WebKit, allowed by Chromium",
    );
}

#[test]
fn only_an_event_source_needs_no_preflight() {
    check_fixed(
        "last-event-id",
        POLICY,
        APP,
        &["-H", "Last-Event-ID: 7"],
        "header-not-allowed",
        "blocked by every browser",
    );
}

#[test]
fn mixed_content_is_blocked_before_cors() {
    let folder = policy(POLICY);
    let args = [
        "explain",
        "cors.toml",
        "--origin",
        APP,
        "http://api.example.com/",
    ];
    let ran = cors(folder.path(), &args);
    assert_eq!(ran.status, 1, "{ran:?}");
    assert!(ran.stdout.contains("mixed content"), "{}", ran.stdout);
    // The policy is corrected, although the request stays blocked.
    let fix = [&args[..4], &["-X", "PUT", "--fix", args[4]]].concat();
    let ran = cors(folder.path(), &fix);
    assert_eq!(ran.status, 1, "{ran:?}");
    assert!(
        ran.stdout.contains("The change was written to cors.toml"),
        "{}",
        ran.stdout
    );
    let text = fs::read_to_string(folder.path().join("cors.toml")).unwrap();
    assert!(text.contains("\"PUT\""), "{text}");
    let local = [
        "explain",
        "cors.toml",
        "--origin",
        APP,
        "http://localhost:8080/",
    ];
    let ran = cors(folder.path(), &local);
    assert_eq!(ran.status, 0, "{ran:?}");
    assert!(
        ran.stdout.contains("Local Network Access"),
        "{}",
        ran.stdout
    );
}

#[test]
fn json() {
    let folder = policy(POLICY);
    let mut args = arguments(APP, &["-X", "PUT", "-H", "Authorization: Bearer secret"]);
    args.push("--json");
    let ran = cors(folder.path(), &args);
    assert_eq!(ran.status, 1);
    assert!(!ran.stdout.contains("secret"));
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    let at = |pointer: &str| document.pointer(pointer).unwrap().clone();
    assert_eq!(at("/blocked/code"), "method-not-allowed");
    assert_eq!(at("/blocked/place/line"), 2);
    assert_eq!(at("/runs/1/engine"), "Chromium");
    assert_eq!(at("/runs/1/verdict/allowed"), false);
    assert_eq!(at("/runs/1/exchanges/0/response/status"), 204);
    let fixed = at("/blocked/policy");
    fs::write(folder.path().join("cors.toml"), fixed.as_str().unwrap()).unwrap();
    let ran = cors(folder.path(), &args);
    assert_eq!(ran.status, 0, "{ran:?}");
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(document["blocked"], Value::Null);
}

#[test]
fn bad_input() {
    #[track_caller]
    fn check(folder: &Path, args: &[&str], expected: &str) {
        let ran = cors(folder, args);
        assert_eq!(ran.status, 2, "{ran:?}");
        assert_eq!(ran.stdout, "");
        assert_eq!(ran.stderr, format!("cors: {expected}\n"));
    }
    let folder = policy(POLICY);
    let with =
        |origin: &'static str, url: &'static str| ["explain", "cors.toml", "--origin", origin, url];
    let folder = folder.path();
    let origin = |origin, expected: &str| check(folder, &with(origin, URL), expected);
    origin(
        "app.example.com",
        "the origin `app.example.com` has no scheme; did you mean `https://app.example.com`?",
    );
    origin(
        "localhost:5173",
        "the origin `localhost:5173` has no scheme; did you mean `http://localhost:5173`?",
    );
    let none = "is not valid; write a scheme, a host and, if needed, a port, such as `https://app.example.com`";
    origin("https://", &format!("the origin `https://` {none}"));
    origin("", &format!("the origin `` {none}"));
    origin(
        "https://a\u{1b}[31m",
        &format!("the origin `https://a\\u{{1b}}[31m` {none}"),
    );
    let url = |url, expected: &str| check(folder, &with(APP, url), expected);
    url(
        "api.example.com/a",
        "the URL `api.example.com/a` has no scheme; did you mean `https://api.example.com/a`?",
    );
    url(
        "localhost:80/",
        "the URL `localhost:80/` has no scheme; did you mean `http://localhost:80/`?",
    );
    url("ftp://a/", "the URL `ftp://a/` is neither http nor https");
    url(
        "/users?key=1",
        "the URL `/users?key=****` has neither a scheme nor a host; write the whole URL, `https://HOST/users?key=****`",
    );
    url(
        "https://a b/",
        "the URL `https://a b/` is not valid: invalid international domain name",
    );
    let header = [
        "explain",
        "cors.toml",
        "--origin",
        APP,
        "-H",
        "X-Custom",
        URL,
    ];
    check(
        folder,
        &header,
        "the header `X-Custom` has no colon; write `Name: value`",
    );
    let missing = "the argument URL is missing; write `cors explain [FILE] --origin ORIGIN URL`; the default of FILE is `cors.toml`";
    check(folder, &["explain", "--origin", APP], missing);
    for file in ["cors.toml", "-", "absent.yaml"] {
        check(folder, &["explain", "--origin", APP, file], missing);
    }
    check(
        folder,
        &["explain", "--origin", APP, "/users"],
        "the URL `/users` has neither a scheme nor a host; write the whole URL, `https://HOST/users`",
    );
    check(
        folder,
        &["explain", "-", "--fix", "--origin", APP, URL],
        "`--fix` changes a file, and the policy is standard input; leave out `--fix`, and make the change by hand",
    );
    let elsewhere = tempfile::tempdir().unwrap();
    let ran = cors(elsewhere.path(), &["explain", "--origin", APP, URL]);
    assert_eq!(ran.status, 2);
    assert!(
        ran.stderr.starts_with("cors: cors.toml: cannot be read: "),
        "{ran:?}"
    );
    let nowhere = ["explain", "nowhere.toml", "--origin", APP, URL];
    let ran = cors(folder, &nowhere);
    assert_eq!(ran.status, 2);
    assert!(
        ran.stderr
            .starts_with("cors: nowhere.toml: cannot be read: "),
        "{ran:?}"
    );
    fs::write(
        folder.join("wrong.toml"),
        "allow_origins = ['*']\nmax_age = -1\nallow_method = []\n",
    )
    .unwrap();
    let wrong = ["explain", "wrong.toml", "--origin", APP, URL];
    let ran = cors(folder, &wrong);
    assert_eq!(ran.status, 2);
    assert_eq!(ran.stderr, "cors: wrong.toml: invalid policy (2 errors)\n");
    assert!(
        ran.stdout.contains("error[unknown-key]: `allow_method`"),
        "{ran:?}"
    );
    assert!(ran.stdout.contains("error[max-age]: `-1`"), "{ran:?}");
}
