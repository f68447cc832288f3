//! Each message that the browser model prints is recognized as the failure that the model has.

use std::collections::BTreeSet;

use cors_browser_model::{
    Blocked, Credentials, Engine, Kind, Malformed, NetworkError, Origin, Request, Response,
    SentRequest, Url, console,
};

use crate::console::message::Message;
use crate::console::read::read;
use crate::failure_code::FailureCode;
use crate::simulation::Simulation;

const PAGE: &str = "https://app.example.com";
const API: &str = "https://api.example.com/users";

/// Where an engine says less than the model knows: what fails, and the failure that its text means.
const EXCEPTIONS: &[(Engine, FailureCode, FailureCode)] = &[
    // One text, with a status, for all failures that are not about the origin.
    (
        Engine::WebKit,
        FailureCode::AllowOriginMismatch,
        FailureCode::AllowOriginMissing,
    ),
    (
        Engine::WebKit,
        FailureCode::AllowOriginInvalid,
        FailureCode::AllowOriginMissing,
    ),
    (
        Engine::WebKit,
        FailureCode::AllowOriginMultiple,
        FailureCode::AllowOriginMissing,
    ),
    // It would reject it like any other header.
    (
        Engine::Firefox,
        FailureCode::AuthorizationNotListed,
        FailureCode::HeaderNotAllowed,
    ),
    // The request is cancelled without a reason, or with the reason of another.
    (
        Engine::Firefox,
        FailureCode::RedirectMode,
        FailureCode::NoResponse,
    ),
    (
        Engine::Firefox,
        FailureCode::RedirectLocation,
        FailureCode::NoResponse,
    ),
    (
        Engine::Firefox,
        FailureCode::RedirectScheme,
        FailureCode::SchemeNotSupported,
    ),
    (
        Engine::Firefox,
        FailureCode::RedirectCount,
        FailureCode::NoResponse,
    ),
    (
        Engine::Firefox,
        FailureCode::RedirectCredentials,
        FailureCode::NoResponse,
    ),
    (
        Engine::Firefox,
        FailureCode::RedirectBody,
        FailureCode::NoResponse,
    ),
];

/// The failure that the text of an engine means. Records the exceptions that were needed.
fn expected(
    engine: Engine,
    error: &NetworkError,
    found: FailureCode,
    needed: &mut BTreeSet<usize>,
) -> FailureCode {
    let failure = FailureCode::from(error);
    let exception = (engine, failure, found);
    match EXCEPTIONS.iter().position(|known| *known == exception) {
        Some(index) => {
            needed.insert(index);
            found
        }
        None => failure,
    }
}

#[test]
fn every_text_of_the_model_is_understood() {
    let mut needed = BTreeSet::new();
    let mut texts = 0;
    for blocked in every_failure() {
        for engine in Engine::BROWSERS {
            let lines = console(engine, &blocked);
            let lines: Vec<_> = lines.iter().map(|line| line.text.as_str()).collect();
            if lines.is_empty() {
                continue;
            }
            texts += 1;
            let text = [lines.join("\n").as_str(), engine.type_error()].join("\n");
            let messages = read(&text);
            let [message] = &messages[..] else {
                panic!("{messages:#?}\n{text}");
            };
            let expected = expected(engine, &blocked.error, message.failure, &mut needed);
            assert_eq!(message.failure, expected, "{text}");
            assert_eq!(message.engine, Some(engine), "{text}");
            assert_eq!(message.facts.url.as_deref(), Some(API), "{text}");
            check_facts(message, &blocked, &text);
        }
    }
    assert!(texts > 60, "{texts}");
    let superfluous: Vec<_> = (0..EXCEPTIONS.len())
        .filter(|index| !needed.contains(index))
        .collect();
    assert_eq!(superfluous, [0; 0], "not needed any more");
}

#[track_caller]
fn check_facts(message: &Message, blocked: &Blocked, text: &str) {
    let facts = &message.facts;
    if message.engine == Some(Engine::Chromium) {
        assert_eq!(facts.origin.as_deref(), Some(PAGE), "{text}");
        assert_eq!(facts.kind.as_deref(), Some("fetch"), "{text}");
        let is_preflight = facts.preflight.unwrap_or_default();
        assert_eq!(
            is_preflight,
            blocked.kind == Some(Kind::Preflight),
            "{text}"
        );
    }
    if let (Some(origin), Some(Engine::WebKit)) = (&facts.origin, message.engine) {
        assert_eq!(origin, PAGE, "{text}");
    }
    if let Some(method) = &facts.method {
        assert_eq!(*method, blocked.method, "{text}");
    }
    if let (NetworkError::HeadersNotAllowed { names }, Some(header)) =
        (&blocked.error, &facts.header)
    {
        assert_eq!(header, &names[0], "{text}");
    }
    if let (NetworkError::AllowOriginMismatch { value }, Some(found)) =
        (&blocked.error, &facts.value)
    {
        assert!(found == value || !value.is_ascii(), "{text}");
    }
}

/// Every kind of failure that a browser can report, wherever it can happen.
fn every_failure() -> Vec<Blocked> {
    let checks = [
        "",
        "*",
        "null",
        "a, b",
        "https://a.example https://b.example",
        "é",
        "app.example.com",
    ]
    .into_iter()
    .chain([
        "https://other.example",
        "https://app.example.com/",
        "HTTPS://APP.EXAMPLE.COM",
    ])
    .map(|value| NetworkError::AllowOriginMismatch {
        value: value.to_owned(),
    })
    .chain([
        NetworkError::AllowOriginMissing,
        NetworkError::AllowOriginRepeated,
    ])
    .chain(
        [None, Some(""), Some("TRUE"), Some("true, true")].map(|value| {
            NetworkError::AllowCredentials {
                value: value.map(str::to_owned),
            }
        }),
    );
    let malformed = |value: &str| Malformed {
        value: value.to_owned(),
        token: value.to_owned(),
    };
    let of_preflight = [
        NetworkError::PreflightStatus,
        NetworkError::PreflightRedirect,
        NetworkError::AllowMethodsSyntax(malformed("PUT POST")),
        NetworkError::AllowHeadersSyntax(malformed("X-A X-B")),
        NetworkError::MethodNotAllowed,
        NetworkError::AuthorizationNotListed,
        NetworkError::HeadersNotAllowed {
            names: vec!["x-custom".to_owned(), "x-other".to_owned()],
        },
        NetworkError::HeadersNotAllowed {
            names: vec!["authorization".to_owned()],
        },
    ];
    let of_redirect = [
        NetworkError::RedirectMode,
        NetworkError::RedirectLocation,
        NetworkError::RedirectScheme,
        NetworkError::RedirectCount,
        NetworkError::RedirectCredentials,
        NetworkError::RedirectBody,
    ];
    let before = [
        NetworkError::SameOriginMode,
        NetworkError::NoCorsRedirectMode,
        NetworkError::Scheme,
        NetworkError::Connection,
    ];
    let url = |text: &str| Url::parse(text).unwrap();
    let of =
        |error: NetworkError, kind: Option<Kind>, status: u16, location: Option<&str>| Blocked {
            error,
            kind,
            url: url(API),
            first_url: url(API),
            page: PAGE.to_owned(),
            origin: PAGE.to_owned(),
            method: "PATCH".to_owned(),
            status: kind.map(|_| status),
            location: location.map(url),
        };
    let mut all = Vec::new();
    for error in checks {
        all.push(of(error.clone(), Some(Kind::Preflight), 204, None));
        all.push(of(error.clone(), Some(Kind::Actual), 500, None));
        let location = Some("https://www.example.com/");
        all.push(of(error, Some(Kind::Actual), 302, location));
    }
    all.extend(of_preflight.map(|error| of(error, Some(Kind::Preflight), 301, None)));
    let location = Some("https://user:pass@www.example.com/");
    all.extend(of_redirect.map(|error| of(error, Some(Kind::Actual), 302, location)));
    all.extend(before.map(|error| of(error, None, 0, None)));
    all
}

/// The same for whole consoles, of simulated requests.
#[test]
fn every_console_of_a_played_request_is_understood() {
    let credentialed = || request("GET").credentials(Credentials::Include);
    let origin = ("Access-Control-Allow-Origin", PAGE);
    let allowed = || Response::new(200, [origin]);
    let preflight = |status, header: (&str, &str)| Response::new(status, [origin, header]);
    let rows = [
        (request("GET"), None, Response::new(200, [("X", "1")])),
        (request("GET"), None, Response::new(404, [("X", "1")])),
        (
            request("GET"),
            None,
            Response::new(302, [("Location", "/login")]),
        ),
        (
            credentialed(),
            None,
            Response::new(200, [("Access-Control-Allow-Origin", "*")]),
        ),
        (credentialed(), None, allowed()),
        (
            request("GET"),
            None,
            Response::new(200, [origin, ("Access-Control-Allow-Origin", "*")]),
        ),
        (request("PUT"), Some(preflight(401, ("X", "1"))), allowed()),
        (
            request("PUT"),
            Some(Response::new(403, [("X", "1")])),
            allowed(),
        ),
        (request("PUT"), Some(preflight(204, ("X", "1"))), allowed()),
        (
            request("PUT"),
            Some(preflight(301, ("Location", "/users/"))),
            allowed(),
        ),
        (
            request("PUT"),
            Some(preflight(204, ("Access-Control-Allow-Methods", "GET PUT"))),
            allowed(),
        ),
        (
            request("GET").header("X-Custom", "1"),
            Some(preflight(204, ("Access-Control-Allow-Headers", "x-other"))),
            allowed(),
        ),
        (
            request("PUT"),
            Some(preflight(204, ("Access-Control-Allow-Methods", "PUT"))),
            Response::new(500, [("X", "1")]),
        ),
    ];
    let mut needed = BTreeSet::new();
    for (request, preflight, actual) in rows {
        let mut server = |sent: &SentRequest| match sent.method.as_str() {
            "OPTIONS" => preflight.clone(),
            _ => Some(actual.clone()),
        };
        let simulation = Simulation::new(&request, &mut server);
        for (engine, run, blocked) in simulation.blocked() {
            if engine == Engine::Standard {
                continue;
            }
            let lines = run.console.iter().map(|line| line.text.as_str());
            let text = lines.collect::<Vec<_>>().join("\n");
            let messages = read(&text);
            let [message] = &messages[..] else {
                panic!("{engine:?}: {messages:#?}\n{text}");
            };
            let expected = expected(engine, &blocked.error, message.failure, &mut needed);
            assert_eq!(message.failure, expected, "{engine:?}: {text}");
        }
        assert!(simulation.blocked().count() >= 3, "{request:?}");
    }
}

#[test]
fn a_websocket_that_does_not_open_is_understood() {
    let url = Url::parse("wss://api.example.com/ws").unwrap();
    let request = Request::websocket(url, Origin::parse(PAGE).unwrap());
    let mut server = |_: &SentRequest| Some(Response::new(403, [("X", "1")]));
    let simulation = Simulation::new(&request, &mut server);
    assert_eq!(simulation.blocked().count(), Engine::ALL.len());
    for (engine, run, _) in simulation.blocked().skip(1) {
        let texts: Vec<_> = run.console.iter().map(|line| &*line.text).collect();
        let messages = read(&texts.join("\n"));
        let [message] = &messages[..] else {
            panic!("{engine:?}: {messages:#?}");
        };
        assert_eq!(message.failure, FailureCode::WebSocketNotOpen);
        assert_eq!(message.engine, Some(engine));
        assert_eq!(
            message.facts.url.as_deref(),
            Some("wss://api.example.com/ws")
        );
    }
}

fn request(method: &str) -> Request {
    let url = Url::parse(API).unwrap();
    Request::new(url, Origin::parse(PAGE).unwrap()).method(method)
}
