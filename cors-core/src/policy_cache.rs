//! A cache for what an adapter prepares from the current policy.

#[cfg(test)]
mod every_order;

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::live::{LivePolicy, PolicySource};
use crate::policy::Policy;
use crate::step::step;

/// What an adapter has prepared from the current policy, such as header values in the framework's types.
/// It is prepared once for a [`Policy`], and again after each replacement for a [`LivePolicy`].
///
/// `P` is a pointer that is cheap to clone, an `Arc` or an `Rc`. A request must see one policy from start to
/// end: ask for [`current`](Self::current) once and keep the result.
///
/// # Examples
///
/// ```
/// use std::convert::Infallible;
/// use std::sync::Arc;
///
/// use cors_core::adapter::{Header, PerResponse, PolicyCache};
/// use cors_core::{Grant, LivePolicy, Policy};
///
/// struct Prepared {
///     policy: Policy,
///     lengths: PerResponse<usize>,
/// }
///
/// fn prepare(policy: Policy) -> Arc<Prepared> {
///     let length = |headers: &[Header<Box<str>>]| Ok::<_, Infallible>(headers.len());
///     let lengths = policy.prepare(length, length);
///     Arc::new(Prepared { policy, lengths })
/// }
///
/// let live = LivePolicy::new(Policy::new(Grant::new(["https://app.example.com"]))?);
/// let cache = PolicyCache::new(&live, prepare);
/// let before = cache.current();
/// assert!(Arc::ptr_eq(&before, &cache.current()));
///
/// live.replace(Policy::new(Grant::new(["*"]))?);
/// assert!(!Arc::ptr_eq(&before, &cache.current()));
/// # Ok::<(), cors_core::ConfigErrors>(())
/// ```
#[derive(Clone)]
pub struct PolicyCache<P>(Source<P>);

#[derive(Clone)]
enum Source<P> {
    Fixed(P),
    Live(Arc<Live<P>>),
}

struct Live<P> {
    policy: LivePolicy,
    make: fn(Policy) -> P,
    made: ArcSwap<Made<P>>,
}

struct Made<P> {
    value: P,
    version: u64,
}

impl<P: Clone> PolicyCache<P> {
    /// Prepares a policy, or the current one of a [`LivePolicy`], with `make`. `make` must not fail, and
    /// should be quick: the first requests after a replacement each call it.
    pub fn new(policy: impl Into<PolicySource>, make: fn(Policy) -> P) -> Self {
        Self(match policy.into() {
            PolicySource::Fixed(policy) => Source::Fixed(make(policy)),
            PolicySource::Live(policy) => {
                let made = ArcSwap::from_pointee(Made::new(&policy, make));
                Source::Live(Arc::new(Live { policy, make, made }))
            }
        })
    }

    /// What was prepared from the current policy.
    #[inline]
    pub fn current(&self) -> P {
        match &self.0 {
            Source::Fixed(value) => value.clone(),
            Source::Live(live) => live.current(),
        }
    }

    /// The same by reference, if the policy cannot be replaced.
    pub fn fixed(&self) -> Option<&P> {
        match &self.0 {
            Source::Fixed(value) => Some(value),
            Source::Live(_) => None,
        }
    }
}

impl<P: Clone> Live<P> {
    /// Not inlined, so that a policy that is never replaced does not save the registers that this needs.
    #[inline(never)]
    fn current(&self) -> P {
        step();
        let made = self.made.load();
        // It can be newer: a replacement stores the policy first and the version after it.
        if made.version >= self.policy.version() {
            return made.value.clone();
        }
        // Do not let one request prepare it and the others wait: they would depend on the scheduling of that
        // one, and preparing it twice is harmless.
        let made = Arc::new(Made::new(&self.policy, self.make));
        // Do not store it unconditionally: another request may have stored a newer one, and a client that
        // has seen the newer policy would see the older one after it.
        let newest = |stored: &Arc<Made<P>>| match stored.version > made.version {
            true => Arc::clone(stored),
            false => Arc::clone(&made),
        };
        step();
        let stored = self.made.rcu(newest);
        newest(&stored).value.clone()
    }
}

impl<P> Made<P> {
    fn new(policy: &LivePolicy, make: fn(Policy) -> P) -> Self {
        let (policy, version) = policy.current();
        let value = make(policy);
        Self { value, version }
    }
}

impl<P: Clone + fmt::Debug> fmt::Debug for PolicyCache<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PolicyCache").field(&self.current()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::convert::Infallible;

    use super::*;
    use crate::config::Grant;
    use crate::decide::RequestHead;
    use crate::decision::{Decision, Header, HeaderSource};
    use crate::header::RequestHeader;

    struct Get;

    impl RequestHead for Get {
        fn method(&self) -> &[u8] {
            b"GET"
        }

        fn lines(&self, _: RequestHeader) -> impl Iterator<Item = &[u8]> {
            std::iter::empty()
        }
    }

    #[test]
    fn is_made_once_while_a_policy_is_being_replaced() {
        let policy = Policy::new(Grant::new(["*"])).unwrap();
        let live = LivePolicy::new(policy.clone());
        let applied = PolicyCache::new(&live, Arc::new);
        let before = applied.current();
        live.0.begin_to_replace(policy, 2);
        assert_eq!(live.version(), 1);
        let during = applied.current();
        // A request that has seen the old one keeps using it.
        assert!(Arc::ptr_eq(&during, &before));
        let fresh = PolicyCache::new(&live, Arc::new);
        assert!(Arc::ptr_eq(&fresh.current(), &fresh.current()));
    }

    /// Finding 8 of the red team: a slower request stored an older policy over a newer one.
    #[test]
    fn never_goes_back_to_an_older_policy() {
        thread_local! {
            /// What happens while the next policy is being prepared.
            static MEANWHILE: RefCell<Option<Box<dyn FnOnce()>>> = const { RefCell::new(None) };
        }

        /// The number of a policy, which is its `expose_headers`.
        fn make(policy: Policy) -> Arc<u64> {
            let meanwhile = MEANWHILE.with_borrow_mut(Option::take);
            if let Some(meanwhile) = meanwhile {
                meanwhile();
            }
            let Decision::Forward(headers) = policy.decide(&Get) else {
                return Arc::default();
            };
            let number = |headers: &[Header<Box<str>>]| {
                let values = headers.iter().filter_map(|header| match &header.value {
                    HeaderSource::Constant(value) => value.parse().ok(),
                    HeaderSource::Echo(_) => None,
                });
                Ok::<u64, Infallible>(values.max().unwrap_or_default())
            };
            let numbers = policy.prepare(number, number);
            Arc::new(numbers.actual(headers).copied().unwrap_or_default())
        }

        let policy = |number: u64| {
            let grant = Grant::new(["*"]).expose_headers([number.to_string()]);
            Policy::new(grant).unwrap()
        };
        let live = LivePolicy::new(policy(1));
        let applied = PolicyCache::new(&live, make);
        live.replace(policy(2));
        let (live_in, applied_in, third) = (live.clone(), applied.clone(), policy(3));
        MEANWHILE.set(Some(Box::new(move || {
            live_in.0.begin_to_replace(third, 3);
            assert_eq!(*applied_in.current(), 3);
        })));
        assert_eq!(*applied.current(), 3);
        assert_eq!((*applied.current(), live.version()), (3, 2));
    }
}
