//! The stored numbers, `counts.toml`, and what is measured compared with them.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::path::PathBuf;

use serde::Deserialize;

use crate::programs::Program;
use crate::subject::Variant;

/// What to do when something is not as stored.
pub const ADVICE: &str = "\
if that is meant, store the new numbers with `cargo xtask bench --record`, and say why in the commit; \
a new version of the compiler or of a framework moves them, too";

/// Case, variant: what it takes more than the base.
type Cases = BTreeMap<String, BTreeMap<Variant, i64>>;

/// The stored numbers of all programs.
#[derive(Debug, Default, Deserialize)]
pub struct Counts {
    instructions: BTreeMap<String, Cases>,
    allocations: BTreeMap<String, Cases>,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// By callgrind.
    Instructions,
    /// By an allocator.
    Allocations,
}

/// A case, a variant, and a number.
pub type Count = (String, Variant, u64);

impl Counts {
    /// Reads `counts.toml`.
    ///
    /// # Errors
    ///
    /// When it is not there, or not in its form.
    pub fn read() -> Result<Self, String> {
        let text = std::fs::read_to_string(path());
        let text = text.map_err(|error| format!("counts.toml: {error}"))?;
        toml::from_str(&text).map_err(|error| format!("counts.toml: {error}"))
    }

    /// Writes `counts.toml`.
    ///
    /// # Errors
    ///
    /// When that fails.
    pub fn write(&self) -> Result<(), String> {
        let mut text = String::from(
            "# What ours costs more than the bare framework. `cargo xtask ci` compares. Written by\n\
             # `cargo xtask bench --record`, not by hand.\n",
        );
        for unit in [Unit::Instructions, Unit::Allocations] {
            for (program, cases) in self.of(unit) {
                let _ = write!(text, "\n[{unit}.{program}]\n");
                for (case, variants) in cases {
                    let variants = variants.iter();
                    let variants = variants.map(|(variant, n)| format!("{} = {n}", variant.name()));
                    let variants = variants.collect::<Vec<_>>().join(", ");
                    let _ = writeln!(text, "{case:?} = {{ {variants} }}");
                }
            }
        }
        std::fs::write(path(), text).map_err(|error| format!("counts.toml: {error}"))
    }

    /// Stores what was counted.
    pub fn set(&mut self, unit: Unit, program: Program, counts: &[Count]) {
        let table = match unit {
            Unit::Instructions => &mut self.instructions,
            Unit::Allocations => &mut self.allocations,
        };
        table.insert(program.to_string(), differences(counts));
    }

    /// What is not as stored, in words. Both ways: what has become less is stored, too, or it could
    /// become more again unseen.
    ///
    /// # Errors
    ///
    /// When nothing is stored for the program.
    pub fn compare(
        &self,
        unit: Unit,
        program: Program,
        counts: &[Count],
    ) -> Result<Vec<String>, String> {
        let stored = self.of(unit).get(program.name());
        let stored = stored.ok_or_else(|| format!("counts.toml has no {unit} of `{program}`"))?;
        let now = differences(counts);
        let mut texts = Vec::new();
        for (case, variants) in &now {
            for (variant, count) in variants {
                let name = variant.name();
                let known = stored.get(case).and_then(|variants| variants.get(variant));
                match known {
                    Some(known) if (count - known).abs() <= slack(unit, program, case, *known) => {}
                    Some(known) => texts.push(format!(
                        "{program}, {case}, {name}: {count:+} {unit}, {known:+} are stored"
                    )),
                    None => texts.push(format!("{program}, {case}, {name}: no {unit} are stored")),
                }
            }
        }
        for case in stored.keys().filter(|case| !now.contains_key(*case)) {
            texts.push(format!("{program}, {case}: stored, but no case any more"));
        }
        Ok(texts)
    }

    fn of(&self, unit: Unit) -> &BTreeMap<String, Cases> {
        match unit {
            Unit::Instructions => &self.instructions,
            Unit::Allocations => &self.allocations,
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Instructions => "instructions",
            Self::Allocations => "allocations",
        })
    }
}

/// How much a number moves without a reason. Allocations repeat exactly, and callgrind's counts to a
/// few instructions; with many origins it takes some more where an origin meets another in the engine's
/// table, which is seeded at random. But Rocket has tables that are seeded at random, above all those that a
/// preflight meets.
fn slack(unit: Unit, program: Program, case: &str, stored: i64) -> i64 {
    if unit == Unit::Allocations {
        return 0;
    }
    let random = match program {
        Program::Engine if case.contains("1,000") => 24,
        Program::Engine => 6,
        Program::Axum | Program::Actix | Program::Warp => 20,
        Program::Rocket if case.starts_with("preflight") => 450,
        Program::Rocket => 120,
    };
    random + stored.abs() / 50
}

fn path() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/counts.toml"))
}

/// What ours takes more than the base.
fn differences(counts: &[Count]) -> Cases {
    let mut cases = Cases::new();
    let mut base = 0;
    for (case, variant, count) in counts {
        let count = *count as i64;
        match variant {
            // It comes first.
            Variant::Base => base = count,
            Variant::Peer => {}
            Variant::Ours | Variant::Other => {
                let variants = cases.entry(case.clone()).or_default();
                variants.insert(*variant, count - base);
            }
        }
    }
    cases
}
