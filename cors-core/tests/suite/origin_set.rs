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
        Change::ReplaceFor("", origins) => {
            prop_assert_eq!(set.replace_for("", origins).len(), 1, "the key is wrong");
        }
        Change::ReplaceFor(key, origins) => {
            plain.retain(|(other, _)| *other != key);
            let taken = origins.iter().filter(|origin| is_taken(origin));
            plain.extend(taken.map(|origin| (key, *origin)));
            let wrong = origins.iter().filter(|origin| !is_taken(origin)).count();
            prop_assert_eq!(set.replace_for(key, origins).len(), wrong);
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
    set.replace::<&str>([]);
    assert!(set.is_filled() && set.is_empty());
    let clone = set.clone();
    clone.insert("https://a.example").unwrap();
    assert!(set == clone && set.contains("https://a.example"));
    assert!(set != OriginSet::new());
}
