//! ftpool-server: arguments to settings to the running server. No logic.

use std::process::ExitCode;

use clap::Parser;
use ftpool::{
    admin::{self, Args},
    server,
};

fn main() -> ExitCode {
    admin::run(Args::try_parse(), server::run)
}
