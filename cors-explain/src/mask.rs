//! Masks secrets in headers and URLs, which must not get into a terminal's history or a bug report.

use std::borrow::Cow;

const MASK: &str = "****";

/// A header's value in a form that may be shown: of a likely secret, only its form.
pub(crate) fn masked<'a>(name: &str, value: &'a str) -> Cow<'a, str> {
    let name = name.to_ascii_lowercase();
    match name.as_str() {
        // Show which cookie is set, but not its value.
        _ if name.starts_with("access-control-") => Cow::Borrowed(value),
        "authorization" | "proxy-authorization" => match value.split_once(' ') {
            Some((scheme, _)) if is_scheme(scheme) => Cow::Owned(format!("{scheme} {MASK}")),
            _ => Cow::Borrowed(MASK),
        },
        "cookie" => {
            let cookies = value.split(';').map(masked_cookie);
            Cow::Owned(cookies.collect::<Vec<_>>().join("; "))
        }
        "set-cookie" => match value.split_once(';') {
            Some((cookie, attributes)) => {
                Cow::Owned(format!("{};{attributes}", masked_cookie(cookie)))
            }
            None => Cow::Owned(masked_cookie(value)),
        },
        "location" | "content-location" | "referer" => Cow::Owned(masked_url(value)),
        _ if is_secret(&name) => Cow::Borrowed(MASK),
        _ => Cow::Borrowed(value),
    }
}

/// A URL in a form that may be shown, also if it is relative or invalid: without user name, password and fragment, and
/// with only the names of the query. Signed URLs and the redirects of logins have secrets there.
///
/// # Examples
///
/// ```
/// let shown = cors_explain::masked_url("https://me:password@api.example.com/users?page=2#top");
/// assert_eq!(shown, "https://****@api.example.com/users?page=****#****");
/// ```
pub fn masked_url(url: &str) -> String {
    let (rest, fragment) = match url.split_once('#') {
        Some((rest, _)) => (rest, format!("#{MASK}")),
        None => (url, String::new()),
    };
    let (rest, query) = match rest.split_once('?') {
        Some((rest, "")) => (rest, "?".to_owned()),
        Some((rest, query)) => {
            let pairs = query.split('&').map(|pair| match pair.split_once('=') {
                Some((name, _)) => format!("{name}={MASK}"),
                None => MASK.to_owned(),
            });
            (rest, format!("?{}", pairs.collect::<Vec<_>>().join("&")))
        }
        None => (rest, String::new()),
    };
    let (before, authority) = match rest.split_once("//") {
        Some((scheme, authority)) => (format!("{scheme}//"), authority),
        None => (String::new(), rest),
    };
    let end = authority.find(['/', '\\']).unwrap_or(authority.len());
    let (host, path) = authority.split_at_checked(end).unwrap_or((authority, ""));
    match host.rsplit_once('@') {
        Some((_, host)) => format!("{before}{MASK}@{host}{path}{query}{fragment}"),
        None => format!("{before}{host}{path}{query}{fragment}"),
    }
}

fn masked_cookie(cookie: &str) -> String {
    match cookie.split_once('=') {
        Some((name, _)) => format!("{}={MASK}", name.trim()),
        None => MASK.to_owned(),
    }
}

/// Whether this is an authentication scheme, and not the beginning of a secret that contains a space:
/// <https://www.iana.org/assignments/http-authschemes>, and other common ones.
fn is_scheme(word: &str) -> bool {
    const SCHEMES: [&str; 15] = [
        "apikey",
        "aws4-hmac-sha256",
        "basic",
        "bearer",
        "concealed",
        "digest",
        "dpop",
        "gnap",
        "hoba",
        "mutual",
        "negotiate",
        "ntlm",
        "privatetoken",
        "scram-sha-256",
        "token",
    ];
    SCHEMES
        .iter()
        .any(|scheme| scheme.eq_ignore_ascii_case(word))
}

/// Whether a header's name shows that its value is a secret: `X-Api-Key`, `X-CSRF-Token`.
fn is_secret(name: &str) -> bool {
    // Long enough to be unambiguous as a part of a word, as in `accesstoken`.
    const PARTS: [&str; 7] = [
        "authoriz",
        "apikey",
        "cookie",
        "credential",
        "passw",
        "secret",
        "token",
    ];
    const WORDS: [&str; 10] = [
        "auth",
        "bearer",
        "csrf",
        "jwt",
        "key",
        "session",
        "sessionid",
        "sid",
        "signature",
        "xsrf",
    ];
    PARTS.iter().any(|part| name.contains(part))
        || name.split(['-', '_']).any(|word| WORDS.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_secrets_are_masked() {
        #[track_caller]
        fn check(name: &str, value: &str, expected: &str) {
            assert_eq!(masked(name, value), expected, "{name}: {value}");
        }
        check("Authorization", "Bearer abc", "Bearer ****");
        check("authorization", "abc", "****");
        check("Authorization", "my secret", "****");
        check("X-Forwarded-Authorization", "Bearer abc", "****");
        check("AccessToken", "abc", "****");
        check("X-Session-Id", "abc", "****");
        check(
            "Www-Authenticate",
            "Bearer realm=\"api\"",
            "Bearer realm=\"api\"",
        );
        check("Cookie", "a=1; b=2", "a=****; b=****");
        check(
            "Set-Cookie",
            "sid=1; Path=/; Secure",
            "sid=****; Path=/; Secure",
        );
        check("set-cookie", "odd", "****");
        check("X-Api-Key", "abc", "****");
        check("X-CSRF-Token", "abc", "****");
        check("X-Custom", "abc", "abc");
        check("Keyboard", "abc", "abc");
        check("Access-Control-Allow-Headers", "x-api-key", "x-api-key");
        check(
            "Access-Control-Request-Headers",
            "authorization",
            "authorization",
        );
    }

    /// Red team, finding 8.
    #[test]
    fn of_a_url_nothing_secret_is_shown() {
        #[track_caller]
        fn check(url: &str, expected: &str) {
            assert_eq!(masked_url(url), expected);
            assert_eq!(masked("Location", url), expected);
        }
        for plain in [
            "https://a.example/b/c",
            "/b/@c",
            "https://a.example:8080",
            "",
            "b",
            "?",
        ] {
            check(plain, plain);
        }
        check("https://a:b@c.example/d@e", "https://****@c.example/d@e");
        check("https://key@c.example", "https://****@c.example");
        check("https://a:b@c@d.example/", "https://****@d.example/");
        check("//a:b@c.example/", "//****@c.example/");
        check("user:password@c.example/x", "****@c.example/x");
        check(
            "https://a.example/?sig=1&b=c=d&token",
            "https://a.example/?sig=****&b=****&****",
        );
        check("/cb?code=1#state=2", "/cb?code=****#****");
        check("https://a.example/#?@x", "https://a.example/#****");
        check(
            "https://a.example?next=//b:c@d",
            "https://a.example?next=****",
        );
    }
}
