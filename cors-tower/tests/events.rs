//! The warning about CORS headers of another writer. It has a program of its own, because it listens to every event.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::convert::Infallible;

use cors_matrix::events::{replaced, warnings};
use cors_tower::{CorsLayer, Grant, Policy};
use http::{Request, Response};
use tower::{Layer as _, Service, ServiceExt as _, service_fn};

const ALLOW_ORIGIN: &str = "access-control-allow-origin";
const APP: &str = "https://app.example.com";

/// The warnings while a request is answered.
fn warnings_of<S>(service: &S) -> Vec<String>
where
    S: Service<Request<()>, Response = Response<()>, Error = Infallible> + Clone,
{
    let request = Request::get("/").header("origin", APP).body(()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    warnings(|| {
        let Ok(response) = runtime.block_on(service.clone().oneshot(request));
        assert_eq!(response.headers()[ALLOW_ORIGIN], APP);
    })
}

fn cors(origin: &str) -> CorsLayer {
    CorsLayer::new(Policy::new(Grant::new([origin])).unwrap())
}

#[test]
fn another_writer_is_reported_once() {
    let plain = service_fn(async |_| Ok(Response::new(())));
    let writer = service_fn(async |_| {
        Ok(Response::builder()
            .header(ALLOW_ORIGIN, "*")
            .body(())
            .unwrap())
    });
    let cors = cors(APP);
    assert_eq!(warnings_of(&cors.layer(plain)), [""; 0]);
    assert_eq!(warnings_of(&cors.layer(writer)), [replaced(ALLOW_ORIGIN)]);
    assert_eq!(warnings_of(&cors.layer(writer)), [""; 0]);
}

#[test]
fn of_two_policies_the_outer_one_reports() {
    let plain = service_fn(async |_| Ok(Response::new(())));
    let service = cors(APP).layer(cors("*").layer(plain));
    assert_eq!(warnings_of(&service), [replaced(ALLOW_ORIGIN)]);
    assert_eq!(warnings_of(&service), [""; 0]);
}
