//! The program's arguments, and what each of them sets going.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::case::Case;
use crate::load::{self, Fault};
use crate::select;

#[derive(Parser)]
#[command(name = "ftpool-conformance", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Name the scenarios.
    List(Selection),
    /// Say whether files of scenarios are well formed; no network.
    Check {
        /// The files, or folders of them.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

#[derive(Args)]
struct Selection {
    /// Ids, with `*` and `?`.
    globs: Vec<String>,
    /// Leave these out.
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,
    /// Read scenarios from these files or folders, not the built-in ones.
    #[arg(long, value_name = "PATH")]
    scenarios: Vec<PathBuf>,
}

/// The program.
pub fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::List(selection) => selection.cases().and_then(|cases| {
            let mut out = io::stdout().lock();
            for case in &cases {
                let _ = writeln!(out, "{}  {}", case.id, case.scenario.title);
            }
            Ok(())
        }),
        Command::Check { files } => {
            load::from_disk(&files).map(|_| ()).map_err(refuse)
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(code) => code,
    }
}

impl Selection {
    fn cases(&self) -> Result<Vec<Case>, ExitCode> {
        let cases = if self.scenarios.is_empty() {
            load::embedded()
        } else {
            load::from_disk(&self.scenarios)
        };
        let cases = cases.map_err(refuse)?;
        select::select(cases, &self.globs, &self.exclude).map_err(
            |unmatched| {
                for glob in unmatched {
                    let _ = writeln!(io::stderr(), "{glob} matches nothing");
                }
                ExitCode::from(4)
            },
        )
    }
}

fn refuse(faults: Vec<Fault>) -> ExitCode {
    for fault in faults {
        let _ = writeln!(io::stderr(), "{fault}");
    }
    ExitCode::from(2)
}
