//! Compares what a page can read (by the model of the browser, from the bytes that a server sent) with what the
//! policy grants.

use cors_browser_model::{
    Blocked, Credentials, Engine, Headers, Kind, Recorded, Response, Url,
    is_forbidden_request_header, judge_preflight, judge_response,
};
use cors_core::Grant;
use cors_core::adapter::Verdict;

use crate::judge::{JudgedExchange, Pass};
use crate::message::{Answer, Line};

/// The server that the pages of the cases fetch from. No case has an origin with this host.
const API: &str = "http://api.test";

/// Checks an exchange as each browser would, with credentials and without.
///
/// # Errors
///
/// If a page could read a response that the policy does not grant, or could not read one that it grants.
pub(crate) fn judge(exchange: &JudgedExchange<'_>) -> Result<Pass, String> {
    let Answer::Response(answer) = exchange.answer else {
        return Ok(Pass::NotApplicable);
    };
    let request = exchange.request;
    let decision = exchange.policy.policy.decide(request);
    let config = &exchange.policy.config;
    let grant = match decision.verdict() {
        Verdict::Granted(grant) => {
            let grants = match grant.route() {
                None => Some(&config.grants),
                Some(route) => config.routes.get(route).map(|route| &route.part.grants),
            };
            grants.and_then(|grants| grants.get(grant.index()))
        }
        Verdict::NoGrant | Verdict::NoOrigin => None,
    };
    let Ok(url) = Url::parse(&format!("{API}{}", request.target)) else {
        // Not a path.
        return Ok(Pass::NotApplicable);
    };
    let response = Response::new(answer.status, headers(&answer.lines));
    for credentials in [Credentials::SameOrigin, Credentials::Include] {
        let asked = headers(&request.lines);
        let Ok(recorded) = Recorded::read(&request.method, url.clone(), &asked, credentials) else {
            // No page could have sent it, so there is nothing that one could read.
            return Ok(Pass::NotApplicable);
        };
        for engine in Engine::ALL {
            let (granted, verdict) = match recorded.kind {
                Kind::Actual => (
                    grant.is_some_and(|grant| may_read(grant, credentials)),
                    judge_response(engine, &recorded.request, &response)
                        .result
                        .map(drop),
                ),
                Kind::Preflight => (
                    grant.is_some_and(|grant| {
                        let covered = engine.profile().wildcard_covers_authorization;
                        // Do not ask the model which names need to be allowed: a name that the model forgets
                        // would not be found.
                        let headers = recorded.request.headers.iter();
                        let names: Vec<&[u8]> = headers
                            .filter(|h| !is_forbidden_request_header(engine, &h.name, &h.value))
                            .map(|h| &*h.name)
                            .collect();
                        may_send(grant, &recorded.request.method, &names, covered)
                            && may_read(grant, credentials)
                    }),
                    judge_preflight(engine, &recorded.request, &response)
                        .result
                        .map(drop),
                ),
            };
            agree(granted, verdict)
                .map_err(|how| format!("{}, credentials {credentials:?}: {how}", engine.name()))?;
        }
    }
    Ok(Pass::Checked)
}

fn agree(granted: bool, verdict: Result<(), Box<Blocked>>) -> Result<(), String> {
    match (granted, verdict) {
        (true, Err(failure)) => Err(format!("blocked ({:?}), though granted", failure.error)),
        (false, Ok(())) => Err("allowed, though not granted".to_owned()),
        _ => Ok(()),
    }
}

fn headers(lines: &[Line]) -> Headers {
    let mut headers = Headers::new();
    for (name, value) in lines {
        headers.append(name, value);
    }
    headers
}

/// Whether a page of the grant's sites may read a response to a request with these credentials.
fn may_read(grant: &Grant, credentials: Credentials) -> bool {
    grant.allow_credentials || credentials != Credentials::Include
}

/// Whether a page of the grant's sites may send a request with this method and these headers, all of which
/// need to be allowed.
fn may_send(grant: &Grant, method: &str, names: &[&[u8]], star_is_authorization: bool) -> bool {
    let listed = |list: &[String], name: &str| list.iter().any(|item| item == name);
    let method_allowed = matches!(method, "GET" | "HEAD" | "POST")
        || listed(&grant.allow_methods, method)
        || listed(&grant.allow_methods, "*");
    let header_allowed = |name: &&[u8]| {
        let named = |item: &String| item.as_bytes().eq_ignore_ascii_case(name);
        let star = listed(&grant.allow_headers, "*");
        // With credentials, `*` is echoed, so the response names `Authorization`.
        let covers = star_is_authorization || grant.allow_credentials;
        grant.allow_headers.iter().any(named)
            || star && (covers || !name.eq_ignore_ascii_case(b"authorization"))
    };
    method_allowed && names.iter().all(header_allowed)
}

/// For any policy and any request, the browser lets a page read exactly what the policy grants.
#[cfg(test)]
mod tests {
    use std::time::Duration;

    use cors_browser_model::{
        Origin, PreflightCache, Request, SentRequest, cors_unsafe_request_header_names,
    };
    use cors_core::adapter::Decision;
    use cors_core::{Config, Policy};
    use proptest::prelude::*;
    use proptest::sample::{select, subsequence};
    use proptest::test_runner::Config as RunnerConfig;

    use super::*;
    use crate::judge::write;
    use crate::message;

    /// Patterns, and origins that match some of them.
    const PATTERNS: [&str; 5] = [
        "https://app.example.com",
        "https://*.example.com",
        "http://localhost:*",
        "https://other.example",
        "tauri://localhost",
    ];
    const ORIGINS: [&str; 8] = [
        "https://app.example.com",
        "https://x.app.example.com",
        "http://localhost:5173",
        "https://other.example",
        "https://evil.example",
        "https://evilexample.com",
        "tauri://localhost",
        "null",
    ];

    fn naive_match(pattern: &str, origin: &str) -> bool {
        match pattern {
            "*" => true,
            "https://*.example.com" => {
                origin.starts_with("https://") && origin.ends_with(".example.com")
            }
            "http://localhost:*" => origin.starts_with("http://localhost"),
            exact => exact == origin,
        }
    }

    fn grant() -> impl Strategy<Value = Grant> {
        let methods = subsequence(
            vec!["GET", "PUT", "DELETE", "PATCH", "patch", "PURGE"],
            0..4,
        );
        let headers = subsequence(
            vec!["x-a", "X-B", "Content-Type", "authorization", "user-agent"],
            0..4,
        );
        let exposed = subsequence(vec!["x-request-id", "etag"], 0..3);
        let lists = (methods, headers, exposed, any::<[bool; 4]>());
        (subsequence(PATTERNS.to_vec(), 1..4), any::<bool>(), lists).prop_map(
            |(origins, allow_credentials, (methods, headers, exposed, stars))| {
                let [any_method, any_header, any_exposed, any_origin] = stars;
                let star = |all: bool, list: Vec<&'static str>| if all { vec!["*"] } else { list };
                Grant::new(star(any_origin && !allow_credentials, origins))
                    .allow_methods(star(any_method, methods))
                    .allow_headers(match (any_header, headers.contains(&"authorization")) {
                        (true, true) => vec!["*", "authorization"],
                        (all, _) => star(all, headers),
                    })
                    .expose_headers(star(any_exposed && !allow_credentials, exposed))
                    .allow_credentials(allow_credentials)
            },
        )
    }

    fn request() -> impl Strategy<Value = Request> {
        let headers = subsequence(
            vec![
                ("X-A", "1"),
                ("x-b", "2"),
                ("Content-Type", "application/json"),
                ("Authorization", "Bearer secret"),
                ("Accept", "text/html"),
                ("Accept-Language", "en"),
                ("User-Agent", "x"),
            ],
            0..5,
        );
        let methods = select(vec![
            "GET", "get", "POST", "PUT", "put", "PATCH", "patch", "PURGE",
        ]);
        let modes = vec![
            Credentials::Omit,
            Credentials::SameOrigin,
            Credentials::Include,
        ];
        (select(ORIGINS.to_vec()), methods, headers, select(modes)).prop_map(
            |(origin, method, headers, credentials)| {
                let origin = Origin::parse(origin).unwrap_or(Origin::Opaque);
                let url = Url::parse("http://api.test/").unwrap();
                let request = Request::new(url, origin)
                    .method(method)
                    .credentials(credentials);
                let headers = headers.into_iter();
                headers.fold(request, |request, (name, value)| {
                    request.header(name, value)
                })
            },
        )
    }

    /// A server with the policy, whose application responds to everything with 200.
    fn serve(policy: &Policy, sent: &SentRequest) -> Response {
        let lines = sent.headers.iter().map(|header| {
            let name = String::from_utf8_lossy(&header.name).into_owned();
            (name, header.value.clone())
        });
        let request = message::RawRequest {
            method: sent.method.clone(),
            target: "/".to_owned(),
            lines: lines.collect(),
            body: Vec::new(),
        };
        let decision = policy.decide(&request);
        let (status, mut lines) = match decision {
            Decision::Respond(preflight) => (preflight.status(), Vec::new()),
            Decision::Refuse(refusal) => (refusal.status(), Vec::new()),
            Decision::Forward(_) => (200, vec![("x-request-id".to_owned(), b"1".to_vec())]),
        };
        write(policy.headers(decision), &request, &mut lines);
        Response::new(status, headers(&lines))
    }

    proptest! {
        #![proptest_config(RunnerConfig {
            cases: 1500,
            failure_persistence: None,
            ..RunnerConfig::default()
        })]

        #[test]
        fn granted_is_readable(
            grants in prop::collection::vec(grant(), 1..4),
            requests in prop::collection::vec(request(), 12),
        ) {
            // Rejected configurations: a grant that an earlier one shadows, or a pattern that is listed twice.
            let config = Config::from(grants);
            let Ok(policy) = Policy::new(config.clone()) else { return Ok(()) };
            for request in requests {
                let origin = request.origin.to_string();
                let grant = config.grants.iter().find(|grant| {
                    grant.allow_origins.iter().any(|pattern| naive_match(pattern, &origin))
                });
                for engine in Engine::ALL {
                    let method = cors_browser_model::normalize_method(&request.method);
                    let names = cors_unsafe_request_header_names(engine, &request.headers);
                    let names: Vec<&[u8]> = names.iter().map(|name| name.as_bytes()).collect();
                    let covered = engine.profile().wildcard_covers_authorization;
                    let granted = grant.filter(|grant| {
                        may_read(grant, request.credentials)
                            && may_send(grant, &method, &names, covered)
                    });
                    let mut server = |sent: &SentRequest| Some(serve(&policy, sent));
                    let mut cache = PreflightCache::new();
                    let run =
                        cors_browser_model::fetch(engine, &request, &mut cache, Duration::ZERO, &mut server);
                    let readable = match &run.outcome {
                        cors_browser_model::FetchOutcome::Response(readable) => Some(readable),
                        cors_browser_model::FetchOutcome::Blocked(_) => None,
                    };
                    prop_assert_eq!(
                        readable.is_some(), granted.is_some(),
                        "{:?} {:?} {:?} {:?}", engine, request, config, run.outcome
                    );
                    if let (Some(readable), Some(grant)) = (readable, granted) {
                        let exposed = grant.expose_headers.iter().any(|name| {
                            name == "x-request-id"
                                || name == "*" && request.credentials != Credentials::Include
                        });
                        prop_assert_eq!(readable.headers.contains("x-request-id"), exposed);
                    }
                }
            }
        }
    }
}
