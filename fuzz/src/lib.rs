//! Fuzz targets: each reads any bytes, and panics if something is wrong.
//!
//! `cargo xtask fuzz` searches for such bytes with `cargo fuzz`, in a nightly compiler. `cargo test -p cors-fuzz` runs the
//! targets with the files in `corpus/`, in a stable one.
//!
//! - [`policy_text`]: the text of a policy in each format.
//! - [`decide`]: what the engine decides.
//! - [`pattern`]: origin patterns alone.
//! - [`browser_model`]: fetches with hostile responses.
//! - [`from_console`]: a text from a browser's console.
//! - [`heads`]: requests through each adapter.
//! - [`export`]: policies as configuration of gateways.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a target reports what is wrong by a panic"
)]

mod bytes;
mod naive;
mod policy;
mod request;

pub mod browser_model;
pub mod decide;
pub mod export;
pub mod from_console;
pub mod heads;
pub mod pattern;
pub mod policy_text;

/// A target.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, and that of its folder in `corpus/`.
    pub name: &'static str,
    /// Runs it with an input.
    pub run: fn(&[u8]),
}

/// All targets.
pub const TARGETS: [Target; 7] = [
    Target {
        name: "browser_model",
        run: browser_model::run,
    },
    Target {
        name: "decide",
        run: decide::run,
    },
    Target {
        name: "export",
        run: export::run,
    },
    Target {
        name: "from_console",
        run: from_console::run,
    },
    Target {
        name: "heads",
        run: heads::run,
    },
    Target {
        name: "pattern",
        run: pattern::run,
    },
    Target {
        name: "policy_text",
        run: policy_text::run,
    },
];

/// Runs a target with the files that are the arguments of the process: for an input that `cargo fuzz` has found.
///
/// # Panics
///
/// If a file cannot be read, and as the target does.
pub fn run_files(run: fn(&[u8])) {
    for file in std::env::args_os().skip(1) {
        let bytes = std::fs::read(&file);
        run(&bytes.unwrap_or_else(|error| panic!("{}: {error}", file.display())));
    }
}
