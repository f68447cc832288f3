//! The number of a grant.

use std::fmt;

/// Which grant of a policy, in the order of the file. [`Display`](fmt::Display) writes `grant[0]`.
///
/// # Examples
///
/// ```
/// use cors_core::{Grant, Policy};
///
/// let grants = vec![Grant::new(["https://app.example.com"]), Grant::new(["app.example.org"])];
/// let errors = Policy::new(grants).unwrap_err();
/// let grant = errors.iter().next().and_then(|error| error.grant()).unwrap();
/// assert_eq!(grant.index(), 1);
/// assert_eq!(grant.to_string(), "grant[1]");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GrantId(u32);

impl GrantId {
    pub(crate) const FIRST: Self = Self(0);

    pub(crate) fn new(index: usize) -> Self {
        // More grants than this do not fit into memory.
        Self(u32::try_from(index).unwrap_or(u32::MAX))
    }

    /// The grant's index, counted from 0.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for GrantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "grant[{}]", self.0)
    }
}
