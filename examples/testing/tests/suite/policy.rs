//! The applications, compared with their policy by `check_application`.

use cors_axum::Policy;
use cors_test::{Application, Route, check_application};

/// The finding if authentication is outside of the policy.
pub(crate) const AUTHENTICATION_OUTSIDE: &str =
    "error[policy-not-applied] OPTIONS /me (preflight for GET): 401, from https://app.example.com";

/// Checks that exactly these kinds of findings are found, the most severe first. Each is a line: the severity and the code,
/// and the first request that shows it.
pub(crate) async fn check_policy<D>(app: &mut impl Application<D>, expected: &[&str]) {
    let policy = Policy::from_file("cors.toml").unwrap();
    let with_token = |path| Route::new(path).header("Authorization", "Bearer secret");
    let item = with_token("/items/1").methods(["PUT"]);
    let routes = [
        with_token("/me").status(200),
        item.body("application/json", "{}").status(200),
        with_token("/broken").status(500),
        Route::new("/login").methods(["POST"]).status(204),
        Route::new("/session").status(200),
        Route::new("/own").status(200),
    ];
    let findings = check_application(app, &policy, &routes).await;
    let mut found: Vec<String> = Vec::new();
    for finding in &findings {
        let text = finding.to_string();
        let kind = text.split(": ").next().unwrap_or_default();
        if !found.iter().any(|known| known.starts_with(kind)) {
            let place = finding.places().first().unwrap();
            found.push(format!("{kind} {place}"));
        }
    }
    assert_eq!(found, expected, "{findings}");
}
