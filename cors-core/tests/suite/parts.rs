//! A policy as data.

use cors_core::adapter::{Header, HeaderSource};
use cors_core::{Config, Grant, OriginSet, Policy};

const SOURCE: &str = "
    preflight_status = 200
    hosts            = ['api.example', 'localhost:*']
    refuse           = ['websocket']

    [[grant]]
    allow_origins     = ['https://b.example', 'https://*.a.example']
    allow_methods     = ['PUT']
    allow_credentials = true

    [[route]]
    path          = '/public'
    refuse        = []
    allow_origins = ['*']

    [[route]]
    path          = '/none'
    allow_origins = []
";

/// `name: value` of each header; an echoed value is the name of what is echoed.
fn lines(headers: &[Header<Box<str>>]) -> Vec<String> {
    let line = |header: &Header<Box<str>>| {
        let value = match &header.value {
            HeaderSource::Constant(value) => value.to_string(),
            HeaderSource::Echo(echoed) => format!("{echoed:?}"),
        };
        format!("{}: {value}", header.name.name())
    };
    headers.iter().map(line).collect()
}

#[track_caller]
fn check(headers: &[Header<Box<str>>], expected: &[&str]) {
    assert_eq!(lines(headers), expected);
}

#[test]
fn a_policy_with_routes() {
    let policy = Policy::from_toml(SOURCE).unwrap();
    assert_eq!(policy.preflight_status(), 200);
    assert!(policy.has_routes() && policy.refuses());
    assert_eq!(policy.origin_patterns("/public/a"), ["*"]);
    assert_eq!(policy.origin_patterns("/none"), [""; 0]);
    let mut at_top = policy.origin_patterns("/");
    at_top.sort_unstable();
    assert_eq!(at_top, ["https://*.a.example", "https://b.example"]);
    let hosts = [
        "api.example",
        "api.example:443",
        "api.example:80",
        "localhost:*",
    ];
    assert_eq!(policy.host_patterns().unwrap(), hosts);
    let parts = policy.parts();
    let [top, public, none] = &parts[..] else {
        panic!("{parts:?}")
    };

    assert_eq!(top.path(), None);
    assert!(top.refuse().websocket);
    assert_eq!(top.same_for_all(), None);
    check(top.actual_without_grant(), &["vary: Origin"]);
    check(top.preflight_without_grant(), &["vary: Origin"]);
    let [grant] = &top.grants()[..] else {
        panic!("{top:?}")
    };
    assert_eq!(grant.id.to_string(), "grant[0]");
    assert_eq!(grant.patterns, ["https://*.a.example", "https://b.example"]);
    assert!(grant.allows_credentials && !grant.is_everyone);
    let granted = [
        "access-control-allow-origin: Origin",
        "access-control-allow-credentials: true",
    ];
    let vary = "vary: Origin";
    check(grant.actual, &[&granted[..], &[vary]].concat());
    let asked = [
        "access-control-allow-methods: PUT",
        "access-control-max-age: 86400",
        vary,
    ];
    check(grant.preflight, &[&granted[..], &asked].concat());

    assert_eq!(public.path(), Some("/public"));
    assert!(!public.refuse().websocket);
    let id = public.same_for_all().unwrap();
    assert_eq!(id.to_string(), "route[0].grant[0]");
    check(
        public.actual_without_grant(),
        &["access-control-allow-origin: *"],
    );
    assert_eq!(none.path(), Some("/none"));
    assert!(none.grants().is_empty());

    let abnormal = policy.abnormal_part().unwrap();
    assert_eq!((abnormal.path(), abnormal.grants().len()), (None, 0));
    check(abnormal.actual_without_grant(), &["vary: Origin"]);
}

#[test]
fn a_policy_with_a_set() {
    let set = OriginSet::new();
    let grant = Grant::default().allow_origin_set("customers");
    let policy = Policy::new(Config::new([grant]).origin_set("customers", &set)).unwrap();
    let grants = policy
        .parts()
        .iter()
        .flat_map(|part| part.grants())
        .collect::<Vec<_>>();
    let [grant] = &grants[..] else {
        panic!("{grants:?}")
    };
    let [used] = grant.sets[..] else {
        panic!("{grant:?}")
    };
    assert_eq!(
        (used.name, used.key_segment, used.set),
        ("customers", None, &set)
    );
}

#[test]
fn a_policy_without_routes() {
    let policy = Policy::from_toml("allow_origins = ['*']").unwrap();
    assert_eq!(policy.preflight_status(), 204);
    assert!(!policy.has_routes() && !policy.refuses());
    assert!(policy.abnormal_part().is_none());
    assert_eq!(policy.host_patterns(), None);
    let text = format!("{:?}", policy.parts());
    let start = "[PolicyPart { path: None, grants: [PolicyGrant { id: ";
    assert!(text.starts_with(start), "{text}");
}
