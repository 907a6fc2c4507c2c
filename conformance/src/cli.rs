//! The program's arguments, and what each of them sets going.
//!
//! Says everything to people that has to be said before a report can, and
//! decides the exit code.

mod baseline;
mod lies;
mod run;
mod table;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use baseline::BaselineArguments;
use clap::{Args, Parser, Subcommand};
use lies::LiesArguments;
use run::RunArguments;
use table::TableArguments;

use crate::case::{Case, Dialect};
use crate::explain::explain;
use crate::load::{self, Fault};
use crate::select;

/// Judges any file-transfer server by scenarios.
#[derive(Parser)]
#[command(name = "ftpool-conformance", version, after_help = EXIT_CODES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Play scenarios and judge.
    #[command(after_help = EXIT_CODES)]
    Run(Box<RunArguments>),
    /// Name the scenarios.
    List(Selection),
    /// Tell a scenario in words.
    Explain {
        #[command(flatten)]
        selection: Selection,
    },
    /// Say whether files of scenarios are well formed; no network.
    Check {
        /// The files, or folders of them.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Put runs side by side: requirements by servers, as a page.
    Table(TableArguments),
    /// Write what a server is known to do, from a run of it.
    Baseline(BaselineArguments),
    /// Judge the suite itself, by a server that can be told to lie.
    #[command(after_help = EXIT_CODES)]
    Lies(LiesArguments),
}

#[derive(Args)]
struct Selection {
    /// Ids, with `*` and `?`.
    #[arg(value_name = "ID-GLOB")]
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
        Command::Run(arguments) => run::run(&arguments),
        Command::List(selection) => selection.cases(None).map(|cases| {
            for case in &cases {
                say(&format!("{:<44} {}", case.id, case.scenario.title));
            }
        }),
        Command::Explain { selection } => explain_all(&selection),
        Command::Check { files } => load::from_disk(&files)
            .map(|cases| say(&format!("{} scenarios", cases.len())))
            .map_err(refuse),
        Command::Table(arguments) => table::table(&arguments),
        Command::Baseline(arguments) => baseline::baseline(&arguments),
        Command::Lies(arguments) => lies::lies(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(code) => code,
    }
}

fn explain_all(selection: &Selection) -> Result<(), ExitCode> {
    if selection.globs.is_empty() {
        return Err(usage("explain what? name a scenario"));
    }
    let cases = selection.cases(None)?;
    let mut texts = Vec::new();
    for dialect in [Dialect::Native, Dialect::Ftp] {
        let lies = crate::lies::embedded(dialect);
        let lies = lies.map_err(|error| usage(&error))?;
        let cases = cases.iter().filter(|case| case.dialect == dialect);
        texts.extend(cases.map(|case| explain(case, &lies)));
    }
    say(texts.join("\n").trim_end());
    Ok(())
}

impl Selection {
    fn is_everything(&self) -> bool {
        self.globs.is_empty()
            && self.exclude.is_empty()
            && self.scenarios.is_empty()
    }

    fn cases(&self, only: Option<Dialect>) -> Result<Vec<Case>, ExitCode> {
        let cases = if self.scenarios.is_empty() {
            load::embedded()
        } else {
            load::from_disk(&self.scenarios)
        };
        let mut cases = cases.map_err(refuse)?;
        cases.retain(|case| only.is_none_or(|only| only == case.dialect));
        let cases = select::select(cases, &self.globs, &self.exclude);
        let cases = cases.map_err(|unmatched| {
            for glob in unmatched {
                tell(&format!("{glob} matches no scenario"));
            }
            ExitCode::from(NOTHING_RAN)
        })?;
        if cases.is_empty() {
            tell("no scenario is left");
            return Err(ExitCode::from(NOTHING_RAN));
        }
        Ok(cases)
    }
}

/// A line on a terminal that shows how far the run is.
struct Progress {
    shown: bool,
    done: usize,
    total: usize,
}

impl Progress {
    fn new(total: usize) -> Progress {
        let shown = io::IsTerminal::is_terminal(&io::stderr());
        Progress { shown, done: 0, total }
    }

    /// One more is done; what is worth a line of its own stays.
    fn step(&mut self, told: Option<String>) {
        self.done += 1;
        if !self.shown {
            return;
        }
        let mut err = io::stderr().lock();
        let _ = write!(err, "\r\x1b[K");
        if let Some(line) = told {
            let _ = writeln!(err, "{line}");
        }
        let _ = write!(err, "{}/{}", self.done, self.total);
    }

    fn clear(&self) {
        if self.shown {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

fn say(text: &str) {
    let _ = writeln!(io::stdout(), "{text}");
}

fn tell(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

fn usage(text: &str) -> ExitCode {
    tell(text);
    ExitCode::from(USAGE)
}

fn refuse(faults: Vec<Fault>) -> ExitCode {
    for fault in faults {
        tell(&fault.to_string());
    }
    ExitCode::from(USAGE)
}

const EXIT_CODES: &str = "\
Exit codes:
  0  all held
  1  a failure, trouble, or drift from the baseline
  2  bad usage, or a bad file of scenarios
  3  the target cannot be reached or logged in to
  4  nothing ran";

const FAILED: u8 = 1;
const USAGE: u8 = 2;
const UNREACHABLE: u8 = 3;
const NOTHING_RAN: u8 = 4;
