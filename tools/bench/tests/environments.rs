//! What is counted does not depend on the environment: neither on where it moves the stack to, which
//! decides the way that the C library copies memory, nor on the functions that it chooses for a processor.

use std::path::Path;

use cors_bench::callgrind;

/// The processor as it is.
const PLAIN: &str = "glibc.malloc.tcache_count=1000";
/// One without what the C library likes best.
const OLD: &str = "glibc.malloc.tcache_count=1000:\
                   glibc.cpu.hwcaps=-AVX2,-AVX_Fast_Unaligned_Load,-ERMS,-FSRM";
/// The processor, and bytes more in a variable, with which the stack lies elsewhere in a page.
const ENVIRONMENTS: [(&str, usize); 3] = [(PLAIN, 0), (PLAIN, 2_000), (OLD, 4_100)];
/// What no seed of a hash table makes a difference to: an origin is the only one in the engine's table, or is not looked
/// up, and axum has no tables that are seeded.
const CASES: [&str; 3] = ["GET without Origin", "GET allowed", "preflight allowed"];

#[test]
fn instructions_are_the_same_in_every_environment() {
    if let Err(missing) = callgrind::available() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{missing}");
        println!("SKIPPED: {missing}");
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
