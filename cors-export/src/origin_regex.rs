//! Origin patterns as regular expressions, in the syntax that PCRE and RE2 have in common: no look-around, no back-references.

use std::fmt::Write as _;

use cors_core::OriginPattern;

const LABEL: &str = "[a-z0-9_-]{1,63}";

/// Any label but one that makes the host a number: only digits, or `0x` with hexadecimal digits
/// (<https://url.spec.whatwg.org/#ends-in-a-number-checker>).
const LAST_LABEL: &str = "(?:[a-z_-][a-z0-9_-]*|(?:[1-9][0-9]*|0[0-9]+)[a-z_-][a-z0-9_-]*|0[a-wyz_-][a-z0-9_-]*|0x[0-9a-f]*[g-z_-][a-z0-9_-]*)";

/// A number from 0 to 255.
const BYTE: &str = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";

/// An IPv6 address. That it is in its canonical form is not checked.
const IPV6: &str = r"\[[0-9a-f:]{2,39}\]";

/// Five digits up to 65535.
const FIVE_DIGITS: &str = "6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}";

/// Matches what is too long for an origin: a label of 64 bytes, or a host of 254 that does not end with a dot. To be asked
/// before any other expression, anywhere in the text.
pub(crate) const TOO_LONG: &str = r"[./][^.:/\[\]]{64}|^[^:]*://(?:[^:\[]{255}|[^:\[]{253}[^.:])";

/// What only looks like an origin that `*` matches: a default port, or a `file` URL. To be asked before [`any_origin`], anywhere in
/// the text.
pub(crate) const NOT_ANY: &str =
    r"^file:|^(?:http|ws)://.*[^:]:80$|^(?:https|wss)://.*[^:]:443$|^ftp://.*[^:]:21$";

/// Every origin that `*` matches, `null` included.
pub(crate) fn any_origin() -> String {
    let port = any_port("");
    format!("^(?:null|[a-z][a-z0-9+.-]{{0,63}}://{}{port})$", any_host())
}

/// A pattern with a wildcard, but not `*`.
pub(crate) fn origin(pattern: &OriginPattern<'_>) -> String {
    let (scheme, authority) = split_once(pattern.as_str(), "://");
    format!(
        "^{}://{}$",
        escape(scheme),
        authority_regex(scheme, authority)
    )
}

/// A pattern of host and port, for a `Host` in lower case.
pub(crate) fn host(pattern: &str) -> String {
    format!("^{}$", authority_regex("", pattern))
}

fn authority_regex(scheme: &str, authority: &str) -> String {
    if authority == "*" {
        return any_host();
    }
    let (host, port) = match authority.strip_suffix(":*") {
        Some(host) => (host, any_port(scheme)),
        // The port, if there is one, has no wildcard.
        None => (authority, String::new()),
    };
    let host = match host.strip_prefix("*.") {
        Some(domain) => format!(r"(?:{LABEL}\.)+{}", escape(domain)),
        None => match host.split_once('*') {
            Some((before, after)) => {
                let (after, domain) = after.split_once('.').unwrap_or((after, ""));
                format!(r"{}\.{}", label(before, after), escape(domain))
            }
            None => escape(host),
        },
    };
    host + &port
}

fn any_host() -> String {
    format!(r"(?:(?:{LABEL}\.)*{LAST_LABEL}\.?|{BYTE}(?:\.{BYTE}){{3}}|{IPV6})")
}

/// A label with a `*` between two texts: one or more of `a-z`, `0-9` and `-`, 63 bytes in all. It begins with `xn--` only if
/// `before` does.
fn label(before: &str, after: &str) -> String {
    const ANY: &str = "[a-z0-9-]";
    let room = 63_usize.saturating_sub(before.len() + after.len());
    // What the star must not begin with.
    let Some(rest) = "xn--".strip_prefix(before).filter(|rest| !rest.is_empty()) else {
        return format!("{}{ANY}{{1,{room}}}{}", escape(before), escape(after));
    };
    let mut stars = Vec::new();
    for (index, byte) in rest.char_indices() {
        let (start, end) = rest.split_at(index);
        // The star differs from `rest` in this byte for the first time.
        let other = match byte {
            'x' => "[a-wyz0-9-]",
            'n' => "[a-mo-z0-9-]",
            _ => "[a-z0-9]",
        };
        if index < room {
            stars.push(format!("{start}{other}{ANY}{{0,{}}}", room - index - 1));
        }
        // The star is the start of `rest`, and what is after the star is not its end.
        if index > 0 && index <= room && !after.starts_with(end) {
            stars.push(start.to_owned());
        }
    }
    format!("{}(?:{}){}", escape(before), stars.join("|"), escape(after))
}

/// Any port or none, as browsers write it: without leading zeros, and not the default port of the scheme.
fn any_port(scheme: &str) -> String {
    let two = match scheme {
        "http" | "ws" => "[1-79][0-9]|8[1-9]",
        "ftp" => "[13-9][0-9]|2[02-9]",
        _ => "[1-9][0-9]",
    };
    let three = match scheme {
        "https" | "wss" => "[1-35-9][0-9]{2}|4[0-35-9][0-9]|44[0-24-9]",
        _ => "[1-9][0-9]{2}",
    };
    format!("(?::(?:[1-9]|{two}|{three}|[1-9][0-9]{{3}}|{FIVE_DIGITS}))?")
}

/// A text as a regular expression for itself.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        if ".+*?()[]{}|^$\\".contains(char) {
            let _ = write!(escaped, "\\{char}");
        } else {
            escaped.push(char);
        }
    }
    escaped
}

/// A pattern has a scheme.
fn split_once<'a>(text: &'a str, separator: &str) -> (&'a str, &'a str) {
    text.split_once(separator).unwrap_or(("", text))
}

#[cfg(test)]
mod tests {
    use cors_core::Origin;
    use proptest::proptest;
    use regex::Regex;

    use super::*;

    /// What a gateway does with a pattern, or with `*`.
    struct Gateway {
        pattern: &'static str,
        expression: Regex,
        before: Vec<Regex>,
    }

    impl Gateway {
        fn new(pattern: &'static str) -> Self {
            let regex = |text: &str| Regex::new(text).unwrap();
            let (expression, before) = match pattern {
                "*" => (any_origin(), vec![TOO_LONG, NOT_ANY]),
                _ => (
                    super::origin(&OriginPattern::parse(pattern).unwrap()),
                    vec![TOO_LONG],
                ),
            };
            let before = before.into_iter().map(regex).collect();
            Self {
                pattern,
                expression: regex(&expression),
                before,
            }
        }

        #[track_caller]
        fn check(&self, origin: &str) {
            let pattern = OriginPattern::parse(self.pattern).unwrap();
            let expected = Origin::parse(origin).is_ok_and(|origin| pattern.matches(&origin));
            let is_before = self.before.iter().any(|before| before.is_match(origin));
            let found = !is_before && self.expression.is_match(origin);
            // `*` matches `null`, too.
            let expected = expected || (origin == "null" && self.pattern == "*");
            assert_eq!(found, expected, "{origin} with {}", self.pattern);
        }
    }

    const PATTERNS: [&str; 20] = [
        "*",
        "https://*.example.com",
        "https://*.example.com:8443",
        "https://*.example.com:*",
        "http://localhost:*",
        "http://127.0.0.1:*",
        "http://[::1]:*",
        "ftp://a.example:*",
        "wss://a.example:*",
        "app+x://a.example:*",
        "moz-extension://*",
        "https://pr-*.example.com",
        "https://*-team.example.com:*",
        "https://*n--team.example.com",
        "https://*--team.example.com",
        "https://x*-.example.com",
        "https://xn*a.example.com",
        "https://xn-*-a.example.com",
        "https://xn--bcher-*a.example.com",
        "https://deploy-*--site.example.com",
    ];

    #[test]
    fn the_edges_of_each_pattern() {
        let long = "a".repeat(63);
        let labels = [
            "a",
            "x",
            "xn",
            "xn-",
            "xn--",
            "xn---team",
            "xn--a",
            "xna-team",
            "xan",
            "x-",
            "x--",
            "xn--bcher-kva",
            "xn-a-a",
            "xnxa",
            "xn--a-a",
            "a_b",
            "pr-",
            "pr-7",
            "pr-_",
            "-team",
            "b-team",
            "n--team",
            "xn--team",
            "deploy-a--site",
            "deploy---site",
            "1",
            "0x1",
            "0x",
            "00x",
            "0xg",
            "1a",
            &long,
            &format!("{long}a"),
        ];
        let hosts = [
            "example.com",
            "example.com.",
            "localhost",
            "127.0.0.1",
            "127.0.0.256",
            "1.2.3",
            "[::1]",
            "a.example",
            "",
        ];
        let ports = [
            "", ":1", ":0", ":08", ":21", ":80", ":81", ":443", ":444", ":8443", ":65535",
            ":65536", ":99999", ":100000", ":", ":a",
        ];
        for pattern in PATTERNS {
            let gateway = Gateway::new(pattern);
            let scheme = pattern
                .split_once("://")
                .map_or("https", |(scheme, _)| scheme);
            for host in hosts {
                for port in ports {
                    gateway.check(&format!("{scheme}://{host}{port}"));
                    for label in labels {
                        gateway.check(&format!("{scheme}://{label}.{host}{port}"));
                    }
                }
                for label in labels {
                    gateway.check(&format!("{scheme}://{host}.{label}"));
                    gateway.check(&format!("{scheme}://a.{label}.{host}"));
                }
            }
        }
    }

    #[test]
    fn the_edges_of_the_longest_host() {
        for pattern in [
            "*",
            "https://*.example.com",
            "https://*.example.com:*",
            "app://*",
        ] {
            let gateway = Gateway::new(pattern);
            let scheme = pattern
                .split_once("://")
                .map_or("https", |(scheme, _)| scheme);
            for length in 250..258 {
                let labels = "a.".repeat(100) + &"b".repeat(length - 200 - ".example.com".len());
                for end in ["", ".", ":1", ".:1"] {
                    gateway.check(&format!("{scheme}://{labels}.example.com{end}"));
                }
            }
        }
    }

    #[test]
    fn hosts() {
        #[track_caller]
        fn check(pattern: &str, text: &str, expected: bool) {
            assert_eq!(
                Regex::new(&host(pattern)).unwrap().is_match(text),
                expected,
                "{text} with {pattern}"
            );
        }
        check("api.example.com:443", "api.example.com:443", true);
        check("api.example.com", "apixexample.com", false);
        check("localhost:*", "localhost", true);
        check("localhost:*", "localhost:80", true);
        check("localhost:*", "localhost:443", true);
        check("*.example.com:8443", "a.b.example.com:8443", true);
        check("*.example.com:8443", "example.com:8443", false);
        check("[::1]:*", "[::1]:9", true);
    }

    #[test]
    fn any_text() {
        let gateways = PATTERNS.map(Gateway::new);
        let text = "(https?|ftp|wss|app\\+x|moz-extension|file|null)(://)?([a-z0-9x_.-]{0,20}|xn-{1,2}[a-z-]{0,5}|pr-[a-z]{1,3})\
            (-team|--team|a|--site)?(\\.example\\.com|\\.example|\\.?localhost|\\.1|\\.)?(:[0-9]{1,5})?";
        proptest!(|(text in text)| {
            for gateway in &gateways {
                gateway.check(&text);
            }
        });
    }
}
