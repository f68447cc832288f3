//! What an adapter makes of the policy in force.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::live::{LivePolicy, PolicySource};
use crate::policy::Policy;

/// What an adapter has made of the policy in force, such as its values in the framework's types: made
/// once for a [`Policy`], and again after each replacement for a [`LivePolicy`].
///
/// `P` is a pointer that is cheap to clone, an `Arc` or an `Rc`. To see one policy from start to end, a
/// request asks for [`current`](Self::current) once and keeps that.
///
/// # Examples
///
/// ```
/// use std::convert::Infallible;
/// use std::sync::Arc;
///
/// use cors_core::{Applied, Baked, Grant, LivePolicy, Policy};
///
/// struct Shared {
///     policy: Policy,
///     values: Baked<String>,
/// }
///
/// fn apply(policy: Policy) -> Arc<Shared> {
///     let Ok(values) = policy.bake(|value| Ok::<_, Infallible>(value.to_owned()));
///     Arc::new(Shared { policy, values })
/// }
///
/// let live = LivePolicy::new(Policy::new(Grant::new(["https://app.example.com"]))?);
/// let applied = Applied::new(&live, apply);
/// let before = applied.current();
/// assert!(Arc::ptr_eq(&before, &applied.current()));
///
/// live.replace(Policy::new(Grant::new(["*"]))?);
/// assert!(!Arc::ptr_eq(&before, &applied.current()));
/// # Ok::<(), cors_core::ConfigErrors>(())
/// ```
#[derive(Clone)]
pub struct Applied<P>(Source<P>);

#[derive(Clone)]
enum Source<P> {
    Fixed(P),
    Live(Arc<Live<P>>),
}

struct Live<P> {
    policy: LivePolicy,
    apply: fn(Policy) -> P,
    made: ArcSwap<Made<P>>,
}

struct Made<P> {
    value: P,
    version: u64,
}

impl<P: Clone> Applied<P> {
    /// Applies a policy, or whatever is in force. `apply` must not fail, and should be quick: the first
    /// requests after a replacement each do it themselves.
    pub fn new(policy: impl Into<PolicySource>, apply: fn(Policy) -> P) -> Self {
        Self(match policy.into() {
            PolicySource::Fixed(policy) => Source::Fixed(apply(policy)),
            PolicySource::Live(policy) => {
                let made = ArcSwap::from_pointee(Made::new(&policy, apply));
                Source::Live(Arc::new(Live {
                    policy,
                    apply,
                    made,
                }))
            }
        })
    }

    /// What was made of the policy in force.
    #[inline]
    pub fn current(&self) -> P {
        match &self.0 {
            Source::Fixed(value) => value.clone(),
            Source::Live(live) => live.current(),
        }
    }

    /// The same where the policy cannot be replaced, to borrow it for as long as this is there.
    pub fn fixed(&self) -> Option<&P> {
        match &self.0 {
            Source::Fixed(value) => Some(value),
            Source::Live(_) => None,
        }
    }
}

impl<P: Clone> Live<P> {
    /// Not inlined, so that a policy that is never replaced does not pay for what this needs.
    #[inline(never)]
    fn current(&self) -> P {
        let made = self.made.load();
        // Newer while it is being replaced: then the version comes after the policy.
        if made.version >= self.policy.version() {
            return made.value.clone();
        }
        // Do not let one request make it and the others wait: they would depend on that one being
        // scheduled, and to make it twice is harmless.
        let made = Arc::new(Made::new(&self.policy, self.apply));
        // Do not just store it: what another request has stored meanwhile may be newer, and a client that
        // has seen the newer policy would see this one after it.
        let newest = |stored: &Arc<Made<P>>| match stored.version > made.version {
            true => Arc::clone(stored),
            false => Arc::clone(&made),
        };
        let stored = self.made.rcu(newest);
        newest(&stored).value.clone()
    }
}

impl<P> Made<P> {
    fn new(policy: &LivePolicy, apply: fn(Policy) -> P) -> Self {
        let (policy, version) = policy.current();
        let value = apply(policy);
        Self { value, version }
    }
}

impl<P: Clone + fmt::Debug> fmt::Debug for Applied<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Applied").field(&self.current()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::convert::Infallible;

    use super::*;
    use crate::config::Grant;

    #[test]
    fn is_made_once_while_a_policy_is_being_replaced() {
        let policy = Policy::new(Grant::new(["*"])).unwrap();
        let live = LivePolicy::new(policy.clone());
        let applied = Applied::new(&live, Arc::new);
        let before = applied.current();
        live.0.begin_to_replace(policy, 2);
        assert_eq!(live.version(), 1);
        let during = applied.current();
        // Whoever has seen the old one made goes on with it.
        assert!(Arc::ptr_eq(&during, &before));
        let fresh = Applied::new(&live, Arc::new);
        assert!(Arc::ptr_eq(&fresh.current(), &fresh.current()));
    }

    /// Finding 8 of the red team: a slower request stored an older policy over a newer one.
    #[test]
    fn never_goes_back_to_an_older_policy() {
        thread_local! {
            /// What happens while the next policy is being made.
            static MEANWHILE: RefCell<Option<Box<dyn FnOnce()>>> = const { RefCell::new(None) };
        }

        /// Makes the number of a policy, which is its `expose_headers`.
        fn apply(policy: Policy) -> Arc<u64> {
            let meanwhile = MEANWHILE.with_borrow_mut(Option::take);
            if let Some(meanwhile) = meanwhile {
                meanwhile();
            }
            let mut number = 0;
            let Ok(_) = policy.bake(|value| {
                number = value.parse().unwrap_or(number);
                Ok::<_, Infallible>(())
            });
            Arc::new(number)
        }

        let policy = |number: u64| {
            let grant = Grant::new(["*"]).expose_headers([number.to_string()]);
            Policy::new(grant.max_age(number)).unwrap()
        };
        let live = LivePolicy::new(policy(1));
        let applied = Applied::new(&live, apply);
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
