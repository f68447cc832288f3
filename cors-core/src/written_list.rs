//! Lists that somebody wrote as one text, as in an environment variable or a header.

use std::collections::HashSet;

use crate::header;
use crate::method;
use crate::pattern::{OriginPattern, Shape};
use crate::suggest;

/// The items of a text: between commas, semicolons and white space, without brackets around all of them and quotation
/// marks around each.
pub(crate) fn items(text: &str) -> impl Iterator<Item = &str> {
    let text = text.trim();
    let inside = text.strip_prefix('[');
    let text = match inside {
        // The brackets of an IPv6 address are after its scheme.
        Some(inside) => inside.strip_suffix(']').unwrap_or(inside),
        None if text.matches(']').count() > text.matches('[').count() => {
            text.strip_suffix(']').unwrap_or(text)
        }
        None => text,
    };
    let items = text.split(|char: char| is_separator(char) || char.is_whitespace());
    let items = items.map(|item| item.trim_matches(is_quote));
    items.filter(|item| !item.is_empty())
}

pub(crate) fn is_separator(char: char) -> bool {
    matches!(char, ',' | ';')
}

/// The item of a text that has only one.
pub(crate) fn only_item(text: &str) -> Option<&str> {
    let mut items = items(text);
    match (items.next(), items.next()) {
        (Some(item), None) => Some(item),
        _ => None,
    }
}

/// The items of a text as a part of a list in a file, `"a", "b"`, if each is valid or can be guessed.
pub(crate) fn as_items(text: &str, guess: impl Fn(&str) -> Option<String>) -> Option<String> {
    /// No one types a longer text by hand, and the work must stay bounded.
    const MAX: usize = 16 * 1024;
    if text.len() > MAX {
        return None;
    }
    let guesses: Vec<_> = items(text).map(guess).collect::<Option<_>>()?;
    let has_wildcard = guesses.iter().any(|item| item == "*");
    if guesses.is_empty() || (has_wildcard && guesses.len() > 1) {
        return None;
    }
    let mut seen = HashSet::new();
    let unique = guesses.iter().filter(|item| seen.insert(*item));
    let quoted: Vec<_> = unique.map(|item| format!("\"{item}\"")).collect();
    Some(quoted.join(", "))
}

/// The valid origin pattern that a text is, or is meant to be.
pub(crate) fn origin(text: &str) -> Option<String> {
    match OriginPattern::parse(text) {
        Ok(pattern) => (pattern.shape() != Shape::Null).then(|| text.to_owned()),
        Err(_) => suggest::suggest(text),
    }
}

/// As [`origin`], for a method.
pub(crate) fn method(text: &str) -> Option<String> {
    let normal = method::normalize(text);
    let is_sendable = header::is_token(normal) && !method::is_forbidden(normal);
    is_sendable.then(|| normal.to_owned())
}

/// As [`origin`], for the name of a header. `is_allowed` gets the name in lower case.
pub(crate) fn header(text: &str, is_allowed: impl Fn(&str) -> bool) -> Option<String> {
    let name = text.trim_end_matches(':');
    let is_listable = header::is_token(name) && is_allowed(&name.to_ascii_lowercase());
    is_listable.then(|| name.to_owned())
}

/// What is wrong with an item of a list of origins, if it was written like a list, and what to write instead.
pub(crate) fn in_item(text: &str) -> Option<(&'static str, Option<String>)> {
    let trimmed = text.trim();
    if let Some(origins) = for_each_port(trimmed) {
        let message = "has a list of ports; write an origin for each port, or `*` for any port";
        return Some((message, as_items(&origins, origin)));
    }
    let (has_scheme, rest) = match trimmed.split_once("://") {
        Some((scheme, rest)) => (!scheme.contains('/'), rest),
        None => (false, trimmed),
    };
    let authority = rest.split('/').next().unwrap_or(rest);
    let scheme = match has_scheme {
        true => trimmed.get(..trimmed.len() - rest.len()).unwrap_or(""),
        false => "",
    };
    let has = |is: fn(char) -> bool| scheme.contains(is) || authority.contains(is);
    let several = items(text).filter(|item| item.contains("://")).count() > 1;
    let several =
        several || (has(is_separator) && items(text).count() > 1 && items(text).all(is_host));
    if several {
        let message = "has several origins in one item; write each as an item of its own";
        return Some((message, as_items(text, origin)));
    }
    let unclosed = trimmed.matches(']').count() > trimmed.matches('[').count();
    // The brackets of an IPv6 address are after its scheme.
    let is_bracketed = has_scheme && (trimmed.starts_with('[') || unclosed);
    let inside = match is_bracketed {
        true => trimmed.trim_matches(['[', ']']),
        false => trimmed,
    };
    let message = if inside.starts_with(is_quote) || inside.ends_with(is_quote) {
        "has quotation marks; an environment variable needs none of its own"
    } else if is_bracketed {
        "has a bracket; an environment variable needs none around its items"
    } else if has(is_separator) {
        "has a `,` or `;`, which is not part of an origin"
    } else if text == trimmed && has(char::is_whitespace) {
        "has white space, which is not part of an origin"
    } else {
        return None;
    };
    Some((message, only_item(text).and_then(origin)))
}

/// The origins of a text such as `https://a.example:[8080,8081]`, which other libraries take.
fn for_each_port(text: &str) -> Option<String> {
    let (host, ports) = text.strip_suffix(']')?.rsplit_once(":[")?;
    let ports: Vec<_> = ports.split(',').map(str::trim).collect();
    let is_port = |port: &&str| {
        *port == "*" || (!port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()))
    };
    if !host.contains("://") || !ports.iter().all(is_port) {
        return None;
    }
    let any = ports.contains(&"*").then(|| vec!["*"]);
    let ports = any.unwrap_or(ports);
    let origins: Vec<_> = ports.iter().map(|port| format!("{host}:{port}")).collect();
    Some(origins.join(","))
}

fn is_quote(char: char) -> bool {
    matches!(char, '"' | '\'' | '`' | '“' | '”')
}

/// Whether an item without a scheme looks like a host.
fn is_host(item: &str) -> bool {
    item.contains("://") || item.contains('.') || item.starts_with("localhost")
}
