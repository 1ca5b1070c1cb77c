//! The command line; see [`lb502::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    lb502::cli::main()
}
