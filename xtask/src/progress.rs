//! Progress while a task builds and runs: a bar on a terminal, a few lines elsewhere.

#[cfg(unix)]
use std::path::PathBuf;
use std::time::Duration;

#[cfg(unix)]
use cors_matrix::server;
use cors_matrix::server::{FixtureBinary, Framework};
use indicatif::{ProgressBar, ProgressStyle};

use crate::Error;

/// Builds the fixture servers and shows which crate is being compiled.
pub(crate) fn build(frameworks: &[Framework]) -> Result<Vec<FixtureBinary>, Error> {
    building("the fixture servers", |compiled| {
        FixtureBinary::build(frameworks, compiled)
    })
}

/// Builds the program `cors`, and returns where it is.
#[cfg(unix)]
pub(crate) fn build_cors() -> Result<PathBuf, Error> {
    building("`cors`", |compiled| server::build_cors(compiled))
}

fn building<T>(
    what: &str,
    build: impl FnOnce(&mut dyn FnMut(&str)) -> Result<T, String>,
) -> Result<T, Error> {
    let bar = ProgressBar::new_spinner();
    bar.enable_steady_tick(Duration::from_millis(100));
    announce(
        &bar,
        &format!("building {what} (the first time this takes some minutes)"),
    );
    let mut crates = 0;
    let built = build(&mut |name| {
        crates += 1;
        bar.set_message(format!("building {what}: {crates} crates, {name}"));
    });
    bar.finish_and_clear();
    built.map_err(Error::Failed)
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

fn announce(bar: &ProgressBar, what: &str) {
    match bar.is_hidden() {
        true => eprintln!("{what}"),
        false => bar.set_message(what.to_owned()),
    }
}
