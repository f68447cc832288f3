//! Random valid policies, with texts that a gateway could misread.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use cors_core::{Config, DangerouslyAllow, Grant, OriginSet, Part, Policy, Refuse};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any};
use proptest::sample::{select, subsequence};
use proptest::strategy::Union;

/// Routes, `hosts`, refusals that take effect, several grants, and sets if the gateway has any.
pub(crate) fn policies(with_sets: bool) -> impl Strategy<Value = Policy> {
    for path in PATHS {
        let config = Config::default().route(path, Part::default());
        assert!(Policy::new(config).is_ok(), "{path}");
    }
    let routes = subsequence(PATHS.to_vec(), 0..4).prop_flat_map(move |paths| {
        let parts = paths.into_iter().map(move |path| {
            let key = (with_sets && path.contains("{realm}")).then_some("{realm}");
            (Just(path), part(with_sets, key)).boxed()
        });
        parts.collect::<Vec<_>>()
    });
    let hosts = option::of(subsequence(HOSTS.to_vec(), 1..4));
    let top = (grants(with_sets, None), refuse());
    (top, routes, hosts, select(vec![200, 204])).prop_filter_map(
        "the policy is not valid",
        move |((grants, refuse), routes, hosts, status)| {
            let mut config = Config::new(grants)
                .refuse(refuse)
                .preflight_status(status)
                .dangerously_allow(allow_everything());
            if let Some(hosts) = hosts {
                config = config.hosts(hosts);
            }
            for (path, part) in routes {
                config = config.route(path, part);
            }
            // A policy must use its sets.
            for name in SETS {
                let uses = |grants: &[Grant]| {
                    let mut sets = grants.iter().flat_map(|grant| &grant.origin_sets);
                    sets.any(|set| set.name == name)
                };
                let is_used = uses(&config.grants)
                    || config.routes.iter().any(|route| uses(&route.part.grants));
                if is_used {
                    config = config.origin_set(name, &set());
                }
            }
            Policy::new(config).ok()
        },
    )
}

/// Names with characters that have a meaning in configurations.
const SETS: [&str; 3] = ["customers", "Customers", "our \"partners\"; $x\n{}"];

const PATHS: [&str; 9] = [
    "/",
    "/public",
    "/Files/$1/'q'",
    "/a.b+(c)[d]|e^f",
    "/realms/{realm}",
    "/realms/{realm}/{id}/x",
    "/%22quoted%22/~user",
    "/a,b=c:d@e!f&g",
    "/tenants/{realm}/$%5Bx%5D",
];

const HOSTS: [&str; 6] = [
    "api.example.com",
    "localhost:*",
    "*.svc.example.com:8443",
    "127.0.0.1:*",
    "[::1]:8080",
    "xn--bcher-kva.example",
];

fn allow_everything() -> DangerouslyAllow {
    DangerouslyAllow::default()
        .insecure_origins(true)
        .public_suffixes(true)
        .null_origin(true)
        .any_host(true)
}

fn part(with_sets: bool, key: Option<&'static str>) -> impl Strategy<Value = Part> {
    (grants(with_sets, key), option::of(refuse())).prop_map(|(grants, refuse)| {
        let part = Part::new(grants).dangerously_allow(allow_everything());
        match refuse {
            Some(refuse) => part.refuse(refuse),
            None => part,
        }
    })
}

fn refuse() -> impl Strategy<Value = Refuse> {
    any::<[bool; 3]>().prop_map(|[websocket, writes, unlisted]| {
        Refuse::default()
            .websocket(websocket)
            .cross_site_writes(writes)
            .unlisted_origins(unlisted)
    })
}

fn grants(with_sets: bool, key: Option<&'static str>) -> impl Strategy<Value = Vec<Grant>> {
    let last = option::of(grant(Just(vec!["*".to_owned()]), Just(Vec::new())));
    let sets = match with_sets {
        true => subsequence(SETS.to_vec(), 0..3).boxed(),
        false => Just(Vec::new()).boxed(),
    };
    let listed = grant(vec(origin(), 1..6), sets);
    (vec(listed, 0..3), last).prop_map(move |(mut grants, last)| {
        grants.extend(last);
        // The key is for the first grant: the others use the origins without one.
        if let (Some(key), Some(grant)) = (key, grants.first_mut())
            && let Some(set) = grant.origin_sets.first_mut()
        {
            set.key = Some(key.to_owned());
        }
        grants
    })
}

fn grant(
    origins: impl Strategy<Value = Vec<String>>,
    sets: impl Strategy<Value = Vec<&'static str>>,
) -> impl Strategy<Value = Grant> {
    let names = || {
        vec(
            Union::new([token().boxed(), Just("*".to_owned()).boxed()]),
            0..4,
        )
    };
    let lists = (names(), names(), names());
    (origins, sets, lists, any::<[bool; 2]>(), 0..=86_400_u64).prop_map(
        |(origins, sets, (methods, headers, exposed), [credentials, timing], max_age)| {
            let is_everyone = origins.iter().any(|origin| origin == "*");
            let has_star = exposed.iter().any(|name| name == "*");
            let grant = Grant::new(unique(origins))
                .allow_methods(only_star(unique(methods)))
                .allow_headers(unique(lower(headers)))
                .expose_headers(only_star(unique(lower(exposed))))
                .allow_credentials(credentials && !is_everyone && !has_star)
                .expose_timing(timing)
                .max_age(Duration::from_secs(max_age));
            (sets.into_iter()).fold(grant, Grant::allow_origin_set)
        },
    )
}

/// The characters of a token, most often those with a meaning in configurations.
fn token() -> impl Strategy<Value = String> {
    // Long ones, too: gateways read a file in pieces.
    "[a-z!#$%&'*+.^_`|~-]{1,12}|[a-z$]{600}"
        .prop_filter("only a `*`", |token| token != "*")
        .prop_map(|token| format!("X{token}"))
}

fn origin() -> impl Strategy<Value = String> {
    let label = "[a-z][a-z0-9]{0,8}";
    let long = "[a-z]([a-z0-9]{60}\\.){1,3}[a-z]{3}";
    let host = format!(
        "{label}\\.(example|co\\.uk|github\\.io)|{long}|localhost|127\\.0\\.0\\.1|\\[::1\\]"
    );
    let port = "(:8443|:3000)?";
    let pattern = format!(
        "(https://(\\*\\.|pr-\\*\\.|\\*--x\\.)?{label}\\.(example|com))(:8443|:\\*)?|moz-extension://\\*|null|\
         (https|http|app\\+x|wss)://({host}){port}|http://localhost:\\*"
    );
    let is_valid = |origin: &String| {
        let config = Config::new([Grant::new([origin])]).dangerously_allow(allow_everything());
        Policy::new(config).is_ok()
    };
    let origins = proptest::string::string_regex(&pattern).unwrap();
    origins.prop_filter("not an origin pattern", is_valid)
}

/// A list of names has a `*` alone.
fn only_star(names: Vec<String>) -> Vec<String> {
    match names.iter().any(|name| name == "*") {
        true => vec!["*".to_owned()],
        false => names,
    }
}

fn lower(names: Vec<String>) -> Vec<String> {
    names.iter().map(|name| name.to_ascii_lowercase()).collect()
}

fn unique(names: Vec<String>) -> Vec<String> {
    let mut unique: Vec<String> = Vec::new();
    for name in names {
        if !unique.contains(&name) {
            unique.push(name);
        }
    }
    unique
}

fn set() -> OriginSet {
    let set = OriginSet::new();
    let long = format!("https://{}.example", "a".repeat(60));
    set.replace_without_key(["https://partner.example", "app://x", &long]);
    for key in ["acme", "Acme", "$1", "%22x%22", "a'b$c"] {
        let errors = set.replace_for(key, ["https://acme.example", &long]);
        assert!(errors.is_empty(), "{errors:?}");
    }
    set
}
