//! The server's own count, as a second witness: it may neither pass the
//! limit nor fall below what clients can prove at that very time.
//!
//! Must not know: where the visits come from.

use serde::{Deserialize, Serialize};

use super::{VIOLATIONS_MAX, Violation, bound};
use crate::{clock::Nanos, history::Visit};

/// What the server's own count said.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Gauge {
    /// How often it was told.
    pub(crate) told: u64,
    /// The greatest it said.
    pub(crate) max: u64,
    /// Where it cannot be true.
    pub(crate) violations: Vec<Violation>,
    /// How often, also where it is not told one by one.
    pub(crate) violation_count: u64,
}

/// Compares each ready line's count with what was certain at its time.
pub(crate) fn compare(visits: &[Visit], limit: Option<u64>) -> Gauge {
    let least =
        Least::new(bound::steps(visits.iter().filter_map(Visit::proven)));
    let mut gauge = Gauge::default();
    for visit in visits {
        let (Some(ready), Some(told)) = (visit.ready, visit.serving) else {
            continue;
        };
        gauge.told += 1;
        gauge.max = gauge.max.max(told);
        // The server counted after it had accepted the connection and
        // before the line arrived. Who was served all this time was
        // counted, and so was the client itself.
        let certain = u64::from(least.between(visit.began, ready)) + 1;
        let what = if limit.is_some_and(|limit| told > limit) {
            format!("the server says that it serves {told}")
        } else if told < certain {
            format!(
                "the server says that it serves {told}, when {certain} were"
            )
        } else {
            continue;
        };
        gauge.violation_count += 1;
        if gauge.violations.len() < VIOLATIONS_MAX {
            let who = vec![visit.name()];
            let lie = Violation::new("gauge", ready, what, who);
            gauge.violations.push(lie);
        }
    }
    gauge
}

/// The least value of a step function between two times.
struct Least {
    times: Vec<Nanos>,
    /// At level k, the least of 2^k values from each place on.
    levels: Vec<Vec<u32>>,
}

impl Least {
    fn new(steps: Vec<(Nanos, u32)>) -> Least {
        let (times, values): (Vec<_>, Vec<_>) = steps.into_iter().unzip();
        let mut levels: Vec<Vec<u32>> = vec![values];
        let mut width = 1;
        while let Some(last) = levels.last()
            && last.len() > width
        {
            let next = (0..last.len() - width)
                .map(|at| last[at].min(last[at + width]));
            levels.push(next.collect());
            width *= 2;
        }
        Least { times, levels }
    }

    fn between(&self, from: Nanos, to: Nanos) -> u32 {
        // The step before `from` is still in force there; what begins
        // exactly at `to` is the asker's own.
        let Some(first) =
            self.times.partition_point(|at| *at <= from).checked_sub(1)
        else {
            return 0;
        };
        let last = self.times.partition_point(|at| *at < to).max(first + 1);
        let level = (last - first).ilog2() as usize;
        let row = &self.levels[level];
        row[first].min(row[last - (1 << level)])
    }
}

#[cfg(test)]
mod tests {
    use super::{Least, compare};
    use crate::verdict::bound::tests::visit;

    #[test]
    fn the_least_of_any_stretch() {
        let steps = [(10, 1), (20, 2), (30, 1), (40, 3), (50, 2), (60, 0)];
        let least = Least::new(steps.to_vec());
        assert_eq!(least.between(5, 100), 0);
        assert_eq!(least.between(12, 60), 1);
        assert_eq!(least.between(42, 60), 2);
        assert_eq!(least.between(42, 49), 3);
        assert_eq!(least.between(65, 99), 0);
    }

    #[test]
    fn a_count_below_the_proof_or_above_the_limit_is_a_lie() {
        let mut visits = vec![
            visit(0, 1_000, 9_000),
            visit(1, 2_000, 9_000),
            visit(2, 3_000, 9_000),
        ];
        for (told, visit) in visits.iter_mut().enumerate() {
            visit.serving = Some(told as u64 + 1);
        }
        assert_eq!(compare(&visits, Some(3)).violation_count, 0);
        assert_eq!(compare(&visits, Some(2)).violation_count, 1);
        visits[2].serving = Some(2);
        let gauge = compare(&visits, Some(3));
        assert!(gauge.violations[0].what.contains("serves 2, when 3"));
    }
}
