//! The counts do not depend on the environment: neither on the address of the stack, which decides how the C library
//! copies memory, nor on the functions that the C library chooses for a processor.

use std::path::Path;

use cors_bench::callgrind;
use cors_matrix::skip::skip;

/// The processor of this machine.
const PLAIN: &str = "glibc.malloc.tcache_count=1000";
/// A processor without the features that the C library prefers.
const OLD: &str = "glibc.malloc.tcache_count=1000:\
                   glibc.cpu.hwcaps=-AVX2,-AVX_Fast_Unaligned_Load,-ERMS,-FSRM";
/// The processor, and additional bytes in a variable, which move the stack in its page.
const ENVIRONMENTS: [(&str, usize); 3] = [(PLAIN, 0), (PLAIN, 2_000), (OLD, 4_100)];
/// Cases that do not depend on the seed of a hash table: the engine's table has one origin, or no lookup is made, and
/// axum has no tables with random seeds.
const CASES: [&str; 3] = ["GET without Origin", "GET allowed", "preflight allowed"];

#[test]
fn instructions_are_the_same_in_every_environment() {
    if let Err(missing) = callgrind::available() {
        skip("instructions in other environments", &missing).unwrap();
        return;
    }
    let program = Path::new(env!("CARGO_BIN_EXE_bench-axum"));
    let arguments = ["instructions-without-peers", "1", "1"];
    let counts = ENVIRONMENTS.map(|(processor, size)| {
        let padding = "x".repeat(size);
        let variables = [("GLIBC_TUNABLES", processor), ("PADDING", &padding)];
        let mut counts = callgrind::count(program, &arguments, &variables).unwrap();
        counts.retain(|(case, ..)| CASES.contains(&&**case));
        let own = counts
            .into_iter()
            .map(|(case, variant, count)| (case, variant, count.own));
        own.collect::<Vec<_>>()
    });
    for (other, environment) in counts.iter().zip(ENVIRONMENTS) {
        assert_eq!(other.len(), CASES.len() * 3, "base and both forms of ours");
        assert_eq!(Some(other), counts.first(), "{environment:?}");
    }
}
