//! The files of each gateway: as they are for a policy, and whether the gateway accepts them for any policy.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod envoy;
mod haproxy;
mod nginx;
mod policies;

use cors_core::Policy;
use cors_export::{Gateway, Options, export};
use expect_test::expect_file;

/// Compares the files for a policy with those in a folder.
#[track_caller]
fn check_files(policy: &Policy, gateway: Gateway, options: &Options, folder: &str) {
    for file in export(policy, gateway, options).unwrap().files {
        // So the files need not be written anew for each version.
        let text = file.text.replace(env!("CARGO_PKG_VERSION"), "VERSION");
        // In the filter of Envoy, the rest is the same for every policy.
        let generated = text.split_once("-- The rest is the same");
        let text = generated.map_or(&*text, |(generated, _)| generated);
        expect_file![format!("{folder}/{}", file.name)].assert_eq(text);
    }
}
