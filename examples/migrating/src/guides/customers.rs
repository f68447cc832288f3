//! Origins from a database.

// guide: begin
use cors_axum::{ConfigErrors, Grant, LivePolicy, Policy};

fn policy(customers: &[String]) -> Result<Policy, ConfigErrors> {
    let own = ["https://app.example.com".to_owned()];
    // A pattern would allow origins that are not the customer's.
    let exact = customers.iter().filter(|origin| !origin.contains('*'));
    let origins = own.iter().chain(exact);
    Policy::new(Grant::new(origins).allow_headers(["content-type", "authorization"]))
}

/// At the start. Give a clone to the layer: `router.with_cors(live.clone())`.
pub fn start(customers: &[String]) -> Result<LivePolicy, ConfigErrors> {
    Ok(LivePolicy::new(policy(customers)?))
}

/// When the list has changed. If an origin is invalid, nothing is replaced, and the error says why.
pub fn changed(live: &LivePolicy, customers: &[String]) -> Result<u64, ConfigErrors> {
    Ok(live.replace(policy(customers)?))
}
// guide: end

#[cfg(test)]
mod tests {
    use cors_axum::{Head, Verdict};

    use super::*;

    #[test]
    fn a_pattern_allows_nothing() {
        let policy = policy(&["https://*.example.net".to_owned()]).unwrap();
        let request = axum::http::Request::get("/").header("origin", "https://a.example.net");
        let request = request.body(()).unwrap();
        let verdict = policy.decide(&Head::from(&request)).verdict();
        assert_eq!(verdict, Verdict::NoGrant);
    }

    #[test]
    fn an_invalid_origin_replaces_nothing() {
        let live = start(&[]).unwrap();
        assert_eq!(
            changed(&live, &["https://shop.example.net".to_owned()]),
            Ok(2)
        );
        let error = changed(&live, &["https://shop.example.net/".to_owned()]).unwrap_err();
        assert!(
            error.to_string().contains("https://shop.example.net/"),
            "{error}"
        );
        assert_eq!(live.version(), 2);
    }
}
