//! Points in a scenario where its scripts wait for each other.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_saphyr::Spanned;

use super::scene::{Stop, lock};
use crate::case::Step;
use crate::template::Scope;

/// All barriers of a scenario, by name.
#[derive(Debug, Default)]
pub(super) struct Barriers {
    /// How many scripts come to each.
    parties: BTreeMap<String, u64>,
    state: Mutex<HashMap<String, Arrived>>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Arrived {
    count: u64,
    /// How often the barrier has opened: a barrier may be used again.
    rounds: u64,
}

impl Barriers {
    /// Counts, from the steps themselves, who comes to which barrier.
    pub(super) fn of(
        steps: &[Spanned<Step>],
        scope: &Scope,
    ) -> Result<Barriers, String> {
        let mut parties = BTreeMap::new();
        for name in count(steps, scope, 1, &mut parties)? {
            *parties.entry(name).or_insert(0) += 1;
        }
        Ok(Barriers { parties, ..Barriers::default() })
    }

    /// Waits until all have come.
    pub(super) fn wait(
        &self,
        name: &str,
        deadline: Instant,
        abort: &AtomicBool,
    ) -> Result<(), Stop> {
        let parties = self.parties.get(name).copied().unwrap_or(1);
        let mut state = lock(&self.state);
        let arrived = state.entry(name.to_owned()).or_default();
        arrived.count += 1;
        let round = arrived.rounds;
        if arrived.count == parties {
            arrived.count = 0;
            arrived.rounds += 1;
            self.changed.notify_all();
            return Ok(());
        }
        loop {
            if state.get(name).is_some_and(|now| now.rounds > round) {
                return Ok(());
            }
            if abort.load(Ordering::Relaxed) {
                return Err(Stop::Aborted);
            }
            if Instant::now() >= deadline {
                return Err(Stop::Trouble(format!(
                    "only {} of {parties} came to the barrier {name}",
                    state.get(name).map_or(0, |now| now.count)
                )));
            }
            state = self
                .changed
                .wait_timeout(state, TICK)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Has everyone who waits look at the abort flag.
    pub(super) fn wake(&self) {
        self.changed.notify_all();
    }
}

/// The barriers of the script itself; those of inner scripts are counted
/// into `parties`, `times` over.
fn count(
    steps: &[Spanned<Step>],
    scope: &Scope,
    times: u64,
    parties: &mut BTreeMap<String, u64>,
) -> Result<Vec<String>, String> {
    let mut own: Vec<String> = Vec::new();
    for step in steps {
        let step = &step.value;
        own.extend(step.barrier.clone());
        if let Some(crowd) = &step.crowd {
            let members = times * scope.number(&crowd.count)?;
            for name in count(&crowd.steps, scope, members, parties)? {
                *parties.entry(name).or_insert(0) += members;
            }
        }
        for branch in step.parallel.iter().flat_map(BTreeMap::values) {
            for name in count(branch, scope, times, parties)? {
                *parties.entry(name).or_insert(0) += times;
            }
        }
        let mut same = Vec::new();
        same.extend(step.repeat.iter().map(|repeat| &repeat.steps));
        for expect in step.expectations() {
            same.push(&expect.then);
            same.extend(expect.any_of.iter().map(|one| &one.then));
        }
        for steps in same {
            own.extend(count(steps, scope, times, parties)?);
        }
    }
    own.sort();
    own.dedup();
    Ok(own)
}

/// A wake-up can be missed between a look and a wait; never for longer.
const TICK: Duration = Duration::from_millis(50);
