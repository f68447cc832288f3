//! The browser, with applications in this process.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod axum;
