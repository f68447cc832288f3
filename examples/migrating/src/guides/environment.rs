//! Origins from an environment variable.

// guide: begin
use cors_axum::{Grant, Policy, list_from_env};

/// A policy for the origins in `CORS_ORIGINS`.
pub fn policy() -> Result<Policy, Box<dyn std::error::Error>> {
    let grant = Grant::new(list_from_env("CORS_ORIGINS")?)
        .allow_methods(["PUT", "DELETE"])
        .allow_headers(["content-type", "authorization"]);
    Ok(Policy::new(grant)?)
}
// guide: end

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_that_is_not_set() {
        let error = policy().unwrap_err().to_string();
        assert!(error.contains("CORS_ORIGINS: is not set"), "{error}");
    }
}
