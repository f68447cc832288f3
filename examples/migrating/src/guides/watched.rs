//! A policy that follows its file.

use axum::Router;
use cors_axum::{CorsRouter, LivePolicy, LoadError, WithCors as _};

/// Puts the policy around a router.
///
/// # Errors
///
/// When the file cannot be loaded.
pub fn app(router: Router) -> Result<CorsRouter, LoadError> {
    // guide: begin
    let policy = LivePolicy::watch("/etc/cors/cors.toml")?;
    let app = router.with_cors(policy);
    // guide: end
    Ok(app)
}
