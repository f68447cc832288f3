//! The command `cors`: `cors --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    cors_cli::main()
}
