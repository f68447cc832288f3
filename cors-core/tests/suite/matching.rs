//! The allowlist against a naive matcher, on random patterns and origins.

#![expect(clippy::panic, reason = "a test may panic")]

use std::cell::Cell;
use std::collections::HashSet;

use cors_core::adapter::{RequestHead, RequestHeader, Verdict};
use cors_core::{Config, ErrorCode, Grant, Origin, OriginPattern, Policy};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config as RunnerConfig, TestRunner};

/// The pairs of a pattern set and an origin that a run compares, at least.
const PAIRS: usize = 100_000;

/// As long as a label may be.
const LONGEST: &str = "abcdefghijklmnopqrstuvwxyz-0123456789-abcdefghijklmnopqrstuvwxy";
const TOO_LONG: &str = "abcdefghijklmnopqrstuvwxyz-0123456789-abcdefghijklmnopqrstuvwxyz";
/// With three of the longest labels these are as long as a domain may be, and too long by one byte.
const FILLS: &str = LONGEST.split_at(61).0;
const OVERFILLS: &str = LONGEST.split_at(62).0;
/// The longest domain, without the dot of a fully qualified name.
const LONGEST_DOMAIN: usize = 253;

/// Before and after a `*` in a label, and a label that matches.
const LABELS: &[(&str, &str, &str)] = &[
    ("foo", "", "foobar"),
    ("", "foo", "barfoo"),
    ("b", "r", "b-r"),
    ("xn--", "", "xn--bcher-kva"),
    ("", "a", "1a"),
];

/// Addresses, each in the place of all labels.
const ADDRESSES: &[&str] = &["127.0.0.1", "192.168.0.10", "[::1]", "[2001:db8::1]"];
/// Which is an IPv6 address, but not in a pattern: clients send it as an IPv4 address.
const MAPPED: &str = "[::ffff:102:304]";

/// An origin or a pattern in its parts. Few labels, so that they meet often; among them those that
/// are each other's ends. The dot of a fully qualified name is an empty label at the end.
#[derive(Clone, Debug)]
struct Parts {
    scheme: &'static str,
    wildcard: Wildcard,
    /// Without the wildcard. None of any host.
    labels: Vec<&'static str>,
    port: &'static str,
}

/// What a pattern's host begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wildcard {
    None,
    Subdomains,
    /// With this before and after the `*`.
    Label(&'static str, &'static str),
    AnyHost,
}

impl Wildcard {
    fn text(self) -> String {
        match self {
            Self::None => String::new(),
            Self::Subdomains => "*.".to_owned(),
            Self::Label(before, after) => format!("{before}*{after}."),
            Self::AnyHost => "*".to_owned(),
        }
    }
}

impl Parts {
    fn text(&self) -> String {
        format!(
            "{}://{}{}{}",
            self.scheme,
            self.wildcard.text(),
            self.labels.join("."),
            self.port
        )
    }

    fn has_address(&self) -> bool {
        let is_address = |label: &&str| ADDRESSES.contains(label) || *label == MAPPED;
        self.labels.iter().any(is_address)
    }

    /// Whether there is such an origin, or a pattern with a label in the place of its wildcard.
    fn is_valid(&self) -> bool {
        if self.has_address() {
            return self.wildcard == Wildcard::None && self.labels.len() == 1;
        }
        let wildcard = self.wildcard.text().replace('*', "a");
        let domain = wildcard + &self.labels.join(".");
        let domain = domain.strip_suffix('.').unwrap_or(&domain);
        !domain.is_empty()
            && domain.len() <= LONGEST_DOMAIN
            && domain.split('.').all(|label| label.len() <= LONGEST.len())
    }

    /// Says whether this pattern matches an origin: label by label, without any cleverness.
    fn matches(&self, origin: &Parts) -> bool {
        if !origin.is_valid() {
            return false;
        }
        let in_front = origin.labels.strip_suffix(&self.labels[..]);
        let hosts = match (self.wildcard, in_front) {
            (Wildcard::AnyHost, _) | (Wildcard::None, Some([])) => true,
            (Wildcard::Subdomains, Some(labels)) => !labels.is_empty(),
            (Wildcard::Label(before, after), Some([label])) => label_matches(before, after, label),
            _ => false,
        };
        self.scheme == origin.scheme && hosts && (self.port == ":*" || self.port == origin.port)
    }
}

/// Whether a label is `before`, something, and `after`, byte by byte.
fn label_matches(before: &str, after: &str, label: &str) -> bool {
    let mut star: Vec<char> = label.chars().collect();
    for expected in before.chars() {
        if star.is_empty() || star.remove(0) != expected {
            return false;
        }
    }
    for expected in after.chars().rev() {
        if star.pop() != Some(expected) {
            return false;
        }
    }
    let is_star = |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '-';
    !star.is_empty()
        && star.iter().all(is_star)
        && (before.starts_with("xn--") || !label.starts_with("xn--"))
}

fn labels() -> impl Strategy<Value = Vec<&'static str>> {
    let label = select(vec![
        "foo",
        "bar",
        "barfoo",
        "foobar",
        "o",
        "com",
        "foo-com",
        "xn--bcher-kva",
        LONGEST,
    ]);
    let domain = || prop::collection::vec(label.clone(), 1..5);
    let fully_qualified = domain().prop_map(|labels| [&labels[..], &[""]].concat());
    let address = select(ADDRESSES).prop_map(|address| vec![address]);
    let long = select(vec![&[LONGEST; 3][..], &[FILLS, LONGEST, LONGEST, LONGEST]]);
    let long = long.prop_map(<[_]>::to_vec);
    prop_oneof![16 => domain(), 4 => fully_qualified, 2 => address, 1 => long]
}

fn scheme() -> impl Strategy<Value = &'static str> {
    select(vec!["https", "https", "http", "app"])
}

fn pattern() -> impl Strategy<Value = Parts> {
    let port = select(vec!["", "", ":8443", ":1", ":*"]);
    let label = select(LABELS).prop_map(|(before, after, _)| Wildcard::Label(before, after));
    let wildcard = prop_oneof![
        3 => Just(Wildcard::None),
        3 => Just(Wildcard::Subdomains),
        2 => label,
    ];
    let pattern =
        (scheme(), wildcard, labels(), port).prop_map(|(scheme, wildcard, labels, port)| {
            let mut pattern = Parts {
                scheme,
                wildcard,
                labels,
                port,
            };
            if pattern.has_address() {
                pattern.wildcard = Wildcard::None;
            }
            pattern
        });
    let any_host = Parts {
        scheme: "app",
        wildcard: Wildcard::AnyHost,
        labels: Vec::new(),
        port: "",
    };
    prop_oneof![20 => pattern, 1 => Just(any_host)]
}

fn origin() -> impl Strategy<Value = Parts> {
    let port = select(vec!["", "", ":8443", ":1", ":65535"]);
    let labels = prop_oneof![20 => labels(), 1 => Just(vec![MAPPED])];
    (scheme(), labels, port).prop_map(|(scheme, labels, port)| Parts {
        scheme,
        wildcard: Wildcard::None,
        labels,
        port,
    })
}

/// How to make an origin of a pattern, so that it is one that the pattern matches, or nearly so.
#[derive(Clone, Debug)]
struct Near {
    pattern: prop::sample::Index,
    labels_in_front: Vec<&'static str>,
    /// With a dot at the end where the pattern has none, and without one where it has one.
    other_dot: bool,
    port: Option<&'static str>,
}

fn near() -> impl Strategy<Value = Near> {
    let port = select(vec![None, None, Some(""), Some(":8443"), Some(":65535")]);
    let label = select(vec![
        "foo",
        "bar",
        "foo",
        "bar",
        "o",
        "foobar",
        "barfoo",
        "br",
        "xn--bcher-kva",
        "b_r",
        LONGEST,
        TOO_LONG,
        FILLS,
        OVERFILLS,
    ]);
    let labels = prop::collection::vec(label, 0..3);
    let other_dot = prop::bool::weighted(0.1);
    (any::<prop::sample::Index>(), labels, other_dot, port).prop_map(
        |(pattern, labels_in_front, other_dot, port)| Near {
            pattern,
            labels_in_front,
            other_dot,
            port,
        },
    )
}

impl Near {
    fn to(&self, patterns: &[Parts]) -> Parts {
        let pattern = self.pattern.get(patterns);
        let port = match self.port.unwrap_or(pattern.port) {
            ":*" => ":1",
            port => port,
        };
        let in_front = match (pattern.wildcard, &self.labels_in_front[..]) {
            (Wildcard::Label(before, after), []) => {
                let row = LABELS.iter().find(|row| (row.0, row.1) == (before, after));
                row.map_or(&[][..], |row| std::slice::from_ref(&row.2))
            }
            // More than one label would never match.
            (Wildcard::Label(..), [first, ..]) => std::slice::from_ref(first),
            (_, labels) => labels,
        };
        let mut labels = [in_front, &pattern.labels].concat();
        if self.other_dot && !pattern.has_address() {
            match labels.last() {
                Some(&"") => drop(labels.pop()),
                _ => labels.push(""),
            }
        }
        Parts {
            scheme: pattern.scheme,
            wildcard: Wildcard::None,
            labels,
            port,
        }
    }
}

/// What makes an origin none, and no pattern must match.
fn spoil(text: &str, how: usize) -> String {
    match how {
        0 => format!("{text}/"),
        1 => text.to_uppercase(),
        2 => format!(" {text}"),
        3 => text.replacen("://", "://.", 1),
        4 => text.replacen("://", "://user@", 1),
        5 => format!("{text}\0"),
        6 => text.replacen("://", ":/", 1),
        7 => text.replacen('o', "ö", 1),
        8 => text.replacen('.', "..", 1),
        _ => format!("{text}#"),
    }
}

/// A request whose `Origin` is taken as it is, white space included.
struct Head<'a> {
    preflight: bool,
    origin: &'a [u8],
}

impl RequestHead for Head<'_> {
    fn method(&self) -> &[u8] {
        if self.preflight { b"OPTIONS" } else { b"GET" }
    }

    fn lines(&self, name: RequestHeader) -> impl Iterator<Item = &[u8]> {
        let line = match name {
            RequestHeader::Origin => Some(self.origin),
            RequestHeader::AccessControlRequestMethod => self.preflight.then_some(&b"PUT"[..]),
            _ => None,
        };
        line.into_iter()
    }
}

fn verdict(policy: &Policy, origin: &str) -> Option<usize> {
    let origin = origin.as_bytes();
    let verdicts = [false, true].map(|preflight| {
        let decision = policy.decide(&Head { preflight, origin });
        match decision.verdict() {
            Verdict::Granted(grant) => Some(grant.index()),
            Verdict::NoGrant => None,
            Verdict::NoOrigin => panic!("there is an origin"),
        }
    });
    assert_eq!(
        verdicts[0], verdicts[1],
        "a preflight is granted what its request is"
    );
    verdicts[0]
}

#[test]
fn agrees_with_a_naive_matcher() {
    let compared = Cell::new(0);
    let matched = Cell::new(0);
    let long = Cell::new(0);
    let (in_label, any_host) = (Cell::new(0), Cell::new(0));
    // Matches of the kinds of hosts that are rare.
    let (dots, addresses, longest, too_long) =
        (Cell::new(0), Cell::new(0), Cell::new(0), Cell::new(0));
    let add = |count: &Cell<usize>, is_one: bool| count.set(count.get() + usize::from(is_one));
    assert_eq!((LONGEST.len(), TOO_LONG.len()), (63, 64));
    let fills = [FILLS, LONGEST, LONGEST, LONGEST].join(".");
    assert_eq!(fills.len(), LONGEST_DOMAIN);
    // Short lists and long ones, which are looked up in different ways.
    let grant = prop_oneof![3 => prop::collection::vec(pattern(), 1..6), 1 => prop::collection::vec(pattern(), 20..40)];
    let grants = prop::collection::vec(grant, 1..4);
    let strategy = (
        grants,
        any::<bool>(),
        prop::collection::vec((origin(), 0..10_usize), 30),
        prop::collection::vec((near(), 0..10_usize), 30),
    );
    let mut runner = TestRunner::new(RunnerConfig {
        cases: 1200,
        failure_persistence: None,
        ..RunnerConfig::default()
    });
    let result = runner.run(&strategy, |(grants, everybody_else, origins, near)| {
        let Some((policy, grants)) = compile(grants, everybody_else) else {
            return Ok(());
        };
        let patterns = grants.concat();
        long.set(long.get() + usize::from(patterns.len() > 20));
        let near = near
            .into_iter()
            .map(|(near, how)| (near.to(&patterns), how));
        for (origin, how) in origins.into_iter().chain(near) {
            let naive = grants
                .iter()
                .position(|patterns| patterns.iter().any(|pattern| pattern.matches(&origin)))
                .or((everybody_else && origin.is_valid()).then_some(grants.len()));
            let text = origin.text();
            prop_assert_eq!(verdict(&policy, &text), naive, "{}", &text);
            let spoilt = spoil(&text, how);
            if spoilt != text {
                prop_assert_eq!(verdict(&policy, &spoilt), None, "{}", &spoilt);
                compared.set(compared.get() + 1);
            }
            compared.set(compared.get() + 1);
            let is_match = naive.is_some_and(|n| n < grants.len());
            add(&matched, is_match);
            let by = |wildcard: fn(&Wildcard) -> bool| {
                let mut matching = patterns.iter().filter(|pattern| pattern.matches(&origin));
                matching.any(|pattern| wildcard(&pattern.wildcard))
            };
            add(
                &in_label,
                by(|wildcard| matches!(wildcard, Wildcard::Label(..))),
            );
            add(&any_host, by(|wildcard| *wildcard == Wildcard::AnyHost));
            add(&dots, is_match && origin.labels.last() == Some(&""));
            add(&addresses, is_match && origin.has_address());
            add(&longest, is_match && origin.labels.contains(&LONGEST));
            add(&too_long, !origin.is_valid());
        }
        // It cannot be parsed as an origin, and only `*` matches it.
        let null = everybody_else.then_some(grants.len());
        prop_assert_eq!(verdict(&policy, "null"), null);
        for spoilt in (0..10).map(|how| spoil("null", how)) {
            if spoilt != "null" {
                prop_assert_eq!(verdict(&policy, &spoilt), None, "{}", &spoilt);
            }
        }
        Ok(())
    });
    result.unwrap();
    assert!(compared.get() >= PAIRS, "only {} pairs", compared.get());
    assert!(long.get() >= 50, "only {} long lists", long.get());
    // A run in which nothing matches proves nothing.
    assert!(
        matched.get() >= PAIRS / 20,
        "only {} matches",
        matched.get()
    );
    let rare = [dots, addresses, longest, too_long, in_label, any_host].map(Cell::into_inner);
    assert!(rare.iter().all(|count| *count >= 500), "{rare:?}");
    println!(
        "{} pairs, {} matches, {rare:?}",
        compared.get(),
        matched.get()
    );
}

/// Makes a policy of the grants, without the patterns that it would reject.
fn compile(grants: Vec<Vec<Parts>>, everybody_else: bool) -> Option<(Policy, Vec<Vec<Parts>>)> {
    let mut seen = HashSet::new();
    let grants: Vec<Vec<Parts>> = grants
        .into_iter()
        .map(|patterns| {
            let new = patterns
                .into_iter()
                .filter(|pattern| pattern.is_valid() && seen.insert(pattern.text()));
            new.collect()
        })
        .filter(|patterns: &Vec<_>| !patterns.is_empty())
        .collect();
    // With `*` alone the origin is not even read.
    if grants.is_empty() {
        return None;
    }
    let mut config = Config::from(
        grants
            .iter()
            .map(|patterns| Grant::new(patterns.iter().map(Parts::text)))
            .collect::<Vec<_>>(),
    );
    if everybody_else {
        config.grants.push(Grant::new(["*"]));
    }
    match Policy::new(config) {
        Ok(policy) => Some((policy, grants)),
        Err(errors) => {
            // Nothing else may be wrong with what is generated here.
            let mut codes = errors.iter().map(|error| error.code());
            let dead = [ErrorCode::UnreachableGrant, ErrorCode::Shadowed];
            assert!(codes.all(|code| dead.contains(&code)), "{errors}");
            None
        }
    }
}

/// The family of the vulnerability that both Go libraries of this kind once had.
#[test]
fn the_end_of_one_origin_is_not_another() {
    let policy = Policy::new(Grant::new(["https://foo.com", "https://bar.com"])).unwrap();
    for (origin, expected) in [
        ("https://foo.com", Some(0)),
        ("https://bar.com", Some(0)),
        ("https://barfoo.com", None),
        ("https://foobar.com", None),
        ("https://foo.combar.com", None),
        ("https://foo.bar.com", None),
        ("https://bar.com.foo.com", None),
        ("https://oo.com", None),
        ("https://foo.co", None),
        ("https://foo.comhttps://bar.com", None),
    ] {
        assert_eq!(verdict(&policy, origin), expected, "{origin}");
    }
}

/// Grants, each with its patterns.
const LISTS: &[&[&[&str]]] = &[
    &[&["https://a.b", "https://*.example.com:*"]],
    &[&["https://app.example.com"], &["*"]],
    &[
        &[
            "https://app.example.com:8443",
            "http://localhost:*",
            "app://x",
        ],
        &[
            "https://*.example.com",
            "https://*.b.example.com:8443",
            "https://*.com:1",
        ],
        &["*"],
    ],
    &[
        &[
            "https://*.a.com",
            "https://*.b.com",
            "https://*.c.com:*",
            "https://*.d.com:8443",
            "https://*.example.com",
            "https://*.example.net",
        ],
        &[
            "https://*.a.b.c.d.e",
            "https://*.org",
            "https://*.b.example.org:*",
            "https://*.x.org:8443",
        ],
        &[
            "app://*.example.com",
            "http://[::1]:*",
            "http://127.0.0.1:*",
        ],
    ],
];

const TEMPLATES: &[&str] = &[
    "https://a.b",
    "https://app.example.com",
    "https://app.example.com:8443",
    "https://a.b.example.com",
    "https://a.b.c.d.e.f.g.h.example.com",
    "https://a-very-long-label-that-has-many-bytes.and-one-more.example.com",
    "https://tenant-00000001.eu-central-1.customers.b.example.org:1234",
    "https://x.a.b.c.d.e",
    "https://x.org",
    "https://y.x.org:8443",
    "https://1.2.3.4",
    "https://a.0x1",
    "http://localhost:3000",
    "http://127.0.0.1:80",
    "http://[::1]:8080",
    "app://x",
    "app://x.example.com",
    "null",
];

/// What changes a text at one place.
#[derive(Clone, Debug)]
struct Edit {
    at: prop::sample::Index,
    kind: u8,
    with: String,
}

fn edit() -> impl Strategy<Value = Edit> {
    let with = "[.]|[a-z0-9]|[.:/-]{1,2}|[A-Z_@#?\\[\\] ]|\\PC|[a-z]{1,70}|[.]example[.]com|:[0-9]{1,6}|0x[0-9a-f]";
    (any::<prop::sample::Index>(), 0..3_u8, with).prop_map(|(at, kind, with)| Edit {
        at,
        kind,
        with,
    })
}

impl Edit {
    fn apply(&self, mut text: String) -> String {
        let mut places = text.char_indices().map(|(at, _)| at).chain([text.len()]);
        let count = places.clone().count();
        let at = places.nth(self.at.index(count)).unwrap_or_default();
        let end = match self.kind {
            // In between, instead of one character, instead of all that follow.
            0 => at,
            1 => places.next().unwrap_or(at),
            _ => text.len(),
        };
        text.replace_range(at..end, &self.with);
        text
    }
}

/// For any bytes as the origin, the decision is the same as from parsing them and comparing one
/// pattern after the other.
#[test]
fn agrees_with_the_parsers() {
    let policies: Vec<Policy> = LISTS
        .iter()
        .map(|grants| {
            let grants = grants.iter().map(|grant| Grant::new(grant.iter().copied()));
            Policy::new(grants.collect::<Vec<_>>()).unwrap()
        })
        .collect();
    let byte = prop::option::weighted(0.05, (any::<prop::sample::Index>(), any::<u8>()));
    let strategy = (
        0..LISTS.len(),
        select(TEMPLATES),
        prop::collection::vec(edit(), 0..5),
        byte,
    );
    let mut runner = TestRunner::new(RunnerConfig {
        cases: 5_000,
        failure_persistence: None,
        ..RunnerConfig::default()
    });
    let granted = Cell::new(0);
    let result = runner.run(&strategy, |(list, template, edits, byte)| {
        let text = edits
            .iter()
            .fold(template.to_owned(), |text, edit| edit.apply(text));
        let mut origin = text.into_bytes();
        if let Some((at, byte)) = byte {
            origin.insert(at.index(origin.len() + 1), byte);
        }
        let text = str::from_utf8(&origin).unwrap_or("not even a text");
        let matches = |pattern: &str| match Origin::parse(text) {
            Ok(origin) => OriginPattern::parse(pattern).unwrap().matches(&origin),
            // `null` is not a tuple origin, but `*` matches it, too.
            Err(_) => text == "null" && pattern == "*",
        };
        let mut grants = LISTS[list].iter();
        let expected = grants.position(|grant| grant.iter().any(|pattern| matches(pattern)));
        let head = Head {
            preflight: false,
            origin: &origin,
        };
        let found = match policies[list].decide(&head).verdict() {
            Verdict::Granted(grant) => Some(grant.index()),
            Verdict::NoGrant | Verdict::NoOrigin => None,
        };
        prop_assert_eq!(found, expected, "{}", text);
        granted.set(granted.get() + usize::from(found.is_some()));
        Ok(())
    });
    result.unwrap();
    // A run in which nothing is granted proves nothing.
    assert!(granted.get() > 500, "only {} are granted", granted.get());
}

proptest! {
    #![proptest_config(RunnerConfig { failure_persistence: None, ..RunnerConfig::default() })]

    /// Any text as a pattern is a pattern or an error, and an error's suggestion is a
    /// pattern.
    #[test]
    fn any_pattern(text in "\\PC{0,40}|[a-z*.:/\\[\\]0-9@#?A-Z -]{0,40}|https?://[a-z*.:0-9]{0,30}/?") {
        if let Err(errors) = Policy::new(Grant::new([text.as_str()])) {
            for error in &errors {
                if let Some(suggestion) = error.suggestion() {
                    prop_assert!(Policy::new(Grant::new([suggestion])).is_ok(), "{suggestion}");
                }
            }
        }
    }

    /// Any text as a file is a policy or a list of errors with places inside of it.
    #[test]
    fn any_file(text in "\\PC{0,60}|((allow_origins|max_age|grant|x|\\[\\[grant\\]\\]) ?=? ?(\\[?['\"]?[a-z:/.*-]{0,9}['\"]?\\]?|-?[0-9]{1,30})\n){0,5}") {
        if let Err(errors) = Policy::from_toml(&text) {
            prop_assert!(errors.iter().count() > 0);
            for error in &errors {
                let location = error.location().unwrap();
                prop_assert!(text.get(location.span.clone()).is_some(), "{location:?}");
                prop_assert!(location.line >= 1 && location.column >= 1);
            }
        }
    }
}

/// A policy says with which patterns it was made, in each form.
#[test]
fn patterns_as_they_were_written() {
    let mut written = [
        "https://app.example.com",
        "http://localhost:*",
        "https://*.example.com",
        "https://*.example.com:8443",
        "https://*.example.org:*",
        "https://pr-*.example.com",
        "moz-extension://*",
        "null",
        "http://[::1]:3000",
    ];
    let mut config = Config::from(Grant::new(written));
    config.grants.push(Grant::new(["*"]));
    config.dangerously_allow.null_origin = true;
    config.dangerously_allow.insecure_origins = true;
    let mut found = Policy::new(config).unwrap().origin_patterns("/");
    found.sort_unstable();
    written.sort_unstable();
    let (any, rest) = found.split_first().unwrap();
    assert_eq!(any, "*");
    assert_eq!(rest, written);
}
