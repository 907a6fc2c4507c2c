//! The other half of a bound: that it is used. A freed place is filled at
//! once, everybody is served in the end, in the order of coming, and no
//! place is lost.
//!
//! Must not know: where the visits come from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Violation, bound, millis, order};
use crate::{
    clock::Nanos,
    drill::Drill,
    history::{Ending, Visit},
};

/// The verdict on liveness.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Liveness {
    /// Visits in all.
    pub(crate) visits: u64,
    /// Visits that got a place.
    pub(crate) served: u64,
    /// Visits that did not end as they should, by kind.
    pub(crate) failed: BTreeMap<String, u64>,
    /// The longest wait for a place.
    pub(crate) longest_wait_ms: f64,
    /// Who waited so long.
    pub(crate) longest_wait_who: Option<String>,
    /// The longest time for which somebody waited while a place was free.
    pub(crate) longest_idle_place_ms: f64,
    /// Visits served before one that had come before.
    pub(crate) order_inversions: u64,
    /// What the drill at the end showed; `None`: it was not held.
    pub(crate) drill: Option<Drill>,
    /// What must not be.
    pub(crate) violations: Vec<Violation>,
}

/// Judges the visits of the run and of the drill after it.
pub(crate) fn judge(
    visits: &[Visit],
    drilled: &[Visit],
    drill: Option<Drill>,
    limit: Option<u64>,
    refill_max: Nanos,
) -> Liveness {
    let mut liveness = Liveness {
        visits: visits.len() as u64,
        served: visits.iter().filter(|v| v.ready.is_some()).count() as u64,
        ..Liveness::default()
    };
    endings(visits, &mut liveness);
    waits(visits, &mut liveness);
    if let Some(limit) = limit {
        let all: Vec<&Visit> = visits.iter().chain(drilled).collect();
        idle_places(&all, limit, refill_max, &mut liveness);
    }
    for some in [visits, drilled] {
        let (count, violations) = order::inversions(some);
        liveness.order_inversions += count;
        liveness.violations.extend(violations);
    }
    if let Some(drill) = &drill {
        for what in &drill.failures {
            liveness.violations.push(Violation {
                rule: "places".to_owned(),
                at_ms: drill.at_ms,
                what: what.clone(),
                who: Vec::new(),
            });
        }
    }
    liveness.drill = drill;
    liveness
}

fn endings(visits: &[Visit], liveness: &mut Liveness) {
    let mut first: BTreeMap<&str, &Visit> = BTreeMap::new();
    for visit in visits {
        let word = match visit.ending {
            Ending::Left | Ending::Cut => continue,
            Ending::Open => "not ended",
            Ending::TurnedAway => "turned away",
            Ending::Unreachable => "not connected",
            Ending::Dropped => "ended by the server",
            Ending::GaveUp => "never answered",
        };
        *liveness.failed.entry(word.to_owned()).or_default() += 1;
        first.entry(word).or_insert(visit);
    }
    for (word, visit) in first {
        // To be turned away is an answer, and counted among the errors.
        if word == "turned away" {
            continue;
        }
        let count = liveness.failed[word];
        let what = format!("{count} of the visits: {word}");
        let at = visit.closed.unwrap_or(visit.began);
        let who = vec![visit.name()];
        liveness.violations.push(Violation::new("finish", at, what, who));
    }
}

fn waits(visits: &[Visit], liveness: &mut Liveness) {
    let wait = |visit: &Visit| {
        visit.ready.or(visit.closed).unwrap_or(visit.began) - visit.began
    };
    if let Some(longest) = visits.iter().max_by_key(|visit| wait(visit)) {
        liveness.longest_wait_ms = millis(wait(longest));
        liveness.longest_wait_who = Some(longest.name());
    }
}

/// The stretches in which somebody certainly waited while certainly not all
/// places were in use.
fn idle_places(
    visits: &[&Visit],
    limit: u64,
    refill_max: Nanos,
    liveness: &mut Liveness,
) {
    let used = bound::steps(visits.iter().filter_map(|v| v.possible()));
    let waiting = bound::steps(visits.iter().filter_map(|v| v.waited()));
    let mut moments: Vec<(Nanos, bool, u32)> = used
        .into_iter()
        .map(|(at, count)| (at, true, count))
        .chain(waiting.into_iter().map(|(at, count)| (at, false, count)))
        .collect();
    moments.sort_by_key(|(at, ..)| *at);
    let (mut used, mut waiting, mut since) = (0, 0, None);
    let mut longest = (0, 0);
    for (at, is_use, count) in moments {
        if is_use {
            used = count;
        } else {
            waiting = count;
        }
        if waiting > 0 && u64::from(used) < limit {
            since.get_or_insert(at);
        } else if let Some(since) = since.take()
            && at - since > longest.0
        {
            longest = (at - since, since);
        }
    }
    liveness.longest_idle_place_ms = millis(longest.0);
    if longest.0 > refill_max {
        let what = format!(
            "a place stayed free for {:.1} ms while somebody waited for one",
            millis(longest.0)
        );
        let idle = Violation::new("refill", longest.1, what, Vec::new());
        liveness.violations.push(idle);
    }
}

#[cfg(test)]
mod tests {
    use super::judge;
    use crate::{
        clock::MS,
        history::{Ending, Visit},
        verdict::bound::tests::visit,
    };

    #[test]
    fn a_place_left_free_while_somebody_waits_is_seen() {
        let mut first = visit(0, 10 * MS, 20 * MS);
        first.ending = Ending::Left;
        let mut second = visit(1, 500 * MS, 600 * MS);
        second.began = 5 * MS;
        second.first_word = Some(11 * MS);
        second.ending = Ending::Left;
        let visits = [first, second];
        let lively =
            |most| judge(&visits, &[], None, Some(1), most).violations.len();
        assert_eq!(lively(1_000 * MS), 0);
        assert_eq!(lively(100 * MS), 1);
        let idle = judge(&visits, &[], None, Some(1), 0).longest_idle_place_ms;
        assert!((479.0..481.0).contains(&idle), "{idle}");
    }

    #[test]
    fn who_was_forgotten_is_named() {
        let mut forgotten = Visit::new(7, 0, 10);
        forgotten.first_word = Some(20);
        forgotten.closed = Some(90 * MS);
        forgotten.ending = Ending::GaveUp;
        let lively = judge(&[forgotten], &[], None, None, MS);
        assert_eq!((lively.visits, lively.served), (1, 0));
        assert_eq!(lively.violations[0].rule, "finish");
        assert_eq!(lively.violations[0].who, ["client 7 visit 0"]);
    }
}
