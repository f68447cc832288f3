//! Every fetch has a result, for all requests and responses.

use std::time::Duration;

use cors_browser_model::{
    Body, Credentials, Engine, FetchOutcome, Headers, Mode, Origin, PreflightCache, Recorded,
    RedirectMode, Request, Response, SentRequest, Url, fetch, judge_preflight, judge_response,
    readable_headers,
};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::{API, PAGE, get, response};

/// Relevant names in any case, and any other bytes.
fn name() -> impl Strategy<Value = Vec<u8>> {
    let names = [
        "Access-Control-Allow-Origin",
        "Access-Control-Allow-Credentials",
        "Access-Control-Allow-Methods",
        "Access-Control-Allow-Headers",
        "Access-Control-Expose-Headers",
        "Access-Control-Max-Age",
        "access-control-allow-origin",
        "Location",
        "Timing-Allow-Origin",
        "Content-Type",
        "Authorization",
        "X-A",
    ];
    let names = proptest::sample::select(names.to_vec());
    prop_oneof![9 => names.prop_map(|name| name.as_bytes().to_vec()), 1 => any::<Vec<u8>>()]
}

/// Relevant values, joined or alone, and any other bytes.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let values = [
        "*",
        PAGE,
        API,
        "null",
        "true",
        "TRUE",
        "PUT",
        "put",
        "X-A",
        "authorization",
        "60",
        "-1",
        "0",
        "",
        "a b",
        "\"",
        "\\",
        "//user@c.example/",
        "/",
    ];
    let values = proptest::sample::select(values.to_vec());
    let joined = vec(values, 1..4).prop_map(|values| values.join(", ").into_bytes());
    prop_oneof![9 => joined, 1 => any::<Vec<u8>>()]
}

fn any_headers() -> impl Strategy<Value = Headers> {
    vec((name(), value()), 0..8).prop_map(Headers::from_iter)
}

fn any_response() -> impl Strategy<Value = Response> {
    let status = prop_oneof![Just(200), Just(204), Just(302), Just(307), any::<u16>()];
    (status, any_headers()).prop_map(|(status, headers)| Response::new(status, headers))
}

prop_compose! {
    fn any_request()(
        url in proptest::sample::select(vec![API, PAGE, "http://b.example:81/a#b", "data:,", "https://u@c.example/"]),
        origin in proptest::sample::select(vec![PAGE, "null", "http://localhost:3000"]),
        method in prop_oneof![Just("GET".to_owned()), Just("PUT".to_owned()), Just("post".to_owned()), ".*"],
        headers in any_headers(),
        credentials in proptest::sample::select(vec![Credentials::Omit, Credentials::SameOrigin, Credentials::Include]),
        mode in proptest::sample::select(vec![Mode::Cors, Mode::Cors, Mode::NoCors, Mode::SameOrigin]),
        redirect in proptest::sample::select(vec![RedirectMode::Follow, RedirectMode::Error, RedirectMode::Manual]),
        body in proptest::sample::select(vec![Body::None, Body::Source, Body::Stream]),
        use_cors_preflight in any::<bool>(),
    ) -> Request {
        let origin = Origin::parse(origin).unwrap();
        let url = Url::parse(url).unwrap();
        let mut request = Request::new(url, origin).method(method).credentials(credentials);
        request.headers = headers;
        request.use_cors_preflight = use_cors_preflight;
        request.mode(mode).redirect(redirect).body(body)
    }
}

proptest! {
    #[test]
    fn every_dialogue_has_a_verdict(
        engine in proptest::sample::select(Engine::ALL.to_vec()),
        requests in vec(any_request(), 1..4),
        responses in vec(proptest::option::weighted(0.9, any_response()), 1..6),
    ) {
        let mut cache = PreflightCache::new();
        let mut next = responses.iter().cycle();
        let mut server = |_: &SentRequest| next.next().unwrap().clone();
        for (second, request) in requests.iter().enumerate() {
            let now = Duration::from_secs(second as u64);
            let run = fetch(engine, request, &mut cache, now, &mut server);
            prop_assert!(run.exchanges.len() <= 42, "20 redirects, each with a preflight");
            let checks = run.exchanges.iter().flat_map(|exchange| &exchange.checks);
            let failures = run.checks.iter().chain(checks).filter(|check| !check.passed);
            let failures: Vec<_> = failures.map(|check| check.step).collect();
            match &run.outcome {
                FetchOutcome::Response(_) => prop_assert_eq!(failures, []),
                FetchOutcome::Blocked(failure) => {
                    prop_assert_eq!(failures, [failure.error.step()]);
                    prop_assert!(!failure.error.to_string().is_empty());
                }
            }
        }
    }

    /// The checks of single responses agree with the whole fetch.
    #[test]
    fn parts_agree_with_the_whole(
        engine in proptest::sample::select(Engine::ALL.to_vec()),
        request in any_request(),
        preflight in any_response(),
        actual in any_response(),
    ) {
        parts_agree(engine, &request, &preflight, &actual);
    }

    /// If a server sends each header once and well-formed, all engines and the standard agree, except about
    /// `Authorization` and the cache.
    #[test]
    fn well_formed_responses_mean_the_same_to_all(
        credentials in proptest::sample::select(vec![Credentials::Omit, Credentials::Include]),
        method in proptest::sample::select(vec!["GET", "POST", "PUT", "PATCH"]),
        header in proptest::sample::select(vec!["Accept", "X-A", "X-B", "Content-Type"]),
        origin in proptest::sample::select(vec!["", "*", PAGE, API, "null"]),
        allow_credentials in proptest::sample::select(vec!["", "true", "false"]),
        methods in proptest::sample::select(vec!["", "*", "PUT", "PUT, PATCH"]),
        names in proptest::sample::select(vec!["", "*", "x-a", "X-A, content-type"]),
        status in proptest::sample::select(vec![200, 204, 404]),
    ) {
        let request = get(API).method(method).header(header, "application/json").credentials(credentials);
        let lines = [
            ("Access-Control-Allow-Origin", origin),
            ("Access-Control-Allow-Credentials", allow_credentials),
            ("Access-Control-Allow-Methods", methods),
            ("Access-Control-Allow-Headers", names),
        ];
        let lines = lines.into_iter().filter(|(_, value)| !value.is_empty());
        let answer = Response::new(status, lines.collect::<Headers>());
        let sent = Engine::ALL.map(|engine| {
            let run = crate::run(engine, &request, |_| answer.clone());
            (crate::sent(&run), crate::failed(&run).is_empty())
        });
        prop_assert_eq!(&sent, &[sent[0].clone(), sent[0].clone(), sent[0].clone(), sent[0].clone()]);
    }

    #[test]
    fn anything_can_be_recorded(
        method in ".*",
        headers in any_headers(),
        origin in value(),
    ) {
        let mut headers = headers;
        headers.append("Origin", origin);
        let url = Url::parse(API).unwrap();
        for method in [&*method, "OPTIONS"] {
            let _ = Recorded::read(method, url.clone(), &headers, Credentials::Omit);
        }
    }

    #[test]
    fn cookies_are_never_readable(engine in proptest::sample::select(Engine::ALL.to_vec()), mut headers in any_headers()) {
        headers.append("Set-Cookie", "a=b");
        headers.append("Access-Control-Expose-Headers", "*, Set-Cookie");
        for credentials in [Credentials::Omit, Credentials::Include] {
            prop_assert!(!readable_headers(engine, credentials, &headers).contains("Set-Cookie"));
        }
    }
}

/// Fails unless the check of the only response of a fetch has the same result as the fetch.
fn parts_agree(engine: Engine, request: &Request, preflight: &Response, actual: &Response) {
    let mut server = |sent: &SentRequest| {
        let answer = match sent.headers.contains("Access-Control-Request-Method") {
            true => preflight,
            false => actual,
        };
        Some(answer.clone())
    };
    let mut cache = PreflightCache::new();
    let run = fetch(engine, request, &mut cache, Duration::ZERO, &mut server);
    let [exchange] = &*run.exchanges else { return };
    let blocked = match run.outcome {
        FetchOutcome::Response(_) => None,
        FetchOutcome::Blocked(failure) => Some(failure),
    };
    // The check of one response does not follow a redirect. Errors of the redirect have steps of their own; an
    // error that keeps the next request from being sent belongs to no exchange.
    let by_redirect = blocked.as_ref().is_some_and(|failure| {
        failure.kind.is_none() || failure.error.step().name().starts_with("redirect")
    });
    if !by_redirect {
        let judged = match exchange.kind {
            cors_browser_model::Kind::Preflight => {
                judge_preflight(engine, request, preflight).result.err()
            }
            cors_browser_model::Kind::Actual => {
                judge_response(engine, request, actual).result.err()
            }
        };
        assert_eq!(judged, blocked);
    }
}

/// Few generated requests are redirected away from their origin in such a mode, so this tests one.
#[test]
fn parts_agree_where_a_redirect_leads_where_the_mode_does_not() {
    let location = response(302, &format!("Location: {API}"));
    for engine in Engine::ALL {
        for mode in [Mode::SameOrigin, Mode::NoCors, Mode::Cors] {
            for redirect in [RedirectMode::Follow, RedirectMode::Manual] {
                let request = get(PAGE).mode(mode).redirect(redirect);
                parts_agree(engine, &request, &response(200, ""), &location);
            }
        }
    }
}

/// With quadratic time, this would take hours.
#[test]
fn huge_responses() {
    const MANY: usize = 20_000;
    let names: Vec<_> = (0..MANY).map(|n| format!("x-{n}")).collect();
    let list = names.join(",");
    let mut answer = response(200, &format!("Access-Control-Allow-Origin: {PAGE}"));
    for name in &names {
        answer.headers.append(name, "1");
        answer.headers.append("Access-Control-Allow-Headers", name);
        answer.headers.append("Access-Control-Expose-Headers", name);
        answer.headers.append("Timing-Allow-Origin", name);
    }
    for name in [
        "Access-Control-Allow-Methods",
        "Access-Control-Allow-Headers",
    ] {
        answer.headers.append(name, &list);
        answer.headers.append(name, ",".repeat(MANY));
    }
    answer
        .headers
        .append("Access-Control-Max-Age", "9".repeat(MANY));
    let mut request = get(API).method("x-0");
    for name in names.iter().take(1_000) {
        request = request.header(name, "1");
    }
    for engine in Engine::ALL {
        let mut cache = PreflightCache::new();
        let mut server = |_: &SentRequest| Some(answer.clone());
        for second in 0..2 {
            let now = Duration::from_secs(second);
            let run = fetch(engine, &request, &mut cache, now, &mut server);
            let FetchOutcome::Response(readable) = run.outcome else {
                panic!("blocked")
            };
            assert_eq!(readable.headers.iter().count(), MANY);
        }
        let mut doubled = answer.clone();
        doubled.headers =
            Headers::from_iter((0..MANY).map(|_| ("access-control-allow-origin", PAGE)));
        let judged = judge_response(engine, &request, &doubled);
        assert!(judged.result.is_err() && !format!("{:?}", judged.console).is_empty());
    }
}
