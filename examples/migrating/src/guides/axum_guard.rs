//! A check of `Origin` in axum.

// guide: begin
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use cors_axum::{CorsRouter, Head, Policy, Verdict, WithCors as _};

/// Refuses writes and WebSockets from pages of origins without a grant.
async fn guard(State(policy): State<Policy>, request: Request, next: Next) -> Response {
    let only_reads = request.method().is_safe() && !request.headers().contains_key(header::UPGRADE);
    match policy.decide(&Head::from(&request)).verdict() {
        Verdict::NoGrant if !only_reads => StatusCode::FORBIDDEN.into_response(),
        _ => next.run(request).await,
    }
}

/// Puts the guard and the policy around a router.
pub fn app(router: Router, policy: Policy) -> CorsRouter {
    router
        .layer(from_fn_with_state(policy.clone(), guard))
        .with_cors(policy) // outside, so that the guard sees no preflight
}
// guide: end

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::routing::any;
    use cors_axum::Grant;
    use tower::ServiceExt as _;

    use super::*;

    #[tokio::test]
    async fn refuses_what_it_says() {
        let policy = Policy::new(Grant::new(["https://app.example.com"])).unwrap();
        let app = app(Router::new().route("/", any("done")), policy);
        for (line, origin, upgrade, status) in [
            ("POST", Some("https://app.example.com"), None, 200),
            ("POST", Some("https://other.example"), None, 403),
            ("POST", Some("null"), None, 403),
            ("POST", None, None, 200),
            ("GET", Some("https://other.example"), None, 200),
            ("GET", Some("https://other.example"), Some("websocket"), 403),
            (
                "GET",
                Some("https://app.example.com"),
                Some("websocket"),
                200,
            ),
            ("GET", None, Some("websocket"), 200),
        ] {
            let mut request = Request::builder().method(line).uri("/");
            for (name, value) in [("origin", origin), ("upgrade", upgrade)] {
                if let Some(value) = value {
                    request = request.header(name, value);
                }
            }
            let response = app.clone().oneshot(request.body(Body::empty()).unwrap());
            let got = response.await.unwrap().status();
            assert_eq!(got, status, "{line} {origin:?} {upgrade:?}");
        }
    }
}
