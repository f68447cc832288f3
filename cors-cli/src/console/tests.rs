//! Tests that need to see inside; the others run the command, in `tests/suite/console.rs`.

mod model;
mod properties;
mod templates;
