//! Tests that need to see inside; the others run the command, in `cors-cli/tests/suite/console.rs`.

mod model;
mod properties;
mod real;
mod templates;
