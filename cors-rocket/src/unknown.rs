//! The methods of a policy that Rocket does not know.

use std::convert::Infallible;

use cors_core::Policy;
use cors_core::adapter::{HeaderSource, ResponseHeader};
use rocket::http::Method;

/// Emits an event if the policy allows methods that Rocket does not know: their preflights are granted, and the requests get
/// 400 without CORS headers.
pub(crate) fn warn(policy: &Policy) {
    let methods = methods(policy);
    if !methods.is_empty() {
        tracing::warn!(
            methods = %methods.join(", "),
            "CORS: the policy allows methods that Rocket does not know; Rocket answers them with 400, without CORS headers",
        );
    }
}

fn methods(policy: &Policy) -> Vec<String> {
    let mut unknown: Vec<String> = Vec::new();
    policy.prepare(
        |_| Ok::<_, Infallible>(()),
        |headers| {
            for header in headers {
                if header.name != ResponseHeader::AccessControlAllowMethods {
                    continue;
                }
                // A wildcard is `*`, or is echoed: it names no method.
                let HeaderSource::Constant(methods) = &header.value else {
                    continue;
                };
                for method in methods.split(", ").filter(|method| *method != "*") {
                    if !is_known(method) && !unknown.iter().any(|known| known == method) {
                        unknown.push(method.to_owned());
                    }
                }
            }
            Ok(())
        },
    );
    unknown
}

/// Rocket parses a method in any case, but knows a request's method in upper case only.
fn is_known(method: &str) -> bool {
    method
        .parse::<Method>()
        .is_ok_and(|known| known.as_str() == method)
}

#[cfg(test)]
mod tests {
    use cors_core::{Config, Grant};

    use super::*;

    #[test]
    fn unknown_methods() {
        #[track_caller]
        fn check(methods: &[&str], credentials: bool, expected: &[&str]) {
            let grant = Grant::new(["https://app.example.com"]);
            let grant = grant.allow_methods(methods).allow_credentials(credentials);
            let other = Grant::new(["https://other.example.com"]).allow_methods(["REPORT"]);
            for (config, more) in [
                (Config::new([grant.clone()]), &[][..]),
                (Config::new([]).route("/dav", grant.clone()), &[]),
                (
                    Config::new([grant.clone(), grant_for("https://b.example", methods)]),
                    &[],
                ),
                (Config::new([grant, other]), &["REPORT"]),
            ] {
                let policy = Policy::new(config).expect("a valid policy");
                assert_eq!(
                    super::methods(&policy),
                    [expected, more].concat(),
                    "{methods:?}"
                );
            }
        }
        fn grant_for(origin: &str, methods: &[&str]) -> Grant {
            Grant::new([origin]).allow_methods(methods)
        }
        check(&[], false, &[]);
        check(&["PUT", "DELETE", "PATCH", "OPTIONS"], false, &[]);
        check(&["PROPFIND", "PUT", "QUERY"], false, &["PROPFIND", "QUERY"]);
        check(&["PROPFIND"], true, &["PROPFIND"]);
        check(&["patch"], false, &["patch"]);
        for credentials in [false, true] {
            check(&["*"], credentials, &[]);
        }
    }
}
