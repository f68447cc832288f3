//! Headers of a request that do not reach a policy's middleware.

use cors_browser_model::{Kind, Response, SentRequest};
use cors_core::Policy;

use super::difference::Comparison;
use crate::policy_server::PolicyAnswer;

/// The header of a request that a proxy or a CDN probably removes: without it, the policy would have sent what the server
/// sent. `None` if the response does not show that.
///
/// An actual response is the same if the server has an older version of the policy, without this origin. The response to a
/// preflight is not.
///
/// # Examples
///
/// ```
/// use cors_browser_model::{Headers, Kind, Response, SentRequest, Url};
/// use cors_explain::server::not_forwarded;
///
/// let policy = "allow_origins = ['https://app.example.com']\nallow_methods = ['PUT']";
/// let policy = cors_core::Policy::from_toml(policy)?;
/// let preflight = SentRequest {
///     method: "OPTIONS".to_owned(),
///     url: Url::parse("https://api.example.com/")?,
///     headers: [("Origin", "https://app.example.com"), ("Access-Control-Request-Method", "PUT")].into(),
///     credentials: false,
/// };
/// // The application answered, under the middleware.
/// let response = Response::new(405, [("Vary", "Origin")]);
/// let header = not_forwarded(&policy, Kind::Preflight, &preflight, &response);
/// assert_eq!(header, Some("Origin"));
/// // Without the middleware.
/// let response = Response::new(405, Headers::new());
/// assert_eq!(not_forwarded(&policy, Kind::Preflight, &preflight, &response), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn not_forwarded(
    policy: &Policy,
    kind: Kind,
    sent: &SentRequest,
    response: &Response,
) -> Option<&'static str> {
    if is_answer(policy, sent, response) {
        return None;
    }
    // A middleware that sees a preflight of an origin without a grant answers it itself.
    let foreign = with(sent, "Origin", Some("https://cors.invalid"));
    if kind == Kind::Preflight
        && PolicyAnswer::new(policy, &foreign).status == Some(response.status)
        && is_answer(policy, &foreign, response)
    {
        return None;
    }
    let names = [
        "Origin",
        "Access-Control-Request-Method",
        "Access-Control-Request-Headers",
    ];
    let mut present = names.into_iter().filter(|name| sent.headers.contains(name));
    present.find(|name| is_answer(policy, &with(sent, name, None), response))
}

/// Whether a response is that of the policy to a request.
fn is_answer(policy: &Policy, sent: &SentRequest, response: &Response) -> bool {
    let answer = PolicyAnswer::new(policy, sent);
    let is_equal = |kind| {
        Comparison::new(kind, sent, response, &answer)
            .differences
            .is_empty()
    };
    is_equal(Kind::Preflight) && is_equal(Kind::Actual)
}

/// A request with another value of a header, or without it.
fn with(sent: &SentRequest, name: &str, value: Option<&str>) -> SentRequest {
    let mut sent = sent.clone();
    sent.headers.delete(name);
    if let Some(value) = value {
        sent.headers.append(name, value);
    }
    sent
}

#[cfg(test)]
mod tests {
    use cors_browser_model::Url;

    use super::*;

    const ORIGIN: &str = "https://a.example";
    const LIST: &str = "allow_origins = ['https://a.example']\nallow_methods = ['PUT']";
    const ECHO: &str = "allow_origins = ['https://a.example']\nallow_headers = ['*']\nallow_credentials = true\nallow_methods = ['PUT']";

    /// `missing`: what the middleware does not see. The application adds nothing.
    fn response(policy: &Policy, sent: &SentRequest, missing: &[&str]) -> Response {
        let seen = missing
            .iter()
            .fold(sent.clone(), |sent, name| with(&sent, name, None));
        let answer = PolicyAnswer::new(policy, &seen);
        Response::new(answer.status.unwrap_or(404), answer.headers)
    }

    fn request(kind: Kind) -> SentRequest {
        let preflight = [
            ("Origin", ORIGIN),
            ("Access-Control-Request-Method", "PUT"),
            ("Access-Control-Request-Headers", "x-a"),
        ];
        let (method, headers) = match kind {
            Kind::Preflight => ("OPTIONS", &preflight[..]),
            Kind::Actual => ("PUT", &preflight[..1]),
        };
        SentRequest {
            method: method.to_owned(),
            url: Url::parse("https://api.example.com/").unwrap(),
            headers: headers.iter().copied().collect(),
            credentials: false,
        }
    }

    #[test]
    fn what_a_proxy_removes() {
        #[track_caller]
        fn check(policy: &str, kind: Kind, missing: &[&str], expected: Option<&str>) {
            let policy = Policy::from_toml(policy).unwrap();
            let sent = request(kind);
            let response = response(&policy, &sent, missing);
            assert_eq!(not_forwarded(&policy, kind, &sent, &response), expected);
        }
        let (origin, method, headers) = (
            "Origin",
            "Access-Control-Request-Method",
            "Access-Control-Request-Headers",
        );
        for policy in [LIST, ECHO] {
            for kind in [Kind::Preflight, Kind::Actual] {
                check(policy, kind, &[], None);
                check(policy, kind, &[origin], Some(origin));
                check(policy, kind, &[origin, method, headers], Some(origin));
            }
            check(policy, Kind::Preflight, &[method], Some(method));
            check(policy, Kind::Preflight, &[method, headers], Some(method));
        }
        check(ECHO, Kind::Preflight, &[headers], Some(headers));
        // Only an echo depends on it.
        check(LIST, Kind::Preflight, &[headers], None);
        // The same headers for every request: nothing shows it.
        check("allow_origins = ['*']", Kind::Actual, &[origin], None);
    }

    #[test]
    fn what_is_something_else() {
        #[track_caller]
        fn check(kind: Kind, response: &Response) {
            let policy = Policy::from_toml(LIST).unwrap();
            let found = not_forwarded(&policy, kind, &request(kind), response);
            assert_eq!(found, None, "{response:?}");
        }
        let bare: [(&str, &str); 0] = [];
        check(Kind::Actual, &Response::new(403, bare));
        check(Kind::Actual, &Response::new(403, [("Vary", "Accept")]));
        let everybody = [("Vary", "Origin"), ("Access-Control-Allow-Origin", "*")];
        check(Kind::Actual, &Response::new(200, everybody));
        // Not even `Vary`.
        for policy in [
            "allow_origins = ['*']\nallow_methods = ['PUT']",
            "[[route]]\npath = '/x'\nallow_origins = ['https://a.example']\n",
        ] {
            let policy = Policy::from_toml(policy).unwrap();
            for kind in [Kind::Preflight, Kind::Actual] {
                let found = not_forwarded(&policy, kind, &request(kind), &Response::new(405, bare));
                assert_eq!(found, None);
            }
        }
        // An older version of the policy, without this origin.
        let old = Policy::from_toml("allow_origins = ['https://b.example']").unwrap();
        let sent = request(Kind::Preflight);
        check(Kind::Preflight, &response(&old, &sent, &[]));
    }
}
