//! Plays many cases: in parallel where it is safe, in an order that a seed
//! decides where that is wanted.

use std::num::NonZero;
use std::path::PathBuf;
use std::thread;

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use crate::case::{Case, Dialect};
use crate::load::{self, Fault};
use crate::run::{self, Options};
use crate::target::Target;
use crate::verdict::{Outcome, Verdict};
use crate::watched;

/// All scenarios of a dialect that are built in.
pub fn embedded(dialect: Dialect) -> Result<Vec<Case>, Vec<Fault>> {
    let mut cases = load::embedded()?;
    cases.retain(|case| case.dialect == dialect);
    Ok(cases)
}

/// Plays one case with the usual patience.
pub fn run_one(case: &Case, target: &Target) -> Outcome {
    run::run_one(case, target, Options::default())
}

/// How many cases are played, and in which order.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How many at once.
    pub jobs: usize,
    /// How often each.
    pub repeat: u32,
    /// The seed of the order; the order of the files when left out.
    pub shuffle: Option<u64>,
    /// How each is played.
    pub options: Options,
}

impl Default for Plan {
    fn default() -> Plan {
        Plan {
            jobs: jobs_default(),
            repeat: 1,
            shuffle: None,
            options: Options::default(),
        }
    }
}

/// Plays the cases and shows every outcome as it comes. Gives them back in
/// the order of the cases, those that are watched last.
pub fn run_all(
    cases: &[Case],
    target: &Target,
    plan: &Plan,
    show: &mut dyn FnMut(&Outcome),
) -> Vec<Outcome> {
    let mut order: Vec<usize> =
        (0..plan.repeat).flat_map(|_| 0..cases.len()).collect();
    if let Some(seed) = plan.shuffle {
        order.shuffle(&mut StdRng::seed_from_u64(seed));
    }
    // What every connection is the test of is judged when all are over.
    order.retain(|at| !cases[*at].scenario.watched);
    // What measures time runs alone, after all else.
    let (alone, together): (Vec<usize>, Vec<usize>) =
        order.into_iter().partition(|at| cases[*at].scenario.serial);
    let mut outcomes = Vec::new();
    for (batch, jobs) in [(together, plan.jobs), (alone, 1)] {
        let one = |at: &usize| {
            (*at, run::run_one(&cases[*at], target, plan.options))
        };
        let played =
            pool(batch, jobs, &one, &mut |(_, outcome)| show(outcome));
        outcomes.extend(played);
    }
    outcomes.sort_by_key(|(at, _)| *at);
    let played: Vec<Outcome> =
        outcomes.into_iter().map(|(_, outcome)| outcome).collect();
    let watched = cases.iter().filter(|case| case.scenario.watched);
    let judged: Vec<Outcome> =
        watched.map(|case| watched::judge(case, &played)).collect();
    judged.iter().for_each(show);
    played.into_iter().chain(judged).collect()
}

/// Does every task, so many at once, and shows every result as it comes.
/// The results are in the order in which they came.
pub(crate) fn pool<T: Send, R: Send>(
    tasks: Vec<T>,
    jobs: usize,
    one: &(dyn Fn(&T) -> R + Sync),
    show: &mut dyn FnMut(&R),
) -> Vec<R> {
    let workers = jobs.clamp(1, tasks.len().max(1));
    let (todo, next) = crossbeam_channel::bounded(tasks.len());
    for task in tasks {
        todo.send(task).expect("there is a place for each");
    }
    drop(todo);
    let (done, results) = crossbeam_channel::bounded(RESULTS_MAX);
    thread::scope(|scope| {
        for number in 0..workers {
            let (next, done) = (next.clone(), done.clone());
            thread::Builder::new()
                .name(format!("scenario-{number}"))
                .spawn_scoped(scope, move || {
                    while let Ok(task) = next.recv() {
                        if done.send(one(&task)).is_err() {
                            return;
                        }
                    }
                })
                .expect("a few threads can be started");
        }
        drop(done);
        results.iter().inspect(|result| show(result)).collect()
    })
}

/// Repeats are told apart by nothing but their verdicts: of the plays of one
/// case the first is kept, with a note where the others differ.
pub fn fold_repeats(outcomes: Vec<Outcome>) -> Vec<Outcome> {
    let mut folded: Vec<Outcome> = Vec::new();
    for outcome in outcomes {
        match folded.last_mut() {
            Some(first) if first.case.id == outcome.case.id => {
                unite(first, outcome);
            }
            _ => folded.push(outcome),
        }
    }
    folded
}

/// A verdict that changes from play to play is at best the worse of the two.
fn unite(first: &mut Outcome, other: Outcome) {
    if first.verdict == other.verdict {
        first.seen.extend(other.seen);
        return;
    }
    let note = format!(
        "not the same every time: {} and {}",
        first.verdict, other.verdict
    );
    if badness(other.verdict) > badness(first.verdict) {
        *first = other;
    }
    if !first.notes.contains(&note) {
        first.notes.push(note);
    }
}

fn badness(verdict: Verdict) -> usize {
    Verdict::ALL.iter().position(|v| *v == verdict).unwrap_or(0)
}

/// The workspace's own server: the program beside this one.
pub fn own_server() -> Result<PathBuf, String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let beside = own.with_file_name("ftpool-server");
    if beside.is_file() {
        return Ok(beside);
    }
    // Test programs stand one folder deeper.
    let above = own
        .parent()
        .and_then(|folder| folder.parent())
        .map(|folder| folder.join("ftpool-server"))
        .filter(|path| path.is_file());
    above.ok_or_else(|| {
        format!(
            "{} is not there; build it, or name one with --server",
            beside.display()
        )
    })
}

/// Most of a scenario is waiting: four at once for each core.
fn jobs_default() -> usize {
    thread::available_parallelism().map_or(2, NonZero::get) * 4
}

/// Outcomes that wait to be shown.
const RESULTS_MAX: usize = 64;
