//! What was most likely meant by a text that is not a valid origin or pattern.

use std::net::{IpAddr, Ipv6Addr};

use crate::origin;
use crate::pattern::OriginPattern;
use crate::regular_expression;

/// What the author of an invalid pattern, or the sender of an invalid origin, most likely meant.
///
/// The answer is a valid pattern; `None` where there is nothing to guess.
pub(crate) fn suggest(text: &str) -> Option<String> {
    // No one types a longer text by hand, and the work must stay bounded.
    if text.len() > 4 * origin::MAX_ORIGIN {
        return None;
    }
    let trimmed = text.trim();
    if trimmed.is_empty() || trimmed.eq_ignore_ascii_case("null") {
        return None;
    }
    let plain = match regular_expression::is_regular_expression(trimmed) {
        true => regular_expression::without_syntax(trimmed)?,
        false => trimmed.to_owned(),
    };
    let trimmed = plain.as_str();
    let (scheme, rest) = match trimmed.split_once("://") {
        Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest),
        None => without_scheme(trimmed),
    };
    let authority = rest.split(['/', '?', '#']).next()?;
    let authority = authority.rsplit('@').next()?;
    let (wildcard, authority) = split_wildcard(authority);
    let (host, port) = origin::split_port(authority).ok()?;
    let host = canonical_host(host)?;
    let port = match port.map(|port| port.trim_start_matches('0')) {
        None | Some("") => String::new(),
        Some(port) if port.parse().ok() == origin::default_port(&scheme) => String::new(),
        Some(port) => format!(":{port}"),
    };
    let guess = format!("{scheme}://{wildcard}{host}{port}");
    (guess != text && OriginPattern::parse(&guess).is_ok()).then_some(guess)
}

/// A scheme for a text without `://`, and the rest: `https` (misspelt, as in `https//example.com`, or
/// left out), but `http` for the machines of developers.
fn without_scheme(text: &str) -> (String, &str) {
    for scheme in ["https", "http"] {
        let rest = text.strip_prefix(scheme);
        if let Some(rest) = rest.filter(|rest| rest.starts_with([':', '/'])) {
            return (scheme.to_owned(), rest.trim_start_matches([':', '/']));
        }
    }
    let rest = text.trim_start_matches('/');
    let scheme = match rest.split([':', '/']).next() {
        Some("localhost" | "127.0.0.1") => "http",
        _ => "https",
    };
    (scheme.to_owned(), rest)
}

/// Splits a wildcard with its dot from the rest of the host.
fn split_wildcard(authority: &str) -> (String, &str) {
    let label = authority
        .split_once('.')
        .filter(|(label, _)| label.contains('*'));
    match (authority.strip_prefix('*'), label) {
        // `pr-*.example.com`, `*-team.example.com`.
        (None, Some((label, rest))) => (format!("{}.", label.to_ascii_lowercase()), rest),
        (Some(rest), Some((label, host))) if rest.starts_with('-') => {
            (format!("{}.", label.to_ascii_lowercase()), host)
        }
        // `*.example.com`, and `*example.com`, which would match `evilexample.com`.
        (Some(rest), _) => ("*.".to_owned(), rest.trim_start_matches('.')),
        (None, None) if authority.starts_with('.') => {
            ("*.".to_owned(), authority.trim_start_matches('.'))
        }
        (None, None) => (String::new(), authority),
    }
}

fn canonical_host(host: &str) -> Option<String> {
    if let Some(address) = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
    {
        let address: Ipv6Addr = address.split('%').next()?.parse().ok()?;
        return Some(match address.to_ipv4_mapped() {
            Some(address) => address.to_string(),
            None => format!("[{address}]"),
        });
    }
    // Domains outside ASCII have no suggestion here: the browsers' form of them takes the large tables of Unicode.
    let ascii = host.is_ascii().then(|| host.to_ascii_lowercase())?;
    // `127.1` and its like are left alone: it is unclear which address was meant.
    match ascii.parse::<IpAddr>() {
        Ok(address) => Some(address.to_string()),
        Err(_) => Some(ascii),
    }
}
