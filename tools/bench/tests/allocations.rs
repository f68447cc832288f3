//! Compares what ours allocates more than the bare framework with `counts.toml`.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::process::Command;

use cors_bench::counts::{ADVICE, Counts, Unit};
use cors_bench::measure::allocations;
use cors_bench::programs::{self, Program};

#[track_caller]
fn check(program: Program, path: &str) {
    let rows = programs::rows(Command::new(path).args(["allocations", "1000"])).unwrap();
    let counts = allocations(&rows);
    assert!(!counts.is_empty());
    let stored = Counts::read().unwrap();
    let differences = stored.compare(Unit::Allocations, program, &counts);
    let differences = differences.unwrap();
    assert!(differences.is_empty(), "{differences:#?}\n{ADVICE}");
}

#[test]
fn engine() {
    check(Program::Engine, env!("CARGO_BIN_EXE_bench-engine"));
}

#[test]
fn axum() {
    check(Program::Axum, env!("CARGO_BIN_EXE_bench-axum"));
}

#[test]
fn actix() {
    check(Program::Actix, env!("CARGO_BIN_EXE_bench-actix"));
}

#[test]
fn rocket() {
    check(Program::Rocket, env!("CARGO_BIN_EXE_bench-rocket"));
}

#[test]
fn warp() {
    check(Program::Warp, env!("CARGO_BIN_EXE_bench-warp"));
}
