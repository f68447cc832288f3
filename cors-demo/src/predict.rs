//! What the model of the browser says of a request, under the policy in force.

use cors_browser::{Check, Credentials, Engine, Exchange, Kind, Run, Tainting, Url, Verdict};
use cors_cli::{Fix, PageRequest, Played, Source};
use cors_matrix::server::Framework;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::application::{Answer, Fixture};
use crate::demo::{Demo, InForce};
use crate::finding::Span;
use crate::scenario::{self, Fetch};

/// A request of a page.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    /// The origin of the page, any.
    pub(crate) origin: String,
    /// The URL, on one of the four servers.
    pub(crate) url: String,
    pub(crate) request: Fetch<String, Vec<(String, String)>>,
    /// The browser.
    pub(crate) engine: String,
}

/// What comes of it, and how.
#[derive(Debug, Serialize)]
pub(crate) struct Predicted {
    pub(crate) outcome: Outcome,
    pub(crate) dialogue: Value,
}

/// What the page gets.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Outcome {
    pub(crate) blocked: bool,
    #[serde(flatten)]
    pub(crate) readable: Option<Readable>,
}

/// What it may read.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Readable {
    /// The type of a [`Response`](https://fetch.spec.whatwg.org/#dom-response-type).
    pub(crate) r#type: &'static str,
    /// The status; `None` where it is the framework's own.
    pub(crate) status: Option<u16>,
    pub(crate) headers: Map<String, Value>,
}

impl Predicted {
    /// # Errors
    ///
    /// What in the request is none.
    pub(crate) fn new(demo: &Demo, asked: Asked) -> Result<Self, String> {
        let engine = Engine::BROWSERS
            .into_iter()
            .find(|engine| engine.name() == asked.engine)
            .ok_or_else(|| format!("`{}` is no engine", asked.engine))?;
        let url = Url::parse(&asked.url).map_err(|error| format!("`{}`: {error}", asked.url))?;
        let framework = framework(demo, &url)
            .ok_or_else(|| format!("`{}` is on none of the four servers", asked.url))?;
        let policy = demo.policy();
        let Asked {
            origin, request, ..
        } = asked;
        let (page, note) = page(&origin, url, request)?;
        let server = Fixture {
            framework,
            policy: &policy.sound.policy,
            body: page.body.as_deref(),
        };
        let played = Played::new(&page.request, &mut { server });
        let (_, run) = played
            .runs
            .iter()
            .find(|(other, _)| *other == engine)
            .ok_or("the model does not know this engine")?;
        let is_own = run.exchanges.iter().any(|exchange| {
            exchange.kind == Kind::Actual && server.answer(&exchange.sent) == Answer::Own
        });
        let notes = note.iter().chain(&page.notes).chain(&page.mixed_content);
        let dialogue = json!({
            "call": page.call(),
            "notes": notes.collect::<Vec<_>>(),
            "checks": run.checks.iter().filter(|check| !check.passed)
                .map(|check| check_json(*check, run)).collect::<Vec<_>>(),
            "steps": run.exchanges.iter()
                .map(|exchange| step(&policy, run, exchange)).collect::<Vec<_>>(),
            "engines": engines(&played, is_own),
        });
        let cause = match run.verdict {
            Verdict::Blocked(_) => {
                Fix::find(&policy.source, &policy.sound, &page, &played, &|sent| {
                    server.application(sent)
                })
            }
            Verdict::Response(_) => None,
        };
        Ok(Self {
            outcome: Outcome::new(&run.verdict, page.mixed_content.is_some(), is_own),
            dialogue: with_cause(dialogue, &policy.source, cause.as_ref()),
        })
    }
}

/// Whose server a URL is on.
fn framework(demo: &Demo, url: &Url) -> Option<Framework> {
    let origin = url.origin().ascii_serialization();
    let mut urls = demo.urls.iter();
    urls.find(|(_, url)| *url == origin)
        .map(|(framework, _)| *framework)
}

fn page(
    origin: &str,
    url: Url,
    fetch: Fetch<String, Vec<(String, String)>>,
) -> Result<(PageRequest, Option<String>), String> {
    let (origin, note) = cors_cli::parse_origin(origin)?;
    let mut request = cors_browser::Request::new(url, origin)
        .method(fetch.method)
        .credentials(match fetch.credentials {
            scenario::Credentials::Omit => Credentials::Omit,
            scenario::Credentials::SameOrigin => Credentials::SameOrigin,
            scenario::Credentials::Include => Credentials::Include,
        });
    for (name, value) in fetch.headers {
        request = request.header(name, value);
    }
    Ok((PageRequest::of(request, fetch.body), note))
}

impl Outcome {
    fn new(verdict: &Verdict, is_mixed_content: bool, is_own: bool) -> Self {
        let readable = match verdict {
            Verdict::Response(readable) if !is_mixed_content => {
                let headers = readable.headers.iter().map(|header| {
                    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
                    (text(&header.name), Value::from(text(&header.value)))
                });
                Some(Readable {
                    r#type: match readable.tainting {
                        Tainting::Basic => "basic",
                        Tainting::Cors => "cors",
                        Tainting::Opaque => "opaque",
                        Tainting::OpaqueRedirect => "opaqueredirect",
                    },
                    status: (!is_own).then_some(readable.status),
                    headers: headers.collect(),
                })
            }
            _ => None,
        };
        Self {
            blocked: readable.is_none(),
            readable,
        }
    }
}

fn step(policy: &InForce, run: &Run, exchange: &Exchange) -> Value {
    let sent = &exchange.sent;
    let first = (sent.method.clone(), sent.url.to_string());
    let lines = cors_cli::lines(&sent.headers);
    json!({
        "kind": match exchange.kind {
            Kind::Preflight => "preflight",
            Kind::Actual => "request",
        },
        "title": cors_cli::title(exchange),
        "sent": std::iter::once(first).chain(lines).collect::<Vec<_>>(),
        "credentials": sent.credentials,
        "received": exchange.response.as_ref().map(|response| json!({
            "status": response.status,
            "headers": cors_cli::lines(&response.headers).collect::<Vec<_>>(),
        })),
        "remark": cors_cli::remark(&policy.source, &policy.sound, exchange),
        "checks": exchange.checks.iter().map(|check| check_json(*check, run)).collect::<Vec<_>>(),
    })
}

fn check_json(check: Check, run: &Run) -> Value {
    json!({
        "ok": check.passed,
        "text": cors_cli::check_text(check, run),
        "href": check.step.url(),
    })
}

/// What comes of it in each browser.
fn engines(played: &Played, is_own: bool) -> Value {
    let browsers = played.runs.iter();
    let browsers = browsers.filter(|(engine, _)| Engine::BROWSERS.contains(engine));
    let engines = browsers.map(|(engine, run)| {
        let is_blocked = matches!(run.verdict, Verdict::Blocked(_));
        // The status of the model's answer is not the framework's.
        let is_unknown = is_own && !is_blocked;
        let console = run.console.iter().filter(|_| !is_unknown);
        json!({
            "name": engine.name(),
            "blocked": is_blocked,
            "verdict": match is_unknown {
                true => "the page may read the framework's own answer".to_owned(),
                false => cors_cli::verdict_text(&run.verdict),
            },
            "console": console.map(|line| &line.text).collect::<Vec<_>>(),
        })
    });
    engines.collect()
}

/// The dialogue with why the request is blocked, which line of the policy is responsible, and what would allow
/// it.
fn with_cause(mut dialogue: Value, source: &Source, fix: Option<&Fix>) -> Value {
    let cause = fix.map(|fix| {
        json!({
            "code": fix.code(),
            "message": fix.message(),
            "explanation": cors_cli::summary(fix.code()),
            "further": fix.further(),
            "advice": fix.advice(),
        })
    });
    let place = fix.and_then(Fix::place).map(|place| {
        let Span { start, end } = Span::new(source, &place.span);
        let line = source.text.lines().nth(start.line - 1).unwrap_or_default();
        json!({
            "line": start.line,
            "column": start.column,
            "end": end.column,
            "text": line,
            "message": place.message,
        })
    });
    let change = fix.and_then(|fix| {
        let (diff, text) = (fix.diff(source)?, fix.text()?);
        Some(json!({"diff": diff, "text": text, "danger": fix.danger()}))
    });
    if let Value::Object(dialogue) = &mut dialogue {
        dialogue.insert("cause".to_owned(), json!(cause));
        dialogue.insert("policy".to_owned(), json!(place));
        dialogue.insert("change".to_owned(), json!(change));
    }
    dialogue
}

#[cfg(test)]
mod tests {
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

    /// What comes of the scenarios, under the policy of the workspace and on an allowed page.
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
        let sound = source.load().unwrap();
        demo.replace(source, sound).unwrap();
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
        // No such thing, to `fetch()`.
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
                "text": "`Access-Control-Allow-Origin` is there",
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
        let engines = patch["engines"].as_array().unwrap().iter();
        let blocked = engines.map(|engine| (engine["name"].clone(), engine["blocked"].clone()));
        let expected = ["Chromium", "Firefox", "WebKit"].map(|name| (json!(name), json!(true)));
        assert_eq!(blocked.collect::<Vec<_>>(), expected);

        let trace = dialogue("TRACE", &[]);
        assert_eq!(
            trace["checks"][0]["text"],
            "the method is no token, or forbidden"
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
            "`http://127.0.0.1:1/echo` is on none of the four servers",
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
        check(Asked { engine, ..asked }, "`Gecko` is no engine");
    }
}
