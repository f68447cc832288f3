//! Which part of a policy a path belongs to, the slow and obvious way: a list of rules, and every route. Shares no code
//! with the engine.

use cors_core::{Config, Grant, OriginSetUse, Refuse};

use crate::server::{ORIGIN_SET, ORIGINS};

/// The part of a policy that a request belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyPart {
    /// The path is not in normal form: nothing is granted.
    Abnormal,
    /// What is at the top.
    Top,
    /// A route, by its index.
    Route(usize),
}

impl PolicyPart {
    /// The part of a path, without its query.
    pub fn of(config: &Config, path: &str) -> Self {
        let routes: Vec<_> = config
            .routes
            .iter()
            .map(|route| route.path.clone())
            .collect();
        if routes.is_empty() {
            return Self::Top;
        }
        let part = best(&routes, path);
        let lower: Vec<_> = routes.iter().map(|route| lower_literals(route)).collect();
        match is_normal(path) && best(&lower, &path.to_ascii_lowercase()) == part {
            true => part.map_or(Self::Top, Self::Route),
            false => Self::Abnormal,
        }
    }

    /// The grants of the part.
    pub fn grants(self, config: &Config) -> &[Grant] {
        match self {
            Self::Abnormal => &[],
            Self::Top => &config.grants,
            Self::Route(route) => match config.routes.get(route) {
                Some(route) => &route.part.grants,
                None => &[],
            },
        }
    }

    /// Whether an origin is in a set that a grant of the part names, under the key in the path. The set is that of the
    /// fixture servers.
    pub fn set_has(self, config: &Config, set: &OriginSetUse, path: &str, origin: &str) -> bool {
        let key = match (&set.key, self) {
            (None, _) => None,
            (Some(key), Self::Route(route)) => {
                let route = config.routes.get(route);
                let segments = route.map_or("", |route| &route.path).split('/');
                let segments = segments.zip(path.split('/'));
                let mut found = segments.filter(|(segment, _)| segment == key);
                match found.next() {
                    Some((_, segment)) => Some(segment),
                    None => return false,
                }
            }
            (Some(_), _) => return false,
        };
        let lines = std::fs::read_to_string(ORIGINS).unwrap_or_default();
        let mut lines = lines
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>());
        let expected: Vec<_> = key.into_iter().chain([origin]).collect();
        set.name == ORIGIN_SET && lines.any(|line| line == expected)
    }

    /// Whether the part refuses something.
    pub fn refuses(self, config: &Config) -> bool {
        let mut routes = config.routes.iter();
        match self {
            Self::Abnormal => {
                refuses(config.refuse) || routes.any(|route| route.part.refuse.is_some_and(refuses))
            }
            Self::Top => refuses(config.refuse),
            Self::Route(route) => {
                let own = routes.nth(route).and_then(|route| route.part.refuse);
                refuses(own.unwrap_or(config.refuse))
            }
        }
    }
}

/// Whether a part refuses something, and does not only report it.
fn refuses(refuse: Refuse) -> bool {
    let is_something = refuse.websocket || refuse.cross_site_writes || refuse.unlisted_origins;
    is_something && !refuse.report_only
}

/// The most specific of all routes that match.
fn best(routes: &[String], path: &str) -> Option<usize> {
    let matching = (0..).zip(routes).filter(|(_, route)| matches(route, path));
    let best = matching.min_by_key(|(_, route)| specificity(route));
    best.map(|(index, _)| index)
}

fn matches(route: &str, path: &str) -> bool {
    let path: Vec<_> = path.split('/').skip(1).collect();
    let route = segments(route);
    let same = |(route, segment): (&&str, &&str)| match is_capture(route) {
        true => !segment.is_empty(),
        false => route == segment,
    };
    route.len() <= path.len() && route.iter().zip(&path).all(same)
}

/// Sorts the more specific route first: in the first segment that differs, a literal one before a capture, and a capture
/// before the end.
fn specificity(route: &str) -> Vec<u8> {
    let segments = segments(route).into_iter();
    let ranks = segments.map(|segment| u8::from(is_capture(segment)));
    ranks.chain([2]).collect()
}

fn segments(route: &str) -> Vec<&str> {
    match route {
        "/" => Vec::new(),
        route => route.split('/').skip(1).collect(),
    }
}

fn is_capture(segment: &str) -> bool {
    segment.starts_with('{')
}

fn lower_literals(path: &str) -> String {
    let lower = |segment: &str| match is_capture(segment) {
        true => segment.to_owned(),
        false => segment.to_ascii_lowercase(),
    };
    path.split('/').map(lower).collect::<Vec<_>>().join("/")
}

/// Whether a path is in normal form, but for the case of its letters.
fn is_normal(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let segments: Vec<_> = lower.split('/').skip(1).collect();
    let (last, others) = segments.split_last().unwrap_or((&"", &[]));
    let is_dots = |segment: &&str| [".", ".."].contains(&&*segment.replace("%2e", "."));
    let encoded = |byte: u8| format!("%{byte:02x}");
    let is_unreserved = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    let forbidden_bytes = (0..=0x7f).filter(|byte| is_unreserved(byte) || byte.is_ascii_control());
    let mut forbidden: Vec<_> = forbidden_bytes.map(encoded).collect();
    forbidden.extend(["%2f", "%5c", "\\", ";"].map(str::to_owned));
    let is_hex = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let escapes = || lower.split('%').skip(1);

    path.starts_with('/')
        && !others.contains(&"")
        && !others.iter().chain([last]).any(is_dots)
        && !forbidden.iter().any(|text| lower.contains(text))
        && path
            .bytes()
            .all(|byte| byte.is_ascii() && !byte.is_ascii_control())
        && escapes().all(|rest| rest.get(..2).is_some_and(is_hex))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts() {
        #[track_caller]
        fn check(routes: &[&str], path: &str, expected: PolicyPart) {
            let config = Config::new([]);
            let route = |config: Config, path: &&str| config.route(*path, Grant::new(["*"]));
            let config = routes.iter().fold(config, route);
            assert_eq!(PolicyPart::of(&config, path), expected, "{path}");
        }
        use PolicyPart::{Abnormal, Route, Top};
        check(&[], "//", Top);
        let routes = &["/", "/a", "/a/b", "/{x}", "/{x}/c", "/a/{y}/d", "/B"];
        check(routes, "/", Route(0));
        check(routes, "/a", Route(1));
        check(routes, "/a/", Route(1));
        check(routes, "/a/b", Route(2));
        check(routes, "/a/b/c", Route(2));
        check(routes, "/a/c", Route(1));
        check(routes, "/a/c/d/e", Route(5));
        check(routes, "/x", Route(3));
        check(routes, "/x/c", Route(4));
        check(routes, "/B", Route(6));
        check(routes, "/b", Abnormal);
        check(routes, "/A", Abnormal);
        check(routes, "/X", Route(3));
        // The literal one is tried first, and the other one after it.
        check(&["/a/b", "/{x}"], "/a/c", Route(1));
        check(&["/a/b", "/{x}"], "/", Top);
        check(&["/{x}/b"], "//b", Abnormal);
        for path in [
            "",
            "*",
            "/a//b",
            "/./a",
            "/a/%2e%2E",
            "/%61",
            "/%2f",
            "/;",
            "/\\",
            "/%",
            "/\u{fc}",
            "/\u{1}",
        ] {
            check(&["/a"], path, Abnormal);
        }
        for path in [
            "/%25",
            "/%3b",
            "/...",
            "/a.b",
            "/%C3%BC",
            "/~-_!$&'()*+,=:@",
        ] {
            check(&["/a"], path, Top);
        }
    }
}
