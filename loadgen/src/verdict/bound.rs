//! How many were served at once, from the clients' own evidence: each
//! interval lies inside the true one, so an overlap is proof.
//!
//! Must not know: where the visits come from.

use serde::{Deserialize, Serialize};

use super::{NAMES_MAX, VIOLATIONS_MAX, Violation, millis};
use crate::{clock::Nanos, history::Visit};

/// The verdict on the bound.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Bound {
    /// The limit that is to hold; `None`: nobody said one.
    pub(crate) limit: Option<u64>,
    /// Who said it: `asked`, `own server`, `told by the server`, `nobody`.
    pub(crate) limit_from: String,
    /// The greatest number that was served at once, beyond doubt.
    pub(crate) max_observed: u64,
    /// When that was, in milliseconds since the run began.
    pub(crate) max_at_ms: f64,
    /// Who was served then.
    pub(crate) max_who: Vec<String>,
    /// Whether the limit was reached. If not, the run proves nothing of it.
    pub(crate) reached: bool,
    /// Where more than the limit were served.
    pub(crate) violations: Vec<Violation>,
    /// How many such times there were, also those not told one by one.
    pub(crate) violation_count: u64,
}

/// Sweeps the visits' proven intervals.
pub(crate) fn sweep(visits: &[Visit], limit: Option<u64>) -> Bound {
    let mut bound = Bound { limit, ..Bound::default() };
    let limit = limit.unwrap_or(u64::MAX);
    let mut inside: Vec<usize> = Vec::new();
    let mut most: Vec<usize> = Vec::new();
    let mut begun = None;
    for (at, starts, which) in edges(visits) {
        if !starts {
            inside.retain(|&other| other != which);
            if inside.len() as u64 <= limit
                && let Some((since, who, count)) = begun.take()
            {
                note(&mut bound, since, at, who, count);
            }
            continue;
        }
        inside.push(which);
        let count = inside.len() as u64;
        if count > bound.max_observed {
            bound.max_observed = count;
            bound.max_at_ms = millis(at);
            most.clone_from(&inside);
        }
        if count > limit {
            match &mut begun {
                Some((_, _, worst)) if *worst >= count => {}
                Some((_, who, worst)) => {
                    *who = names(visits, &inside);
                    *worst = count;
                }
                None => begun = Some((at, names(visits, &inside), count)),
            }
        }
    }
    bound.max_who = names(visits, &most);
    bound.reached = bound.limit.is_some() && bound.max_observed >= limit;
    bound
}

/// The steps of a count over time: each moment at which it changes, and
/// what it is from then on.
pub(crate) fn steps(
    intervals: impl Iterator<Item = (Nanos, Nanos)>,
) -> Vec<(Nanos, u32)> {
    let mut edges: Vec<(Nanos, bool)> = intervals
        .filter(|(from, to)| from < to)
        .flat_map(|(from, to)| [(from, true), (to, false)])
        .collect();
    // Ends come before starts, so that mere touching is no overlap.
    edges.sort_unstable();
    let mut count = 0_u32;
    edges
        .into_iter()
        .map(|(at, starts)| {
            count = if starts { count + 1 } else { count - 1 };
            (at, count)
        })
        .collect()
}

fn edges(visits: &[Visit]) -> Vec<(Nanos, bool, usize)> {
    let mut edges: Vec<_> = visits
        .iter()
        .enumerate()
        .filter_map(|(which, visit)| Some((which, visit.proven()?)))
        .filter(|(_, (from, to))| from < to)
        .flat_map(|(which, (from, to))| {
            [(from, true, which), (to, false, which)]
        })
        .collect();
    edges.sort_unstable();
    edges
}

fn note(
    bound: &mut Bound,
    since: Nanos,
    until: Nanos,
    who: Vec<String>,
    count: u64,
) {
    bound.violation_count += 1;
    if bound.violations.len() >= VIOLATIONS_MAX {
        return;
    }
    let what = format!(
        "{count} clients were served at once, for {:.3} ms",
        millis(until - since)
    );
    bound.violations.push(Violation::new("bound", since, what, who));
}

/// The latest to come in are named first: they are the ones too many.
fn names(visits: &[Visit], which: &[usize]) -> Vec<String> {
    which.iter().rev().take(NAMES_MAX).map(|&at| visits[at].name()).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::sweep;
    use crate::{clock::Nanos, history::Visit};

    /// A visit that was served from `ready` to `until`, proven.
    pub(crate) fn visit(user: u32, ready: Nanos, until: Nanos) -> Visit {
        let mut visit = Visit::new(user, 0, ready.saturating_sub(10));
        visit.first_word = Some(ready - 1);
        visit.unready_until = ready - 1;
        visit.ready = Some(ready);
        visit.proven_until = until;
        visit.let_go = Some(until);
        visit.closed = Some(until + 1);
        visit
    }

    #[test]
    fn one_too_many_is_named_with_its_time() {
        let visits = [
            visit(0, 10_000, 90_000),
            visit(1, 20_000, 80_000),
            visit(2, 50_000, 51_000),
        ];
        let bound = sweep(&visits, Some(2));
        assert_eq!(bound.max_observed, 3);
        assert_eq!(bound.violation_count, 1);
        let violation = &bound.violations[0];
        assert_eq!(violation.who[0], "client 2 visit 0");
        assert_eq!(violation.who.len(), 3);
        assert!((violation.at_ms - 0.05).abs() < 1e-9);
    }

    #[test]
    fn touching_is_no_overlap_and_a_limit_not_reached_is_said() {
        let visits = [visit(0, 10, 20), visit(1, 20, 30)];
        let bound = sweep(&visits, Some(2));
        assert_eq!((bound.max_observed, bound.reached), (1, false));
        assert!(sweep(&visits, Some(1)).reached);
        assert!(!sweep(&visits, None).reached);
        assert!(sweep(&visits, Some(1)).violations.is_empty());
    }

    #[test]
    fn who_never_proved_anything_does_not_count() {
        let mut unproven = visit(1, 10, 40);
        unproven.proven_until = 0;
        let bound = sweep(&[visit(0, 10, 40), unproven], Some(1));
        assert_eq!(bound.max_observed, 1);
    }
}
