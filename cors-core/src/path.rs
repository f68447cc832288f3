//! Paths: whether every server reads a request's path in the same way, and the paths of routes.

use std::fmt;

/// Why a policy with routes grants nothing to a path: other servers, or the application, may read it as another
/// path. [`Display`](fmt::Display) continues a sentence that begins with the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PathError {
    /// It does not begin with a slash: it is empty, or the request's target is `*` or an authority.
    NotAbsolute,
    /// An empty segment, as in `/a//b`. A single slash at the end is none.
    EmptySegment,
    /// A segment `.` or `..`.
    DotSegment,
    /// `%2f` or `%5c`.
    EncodedSlash,
    /// A backslash.
    Backslash,
    /// A semicolon, which begins a parameter for some servers.
    Semicolon,
    /// A percent-encoded letter, digit, `-`, `.`, `_` or `~`.
    EncodedUnreserved,
    /// A control character, as it is or percent-encoded.
    Control,
    /// A byte outside of ASCII that is not percent-encoded.
    NotAscii,
    /// A `%` without two hexadecimal digits.
    Percent,
    /// Without the case of ASCII letters, the path would belong to this route.
    Case {
        /// The route's index, counted from 0.
        route: usize,
    },
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAbsolute => "does not begin with `/`",
            Self::EmptySegment => "has an empty segment",
            Self::DotSegment => "has a segment `.` or `..`",
            Self::EncodedSlash => "has a percent-encoded slash or backslash",
            Self::Backslash => "has a backslash",
            Self::Semicolon => "has a `;`",
            Self::EncodedUnreserved => "has a percent-encoded letter, digit, `-`, `.`, `_` or `~`",
            Self::Control => "has a control character",
            Self::NotAscii => "has a character outside of ASCII that is not percent-encoded",
            Self::Percent => "has a `%` without two hexadecimal digits",
            Self::Case { route } => {
                return write!(
                    f,
                    "would belong to route[{route}] if the case of letters did not count"
                );
            }
        })
    }
}

/// Checks that a path is in normal form: RFC 3986, section 6.2.2, and without what servers read in several ways.
/// Returns whether it has an upper-case letter.
#[inline]
pub(crate) fn check_normal(path: &[u8]) -> Result<bool, PathError> {
    match is_plain(path) {
        true => Ok(false),
        false => check_closely(path),
    }
}

/// Whether a path needs no closer look. Most need none, and this takes a third of the instructions.
fn is_plain(path: &[u8]) -> bool {
    let is_plain = |byte: &u8| IS_PLAIN.get(usize::from(*byte)) == Some(&true);
    let plain = path.iter().fold(true, |plain, byte| plain & is_plain(byte));
    let pairs = path.iter().zip(path.iter().skip(1));
    let double = pairs.fold(false, |double, (a, b)| {
        double | ((*a == b'/') & (*b == b'/'))
    });
    plain & !double & (path.first() == Some(&b'/'))
}

/// Lower-case letters, digits, slashes, and some more.
#[expect(clippy::indexing_slicing, reason = "it is evaluated at compile time")]
static IS_PLAIN: [bool; 256] = {
    let mut is_plain = [false; 256];
    let mut byte = 0;
    while byte < is_plain.len() {
        is_plain[byte] =
            matches!(byte as u8, b'a'..=b'z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'~');
        byte += 1;
    }
    is_plain
};

fn check_closely(path: &[u8]) -> Result<bool, PathError> {
    let Some((b'/', _)) = path.split_first() else {
        return Err(PathError::NotAbsolute);
    };
    let mut rest = path;
    while let [byte, after @ ..] = rest {
        match byte {
            b'/' => check_slash(after)?,
            b'%' => check_encoded(after)?,
            b'\\' => return Err(PathError::Backslash),
            b';' => return Err(PathError::Semicolon),
            0..=0x1f | 0x7f => return Err(PathError::Control),
            0x80.. => return Err(PathError::NotAscii),
            _ => {}
        }
        rest = after;
    }
    Ok(path.iter().any(u8::is_ascii_uppercase))
}

/// Checks what comes after a slash.
fn check_slash(after: &[u8]) -> Result<(), PathError> {
    match after {
        [b'/', ..] => Err(PathError::EmptySegment),
        [b'.'] | [b'.', b'/', ..] | [b'.', b'.'] | [b'.', b'.', b'/', ..] => {
            Err(PathError::DotSegment)
        }
        _ => Ok(()),
    }
}

/// Checks the character whose hexadecimal digits are first in `after`.
fn check_encoded(after: &[u8]) -> Result<(), PathError> {
    match decode(after).ok_or(PathError::Percent)? {
        b'/' | b'\\' => Err(PathError::EncodedSlash),
        0..=0x1f | 0x7f => Err(PathError::Control),
        byte if is_unreserved(byte) => Err(PathError::EncodedUnreserved),
        _ => Ok(()),
    }
}

/// The byte whose two hexadecimal digits are first in `after`.
fn decode(after: &[u8]) -> Option<u8> {
    let [high, low, ..] = after else { return None };
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

/// [RFC 3986, section 2.3](https://www.rfc-editor.org/rfc/rfc3986#section-2.3).
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// The path of a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RoutePath<'a> {
    text: &'a str,
    pub(crate) segments: Vec<Segment<'a>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Segment<'a> {
    Literal(&'a str),
    /// `{name}`: the name.
    Capture(&'a str),
}

/// How many segments the path of a route may have. They are matched recursively.
const MAX_SEGMENTS: usize = 64;
/// How long a literal segment may be, in bytes.
pub(crate) const MAX_LITERAL: usize = 128;

/// Why a text is not the path of a route. [`Display`](fmt::Display) continues a sentence that begins with the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RoutePathError<'a> {
    TrailingSlash,
    Query,
    Wildcard,
    Braces,
    Name(&'a str),
    SameName(&'a str),
    NeverSent(char),
    TooDeep,
    TooLong,
    NotNormal(PathError),
}

impl fmt::Display for RoutePathError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TrailingSlash => f.write_str(
                "ends with a slash; a route is for its path and everything below it, so write it without",
            ),
            Self::Query => f.write_str("has a `?` or `#`; a route is for paths, without their query"),
            Self::Wildcard => f.write_str(
                "has a `*`; a route is for everything below its path, and `{name}` stands for one segment",
            ),
            Self::Braces => f.write_str("has a brace that is not part of a segment `{name}`"),
            Self::Name(name) => write!(
                f,
                "has the name `{}`, which must be letters, digits and `_`, and not begin with a digit",
                crate::text::Excerpt(name)
            ),
            Self::SameName(name) => write!(
                f,
                "has two segments `{{{}}}`; give each a name of its own",
                crate::text::Excerpt(name)
            ),
            Self::NeverSent(char) => {
                write!(f, "has a `{char}`, which browsers percent-encode")
            }
            Self::TooDeep => write!(f, "has more than {MAX_SEGMENTS} segments"),
            Self::TooLong => write!(f, "has a segment of more than {MAX_LITERAL} bytes"),
            Self::NotNormal(error) => write!(f, "{error}"),
        }
    }
}

impl<'a> RoutePath<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self, RoutePathError<'a>> {
        let mut segments = Vec::new();
        if text.contains(['?', '#']) {
            return Err(RoutePathError::Query);
        }
        if text.contains('*') {
            return Err(RoutePathError::Wildcard);
        }
        if let Err(error) = check_normal(text.as_bytes()) {
            return Err(RoutePathError::NotNormal(error));
        }
        if let Some(char) = text.chars().find(|char| is_never_sent(*char)) {
            return Err(RoutePathError::NeverSent(char));
        }
        if text == "/" {
            return Ok(Self { text, segments });
        }
        if text.ends_with('/') {
            return Err(RoutePathError::TrailingSlash);
        }
        for segment in text.split('/').skip(1) {
            segments.push(Segment::parse(segment)?);
            if segments.len() > MAX_SEGMENTS {
                return Err(RoutePathError::TooDeep);
            }
        }
        let path = Self { text, segments };
        let mut names: Vec<_> = path.names().collect();
        names.sort_unstable();
        let twice = names.windows(2).find_map(|pair| match pair {
            [a, b] if a == b => Some(*a),
            _ => None,
        });
        match twice {
            Some(name) => Err(RoutePathError::SameName(name)),
            None => Ok(path),
        }
    }

    pub(crate) fn as_str(&self) -> &'a str {
        self.text
    }

    /// The places of its captures among the segments, and their names.
    pub(crate) fn captures(&self) -> impl Iterator<Item = (usize, &'a str)> + Clone {
        let segments = self.segments.iter().enumerate();
        segments.filter_map(|(index, segment)| match segment {
            Segment::Capture(name) => Some((index, *name)),
            Segment::Literal(_) => None,
        })
    }

    /// The names of its captures.
    fn names(&self) -> impl Iterator<Item = &'a str> {
        self.captures().map(|(_, name)| name)
    }
}

impl<'a> Segment<'a> {
    fn parse(segment: &'a str) -> Result<Self, RoutePathError<'a>> {
        if !segment.contains(['{', '}']) {
            return match segment.len() <= MAX_LITERAL {
                true => Ok(Self::Literal(segment)),
                false => Err(RoutePathError::TooLong),
            };
        }
        let name = segment
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'));
        match name {
            Some(name) if is_name(name) => Ok(Self::Capture(name)),
            Some(name) if !name.contains(['{', '}']) => Err(RoutePathError::Name(name)),
            _ => Err(RoutePathError::Braces),
        }
    }
}

/// Whether this is one non-empty segment of a path in normal form.
pub(crate) fn is_segment(text: &str) -> bool {
    let is_other = |char| is_never_sent(char) || matches!(char, '/' | '?' | '#');
    !text.is_empty()
        && !text.contains(is_other)
        && check_normal(format!("/{text}").as_bytes()).is_ok()
}

/// The characters of a path that browsers always percent-encode, and RFC 3986 does not allow:
/// <https://url.spec.whatwg.org/#path-percent-encode-set>.
fn is_never_sent(char: char) -> bool {
    matches!(char, ' ' | '"' | '<' | '>' | '`')
}

fn is_name(name: &str) -> bool {
    let is_letter = |char: char| char.is_ascii_alphabetic() || char == '_';
    name.starts_with(is_letter)
        && name
            .chars()
            .all(|char| is_letter(char) || char.is_ascii_digit())
}

/// What the author of an invalid path most likely meant: a valid path, if it can be guessed.
pub(crate) fn suggest(text: &str) -> Option<String> {
    // No one types a longer text by hand.
    if text.len() > 1024 {
        return None;
    }
    let text = text.trim();
    let path = text.split(['?', '#']).next()?;
    // A whole URL: its path.
    let path = match path.split_once("://") {
        Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
        None => path,
    };
    let mut guess = String::new();
    for segment in path
        .split(['/', '\\'])
        .filter(|segment| !segment.is_empty())
    {
        // `/*`, `/**`, `/{*rest}`, `/<rest..>`: a route is for everything below its path.
        if segment.contains('*') || segment.contains("..>") {
            break;
        }
        guess.push('/');
        guess.push_str(&suggest_segment(segment));
    }
    if guess.is_empty() {
        guess.push('/');
    }
    let is_valid = RoutePath::parse(&guess).is_ok();
    (guess != text && is_valid).then_some(guess)
}

fn suggest_segment(segment: &str) -> String {
    // `:id` and `<id>` are captures for other routers.
    let inner = segment.strip_prefix(':');
    let inner = inner.or_else(|| segment.strip_prefix('<')?.strip_suffix('>'));
    if let Some(name) = inner.filter(|name| is_name(name)) {
        return format!("{{{name}}}");
    }
    let mut guess = String::new();
    let mut rest = segment.as_bytes();
    while let [byte, after @ ..] = rest {
        rest = after;
        match byte {
            b'%' => match decode(after) {
                Some(decoded) if is_unreserved(decoded) => {
                    guess.push(char::from(decoded));
                    rest = after.get(2..).unwrap_or_default();
                }
                Some(_) => guess.push('%'),
                None => guess.push_str("%25"),
            },
            0x80.. => guess.push_str(&format!("%{byte:02X}")),
            byte if is_never_sent(char::from(*byte)) => guess.push_str(&format!("%{byte:02X}")),
            byte => guess.push(char::from(*byte)),
        }
    }
    guess
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_form() {
        #[track_caller]
        fn check(path: impl AsRef<[u8]>, expected: Result<(), PathError>) {
            let path = path.as_ref();
            let found = check_normal(path);
            let has_upper_case = path.iter().any(u8::is_ascii_uppercase);
            assert_eq!(
                found,
                expected.map(|()| has_upper_case),
                "{}",
                path.escape_ascii()
            );
        }
        for path in [
            "/",
            "/a",
            "/a/",
            "/a/b",
            "/a.b",
            "/.a",
            "/..a",
            "/a..",
            "/a/...",
            "/a%20b",
            "/%25",
            "/%3b",
            "/%3B",
            "/%c3%bc",
            "/%80",
            "/a:b@c",
            "/!$&'()*+,=",
            "/{a}",
            "/a b",
            "/%2",
            "/A",
        ] {
            let expected = match path {
                "/%2" => Err(PathError::Percent),
                _ => Ok(()),
            };
            check(path, expected);
        }
        for (path, error) in [
            ("", PathError::NotAbsolute),
            ("*", PathError::NotAbsolute),
            ("a", PathError::NotAbsolute),
            ("//", PathError::EmptySegment),
            ("/a//", PathError::EmptySegment),
            ("/a//b", PathError::EmptySegment),
            ("///a", PathError::EmptySegment),
            ("/a//b//c", PathError::EmptySegment),
            ("/.", PathError::DotSegment),
            ("/..", PathError::DotSegment),
            ("/a/./b", PathError::DotSegment),
            ("/a/../b", PathError::DotSegment),
            ("/a/..", PathError::DotSegment),
            ("/%2e", PathError::EncodedUnreserved),
            ("/.%2E/a", PathError::EncodedUnreserved),
            ("/a%2fb", PathError::EncodedSlash),
            ("/a%5Cb", PathError::EncodedSlash),
            ("/a\\b", PathError::Backslash),
            ("/a;b", PathError::Semicolon),
            ("/%61", PathError::EncodedUnreserved),
            ("/%7e", PathError::EncodedUnreserved),
            ("/%00", PathError::Control),
            ("/%0a", PathError::Control),
            ("/%7F", PathError::Control),
            ("/\t", PathError::Control),
            ("/\u{7f}", PathError::Control),
            ("/\u{fc}", PathError::NotAscii),
            ("/%", PathError::Percent),
            ("/%g0", PathError::Percent),
            ("/%+1", PathError::Percent),
        ] {
            check(path, Err(error));
        }
        check(b"/\xff", Err(PathError::NotAscii));
    }

    #[test]
    fn paths_of_routes() {
        use Segment::{Capture, Literal};

        #[track_caller]
        fn check(text: &str, expected: &[Segment<'_>]) {
            assert_eq!(RoutePath::parse(text).unwrap().segments, expected, "{text}");
            assert_eq!(suggest(text), None, "{text}");
        }
        check("/", &[]);
        check("/a", &[Literal("a")]);
        check("/A/b.c", &[Literal("A"), Literal("b.c")]);
        check("/a/{b}/c", &[Literal("a"), Capture("b"), Literal("c")]);
        check("/{_a1}/{b}", &[Capture("_a1"), Capture("b")]);
        check("/%7Ba%7D", &[Literal("%7Ba%7D")]);
        check(&"/a".repeat(64), &[Literal("a"); 64]);
    }

    #[test]
    fn texts_that_are_no_path_of_a_route() {
        #[track_caller]
        fn check(text: &str, error: &str, suggestion: Option<&str>) {
            let found = RoutePath::parse(text).unwrap_err().to_string();
            assert!(found.starts_with(error), "{text}: {found}");
            assert_eq!(suggest(text).as_deref(), suggestion, "{text}");
        }
        check("", "does not begin with `/`", Some("/"));
        check("public", "does not begin with `/`", Some("/public"));
        check("https://a.example/b", "does not begin with `/`", Some("/b"));
        check("/public/", "ends with a slash", Some("/public"));
        // The longest text with a suggestion, and a longer one.
        let path = format!(
            "{}/{}",
            format!("/{}", "a".repeat(127)).repeat(7),
            "a".repeat(126)
        );
        check(&format!("{path}/"), "ends with a slash", Some(&path));
        check(&format!("{path}a/"), "ends with a slash", None);
        check("/public//a", "has an empty segment", Some("/public/a"));
        check("/a?b=c", "has a `?` or `#`", Some("/a"));
        check("/a#b", "has a `?` or `#`", Some("/a"));
        check("/a/*", "has a `*`", Some("/a"));
        check("/a/{*rest}", "has a `*`", Some("/a"));
        check("/*", "has a `*`", Some("/"));
        check("/a/{b", "has a brace", None);
        check("/a/b}", "has a brace", None);
        check("/a/x{b}", "has a brace", None);
        check("/a/{{b}}", "has a brace", None);
        check("/a/{}", "has the name ``", None);
        check("/a/{1}", "has the name `1`", None);
        check("/a/{b c}", "has a ` `", None);
        check("/{a}/{b}/{a}", "has two segments `{a}`", None);
        check("/a/<b>", "has a `<`", Some("/a/{b}"));
        check("/a/<b..>", "has a `<`", Some("/a"));
        check("/a b", "has a ` `", Some("/a%20b"));
        check(
            "/\u{fc}",
            "has a character outside of ASCII",
            Some("/%C3%BC"),
        );
        check("/%7Ea", "has a percent-encoded letter", Some("/~a"));
        check("/a%", "has a `%`", Some("/a%25"));
        check("/a/../b", "has a segment `.` or `..`", None);
        check("/a\\b", "has a backslash", Some("/a/b"));
        check("/a;b", "has a `;`", None);
        check(&"/a".repeat(65), "has more than 64 segments", None);
        check(
            &format!("/{}", "a".repeat(129)),
            "has a segment of more than 128 bytes",
            None,
        );
    }
}
