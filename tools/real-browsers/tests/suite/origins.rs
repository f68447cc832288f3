//! Pages with every kind of origin: what they send, and what the parts around a browser record.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

use cors_matrix::skip::skip;
use cors_real_browsers::{
    Browser, BrowserName, Fetch, Front, Observed, Reply, Script, ScriptedServer, Settings,
};
const PAGES: [&str; 9] = [
    "http://localhost:3000",
    "http://localhost",
    "http://127.0.0.1:3000",
    "http://[::1]:3000",
    "http://app.localhost:8080",
    "https://app.example.com",
    "https://x.y.example.org:8443",
    "http://plain.example",
    "null",
];

fn start(engine: BrowserName, settings: Settings) -> Option<Browser> {
    match engine.available() {
        Ok(()) => Some(Browser::start_with(engine, settings).unwrap()),
        Err(missing) => {
            skip(&format!("origins in {engine}"), &missing).unwrap();
            None
        }
    }
}

fn granting(origin: &str) -> Script {
    let reply = Reply::new(200)
        .line("Access-Control-Allow-Origin", origin)
        .line("Access-Control-Allow-Methods", "PUT")
        .line("Access-Control-Max-Age", "60");
    Script {
        preflight: reply.clone(),
        actual: reply,
    }
}

#[track_caller]
fn check(engine: BrowserName) {
    let Some(mut browser) = start(engine, Settings::default()) else {
        return;
    };
    let server = ScriptedServer::start().unwrap();
    let tls = Front::tls(server.port()).unwrap();
    browser
        .route("https://api.example.com", tls.port())
        .unwrap();

    let mut sent_in_all = 0;
    for (number, page) in PAGES.iter().enumerate() {
        browser.open(page).unwrap();
        for (api, origin) in ["https://api.example.com", &tls.origin()]
            .iter()
            .enumerate()
        {
            let case = format!("{number}-{api}");
            server.script(&*case, granting(page));
            let fetch = Fetch::get(format!("{origin}/{case}")).method("PUT");
            let observed = browser.fetch_all(&[fetch.clone(), fetch]).unwrap();
            assert!(
                observed.iter().all(Observed::is_read),
                "{engine} {page}: {observed:?}"
            );

            let sent = server.seen(&case);
            let methods: Vec<&str> = sent.iter().map(|sent| &*sent.method).collect();
            // The second time, the preflight is cached, but not in Chromium for opaque origins.
            let uncached = engine == BrowserName::Chromium && *page == "null";
            let expected: &[&str] = match uncached {
                true => &["OPTIONS", "PUT", "OPTIONS", "PUT"],
                false => &["OPTIONS", "PUT", "PUT"],
            };
            assert_eq!(methods, expected, "{engine} {page}");
            sent_in_all += sent.len();
            for sent in sent {
                let origin = sent.header("origin").map(<[u8]>::to_vec);
                assert_eq!(origin, Some(page.as_bytes().to_vec()), "{engine}");
            }
        }
    }

    let passed = tls.take();
    assert_eq!(passed.len(), sent_in_all, "{engine}");
    let answered = |response: &[u8]| response.starts_with(b"HTTP/1.1 200 \r\nAccess-Control");
    assert!(passed.iter().all(|it| answered(&it.response)), "{engine}");

    let error = browser.open("https://example.com/path").unwrap_err();
    let text = "`https://example.com/path` is not an http or https origin";
    assert_eq!(error.to_string(), text);
}

#[track_caller]
fn check_redirects(engine: BrowserName) {
    let Some(mut browser) = start(engine, Settings::default()) else {
        return;
    };
    let page = "http://localhost:3000";
    let server = ScriptedServer::start().unwrap();
    let to = |case: &str| {
        let reply = Reply::new(302).line("Access-Control-Allow-Origin", page);
        Script::actual(reply.line("Location", server.url(case)))
    };
    server.script("to-granted", to("granted"));
    server.script("granted", granting(page));
    server.script("to-refused", to("refused"));
    server.script("refused", Script::actual(Reply::new(200)));
    browser.open(page).unwrap();
    let fetches = [
        Fetch::get(server.url("to-granted")).redirected_to(server.url("granted")),
        Fetch::get(server.url("to-refused")).redirected_to(server.url("refused")),
        Fetch::get(server.url("refused?again#fragment")),
        // Nothing is sent, so there is no message.
        Fetch::get(server.url("granted")).method("TRACE"),
    ];
    let observed = browser.fetch_all(&fetches).unwrap();
    let read: Vec<bool> = observed.iter().map(Observed::is_read).collect();
    assert_eq!(read, [true, false, false, false], "{engine}: {observed:?}");
    let said: Vec<bool> = observed
        .iter()
        .map(|observed| !observed.reason.console.is_empty())
        .collect();
    assert_eq!(said, [false, true, true, false], "{engine}: {observed:?}");
}

/// By default, `*` covers `Authorization` in every engine.
#[track_caller]
fn check_authorization(engine: BrowserName, settings: Settings, readable: bool) {
    let Some(mut browser) = start(engine, settings) else {
        return;
    };
    let server = ScriptedServer::start().unwrap();
    let reply = Reply::new(200)
        .line("Access-Control-Allow-Origin", "*")
        .line("Access-Control-Allow-Headers", "*");
    let script = Script {
        preflight: reply.clone(),
        actual: reply,
    };
    server.script("case", script);
    browser.open("http://localhost:3000").unwrap();
    let fetch = Fetch::get(server.url("case")).header("Authorization", "Bearer secret");
    let observed = browser.fetch_all(&[fetch]).unwrap();
    assert_eq!(observed[0].is_read(), readable, "{engine}: {observed:?}");
}

const NAMING: Settings = Settings {
    authorization_needs_naming: true,
};

#[test]
fn chromium() {
    check(BrowserName::Chromium);
    check_redirects(BrowserName::Chromium);
    check_authorization(BrowserName::Chromium, Settings::default(), true);
    check_authorization(BrowserName::Chromium, NAMING, false);
}

#[test]
fn firefox() {
    check(BrowserName::Firefox);
    check_redirects(BrowserName::Firefox);
    check_authorization(BrowserName::Firefox, Settings::default(), true);
    check_authorization(BrowserName::Firefox, NAMING, false);
}

#[test]
fn webkit() {
    check(BrowserName::Webkit);
    check_redirects(BrowserName::Webkit);
    check_authorization(BrowserName::Webkit, Settings::default(), true);
}
