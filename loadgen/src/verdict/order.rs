//! Whether who came first was served first, as far as clients can prove it:
//! one had heard from the server before the other asked to connect, and was
//! certainly not ready a good while after the other was. A while, because a
//! server hands places on in order and its threads then speak as they wake.
//!
//! Must not know: where the visits come from.

use super::{VIOLATIONS_MAX, Violation, millis};
use crate::{
    clock::{MS, Nanos},
    history::Visit,
};

/// The proven inversions, one for each visit that was served too early.
pub(crate) fn inversions(visits: &[Visit]) -> (u64, Vec<Violation>) {
    // Of all who had been heard up to a moment, the one who was certainly
    // not ready for longest: prefix maxima over the time of the first word.
    let mut heard: Vec<(Nanos, Nanos, usize)> = visits
        .iter()
        .enumerate()
        .filter_map(|(which, visit)| {
            let (first, last) = visit.waited()?;
            Some((first, last, which))
        })
        .collect();
    heard.sort_unstable();
    for at in 1..heard.len() {
        if heard[at - 1].1 > heard[at].1 {
            (heard[at].1, heard[at].2) = (heard[at - 1].1, heard[at - 1].2);
        }
    }
    let mut violations = Vec::new();
    let mut count = 0;
    for visit in visits {
        let Some(ready) = visit.ready else { continue };
        let before =
            heard.partition_point(|(first, ..)| *first <= visit.began);
        let Some((_, unready, other)) =
            before.checked_sub(1).map(|at| heard[at])
        else {
            continue;
        };
        if unready <= ready + SLACK {
            continue;
        }
        count += 1;
        if violations.len() < VIOLATIONS_MAX {
            let first = &visits[other];
            let what = format!(
                "{} came at {:.3} ms and was served at {:.3} ms, while {}, \
                accepted before, still waited at {:.3} ms",
                visit.name(),
                millis(visit.began),
                millis(ready),
                first.name(),
                millis(unready),
            );
            let who = vec![visit.name(), first.name()];
            violations.push(Violation::new("order", ready, what, who));
        }
    }
    (count, violations)
}

/// A thread that was given a connection may be kept from saying so, on a
/// busy machine, for some slices of the processor's time.
const SLACK: Nanos = 100 * MS;

#[cfg(test)]
mod tests {
    use super::{MS, inversions};
    use crate::history::Visit;

    fn visit(user: u32, began: u64, first: u64, ready: u64) -> Visit {
        let mut visit = Visit::new(user, 0, began * 10 * MS);
        visit.first_word = Some(first * 10 * MS);
        visit.unready_until = (ready - 5) * 10 * MS;
        visit.ready = Some(ready * 10 * MS);
        visit.closed = Some((ready + 100) * 10 * MS);
        visit
    }

    #[test]
    fn first_come_first_served_has_none() {
        let visits =
            [visit(0, 0, 10, 50), visit(1, 20, 30, 60), visit(2, 40, 45, 70)];
        assert_eq!(inversions(&visits).0, 0);
    }

    #[test]
    fn last_come_first_served_is_seen() {
        let visits =
            [visit(0, 0, 10, 120), visit(1, 20, 30, 80), visit(2, 40, 45, 50)];
        let (count, violations) = inversions(&visits);
        assert_eq!(count, 2);
        assert!(violations[0].what.contains("client 1 visit 0 came"));
    }

    #[test]
    fn what_cannot_be_proven_is_not_said() {
        // Both connected at the same time: nobody knows who came first.
        let both = [visit(0, 0, 30, 90), visit(1, 20, 30, 50)];
        assert_eq!(inversions(&both).0, 0);
        // The first one's thread may have been slow to say it.
        let close = [visit(0, 0, 10, 60), visit(1, 20, 30, 50)];
        assert_eq!(inversions(&close).0, 0);
    }
}
