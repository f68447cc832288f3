//! Origins that look alike but differ.

use cors_browser_model::Url;

/// How a value differs from the page's origin, if it is similar.
pub(super) fn difference(value: &str, origin: &str) -> Option<&'static str> {
    if value == origin {
        return None;
    }
    if value.trim_end_matches('/') == origin {
        return Some("it ends with a slash");
    }
    if value.eq_ignore_ascii_case(origin) {
        return Some("it has upper-case letters, which browsers do not send");
    }
    let (value, page) = (Url::parse(value).ok()?, Url::parse(origin).ok()?);
    let (host, page_host) = (value.host_str()?, page.host_str()?);
    if host != page_host {
        let is_subdomain = is_below(host, page_host) || is_below(page_host, host);
        return is_subdomain.then_some("a subdomain is a different host");
    }
    Some(if value.scheme() != page.scheme() {
        "the schemes differ"
    } else if value.port_or_known_default() != page.port_or_known_default() {
        "the ports differ"
    } else if value.path() != "/" {
        "an origin has no path"
    } else {
        "browsers leave out the scheme's default port"
    })
}

fn is_below(host: &str, domain: &str) -> bool {
    let labels = host.strip_suffix(domain);
    labels.is_some_and(|labels| labels.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_misses_are_named() {
        #[track_caller]
        fn check(value: &str, expected: Option<&str>) {
            let difference = difference(value, "https://app.example.com:8443");
            assert_eq!(difference, expected, "{value}");
        }
        check(
            "https://app.example.com:8443/",
            Some("it ends with a slash"),
        );
        check(
            "HTTPS://App.example.com:8443",
            Some("it has upper-case letters, which browsers do not send"),
        );
        check(
            "https://app.example.com:8443/x",
            Some("an origin has no path"),
        );
        check("https://app.example.com", Some("the ports differ"));
        check("http://app.example.com:8443", Some("the schemes differ"));
        check(
            "https://example.com",
            Some("a subdomain is a different host"),
        );
        check(
            "https://x.app.example.com",
            Some("a subdomain is a different host"),
        );
        check("https://www.example.org", None);
        check("https://evilapp.example.com", None);
        check("null", None);
        check("https://app.example.com:8443", None);
    }
}
