//! What is not run, because a program that it needs is not installed.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

/// The environment variable that names a file, to which each [`skip`] appends a line. `cargo xtask ci` and
/// `cargo xtask check` print these lines at their end: what a test prints is not seen if it passes.
pub const SKIPPED: &str = "CORS_SKIPPED";

/// Says that something is skipped, and why. What calls it then returns.
///
/// # Errors
///
/// Where `CI` is `true`, with what is missing: nothing is skipped there. Or when the file of [`SKIPPED`] cannot be
/// written.
pub fn skip(what: &str, missing: &str) -> Result<(), String> {
    let list = std::env::var_os(SKIPPED);
    skip_in(list.as_ref().map(Path::new), what, missing)
}

/// The same for the program that makes the file.
///
/// # Errors
///
/// As with [`skip`].
pub fn skip_in(list: Option<&Path>, what: &str, missing: &str) -> Result<(), String> {
    if is_ci() {
        return Err(format!("{what}: {missing}"));
    }
    println!("SKIPPED: {what}: {missing}");
    let Some(path) = list else {
        return Ok(());
    };
    let file = OpenOptions::new().append(true).create(true).open(path);
    // In one piece: other tests write to it at the same time.
    let line = format!("{what}: {missing}\n");
    let written = file.and_then(|mut file| file.write_all(line.as_bytes()));
    written.map_err(|error| format!("{}: {error}", path.display()))
}

/// Whether this is continuous integration, where `CI` is `true`.
pub fn is_ci() -> bool {
    std::env::var_os("CI").is_some_and(|ci| ci == "true")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_skipped_is_listed_or_fails() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("skipped");
        let skipped = ["nginx", "varnish"].map(|what| skip_in(Some(&list), what, "it is missing"));
        let (expected, lines) = match is_ci() {
            true => (
                ["nginx", "varnish"].map(|what| Err(format!("{what}: it is missing"))),
                "",
            ),
            false => (
                [Ok(()), Ok(())],
                "nginx: it is missing\nvarnish: it is missing\n",
            ),
        };
        assert_eq!(skipped, expected);
        assert_eq!(std::fs::read_to_string(list).unwrap_or_default(), lines);
        assert_eq!(skip_in(None, "nginx", "it is missing").is_err(), is_ci());
    }
}
