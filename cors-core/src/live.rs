//! A policy that can be replaced while a server runs.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;

use crate::policy::Policy;
use crate::step::{lock, step};

/// A handle to a policy that can be replaced at any moment, for all workers of a server at once.
///
/// Every adapter takes it in the place of a [`Policy`]. Each request, preflight or not, uses the policy
/// that is active when it arrives. (In Rocket it arrives when all request fairings have seen it.) Requests
/// never wait for a replacement. A `Policy` is always valid, so replacing one cannot fail.
///
/// A clone is a handle to the same policy.
///
/// Browsers cache preflight responses, so some use the old policy for up to `max_age` seconds.
///
/// # Examples
///
/// ```
/// use cors_core::{ConfigErrors, Grant, LivePolicy, Policy};
///
/// let live = LivePolicy::new(Policy::new(Grant::new(["https://app.example.com"]))?);
/// assert_eq!(live.version(), 1);
///
/// fn allow(live: &LivePolicy, origin: &str) -> Result<u64, ConfigErrors> {
///     let policy = Policy::new(Grant::new([origin]))?;
///     Ok(live.replace(policy))
/// }
/// assert_eq!(allow(&live, "https://beta.example.com")?, 2);
/// assert!(allow(&live, "https://beta.example.com/").is_err());
/// assert_eq!(live.version(), 2);
/// # Ok::<(), ConfigErrors>(())
/// ```
#[derive(Clone)]
pub struct LivePolicy(pub(crate) Arc<State>);

pub(crate) struct State {
    current: ArcSwap<Current>,
    /// The version of `current`, or of the policy before while it is being replaced. It is read at every
    /// request, and reading it is much cheaper.
    version: AtomicU64,
    replacing: Mutex<()>,
}

struct Current {
    policy: Policy,
    version: u64,
}

impl LivePolicy {
    /// A handle to this policy, as version 1.
    pub fn new(policy: Policy) -> Self {
        let version = 1;
        Self(Arc::new(State {
            current: ArcSwap::from_pointee(Current { policy, version }),
            version: AtomicU64::new(version),
            replacing: Mutex::new(()),
        }))
    }

    /// Replaces the policy and returns the new version. Every request that arrives after that uses the new
    /// policy.
    ///
    /// The old policy is freed once its last request ends and every adapter (every worker in actix-web) has
    /// served a newer request.
    pub fn replace(&self, policy: Policy) -> u64 {
        self.0.replace(policy)
    }

    /// The active version: 1, and one more with each replacement.
    pub fn version(&self) -> u64 {
        self.0.version()
    }

    /// The active policy, and its version.
    ///
    /// # Examples
    ///
    /// ```
    /// use cors_core::{Grant, LivePolicy, Policy};
    ///
    /// let live = LivePolicy::new(Policy::new(Grant::new(["https://app.example.com"]))?);
    /// live.replace(Policy::new(Grant::new(["*"]))?);
    /// let (_policy, version) = live.current();
    /// assert_eq!(version, 2);
    /// # Ok::<(), cors_core::ConfigErrors>(())
    /// ```
    pub fn current(&self) -> (Policy, u64) {
        step();
        let current = self.0.current.load();
        (current.policy.clone(), current.version)
    }
}

impl State {
    pub(crate) fn version(&self) -> u64 {
        step();
        self.version.load(Ordering::Acquire)
    }

    pub(crate) fn replace(&self, policy: Policy) -> u64 {
        let _replacing = lock(&self.replacing);
        let version = self.version.load(Ordering::Relaxed) + 1;
        self.begin_to_replace(policy, version);
        step();
        // Last, so that a thread that sees the version also sees the policy.
        self.version.store(version, Ordering::Release);
        version
    }

    /// The first half of `replace`, separate for tests.
    pub(crate) fn begin_to_replace(&self, policy: Policy, version: u64) {
        step();
        self.current.store(Arc::new(Current { policy, version }));
    }
}

impl fmt::Debug for LivePolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (policy, version) = self.current();
        f.debug_struct("LivePolicy")
            .field("version", &version)
            .field("policy", &policy)
            .finish()
    }
}

/// What an adapter applies: a policy, or a handle to one that may be replaced. Created [`From`] either.
///
/// # Examples
///
/// ```
/// use cors_core::{Grant, LivePolicy, Policy, PolicySource};
///
/// let policy = Policy::new(Grant::new(["https://app.example.com"]))?;
/// assert!(matches!(PolicySource::from(policy.clone()), PolicySource::Fixed(_)));
/// assert!(matches!(PolicySource::from(LivePolicy::new(policy)), PolicySource::Live(_)));
/// # Ok::<(), cors_core::ConfigErrors>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum PolicySource {
    /// A policy that is never replaced.
    Fixed(Policy),
    /// The active policy of a handle.
    Live(LivePolicy),
}

impl PolicySource {
    /// The active policy.
    pub fn current(&self) -> Policy {
        match self {
            Self::Fixed(policy) => policy.clone(),
            Self::Live(live) => live.current().0,
        }
    }
}

impl From<Policy> for PolicySource {
    fn from(policy: Policy) -> Self {
        Self::Fixed(policy)
    }
}

impl From<LivePolicy> for PolicySource {
    fn from(live: LivePolicy) -> Self {
        Self::Live(live)
    }
}

impl From<&LivePolicy> for PolicySource {
    fn from(live: &LivePolicy) -> Self {
        Self::Live(live.clone())
    }
}
