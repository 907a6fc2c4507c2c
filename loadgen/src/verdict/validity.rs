//! Whether the generator kept up with its own plan. If it did not, it was
//! the limit, and what it measured says nothing about the server.
//!
//! Must not know: the server.

use serde::{Deserialize, Serialize};

use super::millis;
use crate::{
    clock::{MS, Nanos, micros},
    worker::{LATE_AFTER, Watch},
};

/// Past these the run is called invalid.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowed {
    /// The share of starts that may be late by the generator's own fault,
    /// and of those that may be dropped.
    pub(crate) late_share: f64,
    /// The p99 of the generator's own scheduling lag.
    pub(crate) lag: Nanos,
}

impl Default for Allowed {
    fn default() -> Allowed {
        Allowed { late_share: 0.05, lag: 100 * MS }
    }
}

/// How the generator did.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Validity {
    /// Whether the figures can be believed.
    pub(crate) valid: bool,
    /// If not, why.
    pub(crate) reasons: Vec<String>,
    /// Starts that the schedules asked for.
    pub(crate) offered: u64,
    /// Starts late by the generator's own fault.
    pub(crate) late: u64,
    /// Starts that waited until the server let a client go: not the
    /// generator's fault, and part of the response time.
    pub(crate) held_up: u64,
    /// Starts never made.
    pub(crate) dropped: u64,
    /// Scheduling lag: p50, p99, longest.
    pub(crate) lag_us: [u64; 3],
    /// Troubles of the generator's own machine.
    pub(crate) own_errors: u64,
}

/// Judges what the workers saw of themselves.
pub(crate) fn judge(watch: &Watch, allowed: Allowed) -> Validity {
    let at = |quantile| watch.lags.value_at_quantile(quantile);
    let lag_us = [at(0.5), at(0.99), watch.lags.max()];
    let offered = watch.offered.max(1) as f64;
    let mut reasons = Vec::new();
    let mut say = |bad: bool, what: String| {
        if bad {
            reasons.push(what);
        }
    };
    let share = |count: u64| count as f64 / offered;
    say(
        share(watch.late) > allowed.late_share,
        format!(
            "{} of {} starts were more than {} ms late by the generator's \
            own fault",
            watch.late,
            watch.offered,
            LATE_AFTER / MS
        ),
    );
    say(
        share(watch.dropped) > allowed.late_share,
        format!(
            "{} of {} starts were never made",
            watch.dropped, watch.offered
        ),
    );
    say(
        lag_us[1] > micros(allowed.lag),
        format!(
            "the generator's own scheduling lag has a p99 of {:.1} ms",
            millis(lag_us[1] * 1_000)
        ),
    );
    if let Some(error) = &watch.own_error {
        say(
            true,
            format!(
                "{} times the generator's own machine said: {error}",
                watch.own_errors
            ),
        );
    }
    Validity {
        valid: reasons.is_empty(),
        reasons,
        offered: watch.offered,
        late: watch.late,
        held_up: watch.held_up,
        dropped: watch.dropped,
        lag_us,
        own_errors: watch.own_errors,
    }
}

#[cfg(test)]
mod tests {
    use super::{Allowed, judge};
    use crate::{clock::MS, worker::Watch};

    #[test]
    fn a_generator_that_is_late_itself_is_not_believed() {
        let mut watch = Watch { offered: 100, ..Watch::default() };
        for _ in 0..100 {
            watch.start(5 * MS, 6 * MS);
        }
        assert!(judge(&watch, Allowed::default()).valid);
        for _ in 0..6 {
            watch.start(5 * MS, 25 * MS);
        }
        let judged = judge(&watch, Allowed::default());
        assert_eq!((judged.valid, judged.late), (false, 6));
        watch.late = 0;
        watch.dropped = 6;
        assert!(!judge(&watch, Allowed::default()).valid);
        watch.dropped = 0;
        watch.own_error("no port");
        assert!(!judge(&watch, Allowed::default()).valid);
    }
}
