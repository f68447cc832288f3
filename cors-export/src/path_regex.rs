//! Paths as regular expressions, in the syntax that PCRE and RE2 have in common.

use crate::origin_regex::escape;

/// Matches a path that is not in normal form, anywhere in the text: see [`cors_core::PathError`]. The expression is for bytes,
/// not for characters.
///
/// In the order of the alternatives: a path without a slash at its beginning; an empty segment; `.` and `..`; a character
/// that servers read in several ways; a `%` without two digits; and an encoded control character, slash, backslash, or a
/// character that needs no encoding.
pub(crate) const ABNORMAL: &str = concat!(
    r"^$|^[^/]|//|/\.\.?(?:/|$)|[;\\\x00-\x1f\x7f-\xff]",
    r"|%(?:[^0-9A-Fa-f]|[0-9A-Fa-f][^0-9A-Fa-f]|[0-9A-Fa-f]?$",
    r"|[01].|2[D-Fd-f]|3[0-9]|4[1-9A-Fa-f]|5[0-9AaCcFf]|6[1-9A-Fa-f]|7[0-9AaEeFf])",
);

/// The paths of a route: its own and everything below it.
pub(crate) fn route(path: &str) -> String {
    let segments = segments(path)
        .into_iter()
        .map(|segment| match segment.starts_with('{') {
            true => "/[^/]+".to_owned(),
            false => format!("/{}", escape(segment)),
        });
    format!("^{}(?:/|$)", segments.collect::<String>())
}

/// The segments of a route's path.
fn segments(path: &str) -> Vec<&str> {
    // `/` has none.
    path.trim_end_matches('/').split('/').skip(1).collect()
}

/// Compares the paths of two routes: the one that decides where both match is first. Segment by segment, a literal one comes
/// before a `{name}`, and that before the end of the path.
pub(crate) fn most_specific_first(a: &str, b: &str) -> std::cmp::Ordering {
    let keys = |path| {
        let segments = segments(path)
            .into_iter()
            .map(|segment| match segment.starts_with('{') {
                true => (1, ""),
                false => (0, segment),
            });
        segments.chain([(2, "")]).collect::<Vec<_>>()
    };
    keys(a).cmp(&keys(b))
}
