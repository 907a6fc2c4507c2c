//! What the poll is told to say about a connection: whose it is, from which
//! of its visits, and whether it carries commands or data. A visit may begin
//! while events of the one before are still in hand; they are told apart.
//!
//! Must not know: what an event is about.

use rustix::event::epoll::EventData;

/// Whose connection it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    /// The client's place.
    pub(crate) index: u32,
    /// Its visit; only the last bits of the number count.
    pub(crate) visit: u32,
    /// Whether it is the visit's data connection.
    pub(crate) is_data: bool,
}

impl Mark {
    /// The mark as the poll keeps it.
    pub(crate) fn data(self) -> EventData {
        let visit = u64::from(self.visit & VISIT_BITS) << 32;
        let flag = u64::from(self.is_data) << 63;
        EventData::new_u64(flag | visit | u64::from(self.index))
    }

    /// The mark that the poll has kept.
    pub(crate) fn of(data: EventData) -> Mark {
        let bits = data.u64();
        Mark {
            index: bits as u32,
            visit: (bits >> 32) as u32 & VISIT_BITS,
            is_data: bits >> 63 == 1,
        }
    }

    /// Whether it is about this visit.
    pub(crate) fn is_of(self, visit: u32) -> bool {
        self.visit == visit & VISIT_BITS
    }
}

/// What is left of a word beside the client and the flag.
const VISIT_BITS: u32 = u32::MAX >> 1;

#[cfg(test)]
mod tests {
    use super::Mark;

    #[test]
    fn a_mark_comes_back_as_it_was() {
        for (index, visit, is_data) in
            [(0, 0, false), (u32::MAX, 7, true), (3, u32::MAX >> 1, false)]
        {
            let mark = Mark { index, visit, is_data };
            assert_eq!(Mark::of(mark.data()), mark);
        }
        let mark = Mark { index: 1, visit: u32::MAX, is_data: true };
        assert!(Mark::of(mark.data()).is_of(u32::MAX));
        assert!(!mark.is_of(0));
    }
}
