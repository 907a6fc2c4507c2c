//! The generator's watch over itself: how late it was through its own
//! fault, so that a run in which it was the limit is not believed.
//!
//! Must not know: what late means for the verdict.

use hdrhistogram::Histogram;

use crate::{
    clock::{MS, Nanos, micros},
    record::{Times, empty},
};

/// What one worker, or all of them, saw of themselves.
#[derive(Debug)]
pub(crate) struct Watch {
    /// How late the loop was with what was due at a known time.
    pub(crate) lags: Times,
    /// Starts that schedules asked for.
    pub(crate) offered: u64,
    /// Starts that had a free client and were late all the same.
    pub(crate) late: u64,
    /// Starts that had to wait until the server let a client go.
    pub(crate) held_up: u64,
    /// Starts that were never made.
    pub(crate) dropped: u64,
    /// Troubles of the generator's own machine: no port, no descriptor.
    pub(crate) own_errors: u64,
    /// The first of them.
    pub(crate) own_error: Option<String>,
}

impl Default for Watch {
    fn default() -> Watch {
        Watch {
            lags: empty(),
            offered: 0,
            late: 0,
            held_up: 0,
            dropped: 0,
            own_errors: 0,
            own_error: None,
        }
    }
}

impl Watch {
    /// The loop came to something so long after it was due.
    pub(crate) fn lag(&mut self, late_by: Nanos) {
        self.lags.saturating_record(micros(late_by).max(1));
    }

    /// A start that could have been made at `possible` is made now.
    pub(crate) fn start(&mut self, possible: Nanos, now: Nanos) {
        let late_by = now.saturating_sub(possible);
        self.lag(late_by);
        self.late += u64::from(late_by > LATE_AFTER);
    }

    /// Something failed that is not the server's fault.
    pub(crate) fn own_error(&mut self, what: &str) {
        self.own_errors += 1;
        self.own_error.get_or_insert_with(|| what.to_owned());
    }

    /// Adds another worker's.
    pub(crate) fn merge(&mut self, other: &Watch) {
        let lags: &Histogram<u64> = &other.lags;
        self.lags.add(lags).expect("all have the same bounds");
        self.offered += other.offered;
        self.late += other.late;
        self.held_up += other.held_up;
        self.dropped += other.dropped;
        self.own_errors += other.own_errors;
        if self.own_error.is_none() {
            self.own_error.clone_from(&other.own_error);
        }
    }
}

/// A start later than this through the generator's own fault is late.
pub(crate) const LATE_AFTER: Nanos = 10 * MS;
