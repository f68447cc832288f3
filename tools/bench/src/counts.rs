//! The stored numbers, `counts.toml`, and the comparison of measured numbers with them.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::path::PathBuf;

use serde::Deserialize;
use sha1::{Digest as _, Sha1};

use crate::programs::Program;
use crate::subject::Variant;

/// What to do if a number is not the stored one.
pub const ADVICE: &str = "\
if that is meant, store the new numbers with `cargo xtask bench --record`, and say why in the commit; \
a new version of the compiler or of a framework moves them, too";

/// By case and variant, the difference to the base.
type Cases = BTreeMap<String, BTreeMap<Variant, i64>>;

/// The stored numbers of all programs.
#[derive(Debug, Default, Deserialize)]
pub struct Counts {
    /// What the numbers of instructions were stored with.
    #[serde(flatten)]
    pub conditions: Conditions,
    instructions: BTreeMap<String, Cases>,
    allocations: BTreeMap<String, Cases>,
}

/// What numbers of instructions depend on outside of our sources.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Conditions {
    /// Its version, its target and its flags.
    compiler: String,
    /// The SHA-1 digest of `Cargo.lock`.
    lock_file: String,
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

impl Conditions {
    /// The tools of this program, which is built together with the programs that it measures.
    ///
    /// # Errors
    ///
    /// When there is no `Cargo.lock`.
    pub fn now() -> Result<Self, String> {
        let lock = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.lock"));
        let lock = lock.map_err(|error| format!("Cargo.lock: {error}"))?;
        Ok(Self {
            compiler: env!("COMPILER").to_owned(),
            lock_file: format!("{:x}", Sha1::digest(lock)),
        })
    }

    /// Why numbers that were stored with these tools cannot be compared with numbers of others.
    pub fn differences(&self, now: &Self) -> Vec<String> {
        let mut texts = Vec::new();
        if self.compiler != now.compiler {
            texts.push(format!(
                "the compiler is `{}`, and the numbers are stored with `{}`",
                now.compiler, self.compiler
            ));
        }
        if self.lock_file != now.lock_file {
            texts.push("`Cargo.lock` is not the one that the numbers are stored with".to_owned());
        }
        texts
    }

    /// Why the numbers that were stored with these are not compared with those of `now`; `None` if they are.
    ///
    /// # Errors
    ///
    /// In continuous integration, with the same text: what compares nothing would pass whatever a change costs.
    pub fn not_compared(&self, now: &Self, is_ci: bool) -> Result<Option<String>, String> {
        let differences = self.differences(now);
        if differences.is_empty() {
            return Ok(None);
        }
        let text = format!(
            "the instructions are not compared, because {}; either moves the numbers without a change of ours. Run \
             `cargo xtask bench --record`: it stores new numbers, which are compared again",
            differences.join(", and ")
        );
        if is_ci { Err(text) } else { Ok(Some(text)) }
    }
}

impl Counts {
    /// Reads `counts.toml`.
    ///
    /// # Errors
    ///
    /// If it does not exist or has another format.
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
            "# The difference between ours and the bare framework: instructions without those of the C library, and\n\
             # allocations. `cargo xtask ci` compares: instructions with this compiler and this `Cargo.lock`\n\
             # (its SHA-1 digest) alone. Written by `cargo xtask bench --record`, not by hand.\n\n",
        );
        let Conditions {
            compiler,
            lock_file,
        } = &self.conditions;
        let _ = writeln!(text, "compiler = {compiler:?}\nlock-file = {lock_file:?}");
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

    /// Stores new numbers.
    pub fn set(&mut self, unit: Unit, program: Program, counts: &[Count]) {
        let table = match unit {
            Unit::Instructions => &mut self.instructions,
            Unit::Allocations => &mut self.allocations,
        };
        table.insert(program.to_string(), differences(counts));
    }

    /// Messages about numbers that are not the stored ones. A smaller number is reported, too: if it were not
    /// stored, a later increase would not be noticed.
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
                    Some(known) if (count - known).abs() <= slack(unit, *known) => {}
                    Some(known) => texts.push(format!(
                        "{program}, {case}, {name}: {count:+} {unit}, {known:+} are stored"
                    )),
                    None => texts.push(format!("{program}, {case}, {name}: no {unit} are stored")),
                }
            }
        }
        for (case, variants) in stored {
            let Some(now) = now.get(case) else {
                texts.push(format!(
                    "{program}, {case}: stored, but the case no longer exists"
                ));
                continue;
            };
            let gone = variants.keys().filter(|variant| !now.contains_key(variant));
            texts.extend(gone.map(|variant| {
                let name = variant.name();
                format!("{program}, {case}, {name}: {unit} are stored, but no longer counted")
            }));
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

/// How much a number may differ from the stored one. Known influences on the numbers are excluded (see
/// `callgrind.rs`), and in tests they repeated to the last instruction. The slack is for unknown influences of other
/// machines. A smaller change of ours is not found.
fn slack(unit: Unit, stored: i64) -> i64 {
    match unit {
        Unit::Allocations => 0,
        Unit::Instructions => 10 + stored.abs() / 100,
    }
}

fn path() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/counts.toml"))
}

/// The difference between ours and the base.
fn differences(counts: &[Count]) -> Cases {
    let mut cases = Cases::new();
    let mut base = 0;
    for (case, variant, count) in counts {
        let count = *count as i64;
        match variant {
            // The base is always first.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(ours: u64) -> Vec<Count> {
        let row = |variant, count| ("GET allowed".to_owned(), variant, count);
        // Peers are not compared.
        vec![
            row(Variant::Base, 1_000),
            row(Variant::Peer, ours),
            row(Variant::Ours, ours),
        ]
    }

    #[track_caller]
    fn check_compared(unit: Unit, ours: u64, expected: &[&str]) {
        let mut stored = Counts::default();
        stored.set(unit, Program::Actix, &counts(1_500));
        let differences = stored.compare(unit, Program::Actix, &counts(ours));
        assert_eq!(
            differences.as_deref(),
            Ok(&expected.iter().map(ToString::to_string).collect::<Vec<_>>()[..])
        );
    }

    #[test]
    fn what_is_a_difference() {
        let differs = |unit: Unit, ours: u64, more: &str| {
            let text = format!("actix, GET allowed, ours: {more} {unit}, +500 are stored");
            check_compared(unit, ours, &[&text]);
        };
        check_compared(Unit::Allocations, 1_500, &[]);
        differs(Unit::Allocations, 1_501, "+501");
        differs(Unit::Allocations, 1_499, "+499");
        check_compared(Unit::Instructions, 1_515, &[]);
        check_compared(Unit::Instructions, 1_485, &[]);
        differs(Unit::Instructions, 1_516, "+516");
        differs(Unit::Instructions, 1_484, "+484");
    }

    #[test]
    fn what_is_counted_no_more_is_a_difference() {
        let other = |case: &str| (case.to_owned(), Variant::Other, 1_200);
        let mut stored = Counts::default();
        let base = ("preflight".to_owned(), Variant::Base, 1_000);
        let all = [
            &counts(1_500)[..],
            &[other("GET allowed"), base, other("preflight")],
        ]
        .concat();
        stored.set(Unit::Allocations, Program::Axum, &all);
        #[track_caller]
        fn check(stored: &Counts, counted: &[Count], expected: &[&str]) {
            let differences = stored.compare(Unit::Allocations, Program::Axum, counted);
            assert_eq!(differences.unwrap(), expected);
        }
        check(&stored, &all, &[]);
        let variant = "axum, GET allowed, other: allocations are stored, but no longer counted";
        let case = "axum, preflight: stored, but the case no longer exists";
        check(&stored, &counts(1_500), &[variant, case]);
    }

    #[test]
    fn in_ci_what_compares_nothing_fails() {
        let conditions = |compiler: &str| Conditions {
            compiler: compiler.to_owned(),
            lock_file: "1234".to_owned(),
        };
        let stored = conditions("rustc 1.95.0");
        for is_ci in [false, true] {
            assert_eq!(stored.not_compared(&stored, is_ci), Ok(None));
        }
        let other = conditions("rustc 1.96.0");
        let warning = stored.not_compared(&other, false).unwrap().unwrap();
        assert!(warning.contains("rustc 1.96.0"), "{warning}");
        assert!(
            warning.contains("Run `cargo xtask bench --record`"),
            "{warning}"
        );
        assert_eq!(stored.not_compared(&other, true), Err(warning));
    }

    #[track_caller]
    fn check_conditions(compiler: &str, lock_file: &str, expected: &[&str]) {
        let conditions = |compiler: &str, lock_file: &str| Conditions {
            compiler: compiler.to_owned(),
            lock_file: lock_file.to_owned(),
        };
        let stored = conditions("rustc 1.95.0", "1234");
        assert_eq!(
            stored.differences(&conditions(compiler, lock_file)),
            expected
        );
    }

    #[test]
    fn another_compiler_or_lock_file_is_named() {
        let compiler =
            "the compiler is `rustc 1.96.0`, and the numbers are stored with `rustc 1.95.0`";
        let lock_file = "`Cargo.lock` is not the one that the numbers are stored with";
        check_conditions("rustc 1.95.0", "1234", &[]);
        check_conditions("rustc 1.96.0", "1234", &[compiler]);
        check_conditions("rustc 1.95.0", "5678", &[lock_file]);
        check_conditions("rustc 1.96.0", "5678", &[compiler, lock_file]);
    }
}
