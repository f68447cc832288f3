//! The recipe for origins in a database, with the policy that it shows.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::Path;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use cors_axum::WithCors as _;
use tower::ServiceExt as _;

use cors_migrating::guides::customers::{self, changed, is_ready, start};

/// The policy of the guide.
fn policy() -> String {
    let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/recipes.md");
    let guide = fs::read_to_string(guide).unwrap();
    let (_, section) = guide.split_once("\n## Origins in a database\n").unwrap();
    let (_, policy) = section.split_once("```toml\n").unwrap();
    policy.split_once("```\n").unwrap().0.to_owned()
}

#[tokio::test]
async fn each_tenant_has_its_own_origins() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("customers.toml");
    fs::write(&file, policy()).unwrap();
    let rows = [
        ("acme", "https://acme.example"),
        ("other", "https://other.example"),
        ("other", "https://other.example/"),
    ];
    let rows = rows.map(|(key, origin)| (key.to_owned(), origin.to_owned()));
    let (policy, set) = start(&file, rows.to_vec()).unwrap();
    assert_eq!(set.len(), 2, "the bad row is left out");
    assert!(is_ready(&set));
    let app = Router::new().with_cors(policy);
    let check = async |tenant: &str, origin: &str, is_allowed: bool| {
        let request = Request::get(format!("/tenants/{tenant}/orders"));
        let request = request
            .header("host", "api.example.com")
            .header("origin", origin)
            .body(Body::empty());
        let response = app.clone().oneshot(request.unwrap()).await.unwrap();
        // The application has no handler there.
        let status = match is_allowed {
            true => StatusCode::NOT_FOUND,
            false => StatusCode::FORBIDDEN,
        };
        assert_eq!(response.status(), status, "{tenant} {origin}");
        let allowed = response.headers().get("access-control-allow-origin");
        assert_eq!(allowed.is_some(), is_allowed, "{tenant} {origin}");
    };
    check("acme", "https://acme.example", true).await;
    check("acme", "https://other.example", false).await;
    check("other", "https://acme.example", false).await;
    check("acme", "https://console.example.com", true).await;
    let new = "https://new.acme.example";
    customers::check("acme", new).unwrap();
    assert!(customers::check("acme", "https://*.acme.example").is_err());
    check("acme", new, false).await;
    changed(&set, "acme", &[new.to_owned()]);
    check("acme", new, true).await;
    check("acme", "https://acme.example", false).await;
    check("other", "https://other.example", true).await;
}
