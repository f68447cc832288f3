//! Sets of origins, compared with plain ones, and while several threads use them.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use cors_core::OriginSet;
use proptest::prelude::*;

/// The empty key is none.
type Entry = (&'static str, &'static str);

#[derive(Clone, Debug)]
enum Change {
    Insert(Entry),
    Remove(Entry),
    Replace(Vec<Entry>),
    ReplaceFor(&'static str, Vec<&'static str>),
    /// Several, made to a copy first.
    InCopy(Vec<Change>),
}

fn keys() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["", "a", "b"])
}

fn origins() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "https://a.example",
        "https://b.example",
        "https://c.example",
        // A set does not take it.
        "https://c.example/",
    ])
}

fn changes() -> impl Strategy<Value = Change> {
    let in_copy = prop::collection::vec(single_changes(), 0..4).prop_map(Change::InCopy);
    prop_oneof![8 => single_changes(), 1 => in_copy]
}

fn single_changes() -> impl Strategy<Value = Change> {
    let entries = || (keys(), origins());
    prop_oneof![
        4 => entries().prop_map(Change::Insert),
        4 => entries().prop_map(Change::Remove),
        1 => prop::collection::vec(entries(), 0..6).prop_map(Change::Replace),
        2 => (keys(), prop::collection::vec(origins(), 0..4))
            .prop_map(|(key, origins)| Change::ReplaceFor(key, origins)),
    ]
}

fn is_taken(origin: &str) -> bool {
    !origin.ends_with('/')
}

/// Applies a change to both; returns what was wrong.
fn apply(
    set: &OriginSet,
    plain: &mut BTreeSet<Entry>,
    change: Change,
) -> Result<(), TestCaseError> {
    match change {
        Change::Insert((key, origin)) => {
            let inserted = match key {
                "" => set.insert(origin),
                key => set.insert_for(key, origin),
            };
            prop_assert_eq!(inserted.is_ok(), is_taken(origin));
            if let Ok(inserted) = inserted {
                prop_assert_eq!(inserted, plain.insert((key, origin)));
            }
        }
        Change::Remove((key, origin)) => {
            let removed = match key {
                "" => set.remove(origin),
                key => set.remove_for(key, origin),
            };
            prop_assert_eq!(removed, plain.remove(&(key, origin)));
        }
        Change::Replace(entries) => {
            let taken = entries.iter().filter(|(_, origin)| is_taken(origin));
            *plain = taken.copied().collect();
            // An entry without a key has another type.
            let (without, with): (Vec<Entry>, Vec<Entry>) =
                entries.iter().partition(|(key, _)| key.is_empty());
            let without = without.into_iter().map(|(_, origin)| origin.into());
            let errors = set.replace(
                with.into_iter()
                    .map(Into::into)
                    .chain(without)
                    .collect::<Vec<cors_core::OriginSetEntry>>(),
            );
            let wrong = entries.iter().filter(|(_, origin)| !is_taken(origin));
            prop_assert_eq!(errors.len(), wrong.count());
        }
        Change::ReplaceFor(key, origins) => {
            plain.retain(|(other, _)| *other != key);
            let taken = origins.iter().filter(|origin| is_taken(origin));
            plain.extend(taken.map(|origin| (key, *origin)));
            let wrong = origins.iter().filter(|origin| !is_taken(origin)).count();
            let errors = match key {
                "" => set.replace_without_key(origins),
                key => set.replace_for(key, origins),
            };
            prop_assert_eq!(errors.len(), wrong);
        }
        Change::InCopy(changes) => {
            let copy = OriginSet::new();
            copy.restore(&set.snapshot());
            for change in changes {
                apply(&copy, plain, change)?;
            }
            set.restore(&copy.snapshot());
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn a_set_is_a_set(changes in prop::collection::vec(changes(), 0..40)) {
        let (set, mut plain) = (OriginSet::new(), BTreeSet::new());
        for change in changes {
            apply(&set, &mut plain, change)?;
            let snapshot = set.snapshot();
            let found: BTreeSet<_> = snapshot.iter().map(|(key, origin)| (key.unwrap_or(""), origin)).collect();
            prop_assert_eq!(&found, &plain);
            prop_assert_eq!(snapshot.len(), plain.len());
            prop_assert_eq!(set.is_empty(), plain.is_empty());
            for key in ["a", "b"] {
                let found: BTreeSet<_> = snapshot.origins_for(key).map(|origin| (key, origin)).collect();
                let expected: BTreeSet<_> = plain.iter().copied().filter(|(other, _)| *other == key).collect();
                prop_assert_eq!(found, expected);
                prop_assert_eq!(set.contains_for(key, "https://a.example"), plain.contains(&(key, "https://a.example")));
            }
            let found: BTreeSet<_> = snapshot.origins().map(|origin| ("", origin)).collect();
            let expected: BTreeSet<_> = plain.iter().copied().filter(|(key, _)| key.is_empty()).collect();
            prop_assert_eq!(found, expected);
            prop_assert_eq!(snapshot.origins_for("").count(), 0);
            prop_assert_eq!(set.contains("https://a.example"), plain.contains(&("", "https://a.example")));
            prop_assert!(!set.contains_for("", "https://a.example"));
        }
    }
}

/// Readers see all of a change or nothing, and changes of several threads are all made.
#[test]
fn changes_are_made_at_once() {
    const STATES: [&[&str]; 2] = [
        &["https://a.example", "https://b.example"],
        &[
            "https://c.example",
            "https://d.example",
            "https://e.example",
        ],
    ];
    let set = OriginSet::new();
    set.replace_for("key", STATES[0]);
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !is_done.load(Ordering::Relaxed) {
                    let snapshot = set.snapshot();
                    let mut found: Vec<_> = snapshot.origins_for("key").collect();
                    found.sort_unstable();
                    assert!(STATES.contains(&&*found), "{found:?}");
                }
            });
        }
        let writers: Vec<_> = (0..2)
            .map(|writer| {
                let set = &set;
                scope.spawn(move || {
                    for round in 0..1000 {
                        set.replace_for("key", STATES[round % 2]);
                        let key = format!("{writer}-{round}");
                        set.insert_for(&key, "https://a.example").unwrap();
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.join().unwrap();
        }
        is_done.store(true, Ordering::Relaxed);
    });
    assert_eq!(set.len(), 2000 + STATES[1].len());
}

#[test]
fn a_set_that_was_never_filled_is_not_an_empty_one() {
    let set = OriginSet::new();
    assert!(!set.remove("https://a.example"));
    assert!(!set.is_filled() && set.is_empty());
    let copy = OriginSet::new();
    copy.restore(&set.snapshot());
    assert!(copy.is_filled() && copy.is_empty());
    set.replace::<&str>([]);
    assert!(set.is_filled() && set.is_empty());
    let clone = set.clone();
    clone.insert("https://a.example").unwrap();
    assert!(set == clone && set.contains("https://a.example"));
    assert!(set != OriginSet::new());
}

/// A policy with sets, and which grant a request has.
#[cfg(feature = "toml")]
mod policy {
    use cors_core::{Config, ConfigErrors, Grant, LivePolicy, LoadOptions, OriginSet, Policy};

    use crate::common::Request;

    const POLICY: &str = r#"
        allow_origins = ["https://app.example.com", { set = "partners" }]

        [[route]]
        path = "/realms/{realm}"

        [[route.grant]]
        allow_origins     = ["https://admin.example.com"]
        allow_credentials = true

        [[route.grant]]
        allow_origins = [{ set = "customers", key = "{realm}" }, "https://pr-*.example.com"]

        [[route.grant]]
        allow_origins = ["*"]

        [[route]]
        path          = "/a/{x}/{y}"
        allow_origins = [{ set = "customers", key = "{y}" }, { set = "customers", key = "{x}" }, { set = "partners" }]
    "#;

    #[test]
    fn which_grant_a_request_has() {
        let (customers, partners) = (OriginSet::new(), OriginSet::new());
        let options = LoadOptions::default()
            .origin_set("customers", &customers)
            .origin_set("partners", &partners);
        let policy = options.from_toml(POLICY).unwrap();
        #[track_caller]
        fn check(policy: &Policy, path: &str, origin: &str, expected: &str) {
            for request in [
                format!("GET {path}\nOrigin: {origin}"),
                format!("OPTIONS {path}\nOrigin: {origin}\nAccess-Control-Request-Method: PUT"),
            ] {
                let decision = policy.decide(&Request(request.as_bytes()));
                let found = match decision.verdict() {
                    cors_core::adapter::Verdict::Granted(grant) => grant.to_string(),
                    verdict => format!("{verdict:?}"),
                };
                assert_eq!(found, expected, "{request}");
            }
        }
        let acme = "https://acme.example";
        check(&policy, "/", acme, "NoGrant");
        check(&policy, "/realms/acme", acme, "route[0].grant[2]");

        partners.insert(acme).unwrap();
        check(&policy, "/", acme, "grant[0]");
        check(&policy, "/a/1/2", acme, "route[1].grant[0]");
        // What is without a key is under no key.
        check(&policy, "/realms/acme", acme, "route[0].grant[2]");
        partners.remove(acme);
        check(&policy, "/", acme, "NoGrant");

        customers.insert_for("acme", acme).unwrap();
        check(&policy, "/realms/acme", acme, "route[0].grant[1]");
        check(&policy, "/realms/acme/users/1", acme, "route[0].grant[1]");
        for other in [
            "/realms/other",
            "/realms/ACME",
            "/realms/acme2",
            "/realms/%61cme",
        ] {
            let expected = match other.contains('%') {
                true => "NoGrant",
                false => "route[0].grant[2]",
            };
            check(&policy, other, acme, expected);
        }
        check(&policy, "/realms", acme, "NoGrant");
        check(&policy, "/realms/", acme, "NoGrant");
        check(&policy, "/a/acme/x", acme, "route[1].grant[0]");
        check(&policy, "/a/x/acme/z", acme, "route[1].grant[0]");
        check(&policy, "/a/x/y/acme", acme, "NoGrant");
        check(&policy, "/", acme, "NoGrant");

        // The first grant decides, listed or in a set.
        customers
            .insert_for("acme", "https://admin.example.com")
            .unwrap();
        customers
            .insert_for("acme", "https://pr-1.example.com")
            .unwrap();
        check(
            &policy,
            "/realms/acme",
            "https://admin.example.com",
            "route[0].grant[0]",
        );
        check(
            &policy,
            "/realms/acme",
            "https://pr-1.example.com",
            "route[0].grant[1]",
        );

        for origin in [
            "https://acme.example/",
            "https://ACME.example",
            "null",
            &"a".repeat(9000),
        ] {
            let expected = match origin {
                "null" => "route[0].grant[2]",
                _ => "NoGrant",
            };
            check(&policy, "/realms/acme", origin, expected);
        }
    }

    #[test]
    fn a_set_survives_the_policy() {
        let customers = OriginSet::new();
        let options = LoadOptions::default().origin_set("customers", &customers);
        let load = |max_age: u32| {
            let text = format!("allow_origins = [{{ set = 'customers' }}]\nmax_age = {max_age}");
            options.from_toml(&text).unwrap()
        };
        let live = LivePolicy::new(load(1));
        customers.insert("https://acme.example").unwrap();
        live.replace(load(2));
        let request = Request(b"GET /\nOrigin: https://acme.example");
        assert!(live.current().0.decide(&request).headers().is_granted());
    }

    #[test]
    fn a_near_miss_in_a_set() {
        let partners = OriginSet::new();
        partners.insert("https://acme.example").unwrap();
        let config = Config::new([Grant::default().allow_origin_set("partners")]);
        let policy = Policy::new(config.origin_set("partners", &partners)).unwrap();
        let explanation = policy.explain(&Request(b"GET /\nOrigin: https://acme.example/"));
        assert_eq!(
            explanation.near_miss().map(|near_miss| &*near_miss.pattern),
            Some("https://acme.example")
        );
    }

    #[track_caller]
    fn check_errors(result: Result<Policy, ConfigErrors>, expected: &[&str]) {
        let errors = match result {
            Ok(_) => Vec::new(),
            Err(errors) => errors.iter().map(ToString::to_string).collect(),
        };
        assert_eq!(errors, expected);
    }

    #[test]
    fn wrong_sets_in_files() {
        #[track_caller]
        fn check(text: &str, expected: &[&str]) {
            let options = LoadOptions::default().origin_set("known", &OriginSet::new());
            check_errors(options.from_toml(text), expected);
        }
        check("allow_origins = [{ set = 'known' }]", &[]);
        check(
            "allow_origins = ['https://a.example', { set = 'other' }]",
            &[
                "1:39: allow_origins[1]: `other` is a set that the application does not supply; supply it with `origin_set`, or remove it [unknown-origin-set]",
            ],
        );
        check(
            "allow_origins = [{ set = 'known', key = '{realm}' }]",
            &[
                "1:18: allow_origins[0]: `known` has the key `{realm}`, and the path here has no segment `{name}`; write it in a route such as `/realms/{realm}`, or remove the key [invalid-origin-set]",
            ],
        );
        check(
            "[[route]]\npath = '/realms/{realm}'\nallow_origins = [{ set = 'known', key = 'realm' }]",
            &[
                "3:18: route[0].allow_origins[0]: `known` has the key `realm`, which is not a segment of the route's path; write `{realm}` [invalid-origin-set]",
            ],
        );
        check(
            "[[route]]\npath = '/{a}/{b}'\nallow_origins = [{ set = 'known', key = '{c}' }]",
            &[
                "3:18: route[0].allow_origins[0]: `known` has the key `{c}`, which is not a segment of the route's path; write one of `{a}`, `{b}` [invalid-origin-set]",
            ],
        );
        check(
            "allow_origins = [{ set = 'known' }, 'https://a.example', { set = 'known' }]",
            &[
                "1:58: allow_origins[2]: `known` is listed twice in this grant; remove one [duplicate]",
            ],
        );
        check(
            "[[grant]]\nallow_origins = [{ set = 'known' }]\n[[grant]]\nallow_origins = ['https://a.example', { set = 'known' }]",
            &[
                "4:39: grant[1].allow_origins[1]: `known` is already listed in grant[0], and the first matching grant decides; remove one [duplicate]",
            ],
        );
        check(
            "[[grant]]\nallow_origins = ['*']\n[[grant]]\nallow_origins = [{ set = 'known' }]",
            &[
                "4:18: grant[1].allow_origins[0]: `known` is matched by an earlier grant, and the first matching grant decides; remove it, or move this grant up [shadowed]",
            ],
        );
        check(
            "allow_origins = ['*', { set = 'known' }]",
            &[
                "1:18: allow_origins[0]: `*` matches every origin, so it must be the only entry; remove it or the others, or move it to a later grant [mixed-wildcard-origin]",
            ],
        );
        check(
            "allow_origins = [{ key = '{realm}' }]",
            &[
                "1:18: allow_origins[0]: names no set; write `{ set = \"NAME\" }`, or an origin as a string [invalid-origin-set]",
            ],
        );
        check(
            "allow_origins = [{ set = 'known', keys = '{realm}' }, 'https://a.example/']",
            &[
                "1:35: allow_origins[0]: `keys` is not a key of a set of origins; it has `set` and `key` [unknown-key]",
                "1:55: allow_origins[1]: `https://a.example/` ends with a slash; browsers send origins without it; did you mean `https://a.example`? [invalid-origin]",
            ],
        );
        check(
            "allow_origins = [{ set = 7 }]",
            &["1:26: allow_origins[0]: expected a string, found an integer [wrong-type]"],
        );
        check(
            "allow_origins = [{ set = '${NAME}' }]",
            &[
                "1:26: allow_origins[0]: `${NAME}` is not replaced here: only the items of `allow_origins`, `allow_methods`, `allow_headers` and `expose_headers` can be variables [invalid-variable]",
            ],
        );
        // Variables next to a set.
        check(
            "allow_origins = ['${NAME_THAT_IS_NOT_SET:-}', { set = 'known' }]",
            &[],
        );
        check(
            "allow_methods = [{ set = 'known' }]\nallow_origins = [{ set = 'known' }]",
            &["1:18: allow_methods[0]: expected a string, found a table [wrong-type]"],
        );
    }

    #[test]
    fn wrong_sets_in_rust() {
        let grant = || Grant::default().allow_origin_set_for("customers", "{tenant}");
        let config = Config::default().route("/realms/{realm}", grant());
        check_errors(
            Policy::new(config.origin_set("customers", &OriginSet::new())),
            &[
                "route[0].origin_sets[0]: `customers` has the key `{tenant}`, which is not a segment of the route's path; write `{realm}` [invalid-origin-set]",
            ],
        );
        let config = Config::new([Grant::default().allow_origin_set("customers")]);
        check_errors(
            Policy::new(config.clone()),
            &[
                "origin_sets[0]: `customers` is a set that the application does not supply; supply it with `origin_set`, or remove it [unknown-origin-set]",
            ],
        );
        let any = LoadOptions::default().any_origin_set();
        assert!(any.from_toml("allow_origins = [{ set = 'x' }]").is_ok());
    }

    #[cfg(feature = "serde")]
    #[test]
    fn sets_are_written_as_in_files() {
        let config = Config::new([Grant::new(["https://a.example"]).allow_origin_set("b")])
            .route("/{c}", Grant::default().allow_origin_set_for("d", "{c}"));
        let json = serde_json::to_string(&config).unwrap();
        assert_eq!(
            json,
            r#"{"allow_origins":["https://a.example",{"set":"b"}],"route":[{"path":"/{c}","allow_origins":[{"set":"d","key":"{c}"}]}]}"#
        );
        assert_eq!(serde_json::from_str::<Config>(&json).unwrap(), config);
    }
}
