//! What a client's moments add to its worker's figures.
//!
//! Must not know: how a moment came about.

use super::{Dialect, Measure, Nanos, Op, Outcome, Phase, Worker};

impl<D: Dialect> Worker<D> {
    /// Whether the client's current work is past the warm-up.
    pub(super) fn counts(&self, due: Nanos) -> bool {
        due >= self.shared.begin + self.shared.workload.warm_up
    }

    pub(super) fn note_phase(
        &mut self,
        index: u32,
        op: Op,
        phase: Phase,
        took: Nanos,
    ) {
        self.slice.phase(phase, took);
        if self.counts(self.client(index).visit_due) {
            let key = (op, phase, Outcome::Done, Measure::Service);
            self.harvest.ledger.record(key, took);
        }
    }

    /// The first byte of an operation's transfer, or the word that it may
    /// be sent.
    pub(super) fn note_first_byte(&mut self, index: u32, now: Nanos) {
        let client = self.client_mut(index);
        if client.first_byte.is_none() {
            client.first_byte = Some(now);
            let (op, took) = (client.action.op, now - client.started);
            self.note_phase(index, op, Phase::FirstByte, took);
        }
    }

    /// Something came from the server, or went to it.
    pub(super) fn note_moved(&mut self, index: u32, now: Nanos) {
        self.client_mut(index).moved = now;
    }

    pub(super) fn note_response(
        &mut self,
        index: u32,
        op: Op,
        phase: Phase,
        took: Nanos,
    ) {
        if self.counts(self.client(index).visit_due) {
            let key = (op, phase, Outcome::Done, Measure::Response);
            self.harvest.ledger.record(key, took);
        }
    }

    pub(super) fn note_error(
        &mut self,
        index: u32,
        op: Op,
        outcome: Outcome,
        label: &str,
        took: Nanos,
    ) {
        self.slice.errors += 1;
        if self.counts(self.client(index).visit_due) {
            let key = (op, Phase::Whole, outcome, Measure::Service);
            self.harvest.ledger.record(key, took);
        }
        let errors = &mut self.harvest.errors;
        let key = (op, label.to_owned());
        if errors.len() < LABELS_MAX || errors.contains_key(&key) {
            *errors.entry(key).or_default() += 1;
        } else {
            let rest = (op, "others".to_owned());
            *errors.entry(rest).or_default() += 1;
        }
    }
}

/// Different errors that are told apart.
const LABELS_MAX: usize = 100;
