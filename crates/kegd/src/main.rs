//! The keg gateway.

use std::process::ExitCode;

fn main() -> ExitCode {
    kegd::cli::main()
}
