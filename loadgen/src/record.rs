//! The figures: one histogram for each operation, phase, outcome and
//! measure, recorded by one thread and merged at the end.
//!
//! Must not know: where the times come from, how a report looks.

use hdrhistogram::Histogram;

use crate::clock::{Nanos, micros};

/// What a client does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Op {
    /// A whole visit: connect, wait, sign in, work, goodbye.
    Visit,
    /// To sign in; in a mix, to come anew and sign in.
    Login,
    /// To ask for the current directory.
    Pwd,
    /// To change it.
    Cd,
    /// To list a directory.
    Dir,
    /// To make one.
    Mkdir,
    /// To remove one.
    Rmdir,
    /// To fetch a file.
    Get,
    /// To send a file.
    Put,
    /// To fetch the second half of a file whose first half is there.
    Resume,
    /// To fetch what was sent just before, and compare it.
    ReadBack,
    /// To remove a file.
    Rm,
    /// To say goodbye.
    Quit,
}

/// A part of an operation that is timed apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// From the start of the connect to its end.
    Connect,
    /// From there to the ready line: the wait in the queue.
    Ready,
    /// From the sign-in to its reply.
    Login,
    /// From a transfer's start to the address of its data connection.
    Passive,
    /// From a transfer's start to its first byte, or, where the reply that
    /// announces it comes on the same connection, to that; of an upload, to
    /// the word that it may be sent.
    FirstByte,
    /// From there to the last byte of a transfer.
    Body,
    /// From there to the transfer's last reply.
    Settle,
    /// From the operation's start to its end.
    Whole,
}

/// How an operation came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Outcome {
    /// As it should.
    Done,
    /// The server refused it.
    Refused,
    /// It broke off, or what came back was wrong.
    Broken,
}

/// From which start a time is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Measure {
    /// From the moment at which it was to start.
    Response,
    /// From the moment at which it did.
    Service,
}

/// A distribution of microseconds with three digits.
pub(crate) type Times = Histogram<u64>;

/// The figures of one thread, or of many merged.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    cells: Vec<Option<Box<Times>>>,
    /// Times that were longer than the histograms reach.
    pub(crate) clipped: u64,
}

impl Ledger {
    /// Adds one time. After the first of its kind nothing is allocated.
    pub(crate) fn record(
        &mut self,
        (op, phase, outcome, measure): (Op, Phase, Outcome, Measure),
        time: Nanos,
    ) {
        if self.cells.is_empty() {
            self.cells.resize_with(CELLS, || None);
        }
        let cell = &mut self.cells[index(op, phase, outcome, measure)];
        let times = cell.get_or_insert_with(|| Box::new(empty()));
        let value = micros(time);
        self.clipped += u64::from(value > MICROS_MAX);
        times.saturating_record(value.max(1));
    }

    /// The times of one kind, if there are any.
    pub(crate) fn times(
        &self,
        op: Op,
        phase: Phase,
        outcome: Outcome,
        measure: Measure,
    ) -> Option<&Times> {
        self.cells.get(index(op, phase, outcome, measure))?.as_deref()
    }

    /// The times of all operations in the given phase that came out well.
    pub(crate) fn all_ops(&self, phase: Phase, measure: Measure) -> Times {
        let mut sum = empty();
        for op in Op::ALL.into_iter().filter(|op| *op != Op::Visit) {
            if let Some(times) = self.times(op, phase, Outcome::Done, measure)
            {
                sum.add(times).expect("all have the same bounds");
            }
        }
        sum
    }

    /// How many operations of a kind came out so.
    pub(crate) fn count(&self, op: Op, outcome: Outcome) -> u64 {
        self.times(op, Phase::Whole, outcome, Measure::Service)
            .map_or(0, |times| times.len())
    }

    /// Adds another thread's figures.
    pub(crate) fn merge(&mut self, other: &Ledger) {
        if self.cells.is_empty() {
            self.cells.resize_with(CELLS, || None);
        }
        for (mine, theirs) in self.cells.iter_mut().zip(&other.cells) {
            let Some(theirs) = theirs else { continue };
            let mine = mine.get_or_insert_with(|| Box::new(empty()));
            mine.add(&**theirs).expect("all have the same bounds");
        }
        self.clipped += other.clipped;
    }
}

/// A histogram with the bounds that all of a run's have.
pub(crate) fn empty() -> Times {
    Histogram::new_with_bounds(1, MICROS_MAX, 3)
        .expect("the bounds are constant and good")
}

impl Op {
    /// All of them, in the order of a visit.
    pub(crate) const ALL: [Op; 13] = [
        Op::Visit,
        Op::Login,
        Op::Pwd,
        Op::Cd,
        Op::Dir,
        Op::Mkdir,
        Op::Rmdir,
        Op::Get,
        Op::Put,
        Op::Resume,
        Op::ReadBack,
        Op::Rm,
        Op::Quit,
    ];

    /// Its name in workloads and reports.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Op::Visit => "visit",
            Op::Login => "login",
            Op::Pwd => "pwd",
            Op::Cd => "cd",
            Op::Dir => "dir",
            Op::Mkdir => "mkdir",
            Op::Rmdir => "rmdir",
            Op::Get => "get",
            Op::Put => "put",
            Op::Resume => "resume",
            Op::ReadBack => "read_back",
            Op::Rm => "rm",
            Op::Quit => "quit",
        }
    }

    /// The operation of a name.
    pub(crate) fn named(word: &str) -> Option<Op> {
        Op::ALL.into_iter().find(|op| op.word() == word)
    }

    /// The operation of a name that a mix may hold: a visit is what the mix
    /// makes up, directories are removed by whom made them, and what is read
    /// back is a share of the uploads.
    pub(crate) fn drawn(word: &str) -> Option<Op> {
        Op::named(word)
            .filter(|op| !matches!(op, Op::Visit | Op::Rmdir | Op::ReadBack))
    }
}

impl Phase {
    /// All of them, in the order of time.
    pub(crate) const ALL: [Phase; Phase::COUNT] = [
        Phase::Connect,
        Phase::Ready,
        Phase::Login,
        Phase::Passive,
        Phase::FirstByte,
        Phase::Body,
        Phase::Settle,
        Phase::Whole,
    ];

    /// How many there are.
    pub(crate) const COUNT: usize = 8;

    /// Its name in reports and in the tags of the interval log.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Phase::Connect => "connect",
            Phase::Ready => "ready",
            Phase::Login => "login",
            Phase::Passive => "passive",
            Phase::FirstByte => "first_byte",
            Phase::Body => "body",
            Phase::Settle => "settle",
            Phase::Whole => "whole",
        }
    }
}

fn index(op: Op, phase: Phase, outcome: Outcome, measure: Measure) -> usize {
    ((op as usize * Phase::COUNT + phase as usize) * 3 + outcome as usize) * 2
        + measure as usize
}

/// Ops × phases × outcomes × measures.
const CELLS: usize = 13 * Phase::COUNT * 3 * 2;

/// Ten minutes: longer than any time-out of a server or of ours.
const MICROS_MAX: u64 = 600_000_000;

#[cfg(test)]
mod tests {
    use super::{Ledger, Measure, Op, Outcome, Phase, index};

    #[test]
    fn every_kind_has_its_own_cell() {
        let mut seen = std::collections::HashSet::new();
        for op in Op::ALL {
            for phase in Phase::ALL {
                for outcome in
                    [Outcome::Done, Outcome::Refused, Outcome::Broken]
                {
                    for measure in [Measure::Response, Measure::Service] {
                        assert!(
                            seen.insert(index(op, phase, outcome, measure))
                        );
                    }
                }
            }
        }
        assert_eq!(seen.len(), super::CELLS);
        assert!(seen.iter().all(|&at| at < super::CELLS));
    }

    #[test]
    fn what_is_too_long_is_clipped_and_counted() {
        let key = (Op::Get, Phase::Whole, Outcome::Done, Measure::Service);
        let mut ledger = Ledger::default();
        ledger.record(key, 5_000);
        ledger.record(key, u64::MAX);
        let mut sum = Ledger::default();
        sum.merge(&ledger);
        sum.merge(&ledger);
        assert_eq!((sum.clipped, sum.count(Op::Get, Outcome::Done)), (2, 4));
        assert_eq!(sum.count(Op::Get, Outcome::Broken), 0);
    }
}
