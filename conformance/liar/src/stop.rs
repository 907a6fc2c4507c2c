//! The two flags of a shutdown. Knows nothing of who reads them.

use std::sync::atomic::{AtomicBool, Ordering};

/// Where a shutdown stands.
#[derive(Default)]
pub(crate) struct Stop {
    closing: AtomicBool,
    cutting: AtomicBool,
}

impl Stop {
    /// Sessions end at their next command; transfers go on.
    pub(crate) fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
    }

    /// Transfers end, too.
    pub(crate) fn cut(&self) {
        self.cutting.store(true, Ordering::SeqCst);
    }

    /// Whether the server closes down.
    pub(crate) fn closing(&self) -> bool {
        self.closing.load(Ordering::SeqCst)
    }

    /// Whether the grace period has passed.
    pub(crate) fn cutting(&self) -> bool {
        self.cutting.load(Ordering::SeqCst)
    }
}
