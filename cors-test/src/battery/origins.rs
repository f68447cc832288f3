//! The origins from which requests are sent.

use cors_browser_model::Origin;

/// A page that sends requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sender {
    pub(super) origin: String,
    /// The code of the error that allows the origin, if the policy does not.
    pub(super) code: &'static str,
}

/// An origin that policies do not list.
const UNLISTED: &str = "https://cors-test-unlisted.example";
const NULL: &str = "null";

pub(super) const REFLECTED: &str = "reflected-origin";
pub(super) const NULL_ACCEPTED: &str = "null-accepted";
pub(super) const PREFIX: &str = "prefix-match";
pub(super) const SUFFIX: &str = "suffix-match";
pub(super) const HTTP: &str = "plain-http-accepted";

/// The senders for patterns of a policy, each origin once: one that each pattern matches, some that look like the first of
/// these, one that is not listed, and `null`.
pub(super) fn senders(patterns: &[String], is_granted: impl Fn(&str) -> bool) -> Vec<Sender> {
    let examples = patterns.iter().filter_map(|pattern| example(pattern));
    // An example may be one that browsers do not send.
    let mut granted: Vec<_> = examples.filter(|origin| is_granted(origin)).collect();
    granted.sort_unstable();
    let similar = granted.first().map(|origin| similar(origin));
    let others = [(REFLECTED, UNLISTED), (NULL_ACCEPTED, NULL)];
    let others = others.map(|(code, origin)| (code, origin.to_owned()));
    let similar = similar.into_iter().flatten().chain(others);
    let all = granted.iter().map(|origin| (REFLECTED, origin.clone()));
    let mut senders: Vec<Sender> = Vec::new();
    for (code, origin) in all.chain(similar) {
        if senders.iter().all(|sender| sender.origin != origin) {
            senders.push(Sender { origin, code });
        }
    }
    senders
}

/// Origins that look like this one, each with its code.
fn similar(origin: &str) -> Vec<(&'static str, String)> {
    let Some((scheme, rest)) = origin.split_once("://") else {
        return Vec::new();
    };
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, format!(":{port}")),
        _ => (rest, String::new()),
    };
    // The domain of a wildcard, if the origin is an example of one.
    let domain = host.strip_prefix("cors-test.").unwrap_or(host);
    let mut similar = vec![
        (
            PREFIX,
            format!("{scheme}://{host}.cors-test-unlisted.example{port}"),
        ),
        (
            SUFFIX,
            format!("{scheme}://cors-test-unlisted{domain}{port}"),
        ),
    ];
    if scheme == "https" {
        similar.push((HTTP, format!("http://{rest}")));
    }
    // Nothing looks like some addresses.
    similar.retain(|(_, origin)| Origin::parse(origin).is_some());
    similar
}

/// An origin that a pattern matches; `None` for `*` and `null`.
fn example(pattern: &str) -> Option<String> {
    let (scheme, rest) = pattern.split_once("://")?;
    let (host, port) = match rest.strip_suffix(":*") {
        Some(host) => (host, ":3000"),
        None => (rest, ""),
    };
    let host = match host {
        "*" => "cors-test".to_owned(),
        _ if host.starts_with("*.") => host.replacen('*', "cors-test", 1),
        _ => host.replacen('*', "1", 1),
    };
    Some(format!("{scheme}://{host}{port}"))
}

#[cfg(test)]
mod tests {
    use cors_browser_model::{Headers, SentRequest, Url};
    use cors_core::{Config, Grant, Policy};
    use cors_explain::PolicyAnswer;

    use super::*;

    #[test]
    fn senders_of_a_pattern() {
        #[track_caller]
        fn check(pattern: &str, example: Option<&str>, similar: &[(&str, &str)]) {
            let mut config = Config::from(Grant::new([pattern]));
            config.dangerously_allow.null_origin = true;
            config.dangerously_allow.insecure_origins = true;
            let policy = Policy::new(config).unwrap();
            let is_granted = |origin: &str| {
                let sent = SentRequest {
                    method: "GET".to_owned(),
                    url: Url::parse("https://api.example/").unwrap(),
                    headers: Headers::from([("Origin", origin)]),
                    credentials: false,
                };
                let answer = PolicyAnswer::new(&policy, &sent);
                answer.headers.contains("Access-Control-Allow-Origin")
            };
            assert!(example.is_none_or(is_granted), "{pattern}");
            let found = senders(&[pattern.to_owned()], is_granted);
            let found: Vec<_> = found
                .iter()
                .map(|sender| (sender.code, sender.origin.as_str()))
                .collect();
            let mut expected: Vec<_> = example.into_iter().map(|one| (REFLECTED, one)).collect();
            expected.extend(similar);
            expected.extend([(REFLECTED, UNLISTED), (NULL_ACCEPTED, NULL)]);
            expected.dedup_by_key(|sender| sender.1);
            assert_eq!(found, expected, "{pattern}");
        }
        check(
            "https://app.example.com",
            Some("https://app.example.com"),
            &[
                (PREFIX, "https://app.example.com.cors-test-unlisted.example"),
                (SUFFIX, "https://cors-test-unlistedapp.example.com"),
                (HTTP, "http://app.example.com"),
            ],
        );
        check(
            "https://*.example.com:8443",
            Some("https://cors-test.example.com:8443"),
            &[
                (
                    PREFIX,
                    "https://cors-test.example.com.cors-test-unlisted.example:8443",
                ),
                (SUFFIX, "https://cors-test-unlistedexample.com:8443"),
                (HTTP, "http://cors-test.example.com:8443"),
            ],
        );
        check(
            "https://pr-*.example.com:*",
            Some("https://pr-1.example.com:3000"),
            &[
                (
                    PREFIX,
                    "https://pr-1.example.com.cors-test-unlisted.example:3000",
                ),
                (SUFFIX, "https://cors-test-unlistedpr-1.example.com:3000"),
                (HTTP, "http://pr-1.example.com:3000"),
            ],
        );
        check(
            "http://localhost:*",
            Some("http://localhost:3000"),
            &[
                (PREFIX, "http://localhost.cors-test-unlisted.example:3000"),
                (SUFFIX, "http://cors-test-unlistedlocalhost:3000"),
            ],
        );
        check("http://[::1]:*", Some("http://[::1]:3000"), &[]);
        check(
            "moz-extension://*",
            Some("moz-extension://cors-test"),
            &[
                (
                    PREFIX,
                    "moz-extension://cors-test.cors-test-unlisted.example",
                ),
                (SUFFIX, "moz-extension://cors-test-unlistedcors-test"),
            ],
        );
        check("null", None, &[]);
        check("*", None, &[]);
    }
}
