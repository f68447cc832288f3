//! `docs/benchmarks.md`, and its section "Gateways", which is measured on its own.

use std::path::PathBuf;

/// How the section begins.
pub(crate) const GATEWAYS: &str = "\n## Gateways\n";
/// What the section is before.
const NEXT: &str = "\n## Everything\n";

fn path() -> PathBuf {
    PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/benchmarks.md"
    ))
}

/// Reads the page.
pub(crate) fn read() -> Result<String, String> {
    std::fs::read_to_string(path())
        .map_err(|error| format!("cannot read docs/benchmarks.md: {error}"))
}

/// Writes a page with this section.
pub(crate) fn write(page: &str, section: &str) -> Result<(), String> {
    std::fs::write(path(), put(page, section)?)
        .map_err(|error| format!("cannot write docs/benchmarks.md: {error}"))?;
    println!("The result is in docs/benchmarks.md.");
    Ok(())
}

/// The section of a page; empty if it has none.
pub(crate) fn section(page: &str) -> &str {
    parts(page).map_or("", |(_, section, _)| section)
}

/// Replaces the section of a page, or adds it.
fn put(page: &str, section: &str) -> Result<String, String> {
    let parts = parts(page).ok_or_else(|| format!("the page has no line `{}`", NEXT.trim()))?;
    let (before, _, after) = parts;
    Ok(format!("{before}{section}{after}"))
}

/// What is before the section, the section, and what is after it.
fn parts(page: &str) -> Option<(&str, &str, &str)> {
    let end = page.find(NEXT)?;
    let (before, after) = page.split_at_checked(end)?;
    let start = before.find(GATEWAYS).unwrap_or(end);
    let (before, section) = before.split_at_checked(start)?;
    Some((before, section, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaced() {
        #[track_caller]
        fn check(page: &str, old: &str) {
            assert_eq!(section(page), old);
            let new = put(page, "\n## Gateways\n\nnew\n").unwrap();
            let expected = "# A\n\n## B\n\n## Gateways\n\nnew\n\n## Everything\n\n### C\n";
            assert_eq!(new, expected);
            assert_eq!(put(page, old).unwrap(), page);
        }
        check(
            "# A\n\n## B\n\n## Gateways\n\n### Old\n\nold\n\n## Everything\n\n### C\n",
            "\n## Gateways\n\n### Old\n\nold\n",
        );
        check("# A\n\n## B\n\n## Everything\n\n### C\n", "");
        assert_eq!(section("# A\n"), "");
        assert!(put("# A\n", "").is_err());
    }

    #[test]
    fn the_page_has_a_place_for_the_section() {
        assert!(parts(&read().unwrap()).is_some());
    }
}
