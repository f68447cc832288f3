//! A policy from the bytes of an input, as a [`Config`]: plain data, which the naive decision reads, too.

use std::collections::BTreeMap;
use std::time::Duration;

use cors_core::{Config, DangerouslyAllow, Grant, OriginPattern, OriginSet, Part, Refuse};

use crate::bytes::Bytes;

/// A policy, and what is in its sets of origins: by name, the key and the origin.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) config: Config,
    pub(crate) sets: BTreeMap<String, Vec<(Option<String>, String)>>,
}

const LONG: &str = "abcdefghijklmnopqrstuvwxyz-0123456789-abcdefghijklmnopqrstuvwxy";
const SCHEMES: [&str; 7] = [
    "https",
    "https",
    "http",
    "app",
    "ws",
    "moz-extension",
    "a+b.c-d",
];
/// Some are each other's ends.
pub(crate) const LABELS: [&str; 16] = [
    "a",
    "b",
    "foo",
    "barfoo",
    "foobar",
    "com",
    "example",
    "o",
    "xn--bcher-kva",
    "x_y",
    "pr-7",
    "1",
    "0x1",
    "localhost",
    LONG,
    "",
];
const PORTS: [&str; 8] = ["", "", "", ":8443", ":*", ":1", ":80", ":443"];
const HOSTS: [&str; 7] = [
    "127.0.0.1",
    "[::1]",
    "[2001:db8::1]",
    "1.2.3",
    "localhost",
    "example.com",
    "example.com.",
];
const WILDCARDS: [&str; 8] = ["", "", "*.", "*.", "pr-*.", "*-x.", "xn--*.", "a*b."];
pub(crate) const METHODS: [&str; 8] = [
    "GET", "POST", "PUT", "DELETE", "OPTIONS", "QUERY", "put", "HEAD",
];
const ALLOWED_METHODS: [&str; 6] = ["PUT", "DELETE", "PATCH", "*", "QUERY", "HEAD"];
const HEADERS: [&str; 6] = ["content-type", "authorization", "x-a", "X-B", "*", "accept"];
const SEGMENTS: [&str; 14] = [
    "a", "b", "A", "public", "{k}", "{l}", "%C3%BC", "a.b", "...", "~-_", "x", "{m}", "realms", "",
];
const KEYS: [&str; 5] = ["a", "b", "x", "%C3%BC", "realms"];
const HOST_PATTERNS: [&str; 7] = [
    "api.example",
    "localhost",
    "127.0.0.1:8080",
    "*.example.com",
    "[::1]",
    "*.a:*",
    "pr-*.b:1",
];

/// An origin pattern. Not every one is valid.
pub(crate) fn pattern(bytes: &mut Bytes<'_>) -> String {
    match bytes.below(12) {
        0 => "*".to_owned(),
        1 => "null".to_owned(),
        2 => bytes.text(40),
        3 => format!("{}://*", bytes.pick(&SCHEMES)),
        4 => format!(
            "{}://{}{}",
            bytes.pick(&SCHEMES),
            bytes.pick(&HOSTS),
            bytes.pick(&PORTS)
        ),
        _ => {
            let scheme = bytes.pick(&SCHEMES);
            let wildcard = bytes.pick(&WILDCARDS);
            let labels = (0..=bytes.below(3)).map(|_| bytes.pick(&LABELS));
            let host = labels.collect::<Vec<_>>().join(".");
            format!("{scheme}://{wildcard}{host}{}", bytes.pick(&PORTS))
        }
    }
}

/// An origin that a pattern matches, or nearly so; or another text.
pub(crate) fn origin(bytes: &mut Bytes<'_>, patterns: &[String]) -> Vec<u8> {
    let pattern = match patterns.is_empty() || bytes.one_in(8) {
        true => pattern(bytes),
        false => bytes.pick(patterns),
    };
    let (start, port) = match pattern.strip_suffix(":*") {
        Some(start) => (
            start,
            bytes.pick(&["", ":1", ":8443", ":65535", ":80", ":443", ":", ":65536"]),
        ),
        None => (&*pattern, ""),
    };
    let in_place = match bytes.below(5) {
        0 => "a".to_owned(),
        1 => bytes.pick(&LABELS).to_owned(),
        2 => format!("{}.{}", bytes.pick(&LABELS), bytes.pick(&LABELS)),
        3 => bytes
            .pick(&["xn--a", "x_y", "A", "a.", "*", "-", "foo.com", "1.2.3.4"])
            .to_owned(),
        _ => bytes.text(8),
    };
    let mut origin = (start.replace('*', &in_place) + port).into_bytes();
    if bytes.one_in(4) {
        let at = bytes.below(origin.len() + 1);
        match bytes.below(4) {
            0 => origin.insert(at, bytes.byte()),
            1 => origin.truncate(at),
            2 if at < origin.len() => drop(origin.remove(at)),
            _ => origin.push(bytes.pick(b"/.:a0*@?# ")),
        }
    }
    origin
}

fn refuse(bytes: &mut Bytes<'_>) -> Refuse {
    let bits = bytes.byte();
    Refuse::default()
        .websocket(bits & 1 != 0)
        .cross_site_writes(bits & 2 != 0)
        .unlisted_origins(bits & 4 != 0)
        .report_only(bits & 0x18 == 0x18)
}

fn list(bytes: &mut Bytes<'_>, items: &[&str]) -> Vec<String> {
    let mut list = bytes.several(3, |bytes| bytes.pick(items).to_owned());
    list.sort_unstable();
    list.dedup();
    if list.iter().any(|item| item == "*") {
        list.retain(|item| item == "*" || item == "authorization");
    }
    list
}

fn grant(bytes: &mut Bytes<'_>, keys: &[&str]) -> Grant {
    // What is a pattern is checked by the target `pattern`. Here most policies have to be valid.
    let mut origins = bytes.several(3, pattern);
    origins.retain(|text| OriginPattern::parse(text).is_ok());
    if origins.iter().any(|origin| origin == "*") {
        origins = vec!["*".to_owned()];
    }
    let has_set = bytes.one_in(3) && origins != ["*"];
    if origins.is_empty() && !has_set {
        origins.push(format!(
            "https://{}.com",
            bytes.pick(&["a", "b", "app", "x_y"])
        ));
    }
    let is_for_all = origins
        .iter()
        .any(|origin| ["*", "null"].contains(&&**origin));
    let mut grant = Grant::new(&origins)
        .allow_methods(list(bytes, &ALLOWED_METHODS))
        .allow_headers(list(bytes, &HEADERS))
        .expose_headers(list(bytes, &HEADERS))
        .expose_timing(bytes.flag())
        .max_age(Duration::from_secs(bytes.pick(&[0, 5, 600, 86_400])));
    let exposes_all = grant.expose_headers.iter().any(|name| name == "*");
    grant = grant.allow_credentials(bytes.flag() && !is_for_all && !exposes_all);
    if has_set {
        let name = bytes.pick(&["s", "t"]);
        grant = match keys.is_empty() || bytes.flag() {
            true => grant.allow_origin_set(name),
            false => grant.allow_origin_set_for(name, bytes.pick(keys)),
        };
    }
    grant
}

/// The policy. Not every one is valid.
pub(crate) fn plan(bytes: &mut Bytes<'_>) -> Plan {
    let danger = DangerouslyAllow::default()
        .any_host(true)
        .insecure_origins(true)
        .null_origin(true)
        .public_suffixes(true);
    let mut config = Config::new(bytes.several(3, |bytes| grant(bytes, &[])))
        .dangerously_allow(danger)
        .preflight_status(bytes.pick(&[204, 200]))
        .refuse(refuse(bytes));
    for _ in 0..bytes.below(4) {
        let segments = bytes.several(3, |bytes| bytes.pick(&SEGMENTS));
        let captures = segments.iter().filter(|segment| segment.starts_with('{'));
        let captures: Vec<_> = captures.copied().collect();
        let grants = bytes.several(2, |bytes| grant(bytes, &captures));
        let mut part = Part::new(grants).dangerously_allow(danger);
        if bytes.one_in(3) {
            part = part.refuse(refuse(bytes));
        }
        config = config.route(format!("/{}", segments.join("/")), part);
    }
    if bytes.one_in(4) {
        config = config.hosts(bytes.several(3, |bytes| bytes.pick(&HOST_PATTERNS)));
    }
    let mut sets = BTreeMap::new();
    for name in ["s", "t"] {
        let set = OriginSet::new();
        let mut entries = Vec::new();
        let patterns = all_patterns(&config);
        for _ in 0..bytes.below(5) {
            let key = bytes.flag().then(|| bytes.pick(&KEYS).to_owned());
            let origin = String::from_utf8_lossy(&origin(bytes, &patterns)).into_owned();
            let added = match &key {
                Some(key) => set.insert_for(key, &origin),
                None => set.insert(&origin),
            };
            if added.is_ok() {
                entries.push((key, origin));
            }
        }
        config = config.origin_set(name, &set);
        sets.insert(name.to_owned(), entries);
    }
    Plan { config, sets }
}

impl Plan {
    /// Every pattern, and every origin of a set.
    pub(crate) fn patterns(&self) -> Vec<String> {
        let mut patterns = all_patterns(&self.config);
        let entries = self.sets.values().flatten();
        patterns.extend(entries.map(|(_, origin)| origin.clone()));
        patterns
    }
}

fn all_patterns(config: &Config) -> Vec<String> {
    let routed = config.routes.iter().flat_map(|route| &route.part.grants);
    let grants = config.grants.iter().chain(routed);
    grants
        .flat_map(|grant| grant.allow_origins.clone())
        .collect()
}
