//! Regular expressions that somebody wrote in place of a pattern.

use std::iter::Peekable;
use std::str::Chars;

/// Whether a text that is not a pattern looks like a regular expression.
pub(crate) fn is_regular_expression(text: &str) -> bool {
    // A path may have parentheses.
    let end = text.find("://").map_or(0, |at| at + "://".len());
    let (scheme, rest) = text.split_at_checked(end).unwrap_or(("", text));
    let origin = [scheme, rest.split('/').next().unwrap_or(rest)];
    text.starts_with(['^', '~'])
        || text.ends_with('$')
        || text.contains('\\')
        || scheme.contains('?')
        || rest.starts_with(".*")
        || origin
            .iter()
            .any(|part| part.contains(['(', ')', '|']) || part.contains(".+"))
}

/// The text with a `*` for each part that matches more than one text, as far as a pattern can say it; `None`
/// for alternatives, which are to be listed.
pub(crate) fn without_syntax(text: &str) -> Option<String> {
    let text = text.trim_start_matches('~').trim();
    let text = match text
        .strip_prefix('/')
        .and_then(|text| text.strip_suffix('/'))
    {
        Some(text) => text,
        None => text,
    };
    let mut chars = text.chars().peekable();
    let mut pattern = String::with_capacity(text.len());
    while let Some(c) = chars.next() {
        let atom = match c {
            '^' | '$' => continue,
            '|' => return None,
            '\\' => match chars.next()? {
                class if class.is_ascii_alphanumeric() => Some("*"),
                escaped => {
                    pattern.push(escaped);
                    None
                }
            },
            '[' => {
                chars.by_ref().find(|&c| c == ']')?;
                Some("*")
            }
            '(' => Some(group(&mut chars)?),
            '.' if matches!(chars.peek(), Some('*' | '+')) => Some("*"),
            c => {
                pattern.push(c);
                None
            }
        };
        skip_quantifier(&mut chars, atom.is_some());
        if let Some(atom) = atom
            && !(atom == "*" && pattern.ends_with('*'))
        {
            pattern.push_str(atom);
        }
    }
    // `https?` for a developer's machine, whose servers have no certificate.
    for host in ["localhost", "127.0.0.1"] {
        if let Some(rest) = pattern
            .strip_prefix("https://")
            .filter(|_| text.contains("s?"))
            && rest.starts_with(host)
        {
            return Some(format!("http://{rest}"));
        }
    }
    Some(pattern)
}

/// What a group becomes, after its `(`: a port, nothing where it is optional, or a wildcard.
fn group(chars: &mut Peekable<Chars<'_>>) -> Option<&'static str> {
    let mut depth = 1_usize;
    let mut content = String::new();
    for c in chars.by_ref() {
        depth = match c {
            '(' => depth + 1,
            ')' => depth - 1,
            '|' => return None,
            _ => depth,
        };
        if depth == 0 {
            break;
        }
        content.push(c);
    }
    let content = content.trim_start_matches("?:").trim_start_matches('\\');
    match (content.starts_with(':'), chars.peek()) {
        (true, _) => Some(":*"),
        (false, Some('?' | '*')) => Some(""),
        (false, _) => Some("*"),
    }
}

/// Skips a quantifier. After a literal character a `*` is more likely meant as a wildcard.
fn skip_quantifier(chars: &mut Peekable<Chars<'_>>, after_atom: bool) {
    match chars.peek() {
        Some('?') => {
            chars.next();
        }
        Some('*' | '+') if after_atom => {
            chars.next();
        }
        Some('{') if after_atom => {
            chars.by_ref().find(|&c| c == '}');
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regular_expressions() {
        #[track_caller]
        fn check(text: &str, expected: Option<&str>) {
            assert!(is_regular_expression(text), "{text}");
            assert_eq!(without_syntax(text).as_deref(), expected, "{text}");
        }
        check(r"^https://(.*)\.vercel\.app$", Some("https://*.vercel.app"));
        check(r"https://.*\.example\.com", Some("https://*.example.com"));
        check(r"https://.*.example.com", Some("https://*.example.com"));
        check(
            r"^https:\/\/[a-z0-9-]+\.example\.com$",
            Some("https://*.example.com"),
        );
        check(
            r"^https://pr-\d+\.example\.com$",
            Some("https://pr-*.example.com"),
        );
        check(
            r"https://deploy-[0-9]{1,4}--site\.netlify\.app",
            Some("https://deploy-*--site.netlify.app"),
        );
        check(r"https?://localhost(:[0-9]+)?", Some("http://localhost:*"));
        check(r"^http://localhost:[0-9]+$", Some("http://localhost:*"));
        check(r"https?://example\.com", Some("https://example.com"));
        check(r"https://(.+\.)?example\.com", Some("https://example.com"));
        check(
            r"https://(?:\w+)\.example\.com(:\d+)?",
            Some("https://*.example.com:*"),
        );
        check(
            r"https://[a-z]+[0-9]*\.example\.com",
            Some("https://*.example.com"),
        );
        check(r"https://((a|b)c)\.example\.com", None);
        check(
            r"https://((?:a)b)\.example\.com",
            Some("https://*.example.com"),
        );
        // After a literal character, these are not quantifiers.
        check(
            "^https://app*.example.com$",
            Some("https://app*.example.com"),
        );
        check(r"https://a{2}\.example", Some("https://a{2}.example"));
        check(r"/\.example\.com$/", Some(".example.com"));
        check("~https://foo", Some("https://foo"));
        check(r"https://(app|admin)\.example\.com", None);
        check(r"^https://a\.example$|^https://b\.example$", None);
        check("https://(", Some("https://*"));
        check("https://a\\", None);
        check("^[a", None);
    }

    #[test]
    fn other_texts() {
        #[track_caller]
        fn check(text: &str) {
            assert!(!is_regular_expression(text), "{text}");
        }
        check("https://example.*");
        check("https://*.*.example.com");
        check("https://example.com/a(b)");
        check("https://example.com?a=b");
        check("https://*.domain.com:[8080,8081]");
        check("http://[::1]:80");
        check("a+b://x");
        check("${ORIGINS}");
        check("");
    }
}
