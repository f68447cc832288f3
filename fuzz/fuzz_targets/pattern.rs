//! The target `pattern`, for `cargo fuzz`. Built by a stable compiler, it runs the files that are its arguments.

#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| cors_fuzz::pattern::run(data));

#[cfg(not(fuzzing))]
fn main() {
    cors_fuzz::run_files(cors_fuzz::pattern::run);
}
