//! The receiving half of a client: what the server's replies mean for it.
//!
//! Must not know: which bytes of a file are the right ones.

use std::sync::Arc;

use super::{
    Check, CutAt, Dialect, Ending, Heard, MS, Measure, Moved, Nanos, Op,
    Outcome, Phase, State, Worker, socket,
};
use crate::dialect::Conversation as _;

impl<D: Dialect> Worker<D> {
    /// Reads what has come, once.
    pub(super) fn read(&mut self, index: u32, now: Nanos) {
        let mut buffer = std::mem::take(&mut self.buffer);
        let shared = Arc::clone(&self.shared);
        let (group, _) = self.group_of(&shared, index);
        let client = self.client(index);
        if let Some(stream) = &client.stream {
            let discards = shared.workload.check == Check::Lengths
                && client.action.op != Op::Dir;
            let left = client.flow.map_or(0, |flow| flow.left);
            let moved = if let Some(rate) = group.read_rate {
                let most = usize::try_from(rate / 20).unwrap_or(usize::MAX);
                let most = most.clamp(1, buffer.len());
                socket::read(stream, &mut buffer[..most])
            } else if left > 0 && discards {
                let most = usize::try_from(left).unwrap_or(usize::MAX);
                let most = most.min(buffer.len());
                socket::discard(stream, &mut buffer[..most])
            } else {
                socket::read(stream, &mut buffer)
            };
            match moved {
                Moved::Bytes(0) => self.on_end(index, "closed by the server"),
                Moved::Bytes(count) => {
                    self.note_moved(index, now);
                    self.take_in(index, &buffer[..count], now);
                    self.slow_down(index, group.read_rate, count, now);
                }
                Moved::Later => {}
                Moved::Broken(why) => self.on_end(index, why),
            }
        }
        self.buffer = buffer;
    }

    /// The server has closed.
    fn on_end(&mut self, index: u32, why: &str) {
        let now = self.shared.clock.now();
        match self.client(index).state {
            State::Parting => self.end_visit(index, Ending::Left, now),
            _ => {
                let op = self.current_op(index);
                self.lose(index, op, why, Ending::Dropped, now);
            }
        }
    }

    fn take_in(&mut self, index: u32, bytes: &[u8], now: Nanos) {
        let visit = self.client(index).visits;
        let mut at = 0;
        loop {
            let client = self.client_mut(index);
            if client.stream.is_none() || client.visits != visit {
                return;
            }
            if client.out_done == client.out.len() {
                client.out.clear();
                client.out_done = 0;
            }
            let (used, heard) =
                client.talk.hear(&bytes[at..], &mut client.out);
            at += used;
            let nothing = heard == Heard::Nothing;
            self.on_heard(index, heard, now);
            let client = self.client(index);
            if client.out_done < client.out.len() {
                self.write_on(index, now);
            }
            if nothing && used == 0 {
                return;
            }
        }
    }

    pub(super) fn on_heard(
        &mut self,
        index: u32,
        heard: Heard<'_>,
        now: Nanos,
    ) {
        let client = self.client_mut(index);
        if heard != Heard::Nothing {
            client.visit.first_word.get_or_insert(now);
        }
        match heard {
            Heard::Nothing => {}
            Heard::Waiting { limit, .. } => {
                client.visit.limit = limit.or(client.visit.limit);
                if client.cut == Some(CutAt::Queue) {
                    self.cut(index, now);
                }
            }
            Heard::Ready { .. } => self.on_ready(index, &heard, now),
            Heard::TurnedAway(label) => {
                let ending = Ending::TurnedAway;
                self.lose(index, Op::Visit, &label, ending, now);
            }
            Heard::Dismissed(label) => {
                let op = self.current_op(index);
                self.lose(index, op, &label, Ending::Dropped, now);
            }
            Heard::TryAgain { code } => self.try_again(index, code, now),
            Heard::Open { code, port } => {
                self.slice.code(code);
                self.open_data(index, port, now);
            }
            Heard::Begun { code } => {
                client.flowed = true;
                self.slice.code(code);
            }
            Heard::Flow { code, offset, length, entries } => {
                self.slice.code(code);
                self.note_first_byte(index, now);
                self.begin_flow(index, (offset, length), entries, now);
            }
            Heard::Body(bytes) => self.on_body(index, bytes, now),
            Heard::Send { code, offset } => {
                self.slice.code(code);
                self.note_first_byte(index, now);
                self.client_mut(index).flowed = true;
                self.begin_upload(index, offset, now);
            }
            Heard::Done { code, size } => self.on_done(index, code, size, now),
            Heard::Refused { code, label } => {
                self.slice.code(code);
                self.on_refused(index, &label, now);
            }
            Heard::Nonsense(line) => {
                let what = format!("no reply that fits: {line:?}");
                self.note_wrong(index, &what, now);
            }
        }
    }

    fn try_again(&mut self, index: u32, code: u16, now: Nanos) {
        self.slice.code(code);
        let client = self.client_mut(index);
        client.visit.proven_until = client.sent;
        client.tries += 1;
        if client.tries > TRIES_MAX {
            return self.on_refused(index, "throttled for too long", now);
        }
        self.set_timer(index, now + TRY_AGAIN);
    }

    fn on_done(
        &mut self,
        index: u32,
        code: Option<u16>,
        size: Option<u64>,
        now: Nanos,
    ) {
        code.into_iter().for_each(|code| self.slice.code(code));
        let client = self.client_mut(index);
        client.visit.proven_until = client.sent;
        if client.state == State::Leaving {
            client.state = State::Parting;
            return self.end_op(index, Outcome::Done, now);
        }
        let fault = self.fault(index, size);
        let client = self.client_mut(index);
        let op = client.action.op;
        let upload = client.upload.take();
        let in_way = upload.is_some_and(|it| it.is_in_way(client.flowed));
        client.data = None;
        if client.flow.take().is_some_and(|flow| flow.wrong) {
            // Counted already; the operation is broken all the same.
            return self.break_op(index, "wrong byte", now);
        }
        if let Some(what) = fault {
            if in_way {
                return self.note_wrong(index, &what, now);
            }
            self.count_wrong(index, &what);
            return self.break_op(index, "wrong bytes", now);
        }
        self.remember(index);
        self.end_op(index, Outcome::Done, now);
        if op == Op::Put && self.is_read_back(index) {
            return self.read_back(index, now);
        }
        self.rest(index, now);
    }

    /// Whether this upload is one of those that are fetched again.
    fn is_read_back(&mut self, index: u32) -> bool {
        let share = self.shared.workload.read_back;
        let script = self.client_mut(index).script.as_mut();
        script.is_some_and(|script| script.chance(share))
    }

    /// Ends an operation whose session can go on, though it went wrong.
    fn break_op(&mut self, index: u32, why: &str, now: Nanos) {
        let client = self.client(index);
        let (op, took) = (client.action.op, now - client.started);
        self.note_error(index, op, Outcome::Broken, why, took);
        self.rest(index, now);
    }

    fn on_refused(&mut self, index: u32, label: &str, now: Nanos) {
        let client = self.client_mut(index);
        client.visit.proven_until = client.sent;
        client.flow = None;
        client.data = None;
        let upload = client.upload.take();
        let in_way = upload.is_some_and(|it| it.is_in_way(client.flowed));
        let (op, took) = (client.action.op, now - client.started);
        let signing_in = client.state == State::SigningIn;
        if in_way || client.state == State::Leaving {
            // The rest of the upload is still on its way: start afresh.
            client.visit.let_go.get_or_insert(now);
            return self.lose(index, op, label, Ending::Dropped, now);
        }
        // What had begun is broken off, not refused.
        let begun = client.flowed && !signing_in;
        let outcome = if begun { Outcome::Broken } else { Outcome::Refused };
        self.note_error(index, op, outcome, label, took);
        if signing_in {
            self.client_mut(index).returns_at_once = false;
            return self.say_goodbye(index, now);
        }
        self.rest(index, now);
    }

    /// The client's operation ended as it should.
    fn end_op(&mut self, index: u32, outcome: Outcome, now: Nanos) {
        let client = self.client(index);
        let op = client.action.op;
        let (response, service) = (now - client.due, now - client.started);
        let first = client.first_byte.filter(|_| client.flowed);
        let last = client.last_byte.unwrap_or(now);
        let counts = self.counts(client.due);
        self.slice.done(response);
        self.slice.phase(Phase::Whole, service);
        if let Some(first) = first {
            let body = last.saturating_sub(first);
            self.note_phase(index, op, Phase::Body, body);
            self.note_phase(index, op, Phase::Settle, now - last);
        }
        if op == Op::Login {
            self.note_phase(index, Op::Visit, Phase::Login, service);
        }
        if counts {
            let ledger = &mut self.harvest.ledger;
            let whole = (op, Phase::Whole, outcome);
            let key = |measure| (whole.0, whole.1, whole.2, measure);
            ledger.record(key(Measure::Response), response);
            ledger.record(key(Measure::Service), service);
        }
    }
}

/// How soon a sign-in that came too early is tried again.
const TRY_AGAIN: Nanos = 20 * MS;

/// How often at most.
const TRIES_MAX: u32 = 3_000;
