//! Progress while a task builds and runs: a bar on a terminal, a few lines elsewhere.

use std::time::Duration;

use cors_matrix::server::{FixtureBinary, Framework};
use indicatif::{ProgressBar, ProgressStyle};

use crate::Error;

/// Builds the fixture servers and shows which crate is being compiled.
pub(crate) fn build(frameworks: &[Framework]) -> Result<Vec<FixtureBinary>, Error> {
    let bar = ProgressBar::new_spinner();
    bar.enable_steady_tick(Duration::from_millis(100));
    announce(
        &bar,
        "building the fixture servers (the first time this takes some minutes)",
    );
    let mut crates = 0;
    let fixtures = FixtureBinary::build(frameworks, |name| {
        crates += 1;
        bar.set_message(format!(
            "building the fixture servers: {crates} crates, {name}"
        ));
    });
    bar.finish_and_clear();
    fixtures.map_err(Error::Failed)
}

/// A bar for a number of steps.
pub(crate) fn bar(steps: usize, what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(steps as u64);
    if let Ok(style) = ProgressStyle::with_template("{msg} [{wide_bar}] {pos}/{len}") {
        bar.set_style(style.progress_chars("=> "));
    }
    announce(&bar, what);
    bar
}

fn announce(bar: &ProgressBar, what: &'static str) {
    match bar.is_hidden() {
        true => eprintln!("{what}"),
        false => bar.set_message(what),
    }
}
