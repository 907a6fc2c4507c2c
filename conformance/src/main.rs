//! `ftpool-conformance`: arguments in, exit code out; no logic.

use std::process::ExitCode;

fn main() -> ExitCode {
    ftpool_conformance::cli::main()
}
