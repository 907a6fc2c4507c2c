//! What happened in each short interval of a run: a slice for each thread,
//! handed to whoever watches, and rows made of the slices of all threads.
//!
//! Must not know: how a row is shown.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;

use crate::{
    clock::{Nanos, micros},
    record::{Phase, Times, empty},
};

/// One thread's interval.
#[derive(Debug, Default)]
pub(crate) struct Slice {
    /// The how-manieth interval of the run.
    pub(crate) index: u64,
    /// The response times of operations that ended well.
    response: Option<Box<Histogram<u32>>>,
    /// The service times of each phase, for the interval log.
    phases: [Option<Box<Histogram<u32>>>; Phase::COUNT],
    /// Replies by code.
    codes: BTreeMap<u16, u64>,
    /// Operations that ended well.
    pub(crate) done: u64,
    /// Operations that did not.
    pub(crate) errors: u64,
    /// Bytes of files that came.
    pub(crate) bytes_in: u64,
    /// Bytes of files that went.
    pub(crate) bytes_out: u64,
    /// Clients that had a place at its end.
    pub(crate) active: u32,
    /// Clients that waited for one at its end.
    pub(crate) waiting: u32,
}

impl Slice {
    /// The empty slice of an interval.
    pub(crate) fn new(index: u64) -> Slice {
        Slice { index, ..Slice::default() }
    }

    /// Counts an operation that ended well.
    pub(crate) fn done(&mut self, response: Nanos) {
        self.done += 1;
        add(&mut self.response, response);
    }

    /// Adds a phase's time.
    pub(crate) fn phase(&mut self, phase: Phase, time: Nanos) {
        add(&mut self.phases[phase as usize], time);
    }

    /// Counts a reply.
    pub(crate) fn code(&mut self, code: u16) {
        *self.codes.entry(code).or_default() += 1;
    }
}

/// An interval of all threads.
#[derive(Debug, Clone, Default)]
pub(crate) struct Row {
    /// The how-manieth.
    pub(crate) index: u64,
    /// Operations that ended well.
    pub(crate) done: u64,
    /// Operations that did not.
    pub(crate) errors: u64,
    /// Bytes of files that came.
    pub(crate) bytes_in: u64,
    /// Bytes of files that went.
    pub(crate) bytes_out: u64,
    /// Clients that had a place at its end.
    pub(crate) active: u32,
    /// Clients that waited for one at its end.
    pub(crate) waiting: u32,
    /// Response times: p50, p99 and the longest, in microseconds; `None`
    /// where nothing ended.
    pub(crate) response_us: Option<[u64; 3]>,
    /// Replies by code.
    pub(crate) codes: BTreeMap<u16, u64>,
}

/// Makes rows of slices.
#[derive(Debug)]
pub(crate) struct Gatherer {
    threads: usize,
    /// Intervals of which some threads' slices have not come.
    open: BTreeMap<u64, Partial>,
}

/// An interval whose slices have not all come.
#[derive(Debug)]
struct Partial {
    seen: usize,
    row: Row,
    response: Times,
    phases: [Option<Times>; Phase::COUNT],
}

/// A complete interval: its row and its phases' times.
pub(crate) struct Gathered {
    /// What happened.
    pub(crate) row: Row,
    /// Each phase's times, in the order of `Phase::ALL`.
    pub(crate) phases: [Option<Times>; Phase::COUNT],
}

impl Gatherer {
    /// For so many threads.
    pub(crate) fn new(threads: usize) -> Gatherer {
        Gatherer { threads, open: BTreeMap::new() }
    }

    /// Adds a slice; gives the interval back once all threads' are in.
    pub(crate) fn add(&mut self, slice: &Slice) -> Option<Gathered> {
        let open = self.open.entry(slice.index).or_insert_with(|| {
            let row = Row { index: slice.index, ..Row::default() };
            let (response, phases) = (empty(), Default::default());
            Partial { seen: 0, row, response, phases }
        });
        let Partial { seen, row, response, phases } = open;
        *seen += 1;
        row.done += slice.done;
        row.errors += slice.errors;
        row.bytes_in += slice.bytes_in;
        row.bytes_out += slice.bytes_out;
        row.active += slice.active;
        row.waiting += slice.waiting;
        for (code, count) in &slice.codes {
            *row.codes.entry(*code).or_default() += count;
        }
        if let Some(times) = &slice.response {
            copy(times, response);
        }
        for (times, sum) in slice.phases.iter().zip(phases.iter_mut()) {
            if let Some(times) = times {
                copy(times, sum.get_or_insert_with(empty));
            }
        }
        if *seen < self.threads {
            return None;
        }
        let Partial { mut row, response: times, phases, .. } =
            self.open.remove(&slice.index)?;
        row.response_us = (!times.is_empty())
            .then(|| [0.5, 0.99, 1.0].map(|at| times.value_at_quantile(at)));
        Some(Gathered { row, phases })
    }
}

fn add(cell: &mut Option<Box<Histogram<u32>>>, time: Nanos) {
    cell.get_or_insert_with(|| Box::new(Histogram::new_from(&empty())))
        .saturating_record(micros(time).max(1));
}

fn copy(from: &Histogram<u32>, to: &mut Times) {
    for value in from.iter_recorded() {
        to.saturating_record_n(
            value.value_iterated_to(),
            u64::from(value.count_at_value()),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::{Gatherer, Phase, Slice};

    #[test]
    fn an_interval_is_complete_when_every_thread_has_given_its_slice() {
        let mut gatherer = Gatherer::new(2);
        let mut slice = Slice::new(4);
        slice.done(5_000_000);
        slice.code(201);
        slice.phase(Phase::Body, 7_000);
        assert!(gatherer.add(&slice).is_none());
        let mut other = Slice::new(4);
        other.done(9_000_000);
        other.code(201);
        let gathered = gatherer.add(&other).expect("both are in");
        assert_eq!(gathered.row.done, 2);
        assert_eq!(gathered.row.codes[&201], 2);
        let [p50, _, most] = gathered.row.response_us.expect("two ended");
        assert!((4_990..5_010).contains(&p50), "{p50}");
        assert!((8_990..9_010).contains(&most), "{most}");
        assert!(gathered.phases[Phase::Body as usize].is_some());
        assert!(gathered.phases[Phase::Ready as usize].is_none());
    }
}
