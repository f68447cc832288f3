//! The output of the smallest application if its policy has errors.

use cors_matrix::readme::{block, run_hello_with_errors};
use cors_matrix::server::Framework;

#[test]
fn hello_prints_the_errors_as_the_readme_shows_them() {
    let printed = run_hello_with_errors(Framework::Warp).unwrap();
    assert_eq!(printed, format!("Error: {}", block("errors")));
}
