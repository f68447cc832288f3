//! The Rust code and the log lines of the guides are those of this package. (Other blocks are checked by the tests of
//! `cors-cli`, and `docs/migrating.md` by `migrating.rs`.)

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn the_code_is_compiled() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/guides");
    let sources = fs::read_dir(sources).unwrap();
    let sources = sources.map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap());
    let hello = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cors-axum/examples/hello.rs");
    let hello = fs::read_to_string(hello).unwrap();
    // Without the line of documentation at its head.
    let (_, hello) = hello.split_once("\n\n").unwrap();
    let mut regions: Vec<_> = sources.filter_map(|source| region(&source)).collect();
    regions.push(hello.to_owned());
    for path in guides() {
        for code in blocks(&path, "rust") {
            let known = regions.iter().position(|region| *region == code);
            let known =
                known.unwrap_or_else(|| panic!("{}: no source has\n{code}", path.display()));
            regions.swap_remove(known);
        }
    }
    assert!(regions.is_empty(), "no guide has\n{}", regions.join("\n"));
}

/// The code between the marks, without its indentation.
fn region(source: &str) -> Option<String> {
    let (_, region) = source.split_once("// guide: begin\n")?;
    let (region, _) = region.split_once("// guide: end")?;
    let lines = || region.trim_end_matches(' ').lines();
    let indented = lines().filter(|line| !line.is_empty());
    let indentation = indented
        .map(|line| line.len() - line.trim_start().len())
        .min()?;
    let lines = lines().map(|line| line.get(indentation..).unwrap_or_default());
    Some(lines.flat_map(|line| [line, "\n"]).collect())
}

/// The log lines of the guides are those of `examples/logging`.
#[test]
fn the_log_lines_are_printed() {
    let logs = ["axum", "actix", "rocket", "warp"].map(|framework| {
        let log = format!("../logging/tests/{framework}.log");
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(log)).unwrap()
    });
    let lines: Vec<&str> = logs.iter().flat_map(|log| log.lines()).collect();
    let mut shown = 0;
    for path in guides() {
        for block in blocks(&path, "text log") {
            for line in block.lines() {
                assert!(lines.contains(&line), "{}: {line}", path.display());
                shown += 1;
            }
        }
    }
    assert!(shown > 0);
}

/// The guides but that to migrating.
fn guides() -> Vec<PathBuf> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let paths = fs::read_dir(&docs)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let guides = paths.filter(|path| path.extension().is_some_and(|end| end == "md"));
    let others = guides.filter(|path| !path.ends_with("migrating.md"));
    others.chain([docs.join("../README.md")]).collect()
}

/// The blocks of a guide that are of a kind.
fn blocks(path: &Path, kind: &str) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let fence = format!("\n```{kind}\n");
    let blocks = text.split(&fence).skip(1);
    blocks
        .map(|block| block.split("```\n").next().unwrap_or_default().to_owned())
        .collect()
}
