//! An axum of another version than that of `cors-axum` works with the layer alone.

use axum07::body::Body;
use axum07::routing::get;
use axum07::{Router, ServiceExt};
use cors_tower::{CorsLayer, Grant, Policy};
use http::{Request, StatusCode};
use tower::{Layer as _, ServiceExt as _};

#[tokio::test]
async fn axum_0_7() {
    let policy = Policy::new(Grant::new(["https://app.example.com"])).unwrap();
    let cors = CorsLayer::new(policy);
    let app = Router::new().route("/", get(|| async { "hello" }));
    // The type that its `serve` accepts.
    let _ = ServiceExt::<Request<Body>>::into_make_service(cors.layer(app.clone()));

    for (path, status) in [("/", StatusCode::OK), ("/nowhere", StatusCode::NOT_FOUND)] {
        let request = |method: &str| {
            Request::builder()
                .method(method)
                .uri(path)
                .header("origin", "https://app.example.com")
        };
        let preflight = request("OPTIONS").header("access-control-request-method", "PUT");
        for (request, status) in [
            (preflight, StatusCode::NO_CONTENT),
            (request("GET"), status),
        ] {
            let request = request.body(Body::empty()).unwrap();
            let response = app.clone().layer(cors.clone()).oneshot(request).await;
            let response = response.unwrap();
            assert_eq!(response.status(), status);
            let field = &response.headers()["access-control-allow-origin"];
            assert_eq!(field, "https://app.example.com");
        }
    }
}
