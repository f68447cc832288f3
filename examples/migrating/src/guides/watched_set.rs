//! A set of origins that follows its file.

use axum::Router;
use cors_axum::{CorsRouter, LoadError, LoadOptions, OriginSet, WithCors as _};

/// Puts the policy around a router.
///
/// # Errors
///
/// When a file cannot be loaded.
pub fn app(router: Router) -> Result<CorsRouter, LoadError> {
    // guide: begin
    let customers = OriginSet::watch("/etc/cors/customers.txt")?;
    let options = LoadOptions::default().origin_set("customers", &customers);
    let app = router.with_cors(options.watch("/etc/cors/cors.toml")?);
    // guide: end
    Ok(app)
}
