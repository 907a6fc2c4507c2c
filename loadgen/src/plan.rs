//! What is to happen, and when, from a workload and its seed alone: the
//! same seed draws the same again, whatever the server does.
//!
//! Must not know: sockets, the clock, what came of anything.

use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::{
    clock::{Nanos, SECOND},
    record::Op,
    workload::{Arrivals, CutAt, Group, Pace, Spacing, Stage, Think},
};

/// One operation to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Action {
    /// What.
    pub(crate) op: Op,
    /// With which file, where it takes one.
    pub(crate) file: u32,
}

/// The draws of one visit, or of one arrival of an open loop.
#[derive(Debug)]
pub(crate) struct Script {
    rng: StdRng,
    left: Option<u32>,
}

/// Which stream of draws a script is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stream {
    /// A client's how-manieth visit.
    Visit {
        /// The client.
        user: u32,
        /// Its visit.
        number: u32,
    },
    /// An open loop's how-manieth start.
    Arrival(u64),
}

impl Script {
    /// The draws of a stream.
    pub(crate) fn new(
        seed: u64,
        group_at: usize,
        stream: Stream,
        group: &Group,
    ) -> Script {
        let rng = seeded(seed, group_at, stream);
        Script { rng, left: group.operations }
    }

    /// What is done next; `Op::Quit` ends the visit.
    pub(crate) fn next(&mut self, group: &Group, files: usize) -> Action {
        let quit = Action { op: Op::Quit, file: 0 };
        if group.mix.is_empty() || self.left == Some(0) {
            return quit;
        }
        self.left = self.left.map(|left| left - 1);
        let total: u32 = group.mix.iter().map(|(_, weight)| weight).sum();
        let mut at = self.rng.random_range(0..total);
        let files = u32::try_from(files).unwrap_or(u32::MAX).max(1);
        let file = self.rng.random_range(0..files);
        for &(op, weight) in &group.mix {
            if at < weight {
                return Action { op, file };
            }
            at -= weight;
        }
        quit
    }

    /// Whether something that happens in this share of cases happens now.
    /// What is certain takes no draw, so that it changes no other.
    pub(crate) fn chance(&mut self, share: f64) -> bool {
        share >= 1.0 || (share > 0.0 && self.rng.random::<f64>() < share)
    }

    /// How long the client thinks before its next operation.
    pub(crate) fn think(&mut self, think: Think) -> Nanos {
        match think {
            Think::None => 0,
            Think::Fixed(span) => span.nanos(),
            Think::Exponential(mean) => {
                exponential(&mut self.rng, mean.nanos() as f64)
            }
            Think::Uniform([low, high]) => {
                let (low, high) = (low.nanos(), high.nanos());
                self.rng.random_range(low..=high.max(low))
            }
        }
    }

    /// Whether and where this visit is to be cut off.
    pub(crate) fn cut(&mut self, group: &Group) -> Option<CutAt> {
        let vanish = group.vanish.as_ref()?;
        let drawn: f64 = self.rng.random();
        let at = self.rng.random_range(0..vanish.at.len());
        (drawn < vanish.share).then(|| vanish.at[at])
    }
}

/// The starts of an open loop, one after the other.
#[derive(Debug)]
pub(crate) struct Schedule {
    rng: StdRng,
    rate: f64,
    spacing: Spacing,
    stages: Vec<Stage>,
    next: Nanos,
    index: u64,
    duration: Nanos,
}

impl Schedule {
    /// The schedule of a group, if it has one; times count from zero.
    pub(crate) fn new(
        seed: u64,
        group_at: usize,
        group: &Group,
        duration: Nanos,
    ) -> Option<Schedule> {
        let Pace::Open { rate, spacing, .. } = group.pace else {
            return None;
        };
        Some(Schedule {
            rng: seeded(seed, group_at, Stream::Arrival(u64::MAX)),
            rate,
            spacing,
            stages: group.stages.clone(),
            next: 0,
            index: 0,
            duration,
        })
    }
}

impl Iterator for Schedule {
    /// The start's number and its time.
    type Item = (u64, Nanos);

    fn next(&mut self) -> Option<(u64, Nanos)> {
        loop {
            let rate = if self.stages.is_empty() {
                self.rate
            } else {
                level(&self.stages, self.next)
            };
            let idle = rate < RATE_LEAST;
            let gap = SECOND as f64 / rate.max(RATE_LEAST);
            let gap = match self.spacing {
                _ if idle => SECOND / 100,
                Spacing::Even => whole(gap),
                Spacing::Poisson => exponential(&mut self.rng, gap),
            };
            self.next = self.next.saturating_add(gap);
            if self.next >= self.duration {
                return None;
            }
            if !idle {
                self.index += 1;
                return Some((self.index - 1, self.next));
            }
        }
    }
}

/// The value that stages reach at a time: each goes linearly from where the
/// one before ended, the first from zero; after the last it stays.
pub(crate) fn level(stages: &[Stage], at: Nanos) -> f64 {
    let (mut begun, mut from) = (0, 0.0);
    for stage in stages {
        let span = stage.span.nanos();
        if at < begun + span {
            let share = (at - begun) as f64 / span as f64;
            return from + (stage.to - from) * share;
        }
        begun += span;
        from = stage.to;
    }
    from
}

/// How long all stages take.
pub(crate) fn stages_span(stages: &[Stage]) -> Nanos {
    stages.iter().map(|stage| stage.span.nanos()).sum()
}

/// Whether a group's schedule starts whole visits.
pub(crate) fn starts_visits(group: &Group) -> bool {
    matches!(group.pace, Pace::Open { of: Arrivals::Visits, .. })
}

/// Whether a group's schedule starts single operations.
pub(crate) fn starts_operations(group: &Group) -> bool {
    matches!(group.pace, Pace::Open { of: Arrivals::Operations, .. })
}

/// Whether a group's clients pace themselves.
pub(crate) fn is_closed(group: &Group) -> bool {
    group.pace == Pace::Closed
}

fn seeded(seed: u64, group_at: usize, stream: Stream) -> StdRng {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes[8..16].copy_from_slice(&(group_at as u64).to_le_bytes());
    match stream {
        Stream::Visit { user, number } => {
            bytes[16] = 1;
            bytes[20..24].copy_from_slice(&user.to_le_bytes());
            bytes[24..28].copy_from_slice(&number.to_le_bytes());
        }
        Stream::Arrival(index) => {
            bytes[16] = 2;
            bytes[20..28].copy_from_slice(&index.to_le_bytes());
        }
    }
    StdRng::from_seed(bytes)
}

fn exponential(rng: &mut StdRng, mean: f64) -> Nanos {
    let drawn: f64 = rng.random();
    whole(-mean * (1.0 - drawn).ln())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a span of a run is neither negative nor beyond 2^63"
)]
fn whole(nanos: f64) -> Nanos {
    nanos.round() as Nanos
}

/// Below this many starts a second the schedule only looks again later.
const RATE_LEAST: f64 = 0.001;

#[cfg(test)]
mod tests {
    use super::{Action, SECOND, Schedule, Script, Stream, level};
    use crate::workload::Workload;

    fn workload(group: &str) -> Workload {
        let text = format!("name: x\ngroups: [{group}]\n");
        Workload::parse("x", &text).expect(&text)
    }

    fn actions(seed: u64, number: u32) -> Vec<Action> {
        let workload = workload("{mix: {get: 5, put: 3, pwd: 2, quit: 1}}");
        let group = &workload.groups[0];
        let stream = Stream::Visit { user: 3, number };
        let mut script = Script::new(seed, 0, stream, group);
        (0..100).map(|_| script.next(group, 16)).collect()
    }

    #[test]
    fn a_seed_repeats_a_visit_exactly() {
        assert_eq!(actions(1, 0), actions(1, 0));
        assert_ne!(actions(1, 0), actions(2, 0));
        assert_ne!(actions(1, 0), actions(1, 1));
    }

    #[test]
    fn what_is_certain_draws_nothing() {
        let workload = workload("{mix: {get: 1, put: 1}}");
        let group = &workload.groups[0];
        let drawn = |share: f64| -> Vec<Action> {
            let stream = Stream::Visit { user: 0, number: 0 };
            let mut script = Script::new(1, 0, stream, group);
            let mut happened = 0;
            let actions = (0..100)
                .map(|_| {
                    happened += u32::from(script.chance(share));
                    script.next(group, 16)
                })
                .collect();
            let most = (share * 200.0).min(100.0);
            assert!(f64::from(happened) <= most, "{share}: {happened}");
            assert_eq!(happened > 0, share > 0.0);
            actions
        };
        assert_eq!(drawn(0.0), drawn(1.0));
        assert_ne!(drawn(0.0), drawn(0.3));
    }

    #[test]
    fn a_schedule_has_its_rate_and_repeats() {
        for spacing in ["even", "poisson"] {
            let text =
                format!("{{rate: 500, spacing: {spacing}, mix: {{pwd: 1}}}}");
            let workload = workload(&text);
            let starts = |seed| -> Vec<_> {
                Schedule::new(seed, 0, &workload.groups[0], 4 * SECOND)
                    .expect("it has a rate")
                    .collect()
            };
            let drawn = starts(9);
            assert_eq!(drawn, starts(9));
            assert!((1800..2200).contains(&drawn.len()), "{}", drawn.len());
            assert!(drawn.is_sorted_by_key(|(_, at)| *at));
        }
    }

    #[test]
    fn stages_rise_and_fall_and_stay() {
        let workload = workload(
            "{stages: [{for: 2s, to: 10}, {for: 1s, to: 10}, {for: 1s, to: 0}]}",
        );
        let stages = &workload.groups[0].stages;
        let at = |seconds: f64| level(stages, super::whole(seconds * 1e9));
        assert!((at(1.0) - 5.0).abs() < 1e-9);
        assert!((at(2.5) - 10.0).abs() < 1e-9);
        assert!((at(3.5) - 5.0).abs() < 1e-9);
        assert!(at(9.0).abs() < 1e-9);
    }
}
