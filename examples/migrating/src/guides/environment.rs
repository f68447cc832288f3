//! Origins from an environment variable.

// guide: begin
use cors_axum::{ConfigErrors, Grant, Policy};

/// Makes a policy for origins that are separated by commas.
pub fn policy(origins: &str) -> Result<Policy, ConfigErrors> {
    let origins = origins.split(',').map(str::trim);
    let grant = Grant::new(origins)
        .allow_methods(["PUT", "DELETE"])
        .allow_headers(["content-type", "authorization"]);
    Policy::new(grant)
}
// guide: end

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists() {
        assert!(policy("https://a.example.com, https://b.example.com").is_ok());
        assert!(policy("https://a.example.com/").is_err());
        assert!(policy("").is_err());
    }
}
