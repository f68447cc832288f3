//! Policies are replaced while requests are answered, in every order of the steps of both.

use std::sync::Mutex;

use super::*;
use crate::config::Grant;
use crate::step::orders::{self, begin};

/// What a thread does.
#[derive(Clone, Copy, Debug)]
enum Do {
    /// Puts the next policy in place.
    Replace,
    /// Asks an adapter's cache, as a request does.
    Request,
    /// Asks the handle for the policy, as a new cache does.
    Current,
    /// Asks the handle for the version.
    Version,
}

use Do::{Current, Replace, Request, Version};

/// What came of it. A policy is known by its number, which says nothing about the version that it gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Done {
    Replaced {
        policy: u64,
        version: u64,
    },
    /// With what the cache has stored at that moment.
    Requested {
        policy: u64,
        stored: (u64, u64),
    },
    Read {
        policy: u64,
        version: u64,
    },
    Version(u64),
}

/// In the order in which it happened: that something begins, and what came of it.
#[derive(Clone, Copy, Debug)]
enum Event {
    Begin(Do),
    End(Done, usize),
}

struct Shared {
    live: LivePolicy,
    cache: PolicyCache<Arc<Policy>>,
    policies: Vec<Policy>,
    log: Mutex<Vec<Event>>,
}

impl Shared {
    /// The cache has the first policy, and the handle the second.
    fn new(policies: &[Policy]) -> Self {
        let live = LivePolicy::new(policies[0].clone());
        let cache = PolicyCache::new(&live, Arc::new);
        live.replace(policies[1].clone());
        Self {
            live,
            cache,
            policies: policies.to_vec(),
            log: Mutex::default(),
        }
    }

    fn log(&self, event: Event) -> usize {
        let mut log = self.log.lock().unwrap();
        log.push(event);
        log.len() - 1
    }

    fn number(&self, policy: &Policy) -> u64 {
        let same = |other: &Policy| std::ptr::eq(other.compiled(), policy.compiled());
        self.policies.iter().position(same).unwrap() as u64
    }

    fn run(&self, what: Do) {
        begin();
        let began = self.log(Event::Begin(what));
        let done = match what {
            Replace => {
                // The one that no other thread takes: as many have begun.
                let log = self.log.lock().unwrap();
                let begun = |event: &&Event| matches!(event, Event::Begin(Replace));
                let policy = 1 + log[..=began].iter().filter(begun).count();
                drop(log);
                let version = self.live.replace(self.policies[policy].clone());
                let policy = policy as u64;
                Done::Replaced { policy, version }
            }
            Request => {
                let policy = self.number(&self.cache.current());
                let Source::Live(live) = &self.cache.0 else {
                    unreachable!("it is made of a handle");
                };
                let made = live.made.load();
                let stored = (self.number(&made.value), made.version);
                Done::Requested { policy, stored }
            }
            Current => {
                let (policy, version) = self.live.current();
                let policy = self.number(&policy);
                Done::Read { policy, version }
            }
            Version => Done::Version(self.live.version()),
        };
        self.log(Event::End(done, began));
    }
}

/// What all that happened allows to be seen.
#[derive(Clone, Copy, Default)]
struct Seen {
    /// By `replace` or `version`: who begins after that gets it, or a later one.
    version: u64,
    /// By a request: the next request gets it, or a later one.
    request: u64,
    /// By `current`, of which the same is true.
    current: u64,
    /// How many replacements have begun: no later version can be seen.
    begun: u64,
}

/// What is wrong with what happened.
fn judge(log: &[Event]) -> Result<(), String> {
    // Which policy has which version: the first two, and what each replacement says.
    let mut policies = vec![0, 1];
    let ends = log.iter().filter_map(|event| match event {
        Event::End(done, _) => Some(done),
        Event::Begin(_) => None,
    });
    let mut replaced: Vec<_> = ends
        .filter_map(|done| match done {
            Done::Replaced { policy, version } => Some((*version, *policy)),
            _ => None,
        })
        .collect();
    replaced.sort_unstable();
    for (version, policy) in replaced {
        if version != policies.len() as u64 + 1 {
            return Err(format!("version {version} follows {}", policies.len()));
        }
        policies.push(policy);
    }
    let version_of = |policy: u64| {
        let place = policies.iter().position(|&other| other == policy);
        place.map_or(0, |place| place as u64 + 1)
    };
    let belong = |what: &str, policy, version| match version_of(policy) == version {
        true => Ok(()),
        false => Err(format!("{what}: policy {policy} as version {version}")),
    };

    let mut seen = Seen {
        version: 2,
        ..Seen::default()
    };
    let mut at_begin = vec![seen; log.len()];
    for (place, event) in log.iter().enumerate() {
        let (done, began) = match *event {
            Event::Begin(what) => {
                seen.begun += u64::from(matches!(what, Replace));
                at_begin[place] = seen;
                continue;
            }
            Event::End(done, began) => (done, began),
        };
        let before = at_begin[began];
        let within = |version: u64, least: u64| match (least..=seen.begun + 2).contains(&version) {
            true => Ok(()),
            false => Err(format!(
                "{done:?} is version {version}, not {least}..={}",
                seen.begun + 2
            )),
        };
        match done {
            Done::Replaced { policy, version } => {
                belong("replaced", policy, version)?;
                within(version, before.version + 1)?;
                seen.version = seen.version.max(version);
            }
            Done::Requested { policy, stored } => {
                belong("stored", stored.0, stored.1)?;
                let version = version_of(policy);
                within(version, before.version.max(before.request))?;
                seen.request = seen.request.max(version);
            }
            Done::Read { policy, version } => {
                belong("current", policy, version)?;
                let least = before.version.max(before.request).max(before.current);
                within(version, least)?;
                seen.current = seen.current.max(version);
            }
            // Stored after the policy, so it may be one lower than what is seen of that.
            Done::Version(version) => {
                let policy = before.request.max(before.current);
                within(version, before.version.max(policy.saturating_sub(1)))?;
                seen.version = seen.version.max(version);
            }
        }
    }
    Ok(())
}

/// Tries every order, and returns how many there are.
#[track_caller]
fn check(threads: &[&[Do]]) -> usize {
    let policies: Vec<_> = (0..6)
        .map(|_| Policy::new(Grant::new(["*"])).unwrap())
        .collect();
    let thread = |number: usize, shared: &Shared| {
        for what in threads[number] {
            shared.run(*what);
        }
    };
    let check = |shared: &Shared, order: &[usize]| {
        // What all threads have done is there at the end.
        shared.run(Version);
        shared.run(Current);
        shared.run(Request);
        let log = shared.log.lock().unwrap();
        if let Err(wrong) = judge(&log) {
            panic!("{wrong}\nthreads: {threads:?}\norder of steps: {order:?}\n{log:#?}");
        }
    };
    let orders = orders::all(threads.len(), || Shared::new(&policies), thread, check);
    println!("{threads:?}: {orders} orders");
    orders
}

#[test]
fn replacements_and_requests() {
    check(&[&[Replace], &[Request, Request]]);
    check(&[&[Replace], &[Request], &[Request, Request]]);
    check(&[&[Replace, Replace], &[Request, Request]]);
}

#[test]
fn replacements_and_the_handle() {
    check(&[
        &[Replace, Replace],
        &[Version, Current],
        &[Current, Version],
    ]);
    check(&[&[Replace, Replace], &[Version, Request], &[Current]]);
}

#[test]
fn several_replace_it() {
    check(&[&[Replace], &[Replace], &[Current, Version]]);
    check(&[&[Replace], &[Replace], &[Request, Request]]);
}
