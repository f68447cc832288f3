//! Lints about routes, and the parts of the policy around them.

use std::collections::{HashMap, HashSet};

use cors_core::{GrantId, OriginSetUse, Route};

use super::findings::{Finding, Findings};
use super::origins::Wide;
use super::subject::{GrantSubject, Place, Subject};
use crate::text::Short;

pub(super) fn repeated_part(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for route in routes(subject) {
        let same_danger = match route.around {
            None => subject.config.dangerously_allow,
            Some(around) => (subject.config.routes.get(around))
                .map(|around| around.part.dangerously_allow)
                .unwrap_or_default(),
        } == route.route.part.dangerously_allow;
        if subject.valid.grants_of(route.around) != route.route.part.grants || !same_danger {
            continue;
        }
        let message = format!(
            "the route has the same grants as {}",
            what(subject, route.around)
        );
        findings.report(
            Finding::at(route.place(subject), message)
                .because("its paths have the same grants without it")
                .help("remove it, unless you are about to change one of them"),
        );
    }
}

pub(super) fn strict_route(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for route in routes(subject) {
        if route.is_private_in_public(subject) {
            // Then another lint reports it.
            continue;
        }
        let inside = Origins::of(subject, Some(route.index));
        let around = subject.of(route.around);
        let mut origins = around.flat_map(|grant| &grant.origins);
        let wider = origins.find(|(_, origin)| !inside.has(origin));
        let wider = wider.map(|(_, origin)| format!("`{}`", Short(origin.as_str())));
        let wider = wider.or_else(|| {
            let set = inside.missing_set(subject, route.around)?;
            Some(format!("the set `{}`", Short(&set.name)))
        });
        let Some(wider) = wider else {
            continue;
        };
        let around = match route.around {
            None => "at the top".to_owned(),
            Some(_) => format!("in {}", what(subject, route.around)),
        };
        let message = format!("{wider} has a grant {around}, and not here");
        findings.report(
            Finding::at(route.place(subject), message)
                .because(
                    "a server behind a proxy may read another path as this one, in a way that the policy does not \
                     know; such a request has the grants of the other path",
                )
                .help(match route.only_refuses(subject) {
                    true => "a route inherits no grants, so what it refuses is refused for this origin, too: if its pages may use these paths, repeat the grants here",
                    false => "let the strict part be the wider one: write its grants at the top, and a route for each path that is open to more",
                }),
        );
    }
}

pub(super) fn private_in_public(subject: &Subject<'_>, findings: &mut Findings<'_>) {
    for route in routes(subject).filter(|route| route.is_private_in_public(subject)) {
        let around = what(subject, route.around);
        let message = format!("paths with credentials are below {around}, which is for any origin");
        findings.report(
            Finding::at(route.place(subject), message)
                .because(
                    "a path that a server reads as one of these, and the policy does not, is open to every page; and \
                     a cache for the public part may keep a private response",
                )
                .help("move the public part to a path of its own, such as `/public`"),
        );
    }
}

/// A route, and what is around it.
struct RouteSubject<'a> {
    index: usize,
    route: &'a Route,
    /// The part that its paths would belong to without it: the index of a route, or `None` for the top.
    around: Option<usize>,
}

impl RouteSubject<'_> {
    fn place(&self, subject: &Subject<'_>) -> Place {
        let grant = GrantId::new(Some(self.index), 0);
        let entry = subject.places.part_entry(Some(self.index), "path");
        Place {
            path: format!("route[{}].path", self.index),
            spans: vec![entry.map_or_else(
                || subject.valid.span(grant, "path", None),
                |entry| entry.value.clone(),
            )],
        }
    }

    /// Whether it says what is refused, and nothing about origins: then its author may expect the grants of the top.
    fn only_refuses(&self, subject: &Subject<'_>) -> bool {
        let has = |key| subject.places.part_entry(Some(self.index), key).is_some();
        has("refuse") && !has("allow_origins") && self.route.part.grants.is_empty()
    }

    fn is_private_in_public(&self, subject: &Subject<'_>) -> bool {
        let is_public = subject.of(self.around).any(GrantSubject::is_everybody);
        let is_private = subject.of(Some(self.index)).any(GrantSubject::credentials);
        is_public && is_private
    }
}

/// The sets in a part, each with the number of the segment of the path that has the key.
fn sets<'a>(
    subject: &'a Subject<'_>,
    route: Option<usize>,
) -> impl Iterator<Item = (Option<usize>, &'a OriginSetUse)> {
    let path = route.and_then(|route| subject.valid.path(route));
    let segment = move |key: &str| segments(path?).position(|segment| segment == key);
    let grants = subject.of(route);
    let used = grants.flat_map(|grant| &grant.grant.origin_sets);
    used.map(move |used| (used.key.as_deref().and_then(&segment), used))
}

/// The origins that have a grant in a part.
struct Origins<'a> {
    route: Option<usize>,
    everybody: bool,
    texts: Vec<&'a GrantSubject<'a>>,
    wide: Wide<'a>,
}

impl<'a> Origins<'a> {
    fn of(subject: &'a Subject<'_>, route: Option<usize>) -> Self {
        let grants: Vec<_> = subject.of(route).collect();
        let origins = grants.iter().flat_map(|grant| &grant.origins);
        Self {
            route,
            everybody: grants.iter().any(|grant| grant.is_everybody()),
            wide: Wide::new(origins.map(|(_, origin)| origin)),
            texts: grants,
        }
    }

    /// A set that has a grant in another part, and not in this one.
    fn missing_set<'s>(
        &self,
        subject: &'s Subject<'_>,
        other: Option<usize>,
    ) -> Option<&'s OriginSetUse> {
        let here: HashSet<_> = sets(subject, self.route)
            .map(|(segment, used)| (segment, &used.name))
            .collect();
        let mut others = sets(subject, other);
        let missing = others.find(|(segment, used)| !here.contains(&(*segment, &used.name)));
        missing.map(|(_, used)| used).filter(|_| !self.everybody)
    }

    /// Whether all origins that a pattern matches have a grant.
    fn has(&self, origin: &cors_core::OriginPattern<'_>) -> bool {
        self.everybody
            || self.texts.iter().any(|grant| grant.lists(origin.as_str()))
            || self.wide.cover(origin).is_some()
    }
}

/// `the top`, or ``route[0] (`/public`)``.
fn what(subject: &Subject<'_>, route: Option<usize>) -> String {
    match route {
        None => "the top".to_owned(),
        Some(route) => {
            let path = subject.valid.path(route).unwrap_or_default();
            format!("route[{route}] (`{}`)", Short(path))
        }
    }
}

/// The routes with what is around each, without those that nothing is around.
fn routes<'a>(subject: &'a Subject<'_>) -> impl Iterator<Item = RouteSubject<'a>> {
    let tree = Tree::new(&subject.config.routes);
    let routes = subject.config.routes.iter().enumerate();
    routes.filter_map(move |(index, route)| {
        let around = tree.around(index, &route.path);
        let exists = around.is_some() || !subject.config.grants.is_empty();
        exists.then_some(RouteSubject {
            index,
            route,
            around,
        })
    })
}

/// The routes, by their segments. Do not compare each route with each other one: there may be very many.
#[derive(Default)]
struct Tree<'a> {
    below: HashMap<&'a str, Tree<'a>>,
    route: Option<usize>,
}

impl<'a> Tree<'a> {
    fn new(routes: &'a [Route]) -> Self {
        let mut tree = Self::default();
        for (index, route) in routes.iter().enumerate() {
            let mut node = &mut tree;
            for segment in segments(&route.path) {
                node = node.below.entry(key(segment)).or_default();
            }
            node.route = Some(index);
        }
        tree
    }

    /// The most specific route for a path of another route, without that route.
    fn around(&self, index: usize, path: &str) -> Option<usize> {
        self.find(index, &segments(path).collect::<Vec<_>>())
    }

    fn find(&self, index: usize, segments: &[&str]) -> Option<usize> {
        let below = segments.split_first().and_then(|(segment, rest)| {
            let literal = || self.below.get(key(segment))?.find(index, rest);
            let capture = || self.below.get(CAPTURE)?.find(index, rest);
            literal().or_else(capture)
        });
        below.or(self.route.filter(|route| *route != index))
    }
}

/// The key of all segments `{name}`. No literal segment has a brace.
const CAPTURE: &str = "{}";

fn key(segment: &str) -> &str {
    match segment.starts_with('{') {
        true => CAPTURE,
        false => segment,
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}

#[cfg(test)]
mod tests {
    use cors_core::{Config, Part};

    use super::*;

    #[test]
    fn what_is_around_a_route() {
        #[track_caller]
        fn check(paths: &[&str], expected: &[Option<usize>]) {
            let config = Config::default();
            let config = paths
                .iter()
                .fold(config, |config, path| config.route(*path, Part::default()));
            let tree = Tree::new(&config.routes);
            let around = config.routes.iter().enumerate();
            let around = around.map(|(index, route)| tree.around(index, &route.path));
            assert_eq!(around.collect::<Vec<_>>(), expected);
        }
        check(
            &["/a", "/a/b", "/a/b/c/d", "/b"],
            &[None, Some(0), Some(1), None],
        );
        check(&["/", "/a"], &[None, Some(0)]);
        check(
            &["/{x}", "/a", "/{x}/b", "/a/b", "/a/{y}"],
            &[None, Some(0), Some(0), Some(4), Some(1)],
        );
    }
}
