//! Servers with the bad habits of public bug reports: each gets the answer that a specialist would give.

use std::fs;

use cors_browser_model::{SentRequest, Url};
use cors_core::Policy;
use cors_explain::PolicyAnswer;
use tempfile::TempDir;

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

    // After a redirect between other origins, `Origin` is `null`, and the referrer is the page nevertheless.
    let other = Scripted::new(|_: &Request| (200, vec!["Access-Control-Allow-Origin: null", VARY]));
    let location = format!("Location: {}", other.url());
    let first = Scripted::new(move |_: &Request| (307, vec![location.clone(), ALLOW.to_owned()]));
    ask(&first, &[]);
    let request = other.requests().pop().unwrap();
    assert_eq!(
        (request.origin(), request.header("Referer")),
        ("null", of_app)
    );
    // Without `Origin`, because the server has the origin of the page.
    let own = Scripted::new(|_: &Request| (200, vec![VARY]));
    let origin = format!("http://127.0.0.1:{}", own.port);
    probe_with(&["--origin", &origin], &own.url());
    let request = own.requests().pop().unwrap();
    let referrer = format!("{origin}/");
    assert_eq!(
        (request.origin(), request.header("Referer")),
        ("", Some(&*referrer))
    );
}

#[test]
fn a_redirect_is_named_with_its_target() {
    #[track_caller]
    fn check(args: &[&str], location: &'static str, target: &str, texts: &[&str]) {
        let server = Scripted::new(move |request: &Request| match request.is_preflight() {
            true => (
                204,
                vec![
                    ALLOW.to_owned(),
                    VARY.to_owned(),
                    "Access-Control-Allow-Headers: content-type".to_owned(),
                ],
            ),
            false => (308, vec![format!("Location: {location}"), VARY.to_owned()]),
        });
        let done = ask(&server, args).has_status(1);
        let said = done.words();
        let what = format!("the URL redirects (status 308) to `{target}`, and the redirect has no");
        assert!(said.contains(&what), "{done:#?}");
        for text in [&["let the page ask for `{target}` at once"], texts].concat() {
            let text = text.replace("{target}", target);
            assert!(said.contains(&text), "{text}: {done:#?}");
        }
        done.does_not_say(&["only for successful"]);
    }
    let json = ["-H", "Content-Type: application/json"];
    check(
        &json,
        "/submodels/",
        "/submodels/",
        &["apply CORS outside of the layer that redirects"],
    );
    check(&[], "/submodels/?token=hush", "/submodels/?token=****", &[]);
    let login = "https://login.example/?return=hush";
    let answer = "if that is a page to log in, answer 401 instead";
    check(&[], login, "https://login.example/?return=****", &[answer]);

    let server = Scripted::new(|_: &Request| (301, vec!["Location: /submodels/"]));
    let done = ask(&server, &json).has_status(1);
    let what = "the URL redirects (status 301) to `/submodels/`, and a preflight must not be redirected: let the page \
                ask for `/submodels/` at once; or answer `OPTIONS` before the redirect";
    assert!(done.words().contains(what), "{done:#?}");
}

#[test]
fn quotation_marks_are_shown_and_explained() {
    #[track_caller]
    fn check(args: &[&str], lines: &'static [&'static str], shown: &str) {
        let server = Scripted::new(move |_: &Request| (200, lines.to_vec()));
        let done = ask(&server, args)
            .has_status(1)
            .says(&[shown])
            .does_not_say(&["\\\""]);
        let help = "help: the quotation marks are a part of the value; remove them where it is set";
        assert!(done.words().contains(help), "{done:#?}");
        let json = ask(&server, &[args, &["--json"]].concat()).json();
        let message = json["causes"][0]["message"].as_str().unwrap();
        assert!(shown.contains(message), "{message}");
    }
    check(
        &[],
        &["Access-Control-Allow-Origin: \"https://app.example.com\""],
        "✗ `Access-Control-Allow-Origin` is `\"https://app.example.com\"`, not the request's origin\n",
    );
    check(
        &[],
        &["Access-Control-Allow-Origin: 'https://app.example.com'"],
        "✗ `Access-Control-Allow-Origin` is `'https://app.example.com'`, not the request's origin\n",
    );
    check(
        &[],
        &["Access-Control-Allow-Origin: \"https://a.example, https://app.example.com\""],
        "✗ `Access-Control-Allow-Origin` is `\"https://a.example, https://app.example.com\"`, not the request's origin\n",
    );
    check(
        &["--credentials", "include"],
        &[ALLOW, "Access-Control-Allow-Credentials: \"true\""],
        "✗ `Access-Control-Allow-Credentials` is `\"true\"`, not `true`\n",
    );
    check(
        &["-X", "PUT"],
        &[ALLOW, "Access-Control-Allow-Methods: \"GET, PUT\""],
        "✗ `\"GET` in `Access-Control-Allow-Methods` is not a method\n",
    );
    check(
        &["-H", "X-Id: 1"],
        &[ALLOW, "Access-Control-Allow-Headers: \"x-id\""],
        "✗ `\"x-id\"` in `Access-Control-Allow-Headers` is not a header name\n",
    );
}

/// A proxy removes headers of the request, so that the middleware takes it for another one.
#[test]
fn a_middleware_that_does_not_see_the_origin() {
    #[track_caller]
    fn check(args: &[&str], answer: fn() -> (u16, Vec<&'static str>), texts: &[&str]) {
        let server = Scripted::new(move |_: &Request| answer());
        let done = ask(&server, args).has_status(1);
        let said = done.words();
        for text in texts {
            assert!(said.contains(text), "`{text}`: {done:#?}");
        }
    }
    let put = ["-X", "PUT"];
    check(
        &put,
        || (405, vec![VARY]),
        &[
            "the response has `Vary: Origin`, so something there reads `Origin`, and it did not grant the preflight",
            "a proxy or CDN in front of it removes `Origin` or `Access-Control-Request-Method` from the request",
        ],
    );
    check(
        &put,
        || (405, vec![VARY, ALLOW]),
        &[
            "no route answers `OPTIONS` at this URL (status 405): apply CORS outside of the router; if it is, a proxy",
        ],
    );
    check(
        &[],
        || (200, vec![VARY]),
        &[
            "reads `Origin`: its list does not have this origin, or a proxy or CDN in front of it removes `Origin` from",
        ],
    );
    check(
        &[],
        || (500, vec![VARY]),
        &[
            "reads `Origin`: the headers are set only for successful responses (the status is 500), its list does not",
        ],
    );
    check(
        &[],
        || (200, vec!["Vary: Accept"]),
        &["the server has no CORS here, or its list does not have this origin"],
    );
}

/// An application with a policy, in front of which a proxy removes headers of the request.
pub(super) fn proxied(policy: &'static str, removed: &'static [&'static str]) -> Scripted {
    let policy = Policy::from_toml(policy).unwrap();
    Scripted::new(move |request: &Request| {
        let lines = request.lines.iter();
        let lines = lines.map(|(name, value)| (name.as_str(), value.as_str()));
        let is_left = |(name, _): &(&str, &str)| {
            !removed
                .iter()
                .any(|removed| removed.eq_ignore_ascii_case(name))
        };
        let sent = SentRequest {
            method: request.method.clone(),
            url: Url::parse("https://api.example.com/path").unwrap(),
            headers: lines.filter(is_left).collect(),
            credentials: false,
        };
        let answer = PolicyAnswer::new(&policy, &sent);
        let lines = answer.headers.iter().map(|header| {
            let [name, value] = [&header.name, &header.value].map(|it| str::from_utf8(it).unwrap());
            format!("{name}: {value}")
        });
        let not_options = if request.method == "OPTIONS" {
            405
        } else {
            200
        };
        (answer.status.unwrap_or(not_options), lines.collect())
    })
}

#[test]
fn a_proxy_that_drops_headers_in_front_of_the_policy() {
    const LIST: &str = "allow_origins = ['https://app.example.com']\nallow_methods = ['PUT']\nallow_headers = ['x-id']\n";
    const ECHO: &str = "allow_origins = ['https://app.example.com']\nallow_credentials = true\nallow_methods = ['PUT']\n\
                        allow_headers = ['*']\n";
    #[track_caller]
    fn check(
        (file, policy): (&'static str, &'static str),
        args: &[&str],
        removed: &'static [&'static str],
        code: Option<&str>,
        texts: &[&str],
    ) {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("cors.toml");
        fs::write(&path, file).unwrap();
        let server = proxied(policy, removed);
        let args = [args, &["--policy", path.to_str().unwrap()]].concat();
        let done = ask(&server, &args);
        let said = done.words();
        for text in texts {
            assert!(said.contains(text), "`{text}`: {done:#?}");
        }
        let json = ask(&server, &[&args[..], &["--json"]].concat()).json();
        assert_eq!(json["comparison"]["code"].as_str(), code, "{json:#}");
        let is_named = code == Some("origin-not-forwarded");
        done.does_not_say(&["another layer outside of it"]);
        let name = &json["comparison"]["not_forwarded"];
        assert_eq!(name.as_str(), is_named.then(|| removed[0]));
    }
    let put = ["-X", "PUT", "-H", "X-Id: 1"];
    let dropped = Some("origin-not-forwarded");
    let list = (LIST, LIST);
    check(
        list,
        &put,
        &[],
        None,
        &["equal: the server's responses match"],
    );
    check(
        list,
        &put,
        &["Origin"],
        dropped,
        &[
            "[origin-not-forwarded]",
            "the policy's middleware ran, and did not take this for a preflight",
            "help: the response is that of the policy to a request without `Origin`: the middleware ran, and a proxy or a CDN",
            "(nginx: `proxy_set_header Origin $http_origin;`; CloudFront: an origin request policy with the three)",
        ],
    );
    check(
        list,
        &put,
        &["Access-Control-Request-Method"],
        dropped,
        &["to a request without `Access-Control-Request-Method`: "],
    );
    check(
        (ECHO, ECHO),
        &put,
        &["Access-Control-Request-Headers"],
        dropped,
        &["to a request without `Access-Control-Request-Headers`: "],
    );
    // CloudFront's default.
    let all = &[
        "Origin",
        "Access-Control-Request-Method",
        "Access-Control-Request-Headers",
    ];
    check((ECHO, ECHO), &put, all, dropped, &["without `Origin`: "]);
    check(
        list,
        &[],
        &["Origin"],
        dropped,
        // The preflight shows that it is not another version of the policy.
        &[
            "to a request without `Origin`: the middleware ran, and a proxy or a CDN in front of it probably removes that header; forward",
        ],
    );
    // An older version of the policy on the server.
    let old = (LIST, "allow_origins = ['https://b.example']\n");
    let text = "a policy's middleware responded, and its policy has no grant for this origin";
    check(old, &put, &[], Some("policy-differs"), &[text]);
    check(old, &[], &[], Some("policy-differs"), &[text]);
}

#[test]
fn headers_that_stay_hidden() {
    let server = Scripted::new(|request: &Request| {
        let headers = [
            "Access-Control-Allow-Headers: content-type",
            "Access-Control-Max-Age: 60",
        ];
        match request.is_preflight() {
            true => (204, [&[ALLOW, VARY], &headers[..]].concat()),
            false => (
                429,
                vec![
                    ALLOW,
                    VARY,
                    "Content-Type: application/json",
                    "Mcp-Session-Id: hush",
                    "Retry-After: 3",
                    "Set-Cookie: a=b",
                    "Date: Sat, 28 Nov 2026 12:00:00 GMT",
                    "Server: x",
                ],
            ),
        }
    });
    let args = ["-H", "Content-Type: application/json", "-d", "{}"];
    let done = ask(&server, &args).has_status(0);
    let said = done.words();
    let note = "note[headers-not-exposed]: the page cannot read `mcp-session-id` and `retry-after` help: if a script needs \
                them, send `Access-Control-Expose-Headers: mcp-session-id, retry-after`, in a policy `expose_headers = \
                [\"mcp-session-id\", \"retry-after\"]`";
    assert!(said.contains(note), "{done:#?}");
    assert!(!said.contains("`set-cookie`"), "{done:#?}");
    let done = ask(&server, &[&args[..], &["--json"]].concat()).has_status(0);
    assert_eq!(done.findings(), ["headers-not-exposed"]);
    let hidden = serde_json::json!(["mcp-session-id", "retry-after"]);
    assert_eq!(done.json()["hidden_headers"], hidden);
}

#[test]
fn nothing_is_hidden() {
    #[track_caller]
    fn check(args: &[&str], lines: &'static [&'static str], hidden: &[&str], texts: &[&str]) {
        let server = Scripted::new(move |_: &Request| (200, lines.to_vec()));
        let done = ask(&server, args);
        let json = ask(&server, &[args, &["--json"]].concat()).json();
        assert_eq!(
            json["hidden_headers"],
            serde_json::json!(hidden),
            "{lines:?}"
        );
        assert_eq!(
            done.stdout.contains("[headers-not-exposed]"),
            !hidden.is_empty()
        );
        assert!(
            texts.iter().all(|text| done.words().contains(text)),
            "{done:#?}"
        );
    }
    let exposed = &[
        ALLOW,
        VARY,
        "Retry-After: 3",
        "Access-Control-Expose-Headers: Retry-After",
    ];
    check(&[], exposed, &[], &[]);
    const WILDCARD: &[&str] = &[
        ALLOW,
        VARY,
        "Access-Control-Allow-Credentials: true",
        "Retry-After: 3",
        "Access-Control-Expose-Headers: *",
    ];
    check(&[], WILDCARD, &[], &[]);
    let include = ["--credentials", "include"];
    check(
        &include,
        WILDCARD,
        &["retry-after"],
        &["; with credentials, `*` is not a wildcard"],
    );
    // What is blocked, has another problem.
    check(&[], &[VARY, "Retry-After: 3"], &[], &[]);
}

#[test]
fn cookies_of_another_site() {
    const SITES: &str = "note: the page and the URL are of different sites: Chromium sends only cookies with `SameSite=None; \
                         Secure`";
    #[track_caller]
    fn check(origin: &str, credentials: &str, expected: &[&str]) {
        let server = Scripted::new(|request: &Request| {
            let origin = format!("Access-Control-Allow-Origin: {}", request.origin());
            let lines = [
                &*origin,
                VARY,
                "Access-Control-Allow-Credentials: true",
                "Set-Cookie: sid=hush; Path=/; HttpOnly",
                "Set-Cookie: ok=hush; SameSite=None; Secure",
                "Set-Cookie: old=hush; SameSite=None",
            ];
            (200, lines.map(str::to_owned).to_vec())
        });
        let args = ["--origin", origin, "--credentials", credentials];
        let done = probe_with(&args, &server.url())
            .has_status(0)
            .does_not_say(&["hush"]);
        let said = done.words();
        for text in expected {
            assert!(said.contains(text), "`{text}`: {done:#?}");
        }
        assert_eq!(said.contains(SITES), !expected.is_empty());
        assert_eq!(said.contains("[cookie-not-sent]"), !expected.is_empty());
    }
    let note = "note[cookie-not-sent]: the cookies `sid` (no `SameSite`) and `old` (`SameSite=None` without `Secure`) are not \
                sent with this page's requests by every browser";
    check(APP, "include", &[SITES, note]);
    // `localhost` is not the site of 127.0.0.1.
    check("http://localhost:3000", "include", &[SITES, note]);
    check(APP, "same-origin", &[]);
    check("http://127.0.0.1:3000", "include", &[]);
}
