//! A check of `Origin` and `Host` for a server on the user's own machine, in axum.

// guide: begin
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use cors_axum::{Head, Policy, Verdict};

const HOSTS: [&str; 2] = ["localhost:8080", "127.0.0.1:8080"];

/// Refuses what is not for this machine, or is from a page of an origin without a grant.
pub async fn guard(State(policy): State<Policy>, request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST);
    let is_local = host.is_some_and(|host| HOSTS.iter().any(|own| host == own));
    match policy.decide(&Head::from(&request)).verdict() {
        Verdict::Granted(_) | Verdict::NoOrigin if is_local => next.run(request).await,
        _ => StatusCode::FORBIDDEN.into_response(),
    }
}
// guide: end

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::middleware::from_fn_with_state;
    use axum::routing::get;
    use cors_axum::{Grant, WithCors as _};
    use tower::ServiceExt as _;

    use super::*;

    #[tokio::test]
    async fn refuses_what_it_says() {
        let policy = Policy::new(Grant::new(["http://localhost:6274"])).unwrap();
        let app = Router::new().route("/mcp", get("done"));
        let app = app.layer(from_fn_with_state(policy.clone(), guard));
        let app = app.with_cors(policy);
        for (host, origin, status) in [
            ("localhost:8080", Some("http://localhost:6274"), 200),
            ("localhost:8080", Some("https://other.example"), 403),
            ("localhost:8080", None, 200),
            (
                "rebound.example:8080",
                Some("http://rebound.example:8080"),
                403,
            ),
            ("rebound.example:8080", None, 403),
        ] {
            let mut request = Request::get("/mcp").header("host", host);
            if let Some(origin) = origin {
                request = request.header("origin", origin);
            }
            let response = app.clone().oneshot(request.body(Body::empty()).unwrap());
            let got = response.await.unwrap().status();
            assert_eq!(got, status, "{host} {origin:?}");
        }
    }
}
