//! Measures what CORS costs: each framework bare, with its usual CORS middleware, and with ours, in one
//! process and in turns.
//!
//! Each framework has a program in `src/bin`, and so has the engine. `src/main.rs` runs them and writes the
//! tables. `cargo xtask bench` builds and runs everything.

pub mod callgrind;
pub mod case;
pub mod counts;
pub mod measure;
pub mod ours;
pub mod programs;
pub mod subject;
pub mod tower;

use futures_util::FutureExt as _;

/// The result of a future that never waits. No future does here, because there is no I/O.
#[expect(clippy::panic, reason = "what waits cannot be measured this way")]
pub fn ready<F: Future>(future: F) -> F::Output {
    match future.now_or_never() {
        Some(output) => output,
        None => panic!("the application waits for something"),
    }
}
