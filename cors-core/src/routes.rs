//! Which route a path belongs to.
//!
//! The routes are a tree over segments. A path goes down the tree, a literal segment before a `{name}`; where one way
//! ends without a route, the other one is tried. So the most specific route is found first. The cost of a path does
//! not grow with the number of routes next to each other.

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use crate::path::{self, MAX_LITERAL, PathError, RoutePath, Segment};

/// The routes of a policy, compiled.
#[derive(Debug, Default)]
pub(crate) struct Routes {
    root: Node,
    /// The paths of the routes, by their numbers.
    paths: Vec<Box<str>>,
    /// Whether a path has an upper-case letter.
    has_upper_case: bool,
}

/// The place in the tree after some segments.
#[derive(Debug, Default)]
struct Node {
    /// The next segment, in lower case.
    literals: HashMap<Box<[u8]>, Node, RandomState>,
    capture: Option<Box<Node>>,
    /// The route that ends here.
    route: Option<usize>,
}

impl Routes {
    /// Adds a route; its number is the number of calls before.
    ///
    /// # Errors
    ///
    /// The number of an earlier route for the same paths, or for paths that differ in the case of letters only.
    pub(crate) fn insert(&mut self, path: &RoutePath<'_>) -> Result<(), usize> {
        let number = self.paths.len();
        self.paths.push(path.as_str().into());
        let mut node = &mut self.root;
        for segment in &path.segments {
            node = match segment {
                Segment::Literal(text) => {
                    let lower = text.to_ascii_lowercase();
                    self.has_upper_case |= lower != *text;
                    node.literals.entry(lower.into_bytes().into()).or_default()
                }
                Segment::Capture(_) => node.capture.get_or_insert_default(),
            };
        }
        match node.route {
            Some(earlier) => Err(earlier),
            None => {
                node.route = Some(number);
                Ok(())
            }
        }
    }

    /// The route of a path; `Ok(None)` if no route is for it. Allocates nothing.
    #[inline]
    pub(crate) fn find(&self, path: &[u8]) -> Result<Option<usize>, PathError> {
        let has_upper_case = path::check_normal(path)? || self.has_upper_case;
        match has_upper_case {
            false => Ok(self.root.find(path.get(1..), Node::literal)),
            true => self.find_in_any_case(path),
        }
    }

    /// The same if there are upper-case letters.
    fn find_in_any_case(&self, path: &[u8]) -> Result<Option<usize>, PathError> {
        // The tree does not know upper case, so this is the route for a server to which case does not count.
        let Some(route) = self.root.find(path.get(1..), Node::literal_in_any_case) else {
            return Ok(None);
        };
        // If that route is also one for the path as it is, then it is the most specific one: others that match the
        // path as it is were candidates, too.
        match self
            .paths
            .get(route)
            .is_some_and(|text| matches(text, path))
        {
            true => Ok(Some(route)),
            false => Err(PathError::Case { route }),
        }
    }

    /// The path of a route, as it is configured.
    pub(crate) fn path(&self, route: usize) -> Option<&str> {
        self.paths.get(route).map(|path| &**path)
    }
}

impl Node {
    /// The most specific route for the segments in `rest`; `None` is their end. `literal` finds the node of a literal
    /// segment.
    fn find<'n>(
        &'n self,
        rest: Option<&[u8]>,
        literal: impl Fn(&'n Self, &[u8]) -> Option<&'n Self> + Copy,
    ) -> Option<usize> {
        let has_children = self.capture.is_some() || !self.literals.is_empty();
        let below = rest.filter(|_| has_children).and_then(|rest| {
            let (segment, rest) = split(rest);
            if segment.is_empty() {
                return None;
            }
            let by_literal = literal(self, segment).and_then(|node| node.find(rest, literal));
            by_literal.or_else(|| self.capture.as_ref()?.find(rest, literal))
        });
        below.or(self.route)
    }

    fn literal(&self, lower: &[u8]) -> Option<&Self> {
        self.literals.get(lower)
    }

    fn literal_in_any_case(&self, segment: &[u8]) -> Option<&Self> {
        let mut lower = [0; MAX_LITERAL];
        let lower = lower.get_mut(..segment.len())?;
        for (lower, byte) in lower.iter_mut().zip(segment) {
            *lower = byte.to_ascii_lowercase();
        }
        self.literal(lower)
    }
}

/// The first segment, and what comes after its slash.
pub(crate) fn split(path: &[u8]) -> (&[u8], Option<&[u8]>) {
    let end = path.iter().position(|byte| *byte == b'/');
    match end.and_then(|end| path.split_at_checked(end)) {
        Some((segment, rest)) => (segment, rest.get(1..)),
        None => (path, None),
    }
}

/// Whether the literal segments of a route's path are those of a path that has as many segments.
fn matches(route: &str, path: &[u8]) -> bool {
    // `/` has no segments.
    let route = route.trim_end_matches('/').as_bytes();
    let segments = route.split(|byte| *byte == b'/');
    let mut pairs = segments.zip(path.split(|byte| *byte == b'/'));
    pairs.all(|(route, segment)| route.starts_with(b"{") || route == segment)
}
