//! Which responses a policy covers, depending on its place in an application: the same questions for each framework.
//!
//! It needs the feature `placement`, so that only the adapters' tests build `cors-test`.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use cors_core::Policy;
use cors_test::{Application, Findings, Page, Route, check_application};

/// The origin that the policy allows.
const ALLOWED: &str = "https://app.example.com";
const REFUSED: &str = "https://evil.example";

/// A path that no route has, and that [`check_application`] requests.
pub const UNKNOWN: &str = "/cors-test-unknown";

/// Checks that the policy covers every response of an application but those that are `missed`.
///
/// Each request is a path, or a method and a path, and the status of the application's response. A page of the allowed
/// origin sends it, and reads that status if neither the response nor its preflight is missed. Otherwise the browser blocks
/// it, as it blocks a page of another origin. Then [`check_application`] sends its own requests to the same paths and to
/// [`UNKNOWN`]: preflights, the method, another method, and plain `OPTIONS`.
///
/// `missed` has a line for each path, sorted: `/page: GET 200, OPTIONS 405, PATCH 405, preflight 405`.
///
/// # Panics
///
/// If the policy covers more or fewer responses, if any other response differs from the policy, if one has a header of CORS
/// or `Vary` twice, or if the policy's response to a preflight has content. The message has the requests and the responses.
pub async fn check<D>(
    app: &mut impl Application<D>,
    policy: &Policy,
    requests: &[(&str, u16)],
    missed: &[&str],
) {
    let app = &mut Bytewise(app);
    let mut routes = Vec::new();
    for (line, status) in requests {
        let (method, path) = line.split_once(' ').unwrap_or(("GET", line));
        let url = format!("https://api.example.com{path}");
        let page = Page::at(ALLOWED);
        let seen = page.fetch(method, &url).send(app).await;
        match is_blocked(missed, method, path) {
            true => seen.assert_blocked(),
            false => seen.status(*status),
        };
        let page = Page::at(REFUSED);
        page.fetch(method, &url).send(app).await.assert_blocked();
        routes.push(Route::new(path).methods([method]).status(*status));
    }
    let found = check_application(app, policy, &routes).await;
    found.clone().without(NOT_APPLIED).assert_none();
    assert_eq!(lines(&found), missed, "{found}");
}

/// An application whose responses are checked for what neither a page nor [`check_application`] reads: whether a header of
/// CORS or `Vary` is there twice, which means the same as one line, and whether the policy's response to a preflight has
/// content.
struct Bytewise<'a, A>(&'a mut A);

impl<D, A: Application<D>> Application<D> for Bytewise<'_, A> {
    async fn respond(
        &mut self,
        request: http::Request<Bytes>,
        max_body: usize,
    ) -> Result<http::Response<Bytes>, String> {
        let line = format!("{} {}", request.method(), request.uri());
        let asks = request.headers();
        let is_preflight = asks.contains_key("access-control-request-method");
        let response = self.0.respond(request, max_body).await?;
        let headers = response.headers();
        for name in headers.keys() {
            let is_ours = ["access-control-", "timing-allow-origin", "vary"]
                .iter()
                .any(|ours| name.as_str().starts_with(ours));
            let is_twice = is_ours && headers.get_all(name).iter().nth(1).is_some();
            assert!(!is_twice, "{line}: `{name}` is there twice: {headers:?}");
        }
        // No application of the tests responds with these.
        let is_of_policy = matches!(response.status().as_u16(), 204 | 403);
        let is_empty = response.body().is_empty() && !headers.contains_key("content-type");
        assert!(
            !is_preflight || !is_of_policy || is_empty,
            "{line}: the response to the preflight has content: {response:?}"
        );
        Ok(response)
    }
}

const NOT_APPLIED: &str = "policy-not-applied";
const PREFLIGHT: &str = "preflight";

/// Whether the response or its preflight is missed.
fn is_blocked(missed: &[&str], method: &str, path: &str) -> bool {
    let lines = missed.iter().filter_map(|line| line.split_once(": "));
    let mut responses = lines
        .filter(|line| line.0 == path)
        .flat_map(|line| line.1.split(", "))
        .filter_map(|response| response.split_once(' '));
    let needs_preflight = !matches!(method, "GET" | "HEAD" | "POST");
    responses.any(|(kind, _)| kind == method || needs_preflight && kind == PREFLIGHT)
}

/// The responses for the allowed origin that have none of the policy's headers: a line for each path.
fn lines(found: &Findings) -> Vec<String> {
    let mut missed: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    let places = found.iter().flat_map(|finding| finding.places());
    for place in places.filter(|place| place.origin.as_deref() == Some(ALLOWED)) {
        let note = place.note.as_deref().unwrap_or_default();
        let kind = match note.starts_with(PREFLIGHT) {
            true => PREFLIGHT,
            false => &place.method,
        };
        let status = place.status.unwrap_or_default();
        let responses = missed.entry(&place.path).or_default();
        responses.insert(format!("{kind} {status}"));
    }
    let lines = missed.into_iter().map(|(path, responses)| {
        let responses: Vec<_> = responses.into_iter().collect();
        format!("{path}: {}", responses.join(", "))
    });
    lines.collect()
}
