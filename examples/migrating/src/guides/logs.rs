//! Events on standard output.

// guide: begin
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// To be called first in `main`.
pub fn show_events() {
    let levels = Targets::new()
        .with_default(LevelFilter::INFO)
        .with_target("cors_core", LevelFilter::DEBUG);
    tracing_subscriber::registry()
        .with(tracing_subscriber::fmt::layer())
        .with(levels)
        .init();
}
// guide: end
