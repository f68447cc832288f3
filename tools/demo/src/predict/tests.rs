use super::*;
use crate::demo::tests::{ALLOWED, Fake, POLICY, REFUSED, demo};
use crate::scenario::SCENARIOS;

fn ask(origin: &str, url: &str, method: &str, headers: &[(&str, &str)]) -> Asked {
    let headers = headers.iter();
    Asked {
        origin: origin.to_owned(),
        url: url.to_owned(),
        request: Request {
            by: By::Fetch,
            method: method.to_owned(),
            path: String::new(),
            headers: headers
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            credentials: scenario::Credentials::SameOrigin,
            body: None,
        },
        engine: "Chromium".to_owned(),
    }
}

/// `200 x-request-id`, or what the page gets instead of a response.
fn text(outcome: &Outcome) -> String {
    let readable = match outcome {
        Outcome::Readable(readable) => readable,
        Outcome::Blocked => return "blocked".to_owned(),
        Outcome::Sent { refused: None } => return "sent".to_owned(),
        Outcome::Sent {
            refused: Some(status),
        } => return format!("sent, {status}"),
        Outcome::Open => return "open".to_owned(),
        Outcome::Refused => return "refused".to_owned(),
    };
    let status = match readable.status {
        Some(status) => status.to_string(),
        None => "own".to_owned(),
    };
    let names = readable.headers.keys().map(|name| format!(" {name}"));
    format!("{status}{}", names.collect::<String>())
}

/// The outcomes of the scenarios with the demo's policy, on an allowed page. On the other page, every `fetch()` is blocked.
const OUTCOMES: [(&str, &str); SCENARIOS.len()] = [
    ("simple-get", "200 x-request-id"),
    ("exposed-header", "200 x-request-id"),
    ("text-post", "200 x-request-id"),
    ("json-post", "200"),
    ("put", "200 x-request-id"),
    ("delete", "200 x-request-id"),
    ("method-not-allowed", "blocked"),
    ("header-allowed", "200 x-request-id"),
    ("header-not-allowed", "blocked"),
    ("cookies", "200 x-request-id"),
    ("unauthorized", "401"),
    ("error-status", "500"),
    ("not-found", "404"),
    ("own-cors", "200"),
    ("vary", "200"),
    ("not-allowed", "200 x-request-id"),
    ("websocket", "open"),
    ("form", "sent"),
];

#[test]
fn the_scenarios() {
    let demo = demo(Fake::default());
    for (scenario, (id, expected)) in SCENARIOS.iter().zip(OUTCOMES) {
        assert_eq!(scenario.id, id);
        let refused = match scenario.request.by {
            By::Fetch => "blocked",
            By::Form | By::WebSocket => expected,
        };
        let own = match scenario.origin {
            scenario::Page::Here => expected,
            scenario::Page::Refused => refused,
        };
        assert_eq!(scenario.blocked, own == "blocked", "{id}");
        for (origin, expected) in [(ALLOWED, expected), (REFUSED, refused)] {
            for (framework, url) in &demo.urls {
                for engine in Engine::BROWSERS {
                    let request = serde_json::to_value(scenario.request).unwrap();
                    let asked = Asked {
                        origin: origin.to_owned(),
                        url: format!("{url}{}?run=1", scenario.request.path),
                        request: serde_json::from_value(request).unwrap(),
                        engine: engine.name().to_owned(),
                    };
                    let predicted = Predicted::new(&demo, asked).unwrap();
                    assert_eq!(
                        text(&predicted.outcome),
                        expected,
                        "{id} of {origin} to {framework} in {}",
                        engine.name()
                    );
                }
            }
        }
    }
}

#[track_caller]
fn check(policy: &str, framework: Framework, asked: Asked, expected: &str) {
    let demo = demo(Fake::default());
    let source = Source::new("cors.toml", policy);
    demo.replace(source).unwrap();
    let found = demo.urls.iter().find(|(other, _)| *other == framework);
    let url = format!("{}{}", found.unwrap().1, asked.url);
    let predicted = Predicted::new(&demo, Asked { url, ..asked }).unwrap();
    assert_eq!(text(&predicted.outcome), expected, "{framework}");
}

#[test]
fn what_frameworks_do_on_their_own() {
    let get = |path| ask(ALLOWED, path, "GET", &[]);
    for framework in Framework::ALL {
        let check = |asked, expected| check(POLICY, framework, asked, expected);
        check(get("/status/204"), "204");
        check(get("/status/999"), "own");
        check(get("/status/many"), "own");
        check(get("/status/200/more"), "404");
        check(get("/json"), "own");
        check(get("/echo/"), "own");
        check(get("/%65cho"), "own");
        check(get("/"), "404");
        check(get("/error"), "500");
        for path in ["/mcp", "/public/echo", "/realms/a/echo"] {
            check(get(path), "200 x-request-id");
        }
        for path in ["/public", "/realms/echo", "/realms/a/b/echo"] {
            check(get(path), "404");
        }
        let json = ("content-type", "application/json; charset=utf-8");
        let post = |body: &str, headers: &[(&str, &str)]| {
            let mut asked = ask(ALLOWED, "/json", "POST", headers);
            asked.request.body = Some(body.to_owned());
            asked
        };
        check(post("[1]", &[json]), "200");
        check(post("[1", &[json]), "own");
        check(post("[1]", &[]), "own");
    }
    check(POLICY, Framework::Rocket, get("/panic"), "500");
    check(POLICY, Framework::Axum, get("/panic"), "blocked");
    // `fetch()` does not allow TRACE.
    let trace = ask(ALLOWED, "/echo", "TRACE", &[]);
    check(POLICY, Framework::Axum, trace, "blocked");
}

#[test]
fn other_policies() {
    let purge = || ask(ALLOWED, "/status/200", "PURGE", &[]);
    let policy = "allow_origins = ['*']\nallow_methods = ['*']\nexpose_headers = ['*']";
    let all = "200 access-control-allow-origin access-control-expose-headers x-handler";
    check(policy, Framework::Warp, purge(), all);
    check(policy, Framework::Rocket, purge(), "blocked");
    let vary = ask("https://any.example", "/vary", "GET", &[]);
    check(
        policy,
        Framework::Actix,
        vary,
        &all.replacen("-headers ", "-headers vary ", 1),
    );
    let policy = "allow_origins = ['http://127.0.0.1:8091']";
    check(
        policy,
        Framework::Axum,
        ask(REFUSED, "/vary", "GET", &[]),
        "200",
    );
    check(
        policy,
        Framework::Axum,
        ask(ALLOWED, "/vary", "GET", &[]),
        "blocked",
    );
    // The origin of the server itself.
    let own = ask("http://127.0.0.1:40001", "/vary", "PATCH", &[]);
    check(policy, Framework::Axum, own, "200 vary x-handler");
}

#[test]
fn what_a_policy_refuses() {
    let by = |by, method: &str, path, origin| {
        let mut asked = ask(origin, path, method, &[]);
        asked.request.by = by;
        asked
    };
    let form = |origin| by(By::Form, "POST", "/echo", origin);
    let socket = |origin| by(By::WebSocket, "GET", "/ws", origin);
    let own = "http://127.0.0.1:40001";
    for (refuse, asked, expected) in [
        ("", form(REFUSED), "sent"),
        ("", socket(REFUSED), "open"),
        ("'websocket'", form(REFUSED), "sent"),
        ("'websocket'", socket(REFUSED), "refused"),
        ("'websocket'", socket(ALLOWED), "open"),
        ("'websocket'", socket(own), "open"),
        ("'cross-site-writes'", form(REFUSED), "sent, 403"),
        ("'cross-site-writes'", form(ALLOWED), "sent"),
        ("'cross-site-writes'", form(own), "sent"),
        ("'cross-site-writes'", socket(REFUSED), "open"),
        ("'unlisted-origins'", form(REFUSED), "sent, 403"),
        ("'unlisted-origins'", socket(REFUSED), "refused"),
    ] {
        let policy = format!("{POLICY}refuse = [{refuse}]\n");
        check(&policy, Framework::Axum, asked, expected);
    }
    // The policy refuses it before the application would.
    let policy = "allow_origins = ['http://localhost:*']\nrefuse = ['cross-site-writes']";
    check(
        policy,
        Framework::Axum,
        ask(ALLOWED, "/json", "POST", &[]),
        "403 cache-control",
    );
    // Not a handshake.
    let get = ask(ALLOWED, "/ws", "GET", &[]);
    check(POLICY, Framework::Axum, get, "own");
    // A server without a WebSocket there.
    let other = by(By::WebSocket, "GET", "/echo", ALLOWED);
    check(POLICY, Framework::Axum, other, "refused");
}

#[test]
fn a_change_has_its_warnings() {
    let demo = demo(Fake::default());
    let source = Source::new("cors.toml", "allow_origins = ['https://app.example.com']");
    demo.replace(source).unwrap();
    let asked = ask(REFUSED, "http://127.0.0.1:40002/echo", "GET", &[]);
    let change = &Predicted::new(&demo, asked).unwrap().dialogue["change"];
    let warning = format!("`{REFUSED}` is for development");
    assert_eq!(change["warnings"], json!([warning]));
}

#[test]
fn the_dialogue() {
    let demo = demo(Fake::default());
    let dialogue = |method: &str, headers: &[(&str, &str)]| {
        let asked = ask(ALLOWED, "http://127.0.0.1:40002/echo", method, headers);
        Predicted::new(&demo, asked).unwrap().dialogue
    };
    let put = dialogue("PUT", &[("Cookie", "a=b")]);
    assert_eq!(put["steps"][0]["kind"], "preflight");
    assert_eq!(put["steps"][0]["sent"][0][0], "OPTIONS");
    assert_eq!(put["steps"][0]["received"]["status"], 204);
    assert_eq!(put["steps"][1]["kind"], "request");
    assert_eq!(
        put["steps"][1]["checks"][1],
        json!({
            "ok": true,
            "text": "`Access-Control-Allow-Origin` is present",
            "href": "https://fetch.spec.whatwg.org/#cors-check",
        })
    );
    let note = "no script can set `Cookie`; a browser leaves it out";
    assert_eq!(put["notes"], json!([note]));
    assert_eq!(put["cause"], Value::Null);
    assert_eq!(put["policy"], Value::Null);
    assert_eq!(put["change"], Value::Null);

    let patch = dialogue("PATCH", &[]);
    assert_eq!(patch["steps"].as_array().map(Vec::len), Some(1));
    assert_eq!(patch["cause"]["code"], "method-not-allowed");
    let line = r#"allow_methods     = ["PUT", "DELETE"]"#;
    let place = json!({
        "line": 4,
        "column": 1,
        "end": 14,
        "text": line,
        "message": "`PATCH` is not in `allow_methods`",
    });
    assert_eq!(patch["policy"], place);
    let changed = POLICY.replace("\"DELETE\"", "\"DELETE\", \"PATCH\"");
    assert_eq!(patch["change"]["text"], changed);
    assert_eq!(patch["change"]["in_page"], false);
    assert_eq!(patch["change"]["warnings"], json!([]));
    // The page has to write the method in upper case; the change is for that page.
    let lower = dialogue("patch", &[]);
    assert_eq!(lower["change"]["text"], changed);
    assert_eq!(lower["change"]["in_page"], true);
    let blocked = |dialogue: &Value| {
        let engines = dialogue["engines"].as_array().unwrap().iter();
        let blocked = engines.map(|engine| (engine["name"].clone(), engine["blocked"].clone()));
        blocked.collect::<Vec<_>>()
    };
    let expected = ["Chromium", "Firefox", "WebKit"].map(|name| (json!(name), json!(true)));
    assert_eq!(blocked(&patch), expected);

    // This is Chromium, which does not send it.
    let agent = dialogue("GET", &[("User-Agent", "x")]);
    assert_eq!(agent["steps"].as_array().map(Vec::len), Some(1));
    assert_eq!(agent["steps"][0]["kind"], "request");
    let sent = agent["steps"][0]["sent"].to_string();
    assert!(!sent.contains("User-Agent"), "{sent}");
    let expected = [("Chromium", false), ("Firefox", true), ("WebKit", true)];
    let expected = expected.map(|(name, is_blocked)| (json!(name), json!(is_blocked)));
    assert_eq!(blocked(&agent), expected);
    let note = "no script can set `User-Agent` in Chromium, which leaves it out and needs no preflight for it";
    assert_eq!(agent["notes"], json!([note]));
    assert_eq!(agent["cause"], Value::Null);

    let trace = dialogue("TRACE", &[]);
    assert_eq!(
        trace["checks"][0]["text"],
        "the method is not a token, or is forbidden"
    );
}

#[test]
fn the_dialogue_without_fetch() {
    let demo = demo(Fake::default());
    let source = Source::new(
        "cors.toml",
        format!("{POLICY}refuse = ['websocket', 'cross-site-writes']\n"),
    );
    demo.replace(source).unwrap();
    let dialogue = |origin, by, method: &str, path: &str| {
        let url = format!("http://127.0.0.1:40001{path}");
        let mut asked = ask(origin, &url, method, &[]);
        asked.request.by = by;
        Predicted::new(&demo, asked).unwrap().dialogue
    };
    let step = |dialogue: &Value| {
        assert_eq!(dialogue["steps"].as_array().map(Vec::len), Some(1));
        dialogue["steps"][0].clone()
    };
    let says = |step: &Value, text: &str| {
        let remark = step["remark"].as_str().unwrap();
        assert!(remark.contains(text), "{remark}");
    };

    let form = dialogue(REFUSED, By::Form, "POST", "/echo");
    let call = "<form method=\"post\" action=\"http://127.0.0.1:40001/echo\">";
    assert_eq!(form["call"], call);
    let sent = step(&form)["sent"].to_string();
    assert!(sent.contains("[\"Sec-Fetch-Dest\",\"iframe\"]"), "{sent}");
    assert_eq!(step(&form)["received"]["status"], 403);
    says(&step(&form), "; refused by `cross-site-writes`: ");
    assert_eq!(form["cause"]["code"], "refused");
    let verdict = "the form is sent, and the page may not read the response";
    assert_eq!(form["engines"][0]["verdict"], verdict);
    let line = "Failed to load resource: the server responded with a status of 403 (Forbidden)";
    assert_eq!(form["engines"][0]["console"], json!([line]));

    let socket = dialogue(REFUSED, By::WebSocket, "GET", "/ws");
    assert_eq!(socket["call"], "new WebSocket(\"ws://127.0.0.1:40001/ws\")");
    assert!(
        socket["notes"].to_string().contains("CORS does not apply"),
        "{socket}"
    );
    let sent = step(&socket)["sent"].to_string();
    assert!(sent.contains("[\"Upgrade\",\"websocket\"]"), "{sent}");
    assert_eq!(step(&socket)["received"]["status"], 403);
    says(&step(&socket), "; refused by `websocket`: ");
    assert_eq!(socket["cause"]["code"], "refused");
    let changed = socket["change"]["text"].as_str().unwrap();
    assert!(changed.contains(&format!("\"{REFUSED}\"")), "{changed}");
    let verdict = "the status is not 101, so the WebSocket is not open";
    assert_eq!(socket["engines"][0]["verdict"], verdict);

    let socket = dialogue(ALLOWED, By::WebSocket, "GET", "/ws");
    let checks = step(&socket)["checks"].as_array().unwrap().clone();
    let texts: Vec<_> = checks.iter().map(|check| &check["text"]).collect();
    assert_eq!(
        texts,
        [
            "there is a response",
            "the status is 101, so the WebSocket is open"
        ]
    );
    assert_eq!(
        socket["engines"][0]["verdict"],
        "the page may send and read messages"
    );
}

#[test]
fn what_is_no_request() {
    #[track_caller]
    fn check(asked: Asked, expected: &str) {
        let predicted = Predicted::new(&demo(Fake::default()), asked);
        assert_eq!(predicted.unwrap_err(), expected);
    }
    let axum = "http://127.0.0.1:40001/echo";
    check(
        ask(ALLOWED, "http://127.0.0.1:1/echo", "GET", &[]),
        "`http://127.0.0.1:1/echo` is not on one of the four servers",
    );
    check(
        ask(ALLOWED, "/echo", "GET", &[]),
        "`/echo`: relative URL without a base",
    );
    check(
        ask("app.example.com", axum, "GET", &[]),
        "the origin `app.example.com` has no scheme; did you mean `https://app.example.com`?",
    );
    let engine = "Gecko".to_owned();
    let asked = ask(ALLOWED, axum, "GET", &[]);
    check(Asked { engine, ..asked }, "`Gecko` is not an engine");
}
