//! Origins in a database.

// guide: begin
use std::path::Path;

use cors_axum::{LoadError, LoadOptions, OriginSet, OriginSetError, Policy};

/// At the start, with all rows: tenant and origin. Keep the set: the policy uses it, and sees its changes.
pub fn start(
    file: impl AsRef<Path>,
    rows: Vec<(String, String)>,
) -> Result<(Policy, OriginSet), LoadError> {
    let customers = OriginSet::new();
    for bad_row in customers.replace(rows) {
        eprintln!("{bad_row}"); // the others count
    }
    let options = LoadOptions::default().origin_set("customers", &customers);
    Ok((options.from_file(file)?, customers))
}

/// When a customer registers an origin: before the row is written.
pub fn check(tenant: &str, origin: &str) -> Result<(), OriginSetError> {
    OriginSet::new().insert_for(tenant, origin).map(drop)
}

/// When a tenant's rows have changed, with those that it has now. The next request sees all of the change.
pub fn changed(customers: &OriginSet, tenant: &str, origins: &[String]) {
    for bad_row in customers.replace_for(tenant, origins) {
        eprintln!("{bad_row}");
    }
}

/// For a health check: whether the server knows its customers.
pub fn is_ready(customers: &OriginSet) -> bool {
    customers.is_filled()
}
// guide: end
