//! The number of a grant.

use std::fmt;

/// Which grant of a policy, in the order of the file. [`Display`](fmt::Display) writes `grant[0]`, or
/// `route[0].grant[0]`.
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
pub struct GrantId {
    /// 0 for the top, 1 for the first route.
    part: u32,
    index: u32,
}

impl GrantId {
    #[cfg(test)]
    pub(crate) const FIRST: Self = Self { part: 0, index: 0 };

    /// The grant at this index of a route, or of the top.
    pub fn new(route: Option<usize>, index: usize) -> Self {
        // More routes and grants than this do not fit into memory.
        let number = |index| u32::try_from(index).unwrap_or(u32::MAX);
        Self {
            part: route.map_or(0, |route| number(route).saturating_add(1)),
            index: number(index),
        }
    }

    /// The index of the grant's route, counted from 0; `None` for a grant at the top.
    pub fn route(self) -> Option<usize> {
        self.part.checked_sub(1).map(|route| route as usize)
    }

    pub(crate) fn number(self) -> u32 {
        self.index
    }

    /// The grant's index in its route, or at the top, counted from 0.
    pub fn index(self) -> usize {
        self.index as usize
    }
}

impl fmt::Display for GrantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(route) = self.route() {
            write!(f, "route[{route}].")?;
        }
        write!(f, "grant[{}]", self.index)
    }
}
