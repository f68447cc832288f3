//! The browser, with applications in this process.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[cfg(feature = "tower")]
mod axum;
#[cfg(feature = "tower")]
mod battery;
#[cfg(all(
    feature = "actix",
    feature = "remote",
    feature = "rocket",
    feature = "tower"
))]
mod drivers;
