//! The policy of the README, in Rust.

use cors_axum::{Config, ConfigErrors, Grant, Policy};

/// The policy.
///
/// # Errors
///
/// None: the policy is valid.
pub fn policy() -> Result<Policy, ConfigErrors> {
    // guide: begin
    let app = Grant::new(["https://app.example.com"])
        .allow_methods(["PUT"])
        .allow_credentials(true);
    let policy = Policy::new(Config::new([app]).route("/public", Grant::new(["*"])))?;
    // guide: end
    Ok(policy)
}
