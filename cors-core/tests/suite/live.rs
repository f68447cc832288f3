//! A policy that is replaced while many threads use it.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::cell::Cell;
use std::convert::Infallible;
use std::sync::Arc;
use std::thread;

use cors_core::adapter::{Header, HeaderSource, PolicyCache};
use cors_core::{Grant, LivePolicy, Policy};

/// A policy that contains its version.
fn policy(version: u64) -> Policy {
    Policy::new(Grant::new(["*"]).expose_headers([format!("v{version}")])).unwrap()
}

/// The version that a policy contains.
fn apply(policy: Policy) -> Arc<u64> {
    let version = Cell::new(0);
    let read = |headers: &[Header<Box<str>>]| {
        for header in headers {
            if let HeaderSource::Constant(value) = &header.value
                && let Some(number) = value.strip_prefix('v')
            {
                version.set(number.parse().unwrap());
            }
        }
        Ok::<_, Infallible>(())
    };
    policy.prepare(read, read);
    Arc::new(version.get())
}

// What depends on the order of the threads' steps is tried in `src/policy_cache/every_order.rs`, in every order. This is
// for what that leaves out: real threads, and memory orderings.
#[test]
fn a_thread_that_sees_a_version_gets_that_policy_or_a_later_one() {
    const VERSIONS: u64 = 5_000;

    let live = LivePolicy::new(policy(1));
    let applied = PolicyCache::new(&live, apply);
    let wrong = thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while live.version() < VERSIONS {
                    let before = live.version();
                    let current = *applied.current();
                    let after = live.version();
                    // The applied version may be one higher than the handle's, never lower.
                    assert!((before..=after + 1).contains(&current));
                    let (policy, version) = live.current();
                    assert_eq!(*apply(policy), version);
                }
            });
        }
        // This must not end early: the others wait for the last version.
        let is_wrong = |&version: &u64| {
            live.replace(policy(version)) != version || *applied.current() != version
        };
        (2..=VERSIONS).filter(is_wrong).count()
    });
    assert_eq!(wrong, 0);
}

#[test]
fn several_replace_it() {
    let live = LivePolicy::new(policy(1));
    let mut versions = thread::scope(|scope| {
        let replace = || {
            let versions = (0..500).map(|_| live.replace(policy(0)));
            versions.collect::<Vec<_>>()
        };
        let threads = [0; 4].map(|_| scope.spawn(replace));
        let versions = threads.map(|thread| thread.join().unwrap());
        versions.concat()
    });
    versions.sort_unstable();
    assert!(versions.into_iter().eq(2..=2001));
    assert_eq!(live.version(), 2001);
}

#[test]
fn a_fixed_policy_is_prepared_once() {
    let applied = PolicyCache::new(policy(7), apply);
    assert!(Arc::ptr_eq(&applied.current(), applied.fixed().unwrap()));
    assert!(
        PolicyCache::new(LivePolicy::new(policy(7)), apply)
            .fixed()
            .is_none()
    );
}

#[test]
fn what_debug_shows() {
    let text = format!("{:?}", LivePolicy::new(policy(7)));
    assert_eq!(
        text,
        "LivePolicy { version: 1, policy: Policy { parts: 1, .. } }"
    );
    let text = format!("{:?}", PolicyCache::new(policy(7), apply));
    assert_eq!(text, "PolicyCache(7)");
}
