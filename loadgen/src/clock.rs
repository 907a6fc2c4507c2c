//! The one clock of a run: monotonic nanoseconds since it began, the same
//! for every thread, so that moments seen by different clients compare.
//!
//! Must not know: what is measured with it.

use std::time::{Duration, Instant};

/// Nanoseconds since the run began.
pub(crate) type Nanos = u64;

/// A millisecond.
pub(crate) const MS: Nanos = 1_000_000;

/// A second.
pub(crate) const SECOND: Nanos = 1_000_000_000;

/// A monotonic clock whose zero is the run's start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    start: Instant,
}

impl Clock {
    /// Begins to count.
    pub(crate) fn start() -> Clock {
        Clock { start: Instant::now() }
    }

    /// The time since the start. 584 years fit.
    pub(crate) fn now(&self) -> Nanos {
        nanos(self.start.elapsed())
    }
}

/// A duration in nanoseconds, at most what a `u64` holds.
pub(crate) fn nanos(duration: Duration) -> Nanos {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Nanoseconds as whole microseconds.
pub(crate) fn micros(nanos: Nanos) -> u64 {
    nanos / 1_000
}
