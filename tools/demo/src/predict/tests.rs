use super::*;
use crate::demo::tests::{ALLOWED, Fake, POLICY, REFUSED, demo};
use crate::scenario::SCENARIOS;

fn ask(origin: &str, url: &str, method: &str, headers: &[(&str, &str)]) -> Asked {
    let headers = headers.iter();
    Asked {
        origin: origin.to_owned(),
        url: url.to_owned(),
        request: Fetch {
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

/// `200 x-request-id`, or `blocked`.
fn text(outcome: &Outcome) -> String {
    let Some(readable) = &outcome.readable else {
        return "blocked".to_owned();
    };
    assert!(!outcome.blocked);
    let status = match readable.status {
        Some(status) => status.to_string(),
        None => "own".to_owned(),
    };
    let names = readable.headers.keys().map(|name| format!(" {name}"));
    format!("{status}{}", names.collect::<String>())
}

/// The outcomes of the scenarios with the demo's policy, on an allowed page.
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
];

#[test]
fn the_scenarios() {
    let demo = demo(Fake::default());
    for (scenario, (id, expected)) in SCENARIOS.iter().zip(OUTCOMES) {
        assert_eq!(scenario.id, id);
        for (origin, expected) in [(ALLOWED, expected), (REFUSED, "blocked")] {
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
    let valid = source.load().unwrap();
    demo.replace(source, valid).unwrap();
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
    let line = r#"allow_methods     = ["GET", "POST", "PUT", "DELETE"]"#;
    let place = json!({
        "line": 3,
        "column": 1,
        "end": 14,
        "text": line,
        "message": "`PATCH` is not in `allow_methods`",
    });
    assert_eq!(patch["policy"], place);
    let changed = POLICY.replace("\"DELETE\"", "\"DELETE\", \"PATCH\"");
    assert_eq!(patch["change"]["text"], changed);
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
