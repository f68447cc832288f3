//! What should hold for every application under a policy.

mod findings;
mod judge;
mod origins;
mod plan;
mod route;

use cors_browser_model::Response;
use cors_core::Policy;
use cors_explain::PolicyAnswer;

use self::findings::Collector;
use self::judge::Exchange;
use self::plan::{Group, Probe};
use crate::application::Application;
use crate::wire;

pub use findings::{Finding, Findings, Place};
pub use route::Route;

/// Compares what an application sends with a policy, whatever CORS middleware the application has.
///
/// It sends requests from each origin that the policy allows (for a wildcard, from one that it matches), from up to three that
/// look like the first of them, from an unlisted origin, from `null`, and without `Origin`, to each route, with each of its
/// methods:
///
/// - a preflight, which the policy answers before authentication and routing, with its status and its whole lists;
/// - the request itself, with what the [route](Route) needs, and without that (then the response is often a 401);
/// - a method that the route does not have (405), and a path that no route has (404);
/// - a plain `OPTIONS`, which is not a preflight, and reaches the application (if not, it is recognised by the headers that only
///   the response to a preflight has);
/// - for a policy with `refuse`, a form and a WebSocket of the origins that it refuses.
///
/// In each response, the fields of CORS and `Vary` should have the meaning of those of the policy: a granted origin reads every
/// response, errors included, and the others get nothing.
///
/// These are at most `(3 × methods + 7) × (origins + 6)` requests for each route and `3 × (origins + 6)` others, one after the
/// other; [`Findings::requests`] is their number. Bodies of responses are not read.
///
/// Handlers run, so use an application with data for tests. One more method of each route is requested: the first of `PATCH`,
/// `PUT`, `DELETE`, `POST` and `GET` that the route does not list.
///
/// `cors probe --audit` tests a running server with more origins that look like an allowed one.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "tower")]
/// # async fn test() -> Result<(), Box<dyn std::error::Error>> {
/// use axum::Router;
/// use axum::routing::get;
/// use cors_axum::{Grant, Policy, WithCors as _};
/// use cors_test::{Route, check_application};
///
/// let policy = Policy::new(Grant::new(["https://app.example.com"]).allow_methods(["PUT"]))?;
/// let routes = Router::new().route("/items/{id}", get(|| async {}).put(|| async {}));
///
/// let mut app = routes.clone().with_cors(policy.clone());
/// let items = [Route::new("/items/1").methods(["GET", "PUT"]).status(200)];
/// check_application(&mut app, &policy, &items).await.assert_none();
///
/// // Without the layer.
/// let findings = check_application(&mut routes.clone(), &policy, &items).await;
/// let codes: Vec<_> = findings.iter().map(|finding| finding.code()).collect();
/// assert_eq!(codes, ["policy-not-applied"]);
/// # Ok(())
/// # }
/// # #[cfg(feature = "tower")]
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(test())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub async fn check_application<Driver>(
    application: &mut impl Application<Driver>,
    policy: &Policy,
    routes: &[Route],
) -> Findings {
    let mut collector = Collector::default();
    for Group { asks, probes } in plan::plan(policy, routes) {
        let mut exchanges = Vec::new();
        for probe in probes {
            exchanges.push(Exchange {
                response: send(application, &probe).await,
                answer: PolicyAnswer::new(policy, &probe.sent),
                probe,
            });
        }
        collector.add(&judge::judge(asks, exchanges));
    }
    collector.finish()
}

async fn send<Driver>(
    application: &mut impl Application<Driver>,
    probe: &Probe,
) -> Result<Response, String> {
    let request = wire::request(&probe.sent, probe.body.clone(), None);
    let request = request.map_err(|error| error.to_string())?;
    let (head, _) = application.respond(request, 0).await?.into_parts();
    Ok(wire::response(&head))
}
