//! A policy in the program.

use cors_axum::{ConfigErrors, Policy};

/// Makes the policy.
///
/// # Errors
///
/// When the file is invalid.
pub fn load() -> Result<Policy, ConfigErrors> {
    // guide: begin
    let file = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/cors.toml"));
    let policy = Policy::from_toml(file)?;
    // guide: end
    Ok(policy)
}
