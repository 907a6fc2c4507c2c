//! Finds the greatest rate of starts that a server bears: the rate is
//! doubled until something does not hold any more, then what lies between
//! is halved until it is known well enough.
//!
//! Must not know: how one rate is measured, and what has to hold.

use serde::{Deserialize, Serialize};

/// What came of a search.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Capacity {
    /// The greatest rate that held, in starts a second; 0: none did.
    pub(crate) held: f64,
    /// The least that did not; `None`: every one held.
    pub(crate) broke: Option<f64>,
    /// Why the search ended.
    pub(crate) ended: Ended,
    /// Each rate that was tried, in the order of the trials.
    pub(crate) steps: Vec<Step>,
}

/// Why a search ended.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Ended {
    /// Somebody interrupted it.
    Interrupted,
    /// There is no lower rate to try, or no higher one.
    Limit,
    /// What held and what did not are close enough.
    #[default]
    Precise,
    /// No more steps or no more time is left.
    Spent,
    /// The server did what it must not at any rate.
    Wrong,
}

/// What came of one rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Came {
    /// Everything held.
    Held,
    /// A threshold was missed.
    Missed,
    /// The generator itself was the limit.
    Invalid,
    /// The bound, liveness or a byte was wrong.
    Broken,
    /// Somebody interrupted it.
    Interrupted,
}

/// One rate and its figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Step {
    /// Starts a second that were due.
    pub(crate) rate: f64,
    /// What came of it.
    pub(crate) came: Came,
    /// Why it did not hold.
    pub(crate) reasons: Vec<String>,
    /// How long it took.
    pub(crate) seconds: f64,
    /// Operations that ended well, a second.
    pub(crate) done_rate: f64,
    /// Operations that did not end well.
    pub(crate) errors: u64,
    /// Response times in microseconds: p50, p99, longest.
    pub(crate) response_us: [u64; 3],
    /// The generator's processor time for one operation.
    pub(crate) generator_us: f64,
    /// The server's, where it can be seen.
    pub(crate) server_us: Option<f64>,
}

/// Where a search begins and how far it may go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Search {
    /// The first rate that is tried.
    pub(crate) first: f64,
    /// So many rates are tried at most.
    pub(crate) steps_max: u32,
}

/// Searches. `measure` tries one rate.
///
/// # Errors
///
/// The first error of `measure`: a rate that could not be tried.
pub(crate) fn find<E>(
    search: Search,
    mut measure: impl FnMut(f64) -> Result<Step, E>,
) -> Result<Capacity, E> {
    let mut capacity = Capacity::default();
    let mut seconds = 0.0;
    for _ in 0..search.steps_max {
        let rate = match capacity.next_rate(search.first) {
            Ok(rate) => rate,
            Err(ended) => {
                capacity.ended = ended;
                return Ok(capacity);
            }
        };
        let step = measure(rate)?;
        seconds += step.seconds;
        if let Some(ended) = capacity.note(step) {
            capacity.ended = ended;
            return Ok(capacity);
        }
        if seconds > SECONDS_MAX {
            break;
        }
    }
    capacity.ended =
        capacity.next_rate(search.first).err().unwrap_or(Ended::Spent);
    Ok(capacity)
}

impl Capacity {
    /// The step that shows the least rate that did not hold.
    pub(crate) fn breaking(&self) -> Option<&Step> {
        let broke = self.broke?;
        self.steps.iter().find(|step| step.rate == broke)
    }

    /// The rate to try next, or why there is none.
    fn next_rate(&self, first: f64) -> Result<f64, Ended> {
        let rate = match self.broke {
            None if self.steps.is_empty() => first,
            None => self.held * 2.0,
            Some(broke) if self.held == 0.0 => broke / 2.0,
            Some(broke)
                if broke - self.held <= (broke * PRECISION).max(1.0) =>
            {
                return Err(Ended::Precise);
            }
            Some(broke) => (self.held + broke) / 2.0,
        };
        let rate = rate.round();
        if (1.0..=RATE_MAX).contains(&rate) && Some(rate) != self.broke {
            Ok(rate)
        } else {
            Err(Ended::Limit)
        }
    }

    /// Takes a step in; says whether the search ends with it.
    fn note(&mut self, step: Step) -> Option<Ended> {
        let ended = match step.came {
            Came::Held => {
                self.held = self.held.max(step.rate);
                None
            }
            Came::Missed | Came::Invalid => {
                let broke = self.broke.unwrap_or(step.rate);
                self.broke = Some(broke.min(step.rate));
                None
            }
            Came::Broken => Some(Ended::Wrong),
            Came::Interrupted => Some(Ended::Interrupted),
        };
        self.steps.push(step);
        ended
    }
}

/// What held and what did not are close enough when they are this share
/// apart: runs of a few seconds do not tell more.
const PRECISION: f64 = 0.05;

/// The greatest rate that is tried; no generator of this kind makes more.
const RATE_MAX: f64 = 1_000_000.0;

/// No further rate is tried after so many seconds in all: twenty minutes
/// are what a person waits for at most.
const SECONDS_MAX: f64 = 1_200.0;

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::{Came, Capacity, Ended, Search, Step, find};

    fn step(rate: f64, came: Came) -> Step {
        Step {
            rate,
            came,
            reasons: Vec::new(),
            seconds: 1.0,
            done_rate: rate,
            errors: 0,
            response_us: [1, 2, 3],
            generator_us: 1.0,
            server_us: None,
        }
    }

    /// Searches a server that bears `bears` starts a second.
    fn searched(first: f64, steps_max: u32, bears: f64) -> Capacity {
        let search = Search { first, steps_max };
        find(search, |rate| {
            let came = if rate <= bears { Came::Held } else { Came::Missed };
            Ok::<_, Infallible>(step(rate, came))
        })
        .expect("nothing fails here")
    }

    fn rates(capacity: &Capacity) -> Vec<f64> {
        capacity.steps.iter().map(|step| step.rate).collect()
    }

    #[test]
    fn the_rate_is_doubled_until_it_breaks_and_then_halved_in_between() {
        let found = searched(100.0, 20, 1234.0);
        let tried = rates(&found);
        assert_eq!(tried[..5], [100.0, 200.0, 400.0, 800.0, 1600.0]);
        assert_eq!(tried[5], 1200.0);
        assert!(found.held <= 1234.0 && found.held >= 1234.0 * 0.95);
        let broke = found.broke.expect("1600 did");
        assert!(broke > 1234.0 && broke - found.held <= broke * 0.05);
        assert_eq!(found.ended, Ended::Precise);
        assert_eq!(found.breaking().map(|step| step.came), Some(Came::Missed));
    }

    #[test]
    fn a_first_rate_that_is_too_high_is_halved_until_one_holds() {
        let found = searched(1000.0, 20, 33.0);
        assert_eq!(rates(&found)[..5], [1000.0, 500.0, 250.0, 125.0, 63.0]);
        assert!(found.held >= 31.0 && found.held <= 33.0, "{}", found.held);
        assert_eq!(found.ended, Ended::Precise);
    }

    #[test]
    fn nothing_holds_and_everything_holds() {
        let nothing = searched(8.0, 20, 0.0);
        assert_eq!(rates(&nothing), [8.0, 4.0, 2.0, 1.0]);
        assert_eq!((nothing.held, nothing.broke), (0.0, Some(1.0)));
        assert_eq!(nothing.ended, Ended::Limit);
        let all = searched(100_000.0, 20, f64::MAX);
        assert_eq!((all.held, all.broke), (800_000.0, None));
        assert_eq!(all.ended, Ended::Limit);
    }

    #[test]
    fn the_steps_have_a_bound() {
        let at = searched(1.0, 7, 100.0);
        assert_eq!((at.steps.len(), at.ended), (7, Ended::Spent));
        assert_eq!((at.held, at.broke), (64.0, None));
        // The last step that is allowed may also be the last that is wanted.
        let wanted = searched(1000.0, 20, 33.0).steps.len();
        let steps = u32::try_from(wanted).expect("few");
        assert_eq!(searched(1000.0, steps, 33.0).ended, Ended::Precise);
        assert_eq!(searched(1000.0, steps - 1, 33.0).ended, Ended::Spent);
    }

    #[test]
    fn the_time_has_a_bound() {
        let search = Search { first: 1.0, steps_max: 50 };
        let found = find(search, |rate| {
            let slow = Step { seconds: 601.0, ..step(rate, Came::Held) };
            Ok::<_, Infallible>(slow)
        });
        let found = found.expect("nothing fails here");
        assert_eq!((found.steps.len(), found.ended), (2, Ended::Spent));
    }

    #[test]
    fn what_is_wrong_at_any_rate_and_an_interruption_end_the_search() {
        for (came, ended) in [
            (Came::Broken, Ended::Wrong),
            (Came::Interrupted, Ended::Interrupted),
        ] {
            let search = Search { first: 10.0, steps_max: 20 };
            let found = find(search, |rate| {
                let came = if rate < 40.0 { Came::Held } else { came };
                Ok::<_, Infallible>(step(rate, came))
            });
            let found = found.expect("nothing fails here");
            assert_eq!(rates(&found), [10.0, 20.0, 40.0]);
            assert_eq!((found.held, found.broke), (20.0, None));
            assert_eq!(found.ended, ended);
        }
    }

    #[test]
    fn a_rate_that_cannot_be_tried_is_an_error() {
        let search = Search { first: 10.0, steps_max: 20 };
        assert_eq!(find(search, |_| Err("gone")), Err("gone"));
    }
}
