//! The engine's routes, compared with the naive matcher on many paths.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::{BTreeMap, HashSet};

use cors_core::adapter::{RequestHead as _, ResponseHeader};
use cors_core::{Config, Grant, Policy};
use cors_matrix::message::RawRequest;
use cors_matrix::path::awkward;
use cors_matrix::routes::PolicyPart;
use fastrand::Rng;
use proptest::prelude::*;
use proptest::test_runner::Config as RunnerConfig;

const PAGE: &str = "https://app.example.com";
/// 120,000 pairs of routes and a path.
const CASES: u32 = 1_000;
const PATHS: usize = 120;

/// A grant that no other part has: it exposes a header with the name of the part.
fn grant(part: &str) -> Grant {
    Grant::new([PAGE]).expose_headers([format!("x-{part}")])
}

/// Random routes, each for other paths.
fn routes(random: &mut Rng) -> Vec<String> {
    const SEGMENTS: [&str; 14] = [
        "a", "b", "A", "public", "Public", "realms", "echo", "%C3%BC", "%c3%bc", ".a", "...", "{}",
        "{}", "{}",
    ];
    let mut seen = HashSet::new();
    let mut routes = Vec::new();
    for _ in 0..random.usize(1..12) {
        let len = random.usize(..5);
        let segments: Vec<_> = (0..len).map(|_| random.choice(SEGMENTS).unwrap()).collect();
        // Two routes that differ in case only are an error.
        if !seen.insert(segments.join("/").to_ascii_lowercase()) {
            continue;
        }
        let named = segments
            .iter()
            .enumerate()
            .map(|(index, segment)| match *segment {
                "{}" => format!("/{{s{index}}}"),
                literal => format!("/{literal}"),
            });
        let path: String = named.collect();
        routes.push(if path.is_empty() {
            "/".to_owned()
        } else {
            path
        });
    }
    routes
}

/// The part whose grant the engine applies, by the header that it exposes; `None` if there is no grant.
fn applied(policy: &Policy, path: &str) -> Option<String> {
    let request = RawRequest {
        method: "GET".to_owned(),
        target: path.to_owned(),
        lines: vec![("Origin".to_owned(), PAGE.into())],
        body: Vec::new(),
    };
    let headers = policy.headers(policy.decide(&request));
    let value = |name| {
        let header = headers.iter().find(|header| header.name == name)?;
        Some(format!("{:?}", header.value))
    };
    assert!(value(ResponseHeader::Vary).is_some(), "{path}: no `Vary`");
    let is_granted = value(ResponseHeader::AccessControlAllowOrigin).is_some();
    let exposed = value(ResponseHeader::AccessControlExposeHeaders);
    assert_eq!(is_granted, exposed.is_some(), "{path}");
    exposed
}

proptest! {
    #![proptest_config(RunnerConfig {
        cases: CASES,
        failure_persistence: None,
        ..RunnerConfig::default()
    })]

    #[test]
    fn parts(seed in any::<u64>()) {
        let mut random = Rng::with_seed(seed);
        let routes = routes(&mut random);
        let top = random.bool().then(|| grant("top"));
        let config = Config::new(top);
        let config = routes.iter().enumerate().fold(config, |config, (index, path)| {
            config.route(path.clone(), grant(&index.to_string()))
        });
        let policy = Policy::new(config.clone()).unwrap();
        // Paths below the routes, whose captures have a value.
        let below: Vec<_> = routes.iter().map(|route| {
            let segments = route.split('/').map(|segment| match segment.starts_with('{') {
                true => random.choice(["a", "b", "x.y", "%20"]).unwrap(),
                false => segment,
            });
            segments.collect::<Vec<_>>().join("/")
        }).collect();
        let below: Vec<_> = below.iter().map(String::as_str).collect();
        for target in awkward(seed, &below).take(PATHS) {
            let request = RawRequest { method: String::new(), target: target.clone(), lines: vec![], body: vec![] };
            let path = String::from_utf8_lossy(request.path().unwrap()).into_owned();
            let part = PolicyPart::of(&config, &path);
            let expected = part.grants(&config).first().map(|grant| grant.expose_headers.concat());
            let found = applied(&policy, &target);
            let expected = expected.map(|name| format!("Constant({name:?})"));
            prop_assert_eq!(found, expected, "{} in {:?}", target, routes);
        }
    }
}

/// The generated paths reach every kind of part often enough.
#[test]
fn kinds_of_paths() {
    let mut counts = BTreeMap::new();
    for seed in 0..200 {
        let mut random = Rng::with_seed(seed);
        let routes = routes(&mut random);
        let config = routes.iter().fold(Config::new([]), |config, path| {
            config.route(path.clone(), grant("a"))
        });
        let below: Vec<_> = routes.iter().map(String::as_str).collect();
        for path in awkward(seed, &below).take(PATHS) {
            let kind = match PolicyPart::of(&config, path.split('?').next().unwrap()) {
                PolicyPart::Abnormal => "abnormal",
                PolicyPart::Top => "top",
                PolicyPart::Route(_) => "route",
            };
            *counts.entry(kind).or_insert(0) += 1;
        }
    }
    for kind in ["abnormal", "top", "route"] {
        assert!(
            counts.get(kind).is_some_and(|count| *count > 1_000),
            "{counts:?}"
        );
    }
}
