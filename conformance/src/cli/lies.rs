//! `ftpool-conformance lies`: plays every lie, says who missed one, and
//! keeps the table of them.

use std::fs;
use std::num::NonZero;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;

use super::{FAILED, Progress, refuse, say, tell, usage};
use crate::case::Case;
use crate::case::Dialect;
use crate::lies::play::{self, Findings, Plan};
use crate::lies::{self, Lie, table};
use crate::load;
use crate::run::Options;
use crate::target::Target;

/// What `lies` may be told.
#[derive(Args)]
pub(super) struct LiesArguments {
    /// Only these lies.
    #[arg(value_name = "LIE", conflicts_with_all = ["write", "check"])]
    only: Vec<String>,
    /// The program that can lie.
    #[arg(long, value_name = "PROGRAM")]
    liar: PathBuf,
    /// What it speaks.
    #[arg(long, default_value = "native")]
    dialect: Dialect,
    /// Write the table of who catches what.
    #[arg(long, value_name = "FILE", conflicts_with = "check")]
    write: Option<PathBuf>,
    /// Fail where this table is not what was found.
    #[arg(long, value_name = "FILE")]
    check: Option<PathBuf>,
    /// Read scenarios from these files or folders, not the built-in ones.
    #[arg(long, value_name = "PATH")]
    scenarios: Vec<PathBuf>,
    /// So many plays at once.
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Seconds that one answer may take, where a scenario does not say.
    #[arg(long, default_value_t = 10, value_name = "SECS")]
    patience: u64,
}

/// Plays the lies.
pub(super) fn lies(arguments: &LiesArguments) -> Result<(), ExitCode> {
    let cases = if arguments.scenarios.is_empty() {
        load::embedded()
    } else {
        load::from_disk(&arguments.scenarios)
    };
    let mut cases = cases.map_err(refuse)?;
    cases.retain(|case| case.dialect == arguments.dialect);
    let all =
        lies::embedded(arguments.dialect).map_err(|error| usage(&error))?;
    let chosen = arguments.chosen(&all)?;
    if !arguments.liar.is_file() {
        let path = arguments.liar.display();
        let package = match arguments.dialect {
            Dialect::Native => "ftpool-liar",
            Dialect::Ftp => "ftpool-relay",
        };
        return Err(usage(&format!(
            "{path} is not there; build it: cargo build -p {package}"
        )));
    }
    let start = Instant::now();
    let findings = arguments.play(&chosen, &cases);
    let mut complaints = match arguments.only.is_empty() {
        true => lies::slips(&all, &cases),
        false => Vec::new(),
    };
    complaints.extend(findings.complaints.iter().cloned());
    complaints.extend(arguments.table(&chosen, &cases, &findings)?);
    for complaint in &complaints {
        tell(&format!("! {}", complaint.trim_end()));
    }
    for case in &findings.not_played {
        tell(&format!("not played here: {case}"));
    }
    say(&format!(
        "{} lies, {} of {} pairs caught, {} complaints, {:.1} s",
        chosen.len(),
        findings.caught.len(),
        pairs(&chosen, &cases),
        complaints.len(),
        start.elapsed().as_secs_f64()
    ));
    if complaints.is_empty() { Ok(()) } else { Err(ExitCode::from(FAILED)) }
}

impl LiesArguments {
    fn chosen(&self, all: &[Lie]) -> Result<Vec<Lie>, ExitCode> {
        for name in &self.only {
            if !all.iter().any(|lie| lie.name == *name) {
                return Err(usage(&format!("no lie is called {name}")));
            }
        }
        let wanted =
            |lie: &&Lie| self.only.is_empty() || self.only.contains(&lie.name);
        Ok(all.iter().filter(wanted).cloned().collect())
    }

    fn play(&self, lies: &[Lie], cases: &[Case]) -> Findings {
        let (path, args) = (self.liar.clone(), Vec::new());
        let plan = Plan {
            liar: match self.dialect {
                Dialect::Native => Target::managed(path, args),
                // Behind the relay is our own server.
                Dialect::Ftp => Target::own(path),
            },
            jobs: self.jobs.unwrap_or_else(|| jobs_default(self.dialect)),
            options: Options {
                patience: Duration::from_secs(self.patience.max(1)),
            },
        };
        let mut progress = Progress::new(play::count(lies, cases));
        let plays = play::play(lies, cases, &plan, &mut |play| {
            let bad = play.result == play::Result::Trouble;
            let lie = play.lie.as_deref().unwrap_or("no lie");
            progress.step(bad.then(|| format!("{} with {lie}", play.case)));
        });
        progress.clear();
        play::weigh(&plays)
    }

    /// Writes the table, or says that it is out of date.
    fn table(
        &self,
        lies: &[Lie],
        cases: &[Case],
        findings: &Findings,
    ) -> Result<Option<String>, ExitCode> {
        let page = table::page(self.dialect, lies, cases, &findings.caught);
        if let Some(path) = &self.write {
            let written = fs::write(path, &page);
            written.map_err(|e| usage(&format!("{}: {e}", path.display())))?;
        }
        let Some(path) = &self.check else { return Ok(None) };
        let kept = fs::read_to_string(path)
            .map_err(|e| usage(&format!("{}: {e}", path.display())))?;
        Ok((kept != page)
            .then(|| format!("{} is out of date; --write it", path.display())))
    }
}

/// How many pairs the scenarios name.
fn pairs(lies: &[Lie], cases: &[Case]) -> usize {
    lies.iter()
        .map(|lie| {
            let ids = cases.iter().filter_map(|case| {
                let scenario = &case.scenario;
                scenario.kills.contains(&lie.name).then_some(&scenario.id)
            });
            ids.collect::<std::collections::BTreeSet<_>>().len()
        })
        .sum()
}

/// The native liar hashes no password, and a play is waiting and little
/// else: eight at once for each core. Behind the relay is a whole server.
fn jobs_default(dialect: Dialect) -> usize {
    let of_core = match dialect {
        Dialect::Native => 8,
        Dialect::Ftp => 4,
    };
    thread::available_parallelism().map_or(2, NonZero::get) * of_core
}
