//! Another file in development.

use cors_axum::{LoadError, Policy};

/// Loads the policy.
///
/// # Errors
///
/// When it cannot be loaded.
pub fn load() -> Result<Policy, LoadError> {
    // guide: begin
    let file = std::env::var("CORS_FILE").unwrap_or_else(|_| "cors.toml".to_owned());
    let policy = Policy::from_file(&file)?;
    // guide: end
    Ok(policy)
}
