//! `ftpool-loadgen`: many clients against a file-transfer server. Hands its
//! arguments to the library and its answer to the system; no logic.

use std::process::ExitCode;

fn main() -> ExitCode {
    ftpool_loadgen::main()
}
