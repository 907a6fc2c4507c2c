//! `ftpool-client`: arguments to the client, and its exit code back.

use std::process::ExitCode;

fn main() -> ExitCode {
    ftpool::client::main().into()
}
