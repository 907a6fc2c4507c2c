//! The ledger of one user's quota: what files and kept parts take, and what
//! uploads under way have reserved. Plain arithmetic; whoever owns a ledger
//! holds a lock around it, so that check and act are one step.
//!
//! Must not know: the disk, names, sessions.

use super::outcome::{QuotaReport, Refused};

/// All in bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Ledger {
    files: u64,
    parts: u64,
    reserved: u64,
}

impl Ledger {
    /// A ledger of what was found on the disk.
    pub(super) fn counted(files: u64, parts: u64) -> Ledger {
        Ledger { files, parts, reserved: 0 }
    }

    /// What the user is told.
    pub(super) fn report(&self, quota: u64) -> QuotaReport {
        let used = self.files.saturating_add(self.parts);
        QuotaReport {
            quota,
            used,
            parts: self.parts,
            available: quota
                .saturating_sub(used.saturating_add(self.reserved)),
        }
    }

    /// Sets `needed` bytes aside for an upload. Says what was available
    /// before.
    pub(super) fn reserve(
        &mut self,
        quota: u64,
        needed: u64,
    ) -> Result<u64, Refused> {
        let available = self.report(quota).available;
        if needed > available {
            return Err(Refused::OverQuota { needed, available });
        }
        self.reserved += needed;
        Ok(available)
    }

    /// Gives a reservation back, whole.
    pub(super) fn release(&mut self, reserved: u64) {
        self.reserved = self.reserved.saturating_sub(reserved);
    }

    /// A kept part of `old` bytes now has `new` bytes; 0 is no part.
    pub(super) fn resize_part(&mut self, old: u64, new: u64) {
        self.parts = self.parts.saturating_sub(old).saturating_add(new);
    }

    /// A file of `old` bytes now has `new` bytes; 0 for none. What came to
    /// the disk behind the server's back may be unknown here, so a ledger
    /// stops at 0.
    pub(super) fn resize_file(&mut self, old: u64, new: u64) {
        self.files = self.files.saturating_sub(old).saturating_add(new);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Ledger, Refused};

    #[test]
    fn a_quota_is_filled_exactly_and_not_by_one_byte_more() {
        let mut ledger = Ledger::counted(40, 10);
        assert_eq!(
            ledger.reserve(100, 51),
            Err(Refused::OverQuota { needed: 51, available: 50 })
        );
        assert_eq!(ledger.reserve(100, 50), Ok(50));
        assert_eq!(ledger.report(100).available, 0);
        assert_eq!(ledger.reserve(100, 0), Ok(0));
    }

    #[test]
    fn a_quota_below_what_is_used_leaves_nothing_and_never_wraps() {
        let mut ledger = Ledger::counted(u64::MAX, u64::MAX);
        assert_eq!(ledger.report(10).available, 0);
        assert!(ledger.reserve(10, 1).is_err());
    }

    proptest! {
        #[test]
        fn reservations_never_pass_the_quota(
            quota in 0..1000u64,
            wishes in proptest::collection::vec((0..400u64, any::<bool>()), 0..40),
        ) {
            let mut ledger = Ledger::default();
            let mut held = Vec::new();
            for (wish, finish) in wishes {
                if ledger.reserve(quota, wish).is_ok() {
                    held.push(wish);
                }
                if finish && let Some(size) = held.pop() {
                    ledger.release(size);
                    ledger.resize_file(0, size);
                }
                let report = ledger.report(quota);
                let reserved: u64 = held.iter().sum();
                prop_assert!(report.used + reserved <= quota);
                prop_assert_eq!(
                    report.available,
                    quota - report.used - reserved
                );
            }
        }
    }
}
