//! The requests of the page to this program: `/api/...`.

use cors_browser_model::Engine;
use cors_core::Variables;
use cors_explain::{Source, findings};
use cors_matrix::server::ORIGIN_SET;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::demo::{Demo, NotChanged};
use crate::finding::Finding;
use crate::guard::Refusal;
use crate::predict::{Asked, Predicted};
use crate::scenario::SCENARIOS;
use crate::site::Site;

/// A request of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// The addresses, the scenarios and the current policy.
    State,
    /// The model's prediction for a request.
    Predict,
    /// The errors, warnings and notes about a policy.
    Check,
    /// Makes a policy the current one.
    Policy,
    /// Adds an origin to the set, or removes it.
    Set,
}

/// A status, and a JSON document.
pub(crate) type Answer = (StatusCode, Value);

/// The response headers that the page compares with those of the prediction: the headers that the applications set. The
/// frameworks differ in the others.
const COMPARED: [&str; 4] = [
    "x-handler",
    "x-request-id",
    "vary",
    "access-control-allow-origin",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    origin: String,
    add: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    text: String,
}

impl Call {
    pub(crate) fn at(path: &str) -> Option<Self> {
        Some(match path {
            "/api/state" => Self::State,
            "/api/predict" => Self::Predict,
            "/api/check" => Self::Check,
            "/api/policy" => Self::Policy,
            "/api/set" => Self::Set,
            _ => return None,
        })
    }

    pub(crate) fn method(self) -> Method {
        match self {
            Self::State => Method::GET,
            Self::Predict | Self::Check | Self::Policy | Self::Set => Method::POST,
        }
    }

    /// Answers a request of the page.
    ///
    /// # Errors
    ///
    /// If the request is invalid.
    pub(crate) fn answer(
        self,
        demo: &Demo,
        site: &Site,
        user_agent: &str,
        body: &[u8],
    ) -> Result<Answer, Refusal> {
        match self {
            Self::State => Ok((StatusCode::OK, state(demo, site, user_agent))),
            Self::Predict => predict(demo, read(body)?),
            Self::Check => {
                let source = source(demo, read(body)?);
                Ok((StatusCode::OK, json!({"findings": found(&source)})))
            }
            Self::Policy => policy(demo, source(demo, read(body)?)),
            Self::Set => change_set(demo, &read(body)?),
        }
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body)
        .map_err(|error| Refusal::new(StatusCode::BAD_REQUEST, format!("the body: {error}")))
}

fn state(demo: &Demo, site: &Site, user_agent: &str) -> Value {
    let [allowed, refused] = &demo.origins;
    let policy = demo.policy();
    let frameworks = demo.urls.iter().map(|(framework, url)| {
        use cors_matrix::server::Framework::{Actix, Axum, Rocket, Warp};
        let title = match framework {
            Axum => "axum",
            Actix => "actix-web",
            Rocket => "Rocket",
            Warp => "warp",
        };
        json!({"name": framework.name(), "title": title, "url": url})
    });
    json!({
        "page": site.kind,
        "origins": {"allowed": allowed, "refused": refused},
        "frameworks": frameworks.collect::<Vec<_>>(),
        "policy": {
            "name": policy.source.name,
            "text": policy.source.text,
            "original": demo.original,
            "version": policy.version,
        },
        "set": {"name": ORIGIN_SET, "origins": policy.origins},
        "engine": engine(user_agent).name(),
        "compare": {"headers": COMPARED},
        "scenarios": SCENARIOS,
    })
}

/// The engine of a browser, by its `User-Agent`.
fn engine(user_agent: &str) -> Engine {
    let is = |name| user_agent.contains(name);
    match () {
        () if is("Firefox/") => Engine::Firefox,
        // Every browser on iOS is WebKit, and Chromium's `User-Agent` has `AppleWebKit/`, too.
        () if is("AppleWebKit/") && !is("Chrome/") && !is("Chromium/") => Engine::WebKit,
        () => Engine::Chromium,
    }
}

fn predict(demo: &Demo, asked: Asked) -> Result<Answer, Refusal> {
    let predicted = Predicted::new(demo, asked)
        .map_err(|error| Refusal::new(StatusCode::BAD_REQUEST, error))?;
    Ok((StatusCode::OK, json!(predicted)))
}

fn source(demo: &Demo, Text { text }: Text) -> Source {
    // The variables of this process are not for pages.
    let policy = demo.policy();
    let source = Source::new(policy.source.name.clone(), text).variables(Variables::none());
    policy.with_set(source)
}

fn found(source: &Source) -> Vec<Finding> {
    let findings = findings(source).into_iter();
    findings.map(|found| Finding::new(source, found)).collect()
}

fn policy(demo: &Demo, source: Source) -> Result<Answer, Refusal> {
    let found = found(&source);
    if source.load().is_err() {
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, json!({"findings": found})));
    }
    let version = demo.replace(source).map_err(|error| {
        let message = format!("the policy is valid, but the servers could not load it: {error}");
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, message)
    })?;
    Ok((
        StatusCode::OK,
        json!({"version": version, "findings": found}),
    ))
}

fn change_set(demo: &Demo, change: &Change) -> Result<Answer, Refusal> {
    match demo.change_set(&change.origin, change.add) {
        Ok(version) => Ok((StatusCode::OK, json!({"version": version}))),
        Err(NotChanged::Origin(message)) => {
            Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, message))
        }
        Err(NotChanged::Servers(error)) => {
            Err(Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, error))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::tests::{ALLOWED, Fake, POLICY, REFUSED, demo};
    use crate::site::Kind;

    fn answer(call: Call, demo: &Demo, body: &Value) -> Answer {
        let site = Site::new(Kind::Allowed, 8090);
        let body = serde_json::to_vec(body).unwrap();
        call.answer(demo, &site, "", &body).unwrap()
    }

    #[test]
    fn the_state() {
        let demo = demo(Fake::default());
        let (status, state) = answer(Call::State, &demo, &Value::Null);
        assert_eq!(status, StatusCode::OK);
        assert_eq!(state["page"], "allowed");
        assert_eq!(state["origins"]["allowed"], ALLOWED);
        let warp = json!({"name": "warp", "title": "warp", "url": "http://127.0.0.1:40004"});
        assert_eq!(state["frameworks"][3], warp);
        assert_eq!(state["policy"]["text"], POLICY);
        assert_eq!(state["policy"]["version"], 1);
        let put = state["scenarios"].as_array().unwrap().iter();
        let mut put = put.filter(|scenario| scenario["id"] == "put");
        let request = json!({
            "by": "fetch",
            "method": "PUT",
            "path": "/echo",
            "headers": [["content-type", "application/json"]],
            "credentials": "same-origin",
            "body": "{\"name\":\"Ada\"}",
        });
        assert_eq!(put.next().unwrap()["request"], request);
    }

    #[test]
    fn engines() {
        #[track_caller]
        fn check(user_agent: &str, expected: Engine) {
            assert_eq!(engine(user_agent), expected, "{user_agent}");
        }
        let webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
        check(
            "Mozilla/5.0 (X11; rv:128.0) Gecko/20100101 Firefox/128.0",
            Engine::Firefox,
        );
        check(
            &format!("{webkit} Chrome/140.0 Safari/537.36 Edg/140.0"),
            Engine::Chromium,
        );
        check(
            &format!("{webkit} HeadlessChrome/140.0 Safari/537.36"),
            Engine::Chromium,
        );
        check(
            &format!("{webkit} Version/18.0 Safari/605.1.15"),
            Engine::WebKit,
        );
        check(
            &format!("{webkit} FxiOS/140.0 Mobile Safari/605.1.15"),
            Engine::WebKit,
        );
        check("", Engine::Chromium);
    }

    const NO_POLICY: &str = "allow_origins = [\"https://ä.example\"]\nallow_methods = [\"put\"]\n";

    #[test]
    fn findings_have_places_in_characters() {
        let demo = demo(Fake::default());
        let (status, found) = answer(Call::Check, &demo, &json!({"text": NO_POLICY}));
        assert_eq!(status, StatusCode::OK);
        let at = |line, column| json!({"line": line, "column": column});
        let [origin, method] = found["findings"].as_array().unwrap().as_slice() else {
            panic!("{found}")
        };
        assert_eq!(origin["level"], "error");
        assert_eq!(origin["code"], "invalid-origin");
        assert_eq!((&origin["start"], &origin["end"]), (&at(1, 18), &at(1, 37)));
        assert_eq!(method["suggestion"]["replacement"], "\"PUT\"");
        assert_eq!(method["suggestion"]["start"], at(2, 18));

        let (_, found) = answer(Call::Check, &demo, &json!({"text": POLICY}));
        assert_eq!(
            found,
            json!({"findings": []}),
            "the page begins without findings"
        );
        assert_eq!(demo.policy().version, 1);
    }

    #[test]
    fn a_policy_is_in_force_at_once() {
        let servers = Fake::default();
        let demo = demo(servers.clone());
        let text = POLICY.replace("\"PUT\"", "\"PATCH\"");
        for version in 2..5 {
            let (status, said) = answer(Call::Policy, &demo, &json!({"text": text}));
            assert_eq!(
                (status, &said["version"]),
                (StatusCode::OK, &json!(version))
            );
        }
        assert_eq!(*servers.text.lock().unwrap(), text);
        let (_, state) = answer(Call::State, &demo, &Value::Null);
        assert_eq!(state["policy"]["text"], text);
        assert_eq!(state["policy"]["original"], POLICY);
        let patch = json!({
            "origin": ALLOWED,
            "url": "http://127.0.0.1:40001/echo",
            "request": {"by": "fetch", "method": "PATCH", "path": "/echo", "headers": [], "credentials": "omit", "body": null},
            "engine": "WebKit",
        });
        let (_, predicted) = answer(Call::Predict, &demo, &patch);
        assert_eq!(predicted["outcome"]["status"], 200);
    }

    #[test]
    fn a_bad_policy_changes_nothing() {
        let servers = Fake::default();
        let demo = demo(servers.clone());
        for text in [NO_POLICY, "", "allow_origins = [", "\u{0}"] {
            let (status, said) = answer(Call::Policy, &demo, &json!({"text": text}));
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{text}");
            assert_eq!(said["findings"][0]["level"], "error", "{text}");
        }
        assert_eq!(*servers.text.lock().unwrap(), "");
        assert_eq!(demo.policy().version, 1);
        assert_eq!(demo.policy().source.text, POLICY);
    }

    #[test]
    fn a_set_changes_without_a_new_policy() {
        let servers = Fake::default();
        let demo = demo(servers.clone());
        let get = json!({
            "origin": REFUSED,
            "url": "http://127.0.0.1:40001/echo",
            "request": {"by": "fetch", "method": "GET", "path": "/echo", "headers": [], "credentials": "omit", "body": null},
            "engine": "Firefox",
        });
        let predicted = |demo: &Demo| answer(Call::Predict, demo, &get).1;
        let now = predicted(&demo);
        assert_eq!(now["outcome"]["kind"], "blocked");
        let advice = format!("add the line `{REFUSED}` to customers.txt");
        assert_eq!(now["dialogue"]["cause"]["advice"][0], advice);

        let change = |origin: &str, add: bool| json!({"origin": origin, "add": add});
        let (status, said) = answer(Call::Set, &demo, &change(REFUSED, true));
        assert_eq!((status, said), (StatusCode::OK, json!({"version": 2})));
        assert_eq!(*servers.origins.lock().unwrap(), format!("{REFUSED}\n"));
        assert_eq!(predicted(&demo)["outcome"]["status"], 200);
        // Again: nothing changes.
        let (_, said) = answer(Call::Set, &demo, &change(REFUSED, true));
        assert_eq!(said, json!({"version": 2}));
        let (_, state) = answer(Call::State, &demo, &Value::Null);
        assert_eq!(
            state["set"],
            json!({"name": "customers", "origins": [REFUSED]})
        );

        // The set survives the policy.
        let text = json!({"text": format!("{POLICY}refuse = ['websocket']\n")});
        let (_, said) = answer(Call::Policy, &demo, &text);
        assert_eq!(said["version"], 3);
        assert_eq!(predicted(&demo)["outcome"]["status"], 200);

        let (_, said) = answer(Call::Set, &demo, &change(REFUSED, false));
        assert_eq!(said, json!({"version": 4}));
        assert_eq!(predicted(&demo)["outcome"]["kind"], "blocked");
        assert_eq!(*servers.origins.lock().unwrap(), "");
    }

    #[test]
    fn the_servers_have_one_set() {
        let demo = demo(Fake::default());
        let text = json!({"text": "allow_origins = [{ set = 'customers' }, { set = 'partners' }]"});
        for call in [Call::Check, Call::Policy] {
            let (_, found) = answer(call, &demo, &text);
            assert_eq!(found["findings"][0]["code"], "unknown-origin-set");
            assert_eq!(found["findings"].as_array().unwrap().len(), 1);
        }
        assert_eq!(demo.policy().version, 1);
    }

    #[test]
    fn origins_that_the_set_does_not_take() {
        let site = Site::new(Kind::Allowed, 8090);
        let refusal = |demo: &Demo, origin: &str| {
            let body = serde_json::to_vec(&json!({"origin": origin, "add": true})).unwrap();
            Call::Set.answer(demo, &site, "", &body).unwrap_err()
        };
        let of_servers = demo(Fake {
            refuses: true,
            ..Fake::default()
        });
        let expected = Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "no");
        assert_eq!(refusal(&of_servers, REFUSED), expected);
        assert_eq!(of_servers.policy().version, 1);

        let demo = demo(Fake::default());
        for origin in [
            "",
            "acme.example",
            "http://acme.example",
            "null",
            "https://a.example\nhttps://b.example",
        ] {
            let refusal = refusal(&demo, origin);
            assert_eq!(refusal.status, StatusCode::UNPROCESSABLE_ENTITY, "{origin}");
        }
        assert_eq!(demo.policy().version, 1);
        for number in 0..20 {
            demo.change_set(&format!("https://a{number}.example"), true)
                .unwrap();
        }
        let message = "the list here is for at most 20 origins";
        let expected = Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, message);
        assert_eq!(refusal(&demo, REFUSED), expected);
    }

    #[test]
    fn variables_are_not_taken() {
        let demo = demo(Fake::default());
        let text = json!({"text": "allow_origins = ['${PATH}']"});
        let (_, found) = answer(Call::Check, &demo, &text);
        assert_eq!(found["findings"][0]["code"], "unset-variable");
    }

    #[test]
    fn servers_that_do_not_take_a_policy() {
        let demo = demo(Fake {
            refuses: true,
            ..Fake::default()
        });
        let site = Site::new(Kind::Allowed, 8090);
        let body = serde_json::to_vec(&json!({"text": "allow_origins = ['*']"})).unwrap();
        let refusal = Call::Policy.answer(&demo, &site, "", &body).unwrap_err();
        let message = "the policy is valid, but the servers could not load it: no";
        let expected = Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, message);
        assert_eq!(refusal, expected);
        assert_eq!(demo.policy().version, 1);
    }

    #[test]
    fn bodies_that_are_no_question() {
        #[track_caller]
        fn check(call: Call, body: &str) {
            let site = Site::new(Kind::Allowed, 8090);
            let answered = call.answer(&demo(Fake::default()), &site, "", body.as_bytes());
            assert_eq!(
                answered.unwrap_err().status,
                StatusCode::BAD_REQUEST,
                "{body}"
            );
        }
        check(Call::Check, "");
        check(Call::Check, "{}");
        check(Call::Policy, "{\"text\": 1}");
        check(Call::Policy, "{\"text\": \"\", \"version\": 1}");
        check(Call::Predict, "{\"origin\": \"null\"}");
    }
}
