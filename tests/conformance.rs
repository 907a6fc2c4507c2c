//! The conformance suite against this workspace's own server: each scenario
//! is a test of its own, named by its id.
//!
//! Both dialects are played. What the lint of FTP's control connections sees
//! broken fails the scenario that met it: a run as a whole has no test here.
//! A should counts as a must here. What cannot be played where the tests run
//! is listed as ignored, with the reason, and is never counted as passed.
//! What measures time is played alone; everything else at once. Knows
//! nothing of the server but its program.

use std::num::NonZero;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;

use ftpool_conformance::case::{Case, Dialect};
use ftpool_conformance::report;
use ftpool_conformance::suite;
use ftpool_conformance::target::Target;
use ftpool_conformance::verdict::{Outcome, Verdict};
use ftpool_conformance::waivers::{self, Waiver};
use libtest_mimic::{Arguments, Completion, Failed, Trial};

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert_with(threads_default);
    let stage = match Stage::set() {
        Ok(stage) => Arc::new(stage),
        Err(slip) => {
            eprintln!("{slip}");
            return ExitCode::FAILURE;
        }
    };
    let mut cases = stage.cases.clone();
    cases.retain(|case| !case.scenario.watched);
    // Those that run alone come last, so that nobody waits for them.
    cases.sort_by_key(|case| case.scenario.serial);
    let trials = cases
        .into_iter()
        .map(|case| {
            let stage = Arc::clone(&stage);
            Trial::ignorable_test(case.id.clone(), move || stage.play(&case))
        })
        .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// What all the tests share.
struct Stage {
    cases: Vec<Case>,
    target: Target,
    waivers: Vec<Waiver>,
    /// Read by those that may run together, written by one that may not.
    alone: RwLock<()>,
}

impl Stage {
    fn set() -> Result<Stage, String> {
        let (mut cases, mut waivers) = (Vec::new(), Vec::new());
        for dialect in [Dialect::Native, Dialect::Ftp] {
            cases.extend(suite::embedded(dialect).map_err(|faults| {
                let told: Vec<String> =
                    faults.iter().map(ToString::to_string).collect();
                told.join("\n")
            })?);
            waivers.extend(waivers::embedded(dialect)?);
        }
        let ids: Vec<&str> =
            cases.iter().map(|case| case.id.as_str()).collect();
        let unknown = waivers::unknown(&waivers, &ids);
        if !unknown.is_empty() {
            return Err(unknown.join("\n"));
        }
        let program = PathBuf::from(env!("CARGO_BIN_EXE_ftpool-server"));
        let target = Target::own(program);
        Ok(Stage { cases, target, waivers, alone: RwLock::new(()) })
    }

    fn play(&self, case: &Case) -> Result<Completion, Failed> {
        let outcome = if case.scenario.serial {
            let _alone =
                self.alone.write().unwrap_or_else(PoisonError::into_inner);
            suite::run_one(case, &self.target)
        } else {
            let _together =
                self.alone.read().unwrap_or_else(PoisonError::into_inner);
            suite::run_one(case, &self.target)
        };
        self.weigh(outcome)
    }

    fn weigh(&self, outcome: Outcome) -> Result<Completion, Failed> {
        let mut outcomes = [outcome];
        let unused = waivers::apply(&self.waivers, &mut outcomes);
        let [outcome] = outcomes;
        if !unused.is_empty() {
            return Err(unused.join("\n").into());
        }
        let waived = |rule| self.waivers.iter().any(|w| w.id == rule);
        let broken: Vec<String> = outcome
            .broken
            .iter()
            .filter(|broken| !waived(broken.rule))
            .map(|broken| format!("{}: {}", broken.rule, broken.what))
            .collect();
        if !broken.is_empty() {
            let told = report::failure(&outcome);
            return Err(format!("{}\n{told}", broken.join("\n")).into());
        }
        if let Some(reason) = outcome.waived {
            return Ok(Completion::ignored_with(format!("waived: {reason}")));
        }
        match outcome.verdict {
            Verdict::Pass | Verdict::Info => Ok(Completion::Completed),
            Verdict::NotRun | Verdict::Unsupported => {
                Ok(Completion::ignored_with(outcome.reason))
            }
            Verdict::Warn
            | Verdict::Fail
            | Verdict::Timeout
            | Verdict::Crash
            | Verdict::Error => Err(report::failure(&outcome).into()),
        }
    }
}

/// Most of a scenario is waiting: four at once for each core.
fn threads_default() -> usize {
    thread::available_parallelism().map_or(2, NonZero::get) * 4
}
